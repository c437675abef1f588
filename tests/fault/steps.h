/*
 * steps: calls to the system that go wrong when a test says so.
 *
 * The programs of this folder are linked with --wrap: what our own code calls (shared libraries have
 * their own way) comes here first, is counted, and, when it is the one asked for, goes wrong once.
 * libcrypto's memory comes from base/heap and is therefore ours as well.
 */
#ifndef FAULT_STEPS_H
#define FAULT_STEPS_H

#include <stdint.h>

enum step_kind {
    STEP_NONE,
    STEP_READ_FAILS,  /* read, recv: the peer has vanished */
    STEP_READ_ENDS,   /* as if the peer had ended its direction */
    STEP_READ_SHORT,  /* one byte at a time is allowed by every socket */
    STEP_WRITE_FAILS, /* write, send, sendmsg: the peer has vanished */
    STEP_WRITE_SHORT, /* one byte is taken */
    STEP_CONNECT,     /* socket, connect, accept4 */
    STEP_MEMORY,      /* malloc, calloc */
    STEP_RANDOM,      /* getrandom */
    STEP_CLOCK_AHEAD, /* the wall clock is set an hour ahead, from this call on */
    STEP_CLOCK_BACK,  /* … or back */
    STEP_KIND_COUNT,
};

/* The kind in words. */
const char *step_kind_print(enum step_kind kind);

/* From now on calls of this kind are counted; the one numbered `at` (from 1) goes wrong, 0: none. */
void steps_begin(enum step_kind kind, uint64_t at);

/* Everything works again, and the clock is right. Returns how many calls were counted. */
uint64_t steps_end(void);

#endif
