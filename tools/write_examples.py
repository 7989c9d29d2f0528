"""Write the values into the examples of the reference, as the server gives them.

    python tools/write_examples.py [HOST:PORT]

Without HOST:PORT, that is a development server. What is in the namespace `test` of
another one is lost. Look at what changes before you commit it: the values are what
readers will expect.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "doc" / "_ext"))

import aerospike
import example_texts
from aerospike_devserver import DevCluster, FaultProxy

Host = tuple[str, int]


def of_server(text: str, host: Host) -> str:
    """The same text, for another server than the one on port 3000."""
    address, port = host
    text = text.replace('("127.0.0.1", 3000)', f'("{address}", {port})')
    return text.replace("127.0.0.1:3000", f"{address}:{port}")


def run_example(common: str, text: str, host: Host) -> str:
    """Run an example behind what all have in common; the example with its values.

    Whatever it made is gone afterwards: records, indexes, functions, servers.
    """
    names: dict[str, Any] = {}
    with example_texts.event_loop() as loop:
        try:
            example_texts.run(of_server(common, host), names, loop)
            made = example_texts.run(of_server(text, host), names, loop)
        finally:
            os.environ.pop("AEROSPIKE_HOSTS", None)
            for value in names.values():
                if isinstance(value, aerospike.Client):
                    value.close()
                elif isinstance(value, aerospike.AsyncClient):
                    loop.run_until_complete(value.close())
            for value in names.values():
                if isinstance(value, DevCluster | FaultProxy):
                    value.stop()
            clean(host)
    address, port = host
    made = made.replace(f'("{address}", {port})', '("127.0.0.1", 3000)')
    return made.replace(f"{address}:{port}", "127.0.0.1:3000")


def clean(host: Host) -> None:
    """Remove what examples leave on a server."""
    with aerospike.client({"hosts": [host]}) as client:
        [(_, listed)] = client.info_all("sindex-list:namespace=test").values()
        for entry in filter(None, listed.partition("\t")[2].strip().split(";")):
            fields = dict(field.partition("=")[::2] for field in entry.split(":"))
            client.index_remove("test", fields["indexname"])
        for module in client.udf_list():
            client.udf_remove(module["name"])
        # not truncate(), which may leave what was written in this very millisecond
        for record in client.scan("test").results():
            client.remove(record.key)


def main() -> int:
    """Write all files; 1 when an example does not run."""
    n_failed = 0
    with DevCluster() as cluster, tempfile.TemporaryDirectory() as folder:
        host = cluster.hosts[0]
        if sys.argv[1:]:
            address, _, port = sys.argv[1].rpartition(":")
            host = address, int(port)
        os.chdir(folder)
        for file in example_texts.FILES:
            made = dict(file.examples)
            for name, text in made.items():
                try:
                    made[name] = run_example(file.common, text, host)
                except Exception as error:  # noqa: BLE001 - all of them are shown
                    print(f"{file.path.name}: {name}: {error}")
                    n_failed += 1
            example_texts.write(file._replace(examples=made))
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
