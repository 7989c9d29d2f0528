"""What benchmarks/loops.py and its kin make of the turns of a run."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import islice

import pytest

import chart
import loop_report
import loop_worker
import results
import run
import workers
from loop_workloads import BY_NAME, N_KEYS, WORKLOADS
from loops import BLOCKING, FLOOR, NATIVE, OURS, SIDES, Results, Sample


def turns(*pairs):
    return [Sample(rate, cpu_us) for rate, cpu_us in pairs]


def results_of(**samples):
    """Of the workload get-64, by the names of sides in this module."""
    sides = {"ours": OURS, "native": NATIVE, "blocking": BLOCKING, "floor": FLOOR}
    return Results(
        "Aerospike 8",
        len(next(iter(samples.values()))),
        {"this client": "20", "aerospike-native": "1"},
        samples={("get-64", sides[name]): turns for name, turns in samples.items()},
    )


def test_a_sample_counts_records():
    answer = {"n": 10, "wall_s": 2.0, "cpu_s": 0.5}
    assert Sample.of(answer, BY_NAME["get-64"]) == Sample(5, 50_000)
    assert Sample.of(answer, BY_NAME["batch-8"]) == Sample(500, 500)


def test_ratios_pair_the_turns_of_a_round():
    found = results_of(ours=turns((4, 1), (9, 2)), native=turns((2, 4), (3, 4)))
    assert found.ratio("get-64", OURS, NATIVE, "rate").max == 3
    assert found.ratio("get-64", OURS, NATIVE, "cpu_us").min == 0.25
    assert found.ratio("get-64", OURS, BLOCKING, "rate") is None


@pytest.mark.parametrize(
    ("rate", "floor", "met"),
    [(250, 1000, "yes"), (240, 1000, "no"), (240, 300, "yes"), (240, 301, "no")],
)
def test_a_rate_meets_its_goal_by_a_rival_or_by_the_bare_loop(rate, floor, met):
    found = results_of(
        ours=turns((rate, 1)), native=turns((100, 1)), floor=turns((floor, 1))
    )
    goal, measured, verdict = loop_report.verdicts(found)[0].cells()
    assert "2.5 times aerospike-native" in goal
    assert "0.8 times the bare loop" in goal
    assert measured.startswith(f"{rate / 100:.2f}; ")
    assert verdict == met


@pytest.mark.parametrize(("cpu_us", "met"), [(30, "yes"), (31, "no")])
def test_cpu_time_meets_its_goal_below_the_limit(cpu_us, met):
    found = results_of(ours=turns((1, cpu_us)), native=turns((1, 100)))
    assert loop_report.verdicts(found)[1].cells()[2] == met


def test_a_goal_without_its_rival_is_not_told():
    found = results_of(ours=turns((1, 1)))
    assert loop_report.verdicts(found) == []


def test_the_section_tells_who_is_missing():
    found = replace(results_of(ours=turns((98765, 3.21))), skipped={"x": "x: no wheel"})
    section = loop_report.section(found)
    assert "98,765 (3.21)" in section
    assert "Without x: no wheel." in section
    assert "Aerospike 8" in section


def test_a_section_of_the_results_is_replaced_and_no_more(tmp_path):
    page = tmp_path / "RESULTS.md"
    page.write_text(
        "before\n<!-- a: written by make bench -->\nold\n<!-- end of a -->\nz\n"
    )
    results.replace(page, "a", "new")
    results.replace(page, "a", "newer")
    assert page.read_text() == (
        "before\n<!-- a: written by make bench -->\n\nnewer\n<!-- end of a -->\nz\n"
    )
    with pytest.raises(workers.Failed, match="no section 'b'"):
        results.replace(page, "b", "new")


def test_a_run_writes_two_pages_and_a_picture(tmp_path):
    found = results_of(ours=turns((98765, 3.21)))
    page = loop_report.FIGURES[0]
    for name, section in ((results.PAGE, "loops and threads"), (page, "figures")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("".join(results.marks(section)))
    run.write(tmp_path, loop_report.GROUP, loop_report.found_of(found))
    assert "98,765 (3.21)" in (tmp_path / results.PAGE).read_text()
    assert "98,765 (3.21)" in (tmp_path / page).read_text()
    assert "98,765/s" in (tmp_path / loop_report.PICTURE[0]).read_text()


def test_bars_are_as_long_as_what_they_stand_for():
    bars = [chart.Bar("a & b", 50, "<50>", "other"), chart.Bar("c", 100, "", "ours")]
    text = chart.svg("x", "Title", [chart.Group("Group", bars)])
    picture = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    kinds = {
        rect.get("class"): int(rect.get("width", ""))
        for rect in picture.iter(f"{space}rect")
    }
    assert kinds["ours"] == 2 * kinds["other"]
    assert {"a & b", "<50>", "Group"} <= {t.text for t in picture.iter(f"{space}text")}


def test_the_drawing_shows_each_number_of_calls_under_way():
    found = results_of(ours=turns((98765, 3.2)), floor=turns((120000, 2)))
    drawing = loop_report.drawing(found)
    assert "64 gets under way" in drawing
    assert "98,765/s" in drawing


def test_sides_have_titles_of_their_own():
    assert len({side.title for side in SIDES}) == len(SIDES)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_tasks_begin_at_different_keys(workload):
    worker = loop_worker.Worker()
    worker.arguments = {workload.call: list(range(N_KEYS))}
    shares = list(worker._shares(workload, 3))
    assert len(shares) == workload.in_flight
    firsts = [list(islice(share, 4)) for share in shares]
    assert {len(first) for first in firsts} == {3}
    assert len({first[0] for first in firsts}) == workload.in_flight
