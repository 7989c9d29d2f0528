/* What the cluster knows: peers lists, host names, partition maps, the choice of a
 * node, the error window, and the pool of connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/alloc.h"
#include "asc/bytes.h"
#include "cluster/peers.h"
#include "cluster/cluster.h"
#include "fake.h"
#include "kit.h"

/* --- hosts ------------------------------------------------------------------------ */

static void
test_hosts(void)
{
    static const struct {
        const char *text, *name; /* NULL: malformed */
        unsigned port;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", 3000},
        {"127.0.0.1:3510", "127.0.0.1", 3510},
        {"db.example.com:1", "db.example.com", 1},
        {"db.example.com:65535", "db.example.com", 65535},
        {"[2001:db8::1]", "2001:db8::1", 3000},
        {"[2001:db8::1]:3100", "2001:db8::1", 3100},
        {"[::1]:3000", "::1", 3000},
        {" host : 3000 ", "host", 3000},
        {"[ ::1 ]", "::1", 3000},
        {"", NULL, 0},
        {":3000", NULL, 0},
        {"[]", NULL, 0},
        {"[]:3000", NULL, 0},
        {"[::1", NULL, 0},
        {"[::1]x", NULL, 0},
        {"[::1]:", NULL, 0},
        {"host:", NULL, 0},
        {"host:0", NULL, 0},
        {"host:65536", NULL, 0},
        {"host:99999999999999999999", NULL, 0},
        {"host:-1", NULL, 0},
        {"host:30x", NULL, 0},
        {"host:30:40", NULL, 0},
        {"::1", NULL, 0}, /* without brackets nobody knows where the port begins */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size = strlen(rows[i].text);
        char *text = (char *)kit_exact(rows[i].text, size);
        asc_peer_host host;
        kit_note("\"%s\"", rows[i].text);
        bool good = asc_host_parse(&host, text, size, 3000);
        CHECK_EQ_INT(good, rows[i].name != NULL);
        if (good && rows[i].name != NULL) {
            CHECK_EQ_STR(host.name, rows[i].name);
            CHECK_EQ_INT(host.port, rows[i].port);
        }
        free(text);
    }
}

static void
test_host_of_any_length(void)
{
    char text[400];
    asc_peer_host host;
    memset(text, 'h', sizeof text);
    CHECK(asc_host_parse(&host, text, ASC_HOST_NAME_SIZE - 1, 3000));
    CHECK_EQ_INT(strlen(host.name), ASC_HOST_NAME_SIZE - 1);
    CHECK(!asc_host_parse(&host, text, ASC_HOST_NAME_SIZE, 3000));
    CHECK(!asc_host_parse(&host, text, sizeof text, 3000));
}

/* --- peers ------------------------------------------------------------------------ */

/* The list in a plain form: "gen N; name host:port host:port; name ..." */
static asc_status
parse(const char *text, size_t size, char *out, size_t out_size)
{
    asc_error err;
    asc_peers peers;
    char *exact = (char *)kit_exact(text, size);
    asc_error_reset(&err);
    out[0] = '\0';
    asc_status rc = asc_peers_parse(&peers, exact, size, &err);
    free(exact);
    CHECK_EQ_INT(err.code, rc);
    if (rc != ASC_OK) {
        CHECK_HAS(err.message, "peers");
        return rc;
    }
    size_t len =
        (size_t)snprintf(out, out_size, "gen %lld", (long long)peers.generation);
    for (size_t i = 0; i < peers.n; i++) {
        const asc_peer *p = &peers.list[i];
        len += (size_t)snprintf(out + len, out_size - len, "; %s", p->name);
        if (p->tls_name[0] != '\0') {
            len += (size_t)snprintf(out + len, out_size - len, "=%s", p->tls_name);
        }
        for (size_t k = 0; k < p->n_hosts; k++) {
            len += (size_t)snprintf(out + len, out_size - len, " %s|%u",
                                    p->hosts[k].name, p->hosts[k].port);
        }
    }
    asc_peers_clear(&peers);
    return ASC_OK;
}

static const struct {
    const char *text, *want;
} good_peers[] = {
    {"0,3000,[]", "gen 0"},
    {"2,3000,[]", "gen 2"},
    {"2,3000,[[BB90000000000A2,,[127.0.0.1:3510]]]",
     "gen 2; BB90000000000A2 127.0.0.1|3510"},
    {"10,4333,[[BB9050011AC4202,clusternode,[172.17.0.5]],"
     "[BB9070011AC4202,clusternode,[[2001::7]:4433,10.0.0.7]]]",
     "gen 10; BB9050011AC4202=clusternode 172.17.0.5|4333; "
     "BB9070011AC4202=clusternode 2001::7|4433 10.0.0.7|4333"},
    {"1,,[[A,,[h]]]", "gen 1; A h|3000"}, /* no default port: 3000 */
    {"1,3100,[[A,,[[::1]]]]", "gen 1; A ::1|3100"},
    {"1,3100,[[A,,[]]]", "gen 1; A"},
    {" 7 , 3000 , [ [ A , , [ h1 : 3001 , h2 ] ] , [ B , t , [ h3 ] ] ] ",
     "gen 7; A h1|3001 h2|3000; B=t h3|3000"},
    {"4294967295,65535,[[A,,[h]]]", "gen 4294967295; A h|65535"},
};

static void
test_peers(void)
{
    for (size_t i = 0; i < sizeof good_peers / sizeof good_peers[0]; i++) {
        char got[300];
        kit_note("%s", good_peers[i].text);
        CHECK_EQ_INT(parse(good_peers[i].text, strlen(good_peers[i].text), got, 300),
                     ASC_OK);
        CHECK_EQ_STR(got, good_peers[i].want);
    }
}

static void
test_peers_at_every_cut(void)
{
    for (size_t i = 0; i < sizeof good_peers / sizeof good_peers[0]; i++) {
        const char *text = good_peers[i].text;
        size_t end = strlen(text) - (text[strlen(text) - 1] == ' ');
        for (size_t cut = 0; cut < end; cut++) {
            char got[300];
            kit_note("%s cut at %zu", text, cut);
            CHECK_EQ_INT(parse(text, cut, got, sizeof got), ASC_ERR_CLIENT);
        }
    }
}

static void
test_malformed_peers(void)
{
    static const char *const rows[] = {
        "",
        "x",
        "-1,3000,[]",
        "99999999999999999999,3000,[]",
        "0 3000 []",
        "0,3000",
        "0,3000,",
        "0,3000,]",
        "0,99999,[[A,,[h]]]", /* no such port */
        "0,x,[[A,,[h]]]",
        "0,3000,[A]",
        "0,3000,[[]]",
        "0,3000,[[A]]",
        "0,3000,[[A,]]",
        "0,3000,[[A,,]]",
        "0,3000,[[A,,h]]",
        "0,3000,[[,,[h]]]",
        "0,3000,[[A,,[h:0]]]",
        "0,3000,[[A,,[h:x]]]",
        "0,3000,[[A,,[:1]]]",
        "0,3000,[[A,,[,]]]",
        "0,3000,[[A,,[[[h]]]]]",
        "0,3000,[[A,,[h],x]]",
        "0,3000,[[A,,[h]]",
        "0,3000,[[A,,[h]],[",
        "0,3000,[[A,,[h]]x]",
        "0,3000,[[AAAAAAAAAAAAAAAAAAAAAAAAA,,[h]]]", /* longer than any name */
        "ERROR:25:enterprise only",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[300];
        kit_note("%s", rows[i]);
        CHECK_EQ_INT(parse(rows[i], strlen(rows[i]), got, sizeof got), ASC_ERR_CLIENT);
    }
}

static void
test_peers_with_nul_bytes(void)
{
    static const char text[] = "0,3000,[[A,,[h]]]";
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        char got[300], copy[sizeof text];
        memcpy(copy, text, sizeof text);
        copy[i] = '\0';
        kit_note("NUL at %zu", i);
        CHECK_EQ_INT(parse(copy, sizeof text - 1, got, sizeof got), ASC_ERR_CLIENT);
    }
}

/* --- partition maps --------------------------------------------------------------- */

typedef struct pair {
    asc_maps maps;
    asc_node *a, *b;
    asc_error err;
} pair;

static void
pair_init(pair *p)
{
    memset(p, 0, sizeof *p);
    asc_error_reset(&p->err);
    p->a = fake_node("A", 3001, 10, &p->err);
    p->b = fake_node("B", 3002, 10, &p->err);
    p->a->partition_generation = p->b->partition_generation = 1;
}

static void
pair_clear(pair *p)
{
    asc_maps_clear(&p->maps);
    asc_node_release(p->a);
    asc_node_release(p->b);
}

static asc_status
apply(pair *p, asc_node *node, const char *text)
{
    size_t size = strlen(text);
    char *exact = (char *)kit_exact(text, size);
    asc_error_reset(&p->err);
    asc_status rc = asc_maps_apply(&p->maps, node, exact, size, &p->err);
    free(exact);
    CHECK_EQ_INT(p->err.code, rc);
    return rc;
}

/* The name of the owner, "-" for none. */
static const char *
owner(const pair *p, size_t ns, unsigned replica, unsigned partition)
{
    const asc_node *node = p->maps.list[ns]->owners[replica][partition];
    return node != NULL ? node->name : "-";
}

/* Partition 0 is the highest bit of the first byte. */
static void
test_bit_order(void)
{
    static const unsigned owned[] = {0, 1, 7, 8, 15, 16, 4088, 4095};
    pair p;
    uint8_t bits[512] = {0};
    char text[800] = "test:0,1,";
    pair_init(&p);
    bits[0] = 0xC1;   /* 0, 1, 7 */
    bits[1] = 0x81;   /* 8, 15 */
    bits[2] = 0x80;   /* 16 */
    bits[511] = 0x81; /* 4088, 4095 */
    char *at = text + strlen(text);
    for (size_t i = 0; i < 512; i += 3) { /* by hand: the decoder is on trial, too */
        static const char digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        unsigned v = (unsigned)bits[i] << 16 | (unsigned)bits[i + 1] << 8 |
                     (i + 2 < 512 ? bits[i + 2] : 0u);
        *at++ = digits[v >> 18];
        *at++ = digits[v >> 12 & 63];
        *at++ = digits[v >> 6 & 63];
        *at++ = i + 2 < 512 ? digits[v & 63] : '=';
    }
    CHECK_EQ_INT(strlen(text), strlen("test:0,1,") + 684);
    CHECK_EQ_INT(apply(&p, p.a, text), ASC_OK);
    size_t n = 0;
    for (unsigned part = 0; part < ASC_N_PARTITIONS; part++) {
        bool is_owned = n < 8 && owned[n] == part;
        kit_note("partition %u", part);
        CHECK_EQ_STR(owner(&p, 0, 0, part), is_owned ? "A" : "-");
        n += is_owned;
    }
    CHECK_EQ_INT(n, 8);
    pair_clear(&p);
}

static void
test_two_nodes_complement_each_other(void)
{
    pair p;
    pair_init(&p);
    CHECK_EQ_INT(apply(&p, p.a, fake_replicas("test", 0, "eo")), ASC_OK);
    CHECK_EQ_INT(apply(&p, p.b, fake_replicas("test", 0, "oe")), ASC_OK);
    CHECK_EQ_INT(p.maps.n, 1);
    CHECK_EQ_STR(p.maps.list[0]->name, "test");
    CHECK_EQ_INT(p.maps.list[0]->n_replicas, 2);
    CHECK(!p.maps.list[0]->is_sc);
    for (unsigned part = 0; part < ASC_N_PARTITIONS; part++) {
        CHECK_EQ_STR(owner(&p, 0, 0, part), part % 2 == 0 ? "A" : "B");
        CHECK_EQ_STR(owner(&p, 0, 1, part), part % 2 == 0 ? "B" : "A");
    }
    CHECK_EQ_INT(p.a->partition_generation, 1); /* nobody lost anything */
    CHECK_EQ_INT(p.b->partition_generation, 1);
    CHECK(asc_maps_use(&p.maps, p.a) && asc_maps_use(&p.maps, p.b));
    asc_maps_forget(&p.maps, p.a);
    CHECK(!asc_maps_use(&p.maps, p.a) && asc_maps_use(&p.maps, p.b));
    CHECK_EQ_STR(owner(&p, 0, 0, 0), "-");
    CHECK_EQ_STR(owner(&p, 0, 0, 1), "B");
    pair_clear(&p);
}

static void
test_clear_bits_say_nothing(void)
{
    pair p;
    pair_init(&p);
    CHECK_EQ_INT(apply(&p, p.a, fake_replicas("test", 0, "*")), ASC_OK);
    CHECK_EQ_INT(apply(&p, p.a, fake_replicas("test", 0, "-")), ASC_OK);
    CHECK_EQ_STR(owner(&p, 0, 0, 77), "A");
    pair_clear(&p);
}

static void
test_regimes(void)
{
    pair p;
    pair_init(&p);
    CHECK_EQ_INT(apply(&p, p.a, fake_replicas("test", 5, "*")), ASC_OK);
    CHECK(p.maps.list[0]->is_sc);
    CHECK_EQ_INT(apply(&p, p.b, fake_replicas("test", 4, "*")), ASC_OK); /* outdated */
    CHECK_EQ_STR(owner(&p, 0, 0, 9), "A");
    CHECK_EQ_INT(p.a->partition_generation, 1);
    CHECK_EQ_INT(apply(&p, p.b, fake_replicas("test", 5, "e")), ASC_OK); /* as new */
    CHECK_EQ_STR(owner(&p, 0, 0, 8), "B");
    CHECK_EQ_STR(owner(&p, 0, 0, 9), "A");
    CHECK_EQ_INT(p.a->partition_generation, -1); /* it lost some: ask again */
    CHECK_EQ_INT(p.b->partition_generation, 1);
    CHECK_EQ_INT(apply(&p, p.b, fake_replicas("test", 4294967295u, "*")), ASC_OK);
    CHECK_EQ_STR(owner(&p, 0, 0, 9), "B");
    CHECK_EQ_INT(p.maps.list[0]->regimes[9], 4294967295u);
    pair_clear(&p);
}

static void
test_replicas_in_many_shapes(void)
{
    pair p;
    char text[8000];
    pair_init(&p);
    snprintf(text, sizeof text, "%s;", fake_replicas("test", 0, "*")); /* trailing ; */
    CHECK_EQ_INT(apply(&p, p.a, text), ASC_OK);
    CHECK_EQ_INT(p.maps.n, 1);
    size_t len =
        (size_t)snprintf(text, sizeof text, "%s;", fake_replicas("bar", 0, "-*"));
    snprintf(text + len, sizeof text - len, "%s;;", fake_replicas("test", 3, "*"));
    CHECK_EQ_INT(apply(&p, p.b, text), ASC_OK); /* two namespaces, one of them new */
    CHECK_EQ_INT(p.maps.n, 2);
    CHECK_EQ_STR(p.maps.list[1]->name, "bar");
    CHECK_EQ_STR(owner(&p, 0, 0, 0), "B");
    CHECK_EQ_STR(owner(&p, 1, 0, 0), "-");
    CHECK_EQ_STR(owner(&p, 1, 1, 0), "B");
    CHECK_EQ_INT(apply(&p, p.a, fake_replicas("five", 0, "-----")), ASC_OK);
    CHECK_EQ_INT(p.maps.list[2]->n_replicas, 3); /* more than three are ignored */
    CHECK_EQ_INT(apply(&p, p.a, "none:0,0"), ASC_OK);
    CHECK_EQ_INT(p.maps.list[3]->n_replicas, 0);
    CHECK_EQ_INT(apply(&p, p.a, ""), ASC_OK);
    CHECK_EQ_INT(p.maps.n, 4); /* those that are no longer named stay */
    pair_clear(&p);
}

static void
test_number_of_namespaces_is_bounded(void)
{
    pair p;
    pair_init(&p);
    for (unsigned i = 0; i < 40; i++) {
        char name[8];
        snprintf(name, sizeof name, "ns%u", i);
        CHECK_EQ_INT(apply(&p, p.a, fake_replicas(name, 0, "*")), ASC_OK);
    }
    CHECK_EQ_INT(p.maps.n, 32);
    pair_clear(&p);
}

static void
test_replicas_at_every_cut(void)
{
    pair p;
    char text[2000];
    pair_init(&p);
    snprintf(text, sizeof text, "%s", fake_replicas("test", 0, "eo"));
    for (size_t cut = 1; cut < strlen(text); cut++) {
        char part[2000];
        snprintf(part, sizeof part, "%.*s", (int)cut, text);
        kit_note("cut at %zu", cut);
        CHECK_EQ_INT(apply(&p, p.a, part), ASC_ERR_CLIENT);
        CHECK_HAS(p.err.message, "partition map");
    }
    pair_clear(&p);
}

static void
test_malformed_replicas(void)
{
    static const char *const rows[] = {
        "test",
        ":0,0",
        "test:",
        "test:0",
        "test:0,1",
        "test:0,1,",
        "test:x,0",
        "test:-1,0",
        "test: 1,0",
        "test:0,x",
        "test:0,256",
        "test:4294967296,0",
        "test:99999999999999999999,0",
        "test:0,1,////",
        "abcdefghijklmnopqrstuvwxyz0123456:0,0", /* 33 characters */
        "abcdefghijklmnopqrstuvwxyz012345:0,0",  /* 32: one too many */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pair p;
        pair_init(&p);
        kit_note("%s", rows[i]);
        CHECK_EQ_INT(apply(&p, p.a, rows[i]), ASC_ERR_CLIENT);
        CHECK(!asc_maps_use(&p.maps, p.a));
        CHECK_EQ_INT(p.maps.n, 0); /* no namespace without a map */
        pair_clear(&p);
    }
}

/* One bad character anywhere in the bitmap. */
static void
test_malformed_bitmap(void)
{
    pair p;
    pair_init(&p);
    for (size_t i = 0; i < 684; i += 19) {
        char text[800];
        snprintf(text, sizeof text, "%s", fake_replicas("test", 0, "*"));
        text[strlen("test:0,1,") + i] = '#';
        kit_note("character %zu", i);
        CHECK_EQ_INT(apply(&p, p.a, text), ASC_ERR_CLIENT);
        CHECK(!asc_maps_use(&p.maps, p.a));
    }
    pair_clear(&p);
}

/* --- snapshots: which node is asked ----------------------------------------------- */

static asc_node *
node_asked(const asc_snapshot *s, const asc_ns_map *map, uint32_t partition,
           unsigned first, bool master_only)
{
    const asc_choice choice = {.first = first, .master_only = master_only};
    return asc_snapshot_owner(s, map, partition, &choice);
}

static void
test_owner(void)
{
    asc_cluster *c = fake_cluster(10);
    asc_snapshot *s = c->snapshot;
    const asc_ns_map *map = asc_snapshot_map(s, "test");
    asc_node *a = c->nodes[0], *b = c->nodes[1];
    CHECK(asc_snapshot_map(s, "tes") == NULL && asc_snapshot_map(s, "test2") == NULL);
    CHECK(asc_snapshot_node(s, "A") == a && asc_snapshot_node(s, "B") == b);
    CHECK(asc_snapshot_node(s, "C") == NULL);
    for (unsigned first = 0; first < 7; first++) { /* the circle of two copies */
        kit_note("first %u", first);
        CHECK(node_asked(s, map, 5, first, false) == (first % 2 == 0 ? a : b));
        CHECK(node_asked(s, map, 5, first, true) == a);
    }
    kit_note(NULL);
    CHECK(node_asked(s, map, 5, UINT32_MAX, false) == b);
    atomic_store(&a->active, false); /* skipped, but the master stays the master */
    CHECK(node_asked(s, map, 5, 0, false) == b);
    CHECK(node_asked(s, map, 5, 1, false) == b);
    CHECK(node_asked(s, map, 5, 0, true) == NULL);
    atomic_store(&b->active, false);
    CHECK(node_asked(s, map, 5, 0, false) == NULL);
    asc_cluster_release(c);
}

static void
test_owner_of_a_partition_that_nobody_has(void)
{
    asc_cluster *c = fake_cluster(10);
    asc_maps_forget(&c->maps, c->nodes[0]);
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    const asc_ns_map *map = asc_snapshot_map(c->snapshot, "test");
    CHECK(node_asked(c->snapshot, map, 0, 0, true) == NULL);
    CHECK(node_asked(c->snapshot, map, 0, 0, false) == c->nodes[1]);
    asc_maps_forget(&c->maps, c->nodes[1]);
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    map = asc_snapshot_map(c->snapshot, "test");
    CHECK(node_asked(c->snapshot, map, 4095, 0, false) == NULL);
    asc_cluster_release(c);
}

/* Let a node stand in a rack of namespace test. */
static void
put_into_rack(asc_node *n, const char *rack)
{
    char text[32];
    asc_error err;
    asc_error_reset(&err);
    snprintf(text, sizeof text, "other:7;test:%s", rack);
    asc_racks_clear(&n->racks);
    CHECK_EQ_INT(asc_racks_parse(&n->racks, text, strlen(text), &err), ASC_OK);
}

/* The name of the node that is asked for partition 5, whose copies are at A, B and C in
 * this order, when the attempt before has asked `last`. */
static const char *
asked(asc_cluster *c, unsigned first, const char *last)
{
    const asc_choice choice = {.first = first, .by_rack = true, .last = last};
    const asc_ns_map *map = asc_snapshot_map(c->snapshot, "test");
    const asc_node *n = asc_snapshot_owner(c->snapshot, map, 5, &choice);
    return n != NULL ? n->name : "";
}

static void
test_owner_by_rack(void)
{
    static const int32_t rack_ids[] = {2, 1};
    asc_cluster *c = fake_cluster(10);
    CHECK(fake_add(c, "C", 3003, 10, "--*"));
    asc_node *a = c->nodes[0], *b = c->nodes[1], *d = c->nodes[2];
    c->config.rack_aware = true;
    c->config.rack_ids = rack_ids;
    c->config.n_rack_ids = 2;
    CHECK_EQ_INT(fake_publish(c), ASC_OK); /* no racks are known */
    CHECK_EQ_STR(asked(c, 0, ""), "A");
    CHECK_EQ_STR(asked(c, 1, "A"), "B");
    CHECK_EQ_STR(asked(c, 0, "A"), "B");
    put_into_rack(a, "9");
    put_into_rack(b, "1");
    put_into_rack(d, "2");
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    CHECK_EQ_STR(asked(c, 0, ""), "C");
    CHECK_EQ_STR(asked(c, 1, "C"), "B");
    CHECK_EQ_STR(asked(c, 2, "B"), "C");
    atomic_store(&d->active, false);
    CHECK_EQ_STR(asked(c, 0, ""), "B");
    CHECK_EQ_STR(asked(c, 1, "B"), "A");
    atomic_store(&a->active, false);
    CHECK_EQ_STR(asked(c, 2, "B"), "B"); /* there is no other */
    atomic_store(&b->active, false);
    CHECK_EQ_STR(asked(c, 0, ""), "");
    atomic_store(&a->active, true);
    atomic_store(&b->active, true);
    atomic_store(&d->active, true);
    put_into_rack(a, "2");
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    CHECK_EQ_STR(asked(c, 0, ""), "A"); /* of equals the first in the circle */
    CHECK_EQ_STR(asked(c, 1, ""), "C");
    c->config.rack_ids = NULL; /* they are this function's */
    c->config.n_rack_ids = 0;
    asc_cluster_release(c);
}

static void
test_racks_are_parsed(void)
{
    static const struct {
        const char *text;
        asc_status status;
        size_t n;
    } rows[] = {
        {"", ASC_OK, 0},
        {"test:1", ASC_OK, 1},
        {"test:1;bar:-2;", ASC_OK, 2},
        {"test:1;;bar:2147483647", ASC_OK, 2},
        {"test", ASC_ERR_CLIENT, 0},
        {"test:", ASC_ERR_CLIENT, 0},
        {":1", ASC_ERR_CLIENT, 0},
        {"test: 1", ASC_ERR_CLIENT, 0},
        {"test:1x", ASC_ERR_CLIENT, 0},
        {"test:2147483648", ASC_ERR_CLIENT, 0},
        {"test:00000000000000001", ASC_ERR_CLIENT, 0},
        {"a-name-of-a-namespace-that-is-too-long:1", ASC_ERR_CLIENT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        asc_racks racks = {0};
        asc_error err;
        asc_error_reset(&err);
        kit_note("%s", rows[i].text);
        CHECK_EQ_INT(asc_racks_parse(&racks, rows[i].text, strlen(rows[i].text), &err),
                     rows[i].status);
        CHECK_EQ_INT(racks.n, rows[i].n);
        asc_racks_clear(&racks);
    }
    kit_note(NULL);
}

/* A namespace without copies has none: nothing is read beyond its columns. */
static void
test_owner_without_columns(void)
{
    asc_cluster *c = fake_cluster(10);
    asc_error err;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_maps_apply(&c->maps, c->nodes[0], "none:0,0", 8, &err), ASC_OK);
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    const asc_ns_map *map = asc_snapshot_map(c->snapshot, "none");
    CHECK(map != NULL && node_asked(c->snapshot, map, 1, 2, false) == NULL);
    asc_cluster_release(c);
}

/* A snapshot outlives its cluster's interest in it. */
static void
test_snapshot_is_counted(void)
{
    asc_cluster *c = fake_cluster(10);
    asc_snapshot *s = asc_cluster_snapshot(c);
    CHECK_EQ_INT(fake_publish(c), ASC_OK);
    asc_cluster_release(c);
    CHECK_EQ_STR(s->nodes[0]->name, "A");
    asc_snapshot_release(s);
    asc_snapshot_release(NULL);
}

/* --- the error window ------------------------------------------------------------- */

static void
count_errors(asc_node *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        asc_node_count_error(n);
    }
}

static void
test_error_window(void)
{
    asc_error err;
    asc_node *n = fake_node("A", 3001, 10, &err);
    CHECK_EQ_INT(atomic_load(&n->error_limit), 100);
    count_errors(n, 100);
    CHECK(asc_node_accepts(n)); /* at the limit, not above it */
    count_errors(n, 1);
    CHECK(!asc_node_accepts(n));
    static const unsigned halves[] = {50, 25, 12, 6, 3, 1, 1};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        asc_node_next_error_window(n, 100);
        kit_note("halved %zu times", i + 1);
        CHECK_EQ_INT(atomic_load(&n->error_limit), halves[i]);
        CHECK_EQ_INT(atomic_load(&n->errors), 0);
        CHECK(asc_node_accepts(n));
        count_errors(n, halves[i] + 1);
        CHECK(!asc_node_accepts(n));
    }
    asc_node_next_error_window(n, 100);
    static const unsigned doubles[] = {2, 4, 8, 16, 32, 64, 100, 100};
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        count_errors(n, atomic_load(&n->error_limit)); /* not above */
        asc_node_next_error_window(n, 100);
        kit_note("doubled %zu times", i + 1);
        CHECK_EQ_INT(atomic_load(&n->error_limit), doubles[i]);
    }
    asc_node_release(n);
}

static void
test_error_window_without_limit(void)
{
    asc_error err;
    asc_node *n = fake_node("A", 3001, 10, &err);
    atomic_store(&n->error_limit, 0);
    count_errors(n, 100000);
    CHECK(asc_node_accepts(n));
    asc_node_next_error_window(n, 0);
    CHECK_EQ_INT(atomic_load(&n->error_limit), 0);
    asc_node_release(n);
}

/* --- the pool --------------------------------------------------------------------- */

static void
pool_init(asc_pool *p, uint32_t min, uint32_t max, uint64_t max_idle_ms)
{
    asc_error err;
    asc_addr addr = fake_addr(3001);
    asc_config config = ASC_CONFIG_INIT;
    config.transport = &fake_transport;
    config.min_conns_per_node = min;
    config.max_conns_per_node = max;
    fake_reset();
    CHECK_EQ_INT(asc_pool_init(p, &addr, &config, &err), ASC_OK);
    p->max_idle_ms = max_idle_ms;
}

static asc_conn *
lend(asc_pool *p, uint64_t now_ms)
{
    asc_error err;
    asc_conn *c = NULL;
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_get(p, &c, now_ms, &err), ASC_OK);
    return c;
}

static void
test_pool_is_a_stack(void)
{
    asc_pool p;
    pool_init(&p, 0, 3, 0);
    asc_conn *a = lend(&p, 1000), *b = lend(&p, 1000), *c = lend(&p, 1000);
    CHECK_EQ_INT(fake.n_opened, 3);
    asc_pool_put(&p, a, 1000);
    asc_pool_put(&p, b, 1000);
    asc_pool_put(&p, c, 1000);
    CHECK(lend(&p, 1000) == c); /* the warmest first */
    CHECK(lend(&p, 1000) == b);
    asc_pool_put(&p, c, 1000);
    CHECK(lend(&p, 1000) == c);
    CHECK(lend(&p, 1000) == a);
    CHECK_EQ_INT(fake.n_opened, 3);
    asc_pool_put(&p, a, 1000);
    asc_pool_put(&p, b, 1000);
    asc_pool_drop(&p, c);
    CHECK_EQ_INT(p.n_open, 2);
    asc_pool_clear(&p);
    CHECK_EQ_INT(fake.n_closed, 3);
}

static void
test_pool_is_bounded(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *more = NULL;
    pool_init(&p, 0, 2, 0);
    asc_conn *a = lend(&p, 0), *b = lend(&p, 0);
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_get(&p, &more, 0, &err), ASC_ERR_NO_CONNECTIONS);
    CHECK_HAS(err.message, "2 connections");
    CHECK(more == NULL);
    asc_pool_drop(&p, a);
    a = lend(&p, 0); /* there is a place again */
    asc_pool_put(&p, b, 0);
    CHECK(lend(&p, 0) == b);
    asc_pool_drop(&p, a);
    asc_pool_drop(&p, b);
    CHECK_EQ_INT(p.n_open, 0);
    asc_pool_clear(&p);
}

static void
test_pool_of_none(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *c = NULL;
    pool_init(&p, 0, 0, 0);
    CHECK_EQ_INT(asc_pool_get(&p, &c, 0, &err), ASC_ERR_NO_CONNECTIONS);
    asc_pool_clear(&p);
}

/* A connection that cannot be opened gives its place back. */
static void
test_pool_when_connecting_fails(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *c = NULL;
    pool_init(&p, 0, 1, 0);
    FAKE_SCRIPT({.act = FAKE_UNSTARTED});
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_get(&p, &c, 0, &err), ASC_ERR_CONNECTION);
    CHECK_HAS(err.message, "cannot open a socket");
    CHECK_EQ_INT(p.n_open, 0);
    c = lend(&p, 0);
    asc_pool_drop(&p, c);
    asc_pool_clear(&p);
}

static void
test_pool_notices_stale_connections(void)
{
    asc_pool p;
    pool_init(&p, 0, 4, 0);
    asc_conn *a = lend(&p, 1000), *b = lend(&p, 1000);
    asc_pool_put(&p, a, 1000);
    asc_pool_put(&p, b, 1000);
    fake.peers[1].refuses_idle = true; /* the peer has closed b */
    CHECK(lend(&p, 1020) == b);        /* just used: trusted without a question */
    asc_pool_put(&p, b, 1020);
    CHECK(lend(&p, 2000) == a); /* asked, b closed and passed over */
    CHECK(fake.peers[1].closed);
    CHECK_EQ_INT(p.n_open, 1);
    fake.peers[0].refuses_idle = true;
    asc_pool_put(&p, a, 2000);
    asc_conn *c = lend(&p, 3000); /* none is left: a new one */
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(fake.n_opened, 3);
    CHECK(!c->connected);
    asc_pool_drop(&p, c);
    asc_pool_clear(&p);
}

static void
test_pool_max_idle(void)
{
    asc_pool p;
    pool_init(&p, 0, 4, 5000);
    asc_conn *a = lend(&p, 1000);
    asc_pool_put(&p, a, 1000);
    CHECK(lend(&p, 6000) == a);
    asc_pool_put(&p, a, 6000);
    asc_conn *b = lend(&p, 11001); /* too old, though the peer would still answer */
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(fake.n_opened, 2);
    asc_pool_put(&p, b, 500); /* a clock that is behind does no harm */
    CHECK(lend(&p, 400) == b);
    asc_pool_drop(&p, b);
    asc_pool_clear(&p);
}

static void
test_pool_trim(void)
{
    asc_pool p;
    asc_conn *conns[4];
    pool_init(&p, 1, 4, 0);
    for (unsigned i = 0; i < 4; i++) {
        conns[i] = lend(&p, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        asc_pool_put(&p, conns[i], 1000 * i);
    }
    asc_pool_trim(&p, 55000); /* the coldest has been idle for just 55 s */
    CHECK_EQ_INT(p.n_open, 4);
    asc_pool_trim(&p, 56500);
    CHECK_EQ_INT(p.n_open, 2);
    CHECK(fake.peers[0].closed && fake.peers[1].closed && !fake.peers[2].closed);
    asc_pool_trim(&p, 1000000);
    CHECK_EQ_INT(p.n_open, 1); /* min stays, the warmest */
    CHECK(lend(&p, 3010) == conns[3]);
    asc_pool_drop(&p, conns[3]);
    asc_pool_clear(&p);
}

/* Lent connections count as open when the minimum is looked at. */
static void
test_pool_trim_with_lent_ones(void)
{
    asc_pool p;
    pool_init(&p, 1, 4, 10);
    asc_conn *a = lend(&p, 0), *b = lend(&p, 0);
    asc_pool_put(&p, b, 0);
    asc_pool_trim(&p, 100);
    CHECK_EQ_INT(p.n_open, 1);
    CHECK(fake.peers[1].closed);
    asc_pool_drop(&p, a);
    asc_pool_clear(&p);
}

static void
test_pool_closed_while_lent(void)
{
    asc_pool p;
    pool_init(&p, 0, 4, 0);
    asc_conn *a = lend(&p, 0), *b = lend(&p, 0), *c = lend(&p, 0);
    asc_pool_put(&p, a, 0);
    asc_pool_close(&p);
    CHECK(fake.peers[0].closed && !fake.peers[1].closed);
    asc_pool_put(&p, b, 0); /* closed when it comes back */
    CHECK(fake.peers[1].closed);
    asc_pool_drop(&p, c);
    CHECK_EQ_INT(p.n_open, 0);
    asc_pool_close(&p);
    asc_pool_clear(&p);
    asc_pool_clear(&p); /* takes a cleared one */
}

/* A connection that is of use, and lent. */
static asc_conn *
lend_ready(asc_pool *p)
{
    asc_conn *c = lend(p, 0);
    c->connected = c->ready = true;
    return c;
}

/* Move what lies in the place of this thread to that of another one. */
static void
move_elsewhere(asc_pool *p)
{
    unsigned own = asc_own_place(ASC_POOL_PLACES);
    asc_conn *c = atomic_exchange(&p->places[own].conn, NULL);
    CHECK(c != NULL);
    atomic_store(&p->places[(own + 1) % ASC_POOL_PLACES].conn, c);
}

static void
test_pool_keeps_connections_in_places(void)
{
    asc_pool p;
    asc_error err;
    asc_conn *c;
    pool_init(&p, 0, 2, 0);
    asc_conn *a = lend_ready(&p), *b = lend_ready(&p);
    asc_pool_put(&p, a, 1);
    asc_pool_put(&p, b, 2); /* the place is taken: it is idle */
    CHECK_EQ_INT(p.n_idle, 1);
    CHECK(lend(&p, 2) == a);
    CHECK(lend(&p, 2) == b);
    asc_pool_put(&p, b, 4);
    move_elsewhere(&p);
    asc_pool_put(&p, a, 3);
    CHECK_EQ_INT(asc_pool_n_idle(&p), 2); /* in the order of use */
    CHECK(p.idle[0] == a && p.idle[1] == b);
    CHECK(lend(&p, 5) == b);
    CHECK(lend(&p, 5) == a);

    /* it is found where another thread has left it */
    asc_pool_put(&p, a, 6);
    move_elsewhere(&p);
    CHECK(lend(&p, 6) == a);

    /* or it goes to who waits */
    asc_error_reset(&err);
    CHECK_EQ_INT(asc_pool_get(&p, &c, 7, &err), ASC_ERR_NO_CONNECTIONS);
    asc_waiter *w = asc_pool_line_up(&p);
    asc_pool_put(&p, b, 7);
    CHECK(asc_pool_has_called(&p, w));
    CHECK_EQ_INT(asc_pool_take(&p, w, &c, &err), ASC_OK);
    CHECK(c == b);
    asc_pool_put(&p, a, 8);
    move_elsewhere(&p);
    w = asc_pool_line_up(&p);
    CHECK(asc_pool_has_called(&p, w));
    CHECK_EQ_INT(asc_pool_take(&p, w, &c, &err), ASC_OK);
    CHECK(c == a);

    /* trimming and closing know of it, too */
    asc_pool_put(&p, a, 9);
    asc_pool_trim(&p, 1000000);
    CHECK(fake.peers[0].closed);
    CHECK_EQ_INT(p.n_open, 1);
    asc_pool_put(&p, b, 10);
    asc_pool_close(&p);
    CHECK(fake.peers[1].closed);
    CHECK_EQ_INT(p.n_open, 0);
    asc_pool_clear(&p);
}

static void
test_pool_after_fork(void)
{
    asc_pool p;
    pool_init(&p, 0, 4, 0);
    asc_conn *a = lend(&p, 0);
    lend(&p, 0); /* by a thread that does not exist in the child */
    asc_pool_put(&p, a, 0);
    pthread_mutex_lock(&p.lock); /* which also held the lock */
    asc_pool_after_fork(&p);
    CHECK_EQ_INT(fake.n_closed, 2);
    CHECK_EQ_INT(p.n_open, 0);
    CHECK_EQ_INT(asc_pool_n_idle(&p), 0);
    for (unsigned i = 0; i < 4; i++) {
        lend(&p, 0);
    }
    CHECK_EQ_INT(p.n_open, 4);
    asc_pool_after_fork(&p);
    CHECK_EQ_INT(fake.n_closed, 6);
    asc_pool_clear(&p);
}

/* --- late replies ----------------------------------------------------------------- */

static const uint8_t late[30] = {2, 3, 0, 0, 0, 0, 0, 22, 22};

/* A reply that is cut after n_there bytes when the command gives up, and whose rest
 * comes in pieces of `piece` bytes, one for each look. */
static void
check_drain(size_t n_there, size_t piece)
{
    asc_cluster *c = fake_cluster(10);
    asc_pool *p = &c->nodes[0]->pool;
    fake_step steps[64];
    size_t n_steps = 0;
    for (size_t at = n_there; at < sizeof late; at += piece) {
        size_t n = sizeof late - at < piece ? sizeof late - at : piece;
        steps[n_steps++] = (fake_step){.act = FAKE_GIVE, .n = n, .bytes = late + at};
        steps[n_steps++] = (fake_step){.act = FAKE_WAIT};
    }
    fake_reset();
    fake_script(steps, n_steps);
    asc_conn *conn = lend(p, 0);
    uint8_t *there = kit_exact(late, n_there);
    const asc_drain_rest rest = {
        .frame = there,
        .size = n_there,
        .missing = n_there < 8 ? UINT64_MAX : sizeof late - n_there,
    };
    asc_drain_add(&c->drain, c->nodes[0], conn, &rest, 3000);
    free(there);
    unsigned n_looks = 0;
    while (asc_pool_n_idle(p) == 0 && n_looks < 100) {
        CHECK_EQ_INT(p->n_open, 1);
        asc_drain_run(&c->drain, 100);
        n_looks++;
    }
    CHECK_EQ_INT(asc_pool_n_idle(p), 1);
    CHECK_EQ_INT(p->n_open, 1);
    CHECK(c->drain.first == NULL);
    CHECK_EQ_INT(atomic_load(&c->nodes[0]->errors), 0);
    CHECK(lend(p, 100) == conn);
    asc_pool_drop(p, conn);
    asc_cluster_release(c);
}

static void
test_drain_at_every_cut(void)
{
    for (size_t there = 0; there < sizeof late; there++) {
        for (size_t piece = 1; piece <= 31; piece += 5) {
            kit_note("%zu bytes there, then %zu at a time", there, piece);
            check_drain(there, piece);
        }
    }
}

/* A stream: two frames without a last message, then one that begins with it. */
static const uint8_t stream[] = {
    2, 3, 0, 0, 0, 0, 0, 22, 22, 0, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0, 0, 0,  0,
    0, 0, 0, 0, 0, 0, 0, 2,  3,  0, 0, 0, 0, 0, 22, 22, 0, 0, 0, 0, 0, 0,  0,
    0, 0, 0, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0, 0, 2,  3,  0, 0, 0, 0, 0, 22, 22,
    0, 0, 1, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0, 0,
};

static void
test_drain_of_a_stream_at_every_cut(void)
{
    for (size_t there = 0; there < sizeof stream - 1; there++) {
        asc_cluster *c = fake_cluster(10);
        asc_pool *p = &c->nodes[0]->pool;
        size_t frame = there / 30 * 30, size = there - frame; /* frames of 30 bytes */
        kit_note("%zu bytes there", there);
        fake_reset();
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = 1, .bytes = stream + there},
                    {.act = FAKE_WAIT},
                    {.act = FAKE_GIVE,
                     .n = sizeof stream - there - 1,
                     .bytes = stream + there + 1});
        asc_conn *conn = lend(p, 0);
        uint8_t *bytes = kit_exact(stream + frame, size);
        const asc_drain_rest rest = {
            .frame = bytes, .size = size, .missing = 30 - size, .many = true};
        asc_drain_add(&c->drain, c->nodes[0], conn, &rest, 3000);
        free(bytes);
        for (unsigned i = 0; i < 4; i++) {
            asc_drain_run(&c->drain, 100);
        }
        CHECK_EQ_INT(asc_pool_n_idle(p), 1);
        CHECK(lend(p, 100) == conn);
        asc_pool_drop(p, conn);
        asc_cluster_release(c);
    }
}

/* A node that sends faster than one can read does not keep the tend thread. */
static void
test_drain_of_a_fast_stream(void)
{
    const size_t size = 3 << 20;
    asc_cluster *c = fake_cluster(10);
    uint8_t *frame = calloc(1, size);
    fake_reset();
    memcpy(frame, stream, 30);
    asc_put_u32(frame + 4, (uint32_t)(size - 8));
    FAKE_SCRIPT({.act = FAKE_GIVE, .n = size, .bytes = frame},
                {.act = FAKE_GIVE, .n = size, .bytes = frame},
                {.act = FAKE_GIVE, .n = 30, .bytes = stream + 60});
    asc_conn *conn = lend(&c->nodes[0]->pool, 0);
    asc_drain_add(&c->drain, c->nodes[0], conn, &(asc_drain_rest){.many = true}, 3000);
    asc_drain_run(&c->drain, 100);
    CHECK_EQ_INT(asc_pool_n_idle(&c->nodes[0]->pool), 0);
    CHECK_EQ_INT(fake.peers[0].at, 2);
    asc_drain_run(&c->drain, 200);
    CHECK_EQ_INT(asc_pool_n_idle(&c->nodes[0]->pool), 1);
    asc_cluster_release(c);
    free(frame);
}

/* A frame too short to say whether it is the last, and a stream that never ends. */
static void
test_drain_of_a_bad_stream(void)
{
    static const uint8_t brief[12] = {2, 3, 0, 0, 0, 0, 0, 3, 22, 0, 0, 1};
    static const struct {
        const uint8_t *bytes;
        size_t size;
        bool at_once;
    } rows[] = {{brief, sizeof brief, true}, {stream, 60, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_cluster *c = fake_cluster(10);
        fake_reset();
        FAKE_SCRIPT({.act = FAKE_GIVE, .n = rows[i].size, .bytes = rows[i].bytes});
        asc_conn *conn = lend(&c->nodes[0]->pool, 0);
        asc_drain_add(&c->drain, c->nodes[0], conn, &(asc_drain_rest){.many = true},
                      3000);
        asc_drain_run(&c->drain, 100);
        CHECK_EQ_INT(fake.n_closed, rows[i].at_once);
        asc_drain_run(&c->drain, 3000);
        CHECK_EQ_INT(fake.n_closed, 1);
        asc_cluster_release(c);
    }
}

static void
test_drain_gives_up(void)
{
    static const uint8_t bad[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const fake_step cut[] = {{.act = FAKE_CUT}};
    const fake_step garbage[] = {{.act = FAKE_GIVE, .n = 8, .bytes = bad}};
    const fake_step hang[] = {{.act = FAKE_HANG}};
    const struct {
        const char *name;
        const fake_step *steps;
        uint64_t at_ms;
    } rows[] = {{"cut", cut, 1}, {"garbage", garbage, 1}, {"too late", hang, 3000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asc_cluster *c = fake_cluster(10);
        fake_reset();
        fake_script(rows[i].steps, 1);
        kit_note("%s", rows[i].name);
        asc_conn *conn = lend(&c->nodes[0]->pool, 0);
        asc_drain_add(&c->drain, c->nodes[0], conn, &(asc_drain_rest){0}, 3000);
        asc_drain_run(&c->drain, rows[i].at_ms);
        CHECK_EQ_INT(c->nodes[0]->pool.n_open, 0);
        CHECK_EQ_INT(fake.n_closed, 1);
        CHECK_EQ_INT(atomic_load(&c->nodes[0]->errors), 1);
        asc_cluster_release(c);
    }
}

static void
test_drain_waits_and_is_cleared(void)
{
    asc_cluster *c = fake_cluster(10);
    fake_reset();
    for (unsigned i = 0; i < 3; i++) {
        asc_conn *conn = lend(&c->nodes[i % 2]->pool, 0);
        const asc_drain_rest rest = {.frame = late, .size = 4};
        asc_drain_add(&c->drain, c->nodes[i % 2], conn, &rest, 3000);
    }
    asc_drain_run(&c->drain, 2999);
    CHECK(c->drain.first != NULL);
    CHECK_EQ_INT(fake.n_closed, 0);
    asc_drain_clear(&c->drain);
    CHECK_EQ_INT(fake.n_closed, 3);
    asc_drain_clear(&c->drain);
    asc_cluster_release(c);
}

static const kit_test tests[] = {
    {"hosts", test_hosts},
    {"host_of_any_length", test_host_of_any_length},
    {"peers", test_peers},
    {"peers_at_every_cut", test_peers_at_every_cut},
    {"malformed_peers", test_malformed_peers},
    {"peers_with_nul_bytes", test_peers_with_nul_bytes},
    {"bit_order", test_bit_order},
    {"two_nodes_complement_each_other", test_two_nodes_complement_each_other},
    {"clear_bits_say_nothing", test_clear_bits_say_nothing},
    {"regimes", test_regimes},
    {"replicas_in_many_shapes", test_replicas_in_many_shapes},
    {"number_of_namespaces_is_bounded", test_number_of_namespaces_is_bounded},
    {"replicas_at_every_cut", test_replicas_at_every_cut},
    {"malformed_replicas", test_malformed_replicas},
    {"malformed_bitmap", test_malformed_bitmap},
    {"owner", test_owner},
    {"owner_of_a_partition_that_nobody_has", test_owner_of_a_partition_that_nobody_has},
    {"owner_without_columns", test_owner_without_columns},
    {"owner_by_rack", test_owner_by_rack},
    {"racks_are_parsed", test_racks_are_parsed},
    {"snapshot_is_counted", test_snapshot_is_counted},
    {"error_window", test_error_window},
    {"error_window_without_limit", test_error_window_without_limit},
    {"pool_is_a_stack", test_pool_is_a_stack},
    {"pool_is_bounded", test_pool_is_bounded},
    {"pool_of_none", test_pool_of_none},
    {"pool_when_connecting_fails", test_pool_when_connecting_fails},
    {"pool_notices_stale_connections", test_pool_notices_stale_connections},
    {"pool_max_idle", test_pool_max_idle},
    {"pool_trim", test_pool_trim},
    {"pool_trim_with_lent_ones", test_pool_trim_with_lent_ones},
    {"pool_closed_while_lent", test_pool_closed_while_lent},
    {"pool_keeps_connections_in_places", test_pool_keeps_connections_in_places},
    {"pool_after_fork", test_pool_after_fork},
    {"drain_at_every_cut", test_drain_at_every_cut},
    {"drain_of_a_stream_at_every_cut", test_drain_of_a_stream_at_every_cut},
    {"drain_of_a_bad_stream", test_drain_of_a_bad_stream},
    {"drain_of_a_fast_stream", test_drain_of_a_fast_stream},
    {"drain_gives_up", test_drain_gives_up},
    {"drain_waits_and_is_cleared", test_drain_waits_and_is_cleared},
};

KIT_MAIN("ut_cluster", tests)
