"""What a call yields: questions to nodes, and pauses."""

from __future__ import annotations

from aerospike._core import info_changes

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, Final, TypeAlias, TypeVar

    from aerospike._core import Transaction
    from aerospike._hints import AdminPolicy, InfoPolicy, Options

    T = TypeVar("T")
    Policy: TypeAlias = InfoPolicy | Options | None
    Fields: TypeAlias = tuple[tuple[int, object], ...]
    Call: TypeAlias = Generator["Request", Any, T]
    Replies: TypeAlias = dict[str, tuple[None, str | None]]


_ADMIN_QUERIES = (9, 16)  # commands that ask for users, and for roles


class Request:
    """What a call wants of its runner."""

    __slots__ = ()

    @property
    def changes(self) -> bool:
        """Is something changed when it is answered?"""
        return False


class Nodes(Request):
    """The answer is the list of the names of the nodes known at this moment."""

    __slots__ = ()


class Pause(Request):
    """There is no answer; it comes when so many seconds have passed."""

    __slots__ = __match_args__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds: Final = seconds


class Info(Request):
    """Give a command to one of the nodes: to any, or to the one of a name.

    The answer is its "command<TAB>reply<LF>"; what it refuses is raised.
    """

    __slots__ = __match_args__ = ("command", "policy", "node")

    def __init__(self, command: str, policy: Policy, node: str | None = None) -> None:
        self.command: Final = command
        self.policy: Final = policy
        self.node: Final = node

    @property
    def changes(self) -> bool:
        return info_changes(self.command)


class InfoOfAll(Request):
    """Ask every node.

    The answer is what Client.info() gives; what a node refuses is its text.
    """

    __slots__ = __match_args__ = ("command", "policy")

    def __init__(self, command: str, policy: Policy) -> None:
        self.command: Final = command
        self.policy: Final = policy


class UserPath(Request):
    """The answer is the folder of the application's modules, lua.user_path."""

    __slots__ = ()


class Background(Request):
    """Have all nodes begin work on the records of a scan or query, in the background.

    The answer is the number of the job. If the policy wants it, `begin` is carried out
    before; it takes the milliseconds that there are, and gives what it has left.
    """

    __slots__ = __match_args__ = ("is_scan", "spec", "policy", "begin")

    def __init__(
        self,
        is_scan: bool,
        spec: dict[str, object],
        policy: Options | None,
        begin: Callable[[int], Call[int]],
    ) -> None:
        self.is_scan: Final = is_scan
        self.spec: Final = spec
        self.policy: Final = policy
        self.begin: Final = begin

    @property
    def changes(self) -> bool:
        return True


class Apart(Request):
    """The answer is what a function gives that may take long, or wait for a disk.

    An event loop has it called in another thread. No local variable holds its
    arguments, so that no traceback shows a password.
    """

    __slots__ = ("_args", "_function")

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self._function = function
        self._args = args

    def make(self) -> object:
        return self._function(*self._args)


class Admin(Request):
    """Give an admin command to one of the nodes.

    The answer is the blocks of its reply, each a list of fields; what the node refuses
    is raised. A field is its number and its bytes; of the request it may also be the
    hash of a password, or None for that of the client's own.
    """

    __slots__ = __match_args__ = ("command", "fields", "policy")

    def __init__(
        self, command: int, fields: Fields, policy: AdminPolicy | Options | None
    ) -> None:
        self.command: Final = command
        self.fields: Final = fields
        self.policy: Final = policy

    @property
    def changes(self) -> bool:
        return self.command not in _ADMIN_QUERIES


class EndStep(Request):
    """Take one step towards the end of a transaction, where it needs the step.

    There is no answer; what fails is raised. The numbers are those of asc/ending.h.
    """

    VERIFY, MARK, FORWARD, BACK, CLOSE = range(1, 6)

    __slots__ = __match_args__ = ("transaction", "step")

    def __init__(self, transaction: Transaction, step: int) -> None:
        self.transaction: Final = transaction
        self.step: Final = step

    @property
    def changes(self) -> bool:
        return self.step != self.VERIFY
