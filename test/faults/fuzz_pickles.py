"""Run by `test_pickles.py`, and by hand: mutated and made-up pickles are loaded.

    python fuzz_pickles.py SECONDS SEED

In a process of its own with 400 MB: each must give a value or its bytes, within two
seconds of processor time. Prints how many there were; the worst one on a failure.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import logging
import pathlib
import pickle
import random
import resource
import sys
import time
import uuid
from typing import Any

from aerospike import _pickle

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bombs  # type: ignore[import-not-found]


class Record(collections.namedtuple("Record", "a b")):
    """A class that a configuration names."""

    __slots__ = ()


class Thing:
    """Another one, with attributes and a hash of its own."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return type(other) is Thing and self.value == other.value


def values() -> list[Any]:
    """Values of all types that can be read."""
    shared = ("a", 1, (2.5, None))
    flat: list[Any] = [
        *(1, -1, 2**70, 2.5, True, None, "text", "é" * 50, b"bytes", bytearray(b"x")),
        *(1j, range(3), slice(1, 2), {1, 2}, frozenset({1}), {"a": 1}, [1, 2], (1, 2)),
        *(datetime.date(2026, 1, 2), datetime.timedelta(1), uuid.UUID(int=5)),
        datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
        *(decimal.Decimal("1.5"), fractions.Fraction(1, 3)),
        *(collections.deque([1], 3), collections.Counter("abca")),
        *(collections.OrderedDict(a=1), Record(1, shared), Thing(shared)),
    ]
    return [*flat, flat, [shared] * 5, {shared: shared, (shared, 1): {shared}}]


SEEDS = [pickle.dumps(v, p) for v in values() for p in range(6)]
SEEDS += [data for data in bombs.BOMBS.values() if len(data) < 5000]
CLASSES = _pickle.class_table([Record, Thing])

NAMES = [
    bombs.name(module, attribute)
    for module, attribute in [*_pickle._KNOWN, ("__main__", "Thing")]
]
PIECES = [
    *(b"N", b"K\1", b"\x88", b"(", b")", b"]", b"}", b"\x8f", b"2", b"0", b"."),
    *(b"\x85", b"\x86", b"\x87", b"t", b"l", b"d", b"a", b"s", b"e", b"u", b"\x90"),
    *(b"\x91", b"\x94", b"b", b"R", b"\x81", b"\x92", b"22\x87", b"2\x86", b"N\x86"),
    *(b"q%c" % i for i in range(6)),
    *(b"h%c" % i for i in range(6)),
    *(bombs.text(word) for word in ("int", "a", "latin1")),
    *(bombs.short(bombs.P * i) for i in range(3)),
    *(b")" + b"2\x86" * n for n in (3, 9, 30)),
    *(bombs.UUID, bombs.STATE, b"}(NNu", b"](NNe", *NAMES),
]


def mutated(rng: random.Random) -> bytes:
    """A good pickle, or a bad one, with a few changes."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at:at] = rng.choice(PIECES) * rng.choice((1, 1, 2, 50))
            case 2:
                del data[at : at + rng.randint(1, 4)]
                data += b"." if not data else b""
            case _:
                other = rng.choice(SEEDS)
                data[at:] = other[rng.randrange(len(other)) :]
    return bytes(data)


def made_up(rng: random.Random) -> bytes:
    """Instructions in any order."""
    pieces = (rng.choice(PIECES) for _ in range(rng.randint(3, 60)))
    return b"".join(pieces) + b"."


def main(seconds: str, seed: str) -> None:
    """Load until the time is up."""
    logging.getLogger("aerospike").addHandler(logging.NullHandler())
    limit = 400 << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 20, int(seconds) + 20))
    rng = random.Random(int(seed))
    n = n_read = 0
    end = time.process_time() + float(seconds)
    while time.process_time() < end:
        data = rng.choice((mutated, made_up))(rng)
        classes = rng.choice((None, CLASSES))
        begin = time.process_time()
        found = _pickle.loads(data, classes, None)
        took = time.process_time() - begin
        if took > 2:
            sys.exit(f"{took:.1f} s for {data!r}")
        n += 1
        n_read += type(found) is not bytearray
    print(n, n_read)


if __name__ == "__main__":
    main(*sys.argv[1:])
