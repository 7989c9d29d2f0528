"""Client and AsyncClient have the same calls, with the same results and errors."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import aerospike
from aerospike import exception
from aerospike_devserver import DevCluster

from ..waiting import patient
from . import rows

CLASSES = aerospike.Client, aerospike.AsyncClient
MAKERS = {"from_url", "from_env"}
"""Class methods, which make a client; test_from_text.py is about them."""
METHODS, OURS = (
    {name for name in dir(cls) if name[0] != "_"} - MAKERS for cls in CLASSES
)

once = pytest.mark.parametrize("run", [asyncio.run], ids=["asyncio"], indirect=True)
"""For what has nothing to do with the event loop."""

# --- the classes ---


def test_every_call_is_in_the_table():
    assert set(rows.ALL) | rows.QUERIES | rows.LIFE == METHODS
    assert rows.PLAIN < METHODS


def test_classes_have_the_same_methods():
    assert sorted(METHODS - OURS) == []
    assert {"fileno", "turn"} >= OURS - METHODS


def different(shown: Callable[[Any], Any], names: Iterable[str]) -> dict[str, Any]:
    """The methods that show something else in one class than in the other."""
    pairs = {
        name: [shown(getattr(cls, name)) for cls in CLASSES] for name in sorted(names)
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def parameters(method: Any) -> list[tuple[str, Any]]:
    listed = inspect.signature(method).parameters.values()
    return [(p.name, p.default) for p in listed if p.name != "self"]


def test_methods_have_the_same_arguments():
    assert different(parameters, METHODS) == {}


def test_methods_have_the_same_texts():
    names = METHODS - rows.QUERIES - rows.LIFE
    assert different(inspect.getdoc, names) == {}
    assert all(inspect.getdoc(getattr(aerospike.AsyncClient, name)) for name in names)


def test_methods_go_by_the_name_of_their_class():
    for name in METHODS:
        method = getattr(aerospike.AsyncClient, name)
        assert method.__qualname__ == f"AsyncClient.{name}"
        assert method.__objclass__.__name__ == "AsyncClient"


# --- what comes of calls ---


def of_blocking(client: Any, name: str, args: Any, kwargs: Any) -> Any:
    """What comes of a call: its result, or what its error tells."""
    try:
        return rows.shown(getattr(client, name)(*rows.made(args), **kwargs))
    except Exception as error:  # noqa: BLE001 - any may come of wrong arguments
        return rows.told(error)


async def of_async(client: Any, name: str, args: Any, kwargs: Any) -> Any:
    try:
        found = getattr(client, name)(*rows.made(args), **kwargs)
        is_plain = name in rows.PLAIN
        assert hasattr(found, "__await__") is not is_plain
        return rows.shown(found if is_plain else await found)
    except Exception as error:  # noqa: BLE001
        return rows.told(error)


Calls = Iterable[tuple[str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture(scope="module")
def prepared(client, tmp_path_factory) -> Iterator[None]:
    """A module of functions, and an index. The client that all share ends as it began:
    some call makes it measure."""
    path = tmp_path_factory.mktemp("both") / f"{rows.MODULE}.lua"
    path.write_text(rows.SOURCE)
    client.udf_put(str(path))
    client.index_integer_create(rows.NS, rows.SET, "q", rows.INDEX)
    yield
    client.index_remove(rows.NS, rows.INDEX)
    client.udf_remove(path.name)
    client.disable_metrics()


def put_back(client: Any) -> None:
    """Have the records, and no index, that a call finds."""
    for key in rows.KEYS:
        with contextlib.suppress(exception.RecordNotFound):
            client.remove(key)
    for key in (rows.KEY, rows.OTHER):
        client.put(key, rows.BINS, rows.WRITE_META)
    with contextlib.suppress(exception.IndexNotFound):
        client.index_remove(rows.NS, "both_new")


Compare = Callable[..., None]


@pytest.fixture
def compare(client, async_config, run, prepared, unwarned) -> Compare:
    """compare(calls): calls by each of the clients come to the same."""

    async def main(calls: Calls) -> None:
        async with aerospike.AsyncClient(async_config) as made:
            for name, args, kwargs in calls:
                put_back(client)
                theirs = of_blocking(client, name, args, kwargs)
                put_back(client)
                ours = await of_async(made, name, args, kwargs)
                if name in rows.RANDOM and isinstance(theirs, int):
                    theirs, ours = int, type(ours)
                assert (name, args, kwargs, ours) == (name, args, kwargs, theirs)

    return lambda calls: run(main(calls))


@pytest.mark.parametrize("name", sorted(rows.ON_ANY_SERVER))
def test_both_give_the_same(compare, name):
    compare([(name, args, {}) for args in rows.ON_ANY_SERVER[name]])


def wrong(name: str) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls with arguments that are wrong for most of them, in many ways."""
    yield name, (), {}
    yield name, (None,) * 12, {}
    yield name, (), {"nonsense": 1}
    found = inspect.signature(getattr(aerospike.Client, name)).parameters.values()
    names = [p.name for p in found if p.name != "self"]
    n_required = sum(p.default is p.empty and p.name != "self" for p in found)
    yield name, (None,) * n_required, {}
    yield name, (5,) * n_required, {}
    right = rows.ALL[name][0]
    for optional in names[len(right) :]:
        yield name, right, {optional: 5}
        yield name, right, {optional: {"no such key": 1}}


@once
@pytest.mark.parametrize("name", sorted(rows.ALL))
def test_both_have_the_same_to_say_of_wrong_arguments(compare, name):
    compare(wrong(name))


def test_both_have_the_same_to_say_once_they_are_closed(make_client, async_config, run):
    names = [*rows.ALL]

    async def main() -> list[Any]:
        made = aerospike.AsyncClient(async_config)
        await made.connect()
        await made.close()
        return [await of_async(made, name, rows.ALL[name][0], {}) for name in names]

    other = make_client()
    other.close()
    theirs = [of_blocking(other, name, rows.ALL[name][0], {}) for name in names]
    assert [*zip(names, run(main()), strict=True)] == [*zip(names, theirs, strict=True)]


# --- users and roles ---


@pytest.fixture(scope="module")
def secured() -> Iterator[DevCluster]:
    with DevCluster(nodes=1, security=True) as made:
        yield made


@once
@pytest.mark.parametrize("name", sorted(rows.ADMIN))
def test_both_give_the_same_of_users_and_roles(secured, run, name):
    config = patient({"hosts": secured.hosts, "user": "admin", "password": "admin"})

    async def main(args: tuple[Any, ...]) -> Any:
        async with aerospike.AsyncClient(config) as made:
            return await of_async(made, name, args, {})

    for args in rows.ADMIN[name]:
        secured.reset()
        with aerospike.client(config) as client:
            theirs = of_blocking(client, name, args, {})
        secured.reset()
        assert (args, run(main(args))) == (args, theirs)


# --- several calls at one time ---


def test_calls_of_several_requests_go_on_side_by_side(
    async_config, run, client, prepared
):
    async def main() -> list[Any]:
        async with aerospike.AsyncClient(async_config) as made:
            names = [f"both_{n}" for n in range(5)]
            create, remove = made.index_integer_create, made.index_remove
            done = await asyncio.gather(
                *(create(rows.NS, rows.SET, f"n{n}", n) for n in names)
            )
            return done + await asyncio.gather(*(remove(rows.NS, n) for n in names))

    assert run(main()) == [0] * 10


def kind(found: Any) -> Any:
    """Class, code and doubt of what an error tells; or a result as it is."""
    return found[:3] if isinstance(found, tuple) else found


@once
def test_both_have_the_same_to_say_where_nobody_listens(
    make_plain_client, nowhere, run
):
    """But for the text: Client has tried in its constructor already."""
    names = sorted(set(rows.ALL) - rows.PLAIN)
    config = {"hosts": [nowhere]}

    async def main() -> list[Any]:
        made = aerospike.AsyncClient(config)
        found = [await of_async(made, name, rows.ALL[name][0], {}) for name in names]
        await made.close()
        return [kind(each) for each in found]

    other = make_plain_client(hosts=[nowhere])
    theirs = [kind(of_blocking(other, name, rows.ALL[name][0], {})) for name in names]
    assert [*zip(names, run(main()), strict=True)] == [*zip(names, theirs, strict=True)]


@once
def test_methods_that_do_not_wait_tell_that_the_client_has_not_connected(
    async_config, run
):
    async def main() -> list[Any]:
        made = aerospike.AsyncClient(async_config)
        found = {}
        for name in sorted(rows.PLAIN - rows.QUERIES):
            found[name] = await of_async(made, name, rows.ALL[name][0], {})
        await made.close()
        said = [name for name, each in found.items() if "await connect()" in str(each)]
        assert found["is_connected"] is False
        assert isinstance(found["get_policies"], dict)
        return said

    waiting = ["enable_metrics", "get_node_names", "get_nodes", "get_stats", "has_geo"]
    assert run(main()) == waiting


def test_wrong_host_is_found_before_any_node_is_told(client, async_config, run):
    """Both look for the hosts first."""
    hosts = [*client.get_nodes()[:1], ("no such host", 1)]
    command = "truncate:namespace=test;set=none"
    theirs = of_blocking(client, "info", (command, hosts), {})

    async def main() -> Any:
        async with aerospike.AsyncClient(async_config) as made:
            return await of_async(made, "info", (command, hosts), {})

    assert theirs[:3] == (exception.ParamError, -2, False)
    assert run(main()) == theirs
