"""Matching with a limit: another process does what may take long, and can be ended.

Python's engine backtracks and cannot be interrupted. This module estimates from the
pattern how long it may take: a repetition without a bound adds a power of the text's
length, and one within another makes that an exponent. What is cheap by that estimate,
nearly everything, is matched here. The reference server counts steps, some five
million.
"""

from __future__ import annotations

import json
import math
import re
import sys
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from aerospike_devserver.loading import LOADING
from aerospike_devserver.operations.strings.errors import REGEX_LIMIT, impossible

MAX_STEPS = 5_000_000
CPU_S = 1
"""Seconds of the processor that a match may take in a process of its own."""
WALL_S = 30
_MANY = 16
"""A count beyond that is taken for none; an exponent up to that does no harm."""

_NEW = sys.version_info >= (3, 11)
_parser: Any = import_module("re._parser" if _NEW else "sre_parse")

_CHILD = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_S}, {CPU_S}))
pattern, flags, text, count = json.load(sys.stdin)
found = []
for match in re.compile(pattern, flags).finditer(text):
    found.append([*match.span(), [match[0], *match.groups()]])
    if len(found) == count:
        break
json.dump(found, sys.stdout)
"""


class Found(NamedTuple):
    """A match: where, and the text of each group, None = it took no part."""

    start: int
    end: int
    groups: list[str | None]


def find(expression: re.Pattern[str], text: str, count: int) -> list[Found]:
    """The first so many matches, 0 = all; 26 with a sub-code if that takes too long."""
    if _steps(_degree(expression), len(text)) > MAX_STEPS:
        return _find_outside(expression, text, count)
    found: list[Found] = []
    for match in expression.finditer(text):
        found.append(Found(*match.span(), [match[0], *match.groups()]))
        if len(found) == count:
            break
    return found


def _find_outside(expression: re.Pattern[str], text: str, count: int) -> list[Found]:
    with LOADING:
        import signal
        import subprocess

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _CHILD],
        input=json.dumps([expression.pattern, expression.flags, text, count]),
        stdout=subprocess.PIPE,
        text=True,
        timeout=WALL_S,
    )
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise impossible("the regular expression takes too long", REGEX_LIMIT)
    done.check_returncode()
    return [Found(*match) for match in json.loads(done.stdout)]


def _steps(degree: float, size: int) -> float:
    """An upper estimate, for a text of so many characters."""
    if math.isinf(degree):
        return math.inf if size > _MANY else 0.0
    return math.pow(size, degree + 1)


@lru_cache(maxsize=256)
def _degree(expression: re.Pattern[str]) -> float:
    """Of the power of a text's length that a match may take; inf: it is an exponent."""
    degree: float = _degree_of(_parser.parse(expression.pattern, expression.flags))
    return degree


def _degree_of(part: Any) -> float:
    """Of a parsed part: a sequence of (code, argument), or what holds such."""
    if isinstance(part, (list, tuple, _parser.SubPattern)):
        if len(part) == 2 and str(part[0]).endswith("REPEAT"):
            return _repeated(*part[1])
        return sum(_degree_of(each) for each in part)
    return 0.0


def _repeated(_low: int, high: int, body: Any) -> float:
    """Of a repetition. Alternatives in one may match the same in many ways."""
    inner = _degree_of(body)
    if int(high) <= _MANY:
        return inner * int(high)
    return math.inf if inner or "BRANCH" in repr(body) else 1.0
