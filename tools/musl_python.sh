#!/bin/sh
# Build CPython 3.13 against musl, and print the path of its interpreter:
#
#   sh tools/musl_python.sh [FOLDER]      the default: build/musl
#
# Wheels for Alpine and the like can then be tried on a Debian (tools/try_wheel.py). The
# sources of Python, OpenSSL and zlib are those of Debian trixie, and musl is that of the
# package musl-tools of this machine. It takes ten minutes of one processor. A second run
# finds its stamp and does nothing.
#
# FOLDER/build.log tells what was done. A machine that cannot build it is told why on
# stderr; the exit code is then 77. A build that fails has 1.
set -eu
cd "$(dirname "$0")/.."

folder=${1:-build/musl}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python=$folder/bin/python3.13
log=$folder/build.log
work=$folder/work

say() { printf '%s\n' "musl: $*" >&2; }
cannot() { say "not built: $*"; exit 77; }

if [ -f "$folder/.stamp" ] && "$python" -c '' 2>/dev/null; then
    printf '%s\n' "$python"
    exit 0
fi
for tool in musl-gcc make perl; do
    command -v "$tool" >/dev/null 2>&1 ||
        cannot "there is no $tool here (packages musl-tools, make, perl)"
done
[ -d /usr/include/linux ] || cannot "there is no /usr/include/linux (linux-libc-dev)"

rm -rf "$folder/.stamp" "$work"
mkdir -p "$work/headers" "$work/bin" "$folder/lib"
: >"$log"

# fetch PACKAGE [options of dpkg-source]
fetch() {
    name=$1
    shift
    say "fetching the source of $name"
    sh tools/debian_source.sh "$name" "$work/$name" "$@" || exit $?
}
fetch zlib
fetch openssl
fetch python3.13 --skip-patches # without Debian's ways

# The headers of the kernel have the folder of glibc's, which must not be found.
ln -s /usr/include/linux /usr/include/asm-generic "$work/headers"
ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$work/headers/asm"
# configure compares what the compiler says with what it finds
cat >"$work/bin/musl-cc" <<END
#!/bin/sh
[ "\$*" != --print-multiarch ] || { echo "$(uname -m)-linux-musl"; exit; }
exec musl-gcc -idirafter "$work/headers" "\$@"
END
chmod +x "$work/bin/musl-cc"
PATH=$work/bin:$PATH
jobs=${ASC_JOBS:-$(nproc)}

# The modules of wheels load libz.so.1; Python's own and pip need the rest.
build() {
    cd "$work/zlib/source"
    CC=musl-cc ./configure --prefix="$folder"
    nice make -s -j "$jobs" install
    cd "$work/openssl/source"
    ./Configure "linux-$(uname -m)" CC=musl-cc --prefix="$folder" --libdir=lib \
        --openssldir=/etc/ssl no-shared no-tests no-apps no-docs no-module no-engine \
        no-legacy no-quic
    nice make -s -j "$jobs" build_libs
    nice make -s install_dev
    cd "$work/python3.13/source"
    CC=musl-cc PKG_CONFIG=false OPT="-O2 -DNDEBUG" CPPFLAGS="-I$folder/include" \
        LDFLAGS="-L$folder/lib -Wl,-rpath,$folder/lib" \
        ./configure -q --prefix="$folder" --with-openssl="$folder" \
        --disable-test-modules py_cv_module__ctypes=n/a
    nice make -s -j "$jobs"
    nice make -s install COMPILEALL_OPTS=-l # the rest when it is imported
}
say "building, for ten minutes of one processor"
if ! (set -e; build) >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "the build failed; see $log"
    exit 1
fi
if ! "$python" -c 'import ssl, zlib' >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "the interpreter lacks something; see $log"
    exit 1
fi
rm -rf "$work"
: >"$folder/.stamp"
printf '%s\n' "$python"
