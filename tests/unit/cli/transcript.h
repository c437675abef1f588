/*
 * transcript: `enw` run inside the test, against a service that answers from a script.
 *
 * The service listens on a Unix socket, notes each request and gives the queued answers in order; when
 * none is left it closes the connection. `--url` is added to every command line.
 */
#ifndef UNIT_CLI_TRANSCRIPT_H
#define UNIT_CLI_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct transcript {
    int code;
    slice out, err; /* valid until the next run */
};

void transcript_open(void);
void transcript_close(void);

/* Queues one answer. */
void transcript_answer(unsigned code, const char *body);

/* Forgets what was queued and seen. */
void transcript_reset(void);

/* Whether `--url` is added from now on: at first it is. Some commands have no such flag. */
void transcript_set_url(bool is_given);

/* Runs `enw` with these arguments (up to a NULL) and standard input. */
struct transcript transcript_run(const char *input, ...);

/* The request seen as number `index`, "METHOD TARGET\nBODY"; empty when there was none. */
slice transcript_seen(size_t index);
size_t transcript_seen_count(void);
/* The Authorization header of the last request; empty when it had none. */
slice transcript_authorization(void);
/* The socket's path. */
const char *transcript_path(void);

#endif
