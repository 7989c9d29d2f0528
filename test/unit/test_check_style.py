"""Each rule of tools/check_style.py, failing and passing on texts made for it."""

import pytest

import check_style
from check_style import BLOCKING_RUNNER, NESTED, SLEEPS, nested_in_c, nested_in_python


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = a ? b : c ? d : e;\n", [1]),
        ("x = a ? b ? c : d : e;\n", [1]),
        ("x = a ? b\n    : c ? d\n    : e ? f : g;\n", [2, 3]),
        ("x = a ? b : (c ? d : e);\n", [1]),
        ("x = (a ? b : c) ? d : e;\n", [1]),
        ("x = a ? b : 1 + f(y, c ? d : e)[0];\n", [1]),
        ("x = a ? f(b ? c : d) : e;\n", [1]),
        ("x = a ? y, b : c ? d : e;\n", [1]),
        ("x = a == (b ? c : d) ? e : f;\n", [1]),
        ("x = a ? (T){b ? c : d} : e;\n", [1]),
        ("return a ? b : c >= d ? e : f;\n", [1]),
        ("case A:\n    return a ? b : c ? d : e;\n", [2]),
        ("#define M(a) \\\n    ((a) ? 1 : (a) ? 2 : 3)\n", [2]),
        ("f(a ? b : /* why */ c ? d : e);\n", [1]),
    ],
)
def test_nested_conditional_of_c_is_found(text, lines):
    assert nested_in_c(text) == lines


@pytest.mark.parametrize(
    "text",
    [
        "x = a ? b : c;\ny = d ? e : f;\n",
        "f(a ? b : c, d ? e : f);\n",
        "f(a ? b : c) + g(d ? e : f);\n",
        "x[a ? b : c] = d ? e : f;\n",
        "x[a ? b : c] |= d ? e : f;\n",
        "T x = {.a = b ? c : d, .e = f ? g : h};\n",
        "if (a ? b : c) {\n    x = d ? e : f;\n}\nreturn g ? h : i;\n",
        "if (a ? b : c)\n    x = d ? e : f;\n",
        "for (i = a ? b : c; i < (d ? e : f); i += g ? 1 : 2) {\n}\n",
        "switch (a ? b : c) {\ncase 1:\n    return d ? e : f;\n}\n",
        "#define A(x) ((x) ? 1 : 2)\n#define B(x) (x) ? 1 : 2\nx = a ? b : c;\n",
        "x = a ? '?' : \"b ? c : d\"; /* e ? f : g */ // h ? i : j\n",
        "ROW(a, b ? c : d)\nROW(e, f ? g : h)\n",
        ")]}\nx = a ? b : c;\n",  # the other arm of an #if opened them
    ],
)
def test_conditionals_beside_each_other_pass_in_c(text):
    assert nested_in_c(text) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = a if b else c if d else e\n", [1]),
        ("x = (a if b else c) if d else e\n", [1]),
        ("x = a if (b if c else d) else e\n", [1]),
        ("x = f(a if b else c) if d else e\n", [1]),
        ("x = a if b else (\n    c if d else e if f else g\n)\n", [2, 2]),
        ("x = [a if b else c for y in z] if d else e\n", [1]),
        ("x = a if b else c\ny = [d if e else f, g if h else i]\n", []),
        ("x = [a if b else c for y in (d if e else f)]\n", []),
        ("x = 'a if b else c if d else e'\n", []),
    ],
)
def test_nested_conditional_of_python_is_found(text, lines):
    assert nested_in_python(text) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import time\n\ntime.sleep(1)\n", [3]),
        ("import time as clock\npause = clock.sleep\n", [2]),
        ("def f():\n    import time\n    time.sleep(1)\n", [3]),
        ("from time import monotonic, sleep\n", [1]),
        ("from time import sleep as wait\n", [1]),
        ("from time import *\n", [1]),
        ("import time\ntime.monotonic()\nasyncio.sleep(1)\n", []),
        ("from time import monotonic\n", []),
        ("from .time import sleep\n", []),
    ],
)
def test_sleeping_is_found_under_any_name(text, lines):
    assert check_style.sleeps(text) == lines


@pytest.fixture
def check(tmp_path, capsys):
    """Make a tree of the given files; return the status and what is printed of it."""

    def run(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_style.main([str(tmp_path)]), capsys.readouterr().out

    return run


def test_violations_are_printed_with_their_place(check):
    status, out = check(
        {
            "aerospike-client-c/src/net/a.c": "int x = a ? b : c ? d : e;\n",
            "aerospike-client-c/test/a.h": "\nint x = a ? b : c ? d : e;\n",
            "src/aerospike/_core/record/b.c": "int x = a ? b : c ? d : e;\n",
            "src/aerospike/_query.py": "import time\ntime.sleep(1)\n",
            "tools/c.py": "x = a if b else c if d else e\n",
        }
    )
    assert status == 1
    assert out.splitlines() == [
        f"aerospike-client-c/src/net/a.c:1: {NESTED}",
        f"aerospike-client-c/test/a.h:2: {NESTED}",
        f"src/aerospike/_core/record/b.c:1: {NESTED}",
        f"tools/c.py:1: {NESTED}",
        f"src/aerospike/_query.py:2: {SLEEPS}",
    ]


def test_good_tree_prints_nothing(check):
    sleeping = "import time\ntime.sleep(1)\n"
    nested = "x = a if b else c if d else e\n"
    files = {
        str(BLOCKING_RUNNER): sleeping,
        "src/aerospike_devserver/a.py": sleeping,
        "test/b.py": sleeping,
        "test/conformance/cases/c.py": nested,
        "build/d.py": nested,
    }
    assert check(files) == (0, "")
