"""What tools/check_prose.py finds, and what it leaves alone."""

import pytest

check_prose = pytest.importorskip(
    "check_prose", reason="proselint is missing", exc_type=ImportError
)


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("a.md", "One.\n\nIt is the\nthe same.\n", 3, "'the the'"),
        (
            "a.md",
            "| a | b |\n| --- | --- |\n| an added bonus | c |\n",
            3,
            "added bonus",
        ),
        ("a.py", "x = 1\n# this is the the end\n", 2, "'the the'"),
        ("a.py", 'def f():\n    """One\n\n    conversate with it."""\n', 4, "converse"),
        ("a.py", "# it knows\n# nothing of that\n", 1, "in plain words: does not"),
        ("a.c", "int x;\n/* It is\n * is so. */\n", 2, "'is is'"),
        ("a.h", 'char *x = "it was for ever and ever";\n', 1, "archaic"),
    ],
)
def test_mistake_is_reported(tmp_path, capsys, name, text, line, message):
    (tmp_path / name).write_text(text)
    assert check_prose.main([str(tmp_path)]) == 1
    report = capsys.readouterr().out
    assert report.startswith(f"{name}:{line}: ")
    assert message in report


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "It is `the the` same.\n\n```python\nthe the\n```\n"),
        ("a.md", "One ends so\n\nSo begins another.\n"),
        ("a.py", "the = the\nx = 1  # owned\ny = 2  # owned\n"),
        ("a.py", 'x = "the the"\n'),  # too short to be a text
        ("a.py", 'x = """\nimport sys\nsys.exit(1)\n"""\n'),  # a program
        ("a.c", "x = 1; /* owned */\ny = 2; /* owned */\n"),
        ("test/a.md", "It is the the same.\n"),
    ],
)
def test_fine_text_passes(tmp_path, capsys, name, text):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert check_prose.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
