"""Each rule of tools/check_borrowed.py."""

from pathlib import Path

import pytest

import check_borrowed

CORE = Path("src/aerospike/_core")
NO_REASON = 'without a comment "borrowed: why it is safe"'


def check(tmp_path, capsys, text, name="a.c"):
    path = tmp_path / CORE / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    status = check_borrowed.main([str(tmp_path)])
    return status, capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = PyDict_GetItem(d, k);\n", 1, "PyDict_GetItem borrows: "),
        ("\nx = PyDict_GetItemWithError(d, k);\n", 2, "PyDict_GetItemRef owns"),
        ("x = PyDict_GetItemString(d, n);\n", 1, "PyDict_GetItemStringRef owns"),
        ("x = _PyDict_GetItemWithError(d, n);\n", 1, "PyDict_GetItemRef owns"),
        (
            "x = PyList_GetItem(l, 0); /* borrowed: yes */\n",
            1,
            "PyList_GetItemRef owns",
        ),
        ("while (PyDict_Next(d, &at, &k, &v)) {\n}\n", 1, f"PyDict_Next {NO_REASON}"),
        ("x = PyTuple_GET_ITEM(t, 0);\n", 1, f"PyTuple_GET_ITEM {NO_REASON}"),
        ("x = PyList_GET_ITEM(l, 0);\n", 1, f"PyList_GET_ITEM {NO_REASON}"),
        ("x = PySequence_Fast_GET_ITEM(l, 0);\n", 1, NO_REASON),
        ("x = PyByteArray_AS_STRING(b);\n", 1, NO_REASON),
        ("/* borrowed: a */\ny = 1;\nx = PyList_GET_ITEM(l, 0);\n", 3, NO_REASON),
        ("/* borrowed: */ x = PyList_GET_ITEM(l, 0);\n", 1, NO_REASON),
        ("/* fine */ x = PyList_GET_ITEM(l, 0);\n", 1, NO_REASON),
        ('f("borrowed: text", PyList_GET_ITEM(l, 0));\n', 1, NO_REASON),
    ],
)
def test_violation_is_reported(tmp_path, capsys, text, line, message):
    status, out = check(tmp_path, capsys, text)
    assert status == 1
    assert out.startswith(f"{CORE}/a.c:{line}: ")
    assert message in out
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "rc = PyDict_GetItemRef(d, k, &x);\n",
        "rc = PyDict_GetItemStringRef(d, n, &x);\n",
        "x = PyList_GET_ITEM(l, 0); /* borrowed: for a look */\n",
        "/* borrowed: nothing\n * runs */\nwhile (PyDict_Next(d, &at, &k, &v)) {\n",
        "/* borrowed: both */\nf(PyTuple_GET_ITEM(t, 0),\n  PyTuple_GET_ITEM(t, 1));\n",
        "if (a &&\n    PyTuple_GET_ITEM(t, 0) == b) { /* borrowed: for a look */\n",
        "/* PyDict_GetItem() would borrow */\n",
        'puts("PyDict_Next");\n',
        "PyList_SET_ITEM(l, 0, x);\n",
    ],
)
def test_what_owns_or_says_why_not_passes(tmp_path, capsys, text):
    assert check(tmp_path, capsys, text) == (0, "")


def test_header_that_makes_up_for_older_pythons_may_borrow(tmp_path, capsys):
    text = "x = PyDict_GetItemWithError(d, k); /* borrowed: owned at once */\n"
    assert check(tmp_path, capsys, text, "support/compat.h") == (0, "")


def test_not_even_that_header_may_borrow_without_a_reason(tmp_path, capsys):
    status, out = check(
        tmp_path, capsys, "x = PyList_GetItem(l, 0);\n", "support/compat.h"
    )
    assert status == 1
    assert NO_REASON in out


def test_the_extension_passes():
    root = Path(__file__).parents[2]
    assert list(check_borrowed.violations(root)) == []
