#!/bin/sh
# sh test/run.sh SECONDS PROGRAM...: run them, JOBS at a time (2 where it is not set), each
# at most SECONDS long; show the output of those that fail. Ends with the sum of their
# tests; the exit code is 1 if any failed.
set -u

# run_one SECONDS PROGRAM: leave a line that starts with "ok" or "FAILED"
run_one() {
    limit=$1 program=$2 name=${2##*/}
    log=$(mktemp)
    if command -v timeout >/dev/null 2>&1; then
        timeout -k 5 "$limit" "$program" >"$log" 2>&1
    else
        "$program" >"$log" 2>&1
    fi
    code=$?
    # "ut_x: N tests, M checks, K failed" where the program came to its end
    result=$(tail -n 1 "$log")
    counts=$(printf '%s\n' "$result" |
        sed -n 's/^ut_.*: \([0-9]*\) tests, .* \([0-9]*\) failed$/\1 \2/p')
    case $code in
        0) printf 'ok      %s\n' "${result:-$name}" ;;
        124 | 137) end="still running after $limit s" ;;
        *) end="exit code $code" ;;
    esac
    if [ $code != 0 ]; then
        case $counts in
            '' | *' 0') counts='1 1' ;; # all tests passed, and it still ended badly
        esac
        cat "$log"
        printf 'FAILED  %s: %s: %s tests, %s failed\n' "$name" "$end" $counts
    fi
    rm -f "$log"
    exit 0
}

[ "$1" != --one ] || run_one "$2" "$3"

limit=$1
shift
lines=$(mktemp)
printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-2}" sh "$0" --one "$limit" | tee "$lines"
awk '
    /^(ok|FAILED) / {
        tests = match($0, /[0-9]+ tests/) ? substr($0, RSTART) + 0 : 1
        bad = match($0, /[0-9]+ failed$/) ? substr($0, RSTART) + 0 : 0
        passed += tests - bad
        failed += bad
        n++
    }
    END {
        printf "C tests: %d passed, %d failed\n", passed, failed
        exit failed > 0 || n != '$#'
    }' "$lines"
code=$?
rm -f "$lines"
exit $code
