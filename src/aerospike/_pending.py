"""Calls of the API that this release lacks: they are there, and say so.

A program that names one imports, is checked by its tools, and gets a clear error where
it makes the call. A call that is made leaves this file.
"""

from __future__ import annotations

import sys

from aerospike._calls.signatures import named
from aerospike._core import publish_client
from aerospike._direct import DirectMethods
from aerospike._errors import client_error
from aerospike._hints import (
    Any,
    CompiledExpression,
    InfoPolicy,
    Options,
)

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from aerospike.exception import AerospikeError

_METRICS = "metrics"
_XDR = "filters of XDR"


def not_yet(what: str) -> AerospikeError:
    """For a call that is not there yet, which raises this; `what` names its subject."""
    name = sys._getframe(1).f_code.co_name
    return client_error(f"not supported yet: {name}() ({what})")


@publish_client
class PendingMethods(DirectMethods):
    """The base of Client with these methods."""

    __slots__ = ()

    def enable_metrics(self, policy: Any = None) -> None:
        raise not_yet(_METRICS)

    def disable_metrics(self) -> None:
        raise not_yet(_METRICS)

    def get_stats(self) -> Any:
        raise not_yet(_METRICS)

    def set_xdr_filter(
        self,
        data_center: str,
        namespace: str,
        expression_filter: CompiledExpression | None,
        policy: InfoPolicy | Options | None = None,
    ) -> str:
        raise not_yet(_XDR)


_METHODS = [name for name in vars(PendingMethods) if name[0] != "_"]

for _name in _METHODS:
    _method = vars(PendingMethods)[_name]
    named(f"Client.{_name}")(_method)  # nobody knows the class that they stand in
    _method.__doc__ = "Not supported yet: raises ClientError."


def pending() -> list[str]:
    """The calls that are not supported yet: they exist, and raise ClientError."""
    return [f"aerospike.Client.{name}" for name in _METHODS]
