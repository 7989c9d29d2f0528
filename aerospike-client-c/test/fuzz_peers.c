/* A list of peers; and the same text as one host. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "cluster/peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asc_error err;
    asc_peers peers;
    asc_peer_host host;
    asc_error_reset(&err);
    if (asc_peers_parse(&peers, (const char *)data, size, &err) == ASC_OK) {
        for (size_t i = 0; i < peers.n; i++) {
            const asc_peer *p = &peers.list[i];
            if (strlen(p->name) == 0 || strlen(p->name) >= ASC_NODE_NAME_SIZE) {
                abort();
            }
            for (size_t k = 0; k < p->n_hosts; k++) {
                if (strlen(p->hosts[k].name) == 0 || p->hosts[k].port == 0) {
                    abort();
                }
            }
        }
        asc_peers_clear(&peers);
    }
    if (asc_host_parse(&host, (const char *)data, size, 3000) &&
        (host.port == 0 || strlen(host.name) == 0)) {
        abort();
    }
    if (asc_alloc_live() != 0) {
        abort();
    }
    return 0;
}
