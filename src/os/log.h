/*
 * log: one JSON object a line, on standard error.
 *
 *   {"time":"2026-11-22T18:40:00.123Z","level":"info","program":"enw-proxy","event":"listening",…}
 *
 * An event is a literal: lower-case words joined by '_', the same in code, logs and docs. What
 * varies is in typed fields, all of them public: there is no door for a secret (its type does not
 * convert), and none may be made for a body, a header or a token. Text is cut at
 * LOG_TEXT_SIZE_MAX and escaped, so no caller's text can break a line.
 *
 * Each line is one write(2), so that lines of threads and processes do not mix. An event repeated
 * beyond LOG_EVENT_RATE lines a second (after a burst) is dropped and counted; the next line of it
 * that is written says how many in its field "dropped". A line that cannot be written is lost: the
 * log never blocks or stops the program. All functions may be called from any thread.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "os/clock.h"

enum {
    LOG_TEXT_SIZE_MAX = 256,  /* of one text or hex field, in bytes of input */
    LOG_FIELD_COUNT_MAX = 16, /* of one line; more are left out */
    LOG_LINE_SIZE_MAX = 4096, /* a pipe takes this much in one piece (PIPE_BUF) */
    LOG_EVENT_COUNT_MAX = 64, /* events with a rate of their own; later ones share the last */
    LOG_EVENT_RATE = 20,      /* lines a second of one event … */
    LOG_EVENT_BURST = 100,    /* … after this many at once */
};

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum log_type { LOG_TYPE_TEXT, LOG_TYPE_HEX, LOG_TYPE_U64, LOG_TYPE_I64, LOG_TYPE_BOOL };

/* One public value with a literal name. Made by the functions below. */
typedef struct log_field {
    const char *name;
    enum log_type type;
    slice text; /* TEXT and HEX; viewed until the line is written */
    uint64_t u64;
    int64_t i64;
    bool flag;
} log_field;

struct log_event {
    const char *event;
    int64_t filled_at_ms; /* when the allowance was filled up last */
    int64_t allowance;    /* in thousandths of a line */
    uint64_t dropped_count;
};

struct log {
    pthread_mutex_t mutex;
    const char *program;
    enum log_level level_min;
    int descriptor;
    struct clock clock;
    struct log_event events[LOG_EVENT_COUNT_MAX];
    size_t event_count;
};

struct log_settings {
    const char *program; /* a literal: the program's name */
    enum log_level level_min;
    int descriptor; /* 2, but for tests */
    struct clock clock;
};

/* Starts a log; it owns nothing, and lives as long as the program. */
void log_init(struct log *log, const struct log_settings *settings);

/* A log of this program on standard error with the system's clock, from INFO up. */
void log_init_standard(struct log *log, const char *program);

/* Writes one line, unless its level is too low or its event too frequent. */
void log_write(struct log *log, enum log_level level, const char *event, const log_field *fields,
               size_t field_count);

/*
 * The same for events that are counted by their lines, as one for each request: never limited by
 * rate, but still lost rather than waited for.
 */
void log_write_each(struct log *log, enum log_level level, const char *event,
                    const log_field *fields, size_t field_count);

/*
 * Writes one line about a failure: fields "kind", "message", "detail" and "at" (file:line) of
 * `result`, and "request_id" unless that is empty.
 */
void log_failure(struct log *log, enum log_level level, const char *event, slice request_id,
                 status result);

/* Fields. `name` is a literal. */
log_field log_text(const char *name, slice text);
log_field log_literal(const char *name, const char *text);
log_field log_hex(const char *name, slice bytes);
log_field log_u64(const char *name, uint64_t value);
log_field log_i64(const char *name, int64_t value);
log_field log_bool(const char *name, bool value);
/* The field "request_id", which ties the lines of one request together. */
log_field log_request_id(slice id);

/* "debug", "info", "warn" or "error". BAD_INPUT for anything else. */
MUST_CHECK status log_level_parse(slice text, enum log_level *level);

#endif
