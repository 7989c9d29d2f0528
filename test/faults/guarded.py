"""A node with users, on top of the scripted one: it answers admin requests.

Source of the bytes: the admin section of the protocol.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .peer import ADMIN, ScriptedNode, frame, reply

RECORD = reply(bins=[(b"a", 1, bytes(7) + b"\x05")])
"""What such a node answers to commands: bin a is 5."""

AUTHENTICATE, LOGIN = 0, 20
USER, CREDENTIAL, CLEAR_PASSWORD, TOKEN, TTL = 0, 3, 4, 5, 6

SALT = "$2a$10$7EqJtq98hPqEX7fNZaFWoO"
HASHES = {
    "admin": SALT + "1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa",
    "secret": SALT + "u7NRZ0i7m5NbgPBEsHTCoJzZDEKQRb.",
    "s2": SALT + "dh1o6a01AYlnklQTtdeETLdD61tJkue",
    "nopassword": SALT + "ePA2sZy..tlOF99W2N0g5KZ3dLaw8WO",
}


def field(number: int, data: bytes) -> bytes:
    return (len(data) + 1).to_bytes(4, "big") + bytes([number]) + data


def admin_reply(result: int, *fields: bytes) -> bytes:
    return blocks(block(result, *fields))


def blocks(*blocks_of: bytes) -> bytes:
    """A frame of blocks."""
    return frame(ADMIN, b"".join(blocks_of))


def block(result: int, *fields: bytes) -> bytes:
    return bytes([0, result, 0, len(fields)]) + bytes(12) + b"".join(fields)


class AdminRequest(NamedTuple):
    """An admin request, taken apart."""

    command: int
    fields: list[tuple[int, bytes]]


def parse(body: bytes) -> AdminRequest:
    """Take a request apart; asserts that nothing is left over."""
    assert body[:2] == bytes(2)
    assert body[4:16] == bytes(12)
    fields, at = [], 16
    for _ in range(body[3]):
        size = int.from_bytes(body[at : at + 4], "big")
        fields.append((body[at + 4], body[at + 5 : at + 4 + size]))
        at += 4 + size
    assert at == len(body)
    return AdminRequest(body[2], fields)


class Guarded(ScriptedNode):
    """A node that lets users in.

    :ivar result: of logins. ``token``: what they get. ``ttl``: its seconds.
    :ivar logins: the bodies of the logins that came; ``shown``: of the tokens;
        ``commands``: of all other admin requests.
    :ivar refuses_tokens: so many of the tokens that are shown first are refused.
    :ivar answer: what other admin requests are answered with.
    """

    def __init__(self) -> None:
        super().__init__()
        self.result = 0
        self.token = b"TOKENTOKEN"
        self.ttl = 3600
        self.logins: list[bytes] = []
        self.shown: list[bytes] = []
        self.commands: list[bytes] = []
        self.refuses_tokens = 0
        self.answer = admin_reply(0)
        self.default = RECORD
        self.on_frame = self._guard

    def _guard(self, kind: int, body: bytes) -> bytes | None:
        if kind != ADMIN:
            return None
        if body[2] == AUTHENTICATE:
            self.shown.append(body)
            refused = len(self.shown) <= self.refuses_tokens
            return admin_reply(65 if refused else 0)
        if body[2] != LOGIN:
            self.commands.append(body)
            return self.answer
        self.logins.append(body)
        if self.result:
            return admin_reply(self.result)
        ttl = self.ttl.to_bytes(4, "big")
        return admin_reply(0, field(TOKEN, self.token), field(TTL, ttl))


PASSWORD_FIELDS: list[Any] = [
    [],
    None,
    ((0, b"a"), 1),
    ((0,),),
    ((0, "text"),),
    ((256, b"a"),),
    (("0", b"a"),),
    ((0, object()),),
    ((0, b""),) * 256,
]
"""What no admin request is made of."""
