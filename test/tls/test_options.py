"""Each option of config["tls"]: what it does, and what is refused at once."""

from __future__ import annotations

import ssl
import traceback
import warnings

import pytest
import trustme

import aerospike
from aerospike import exception

from ..waiting import NOWHERE
from .certificates import NAME, Authority, crl, encrypted, pem_of, serving

KEY = ("test", "tls", "key")


def works(client):
    client.put(KEY, {"n": 1})
    return client.get(KEY)[2] == {"n": 1}


# --- whom to trust


def test_cafile_may_be_a_path(connect):
    authority = connect.authority
    assert works(connect(serving(authority.node), cafile=authority.folder / "ca.pem"))


@pytest.mark.parametrize("form", [bytes, bytes.decode], ids=["bytes", "str"])
def test_castring(connect, form):
    authority = connect.authority
    text = form(authority.ca.cert_pem.bytes())
    assert works(connect(serving(authority.node), cafile=None, castring=text))


def test_capath_is_a_folder_of_any_files(connect, tmp_path):
    authority = connect.authority
    (tmp_path / "README").write_text("nothing")
    (tmp_path / "other.key").write_bytes(trustme.CA().private_key_pem.bytes())
    (tmp_path / "other.pem").write_bytes(trustme.CA().cert_pem.bytes())
    (tmp_path / "inner").mkdir()
    (tmp_path / "ours.crt").write_bytes(authority.ca.cert_pem.bytes())
    (tmp_path / "ab12cd34.0").symlink_to("ours.crt")  # as OpenSSL's own tools do
    (tmp_path / "gone").symlink_to("nowhere")
    context = serving(authority.node)
    assert works(connect(context, cafile=None, capath=tmp_path))
    assert works(connect(context, cafile=None, capath=str(tmp_path)))


def test_cafile_and_capath_and_castring_add_up(connect, tmp_path, new_authority):
    others = [new_authority() for _ in range(2)]
    (tmp_path / "a.pem").write_bytes(others[0].ca.cert_pem.bytes())
    for authority in (connect.authority, *others):
        context = serving(authority.node)
        castring = others[1].ca.cert_pem.bytes()
        assert works(connect(context, capath=tmp_path, castring=castring))


def test_crl_in_capath(connect, tmp_path):
    authority = connect.authority
    (tmp_path / "r0.crl").write_bytes(crl(authority.ca))
    assert works(connect(serving(authority.node), capath=tmp_path, crl_check_all=True))


def test_chain_of_the_node_with_a_ca_between(connect):
    leaf = connect.authority.ca.create_child_ca().issue_cert(NAME)
    assert works(connect(serving(leaf)))


def test_without_a_ca_the_system_decides(connect):
    with pytest.raises(exception.TLSError, match="nobody that is trusted"):
        connect(serving(connect.authority.node), cafile=None)


def test_the_system_may_trust_it(connect, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", connect.authority.cafile)
    assert works(connect(serving(connect.authority.node), cafile=None))


def test_encrypt_only_checks_nothing_and_warns(connect, new_authority, monkeypatch):
    monkeypatch.setattr("aerospike._report._said", set())
    context = serving(new_authority().node)
    with pytest.warns(aerospike.AerospikeWarning, match="no certificate is checked"):
        assert works(connect(context, None, encrypt_only=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert works(connect(context, "any name", encrypt_only=True))


# --- names


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("other", NAME), NAME),
        ((NAME.upper(),), NAME),
        ((NAME,), NAME.upper()),
        (("*.example",), NAME),
        (("*.b.example",), "a.b.example"),
        (("devcluster",), "devcluster"),
    ],
)
def test_name_in_the_certificate(connect, names, name):
    assert works(connect(serving(connect.authority.ca.issue_cert(*names)), name))


@pytest.mark.parametrize("name", ["a.b.example", "example", ".example", "*.exampl"])
def test_star_stands_for_one_label(connect, name):
    leaf = connect.authority.ca.issue_cert("*.example")
    with pytest.raises(exception.TLSError, match=r"is made out to \*\.example"):
        connect(serving(leaf), name)


def test_common_name_counts_beside_other_names(connect):
    leaf = connect.authority.ca.issue_cert("other", common_name="a node, of ours")
    assert works(connect(serving(leaf), "A node, of ours"))


@pytest.mark.parametrize(
    ("name", "asked"),
    [(NAME, NAME), ("with_underscore", "with_underscore"), ("a node", None)],
)
def test_nodes_are_asked_for_by_names_that_could_be_in_dns(connect, name, asked):
    context = serving(connect.authority.ca.issue_cert("x", common_name=name))
    seen = set()
    context.sni_callback = lambda ssl, server_name, context: seen.add(server_name)
    assert works(connect(context, name))
    assert seen == {asked}


# --- who we are


@pytest.fixture
def demanding(connect):
    return serving(connect.authority.node, connect.authority)


def test_client_certificate(connect, demanding):
    assert works(connect(demanding, **connect.authority.client_files()))


def test_client_certificate_of_a_ca_between(connect, demanding):
    issued = connect.authority.ca.create_child_ca().issue_cert(common_name="client")
    certificate, key = pem_of(issued), issued.private_key_pem.bytes()
    assert works(connect(demanding, certstring=certificate, keystring=key))
    # both in one file
    path = connect.authority.file("both.pem", key, certificate)
    assert works(connect(demanding, certfile=path, keyfile=path))
    assert works(connect(demanding, certfile=path))


def test_key_with_a_password(connect, demanding):
    authority = connect.authority
    issued = authority.ca.issue_cert(common_name="client")
    keyfile = authority.file("locked.key", encrypted(issued, "secret word"))
    options = {"certstring": pem_of(issued), "keyfile": keyfile}
    assert works(connect(demanding, **options, keyfile_pw="secret word"))
    cluster = connect.serve(demanding)
    for password, expected in (
        (None, "tls.keyfile: the key is encrypted, and tls.keyfile_pw is not given"),
        ("other", "tls.keyfile_pw is not its password"),
        ("", "tls.keyfile_pw is not its password"),
    ):
        config = connect.config(cluster, **options, keyfile_pw=password)
        with pytest.raises(exception.TLSError, match=expected) as caught:
            aerospike.client(config)
        assert "secret word" not in str(caught.value)


# --- how to talk


@pytest.fixture
def session_of(connect, log_lines):
    """What is agreed on with a node: the protocol and the cipher."""

    def shake(**options):
        context = serving(connect.authority.node)
        assert works(connect(context, log_session_info=True, **options))
        line = next(line for line in log_lines if line.startswith("TLS session with"))
        log_lines.clear()
        assert f" ({NAME}): " in line
        return line.split(": ")[1].split(", ")[:2]

    return shake


@pytest.mark.parametrize(
    ("protocols", "version"),
    [
        (None, "TLSv1.3"),
        ("all", "TLSv1.3"),
        ("-all +TLSv1.2", "TLSv1.2"),
        ("-all\t+TLSv1.3", "TLSv1.3"),
        ("TLSv1.2", "TLSv1.2"),
        ("tlsv1.2 +tlsv1.3", "TLSv1.3"),
        (" all -TLSv1.3 ", "TLSv1.2"),
        ("+TLSv1.2", "TLSv1.2"),
        ("all -TLSv1 -TLSv1.1", "TLSv1.3"),
    ],
)
def test_protocols(session_of, protocols, version):
    assert session_of(protocols=protocols)[0] == version


def test_older_protocols_where_the_security_level_lets_them(connect, log_lines):
    context = serving(connect.authority.node)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    options = {"protocols": "TLSv1.1", "cipher_suite": "ALL:@SECLEVEL=0"}
    assert works(connect(context, log_session_info=True, **options))
    assert "TLSv1.1" in next(line for line in log_lines if "TLS session" in line)


@pytest.mark.parametrize(
    ("suite", "version", "cipher"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.3", None),
        ("TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        (
            "ECDHE-ECDSA-AES128-SHA256:TLS_AES_128_GCM_SHA256",
            "TLSv1.3",
            "TLS_AES_128_GCM_SHA256",
        ),
    ],
)
def test_cipher_suite(session_of, suite, version, cipher):
    found = session_of(cipher_suite=suite)
    assert found[0] == version
    assert cipher in (None, found[1])


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "AES256-GCM-SHA384"])
def test_cipher_suite_of_older_protocols(session_of, cipher):
    suite = f"ECDHE-ECDSA-{cipher}"
    found = session_of(cipher_suite=suite, protocols="TLSv1.2")
    assert found == ["TLSv1.2", suite]


def test_without_log_session_info_nothing_is_logged(connect, log_lines):
    assert works(connect(serving(connect.authority.node)))
    assert not [line for line in log_lines if "TLS session" in line]


def test_ciphers_of_tls_1_3_alone_leave_older_protocols_out(connect):
    context = serving(connect.authority.node)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(exception.TLSError, match=r"protocol of tls\.protocols"):
        connect(context, cipher_suite="TLS_AES_128_GCM_SHA256")


# --- what is refused by client(), before any byte is sent


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    """A folder of files that are of no use, and of some that are."""
    authority = Authority(tmp_path_factory.mktemp("bad"))
    authority.client_files()
    authority.file("empty", b"")
    authority.file("text", b"no PEM at all\n")
    authority.file(
        "garbled", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    )
    authority.file("other.key", trustme.CA().private_key_pem.bytes())
    authority.file("blacklist", b"# serials\n01 /CN=x\nnot hexadecimal\n")
    authority.file("blacklist.utf16", "01\n02\n".encode("utf-16-le"))
    (authority.folder / "nothing").mkdir()
    return authority.folder


REFUSED = {
    "cafile is missing": (
        {"cafile": "gone"},
        r"tls\.cafile: cannot read .*gone: No such",
    ),
    "cafile is empty": (
        {"cafile": "empty"},
        r"tls\.cafile: no certificate in PEM form \(tls\.cafile is .*/empty\)",
    ),
    "cafile is text": ({"cafile": "text"}, r"tls\.cafile: no certificate in PEM form"),
    "cafile is a folder": ({"cafile": "."}, r"tls\.cafile: .* is no regular file"),
    "cafile is garbled": ({"cafile": "garbled"}, r"tls\.cafile: .*follows 0 certif"),
    "cafile has a key": (
        {"cafile": "other.key"},
        r"tls\.cafile: no certificate in PEM",
    ),
    "castring is text": ({"castring=": "x"}, r"tls\.castring: no certificate in PEM"),
    "capath is missing": (
        {"capath": "gone"},
        r"tls\.capath: cannot read .*gone: No such",
    ),
    "capath is a file": ({"capath": "text"}, r"tls\.capath: cannot read .*Not a dir"),
    "capath is empty": (
        {"capath": "nothing"},
        r"tls\.capath: no file in .*nothing holds",
    ),
    "certfile is missing": (
        {"certfile": "x", "keyfile": "client.key"},
        r"tls\.certfile",
    ),
    "keyfile is missing": (
        {"certfile": "client.pem", "keyfile": "gone"},
        r"tls\.keyfile: cannot read .*gone: No such",
    ),
    "keyfile is not given": (
        {"certfile": "client.pem"},
        r"tls\.certfile: no private key .*tls\.keyfile is not given \(.*/client\.pem\)",
    ),
    "certfile is not given": (
        {"keyfile": "client.key"},
        r"tls\.keyfile is given, and tls\.certfile is not",
    ),
    "key of another certificate": (
        {"certfile": "client.pem", "keyfile": "other.key"},
        r"tls\.keyfile: the key does not fit .*/other\.key\) .*is .*/client\.pem",
    ),
    "keyfile has no key": (
        {"certfile": "client.pem", "keyfile": "client.pem"},
        r"tls\.keyfile: no private key in PEM form \(tls\.keyfile is .*/client\.pem\)",
    ),
    "certfile has no certificate": (
        {"certfile": "text", "keyfile": "client.key"},
        r"tls\.certfile: no certificate in PEM form \(tls\.certfile is .*/text\)",
    ),
    "certfile is garbled": (
        {"certfile": "garbled", "keyfile": "client.key"},
        r"tls\.certfile: OpenSSL says",
    ),
    "two certificates": (
        {"certfile": "client.pem", "certstring=": "x", "keyfile": "client.key"},
        r"tls\.certfile and tls\.certstring exclude each other",
    ),
    "two keys": (
        {"certfile": "client.pem", "keystring=": "x", "keyfile": "client.key"},
        r"tls\.keyfile and tls\.keystring exclude each other",
    ),
    "protocol is unknown": (
        {"protocols=": "-all +TLSv1.4"},
        r'tls\.protocols: "TLSv1\.4" is unknown: the words are all, TLSv1\.2',
    ),
    "protocol is too old": (
        {"protocols=": "SSLv3"},
        r"tls\.protocols: SSLv3 is not spoken",
    ),
    "TLS 1.0": ({"protocols=": "TLSv1"}, r"tls\.protocols: TLSv1 is switched off"),
    "TLS 1.1": (
        {"protocols=": "all +TLSv1.1"},
        r"tls\.protocols: TLSv1\.1 is switched off by OpenSSL's security level, \d",
    ),
    "no protocol": (
        {"protocols=": "-all"},
        r'tls\.protocols: "-all" leaves no protocol',
    ),
    "empty protocols": ({"protocols=": ""}, r"tls\.protocols: .*leaves no protocol"),
    "protocol that overrides": (
        {"protocols=": "TLSv1.2 TLSv1.3"},
        r"tls\.protocols: \"TLSv1\.3\" overrides .* write \+TLSv1\.3",
    ),
    "sign alone": ({"protocols=": "+"}, r'tls\.protocols: "" is unknown'),
    "no cipher": ({"cipher_suite=": "NONE-SUCH"}, r"tls\.cipher_suite: OpenSSL has no"),
    "empty ciphers": ({"cipher_suite=": ""}, r"tls\.cipher_suite: .*has no cipher"),
    "unknown cipher of 1.3": (
        {"cipher_suite=": "TLS_NONE_SUCH"},
        r"tls\.cipher_suite: OpenSSL has no",
    ),
    "ciphers of another protocol": (
        {"cipher_suite=": "TLS_AES_128_GCM_SHA256", "protocols=": "TLSv1.2"},
        r"tls\.cipher_suite: .* has no cipher for the protocols",
    ),
    "blacklist is missing": (
        {"cert_blacklist": "gone"},
        r"tls\.cert_blacklist: cannot",
    ),
    "blacklist is garbled": (
        {"cert_blacklist": "blacklist"},
        r"tls\.cert_blacklist: line 3 has no serial number .* not hexadecimal",
    ),
    "blacklist is no text": (
        {"cert_blacklist": "blacklist.utf16"},
        r"tls\.cert_blacklist: the file contains a NUL",
    ),
    "no CRL": (
        {"cafile": "ca.pem", "crl_check=": True},
        r"tls\.crl_check: tls\.cafile has no CRL to look into",
    ),
    "no CRL for all": (
        {"cafile": "ca.pem", "crl_check_all=": True},
        r"tls\.crl_check_all: tls\.cafile has no CRL to look into",
    ),
}
"""Options whose values are files of `bad_files`, unless the name ends with "="."""


@pytest.mark.parametrize(("options", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_at_once(bad_files, options, text):
    section = {
        name.removesuffix("="): value if name.endswith("=") else str(bad_files / value)
        for name, value in options.items()
    }
    with pytest.raises(exception.TLSError, match=text) as caught:
        aerospike.client({"hosts": [NOWHERE], "tls": {"enable": True, **section}})
    assert caught.value.code == -9
    assert not caught.value.in_doubt


@pytest.mark.parametrize(
    "option",
    [
        {"cafile": 5},
        {"capath": [1]},
        {"castring": 5},
        {"castring": b"a\0b"},
        {"keystring": bytearray(b"x")},
        {"protocols": b"all"},
        {"cipher_suite": 5},
        {"keyfile_pw": b"secret"},
        {"cafile": "a\0b"},
        {"cafile": b"bytes"},
        {"crl_check": "yes"},
        {"enable": "yes"},
        {"for_login_only": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("enable", [False, True])
def test_values_of_the_wrong_kind_are_refused(option, enable):
    section = {"enable": enable, **option}
    with pytest.raises(exception.ParamError, match=f"{next(iter(option))} is invalid"):
        aerospike.client({"hosts": [NOWHERE], "tls": section})


def test_without_enable_the_options_have_no_effect():
    section = {"enable": False, "cafile": "/no/such/file", "protocols": "x"}
    aerospike.client({"hosts": [NOWHERE], "tls": section}).close()


def test_unknown_option_is_warned_of():
    tls = {"enable": False, "certfle": "x"}
    with pytest.warns(aerospike.AerospikeWarning, match="did you mean 'certfile'"):
        aerospike.client({"hosts": [NOWHERE], "tls": tls}).close()


def test_names_of_hosts_are_not_warned_of_with_tls(connect, monkeypatch):
    monkeypatch.setattr("aerospike._report._said", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert works(connect(serving(connect.authority.node)))


def test_secrets_are_in_no_text(bad_files):
    section = {
        "enable": True,
        "certfile": str(bad_files / "client.pem"),
        "keystring": "-----BEGIN PRIVATE KEY-----\nHIDDEN\n-----END PRIVATE KEY-----\n",
        "keyfile_pw": "HIDDEN",
    }
    with pytest.raises(exception.TLSError) as caught:
        aerospike.client({"hosts": [NOWHERE], "tls": section})
    assert "HIDDEN" not in repr(caught.value)
    assert "HIDDEN" not in str(caught.value)


@pytest.mark.parametrize("option", ["castring", "keystring", "keyfile_pw"])
@pytest.mark.parametrize("end", ["\0", "\ud800"], ids=ascii)
def test_text_that_is_refused_is_not_shown(option, end):
    section = {"enable": True, option: "HIDDEN" + end}
    with pytest.raises(exception.ParamError, match=f"{option} is invalid") as caught:
        aerospike.client({"hosts": [NOWHERE], "tls": section})
    shown = traceback.TracebackException.from_exception(caught.value).format()
    assert "HIDDEN" not in repr(caught.value) + "".join(shown)
    assert "HIDDEN" not in repr(vars(caught.value))
