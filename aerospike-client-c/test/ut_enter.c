/* Nodes that are entered over a transport of their own: there they name the address at
 * which all else happens. Two peers stand for the two ports of one node. What a user
 * shows at them is none of their business: ut_login is about that. */
#include "cluster/state.h"
#include "live.h"
#include "net/conn.h"

/* The two ports, and a transport for the first that is told apart by its word. */
typedef struct rig {
    peer *door, *inside;
    asc_transport over;
    char services[200];
    long n_blocks;
} rig;

static void
setup(rig *r)
{
    *r = (rig){.over = asc_tcp, .n_blocks = asc_alloc_live()};
    r->over.word = "tls";
    r->door = peer_start("BB9A");
    r->inside = peer_start("BB9A");
    peer_answer(r->inside, "peers-tls-std", "0,4333,[]");
}

static void
teardown(rig *r)
{
    peer_stop(r->door);
    peer_stop(r->inside);
    EVENTUALLY(asc_alloc_live() == r->n_blocks); /* its thread may end late */
}

/* Connect through the door, which names the text, in which %u stands for the port
 * inside. NULL with err. */
static asc_cluster *
enter(rig *r, const char *format, asc_error *err)
{
    asc_cluster *c = NULL;
    asc_config config = quick();
    config.login_transport = &r->over;
    snprintf(r->services, sizeof r->services, format, r->inside->port);
    peer_answer(r->door, "service-clear-std", r->services);
    create_at(&c, r->door->port, config, err);
    return c;
}

static void
test_all_else_happens_inside(void)
{
    static const char *const formats[] = {
        "127.0.0.1:%u",
        "10.9.9.9:1,node.example:3000,127.0.0.1:%u,10.9.9.8:1",
        "[::1]:1,127.0.0.1:%u",
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        rig r;
        client k;
        asc_error err;
        kit_note("%s", formats[i]);
        setup(&r);
        asc_cluster *c = enter(&r, formats[i], &err);
        if (CHECK(c != NULL)) {
            client_init(&k);
            put_and_get(&k, c);
            wait_for_cycles(r.inside, 2);
            CHECK_EQ_INT(c->nodes[0]->pool.addr.port, r.inside->port);
            CHECK_EQ_INT(c->nodes[0]->login_addr.port, r.door->port);
            CHECK_EQ_INT(c->known[0].port, r.door->port);
            CHECK_EQ_STR(c->peers_command, "peers-tls-std");
            asc_call_free(k.call);
            destroy(c);
        }
        CHECK_EQ_INT(atomic_load(&r.door->n_accepted), 1);
        CHECK_EQ_INT(atomic_load(&r.door->n_requests), 0);
        teardown(&r);
    }
}

static void
test_node_that_names_no_address(void)
{
    static const struct {
        const char *format, *says;
    } rows[] = {
        {"ERROR:4:unrecognized command", "unrecognized command"},
        {"ERROR:80:not authenticated", "not authenticated"},
        {"", "names no numeric address"},
        {"node.example:3000", "names no numeric address"},
        {"127.0.0.1:99999,:,[::1", "names no numeric address"},
        {",,,,", "names no numeric address"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig r;
        asc_error err;
        kit_note("%s", rows[i].format);
        setup(&r);
        CHECK(enter(&r, rows[i].format, &err) == NULL);
        CHECK_HAS(err.message, rows[i].says);
        CHECK_EQ_INT(atomic_load(&r.inside->n_accepted), 0);
        teardown(&r);
    }
}

static void
test_nobody_is_inside(void)
{
    rig r;
    asc_error err;
    char text[40];
    setup(&r);
    snprintf(text, sizeof text, "127.0.0.1:%u", peer_free_port());
    CHECK(enter(&r, text, &err) == NULL);
    CHECK_EQ_INT(err.code, ASC_ERR_CONNECTION);
    CHECK_HAS(err.host, text);
    teardown(&r);
}

static const kit_test tests[] = {
    {"all else happens inside", test_all_else_happens_inside},
    {"node that names no address", test_node_that_names_no_address},
    {"nobody is inside", test_nobody_is_inside},
};

KIT_MAIN("ut_enter", tests)
