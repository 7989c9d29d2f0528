#!/bin/sh
# sh test/run.sh SECONDS PROGRAM...: run each, at most SECONDS long; show the output of
# those that fail. The exit code is 1 if any did.
limit=$1
shift
log=$(mktemp)
failed=0
for program; do
    name=${program##*/}
    if command -v timeout >/dev/null 2>&1; then
        timeout -k 5 "$limit" "$program" >"$log" 2>&1
    else
        "$program" >"$log" 2>&1
    fi
    code=$?
    if [ $code = 0 ]; then
        printf 'ok      %s\n' "$name"
        continue
    fi
    failed=$((failed + 1))
    cat "$log"
    if [ $code = 124 ]; then
        printf 'FAILED  %s: still running after %s s\n' "$name" "$limit"
    else
        printf 'FAILED  %s: exit code %s\n' "$name" "$code"
    fi
done
rm -f "$log"
if [ $failed != 0 ]; then
    printf '%s of %s C test programs failed\n' "$failed" "$#"
    exit 1
fi
