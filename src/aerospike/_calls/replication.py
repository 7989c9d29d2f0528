"""The call about replication between clusters (XDR).

Source: the xdr-set-filter section of the server's info reference.
"""

from __future__ import annotations

from aerospike._calls.commands import command_of, text_of
from aerospike._calls.requests import Info
from aerospike._core import expression_base64
from aerospike._hints import CompiledExpression, InfoPolicy, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aerospike._calls.requests import Call


def set_xdr_filter(
    data_center: str,
    namespace: str,
    expression_filter: CompiledExpression | None,
    policy: InfoPolicy | Options | None = None,
) -> Call[str]:
    """Choose which records of a namespace XDR ships to another data centre.

    XDR (cross-datacentre replication) is a feature of the Enterprise Edition.

    :param data_center: the name of the data centre in the servers' configuration.
    :param namespace: whose records; the servers ship it to this data centre.
    :param expression_filter: an expression after compile(), which is true for the
        records to be shipped; None removes the filter, so that all are shipped.
    :param policy: `timeout` in milliseconds, and the others of info calls.
    :return: what the server answers, "xdr-set-filter:... TAB ok LF".
    :raises ParamError: an argument is malformed; nothing was sent.
    :raises AerospikeError: the server refuses; code 25: it is of the Community Edition.
    """
    command = command_of(
        "xdr-set-filter",
        dc=text_of("data_center", data_center, says="Data_center should be a string."),
        namespace=text_of("namespace", namespace, says="Namespace should be a string."),
        exp="null"
        if expression_filter is None
        else expression_base64(expression_filter),
    )
    answer: str = yield Info(command, policy)
    return answer
