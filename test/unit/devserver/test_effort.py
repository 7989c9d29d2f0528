"""Regular expressions that run away are given up; others are matched as ever."""

import math
import re

import pytest

from aerospike_devserver.operations.rows import CannotApply
from aerospike_devserver.operations.strings import effort
from aerospike_devserver.operations.strings.regex import GLOBAL, compiled, replace

RUNS_AWAY = "(a+)+$"
LONG = "a" * 60 + "b"


@pytest.mark.parametrize(
    ("pattern", "degree"),
    [
        ("abc", 0),
        ("a*", 1),
        ("a+?b*", 2),
        ("(?:a*)b{3}c{1,100}", 2),
        ("(x*){2}", 2),
        ("(a|b+)c*", 2),
        ("[ab]*", 1),
        (RUNS_AWAY, math.inf),
        ("(ab|cd)*", math.inf),
        ("(?=(a*)*)", math.inf),
        ("((a{20}b)*)c", math.inf),
    ],
)
def test_degree_is_that_of_the_worst_case(pattern, degree):
    assert effort._degree(re.compile(pattern)) == degree


def test_pattern_that_runs_away_is_given_up():
    with pytest.raises(CannotApply) as caught:
        effort.find(compiled(RUNS_AWAY, 0), LONG, 1)
    assert (caught.value.result, caught.value.subcode) == (26, 12)
    with pytest.raises(CannotApply):
        replace(RUNS_AWAY, GLOBAL, "x", LONG)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(?P<x>a)|(b)", "a*", "", r"\b", "z"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_outside_is_found_what_is_found_inside(pattern, count):
    expression = re.compile(pattern, re.IGNORECASE)
    text = "aAb \N{SNOWMAN} ab"
    inside = effort.find(expression, text, count)
    assert effort._find_outside(expression, text, count) == inside
    assert inside or pattern == "z"


def test_costly_pattern_that_ends_is_matched():
    assert effort.find(compiled("(a+)+b", 0), LONG, 1)[0].end == len(LONG)
    assert replace("(a+)+(b)", 0, "<$2>", LONG) == "<b>"
