#!/bin/sh
# Python tests with the extension under sanitizers; called by `make sanitize` and `make
# races` with PY, the environment's Python, SANITIZERS, and arguments for pytest: which
# tests, and more.
#
# SANITIZERS=address,undefined (the default)
#     Each Python object gets its memory from malloc, so that the sanitizer knows when it
#     is freed, and what is freed is overwritten, so that an interpreter that is not
#     instrumented stumbles over it, too. Leaks are not looked for: test/leaks does.
# SANITIZERS=thread
#     The interpreter is not instrumented, so that what it does itself is not looked at.
#     But the GIL and all its locks are pthread calls, which the sanitizer sees: what the
#     extension does under the GIL has an order, what it does without has none. A race
#     that is planted on purpose (tools/planted_race.py) proves both, each time.
#     Where PY has no GIL, it must be instrumented itself, as
#     `THREAD_SANITIZER=1 sh tools/free_threaded.sh` builds it: its locks are its own.
#     Then what Python does is looked at, too, and what is reported of Python's own
#     faults is left out: tools/free_threaded.supp has them, each with its reason.
#
# The package is built into build/races, build/races-free or build/sanitize, apart from
# src.
set -eu
cd "$(dirname "$0")/.."
PY=${PY:-.venv/bin/python}
CC=${CC:-gcc}
SANITIZERS=${SANITIZERS:-address,undefined}
export CC
# free: it has no GIL; instrumented: by ThreadSanitizer
kind=$("$PY" -c 'import sysconfig
flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
print("free" if sysconfig.get_config_var("Py_GIL_DISABLED") else "",
      "instrumented" if "--with-thread-sanitizer" in flags else "")')
suppressions='' malloc=malloc
case $SANITIZERS,$kind in
    "thread,free instrumented")
        first='' here=$(pwd)/build/races-free malloc='' # it knows no other allocator
        suppressions=:suppressions=$(pwd)/tools/free_threaded.supp
        CC=$("$PY" -c 'import sysconfig; print(sysconfig.get_config_var("CC"))')
        ;;
    thread,free*)
        echo "sanitize: $PY has no GIL and is not instrumented by ThreadSanitizer" >&2
        exit 1
        ;;
    thread,*) first=libtsan.so here=$(pwd)/build/races ;;
    *) first=libasan.so here=$(pwd)/build/sanitize ;;
esac

runtime() {
    found=$("$CC" -print-file-name="$1")
    [ -e "$found" ] || {
        echo "sanitize: $CC has no $1 (CC names a gcc)" >&2
        exit 1
    }
    echo "$found"
}
# exceptions of C++, which s2geometry is written in, go through the sanitizer
preload=
[ -z "$first" ] || preload="$(runtime $first) $(runtime libstdc++.so.6)"

rm -rf "$here"/lib "$here"/report.*
ASC_SANITIZE=$SANITIZERS \
    "$PY" setup.py -q build --build-base "$here" --build-lib "$here/lib"

# An instrumented Python compiles its modules so slowly that they are kept in any case.
sanitized() {
    PYTHONPATH=$here/lib PYTHONMALLOC=$malloc LD_PRELOAD=$preload \
        PYTHONDONTWRITEBYTECODE='' PYTHONPYCACHEPREFIX=$here/pycache \
        ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_free_fill_size=65536:free_fill_byte=219:log_path=$here/report \
        UBSAN_OPTIONS=print_stacktrace=1:log_path=$here/report \
        TSAN_OPTIONS=second_deadlock_stack=1:log_path=$here/report$suppressions \
        "$PY" "$@"
}

[ "$SANITIZERS" != thread ] || "$PY" tools/planted_race.py "$preload"

failed=0
sanitized -m pytest -p no:faulthandler -m "not measures" "$@" || failed=$?

# also of processes that the tests have started
for report in "$here"/report.*; do
    [ -e "$report" ] || continue
    echo "--- $report"
    cat "$report"
    failed=1
done
exit $failed
