"""Background queries, and what a node tells of its queries."""

import os
import re
import struct

import pytest

from aerospike_devserver import DevCluster

from ...waiting import LATE_S, until
from .functions import BACKGROUND, function, register, unregister
from .packing import Raw, pack
from .querying import ALL, Shelf, equal, span
from .rawwire import (
    BLOB,
    DELETE_ALL,
    GET_NO_BINS,
    INT,
    OP_INCR,
    PARTITION_DONE,
    READ,
    TOUCH,
    WRITE,
    Connection,
    Row,
    get,
    i64,
    message,
    parse_rows,
    proto,
    put,
    put_int,
)

OP_EXP_MODIFY = 8
N_SLOW = 100
"""Records that take a query longer than a test may, at one in a second."""
A = Raw(b"\xa1a")
SHORT = 0x04


def write(name, value):
    """An operation of a background query."""
    return put_int(name, value)


def incr(name, value):
    return OP_INCR, name, INT, i64(value)


class Worker(Shelf):
    """A shelf whose records background queries change."""

    def start(self, *fields, ops=(), info=(0, WRITE, 0), task=None):
        """The messages that a background query is answered with at once."""
        task = os.urandom(8) if task is None else task
        own = [] if any(kind == 1 for kind, _ in fields) else [(1, self.set_name)]
        body = message(info, [(0, b"test"), *own, (7, task), *fields], ops)
        return self.connection.stream(body)

    def run(self, *fields, **options):
        """Let a background query do its work; what the job says in the end."""
        task = os.urandom(8)
        (answer,) = self.start(*fields, task=task, **options)
        assert (answer.info3, answer.result) == (1, 0)
        return self.wait(task)

    def wait(self, task):
        """What a job says once it is done."""
        until(lambda: self.job(task)["status"].startswith("done"))
        return self.job(task)

    def job(self, task):
        """A job's pairs; no status while there is no such job."""
        number = int.from_bytes(task, "big")
        (text,) = self.connection.info(f"query-show:id={number}")
        if text == "ERROR:2:job not found":
            return {"status": ""}
        return dict(pair.split("=") for pair in text.split(":"))

    def values(self, name):
        """The integers in a bin of all records, sorted."""
        return sorted(
            struct.unpack(">q", op[3])[0]
            for row in self.rows()
            for op in row.ops
            if op[1] == name and op[2] == INT
        )


@pytest.fixture
def worker(connection):
    """Records with a = 0 ... 5, which are their labels too."""
    made = Worker(connection)
    made.fill({i: {b"a": i, b"s": "x"} for i in range(6)})
    yield made
    made.clear()


@pytest.mark.parametrize(
    ("ops", "name", "values"),
    [
        ([write(b"w", 7)], b"w", [7] * 6),
        ([incr(b"a", 10)], b"a", [10, 11, 12, 13, 14, 15]),
        ([incr(b"a", 1), incr(b"a", 1)], b"a", [2, 3, 4, 5, 6, 7]),
        ([put(b"a", 0, b"")], b"a", []),
        ([DELETE_ALL], b"a", []),
        ([TOUCH], b"a", [0, 1, 2, 3, 4, 5]),
        (
            [(OP_EXP_MODIFY, b"a", BLOB, pack([[20, [81, 2, A], 5], 0]))],
            b"a",
            [5, 6, 7, 8, 9, 10],
        ),
    ],
)
def test_operations_change_all_records(worker, ops, name, values):
    shown = worker.run(ops=ops)
    assert worker.values(name) == values
    assert shown["recs-succeeded"] == "6"
    assert shown["recs-failed"] == "0"


def test_filter_and_condition_choose_records(worker):
    worker.index("bin=a;type=numeric")
    shown = worker.run((43, pack([3, [81, 2, A], 3])), ops=[write(b"w", 1)])
    assert worker.values(b"w") == [1, 1]
    assert shown["recs-filtered-bins"] == "4"
    shown = worker.run((43, pack([71])), ops=[write(b"w", 9)])
    assert shown["recs-filtered-meta"] == "6"
    shown = worker.run(span(b"a", 1, 3), ops=[incr(b"w", 2)])
    assert worker.values(b"w") == [1, 1, 2, 2, 2]
    assert shown["sindex-name"] == worker.indexes[0]


def test_failing_operations_are_counted(worker):
    shown = worker.run(ops=[incr(b"s", 1)])
    assert (shown["recs-succeeded"], shown["recs-failed"]) == ("0", "6")
    assert shown["status"] == "done(ok)"


def test_records_of_other_sets_stay(worker, record):
    record.write(put_int(b"a", 1))
    worker.run(ops=[write(b"a", 7)])
    assert record.get().bins == {b"a": (INT, i64(1))}


def test_ttl_is_that_of_the_query(worker):
    body = message((0, WRITE, 0), worker.fields((7, os.urandom(8))), [TOUCH], ttl=1000)
    assert [row.result for row in worker.connection.stream(body)] == [0]
    fields = worker.fields((4, worker.digest_of(1)))
    exists = message((READ | GET_NO_BINS, 0, 0), fields)
    until(lambda: worker.connection.command(exists).void_time)


@pytest.mark.parametrize(
    ("fields", "options", "result"),
    [
        ([], {}, 4),
        ([], {"ops": [get(b"a")]}, 4),
        ([], {"ops": [write(b"w", 1)], "info": (READ, WRITE, 0)}, 4),
        ([], {"ops": [write(b"w", 1)], "info": (SHORT, WRITE, 0)}, 4),
        ([(10, struct.pack(">I", 10_001))], {"ops": [write(b"w", 1)]}, 4),
        ([(43, b"\5")], {"ops": [write(b"w", 1)]}, 4),
        ([], {"ops": [(OP_EXP_MODIFY, b"a", BLOB, b"\x91\x05\x05")]}, None),
        ([], {"ops": [(OP_EXP_MODIFY, b"a", BLOB, pack([[99], 0]))]}, 4),
        ([(1, b"nosuch")], {"ops": [write(b"w", 1)]}, 2),
        ([span(b"a", 1)], {"ops": [write(b"w", 1)]}, 201),
        ([equal(b"a", b"x" * 2048)], {"ops": [write(b"w", 1)]}, 4),
    ],
)
def test_background_query_is_refused(worker, fields, options, result):
    (answer,) = worker.start(*fields, **options)
    if result is None:
        assert answer.result in (0, 4)
    else:
        assert (answer.info3, answer.result) == (0, result)


def test_task_id_serves_once(worker):
    task = os.urandom(8)
    (answer,) = worker.start(ops=[TOUCH], task=task)
    assert answer.result == 0
    (answer,) = worker.start(ops=[TOUCH], task=task)
    assert answer.result == 4
    assert worker.refusal((7, task)) == 4


def test_job_tells_of_itself(worker):
    task = os.urandom(8)
    worker.start((10, struct.pack(">I", 500)), ops=[write(b"w", 1)], task=task)
    shown = worker.wait(task)
    port = worker.connection.sock.getsockname()[1]
    expected = {
        "trid": str(int.from_bytes(task, "big")),
        "ns": "test",
        "set": worker.set_name.decode(),
        "rps": "500",
        "active-threads": "0",
        "status": "done(ok)",
        "job-progress": "100.00",
        "recs-throttled": "6",
        "recs-filtered-meta": "0",
        "recs-filtered-bins": "0",
        "recs-succeeded": "6",
        "recs-failed": "0",
        "from": f"127.0.0.1+{port}",
        "job-type": "background-ops",
        "net-io-bytes": "30",
        "socket-timeout": "10000",
        "ops-active": "0",
    }
    times = {"run-time", "time-since-done"}
    assert {key: shown[key] for key in shown if key not in times} == expected
    assert times < set(shown)
    (text,) = worker.connection.info("query-show")
    assert any(f"trid={expected['trid']}:" in job for job in text.split(";"))


def test_foreground_query_tells_of_itself(worker):
    task = os.urandom(8)
    digest = worker.digest_of(1)
    fields = [(11, b"\1\0\2\0"), (12, b"\3\0" + digest[2:]), (9, b"\0\0\x03\xe8")]
    worker.rows((7, task), partitions=fields)
    shown = worker.wait(task)
    assert list(shown) == [
        "trid",
        "ns",
        "set",
        "n-pids-requested",
        "n-keyds-requested",
        "rps",
        "active-threads",
        "status",
        "job-progress",
        "run-time",
        "time-since-done",
        "recs-throttled",
        "recs-filtered-meta",
        "recs-filtered-bins",
        "recs-succeeded",
        "recs-failed",
        "from",
        "job-type",
        "net-io-bytes",
        "net-io-time",
        "socket-timeout",
    ]
    wanted = ("n-pids-requested", "n-keyds-requested", "job-type", "socket-timeout")
    assert [shown[key] for key in wanted] == ["3", "1", "basic", "1000"]


def test_query_is_aborted(worker):
    """The rows so far, then 15 in the message that ends it."""
    worker.fill({i: {b"a": i} for i in range(N_SLOW)})
    task = os.urandom(8)
    number = int.from_bytes(task, "big")
    slow = (10, struct.pack(">I", 1))
    info = (READ, 0, PARTITION_DONE)
    body = message(info, worker.fields((7, task), slow, ALL))
    address = worker.connection.sock.getpeername()
    with Connection(*address) as other:
        other.send(proto(3, body))
        abort = f"query-abort:id={number}"
        until(lambda: worker.connection.info(abort) == ["ok"])
        rows: list[Row] = []
        while not rows or rows[-1].info3 != 1:
            rows += parse_rows(other.receive_frame()[1])
    assert rows[-1].result == 15
    assert len(rows) < N_SLOW
    shown = worker.wait(task)
    assert shown["status"] == "done(user-aborted)"
    again = worker.connection.info(f"query-abort:trid={number}")
    assert again == ["ERROR:2:id not active"]


def test_background_query_is_aborted(worker):
    worker.fill({i: {b"a": i} for i in range(N_SLOW)})
    task = os.urandom(8)
    worker.start((10, struct.pack(">I", 1)), ops=[write(b"w", 1)], task=task)
    assert worker.job(task)["status"] == "active(ok)"
    (answer,) = worker.connection.info("query-abort-all")
    assert answer.startswith("number-of-queries-killed:")
    assert answer[-1] != "0"
    shown = worker.wait(task)
    assert shown["status"] == "done(user-aborted)"
    assert len(worker.values(b"w")) < N_SLOW


# Functions in Lua

MODULE = """
function set(r, v) r.w = v aerospike:update(r) return v end
function fail_at_three(r)
    if r.a == 3 then error("three") end
    r.w = 1
    aerospike:update(r)
end
function remove_some(r) if r.a < 3 then return aerospike:remove(r) end end
function live(r) record.set_ttl(r, 500) aerospike:update(r) end
function read(r) return r.a end
function forever(r) while true do end end
function forever_at_three(r)
    while r.a == 3 do end
    r.w = 1
    aerospike:update(r)
end
"""


@pytest.fixture
def module(connection):
    made = register(connection, MODULE)
    yield made
    unregister(connection, made)


def call(module, name, *args):
    """The fields of a job that calls a function."""
    return function(BACKGROUND, module, name, *args)


@pytest.mark.parametrize("info", [(0, WRITE, 0), (0, 0, 0), (READ, WRITE, 0)])
def test_function_is_called_with_each_record(worker, module, info):
    shown = worker.run(*call(module, b"set", 7), info=info)
    assert worker.values(b"w") == [7] * 6
    assert shown["recs-succeeded"] == "6"
    assert shown["recs-failed"] == "0"
    assert shown["recs-throttled"] == "6"


@pytest.mark.parametrize(
    ("name", "args", "changed", "n_failed"),
    [
        (b"fail_at_three", [], 5, "1"),
        (b"nosuchfunction", [], 0, "6"),
        (b"read", [], 0, "0"),
        (b"set", [[1]], 0, "0"),
    ],
)
def test_functions_that_fail_are_counted(worker, module, name, args, changed, n_failed):
    shown = worker.run(*call(module, name, *args))
    assert len(worker.values(b"w")) == changed
    assert shown["recs-failed"] == n_failed
    assert int(shown["recs-succeeded"]) == 6 - int(n_failed)
    assert shown["status"] == "done(ok)"


def test_module_that_is_not_registered_fails_on_each_record(worker):
    shown = worker.run(*call(b"nosuchmodule", b"set"))
    assert shown["recs-failed"] == "6"
    assert shown["status"] == "done(ok)"


def test_function_removes_records(worker, module):
    shown = worker.run(*call(module, b"remove_some"))
    assert worker.values(b"a") == [3, 4, 5]
    assert shown["recs-succeeded"] == "6"


def test_filter_and_condition_choose_records_for_a_function(worker, module):
    worker.index("bin=a;type=numeric")
    shown = worker.run((43, pack([3, [81, 2, A], 3])), *call(module, b"set", 1))
    assert worker.values(b"w") == [1, 1]
    assert shown["recs-filtered-bins"] == "4"
    shown = worker.run((43, pack([71])), *call(module, b"set", 9))
    assert shown["recs-filtered-meta"] == "6"
    assert shown["recs-throttled"] == "0"
    shown = worker.run(span(b"a", 1, 3), *call(module, b"set", 2))
    assert worker.values(b"w") == [1, 1, 2, 2, 2]
    assert shown["sindex-name"] == worker.indexes[0]


@pytest.mark.parametrize(("name", "ttl"), [(b"live", 0), (b"set", 1000)])
def test_function_sets_the_time_to_live(worker, module, name, ttl):
    fields = worker.fields((7, os.urandom(8)), *call(module, name, 1))
    body = message((0, WRITE, 0), fields, ttl=ttl)
    assert [row.result for row in worker.connection.stream(body)] == [0]
    exists = message(
        (READ | GET_NO_BINS, 0, 0), worker.fields((4, worker.digest_of(1)))
    )
    until(lambda: worker.connection.command(exists).void_time)


@pytest.mark.parametrize(
    ("changes", "options", "result"),
    [
        ({43: b"\5"}, {}, 4),
        ({33: None}, {}, 4),
        ({33: b"\0"}, {}, 4),
        ({33: b"\2\2"}, {}, 4),
        ({31: None}, {}, 4),
        ({32: None}, {}, 4),
        ({30: None}, {}, 4),
        ({30: b"m" * 128}, {}, 4),
        ({31: b"f" * 128}, {}, 4),
        ({10: struct.pack(">I", 10_001)}, {}, 4),
        ({}, {"info": (SHORT, WRITE, 0)}, 4),
        ({1: b"nosuch", 31: None}, {}, 2),
        ({1: b"nosuch", 33: b"\4"}, {}, 4),
        ({22: span(b"zz", 1)[1], 31: None}, {}, 201),
    ],
)
def test_background_function_is_refused(worker, changes, options, result):
    fields = {1: worker.set_name, **dict(call(b"m", b"f")), **changes}
    given = [(kind, data) for kind, data in fields.items() if data is not None]
    (answer,) = worker.start(*given, **options)
    assert (answer.info3, answer.result) == (0, result)


def test_job_tells_of_its_function(worker, module):
    shown = worker.run(*call(module, b"read"))
    expected = {
        "job-type": "background-udf",
        "net-io-bytes": "30",
        "socket-timeout": "10000",
        "udf-filename": module.decode(),
        "udf-function": "read",
        "udf-active": "0",
    }
    assert dict(list(shown.items())[-len(expected) :]) == expected


def test_background_function_is_aborted(worker, module):
    worker.fill({i: {b"a": i} for i in range(N_SLOW)})
    task = os.urandom(8)
    slow = (10, struct.pack(">I", 1))
    worker.start(slow, *call(module, b"set", 1), task=task)
    number = int.from_bytes(task, "big")
    assert worker.connection.info(f"query-abort:id={number}") == ["ok"]
    assert worker.wait(task)["status"] == "done(user-aborted)"
    assert len(worker.values(b"w")) < N_SLOW


@pytest.fixture
def own_worker():
    """Records on a development server that gives functions little time."""
    with (
        DevCluster(udf_timeout=0.1) as cluster,
        Connection(*cluster.hosts[0]) as connection,
    ):
        worker = Worker(connection)
        worker.fill({i: {b"a": i} for i in range(N_SLOW)})
        yield worker


def without_timeout(worker, task, *fields):
    """The request for a job that leaves the limit to the server."""
    body = bytearray(message((0, WRITE, 0), worker.fields((7, task), *fields)))
    body[14:18] = bytes(4)
    return bytes(body)


def test_job_gives_up_a_function_that_always_runs_away(own_worker):
    """Others wait for three functions, not for one of each record."""
    module, task = register(own_worker.connection, MODULE), os.urandom(8)
    asked = without_timeout(own_worker, task, *call(module, b"forever"))
    own_worker.connection.stream(asked)
    shown = own_worker.wait(task)
    assert (shown["recs-succeeded"], shown["recs-failed"]) == ("0", str(N_SLOW))
    assert int(shown["run-time"]) < 3 * 100 + 1000 * LATE_S < N_SLOW * 100


@pytest.mark.parametrize("timeout_ms", [0, 30_000])
def test_request_has_no_say_in_the_limit_of_a_background_function(timeout_ms):
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        worker = Worker(connection)
        worker.fill({i: {b"a": i} for i in range(6)})
        module, task = register(connection, MODULE), os.urandom(8)
        fields = call(module, b"forever_at_three")
        body = bytearray(message((0, WRITE, 0), worker.fields((7, task), *fields)))
        body[14:18] = struct.pack(">I", timeout_ms)
        connection.stream(bytes(body))
        shown = worker.wait(task)
        assert worker.values(b"w") == [1] * 5
    assert (shown["recs-succeeded"], shown["recs-failed"]) == ("5", "1")
    assert 1000 <= int(shown["run-time"]) < 1000 + 1000 * LATE_S


FAILING = """
function fail(r) if r.a % 2 == 1 then error("odd: \\n" .. r.a) end end
"""


def test_log_tells_why_a_background_function_fails(worker, caplog):
    module, task = register(worker.connection, FAILING), os.urandom(8)
    worker.start(*call(module, b"fail"), task=task)
    worker.wait(task)
    unregister(worker.connection, module)
    name, job = module.decode(), int.from_bytes(task, "big")
    about = rf"BB9[0-9A-F]+ job {job}, {name}\.fail: "
    first, last = (line.message for line in caplog.records)
    # the first of one place in Lua, with its text escaped, and the count
    assert re.fullmatch(rf"{about}{name}\.lua:2: odd: \\n[135]", first)
    assert re.fullmatch(rf"{about}failed for 3 of 6 records", last)


def test_log_tells_that_a_function_is_given_up(own_worker, caplog):
    module = register(own_worker.connection, MODULE)
    own_worker.run(*call(module, b"forever"))
    first, last = (line.message for line in caplog.records)
    assert first.endswith(": UDF Execution Timeout: " + stopped(module, 0.1))
    count = f"failed for {N_SLOW} of {N_SLOW} records"
    assert last.endswith(f"{count}; not called any more after 3 stopped calls")


def stopped(module, limit_s):
    return f"{module.decode()}.lua was stopped after {limit_s} s"


def test_nodes_give_up_a_function_together(caplog):
    with DevCluster(nodes=3, udf_timeout=0.5) as cluster:
        worker = filled_cluster(cluster, 60)
        with Connection(*cluster.hosts[0]) as connection:
            module = register(connection, MODULE)
        task, n_failed, longest_ms = os.urandom(8), 0, 0
        for host in cluster.hosts:
            with Connection(*host) as worker.connection:
                worker.start(*call(module, b"forever"), task=task)
        for host in cluster.hosts:
            with Connection(*host) as worker.connection:
                shown = worker.wait(task)
                n_failed += int(shown["recs-failed"])
                longest_ms = max(longest_ms, int(shown["run-time"]))
    assert n_failed == 60
    n_stopped = [
        line.message for line in caplog.records if "after 0.5 s" in line.message
    ]
    assert len(n_stopped) <= 3


# Several nodes, long work


def filled_cluster(cluster, count):
    with Connection(*cluster.hosts[0]) as connection:
        worker = Worker(connection)
        for label in range(count):
            worker.store(label, put_int(b"a", 0))
    return worker


def test_every_record_is_changed_once_by_the_nodes_together():
    with DevCluster(nodes=3) as cluster:
        worker = filled_cluster(cluster, 300)
        task = os.urandom(8)
        n_done = 0
        for host in cluster.hosts:
            with Connection(*host) as worker.connection:
                worker.start(ops=[incr(b"a", 1)], task=task)
        for host in cluster.hosts:
            with Connection(*host) as worker.connection:
                n_done += int(worker.wait(task)["recs-succeeded"])
        with Connection(*cluster.hosts[0]) as worker.connection:
            values = [
                worker.connection.command(
                    message((READ, 0, 0), worker.fields((4, digest)), [get(b"a")])
                ).bins[b"a"]
                for digest in worker.digests.values()
            ]
        assert values == [(INT, i64(1))] * 300
        assert n_done == 300


def test_job_of_a_node_that_leaves_goes_no_further():
    with DevCluster(nodes=2) as cluster:
        worker = filled_cluster(cluster, 200)
        hosts = cluster.hosts
        task = os.urandom(8)
        with Connection(*hosts[1]) as worker.connection:
            worker.start((10, struct.pack(">I", 5)), ops=[incr(b"a", 1)], task=task)
        cluster.stop_node(1)
        with Connection(*hosts[0]) as worker.connection:
            n_before = sum(worker.values(b"a"))
            # as slow a job of the node that stays has changed more than that one
            worker.start((10, struct.pack(">I", 5)), ops=[incr(b"b", 1)])
            until(lambda: len(worker.values(b"b")) > 5)
            assert sum(worker.values(b"a")) == n_before < 200
        cluster.start_node(1)
        with Connection(*hosts[1]) as worker.connection:
            (text,) = worker.connection.info("query-show")
            assert "active(" not in text


def test_long_job_lets_others_have_their_turn():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        worker = Worker(connection)
        for label in range(3000):
            worker.store(label, put_int(b"a", 0))
        task = os.urandom(8)
        body = worker.fields((7, task))
        start = proto(3, message((0, WRITE, 0), body, [incr(b"a", 1)]))
        number = int.from_bytes(task, "big")
        connection.send(start + proto(1, f"query-show:id={number}\n".encode()))
        connection.receive_frame()
        _, shown = connection.receive_frame()
        assert b":status=active(ok):" in shown
        # a job without a limit gets 10000 records in a second
        assert worker.wait(task)["recs-succeeded"] == "3000"
        assert worker.values(b"a") == [1] * 3000


def test_client_that_takes_nothing_loses_its_connection():
    """The socket timeout of a query counts from the last bytes that went out."""
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        worker = Worker(connection)
        for label in range(40):
            worker.store(label, put(b"b", BLOB, bytes(500_000)))
        task = os.urandom(8)
        patience = (9, struct.pack(">I", 300))
        body = message(
            (READ, 0, PARTITION_DONE), worker.fields((7, task), patience, ALL)
        )
        with Connection(*cluster.hosts[0]) as idle:
            idle.send(proto(3, body))
            shown = worker.wait(task)
            assert shown["status"] == "done(abandoned-response-timeout)"
            assert 250 < int(shown["run-time"]) < 300 + 1000 * LATE_S
            with pytest.raises((EOFError, ConnectionResetError)):
                receive_all(idle)
        assert connection.info("status") == ["ok"]


def receive_all(connection):
    """Frames until one cannot be received."""
    while True:
        connection.receive_frame()


def test_client_that_hangs_up_ends_its_query():
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as connection:
        worker = Worker(connection)
        for label in range(6):
            worker.store(label, put_int(b"a", label))
        task = os.urandom(8)
        slow = (10, struct.pack(">I", 1))
        body = message((READ, 0, PARTITION_DONE), worker.fields((7, task), slow, ALL))
        with Connection(*cluster.hosts[0]) as other:
            other.send(proto(3, body))
            other.receive_frame()
        assert worker.wait(task)["status"] == "done(abandoned-response-error)"
