"""Imports that no fork cuts in two.

A module that one thread is importing while another one forks stays half imported in
the child, where everybody who needs it would wait forever. So what the client imports
after its own import is imported here, and a fork waits until that is done.
"""

from __future__ import annotations

import sys
from _thread import RLock
from os import register_at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_FORK_WAITS_S = 10
"""No longer, in case the import waits for something that the forking thread holds."""

_gate = RLock()


def whole(name: str) -> ModuleType:
    """Import a module, also one inside a package. A fork waits meanwhile."""
    with _gate:
        __import__(name)
        return sys.modules[name]


def _before_fork() -> None:
    _gate.acquire(timeout=_FORK_WAITS_S)


def _after_fork() -> None:
    try:
        _gate.release()
    except RuntimeError:  # the fork has not waited any longer
        pass


def _in_child() -> None:
    global _gate
    try:
        _gate.release()
    except RuntimeError:  # a thread that the child lacks has it
        _gate = RLock()


register_at_fork(
    before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child
)
