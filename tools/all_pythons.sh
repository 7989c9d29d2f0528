#!/bin/sh
# The Python tests on each supported Python that this machine has:
#
#   sh tools/all_pythons.sh quick [pytest arguments]   tests of units and of the API; without
#                                           the GIL those of the API, threads, loops and TLS
#   sh tools/all_pythons.sh all [pytest arguments]     the whole suite
#
# Each Python has an environment of its own, build/pythons/3.N, so that .venv stays as
# it is. The interpreters come from PATH and from pyenv; one without the GIL, such as
# 3.13t, is built by tools/free_threaded.sh where there is none, in the folder
# FREE_THREADED or in that of the script. At the end stands a line for each version; one
# that the machine lacks is named as missing, which is no failure.
# PYTHONS="3.10 3.13" picks versions; OTHERS=1 leaves out the one that .venv has, whose
# tests ran before. What a run said is kept in build/pythons/3.N.log. Runs for different
# versions may go on at the same time.
set -u
cd "$(dirname "$0")/.."
PYTHONS=${PYTHONS:-3.10 3.11 3.12 3.13 3.13t 3.14 3.15}
FOLDER=build/pythons

die() { printf 'all_pythons: %s\n' "$*" >&2; exit 2; }

case ${1:-} in
    quick | all) mode=$1 ;;
    *) die "usage: sh tools/all_pythons.sh {quick|all} [pytest arguments]" ;;
esac
shift

# is_python PATH VERSION: it runs (a shim of pyenv may not) and is of that version
is_python() {
    [ -x "$1" ] && [ "$("$1" -c \
        'import sys, sysconfig as s
version = "%d.%d" % sys.version_info[:2]
print(version + "t" * bool(s.get_config_var("Py_GIL_DISABLED")))' 2>/dev/null)" = "$2" ]
}

# Where pyenv keeps its interpreters, if there is one.
pyenv_root() {
    printf '%s' "${PYENV_ROOT:-$(pyenv root 2>/dev/null || printf '%s' ~/.pyenv)}"
}

# find_python VERSION: print the path of an interpreter. The code is 77 when there is
# none; any other code is that of a failure.
find_python() {
    for path in "$(command -v "python$1")" \
        "$(pyenv_root)"/versions/"${1%t}".*/bin/python; do
        if is_python "$path" "$1"; then
            printf '%s\n' "$path"
            return
        fi
    done
    case $1 in
        *t) sh tools/free_threaded.sh "${1%t}" ${FREE_THREADED:+"$FREE_THREADED"} ;;
        *) return 77 ;;
    esac
}

# Run a command while no other run of this script is in one: installing writes to the
# folder of the sources.
alone() {
    if command -v flock >/dev/null 2>&1; then
        flock "$FOLDER/lock" "$@"
    else
        "$@"
    fi
}

# run_one PATH FOLDER LOG ARGUMENTS...
run_one() {
    python=$1 venv=$2 log=$3
    shift 3
    alone env PYTHON="$python" VENV="$venv" sh tools/setup_env.sh test >"$log" 2>&1 &&
        "$venv/bin/python" -m pytest -n 4 --dist loadfile "$@" >>"$log" 2>&1
}

# tests_of VERSION: those that are run on it
tests_of() {
    case $mode,$1 in
        quick,*t) printf '%s' "test/api test/threads test/loops test/tls" ;;
        quick,*) printf '%s' "test/unit test/api" ;;
        *) printf '%s' test ;;
    esac
}

mkdir -p "$FOLDER"
failed=0
lines=
for version in $PYTHONS; do
    log=$FOLDER/$version.log
    code=0
    if [ "${OTHERS:-}" = 1 ] && is_python .venv/bin/python "$version"; then
        line="left out: .venv has it"
    elif path=$(find_python "$version" 2>"$log") || code=$?; [ $code = 77 ]; then
        line=missing
        [ ! -s "$log" ] || line="missing  $(tail -n 1 "$log")"
    # the names of folders hold no blanks
    # shellcheck disable=SC2046
    elif [ $code = 0 ] &&
        run_one "$path" "$FOLDER/$version" "$log" $(tests_of "$version") "$@"; then
        line="ok       $(tail -n 1 "$log")"
    else
        tail -n 40 "$log"
        line="FAILED   $(tail -n 1 "$log")"
        failed=1
    fi
    lines="$lines$(printf '%-5s %s' "$version" "$line")
"
done
printf '%s' "$lines"
exit $failed
