/*
 * options: what enw-parent was asked to do, read from its flags and checked as a whole.
 */
#ifndef PARENT_OPTIONS_H
#define PARENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "net/endpoint.h"
#include "os/flags.h"
#include "os/log.h"
#include "parent/server.h"
#include "parent/tokens.h"

/* The program's table, for flags_parse. */
extern const struct flags_program options_program;

struct options {
    endpoint listen, enclave;
    struct tokens tokens;
    struct server_tls tls;
    enum log_level log_level;
    size_t enclave_connection_count, record_cache_count, worker_count;
    bool metrics_are_open;
    /* Texts view the arguments and the environment. */
    const char *store, *region, *dynamodb_endpoint, *ca_file, *imds_endpoint, *sts_endpoint,
        *key_arn;
    const char *ready_file; /* NULL: none */
};

/*
 * Reads and checks all flags, and the files that hold token, certificate and key, into the arena.
 *
 * BAD_INPUT when flags contradict each other: neither --token-file nor --no-token, or both;
 * --no-token on an address that other machines can reach; a certificate without its key, or client
 * certificates without either.
 */
MUST_CHECK status options_read(const struct flags *flags, struct arena *arena,
                               struct options *options);

#endif
