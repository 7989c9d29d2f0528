"""What tools/measure_code.py counts, and each of its limits passed and kept."""

import pytest

import measure_code
from measure_code import (
    Comments,
    Function,
    c_comments,
    c_functions,
    c_lines,
    largest_cycle,
    n_cloned,
    percentile,
    python_comments,
    python_functions,
    python_lines,
)

C_TEXT = """\
/* A head
 * of two lines. */
#include <stdio.h>

typedef struct pair {
    int a, b; /* numbers */
} pair;

static int
first(const pair *p,
      int other)
{
    return p->a; // "no text"
}

METHOD(second)
{
    puts("/* no comment */");
}
"""


def test_functions_of_c_begin_with_their_names_or_macros():
    assert c_functions(C_TEXT) == [Function(10, 5), Function(16, 4)]


def test_comments_of_c_are_counted_by_lines():
    assert c_comments(C_TEXT) == Comments(n_lines=16, n_pure=2, n_any=4)


def test_lines_of_c_are_without_comments_and_lone_brackets():
    assert c_lines(C_TEXT) == [
        "typedef struct pair {",
        "int a, b;",
        "} pair;",
        "static int",
        "first(const pair *p,",
        "int other)",
        "return p->a;",
        "METHOD(second)",
        'puts("/* no comment */");',
    ]


PYTHON_TEXT = '''\
"""A head
of two lines."""
import sys

@decorated
def first(
    a,
):
    # why
    def second(): return a  # beside

    return second
'''


def test_functions_of_python_are_without_decorators():
    assert python_functions(PYTHON_TEXT) == [Function(6, 7), Function(10, 1)]


def test_comments_of_python_are_docstrings_and_lines_of_their_own():
    assert python_comments(PYTHON_TEXT) == Comments(n_lines=10, n_pure=3, n_any=3)


def test_lines_of_python_are_without_comments_and_imports():
    assert python_lines(PYTHON_TEXT) == [
        '"""A head',
        'of two lines."""',
        "@decorated",
        "def first(",
        "a,",
        "):",
        "def second(): return a # beside",
        "return second",
    ]


@pytest.mark.parametrize(
    ("files", "n_lines"),
    [
        (["abcdefgh", "xabcdefghy"], 16),
        (["abcdefghi", "abcdefghi"], 18),
        (["abcdefghabcdefgh"], 16),
        (["abcdefg", "abcdefg"], 0),
        (["abcdefgh", "abcdefgx"], 0),
        (["aaaaaaaaa"], 9),  # two runs that overlap
    ],
)
def test_clones_are_runs_of_eight_that_come_twice(files, n_lines):
    assert n_cloned(files) == n_lines


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ("", ""),
        ("ab bc ac", ""),
        ("ab ba", "ab"),
        ("ab bc ca cd de ed", "abc"),
        ("ab ba bc cb", "abc"),
    ],
)
def test_largest_cycle_holds_what_reaches_itself(edges, cycle):
    assert largest_cycle({(a, b) for a, b in edges.split()}) == list(cycle)


def test_percentile_is_one_of_the_values():
    assert [percentile(range(1, 11), q) for q in (0.5, 0.9, 1)] == [5, 9, 10]
    assert percentile([], 0.9) == 0


LIB = "aerospike-client-c/src/"
ASC = "aerospike-client-c/include/asc/"
CORE = "src/aerospike/_core/"
HELPERS = "src/aerospike_helpers/operations/list_operations.py"

FINE = {
    LIB + "base/buf.c": '#include "asc/buf.h"\n\nint\nf(void)\n{\n    return 1;\n}\n',
    ASC + "buf.h": "int f(void);\n",
    CORE + "record/record.c": '#include "asc/buf.h"\n',
    CORE + "rows.c": '{1013, "OP_LIST_TRIM"}\n',
    HELPERS: "def list_trim(): return 1\n",
    "src/aerospike/_constants.py": "OP_LIST_TRIM = 1\n",
    "src/aerospike/_direct.py": "def list_trim(self): ...\n",
    "src/aerospike/_query.py": '"""As list_trim."""\n# as list_trim\n',
    CORE + "state.h": "/* as list_trim */\n",
    "src/aerospike/_core.pyi": "def list_trim(): ...\n",
    "aerospike-client-c/test/ut_lists.c": "list_trim();\n",
}


@pytest.fixture
def measure(tmp_path, capsys):
    """Make a tree of the fine files and the given ones; the status and the lines."""

    def run(changed, *args):
        for name, text in {**FINE, **changed}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        status = measure_code.main([*args, str(tmp_path)])
        return status, capsys.readouterr().out.splitlines()

    return run


def test_fine_tree_passes_no_limit(measure):
    status, lines = measure({})
    assert status == 0
    assert lines[0] == measure_code.HEADER
    assert len(lines[1].split()) == len(lines[0].split()) + 3  # a name, two shares
    assert lines[-3].startswith(
        "includes: 0 in the library, 0 in the extension, 1 from"
    )
    assert lines[-2] == "largest cycle: 1"
    assert lines[-1].startswith("files of an operation on lists: at most 4 (list_trim:")
    assert lines[-1].endswith("; 5 with a method of the 2.x line")


LONG_C = "int\ng(void)\n{\n" + "".join(f"    f({i});\n" for i in range(58)) + "}\n"
TWICE = "\n".join("abcdefgh") + "\n"
PASSED = {
    "a function over 60 lines": (
        {LIB + "net/long.c": LONG_C},
        "library .c: functions over 60 lines: 50.0%, the limit is 1.0%",
    ),
    "copied lines": (
        {"src/aerospike_devserver/a.py": TWICE, "src/aerospike_devserver/b.py": TWICE},
        "devserver: clones: 100.0%, the limit is 1.0%",
    ),
    "a conditional inside another": (
        {"tools/a.py": "x = a if b else c if d else e\n"},
        "tools: nested conditionals: 1, the limit is 0",
    ),
    "two modules that include each other by way of a public header": (
        {
            ASC + "buf.h": '#include "asc/log.h"\n',
            LIB + "base/log.c": '#include "asc/buf.h"\n',
            ASC + "log.h": "",
        },
        "modules in one cycle: 2, the limit is 1",
    ),
    "an operation in five files": (
        {CORE + "names.h": "D(list_trim)\n"},
        "files of the operation list_trim: 5, the limit is 4",
    ),
}


@pytest.mark.parametrize(("changed", "message"), PASSED.values(), ids=PASSED)
def test_limit_that_is_passed_is_named(measure, changed, message):
    status, lines = measure(changed)
    assert status == 1
    assert [
        line for line in lines if "the limit is" in line and "all C" not in line
    ] == [message]


def test_report_passes_no_judgement(measure):
    changed, message = PASSED["an operation in five files"]
    status, lines = measure(changed, "--report")
    assert status == 0
    assert lines[-1] == message
