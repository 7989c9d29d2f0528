"""Calls of several requests end: by time that the test makes up, on nodes it plays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

import aerospike
from aerospike import exception
from aerospike._calls import blocking, functions, indexes, jobs, steps, waits
from aerospike._calls.blocking import answer, run
from aerospike._calls.requests import (
    Apart,
    Background,
    Info,
    Nodes,
    Pause,
    Request,
    UserPath,
)

if TYPE_CHECKING:
    from aerospike._calls.requests import Call

Answer = Callable[[float], str]
"""What a node says at a time; it may raise."""


JOB = 2**64 - 1


class Cluster:
    """Answers what calls yield; nodes are {name: answer}. Pauses take no time."""

    def __init__(self, nodes: dict[str, Answer]) -> None:
        self.nodes = nodes
        self.age = 0.0
        self.policies: list[Any] = []
        self.commands: list[str] = []  # those for one node
        self.user_path = "no such folder"
        self.before = ""  # how any node answers udf-get before udf-put
        self.begun: list[tuple[bool, Any, Any]] = []  # work in the background
        self.started_at = -1000.0  # what the nodes say by their uptime

    def answer(self, request: Request) -> Any:
        match request:
            case Pause(seconds):
                self.age += seconds
                return None
            case Apart():
                return request.make()
            case Nodes():
                return list(self.nodes)
            case UserPath():
                return self.user_path
            case Background(is_scan, spec, policy):
                self.begun.append((is_scan, spec, policy))
                return JOB
            case Info(command, policy, None):
                self.policies.append(policy)
                is_question = command.startswith("udf-get")
                return f"{command}\t{self.before if is_question else 'ok'}\n"
            case Info("statistics", None, str()):
                uptime = int(self.age - self.started_at)
                return f"statistics\tcluster_size=2;uptime={uptime};objects=1\n"
            case Info(command, policy, str(node)):
                self.policies.append(policy)
                self.commands.append(command)
                return f"{command}\t{self.nodes[node](self.age)}\n"
        raise AssertionError(request)


@pytest.fixture
def made_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Answer]], Cluster]:
    """Makes a cluster, whose age is the time of the waits."""

    def make(nodes: dict[str, Answer]) -> Cluster:
        cluster = Cluster(nodes)
        monkeypatch.setattr(waits, "monotonic", lambda: 1000.0 + cluster.age)
        return cluster

    return make


def loaded(percent: float) -> str:
    return f"entries=1;load_pct={int(percent)};load_time=1"


def ready(_: float) -> str:
    return loaded(100)


def stands(_: float) -> str:
    return loaded(40)


def silent(_: float) -> str:
    raise exception.TimeoutError(9, "no reply in 1000 ms", "", 0, False)


def down(_: float) -> str:
    raise exception.ConnectionError(-10, "refused", "", 0, False)


def absent(_: float) -> str:
    raise exception.IndexNotFound(201, "no index", "", 0, False)


def in_hours(age: float) -> str:
    """An index that takes a day: one percent in 14 minutes."""
    return loaded(min(100, age / 864))


def in_minutes(age: float) -> str:
    return loaded(min(100, 2 * age))


def in_hours_by_entries(age: float) -> str:
    """The same; the node says how many entries the index has by now."""
    return f"entries={int(age * 1000)};load_pct={int(min(100, age / 864))}"


POLICY = {"timeout": 5}


def create(cluster: Cluster) -> int:
    call = indexes.index_integer_create("test", "s", "b", "idx", POLICY)
    return run(call, cluster.answer)


def remove(cluster: Cluster) -> int:
    return run(indexes.index_remove("test", "idx", POLICY), cluster.answer)


def test_wait_ends_when_all_nodes_have_loaded(made_of):
    cluster = made_of({"A": ready, "B": in_minutes, "C": in_minutes})
    assert create(cluster) == 0
    assert 50 <= cluster.age < 51
    assert cluster.policies == [POLICY] * len(cluster.policies)


@pytest.mark.parametrize(
    ("call", "command"), [(create, "sindex-stat"), (remove, "sindex-exists")]
)
def test_wait_asks_for_the_index(made_of, call, command):
    cluster = made_of({"A": ready, "B": ready})
    assert call(cluster) == 0
    assert cluster.commands == [f"{command}:namespace=test;indexname=idx"] * 2


def test_wait_goes_on_while_one_node_comes_further(made_of):
    """However long; others may stand for longer than the limit."""
    starts_late = {"A": lambda age: loaded(0 if age < 3000 else 100), "B": ready}
    goes_on = {"C": lambda age: loaded(min(100, age / 40))}
    cluster = made_of(starts_late | goes_on)
    assert create(cluster) == 0
    assert 4000 <= cluster.age < 4001


def test_entries_are_progress_within_a_percent(made_of):
    cluster = made_of({"A": ready, "B": in_hours_by_entries})
    assert create(cluster) == 0
    assert 86_400 <= cluster.age < 86_401


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ({"A": ready, "B": stands}, "node B is at 40 %"),
        ({"A": stands, "B": silent}, "node B gave no answer for 60 s: no reply in"),
        ({"A": ready, "B": silent}, "node B gave no answer for 60 s: no reply in"),
        ({"A": in_minutes, "B": down}, "node B gave no answer for 60 s: refused"),
        ({"A": ready, "B": in_hours}, "node B is at 0 %"),
        ({}, "no node came further for 60 s: there is none"),
    ],
)
def test_wait_for_an_index_ends_and_names_the_node(made_of, nodes, text):
    cluster = made_of(nodes)
    with pytest.raises(
        exception.TimeoutError, match="index idx does not load"
    ) as caught:
        create(cluster)
    assert text in str(caught.value)
    assert "node A gave" not in str(caught.value)
    assert (caught.value.code, caught.value.in_doubt) == (9, True)
    assert 60 <= cluster.age < 62


def test_wait_ends_a_minute_after_the_last_progress(made_of):
    stops = {"A": lambda age: loaded(min(75, age))}
    cluster = made_of(stops)
    with pytest.raises(exception.TimeoutError, match="node A is at 75 %"):
        create(cluster)
    assert 135 <= cluster.age < 137


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda _: "true", "node B is at 0 %"),
        (silent, "node B gave no answer for 60 s"),
        (down, "node B gave no answer for 60 s"),
    ],
)
def test_wait_for_a_removal_ends_and_names_the_node(made_of, answer, text):
    cluster = made_of({"A": lambda _: "false", "B": answer})
    with pytest.raises(
        exception.TimeoutError, match="index idx is not removed"
    ) as caught:
        remove(cluster)
    assert text in str(caught.value)
    assert 60 <= cluster.age < 62
    assert cluster.policies == [POLICY] * len(cluster.policies)


@pytest.mark.parametrize("call", [create, remove])
def test_node_that_leaves_is_not_waited_for(made_of, call):
    cluster = made_of({"A": lambda _: "load_pct=100"})

    def leave(age: float) -> str:
        if age > 5:
            del cluster.nodes["B"]
        return silent(age)

    cluster.nodes["B"] = leave
    assert call(cluster) == 0
    assert 5 < cluster.age < 7


@pytest.mark.parametrize("call", [create, remove])
def test_node_that_is_silent_for_a_while_is_waited_for(made_of, call):
    answers = {"A": lambda age: silent(age) if age < 50 else "load_pct=100"}
    cluster = made_of(answers)
    assert call(cluster) == 0
    assert 50 <= cluster.age < 51


def test_index_that_does_not_appear(made_of):
    cluster = made_of({"A": ready, "B": absent})
    with pytest.raises(exception.IndexNotFound, match="not appear on node B"):
        create(cluster)
    assert 10 <= cluster.age < 12


def test_refusal_ends_the_wait_at_once(made_of):
    def refuses(_: float) -> str:
        raise exception.NamespaceNotFound(20, "unknown namespace", "", 0, False)

    cluster = made_of({"A": refuses})
    with pytest.raises(exception.NamespaceNotFound):
        create(cluster)
    assert cluster.age == 0


def test_error_of_a_request_is_raised_in_the_call():
    heard = []

    def call() -> Call[str]:
        try:
            yield Nodes()
        except KeyboardInterrupt as error:
            heard.append(error)
            raise
        return "never"

    def interrupted(_request: Request) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        run(call(), interrupted)
    assert heard == [caught.value]


def test_request_of_no_runner_is_a_type_error():
    def call() -> Call[None]:
        yield Request()

    nobody: Any = None
    with pytest.raises(TypeError, match="no runner"):
        run(call(), lambda request: answer(nobody, request))


RUNNING = {blocking.__file__, steps.__file__}


def outcome_with_raise_at(n: int) -> str:
    """What a call gives when StopIteration comes at the n-th line of its runner."""

    def call() -> Call[str]:
        yield Nodes()
        return "result"

    left = n

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in RUNNING:
            return None
        left -= event == "line"
        if left < 0:
            raise StopIteration("of a signal's handler")
        return trace

    sys.settrace(trace)
    try:
        return run(call(), lambda _: [])
    except (StopIteration, RuntimeError) as error:
        return type(error).__name__
    finally:
        sys.settrace(None)


def test_stop_iteration_of_others_is_no_result():
    outcomes = [outcome_with_raise_at(n) for n in range(40)]
    assert outcomes[-1] == "result"
    assert set(outcomes) <= {"result", "StopIteration", "RuntimeError"}
    assert outcomes.count("StopIteration") > 5


def test_stop_iteration_of_a_request_comes_out():
    def call() -> Call[None]:
        yield Nodes()

    def stops(_request: Request) -> None:
        raise StopIteration("of whoever asks")

    with pytest.raises(StopIteration, match="of whoever asks"):
        run(call(), stops)


SOURCE = "content=bGF0ZXI=;type=LUA;"  # of "later"


def without(_: float) -> str:
    raise exception.UDFError(100, "error=not_found", "", 0, False)


def from_five_seconds_on(age: float) -> str:
    return SOURCE if age >= 5 else "content=b2xk;type=LUA;"


def test_a_module_is_waited_for_on_every_node(made_of, tmp_path):
    (tmp_path / "m.lua").write_text("later")
    cluster = made_of({"A": lambda _: SOURCE, "B": from_five_seconds_on})
    cluster.before = OLDER
    cluster.user_path = str(tmp_path)
    assert run(functions.udf_put(str(tmp_path / "m.lua")), cluster.answer) == 0
    assert 5 <= cluster.age < 6
    assert set(cluster.commands) == {"udf-get:filename=m.lua"}


def test_a_module_that_does_not_reach_a_node_is_in_doubt(made_of, tmp_path):
    (tmp_path / "m.lua").write_text("later")
    cluster = made_of({"A": lambda _: SOURCE, "B": without})
    cluster.user_path = str(tmp_path)
    with pytest.raises(exception.TimeoutError, match="node B is at 0 %") as caught:
        run(functions.udf_put(str(tmp_path / "m.lua")), cluster.answer)
    assert caught.value.in_doubt
    assert 60 <= cluster.age < 62


def test_a_removed_module_is_waited_for_on_every_node(made_of):
    def gone_later(age: float) -> str:
        return "" if age >= 5 else "filename=m.lua,hash=00,type=LUA;"

    cluster = made_of({"A": lambda _: "", "B": gone_later})
    assert run(functions.udf_remove("m.lua"), cluster.answer) == 0
    assert 5 <= cluster.age < 6


# --- work in the background ---


def work(status: str, percent: float = 100, succeeded: int = 1, failed: int = 0) -> str:
    return (
        f"trid={JOB}:ns=test:status={status}:job-progress={percent:.2f}:"
        f"recs-succeeded={succeeded}:recs-failed={failed}:recs-filtered-meta=0"
    )


def done(_: float) -> str:
    return work("done(ok)")


def unknown(_: float) -> str:
    raise exception.RecordNotFound(2, "job not found", "", 0, False)


def works_until(end: float) -> Answer:
    """A node that has 100 % early, but is at work for longer."""

    def says(age: float) -> str:
        if age < end:
            return work("active(ok)", min(100, 10 * age), int(age))
        return done(age)

    return says


def scan_apply(cluster: Cluster) -> int:
    call = jobs.scan_apply("test", "s", "m", "f", [1], POLICY)
    return run(call, cluster.answer)


def query_apply(cluster: Cluster) -> int:
    call = jobs.query_apply("test", None, (0, 4, "a", 1), "m", "f", [], None)
    return run(call, cluster.answer)


@pytest.mark.parametrize("call", [scan_apply, query_apply])
def test_failures_of_all_nodes_are_summed_up(made_of, call):
    def fails_on_two(age: float) -> str:
        return work("active(ok)", failed=1) if age < 5 else work("done(ok)", failed=2)

    def fails_on_all(_: float) -> str:
        return work("done(ok)", succeeded=0, failed=40)

    cluster = made_of({"A": done, "B": fails_on_two, "C": fails_on_all, "D": unknown})
    with pytest.warns(exception.AerospikeWarning, match=r"m\.f failed on 42 of 44 rec"):
        assert call(cluster) == JOB


def test_work_is_begun_with_its_policy_and_waited_for(made_of):
    cluster = made_of({"A": works_until(100), "B": done, "C": unknown})
    assert scan_apply(cluster) == query_apply(cluster) == JOB
    assert 100 <= cluster.age < 101
    (scan, query) = cluster.begun
    spec = {"ns": "test", "set": "s", "module": "m", "function": "f"}
    assert scan == (True, spec | {"arguments": [1], "predicate": None}, POLICY)
    assert query[0] is False
    assert query[1]["predicate"] == (0, 4, "a", 1)
    assert (query[1]["set"], query[1]["arguments"]) == ("", [])
    assert set(cluster.commands) == {f"query-show:id={JOB}"}
    assert cluster.policies == [None] * len(cluster.policies)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda _: work("active(ok)", 40), "node B is at 40 %"),
        (lambda _: work("active(ok)", 100), "node B is at 99 %"),
        (silent, "node B gave no answer for 60 s"),
        (down, "node B gave no answer for 60 s"),
    ],
)
def test_wait_for_work_ends_and_names_the_node(made_of, answer, text):
    cluster = made_of({"A": done, "B": answer})
    what = f"job {JOB} does not end"
    with pytest.raises(exception.TimeoutError, match=what) as caught:
        scan_apply(cluster)
    assert text in str(caught.value)
    assert caught.value.in_doubt
    assert 60 <= cluster.age < 62


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (scan_apply, exception.ScanAbortedError, 15),
        (query_apply, exception.QueryAbortedError, 210),
    ],
)
def test_work_that_somebody_ends(made_of, call, error, code):
    cluster = made_of({"A": done, "B": lambda _: work("done(user-aborted)", 40)})
    with pytest.raises(error, match=r"on node B: done\(user-aborted\)") as caught:
        call(cluster)
    assert (caught.value.code, caught.value.in_doubt) == (code, True)
    assert caught.value.args[4] is True


def test_work_of_a_node_that_leaves_is_in_doubt(made_of):
    cluster = made_of({"A": done})

    def leaves(age: float) -> str:
        if age > 5:
            del cluster.nodes["B"]
        return works_until(50)(age)

    cluster.nodes["B"] = leaves
    with pytest.raises(exception.ClusterChangeError, match="node B has left") as caught:
        scan_apply(cluster)
    assert (caught.value.code, caught.value.in_doubt) == (7, True)
    assert 5 < cluster.age < 7


def test_a_node_that_leaves_when_its_work_is_done_is_no_error(made_of):
    cluster = made_of({"A": works_until(50)})

    def leaves(age: float) -> str:
        del cluster.nodes["B"]
        return done(age)

    cluster.nodes["B"] = leaves
    assert scan_apply(cluster) == JOB


def test_work_of_a_node_that_is_started_anew_is_in_doubt(made_of):
    def starts_anew(age: float) -> str:
        if age < 5:
            return works_until(50)(age)
        return down(age) if age < 9 else unknown(age)

    cluster = made_of({"A": done, "B": starts_anew})
    with pytest.raises(
        exception.ClusterChangeError, match="know it any more"
    ) as caught:
        scan_apply(cluster)
    assert caught.value.in_doubt
    assert 9 <= cluster.age < 10


def forgets(age: float) -> str:
    return works_until(50)(age) if age < 5 else unknown(age)


def test_work_of_a_node_that_is_started_anew_between_two_looks(made_of):
    cluster = made_of({"A": done, "B": forgets})
    cluster.started_at = 4.8
    with pytest.raises(
        exception.ClusterChangeError, match="node B was started anew"
    ) as caught:
        scan_apply(cluster)
    assert (caught.value.code, caught.value.in_doubt) == (7, True)


def test_a_node_may_forget_work_that_is_done(made_of):
    cluster = made_of({"A": done, "B": forgets})
    assert scan_apply(cluster) == JOB


NO_NUMBERS = ["nan", "inf", "", "x", "-1", "\udcff", "\u0664", "9" * 5000]


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("name", ["job-progress", "recs-succeeded"])
def test_what_a_node_says_of_work_may_be_malformed(made_of, name, text):
    cluster = made_of({"A": done, "B": lambda _: f"status=active(ok):{name}={text}"})
    with pytest.raises(exception.ClientError, match=f"malformed.*{name}") as caught:
        scan_apply(cluster)
    assert (caught.value.code, caught.value.in_doubt) == (-1, True)
    call = jobs.job_info(JOB, aerospike.JOB_QUERY)
    next(call)
    with pytest.raises(exception.ClientError, match=f"malformed.*{name}"):
        call.send({"A": (None, f"status=active(ok):{name}={text}")})


def test_a_node_that_does_not_tell_of_work_is_no_node_that_is_done():
    call = jobs.job_info(JOB, aerospike.JOB_QUERY)
    next(call)
    with pytest.raises(exception.ClientError, match="ERROR:81:role violation"):
        call.send({"A": (None, done(0)), "B": (None, "ERROR:81:role violation")})


def test_what_ends_a_wait_for_work_is_in_doubt(made_of):
    def refuses(_: float) -> str:
        raise exception.InvalidRequest(4, "", "", 0, False)

    with pytest.raises(exception.InvalidRequest) as caught:
        scan_apply(made_of({"A": done, "B": refuses}))
    assert caught.value.in_doubt


def test_a_node_that_joins_later_has_nothing_to_do(made_of):
    cluster = made_of({})

    def joined(age: float) -> str:
        cluster.nodes["B"] = unknown
        return works_until(5)(age)

    cluster.nodes["A"] = joined
    assert scan_apply(cluster) == JOB


# --- what nodes say of modules ---


@pytest.mark.parametrize(
    "text", ["", "junk", "type=LUA;", "content=a;", "content=!;", "content=\udcff;"]
)
def test_a_source_that_is_malformed(text):
    call = functions.udf_get("m.lua")
    next(call)
    with pytest.raises(exception.ClientError, match="malformed"):
        call.send(f"udf-get\t{text}\n")


def test_a_hash_of_any_bytes():
    call = functions.udf_list()
    next(call)
    with pytest.raises(StopIteration) as caught:
        call.send("udf-list\tfilename=m.lua,hash=\udcff,type=LUA;\n")
    (module,) = caught.value.value
    assert (module["name"], module["hash"]) == ("m.lua", b"\xff")


# --- the copy of a module ---


@pytest.fixture
def put(made_of, tmp_path):
    """put(folder) registers a module, whose copy goes to the folder."""
    source = tmp_path / "m.lua"
    source.write_text("later")
    cluster = made_of({"A": lambda _: SOURCE})

    def run_put(folder):
        cluster.user_path = str(folder)
        return run(functions.udf_put(str(source)), cluster.answer)

    return run_put


@pytest.mark.parametrize("before", [None, "older", "later"])
def test_a_module_is_copied_to_the_users_path(put, tmp_path, before):
    folder = tmp_path / "user_path"
    folder.mkdir()
    if before is not None:
        (folder / "m.lua").write_text(before)
    assert put(folder) == 0
    assert [path.name for path in folder.iterdir()] == ["m.lua"]
    assert (folder / "m.lua").read_text() == "later"


def test_a_module_that_lies_there_is_not_written_again(put, tmp_path):
    before = (tmp_path / "m.lua").stat()
    assert put(tmp_path) == 0
    after = (tmp_path / "m.lua").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_reader_of_the_copy_never_finds_a_part(put, tmp_path):
    folder = tmp_path / "user_path"
    folder.mkdir()
    (folder / "m.lua").write_text("older")
    with open(folder / "m.lua") as reader:
        put(folder)
        assert reader.read() == "older"


def test_a_copy_that_cannot_be_made_gives_a_warning(put, tmp_path, unwarned):
    with pytest.warns(aerospike.AerospikeWarning, match="could not copy the module"):
        assert put(tmp_path / "missing") == 0
    (tmp_path / "user_path" / "m.lua").mkdir(parents=True)
    with pytest.warns(aerospike.AerospikeWarning, match=r"m\.lua"):
        assert put(tmp_path / "user_path") == 0
    assert [path.name for path in (tmp_path / "user_path").iterdir()] == ["m.lua"]


@pytest.mark.parametrize("call", ["udf_put", "udf_remove"])
def test_a_node_that_leaves_is_not_waited_for_by_modules(made_of, tmp_path, call):
    (tmp_path / "m.lua").write_text("later")
    cluster = made_of({"A": lambda _: SOURCE})
    cluster.user_path = str(tmp_path)

    def leaves(age: float) -> str:
        if age > 5:
            del cluster.nodes["B"]
        return down(age)

    cluster.nodes["B"] = leaves
    argument = str(tmp_path / "m.lua") if call == "udf_put" else "m.lua"
    assert run(getattr(functions, call)(argument), cluster.answer) == 0
    assert 5 < cluster.age < 7


OLDER, OTHER = "content=b2xk;type=LUA;", "content=b3RoZXI=;type=LUA;"


@pytest.mark.parametrize(
    ("before", "found"), [("", OTHER), (OLDER, OTHER), (OLDER, "")]
)
def test_a_module_that_others_change_meanwhile(made_of, tmp_path, before, found):
    """What was put has been there, and nobody need wait for it."""
    (tmp_path / "m.lua").write_text("later")
    cluster = made_of({"A": lambda age: found if age > 3 else before})
    cluster.user_path, cluster.before = str(tmp_path), before
    assert run(functions.udf_put(str(tmp_path / "m.lua")), cluster.answer) == 0
    assert cluster.age < 5


def test_a_module_that_is_there_already(made_of, tmp_path):
    (tmp_path / "m.lua").write_text("later")
    cluster = made_of({"A": lambda _: SOURCE})
    cluster.user_path, cluster.before = str(tmp_path), SOURCE
    assert run(functions.udf_put(str(tmp_path / "m.lua")), cluster.answer) == 0
    assert cluster.age == 0
