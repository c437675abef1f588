/*
 * json: RFC 8259 text, read strictly and written plainly.
 *
 * Reading is a layer over jansson. Refused beyond what the RFC refuses: duplicate names, nesting
 * deeper than JSON_DEPTH_MAX, bytes after the value, U+0000 in strings, and every number where a
 * typed reader does not expect one. Numbers are integers read within a range; there is no double.
 *
 * A typed reader that refuses also notes which field it looked at: json_where says it as a path
 * ("transaction.gas"), made of the program's own field names only, never of the caller's text.
 * Strings are views into the document and live as long as it.
 *
 * Writing appends to a builder and puts commas where they belong.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    JSON_DEPTH_MAX = 16,       /* values inside values; a transaction needs 5 */
    JSON_SIZE_MAX = 1 << 20,   /* bytes of text; callers with smaller bodies check first */
    JSON_WHERE_COUNT_MAX = 16, /* steps of a path */
};

/* One step of a path: a field's name (a literal), or an index when the name is NULL. */
struct json_step {
    const char *name;
    size_t index;
};

/* A parsed document. `{0}` is closed. */
struct json {
    void *root;                                   /* json_t */
    struct json_step where[JSON_WHERE_COUNT_MAX]; /* the field refused last */
    size_t where_count;
};

/* A value inside a document; valid as long as the document. Copied freely. */
typedef struct json_value {
    struct json *document;
    const void *node;                /* json_t */
    const struct json_value *parent; /* NULL for the outermost; must outlive this value */
    struct json_step step;           /* how the parent reaches it */
} json_value;

/* Reads a whole text. BAD_INPUT when it is not strict JSON (detail: byte offset). */
MUST_CHECK status json_open(slice text, struct json *document);
/* Wipes what the strings held, and releases. */
void json_close(struct json *document);

/* The outermost value, of whatever type. */
json_value json_top(struct json *document);
/* The outermost value, which must be an object. */
MUST_CHECK status json_top_object(struct json *document, json_value *object);

bool json_value_is_object(const json_value *value);
bool json_value_is_array(const json_value *value);
bool json_value_is_string(const json_value *value);
bool json_value_is_null(const json_value *value);

/* True when the object has this field, also when it is null. */
bool json_has(const json_value *object, const char *name);
/* True when the object has this field and it is not null. */
bool json_has_value(const json_value *object, const char *name);

/*
 * The field `name` of an object, read as one type. BAD_INPUT when it is absent, null, of another
 * type or outside the bounds. `object` must outlive a value read from it.
 */
MUST_CHECK status json_read_value(const json_value *object, const char *name, json_value *value);
MUST_CHECK status json_read_object(const json_value *object, const char *name, json_value *value);
MUST_CHECK status json_read_array(const json_value *object, const char *name, size_t count_max,
                                  json_value *value);
/* A string of `size_min` to `size_max` bytes of UTF-8. */
MUST_CHECK status json_read_string(const json_value *object, const char *name, size_t size_min,
                                   size_t size_max, slice *text);
/* An integer of 0 to `value_max` (at most 2^63 - 1). */
MUST_CHECK status json_read_u64(const json_value *object, const char *name, uint64_t value_max,
                                uint64_t *value);
MUST_CHECK status json_read_bool(const json_value *object, const char *name, bool *value);

/* How many elements an array or fields an object has; 0 for anything else. */
size_t json_count(const json_value *value);
/* The array's element at `index`, which must be below the count. `array` must outlive it. */
json_value json_at(const json_value *array, size_t index);
/* The object's field name at `index`, in order of appearance; the caller's own text. */
slice json_name_at(const json_value *object, size_t index);

/* The value itself, read as a string of `size_min` to `size_max` bytes. */
MUST_CHECK status json_value_text(const json_value *value, size_t size_min, size_t size_max,
                                  slice *text);

/* BAD_INPUT when the object has a field that is not among `names`. */
MUST_CHECK status json_only(const json_value *object, const char *const *names, size_t name_count);

/*
 * Notes `object`'s field `name` (NULL: the object itself) as the one refused, for rules that the
 * caller checks, and returns `result` unchanged. A success notes nothing.
 */
MUST_CHECK status json_refuse(const json_value *object, const char *name, status result);

/* Appends the path of the field refused last, "a.b[3].c"; nothing when there is none. */
void json_where(const struct json *document, struct builder *path);

/* Appends a value read from a document, for relaying one part of it. */
void json_put_value(struct builder *builder, const json_value *value);

void json_put_object_open(struct builder *builder);
void json_put_object_close(struct builder *builder);
void json_put_array_open(struct builder *builder);
void json_put_array_close(struct builder *builder);
/* A field's name; its value must follow. */
void json_put_name(struct builder *builder, const char *name);
/* Text is escaped; bytes that are not UTF-8 become U+FFFD. */
void json_put_string(struct builder *builder, slice text);
void json_put_text(struct builder *builder, const char *text);
void json_put_u64(struct builder *builder, uint64_t value);
void json_put_bool(struct builder *builder, bool value);
void json_put_null(struct builder *builder);
/* "0x…" and plain hex and base64 strings. */
void json_put_hex_0x(struct builder *builder, slice bytes);
void json_put_hex(struct builder *builder, slice bytes);
void json_put_base64(struct builder *builder, slice bytes);
/* Text that is JSON already. */
void json_put_raw(struct builder *builder, slice json);

#endif
