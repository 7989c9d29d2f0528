"""The arithmetic of benchmarks/blocking.py."""

import pytest

import blocking
import workers
from figures import Spread


def rounds(*seconds):
    return [{"wall_s": wall, "cpu_s": cpu} for wall, cpu in seconds]


def test_compare_pairs_each_round():
    ours = rounds((1.0, 0.5), (2.0, 0.5), (4.0, 0.5))
    theirs = rounds((2.0, 1.0), (2.0, 2.0), (2.0, 0.25))
    row = blocking.compare("get", 1000, ours, theirs)
    assert row.rate_ratio == Spread(0.5, 1.0, 2.0)
    assert row.cpu_ratio == Spread(0.25, 0.5, 2.0)
    assert row.ours_wall_us == pytest.approx(2000)
    assert row.theirs_cpu_us == pytest.approx(1000)


def test_table_row_lines_up_with_header():
    row = blocking.compare("x" * 17, 10, rounds((0.5, 0.2)), rounds((0.4, 0.3)))
    widths = {
        len(line) for line in (*blocking.HEADER.splitlines(), blocking.table_row(row))
    }
    assert len(widths) == 1
    assert widths.pop() <= 88


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("127.0.0.1:3000", [("127.0.0.1", 3000)]),
        ("a:3000, [::1]:3010", [("a", 3000), ("::1", 3010)]),
    ],
)
def test_parse_hosts_gives_address_and_port(text, hosts):
    assert workers.parse_hosts(text) == hosts
