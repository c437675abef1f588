/*
 * scripted_service: an HTTP service on a port of its own that expects certain requests in a certain
 * order and has their answers ready. What is not as scripted is counted, and printed.
 */
#ifndef UNIT_CREDENTIALS_SCRIPTED_SERVICE_H
#define UNIT_CREDENTIALS_SCRIPTED_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "net/listener.h"
#include "net/tls.h"

/* How the request must begin, what else it must and must not have, and the answer. */
struct scripted_line {
    const char *start, *has, *has_not; /* the last two may be NULL */
    const char *code, *body;           /* NULL: hang up */
};

struct scripted_service {
    struct listener listener;
    const struct tls_server *tls; /* NULL: no TLS */
    const struct scripted_line *lines;
    size_t line_count;
    pthread_t thread;
    atomic_uint served_count, wrong_count;
    atomic_bool is_stopping;
};

void scripted_service_open(struct scripted_service *service, const struct tls_server *tls,
                           const struct scripted_line *lines, size_t line_count);

/* Expects that all lines were asked for, as scripted, and no more. */
void scripted_service_close(struct scripted_service *service);

#endif
