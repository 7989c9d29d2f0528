"""Bin values: what is stored, in which form, and what is refused."""

import os

import pytest

from .rawwire import (
    BLOB,
    BOOL,
    FLOAT,
    GEO,
    HLL,
    INT,
    LIST,
    MAP,
    NULL,
    OP_CDT_MODIFY,
    OP_READ,
    STRING,
    RecordClient,
    f64,
    i64,
    put,
    put_int,
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


@pytest.mark.parametrize(
    ("particle", "sent", "stored"),
    [
        (INT, i64(-5), i64(-5)),
        (INT, b"\x05", i64(5)),
        (INT, b"\xff\xff", i64(65535)),
        (INT, b"\xff\xff\xff\xff", i64(2**32 - 1)),
        (FLOAT, f64(float("nan")), f64(float("nan"))),
        (FLOAT, f64(-0.0), f64(-0.0)),
        (STRING, b"", b""),
        (STRING, b"\xff\0", b"\xff\0"),
        *[(kind, b"\0\xff", b"\0\xff") for kind in (BLOB, 7, 8, 9, 10, 11, 12, 16)],
        (BOOL, b"\0", b"\0"),
        (BOOL, b"\1", b"\1"),
        (HLL, unhex("000400") + bytes(20), unhex("000400") + bytes(20)),
        (HLL, unhex("000808") + bytes(456), unhex("000808") + bytes(456)),
    ],
)
def test_value_is_stored(record, particle, sent, stored):
    assert record.write(put(b"v", particle, sent)).result == 0
    assert record.get().ops == [(OP_READ, b"v", particle, stored)]


@pytest.mark.parametrize(
    ("particle", "sent", "result"),
    [
        *[(INT, bytes(n), 4) for n in (0, 3, 5, 7, 9, 16)],
        (FLOAT, bytes(4), 4),
        (BOOL, b"", 4),
        (BOOL, b"\2", 4),
        (BOOL, b"\0\0", 4),
        *[(kind, b"x", 4) for kind in (5, 6, 13, 14, 15, 21, 22, 24, 99, 255)],
        (HLL, b"", 4),
        (HLL, unhex("000400") + bytes(19), 4),
        (HLL, unhex("010400") + bytes(20), 4),
        (HLL, unhex("000300") + bytes(14), 4),
        (HLL, unhex("000403") + bytes(26), 4),
        (GEO, b"", 160),
        (GEO, b"\0\0", 160),
    ],
)
def test_value_is_refused(record, particle, sent, result):
    assert record.write(put(b"v", particle, sent)).result == result
    assert record.exists().result == 2


# Lists and maps as sent, and as read back; "same" = byte for byte, None = refused (1).
LISTS = [
    ("90", "same"),
    ("92 01 02", "same"),
    ("93 c70001 01 02", "same"),
    ("91 c70001", "same"),
    ("94 c0 c2 c3 cb3ff8000000000000", "same"),
    ("91 ca3f800000", "same"),
    ("91 a0", "same"),
    ("91 af 17 7b2274797065223a22506f696e74", "same"),
    # numbers, strings, headers in their smallest form
    ("91 cf0000000000000005", "91 05"),
    ("91 cd0005", "91 05"),
    ("91 d3ffffffffffffff00", "91 d1ff00"),
    ("91 d0ff", "91 ff"),
    ("91 cf8000000000000000", "same"),
    ("91 d902 0361", "91 a20361"),
    ("91 db00000002 0361", "91 a20361"),
    ("91 c403 046162", "91 a3046162"),
    ("91 c50002 0361", "91 a20361"),
    ("91 c400", "91 a0"),
    ("dc0001 01", "91 01"),
    ("dd00000001 01", "91 01"),
    # markers: unknown bits go, none left = no marker, PERSIST_INDEX is not reported
    ("92 c70011 01", "92 c70001 01"),
    ("92 c70010 01", "91 01"),
    ("92 c70002 01", "91 01"),
    ("92 c700ff 01", "92 c70001 01"),
    ("91 92 c70011 01", "91 92 c70001 01"),
    ("92 c70101aa 01", "92 c70001 01"),
    ("93 d50100aa 01 02", "93 c70001 01 02"),
    ("92 d501aabb 05", "92 c70001 05"),
    ("92 d401aa 05", "same"),
    ("93 c70001 02 01", None),
    ("93 c70001 01 01", "same"),
    ("93 c70001 05 cb4014000000000000", "same"),
    ("93 c70001 80 810102", "same"),
    ("93 c70001 810102 80", None),
    # other ext elements are values
    ("92 c0 c70005", "same"),
    ("92 c0 c70105aa", "92 c0 d405aa"),
    ("92 c0 c700ff", "same"),
    ("91 d4ff00", None),
    ("91 d4ff01", None),
    ("92 c0 d5ff0000", None),
    ("91 91 d4ff01", None),
    # broken
    ("", None),
    ("91", None),
    ("92 01", None),
    ("90 90", None),
    ("91 c1", None),
    ("91 a3 0361", None),
    ("91 cd01", None),
    ("91 dcffff", None),
    ("91 dbffffffff aa", None),
    ("80", None),
    ("c0", None),
    ("05", None),
]
MAPS = [
    ("80", "same"),
    ("81 a20361 01", "same"),
    ("82 c70001c0 a20361 01", "same"),
    ("82 c70003c0 a20361 01", "same"),
    ("82 c70002c0 a20361 01", "same"),
    ("81 c70001c0", "same"),
    ("82 c70011c0 a20361 01", "82 c70001c0 a20361 01"),
    ("82 c70010c0 a20361 01", "81 a20361 01"),
    ("82 c70008c0 a20361 01", "81 a20361 01"),
    ("82 c700ffc0 a20361 01", "82 c70003c0 a20361 01"),
    ("82 c7000105 a20361 01", "82 c70001c0 a20361 01"),
    ("82 c7000180 a20361 01", "82 c70001c0 a20361 01"),
    ("82 c700019101 a20361 01", None),
    ("82 d401aac0 a20361 01", None),
    ("81 a20361 82 c70011c0 01 02", "81 a20361 82 c70001c0 01 02"),
    ("81 a20361 82 c70010c0 01 02", "81 a20361 81 01 02"),
    # sorted by key: integers, strings, blobs
    ("82 a20362 01 a20361 02", "82 a20361 02 a20362 01"),
    ("83 a20462 01 a20362 01 01 01", "83 01 01 a20362 01 a20462 01"),
    ("82 01 01 ff 02", "82 ff 02 01 01"),
    ("82 cf8000000000000000 01 01 01", "82 01 01 cf8000000000000000 01"),
    ("82 a3036161 01 a20362 01", "same"),
    ("81 cd0005 01", "81 05 01"),
    ("de0001 a20361 01", "81 a20361 01"),
    ("82 c70001c0 82 a20362 01 a20361 02", None),
    ("83 c70001c0 a20362 01 a20361 02", None),
    ("81 a20361 82 a20362 01 a20361 02", "81 a20361 82 a20361 02 a20362 01"),
    # double keys, also by value
    ("82 a20361 01 a20361 02", None),
    ("82 cd0005 01 05 02", None),
    ("83 c70001c0 a20361 01 a20361 02", None),
    ("82 a20361 01 c4020361 02", None),
    # key types
    ("81 c0 01", None),
    ("81 c3 01", None),
    ("81 cb3ff8000000000000 01", None),
    ("81 90 01", None),
    ("81 80 01", None),
    ("81 a0 01", None),
    ("81 a20761 01", None),
    ("81 a21761 01", None),
    ("81 d40561 01", None),
    ("81 a20361 81 c3 01", None),
    ("81 a20361 d4ff01", None),
    ("82 a20361 01 c70001 c0", None),
    # broken
    ("81 a20361", None),
    ("81 a20361 01 01", None),
    ("deffff", None),
    ("90", None),
    ("", None),
]


@pytest.mark.parametrize(
    ("particle", "sent", "stored"),
    [(LIST, *row) for row in LISTS] + [(MAP, *row) for row in MAPS],
)
def test_list_or_map_is_brought_into_normal_form(record, particle, sent, stored):
    data = unhex(sent)
    reply = record.write(put(b"v", particle, data))
    if stored is None:
        assert reply.result == 1
        return
    assert reply.result == 0
    expected = data if stored == "same" else unhex(stored)
    assert record.get().bins == {b"v": (particle, expected)}


SQUARE = "[[0,0],[4,0],[4,4],[0,4],[0,0]]"
HOLE = "[[1,1],[2,1],[2,2],[1,2],[1,1]]"
FEATURE = f"""{{"type": "Feature", "properties": {{}},
    "geometry": {{"type": "Polygon", "coordinates": [{SQUARE}]}}}}"""


@pytest.mark.parametrize(
    ("text", "region"),
    [
        (FEATURE, True),
        ('{"type":"Point","coordinates":[1.0,2.0]}', False),
        (' {"coordinates": [-180, 90], "extra": [{}], "type": "Point"} ', False),
        ('{"type":"Po\\u0069nt","coordinates":[1,2]}', False),
        (f'{{"type":"Polygon","coordinates":[{SQUARE}]}}', True),
        (f'{{"type":"Polygon","coordinates":[{SQUARE},{HOLE}]}}', True),
        (f'{{"type":"MultiPolygon","coordinates":[[{SQUARE}]]}}', True),
        ('{"type":"AeroCircle","coordinates":[[-122,37.5],1000.0]}', True),
        ('{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]}}', False),
    ],
)
def test_geojson_text_is_kept_as_sent(record, text, region):
    ignored_cells = b"\0\0\1" + bytes(8)
    assert record.write(put(b"g", GEO, ignored_cells + text.encode())).result == 0
    _, stored = record.get().bins[b"g"]
    assert stored[0] == region
    assert stored[3 + 8 * int.from_bytes(stored[1:3], "big") :] == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "[]",
        "{}",
        "not json",
        '{"type":5}',
        '{"type":["Point"],"coordinates":[1,2]}',
        '{"type":"Point"}',
        '{"type":"Point","coordinates":[1]}',
        '{"type":"Point","coordinates":[1,2,3]}',
        '{"type":"Point","coordinates":["1",2]}',
        '{"type":"Point","coordinates":[true,2]}',
        '{"type":"Point","coordinates":[180.5,2]}',
        '{"type":"Point","coordinates":[1,-90.5]}',
        '{"type":"Point","coordinates":[NaN,2]}',
        '{"type":"Point","coordinates":[1,2],"n":1e999}',
        '{"type":"Point","coordinates":[1,2],"n":9223372036854775808}',
        '{"type":"Point","coordinates":[1,2]}x',
        '{"type":"LineString","coordinates":[[1,2],[3,4]]}',
        '{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}',
        '{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4]]]}',
        '{"type":"Polygon","coordinates":[[[0,0],[0,0]]]}',
        '{"type":"Polygon","coordinates":[[]]}',
        f'{{"type":"Polygon","coordinates":{SQUARE}}}',
        '{"type":"AeroCircle","coordinates":[[1,2]]}',
        '{"type":"AeroCircle","coordinates":[[1,2],"5"]}',
        '{"type":"Feature","geometry":null}',
        '{"type":"Feature","geometry":{"type":"Feature"}}',
        '{"type":"FeatureCollection","features":[]}',
    ],
)
def test_geojson_text_is_refused(record, text):
    assert record.write(put(b"g", GEO, b"\0\0\0" + text.encode())).result == 160


NESTED = pytest.mark.parametrize(
    ("particle", "head", "end"), [(LIST, b"\x91", b"\x90"), (MAP, b"\x81\x01", b"\x80")]
)


@NESTED
@pytest.mark.parametrize("depth", [65, 256])
def test_deep_nesting_comes_back(own_record, particle, head, end, depth):
    value = head * (depth - 1) + end
    assert own_record.write(put(b"v", particle, value)).result == 0
    assert own_record.get().bins == {b"v": (particle, value)}


@NESTED
@pytest.mark.parametrize("depth", [257, 5000, 1_000_000])
def test_deeper_nesting_is_refused(own_record, particle, head, end, depth):
    value = head * (depth - 1) + end
    assert own_record.write(put(b"v", particle, value)).result == 1
    assert own_record.get().result == 2


@pytest.mark.parametrize(("depth", "result"), [(255, 0), (256, 4), (500_000, 4)])
def test_operation_nests_no_deeper(own_record, depth, result):
    append = b"\x92\x01" + b"\x91" * (depth - 1) + b"\x90"
    assert own_record.write((OP_CDT_MODIFY, b"v", BLOB, append)).result == result


def test_map_of_5000_unsorted_keys_comes_back_sorted(record):
    items = [
        b"\xa7\x03k%05d" % (i * 2741 % 5000) + b"\xcd\x10" + bytes([i % 251])
        for i in range(5000)
    ]
    head = b"\xde" + (5000).to_bytes(2, "big")
    assert record.write(put(b"m", MAP, head + b"".join(items))).result == 0
    assert record.get().bins == {b"m": (MAP, head + b"".join(sorted(items)))}


# Bytes that count against the limit of 1 MiB, beyond those of one string bin "a".
@pytest.mark.parametrize(
    ("set_name", "key", "ttl", "more", "overhead"),
    [
        (b"demox", b"", 0, None, 53),
        (b"", b"", 0, None, 47),
        (b"demox", b"", 100, None, 57),
        (b"demox", b"\x01" + bytes(8), 0, None, 63),
        (b"demox", b"\x03" + b"x" * 200, 0, None, 256),
        (b"demox", b"", 0, put_int(b"b", 0), 58),
        (b"demox", b"", 0, put_int(b"b", 256), 59),
        (b"demox", b"", 0, put_int(b"b", -1), 65),
        (b"demox", b"", 0, put_int(b"b" * 15, 1), 72),
        (b"demox", b"", 0, put(b"b", FLOAT, f64(1)), 64),
        (b"demox", b"", 0, put(b"b", BOOL, b"\1"), 57),
        (b"demox", b"", 0, put(b"b", STRING, b"x"), 61),
        (b"demox", b"", 0, put(b"b", LIST, b"\x92\1\2"), 63),
    ],
)
def test_record_size_is_limited(connection, set_name, key, ttl, more, overhead):
    client = RecordClient(connection, os.urandom(20), set_name)
    fields = [(2, key)] if key else []
    longest = 1_048_576 - overhead
    for length, result in ((longest + 1, 13), (longest, 0)):
        ops = [put(b"a", STRING, b"x" * length), *([more] if more else [])]
        reply = client.command((0, 1, 0), *ops, ttl=ttl, fields=fields)
        assert reply.result == result
    assert client.write((9, b"a", STRING, b"x"), ttl=ttl)[:2] == (13, 1)
    assert client.remove().result == 0


def test_null_particle_with_a_value_is_a_removal(record):
    assert record.write(put(b"v", NULL, b"value")).result == 2
