/* A hash table of node names with open addressing. Clusters may have a thousand nodes,
 * each of which names all others, so that to compare every name with every other would
 * be a million comparisons in each cycle. */
#include "cluster/names.h"

#include <stdint.h>
#include <string.h>

#include "asc/alloc.h"

/* FNV-1a: short, and good enough for names that differ in few characters. */
static size_t
hash(const char *text)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *text != '\0'; text++) {
        h = (h ^ (unsigned char)*text) * 0x100000001B3u;
    }
    return (size_t)(h ^ h >> 32);
}

/* Find the place that holds a name, or else the free one where it belongs. There always
 * is a free one, since the table grows when it is half full. */
static asc_name *
slot_of(const asc_names *m, const char *text)
{
    size_t i = hash(text) & (m->n_slots - 1);
    while (m->slots[i].text != NULL && strcmp(m->slots[i].text, text) != 0) {
        i = (i + 1) & (m->n_slots - 1);
    }
    return &m->slots[i];
}

size_t
asc_names_find(const asc_names *m, const char *text)
{
    const asc_name *slot = m->n_slots > 0 ? slot_of(m, text) : NULL;
    return slot != NULL && slot->text != NULL ? slot->value : ASC_NO_NAME;
}

/* Move to a table of twice as many places. Returns false, with the table as it was,
 * when memory is short. */
static bool
grow(asc_names *m)
{
    asc_names larger = {.n_slots = m->n_slots > 0 ? m->n_slots * 2 : 64};
    larger.slots = asc_calloc(larger.n_slots, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < m->n_slots; i++) {
        if (m->slots[i].text != NULL) {
            *slot_of(&larger, m->slots[i].text) = m->slots[i];
        }
    }
    larger.n = m->n;
    asc_free(m->slots);
    *m = larger;
    return true;
}

bool
asc_names_put(asc_names *m, const char *text, size_t value)
{
    /* Half of the places stay free, so that searches are short. */
    if (m->n * 2 >= m->n_slots && !grow(m)) {
        return false;
    }
    asc_name *slot = slot_of(m, text);
    m->n += slot->text == NULL;
    *slot = (asc_name){text, value};
    return true;
}

void
asc_names_clear(asc_names *m)
{
    asc_free(m->slots);
    *m = (asc_names){0};
}
