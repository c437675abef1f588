/*
 * report: the last STATUS that an enclave gave, kept for whoever asks, on any thread.
 */
#ifndef LINK_REPORT_H
#define LINK_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"

struct report {
    pthread_mutex_t mutex; /* of everything */
    uint8_t *json;         /* CALL_STATUS_SIZE_MAX bytes */
    size_t json_size;      /* 0: none yet */
    int64_t told_ms;
    bytes16 boot_id;
};

/* When it was told, and by which start of the enclave: zeros when it did not say. */
struct report_facts {
    bool is_there;
    int64_t told_ms;
    bytes16 boot_id;
};

MUST_CHECK status report_open(struct report *report, struct arena *memory);
void report_close(struct report *report);

/* Keeps a STATUS reply's JSON, which call_check_reply has bounded. */
void report_keep(struct report *report, slice json, int64_t now_ms);

struct report_facts report_read(struct report *report);

/* Appends the JSON. False while there is none. */
bool report_put(struct report *report, struct builder *json);

#endif
