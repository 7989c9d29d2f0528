#!/bin/sh
# All static checks; called by `make lint` with PY, the environment's Python.
# Runs every check, and fails at the end if one of them did.
set -u
cd "$(dirname "$0")/.."
PY=${PY:-.venv/bin/python}
failed=

check() {
    name=$1
    shift
    log=$("$@" 2>&1)
    if [ $? = 0 ]; then
        printf 'ok      %s\n' "$name"
    else
        printf '%s\nFAILED  %s\n' "$log" "$name"
        failed="$failed $name"
    fi
}

# the library, its tests and the extension, with every warning an error
compile_with() {
    make -C aerospike-client-c warnings CC="$1" &&
        CC=$1 ASC_WERROR=1 "$PY" setup.py -q build_ext --build-lib "build/lint-$1" &&
        "$PY" tools/check_exports.py "build/lint-$1"/aerospike/_core*.so
}

format_c() {
    find aerospike-client-c src/aerospike/_core -name build -prune -o \
        -name '*.[ch]' -print0 |
        xargs -0 "$(dirname "$PY")/clang-format" --dry-run --Werror
}

check "ruff check" "$PY" -m ruff check .
check "ruff format" "$PY" -m ruff format --check .
check "mypy" "$PY" -m mypy
check "clang-format" format_c
# from elsewhere: in the checkout's root it finds each module twice
stubs() {
    root=$(pwd)
    python=$(cd "$(dirname "$PY")" && pwd)/python
    (cd / && MYPYPATH="$root/src" "$python" -m mypy.stubtest aerospike._core \
        aerospike.exception)
}
check "stubs" stubs
build_docs() {
    "$PY" -m sphinx -q -W --keep-going -b html -d build/doctrees doc build/docs
}
check "docs" build_docs
check "layers" "$PY" tools/check_layers.py
check "text" "$PY" tools/check_text.py
compilers=
for compiler in gcc clang; do
    if command -v "$compiler" >/dev/null 2>&1; then
        compilers="$compilers $compiler"
        check "$compiler -Werror, exports" compile_with "$compiler"
    fi
done
[ -n "$compilers" ] || check "cc -Werror, exports" compile_with cc

if [ -n "$failed" ]; then
    printf 'lint failed:%s\n' "$failed"
    exit 1
fi
