"""Scripts that fork: what they begin with, and how they are run.

Whatever a script waits for has a deadline of its own. What does not come in time is
told with its name and the stack of each thread, so that a failure says what hung.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

from ..children import Hosts, command_of
from ..waiting import PATIENT

LIMIT_S = 150
"""How long a script may take; what it waits for has less."""

ENDING_S = 5

PRELUDE = """
import contextlib, faulthandler, gc
faulthandler.enable()  # SIGABRT shows all stacks
CHILD_S = 60

def child(work):
    "Fork; the child does its work and is gone. Its pid."
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid

def ended(pid, what="a child", within=CHILD_S):
    "Wait for a child; its exit code. One that hangs is ended, and shows where."
    end = time.monotonic() + within
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            print(f"{what} hangs:", file=sys.stderr, flush=True)
            os.kill(pid, signal.SIGABRT)
            os.waitpid(pid, 0)
            return "hangs"
        time.sleep(0.002)

@contextlib.contextmanager
def busy(work, n=1):
    "Meanwhile threads do the work over and over; it must not fail."
    stop = threading.Event()
    failed = []
    turns = [0] * n
    def go_on(number):
        while not stop.is_set():
            try:
                work()
            except BaseException as error:
                failed.append(repr(error))
                return
            turns[number] += 1
    threads = [threading.Thread(target=go_on, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(turns) or failed)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(CHILD_S)
            assert not thread.is_alive(), "a thread of the parent hangs"
    assert not failed, failed
"""


def end_all(process: subprocess.Popen[str]) -> None:
    """End what a script has left behind, if anything: all in its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(
    text: str,
    hosts: Hosts,
    *args: str,
    options: Sequence[str] = (),
    code: int = 0,
    errors: str = "",
) -> str:
    """Run a script to its end; what it printed.

    :param options: of the interpreter.
    :param code: the exit code that it must have; negative for a signal.
    :param errors: what it must print as errors, and nothing else.
    """
    beginning = f"{PRELUDE}\nPATIENT = {PATIENT!r}\n"
    command = command_of(beginning + textwrap.dedent(text), hosts, *args)
    command[1:1] = options
    return run_command(command, code, errors)


def run_file(path: Path, hosts: Hosts, *args: str) -> str:
    """Run a program, which spawned processes can import; what it printed."""
    quiet = ["-X", "faulthandler", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, "-W", "error", *quiet, str(path)]
    return run_command([*command, json.dumps(list(hosts)), *args])


def run_command(command: Sequence[str], code: int = 0, errors: str = "") -> str:
    """Run a command to its end as run() does."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # so that what it leaves behind can be ended, too
    )
    try:
        out, error = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        threading.Timer(ENDING_S, end_all, [process]).start()
        out, error = process.communicate()
        error += "\nthe script hung"
    end_all(process)
    assert (process.returncode, error) == (code, errors), f"{out}\n{error}"
    return out
