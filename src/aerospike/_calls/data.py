"""Calls that remove records. Source: the truncate section of the info reference."""

from __future__ import annotations

from aerospike._calls.commands import command_of, text_of
from aerospike._calls.requests import Info
from aerospike._errors import param_error, shown
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
    :raises InvalidRequest: the time is in the future, or set is empty.
    :raises ParamError: set is neither a str nor None.
    """
    if isinstance(nanos, bool) or not isinstance(nanos, int):
        raise param_error(
            "Nanoseconds must be a long type", f"nanos is {type(nanos).__name__}"
        )
    if not 0 <= nanos < 2**64:
        raise param_error(
            "Nanoseconds must be a positive value",
            f"nanos is {shown(nanos)}, not from 0 to 2**64 - 1",
        )
    # only None is all sets: the server refuses "", and its refusal deletes nothing
    where = {
        "namespace": text_of(
            "namespace", namespace, says="Namespace must be unicode or string type"
        )
    }
    if set is not None:
        where["set"] = text_of(
            "set", set, ";\n\t\0", "Set must be None, or unicode or string type"
        )
    command = command_of(
        "truncate-namespace" if set is None else "truncate",
        **where,
        lut=str(nanos) if nanos else None,
    )
    yield Info(command, policy)
    return 0
