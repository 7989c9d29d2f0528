/* The segment is a file in memory, named by the user and the key. Who is there and who
 * tends is said by locks on its bytes, which the system drops with the process: so a
 * tender that is killed is noticed at once, and a segment that nobody uses is
 * recognised, whatever its bytes say. The locks belong to the open file, so that a
 * child, which closes its copy, neither has them nor takes them away.
 *
 * A tender writes into one of several slots, whose lock it holds for as long as it may
 * write there. One that was stopped in the middle of it, and wakes after somebody took
 * over, therefore writes where nobody reads. `turn` says which slot is in force, and it
 * changes with each takeover. Readers take no lock: a sequence number tells them that a
 * slot changed while they read it. What they have read is a claim, and is checked.
 *
 * Followers that have nothing to do sleep on a counter, the bell. The system wakes them
 * when it is counted up, which anybody may do. One that wakes for nothing looks, and
 * goes to sleep again. */
#include "cluster/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

#include "asc/alloc.h"
#include "asc/log.h"
#include "base/fork.h"
#include "base/time.h"

/* Where the segments are: a file system in memory, if the system has one. */
#define MEMORY_FOLDER "/dev/shm"
#define OTHER_FOLDER "/tmp"

#define MAGIC UINT64_C(0x6d68735f637361) /* "asc_shm" */
#define LAYOUT 3u                        /* changes with anything that is below */

/* So many tenders may be stopped at a time while one more works. */
#define N_SLOTS 4u

/* The bytes that are locked. All layouts have the first one. */
#define PRESENCE 0 /* shared: a user; exclusive: it is being made or removed */
#define SLOT 1     /* and what follows: exclusive by who writes into the slot */
#define WATCH (SLOT + (off_t)N_SLOTS) /* exclusive by the follower that watches */

#define MAX_ATTEMPTS 100u /* to read a view that changes meanwhile */

/* The beginning of the segment. All but `turn` and `bell` is constant; the magic number
 * is written last. */
struct asc_shm_segment {
    _Atomic uint64_t magic;
    uint32_t layout, max_nodes, max_namespaces, unused;
    uint64_t size;
    char way[ASC_SHM_WAY_SIZE];
    _Atomic uint64_t
        turn; /* number of the takeover << 8 | slot; 0: nobody has tended */
    _Atomic uint32_t bell; /* counted up when those who sleep are to wake */
    uint32_t also_unused;
    uint64_t reserved[6];
};

typedef _Atomic uint64_t shared_word;

/* A slot; the words of counts, nodes and maps follow. */
typedef struct slot {
    _Atomic uint32_t sequence; /* odd: it is being written */
    _Atomic uint32_t sign;     /* counted up by the tender in each cycle */
    _Atomic uint32_t pid;
    _Atomic uint32_t n_failures;
    _Atomic uint32_t failures[]; /* of so many nodes as there is room for */
} slot;

/* --- layout --- */

/* What a node takes among the numbers of failures: half a word, rounded up. */
static size_t
head_size(const asc_shm_config *config)
{
    return sizeof(slot) + ((size_t)config->max_nodes * 4 + 7) / 8 * 8;
}

static size_t
slot_size(const asc_shm_config *config)
{
    return head_size(config) + sizeof(asc_shm_counts) +
           config->max_nodes * sizeof(asc_shm_node) +
           config->max_namespaces * sizeof(asc_shm_map);
}

static size_t
segment_size(const asc_shm_config *config)
{
    return sizeof(asc_shm_segment) + N_SLOTS * slot_size(config);
}

static unsigned
slot_of_turn(uint64_t turn)
{
    return turn & 0xff;
}

static slot *
slot_at(const asc_shm *s, unsigned i)
{
    return (slot *)((char *)(s->segment + 1) + i * slot_size(&s->config));
}

/* The words of the counts, of the nodes and of the maps in a slot. */
static shared_word *
counts_of(const asc_shm *s, slot *at)
{
    return (shared_word *)((char *)at + head_size(&s->config));
}

static shared_word *
nodes_of(const asc_shm *s, slot *at)
{
    return counts_of(s, at) + sizeof(asc_shm_counts) / 8;
}

static shared_word *
maps_of(const asc_shm *s, slot *at)
{
    return nodes_of(s, at) + s->config.max_nodes * (sizeof(asc_shm_node) / 8);
}

/* The slot in force. NULL when nobody has tended, or when the number is none of
 * ours. */
static slot *
slot_in_force(const asc_shm *s, uint64_t turn)
{
    return turn != 0 && slot_of_turn(turn) < N_SLOTS ? slot_at(s, slot_of_turn(turn))
                                                     : NULL;
}

/* --- moving words --- */

static void
load_words(void *to, const shared_word *from, size_t size)
{
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word = atomic_load_explicit(&from[i], memory_order_relaxed);
        memcpy((char *)to + 8 * i, &word, 8);
    }
}

static void
store_words(shared_word *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word;
        memcpy(&word, (const char *)from + 8 * i, 8);
        atomic_store_explicit(&to[i], word, memory_order_relaxed);
    }
}

/* --- locks --- */

#ifdef F_OFD_SETLK

/* Lock or unlock a byte without waiting. Returns false with errno set: EAGAIN or EACCES
 * when somebody else has it. */
static bool
lock(int fd, short type, off_t byte)
{
    struct flock l = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

/* Does somebody else hold a lock on the byte? */
static bool
is_locked(int fd, off_t byte)
{
    struct flock l = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &l) != 0 || l.l_type != F_UNLCK;
}

#else /* without locks that belong to an open file there is no sharing */

static bool
lock(int fd, short type, off_t byte)
{
    (void)fd, (void)type, (void)byte;
    errno = ENOTSUP;
    return false;
}

static bool
is_locked(int fd, off_t byte)
{
    (void)fd, (void)byte;
    return true;
}

#endif

/* --- the file --- */

/* Make the name of the file. Returns its size. */
static void
name_file(const asc_shm *s, char *path, size_t size)
{
    struct stat found;
    bool has_memory = stat(MEMORY_FOLDER, &found) == 0 && S_ISDIR(found.st_mode);
    snprintf(path, size, "%s/aerospike-%u-%08x",
             has_memory ? MEMORY_FOLDER : OTHER_FOLDER, (unsigned)geteuid(),
             (unsigned)s->config.key);
}

/* Look at the file that is open. False when the descriptor is not our own any more: an
 * application may have closed all descriptors, and opened others under the same
 * numbers. */
static bool
look_at_own(const asc_shm *s, struct stat *now)
{
    return s->fd >= 0 && fstat(s->fd, now) == 0 && now->st_dev == s->device &&
           now->st_ino == s->inode;
}

static bool
is_own(const asc_shm *s)
{
    struct stat now;
    return look_at_own(s, &now);
}

/* Is all of the segment there? Somebody may have truncated the file, and the system
 * kills who touches memory that is behind its end. */
static bool
is_whole(const asc_shm *s)
{
    struct stat now;
    return s->segment != NULL && look_at_own(s, &now) && now.st_size >= (off_t)s->size;
}

/* The turn in force; 0 when nobody has tended, and of a segment that is not whole, so
 * that nothing in it is touched then. */
static uint64_t
turn_now(const asc_shm *s)
{
    return is_whole(s) ? atomic_load_explicit(&s->segment->turn, memory_order_acquire)
                       : 0;
}

/* Does the name still lead to the file that is open? */
static bool
is_in_place(const asc_shm *s, const char *path)
{
    struct stat now;
    return lstat(path, &now) == 0 && now.st_dev == s->device && now.st_ino == s->inode;
}

/* Remove the file if nobody else uses it. Otherwise the lock is as before. */
static void
remove_if_last(const asc_shm *s)
{
    char path[64];
    name_file(s, path, sizeof path);
    if (lock(s->fd, F_WRLCK, PRESENCE) && is_in_place(s, path)) {
        unlink(path);
    }
}

/* --- all of the process --- */

static asc_shm *all; /* guarded by the fork lock */

/* A process that ends without closing its clients leaves nothing behind either. Each
 * user gives up its presence, and the last one removes the file. Threads may still be
 * at work, so that nothing is freed, and no slot is given up. */
static void
at_exit(void)
{
    asc_fork_lock();
    for (asc_shm *s = all; s != NULL; s = s->next) {
        if (is_own(s)) {
            remove_if_last(s);
            lock(s->fd, F_UNLCK, PRESENCE);
        }
    }
    asc_fork_unlock();
}

void
asc_shm_init(asc_shm *s, const asc_shm_config *config, const char *way,
             uint32_t least_patience_ms)
{
    static atomic_flag registered = ATOMIC_FLAG_INIT;
    uint64_t patience_ms = (uint64_t)config->takeover_threshold_s * 1000;
    *s = (asc_shm){.config = *config, .fd = -1};
    snprintf(s->way, sizeof s->way, "%s", way);
    patience_ms = patience_ms < UINT32_MAX ? patience_ms : UINT32_MAX;
    s->patience_ms =
        patience_ms > least_patience_ms ? (uint32_t)patience_ms : least_patience_ms;
    if (!atomic_flag_test_and_set(&registered)) {
        atexit(at_exit);
    }
    asc_fork_lock();
    s->next = all;
    if (all != NULL) {
        all->prev = s;
    }
    all = s;
    asc_fork_unlock();
}

void
asc_shm_clear(asc_shm *s)
{
    if (s->config.max_nodes == 0) {
        return;
    }
    asc_shm_detach(s);
    asc_fork_lock();
    *(s->prev != NULL ? &s->prev->next : &all) = s->next;
    if (s->next != NULL) {
        s->next->prev = s->prev;
    }
    asc_fork_unlock();
    *s = (asc_shm){.fd = -1};
}

void
asc_shm_in_child(asc_shm *s)
{
    if (is_own(s)) {
        close(s->fd);
    }
    s->fd = -1;
}

/* --- attaching --- */

/* What comes of an attempt to attach. */
typedef enum attempt {
    ATTACHED,
    REFUSED, /* with an error */
    AGAIN,   /* somebody else is making or removing the segment */
} attempt;

static attempt
refuse_os(asc_error *err, const char *path, const char *what)
{
    asc_error_set_os(err, ASC_ERR_CLIENT, errno, "shared memory %s: cannot %s it", path,
                     what);
    return REFUSED;
}

static attempt
refuse_foreign(asc_error *err, const char *path)
{
    asc_error_set(err, ASC_ERR_CLIENT,
                  "shared memory %s is in use by something else; give another shm_key, "
                  "or remove the file",
                  path);
    return REFUSED;
}

/* The file is opened once more for the mapping. A mapping keeps its open file, with all
 * locks of that: those of a killed process would last as long as an idle child of
 * it. */
static attempt
map(asc_shm *s, const char *path, asc_error *err)
{
    struct stat opened;
    size_t size = segment_size(&s->config);
    void *at = MAP_FAILED;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &opened) == 0 && opened.st_ino == s->inode) {
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    int errno_value = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = errno_value;
    if (at == MAP_FAILED) {
        return refuse_os(err, path, "map");
    }
    s->segment = at;
    s->size = size;
    return ATTACHED;
}

#ifdef __APPLE__ /* which has no posix_fallocate */

/* Give the empty file its size, with all the memory for it. Returns false with errno
 * set. */
static bool
reserve(int fd, off_t size)
{
    fstore_t all_of_it = {
        .fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE, .fst_length = size};
    return fcntl(fd, F_PREALLOCATE, &all_of_it) == 0 && ftruncate(fd, size) == 0;
}

#else

static bool
reserve(int fd, off_t size)
{
    int rc;
    do {
        rc = posix_fallocate(fd, 0, size);
    } while (rc == EINTR);
    errno = rc;
    return rc == 0;
}

#endif

/* Reserve the empty file, and write the header. */
static attempt
make(asc_shm *s, const char *path, asc_error *err)
{
    if (!reserve(s->fd, (off_t)segment_size(&s->config))) {
        unlink(path);
        return refuse_os(err, path, "have memory for");
    }
    if (map(s, path, err) != ATTACHED) {
        unlink(path);
        return REFUSED;
    }
    s->segment->layout = LAYOUT;
    s->segment->max_nodes = s->config.max_nodes;
    s->segment->max_namespaces = s->config.max_namespaces;
    s->segment->size = s->size;
    memcpy(s->segment->way, s->way, sizeof s->way);
    atomic_store_explicit(&s->segment->magic, MAGIC, memory_order_release);
    /* From now on others may use it. */
    return lock(s->fd, F_RDLCK, PRESENCE) ? ATTACHED : refuse_os(err, path, "lock");
}

/* Take a segment that is in use, if it fits. */
static attempt
join(asc_shm *s, const char *path, off_t size, asc_error *err)
{
    asc_shm_segment head;
    if (size < (off_t)sizeof head ||
        pread(s->fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        head.magic != MAGIC) {
        return refuse_foreign(err, path);
    }
    head.way[sizeof head.way - 1] = '\0';
    if (head.layout != LAYOUT) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "shared memory %s belongs to another version of the client "
                      "(layout %u, this one has %u); give another shm_key",
                      path, head.layout, LAYOUT);
    }
    else if (head.max_nodes != s->config.max_nodes ||
             head.max_namespaces != s->config.max_namespaces) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "shared memory %s has other sizes (max_nodes %u and "
                      "max_namespaces %u, this client has %u and %u); give the same "
                      "ones, or another shm_key",
                      path, head.max_nodes, head.max_namespaces, s->config.max_nodes,
                      s->config.max_namespaces);
    }
    else if (strcmp(head.way, s->way) != 0) {
        asc_error_set(err, ASC_ERR_CLIENT,
                      "shared memory %s is used by clients with other settings (%s, "
                      "this client: %s); give another shm_key",
                      path, head.way, s->way);
    }
    else if ((uint64_t)size < segment_size(&s->config)) {
        return refuse_foreign(err, path);
    }
    else {
        return map(s, path, err);
    }
    return REFUSED;
}

/* Nobody uses the file: make the segment, or remove one that was left behind, and begin
 * anew. A file that was never ours stays. */
static attempt
found_unused(asc_shm *s, const char *path, off_t size, asc_error *err)
{
    uint64_t magic = 0;
    if (size == 0) {
        return make(s, path, err);
    }
    if (pread(s->fd, &magic, sizeof magic, 0) != (ssize_t)sizeof magic ||
        (magic != MAGIC && magic != 0)) { /* 0: its maker did not live to say more */
        return refuse_foreign(err, path);
    }
    unlink(path);
    return AGAIN;
}

static attempt
try_to_attach(asc_shm *s, const char *path, asc_error *err)
{
    struct stat opened;
    s->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        return refuse_os(err, path, "open");
    }
    if (fstat(s->fd, &opened) != 0) {
        return refuse_os(err, path, "open");
    }
    s->device = opened.st_dev;
    s->inode = opened.st_ino;
    if (!S_ISREG(opened.st_mode) || opened.st_uid != geteuid()) {
        return refuse_foreign(err, path);
    }
    bool is_only = lock(s->fd, F_WRLCK, PRESENCE);
    if (!is_only && !lock(s->fd, F_RDLCK, PRESENCE)) {
        return errno == EAGAIN || errno == EACCES ? AGAIN
                                                  : refuse_os(err, path, "lock");
    }
    /* It may have been removed or replaced before it was locked, and its size is
     * certain only now. */
    if (!is_in_place(s, path) || fstat(s->fd, &opened) != 0) {
        return AGAIN;
    }
    return is_only ? found_unused(s, path, opened.st_size, err)
                   : join(s, path, opened.st_size, err);
}

asc_status
asc_shm_attach(asc_shm *s, uint32_t limit_ms, asc_error *err)
{
    char path[64];
    uint64_t end_ms = asc_now_ms() + limit_ms;
    attempt result;
    asc_shm_detach(s);
    name_file(s, path, sizeof path);
    do {
        /* A fork must not leave a child a descriptor that it does not know. */
        asc_fork_lock();
        result = try_to_attach(s, path, err);
        if (result != ATTACHED && s->fd >= 0) {
            close(s->fd);
            s->fd = -1;
        }
        asc_fork_unlock();
        if (result == ATTACHED) {
            return ASC_OK;
        }
        if (result == AGAIN) {
            usleep(1000);
        }
    } while (result == AGAIN && asc_now_ms() < end_ms);
    return result == REFUSED
               ? err->code
               : asc_error_set(err, ASC_ERR_CLIENT,
                               "shared memory %s: another process has begun to make or "
                               "to remove it, and does not go on",
                               path);
}

/* Closing the descriptor drops all locks. Whoever had one that matters to others lets
 * them know. */
void
asc_shm_detach(asc_shm *s)
{
    if (is_own(s)) {
        bool rings = is_whole(s) && (s->turn != 0 || s->watches);
        remove_if_last(s);
        close(s->fd);
        s->fd = -1; /* the number may be another file's by now */
        if (rings) {
            asc_shm_ring(s);
        }
    }
    s->fd = -1;
    if (s->segment != NULL) {
        munmap(s->segment, s->size);
    }
    s->segment = NULL;
    s->turn = s->read_turn = s->sign_turn = 0;
    s->read_sequence = 0;
    s->has_moved = s->watches = false;
}

/* --- the sleep of followers --- */

bool
asc_shm_watch(asc_shm *s)
{
    s->watches = s->watches || lock(s->fd, F_WRLCK, WATCH);
    return s->watches;
}

static void
stop_watching(asc_shm *s)
{
    if (s->watches) {
        lock(s->fd, F_UNLCK, WATCH);
        s->watches = false;
    }
}

void
asc_shm_listen(asc_shm *s)
{
    s->heard = atomic_load_explicit(&s->segment->bell, memory_order_acquire);
}

#ifdef __linux__

/* The operation is not the private one, since those who sleep are in other processes.
 * The kernel takes a time in two numbers of its own size, whatever that of time_t
 * is. */
bool
asc_shm_sleep(asc_shm *s, uint32_t limit_ms)
{
    const long limit[2] = {limit_ms / 1000, limit_ms % 1000 * 1000000L};
    return syscall(SYS_futex, &s->segment->bell, FUTEX_WAIT, s->heard, limit, NULL,
                   0) == 0 ||
           errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR;
}

/* The bell rings even if somebody has closed the descriptor. */
void
asc_shm_ring(const asc_shm *s)
{
    struct stat now;
    bool is_cut = look_at_own(s, &now) && now.st_size < (off_t)s->size;
    if (s->segment != NULL && !is_cut) {
        atomic_fetch_add_explicit(&s->segment->bell, 1, memory_order_release);
        syscall(SYS_futex, &s->segment->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    }
}

#else

bool
asc_shm_sleep(asc_shm *s, uint32_t limit_ms)
{
    (void)s, (void)limit_ms;
    return false;
}

void
asc_shm_ring(const asc_shm *s)
{
    (void)s;
}

#endif

/* --- who tends --- */

asc_shm_role
asc_shm_look(asc_shm *s)
{
    if (!is_whole(s)) {
        return ASC_SHM_DETACHED;
    }
    if (s->turn == 0) {
        return ASC_SHM_FOLLOWER;
    }
    if (turn_now(s) == s->turn) {
        return ASC_SHM_TENDER;
    }
    asc_log(ASC_LOG_INFO,
            "process %d tends the cluster now, because this one gave no sign for long",
            (int)asc_shm_tender(s));
    lock(s->fd, F_UNLCK, SLOT + (off_t)slot_of_turn(s->turn));
    s->turn = 0;
    return ASC_SHM_FOLLOWER;
}

/* The time of the last sign is that of this process's own clock, when it saw the number
 * change: so nothing depends on clocks that agree. */
bool
asc_shm_is_abandoned(asc_shm *s, uint64_t now_ms)
{
    uint64_t turn = turn_now(s);
    slot *at = slot_in_force(s, turn);
    if (at == NULL) {
        s->sign_turn = turn;
        return true;
    }
    uint32_t sign = atomic_load_explicit(&at->sign, memory_order_relaxed);
    s->has_moved = turn != s->sign_turn || sign != s->sign;
    if (s->has_moved) {
        s->sign_turn = turn;
        s->sign = sign;
        s->sign_ms = now_ms;
    }
    return !is_locked(s->fd, SLOT + (off_t)slot_of_turn(turn)) ||
           now_ms - s->sign_ms >= s->patience_ms;
}

static void
write_view(const asc_shm *s, slot *at, const asc_shm_view *view)
{
    /* It is odd already when a tender died while it wrote. */
    uint32_t odd = atomic_load_explicit(&at->sequence, memory_order_relaxed) | 1;
    atomic_store_explicit(&at->sequence, odd, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    store_words(counts_of(s, at), &view->counts, sizeof view->counts);
    store_words(nodes_of(s, at), view->nodes,
                view->counts.n_nodes * sizeof *view->nodes);
    store_words(maps_of(s, at), view->maps, view->counts.n_maps * sizeof *view->maps);
    atomic_store_explicit(&at->sequence, odd + 1, memory_order_release);
}

/* The slot that has been in force is not used, even if its tender is gone: others may
 * be reading there. */
bool
asc_shm_take_over(asc_shm *s, const asc_shm_view *view)
{
    uint64_t before = s->sign_turn; /* that was found to be abandoned */
    for (unsigned i = 0; i < N_SLOTS && is_whole(s); i++) {
        if ((before != 0 && slot_of_turn(before) == i) ||
            !lock(s->fd, F_WRLCK, SLOT + (off_t)i)) {
            continue;
        }
        slot *at = slot_at(s, i);
        uint64_t expected = before, turn = ((before >> 8) + 1) << 8 | i;
        if (turn_now(s) == before) {
            write_view(s, at, view);
            atomic_store_explicit(&at->n_failures, 0, memory_order_relaxed);
            atomic_store_explicit(&at->pid, (uint32_t)getpid(), memory_order_relaxed);
        }
        if (atomic_compare_exchange_strong(&s->segment->turn, &expected, turn)) {
            s->turn = turn;
            stop_watching(s);
            asc_shm_ring(s);
            return true;
        }
        lock(s->fd, F_UNLCK, SLOT + (off_t)i);
        return false;
    }
    return false;
}

/* Say, once, that nodes or namespaces are left out. */
static void
tell_left_out(asc_shm *s, const asc_shm_counts *counts)
{
    uint32_t n = counts->n_nodes_left_out + counts->n_maps_left_out;
    if (n != 0 && n != s->n_told) {
        asc_log(ASC_LOG_WARN,
                "the shared memory has no room for %u nodes and %u namespaces, which "
                "are left out: set shm.max_nodes and shm.max_namespaces to %u and %u",
                counts->n_nodes_left_out, counts->n_maps_left_out,
                counts->n_nodes + counts->n_nodes_left_out,
                counts->n_maps + counts->n_maps_left_out);
    }
    s->n_told = n;
}

void
asc_shm_publish(asc_shm *s, const asc_shm_view *view)
{
    tell_left_out(s, &view->counts);
    if (s->turn != 0 && turn_now(s) == s->turn) {
        write_view(s, slot_at(s, slot_of_turn(s->turn)), view);
        asc_shm_ring(s);
    }
}

void
asc_shm_give_sign(asc_shm *s, const uint32_t failures[], uint32_t n)
{
    if (s->turn == 0 || turn_now(s) != s->turn) {
        return;
    }
    slot *at = slot_at(s, slot_of_turn(s->turn));
    n = n < s->config.max_nodes ? n : s->config.max_nodes;
    bool is_news =
        atomic_exchange_explicit(&at->n_failures, n, memory_order_relaxed) != n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t before = atomic_exchange_explicit(&at->failures[i], failures[i],
                                                   memory_order_relaxed);
        is_news = is_news || before != failures[i];
    }
    atomic_fetch_add_explicit(&at->sign, 1, memory_order_relaxed);
    if (is_news) {
        asc_shm_ring(s);
    }
}

uint32_t
asc_shm_failures(asc_shm *s, uint32_t failures[], uint32_t n)
{
    slot *at = slot_in_force(s, turn_now(s));
    if (at == NULL) {
        return 0;
    }
    uint32_t there = atomic_load_explicit(&at->n_failures, memory_order_relaxed);
    there = there < s->config.max_nodes ? there : s->config.max_nodes;
    n = n < there ? n : there;
    for (uint32_t i = 0; i < n; i++) {
        failures[i] = atomic_load_explicit(&at->failures[i], memory_order_relaxed);
    }
    return n;
}

pid_t
asc_shm_tender(const asc_shm *s)
{
    slot *at = slot_in_force(s, turn_now(s));
    return at != NULL ? (pid_t)atomic_load_explicit(&at->pid, memory_order_relaxed) : 0;
}

/* --- reading --- */

/* Copy what stands in a slot. False when it is more than there is room for. */
static bool
copy_view(const asc_shm *s, slot *at, asc_shm_view *view)
{
    asc_shm_counts *counts = &view->counts;
    load_words(counts, counts_of(s, at), sizeof *counts);
    if (counts->n_nodes > s->config.max_nodes ||
        counts->n_maps > s->config.max_namespaces) {
        return false;
    }
    load_words(view->nodes, nodes_of(s, at), counts->n_nodes * sizeof *view->nodes);
    load_words(view->maps, maps_of(s, at), counts->n_maps * sizeof *view->maps);
    return true;
}

static bool
is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool
is_sound_node(const asc_shm_node *n)
{
    return is_text(n->name, sizeof n->name) &&
           asc_node_can_have_name(n->name, strlen(n->name)) &&
           is_text(n->ip, sizeof n->ip) && is_text(n->login_ip, sizeof n->login_ip) &&
           is_text(n->tls_name, sizeof n->tls_name) &&
           is_text(n->login_tls_name, sizeof n->login_tls_name) && n->port != 0 &&
           n->login_port != 0;
}

static bool
is_sound_map(const asc_shm_map *m, uint32_t n_nodes)
{
    if (!is_text(m->name, sizeof m->name) || m->name[0] == '\0' ||
        m->n_replicas > ASC_MAX_REPLICAS) {
        return false;
    }
    const uint16_t *owners = m->owners[0]; /* the columns lie one behind another */
    for (size_t i = 0; i < ASC_MAX_REPLICAS * ASC_N_PARTITIONS; i++) {
        if (owners[i] != ASC_NO_NODE && owners[i] >= n_nodes) {
            return false;
        }
    }
    return true;
}

static bool
is_sound(const asc_shm_view *view)
{
    bool sound = true;
    for (uint32_t i = 0; sound && i < view->counts.n_nodes; i++) {
        sound = is_sound_node(&view->nodes[i]);
    }
    for (uint32_t i = 0; sound && i < view->counts.n_maps; i++) {
        sound = is_sound_map(&view->maps[i], view->counts.n_nodes);
    }
    return sound;
}

bool
asc_shm_has_news(const asc_shm *s)
{
    uint64_t turn = turn_now(s);
    slot *at = slot_in_force(s, turn);
    return at != NULL && (turn != s->read_turn ||
                          atomic_load_explicit(&at->sequence, memory_order_relaxed) !=
                              s->read_sequence);
}

void
asc_shm_forget_view(asc_shm *s)
{
    s->read_turn = 0;
    s->read_sequence = 0;
}

/* Copy the view in force so that all of it belongs together. */
static asc_shm_news
copy_consistently(asc_shm *s, asc_shm_view *view)
{
    for (unsigned i = 0; i < MAX_ATTEMPTS; i++) {
        uint64_t turn = turn_now(s);
        slot *at = slot_in_force(s, turn);
        if (at == NULL) {
            return ASC_SHM_NOTHING_NEW;
        }
        uint32_t sequence = atomic_load_explicit(&at->sequence, memory_order_acquire);
        if (turn == s->read_turn && sequence == s->read_sequence) {
            return ASC_SHM_NOTHING_NEW;
        }
        if (sequence % 2 != 0) {
            sched_yield();
            continue;
        }
        bool fits = copy_view(s, at, view);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&at->sequence, memory_order_relaxed) == sequence &&
            turn_now(s) == turn) {
            s->read_turn = turn;
            s->read_sequence = sequence;
            return fits ? ASC_SHM_NEW_VIEW : ASC_SHM_NONSENSE;
        }
    }
    return ASC_SHM_BUSY;
}

asc_shm_news
asc_shm_read(asc_shm *s, asc_shm_view *view)
{
    asc_shm_news news = copy_consistently(s, view);
    if (news == ASC_SHM_NEW_VIEW && !is_sound(view)) {
        news = ASC_SHM_NONSENSE;
    }
    if (news == ASC_SHM_NONSENSE) {
        asc_log(ASC_LOG_ERROR,
                "what process %d has put into the shared memory of the key 0x%08X is "
                "no view of a cluster, and is ignored",
                (int)asc_shm_tender(s), (unsigned)s->config.key);
    }
    if (news == ASC_SHM_NEW_VIEW) {
        tell_left_out(s, &view->counts);
    }
    return news;
}

/* --- views --- */

asc_status
asc_shm_view_init(asc_shm_view *view, const asc_shm *s, asc_error *err)
{
    *view = (asc_shm_view){0};
    view->nodes = asc_calloc(s->config.max_nodes, sizeof *view->nodes);
    view->maps = asc_calloc(s->config.max_namespaces, sizeof *view->maps);
    return view->nodes != NULL && view->maps != NULL
               ? ASC_OK
               : asc_error_set(err, ASC_ERR_NOMEM, "view of the shared memory");
}

void
asc_shm_view_clear(asc_shm_view *view)
{
    asc_free(view->nodes);
    asc_free(view->maps);
    *view = (asc_shm_view){0};
}
