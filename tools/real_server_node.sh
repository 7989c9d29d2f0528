#!/bin/sh
# Run a node of a real Aerospike server for tests: sh tools/real_server_node.sh PORT [SEED...]
#
# PORT is that of clients; the three behind it are the node's own. A SEED is another
# node's heartbeat, as HOST:PORT (its PORT + 2). The node keeps its data in memory and
# tells clients to find it at 127.0.0.1, so that in a container PORT has to be published
# under the same number. It runs in the foreground, in the place of this program.
#
# ASD is the server with options, default: asd. WORK is a folder of the node's own,
# default: /tmp/aerospike-PORT.
set -eu
port=${1:?a port}
shift
work=${WORK:-/tmp/aerospike-$port}
mkdir -p "$work/smd" "$work/usr/udf/lua"

namespace() { # name, bytes
    cat <<END
namespace $1 {
    replication-factor 2
    default-ttl 0
    nsup-period 10
    allow-ttl-without-nsup true
    storage-engine memory {
        data-size $2
    }
}
END
}

seeds() {
    for seed; do
        echo "        mesh-seed-address-port ${seed%:*} ${seed##*:}"
    done
}

cat >"$work/aerospike.conf" <<END
service {
    cluster-name tests
    node-id $(printf 'BB9%013d' "$port")
    run-as-daemon false
    work-directory $work
    pidfile $work/asd.pid
    proto-fd-max 15000
}
logging {
    console {
        context any warning
    }
}
mod-lua {
    user-path $work/usr/udf/lua
}
network {
    service {
        address any
        access-address 127.0.0.1
        port $port
    }
    fabric {
        address any
        port $((port + 1))
    }
    heartbeat {
        mode mesh
        address any
        port $((port + 2))
$(seeds "$@")
        interval 150
        timeout 10
    }
    admin {
        address any
        port $((port + 3))
    }
}
$(namespace test 1G)
$(namespace bar 512M)
END
ulimit -n "$(ulimit -H -n)"
# ASD holds words
# shellcheck disable=SC2086
exec ${ASD:-asd} --foreground --config-file "$work/aerospike.conf"
