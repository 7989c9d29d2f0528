#!/bin/sh
# sh test/run.sh SECONDS PROGRAM...: run each, at most SECONDS long; show the output of
# those that fail. Ends with the sum of their tests; the exit code is 1 if any failed.
limit=$1
shift
log=$(mktemp)
n_failed=0
passed=0
failed=0
for program; do
    name=${program##*/}
    if command -v timeout >/dev/null 2>&1; then
        timeout -k 5 "$limit" "$program" >"$log" 2>&1
    else
        "$program" >"$log" 2>&1
    fi
    code=$?
    result=$(tail -n 1 "$log")
    # "ut_x: N tests, M checks, K failed" where the program came to its end
    counts=$(printf '%s\n' "$result" |
        sed -n 's/^ut_.*: \([0-9]*\) tests, .* \([0-9]*\) failed$/\1 \2/p')
    if [ $code = 0 ]; then
        printf 'ok      %s\n' "${result:-$name}"
        counts=${counts:-1 0}
    else
        cat "$log"
        if [ $code = 124 ] || [ $code = 137 ]; then
            printf 'FAILED  %s: still running after %s s\n' "$name" "$limit"
        else
            printf 'FAILED  %s: exit code %s\n' "$name" "$code"
        fi
        n_failed=$((n_failed + 1))
        counts=${counts:-1 1}
    fi
    failed=$((failed + ${counts#* }))
    passed=$((passed + ${counts% *} - ${counts#* }))
done
rm -f "$log"
if [ $n_failed != 0 ] && [ $failed = 0 ]; then
    failed=$n_failed # all tests passed, and the program still ended badly
fi
printf 'C tests: %s passed, %s failed\n' "$passed" "$failed"
[ $n_failed = 0 ]
