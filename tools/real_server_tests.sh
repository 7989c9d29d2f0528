#!/bin/sh
# The tests that a real server can answer: sh tools/real_server_tests.sh HOST:PORT[,...]
#
# Waits until the nodes are one cluster, and runs the tests of PARTS on it, one after
# another. With PIDS, the processes of the servers in the same order, threads and tasks
# also write and read while these are frozen, killed and started again: PIDS=11,12,13.
# They have to be processes of this machine, with files that it has.
# tools/real_server_chaos.sh starts some, in a container, too. PYTHON names the
# interpreter, PYTEST_ARGS further options. All parts run, also after one that fails.
set -u
cd "$(dirname "$0")/.."
hosts=${1:?the addresses of the nodes: HOST:PORT[,...]}
PIDS=${PIDS:-}
PARTS=${PARTS-test/conformance test/integration test/loops}
export AEROSPIKE_HOSTS="$hosts"
sh tools/setup_env.sh test || exit 1
py=.venv/bin/python
failed=

part() {
    name=$1
    shift
    printf '\n--- %s\n' "$name"
    "$@" || failed="$failed '$name'"
}

# at its end it says which processes the servers are by then
chaos() {
    said=build/real_server_chaos.log
    make --no-print-directory chaos CLIENT="$1" SECONDS=60 SLACK_MS=2000 \
        HOSTS="$hosts" PIDS="$PIDS" >"$said" 2>&1
    rc=$?
    tail -n 20 "$said"
    pids=$(sed -n 's/.*--pids \([0-9,]*\)$/\1/p' "$said" | tail -n 1)
    PIDS=${pids:-$PIDS}
    return $rc
}

"$py" tools/wait_for_cluster.py "$hosts" || exit 1
for tests in $PARTS; do
    # options are words
    # shellcheck disable=SC2086
    part "$tests" "$py" -m pytest -q -n 0 ${PYTEST_ARGS:-} "$tests"
done

if [ -n "$PIDS" ]; then
    part "chaos, threads" chaos threads
    part "chaos, asyncio" chaos async
else
    printf '\nleft out: chaos, since PIDS does not say which processes the servers are\n'
fi

if [ -n "$failed" ]; then
    printf '\nfailed on %s:%s\n' "$hosts" "$failed"
    exit 1
fi
printf '\neverything passed on %s\n' "$hosts"
