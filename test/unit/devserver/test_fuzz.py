"""Whatever bytes come: the server answers or hangs up, and keeps serving the others."""

import base64
import os
import random
import struct
import time
from collections import Counter

import pytest

from aerospike_devserver import DevCluster
from aerospike_devserver.dispatch import answer
from aerospike_devserver.session import Session
from aerospike_devserver.storage.modules import Module
from aerospike_devserver.storage.state import ClusterState

from ...absent import need
from . import admin_wire
from .admin_wire import HASHES
from .packing import Marked, Raw, pack
from .rawwire import (
    ADMIN,
    BLOB,
    HLL,
    INFO,
    LIST,
    MESSAGE,
    STRING,
    Connection,
    RecordClient,
    message,
    proto,
    put,
    put_int,
)

SECONDS = 1.0
"""How long each of these tests goes on."""

PACKED = [
    b"\x92\x01\x05",
    b"\x93\xcc\xff\x92\x10\x00\x92\x01\x05",
    b"\x93\xcc\xfe\x92\x04\xc3\x01",
    b"\x94\x19\x07\x01\x09",
    b"\x93\x43\xa2\x03k\x05",
    b"\x92\x93\x14\x93\x51\x02\xa1a\x01\x00",
    b"\x93\xc7\x00\x01\x01\x02",
    b"\x82\xc7\x00\x01\xc0\xa2\x03a\x01",
    b"\x82\xa2\x03b\x91\x01\xa2\x03a\xcb\x3f\xf8\0\0\0\0\0\0",
    b"\x91\xdf\xff\xff\xff\xff",
    b"\x95\x03\x03\x05\xa2\x04\x80\x00",
    b"\x94\x00\x00\x04\xff\x00",
    b"\x92\x33\x00\x08",
]
FILTERS = [bytes.fromhex(text) for text in ("9301935102a16105", "93109252a1619100")]


def for_seconds(seconds):
    """Go on until this thread has worked so long, however busy the machine is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        yield


def random_op(rng):
    particle = rng.choice(
        [0, 1, 1, 2, 3, 4, 17, 18, 19, 20, 20, 23, rng.randrange(256)]
    )
    value = rng.choice([*PACKED, bytes(8), b"", rng.randbytes(rng.randrange(20))])
    name = rng.choice([b"a", b"b", b"", rng.randbytes(rng.randrange(18))])
    return (
        rng.choice(
            [1, 2, 2, 3, 4, 4, 5, 7, 8, 9, 10, *range(11, 20), rng.randrange(256)]
        ),
        name,
        particle,
        value,
    )


def random_message(rng):
    """A message with meaningful parts in meaningless combinations."""
    fields = [(0, b"test"), (1, b"demo"), (4, bytes([rng.randrange(3)]) * 20)]
    if rng.random() < 0.3:
        fields.append((43, rng.choice([*FILTERS, *PACKED])))
    if rng.random() < 0.2:
        fields.append((rng.randrange(50), rng.randbytes(rng.randrange(12))))
    flags = (
        rng.choice([0, 1, 3, rng.randrange(256)]),
        rng.choice([0, 1, 1, rng.randrange(256)]),
        rng.choice([0, 0, rng.randrange(256)]),
        0,
    )
    ops = [random_op(rng) for _ in range(rng.randrange(5))]
    ttl = rng.choice([0, 0, rng.getrandbits(32)])
    return message(flags, fields, ops, rng.choice([0, rng.getrandbits(32)]), ttl)


UDF_SOURCE = b"""
function echo(r, ...) return ... end
function keep(r, x)
  r.a = x r.b = list{x, r.b}
  return aerospike:exists(r) and aerospike:update(r) or aerospike:create(r)
end
function drop(r) return aerospike:remove(r) end
function all(r)
  local t = {} for k, f in pairs(record) do t[#t + 1] = tostring(f(r)) end
  return table.concat(t)
end
"""


def udf_put(name, source):
    content = base64.b64encode(source)
    fields = (name, content, len(content))
    return b"udf-put:filename=%s;content=%s;content-len=%d;\n" % fields


def random_call(rng):
    """A call of a function with arguments that are often none."""
    args = rng.choice(
        [
            b"\x92" + rng.choice(PACKED) + rng.choice(PACKED),
            b"\x91" + rng.choice(PACKED),
            b"\xdd" + rng.randbytes(4),
            rng.choice(PACKED),
            rng.randbytes(rng.randrange(12)),
        ]
    )
    fields = [
        (0, b"test"),
        (1, rng.choice([b"demo", b"", b"s" * 70])),
        (4, bytes([rng.randrange(3)]) * 20),
        (30, rng.choice([b"m", b"m", b"m", b"n", rng.randbytes(rng.randrange(200))])),
        (31, rng.choice([b"echo", b"keep", b"keep", b"drop", b"all", b"\xff", b""])),
        (32, args),
    ]
    more = ((2, b"\3k"), (2, b"\1k"), (33, b"\0"), (43, rng.choice(FILTERS)))
    fields += [extra for extra in more if rng.random() < 0.1]
    rng.shuffle(fields)
    flags = (0, rng.choice([1, 1, 1, rng.randrange(256)]), 0, 0)
    ttl = rng.choice([0, 0, rng.getrandbits(32)])
    return message(flags, fields[: rng.choice([99, 99, rng.randrange(9)])], [], 0, ttl)


def damage(rng, data):
    """The data with some bytes changed, cut or doubled."""
    data = bytearray(data)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(data[: rng.choice([len(data), rng.randrange(len(data) + 1)])])


def whole(reply):
    """The bytes of a reply, be it a stream or not."""
    if isinstance(reply, bytes):
        return reply
    return b"".join(part for part in reply if isinstance(part, bytes))


def frames(data):
    """The bodies of the frames in a reply."""
    while data:
        (header,) = struct.unpack_from(">Q", data)
        assert header >> 56 == 2
        end = 8 + (header & (1 << 48) - 1)
        assert end <= len(data)
        yield data[8:end]
        data = data[end:]


@pytest.fixture
def session():
    """A session without a socket behind it."""
    state = ClusterState(DevCluster()._config)
    state.set_live(0, True)
    return Session(state.nodes[0], "127.0.0.1:1", "127.0.0.1")


def test_damaged_messages_are_answered(session, caplog):
    rng = random.Random(1)
    for _ in for_seconds(SECONDS):
        body = random_message(rng)
        kind = rng.choice([MESSAGE] * 8 + [1, 2, 4, 5])
        reply = answer(session, kind, damage(rng, body) if rng.random() < 0.7 else body)
        assert list(frames(whole(reply)))
    assert not caplog.records


def test_calls_of_functions_are_answered(session, caplog):
    need("lupa")
    rng = random.Random(11)
    assert b"ok" in whole(answer(session, INFO, udf_put(b"m.lua", UDF_SOURCE)))
    for _ in for_seconds(SECONDS):
        body = random_call(rng)
        body = damage(rng, body) if rng.random() < 0.3 else body
        assert list(frames(whole(answer(session, MESSAGE, body))))
        if rng.random() < 0.1:
            name = rng.choice([b"n.lua", b"m.lua", rng.randbytes(4)])
            command = udf_put(name, rng.choice([UDF_SOURCE, rng.randbytes(9)]))
            command = damage(rng, command) if rng.random() < 0.7 else command
            assert list(frames(whole(answer(session, INFO, command))))
    assert not caplog.records


ADMIN_FIELDS = {
    admin_wire.USER: [b"admin", b"ada", b"x" * 70],
    admin_wire.PASSWORD: [admin_wire.HASHES["s2"]],
    admin_wire.CREDENTIAL: [admin_wire.HASHES["admin"]],
    admin_wire.ROLES: [admin_wire.names(b"read", b"r"), b"\xff", b"\2\1r"],
    admin_wire.ROLE: [b"r", b"read", b"s"],
    admin_wire.PRIVILEGES: [
        admin_wire.privileges(0, (10, b"test", b"demo")),
        b"\1\x0a\xff",
    ],
    admin_wire.WHITELIST: [b"127.0.0.1", b"10.0.0.0/8,::1", b"\xff"],
    admin_wire.READ_QUOTA: [bytes(4), b"\0\0\1\0"],
}


def random_admin(rng):
    """An admin command with fields that fit, or do not."""
    chosen = rng.sample(list(ADMIN_FIELDS), rng.randrange(5))
    fields = {
        kind: rng.choice([*ADMIN_FIELDS[kind], rng.randbytes(rng.randrange(9))])
        for kind in chosen
    }
    return admin_wire.request(rng.choice([*range(17), 20, 20, 99]), fields)


def test_random_admin_commands_are_answered(caplog):
    state = ClusterState(DevCluster(security=True)._config)
    state.set_live(0, True)
    session = Session(state.nodes[0], "127.0.0.1:1", "127.0.0.1")
    login = {admin_wire.USER: b"admin", admin_wire.CREDENTIAL: HASHES["admin"]}
    rng = random.Random(7)
    for _ in for_seconds(SECONDS):
        if rng.random() < 0.1:
            state.reset()
            answer(session, ADMIN, admin_wire.request(admin_wire.LOGIN, login))
        body = random_admin(rng)
        reply = answer(
            session, ADMIN, damage(rng, body) if rng.random() < 0.3 else body
        )
        for frame in frames(whole(reply)):
            assert admin_wire.parse(frame)
        assert list(frames(whole(answer(session, MESSAGE, random_message(rng)))))
    assert not caplog.records


def random_query(rng):
    """A query, more often than not on one of the indexes of `indexed`."""
    bounds = rng.choice([bytes(8), b"x", GEO_TEXTS[0], GEO_TEXTS[1], rng.randbytes(8)])
    kind = rng.choice([1, 3, 4, 23, rng.randrange(256)])
    name = rng.choice([b"a", b"b", b"", rng.randbytes(rng.randrange(18))])
    bound = struct.pack(">I", len(bounds)) + bounds
    fields = [
        (0, b"test"),
        (11, b"\0\0" + rng.choice([b"", b"\1\0", rng.randbytes(2)])),
        (22, bytes([1, len(name)]) + name + bytes([kind]) + bound + bound),
    ]
    for number, data in QUERY_FIELDS:
        if rng.random() < 0.15:
            fields.append((number, rng.choice([data, rng.randbytes(rng.randrange(9))])))
    info = (rng.choice([0, 1, 1, 5]), rng.choice([0, 0, 1]), 4)
    return message(info, fields, [random_op(rng) for _ in range(rng.randrange(2))])


GEO_TEXTS = [
    b'{"type":"AeroCircle","coordinates":[[1,2],9]}',
    b'{"type":"Point","coordinates":[1,2]}',
]
QUERY_FIELDS = [
    (1, b"demo"),
    (7, b"\0" * 7 + b"\1"),
    (10, b"\0\0\1\0"),
    (12, b"\2\0" + bytes(18)),
    (13, b"\0" * 7 + b"\2"),
    (15, bytes(8)),
    (21, b"a1"),
    (23, b"\x92\x10\x00"),
    (24, b"\x93\x51\x02\xa1a"),
    (26, b"\1"),
    (43, FILTERS[0]),
]
INDEX_PARAMETERS = [
    "bin=a",
    "bin=b",
    "set=demo",
    "type=numeric",
    "type=string",
    "type=blob",
    "type=geo2dsphere",
    "indextype=list",
    "indextype=mapkeys",
    "indextype=mapvalues",
    "indextype=set",
    "context=khAA",
    "exp=k1ECoWE=",
    "indexdata=a,numeric",
    "context=!",
    "exp=!",
    "bin=",
]


def test_random_queries_and_indexes_are_answered(session, caplog):
    """Queries, writes and index commands in any order leave a server that answers."""
    need("s2geometry")
    rng = random.Random(4)
    for _ in for_seconds(SECONDS):
        parameters = rng.sample(INDEX_PARAMETERS, rng.randrange(5))
        name = f"{rng.choice('abc')}{rng.randrange(4)}"
        verb = rng.choice(["create", "create", "delete", "stat", "exists", "list"])
        line = f"sindex-{verb}:namespace=test;indexname={name};{';'.join(parameters)}\n"
        assert whole(answer(session, INFO, damage(rng, line.encode())))
        for body in (random_message(rng), random_query(rng), random_query(rng)):
            data = damage(rng, body) if rng.random() < 0.3 else body
            assert list(frames(whole(answer(session, MESSAGE, data))))
    assert not caplog.records


MODULE = """
function values(s) return s : map(function(r) return r.a end) end
function all(s, n, m)
    return s : map(function(r) return map{n = n, m = m, b = r.b, l = list{r.a, m}} end)
        : groupby(function(v) return v.n end)
end
function join(s, f) return s : aggregate(f, function(a, r) return r.a or a end) end
function fail(s) return s : filter(function(r) return r.a + r.b end) end
function give(r, ...) return list{r.a, r.b, ...} end
function take(r, v, w)
    r.b = v
    r.c = w
    if not aerospike:exists(r) then return aerospike:create(r) end
    return aerospike:update(r)
end
function drop(r) return aerospike:remove(r) end
function live(r, n) record.set_ttl(r, n) return aerospike:update(r) end
"""
FUNCTIONS = [
    *(b"values", b"all", b"join", b"fail"),
    *(b"give", b"take", b"drop", b"live", b"nothing"),
]


def random_function_query(rng):
    """A function called with a record, over a stream or in the background."""
    arguments = [rng.choice([rng.choice(PACKED), b"\x05", b"\xc0", b"\xa2\3x"])]
    packed = bytes([0x90 | len(arguments)]) + b"".join(arguments)
    fields = [
        (0, b"test"),
        (30, rng.choice([b"m", b"m", b"m", b"other", rng.randbytes(3)])),
        (31, rng.choice(FUNCTIONS)),
        (32, rng.choice([packed, packed, b"\x90", rng.randbytes(4)])),
    ]
    if rng.random() < 0.4:
        fields += [(1, b"demo"), (4, bytes([rng.randrange(3)]) * 20)]
    else:
        fields.append((33, rng.choice([b"\1", b"\2", rng.randbytes(1)])))
    for number, data in QUERY_FIELDS:
        if rng.random() < 0.05:
            fields.append((number, rng.choice([data, rng.randbytes(rng.randrange(9))])))
    info = (rng.choice([0, 1, 5]), rng.choice([0, 1, 1, 0x11]), rng.choice([0, 4]))
    return message(info, fields, [], 0, rng.choice([0, rng.getrandbits(32)]))


def test_random_functions_of_queries_are_answered(session, caplog):
    state = session.node.cluster
    state.modules.put(Module("m.lua", MODULE.encode()))
    rng = random.Random(8)
    for _ in for_seconds(2 * SECONDS):
        for make in (random_message, random_function_query, random_function_query):
            body = make(rng)
            data = damage(rng, body) if rng.random() < 0.3 else body
            assert list(frames(whole(answer(session, MESSAGE, data))))
    # a job logs a warning where its function fails
    assert {record.name for record in caplog.records} <= {"aerospike_devserver.udf"}
    assert {record.levelname for record in caplog.records} <= {"WARNING"}


def test_random_values_are_stored_or_refused(session, caplog):
    rng = random.Random(2)
    for _ in for_seconds(SECONDS):
        size = rng.randrange(1, 40)
        value = bytes(
            rng.choice([0x81, 0x92, 0xC7, 0x00, 0x01, 0xA2, 0x03, rng.randrange(256)])
            for _ in range(size)
        )
        particle = rng.choice([18, 19, 20, 23])
        body = message(
            (0, 1, 0), [(0, b"test"), (4, b"v" * 20)], [put(b"v", particle, value)]
        )
        assert whole(answer(session, MESSAGE, body))[13] in (0, 1, 4, 160)
        expression = message((3, 0, 0), [(0, b"test"), (4, b"v" * 20), (43, value)])
        assert whole(answer(session, MESSAGE, expression))[13] in (0, 2, 4, 27)
    assert not caplog.records


NUMBERS = [0, 1, 2, 7, 8, 9, 64, 65, -1, -8, 1 << 27, 1 << 30, 1 << 33, -(1 << 63)]


def random_argument(rng):
    return rng.choice(
        [
            rng.choice(NUMBERS),
            rng.randrange(-40, 80),
            rng.choice([0, 0, 1, 4, 8]),
            rng.randbytes(rng.randrange(12)),
            "".join(rng.choices("aB1 é\u0301ß.*+([$\\", k=rng.randrange(6))),
            rng.choice([True, None, 1.5, [], ["a", "b"], [1], {}, Marked(["x"])]),
        ]
    )


FAMILIES = [
    (12, range(50, 56), 1, 6, put(b"b", BLOB, b"some bytes")),
    (13, range(13), 0x41, 6, put(b"b", BLOB, b"some bytes")),
    (15, range(50, 57), 2, 9, put(b"b", HLL, bytes.fromhex("0004" + "00" * 21))),
    (16, range(5), 0x42, 9, put(b"b", HLL, bytes.fromhex("0004" + "00" * 21))),
    (17, range(17), 3, 3, put(b"b", STRING, "some te\u0301xt ß".encode())),
    (18, range(50, 69), 0x43, 3, put(b"b", STRING, b"12 \xff")),
    (18, range(50, 69), 0x43, 3, put(b"b", STRING, "1e\u0301ß".encode())),
]
"""Op code, codes of operations, number of a call, expression type, a bin to work on."""


def random_operation(rng):
    """(bin to begin with, operation, the same called in an expression)."""
    op_code, codes, system, kind, start = rng.choice(FAMILIES)
    packed = [rng.choice(codes) if rng.random() < 0.9 else rng.randrange(256)]
    packed += [
        random_argument(rng) for _ in range(rng.choice([0, 0, 1, 1, 2, 2, 3, 4]))
    ]
    call = [127, rng.randrange(10), system, packed, [81, kind, Raw(b"\xa1b")]]
    if rng.random() < 0.1:
        packed = [0xFF, [0x10, 0], packed]
        start = put(b"b", LIST, pack(["text"]))
    particle = BLOB if op_code < 17 else STRING
    return start, (op_code, b"b", particle, pack(packed)), pack(call)


def test_random_operations_on_values_are_answered(session, caplog):
    rng = random.Random(4)
    fields = [(0, b"test"), (4, b"o" * 20)]
    results: set[int] = set()
    worked: Counter[int] = Counter()
    for _ in for_seconds(2 * SECONDS):
        start, operation, call = random_operation(rng)
        read = (7, b"e", BLOB, b"\x92" + call + b"\0")
        condition = b"\x93\x01" + call + rng.choice([b"\x01", b"\xa2\x03a", b"\xc3"])
        for body in (
            message((0, 1, 0), fields, [start]),
            message((1, 1, 0), fields, [read]),
            message((3, 0, 0), [*fields, (43, condition)]),
            message((1, 1, 0), fields, [operation]),
        ):
            result = whole(answer(session, MESSAGE, body))[13]
            results.add(result)
        worked[operation[0]] += result == 0
    assert not caplog.records
    assert results <= {0, 4, 6, 12, 13, 17, 26, 27, 29}
    assert all(worked[op_code] for op_code, *_ in FAMILIES), worked


def test_random_bytes_do_not_stop_the_server():
    rng = random.Random(3)
    with DevCluster() as cluster, Connection(*cluster.hosts[0]) as good:
        record = RecordClient(good, os.urandom(20))
        for _ in for_seconds(SECONDS):
            with Connection(*cluster.hosts[0]) as bad:
                frames = [proto(rng.choice([MESSAGE, INFO]), random_message(rng))] * 3
                bad.send(damage(rng, b"".join(frames)))
                if rng.random() < 0.5:
                    bad.send(rng.randbytes(rng.randrange(100)))
            assert record.write(put_int(b"a", 1)).result == 0
