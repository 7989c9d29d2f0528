"""What nodes answer to info commands, as Python values."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import NamedTuple

from aerospike._doctor.wire import Address

N_PARTITIONS = 4096

MOST_ADDRESSES = 16
"""Addresses of one node that are looked at. Others may be a lie without an end."""

MOST_NAMESPACES = 32
"""Servers have no more."""

_ADDRESS = re.compile(r"(?:\[([^][]+)\]|([^][:,]+))(?::([0-9]+))?")
# a text can be a host in one way alone, so that trying others does not take forever
_HOST = r"(?:\[[^][]*\](?::[0-9]+)?|[^][,]+)"
_PEER = re.compile(
    rf"\[([0-9A-Fa-f]+),([^][,]*),\[((?:{_HOST})?(?:,{_HOST})*)\]\]", re.ASCII
)


class Peer(NamedTuple):
    """A node as another one describes it."""

    name: str
    tls_name: str
    addresses: tuple[Address, ...]


def entries_of(text: str) -> dict[str, str]:
    """The pairs of "a=1;b=2"."""
    pairs = (item.partition("=") for item in text.split(";"))
    return {name: value for name, _, value in pairs if name}


def number_of(text: str | None) -> int | None:
    """A whole number, or None where there is none."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,18}", text) else None


def addresses_of(text: str, port: int) -> tuple[Address, ...]:
    """The addresses of a list, or the first of many; `port` is that of those which name
    none."""
    found: list[Address] = []
    for match in _ADDRESS.finditer(text):
        given = number_of(match[3]) if match[3] else port
        if given is not None and 0 < given < 1 << 16:
            found.append(Address(match[1] or match[2], given))
        if len(found) == MOST_ADDRESSES:
            break
    return tuple(found)


def is_failure(text: str | None) -> bool:
    """Is it no answer but the reason why there is none?"""
    return text is None or text.startswith(("ERROR", "FAIL"))


def peers_of(text: str) -> list[Peer]:
    """The peers of "generation,port,[[name,tls name,[address,...]],...]"."""
    _, _, rest = text.partition(",")
    port, _, rest = rest.partition(",")
    default = number_of(port) or 3000
    return [
        Peer(match[1], match[2], addresses_of(match[3], default))
        for match in _PEER.finditer(rest)
    ]


def are_peers(text: str) -> bool:
    """Has a list of peers only peers?"""
    _, _, rest = text.partition(",")
    _, _, rest = rest.partition(",")
    return not _PEER.sub("", rest).strip("[],")


def maps_of(text: str) -> dict[str, list[bytes]]:
    """Namespace -> the bitmaps of a node: what it is master of, then its copies."""
    found = {}
    for item in text.split(";"):
        name, _, rest = item.partition(":")
        columns = rest.split(",")[2:]
        try:
            maps = [base64.b64decode(column, validate=True) for column in columns]
        except (binascii.Error, ValueError):
            continue
        if name and all(len(m) == N_PARTITIONS // 8 for m in maps):
            found[name] = maps
        if len(found) == MOST_NAMESPACES:
            break
    return found


def partitions_of(bitmap: bytes) -> list[int]:
    """The numbers of the partitions whose bits are set."""
    bits = int.from_bytes(bitmap, "big")
    last = N_PARTITIONS - 1
    return [p for p in range(N_PARTITIONS) if bits >> (last - p) & 1]


def is_of_a_container(host: str) -> bool:
    """Is it a private address, as those inside a container or a cloud are?"""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private and not address.is_loopback
