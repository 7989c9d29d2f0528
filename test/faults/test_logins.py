"""Logins against a node that does as its script says: what is sent, what is answered.

The bytes are those of the protocol's description, which has them from another client.
"""

from __future__ import annotations

import errno
import mmap
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import aerospike
from aerospike import exception

from ..waiting import LATE_S, PATIENCE_S, patient, until, wait_for
from .guarded import (
    AUTHENTICATE,
    CLEAR_PASSWORD,
    CREDENTIAL,
    HASHES,
    LOGIN,
    SALT,
    TOKEN,
    USER,
    Guarded,
    admin_reply,
    field,
)
from .peer import ADMIN, INFO, frame, reply

KEY = ("test", "pytest", 1)


@pytest.fixture
def node() -> Iterator[Guarded]:
    made = Guarded()
    with made:
        yield made


@pytest.fixture
def config(node: Guarded) -> dict[str, Any]:
    return patient({"hosts": [node.host], "user": "admin", "password": "admin"})


# --- bytes ---


def test_login_and_token_have_the_bytes_of_other_clients(node, config):
    with aerospike.client(config) as client:
        assert client.get(KEY)[2] == {"a": 5}
    credential = field(CREDENTIAL, HASHES["admin"].encode())
    assert node.logins == [
        bytes([0, 0, 20, 2]) + bytes(12) + field(USER, b"admin") + credential
    ]
    token = field(TOKEN, b"TOKENTOKEN")
    assert (
        node.shown[0] == bytes([0, 0, 0, 2]) + bytes(12) + field(USER, b"admin") + token
    )


@pytest.mark.parametrize("password", HASHES)
def test_password_is_hashed(node, config, password):
    with aerospike.client({**config, "password": password}):
        assert node.logins[0].endswith(field(CREDENTIAL, HASHES[password].encode()))


def test_password_counts_up_to_72_bytes(node, config):
    with aerospike.client({**config, "password": "ä" * 36}) as client:
        client.connect("admin", "ä" * 36 + "x" * 1000)
        assert len(node.logins) == 1  # the same credentials


def test_directory_gets_the_password_in_clear(node, config):
    config["policies"] |= {"auth_mode": aerospike.AUTH_EXTERNAL_INSECURE}
    with aerospike.client(config):
        credential = field(CREDENTIAL, HASHES["admin"].encode())
        clear = field(CLEAR_PASSWORD, b"admin")
        assert node.logins[0][16:] == field(USER, b"admin") + credential + clear


# --- connect(user, password) ---


def test_connect_logs_in_a_client_without_user(node):
    node.info["node"] = "ERROR:80:not authenticated"
    client = aerospike.client(patient({"hosts": [node.host]}))
    assert not client.is_connected()
    del node.info["node"]
    assert client.connect("admin", "admin") is client
    assert client.get(KEY)[2] == {"a": 5}
    client.close()
    client.connect()
    assert len(node.logins) == 2
    assert node.logins[0] == node.logins[1]
    client.close()


def test_connect_as_the_same_user_changes_nothing(node, config):
    with aerospike.client(config) as client:
        n_accepted = node.n_accepted
        assert client.connect("admin", "admin") is client
        assert client.connect(username="admin", password="admin") is client
        assert (len(node.logins), node.n_accepted) == (1, n_accepted)


@pytest.mark.parametrize("who", [("bob", "admin"), ("admin", "secret")])
def test_connect_as_another_user_connects_anew(node, config, who):
    with aerospike.client(config) as client:
        client.connect(*who)
        assert node.logins[-1].startswith(
            bytes([0, 0, 20, 2]) + bytes(12) + field(USER, who[0].encode())
        )
        assert client.get(KEY)[2] == {"a": 5}
        client.connect()
        assert len(node.logins) == 2


def test_connect_that_is_refused_leaves_the_client_as_it_was(node, config):
    with aerospike.client(config) as client:
        node.result = 62
        with pytest.raises(exception.InvalidPassword):
            client.connect("bob", "secret")
        node.result = 0
        assert client.get(KEY)[2] == {"a": 5}
        client.close()
        client.connect()
        assert node.logins[-1] == node.logins[0]


def test_connect_as_a_user_wants_an_answer_in_any_case(node, config):
    with aerospike.client({**config, "fail_if_not_connected": False}) as client:
        node.result = 62
        with pytest.raises(exception.InvalidPassword):
            client.connect("bob", "secret")
        assert client.get(KEY)[2] == {"a": 5}


# --- refusals ---

REFUSALS = {
    51: (exception.SecurityNotSupported, "Community Edition"),
    60: (exception.InvalidUser, "does not know user 'admin'"),
    62: (exception.InvalidPassword, "password of user 'admin' is wrong"),
    63: (exception.ExpiredPassword, "has expired.* admin_set_password"),
    65: (exception.InvalidCredential, "password of user 'admin' is wrong"),
    82: (exception.NotWhitelisted, "allows the address of this machine"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_refused_login_is_the_error_of_connecting(node, config, code):
    node.result = code
    cls, says = REFUSALS[code]
    client = aerospike.client(config)  # older programs expect the error later
    assert not client.is_connected()
    for use in (client.connect, lambda: client.get(KEY)):
        with pytest.raises(cls, match=says) as caught:
            use()
        assert (caught.value.code, caught.value.phase) == (code, "login")
        assert caught.value.host == node.text
        assert caught.value.msg == "Failed to connect"
    with pytest.raises(cls, match=says):
        aerospike.client({**config, "fail_if_not_connected": True})


def test_cluster_that_wants_a_login_says_so(node):
    node.info["node"] = "ERROR:80:not authenticated"
    client = aerospike.client(patient({"hosts": [node.host]}))
    with pytest.raises(exception.NotAuthenticated, match=r"connect\(user, password\)"):
        client.get(KEY)


def test_cluster_without_security_is_used_with_one_warning(node, config, unwarned):
    node.result = 52
    with pytest.warns(exception.AerospikeWarning) as warned:
        client = aerospike.client(config)
    assert "'admin' is not checked" in str(warned[0].message)
    assert client.get(KEY)[2] == {"a": 5}
    assert node.shown == []
    client.close()
    client.connect()
    assert len(warned) == 1
    client.close()


def test_warning_that_is_an_error_is_raised(node, config, unwarned):
    node.result = 52
    with pytest.raises(exception.AerospikeWarning, match="'admin' is not checked"):
        aerospike.client(config)


# --- sessions that the node forgets ---

ONCE = {"max_retries": 0}


def test_command_is_repeated_when_the_node_has_forgotten_the_session(node, config):
    with aerospike.client(config) as client:
        for _ in range(2):
            node.expect().send(reply(80))
        assert client.get(KEY, ONCE)[2] == {"a": 5}
        client.put(KEY, {"a": 5}, policy=ONCE)
    assert len(node.requests) == 4
    assert 2 <= len(node.logins) <= 4


def test_token_that_is_refused_is_renewed(node, config):
    node.refuses_tokens = 2
    with aerospike.client(config) as client:
        assert client.get(KEY, ONCE)[2] == {"a": 5}
    assert len(node.requests) == 1
    assert len(node.logins) >= 2


@pytest.mark.parametrize("whole", [True, False])
def test_info_command_is_repeated(node, config, whole):
    refusal = b"ERROR:80:not authenticated"
    answers = [refusal + b"\n" if whole else b"build\t" + refusal + b"\n"]
    rest = node.on_frame
    assert rest is not None

    def forget(kind: int, body: bytes) -> bytes | None:
        if kind == INFO and body == b"build\n" and answers:
            return frame(INFO, answers.pop())
        return rest(kind, body)

    with aerospike.client(config) as client:
        node.on_frame = forget
        assert client.info_single_node("build", "A1") == "build\t8.1.2.0\n"
    assert answers == []
    assert len(node.logins) >= 2


def test_admin_command_is_repeated(node, config):
    with aerospike.client(config) as client:
        rest = node.on_frame
        assert rest is not None
        answers = [admin_reply(80)]

        def forget(kind: int, body: bytes) -> bytes | None:
            answer = rest(kind, body)
            is_other = kind == ADMIN and body[2] not in (AUTHENTICATE, LOGIN)
            return answers.pop() if is_other and answers else answer

        node.on_frame = forget
        assert client.admin_drop_user("bob") == 0
    assert len(node.commands) == 2
    assert len(node.logins) >= 2


def test_wait_for_a_login_ends_with_the_timeout(node, config):
    with aerospike.client({**config, "tend_interval": 10_000}) as client:
        silent = node.on_frame
        assert silent is not None
        node.on_frame = lambda kind, body: (
            b"" if kind == ADMIN and body[2] == LOGIN else silent(kind, body)
        )
        node.expect().send(reply(80))
        with pytest.raises(exception.TimeoutError, match="forgotten the session"):
            client.get(KEY, {"total_timeout": 1000 * int(LATE_S)})
    assert len(node.requests) == 1


def test_login_that_is_refused_ends_the_wait(node, config):
    with aerospike.client(config) as client:
        node.result = 63
        node.expect().send(reply(80))
        with pytest.raises(exception.ExpiredPassword) as caught:
            client.get(KEY, {"total_timeout": 20_000})
        assert caught.value.phase == "login"
        assert not caught.value.in_doubt


def test_node_that_refuses_each_session_gets_few_logins(node, config):
    """The pauses double: 50, 100, 200 ms, ... until they are those of tending."""
    node.refuses_tokens = 1_000_000
    with aerospike.client(config) as client:
        with pytest.raises(exception.TimeoutError, match="forgotten the session"):
            client.get(KEY, {"total_timeout": 1500})
        assert len(node.logins) <= 8
        until(lambda: len(node.logins) >= 3)  # they go on while the client is there


def test_silent_node_gets_no_time_for_a_login_that_is_not_made(node, config):
    """Else all others would be asked less often, too."""
    config |= {"connect_timeout": 200, "tend_interval": 250}
    config["policies"] = {"login_timeout_ms": 1000 * int(2 * PATIENCE_S)}
    silent = threading.Event()
    with aerospike.client(config) as client:
        until(client.is_connected)
        n_logins = len(node.logins)
        rest = node.on_frame
        assert rest is not None

        def be_silent(kind: int, body: bytes) -> bytes | None:
            if kind != INFO:
                return rest(kind, body)
            silent.set()
            return b""

        n_accepted = node.n_accepted
        node.on_frame = be_silent
        wait_for(silent)
        # a node that fails gets a new connection in the next cycle
        until(lambda: node.n_accepted > n_accepted)
        assert len(node.logins) == n_logins


# --- bad input, before anything is sent ---

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "empty user": ({"user": ""}, "user is empty"),
    "long user": ({"user": "u" * 64}, "user has 64 bytes, 63 are allowed"),
    "user with a NUL": ({"user": "a\0b"}, "user contains a NUL"),
    "user of a wrong type": ({"user": 1}, "Username should be a string: got int"),
    "no password": ({"password": None}, "password is missing"),
    "no user": ({"user": None}, "user is missing"),
    "password of a wrong type": (
        {"password": [1]},
        "Password should be a string: got list",
    ),
    "password with a NUL": ({"password": "a\0b"}, "password contains a NUL"),
    "password beyond UTF-8": (
        {"password": "a\ud800"},
        "password has characters that UTF-8 lacks",
    ),
    "external without TLS": (
        {"policies": {"auth_mode": aerospike.AUTH_EXTERNAL}},
        "AUTH_EXTERNAL_INSECURE",
    ),
    "certificate without TLS": (
        {"policies": {"auth_mode": aerospike.AUTH_PKI}},
        "AUTH_PKI needs TLS with a certificate",
    ),
    "unknown mode": ({"policies": {"auth_mode": 4}}, "got 4"),
    "mode of a wrong type": ({"policies": {"auth_mode": "1"}}, "auth_mode is invalid"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_anything_is_sent(node, config, case):
    changes, says = BAD[case]
    with pytest.raises(exception.ParamError, match=says) as caught:
        aerospike.client({**config, **changes})
    assert caught.value.__cause__ is None  # Python's errors quote the value
    assert node.n_accepted == 0
    if "policies" not in changes:
        del config["user"], config["password"]
        both = {"user": "admin", "password": "admin", **changes}
        with aerospike.client(config) as client:
            n_accepted = node.n_accepted
            with pytest.raises(exception.ParamError, match=says):
                client.connect(both["user"], both["password"])
            assert node.n_accepted == n_accepted


# --- secrets ---


def shown_anywhere(error: BaseException, secret: str) -> list[str]:
    """Where an error, or a local variable of ours, shows a secret."""
    found = [text for text in (str(error), repr(error)) if secret in text]
    seen: BaseException | None = error
    while seen is not None:
        traceback = seen.__traceback__
        while traceback is not None:
            frame_ = traceback.tb_frame
            if frame_.f_globals["__name__"].startswith("aerospike"):
                found += [
                    f"{frame_.f_code.co_name}: {name}"
                    for name, value in frame_.f_locals.items()
                    if secret in repr(value)
                ]
            traceback = traceback.tb_next
        found += [secret for text in (str(seen), repr(seen)) if secret in text]
        seen = seen.__cause__ or seen.__context__
    return found


def test_nobody_sees_a_password_or_a_token(node, config, caplog):
    caplog.set_level(1, "aerospike")
    aerospike.set_log_level(aerospike.LOG_LEVEL_TRACE)
    try:
        with aerospike.client({**config, "password": "tops3cret"}) as client:
            client.get(KEY)
            node.result = 62
            with pytest.raises(exception.InvalidPassword) as caught:
                client.connect("bob", "tops3cret2")
            shown = repr(client) + str(client.get_policies()) + caplog.text
    finally:
        aerospike.set_log_level(aerospike.LOG_LEVEL_ERROR)
    for secret in ("tops3cret", SALT, "TOKENTOKEN"):
        assert secret not in shown
        assert shown_anywhere(caught.value, secret) == []


def readable_parts(memory: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """What stands between two addresses, but for pages that nobody may read, such as
    those that glibc 2.43 has below the stack of a thread."""
    while begin < end:
        memory.seek(begin)
        try:
            part = memory.read(end - begin)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            begin += mmap.PAGESIZE
        else:
            yield part
            begin += len(part) or mmap.PAGESIZE


def in_memory_of(pid: int, needles: list[bytes]) -> list[int]:
    """How often each of some bytes stands in the memory that a process can write to."""
    counts = [0] * len(needles)
    maps = Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.MULTILINE):
            for part in readable_parts(memory, int(begin, 16), int(end, 16)):
                found = [part.count(needle) for needle in needles]
                counts = [n + m for n, m in zip(counts, found, strict=True)]
    return counts


@pytest.mark.measures
@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_secrets_are_wiped_when_they_are_no_longer_needed(node):
    """The hashes of three passwords, and the token.

    A bcrypt that leaves no copies takes the place of the package, which does.
    """
    node.token = b"a token that nothing else contains"
    table = bytes(i ^ 85 for i in range(256))
    hidden = {k.encode(): v.encode().translate(table) for k, v in HASHES.items()}
    code = """
        import sys, types
        import aerospike
        table = bytes(i ^ 85 for i in range(256))
        hidden = eval(sys.argv[2])
        sys.modules["bcrypt"] = bcrypt = types.ModuleType("bcrypt")
        bcrypt.hashpw = lambda password, salt: hidden[password].translate(table)
        config = {"connect_timeout": 20_000, "policies": {"total_timeout": 30_000}}
        config["hosts"] = [("127.0.0.1", int(sys.argv[1]))]
        client = aerospike.client(config)
        client.connect("admin", "admin")
        client.put(("test", "demo", 1), {"a": 1})
        print("connected", flush=True)
        input()
        client.admin_change_password("admin", "secret")
        client.admin_create_user("bob", "s2", ["role" * 15] * 200)
        client.close()
        del client  # which could connect again
        print("closed", flush=True)
        input()
    """
    arguments = [str(node.port), repr(hidden)]
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    needles = [HASHES[name][29:].encode() for name in ("admin", "secret", "s2")]
    needles.append(node.token)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, bufsize=1, **pipes) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "connected\n"
        *hashes, n_tokens = in_memory_of(child.pid, needles)
        assert hashes == [1, 0, 0]
        assert n_tokens >= 1  # another one while a connection is opened
        child.stdin.write("go on\n")
        assert child.stdout.readline() == "closed\n"
        assert in_memory_of(child.pid, needles) == [0, 0, 0, 0]
        child.stdin.write("end\n")


def test_client_with_a_user_cannot_be_pickled(node, config):
    import copy
    import pickle

    with aerospike.client(config) as client:
        for use in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot pickle"):
                use(client)


def run_python(code: str, *args: str) -> None:
    """In a process that has imported nothing yet."""
    command = [sys.executable, "-c", textwrap.dedent(code), *args]
    subprocess.run(command, check=True, timeout=60)


def test_bcrypt_is_imported_when_a_user_is_given(node):
    code = """
        import sys
        import aerospike
        hosts = [("127.0.0.1", int(sys.argv[1]))]
        client = aerospike.client({"hosts": hosts, "connect_timeout": 20_000})
        assert "bcrypt" not in sys.modules
        client.connect("admin", "admin")
        assert "bcrypt" in sys.modules
    """
    run_python(code, str(node.port))


def test_missing_bcrypt_is_named():
    code = """
        import sys
        import aerospike
        from aerospike import exception
        sys.modules["bcrypt"] = None
        try:
            aerospike.client({"hosts": ["127.0.0.1:1"], "user": "a", "password": "b"})
        except exception.ClientError as error:
            assert "pip install bcrypt" in str(error), error
        else:
            raise AssertionError
    """
    run_python(code)
