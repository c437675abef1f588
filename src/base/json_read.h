/*
 * json_read: RFC 8259 text, read strictly.
 *
 * Refused beyond what the RFC refuses: names that come twice in one object, nesting deeper than
 * JSON_DEPTH_MAX, lone surrogates, and U+0000 in strings. A number of any form may stand in a text,
 * but what is read from it is an integer within a range; there is no double.
 *
 * Reading costs memory of the caller's arena and nothing else: JSON_TOKEN_SIZE bytes for each value
 * and name, and a copy of those strings that have escapes. A document lives as long as that memory
 * and the text; its strings are views of either.
 *
 * A typed reader that refuses also notes which value it looked at. json_where says it as a path,
 * "message[3].gas": the names in it are ones that the program itself asked for; a field that the
 * program came across is its index in the object. So no path carries a caller's text.
 */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json_parse.h"
#include "base/slice.h"
#include "base/status.h"

/* A parsed document. `{0}` is closed. */
struct json {
    slice text;
    struct json_token *tokens; /* in the order of the text, the outermost value first */
    slice decoded;             /* the strings that have escapes, without them */
    uint32_t refused;          /* the token refused last, or the object that lacks `refused_name` */
    const char *refused_name;  /* a literal, or NULL */
};

/* A value inside a document, or none; valid as long as the document. Copied freely. */
typedef struct json_value {
    struct json *document;
    uint32_t token;
} json_value;

/*
 * Reads a whole text. BAD_INPUT when it is not strict JSON (detail: byte offset), OVER_LIMIT when it
 * is longer than JSON_SIZE_MAX or needs more memory than the arena has. On failure the arena holds
 * what it held before.
 */
MUST_CHECK status json_open(slice text, struct arena *arena, struct json *document);
/* Wipes the decoded strings. The memory is the arena's and comes back with it. */
void json_close(struct json *document);

/* The outermost value, of whatever type. */
json_value json_top(struct json *document);
/* The outermost value, which must be an object. */
MUST_CHECK status json_top_object(struct json *document, json_value *object);

bool json_value_is_object(const json_value *value);
bool json_value_is_array(const json_value *value);
bool json_value_is_string(const json_value *value);
bool json_value_is_number(const json_value *value);
bool json_value_is_null(const json_value *value);

/* True when the object has this field, also when it is null. */
bool json_has(const json_value *object, const char *name);
/* True when the object has this field and it is not null. */
bool json_has_value(const json_value *object, const char *name);

/*
 * The field `name`, a literal, of an object, read as one type. BAD_INPUT when it is absent, null, of
 * another type or outside the bounds.
 */
MUST_CHECK status json_read_value(const json_value *object, const char *name, json_value *value);
MUST_CHECK status json_read_object(const json_value *object, const char *name, json_value *value);
MUST_CHECK status json_read_array(const json_value *object, const char *name, size_t count_max,
                                  json_value *value);
/* A string of `size_min` to `size_max` bytes of UTF-8. */
MUST_CHECK status json_read_string(const json_value *object, const char *name, size_t size_min,
                                   size_t size_max, slice *text);
/* An integer of 0 to `value_max`, written without fraction and exponent. */
MUST_CHECK status json_read_u64(const json_value *object, const char *name, uint64_t value_max,
                                uint64_t *value);
MUST_CHECK status json_read_bool(const json_value *object, const char *name, bool *value);

/*
 * Walking an array's elements or an object's members, in the order of the text:
 *
 *     for (json_value item = json_first(&array); json_is_there(&item); item = json_next(&item))
 */
json_value json_first(const json_value *container);
json_value json_next(const json_value *item);
bool json_is_there(const json_value *item);
/* The name of an object's member, the caller's own text; empty for anything else. */
slice json_name(const json_value *member);

/* How many elements an array or members an object has; 0 for anything else. Counts them anew. */
size_t json_count(const json_value *value);

/* The value itself, read as a string of `size_min` to `size_max` bytes. */
MUST_CHECK status json_value_text(const json_value *value, size_t size_min, size_t size_max,
                                  slice *text);

/* The value as it stands in the text, for relaying it. */
slice json_value_raw(const json_value *value);

/* BAD_INPUT when the object has a field that is not among `names`. */
MUST_CHECK status json_only(const json_value *object, const char *const *names, size_t name_count);

/*
 * Notes `object`'s field `name` (NULL: the object itself) as the one refused, for rules that the
 * caller checks, and returns `result` unchanged. A success notes nothing.
 */
MUST_CHECK status json_refuse(const json_value *object, const char *name, status result);

/* Appends the path of the value refused last, "a.b[3].c"; nothing for the outermost one or none. */
void json_where(const struct json *document, struct builder *path);

#endif
