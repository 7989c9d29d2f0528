"""Deep expressions in threads whose stack is small: packed, or refused; never a crash.

512 KiB is what macOS gives to threads, 128 KiB what musl gives. Each case runs in a
process of its own, which a crash would end.
"""

from __future__ import annotations

import pytest

from ..children import run_script
from ..faults.peer import ScriptedNode, reply

SCRIPT = """
import threading
from aerospike import exception
from aerospike._core import pack_expression
from aerospike_helpers import cdt_ctx
from aerospike_helpers import expressions as exp

def nested(depth, start, wrap):
    for _ in range(depth):
        start = wrap(start)
    return start

kind, size, depth = args[0], int(args[1]), int(args[2])
yes = exp.Eq(1, 1)
deep = nested(250, 1, lambda v: {"a": 1, "b": v})
start, wrap = {
    "operand": (exp.IntBin("i"), lambda e: exp.Add(e, 1)),
    "body": (exp.IntBin("i"), lambda e: exp.Let(exp.Def("v", 1), e)),
    "definition": (exp.IntBin("i"), lambda e: exp.Let(exp.Def("v", e), exp.Var("v"))),
    "branch": (exp.IntBin("i"), lambda e: exp.Cond(yes, e, 2)),
    "target": (exp.ListBin("l"), lambda e: exp.ListAppend(None, None, 1, e)),
    "value": (exp.ListBin("l"), lambda e: exp.ListAppend(None, None, e, "l")),
    "deep constant": (exp.Eq(exp.MapBin("m"), deep), lambda e: exp.And(e, yes)),
    "deep context": (
        exp.Eq(exp.ListSize([cdt_ctx.cdt_ctx_map_value(deep)], "l"), 1),
        lambda e: exp.And(e, yes),
    ),
}[kind]
tree = nested(depth, start, wrap)

def compile_it():
    try:
        print("packed", len(pack_expression(tree)) > depth)
    except (exception.ParamError, exception.InvalidRequest) as refusal:
        print("refused", refusal.msg)

threading.stack_size(size * 1024)
thread = threading.Thread(target=compile_it)
thread.start()
thread.join()
"""

KINDS = [
    "operand",
    "body",
    "branch",
    "target",
    "value",
    "deep constant",
    "deep context",
]


def compiled(kind: str, stack_kib: int, depth: int) -> str:
    script = "import sys\nargs = sys.argv[2:]\n" + SCRIPT
    return run_script(script, [], kind, str(stack_kib), str(depth)).strip()


@pytest.mark.parametrize("kind", KINDS)
def test_deep_expression_is_packed_in_512_kib(kind: str) -> None:
    assert compiled(kind, 512, 990) == "packed True"


def test_deep_definition_is_packed_in_512_kib() -> None:
    assert compiled("definition", 512, 490) == "packed True"  # each is two levels


@pytest.mark.parametrize("kind", [*KINDS, "definition"])
def test_deeper_than_a_stack_of_128_kib_is_refused(kind: str) -> None:
    said = compiled(kind, 128, 490 if kind == "definition" else 990)
    assert said.startswith(
        "refused an expression is nested deeper than the stack of this thread allows"
    )


@pytest.mark.parametrize("kind", ["operand", "body", "branch", "target", "value"])
def test_usual_expression_is_packed_in_128_kib(kind: str) -> None:
    assert compiled(kind, 128, 100) == "packed True"


def test_more_levels_than_the_bound_are_refused() -> None:
    assert "nested deeper than 1000 levels" in compiled("operand", 8192, 1001)


@pytest.mark.parametrize("stack_kib", [64, 128, 512])
@pytest.mark.parametrize("head", ["91", "8101"])
def test_deep_value_is_read_or_refused(
    scripted_node: ScriptedNode, head: str, stack_kib: int
) -> None:
    value = bytes.fromhex(head) * 990 + b"\1"
    particle = 20 if head == "91" else 19
    scripted_node.expect().send(reply(bins=[(b"v", particle, value)]))
    said = run_script(
        """
        import aerospike, sys, threading
        from aerospike import exception

        client = aerospike.client({"hosts": hosts, **PATIENT})

        def read():
            try:
                print("read", list(client.get(("test", "pytest", 1))[2]))
            except exception.ClientError as refusal:
                print("refused", refusal.msg)

        threading.stack_size(int(sys.argv[2]) * 1024)
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        client.close()
        """,
        [scripted_node.host],
        str(stack_kib),
    )
    if stack_kib == 512:
        assert said == "read ['v']\n"
    else:
        assert "refused value is nested deeper than the stack of this thread" in said


@pytest.mark.parametrize("kind", ["list", "map"])
def test_deep_value_is_written_or_refused_on_64_kib(kind: str) -> None:
    wrap = "[v]" if kind == "list" else '{"b": 1, "a": v}'
    said = run_script(
        f"""
        import threading
        from aerospike import exception
        from aerospike._core import pack_expression
        from aerospike_helpers import expressions as exp

        v = 1
        for _ in range(250):
            v = {wrap}
        tree = exp.Eq(exp.{kind.title()}Bin("b"), v)

        def write():
            try:
                print("written", len(pack_expression(tree)) > 250)
            except exception.AerospikeError as refusal:
                print("refused", refusal.msg)

        threading.stack_size(64 * 1024)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        """,
        [],
    )
    assert said == "written True\n" or "deeper than the stack of this thread" in said
