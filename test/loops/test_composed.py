"""Calls of several requests in an event loop: cancelled at any time, and in the way of
nobody.
"""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import PATIENCE_S, patient, wait_for

NS, SET = "test", "composed"
KEY = (NS, SET, 1)
INDEX = "composed_n"
MODULE = "composed_module.lua"
SOURCE = "function one(rec) rec.n = 2; aerospike:update(rec) end"


@pytest.fixture(scope="module")
def secured() -> Iterator[DevCluster]:
    with DevCluster(nodes=2, security=True) as made:
        yield made


@pytest.fixture(scope="module")
def admin_config(secured, lua_config) -> dict[str, Any]:
    config = {"hosts": secured.hosts, "user": "admin", "password": "admin"}
    return patient(config | lua_config)


@pytest.fixture(scope="module")
def admin(admin_config) -> Iterator[aerospike.Client]:
    with aerospike.client(admin_config) as made:
        yield made


@dataclass
class Change:
    """A call that changes something, of a name that is new each time: what was given up
    may still be on its way.
    """

    make: Callable[[Any, str, Path], Any]
    has_changed: Callable[[Any, str], bool]
    prepare: Callable[[Any, str], object] = lambda _client, _name: None


def index_exists(client: Any, name: str) -> bool:
    command = f"sindex-exists:namespace={NS};indexname={name}"
    answers = client.info_all(command).values()
    return any(text.strip() == "true" for _, text in answers)


def put_module(client: Any, name: str, folder: Path) -> Any:
    path = folder / f"{name}.lua"
    path.write_text(SOURCE)
    return client.udf_put(str(path))


CHANGES: dict[str, Change] = {
    "index_create": Change(
        lambda client, name, _: client.index_integer_create(NS, name, "n", name),
        index_exists,
    ),
    "udf_put": Change(
        put_module,
        lambda client, name: any(
            each["name"] == f"{name}.lua" for each in client.udf_list()
        ),
    ),
    "truncate": Change(
        lambda client, name, _: client.truncate(NS, name, 0),
        lambda client, name: client.exists((NS, name, 1))[1] is None,
        lambda client, name: client.put((NS, name, 1), {"n": 1}),
    ),
    "scan_apply": Change(
        lambda client, name, _: client.scan_apply(NS, name, MODULE[:-4], "one"),
        lambda client, name: client.get((NS, name, 1)).bins["n"] == 2,
        lambda client, name: client.put((NS, name, 1), {"n": 1}),
    ),
    "admin_create_user": Change(
        lambda client, name, _: client.admin_create_user(name, "pw", ["read"]),
        lambda client, name: name in client.admin_query_users(),
    ),
}


async def given_up(call: Any, n_turns: int) -> BaseException | None:
    """What leaves a call that is cancelled after so many turns of the event loop."""
    task = asyncio.ensure_future(call)
    for _ in range(n_turns):
        await asyncio.sleep(0.0003)
        if task.done():
            break
    task.cancel()
    try:
        await task
    except (asyncio.CancelledError, exception.AerospikeError) as error:
        return error
    return None


@pytest.mark.parametrize("name", CHANGES)
def test_cancelled_at_any_time_it_says_whether_something_may_have_changed(
    admin, admin_config, run, tmp_path, name
):
    change = CHANGES[name]
    put_module(admin, MODULE[:-4], tmp_path)

    async def main() -> None:
        async with aerospike.AsyncClient(admin_config) as client:
            for n_turns in range(0, 40, 2):
                new = f"c{uuid.uuid4().hex[:20]}"
                change.prepare(admin, new)
                error = await given_up(change.make(client, new, tmp_path), n_turns)
                if isinstance(error, asyncio.CancelledError):
                    in_doubt = aerospike.in_doubt(error)
                    assert in_doubt or not change.has_changed(admin, new)

    run(main())


@pytest.mark.parametrize(
    "make",
    [
        lambda client: client.truncate(NS, SET, 0),
        lambda client: client.scan_apply(NS, SET, "m", "f"),
        lambda client: client.info_all("truncate:namespace=test;set=none"),
        lambda client: client.admin_drop_user("nobody"),
    ],
    ids=["truncate", "scan_apply", "info_all", "admin_drop_user"],
)
def test_given_up_before_it_leaves_it_is_not_in_doubt(cluster, run, make):
    async def main() -> BaseException:
        client = aerospike.AsyncClient(patient({"hosts": cluster.hosts}))
        with cluster.faults.silence():
            task = asyncio.ensure_future(make(client))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        await client.close()
        return caught.value

    assert aerospike.in_doubt(run(main())) is False


def never_loads(node: Any) -> threading.Event:
    """Have an index be created at once, and not be built, ever.

    :return: set once the node has been asked how far the index has come.
    """
    asked = threading.Event()

    def value(name: str, usual: Callable[[str], str] = node._value) -> str:
        if name.startswith("sindex-create:"):
            return "OK"
        if not name.startswith("sindex-stat:"):
            return usual(name)
        asked.set()
        return "load_pct=50;entries=1"

    node._value = value
    return asked


def test_what_was_begun_before_the_pause_is_in_doubt(scripted_node, run):
    asked = never_loads(scripted_node)

    async def main() -> BaseException:
        config = patient({"hosts": [scripted_node.host]})
        async with aerospike.AsyncClient(config) as client:
            call = client.index_integer_create(NS, SET, "n", INDEX)
            task = asyncio.ensure_future(call)
            await asyncio.to_thread(wait_for, asked)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value

    assert aerospike.in_doubt(run(main())) is True


def test_slow_file_stands_in_nobodys_way(client, async_config, run, tmp_path):
    path = tmp_path / MODULE
    os.mkfifo(path)

    async def main() -> tuple[int, int]:
        async with aerospike.AsyncClient(async_config) as made:
            put = asyncio.ensure_future(made.udf_put(str(path)))
            done = [await made.put(KEY, {"n": n}) for n in range(20)]
            assert not put.done()
            writer = threading.Thread(target=path.write_text, args=[SOURCE])
            writer.start()
            result = await put
            writer.join(PATIENCE_S)
            await made.udf_remove(MODULE)
            return result, len(done)

    assert run(main()) == (0, 20)


def test_warning_names_the_line_that_awaits(client, async_config, run, tmp_path):
    (tmp_path / MODULE).write_text("function fails(rec) error('no') end")

    async def main() -> list[Any]:
        async with aerospike.AsyncClient(async_config) as made:
            await made.udf_put(str(tmp_path / MODULE))
            await made.put(KEY, {"n": 1})
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                await made.scan_apply(NS, SET, MODULE[:-4], "fails")
            await made.udf_remove(MODULE)
            return told

    assert {warning.filename for warning in run(main())} == {__file__}


def test_error_has_the_awaiting_code_in_its_traceback(async_config, run):
    async def asks_for_an_index(client: Any) -> None:
        await client.index_integer_create("nowhere", SET, "n", INDEX)

    async def main() -> str:
        async with aerospike.AsyncClient(async_config) as client:
            with pytest.raises(exception.NamespaceNotFound) as caught:
                await asks_for_an_index(client)
            return "".join(traceback.format_exception(caught.value))

    assert "await client.index_integer_create(" in run(main())


@pytest.mark.parametrize(
    "fails",
    [
        lambda client: client.admin_create_user(5, "s3cr3t", ["read"]),
        lambda client: client.admin_create_user("u", "s3cr3t", "read"),
        lambda client: client.admin_create_user("u", "s3cr3t"),
        lambda client: client.admin_create_user("u", "s3cr3t", ["no role"]),
        lambda client: client.admin_set_password("no user", "s3cr3t"),
        lambda client: client.admin_change_password("no user", "s3cr3t"),
    ],
)
def test_no_traceback_shows_a_password(admin_config, run, fails):
    async def main() -> BaseException:
        async with aerospike.AsyncClient(admin_config) as client:
            with pytest.raises((exception.AerospikeError, TypeError)) as caught:
                await fails(client)
            return caught.value

    frames = traceback.walk_tb(run(main()).__traceback__)
    own = [frame for frame, _ in frames if "aerospike/" in frame.f_code.co_filename]
    assert own
    for frame in own:
        assert "s3cr3t" not in repr(frame.f_locals)


def test_calls_of_several_requests_under_trio(client, async_config):
    async def main() -> tuple[int, int]:
        with trio.fail_after(PATIENCE_S):
            async with aerospike.AsyncClient(async_config) as made:
                await made.put(KEY, {"n": 1})
                created = await made.index_integer_create(NS, SET, "n", INDEX)
                return created, await made.index_remove(NS, INDEX)

    assert trio.run(main) == (0, 0)


def test_cancelled_under_trio_it_is_in_doubt(scripted_node):
    asked = never_loads(scripted_node)

    async def main() -> None:
        config = patient({"hosts": [scripted_node.host]})
        async with (
            aerospike.AsyncClient(config) as made,
            trio.open_nursery() as nursery,
        ):

            async def cancel() -> None:
                await trio.to_thread.run_sync(wait_for, asked)
                nursery.cancel_scope.cancel()

            nursery.start_soon(cancel)
            try:
                await made.index_integer_create(NS, SET, "n", INDEX)
            except trio.Cancelled as error:
                found.append(aerospike.in_doubt(error))
                raise

    found: list[bool | None] = []
    trio.run(main)
    assert found == [True]


def test_closed_client_ends_a_call_at_its_next_request(scripted_node, run):
    asked = never_loads(scripted_node)

    async def main() -> None:
        client = aerospike.AsyncClient(patient({"hosts": [scripted_node.host]}))
        await client.connect()
        call = client.index_integer_create(NS, SET, "n", INDEX)
        task = asyncio.ensure_future(call)
        await asyncio.to_thread(wait_for, asked)
        await client.close()
        with pytest.raises(exception.ClusterError):
            await task

    run(main())


def meet(nodes: Any, command: str, patience_s: float) -> list[bool]:
    """Have each node wait with its answer until the other has got the command, too.

    :return: whether that was so, of each answer.
    """
    met: list[bool] = []
    came = [threading.Event() for _ in nodes]
    for node, own, other in zip(nodes, came, reversed(came), strict=True):

        def value(name: str, node=node, own=own, other=other, usual=node._value) -> str:
            if name != command:
                return usual(name)
            own.set()
            met.append(other.wait(patience_s))
            return "ok"

        node._value = value
    return met


@pytest.mark.parametrize(
    ("command", "at_one_time"), [("question", True), ("set-config:x=1", False)]
)
def test_nodes_are_asked_side_by_side_and_changed_one_after_another(
    scripted_pair, run, command, at_one_time
):
    met = meet(scripted_pair, command, PATIENCE_S if at_one_time else 0.1)

    async def main() -> dict[str, Any]:
        config = patient({"hosts": [node.host for node in scripted_pair]})
        async with aerospike.AsyncClient(config) as client:
            return await client.info_all(command)

    assert run(main()) == {"A1": (None, "ok\n"), "A2": (None, "ok\n")}
    assert met == ([True, True] if at_one_time else [False, True])
