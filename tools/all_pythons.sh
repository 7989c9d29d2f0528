#!/bin/sh
# The Python tests on each supported Python that this machine has:
#
#   sh tools/all_pythons.sh quick [pytest arguments]   unit and API tests
#   sh tools/all_pythons.sh all [pytest arguments]     the whole suite
#
# Each Python has an environment of its own, build/pythons/3.N, so that .venv stays as
# it is. The interpreters come from PATH and from pyenv. At the end stands a line for
# each version; one that the machine lacks is named as missing, which is no failure.
# PYTHONS="3.10 3.13" picks versions; OTHERS=1 leaves out the one that .venv has, whose
# tests ran before. What a run said is kept in build/pythons/3.N.log.
set -u
cd "$(dirname "$0")/.."
PYTHONS=${PYTHONS:-3.10 3.11 3.12 3.13}
FOLDER=build/pythons

die() { printf 'all_pythons: %s\n' "$*" >&2; exit 2; }

case ${1:-} in
    quick) tests="test/unit test/api" ;;
    all) tests=test ;;
    *) die "usage: sh tools/all_pythons.sh {quick|all} [pytest arguments]" ;;
esac
shift

# is_python PATH VERSION: it runs (a shim of pyenv may not) and is of that version
is_python() {
    [ -x "$1" ] && [ "$("$1" -c \
        'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$2" ]
}

# Where pyenv keeps its interpreters, if there is one.
pyenv_root() {
    printf '%s' "${PYENV_ROOT:-$(pyenv root 2>/dev/null || printf '%s' ~/.pyenv)}"
}

# find_python VERSION: print the path of an interpreter; fails when there is none
find_python() {
    for path in "$(command -v "python$1")" "$(pyenv_root)"/versions/"$1".*/bin/python; do
        if is_python "$path" "$1"; then
            printf '%s\n' "$path"
            return
        fi
    done
    return 1
}

# run_one PATH FOLDER LOG ARGUMENTS...
run_one() {
    python=$1 venv=$2 log=$3
    shift 3
    PYTHON=$python VENV=$venv sh tools/setup_env.sh test >"$log" 2>&1 &&
        "$venv/bin/python" -m pytest -n 3 --dist loadfile "$@" >>"$log" 2>&1
}

mkdir -p "$FOLDER"
failed=0
lines=
for version in $PYTHONS; do
    log=$FOLDER/$version.log
    if [ "${OTHERS:-}" = 1 ] && is_python .venv/bin/python "$version"; then
        line="left out: .venv has it"
    elif ! path=$(find_python "$version"); then
        line="missing"
    # the names of folders hold no blanks
    # shellcheck disable=SC2086
    elif run_one "$path" "$FOLDER/$version" "$log" $tests "$@"; then
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
