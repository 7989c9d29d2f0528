"""Run by `test_official_client.py` where the `aerospike` of PyPI is installed.

    python official_queries.py save FILE HOST:PORT ...
    python official_queries.py resume FILE HOST:PORT ...

save: read a part of a set by each kind of query, end each in several ways, and pickle
(ids of the records that were taken, status) for each of them. resume: go on where the
statuses of such a file say, and replace them with the ids of what was read.
"""

import pickle
import sys
from typing import Any

import aerospike
from aerospike import exception, predicates

NS, SET, INDEX = "test", "official_queries", "official_queries_i"
KINDS = ["query", "where", "scan"]
ENDS = ["False", "raise", "page", "finished"]
N_TAKEN, PAGE = 20, 25


def make(client, kind):
    if kind == "scan":
        return client.scan(NS, SET)
    query = client.query(NS, SET)
    if kind == "where":
        query.where(predicates.between("i", -1000, 1000))
    return query


def read_part(query, end):
    """Ids of the records that count as read."""
    taken: list[int] = []

    def take(_partition, record):
        if len(taken) >= N_TAKEN and end == "raise":
            raise ValueError("enough")
        if len(taken) >= N_TAKEN and end == "False":
            return False
        taken.append(record[2]["i"])
        return True

    policy: dict[str, Any] = {"partition_filter": {"begin": 0, "count": 4096}}
    if end == "page" and hasattr(query, "max_records"):
        query.max_records = PAGE
    elif end == "page":
        policy["max_records"] = PAGE
    try:
        query.foreach(take, policy)
    except exception.ClientError:
        if end != "raise":
            raise
    return taken


def save(client):
    """{(kind, end): (ids, status)}"""
    found = {}
    for kind in KINDS:
        for end in ENDS:
            query = make(client, kind)
            found[kind, end] = read_part(query, end), query.get_partitions_status()
    return found


def resume(client, saved):
    """{(kind, end): ids} of what comes after a status; the pages of queries, too."""
    found = {}
    for (kind, end), (_, status) in saved.items():
        policy = {"partition_filter": {"partition_status": status}}
        query = make(client, kind)
        found[kind, end] = [r[2]["i"] for r in query.results(policy)]
        if kind != "scan" and not status["done"]:
            pages = make(client, kind)
            pages.max_records = PAGE
            read = []
            while not pages.is_done():
                read += [r[2]["i"] for r in pages.results(policy)]
            assert sorted(read) == sorted(found[kind, end]), (kind, end)
    return found


def main(act, path, *hosts):
    pairs = (text.rpartition(":") for text in hosts)
    config = {"hosts": [(host, int(port)) for host, _, port in pairs]}
    client = aerospike.client(config)
    if act == "save":
        found = save(client)
    else:
        with open(path, "rb") as file:
            found = resume(client, pickle.load(file))
    with open(path, "wb") as file:
        pickle.dump(found, file)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
