#!/bin/sh
# Python tests with the extension under ASan and UBSan; called by `make sanitize` with
# PY, the environment's Python, and arguments for pytest: which tests, and more.
#
# The package is built into build/sanitize, apart from src. Each Python object gets its
# memory from malloc, so that the sanitizer knows when it is freed, and what is freed is
# overwritten, so that an interpreter that is not instrumented stumbles over it, too.
# Leaks are not looked for: test/leaks does.
set -eu
cd "$(dirname "$0")/.."
PY=${PY:-.venv/bin/python}
CC=${CC:-gcc}
here=$(pwd)/build/sanitize

runtime() {
    found=$("$CC" -print-file-name="$1")
    [ -e "$found" ] || {
        echo "sanitize: $CC has no $1 (CC names a gcc)" >&2
        exit 1
    }
    echo "$found"
}
# exceptions of C++, which s2geometry is written in, go through the sanitizer
preload="$(runtime libasan.so) $(runtime libstdc++.so.6)"

rm -rf "$here"/lib "$here"/report.*
CC=$CC ASC_SANITIZE=address,undefined \
    "$PY" setup.py -q build --build-base "$here" --build-lib "$here/lib"

failed=0
PYTHONPATH=$here/lib PYTHONMALLOC=malloc LD_PRELOAD=$preload \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_free_fill_size=65536:free_fill_byte=219:log_path=$here/report \
    UBSAN_OPTIONS=print_stacktrace=1:log_path=$here/report \
    "$PY" -m pytest -p no:faulthandler -m "not measures_memory" "$@" || failed=$?

# also of processes that the tests have started
for report in "$here"/report.*; do
    [ -e "$report" ] || continue
    echo "--- $report"
    cat "$report"
    failed=1
done
exit $failed
