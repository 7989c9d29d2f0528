"""Each rule of tools/check_layers.py, failing on a small tree made for it."""

import pathlib

import pytest

import check_layers

ROOT = pathlib.Path(__file__).parents[2]
SERVER = "src/aerospike_devserver/"
LIB = "aerospike-client-c/src/"
ASC = "aerospike-client-c/include/asc/"
CORE = "src/aerospike/_core/"

GOOD = {
    ASC + "buf.h": "#include <stddef.h>\n",
    ASC + "command.h": '#include "asc/buf.h"\n',
    LIB + "base/buf.c": '#include "asc/buf.h"\n',
    LIB + "net/pool.h": '#include "asc/buf.h"\n',
    LIB + "net/pool.c": '#include "net/pool.h"\n#include <poll.h>\n',
    LIB + "command/single.c": '#include "net/pool.h"\n#include "asc/command.h"\n',
    CORE + "support/state.h": "#include <Python.h>\n",
    CORE + "record/record.c": '#include "support/state.h"\n',
    CORE + "module.c": '#include "support/state.h"\n#include "asc/command.h"\n',
    "src/aerospike/__init__.py": "from . import _core\nimport aerospike_helpers\n",
    "src/aerospike_devserver/cli.py": "import socket\nfrom .cluster import x\n",
    "src/aerospike_devserver/pytest_plugin.py": "import aerospike\n",
}


@pytest.fixture
def violations(tmp_path):
    """Make a tree of the good files and the given ones; return what is reported."""

    def check(changed):
        for name, text in {**GOOD, **changed}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_layers.violations(tmp_path)

    return check


def test_good_tree_has_no_violation(violations):
    assert violations({}) == []


def test_this_checkout_has_no_violation():
    assert check_layers.violations(ROOT) == []


BAD = {
    "a lower layer includes a higher one": (
        {LIB + "wire/reader.c": '\n#include "net/pool.h"\n'},
        LIB + 'wire/reader.c:2: "net/pool.h" stands above the layer wire',
    ),
    "a public header stands where its like-named source stands": (
        {
            LIB + "command/batch.c": "",
            ASC + "batch.h": "",
            LIB + "base/time.c": '#include "asc/batch.h"\n',
        },
        LIB + 'base/time.c:1: "asc/batch.h" stands above the layer base',
    ),
    "a public header stands as high as what it includes": (
        {
            LIB + "cluster/cluster.c": "",
            ASC + "cluster.h": "",
            ASC + "types.h": '#include "asc/cluster.h"\n',
            LIB + "net/tls.c": '#include "asc/types.h"\n',
        },
        LIB + 'net/tls.c:1: "asc/types.h" stands above the layer net',
    ),
    "a folder that is no layer": (
        {LIB + "misc/x.c": ""},
        LIB + "misc/x.c: not in one of the folders "
        "base, wire, net, tls, topology, cluster, command",
    ),
    "a layer above includes what has a library of its own": (
        {
            LIB + "tls/tls.c": "",
            ASC + "tls.h": "",
            LIB + "cluster/cluster.c": '#include "asc/tls.h"\n',
        },
        LIB + 'cluster/cluster.c:1: "asc/tls.h" is in the library of tls',
    ),
    "a private header included by its bare name": (
        {LIB + "net/tcp.c": '#include "pool.h"\n'},
        LIB + 'net/tcp.c:1: "pool.h": write it as layer/name.h',
    ),
    "a private header that does not exist": (
        {LIB + "net/tcp.c": '#include "net/gone.h"\n'},
        LIB + 'net/tcp.c:1: "net/gone.h" is not in this tree',
    ),
    "a public header includes a private one": (
        {ASC + "x.h": '#include "net/pool.h"\n'},
        ASC + 'x.h:1: "net/pool.h" in a public header',
    ),
    "a public header includes its sibling by the bare name": (
        {ASC + "x.h": '#include "buf.h"\n'},
        ASC + 'x.h:1: "buf.h" in a public header',
    ),
    "the extension includes a private header": (
        {CORE + "support/args.c": '#include "net/pool.h"\n'},
        CORE + 'support/args.c:1: "net/pool.h" is private to the library',
    ),
    "a room of the extension includes a higher one": (
        {
            CORE + "options/policy.h": "",
            CORE + "values/keys.c": '\n#include "options/policy.h"\n',
        },
        CORE + 'values/keys.c:2: "options/policy.h" does not stand below values',
    ),
    "a room of the extension includes one beside it": (
        {
            CORE + "batch/batch.h": "",
            CORE + "record/record.c": '#include "batch/batch.h"\n',
        },
        CORE + 'record/record.c:1: "batch/batch.h" does not stand below record',
    ),
    "a file of the extension outside its rooms": (
        {CORE + "misc/x.c": ""},
        CORE + "misc/x.c: has no place in CORE_ORDER of check_layers.py",
    ),
    "two modules of the extension in a circle": (
        {
            CORE + "values/a.h": "",
            CORE + "values/b.h": "",
            CORE + "values/a.c": '#include "values/b.h"\n',
            CORE + "values/b.c": '#include "values/a.h"\n',
        },
        "modules include each other: values/a -> values/b -> values/a",
    ),
    "Python.h in the library": (
        {LIB + "base/log.c": "#include <Python.h>\n"},
        LIB + "base/log.c:1: Python.h in the library",
    ),
    "Python.h in a public header": (
        {ASC + "x.h": "#  include <Python.h>\n"},
        ASC + "x.h:1: Python.h in the library",
    ),
    "a header that includes itself": (
        {LIB + "net/a.h": '#include "net/a.h"\n'},
        LIB + "net/a.h: include cycle: a.h -> a.h",
    ),
    "two modules that include each other from their sources": (
        {
            LIB + "net/a.h": "",
            LIB + "net/a.c": '#include "net/b.h"\n',
            LIB + "net/b.h": "",
            LIB + "net/b.c": '#include "net/a.h"\n',
        },
        "modules include each other: net/a -> net/b -> net/a",
    ),
    "three modules in a circle, by way of a public header": (
        {
            ASC + "a.h": "",
            LIB + "net/a.c": '#include "net/b.h"\n',
            LIB + "net/b.h": '#include "net/c.h"\n',
            LIB + "net/c.h": "",
            LIB + "net/c.c": '#include "asc/a.h"\n',
        },
        "modules include each other: net/a -> net/b -> net/c -> net/a",
    ),
    "a public header without a source in a circle": (
        {
            ASC + "a.h": '#include "asc/b.h"\n',
            ASC + "b.h": "",
            LIB + "base/b.c": '#include "asc/a.h"\n',
        },
        "modules include each other: asc/a -> base/b -> asc/a",
    ),
    "the server imports the client": (
        {SERVER + "version.py": "def f():\n    import aerospike.exception\n"},
        SERVER + "version.py:2: aerospike_devserver imports aerospike",
    ),
    "the server imports the client by name": (
        {
            SERVER + "version.py": "import importlib\n"
            "importlib.import_module('aerospike_helpers.cdt_ctx')\n"
        },
        SERVER + "version.py:2: aerospike_devserver imports aerospike_helpers",
    ),
    "the client imports the server": (
        {"src/aerospike/x.py": "from aerospike_devserver import DevCluster\n"},
        "src/aerospike/x.py:1: aerospike imports aerospike_devserver",
    ),
    "the helpers import the server": (
        {"src/aerospike_helpers/x.py": "import aerospike_devserver as d\n"},
        "src/aerospike_helpers/x.py:1: aerospike_helpers imports aerospike_devserver",
    ),
    "the functions of Lua import the server": (
        {"src/aerospike_lua/x.py": "from aerospike_devserver import DevCluster\n"},
        "src/aerospike_lua/x.py:1: aerospike_lua imports aerospike_devserver",
    ),
    "the functions of Lua import the client": (
        {"src/aerospike_lua/x.py": "import aerospike\n"},
        "src/aerospike_lua/x.py:1: aerospike_lua imports aerospike",
    ),
}


SERVER_FILES = {
    SERVER + "values/values.py": "",
    SERVER + "codec/frame.py": "from aerospike_devserver.values import values\n",
    SERVER + "storage/record.py": "from ..codec import frame\n",
    SERVER + "operations/__init__.py": "",
    SERVER + "operations/rows.py": "from aerospike_devserver.codec.frame import x\n",
    SERVER + "operations/cdt/lists.py": "import aerospike_devserver.operations.rows\n",
    SERVER + "handlers/record/batch.py": "",
    SERVER + "handlers/record/record.py": "from .command import x\n",
    SERVER + "handlers/record/command.py": "from ...storage.record import Record\n",
}
BAD_SERVER = {
    "codec imports handlers": (
        {"codec/frame.py": "from aerospike_devserver.handlers.record import batch\n"},
        ("codec/frame.py:1", "handlers.record.batch", "codec.frame"),
    ),
    "codec imports handlers by a relative name": (
        {"codec/frame.py": "\nfrom ..handlers.record.batch import x\n"},
        ("codec/frame.py:2", "handlers.record.batch", "codec.frame"),
    ),
    "values import the codec in a function": (
        {
            "values/values.py": "def f():\n    from ..codec import frame\n",
            "codec/frame.py": "",
        },
        ("values/values.py:2", "codec.frame", "values.values"),
    ),
    "operations import storage, which stands beside them, for type checkers": (
        {
            "operations/rows.py": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import aerospike_devserver.storage.record\n"
        },
        ("operations/rows.py:3", "storage.record", "operations.rows"),
    ),
    "operations import a family of their own": (
        {"operations/arguments.py": "from .cdt import lists\n"},
        ("operations/arguments.py:1", "operations.cdt.lists", "operations.arguments"),
    ),
}


def test_order_of_the_server_is_good(violations):
    assert violations(SERVER_FILES) == []


@pytest.mark.parametrize(("files", "parts"), BAD_SERVER.values(), ids=BAD_SERVER)
def test_import_against_the_order_of_the_server_is_reported(violations, files, parts):
    changed = {SERVER + name: text for name, text in files.items()}
    where, upper, lower = parts
    names = (f"aerospike_devserver.{name}" for name in (upper, lower))
    message = f"{SERVER}{where}: {' does not stand below '.join(names)}"
    assert violations(SERVER_FILES | changed) == [message]


def test_a_module_of_the_server_without_a_place_is_reported(violations):
    assert violations({SERVER + "model/record.py": ""}) == [
        f"{SERVER}model/record.py: has no place in SERVER_ORDER of check_layers.py"
    ]


PACKAGE = "src/aerospike_helpers/"
CIRCLES = {
    "two modules": (
        {"a.py": "from aerospike_helpers import b\n", "b.py": "from .a import x\n"},
        (".a", ".b", ".a"),
    ),
    "two modules, one in a function, one for type checkers": (
        {
            "a.py": "def f():\n    import aerospike_helpers.b\n",
            "b.py": "if TYPE_CHECKING:\n    from aerospike_helpers.a import x\n",
        },
        (".a", ".b", ".a"),
    ),
    "a package and its module": (
        {"__init__.py": "from .a import x\n", "a.py": "from . import y\n"},
        ("", ".a", ""),
    ),
    "three modules": (
        {
            "a.py": "from . import b\n",
            "b.py": "from . import x\n",
            "__init__.py": "from . import a\n",
        },
        ("", ".a", ".b", ""),
    ),
}


@pytest.mark.parametrize(("files", "circle"), CIRCLES.values(), ids=CIRCLES)
def test_modules_that_import_each_other_are_reported(violations, files, circle):
    changed = {PACKAGE + name: text for name, text in files.items()}
    names = " -> ".join(f"aerospike_helpers{part}" for part in circle)
    assert violations(changed) == [f"modules import each other: {names}"]


def test_a_package_may_import_its_modules(violations):
    files = {
        PACKAGE + "__init__.py": "from . import a, b\n",
        PACKAGE + "a.py": "from .b import x\nimport aerospike_helpers.a\n",
        PACKAGE + "b.py": "import json\n",
    }
    assert violations(files) == []


@pytest.mark.parametrize(("files", "message"), BAD.values(), ids=BAD)
def test_violation_is_reported(violations, files, message):
    assert violations(files) == [message]


def test_headers_that_include_each_other_are_reported_as_modules_too(violations):
    files = {
        LIB + "net/a.h": '#include "net/b.h"\n',
        LIB + "net/b.h": '#include "net/a.h"\n',
    }
    assert violations(files) == [
        LIB + "net/a.h: include cycle: a.h -> b.h -> a.h",
        "modules include each other: net/a -> net/b -> net/a",
    ]


def test_a_topology_file_may_not_include_a_cluster_header(violations):
    files = {
        LIB + "cluster/tend.h": "",
        LIB + "topology/node.c": '#include "cluster/tend.h"\n',
    }
    assert violations(files) == [
        LIB + 'topology/node.c:1: "cluster/tend.h" stands above the layer topology'
    ]


def test_a_module_may_include_its_own_headers(violations):
    files = {
        ASC + "set.h": "",
        LIB + "command/set.h": '#include "asc/set.h"\n',
        LIB + "command/set.c": '#include "command/set.h"\n#include "asc/set.h"\n',
    }
    assert violations(files) == []


def test_include_in_a_comment_does_not_count(violations):
    text = '/*\n#include "command/x.h"\n*/\n// #include "net/pool.h"\n'
    assert violations({LIB + "base/time.c": text}) == []


def test_relative_import_is_no_import_of_a_package(violations):
    text = "from . import aerospike\nfrom .aerospike import x\n"
    assert violations({SERVER + "version.py": text}) == []


def test_main_prints_violations_and_fails(violations, tmp_path, capsys):
    violations({LIB + "base/log.c": "#include <Python.h>\n"})
    assert check_layers.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{LIB}base/log.c:1: Python.h in the library\n"
