"""Where this client answers otherwise than the recording, and why.

quirks.txt, which came with the cases, names peculiarities of the recorded client;
here is what this project has decided, and what it does not have yet.
"""

from __future__ import annotations

# case -> our (first) answer: "ok", or the class of an exception
DECIDED = {
    # PY_BYTES pickles; these cases read pickles as bytes
    "value/send-bool-as-2/True": "ok",
    "value/send-bool-as-2/False": "ok",
    # a digest may be bytes as well as bytearray
    "keys/bad-tuple/digest-bytes": "ok",
    # hosts may be any sequence; wrong ports and names are found before connecting
    "config/hosts/tuple": "ok",
    "config/hosts/list-pair": "ok",
    "config/hosts/port-big": "ParamError",
    "config/hosts/port-neg": "ParamError",
    "config/hosts/empty-host": "ParamError",
    # a NUL in a namespace or set is refused, not cut
    "keys/bad-tuple/ns-nul": "ParamError",
    # a name of 16 bytes is an error wherever it stands; the recorded client cuts it
    "record/select/long": "BinNameError",
    "record/remove_bin/long": "BinNameError",
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

# cases of several answers, of which one or more are a ParamError here: a wrong type is
# found before anything is sent, with the operation and the argument in the text
PARAM_ERRORS = [
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
PENDING = {
    "record/policy/compress/get": "compression",
    "record/policy/compress/put": "compression",
}

# Cases that name no port, and so need a node on the default one.
NEED_PORT_3000 = {"config/hosts/str-in-list"}
