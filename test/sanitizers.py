"""Which sanitizer watches this process, if one does, and what cannot be tested then.

`tools/sanitize.sh` loads it into the interpreter, or the interpreter was built with it.
"""

from __future__ import annotations

import os
import sysconfig

import pytest

_LOADED = os.environ.get("LD_PRELOAD", "")
_BUILT_WITH = str(sysconfig.get_config_var("CONFIG_ARGS"))

ADDRESS = "libasan" in _LOADED or "--with-address-sanitizer" in _BUILT_WITH
"""AddressSanitizer, which is slow, and keeps memory that is freed for a while."""

THREAD = "libtsan" in _LOADED or "--with-thread-sanitizer" in _BUILT_WITH
"""ThreadSanitizer, which is slower."""

no_forks_beside_threads = pytest.mark.skipif(
    ADDRESS or THREAD,
    reason="the sanitizer's own locks may be taken in a child",
)
"""For tests that fork while other threads are in the middle of something.

The sanitizer's allocator has locks of its own, of which a fork takes no care: one that
a thread without the GIL has at that moment is never free again in the child.
"""

no_threads_in_children = pytest.mark.skipif(
    THREAD,
    reason="ThreadSanitizer ends a child that begins a thread if its parent had any",
)
"""For tests of children that begin threads."""
