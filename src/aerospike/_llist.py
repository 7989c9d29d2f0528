"""Large ordered lists, which programs of the 2.x line may still name."""

from __future__ import annotations

from aerospike import exception
from aerospike._errors import made

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from aerospike._hints import Options

_UNSUPPORTED_FEATURE = 16


def _refuse() -> NoReturn:
    why = "servers since 3.16 have no large ordered lists"
    raise made(exception.UnsupportedFeature, _UNSUPPORTED_FEATURE, why, depth=3)


class LList:
    """A large ordered list. No server since 3.16 has them, so `Client.llist` makes none
    and every method raises UnsupportedFeature. The list operations of
    `aerospike_helpers.operations.list_operations` take their place.
    """

    __slots__ = ()

    def add(self, element: Any, policy: Options | None = None) -> NoReturn:
        _refuse()

    def add_many(self, elements: Any, policy: Options | None = None) -> NoReturn:
        _refuse()

    def remove(self, value: Any, policy: Options | None = None) -> NoReturn:
        _refuse()

    def get(self, value: Any, policy: Options | None = None) -> NoReturn:
        _refuse()

    def filter(
        self, function: Any = None, args: Any = None, policy: Options | None = None
    ) -> NoReturn:
        _refuse()

    def destroy(self, policy: Options | None = None) -> NoReturn:
        _refuse()

    def size(self, policy: Options | None = None) -> NoReturn:
        _refuse()

    def find_first(self, count: int, policy: Options | None = None) -> NoReturn:
        _refuse()

    def find_first_filter(
        self, count: int, function: Any, args: Any, policy: Options | None = None
    ) -> NoReturn:
        _refuse()

    def find_last(self, count: int, policy: Options | None = None) -> NoReturn:
        _refuse()

    def find_last_filter(
        self, count: int, function: Any, args: Any, policy: Options | None = None
    ) -> NoReturn:
        _refuse()

    def find_from(
        self, value: Any, count: int, policy: Options | None = None
    ) -> NoReturn:
        _refuse()

    def find_from_filter(
        self, value: Any, count: int, function: Any, policy: Options | None
    ) -> NoReturn:
        _refuse()

    def range_limit(
        self,
        start_value: Any,
        end_value: Any,
        count: int,
        function: Any = None,
        args: Any = None,
        policy: Options | None = None,
    ) -> NoReturn:
        _refuse()

    def set_page_size(self, size: int, policy: Options | None = None) -> NoReturn:
        _refuse()

    def config(self, policy: Options | None = None) -> NoReturn:
        _refuse()
