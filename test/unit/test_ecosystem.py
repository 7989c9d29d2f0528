"""How a run of the PyPI client's suite is compared with the list of differences."""

import hashlib

import pytest

from ..ecosystem.official import DIFFERENCES, compare, listed, outcomes, passed_in
from ..ecosystem.official_devserver import SERVER_DIFFERENCES

REPORT = """<testsuites><testsuite>
<testcase classname="test.new_tests.test_a.TestA" name="test_good" />
<testcase classname="test.new_tests.test_a.TestA" name="test_bad[1]">
  <failure message="one" /></testcase>
<testcase classname="test.new_tests.test_a.TestA" name="test_bad[2]">
  <error message="two" /></testcase>
<testcase classname="test.new_tests.test_a" name="test_skips">
  <skipped message="three" /></testcase>
<testcase classname="" name="new_tests.test_b"><error message="no import" /></testcase>
</testsuite></testsuites>"""


def place(file, name, classname):
    text = f"test.new_tests.{file}{classname}::{name}"
    return file, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]


WANTED = {
    place("test_a", "test_good", ".TestA"),
    place("test_a", "test_bad[1]", ".TestA"),
    place("test_a", "test_bad[2]", ".TestA"),
    place("test_a", "test_skips", ""),
    place("test_b", "test_unread", ""),
}


def compared(tmp_path, text):
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    return compare(WANTED, outcomes(report), listed(text))


def test_failures_that_nobody_listed_are_shown(tmp_path):
    lines, n_unlisted = compared(tmp_path, "")
    assert n_unlisted == 4
    assert lines[0] == "1 of 5 tests pass"
    assert lines[1] == "4 fail and are not listed:"
    assert "  test_a::test_bad[1]  'failure: one'" in lines
    assert "  test_a::test_skips  'skipped: three'" in lines
    assert "  test_b::test_b  'error: no import'" in lines


def test_listed_failures_are_only_counted(tmp_path):
    text = """# a comment
    = a reason
    test_a::test_bad[1]
    test_a::test_skips
    test_a::test_good
    = another
    test_b
    """
    lines, n_unlisted = compared(tmp_path, text)
    assert n_unlisted == 1
    assert lines[1:3] == [
        "1 fail and are not listed:",
        "  test_a::test_bad[2]  'error: two'",
    ]
    assert lines[3:5] == ["1 entries are listed and pass:", "  test_a::test_good"]
    assert lines[5] == "3 differ for a reason that is listed"


def test_entry_without_parameters_stands_for_all_of_them(tmp_path):
    lines, n_unlisted = compared(tmp_path, "= a\ntest_a::test_bad\ntest_a\ntest_b")
    assert n_unlisted == 0
    assert lines[-1] == "4 differ for a reason that is listed"


@pytest.mark.parametrize("file", [DIFFERENCES, SERVER_DIFFERENCES])
def test_each_entry_of_a_list_has_a_reason(file):
    assert all(listed(file.read_text(encoding="utf-8")).values())


def test_file_of_passed_tests_names_files_and_hashes(tmp_path):
    file = tmp_path / "passed.txt"
    file.write_text("test_a 0123456789ab\ntest_b cba987654321\n", encoding="utf-8")
    assert passed_in(str(file)) == {
        ("test_a", "0123456789ab"),
        ("test_b", "cba987654321"),
    }
