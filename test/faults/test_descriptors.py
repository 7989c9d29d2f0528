"""Processes that have no descriptors left, or that close those of the client."""

from __future__ import annotations

from ..children import run_script
from .peer import ScriptedNode


def test_first_client_without_descriptors_raises_client_error() -> None:
    """The constructor reads files, and says by its own error that it could not."""
    with ScriptedNode() as node:
        printed = run_script(
            """
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            taken = []
            try:
                while True:
                    taken.append(os.dup(0))
            except OSError:
                pass
            try:
                aerospike.client({"hosts": hosts, **PATIENT})
            except exception.ClientError as e:
                error = e
            for fd in taken:
                os.close(fd)
            print(error.code, "Too many open files" in error.msg,
                  type(error.__cause__).__name__)
            client = aerospike.client({"hosts": hosts, **PATIENT})
            print(client.is_connected())
            client.close()
            """,
            [node.host],
        )
    assert printed.split() == ["-1", "True", "OSError", "True"]
