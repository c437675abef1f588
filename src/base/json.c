#include "base/json.h"

#include <jansson.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/secret.h"

/* ---- reading ---- */

/*
 * jansson limits nesting to 2048 by itself; the bound here is counted over the text before it
 * allocates anything. Brackets inside strings do not count.
 */
static status check_depth(slice text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if (in_string) {
            if (byte == '\\') i++;
            else if (byte == '"') in_string = false;
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                FAIL(BAD_INPUT, (int64_t)i, "json: values are nested too deeply");
            }
        } else if (byte == '}' || byte == ']') {
            if (depth > 0) depth--;
        }
    }
    return status_ok();
}

status json_open(slice text, struct json *document)
{
    REQUIRE(text.size <= JSON_SIZE_MAX, OVER_LIMIT, "json: text is too long");
    TRY(check_depth(text));
    json_error_t error;
    json_t *root = json_loadb((const char *)text.bytes, text.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root) {
        if (json_error_code(&error) == json_error_duplicate_key) {
            FAIL(BAD_INPUT, error.position, "json: a name appears twice in one object");
        }
        FAIL(BAD_INPUT, error.position, "json: text is not valid JSON");
    }
    *document = (struct json){.root = root};
    return status_ok();
}

/* Overwrites every string of a tree: jansson frees them as they are. */
static void wipe_strings(json_t *node)
{
    const char *name;
    json_t *child;
    size_t index;
    if (json_is_string(node)) {
        /* The tree is ours and dies next, so writing through its const view is sound. */
        union {
            const char *view;
            char *memory;
        } text = {json_string_value(node)};
        secret_wipe(text.memory, json_string_length(node));
    } else if (json_is_object(node)) {
        json_object_foreach(node, name, child) wipe_strings(child);
    } else if (json_is_array(node)) {
        json_array_foreach(node, index, child) wipe_strings(child);
    }
}

void json_close(struct json *document)
{
    if (document->root) {
        wipe_strings(document->root);
        json_decref(document->root);
    }
    *document = (struct json){0};
}

json_value json_top(struct json *document)
{
    return (json_value){.document = document, .node = document->root};
}

status json_top_object(struct json *document, json_value *object)
{
    const json_value top = json_top(document);
    REQUIRE(json_value_is_object(&top), BAD_INPUT, "must be a JSON object");
    *object = top;
    return status_ok();
}

bool json_value_is_object(const json_value *value)
{
    return json_is_object((const json_t *)value->node);
}

bool json_value_is_array(const json_value *value)
{
    return json_is_array((const json_t *)value->node);
}

bool json_value_is_string(const json_value *value)
{
    return json_is_string((const json_t *)value->node);
}

bool json_value_is_null(const json_value *value)
{
    return json_is_null((const json_t *)value->node);
}

static const json_t *field(const json_value *object, const char *name)
{
    return json_object_get(object->node, name);
}

bool json_has(const json_value *object, const char *name)
{
    return field(object, name) != NULL;
}

bool json_has_value(const json_value *object, const char *name)
{
    const json_t *node = field(object, name);
    return node && !json_is_null(node);
}

/* Keeps the steps from the outermost value down to `value`. */
static void note_where(const json_value *value)
{
    struct json *document = value->document;
    size_t count = 0;
    for (const json_value *at = value; at->parent; at = at->parent) count++;
    document->where_count = count <= JSON_WHERE_COUNT_MAX ? count : 0;
    for (const json_value *at = value; at->parent; at = at->parent) {
        if (--count < JSON_WHERE_COUNT_MAX) document->where[count] = at->step;
    }
}

static json_value child_of(const json_value *object, const char *name)
{
    return (json_value){object->document, field(object, name), object, {name, 0}};
}

status json_refuse(const json_value *object, const char *name, status result)
{
    if (status_is_ok(result)) return result;
    const json_value refused = name ? child_of(object, name) : *object;
    note_where(&refused);
    return result;
}

static status check_present(const json_value *value)
{
    REQUIRE(value->node, BAD_INPUT, "is missing");
    REQUIRE(!json_value_is_null(value), BAD_INPUT, "must not be null");
    return status_ok();
}

/* Reads a present value as an object, array, string, number or truth value. */

static status check_object(const json_value *value)
{
    TRY(check_present(value));
    REQUIRE(json_value_is_object(value), BAD_INPUT, "must be an object");
    return status_ok();
}

static status check_array(const json_value *value, size_t count_max)
{
    TRY(check_present(value));
    REQUIRE(json_value_is_array(value), BAD_INPUT, "must be an array");
    REQUIRE(json_count(value) <= count_max, BAD_INPUT, "has too many elements");
    return status_ok();
}

static status take_text(const json_value *value, size_t size_min, size_t size_max, slice *text)
{
    TRY(check_present(value));
    REQUIRE(json_value_is_string(value), BAD_INPUT, "must be a string");
    const size_t size = json_string_length(value->node);
    REQUIRE(size >= size_min, BAD_INPUT, "is too short");
    REQUIRE(size <= size_max, BAD_INPUT, "is too long");
    *text = slice_of(json_string_value(value->node), size);
    return status_ok();
}

static status take_u64(const json_value *value, uint64_t value_max, uint64_t *number)
{
    TRY(check_present(value));
    REQUIRE(json_is_integer((const json_t *)value->node), BAD_INPUT, "must be an integer number");
    const json_int_t integer = json_integer_value(value->node);
    REQUIRE(integer >= 0, BAD_INPUT, "must not be negative");
    REQUIRE((uint64_t)integer <= value_max, BAD_INPUT, "is too large");
    *number = (uint64_t)integer;
    return status_ok();
}

status json_read_value(const json_value *object, const char *name, json_value *value)
{
    const json_value child = child_of(object, name);
    TRY(json_refuse(object, name, check_present(&child)));
    *value = child;
    return status_ok();
}

status json_read_object(const json_value *object, const char *name, json_value *value)
{
    const json_value child = child_of(object, name);
    TRY(json_refuse(object, name, check_object(&child)));
    *value = child;
    return status_ok();
}

status json_read_array(const json_value *object, const char *name, size_t count_max,
                       json_value *value)
{
    const json_value child = child_of(object, name);
    TRY(json_refuse(object, name, check_array(&child, count_max)));
    *value = child;
    return status_ok();
}

status json_read_string(const json_value *object, const char *name, size_t size_min,
                        size_t size_max, slice *text)
{
    const json_value child = child_of(object, name);
    return json_value_text(&child, size_min, size_max, text);
}

status json_read_u64(const json_value *object, const char *name, uint64_t value_max,
                     uint64_t *value)
{
    const json_value child = child_of(object, name);
    return json_refuse(object, name, take_u64(&child, value_max, value));
}

static status take_bool(const json_value *value, bool *truth)
{
    TRY(check_present(value));
    REQUIRE(json_is_boolean((const json_t *)value->node), BAD_INPUT, "must be true or false");
    *truth = json_is_true((const json_t *)value->node);
    return status_ok();
}

status json_read_bool(const json_value *object, const char *name, bool *value)
{
    const json_value child = child_of(object, name);
    return json_refuse(object, name, take_bool(&child, value));
}

size_t json_count(const json_value *value)
{
    return json_value_is_array(value) ? json_array_size(value->node)
                                      : json_object_size(value->node);
}

json_value json_at(const json_value *array, size_t index)
{
    return (json_value){array->document, json_array_get(array->node, index), array, {NULL, index}};
}

slice json_name_at(const json_value *object, size_t index)
{
    /* jansson's iterator wants a writable object although it only looks. */
    union {
        const void *view;
        json_t *node;
    } tree = {object->node};
    void *iterator = json_object_iter(tree.node);
    for (size_t i = 0; i < index && iterator; i++) {
        iterator = json_object_iter_next(tree.node, iterator);
    }
    return iterator ? slice_text(json_object_iter_key(iterator)) : slice_of(NULL, 0);
}

status json_value_text(const json_value *value, size_t size_min, size_t size_max, slice *text)
{
    return json_refuse(value, NULL, take_text(value, size_min, size_max, text));
}

static bool is_among(slice name, const char *const *names, size_t name_count)
{
    for (size_t i = 0; i < name_count; i++) {
        if (slice_equal(name, slice_text(names[i]))) return true;
    }
    return false;
}

static status check_names(const json_value *object, const char *const *names, size_t name_count)
{
    for (size_t i = 0; i < json_count(object); i++) {
        if (is_among(json_name_at(object, i), names, name_count)) continue;
        FAIL(BAD_INPUT, (int64_t)i, "has a field that is not known here");
    }
    return status_ok();
}

status json_only(const json_value *object, const char *const *names, size_t name_count)
{
    return json_refuse(object, NULL, check_names(object, names, name_count));
}

void json_where(const struct json *document, struct builder *path)
{
    for (size_t i = 0; i < document->where_count; i++) {
        const struct json_step *step = &document->where[i];
        if (step->name) {
            if (i > 0) builder_put_text(path, ".");
            builder_put_text(path, step->name);
        } else {
            builder_put_text(path, "[");
            builder_put_decimal(path, step->index);
            builder_put_text(path, "]");
        }
    }
}

/* ---- writing ---- */

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

/* The size of the UTF-8 character at the front (RFC 3629), or 0 when there is none. */
static size_t character_size(slice text)
{
    const uint8_t first = text.bytes[0];
    if (first < 0x80) return 1;
    const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > text.size) return 0;
    /* The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF. */
    const uint8_t second_min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const uint8_t second_max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text.bytes[1] < second_min || text.bytes[1] > second_max) return 0;
    for (size_t i = 2; i < size; i++) {
        if (text.bytes[i] < 0x80 || text.bytes[i] > 0xbf) return 0;
    }
    return size;
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
    const size_t size = character_size(text);
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

void json_put_value(struct builder *builder, const json_value *value)
{
    put_comma(builder);
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    const size_t size = json_dumpb(value->node, NULL, 0, flags);
    uint8_t *space = builder_space(builder, size);
    if (space && size > 0) json_dumpb(value->node, (char *)space, size, flags);
}
