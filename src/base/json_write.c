#include "base/json_write.h"

#include <assert.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"

void json_write_init(struct json_writer *writer, struct builder *builder)
{
    *writer = (struct json_writer){.builder = builder, .start = builder_mark(builder)};
}

status json_write_finish(const struct json_writer *writer, slice *text)
{
    assert(writer->depth == 0 && writer->has_predecessor);
    return builder_finish_since(writer->builder, writer->start, text);
}

static bool is_in_object(const struct json_writer *writer)
{
    return writer->depth > 0 && (writer->is_object & 1u) != 0;
}

static void put_comma(struct json_writer *writer)
{
    if (writer->has_predecessor) builder_put_u8(writer->builder, ',');
    writer->has_predecessor = true;
}

/* A value may stand here: after its name, in an array, or as the whole text. */
static void begin_value(struct json_writer *writer)
{
    assert(writer->is_named == is_in_object(writer));
    assert(writer->depth > 0 || !writer->has_predecessor);
    if (!writer->is_named) put_comma(writer);
    writer->is_named = false;
}

static void open_container(struct json_writer *writer, bool is_object)
{
    begin_value(writer);
    assert(writer->depth < JSON_WRITE_DEPTH_MAX);
    writer->is_object = writer->is_object << 1 | (is_object ? 1u : 0u);
    writer->depth++;
    writer->has_predecessor = false;
    builder_put_u8(writer->builder, is_object ? '{' : '[');
}

static void close_container(struct json_writer *writer, bool is_object)
{
    assert(writer->depth > 0 && is_in_object(writer) == is_object && !writer->is_named);
    writer->is_object >>= 1;
    writer->depth--;
    writer->has_predecessor = true;
    builder_put_u8(writer->builder, is_object ? '}' : ']');
}

void json_write_object_open(struct json_writer *writer)
{
    open_container(writer, true);
}

void json_write_object_close(struct json_writer *writer)
{
    close_container(writer, true);
}

void json_write_array_open(struct json_writer *writer)
{
    open_container(writer, false);
}

void json_write_array_close(struct json_writer *writer)
{
    close_container(writer, false);
}

static void put_control(struct builder *builder, uint8_t byte)
{
    builder_put_text(builder, "\\u00");
    hex_put(builder, slice_of(&byte, 1));
}

/* How many bytes at the front are written as they are: most texts are nothing else. */
static size_t plain_size(slice text)
{
    size_t size = 0;
    while (size < text.size && text.bytes[size] >= 0x20 && text.bytes[size] < 0x7f &&
           text.bytes[size] != '"' && text.bytes[size] != '\\') {
        size++;
    }
    return size;
}

/* Writes the one character at the front; returns how many bytes of the text it took. */
static size_t put_special(struct builder *builder, slice text)
{
    const uint8_t byte = text.bytes[0];
    const size_t size = utf8_character_size(text);
    if (size == 0) {
        builder_put_text(builder, "\xef\xbf\xbd");
        return 1;
    }
    if (byte == '"' || byte == '\\') {
        builder_put_text(builder, "\\");
        builder_put_u8(builder, byte);
    } else if (byte < 0x20 || byte == 0x7f) put_control(builder, byte);
    else builder_put(builder, slice_part(text, 0, size));
    return size;
}

static void put_quoted(struct builder *builder, slice text)
{
    builder_put_u8(builder, '"');
    while (text.size > 0) {
        size_t size = plain_size(text);
        if (size > 0) builder_put(builder, slice_part(text, 0, size));
        else size = put_special(builder, text);
        text = slice_part(text, size, text.size);
    }
    builder_put_u8(builder, '"');
}

void json_write_name_of(struct json_writer *writer, slice name)
{
    assert(is_in_object(writer) && !writer->is_named);
    put_comma(writer);
    put_quoted(writer->builder, name);
    builder_put_u8(writer->builder, ':');
    writer->is_named = true;
}

void json_write_name(struct json_writer *writer, const char *name)
{
    json_write_name_of(writer, slice_text(name));
}

void json_write_string(struct json_writer *writer, slice text)
{
    begin_value(writer);
    put_quoted(writer->builder, text);
}

void json_write_text(struct json_writer *writer, const char *text)
{
    json_write_string(writer, slice_text(text));
}

void json_write_raw(struct json_writer *writer, slice json)
{
    begin_value(writer);
    builder_put(writer->builder, json);
}

void json_write_u64(struct json_writer *writer, uint64_t value)
{
    begin_value(writer);
    builder_put_decimal(writer->builder, value);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    json_write_raw(writer, slice_text(value ? "true" : "false"));
}

void json_write_null(struct json_writer *writer)
{
    json_write_raw(writer, slice_text("null"));
}

struct builder *json_write_string_open(struct json_writer *writer)
{
    begin_value(writer);
    builder_put_u8(writer->builder, '"');
    return writer->builder;
}

void json_write_string_close(struct json_writer *writer)
{
    builder_put_u8(writer->builder, '"');
}

void json_write_hex_0x(struct json_writer *writer, slice bytes)
{
    hex_put_0x(json_write_string_open(writer), bytes);
    json_write_string_close(writer);
}

void json_write_hex(struct json_writer *writer, slice bytes)
{
    hex_put(json_write_string_open(writer), bytes);
    json_write_string_close(writer);
}

void json_write_base64(struct json_writer *writer, slice bytes)
{
    base64_put(json_write_string_open(writer), bytes);
    json_write_string_close(writer);
}
