"""Count the instructions of the development server: of this tree and earlier commits.

    python benchmarks/devserver.py [CALL...] [--base COMMIT...] [--into CHECKOUT]

As instructions.py does for the client: the trees under build/instructions, two lengths
of runs, their difference. The process that is counted is the whole server, with its
sockets and its loop. What it is sent are the bytes that this tree's client sends, taken
down once and sent again over one connection, so that nothing differs from run to run.

"first records" is all that a test pays in the end: import, start, a client that
connects, puts, gets, operates, reads a batch and scans, and the end of the process.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aerospike
import instructions_worker as calls_of_client
from capture import MESSAGE, relayed
from instructions import (
    FOLDER,
    Lengths,
    Tree,
    commit_of_this_tree,
    count_in,
    counted_into,
    counted_today,
    unpacked,
)
from results import PAGE, replace, table
from workers import ROOT, Failed, development_server

WORKER = ROOT / "benchmarks/devserver_worker.py"
BASE = "48e6c09"
SECTION = "development server"

# sizes of headers, and what is looked for in them
PROTO_SIZE, MESSAGE_SIZE = 8, 22
BATCH, LAST = 0x08, 0x01
DIGEST, TASK_ID = 4, 7


class Call(NamedTuple):
    """What is counted.

    limit: how many times the instructions of a base it may take. sent: the call
    of the client that is sent to a node. n_records: how many are put before. n_rows:
    the count is divided by so many.
    """

    lengths: Lengths
    limit: float
    sent: str = ""
    n_records: int = 0
    n_rows: int = 1


ONCE = Lengths(0, 1)
FIRST = "first records"
CALLS = {
    "get": Call(Lengths(50, 550), 0.85, "get", 10),
    "put": Call(Lengths(50, 550), 0.9, "put"),
    "operate": Call(Lengths(50, 350), 1.0, "operate"),
    "row of 100": Call(Lengths(1, 6), 0.75, "batch_read of 100", 100, 100),
    "row of 1000": Call(Lengths(1, 2), 0.75, "batch_read of 1000", 1000, 1000),
    "scanned record": Call(Lengths(1, 2), 1.0, "scan of 1000", 2000, 1000),
    "import": Call(ONCE, 0.6),
    "import beside pytest": Call(ONCE, 0.6),
    "start and stop": Call(ONCE, 1.0),
    "start and stop of 3": Call(ONCE, 1.0),
    FIRST: Call(ONCE, 1.0, FIRST),
}


def put_records(client: Any) -> None:
    for key in (*calls_of_client.KEYS, *calls_of_client.SCANNED):
        client.put(key, calls_of_client.BINS)


def first_records(client: Any) -> None:
    """A call of each usual kind."""
    client.put(calls_of_client.KEYS[0], calls_of_client.BINS)
    for name in ("get", "operate", "batch_read of 100", "scan of 1000"):
        calls_of_client.CALLS[name](client)()


# What is sent


def frames_of(use: Callable[[Any], object], node: tuple[str, int]) -> list[bytes]:
    """All that a client sends to a node, frame by frame in the order of time."""
    seen: list[bytes] = []

    def see(data: bytes, is_request: bool) -> None:
        if is_request:
            seen.append(data)

    with relayed(node, see) as (address, port):
        config = calls_of_client.config_of(address, str(port))
        with aerospike.client({**config, "force_single_node": True}) as client:
            use(client)
    return list(cut(b"".join(seen)))


def cut(data: bytes) -> Iterator[bytes]:
    """Frames that stand one behind another."""
    while data:
        size = PROTO_SIZE + int.from_bytes(data[2:PROTO_SIZE], "big")
        yield data[:size]
        data = data[size:]


class Sent:
    """What the counted server is sent: taken from a client of a server like it."""

    def __init__(self, node: tuple[str, int]) -> None:
        self._node = node
        everything = frames_of(put_records, node)
        self.records = [frame for frame in everything if frame[1] == MESSAGE]

    def of(self, name: str) -> list[bytes]:
        """The request of a call; for the first records all that the client sends."""
        if name == FIRST:
            return frames_of(first_records, self._node)
        call = calls_of_client.CALLS[name]
        return frames_of(lambda client: call(client)(), self._node)[-1:]


class Peer:
    """A client that sends what it is given, and waits for the whole reply."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = self._sock.makefile("rb")

    def ask(self, request: bytes) -> None:
        self._sock.sendall(request)
        if not may_have_several(request):
            self._take_frame()
            return
        while not is_last(self._take_frame()):
            pass

    def _take_frame(self) -> bytes:
        head = self._replies.read(PROTO_SIZE)
        return self._replies.read(int.from_bytes(head[2:], "big"))

    def close(self) -> None:
        self._replies.close()
        self._sock.close()


def is_last(body: bytes) -> bool:
    """Whether a frame ends a reply of several: it has one message, and no record."""
    return len(body) == MESSAGE_SIZE and bool(body[3] & LAST)


def may_have_several(request: bytes) -> bool:
    """Whether the reply has frames up to one that says that it is the last one."""
    if request[1] != MESSAGE:
        return False
    return bool(request[PROTO_SIZE + 1] & BATCH) or not place_of(DIGEST, request)


def place_of(field: int, request: bytes) -> int:
    """Where the value of a field stands in a message, 0 if there is none."""
    at = PROTO_SIZE + MESSAGE_SIZE
    for _ in range(int.from_bytes(request[PROTO_SIZE + 18 : PROTO_SIZE + 20], "big")):
        if request[at + 4] == field:
            return at + 5
        at += 4 + int.from_bytes(request[at : at + 4], "big")
    return 0


def numbered(request: bytes, number: int) -> bytes:
    """The same request once more: a node takes no scan of the same number again."""
    at = place_of(TASK_ID, request) if request[1] == MESSAGE else 0
    if not at:
        return request
    return request[:at] + number.to_bytes(8, "big") + request[at + 8 :]


# What is counted


class Server:
    """The process of a tree's server, on its own or under callgrind."""

    def __init__(self, tree: Tree, before: Sequence[str], what: str, n: int) -> None:
        variables = {"PYTHONPATH": str(tree.folder / "src"), "PYTHONHASHSEED": "0"}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONDONTWRITEBYTECODE"
        }
        self._process = subprocess.Popen(
            [*before, sys.executable, str(WORKER), what, str(n)],
            env=inherited | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def port(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.end()
            raise Failed("the server has ended")
        return int(line)

    def end(self) -> None:
        _, errors = self._process.communicate()
        if self._process.returncode:
            raise Failed(errors[-2000:].strip())


class Counter:
    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._requests: dict[str, list[bytes]] = {}

    def per_call(self, tree: Tree, name: str) -> float:
        """The instructions of a tree's server for one call, or for a row of it."""
        call = CALLS[name]
        self._run(tree, (), name, 1)  # none is compiled in the runs to come
        few, many = (
            self._count(tree, name, n) for n in (call.lengths.short, call.lengths.long)
        )
        n_calls = call.lengths.long - call.lengths.short
        return (many - few) / n_calls / call.n_rows

    def _count(self, tree: Tree, name: str, n_calls: int) -> int:
        file = re.sub(r"[^\w.]+", "_", f"server.{name}.{tree.name}.{n_calls}.out")
        out = FOLDER / file
        self._run(tree, counted_into(out), name, n_calls)
        return count_in(out)

    def _run(self, tree: Tree, before: Sequence[str], name: str, n_calls: int) -> None:
        sent = CALLS[name].sent
        if not sent:
            Server(tree, before, name, n_calls).end()
        elif sent == FIRST and not n_calls:
            Server(tree, before, "nothing", 0).end()
        else:
            self._ask(Server(tree, before, "serve", 1), CALLS[name], n_calls)

    def _ask(self, server: Server, call: Call, n_calls: int) -> None:
        if call.sent not in self._requests:
            self._requests[call.sent] = self._sent.of(call.sent)
        peer = Peer(server.port())
        for request in self._sent.records[: call.n_records]:
            peer.ask(request)
        for number in range(1, n_calls + 1):
            for request in self._requests[call.sent]:
                peer.ask(numbered(request, number))
        peer.close()
        server.end()


def row(name: str, ours: float, theirs: Sequence[tuple[Tree, float]]) -> str:
    cells = [f"{name:22}{ours:14,.0f}"]
    for _, count in theirs:
        verdict = "ok" if ours / count <= CALLS[name].limit else "over"
        cells.append(f"{count:16,.0f}{ours / count:8.3f} {verdict:4}")
    return "".join(cells).rstrip()


def compare(
    counter: Counter, names: Sequence[str], ours: Tree, bases: Sequence[Tree]
) -> tuple[int, list[tuple[str, ...]]]:
    """Print a row for each call; how many ratios are over their limits, and the rows of
    RESULTS.md.
    """
    heads = "".join(f"{tree.name:>29}" for tree in bases)
    print(f"{'server, instructions':22}{'this tree':>14}{heads}", flush=True)
    n_over = 0
    rows: list[tuple[str, ...]] = []
    for name in names:
        count = counter.per_call(ours, name)
        theirs = [(tree, counter.per_call(tree, name)) for tree in bases]
        print(row(name, count, theirs), flush=True)
        n_over += sum(count / other > CALLS[name].limit for _, other in theirs)
        others = (f"{n:,.0f} ({count / n:.2f})" for _, n in theirs)
        rows.append((name, f"{count:,.0f}", *others, f"{CALLS[name].limit:g}"))
    return n_over, rows


def arguments(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("calls", nargs="*", help=f"names or parts of: {', '.join(CALLS)}; default: all")
    add("--base", nargs="+", default=[BASE], help="commits to compare with")
    add(
        "--into", type=Path, default=ROOT, help="the checkout whose results are written"
    )
    return parser.parse_args(args)


def main(args: Sequence[str]) -> int:
    options = arguments(args)
    wanted = options.calls
    names = [c for c in CALLS if not wanted or any(part in c for part in wanted)]
    try:
        bases = [unpacked(name, name) for name in options.base]
        ours = unpacked("this tree", commit_of_this_tree())
        with development_server() as hosts:
            n_over, rows = compare(Counter(Sent(hosts[0])), names, ours, bases)
        if len(rows) == len(CALLS):
            columns = ("call", "this tree", *options.base, "ratio at most")
            body = f"{counted_today('make bench-devserver')}\n{table(columns, rows)}"
            replace(options.into / PAGE, SECTION, body)
    except Failed as error:
        print(f"devserver: {error}", file=sys.stderr)
        return 1
    if n_over:
        print(f"{n_over} of the ratios are over their limits")
    return 1 if n_over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
