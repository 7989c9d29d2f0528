"""What users may do: privileges, roles, and the access that a user has by them.

Source: section 1 of the page on security. What one privilege includes of another is
approximated: no server with security has been recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Network = IPv4Network | IPv6Network

WINDOW_MS = 1000
"""How long commands are counted for a quota, which is one of commands per second."""


class Code(IntEnum):
    """Kinds of privileges; those from READ on hold for a namespace and a set."""

    USER_ADMIN = 0
    SYS_ADMIN = 1
    DATA_ADMIN = 2
    UDF_ADMIN = 3
    SINDEX_ADMIN = 4
    READ = 10
    READ_WRITE = 11
    READ_WRITE_UDF = 12
    WRITE = 13
    TRUNCATE = 14


class Privilege(NamedTuple):
    """A kind, and where it holds; empty names = everywhere."""

    code: Code
    namespace: bytes = b""
    set_name: bytes = b""


_DATA_ADMIN = (Code.UDF_ADMIN, Code.SINDEX_ADMIN, Code.TRUNCATE)
INCLUDED: dict[Code, tuple[Code, ...]] = {
    Code.SYS_ADMIN: (Code.DATA_ADMIN, *_DATA_ADMIN),
    Code.DATA_ADMIN: _DATA_ADMIN,
    Code.READ_WRITE: (Code.READ, Code.WRITE),
    Code.READ_WRITE_UDF: (Code.READ_WRITE, Code.READ, Code.WRITE),
}
"""What a privilege holds besides itself."""

PREDEFINED = {code.name.lower().replace("_", "-").encode(): code for code in Code}
"""Roles that are always there, each with the one privilege that it is named for."""


class Role:
    """A role. Its whitelist is a list of addresses with commas, b"" = any address.

    Quotas are commands per second, 0 = no limit.
    """

    def __init__(self, privileges: Iterable[Privilege]) -> None:
        self.privileges = set(privileges)
        self.whitelist = b""
        self.read_quota = 0
        self.write_quota = 0


def networks_of(whitelist: bytes) -> list[Network]:
    """The addresses of a whitelist; ValueError."""
    texts = whitelist.decode("ascii", "replace").split(",") if whitelist else []
    return [ip_network(text.strip(), strict=False) for text in texts]


class Usage:
    """The commands of a user that were let through in the running second."""

    def __init__(self) -> None:
        self._began_ms = 0
        self._count = 0

    def count(self, now_ms: int) -> int:
        """How many there are."""
        # the clock of a cluster may be set back
        if not 0 <= now_ms - self._began_ms < WINDOW_MS:
            self._began_ms, self._count = now_ms, 0
        return self._count

    def takes(self, quota: int, now_ms: int) -> bool:
        """Count one more, unless that is more than a quota; 0 = no limit."""
        fits = not quota or self.count(now_ms) < quota
        if fits:
            self._count = self.count(now_ms) + 1
        return fits


class Access:
    """What a user with some roles may do. Of several quotas the highest counts.

    quotas, usage: of reads and of writes.
    """

    def __init__(self, roles: Sequence[Role], usage: tuple[Usage, Usage]) -> None:
        self._scopes: dict[Code, set[tuple[bytes, bytes]]] = defaultdict(set)
        for role in roles:
            for code, *scope in role.privileges:
                for held in (code, *INCLUDED.get(code, ())):
                    self._scopes[held].add((scope[0], scope[1]))
        self._networks = [n for role in roles for n in networks_of(role.whitelist)]
        self.quotas = (
            max((role.read_quota for role in roles), default=0),
            max((role.write_quota for role in roles), default=0),
        )
        self.usage = usage

    def allows(self, code: Code, namespace: bytes = b"", set_name: bytes = b"") -> bool:
        """Whether one of the privileges covers a kind of command at a place."""
        return any(
            of in (b"", namespace) and within in (b"", set_name)
            for of, within in self._scopes.get(code, ())
        )

    def takes(self, is_write: bool, now_ms: int) -> bool:
        """Count a command, unless it is one too many."""
        return self.usage[is_write].takes(self.quotas[is_write], now_ms)

    def admits(self, host: str) -> bool:
        """Whether a client may come from an address: one that any role lists."""
        if not self._networks:
            return True
        address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
