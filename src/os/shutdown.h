/*
 * shutdown: being asked to stop, as one readable descriptor.
 *
 * SIGTERM and SIGINT are blocked and read through the descriptor, which becomes readable when one
 * arrives and stays so; every loop polls it beside its sockets. SIGPIPE is ignored. Open it in
 * main before any thread starts, since threads inherit what is blocked.
 */
#ifndef OS_SHUTDOWN_H
#define OS_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct shutdown {
    int descriptor; /* readable once the program should stop */
    bool is_open;
};

MUST_CHECK status shutdown_open(struct shutdown *shutdown);

/* True once the program was asked to stop. */
bool shutdown_is_asked(const struct shutdown *shutdown);

/* Waits until it is asked to stop: true, or false at the deadline. */
bool shutdown_wait(const struct shutdown *shutdown, int64_t deadline_ms);

/* Gives the signals their usual meaning again; also for a child between fork and exec. */
void shutdown_restore_signals(void);

/* Closes the descriptor; the signals stay blocked. */
void shutdown_close(struct shutdown *shutdown);

#endif
