"""Functions in Lua: sales that are checked, counted and summed up in the cluster.

    python examples/sales.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
functions are in example_sales.lua beside this file. The program needs the package lupa,
which the extra "lua" installs, and a namespace "test".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import aerospike
from aerospike import exception

USAGE = "usage: python examples/sales.py [HOST:PORT[,HOST:PORT...]]"
FILE = Path(__file__).with_name("example_sales.lua")
MODULE = FILE.stem
SET = "sales-example"
ARTICLES = [
    ("tea", "drink", 4.0),
    ("coffee", "drink", 6.5),
    ("bread", "food", 3.0),
    ("cheese", "food", 9.0),
    ("honey", "food", 7.5),
]
STOCK = 10
SALES = [("tea", 3), ("cheese", 6), ("bread", 10), ("coffee", 4), ("cheese", 5)]


def expect(what: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        raise SystemExit(f"surprise: {what} gave {got!r}, expected {wanted!r}")
    print(f"  {what}\n      -> {got}")


def key_of(name: str) -> tuple[str, str, str]:
    return ("test", SET, name)


def aggregate(client: aerospike.Client, function: str, *arguments: Any) -> list[Any]:
    """The results of a function that gets all articles as a stream."""
    query = client.query("test", SET)
    query.apply(MODULE, function, list(arguments))
    return query.results()


def sell(client: aerospike.Client) -> None:
    """Each sale changes one record in one step: nobody can sell what is not there."""
    sold = [
        client.apply(key_of(name), MODULE, "sell", [pieces]) for name, pieces in SALES
    ]
    expect("apply(key, module, 'sell', [pieces])", sold, [True] * 4 + [False])
    try:
        client.apply(key_of("jam"), MODULE, "sell", [1])
    except exception.UDFError as error:
        print(f"  a function that fails\n      -> {error.detail}")
    else:
        raise SystemExit("surprise: an article that is not there was sold")


def sum_up(client: aerospike.Client) -> None:
    """The nodes sum up their articles, and the client joins what they send."""
    expect("count", aggregate(client, "count"), [len(ARTICLES)])
    expect(
        "sold_by_kind",
        [dict(sorted(sums.items())) for sums in aggregate(client, "sold_by_kind")],
        [{"drink": 7, "food": 16}],
    )
    (best,) = aggregate(client, "best", 2)
    expect("best", [article["name"] for article in best], ["cheese", "bread"])


def change_prices(client: aerospike.Client) -> None:
    """The nodes change all records; the call returns when they have done it."""
    job = client.scan_apply("test", SET, MODULE, "change_price", [110])
    info = client.job_info(job, aerospike.JOB_SCAN)
    expect("scan_apply: records", info["records_read"], len(ARTICLES))
    price = client.get(key_of("cheese"))[2]["price"]
    expect("the new price of cheese", round(price, 2), 9.9)


def main(args: list[str]) -> int:
    if len(args) > 1 or any(each.startswith("-") for each in args):
        print(USAGE)
        return 0 if args in (["-h"], ["--help"]) else 2
    text = args[0] if args else os.environ.get("AEROSPIKE_HOSTS", "127.0.0.1:3000")
    print(f"Connecting to {text}")
    # an aggregation also looks for the module on this machine, in this folder
    config = {"hosts": text.split(","), "lua": {"user_path": str(FILE.parent)}}
    with aerospike.client(config).connect() as client:
        client.truncate("test", SET, 0)  # what an earlier run may have left
        for name, kind, price in ARTICLES:
            bins = {"name": name, "kind": kind, "price": price, "stock": STOCK}
            client.put(key_of(name), bins)
        client.udf_put(str(FILE))
        sell(client)
        sum_up(client)
        change_prices(client)
        client.udf_remove(FILE.name)
        client.truncate("test", SET, 0)
    print("\nEvery step gave what was expected.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
