"""Where this client answers otherwise than the recording, and why.

quirks.txt, which came with the cases, names peculiarities of the recorded client;
here is what this project has decided, and what it does not have yet.
"""

from __future__ import annotations

# expressions with an operand of the wrong type, whose bytes nobody can see: a server
# answers 4 to them, which this client says itself
WRONGLY_TYPED = [
    *(f"vec/exp/arith/{name}" for name in ("mixed", "str")),
    *(f"vec/exp/cmp/{name}" for name in ("geo-eq", "hll-eq", "int-float", "int-str")),
    *(f"vec/exp/{name}" for name in ("bitop/on-str", "cond/mixed-types")),
    "vec/exp/let/undefined",
]

# expressions that the recorded client refuses too, as a ClientError
NOT_PACKED = [
    *(
        f"{place}/{name}"
        for place in ("vec/exp", "exp/read")
        for name in (
            "list/get-by-index/NONE",
            "list/get-by-rank-range/NONE",
            "list/get-by-value/NONE",
            "map/get-by-index-range/NONE",
            "map/get-by-key/KEY_VALUE",
            "map/get-by-key/NONE",
            "map/get-by-value/NONE",
        )
    ),
]

# case -> our (first) answer: "ok", the class of an exception, or the text itself
DECIDED = {
    **dict.fromkeys(WRONGLY_TYPED, "InvalidRequest"),
    **dict.fromkeys(NOT_PACKED, "InvalidRequest"),
    # a value without a type, which needs a serializer
    **{f"vec/exp-bad-arg/{kind}": "ParamError" for kind in ("object", "set", "tuple")},
    # the recorded client cuts an index in a context to 32 bits
    "vec/ctx/big-index": "khDOgAAAAA==",
    # a bin name of 16 bytes, or one that is no str
    "vec/exp-bad-arg/bin-long": "BinNameError",
    "exp/op-args/bin-long": "BinNameError",
    "exp/op-args/bin-long-read": "BinNameError",
    "exp/op-args/bin-none": "ParamError",
    # the arguments of a function may stand in a tuple
    "batch/args/batch_apply/18": "ok",
    "udf/bad-args/args-tuple": "ok",
    # every row of a compressed batch that is refused says so, not the first one alone
    **{
        f"batch/{call}/policy/compress": "ok"
        for call in ("operate", "read", "remove", "write")
    },
    # flags of None are none, as for policies
    "exp/op-args/flags-none": "ok",
    # PY_BYTES pickles; these cases read pickles as bytes
    "value/send-bool-as-2/True": "ok",
    "value/send-bool-as-2/False": "ok",
    # settings of a wrong type are refused
    "value/send-bool-as-bad/x": "ParamError",
    # a digest may be bytes as well as bytearray
    "keys/bad-tuple/digest-bytes": "ok",
    # hosts may be any sequence; wrong ports and names are found before connecting
    "config/hosts/tuple": "ok",
    "config/hosts/list-pair": "ok",
    "config/hosts/port-big": "ParamError",
    "config/hosts/port-neg": "ParamError",
    "config/hosts/empty-host": "ParamError",
    # times to live and generations that nothing means are refused before they are
    # sent; the recorded client cuts them to 32 bits
    **{
        f"record/ttl/{call}/2^32": "ParamError"
        for call in ("put", "touch", "operate", "operate-touch", "update", "policy")
    },
    **{f"record/gen/bad-{gen}": "ParamError" for gen in (-1, 65536, 2**32)},
    # a NUL in a namespace or set is refused, not cut
    "keys/bad-tuple/ns-nul": "ParamError",
    # a name of 16 bytes is an error wherever it stands; the recorded client cuts it
    "record/select/long": "BinNameError",
    "record/remove_bin/long": "BinNameError",
    "batch/read/bins/long": "BinNameError",
    # names may stand in a tuple, as in select()
    "batch/read/bins/tuple": "ok",
    # without a count, a partition filter goes to the last partition; a wrong one is a
    # ParamError in scans, too, which the recorded client reads as "everything"
    "query/partitions/query/begin-only": "ok",
    "query/partitions/scan/begin-only": "ok",
    "query/partitions/where/begin-only": "ok",
    "query/partitions/scan/neg": "ParamError",
    "query/partitions/scan/not-dict": "ParamError",
    "query/partitions/scan/over": "ParamError",
    "query/partitions/scan/str": "ParamError",
    "query/partitions/scan/zero": "ParamError",
    # where() takes the forms of the 2.x line
    "query/where-bad/three": "ok",
    # refused before it is sent
    "query/index-create/cdt-empty-ctx": "ParamError",
    "query/index-create/datatype-bad": "ParamError",
    # the recorded client carries out writes among the operations of a read
    "batch/write/write-in-read": "ParamError",
    # a wrong argument is a ParamError, here too; it is a ClientError, as recorded
    "record/args/remove_bin/3": "ParamError",
    "record/policy/not-dict/remove_bin": "ParamError",
    # a value that cannot be stored is a ParamError in operations as it is in put()
    "value/op-write/complex": "ParamError",
    "value/op-write/frozenset": "ParamError",
    "value/op-write/list/set": "ParamError",
    "value/op-write/list/tuple": "ParamError",
    "value/op-write/map/bad-value": "ParamError",
    "value/op-write/map/tuple-key": "ParamError",
    "value/op-write/object": "ParamError",
    "value/op-write/range": "ParamError",
    "value/op-write/set": "ParamError",
    "value/op-write/tuple": "ParamError",
    "value/op-write/type": "ParamError",
}

# case -> our whole answer, and why
OWN_ANSWERS = {
    # the recorded client does not know this key of operate policies
    "operate/policy/respond-all": [
        {"tuple": [{"meta": [2, "none"]}, {"map": [["n", 6]]}]},
        {
            "tuple": [
                {"meta": [3, "none"]},
                [{"tuple": ["n", None]}, {"tuple": ["s", "x"]}],
            ]
        },
        {"tuple": [{"meta": [3, "none"]}, {"map": [["n", 7], ["s", "x"]]}]},
    ],
}

# a line of quirks.txt -> what has been decided for its cases: for the first of these
# globs that fits a case, our (first) answer, as in DECIDED. "recorded": as the recorded
# client; "typed": a setting of a wrong type is refused; "named": no bin lacks a name;
# JSON: the first of several answers as a whole
QUIRKS = {
    # a NUL is never cut off: in names and text keys it is refused, values have it
    "keys/*str-nul": {"*": "ParamError"},
    "value/*/str/nul": {"value/put/*": "ok", "*": '{"map": [["v", "a\\u0000b"]]}'},
    "record/bins/name-nul": {"*": "ParamError"},
    # no entry of a map is lost
    "value/*/map/none-key": {"*": "ParamError"},
    "value/*/map/bool-key": {"*": "ParamError"},
    "value/*/map/float-key": {"*": "ServerError"},
    # bytes are text keys, everywhere
    "keys/digest/bytes*": {"*-long": "ParamError", "*-zero": "ParamError", "*": "ok"},
    "keys/partition/bytes*": {
        "*-long": "ParamError",
        "*-zero": "ParamError",
        "*": "ok",
    },
    "keys/partition/bytearray-empty": {"*": "ParamError"},
    "keys/roundtrip/bytes*": {
        "*-long": "ParamError",
        "*-zero": "ParamError",
        "*": "recorded",
    },
    "keys/roundtrip/bytearray*": {"*": "recorded"},
    "keys/send/byte*": {"*": "recorded"},
    "keys/not-sent/byte*": {"*": "recorded"},
    "keys/set-*/digest/bytes": {"*": "ok"},
    "keys/set-*/roundtrip/bytes": {"*": "recorded"},
    "keys/set-none/digest/*": {"*": "ok"},
    "record/returns/*": {"*": "recorded"},
    "query/foreach/*/raise": {"*": "recorded"},
    "config/key/*": {"*": "typed"},
    "config/section*": {"*": "typed"},
    "config/policies/*": {"*": "typed"},
    "config/command/*": {"*": "typed"},
    "config/closed/*": {
        "config/closed/partition": "ok",  # needs no cluster
        "*": "recorded",
    },
    "config/reopened": {"*": "recorded"},
    # the bins of a deleted record: none, not one without a name
    "batch/operate/delete": {"*": "named"},
    "batch/write/delete-op": {"*": "named"},
    "value/*/memoryview": {
        "value/put/*": "ok",
        "*": '{"map": [["v", {"bytes": "6162"}]]}',
    },
    "query/attr/*": {"*": "recorded"},
    # the server cuts what a function is given: Lua gets it as text in C
    "udf/*/nul": {"*": "recorded"},
}

# settings that take anything: those that nobody knows are warned of, and some that are
# known mean nothing here
UNTYPED = {
    "config/key/metrics",
    "config/key/nosuch",
    "config/policies/nosuch",
    "config/command/info/check_bounds",
    "config/command/info/send_as_is",
}

# cases of several answers, of which one or more are a ParamError here: a wrong type is
# found before anything is sent, with the operation and the argument in the text
PARAM_ERRORS = [
    "bit/badtype/bin",  # BinNameError, in fact
    "hll/badtype",
    "query/where-bad/bin-int",
    "operate/bad/write-object",
    "operate/bad/write-tuple",
    "exp/bad/half",  # part of a compiled expression is none
    "list/badtype/bin",  # BinNameError, in fact
    "list/badtype/policy",
    "list/badtype/value",
    "map/badtype/keylist",
    "map/put/bad-keys",
    "map/put/bad-values",
    "map/put_items/not-dict",
]

# cases whose answer has more than the recorded one: names of the 2.x line, built-in
# bases of exceptions
SUPERSETS = [
    "config/constants/MAP",
    "config/constants/POLICY",
    "config/constants/SERIALIZER",
    "config/exceptions",
    "config/raised",
]

# case -> what it waits for
PENDING: dict[str, str] = {}

# Cases that name no port, and so need a node on the default one.
NEED_PORT_3000 = {"config/hosts/str-in-list"}

# Cases whose answer has the one node of the recorded cluster in it.
NEED_ONE_NODE = {"info/all-shape", "info/nodes", "query/scan/nodename"}

# Cases whose functions run in the client, too, which needs lupa for that.
NEED_LUPA = "udf/stream/*"
