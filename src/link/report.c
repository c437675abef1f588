#include "link/report.h"

#include <string.h>

#include "base/hex.h"
#include "proto/call.h"

status report_open(struct report *report, struct arena *memory)
{
    void *json;
    TRY(arena_take(memory, CALL_STATUS_SIZE_MAX, &json));
    *report = (struct report){.json = json};
    pthread_mutex_init(&report->mutex, NULL);
    return status_ok();
}

void report_close(struct report *report)
{
    pthread_mutex_destroy(&report->mutex);
}

/* Looked for, not parsed: it is shown to people, and nothing is decided by it. */
static bytes16 boot_id_of(slice json)
{
    const slice name = slice_text("\"boot_id\":\"");
    bytes16 id = {0};
    for (slice rest = json; rest.size > 0; rest = slice_part(rest, 1, rest.size)) {
        if (!slice_has_start(rest, name)) continue;
        const slice digits = slice_part(rest, name.size, 2 * sizeof id.bytes);
        bytes16 read;
        return status_is_ok(hex_read(digits, read.bytes, sizeof read.bytes)) ? read : id;
    }
    return id;
}

void report_keep(struct report *report, slice json, int64_t now_ms)
{
    const bytes16 boot_id = boot_id_of(json);
    pthread_mutex_lock(&report->mutex);
    memcpy(report->json, json.bytes, json.size);
    report->json_size = json.size;
    report->told_ms = now_ms;
    report->boot_id = boot_id;
    pthread_mutex_unlock(&report->mutex);
}

struct report_facts report_read(struct report *report)
{
    pthread_mutex_lock(&report->mutex);
    const struct report_facts facts = {report->json_size > 0, report->told_ms, report->boot_id};
    pthread_mutex_unlock(&report->mutex);
    return facts;
}

bool report_put(struct report *report, struct builder *json)
{
    pthread_mutex_lock(&report->mutex);
    const bool is_there = report->json_size > 0;
    builder_put(json, slice_of(report->json, report->json_size));
    pthread_mutex_unlock(&report->mutex);
    return is_there;
}
