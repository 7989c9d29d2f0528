/* kit.h -- the test kit of the C tests: checks that count, and a table of tests.
 *
 *     static void test_this(void) { CHECK_EQ_INT(1 + 1, 2); }
 *     static const kit_test tests[] = {{"this", test_this}};
 *     KIT_MAIN("ut_that", tests)
 *
 * A failed check is printed and the test goes on; every check is also an expression
 * that says whether it held. A test that leaves a block of the library's allocator
 * behind has failed. Checks may be made in any thread. */
#ifndef KIT_H
#define KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kit_test {
    const char *name;
    void (*run)(void);
} kit_test;

#define CHECK(cond) kit_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ_INT(got, want)                                                        \
    kit_check_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_EQ_STR(got, want) kit_check_str((got), (want), __FILE__, __LINE__, #got)
/* got[0..size) against bytes in hexadecimal; blanks in hex do not matter. */
#define CHECK_EQ_BYTES(got, size, hex)                                                 \
    kit_check_bytes((got), (size), (hex), __FILE__, __LINE__, #got)
/* text contains part. */
#define CHECK_HAS(text, part) kit_check_has((text), (part), __FILE__, __LINE__, #text)

bool kit_check(bool held, const char *file, int line, const char *what);
bool kit_check_int(long long got, long long want, const char *file, int line,
                   const char *what);
bool kit_check_str(const char *got, const char *want, const char *file, int line,
                   const char *what);
bool kit_check_bytes(const void *got, size_t size, const char *hex, const char *file,
                     int line, const char *what);
bool kit_check_has(const char *text, const char *part, const char *file, int line,
                   const char *what);

/* What is being tested, printed with each failed check until the next call; NULL for
 * nothing. For loops and tables. */
void kit_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run all tests, print one line of result; the exit code of the program. Arguments,
 * where there are any, name the tests to run. */
int
kit_main(const char *program, const kit_test *tests, size_t n, int argc, char **argv);

#define KIT_MAIN(program, tests)                                                       \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        return kit_main(program, tests, sizeof(tests) / sizeof((tests)[0]), argc,      \
                        argv);                                                         \
    }

/* Heap blocks of exactly the size of their contents, so that a sanitizer sees one
 * byte too far; the caller frees them with free(). */
uint8_t *kit_hex(const char *hex, size_t *size);
uint8_t *kit_exact(const void *data, size_t size);

#endif
