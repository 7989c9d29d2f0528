#!/bin/sh
# Chaos on real servers: sh tools/real_server_chaos.sh [PORT]
#
# Starts three nodes on PORT (default 3000), PORT + 10 and PORT + 20, and has
# tools/real_server_tests.sh freeze, kill and move them while clients work. ASD is the
# server, as in tools/real_server_node.sh. compose.yaml runs this within a container.
set -u
cd "$(dirname "$0")/.."
port=${1:-3000}
work=$(mktemp -d)
hosts= pids=
for at in 0 10 20; do
    own=$((port + at)) seeds=
    for other in 0 10 20; do
        [ $other = $at ] || seeds="$seeds 127.0.0.1:$((port + other + 2))"
    done
    # seeds are words
    # shellcheck disable=SC2086
    WORK=$work/$own sh tools/real_server_node.sh $own $seeds >"$work/$own.log" 2>&1 &
    hosts=$hosts,127.0.0.1:$own
    pids=$pids,$!
done
PARTS='' PIDS=${pids#,} sh tools/real_server_tests.sh "${hosts#,}"
rc=$?
[ $rc = 0 ] || tail -n 20 "$work"/*.log
# chaos may have started them again, as other processes
for found in "$work"/*/asd.pid; do
    kill "$(cat "$found")" 2>/dev/null
done
rm -rf "$work"
exit $rc
