/* Which line a rider takes, and how many there are. Lines come with the load, and where
 * the next reply is long in coming; they go when nobody travels on them. */
#include "command/stations.h"

#include "asc/alloc.h"
#include "base/time.h"

/* Lines to one node. A further one is opened when each of those that there are owes as
 * many replies as the table says: with few lines more requests share a send. With 64 to
 * 256 calls under way two lines were faster than four, and took less CPU time. */
#define MAX_LINES 4u
static const size_t full_load[MAX_LINES] = {16, 256, 512};

/* Where the next reply has been awaited for so long, others had better not stand behind
 * it. */
#define SLOW_MS 20u

/* A node answers a write when those with copies of the record have it: one of them that
 * hangs makes lines of all nodes slow. For so long after that reads and writes travel
 * on different lines, so that reads do not wait for nodes that they do not ask. */
#define APART_MS 10000u

/* How long nobody tries to have a further line when the pool had none to give. */
#define FULL_MS 20u

/* A line on which nobody travels goes back to the pool after this time. */
#define IDLE_MS 1000u

/* A line that is not connected by then takes no more riders, who might follow each
 * other forever. Those that it has wait for as long as they like. */
#define OPEN_MS 2000u

void
asc_stations_end(asc_loop *l, asc_line *line, asc_line_end end)
{
    if (line->end == ASC_LINE_LIVES) {
        line->end = end;
        l->n_ending++;
    }
}

void
asc_stations_note(asc_loop *l, asc_line *line)
{
    if (!line->is_dirty) {
        line->is_dirty = true;
        line->next_dirty = l->dirty;
        l->dirty = line;
    }
}

/* The lines to a node; NULL: there are none. */
static asc_station *
find_station(asc_loop *l, const asc_node *node)
{
    for (size_t i = 0; i < l->n_stations; i++) {
        if (l->stations[i].node == node) {
            return &l->stations[i];
        }
    }
    return NULL;
}

/* Likewise, but there will be some. NULL: memory is short. */
static asc_station *
make_station(asc_loop *l, asc_node *node)
{
    asc_station *s = find_station(l, node);
    s = s != NULL ? s : find_station(l, NULL);
    if (s == NULL) {
        size_t size = (l->n_stations + 1) * sizeof *s;
        asc_station *moved = asc_realloc(l->stations, size);
        if (moved == NULL) {
            return NULL;
        }
        l->stations = moved;
        s = &moved[l->n_stations++];
        *s = (asc_station){0};
    }
    if (s->node != node) {
        *s = (asc_station){.node = node};
    }
    return s;
}

asc_line *
asc_stations_add(asc_loop *l, asc_node *node, asc_conn *conn)
{
    if (!asc_timers_join(&l->timers)) {
        return NULL;
    }
    asc_line *line = asc_line_new(conn, l->now_ms);
    asc_station *s = line != NULL ? make_station(l, node) : NULL;
    if (s == NULL) {
        asc_timers_leave(&l->timers, &(asc_timer){0});
        if (line != NULL) {
            asc_line_free(line);
        }
        return NULL;
    }
    asc_node_retain(node);
    line->node = node;
    line->next = s->lines;
    s->lines = line;
    line->watch.kind = ASC_WATCHES_LINE;
    asc_timers_set(&l->timers, &line->timer, l->now_ms + IDLE_MS);
    asc_stations_note(l, line);
    return line;
}

static bool
takes_riders(const asc_line *line, uint64_t now_ms)
{
    return line->end == ASC_LINE_LIVES && !line->is_retired && !line->is_wanted &&
           !asc_line_is_stuck(line, now_ms);
}

/* Is the next reply of a line a long time in coming? */
static bool
is_slow(const asc_line *line, uint64_t now_ms)
{
    if (line->first == line->last) {
        return false;
    }
    uint64_t since_ms = asc_line_place(line, line->first)->since_ms;
    since_ms = since_ms > line->received_ms ? since_ms : line->received_ms;
    return now_ms >= since_ms + SLOW_MS;
}

/* Is it likewise the reply to a call that was given up? The line is then what a
 * connection in the drain is: it may get that reply or not, and calls use others
 * meanwhile, as many as the pool has. */
static bool
is_draining(const asc_line *line, uint64_t now_ms)
{
    return asc_line_owes_marker(line) && is_slow(line, now_ms);
}

/* Had others better travel on a line than a request that writes, or does not? */
static bool
is_for_others(const asc_station *s, const asc_line *line, bool writes, uint64_t now_ms)
{
    return now_ms < s->apart_ms && line->carries_writes != writes &&
           !asc_line_is_empty(line);
}

/* Should one more rider rather not be on this line, even if a better one has still to
 * be connected? */
static bool
is_unfit(const asc_station *s, const asc_line *line, bool writes, uint64_t now_ms)
{
    return is_slow(line, now_ms) || is_for_others(s, line, writes, now_ms);
}

/* The line that is best for one more rider: the one that owes least, but for those that
 * are bad, and draining ones last of all. *n becomes how many take such riders and do
 * not drain. NULL: none takes one. */
static asc_line *
best_line(asc_station *s, bool writes, uint64_t now_ms, size_t *n)
{
    asc_line *best = NULL;
    size_t best_cost = SIZE_MAX;
    *n = 0;
    for (asc_line *line = s->lines; line != NULL; line = line->next) {
        bool takes = takes_riders(line, now_ms);
        if (line->carries_writes && is_slow(line, now_ms)) {
            s->apart_ms = now_ms + APART_MS;
        }
        bool is_bad = !line->conn->ready || is_unfit(s, line, writes, now_ms);
        bool drains = is_draining(line, now_ms);
        size_t cost = asc_line_load(line) + (is_bad ? SIZE_MAX / 4 : 0) +
                      (drains ? SIZE_MAX / 2 : 0);
        *n += takes && !drains && !is_for_others(s, line, writes, now_ms);
        if (takes && cost < best_cost) {
            best = line;
            best_cost = cost;
        }
    }
    return best;
}

/* Is it time for one more line, when the best of n is this one? */
static bool
wants_more(const asc_loop *l, const asc_station *s, const asc_line *best, bool writes,
           size_t n)
{
    return n < MAX_LINES && l->now_ms >= s->full_ms &&
           (is_unfit(s, best, writes, l->now_ms) ||
            asc_line_load(best) >= full_load[n - 1]);
}

asc_line *
asc_stations_line(asc_loop *l, asc_exchange *x)
{
    size_t n = 0;
    asc_conn *conn;
    asc_error ignored, *err = x->err;
    asc_station *s = find_station(l, x->node);
    bool writes = x->req->writes;
    asc_line *best = s != NULL ? best_line(s, writes, l->now_ms, &n) : NULL;
    if (best != NULL) {
        if (!wants_more(l, s, best, writes, n)) {
            return best;
        }
        err = &ignored;
        asc_error_reset(err);
        s->full_ms = l->now_ms + FULL_MS;
    }
    while (asc_pool_get(&x->node->pool, &conn, l->now_ms, err) != ASC_OK) {
        if (best == NULL || !is_unfit(s, best, writes, l->now_ms) ||
            err->code != ASC_ERR_NO_CONNECTIONS || !asc_exchange_make_room(x)) {
            return best;
        }
        best = best_line(s, writes, l->now_ms, &n); /* it may be gone */
        err = best != NULL ? &ignored : x->err;
        asc_error_reset(err);
    }
    asc_line *line = asc_stations_add(l, x->node, conn);
    if (line == NULL) {
        asc_pool_drop(&x->node->pool, conn);
        asc_error_set(err, ASC_ERR_NOMEM, "line to node %s", x->node->name);
        return best;
    }
    s = find_station(l, x->node);
    s->full_ms = 0;
    return best == NULL || conn->ready || is_unfit(s, best, writes, l->now_ms) ? line
                                                                               : best;
}

void
asc_stations_settle(asc_loop *l, asc_line *line)
{
    asc_pool *pool = &line->node->pool;
    line->idle_ms = l->now_ms;
    if (!asc_line_is_empty(line)) {
        line->owes_markers = true;
        asc_timers_set(&l->timers, &line->timer,
                       asc_line_place(line, line->first)->until_ms);
    }
    else if (line->is_retired) {
        asc_stations_end(l, line, ASC_LINE_CLOSED);
    }
    else if (asc_pool_is_full(pool)) {
        asc_stations_end(l, line, ASC_LINE_GIVEN_BACK); /* somebody may need it */
    }
    else if (line->timer.place == 0) {
        asc_timers_set(&l->timers, &line->timer, l->now_ms + IDLE_MS);
    }
}

void
asc_stations_look(asc_loop *l, asc_line *line)
{
    uint64_t until_ms = ASC_FOREVER;
    asc_line_end end = ASC_LINE_CLOSED;
    if (line->n_living == 0 && line->first != line->last) {
        until_ms = asc_line_place(line, line->first)->until_ms;
    }
    else if (!line->conn->ready) {
        until_ms = line->received_ms + OPEN_MS; /* since it is there */
        line->is_retired = line->is_retired || l->now_ms >= until_ms;
        until_ms = line->is_retired && line->n_living > 0 ? ASC_FOREVER : until_ms;
    }
    else if (line->n_living == 0) {
        until_ms = line->idle_ms + IDLE_MS;
        end = ASC_LINE_GIVEN_BACK;
    }
    if (l->now_ms >= until_ms) {
        asc_stations_end(l, line, end);
    }
    else {
        asc_timers_set(&l->timers, &line->timer, until_ms);
    }
}

void
asc_stations_remove(asc_loop *l, asc_line *line)
{
    asc_station *s = find_station(l, line->node);
    asc_line **at = &s->lines;
    while (*at != line) {
        at = &(*at)->next;
    }
    *at = line->next;
    s->node = s->lines != NULL ? s->node : NULL;
    asc_poller_watch(&l->poller, &line->watch, -1, 0);
    asc_timers_leave(&l->timers, &line->timer);
    line->next = l->dead;
    l->dead = line;
    l->n_ending--;
}

void
asc_stations_give_back(asc_loop *l, asc_line *line)
{
    asc_conn *conn = line->conn;
    asc_pool *pool = &line->node->pool;
    asc_stations_end(l, line, ASC_LINE_GIVEN_BACK);
    asc_stations_remove(l, line);
    if (!conn->ready || conn->transport->is_idle(conn)) {
        asc_pool_put(pool, conn, line->received_ms);
    }
    else { /* whoever got it next would take what lies there for his reply */
        asc_pool_drop(pool, conn);
    }
}

void
asc_stations_drop(asc_line *line)
{
    if (line->is_late && !line->is_counted) { /* only markers were on the wire */
        asc_node_count_error(line->node);
    }
    asc_pool_drop(&line->node->pool, line->conn);
}

bool
asc_stations_make_room(asc_loop *l, const asc_exchange *x)
{
    asc_station *s = find_station(l, x->node);
    asc_line *first_up = NULL; /* whose time for a late reply is up first */
    uint64_t first_ms = ASC_FOREVER;
    for (asc_line *line = s != NULL ? s->lines : NULL; line != NULL;
         line = line->next) {
        bool is_empty = asc_line_is_empty(line);
        if (line->end != ASC_LINE_LIVES) {
            continue;
        }
        if (is_empty && line->conn->ready) {
            asc_stations_give_back(l, line);
            return true;
        }
        if (line->n_living == 0 && !is_empty) {
            uint64_t until_ms = asc_line_place(line, line->first)->until_ms;
            first_up = first_up == NULL || until_ms < first_ms ? line : first_up;
            first_ms = asc_earlier(first_ms, until_ms);
        }
    }
    if (first_up != NULL) {
        asc_stations_end(l, first_up, ASC_LINE_CLOSED);
        asc_stations_remove(l, first_up);
        asc_stations_drop(first_up);
    }
    return first_up != NULL;
}

asc_line *
asc_stations_ending(const asc_loop *l)
{
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            if (line->end != ASC_LINE_LIVES) {
                return line;
            }
        }
    }
    return NULL;
}

asc_line *
asc_stations_of_timer(const asc_loop *l, const asc_timer *timer)
{
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            if (&line->timer == timer) {
                return line;
            }
        }
    }
    return NULL;
}

asc_line *
asc_stations_lonely(const asc_loop *l)
{
    asc_line *found = NULL;
    if (l->n_watched > 0) {
        return NULL;
    }
    for (size_t i = 0; i < l->n_stations; i++) {
        for (asc_line *line = l->stations[i].lines; line != NULL; line = line->next) {
            bool waits = line->first != line->last || !line->conn->ready ||
                         line->out_sent < line->out.len;
            if (waits && found != NULL) {
                return NULL;
            }
            found = waits ? line : found;
        }
    }
    return found != NULL && found->conn->ready && found->out_sent == found->out.len
               ? found
               : NULL;
}
