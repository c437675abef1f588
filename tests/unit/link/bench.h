/*
 * bench: a link, and an enclave that does what the test says, in one thread and on a clock of the
 * test's. The sockets are real ones, in a fresh folder.
 */
#ifndef UNIT_LINK_BENCH_H
#define UNIT_LINK_BENCH_H

#include "link/link.h"

enum {
    BENCH_PEER_COUNT_MAX = 16,
    BENCH_INBOX_SIZE = 2 * FRAME_SIZE_MAX,
    BENCH_ANSWER_COUNT_MAX = 100
};

/* One connection as the enclave sees it. */
struct bench_peer {
    int descriptor; /* -1 after bench_hang_up */
    uint8_t inbox[BENCH_INBOX_SIZE];
    size_t inbox_begin, inbox_end;
};

struct bench {
    int64_t now_ms;
    struct loop loop;
    struct link link;
    struct link_settings settings;
    char folder[64], path[80];
    int listener; /* -1: nobody listens */
    struct bench_peer peers[BENCH_PEER_COUNT_MAX];
    size_t peer_count;
    unsigned lost_count, back_count;
};

/* A call and what came of it. */
struct bench_call {
    struct link_call call;
    unsigned done_count;
    status outcome;
    uint8_t type;      /* of the reply */
    uint8_t last_byte; /* of its first section that is there */
};

/* Opens link and listener; nothing has run yet. `kind` is ENDPOINT_UNIX or ENDPOINT_HYBRID. */
void bench_open(struct bench *bench, enum endpoint_kind kind, size_t connection_count);
void bench_close(struct bench *bench);

/* Runs turns until nothing more happens by itself. */
void bench_run(struct bench *bench);
/* Lets time pass, timers due one after another. */
void bench_wait(struct bench *bench, int64_t duration_ms);

void bench_listen(struct bench *bench);
/* Stops listening: dialing fails at once. */
void bench_stop_listening(struct bench *bench);
/* The next connection that was made; fails the test when there is none. */
struct bench_peer *bench_accept(struct bench *bench);
/* Runs, accepts, and answers the first ping. */
struct bench_peer *bench_connect(struct bench *bench);
void bench_hang_up(struct bench_peer *peer);

/* The next frame that the link has sent, as a view; false when there is none. */
bool bench_take(struct bench_peer *peer, struct frame *frame);
/* Answers a request as its type is answered; the signature's bytes are `mark`, but for its parity. */
void bench_answer(struct bench_peer *peer, const struct frame *request, uint8_t mark);
/* Writes such an answer into memory. */
slice bench_answer_write(const struct frame *request, uint8_t mark, struct builder *output);
void bench_send(struct bench_peer *peer, slice bytes);
/* Answers up to BENCH_ANSWER_COUNT_MAX requests that have come; returns how many calls (not pings) were among them. */
size_t bench_answer_all(struct bench_peer *peer);

/* A SIGN_MESSAGE with a body of this size, to be done within `left_ms`. */
void bench_start(struct bench *bench, struct bench_call *call, size_t body_size, int64_t left_ms);
/* Fails the test unless the call is done so: NULL is success. */
void bench_expect_done(const char *what, const struct bench_call *call, const char *refusal);

#endif
