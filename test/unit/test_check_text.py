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
