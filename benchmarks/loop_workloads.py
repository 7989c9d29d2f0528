"""What is measured of clients that share a loop, or threads.

To add a workload, add a row to WORKLOADS. The clients, and the calls of each, are in
loop_clients.py. Nothing here imports a client.
"""

from __future__ import annotations

from dataclasses import dataclass

RECORD = {"n": 42, "ratio": 0.25, "name": "short string", "blob": bytes(range(32))}
SET, SCANNED_SET = "loops", "loops-scanned"
N_KEYS, N_BATCH, N_SCANNED = 1000, 100, 20_000


@dataclass(frozen=True)
class Workload:
    """One row: a call of loop_clients, and how many of them are under way."""

    call: str
    in_flight: int
    title: str
    n_records: int = 1  # that one call moves

    @property
    def name(self) -> str:
        return f"{self.call}-{self.in_flight}"


CALLS = {"get": "get of a record with 4 bins", "put": "put of it"}
WORKLOADS = (
    *(Workload(call, n, title) for call, title in CALLS.items() for n in (1, 64, 256)),
    Workload("batch", 8, f"batch_read of {N_BATCH} records", N_BATCH),
    Workload("scan", 1, f"scan of {N_SCANNED:,} records", N_SCANNED),
)
BY_NAME = {workload.name: workload for workload in WORKLOADS}
