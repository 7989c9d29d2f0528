/* Write a record and read it back, with the library alone: get_put HOST PORT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asc/cluster.h"
#include "asc/command.h"
#include "asc/digest.h"
#include "asc/reader.h"
#include "asc/writer.h"

static const char ns[] = "test", set[] = "people", user_key[] = "ada";

/* Begin a request about the record: which one it is, and what the call may take. */
static bool
begin(asc_request *req, asc_writer *w, const asc_msg_head *head)
{
    uint8_t digest[ASC_DIGEST_SIZE];
    asc_digest_key(digest, set, strlen(set), ASC_PARTICLE_STRING, user_key,
                   strlen(user_key));
    req->ns = ns;
    req->partition = asc_digest_partition(digest);
    req->replica = ASC_REPLICA_SEQUENCE;
    req->writes = head->info2 & ASC_INFO2_WRITE;
    req->timing = (asc_timing){.total_timeout_ms = 10000, .max_retries = 2};
    return asc_writer_begin(w, &req->out, head) &&
           asc_writer_field(w, ASC_FIELD_NAMESPACE, ns, strlen(ns)) &&
           asc_writer_field(w, ASC_FIELD_SET, set, strlen(set)) &&
           asc_writer_field(w, ASC_FIELD_DIGEST, digest, sizeof digest);
}

static bool
write_bin(asc_request *req, asc_writer *w, const char *name, uint8_t particle,
          const void *value, size_t size)
{
    return asc_writer_op_begin(w, ASC_OP_WRITE, particle, name, strlen(name)) &&
           asc_buf_put(&req->out, value, size) && asc_writer_op_end(w);
}

/* Send what was written and wait for the reply; a signal only interrupts the wait. */
static asc_status
run(asc_call *call, asc_cluster *cluster, asc_error *err)
{
    asc_status rc;
    do {
        rc = asc_call_run(call, cluster, err);
    } while (rc == ASC_INTERRUPTED);
    return rc;
}

static asc_status
put(asc_call *call, asc_cluster *cluster, asc_error *err)
{
    const asc_msg_head head = {.info2 = ASC_INFO2_WRITE};
    asc_writer w;
    uint8_t born[8];
    asc_put_u64(born, 1815);
    asc_call_reset(call);
    asc_request *req = asc_call_request(call);
    if (!begin(req, &w, &head) ||
        !write_bin(req, &w, "name", ASC_PARTICLE_STRING, "Ada", 3) ||
        !write_bin(req, &w, "born", ASC_PARTICLE_INTEGER, born, sizeof born)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "request");
    }
    asc_writer_end(&w);
    return run(call, cluster, err);
}

static void
print_bin(const asc_msg_op *bin)
{
    printf("%.*s = ", bin->name_size, (const char *)bin->name);
    if (bin->particle == ASC_PARTICLE_INTEGER && bin->value_size == 8) {
        printf("%lld\n", (long long)asc_get_u64(bin->value));
    }
    else if (bin->particle == ASC_PARTICLE_STRING) {
        printf("\"%.*s\"\n", (int)bin->value_size, (const char *)bin->value);
    }
    else {
        printf("(%zu bytes of type %u)\n", bin->value_size, bin->particle);
    }
}

static asc_status
get(asc_call *call, asc_cluster *cluster, asc_error *err)
{
    const asc_msg_head head = {.info1 = ASC_INFO1_READ | ASC_INFO1_GET_ALL};
    asc_writer w;
    asc_msg reply;
    asc_msg_op bin;
    asc_call_reset(call);
    asc_request *req = asc_call_request(call);
    if (!begin(req, &w, &head)) {
        return asc_error_set(err, ASC_ERR_NOMEM, "request");
    }
    asc_writer_end(&w);
    asc_status rc = run(call, cluster, err);
    if (rc == ASC_OK) {
        rc = asc_msg_open(&reply, req->in.data + ASC_PROTO_HEADER_SIZE,
                          req->in.len - ASC_PROTO_HEADER_SIZE, err);
    }
    for (unsigned i = 0; rc == ASC_OK && i < reply.n_ops; i++) {
        rc = asc_msg_next_op(&reply, &bin, err);
        if (rc == ASC_OK) {
            print_bin(&bin);
        }
    }
    return rc;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: get_put HOST PORT\n");
        return 2;
    }
    const asc_host seed = {.name = argv[1], .port = (uint16_t)atoi(argv[2])};
    asc_config config = ASC_CONFIG_INIT;
    config.hosts = &seed;
    config.n_hosts = 1;

    asc_error err;
    asc_error_reset(&err);
    asc_cluster *cluster = NULL;
    asc_call *call = asc_call_new(); /* used again and again, by one thread at a time */
    asc_status rc = call != NULL ? asc_cluster_create(&cluster, &config, &err)
                                 : asc_error_set(&err, ASC_ERR_NOMEM, "call");
    if (rc == ASC_OK) {
        rc = put(call, cluster, &err);
    }
    if (rc == ASC_OK) {
        rc = get(call, cluster, &err);
    }
    if (rc != ASC_OK) {
        fprintf(stderr, "%s (%d) %s: %s\n", asc_status_name(rc), rc, err.host,
                err.message);
    }
    asc_call_free(call);
    if (cluster != NULL) {
        asc_cluster_close(cluster); /* may be shared: whoever is last releases it */
        asc_cluster_release(cluster);
    }
    return rc == ASC_OK ? 0 : 1;
}
