"""Certificates of every kind, made when a test needs them."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)
NAME = "node.example"
"""Whom the certificates of nodes name, unless a test says otherwise."""


def pem_of(certificate: trustme.LeafCert) -> bytes:
    """The certificate with its chain."""
    return b"".join(blob.bytes() for blob in certificate.cert_chain_pems)


def parsed(certificate: trustme.LeafCert | trustme.CA) -> x509.Certificate:
    """The certificate itself, to be looked at."""
    if isinstance(certificate, trustme.CA):
        return x509.load_pem_x509_certificate(certificate.cert_pem.bytes())
    return x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())


def serial_of(certificate: trustme.LeafCert | trustme.CA) -> str:
    """The serial number in hexadecimal digits."""
    return f"{parsed(certificate).serial_number:X}"


def oneline(name: x509.Name) -> str:
    """A name as OpenSSL writes it in one line."""
    short = {
        "commonName": "CN",
        "organizationName": "O",
        "organizationalUnitName": "OU",
    }
    return "".join(f"/{short[part.oid._name]}={part.value!s}" for part in name)


def encrypted(key: trustme.LeafCert, password: str) -> bytes:
    """The private key in PEM with a password."""
    loaded = serialization.load_pem_private_key(key.private_key_pem.bytes(), None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )


def crl(
    ca: trustme.CA,
    revoked: Iterable[trustme.LeafCert | trustme.CA | int] = (),
    next_update: datetime.datetime = NOW + DAY,
) -> bytes:
    """A list of what a CA has revoked: certificates, or serial numbers."""
    key: Any = serialization.load_pem_private_key(ca.private_key_pem.bytes(), None)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(parsed(ca).subject)
        .last_update(min(NOW, next_update) - DAY)
        .next_update(next_update)
    )
    for item in revoked:
        number = item if isinstance(item, int) else parsed(item).serial_number
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(number)
            .revocation_date(NOW - DAY)
            .build()
        )
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A CA, its files in a folder, and a certificate for the nodes of a test."""

    def __init__(self, folder: Path, ca: trustme.CA | None = None) -> None:
        self.ca = ca or trustme.CA()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.cafile = self.file("ca.pem", self.ca.cert_pem.bytes())

    def file(self, name: str, *parts: bytes) -> str:
        """Write a file, or write it anew."""
        path = self.folder / name
        path.write_bytes(b"".join(parts))
        return str(path)

    @cached_property
    def node(self) -> trustme.LeafCert:
        return self.ca.issue_cert(NAME)

    def client_files(self, **changes: Any) -> dict[str, str]:
        """A client's certificate as the section "tls" takes it."""
        issued = self.ca.issue_cert(common_name="a client", **changes)
        return {
            "certfile": self.file("client.pem", pem_of(issued)),
            "keyfile": self.file("client.key", issued.private_key_pem.bytes()),
        }


def serving(
    certificate: trustme.LeafCert, clients: Authority | None = None
) -> ssl.SSLContext:
    """What a node serves with; clients: whose certificates it demands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if clients is not None:
        context.load_verify_locations(clients.cafile)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
