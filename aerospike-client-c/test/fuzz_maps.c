/* The answers of two nodes about their partitions, cut at the first byte 0: applied,
 * looked at through a snapshot, and forgotten. */
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "fake.h"

static void
look(const asc_snapshot *s)
{
    for (size_t i = 0; i < s->n_maps; i++) {
        if (asc_snapshot_map(s, s->maps[i].name) == NULL) {
            abort();
        }
        for (unsigned p = 0; p < ASC_N_PARTITIONS; p += 97) {
            const asc_choice choice = {
                .first = p, .master_only = p % 2, .by_rack = p % 3, .last = "A"};
            asc_snapshot_owner(s, &s->maps[i], p, &choice);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asc_error err;
    asc_maps maps = {0};
    asc_snapshot *s;
    const int32_t rack_ids[] = {1, 0};
    const asc_config config = {
        .rack_aware = size % 2, .rack_ids = rack_ids, .n_rack_ids = 2};
    asc_error_reset(&err);
    asc_node *nodes[2] = {fake_node("A", 3001, 1, &err), fake_node("B", 3002, 1, &err)};
    const char *text = (const char *)data;
    const char *zero = size > 0 ? memchr(text, 0, size) : NULL;
    size_t first = zero != NULL ? (size_t)(zero - text) : size;
    asc_maps_apply(&maps, nodes[0], text, first, &err);
    if (asc_racks_parse(&nodes[1]->racks, text, first, &err) != ASC_OK) {
        asc_error_reset(&err);
    }
    if (zero != NULL) {
        asc_maps_apply(&maps, nodes[1], zero + 1, size - first - 1, &err);
    }
    if (asc_maps_snapshot(&maps, &config, nodes, 2, &s, &err) == ASC_OK) {
        look(s);
        asc_snapshot_release(s);
    }
    asc_maps_forget(&maps, nodes[0]);
    if (asc_maps_use(&maps, nodes[0])) {
        abort();
    }
    asc_maps_clear(&maps);
    asc_node_release(nodes[0]);
    asc_node_release(nodes[1]);
    if (asc_alloc_live() != 0) {
        abort();
    }
    return 0;
}
