"""Each rule of tools/check_text.py."""

import pytest

import check_text


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.py", b"x = 1 \n", "a.py:1: blank at the end of the line"),
        ("a.c", b"int x;\n\tint y;\n", "a.c:2: tab"),
        ("a.md", b"one\r\n", "a.md:1: carriage return"),
        ("a.toml", b"x = 1", "a.toml:1: the file must end in one line break"),
        ("a.sh", b"x=1\n\n", "a.sh:3: the file must end in one line break"),
        ("a.h", b"/" * 89 + b"\n", "a.h:1: 89 characters wide, more than 88"),
        ("a.c", b"\n/* \xe9 */\n", "a.c:2: not UTF-8"),
    ],
)
def test_violation_is_reported(tmp_path, capsys, name, data, message):
    (tmp_path / name).write_bytes(data)
    assert check_text.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == message + "\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Makefile", b"x:\n\ty\n"),
        ("__init__.py", b""),
        ("a.py", b"x = 1\n"),
        ("data.bin", b"\xff \n"),
        (".venv/a.py", b"x \n"),
        ("build/a.c", b"\t\n"),
    ],
)
def test_fine_or_foreign_file_passes(tmp_path, capsys, name, data):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    assert check_text.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


LONG = " ".join(["Word"] + ["word"] * 40)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Logins are in work.", 1, '"in work"; in plain words: not supported yet'),
        ("One node tells\nof the others.", 1, '"tells of"; in plain words: say'),
        ("# Title\n\nOne.\nIt is so, in order to be.", 4, '"in order to"; in plain'),
        ("| a | b |\n| --- | --- |\n| `x` | works as it did |", 3, '"works as it did"'),
        ("- one\n- `two`: **whereof** it is", 2, '"whereof"'),
        ("It is so. Of the keys are two wrong.", 1, '"Of the"; in plain words: begin'),
        ("It ends. Nor does the other.", 1, '"Nor does"; in plain words: repeat'),
        ("Should the\nnode fail, wait.", 1, '"Should the"; in plain words: if'),
        ("```python\nx\n```\nUtilise it.", 4, '"Utilise"; in plain words: use'),
        (f"Short.\n{LONG}.", 2, "a sentence of 41 words, more than 40"),
        (f"`code` {LONG}.", 1, "a sentence of 42 words, more than 40"),
    ],
)
def test_prose_that_is_not_plain_is_reported(tmp_path, capsys, text, line, message):
    (tmp_path / "a.md").write_text(text + "\n", encoding="utf-8")
    assert check_text.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith(f"a.md:{line}: {message}")
    assert printed.count("a.md") == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "# Logins are in work."),
        ("test/a.md", "Logins are in work."),
        ("a.md", "```console\n$ echo in work\n```"),
        ("a.md", "The call `x in work` is code, [and](in-order-to.md) a link."),
        ("a.md", "Run this:\n\n    make thus"),
        (
            "a.md",
            "The end of the list. Neither key is wrong; one of them may be.",
        ),
        ("a.md", f"| {LONG} | b |"),
        ("a.md", f"{LONG[:-5]}.\n`code` {LONG[:-10]}."),
        ("a.md", f"- {LONG[:-5]}\n- {LONG[:-5]}\n\n{LONG[:-5]}"),
        ("a.md", f"`{LONG}` is one word."),
    ],
)
def test_plain_or_foreign_prose_passes(tmp_path, capsys, name, text):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    assert check_text.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
