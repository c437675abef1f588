/*
 * children: programs that the stand starts, watches and stops.
 *
 * Each child writes its output to a log file of its own, and its process id stands in a file beside
 * it. A child that ends by itself is started again, at once the first time and after a growing delay
 * while it keeps ending. They are stopped in the opposite order of starting. If the stand itself
 * dies, whatever the reason, the kernel ends them.
 *
 * One thread uses this, the one that lives as long as the program: children are tied to it.
 */
#ifndef DEV_CHILDREN_H
#define DEV_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

enum {
    CHILDREN_COUNT_MAX = 8,           /* the stand has five */
    CHILDREN_ARGUMENT_COUNT_MAX = 64, /* of one child */
    CHILDREN_PATH_SIZE_MAX = 512,
    CHILDREN_DELAY_MS_MAX = 5000, /* between an end and the next start */
    CHILDREN_SETTLED_MS = 10000,  /* after this long alive, an end is a first one again */
    CHILDREN_STOP_MS_MAX = 3000,  /* from SIGTERM to SIGKILL */
};

/* What to start. All texts must outlive the children. */
struct child {
    const char *name;                                       /* "enw-parent" */
    const char *program;                                    /* its path */
    const char *arguments[CHILDREN_ARGUMENT_COUNT_MAX + 2]; /* name first, NULL last */
    size_t argument_count;
    char log_path[CHILDREN_PATH_SIZE_MAX];
    char pid_path[CHILDREN_PATH_SIZE_MAX];
    pid_t pid; /* 0 while it does not run */
    int64_t started_at_ms;
    int64_t start_again_at_ms;
    unsigned ends_in_a_row;
};

/* A child that ended. */
struct children_end {
    const struct child *child;
    int exit_code; /* or -1 */
    int signal;    /* or 0 */
};

/* `{0}` has none. */
struct children {
    struct child list[CHILDREN_COUNT_MAX];
    size_t count;
};

/*
 * Adds a child, not yet started. Its log is FOLDER/NAME.log, its process id in FOLDER/NAME.pid.
 * OVER_LIMIT for too many children or too long a folder.
 */
MUST_CHECK status children_add(struct children *children, const char *folder, const char *name,
                               const char *program, struct child **child);

/* Adds an argument; "--flag" and its value are two. OVER_LIMIT. */
MUST_CHECK status child_add_argument(struct child *child, const char *argument);

/* Starts one child. UNAVAILABLE (detail: errno). */
MUST_CHECK status child_start(struct child *child);

/*
 * Notices one child that ended since the last call: true, and `end` says how. It is started again
 * by children_restart.
 */
bool children_take_end(struct children *children, struct children_end *end);

/* Starts again those whose delay has passed; returns one that was started, or NULL. */
const struct child *children_restart(struct children *children);

/* Stops all in the opposite order, each with SIGTERM and, if it lingers, SIGKILL. */
void children_stop(struct children *children);

#endif
