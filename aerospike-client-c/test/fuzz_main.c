/* fuzz_main.c -- drive a fuzz target where the compiler has no libFuzzer.
 *
 *     fuzz_NAME [-tSECONDS] [-sSEED] [FOLDER or FILE]...
 *
 * Runs every file given, then changed copies of them for SECONDS. There is no coverage
 * feedback: this finds shallow faults and replays known ones. The seed is fixed, so a
 * run with the same seed meets the same inputs in the same order. When the target
 * dies or hangs, the input is left in ./crash-NAME; give that file to replay it. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_INPUT_SIZE ((size_t)1 << 16)
#define MAX_CHANGES 8u
#define HANG_LIMIT_S 10u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* From the sanitizers' runtime, where one is linked. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

typedef struct sample {
    uint8_t *data; /* owned */
    size_t size;
} sample;

static sample *samples; /* owned */
static size_t n_samples;
static char crash_path[256];
static const uint8_t *current; /* what the target is looking at; borrowed */
static size_t current_size;

/* Leave the current input in crash_path; called from a dying process. */
static void
save_current(void)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
        ssize_t n = write(fd, current, current_size);
        (void)n;
        close(fd);
    }
}

static void
on_fatal_signal(int signo)
{
    save_current();
    signal(signo, SIG_DFL);
    raise(signo);
}

/* Run the target on a copy of exactly that size, so that one byte too far is seen. */
static void
run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL) {
        return;
    }
    if (size != 0) {
        memcpy(copy, data, size);
    }
    current = copy;
    current_size = size;
    alarm(HANG_LIMIT_S);
    LLVMFuzzerTestOneInput(copy, size);
    alarm(0);
    current_size = 0;
    free(copy);
}

static void
add_sample(uint8_t *data, size_t size)
{
    sample *grown = realloc(samples, (n_samples + 1) * sizeof(*grown));
    if (grown == NULL) {
        fprintf(stderr, "out of memory for the corpus\n");
        exit(2);
    }
    samples = grown;
    samples[n_samples].data = data;
    samples[n_samples].size = size;
    n_samples++;
}

static void
read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(MAX_INPUT_SIZE);
    if (file == NULL || data == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    add_sample(data, fread(data, 1, MAX_INPUT_SIZE, file));
    fclose(file);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read the files of a folder, in the order of their names. */
static void
read_path(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        read_file(path);
        return;
    }
    char **names = NULL;
    size_t n_names = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char **grown = realloc(names, (n_names + 1) * sizeof(*grown));
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        char *name = malloc(size);
        if (grown == NULL || name == NULL) {
            fprintf(stderr, "out of memory for the corpus\n");
            exit(2);
        }
        snprintf(name, size, "%s/%s", path, entry->d_name);
        names = grown;
        names[n_names++] = name;
    }
    closedir(folder);
    if (n_names != 0) {
        qsort(names, n_names, sizeof(*names), by_name);
    }
    for (size_t i = 0; i < n_names; i++) {
        struct stat info;
        if (stat(names[i], &info) == 0 && S_ISREG(info.st_mode)) {
            read_file(names[i]);
        }
        free(names[i]);
    }
    free(names);
}

/* xorshift64: good enough to pick bytes, and the same everywhere. */
static uint64_t
next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static size_t
below(uint64_t *state, size_t limit)
{
    return limit != 0 ? (size_t)(next_random(state) % limit) : 0;
}

/* Change data[0..size) in one random way; it has room for MAX_INPUT_SIZE bytes.
 * Returns the new size. */
static size_t
change(uint8_t *data, size_t size, uint64_t *state)
{
    /* where decoders break: signs, lengths, type bytes of msgpack */
    static const uint8_t telling[] = {
        0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xc0, 0xc1,
        0xc4, 0xc7, 0xcb, 0xcf, 0xd3, 0xd9, 0xdc, 0xde, 0xdf, 0xff,
    };
    size_t at = below(state, size);
    switch (below(state, 8)) {
    case 0: /* flip a bit */
        if (size != 0) {
            data[at] ^= (uint8_t)(1u << below(state, 8));
        }
        return size;
    case 1: /* any byte */
        if (size != 0) {
            data[at] = (uint8_t)next_random(state);
        }
        return size;
    case 2: /* a telling byte */
        if (size != 0) {
            data[at] = telling[below(state, sizeof(telling))];
        }
        return size;
    case 3: /* cut the end */
        return at;
    case 4: { /* take bytes out */
        size_t n = below(state, size - at) + (size != 0);
        memmove(data + at, data + at + n, size - at - n);
        return size - n;
    }
    case 5: { /* put random bytes in */
        size_t n = 1 + below(state, 8);
        if (size + n > MAX_INPUT_SIZE) {
            return size;
        }
        memmove(data + at + n, data + at, size - at);
        for (size_t i = 0; i < n; i++) {
            data[at + i] = (uint8_t)next_random(state);
        }
        return size + n;
    }
    case 6: { /* a big-endian length: small, huge, or near the input's own size */
        size_t width = (size_t)1 << below(state, 4);
        uint64_t value = size + below(state, 9) - 4;
        if (below(state, 2) == 0) {
            value = next_random(state) >> below(state, 64);
        }
        for (size_t i = 0; i < width && at + i < size; i++) {
            data[at + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
        }
        return size;
    }
    default: { /* a piece of another sample */
        const sample *other = &samples[below(state, n_samples)];
        size_t from = below(state, other->size);
        size_t n = below(state, other->size - from + 1);
        if (at + n > MAX_INPUT_SIZE) {
            return size;
        }
        if (n != 0) {
            memcpy(data + at, other->data + from, n);
        }
        return at + n > size ? at + n : size;
    }
    }
}

static double
now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t
fuzz(double seconds, uint64_t state)
{
    uint8_t *data = malloc(MAX_INPUT_SIZE);
    uint64_t n_runs = 0;
    if (data == NULL) {
        return 0;
    }
    for (double end = now_s() + seconds; now_s() < end; n_runs++) {
        const sample *base = &samples[below(&state, n_samples)];
        size_t size = base->size;
        if (size != 0) {
            memcpy(data, base->data, size);
        }
        for (size_t n = 1 + below(&state, MAX_CHANGES); n > 0; n--) {
            size = change(data, size, &state);
        }
        run_one(data, size);
    }
    free(data);
    return n_runs;
}

int
main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];
    double seconds = 0;
    uint64_t seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-t", 2) == 0) {
            seconds = atof(argv[i] + 2);
        }
        else if (strncmp(argv[i], "-s", 2) == 0) {
            seed = strtoull(argv[i] + 2, NULL, 10);
        }
        else {
            read_path(argv[i]);
        }
    }
    snprintf(crash_path, sizeof(crash_path), "crash-%s", name);
    signal(SIGABRT, on_fatal_signal);
    signal(SIGALRM, on_fatal_signal);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(save_current);
    }
    size_t n_files = n_samples;
    for (size_t i = 0; i < n_files; i++) {
        run_one(samples[i].data, samples[i].size);
    }
    if (n_samples == 0) {
        add_sample(calloc(1, 1), 0); /* nothing known: start from nothing */
    }
    uint64_t n_runs = 0;
    if (seconds > 0) {
        n_runs = fuzz(seconds, seed * 0x9e3779b97f4a7c15u | 1u);
    }
    printf("ok      %s: %zu files, %llu changed inputs\n", name, n_files,
           (unsigned long long)n_runs);
    for (size_t i = 0; i < n_samples; i++) {
        free(samples[i].data);
    }
    free(samples);
    return 0;
}
