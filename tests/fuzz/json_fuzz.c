/*
 * json: any bytes are refused or read; what was read is walked, and written again it is the same.
 */
#include <assert.h>

#include "base/json_read.h"
#include "base/json_write.h"

enum { MEMORY_SIZE = 32 << 20 };

static void write_value(struct json_writer *writer, const json_value *value)
{
    slice text;
    if (json_value_is_object(value)) {
        json_write_object_open(writer);
        for (json_value at = json_first(value); json_is_there(&at); at = json_next(&at)) {
            json_write_name_of(writer, json_name(&at));
            write_value(writer, &at);
        }
        json_write_object_close(writer);
    } else if (json_value_is_array(value)) {
        json_write_array_open(writer);
        for (json_value at = json_first(value); json_is_there(&at); at = json_next(&at)) {
            write_value(writer, &at);
        }
        json_write_array_close(writer);
    } else if (status_is_ok(json_value_text(value, 0, JSON_SIZE_MAX, &text))) {
        json_write_string(writer, text);
    } else {
        json_write_raw(writer, json_value_raw(value));
    }
}

static slice written(struct json *document, struct arena *arena)
{
    struct builder builder;
    struct json_writer writer;
    slice text = {0};
    const json_value top = json_top(document);
    /* An escaped control character takes six bytes. */
    builder_init_arena(&builder, arena, 6 * (size_t)JSON_SIZE_MAX);
    json_write_init(&writer, &builder);
    write_value(&writer, &top);
    const status finished = json_write_finish(&writer, &text);
    assert(status_is_ok(finished));
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    SCOPED(arena_close) struct arena arena = {0};
    struct json document = {0}, again = {0};
    if (size > 1 << 16 || !status_is_ok(arena_open(&arena, MEMORY_SIZE))) return 0;
    if (!status_is_ok(json_open(slice_of(bytes, size), &arena, &document))) return 0;
    const slice first = written(&document, &arena);
    const status opened = json_open(first, &arena, &again);
    assert(status_is_ok(opened));
    assert(slice_equal(first, written(&again, &arena)));
    return 0;
}
