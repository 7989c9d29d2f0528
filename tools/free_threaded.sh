#!/bin/sh
# Build CPython without the GIL, and print the path of its interpreter:
#
#   sh tools/free_threaded.sh [VERSION [FOLDER]]    the defaults: 3.13 build/python3.13t
#
# The source is that of Debian's package: python3.13 of trixie, or a newer one of sid. It
# comes from the mirror that apt has here, checked by the keys of Debian; neither apt's
# sources nor its lists are changed. It is built as its authors wrote it, without Debian's
# patches and but for one number, which is below. It takes five minutes of one processor. A
# second run finds its stamp and does nothing.
#
# THREAD_SANITIZER=1    instrumented by clang's ThreadSanitizer (16 or later; the default
#                       folder then ends in -tsan)
#
# FOLDER/build.log tells what was done. A machine that cannot build it, for the want of a
# tool, the keys or the source, is told why on stderr; the exit code is then 77. A build
# that fails has 1.
set -eu
cd "$(dirname "$0")/.."

THREAD_SANITIZER=${THREAD_SANITIZER:-}
version=${1:-3.13}
package=python$version
folder=${2:-build/${package}t${THREAD_SANITIZER:+-tsan}}
case $version in
    3.13) suite=trixie ;;
    3.[1-9][0-9]) suite=sid ;;
    *)
        echo "usage: sh tools/free_threaded.sh [VERSION [FOLDER]], VERSION such as 3.13" >&2
        exit 2
        ;;
esac

say() { printf '%s\n' "free-threaded: $*" >&2; }
cannot() { say "not built: $*"; exit 77; }

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python=$folder/bin/${package}t
log=$folder/build.log
work=$folder/work

# what is not instrumented has the compiler of the extension; clang has the other one
find_compiler() {
    [ -n "$THREAD_SANITIZER" ] || { echo "${CC:-gcc}"; return; }
    for number in 21 20 19 18 17 16; do
        ! command -v "clang-$number" || return 0
    done
}
compiler=$(find_compiler)
options="--disable-gil --disable-test-modules"
flags="-O2"
if [ -n "$THREAD_SANITIZER" ]; then
    options="$options --with-thread-sanitizer"
    flags="-O1 -g -fno-omit-frame-pointer"
fi

# one at a time in one folder
if command -v flock >/dev/null 2>&1; then
    exec 9>"$folder/.lock"
    flock 9
fi

fingerprint="$package $suite $compiler $options $flags $folder no-yields"
if [ -f "$folder/.stamp" ] && [ "$(cat "$folder/.stamp")" = "$fingerprint" ] &&
    "$python" -c '' 2>/dev/null; then
    printf '%s\n' "$python"
    exit 0
fi

# --- what the machine must have ---------------------------------------------------

[ -n "$compiler" ] || cannot "no clang-16 or later (packages clang-19, libclang-rt-19-dev)"
for tool in make "$compiler"; do
    command -v "$tool" >/dev/null 2>&1 || cannot "there is no $tool here"
done
for header in ffi.h openssl/ssl.h zlib.h; do
    echo "#include <$header>" | "$compiler" -E - >/dev/null 2>&1 ||
        cannot "$header is missing (packages libffi-dev, libssl-dev, zlib1g-dev)"
done

# --- fetch, build, install --------------------------------------------------------

: >"$log"
failed() {
    tail -n 20 "$log" >&2
    say "$1; see $log"
    exit "$2"
}

rm -rf "$work" "$folder/.stamp"
say "fetching the source of $package"
# its authors' code, without Debian's patches
code=0
SUITE=$suite sh tools/debian_source.sh "$package" "$work" --skip-patches 2>"$log" || code=$?
case $code in
    0) ;;
    77) cannot "$(tail -n 1 "$log")" ;;
    *) failed "the source does not unpack" 1 ;;
esac

# 3.13 yields the processor 40 times before it waits for a lock, also for one that its own
# thread has, and an import alone does so hundreds of times. On Linux 6.18 each yield
# gives a slice away: beside a busy process a test stands still for half a minute.
if [ "$version" = 3.13 ]; then
    locks=$work/source/Python/lock.c
    sed -i 's/^\(static const int MAX_SPIN_COUNT =\) 40;/\1 0;/' "$locks"
    ! grep -q 'MAX_SPIN_COUNT = 40' "$locks" || failed "its locks yield before they wait" 1
fi

say "building, for five minutes of one processor"
build() {
    cd "$work/source"
    # the options hold no blanks
    # shellcheck disable=SC2086
    CC=$compiler OPT="$flags -DNDEBUG" ./configure -q --prefix="$folder" $options &&
        nice make -s -j "$(nproc)" &&
        nice make -s install COMPILEALL_OPTS=-l # the rest when it is imported
}
(build) >>"$log" 2>&1 || failed "the build failed" 1
"$python" -c 'import ctypes, ssl, sys, zlib; sys.exit(sys._is_gil_enabled())' \
    >>"$log" 2>&1 || failed "the interpreter lacks something" 1
rm -rf "$work"
printf '%s\n' "$fingerprint" >"$folder/.stamp"
printf '%s\n' "$python"
