"""What lasts: replaced files, resumed sessions, forks, and many clients at once."""

from __future__ import annotations

import concurrent.futures
import os
import socket
import ssl

import pytest

import aerospike
from aerospike import exception

from ..children import Script, run_script
from ..sanitizers import no_forks_beside_threads
from ..waiting import LATE_S, let_pass, until
from .certificates import NAME, crl, serial_of, serving

KEY = ("test", "tls", "key")


def sessions(lines):
    """How connections began, in order: "new" or "resumed"."""
    return [line.split(", ")[-1] for line in lines if line.startswith("TLS session")]


def restart(cluster):
    """Let all connections of clients end, so that they open others."""
    cluster.stop_node(0)
    cluster.start_node(0)


def take_the_place_of(connect, cluster, context):
    """Another node, with other tickets, at the same address."""
    (_, port) = cluster.hosts[0]
    cluster.stop_node(0)  # which keeps others from its port
    made = connect.serve(context, port)
    cluster.stop()
    return made


def works(client):
    """Does a command work?"""
    try:
        client.put(KEY, {"n": 1})
    except exception.AerospikeError:
        return False
    return True


# --- sessions


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_connections_resume_the_session_of_the_first(connect, log_lines, version):
    context = serving(connect.authority.node)
    context.minimum_version = context.maximum_version = version
    client = connect(connect.serve(context), log_session_info=True)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            list(pool.map(lambda n: client.put(("test", "s", n), {"n": n}), range(50)))
    found = sessions(log_lines)
    assert found[0] == "new"
    assert found.count("new") == 1
    assert len(found) > 2
    assert context.session_stats()["hits"] == found.count("resumed")


@pytest.mark.parametrize("tend_interval", [250, 60_000])
def test_connections_that_are_kept_ready_shake_hands_by_themselves(
    connect, tend_interval
):
    """The constructor sees to it, and does not leave it to the next looks."""
    context = serving(connect.authority.node)
    config = connect.config(connect.serve(context))
    config |= {"min_conns_per_node": 4, "tend_interval": tend_interval}
    with aerospike.client(config).connect():
        # and the one of tending
        until(lambda: context.session_stats()["accept_good"] >= 5)


def test_calls_use_the_connections_that_are_kept_ready(connect):
    context = serving(connect.authority.node)
    config = connect.config(connect.serve(context))
    config |= {"min_conns_per_node": 2, "tend_interval": 60_000}
    with aerospike.client(config).connect() as client:
        until(lambda: context.session_stats()["accept_good"] == 3)
        for n in range(20):
            client.put(KEY, {"n": n})
        assert context.session_stats()["accept"] == 3


def test_another_name_resumes_nothing(connect, log_lines):
    leaf = connect.authority.ca.issue_cert(NAME, "other.example")
    cluster = connect.serve(serving(leaf))
    connect(cluster, log_session_info=True).put(KEY, {"n": 1})
    # another client has sessions of its own
    connect(cluster, "other.example", log_session_info=True).put(KEY, {"n": 1})
    assert sessions(log_lines).count("new") == 2


def test_a_node_that_resumes_nothing(connect, log_lines):
    context = serving(connect.authority.node)
    context.options |= ssl.OP_NO_TICKET
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = connect(connect.serve(context), log_session_info=True)
    client.put(KEY, {"n": 1})
    assert client.get(KEY)[2] == {"n": 1}


def test_a_node_that_has_lost_its_keys_begins_anew(connect, log_lines):
    cluster = connect.serve(serving(connect.authority.node))
    client = connect(cluster, log_session_info=True)
    client.put(KEY, {"n": 1})
    take_the_place_of(connect, cluster, serving(connect.authority.node))
    until(lambda: works(client))
    assert sessions(log_lines).count("new") == 2


# --- files that are replaced


@pytest.fixture
def authority(new_authority, connect):
    """A CA whose files the test replaces."""
    connect.authority = new_authority()
    return connect.authority


def test_a_new_ca_is_trusted_without_a_new_client(connect, authority, new_authority):
    other = new_authority()
    cluster = connect.serve(serving(authority.node))
    client = connect(cluster)
    take_the_place_of(connect, cluster, serving(other.node))
    until(lambda: not works(client))
    authority.file("ca.pem", other.ca.cert_pem.bytes())
    until(lambda: works(client))


def test_a_new_client_certificate_is_shown(connect, authority, new_authority):
    other = new_authority()
    files = authority.client_files()
    cluster = connect.serve(serving(authority.node, authority))
    client = connect(cluster, **files)
    take_the_place_of(connect, cluster, serving(authority.node, other))
    until(lambda: not works(client))
    for old, new in zip(files.values(), other.client_files().values(), strict=True):
        os.replace(new, old)  # the key does not fit for a moment
    until(lambda: works(client))


def test_a_new_crl_ends_trust_and_resumption(connect, authority, log_lines):
    bundle = authority.ca.cert_pem.bytes()
    cafile = authority.file("crl.pem", bundle, crl(authority.ca))
    cluster = connect.serve(serving(authority.node))
    client = connect(cluster, cafile=cafile, crl_check=True, log_session_info=True)
    client.put(KEY, {"n": 1})
    authority.file("crl.pem", bundle, crl(authority.ca, [authority.node]))
    let_pass(1.1)  # files are looked at once a second
    restart(cluster)
    until(lambda: not works(client))
    # the node is there, and its ticket would be good; nobody shows it any more
    before = sessions(log_lines)
    let_pass(0.5)
    assert not works(client)
    assert sessions(log_lines) == before
    authority.file("crl.pem", bundle, crl(authority.ca))
    until(lambda: works(client))
    assert sessions(log_lines)[len(before)] == "new"


def test_a_new_blacklist_ends_trust(connect, authority):
    path = authority.file("blacklist", b"")
    cluster = connect.serve(serving(authority.node))
    client = connect(cluster, cert_blacklist=path)
    authority.file("blacklist", serial_of(authority.node).encode())
    let_pass(1.1)
    restart(cluster)
    until(lambda: not works(client))


def test_a_new_file_in_a_folder_is_read(connect, tmp_path, authority, new_authority):
    other = new_authority()
    (tmp_path / "ca.pem").write_bytes(authority.ca.cert_pem.bytes())
    cluster = connect.serve(serving(authority.node))
    client = connect(cluster, cafile=None, capath=tmp_path)
    take_the_place_of(connect, cluster, serving(other.node))
    until(lambda: not works(client))
    (tmp_path / "other.pem").write_bytes(other.ca.cert_pem.bytes())
    until(lambda: works(client))


def test_new_files_that_are_of_no_use_change_nothing(connect, authority, log_lines):
    cluster = connect.serve(serving(authority.node))
    client = connect(cluster)
    authority.file("ca.pem", b"half a cert")
    let_pass(1.1)
    restart(cluster)
    until(lambda: works(client))
    [line] = [line for line in log_lines if "cannot be used" in line]
    assert "go on with what was read before: tls.cafile: no certificate in PEM" in line
    os.remove(authority.cafile)
    let_pass(1.1)
    restart(cluster)
    until(lambda: works(client))
    assert "No such file" in [line for line in log_lines if "cannot be used" in line][1]


# --- waiting


def test_a_signal_ends_the_waiting_for_a_reply(connect):
    cluster = connect.serve(serving(connect.authority.node))
    script = f"""
config = {connect.config(cluster)!r}
client = aerospike.client(config).connect()
client.put(KEY, {{"n": 1}})
print("ready", flush=True)
input()

def ring(*_):
    raise InterruptedError("ring")

signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.3)
begin = time.monotonic()
try:
    client.get(KEY, {{"total_timeout": 60_000, "socket_timeout": 60_000}})
except InterruptedError:
    print("took", time.monotonic() - begin)
"""
    with Script(script, []) as child:
        assert child.line() == "ready"
        cluster.freeze_node(0)
        child.say()
        word, seconds = child.rest().split()
    assert word == "took"
    assert 0.3 <= float(seconds) <= 0.3 + LATE_S


# --- forks and neighbours


def script(connect, cluster):
    """The beginning of a script with a client's configuration."""
    return f"config = {connect.config(cluster)!r}\n"


FORKS = """
import concurrent.futures, gc
client = aerospike.client(config).connect()
client.put(KEY, {"n": 1})
stop = threading.Event()

def work(number):
    while not stop.is_set():
        other = aerospike.client(config).connect()
        other.put(("test", "t", number), {"n": number})
        other.close()

threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
for turn in range(25):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        try:
            assert client.get(KEY)[2] == {"n": 1}
            fresh = aerospike.client(config).connect()
            assert fresh.get(KEY)[2] == {"n": 1}
            fresh.close()
            client.close()
            del client, fresh
            gc.collect()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    failed = os.waitpid(pid, 0)[1] or client.get(KEY)[2] != {"n": 1}
    if failed:
        break
stop.set()
for thread in threads:
    thread.join()
client.close()
assert not failed, turn
"""


@no_forks_beside_threads
def test_children_talk_while_threads_shake_hands(connect):
    cluster = connect.serve(serving(connect.authority.node))
    run_script(script(connect, cluster) + FORKS, [])


BESIDE_PYTHON = """
import ssl
client = aerospike.client(config).connect()
client.put(KEY, {"n": 1})
stop = threading.Event()

def shake_hands():
    while not stop.is_set():
        context = ssl.create_default_context()
        tls = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass

threads = [threading.Thread(target=shake_hands) for n in range(3)]
for thread in threads:
    thread.start()
statuses = []
for turn in range(int(sys.argv[2])):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        try:
            assert client.get(KEY)[2] == {"n": 1}
            if turn % 2:
                with aerospike.client(config) as fresh:
                    assert fresh.get(KEY)[2] == {"n": 1}
            client.close()
            os._exit(0)
        except exception.AerospikeError as error:
            os._exit(3 if "OpenSSL hangs in it" in str(error) else 1)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
client.close()
assert set(statuses) <= {0, 3} and statuses.count(3) <= len(statuses) / 40, statuses
"""
"""The other threads use Python's own OpenSSL, and nobody makes a fork wait for them."""


@no_forks_beside_threads
@pytest.mark.takes_long
def test_children_talk_while_threads_use_python_s_ssl(connect):
    """Few cannot: one in a hundred where OpenSSL's context is that of Python."""
    cluster = connect.serve(serving(connect.authority.node))
    beginning = "import warnings; warnings.simplefilter('ignore')\n"
    text = beginning + script(connect, cluster) + BESIDE_PYTHON
    run_script(text, [], "100")


WITH_THE_LOCK = """
import ctypes
client = aerospike.client(config).connect()
client.put(KEY, {"n": 1})
with open("/proc/self/maps") as file:
    crypto = ctypes.CDLL({l.split()[-1] for l in file if "libcrypto" in l}.pop())
crypto.ENGINE_new.restype = ctypes.c_void_p
engine = ctypes.c_void_p(crypto.ENGINE_new())
held, over = threading.Event(), threading.Event()

@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
def hold(_):
    held.set()
    over.wait(60)
    return 1

crypto.ENGINE_set_init_function(engine, hold)
thread = threading.Thread(target=crypto.ENGINE_init, args=(engine,))
thread.start()
assert held.wait(60)
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    told = []
    for use in (lambda: client.get(KEY), lambda: aerospike.client(config).connect()):
        try:
            use()
        except exception.AerospikeError as error:
            told.append("OpenSSL hangs in it" in str(error))
    client.close()
    again = os.fork()  # nobody is waited for who hangs
    os._exit(0 if again == 0 or told == [True, True] else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
over.set()
thread.join()
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    os._exit(0 if client.get(KEY)[2] == {"n": 1} else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert client.get(KEY)[2] == {"n": 1}
client.close()
"""
"""A thread has the lock of OpenSSL that each handshake takes, while another one forks.
It is the lock of its engines, under which it calls one that is about to be used."""


@no_forks_beside_threads
@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="looks into /proc")
def test_child_says_that_openssl_hangs_in_it(connect):
    cluster = connect.serve(serving(connect.authority.node))
    run_script(script(connect, cluster) + WITH_THE_LOCK, [])


CIPHERS = "ssl_conf = ssl\n[ssl]\nsystem_default = all\n[all]\nCipherString = "


@pytest.mark.parametrize(
    ("section", "fits"),
    [
        (CIPHERS + "ECDHE+CHACHA20", 0),
        (CIPHERS + "ECDHE+AESGCM", 1),
        ("providers = all\n[all]\ndefault = on\nlegacy = on\n[on]\nactivate = 1", 1),
    ],
    ids=["other ciphers", "these ciphers", "providers"],
)
def test_configuration_of_openssl_holds(connect, tmp_path, monkeypatch, section, fits):
    context = serving(connect.authority.node)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")
    cluster = connect.serve(context)
    path = tmp_path / "openssl.cnf"
    path.write_text(f"openssl_conf = init\n[init]\n{section}\n")
    monkeypatch.setenv("OPENSSL_CONF", str(path))
    text = """
try:
    aerospike.client(config | {"fail_if_not_connected": True}).close()
    print(1)
except exception.AerospikeError:
    print(0)
"""
    assert run_script(script(connect, cluster) + text, []) == f"{fits}\n"


def test_a_child_needs_no_right_to_read_the_key(connect, authority):
    cluster = connect.serve(serving(authority.node, authority))
    files = authority.client_files()
    text = f"""
config["tls"] |= {files!r}
client = aerospike.client(config).connect()
client.put(KEY, {{"n": 1}})
pid = os.fork()
if pid == 0:
    os.remove(config["tls"]["keyfile"])
    os._exit(client.get(KEY)[2] != {{"n": 1}})
assert os.waitpid(pid, 0)[1] == 0
client.close()
"""
    run_script(script(connect, cluster) + text, [])


def test_two_clients_and_pythons_own_ssl_in_one_process(
    connect, authority, shared_authority
):
    first = connect.serve(serving(authority.node))
    second = connect.serve(serving(shared_authority.node))
    clients = [connect(first), connect(second, cafile=shared_authority.cafile)]

    def by_python():
        context = ssl.create_default_context(cafile=authority.cafile)
        with (
            socket.create_connection(first.hosts[0]) as sock,
            context.wrap_socket(sock, server_hostname=NAME) as tls,
        ):
            tls.sendall(bytes.fromhex("0201000000000005") + b"node\n")
            assert tls.recv(100).startswith(b"\x02\x01")
        with (
            pytest.raises(ssl.SSLError),
            socket.create_connection(second.hosts[0]) as sock,
        ):
            context.wrap_socket(sock, server_hostname=NAME)

    def by_us(number):
        client = clients[number % 2]
        client.put(("test", "s", number), {"n": number})
        assert client.get(("test", "s", number))[2] == {"n": number}
        with pytest.raises(exception.TLSError):
            connect(second, "wrong")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(by_python) for _ in range(20)]
        jobs += [pool.submit(by_us, n) for n in range(20)]
        for job in jobs:
            job.result()


# --- clients that share a cluster


def test_clients_with_equal_tls_share_a_cluster(connect, new_authority):
    context = serving(connect.authority.node)
    config = connect.config(connect.serve(context)) | {"use_shared_connection": True}
    other = config | {"tls": config["tls"] | {"log_session_info": True}}
    with (
        aerospike.client(config).connect() as first,
        aerospike.client(config).connect() as second,
    ):
        first.put(KEY, {"n": 1})
        assert second.get(KEY)[2] == {"n": 1}
        n_before = context.session_stats()["accept_good"]
        assert n_before == 2  # one for tending, one for both
        with aerospike.client(other).connect():
            assert context.session_stats()["accept_good"] == n_before + 1
        first.close()
        assert second.get(KEY)[2] == {"n": 1}


# --- connections that nobody uses


@pytest.mark.parametrize(("config", "idle_s"), [({}, 55), ({"max_socket_idle": 7}, 7)])
def test_idle_connections_end_before_a_server_closes_them(
    connect, log_lines, config, idle_s
):
    """What holds is in the log; the next test shows that it does."""
    aerospike.set_log_level(aerospike.LOG_LEVEL_DEBUG)
    cluster = connect.serve(serving(connect.authority.node))
    aerospike.client(connect.config(cluster) | config).connect().close()
    (line,) = (line for line in log_lines if line.startswith("connections to a node"))
    assert f"not used after {idle_s} s" in line


def test_idle_connection_is_not_used_again(connect):
    context = serving(connect.authority.node)
    config = connect.config(connect.serve(context)) | {"max_socket_idle": 1}
    with aerospike.client(config).connect() as client:
        client.put(KEY, {"n": 1})
        let_pass(1.1)
        client.put(KEY, {"n": 1})
    assert context.session_stats()["accept"] == 3  # that of tending, and two
