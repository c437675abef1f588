/*
 * stand_faults: what a stand-in is told to do wrong, and what it has counted.
 *
 * Both are reached over a stand-in's control socket, in HTTP:
 *
 *   GET /counters     {"connections":3,"requests":2,"busy_us":810,"operations":{"Decrypt":2}}
 *   DELETE /counters  all to zero
 *   PUT /faults       {"operation":"Decrypt","kind":"delay","value":250,"count":1}
 *   GET /faults       what is set, with the count that is left
 *   DELETE /faults    none any more
 *
 * `operation` may be "*". `count` is how many requests it hits; absent or 0 is all of them. Of
 * several that fit, the one set first acts. Kinds, with what `value` says:
 *
 *   delay       answers after so many milliseconds        status      answers this HTTP code, empty
 *   throttle    answers as the service throttles          error       answers the AWS error `name`,
 *                                                                    with this code (or 400)
 *   cut         sends so many bytes of the answer, ends   garbage     answers 200 with garbage
 *   silence     never answers; ends after so many milliseconds, or when the client does (0)
 *
 * KMS also: wrong_key (another KeyId in the answer), wrong_recipient (an envelope for another
 * key), constructed, primitive (the envelope's encoding, which otherwise alternates).
 * IMDS also: stale (credentials that ended so many seconds ago).
 */
#ifndef DEV_STAND_FAULTS_H
#define DEV_STAND_FAULTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum {
    STAND_FAULT_COUNT_MAX = 32,
    STAND_COUNTER_COUNT_MAX = 32,
    STAND_NAME_SIZE_MAX = 64, /* bytes of an operation's or error's name */
    STAND_FAULTS_TEXT_SIZE_MAX = 8192,
};

enum stand_fault_kind {
    STAND_FAULT_NONE,
    STAND_FAULT_DELAY,
    STAND_FAULT_STATUS,
    STAND_FAULT_THROTTLE,
    STAND_FAULT_ERROR,
    STAND_FAULT_CUT,
    STAND_FAULT_GARBAGE,
    STAND_FAULT_SILENCE,
    STAND_FAULT_WRONG_KEY,
    STAND_FAULT_WRONG_RECIPIENT,
    STAND_FAULT_CONSTRUCTED,
    STAND_FAULT_PRIMITIVE,
    STAND_FAULT_STALE,
    STAND_FAULT_KIND_COUNT,
};

/* A short name of ours. */
struct stand_name {
    uint8_t bytes[STAND_NAME_SIZE_MAX];
    size_t size;
};

struct stand_fault {
    struct stand_name operation; /* "*" is any */
    enum stand_fault_kind kind;
    uint64_t value;
    uint64_t left_count; /* 0: no end */
    struct stand_name name;
};

struct stand_counter {
    struct stand_name operation;
    uint64_t count;
};

/* `{0}` after stand_faults_init. May be used by many threads. */
struct stand_faults {
    pthread_mutex_t mutex;
    struct stand_fault list[STAND_FAULT_COUNT_MAX];
    size_t count;
    struct stand_counter counters[STAND_COUNTER_COUNT_MAX];
    size_t counter_count;
    uint64_t connection_count, request_count, busy_us;
};

void stand_faults_init(struct stand_faults *faults);

slice stand_name_view(const struct stand_name *name);

void stand_faults_count_connection(struct stand_faults *faults);

/* Counts a request for the operation and delivers the fault that acts on it; kind NONE if none. */
void stand_faults_take(struct stand_faults *faults, slice operation, struct stand_fault *fault);

/* Adds time that the stand-in spent on an answer. */
void stand_faults_count_busy(struct stand_faults *faults, int64_t duration_us);

/* Answers a request on the control socket; the body lives in the arena. */
void stand_faults_answer(struct stand_faults *faults, const struct http_request *request,
                         struct arena *arena, struct http_response *response);

#endif
