/* The program that README.md shows, run as a user runs it: built from the public
 * headers alone, against a server on a real socket. It lies beside this program. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "kit.h"
#include "peer.h"

static const char *folder;

/* Run it; its exit code, and in text what it printed. */
static int
run(uint16_t port, char *text, size_t size)
{
    char command[4100];
    snprintf(command, sizeof command, "%s/get_put 127.0.0.1 %u 2>&1", folder, port);
    FILE *output = popen(command, "r");
    if (!CHECK(output != NULL)) {
        exit(1);
    }
    text[fread(text, 1, size - 1, output)] = '\0';
    int status = pclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_writes_a_record_and_reads_it_back(void)
{
    char text[1000];
    peer *p = peer_start("BB9A");
    CHECK_EQ_INT(run(p->port, text, sizeof text), 0);
    CHECK_EQ_STR(text, "name = \"Ada\"\nborn = 1815\n");
    CHECK_EQ_INT(p->n_requests, 2);
    peer_stop(p);
}

static void
test_says_why_it_cannot_connect(void)
{
    char text[1000];
    CHECK_EQ_INT(run(peer_free_port(), text, sizeof text), 1);
    CHECK_HAS(text, "ASC_ERR_CONNECTION (-10) 127.0.0.1:");
}

static const kit_test tests[] = {
    {"writes_a_record_and_reads_it_back", test_writes_a_record_and_reads_it_back},
    {"says_why_it_cannot_connect", test_says_why_it_cannot_connect},
};

int
main(int argc, char **argv)
{
    static char self[4000]; /* dirname() may change it */
    snprintf(self, sizeof self, "%s", argv[0]);
    folder = dirname(self);
    return kit_main("ut_example", tests, sizeof tests / sizeof *tests, argc, argv);
}
