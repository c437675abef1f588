/*
 * json_differential: reads texts from standard input, each behind its size in four bytes, and prints
 * for each either the value written again or "refused", one line each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json_read.h"
#include "base/json_write.h"

enum { TEXT_SIZE_MAX = 1 << 16, MEMORY_SIZE = 8 << 20 };

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
    } else if (status_is_ok(json_value_text(value, 0, TEXT_SIZE_MAX, &text))) {
        json_write_string(writer, text);
    } else {
        json_write_raw(writer, json_value_raw(value));
    }
}

static void answer(slice text, struct arena *arena)
{
    struct json document = {0};
    struct json_writer writer;
    struct builder builder;
    slice written = {0};
    if (!status_is_ok(json_open(text, arena, &document))) {
        puts("refused");
        return;
    }
    const json_value top = json_top(&document);
    builder_init_arena(&builder, arena, 6 * TEXT_SIZE_MAX);
    json_write_init(&writer, &builder);
    write_value(&writer, &top);
    if (!status_is_ok(json_write_finish(&writer, &written))) abort();
    printf("%.*s\n", (int)written.size, (const char *)written.bytes);
}

int main(void)
{
    static uint8_t text[TEXT_SIZE_MAX];
    uint8_t head[4];
    struct arena arena = {0};
    if (!status_is_ok(arena_open(&arena, MEMORY_SIZE))) return 2;
    while (fread(head, sizeof head, 1, stdin) == 1) {
        const size_t size =
            (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (size > sizeof text || fread(text, 1, size, stdin) != size) return 2;
        answer(slice_of(text, size), &arena);
        arena_empty(&arena);
    }
    arena_close(&arena);
    return 0;
}
