"""How a run of the PyPI client's suite is compared with the list of differences."""

import hashlib

from ..ecosystem.official import DIFFERENCES, compare, listed, outcomes

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


def test_each_entry_of_the_list_has_a_reason():
    known = listed(DIFFERENCES.read_text(encoding="utf-8"))
    assert known
    assert all(known.values())
