/*
 * exchange: one HTTP request and its answer, as a program sees them.
 *
 * A program gives the server four functions (struct serve_service). All of them, and everything
 * here, run on the thread of the shard that has the client's connection, and none may block.
 *
 *   judge    the head is there and well formed: exchange_expect says how large a body may be and
 *            which memory handling it takes, or exchange_answer ends it at once
 *   handle   the body is whole and memory is there: ends in exchange_answer, or in exchange_park and
 *            an exchange_answer later, on the same thread (a worker posts a task to exchange_loop)
 *   problem  what arrived was no request, or too much or too late of one: the program words the
 *            refusal, by exchange_answer before it returns
 *   ended    exactly once for each exchange that was judged or was a problem, when its answer has
 *            left or nobody takes it any more; what an exchange held is wiped right after it
 *
 * A client that leaves while its exchange is parked ends nothing: the exchange lives until it is
 * answered, and is then reported as EXCHANGE_CLIENT_GONE.
 *
 * `problem` is called with the code to answer, and the reason as a status:
 *
 *   400 BAD_INPUT    framing that two readers could understand differently, or no HTTP at all
 *   408 UNAVAILABLE  the head or the body took too long
 *   413 OVER_LIMIT   the body is larger than was expected (BAD_INPUT with 400 where none was)
 *   414 OVER_LIMIT   the target is too long        431 OVER_LIMIT  the head is
 *   417 BAD_INPUT    an expectation that is not 100-continue
 *   501 OVER_LIMIT   a method too long to be one   505 BAD_INPUT   another version of HTTP
 *   503 OVER_LIMIT   no memory became free in time: the answer should carry Retry-After
 *
 * After any of these but 503 the connection ends with the answer.
 *
 * Specification: RFC 9110, RFC 9112.
 */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"
#include "os/loop.h"
#include "serve/peer.h"

enum {
    EXCHANGE_HEADER_COUNT_MAX = 16,          /* of an answer */
    EXCHANGE_HEAD_SIZE_MAX = 4 * 1024,       /* of an answer, with what the server adds */
    EXCHANGE_STATE_SIZE_MAX = 8 * 1024,      /* of the program's own state */
    EXCHANGE_REFUSAL_MEMORY_SIZE = 8 * 1024, /* what judge and problem build answers in */
};

/* Which memory handling takes: each kind has room of its own, and its own queue. */
enum exchange_memory_kind {
    EXCHANGE_SMALL, /* most requests; one with a body above the server's small_body_size_max
                       gets large memory all the same */
    EXCHANGE_LARGE, /* large bodies and answers: few at a time */
    EXCHANGE_PROBE, /* probes and scrapes, which neither wait for callers nor stand in their way */
};

enum { EXCHANGE_MEMORY_KIND_COUNT = EXCHANGE_PROBE + 1 };

enum exchange_end {
    EXCHANGE_ANSWERED,    /* the answer was given to the system whole */
    EXCHANGE_CLIENT_GONE, /* the client had left before that */
    EXCHANGE_TOO_SLOW,    /* it did not take the answer in time */
    EXCHANGE_STOPPED,     /* the server ended first */
};

struct exchange;

/* What a program gives the server. */
struct serve_service {
    void *context;
    size_t state_size; /* of the program's own state in every exchange; it begins as zeros */
    void (*judge)(void *context, struct exchange *exchange);
    void (*handle)(void *context, struct exchange *exchange);
    void (*problem)(void *context, struct exchange *exchange, unsigned code, status failure);
    void (*ended)(void *context, struct exchange *exchange, enum exchange_end end);
};

/* The headers of an answer. Date, Content-Length and Connection are the server's. */
struct exchange_headers {
    const struct http_header *list;
    size_t count;
};

/* An answer on its way from the program to the connection. */
struct exchange_answer {
    unsigned code;
    struct exchange_headers headers;
    slice body;
};

/* What all exchanges of a shard share; the shard fills it. */
struct exchange_home {
    const struct serve_service *service;
    struct loop *loop;
    size_t shard_index;
    void (*answer)(struct exchange *exchange, const struct exchange_answer *answer);
};

enum exchange_stage {
    EXCHANGE_NONE,
    EXCHANGE_JUDGED, /* in judge or problem, or its body is arriving */
    EXCHANGE_HANDLED,
    EXCHANGE_PARKED,
    EXCHANGE_DECIDED, /* answered; the answer may still be leaving */
};

/* Its fields are the server's. */
struct exchange {
    const struct exchange_home *home;
    enum exchange_stage stage;
    struct http_request request;
    void *state;
    struct arena *memory;
    const struct serve_peer *peer;
    uint64_t body_size_max;
    enum exchange_memory_kind memory_kind;
    bool is_closing; /* the program wants the connection to end */
    unsigned code;
    int64_t started_us, deadline_ms;
    uint64_t received_size, sent_size;
};

/*
 * The request: its head, and from `handle` until it is answered its body. In `problem`, and in `ended`
 * after one, its parts may be empty.
 */
const struct http_request *exchange_request(const struct exchange *exchange);

/* The program's own state, as it left it. */
void *exchange_state(struct exchange *exchange);

/*
 * Memory for the program. In `judge` and `problem` it is small and lasts until they return: what
 * must last is copied into the state. From `handle` on it lasts until the exchange is answered.
 */
struct arena *exchange_memory(struct exchange *exchange);

/* The shard's loop, and which of the server's shards it is. */
struct loop *exchange_loop(const struct exchange *exchange);
size_t exchange_shard_index(const struct exchange *exchange);

/* Who is at the other end. */
const struct serve_peer *exchange_peer(const struct exchange *exchange);

/* When its head was whole, on the machine's clock; what was received and sent, heads included. */
int64_t exchange_started_us(const struct exchange *exchange);
uint64_t exchange_received_size(const struct exchange *exchange);
uint64_t exchange_sent_size(const struct exchange *exchange);

/* From `handle` on: when it should be answered, on the loop's clock. The program sees to it. */
int64_t exchange_deadline_ms(const struct exchange *exchange);

/* In `ended`: the code of its answer; 0 when there was none. */
unsigned exchange_code(const struct exchange *exchange);

/*
 * In `judge`: lets a body of up to this size follow, and says which memory handling it takes. A
 * program that does not call it expects no body and small memory.
 */
void exchange_expect(struct exchange *exchange, uint64_t body_size_max,
                     enum exchange_memory_kind memory_kind);

/* Ends the connection with this exchange's answer. */
void exchange_close(struct exchange *exchange);

/*
 * Answers. The parts are copied or have left when it returns; the exchange is then the server's, and
 * the program touches it no more but in `ended`, which may have run already. To a HEAD only the head
 * is sent, with the length of `body`. Headers that could not be read back as themselves turn the
 * answer into an empty 500.
 */
void exchange_answer(struct exchange *exchange, unsigned code, struct exchange_headers headers,
                     slice body);

/* In `handle`: it will be answered later. */
void exchange_park(struct exchange *exchange);

#endif
