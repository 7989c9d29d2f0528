"""The asynchronous client in the tests of others: pytest-asyncio, and the plugin."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
    import aerospike
    import pytest
    import pytest_asyncio

    @pytest_asyncio.fixture(scope="{scope}", loop_scope="{scope}")
    async def client(aerospike_config):
        async with aerospike.AsyncClient(aerospike_config) as made:
            yield made
"""

TESTS = """
    import asyncio
    import aerospike
    import pytest

    pytestmark = pytest.mark.asyncio(loop_scope="{scope}")

    @pytest.mark.parametrize("number", range(5))
    async def test_own_client(client, aerospike_key, number):
        await asyncio.gather(*(client.increment(aerospike_key, "n", 1) for _ in "1234"))
        assert (await client.get(aerospike_key)).bins == {{"n": 4}}

    @pytest.mark.parametrize("number", range(5))
    async def test_client_of_the_plugin(aerospike_async_client, aerospike_key, number):
        await aerospike_async_client.put(aerospike_key, {{"n": number}})
        assert (await aerospike_async_client.get(aerospike_key)).bins == {{"n": number}}

    async def test_closed_client(aerospike_async_client):
        await aerospike_async_client.close()

    async def test_call_that_nobody_awaits(aerospike_async_client, aerospike_key):
        aerospike_async_client.put(aerospike_key, {{"n": 1}})
"""


def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder for an inner pytest: its arguments."""
    monkeypatch.delenv("AEROSPIKE_HOSTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return ["-p", "aerospike_devserver.pytest_plugin", "-W", "error"]


@pytest.mark.parametrize("scope", ["function", "session"])
def test_pytest_asyncio(scope, pytester, monkeypatch):
    arguments = project(pytester, monkeypatch)
    pytester.makeconftest(CONFTEST.format(scope=scope))
    pytester.makepyfile(TESTS.format(scope=scope))
    arguments += ["-p", "pytest_asyncio.plugin"]
    arguments += ["-o", f"asyncio_default_fixture_loop_scope={scope}"]
    done = pytester.runpytest_subprocess(*arguments)
    done.assert_outcomes(passed=12)
    assert "Error" not in done.stderr.str()


def test_anyio(pytester, monkeypatch):
    arguments = project(pytester, monkeypatch)
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.anyio  # on asyncio and on trio

        async def test_record(aerospike_async_client, aerospike_key):
            await aerospike_async_client.put(aerospike_key, {"n": 1})
            assert (await aerospike_async_client.get(aerospike_key)).bins == {"n": 1}
        """
    )
    pytester.runpytest_subprocess(
        *arguments, "-p", "anyio.pytest_plugin"
    ).assert_outcomes(passed=2)


def test_plain_tests(pytester, monkeypatch):
    arguments = project(pytester, monkeypatch)
    pytester.makepyfile(
        """
        import asyncio
        import pytest
        import trio

        @pytest.mark.parametrize("run", [lambda f: asyncio.run(f()), trio.run])
        def test_record(run, aerospike_async_client, aerospike_key):
            async def main():
                await aerospike_async_client.put(aerospike_key, {"n": 1})
                return (await aerospike_async_client.get(aerospike_key)).bins

            assert run(main) == {"n": 1}

        def test_namespace_is_empty(aerospike_client, aerospike_async_client):
            assert aerospike_client.scan("test").results() == []
        """
    )
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=3)
