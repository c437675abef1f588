#include "base/json.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"

/* A comma belongs before a value or name unless it opens a container or follows its name. */
static void put_comma(struct builder *builder)
{
    if (builder->size == 0) return;
    const uint8_t last = builder->bytes[builder->size - 1];
    if (last != '{' && last != '[' && last != ':' && last != '\n') builder_put_text(builder, ",");
}

void json_put_object_open(struct builder *builder)
{
    put_comma(builder);
    builder_put_text(builder, "{");
}

void json_put_object_close(struct builder *builder)
{
    builder_put_text(builder, "}");
}

void json_put_array_open(struct builder *builder)
{
    put_comma(builder);
    builder_put_text(builder, "[");
}

void json_put_array_close(struct builder *builder)
{
    builder_put_text(builder, "]");
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

void json_put_string(struct builder *builder, slice text)
{
    put_comma(builder);
    builder_put_text(builder, "\"");
    while (text.size > 0) {
        size_t size = plain_size(text);
        if (size > 0) builder_put(builder, slice_part(text, 0, size));
        else size = put_special(builder, text);
        text = slice_part(text, size, text.size);
    }
    builder_put_text(builder, "\"");
}

void json_put_text(struct builder *builder, const char *text)
{
    json_put_string(builder, slice_text(text));
}

void json_put_name(struct builder *builder, const char *name)
{
    json_put_text(builder, name);
    builder_put_text(builder, ":");
}

void json_put_raw(struct builder *builder, slice json)
{
    put_comma(builder);
    builder_put(builder, json);
}

void json_put_u64(struct builder *builder, uint64_t value)
{
    put_comma(builder);
    builder_put_decimal(builder, value);
}

void json_put_bool(struct builder *builder, bool value)
{
    json_put_raw(builder, slice_text(value ? "true" : "false"));
}

void json_put_null(struct builder *builder)
{
    json_put_raw(builder, slice_text("null"));
}

void json_put_hex_0x(struct builder *builder, slice bytes)
{
    put_comma(builder);
    builder_put_text(builder, "\"");
    hex_put_0x(builder, bytes);
    builder_put_text(builder, "\"");
}

void json_put_hex(struct builder *builder, slice bytes)
{
    put_comma(builder);
    builder_put_text(builder, "\"");
    hex_put(builder, bytes);
    builder_put_text(builder, "\"");
}

void json_put_base64(struct builder *builder, slice bytes)
{
    put_comma(builder);
    builder_put_text(builder, "\"");
    base64_put(builder, bytes);
    builder_put_text(builder, "\"");
}
