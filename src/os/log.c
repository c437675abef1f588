#include "os/log.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/builder.h"
#include "base/json.h"

enum { LINE_COST = 1000, ALLOWANCE_MAX = LOG_EVENT_BURST * LINE_COST };

void log_init(struct log *log, const struct log_settings *settings)
{
    *log = (struct log){
        .program = settings->program,
        .level_min = settings->level_min,
        .descriptor = settings->descriptor,
        .clock = settings->clock,
    };
    pthread_mutex_init(&log->mutex, NULL);
}

void log_init_standard(struct log *log, const char *program)
{
    log_init(log, &(struct log_settings){program, LOG_LEVEL_INFO, STDERR_FILENO, clock_system()});
}

static const char *level_print(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG: return "debug";
    case LOG_LEVEL_INFO: return "info";
    case LOG_LEVEL_WARN: return "warn";
    case LOG_LEVEL_ERROR: return "error";
    }
    return "error";
}

status log_level_parse(slice text, enum log_level *level)
{
    for (enum log_level known = LOG_LEVEL_DEBUG; known <= LOG_LEVEL_ERROR; known++) {
        if (slice_equal(text, slice_text(level_print(known)))) {
            *level = known;
            return status_ok();
        }
    }
    FAIL(BAD_INPUT, 0, "log: level must be debug, info, warn or error");
}

/* The event's entry; the last one is shared by whatever comes when the table is full. */
static struct log_event *event_find(struct log *log, const char *event)
{
    for (size_t i = 0; i < log->event_count; i++) {
        if (strcmp(log->events[i].event, event) == 0) return &log->events[i];
    }
    if (log->event_count == LOG_EVENT_COUNT_MAX) return &log->events[LOG_EVENT_COUNT_MAX - 1];
    struct log_event *entry = &log->events[log->event_count++];
    *entry = (struct log_event){event, INT64_MIN / 2, 0, 0};
    return entry;
}

/* Takes one line's worth of the event's allowance, or counts the line as dropped. */
static bool is_allowed(struct log_event *entry, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - entry->filled_at_ms;
    /* RATE lines a second are RATE thousandths of a line a millisecond. */
    entry->allowance = passed_ms >= ALLOWANCE_MAX / LOG_EVENT_RATE
                           ? ALLOWANCE_MAX
                           : entry->allowance + passed_ms * LOG_EVENT_RATE;
    if (entry->allowance > ALLOWANCE_MAX) entry->allowance = ALLOWANCE_MAX;
    entry->filled_at_ms = now_ms;
    if (entry->allowance < LINE_COST) {
        entry->dropped_count++;
        return false;
    }
    entry->allowance -= LINE_COST;
    return true;
}

static void digits_put(struct builder *line, unsigned value, unsigned width)
{
    for (unsigned place = width == 4 ? 1000 : width == 3 ? 100 : 10; place > 0; place /= 10) {
        builder_put_u8(line, (uint8_t)('0' + value / place % 10));
    }
}

/* RFC 3339 in UTC with milliseconds. */
static void time_put(struct builder *line, int64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    const struct {
        int value;
        unsigned width;
        char before;
    } parts[] = {
        {utc.tm_year + 1900, 4, '"'},    {utc.tm_mon + 1, 2, '-'}, {utc.tm_mday, 2, '-'},
        {utc.tm_hour, 2, 'T'},           {utc.tm_min, 2, ':'},     {utc.tm_sec, 2, ':'},
        {(int)(wall_ms % 1000), 3, '.'},
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        builder_put_u8(line, (uint8_t)parts[i].before);
        digits_put(line, (unsigned)parts[i].value, parts[i].width);
    }
    builder_put_text(line, "Z\"");
}

static void i64_put(struct builder *line, int64_t value)
{
    uint8_t text[24];
    struct builder number;
    builder_init(&number, text, sizeof text);
    if (value < 0) builder_put_u8(&number, '-');
    builder_put_decimal(&number, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    json_put_raw(line, builder_view(&number));
}

static void field_put(struct builder *line, const log_field *field)
{
    json_put_name(line, field->name);
    switch (field->type) {
    case LOG_TYPE_TEXT: json_put_string(line, field->text); break;
    case LOG_TYPE_HEX: json_put_hex(line, field->text); break;
    case LOG_TYPE_U64: json_put_u64(line, field->u64); break;
    case LOG_TYPE_I64: i64_put(line, field->i64); break;
    case LOG_TYPE_BOOL: json_put_bool(line, field->flag); break;
    }
}

struct line {
    int64_t wall_ms;
    enum log_level level;
    const char *event;
    const log_field *fields;
    size_t field_count;
    bool is_limited; /* by the event's rate */
};

static void head_put(struct builder *text, const char *program, const struct line *line)
{
    json_put_object_open(text);
    json_put_name(text, "time");
    time_put(text, line->wall_ms);
    json_put_name(text, "level");
    json_put_text(text, level_print(line->level));
    json_put_name(text, "program");
    json_put_text(text, program);
    json_put_name(text, "event");
    json_put_text(text, line->event);
}

/* What always finds room behind the fields: the count of dropped lines, the brace, the line feed. */
enum { TAIL_SIZE_MAX = 64 };

/* A field that does not fit is left out whole, so that the line stays JSON. */
static void fields_put(struct builder *text, const struct line *line)
{
    for (size_t i = 0; i < line->field_count && i < LOG_FIELD_COUNT_MAX; i++) {
        struct builder longer = *text;
        field_put(&longer, &line->fields[i]);
        if (!longer.is_over) *text = longer;
    }
}

/*
 * Writes in one piece or not at all. A pipe that poll calls writable has room for PIPE_BUF bytes,
 * so a reader that has stopped reading costs us lines, never time.
 */
static bool is_written(int descriptor, slice text)
{
    struct pollfd target = {.fd = descriptor, .events = POLLOUT};
    if (poll(&target, 1, 0) != 1 || !(target.revents & POLLOUT)) return false;
    return write(descriptor, text.bytes, text.size) == (ssize_t)text.size;
}

/* May this line be written? Takes over the count of lines that were dropped before it. */
static bool is_admitted(struct log *log, const struct line *line, struct log_event **entry,
                        uint64_t *dropped_count)
{
    pthread_mutex_lock(&log->mutex);
    struct log_event *found = event_find(log, line->event);
    const bool is_admitted =
        !line->is_limited || is_allowed(found, clock_read_monotonic_ms(&log->clock));
    if (is_admitted) {
        *entry = found;
        *dropped_count = found->dropped_count;
        found->dropped_count = 0;
    }
    pthread_mutex_unlock(&log->mutex);
    return is_admitted;
}

/* Composes without the mutex: that takes longer than the writing, and many threads have lines. */
static void line_write(struct log *log, const struct line *line)
{
    uint8_t memory[LOG_LINE_SIZE_MAX];
    struct builder text;
    struct log_event *entry = NULL;
    uint64_t dropped_count = 0;
    if (line->level < log->level_min) return;
    if (!is_admitted(log, line, &entry, &dropped_count)) return;
    builder_init(&text, memory, sizeof memory - TAIL_SIZE_MAX);
    head_put(&text, log->program, line);
    fields_put(&text, line);
    text.size_max = sizeof memory;
    if (dropped_count > 0) {
        json_put_name(&text, "dropped");
        json_put_u64(&text, dropped_count);
    }
    json_put_object_close(&text);
    builder_put_text(&text, "\n");
    pthread_mutex_lock(&log->mutex);
    if (!is_written(log->descriptor, builder_view(&text))) {
        entry->dropped_count += dropped_count + 1;
    }
    pthread_mutex_unlock(&log->mutex);
}

void log_write(struct log *log, enum log_level level, const char *event, const log_field *fields,
               size_t field_count)
{
    const struct line line = {
        clock_read_wall_ms(&log->clock), level, event, fields, field_count, true};
    line_write(log, &line);
}

void log_write_each(struct log *log, enum log_level level, const char *event,
                    const log_field *fields, size_t field_count)
{
    const struct line line = {
        clock_read_wall_ms(&log->clock), level, event, fields, field_count, false};
    line_write(log, &line);
}

void log_failure(struct log *log, enum log_level level, const char *event, slice request_id,
                 status result)
{
    if (status_is_ok(result)) return;
    uint8_t memory[LOG_TEXT_SIZE_MAX];
    struct builder at;
    builder_init(&at, memory, sizeof memory);
    builder_put_text(&at, result.failure->file);
    builder_put_text(&at, ":");
    builder_put_decimal(&at, (uint64_t)result.failure->line);
    const log_field fields[] = {
        log_literal("kind", failure_kind_print(result.failure->kind)),
        log_literal("message", result.failure->message),
        log_i64("detail", result.detail),
        log_text("at", builder_view(&at)),
        log_request_id(request_id),
    };
    log_write(log, level, event, fields, ARRAY_COUNT(fields) - (request_id.size == 0 ? 1 : 0));
}

log_field log_text(const char *name, slice text)
{
    return (log_field){
        .name = name, .type = LOG_TYPE_TEXT, .text = slice_part(text, 0, LOG_TEXT_SIZE_MAX)};
}

log_field log_literal(const char *name, const char *text)
{
    return log_text(name, slice_text(text));
}

log_field log_hex(const char *name, slice bytes)
{
    return (log_field){
        .name = name, .type = LOG_TYPE_HEX, .text = slice_part(bytes, 0, LOG_TEXT_SIZE_MAX)};
}

log_field log_u64(const char *name, uint64_t value)
{
    return (log_field){.name = name, .type = LOG_TYPE_U64, .u64 = value};
}

log_field log_i64(const char *name, int64_t value)
{
    return (log_field){.name = name, .type = LOG_TYPE_I64, .i64 = value};
}

log_field log_bool(const char *name, bool value)
{
    return (log_field){.name = name, .type = LOG_TYPE_BOOL, .flag = value};
}

log_field log_request_id(slice id)
{
    return log_text("request_id", id);
}
