"""TLS of a cluster: what its nodes serve with, and certificates made for it.

The certificates come from a CA that each cluster makes for itself; they stand in a
folder of their own until the cluster stops. The key of the CA never leaves the process.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PACKAGE = "trustme"
CLIENT_NAME = "admin"
"""Whom the client certificate names that is made for `config`."""

AnyPath = str | os.PathLike[str] | None
Files = tuple[str, str]
"""A certificate with its chain, and its key."""


class MissingPackage(ImportError):
    """Certificates are to be made, and the package that makes them is not installed."""

    def __init__(self) -> None:
        super().__init__(
            f"making certificates needs the package {PACKAGE}: pip install "
            "'aerospike[devserver]'; certificates of your own do without: tls_cert and "
            "tls_key",
            name=PACKAGE,
        )


def _trustme() -> Any:
    """The package; MissingPackage."""
    try:
        return import_module(PACKAGE)
    except ImportError as cause:
        raise MissingPackage from cause


def _pkcs8(key: bytes) -> bytes:
    """A key in the form that all clients read; some do not know that of OpenSSL."""
    forms = import_module("cryptography.hazmat.primitives.serialization")
    made: bytes = forms.load_pem_private_key(key, None).private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    return made


@dataclass(frozen=True)
class TlsFiles:
    """Certificates of a user's own. ca: clients must show a certificate of this CA."""

    cert: str
    key: str
    ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """What nodes serve with; ValueError that says what is wrong with which file."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for path in filter(None, (self.cert, self.key, self.ca)):
            if not os.access(path, os.R_OK):
                raise ValueError(f"the file {path} cannot be read")
        try:
            # a key with a pass phrase would be asked for on the terminal
            made.load_cert_chain(self.cert, self.key, password="")
        except (ssl.SSLError, OSError) as cause:
            raise ValueError(
                f"{self.cert} and {self.key} are no certificate and its key, both in "
                f"PEM and without a pass phrase: {cause}"
            ) from cause
        if self.ca is not None:
            _demand(made, self.ca)
        return made


def _demand(context: ssl.SSLContext, ca: str) -> None:
    """Let clients show a certificate of a CA, which stands in a file; ValueError."""
    try:
        context.load_verify_locations(ca)
    except (ssl.SSLError, OSError) as cause:
        raise ValueError(f"{ca} has no certificates of a CA in PEM: {cause}") from cause
    context.verify_mode = ssl.CERT_REQUIRED


class Certificates:
    """A CA, a certificate for all nodes of a cluster, and any number for clients.

    name: the one of the nodes. MissingPackage.
    """

    def __init__(self, name: str) -> None:
        self._trustme = _trustme()
        self._ca = self._trustme.CA()
        self._folder = TemporaryDirectory(prefix="aerospike-devserver-")
        self._clients: dict[str, Files] = {}
        self.ca_file = str(self._path("ca.pem"))
        self._ca.cert_pem.write_to_path(self.ca_file)
        # localhost and the addresses for programs that check these
        self._node = self._ca.issue_cert(
            name, "localhost", "127.0.0.1", "::1", common_name=name
        )

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, name)

    def context(self, is_demanded: bool) -> ssl.SSLContext:
        """What nodes serve with. Clients may show a certificate of the CA, or must."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._node.configure_cert(made)
        _demand(made, self.ca_file)
        if not is_demanded:
            made.verify_mode = ssl.CERT_OPTIONAL
        return made

    def client(self, name: str) -> Files:
        """The files of a client's certificate whose common name is a user's."""
        if name not in self._clients:
            stem = f"client{len(self._clients)}"
            files = str(self._path(f"{stem}.pem")), str(self._path(f"{stem}.key"))
            issued = self._ca.issue_cert(common_name=name)
            for number, blob in enumerate(issued.cert_chain_pems):
                blob.write_to_path(files[0], append=number > 0)
            Path(files[1]).write_bytes(_pkcs8(issued.private_key_pem.bytes()))
            self._clients[name] = files
        return self._clients[name]

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()


class Tls:
    """What the nodes of a cluster serve TLS with, and what its clients need for it.

    context is None until `start`, if certificates are made.
    """

    def __init__(
        self,
        name: str,
        context: ssl.SSLContext | None,
        files: TlsFiles | None,
        is_mutual: bool,
    ) -> None:
        """With a context, files, or neither: then certificates are made. ValueError."""
        self._name = name
        self._files = files
        self._is_mutual = is_mutual
        self._made: Certificates | None = None
        self.context = files.context() if files is not None else context

    def start(self) -> None:
        """Make certificates if there are none; MissingPackage."""
        if self.context is None:
            self._made = Certificates(self._name)
            self.context = self._made.context(self._is_mutual)

    def stop(self) -> None:
        """Remove certificates that were made."""
        if self._made is not None:
            self._made.close()
            self._made = self.context = None

    @property
    def certificates(self) -> Certificates:
        """Those that were made; RuntimeError if there are none."""
        if self._made is None:
            raise RuntimeError(
                "only a running cluster that makes its own certificates issues some"
            )
        return self._made

    @property
    def client_settings(self) -> dict[str, Any]:
        """`tls` of a client's configuration, as far as it is known here."""
        settings: dict[str, Any] = {"enable": True}
        if self._made is not None:
            settings["cafile"] = self._made.ca_file
            if self._is_mutual:
                certificate, key = self._made.client(CLIENT_NAME)
                settings |= {"certfile": certificate, "keyfile": key}
        elif self._files is not None:
            settings["cafile"] = self._files.ca or self._files.cert
        return settings


def tls_of(
    tls: bool | ssl.SSLContext,
    mutual_tls: bool,
    name: str,
    cert: AnyPath,
    key: AnyPath,
    ca: AnyPath,
) -> Tls | None:
    """The parameters of a cluster as one object, None without TLS; ValueError."""
    context = tls if isinstance(tls, ssl.SSLContext) else None
    files = _files_of(cert, key, ca)
    if context is not None and (files is not None or mutual_tls):
        raise ValueError("tls is a context, which says all: no tls_cert, no mutual_tls")
    if files is not None and mutual_tls and files.ca is None:
        raise ValueError("mutual_tls with tls_cert needs tls_ca, the CA of the clients")
    if not (tls or mutual_tls or files):
        return None
    return Tls(name, context, files, mutual_tls)


def _files_of(cert: AnyPath, key: AnyPath, ca: AnyPath) -> TlsFiles | None:
    """The files that are given, None if there is no certificate; ValueError."""
    if (cert is None) != (key is None):
        raise ValueError("tls_cert and tls_key go together")
    if cert is None or key is None:
        if ca is not None:
            raise ValueError("tls_ca needs tls_cert and tls_key")
        return None
    return TlsFiles(
        os.fspath(cert), os.fspath(key), None if ca is None else os.fspath(ca)
    )
