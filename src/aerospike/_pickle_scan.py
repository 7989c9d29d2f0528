"""What a pickle would do, found out without doing it.

A pickle is a program without loops, but one instruction can take a memo of 4 GB, copy a
list that another made, or hash a tuple that holds itself sixty times doubled. The
interpreter lock is held meanwhile, so that no timeout helps. `scan` walks through the
instructions with sizes in place of values, and refuses what costs too much.

The rules: an index of the memo is below the number of instructions; instructions, the
cost of what is hashed and the memory of what is made are limited; nothing is nested
deeper than lists of the server may be; only names that `resolve` knows, and called only
where a pickle names them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple


class Limits(NamedTuple):
    """What a pickle may take. Defaults are far above what values of records need."""

    opcodes: int = 1_000_000
    """Instructions."""
    hashed: int = 100_000
    """Items inside of dict keys and set items, each counted as often as it is reached;
    on top of one for each instruction."""
    growth: int = 64
    """Bytes of memory for each byte of the pickle; on top of 64 KiB."""


MAX_DEPTH = 1000  # of what may be hashed or freed: C code recurses
MAX_DIGITS = 4300  # of an integer in decimal: converting it takes their square
CROWD = 200  # keys of one container that may all have one hash, made to collide
_FREE_GROWTH = 64 << 10
_LONGEST_NAME = 200
_MAX_COST = 1 << 40

Scalar = str | int
"""A value that holds no other: a short text as it is, else how many bytes it has."""


class _Node:
    """A value that holds others, a large integer, or a name."""

    __slots__ = (
        "children",
        "cost",
        "depth",
        "grows",
        "hashes",
        "length",
        "n_crowd",
        "target",
        "weight",
    )

    def __init__(self, hashes: bool, weight: int = 0) -> None:
        self.children: Sequence[_Node] = ()  # or a list of its own
        self.length = 0  # items
        self.weight = weight  # bytes of its scalars
        self.hashes = hashes  # hashing it hashes its children
        self.grows = True  # items may come
        self.n_crowd = 0  # keys that may collide
        self.target: Any = None  # of a name
        self.cost = self.depth = 0  # once the scan is done

    def hold(self, nodes: list[_Node]) -> None:
        """More children."""
        if isinstance(self.children, list):
            self.children += nodes
        elif nodes:
            self.children = list(nodes)


def _nodes(items: Iterable[Any]) -> list[_Node]:
    return [item for item in items if type(item) is _Node]


def _weight(items: Iterable[Any]) -> int:
    return sum(
        len(item) if type(item) is str else item
        for item in items
        if type(item) is not _Node
    )


def _refused(reason: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(reason)


# the instructions that push a value without parts -> bytes of their argument
_PLAIN = {b"J": 4, b"K": 1, b"M": 2, b"G": 8, b"N": 0, b"\x88": 0, b"\x89": 0}
# those with a size before the value -> (bytes of the size, what the value is)
_TEXT, _BYTES, _LONG, _ARRAY = range(4)
_COUNTED = {
    b"X": (4, _TEXT),
    b"\x8c": (1, _TEXT),
    b"\x8d": (8, _TEXT),
    b"U": (1, _BYTES),
    b"T": (4, _BYTES),
    b"C": (1, _BYTES),
    b"B": (4, _BYTES),
    b"\x8e": (8, _BYTES),
    b"\x96": (8, _ARRAY),
    b"\x8a": (1, _LONG),
    b"\x8b": (4, _LONG),
}
_LINES = b"ILFSV"
# rough bytes of memory
_LIST, _DICT, _SET, _OBJECT, _ITEM, _PAIR = 48, 48, 200, 100, 8, 48


class _Machine:
    """The stack machine of pickles, with sizes for values.

    Whatever is malformed ends in an exception, as it would in an unpickler.
    """

    def __init__(
        self,
        data: bytes,
        resolve: Callable[[str, str], Any],
        limits: Limits,
        takes_pairs: Sequence[Any],
    ) -> None:
        self.data = data
        self.at = 0
        self.frame_end = 0  # of the frame that began last
        self.resolve = resolve
        self.limits = limits
        self.takes_pairs = takes_pairs
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # stacks under the marks
        self.memo: dict[int, Any] = {}
        self.highest = -1  # index of the memo
        self.n_opcodes = 0
        self.memory = -(_FREE_GROWTH + limits.growth * len(data))
        self.nodes: list[_Node] = []
        self.hashed: list[_Node] = []
        self.hashed_bytes = 0
        self.is_crowded = False

    # --- arguments ---

    def number(self, size: int) -> int:
        end = self.at + size
        if end > len(self.data):
            raise _refused("the pickle ends early")
        value = int.from_bytes(self.data[self.at : end], "little")
        self.at = end
        return value

    def skip(self, size: int) -> int:
        start = self.at
        self.at = start + size
        if self.at > len(self.data):
            raise _refused("a size is beyond the end of the pickle")
        return start

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise _refused("the pickle ends early")
        text = self.data[self.at : end]
        self.at = end + 1
        return text

    def index_line(self) -> int:
        text = self.line()
        if len(text) > 20:
            raise _refused("an index of the memo is too large")
        return int(text)

    # --- costs ---

    def take(self, n_bytes: int) -> None:
        self.memory += n_bytes
        if self.memory > 0:
            raise _refused("its value would take too much memory (growth)")

    def hash_keys(self, keys: Iterable[Any], container: Any) -> None:
        """Keys go into a dict or set."""
        for key in keys:
            if type(key) is _Node:
                self.hashed.append(key)
                if type(container) is _Node:
                    container.n_crowd += 1
            elif type(key) is int:
                self.hashed_bytes += key
        if type(container) is _Node and container.n_crowd > CROWD:
            self.is_crowded = True

    # --- values ---

    def pop_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.below.pop()
        return items

    def push_counted(self, width: int, kind: int) -> None:
        size = self.number(width)
        start = self.skip(size)
        value: Any = size
        if kind == _TEXT and size <= _LONGEST_NAME:
            value = self.data[start : self.at].decode("utf-8", "surrogatepass")
        elif kind == _ARRAY or (kind == _LONG and size > 8):
            value = self.new(kind == _LONG, weight=size)
        self.stack.append(value)

    def push_line(self, op: int) -> None:
        value: Any = len(self.line())
        if op in b"IL" and value > 18:
            if value > MAX_DIGITS:
                raise _refused("an integer has too many digits")
            value = self.new(True, weight=value)
        self.stack.append(value)

    def new(self, hashes: bool, memory: int = 0, weight: int = 0) -> _Node:
        self.take(memory)
        node = _Node(hashes, weight)
        node.grows = weight == 0
        self.nodes.append(node)
        return node

    def push(self, hashes: bool, memory: int) -> _Node:
        node = self.new(hashes, memory)
        self.stack.append(node)
        return node

    def push_tuple(self, items: list[Any]) -> None:
        node = self.push(True, 40)
        node.grows = False
        self.fill(node, items, _ITEM)

    def add_items(self, target: Any, items: list[Any], item_size: int) -> None:
        if type(target) is not _Node or not target.grows:
            raise _refused("items are added to what has none")
        self.fill(target, items, item_size)

    def fill(self, target: _Node, items: list[Any], item_size: int) -> None:
        self.take(item_size * len(items))
        target.length += len(items)
        target.weight += _weight(items)
        target.hold(_nodes(items))

    def add_pairs(self, target: Any, items: list[Any]) -> None:
        self.add_items(target, items, _PAIR // 2)
        self.hash_keys(items[::2], target)

    def push_name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise _refused("a name is no short text")
        node = self.push(False, 0)
        node.grows = False
        node.target = self.resolve(module, name)

    def push_result(self, function: Any, args: Any) -> None:
        """What calling a name with a tuple of arguments gives."""
        if type(function) is not _Node or function.target is None:
            raise _refused("something that is no name is called")
        if type(args) is not _Node:
            raise _refused("arguments are no tuple")
        has_identity = getattr(function.target, "__hash__", None) is object.__hash__
        node = self.push(not has_identity, _OBJECT + args.weight)
        inside: list[_Node] = []
        for arg in args.children:
            # the scan's own lists count too: a call of calls would double them
            self.take(arg.weight + _PAIR * arg.length + _ITEM * len(arg.children))
            inside += arg.children
        node.hold([args, *inside])
        self.hash_keys(inside, None)
        if any(function.target is known for known in self.takes_pairs):
            for pair in inside:
                self.take(pair.length)
                self.hash_keys(pair.children, None)

    def build(self) -> None:
        """The state of an object is filled in: a dict, or a tuple of two."""
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is not _Node or target.target is not None:
            raise _refused("a pickle must not change a class")
        if type(state) is _Node:
            parts = [state, *state.children] if state.hashes else [state]
            self.take(sum(_PAIR * p.length + _ITEM * len(p.children) for p in parts))
            target.hold([state, *(child for part in parts for child in part.children)])

    # --- instructions ---

    def run(self) -> None:
        data, plain, counted, steps = self.data, _SKIPPED, _SIZED, _STEPS
        most = self.limits.opcodes
        while True:
            if self.at >= len(data):
                raise _refused("the pickle ends early")
            start = self.at
            op = data[start]
            self.at += 1
            self.n_opcodes += 1
            if self.n_opcodes > most:
                raise _refused("it has too many instructions (opcodes)")
            if op in plain:
                self.skip(plain[op])
                self.stack.append(0)
            elif op in counted:
                self.push_counted(*counted[op])
            elif op in _LINES:
                self.push_line(op)
            elif op == 0x2E:  # stop
                self.stack.pop()
                return
            elif op in steps:
                steps[op](self)
            else:
                raise _refused(f"it has the instruction {op:#x}, which no value needs")
            if start < self.frame_end < self.at:
                # Python drops the rest of the frame and reads on behind it: what it
                # runs would be another pickle than what is looked at here
                raise _refused("a frame ends within an instruction")

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]
        self.highest = max(self.highest, index)

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def pop_n(self, n: int) -> list[Any]:
        if len(self.stack) < n:
            raise _refused("too few values are on the stack")
        items = self.stack[len(self.stack) - n :]
        del self.stack[len(self.stack) - n :]
        return items

    def append_one(self) -> None:
        item = self.stack.pop()
        self.add_items(self.stack[-1], [item], _ITEM)

    def append_all(self) -> None:
        items = self.pop_mark()
        self.add_items(self.stack[-1], items, _ITEM)

    def set_one(self) -> None:
        pair = self.pop_n(2)
        self.add_pairs(self.stack[-1], pair)

    def set_all(self) -> None:
        items = self.pop_mark()
        self.add_pairs(self.stack[-1], items)

    def add_to_set(self) -> None:
        items = self.pop_mark()
        self.add_items(self.stack[-1], items, _PAIR)
        self.hash_keys(items, self.stack[-1])

    def frozen_set(self) -> None:
        items = self.pop_mark()
        node = self.push(True, _SET)
        node.grows = False
        self.fill(node, items, _PAIR)
        self.hash_keys(items, node)

    def marked_list(self) -> None:
        items = self.pop_mark()
        self.add_items(self.push(False, _LIST), items, _ITEM)

    def marked_dict(self) -> None:
        items = self.pop_mark()
        self.add_pairs(self.push(False, _DICT), items)

    def name_line(self) -> None:
        self.push_name(self.line().decode(), self.line().decode())

    def called_instance(self) -> None:
        args = self.pop_mark()
        self.name_line()
        self.push_tuple(args)
        self.call()

    def called_object(self) -> None:
        function, *args = self.pop_mark()
        self.stack.append(function)
        self.push_tuple(args)
        self.call()

    def call(self) -> None:
        self.push_result(*self.pop_n(2))

    def call_with_keywords(self) -> None:
        function, args, keywords = self.pop_n(3)
        if type(keywords) is not _Node or type(args) is not _Node:
            raise _refused("arguments are no tuple and dict")
        node = self.new(True, _ITEM * args.length, args.weight)
        node.length = args.length
        self.take(_ITEM * (len(args.children) + len(keywords.children)))
        node.hold([*args.children, *keywords.children, keywords])
        self.push_result(function, node)

    def frame(self) -> None:
        if self.at <= self.frame_end:
            raise _refused("a frame begins within another one")
        size = self.number(8)
        if size > len(self.data) - self.at:
            raise _refused("a frame is beyond the end of the pickle")
        self.frame_end = self.at + size

    # --- at the end ---

    def check(self) -> None:
        """Compare the sums with the limits."""
        if self.highest >= self.n_opcodes:
            raise _refused("an index of the memo is too large")
        for node in self.nodes:
            _measure(node)
        if any(node.depth > MAX_DEPTH for node in self.nodes):
            raise _refused(f"its value is nested deeper than {MAX_DEPTH} levels")
        free = self.limits.hashed + self.n_opcodes + len(self.data) // 8
        if sum(node.cost for node in self.hashed) + self.hashed_bytes // 64 > free:
            raise _refused("hashing its keys would take too long (hashed)")


def _measure(root: _Node) -> None:
    """Find depth and cost of hashing of a value and all in it.

    What holds itself has the depth of one round, and hashing it may have no end.
    """
    if root.depth:
        return
    root.depth = 1
    root.cost = _MAX_COST if root.hashes else 1  # until it is known
    way: list[tuple[_Node, int]] = [(root, 0)]
    while way:
        node, i = way.pop()
        children = node.children
        while i < len(children) and children[i].depth:
            i += 1
        if i < len(children):
            children[i].depth = 1
            children[i].cost = _MAX_COST if children[i].hashes else 1
            way += [(node, i + 1), (children[i], 0)]
            continue
        node.cost = 1 + node.length + node.weight // 64
        if not node.hashes:
            node.cost = 1
        elif children:
            node.cost += sum(child.cost for child in children)
            node.cost = min(node.cost, _MAX_COST)
        if children:
            node.depth = 1 + max(child.depth for child in children)


def scan(
    data: bytes,
    resolve: Callable[[str, str], Any],
    limits: Limits,
    takes_pairs: Sequence[Any] = (),
) -> bool:
    """Walk through a pickle.

    :param resolve: what a module and a name stand for; raises if they may not stand.
    :param takes_pairs: what it gives for callables that hash the first of each pair.
    :return: whether keys of one container are so many that their hashes should be
        compared first.
    :raises Exception: it is malformed, costs more than the limits say, or names what
        it may not.
    """
    machine = _Machine(data, resolve, limits, takes_pairs)
    machine.run()
    machine.check()
    return machine.is_crowded


_SKIPPED = {op[0]: size for op, size in _PLAIN.items()}
_SIZED = {op[0]: how for op, how in _COUNTED.items()}

_STEPS: dict[int, Callable[[_Machine], Any]] = {
    op[0]: step
    for op, step in {
        b"\x80": lambda m: m.skip(1),  # protocol
        b"\x95": _Machine.frame,
        b"(": _Machine.mark,
        b"0": _Machine.pop,
        b"1": _Machine.pop_mark,
        b"2": lambda m: m.stack.append(m.stack[-1]),
        b"p": lambda m: m.put(m.index_line()),
        b"q": lambda m: m.put(m.number(1)),
        b"r": lambda m: m.put(m.number(4)),
        b"\x94": lambda m: m.put(len(m.memo)),
        b"g": lambda m: m.stack.append(m.memo[m.index_line()]),
        b"h": lambda m: m.stack.append(m.memo[m.number(1)]),
        b"j": lambda m: m.stack.append(m.memo[m.number(4)]),
        b")": lambda m: m.push_tuple([]),
        b"t": lambda m: m.push_tuple(m.pop_mark()),
        b"\x85": lambda m: m.push_tuple(m.pop_n(1)),
        b"\x86": lambda m: m.push_tuple(m.pop_n(2)),
        b"\x87": lambda m: m.push_tuple(m.pop_n(3)),
        b"]": lambda m: m.push(False, _LIST),
        b"l": _Machine.marked_list,
        b"a": _Machine.append_one,
        b"e": _Machine.append_all,
        b"}": lambda m: m.push(False, _DICT),
        b"d": _Machine.marked_dict,
        b"s": _Machine.set_one,
        b"u": _Machine.set_all,
        b"\x8f": lambda m: m.push(False, _SET),
        b"\x90": _Machine.add_to_set,
        b"\x91": _Machine.frozen_set,
        b"c": _Machine.name_line,
        b"\x93": lambda m: m.push_name(*m.pop_n(2)),
        b"i": _Machine.called_instance,
        b"o": _Machine.called_object,
        b"R": _Machine.call,
        b"\x81": _Machine.call,
        b"\x92": _Machine.call_with_keywords,
        b"b": _Machine.build,
    }.items()
}
