/*
 * bench: a shard whose turns and clock are the test's, with a program that does what targets say.
 *
 *   /echo        answers with the body, which may be of any size
 *   /large       the same in large memory        /probe   in probe memory
 *   /park        parks; bench_answer answers     /keep    parks, in small memory, without a body
 *   /size?N      answers N bytes of text
 *   /refuse      is answered 401 by the judge    /ok      answers "ok", and expects no body
 *   /close       ends the connection             /broken  answers a header that cannot be sent
 *
 * Refusals are worded "CODE SENTENCE". How exchanges ended is noted, a line each: "ANSWERED 200 /ok".
 */
#ifndef UNIT_SERVE_BENCH_H
#define UNIT_SERVE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "serve/shard.h"

enum {
    BENCH_PARKED_COUNT_MAX = 2100,
    BENCH_NOTES_SIZE = 1 << 18,
    BENCH_RECEIVED_SIZE = 1 << 20,
    BENCH_STATE_SIZE = 100,
};

struct bench {
    struct serve_limits limits;       /* set before bench_open */
    struct serve_deadlines deadlines; /* likewise */
    struct shard shard;
    struct shard_group group;
    struct serve_peers peers;
    struct arena memory;
    struct serve_service service;
    int64_t now_ms;
    struct exchange *parked[BENCH_PARKED_COUNT_MAX];
    size_t parked_count;
    size_t handled_count;
    char notes[BENCH_NOTES_SIZE];
    char received[BENCH_RECEIVED_SIZE];
};

/* Usual limits and deadlines. */
void bench_init(struct bench *bench);
/* The program of the bench, for servers that are not its shard. */
struct serve_service bench_service(struct bench *bench);
void bench_open(struct bench *bench);
void bench_close(struct bench *bench);

/* A connection: the client's end, non-blocking. */
int bench_connect(struct bench *bench);
/* The same over TCP on this machine. */
int bench_connect_tcp(struct bench *bench);

/* Turns until nothing happens any more. */
void bench_turn(struct bench *bench);
/* Lets time pass, then turns. */
void bench_wait(struct bench *bench, int64_t duration_ms);

/* Sends what fits at once, and turns. Returns how much. */
size_t bench_send(struct bench *bench, int client, slice bytes);
size_t bench_send_text(struct bench *bench, int client, const char *text);

/* Turns, and reads all that has come: text; lasts until the next call. */
const char *bench_receive(struct bench *bench, int client);

/* True when the connection has ended for the client: cleanly, and nothing more is to be read. */
bool bench_is_ended(struct bench *bench, int client);

/* Sends and receives on a connection of its own. */
const char *bench_ask(struct bench *bench, const char *text);

/* Answers the parked exchange that came first. */
void bench_answer(struct bench *bench, unsigned code, slice body);

uint64_t bench_counter(struct bench *bench, enum counters_kind kind);

/* How many answers of a code are in a text. */
size_t bench_count(const char *text, unsigned code);

#endif
