/*
 * stand_server: the loop that serves a stand-in, one thread a connection.
 *
 * It speaks HTTP/1.1 with or without TLS, keeps connections open, counts, and plays the faults that
 * concern the transport; those that concern a service's content are passed on to it.
 */
#ifndef DEV_STAND_SERVER_H
#define DEV_STAND_SERVER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "dev/stand_faults.h"
#include "http/message.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"

enum {
    STAND_CONNECTION_COUNT_MAX = 128,    /* at once; one more is closed at once */
    STAND_MESSAGE_SIZE_MAX = 512 * 1024, /* a request: a policy of 128 KiB, escaped */
    STAND_ARENA_SIZE = 4 * 1024 * 1024,  /* a connection's: request, answer and their parts */
    STAND_HANDSHAKE_MS = 10000,
    STAND_IDLE_MS = 120000, /* a connection without a request, or in the middle of one */
    STAND_SILENCE_MS = 120000,
};

/* One request to be answered. */
struct stand_exchange {
    const struct http_request *request;
    slice operation;
    const struct stand_fault *fault; /* kind NONE if nothing shall go wrong */
    struct arena *arena;             /* the answer lives here */
};

/* A port: what is served. Called by many threads at once. */
struct stand_service {
    void *context;
    /* The name by which requests are counted and faults are set; a view of the request or static. */
    slice (*operation)(const struct http_request *request);
    void (*answer)(void *context, const struct stand_exchange *exchange,
                   struct http_response *response);
};

struct stand_server_settings {
    endpoint endpoint;
    const struct tls_server *tls; /* NULL: none; must outlive the server */
    struct stand_service service;
    struct stand_faults *faults; /* NULL: counts and faults do not concern this one */
};

struct stand_server;

struct stand_connection {
    struct stand_server *server;
    pthread_t thread;
    struct stream stream;
    bool is_started; /* its thread is to be joined */
    bool is_ended;   /* its thread does nothing any more */
};

/* `{0}` is closed. Must not move while open. */
struct stand_server {
    struct stand_server_settings settings;
    struct listener listener;
    pthread_t thread;
    pthread_mutex_t mutex;
    bool is_stopping;
    bool is_open;
    struct stand_connection connections[STAND_CONNECTION_COUNT_MAX];
};

/* Listens and serves in threads of its own; `server->listener.bound` says where. */
MUST_CHECK status stand_server_open(const struct stand_server_settings *settings,
                                    struct stand_server *server);

/* Ends all connections and joins the threads. */
void stand_server_close(struct stand_server *server);

/* The service of a control socket; its context is the struct stand_faults. */
struct stand_service stand_server_control(struct stand_faults *faults);

#endif
