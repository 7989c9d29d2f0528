"""Nodes that must not be trusted, and nodes that do not trust us: each is a TLSError
that says which certificate, what is wrong with it, and which option decides."""

from __future__ import annotations

import re
import ssl

import pytest
import trustme

from aerospike import exception

from .certificates import (
    DAY,
    NAME,
    NOW,
    crl,
    oneline,
    parsed,
    pem_of,
    serial_of,
    serving,
)


def failure(connect, to, name=NAME, **tls):
    """Connect, which fails; the text of the error."""
    with pytest.raises(exception.TLSError) as caught:
        connect(to, name, **tls)
    error = caught.value
    assert error.code == -9
    assert error.phase == "TLS" or "demands a certificate" in str(error), error.phase
    return str(error)


def assert_tells(text, certificate, *parts):
    """Is the certificate named, and what else has to be said?"""
    assert f"serial {serial_of(certificate)}" in text
    for part in parts:
        assert part in text, text


# --- the node's certificate


def test_certificate_of_a_foreign_ca(connect, new_authority):
    node = new_authority().node
    text = failure(connect, serving(node))
    assert_tells(text, node, "issued by nobody that is trusted", "tls.cafile")


def test_certificate_that_is_signed_by_itself(connect):
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = connect.authority.folder
    connect.authority.file("self.pem", ca.cert_pem.bytes(), ca.private_key_pem.bytes())
    context.load_cert_chain(folder / "self.pem")
    text = failure(connect, context)
    assert_tells(text, ca, "is signed by itself and is not trusted", "tls.cafile")


def test_certificate_of_a_foreign_ca_that_comes_along(connect):
    ca = trustme.CA()
    leaf = ca.issue_cert(NAME)
    parts = leaf.private_key_pem.bytes(), pem_of(leaf), ca.cert_pem.bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(connect.authority.file("chain.pem", *parts))
    text = failure(connect, context)
    assert_tells(text, ca, "is the CA of the chain and is not trusted", "tls.cafile")


def test_expired_certificate(connect):
    leaf = connect.authority.ca.issue_cert(
        NAME, not_before=NOW - 9 * DAY, not_after=NOW - DAY
    )
    text = failure(connect, serving(leaf))
    assert_tells(text, leaf, "expired on", (NOW - DAY).strftime("%b"), "encrypt_only")


def test_certificate_of_the_future(connect):
    leaf = connect.authority.ca.issue_cert(
        NAME, not_before=NOW + DAY, not_after=NOW + 9 * DAY
    )
    assert_tells(failure(connect, serving(leaf)), leaf, "is not valid before", "clocks")


@pytest.mark.parametrize("option", ["crl_check", "crl_check_all"])
def test_revoked_certificate(connect, option):
    authority = connect.authority
    leaf = authority.ca.issue_cert(NAME)
    revoked = crl(authority.ca, [leaf])
    cafile = authority.file("crl.pem", authority.ca.cert_pem.bytes(), revoked)
    connect(serving(leaf), cafile=cafile)  # nobody asks
    text = failure(connect, serving(leaf), cafile=cafile, **{option: True})
    assert_tells(text, leaf, "is revoked by a CRL of its issuer", f"tls.{option}")


def test_revoked_ca_is_found_by_the_check_of_all_only(connect):
    authority = connect.authority
    between = authority.ca.create_child_ca()
    leaf = between.issue_cert(NAME)
    cafile = authority.file(
        "chain.pem",
        authority.ca.cert_pem.bytes(),
        crl(authority.ca, [between]),
        crl(between),
    )
    connect(serving(leaf), cafile=cafile, crl_check=True)
    text = failure(connect, serving(leaf), cafile=cafile, crl_check_all=True)
    assert_tells(text, between, "is revoked", "tls.crl_check_all")


def test_crl_of_another_ca_is_not_enough(connect):
    authority = connect.authority
    other = trustme.CA()
    cafile = authority.file("other.pem", authority.ca.cert_pem.bytes(), crl(other))
    text = failure(connect, serving(authority.node), cafile=cafile, crl_check=True)
    assert_tells(text, authority.node, "CRL is missing", "tls.crl_check")


def test_crl_that_is_out_of_date(connect):
    authority = connect.authority
    old = crl(authority.ca, next_update=NOW - DAY)
    cafile = authority.file("old.pem", authority.ca.cert_pem.bytes(), old)
    text = failure(connect, serving(authority.node), cafile=cafile, crl_check=True)
    assert_tells(text, authority.node, "CRL is out of date", "tls.crl_check")


def test_ten_thousand_revoked_certificates(connect):
    authority = connect.authority
    leaf = authority.ca.issue_cert(NAME)
    revoked = crl(authority.ca, [*range(1, 10_000), leaf])
    cafile = authority.file("long.pem", authority.ca.cert_pem.bytes(), revoked)
    connect(serving(authority.node), cafile=cafile, crl_check=True)
    assert_tells(
        failure(connect, serving(leaf), cafile=cafile, crl_check=True),
        leaf,
        "is revoked",
    )


@pytest.mark.parametrize("form", ["{serial}", "# why\n\n00{serial}  {issuer}\r\n"])
def test_certificate_in_the_blacklist(connect, form):
    authority = connect.authority
    issuer = oneline(parsed(authority.node).issuer)
    line = form.format(serial=serial_of(authority.node).lower(), issuer=issuer)
    path = authority.file("blacklist", line.encode())
    text = failure(connect, serving(authority.node), cert_blacklist=path)
    assert_tells(text, authority.node, "tls.cert_blacklist")


def test_ca_in_the_blacklist(connect):
    authority = connect.authority
    path = authority.file("blacklist", serial_of(authority.ca).encode())
    text = failure(connect, serving(authority.node), cert_blacklist=path)
    assert_tells(text, authority.ca, "tls.cert_blacklist")


def test_others_in_the_blacklist_do_no_harm(connect):
    authority = connect.authority
    own = serial_of(authority.node)
    lines = [f"{own} /CN=another issuer", f"{own}0", "1"]
    lines += [f"{number:x} /O=somebody" for number in range(10_000)]
    path = authority.file("blacklist", "\n".join(lines).encode())
    connect(serving(authority.node), cert_blacklist=path)


# --- names


@pytest.mark.parametrize("name", ["other.example", "example", "x.node.example"])
def test_wrong_name(connect, name):
    node = connect.authority.node
    text = failure(connect, serving(node), name)
    assert_tells(text, node, f"is made out to {NAME}", f'not to "{name}"', "hosts")


def test_each_name_is_shown_once(connect):
    leaf = connect.authority.ca.issue_cert("a", "ab", "b", common_name="B")
    text = failure(connect, serving(leaf), "other.example")
    assert_tells(text, leaf, "is made out to a, ab, b, not to")


@pytest.mark.parametrize("name", [None, ""])
def test_missing_name(connect, name):
    text = failure(connect, serving(connect.authority.node), name)
    assert "no TLS name is known" in text
    assert "(address, port, tls-name)" in text


def test_name_of_an_address_is_no_name(connect):
    leaf = connect.authority.ca.issue_cert("127.0.0.1")
    text = failure(connect, serving(leaf), "127.0.0.1")
    assert_tells(text, leaf, "is made out to no name")


# --- what the node says of us


def versions(context, only):
    context.minimum_version = context.maximum_version = only
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_node_that_demands_a_certificate(connect, version):
    authority = connect.authority
    context = versions(serving(authority.node, authority), version)
    text = failure(connect, context)
    assert "demands a certificate" in text
    assert "tls.certfile" in text


def test_client_certificate_of_a_foreign_ca(connect, new_authority):
    authority = connect.authority
    context = serving(authority.node, authority)
    context = versions(context, ssl.TLSVersion.TLSv1_2)
    text = failure(connect, context, **new_authority().client_files())
    assert "our certificate" in text
    assert "tls.certfile" in text


def test_expired_client_certificate(connect, new_authority):
    authority = connect.authority
    context = versions(serving(authority.node, authority), ssl.TLSVersion.TLSv1_2)
    files = authority.client_files(not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    text = failure(connect, context, **files)
    assert "our certificate has expired" in text


def test_node_that_speaks_older_protocols_only(connect):
    context = serving(connect.authority.node)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    text = failure(connect, context, protocols="TLSv1.3")
    assert "speaks no protocol of tls.protocols" in text


def test_node_that_speaks_newer_protocols_only(connect):
    context = serving(connect.authority.node)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    text = failure(connect, context, protocols="-all +TLSv1.2")
    assert "speaks no protocol of tls.protocols" in text


def test_no_cipher_in_common(connect):
    context = versions(serving(connect.authority.node), ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    text = failure(connect, context, cipher_suite="ECDHE-ECDSA-AES256-GCM-SHA384")
    assert "no cipher (tls.cipher_suite)" in text


def test_each_error_names_the_node(connect):
    cluster = connect.serve(serving(connect.authority.node))
    with pytest.raises(exception.TLSError) as caught:
        connect(cluster, "other")
    (host, port) = cluster.hosts[0]
    assert caught.value.host == f"{host}:{port}"
    assert re.search(rf"{host}:{port}", str(caught.value))
