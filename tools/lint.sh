#!/bin/sh
# All static checks; called by `make lint` with PY, the environment's Python.
# Runs every check, in two rows side by side, and fails at the end if one of them did.
set -u
cd "$(dirname "$0")/.."
PY=${PY:-.venv/bin/python}
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

check() {
    name=$1
    shift
    log=$("$@" 2>&1)
    if [ $? = 0 ]; then
        printf 'ok      %s\n' "$name"
    else
        printf '%s\nFAILED  %s\n' "$log" "$name"
        printf ' %s;' "$name" >>"$failed"
    fi
}

# the library, its tests and the extension, with every warning an error; and with the
# string functions that newer C libraries have
compile_with() {
    strings="-include $(pwd)/tools/c23_strings.h"
    make -C aerospike-client-c warnings CC="$1" CPPFLAGS="$strings" &&
        CC=$1 CFLAGS=$strings ASC_WERROR=1 \
            "$PY" setup.py -q build_ext --build-lib "build/lint-$1" &&
        "$PY" tools/check_exports.py "build/lint-$1"/aerospike/_*.so
}

format_c() {
    find aerospike-client-c src/aerospike/_core src/aerospike/_tls -name build -prune -o \
        -name '*.[ch]' -print0 |
        xargs -0 "$(dirname "$PY")/clang-format" --dry-run --Werror
}

# from elsewhere: in the checkout's root it finds each module twice
stubs() {
    root=$(pwd)
    python=$(cd "$(dirname "$PY")" && pwd)/python
    (cd / && MYPYPATH="$root/src" "$python" -m mypy.stubtest aerospike._core \
        aerospike.exception)
}
# Every gcc and clang of the machine, in any version, each binary under one name; cc
# where there is neither.
compilers() {
    printf '%s\n' "$PATH" | tr : '\n' | while read -r folder; do
        for path in "$folder"/gcc "$folder"/gcc-[0-9]* "$folder"/clang \
            "$folder"/clang-[0-9]*; do
            [ -x "$path" ] && printf '%s %s\n' "$(readlink -f "$path")" "${path##*/}"
        done
    done | awk '!binary[$1]++ && !name[$2]++ { print $2; n++ } END { if (!n) print "cc" }'
}

# what mypy keeps of a run is for one at a time
check_python() {
    check "ruff check" "$PY" -m ruff check .
    check "ruff format" "$PY" -m ruff format --check .
    check "mypy" "$PY" -m mypy
    check "stubs" stubs
    check "typing" "$PY" tools/check_typing.py
    check "docstrings of stubs" "$PY" tools/stub_docs.py --check
    check "docs" env PY="$PY" sh tools/build_docs.sh
}

check_others() {
    check "clang-format" format_c
    for compiler in $(compilers); do
        check "$compiler -Werror, exports" compile_with "$compiler"
    done
    check "layers" "$PY" tools/check_layers.py
    check "borrowed" "$PY" tools/check_borrowed.py
    check "text" "$PY" tools/check_text.py
    check "style" "$PY" tools/check_style.py
    check "spelling" "$PY" -m codespell_lib
    check "prose" "$PY" tools/check_prose.py
    check "workflows" "$PY" tools/check_workflows.py
    # its binary comes with a package for most machines; see pyproject.toml
    if [ -x "$(dirname "$PY")/hadolint" ]; then
        check "Containerfile" "$(dirname "$PY")/hadolint" Containerfile
    else
        echo "no hadolint: the Containerfile was not checked"
    fi
}

check_python &
check_others
wait

if [ -s "$failed" ]; then
    printf 'lint failed:%s\n' "$(cat "$failed")"
    exit 1
fi
