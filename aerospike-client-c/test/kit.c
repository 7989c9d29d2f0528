#include "kit.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asc/alloc.h"

/* How long a thread that has been told to end may take. */
#define PATIENCE_MS 20000u

static atomic_ulong n_checks, n_failed_checks;
static char note[200];

void
kit_note(const char *format, ...)
{
    note[0] = '\0';
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(note, sizeof note, format, args);
        va_end(args);
    }
}

/* Begin the report of a failed check; what differs follows. */
static void
report(const char *file, int line, const char *what)
{
    atomic_fetch_add(&n_failed_checks, 1);
    printf("%s:%d: %s%s%s%s", file, line, what, note[0] != '\0' ? " [" : "", note,
           note[0] != '\0' ? "]" : "");
}

bool
kit_check(bool held, const char *file, int line, const char *what)
{
    atomic_fetch_add(&n_checks, 1);
    if (!held) {
        report(file, line, what);
        printf(": does not hold\n");
    }
    return held;
}

bool
kit_check_int(long long got, long long want, const char *file, int line,
              const char *what)
{
    atomic_fetch_add(&n_checks, 1);
    if (got != want) {
        report(file, line, what);
        printf(": got %lld, want %lld\n", got, want);
    }
    return got == want;
}

bool
kit_check_str(const char *got, const char *want, const char *file, int line,
              const char *what)
{
    atomic_fetch_add(&n_checks, 1);
    bool held = got != NULL && strcmp(got, want) == 0;
    if (!held) {
        report(file, line, what);
        printf(": got \"%s\", want \"%s\"\n", got != NULL ? got : "(NULL)", want);
    }
    return held;
}

bool
kit_check_has(const char *text, const char *part, const char *file, int line,
              const char *what)
{
    atomic_fetch_add(&n_checks, 1);
    bool held = text != NULL && strstr(text, part) != NULL;
    if (!held) {
        report(file, line, what);
        printf(": \"%s\" lacks \"%s\"\n", text != NULL ? text : "(NULL)", part);
    }
    return held;
}

static void
print_hex(const char *label, const uint8_t *data, size_t size)
{
    printf("    %s", label);
    for (size_t i = 0; i < size && i < 200; i++) {
        printf(" %02x", data[i]);
    }
    printf(size > 200 ? " ... (%zu bytes)\n" : " (%zu bytes)\n", size);
}

bool
kit_check_bytes(const void *got, size_t size, const char *hex, const char *file,
                int line, const char *what)
{
    size_t n;
    uint8_t *want = kit_hex(hex, &n);
    bool held = n == size && (n == 0 || memcmp(got, want, n) == 0);
    atomic_fetch_add(&n_checks, 1);
    if (!held) {
        report(file, line, what);
        printf(":\n");
        print_hex("got ", got, size);
        print_hex("want", want, n);
    }
    free(want);
    return held;
}

uint8_t *
kit_exact(const void *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

uint8_t *
kit_hex(const char *hex, size_t *size)
{
    uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
    size_t n_digits = 0;
    if (bytes == NULL) {
        abort();
    }
    for (const char *p = hex; *p != '\0'; p++) {
        if (!isxdigit((unsigned char)*p)) {
            continue;
        }
        const char digit[2] = {*p, '\0'};
        uint8_t nibble = (uint8_t)strtoul(digit, NULL, 16);
        if (n_digits % 2 == 0) {
            bytes[n_digits / 2] = (uint8_t)(nibble << 4);
        }
        else {
            bytes[n_digits / 2] |= nibble;
        }
        n_digits++;
    }
    *size = n_digits / 2;
    uint8_t *exact = kit_exact(bytes, *size);
    free(bytes);
    return exact;
}

static bool
is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc <= 1;
}

/* True when it passed. */
static bool
run_one(const kit_test *test)
{
    unsigned long failed_before = atomic_load(&n_failed_checks);
    long live_before = asc_alloc_live();
    kit_note(NULL);
    test->run();
    kit_note(NULL);
    /* close() waits for a thread that tends for a second; it may end later */
    for (unsigned ms = 0; ms < PATIENCE_MS && asc_alloc_live() != live_before; ms++) {
        usleep(1000);
    }
    kit_check_int(asc_alloc_live(), live_before, test->name, 0, "live blocks");
    bool passed = atomic_load(&n_failed_checks) == failed_before;
    if (!passed) {
        printf("FAILED: %s\n", test->name);
    }
    return passed;
}

int
kit_main(const char *program, const kit_test *tests, size_t n, int argc, char **argv)
{
    size_t n_run = 0, n_failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was printed outlives a crash */
    for (size_t i = 0; i < n; i++) {
        if (is_wanted(tests[i].name, argc, argv)) {
            n_run++;
            n_failed += !run_one(&tests[i]);
        }
    }
    printf("%s: %zu tests, %lu checks, %zu failed\n", program, n_run,
           atomic_load(&n_checks), n_failed);
    return n_failed > 0 || n_run == 0;
}
