/* Connections whose command has timed out wait here for the reply that nobody wants any
 * more: to read it off costs less than a new connection. The tend thread takes the
 * whole list, reads without the lock, and puts back those that are not done. Commands
 * add to the list at any time, and take from it when their node's pool is full. */
#include "topology/drain.h"

#include <string.h>

#include "asc/alloc.h"
#include "wire/reader.h"

/* A node that sends more than this at once has to wait for the next cycle, so that it
 * does not keep the tend thread busy. */
#define READ_AT_ONCE (4u << 20)

struct asc_drain_item {
    asc_drain_item *next;
    asc_node *node; /* counted */
    asc_conn *conn; /* lent by node's pool */
    uint8_t head[ASC_FRAME_HEAD_SIZE];
    size_t head_size; /* how much of a frame's beginning must be read to know it */
    size_t n_head;    /* bytes of head that are there */
    uint64_t missing; /* bytes of the frame still to come, once the head is whole */
    uint64_t deadline_ms;
    unsigned cycle; /* in which it was added, or looked at last */
    bool many;      /* the reply has many frames */
};

/* How far the reading of a late reply has come. */
typedef enum verdict { WAITING, FINISHED, BROKEN } verdict;

void
asc_drain_init(asc_drain *d)
{
    pthread_mutex_init(&d->lock, NULL);
    d->first = NULL;
    d->cycle = 0;
}

/* Put an item into the list, which is locked. It is not looked at in this cycle. */
static void
put_in(asc_drain *d, asc_drain_item *item)
{
    item->cycle = d->cycle;
    item->next = d->first;
    d->first = item;
}

/* When memory is short the connection is closed, which is always right and only costs a
 * new connection. */
void
asc_drain_add(asc_drain *d, asc_node *node, asc_conn *conn, const asc_drain_rest *rest,
              uint64_t deadline_ms)
{
    asc_drain_item *item = asc_malloc(sizeof *item);
    if (item == NULL) {
        asc_pool_drop(&node->pool, conn);
        return;
    }
    asc_node_retain(node);
    *item = (asc_drain_item){
        .node = node,
        .conn = conn,
        .head_size = rest->many ? ASC_FRAME_HEAD_SIZE : ASC_PROTO_HEADER_SIZE,
        .missing = rest->missing,
        .deadline_ms = deadline_ms,
        .many = rest->many,
    };
    if (rest->size > 0) { /* else there may be no bytes to point to */
        item->n_head = rest->size < item->head_size ? rest->size : item->head_size;
        memcpy(item->head, rest->frame, item->n_head);
    }
    pthread_mutex_lock(&d->lock);
    put_in(d, item);
    pthread_mutex_unlock(&d->lock);
}

/* Receive at most size bytes into data; *moved stays 0 when nothing is there. Returns
 * false when the connection is broken. */
static bool
receive(asc_drain_item *item, uint8_t *data, size_t size, size_t *moved)
{
    asc_error ignored;
    asc_error_reset(&ignored);
    *moved = 0;
    return item->conn->transport->recv(item->conn, data, size, moved, &ignored) !=
           ASC_IO_ERROR;
}

/* Read as much of a frame as must be known: its size, and in a reply of many frames
 * whether it is the last one. */
static verdict
read_head(asc_drain_item *item)
{
    size_t moved;
    asc_error ignored;
    asc_frame_head head;
    if (!receive(item, item->head + item->n_head, item->head_size - item->n_head,
                 &moved)) {
        return BROKEN;
    }
    item->n_head += moved;
    if (item->n_head < item->head_size) {
        return WAITING;
    }
    asc_error_reset(&ignored);
    size_t known = item->head_size - ASC_PROTO_HEADER_SIZE; /* of the body */
    if (asc_read_frame_head(item->head, &head, &ignored) != ASC_OK ||
        head.size < known) {
        return BROKEN;
    }
    item->missing = head.size - known;
    return FINISHED;
}

/* Read a frame to its end and throw it away. */
static verdict
read_frame(asc_drain_item *item)
{
    uint8_t waste[16384];
    size_t moved;
    if (item->n_head < item->head_size) {
        verdict v = read_head(item);
        if (v != FINISHED) {
            return v;
        }
    }
    if (item->many && asc_frame_type(item->head) == ASC_PROTO_COMPRESSED) {
        return BROKEN; /* it does not show whether it ends the reply */
    }
    while (item->missing > 0) {
        size_t size =
            item->missing < sizeof waste ? (size_t)item->missing : sizeof waste;
        if (!receive(item, waste, size, &moved)) {
            return BROKEN;
        }
        if (moved == 0) {
            return WAITING;
        }
        item->missing -= moved;
    }
    return FINISHED;
}

/* Read until the reply has ended, nothing more is there, or the node has sent
 * READ_AT_ONCE bytes in this cycle. */
static verdict
read_on(asc_drain_item *item)
{
    uint64_t size = 0;
    for (;;) {
        verdict v = read_frame(item);
        if (v != FINISHED || !item->many || asc_frame_is_last(item->head)) {
            return v;
        }
        asc_frame_head head;
        asc_error ignored;
        asc_error_reset(&ignored);
        item->n_head = 0;
        if (asc_read_frame_head(item->head, &head, &ignored) != ASC_OK) {
            return BROKEN;
        }
        size += head.size;
        if (size > READ_AT_ONCE) {
            return WAITING;
        }
    }
}

/* Give the connection back to its pool, or close it and count an error against its
 * node. The command that timed out has not counted one, since the reply might still
 * come. */
static void
finish(asc_drain_item *item, verdict v, uint64_t now_ms)
{
    if (v == FINISHED) {
        asc_pool_put(&item->node->pool, item->conn, now_ms);
        item->node->recovered++;
    }
    else {
        asc_pool_drop(&item->node->pool, item->conn);
        asc_node_count_error(item->node);
        item->node->aborted++;
    }
    asc_node_release(item->node);
    asc_free(item);
}

/* Take the list away from the others. */
static asc_drain_item *
take_all(asc_drain *d)
{
    pthread_mutex_lock(&d->lock);
    asc_drain_item *items = d->first;
    d->first = NULL;
    pthread_mutex_unlock(&d->lock);
    return items;
}

/* Take an item that was not yet looked at in this cycle. NULL: there is none. */
static asc_drain_item *
take_next(asc_drain *d)
{
    pthread_mutex_lock(&d->lock);
    asc_drain_item **at = &d->first;
    while (*at != NULL && (*at)->cycle == d->cycle) {
        at = &(*at)->next;
    }
    asc_drain_item *item = *at;
    if (item != NULL) {
        *at = item->next;
    }
    pthread_mutex_unlock(&d->lock);
    return item;
}

/* Receiving may take a while, so that the list is not locked meanwhile. All items but
 * the one that is looked at stay in it, for commands that need room. */
void
asc_drain_run(asc_drain *d, uint64_t now_ms)
{
    asc_drain_item *item;
    pthread_mutex_lock(&d->lock);
    d->cycle++;
    pthread_mutex_unlock(&d->lock);
    while ((item = take_next(d)) != NULL) {
        verdict v = read_on(item);
        if (v != WAITING || now_ms >= item->deadline_ms) {
            finish(item, v, now_ms);
            continue;
        }
        pthread_mutex_lock(&d->lock);
        put_in(d, item);
        pthread_mutex_unlock(&d->lock);
    }
}

bool
asc_drain_is_empty(asc_drain *d)
{
    pthread_mutex_lock(&d->lock);
    bool is_empty = d->first == NULL;
    pthread_mutex_unlock(&d->lock);
    return is_empty;
}

uint32_t
asc_drain_count(asc_drain *d)
{
    uint32_t n = 0;
    pthread_mutex_lock(&d->lock);
    for (const asc_drain_item *item = d->first; item != NULL; item = item->next) {
        n++;
    }
    pthread_mutex_unlock(&d->lock);
    return n;
}

bool
asc_drain_make_room(asc_drain *d, const asc_node *node)
{
    asc_drain_item **oldest = NULL;
    pthread_mutex_lock(&d->lock);
    for (asc_drain_item **at = &d->first; *at != NULL; at = &(*at)->next) {
        bool is_older = oldest == NULL || (*at)->deadline_ms < (*oldest)->deadline_ms;
        if ((*at)->node == node && is_older) {
            oldest = at;
        }
    }
    asc_drain_item *item = oldest != NULL ? *oldest : NULL;
    if (item != NULL) {
        *oldest = item->next;
    }
    pthread_mutex_unlock(&d->lock);
    if (item != NULL) {
        asc_pool_drop(&item->node->pool, item->conn);
        item->node->aborted++;
        asc_node_release(item->node);
        asc_free(item);
    }
    return item != NULL;
}

void
asc_drain_clear(asc_drain *d)
{
    for (asc_drain_item *item = take_all(d); item != NULL;) {
        asc_drain_item *next = item->next;
        finish(item, BROKEN, 0);
        item = next;
    }
}

void
asc_drain_after_fork(asc_drain *d)
{
    pthread_mutex_init(&d->lock, NULL);
    for (asc_drain_item *item = d->first; item != NULL;) {
        asc_drain_item *next = item->next;
        asc_node_release(item->node);
        asc_free(item);
        item = next;
    }
    d->first = NULL;
}
