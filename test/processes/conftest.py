"""A server that the scripts share, with records and functions for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aerospike

from ..lua_modules import registered

SET = "processes"
N_RECORDS = 300
LUA = """\
local function one(r) return 1 end
local function add(a, b) return a + b end
function count(s) return s : map(one) : reduce(add) end
function numbers(s) return s : map(function(r) return r.n end) end
"""


@pytest.fixture(scope="module")
def functions(
    client: aerospike.Client, lua_config: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """The folder and the name of a module in Lua, and N_RECORDS records in SET.

    Each file has its own: tests of other files empty the server that they share.
    """
    folder = lua_config["lua"]["user_path"]
    keys = [("test", SET, n) for n in range(N_RECORDS)]
    for key in keys:
        client.put(key, {"n": key[2], "text": "x" * 1000})
    with registered(client, Path(folder), LUA) as module:
        yield folder, module
    client.batch_remove(keys)
