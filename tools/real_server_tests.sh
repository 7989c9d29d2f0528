#!/bin/sh
# The tests that a real server can answer: sh tools/real_server_tests.sh HOST:PORT[,...]
#
# Waits until the nodes are one cluster, and runs the tests of PARTS on it, one after
# another. With PIDS, the processes of the servers in the same order, threads and tasks
# also write and read while these are frozen: PIDS=11,12,13. PYTHON names the
# interpreter, PYTEST_ARGS further options. All parts run, also after one that fails.
set -u
cd "$(dirname "$0")/.."
hosts=${1:?the addresses of the nodes: HOST:PORT[,...]}
PIDS=${PIDS:-}
PARTS=${PARTS:-test/conformance test/integration test/loops}
export AEROSPIKE_HOSTS="$hosts"
PYTHON=${PYTHON:-python3} sh tools/setup_env.sh test || exit 1
py=.venv/bin/python
failed=

part() {
    name=$1
    shift
    printf '\n--- %s\n' "$name"
    "$@" || failed="$failed '$name'"
}

"$py" tools/wait_for_cluster.py "$hosts" || exit 1
for tests in $PARTS; do
    # options are words
    # shellcheck disable=SC2086
    part "$tests" "$py" -m pytest -q -n 0 ${PYTEST_ARGS:-} "$tests"
done
if [ -n "$PIDS" ]; then
    for client in threads async; do
        part "chaos, $client" make --no-print-directory chaos CLIENT="$client" SECONDS=60 \
            SLACK_MS=2000 HOSTS="$hosts" PIDS="$PIDS"
    done
else
    printf '\nleft out: chaos, since PIDS does not say which processes the servers are\n'
fi

if [ -n "$failed" ]; then
    printf '\nfailed on %s:%s\n' "$hosts" "$failed"
    exit 1
fi
printf '\neverything passed on %s\n' "$hosts"
