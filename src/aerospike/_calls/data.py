"""Calls that remove records. Source: the truncate section of the info reference."""

from __future__ import annotations

from aerospike._calls.commands import command_of, text_of
from aerospike._calls.requests import Info
from aerospike._errors import param_error
from aerospike._hints import InfoPolicy, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.requests import Call


def truncate(
    namespace: str,
    set: str | None,
    nanos: int,
    policy: InfoPolicy | Options | None = None,
) -> Call[int]:
    """Remove the records of a set, or of a namespace, that were last changed before a
    time.

    :param set: str; None: all records of the namespace.
    :param nanos: nanoseconds since 1970; 0: now.
    :return: 0.
    :raises InvalidRequest: the time lies in the future, or set is empty.
    :raises ParamError: set is no str and not None.
    """
    if isinstance(nanos, bool) or not isinstance(nanos, int):
        raise param_error(f"nanos must be an int, not {type(nanos).__name__}")
    if not 0 <= nanos < 2**64:
        raise param_error(f"nanos must be from 0 to 2**64 - 1, not {nanos}")
    # only None is all sets: the server refuses "", and its refusal deletes nothing
    command = command_of(
        "truncate-namespace" if set is None else "truncate",
        namespace=text_of("namespace", namespace),
        set=None if set is None else text_of("set", set, reserved=";\n\t\0"),
        lut=str(nanos) if nanos else None,
    )
    yield Info(command, policy)
    return 0
