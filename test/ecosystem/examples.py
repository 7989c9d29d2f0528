"""Run the example programs of the PyPI client's repository that need functions.

    python -m ecosystem.examples CHECKOUT [HOST:PORT]

CHECKOUT: a checkout of that repository, of yours. Its programs run unchanged, in a copy
of their folders, with the wheel of this checkout as `aerospike`, against a development
server or the node that is given. Status 1 if one does not print what it should.

Programs that name their port, 3000, are left out where the node that is given listens
elsewhere. The development server has that port.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .environments import PLACE, environment, put_ours_in, wheel
from .official import OUR_EXTRAS
from .run import LIMIT_S, node

NAMED_PORT = 3000

RECORDS = """
import sys
import aerospike

client = aerospike.client({"hosts": [(sys.argv[1], int(sys.argv[2]))]}).connect()
client.truncate("test", "demo", 0)
for number in range(10):
    client.put(("test", "demo", f"u{number}"), {"age": 20 + number, "list": [1]})
client.index_integer_create("test", "demo", "age", "demo_age")
client.close()
"""
"""What the programs expect to be there."""


class Step(NamedTuple):
    """A program with its arguments, and a pattern that fits what it prints.

    It is given the address of the node, unless it names its port.
    """

    program: str
    arguments: tuple[str, ...]
    prints: str
    names_port: bool = False


def _client(name: str, prints: str, *arguments: str) -> Step:
    return Step(f"examples/client/{name}.py", arguments, prints)


def _of_docs(name: str, prints: str) -> Step:
    return Step(f"doc/examples/{name}.py", (), prints, names_port=True)


_MODULES = ("bin_lua", "example", "sample", "simple", "stream_example")
_WHERE = "age between (20, 25)"
_JOB = ("-m", "bin_lua", "-f", "mytransform", "-a", "age,2")

STEPS = (
    *(_client("udf_put", "1 new UDF registered", f"{name}.lua") for name in _MODULES),
    _client("udf_list", r"'name': 'bin_lua\.lua'"),
    _client("udf_get", "function concat", "simple.lua"),
    _client("apply", "^7\n", "u1", "simple", "add", "3", "4"),
    _client("apply", "^xy\n", "u1", "simple", "concat", "x", "y"),
    _client("apply", "1 UDF applied", "u1", "sample", "list_append", "list", "5"),
    _client("aggregate", "^6\n", _WHERE, "example", "count"),
    _client("aggregate", "^6\n", _WHERE, "stream_example", "count"),
    _client("query_apply", "Background query is successful", *_JOB, _WHERE),
    _client("scan_apply", "Background scan is successful", *_JOB),
    _client("aggregate", "^2\n", _WHERE, "stream_example", "count"),  # aged by then
    _client("kvs", "a30000"),
    *(_client("udf_remove", "1 UDF de-reg", f"{name}.lua") for name in _MODULES),
    _of_docs("lua/lua", "'Derek': 3"),
    _of_docs("scan/top", "{'number': 13}"),
)


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        # the programs are old: their texts and their calls give warnings
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )
    return f"{done.stdout}\nstatus {done.returncode}\n"


def run(python: Path, copy: Path, step: Step, address: tuple[str, str]) -> bool:
    """Whether a program prints what it should; what it printed is shown if not."""
    host, port = address
    program = copy / step.program
    given = [] if step.names_port else ["-h", host, "-p", port]
    command = [str(python), program.name, *given, *step.arguments]
    output = _output(command, program.parent)
    fits = re.search(step.prints, output, re.DOTALL | re.MULTILINE) is not None
    is_well = fits and output.endswith("status 0\n")
    words = " ".join([step.program, *step.arguments])
    print(f"{'ok    ' if is_well else 'FAILED'}  {words}", flush=True)
    if not is_well:
        print(output)
    return is_well


def main(checkout: str, given: str | None = None) -> int:
    source = Path(checkout).resolve()
    if not (source / "examples").is_dir():
        raise SystemExit(f"{source} has no folder examples")
    python = environment("examples", OUR_EXTRAS)
    put_ours_in(python, wheel())
    copy = PLACE / "examples-run"
    shutil.rmtree(copy, ignore_errors=True)
    for folder in ("examples", "doc/examples"):
        shutil.copytree(source / folder, copy / folder)
    with node(given, NAMED_PORT) as address:
        print(_output([str(python), "-c", RECORDS, *address], copy), end="")
        is_named = address[1] == str(NAMED_PORT)
        steps = [step for step in STEPS if is_named or not step.names_port]
        results = [run(python, copy, step, address) for step in steps]
    programs = {step.program for step in steps}
    print(f"{sum(results)} of {len(results)} runs of {len(programs)} programs are well")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
