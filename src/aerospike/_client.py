"""The client: what is one request in the extension, what is made of them in Python."""

from __future__ import annotations

from aerospike._calls import (
    data,
    functions,
    indexes,
    jobs,
    replication,
    roles,
    transactions,
    users,
)
from aerospike._calls.blocking import blocking
from aerospike._calls.signatures import dress, owns_its_methods
from aerospike._core import context_base64, expression_base64, publish_client
from aerospike._direct import DirectMethods
from aerospike._errors import param_error
from aerospike._hints import Any, CompiledExpression, NoReturn
from aerospike._imports import whole

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, TypeVar

    from typing_extensions import Self

    from aerospike._query import Query, Scan
    from aerospike_helpers.metrics import ClusterStats, MetricsPolicy

    P = ParamSpec("P")
    Made = TypeVar("Made")
else:
    Query = Scan = ClusterStats = MetricsPolicy = (
        object  # for what evaluates annotations, as in _hints
    )


def made_of_a_namespace(
    make: Callable[Concatenate[Any, P], Made],
) -> Callable[Concatenate[Any, P], Made]:
    """Errors of the client come first; then, a missing namespace is one of no type."""

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Made:
        self._check_valid()
        if not args and "namespace" not in kwargs:
            raise param_error("Namespace should be a string", "namespace is missing")
        return make(self, *args, **kwargs)

    dress(method, make)
    return method


@publish_client
@owns_its_methods
class Client(DirectMethods):
    """A client of one Aerospike cluster. Threads can share it, and it works after a
    fork.

    :param config: dict. "hosts" is required: a list of (address, port) tuples or
        "address:port" strings. It is enough that one of them answers.
    :raises ParamError: the configuration is malformed.
    :raises ConnectionError: no node answers, and "fail_if_not_connected" is True; if
        that key is not given, connect() or the first command raises it instead.
    :raises AdminError: the cluster refuses the login of the "user"; the same key
        decides who raises it.

    A ``with`` statement closes the client.
    """

    __slots__ = ()
    __module__ = "aerospike"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'aerospike.Client' object")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a Client from a URL; see `aerospike.client_from_url()`.

        :raises ParamError: it is malformed, or a parameter is unknown.
        :raises ConnectionError: and other errors, as the constructor does.
        """
        return cls(whole("aerospike._from_text").config_from_url(url))

    @classmethod
    def from_env(cls) -> Self:
        """Make a Client from environment variables; see `aerospike.client_from_env()`.

        :raises ParamError: a variable is malformed, or none names a host.
        :raises ConnectionError: and other errors, as the constructor does.
        """
        return cls(whole("aerospike._from_text").config_from_env())

    # --- queries ---

    @made_of_a_namespace
    def query(self, namespace: str, set: str | None = None) -> Query:
        """Make a Query of the records of a set. With `None` or "" as the set, it reads
        the whole namespace.

        :raises ParamError: an argument is no str.
        """
        from aerospike._query import Query

        return Query._of(self, namespace, set)

    @made_of_a_namespace
    def scan(self, namespace: str, set: str | None = None) -> Scan:
        """Make a Scan of all records of a set. With `None` or "" as the set, it reads
        the whole namespace.

        :raises ParamError: an argument is no str.
        """
        from aerospike._query import Scan

        return Scan._of(self, namespace, set)

    job_info = blocking(jobs.job_info)
    scan_info = blocking(jobs.scan_info)
    scan_apply = blocking(jobs.scan_apply)
    query_apply = blocking(jobs.query_apply)

    # --- indexes and data ---

    index_integer_create = blocking(indexes.index_integer_create)
    index_string_create = blocking(indexes.index_string_create)
    index_blob_create = blocking(indexes.index_blob_create)
    index_geo2dsphere_create = blocking(indexes.index_geo2dsphere_create)
    index_single_value_create = blocking(indexes.index_single_value_create)
    index_list_create = blocking(indexes.index_list_create)
    index_map_keys_create = blocking(indexes.index_map_keys_create)
    index_map_values_create = blocking(indexes.index_map_values_create)
    index_cdt_create = blocking(indexes.index_cdt_create)
    index_expr_create = blocking(indexes.index_expr_create)
    index_set_create = blocking(indexes.index_set_create)
    index_remove = blocking(indexes.index_remove)
    truncate = blocking(data.truncate)
    set_xdr_filter = blocking(replication.set_xdr_filter)

    # --- transactions ---

    commit = blocking(transactions.commit)
    abort = blocking(transactions.abort)

    # --- functions ---

    udf_put = blocking(functions.udf_put)
    udf_remove = blocking(functions.udf_remove)
    udf_list = blocking(functions.udf_list)
    udf_get = blocking(functions.udf_get)

    # --- users and roles ---

    admin_create_user = blocking(users.admin_create_user)
    admin_create_pki_user = blocking(users.admin_create_pki_user)
    admin_drop_user = blocking(users.admin_drop_user)
    admin_set_password = blocking(users.admin_set_password)
    admin_change_password = blocking(users.admin_change_password)
    admin_grant_roles = blocking(users.admin_grant_roles)
    admin_revoke_roles = blocking(users.admin_revoke_roles)
    admin_query_user_info = blocking(users.admin_query_user_info)
    admin_query_users_info = blocking(users.admin_query_users_info)
    admin_query_user = blocking(users.admin_query_user)
    admin_query_users = blocking(users.admin_query_users)
    admin_create_role = blocking(roles.admin_create_role)
    admin_drop_role = blocking(roles.admin_drop_role)
    admin_grant_privileges = blocking(roles.admin_grant_privileges)
    admin_revoke_privileges = blocking(roles.admin_revoke_privileges)
    admin_set_whitelist = blocking(roles.admin_set_whitelist)
    admin_set_quotas = blocking(roles.admin_set_quotas)
    admin_get_role = blocking(roles.admin_get_role)
    admin_get_roles = blocking(roles.admin_get_roles)
    admin_query_role = blocking(roles.admin_query_role)
    admin_query_roles = blocking(roles.admin_query_roles)

    # --- metrics ---

    def enable_metrics(self, policy: MetricsPolicy | None = None) -> None:
        """Begin to measure, and report the results every `interval` tend intervals.

        The metrics go to the listeners of the policy, or to a file. Metrics that were
        enabled before end. disable_metrics() and close() end them. They do not continue
        in the child of a fork.

        :param policy: an aerospike_helpers.metrics.MetricsPolicy. None: the one in the
            configuration, config["policies"]["metrics"], or the defaults.
        :raises ParamError: the policy is malformed.
        :raises ClientError: the file cannot be written, or `enable_listener` raised.
        :raises ClusterError: the client is closed, or has not connected yet.
        """
        whole("aerospike._metrics").enable(self, policy)

    def disable_metrics(self) -> None:
        """Write a last report, and end the metrics. Without enable_metrics(), do
        nothing.

        :raises ClientError: `disable_listener` raised; metrics are still disabled.
        :raises ClusterError: the client is closed.
        """
        whole("aerospike._metrics").disable(self)

    def get_stats(self) -> ClusterStats:
        """Return what the client has counted so far; this needs no enable_metrics().

        :return: a ClusterStats. Its counters never decrease.
        :raises ClusterError: the client is closed, or an AsyncClient has not connected.
        :raises ConnectionError: a Client was not connected, and cannot connect.
        """
        stats: ClusterStats = whole("aerospike._metrics").cluster_stats(self)
        return stats

    # --- wire forms ---

    def get_expression_base64(self, expression: CompiledExpression) -> str:
        """Return the bytes of an expression as base64, for info commands.

        :param expression: a compiled expression.
        :raises ParamError: it is not compiled.
        """
        return expression_base64(expression)

    def get_cdtctx_base64(self, ctx: list[Any]) -> str:
        """Return the bytes of a context as base64, for info commands.

        :param ctx: a list of one or more levels of aerospike_helpers.cdt_ctx.
        :raises ParamError: it is empty, or not such a list.
        """
        return context_base64(ctx)
