/*
 * json_write: RFC 8259 text, written plainly.
 *
 * A writer keeps in mind where it stands, so commas come by themselves and the text cannot be out of
 * shape: a value without its name, a name without its value, a container closed by another's end or
 * left open are mistakes of the program and stop it. What does not fit overflows the builder, as
 * everywhere. Blanks are never written.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum { JSON_WRITE_DEPTH_MAX = 32 }; /* containers inside containers */

/* One text being written: one value, of any type. */
struct json_writer {
    struct builder *builder;
    size_t start;         /* where the text begins in the builder */
    uint32_t is_object;   /* one bit a level, the innermost lowest; the others are arrays */
    unsigned depth;       /* containers that are open */
    bool has_predecessor; /* a comma must stand before what comes next */
    bool is_named;        /* the next thing is this name's value */
};

/* Starts a text at the end of what the builder holds. */
void json_write_init(struct json_writer *writer, struct builder *builder);

/* Delivers the text, which must be whole; OVER_LIMIT when something did not fit. */
MUST_CHECK status json_write_finish(const struct json_writer *writer, slice *text);

void json_write_object_open(struct json_writer *writer);
void json_write_object_close(struct json_writer *writer);
void json_write_array_open(struct json_writer *writer);
void json_write_array_close(struct json_writer *writer);

/* A field's name; its value must follow. */
void json_write_name(struct json_writer *writer, const char *name);
/* A field's name that is not the program's own text. */
void json_write_name_of(struct json_writer *writer, slice name);

/* Text is escaped; bytes that are not UTF-8 become U+FFFD. */
void json_write_string(struct json_writer *writer, slice text);
void json_write_text(struct json_writer *writer, const char *text);
void json_write_u64(struct json_writer *writer, uint64_t value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* Strings of "0x…", of plain hex and of base64. */
void json_write_hex_0x(struct json_writer *writer, slice bytes);
void json_write_hex(struct json_writer *writer, slice bytes);
void json_write_base64(struct json_writer *writer, slice bytes);
/* A value that is JSON already. */
void json_write_raw(struct json_writer *writer, slice json);

/* A string made of pieces that need no escaping: the caller writes them in between. */
struct builder *json_write_string_open(struct json_writer *writer);
void json_write_string_close(struct json_writer *writer);

#endif
