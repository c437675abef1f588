/*
 * settings: what a proxy was told to do, read from its flags and checked before anything opens.
 */
#ifndef PROXY_SETTINGS_H
#define PROXY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "net/endpoint.h"
#include "os/flags.h"
#include "proxy/allow_list.h"

enum {
    SETTINGS_ROUTE_COUNT_MAX = 16,          /* listeners of one proxy */
    SETTINGS_CONNECTION_COUNT_MAX = 4096,   /* of all listeners together: 135 MB of buffers */
    SETTINGS_ALLOW_FILE_SIZE_MAX = 1 << 16, /* bytes */
};

/* One listener and where its connections go. */
struct settings_route {
    endpoint listen;
    endpoint destination; /* what the allow list was asked about */
    endpoint target;      /* what is dialed: the destination unless it is pinned */
    bool is_pinned;
};

struct settings {
    struct settings_route routes[SETTINGS_ROUTE_COUNT_MAX];
    size_t route_count;
    size_t connection_count_max; /* of each listener */
    int64_t idle_ms_max;
    int64_t connect_ms_max; /* lookup and connection together */
    int64_t grace_ms;       /* for open connections, when asked to stop */
    unsigned unix_mode;
};

/* The program's flags. */
extern const struct flags_program settings_program;

/* Reads LISTEN=HOST:PORT. BAD_INPUT. */
MUST_CHECK status settings_parse_route(slice text, struct settings_route *route);

/*
 * Reads the flags. DENIED when a destination is not on the allow list, BAD_INPUT for what cannot
 * be read (detail: which value of a repeated flag, from 1).
 */
MUST_CHECK status settings_read(const struct flags *flags, struct settings *settings);

#endif
