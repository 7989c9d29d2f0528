#!/bin/sh
# Build CPython 3.13 against musl, with and without the GIL, and print the paths of both
# interpreters:
#
#   sh tools/musl_python.sh [FOLDER]      the default: build/musl
#
# Wheels for Alpine and the like can then be tried on a Debian (tools/try_wheel.py). The
# sources of musl, of Python and of the libraries that it needs are those of Debian
# trixie: older versions of musl cannot load what bcrypt and cryptography bring along.
# It takes eight minutes of one processor. A second run finds its stamp and does nothing.
#
# FOLDER/build.log tells what was done. A machine that cannot build it is told why on
# stderr; the exit code is then 77. A build that fails has 1.
set -eu
cd "$(dirname "$0")/.."

folder=${1:-build/musl}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
log=$folder/build.log
scratch=$folder/work

say() { printf '%s\n' "musl: $*" >&2; }
cannot() { say "not built: $*"; exit 77; }

pythons="$folder/bin/python3.13 $folder/bin/python3.13t"
# work CODE: whether both run it
work() {
    for python in $pythons; do
        "$python" -c "$1" || return 1
    done
}

if [ -f "$folder/.stamp" ] && work '' 2>/dev/null; then
    printf '%s\n' $pythons
    exit 0
fi
for tool in gcc make perl autoreconf libtoolize; do # the last two for libffi
    command -v "$tool" >/dev/null 2>&1 ||
        cannot "there is no $tool here (packages gcc, make, perl, autoconf, libtool)"
done
[ -d /usr/include/linux ] || cannot "there is no /usr/include/linux (package linux-libc-dev)"

rm -rf "$folder/.stamp" "$scratch"
mkdir -p "$scratch/headers" "$scratch/bin" "$folder/etc"
: >"$log"

# fetch PACKAGE [options of dpkg-source]
fetch() {
    name=$1
    shift
    say "fetching the source of $name"
    sh tools/debian_source.sh "$name" "$scratch/$name" "$@" || exit $?
}
for name in musl zlib libffi openssl; do
    fetch "$name"
done
fetch python3.13 --skip-patches # without Debian's ways

# The headers of the kernel have the folder of glibc's, which must not be found.
ln -s /usr/include/linux /usr/include/asm-generic "$scratch/headers"
ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$scratch/headers/asm"
# configure compares what the compiler says with what it finds
cat >"$scratch/bin/musl-cc" <<END
#!/bin/sh
[ "\$*" != --print-multiarch ] || { echo "$(uname -m)-linux-musl"; exit; }
exec "$folder/bin/musl-gcc" -idirafter "$scratch/headers" "\$@"
END
chmod +x "$scratch/bin/musl-cc"
PATH=$scratch/bin:$PATH
jobs=${ASC_JOBS:-$(nproc)}

# make_in PACKAGE TARGET...
make_in() {
    cd "$scratch/$1/source"
    shift
    nice make -s -j "$jobs" "$@"
}

# Modules of wheels load libz.so.1 from the folder, as they would from that of a system.
build() {
    cd "$scratch/musl/source"
    ./configure --prefix="$folder" --syslibdir="$folder/lib"
    make_in musl install
    echo "$folder/lib" >"$folder/etc/ld-musl-$(uname -m).path"
    cd "$scratch/zlib/source"
    CC=musl-cc ./configure --prefix="$folder"
    make_in zlib install
    cd "$scratch/libffi/source"
    autoreconf -i
    ./configure CC=musl-cc --prefix="$folder" --libdir="$folder/lib" --disable-shared \
        --with-pic --disable-docs --disable-multi-os-directory
    make_in libffi install
    cd "$scratch/openssl/source"
    ./Configure "linux-$(uname -m)" CC=musl-cc --prefix="$folder" --libdir=lib \
        --openssldir=/etc/ssl no-shared no-tests no-apps no-docs no-module no-engine \
        no-legacy no-quic
    make_in openssl build_libs
    make_in openssl install_dev
    build_python --disable-gil
    make_in python3.13 distclean
    build_python --enable-gil # last: bin/python3 is this one
}

# build_python OPTION
build_python() {
    cd "$scratch/python3.13/source"
    CC=musl-cc PKG_CONFIG=false OPT="-O2 -DNDEBUG" CPPFLAGS="-I$folder/include" \
        LDFLAGS="-L$folder/lib" LIBFFI_CFLAGS="-I$folder/include" LIBFFI_LIBS=-lffi \
        ./configure -q --prefix="$folder" --with-openssl="$folder" \
        --disable-test-modules "$1"
    make_in python3.13
    make_in python3.13 install COMPILEALL_OPTS=-l # the rest when it is imported
}
say "building, for eight minutes of one processor"
set +e # in a condition, the first failure would not end the build
(set -e; build) >>"$log" 2>&1
code=$?
set -e
if [ $code != 0 ]; then
    tail -n 20 "$log" >&2
    say "the build failed; see $log"
    exit 1
fi
if ! work 'import ctypes, ssl, zlib' >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "an interpreter lacks something; see $log"
    exit 1
fi
rm -rf "$scratch"
: >"$folder/.stamp"
printf '%s\n' $pythons
