"""The result codes: the library's table has each once, and every other list agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aerospike import exception
from aerospike_devserver.result import Result

ROOT = Path(__file__).parents[2]
HEADER = ROOT / "aerospike-client-c/include/asc/status.h"
ROW = re.compile(r'ROW\((\w+), (-?\d+), "([^"]*)",[\s\\]*"([^"]+)"\)')

ROWS = [
    (name, int(code), symbol, text)
    for name, code, symbol, text in ROW.findall(HEADER.read_text())
]
CODES = {code for _, code, _, _ in ROWS}


def test_table_has_each_name_number_and_text_once():
    assert len(ROWS) > 90
    for column in zip(*ROWS, strict=True):
        values = [value for value in column if value != ""]  # ours alone: no symbol
        assert len(set(values)) == len(values) > 90


def test_every_exception_of_today_has_its_code_in_the_table():
    old = {
        "LDTError",
        "UDFError",
    }  # their children: numbers that nothing sends any more
    codes = {
        name: code
        for parent, children in exception._CLASSES.items()
        if parent not in old
        for name, code in children.items()
        if code is not None
    }
    assert {name for name, code in codes.items() if code not in CODES} == set()


@pytest.mark.parametrize("result", Result)
def test_every_result_of_the_development_server_is_in_the_table(result):
    assert result.value in CODES


def test_numbers_of_codes_stand_in_the_table_alone():
    bare = re.compile(
        r"(?:asc_error_set(?:_os)?\([^,]+, |raise_code\(\w+, |raise_named\(\w+, )-?\d+"
        r"|(?:result|status|err\.code|err->code) [!=]= -?[1-9]\d*"
        r"|case -?\d+: /\*[^*]*(?:error|abort|not found)"
        r"|(?:NOT_FOUND|FAILED|RESPONSE) (?:= )?\(?-?\d+"
    )
    folders = (ROOT / "aerospike-client-c/src", ROOT / "src/aerospike/_core")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in folders
        for path in sorted(folder.rglob("*.[ch]"))
        for match in bare.finditer(path.read_text())
    ]
    assert found == []
