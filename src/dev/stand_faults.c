#include "dev/stand_faults.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "base/builder.h"
#include "base/json.h"

enum { FAULT_MEMORY_SIZE = 8192 }; /* for reading one */

static const char *const kind_names[STAND_FAULT_KIND_COUNT] = {
    [STAND_FAULT_NONE] = "",
    [STAND_FAULT_DELAY] = "delay",
    [STAND_FAULT_STATUS] = "status",
    [STAND_FAULT_THROTTLE] = "throttle",
    [STAND_FAULT_ERROR] = "error",
    [STAND_FAULT_CUT] = "cut",
    [STAND_FAULT_GARBAGE] = "garbage",
    [STAND_FAULT_SILENCE] = "silence",
    [STAND_FAULT_WRONG_KEY] = "wrong_key",
    [STAND_FAULT_WRONG_RECIPIENT] = "wrong_recipient",
    [STAND_FAULT_CONSTRUCTED] = "constructed",
    [STAND_FAULT_PRIMITIVE] = "primitive",
    [STAND_FAULT_STALE] = "stale",
};

void stand_faults_init(struct stand_faults *faults)
{
    *faults = (struct stand_faults){0};
    pthread_mutex_init(&faults->mutex, NULL);
}

slice stand_name_view(const struct stand_name *name)
{
    return slice_of(name->bytes, name->size);
}

static void set_name(slice text, struct stand_name *name)
{
    text = slice_part(text, 0, STAND_NAME_SIZE_MAX);
    if (text.size > 0) memcpy(name->bytes, text.bytes, text.size);
    name->size = text.size;
}

void stand_faults_count_connection(struct stand_faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    faults->connection_count++;
    pthread_mutex_unlock(&faults->mutex);
}

void stand_faults_count_busy(struct stand_faults *faults, int64_t duration_us)
{
    pthread_mutex_lock(&faults->mutex);
    faults->busy_us += (uint64_t)duration_us;
    pthread_mutex_unlock(&faults->mutex);
}

static void count_operation(struct stand_faults *faults, slice operation)
{
    size_t i = 0;
    while (i < faults->counter_count &&
           !slice_equal(stand_name_view(&faults->counters[i].operation), operation)) {
        i++;
    }
    if (i == STAND_COUNTER_COUNT_MAX) return;
    if (i == faults->counter_count) {
        faults->counters[i] = (struct stand_counter){0};
        set_name(operation, &faults->counters[i].operation);
        faults->counter_count++;
    }
    faults->counters[i].count++;
}

static bool acts_on(const struct stand_fault *fault, slice operation)
{
    const slice wanted = stand_name_view(&fault->operation);
    return slice_equal(wanted, slice_text("*")) || slice_equal(wanted, operation);
}

static void remove_fault(struct stand_faults *faults, size_t at)
{
    for (size_t i = at + 1; i < faults->count; i++) faults->list[i - 1] = faults->list[i];
    faults->count--;
}

static void use_fault(struct stand_faults *faults, slice operation, struct stand_fault *fault)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (!acts_on(&faults->list[i], operation)) continue;
        *fault = faults->list[i];
        if (faults->list[i].left_count == 1) remove_fault(faults, i);
        else if (faults->list[i].left_count > 1) faults->list[i].left_count--;
        return;
    }
}

void stand_faults_take(struct stand_faults *faults, slice operation, struct stand_fault *fault)
{
    *fault = (struct stand_fault){0};
    pthread_mutex_lock(&faults->mutex);
    faults->request_count++;
    count_operation(faults, operation);
    use_fault(faults, operation, fault);
    pthread_mutex_unlock(&faults->mutex);
}

static void put_counters(struct stand_faults *faults, struct builder *json)
{
    json_put_object_open(json);
    json_put_name(json, "connections");
    json_put_u64(json, faults->connection_count);
    json_put_name(json, "requests");
    json_put_u64(json, faults->request_count);
    json_put_name(json, "busy_us");
    json_put_u64(json, faults->busy_us);
    json_put_name(json, "operations");
    json_put_object_open(json);
    for (size_t i = 0; i < faults->counter_count; i++) {
        json_put_string(json, stand_name_view(&faults->counters[i].operation));
        builder_put_text(json, ":");
        json_put_u64(json, faults->counters[i].count);
    }
    json_put_object_close(json);
    json_put_object_close(json);
}

static void put_faults(struct stand_faults *faults, struct builder *json)
{
    json_put_array_open(json);
    for (size_t i = 0; i < faults->count; i++) {
        const struct stand_fault *fault = &faults->list[i];
        json_put_object_open(json);
        json_put_name(json, "operation");
        json_put_string(json, stand_name_view(&fault->operation));
        json_put_name(json, "kind");
        json_put_text(json, kind_names[fault->kind]);
        json_put_name(json, "value");
        json_put_u64(json, fault->value);
        json_put_name(json, "count");
        json_put_u64(json, fault->left_count);
        json_put_object_close(json);
    }
    json_put_array_close(json);
}

static status read_kind(const json_value *object, enum stand_fault_kind *kind)
{
    slice text = {0};
    TRY(json_read_string(object, "kind", 1, STAND_NAME_SIZE_MAX, &text));
    for (int i = STAND_FAULT_NONE + 1; i < STAND_FAULT_KIND_COUNT; i++) {
        if (!slice_equal(text, slice_text(kind_names[i]))) continue;
        *kind = (enum stand_fault_kind)i;
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "faults: there is no such kind");
}

static status read_fault(slice body, struct stand_fault *fault)
{
    static const char *const names[] = {"operation", "kind", "value", "count", "name"};
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[FAULT_MEMORY_SIZE];
    struct arena arena;
    json_value object = {0};
    slice text = {0};
    arena_init(&arena, space, sizeof space);
    TRY(json_open(body, &arena, &document));
    TRY(json_top_object(&document, &object));
    TRY(json_only(&object, names, ARRAY_COUNT(names)));
    TRY(json_read_string(&object, "operation", 1, STAND_NAME_SIZE_MAX, &text));
    set_name(text, &fault->operation);
    TRY(read_kind(&object, &fault->kind));
    if (json_has(&object, "value")) {
        TRY(json_read_u64(&object, "value", INT64_MAX, &fault->value));
    }
    if (json_has(&object, "count")) {
        TRY(json_read_u64(&object, "count", INT64_MAX, &fault->left_count));
    }
    if (json_has(&object, "name")) {
        TRY(json_read_string(&object, "name", 1, STAND_NAME_SIZE_MAX, &text));
        set_name(text, &fault->name);
    }
    REQUIRE(fault->kind != STAND_FAULT_ERROR || fault->name.size > 0, BAD_INPUT,
            "faults: an error needs a name");
    REQUIRE(fault->kind != STAND_FAULT_STATUS || (fault->value >= 200 && fault->value <= 599),
            BAD_INPUT, "faults: a status must be 200 to 599");
    return status_ok();
}

static status add_fault(struct stand_faults *faults, slice body)
{
    struct stand_fault fault = {0};
    TRY(read_fault(body, &fault));
    REQUIRE(faults->count < STAND_FAULT_COUNT_MAX, OVER_LIMIT, "faults: too many are set");
    faults->list[faults->count++] = fault;
    return status_ok();
}

static void clear_counters(struct stand_faults *faults)
{
    faults->connection_count = faults->request_count = faults->busy_us = 0;
    faults->counter_count = 0;
}

/* One request under the lock; the text says what there is to see after it. */
static status control(struct stand_faults *faults, const struct http_request *request,
                      struct builder *text)
{
    const bool is_get = slice_equal(request->method, slice_text("GET"));
    const bool is_put = slice_equal(request->method, slice_text("PUT"));
    const bool is_delete = slice_equal(request->method, slice_text("DELETE"));
    if (slice_equal(request->target, slice_text("/counters")) && (is_get || is_delete)) {
        if (is_delete) clear_counters(faults);
        put_counters(faults, text);
        return status_ok();
    }
    if (slice_equal(request->target, slice_text("/faults")) && (is_get || is_put || is_delete)) {
        if (is_put) TRY(add_fault(faults, request->body));
        if (is_delete) faults->count = 0;
        put_faults(faults, text);
        return status_ok();
    }
    FAIL(NOT_FOUND, 0, "faults: there is no such thing to ask for");
}

void stand_faults_answer(struct stand_faults *faults, const struct http_request *request,
                         struct arena *arena, struct http_response *response)
{
    struct builder text;
    builder_init_arena(&text, arena, STAND_FAULTS_TEXT_SIZE_MAX);
    pthread_mutex_lock(&faults->mutex);
    const status result = control(faults, request, &text);
    pthread_mutex_unlock(&faults->mutex);
    if (status_is_ok(result)) {
        *response = (struct http_response){
            .code = 200, .reason = slice_text("OK"), .body = builder_view(&text)};
        return;
    }
    *response = (struct http_response){.code = status_is(result, FAILURE_NOT_FOUND) ? 404 : 400,
                                       .reason = slice_text("Refused"),
                                       .body = slice_text(status_message(result))};
}
