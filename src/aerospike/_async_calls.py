"""The calls of AsyncClient that are made in Python, of the same parts as Client's.

Those of several requests are coroutines, which begin when they are awaited. Those of
one operation hand on what the extension gives, as its own methods do: they have begun.
"""

from __future__ import annotations

from aerospike._async_query import AsyncQuery, AsyncScan
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
from aerospike._calls.awaiting import awaiting
from aerospike._client import Client, made_of_a_namespace
from aerospike._direct import DirectMethods as Direct

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from aerospike._core import AsyncClient
    from aerospike._hints import Options

    P = ParamSpec("P")
    T = TypeVar("T")
    Of = TypeVar("Of")


def plain(
    method: Callable[Concatenate[Of, P], T],
) -> Callable[Concatenate[AsyncClient, P], T]:
    """A method of Client that never waits, as one of AsyncClient."""
    function: Callable[..., T] = method
    return function


def awaited(
    method: Callable[Concatenate[Direct, P], T],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """A method of Client that hands on what one of the extension gives."""
    function: Callable[..., Any] = plain(method)
    return function


class AsyncCalls:
    """What AsyncClient has besides the methods of the extension."""

    __slots__ = ()

    # --- queries ---

    @made_of_a_namespace
    def query(self, namespace: str, set: str | None = None) -> AsyncQuery:
        """An AsyncQuery of the records of a set; `None` or "": of the whole namespace.

        :raises ParamError: an argument is no str.
        """
        return AsyncQuery._of(self, namespace, set)

    @made_of_a_namespace
    def scan(self, namespace: str, set: str | None = None) -> AsyncScan:
        """An AsyncScan of all records of a set; `None` or "": of the whole namespace.

        :raises ParamError: an argument is no str.
        """
        return AsyncScan._of(self, namespace, set)

    # --- work on all records ---

    async def _background(
        self,
        is_scan: bool,
        spec: dict[str, Any],
        policy: Options | None,
        begin: Callable[[int], Coroutine[Any, Any, int]] | None,
    ) -> int:
        """Start background work; see `requests.Background`."""
        client: AsyncClient = self  # type: ignore[assignment]
        timeout_ms, is_to_look = client._timing(is_scan, spec, policy)
        left_ms = None
        if begin is not None and is_to_look:
            left_ms = await begin(timeout_ms)
        return await client._start_background(is_scan, spec, policy, left_ms)

    job_info = awaiting(jobs.job_info)
    scan_info = awaiting(jobs.scan_info)
    scan_apply = awaiting(jobs.scan_apply)
    query_apply = awaiting(jobs.query_apply)

    # --- indexes and data ---

    index_integer_create = awaiting(indexes.index_integer_create)
    index_string_create = awaiting(indexes.index_string_create)
    index_blob_create = awaiting(indexes.index_blob_create)
    index_geo2dsphere_create = awaiting(indexes.index_geo2dsphere_create)
    index_single_value_create = awaiting(indexes.index_single_value_create)
    index_list_create = awaiting(indexes.index_list_create)
    index_map_keys_create = awaiting(indexes.index_map_keys_create)
    index_map_values_create = awaiting(indexes.index_map_values_create)
    index_cdt_create = awaiting(indexes.index_cdt_create)
    index_expr_create = awaiting(indexes.index_expr_create)
    index_set_create = awaiting(indexes.index_set_create)
    index_remove = awaiting(indexes.index_remove)
    truncate = awaiting(data.truncate)
    set_xdr_filter = awaiting(replication.set_xdr_filter)

    # --- transactions ---

    commit = awaiting(transactions.commit)
    abort = awaiting(transactions.abort)

    # --- functions ---

    udf_put = awaiting(functions.udf_put)
    udf_remove = awaiting(functions.udf_remove)
    udf_list = awaiting(functions.udf_list)
    udf_get = awaiting(functions.udf_get)

    # --- users and roles ---

    admin_create_user = awaiting(users.admin_create_user)
    admin_create_pki_user = awaiting(users.admin_create_pki_user)
    admin_drop_user = awaiting(users.admin_drop_user)
    admin_set_password = awaiting(users.admin_set_password)
    admin_change_password = awaiting(users.admin_change_password)
    admin_grant_roles = awaiting(users.admin_grant_roles)
    admin_revoke_roles = awaiting(users.admin_revoke_roles)
    admin_query_user_info = awaiting(users.admin_query_user_info)
    admin_query_users_info = awaiting(users.admin_query_users_info)
    admin_query_user = awaiting(users.admin_query_user)
    admin_query_users = awaiting(users.admin_query_users)
    admin_create_role = awaiting(roles.admin_create_role)
    admin_drop_role = awaiting(roles.admin_drop_role)
    admin_grant_privileges = awaiting(roles.admin_grant_privileges)
    admin_revoke_privileges = awaiting(roles.admin_revoke_privileges)
    admin_set_whitelist = awaiting(roles.admin_set_whitelist)
    admin_set_quotas = awaiting(roles.admin_set_quotas)
    admin_get_role = awaiting(roles.admin_get_role)
    admin_get_roles = awaiting(roles.admin_get_roles)
    admin_query_role = awaiting(roles.admin_query_role)
    admin_query_roles = awaiting(roles.admin_query_roles)

    # --- one operation on a list or a map ---

    list_append = awaited(Direct.list_append)
    list_extend = awaited(Direct.list_extend)
    list_insert = awaited(Direct.list_insert)
    list_insert_items = awaited(Direct.list_insert_items)
    list_pop = awaited(Direct.list_pop)
    list_pop_range = awaited(Direct.list_pop_range)
    list_remove = awaited(Direct.list_remove)
    list_remove_range = awaited(Direct.list_remove_range)
    list_clear = awaited(Direct.list_clear)
    list_set = awaited(Direct.list_set)
    list_get = awaited(Direct.list_get)
    list_get_range = awaited(Direct.list_get_range)
    list_trim = awaited(Direct.list_trim)
    list_size = awaited(Direct.list_size)
    map_set_policy = awaited(Direct.map_set_policy)
    map_put = awaited(Direct.map_put)
    map_put_items = awaited(Direct.map_put_items)
    map_increment = awaited(Direct.map_increment)
    map_decrement = awaited(Direct.map_decrement)
    map_size = awaited(Direct.map_size)
    map_clear = awaited(Direct.map_clear)
    map_remove_by_key = awaited(Direct.map_remove_by_key)
    map_remove_by_key_list = awaited(Direct.map_remove_by_key_list)
    map_remove_by_key_range = awaited(Direct.map_remove_by_key_range)
    map_remove_by_value = awaited(Direct.map_remove_by_value)
    map_remove_by_value_list = awaited(Direct.map_remove_by_value_list)
    map_remove_by_value_range = awaited(Direct.map_remove_by_value_range)
    map_remove_by_index = awaited(Direct.map_remove_by_index)
    map_remove_by_index_range = awaited(Direct.map_remove_by_index_range)
    map_remove_by_rank = awaited(Direct.map_remove_by_rank)
    map_remove_by_rank_range = awaited(Direct.map_remove_by_rank_range)
    map_get_by_key = awaited(Direct.map_get_by_key)
    map_get_by_key_list = awaited(Direct.map_get_by_key_list)
    map_get_by_key_range = awaited(Direct.map_get_by_key_range)
    map_get_by_value = awaited(Direct.map_get_by_value)
    map_get_by_value_list = awaited(Direct.map_get_by_value_list)
    map_get_by_value_range = awaited(Direct.map_get_by_value_range)
    map_get_by_index = awaited(Direct.map_get_by_index)
    map_get_by_index_range = awaited(Direct.map_get_by_index_range)
    map_get_by_rank = awaited(Direct.map_get_by_rank)
    map_get_by_rank_range = awaited(Direct.map_get_by_rank_range)

    # --- what needs no request ---

    get_expression_base64 = plain(Client.get_expression_base64)
    get_cdtctx_base64 = plain(Client.get_cdtctx_base64)
    enable_metrics = plain(Client.enable_metrics)
    disable_metrics = plain(Client.disable_metrics)
    get_stats = plain(Client.get_stats)
