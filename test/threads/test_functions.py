"""Functions in Lua that many threads call, register and remove at once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from aerospike import exception

from ..lua_modules import registered
from .test_threads import run_threads

SOURCE = """\
function add(rec, bin, n)
  rec[bin] = (rec[bin] or 0) + n
  if aerospike:exists(rec) then
    aerospike:update(rec)
  else
    aerospike:create(rec)
  end
  return rec[bin]
end
function fail(rec, x)
  error(x)
end
"""
N_THREADS, N_CALLS = 8, 40


@pytest.fixture
def module(client, tmp_path):
    with registered(client, tmp_path, SOURCE) as name:
        yield name


def test_calls_of_many_threads_are_right(client, module, key):
    """All add to one record, at once; none is lost, none gets another's value."""
    values: list[list[int]] = [[] for _ in range(N_THREADS)]

    def work(number: int) -> None:
        for n in range(N_CALLS):
            values[number].append(client.apply(key, module, "add", ["n", 1]))
            text = f"{number}-{n}"
            with pytest.raises(exception.UDFError, match=text) as caught:
                client.apply(key, module, "fail", (text,))
            assert caught.value.func == "fail"

    targets: Any = [lambda number=n: work(number) for n in range(N_THREADS)]
    assert run_threads(targets) == []
    assert client.get(key)[2] == {"n": N_THREADS * N_CALLS}
    found = sorted(value for one in values for value in one)
    assert found == list(range(1, N_THREADS * N_CALLS + 1))


def test_modules_of_many_threads(client, module, tmp_path, key):
    """Each has a module of its own, and all call another one meanwhile."""

    def work() -> None:
        name = f"threads_{uuid.uuid4().hex}"
        path = tmp_path / f"{name}.lua"
        for version in range(3):
            path.write_text(f"function version() return {version} end\n")
            client.udf_put(str(path))
            assert client.apply(key, name, "version", []) == version
            client.apply(key, module, "add", ["n", 1])
            assert path.name in [found["name"] for found in client.udf_list()]
            assert client.udf_get(path.name) == path.read_text()
            client.udf_remove(path.name)
            with pytest.raises(exception.UDFError):
                client.apply(key, name, "version", [])

    assert run_threads([work] * N_THREADS) == []
    assert client.get(key)[2] == {"n": N_THREADS * 3}


def test_one_module_put_by_many_threads(client, module, tmp_path, key):
    """All put the same source: a deployment that several workers make at once."""
    name = f"threads_{uuid.uuid4().hex}"
    path = tmp_path / f"{name}.lua"
    path.write_text("function one() return 1 end\n")

    def work() -> None:
        client.udf_put(str(path))
        assert client.apply(key, name, "one", []) == 1

    try:
        assert run_threads([work] * N_THREADS) == []
    finally:
        client.udf_remove(path.name)


def test_background_work_of_many_threads(client, module):
    keys = [("test", "threads_work", n) for n in range(20)]
    for key in keys:
        client.put(key, {"n": 0})

    def work() -> None:
        for _ in range(2):
            client.scan_apply("test", "threads_work", module, "add", ["n", 1])

    try:
        assert run_threads([work] * N_THREADS) == []
        found = [bins["n"] for _, _, bins in client.get_many(keys)]
        assert found == [N_THREADS * 2] * len(keys)
    finally:
        client.batch_remove(keys)


def test_one_name_put_with_many_sources(client, module, tmp_path, key):
    """The last one stays; none waits for what another has replaced."""
    name = f"threads_{uuid.uuid4().hex}"

    def work(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / f"{name}.lua"
        path.write_text(f"function version() return {number} end\n")
        client.udf_put(str(path))
        assert client.apply(key, name, "version", []) in range(N_THREADS)

    targets: Any = [lambda number=n: work(number) for n in range(N_THREADS)]
    try:
        assert run_threads(targets) == []
    finally:
        client.udf_remove(f"{name}.lua")
