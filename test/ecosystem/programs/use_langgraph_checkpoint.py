"""langgraph-checkpoint-aerospike: a graph that stops, is asked, and goes on."""

import asyncio
import operator
import sys
from contextlib import closing
from typing import Annotated, TypedDict

from langgraph.checkpoint.aerospike import AerospikeSaver
from langgraph.graph import END, START, StateGraph

import aerospike

host, port = sys.argv[1], int(sys.argv[2])


class State(TypedDict):
    steps: Annotated[list, operator.add]


def build(saver):
    graph = StateGraph(State)
    graph.add_node("a", lambda state: {"steps": ["a"]})
    graph.add_node("b", lambda state: {"steps": ["b"]})
    graph.add_edge(START, "a")
    graph.add_edge("a", "b")
    graph.add_edge("b", END)
    return graph.compile(checkpointer=saver, interrupt_before=["b"])


with closing(aerospike.client({"hosts": [(host, port)]})) as client:
    sets = {
        "set_cp": "eco_cp",
        "set_writes": "eco_cp_writes",
        "set_meta": "eco_cp_meta",
    }
    saver = AerospikeSaver(client, "test", **sets, ttl={"default_ttl": 5})
    AerospikeSaver(client, "test", **sets)  # its indexes are there already
    graph = build(saver)
    config = {"configurable": {"thread_id": "thread-1"}}
    saver.delete_thread("thread-1")

    assert graph.invoke({"steps": ["start"]}, config)["steps"] == ["start", "a"]
    assert graph.get_state(config).next == ("b",)
    assert build(saver).invoke(None, config)["steps"] == ["start", "a", "b"]
    history = list(graph.get_state_history(config))
    assert [len(state.values["steps"]) for state in history] == [3, 2, 1, 0]
    old = history[1].config
    assert graph.get_state(old).values["steps"] == ["start", "a"]

    listed = list(saver.list(config, limit=2))
    assert len(listed) == 2
    assert (
        asyncio.run(saver.aget_tuple(config)).checkpoint["id"]
        == (history[0].config["configurable"]["checkpoint_id"])
    )
    saver.delete_thread("thread-1")
    assert saver.get_tuple(config) is None
    for name in sets.values():
        client.index_remove("test", f"{name}_thread_id_idx")
