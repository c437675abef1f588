/*
 * bench: a whole parent service inside a test: real HTTP over a real socket, a fake enclave, a
 * store in memory that can be made to fail, fixed credentials.
 */
#ifndef UNIT_PARENT_BENCH_H
#define UNIT_PARENT_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "fake_enclave.h"
#include "os/log.h"
#include "parent/server.h"
#include "parent/service.h"
#include "store/memory.h"

/* How the store behaves; every count is of calls to come. */
struct bench_store {
    struct memory_store memory;
    struct store inner;
    atomic_int down_count;       /* calls that fail as UNAVAILABLE; -1: for ever */
    atomic_int delay_ms;         /* before each call */
    atomic_int ambiguous_lost;   /* puts that say "ambiguous" and did not happen */
    atomic_int ambiguous_kept;   /* puts that say "ambiguous" and did happen */
    atomic_int unreadable_count; /* gets after a put that fail as UNAVAILABLE */
    atomic_int get_count, put_count;
    atomic_bool has_put;
};

struct bench {
    struct fake_enclave enclave;
    struct bench_store store;
    struct service service;
    struct server server;
    struct log log;
    int log_file;
    bool is_open;
};

extern const char bench_token[];

struct bench_settings {
    bool has_token;
    size_t record_cache_count;
    bool is_unix;
    struct server_tls tls;
};

void bench_open(struct bench *bench, const struct bench_settings *settings);
void bench_close(struct bench *bench);

/* A connection to the service; -1 never: it aborts. */
int bench_connect(struct bench *bench);

/* One HTTP answer, read to its last byte. */
struct bench_answer {
    int code; /* 0: the connection ended without one */
    slice head, body;
    char memory[128 * 1024];
    size_t size;
};

void bench_send(int descriptor, slice bytes);
void bench_read(int descriptor, struct bench_answer *answer);

/* A new connection, one request with the token, its answer. `body` NULL: none. */
void bench_call(struct bench *bench, const char *method, const char *path, const char *body,
                struct bench_answer *answer);
/* The same over a connection that stays. */
void bench_call_on(int descriptor, const char *method, const char *path, const char *body,
                   struct bench_answer *answer);

/* What the log holds so far. */
slice bench_read_log(struct bench *bench, char *memory, size_t size_max);

/* True when `text` occurs in the bytes. */
bool bench_has(slice bytes, const char *text);

#endif
