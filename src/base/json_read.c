#include "base/json_read.h"

#include <assert.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/secret.h"

/* The token of a value that is not there. The outermost value, 0, is nobody's child. */
enum { NOWHERE = 0 };

static const struct json_token *token_of(const json_value *value)
{
    return &value->document->tokens[value->token];
}

status json_open(slice text, struct arena *arena, struct json *document)
{
    const size_t mark = arena_mark(arena);
    struct json read = {.text = text};
    REQUIRE(text.size <= JSON_SIZE_MAX, OVER_LIMIT, "json: text is too long");
    const status result = json_parse(text, arena, &read.tokens, &read.decoded);
    if (!status_is_ok(result)) arena_rewind(arena, mark);
    else *document = read;
    return result;
}

void json_close(struct json *document)
{
    /* What was decoded is ours and dies now, so writing through its view is sound. */
    union {
        const uint8_t *view;
        uint8_t *memory;
    } decoded = {document->decoded.bytes};
    secret_wipe(decoded.memory, document->decoded.size);
    *document = (struct json){0};
}

json_value json_top(struct json *document)
{
    return (json_value){.document = document};
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
    return token_of(value)->kind == JSON_OBJECT;
}

bool json_value_is_array(const json_value *value)
{
    return token_of(value)->kind == JSON_ARRAY;
}

bool json_value_is_string(const json_value *value)
{
    return token_of(value)->kind == JSON_STRING;
}

bool json_value_is_number(const json_value *value)
{
    return token_of(value)->kind == JSON_NUMBER;
}

bool json_value_is_null(const json_value *value)
{
    return token_of(value)->kind == JSON_NULL;
}

/* ---- walking ---- */

bool json_is_there(const json_value *item)
{
    return item->token != NOWHERE;
}

/* The child that starts at `token`: a member's value follows its name. */
static json_value child_at(struct json *document, uint32_t parent, uint32_t token)
{
    if (token == document->tokens[parent].next) return (json_value){document, NOWHERE};
    const bool is_member = document->tokens[token].kind == JSON_NAME;
    return (json_value){document, is_member ? token + 1 : token};
}

json_value json_first(const json_value *container)
{
    if (!json_value_is_object(container) && !json_value_is_array(container)) {
        return (json_value){container->document, NOWHERE};
    }
    return child_at(container->document, container->token, container->token + 1);
}

json_value json_next(const json_value *item)
{
    const struct json_token *tokens = item->document->tokens;
    assert(json_is_there(item));
    return child_at(item->document, tokens[item->token].parent,
                    json_parse_skip(tokens, item->token));
}

size_t json_count(const json_value *value)
{
    size_t count = 0;
    for (json_value at = json_first(value); json_is_there(&at); at = json_next(&at)) count++;
    return count;
}

static slice text_at(const struct json *document, uint32_t token)
{
    return json_parse_text(document->text, document->decoded, &document->tokens[token]);
}

static bool is_member(const struct json *document, uint32_t token)
{
    return token != 0 && document->tokens[token - 1].kind == JSON_NAME;
}

slice json_name(const json_value *member)
{
    if (!is_member(member->document, member->token)) return (slice){0};
    return text_at(member->document, member->token - 1);
}

slice json_value_raw(const json_value *value)
{
    const struct json_token *token = token_of(value);
    const size_t quote_size = token->kind == JSON_STRING ? 1 : 0;
    return slice_part(value->document->text, token->offset - quote_size,
                      token->size + 2 * quote_size);
}

/* ---- fields ---- */

/* The field's value, or none. A name that was found is one that the program asked for. */
static json_value field(const json_value *object, const char *name)
{
    const slice wanted = slice_text(name);
    if (json_value_is_object(object)) {
        for (json_value at = json_first(object); json_is_there(&at); at = json_next(&at)) {
            if (!slice_equal(json_name(&at), wanted)) continue;
            object->document->tokens[at.token - 1].is_known = true;
            return at;
        }
    }
    return (json_value){object->document, NOWHERE};
}

bool json_has(const json_value *object, const char *name)
{
    const json_value value = field(object, name);
    return json_is_there(&value);
}

bool json_has_value(const json_value *object, const char *name)
{
    const json_value value = field(object, name);
    return json_is_there(&value) && !json_value_is_null(&value);
}

status json_refuse(const json_value *object, const char *name, status result)
{
    if (status_is_ok(result)) return result;
    const json_value value = name ? field(object, name) : *object;
    const bool is_missing = name && !json_is_there(&value);
    object->document->refused = is_missing ? object->token : value.token;
    object->document->refused_name = is_missing ? name : NULL;
    return result;
}

/* Whether an optional lookup found something that may be read at all. */
static status check_present(const json_value *value)
{
    REQUIRE(json_is_there(value), BAD_INPUT, "is missing");
    REQUIRE(!json_value_is_null(value), BAD_INPUT, "must not be null");
    return status_ok();
}

/* Read a value that is there as an object, array, string, number or truth value. */

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
    REQUIRE(!json_value_is_null(value), BAD_INPUT, "must not be null");
    REQUIRE(json_value_is_string(value), BAD_INPUT, "must be a string");
    const slice found = text_at(value->document, value->token);
    REQUIRE(found.size >= size_min, BAD_INPUT, "is too short");
    REQUIRE(found.size <= size_max, BAD_INPUT, "is too long");
    *text = found;
    return status_ok();
}

static status take_u64(const json_value *value, uint64_t value_max, uint64_t *number)
{
    TRY(check_present(value));
    REQUIRE(json_value_is_number(value), BAD_INPUT, "must be an integer number");
    const slice digits = json_value_raw(value);
    const bool is_integer = slice_index_of(digits, '.') == digits.size &&
                            slice_index_of(digits, 'e') == digits.size &&
                            slice_index_of(digits, 'E') == digits.size;
    REQUIRE(is_integer, BAD_INPUT, "must be an integer number");
    REQUIRE(digits.bytes[0] != '-', BAD_INPUT, "must not be negative");
    /* What is left are digits without a leading zero, so a failure can mean one thing only. */
    REQUIRE(status_is_ok(slice_parse_u64(digits, value_max, number)), BAD_INPUT, "is too large");
    return status_ok();
}

static status take_bool(const json_value *value, bool *truth)
{
    TRY(check_present(value));
    const uint8_t kind = token_of(value)->kind;
    REQUIRE(kind == JSON_TRUE || kind == JSON_FALSE, BAD_INPUT, "must be true or false");
    *truth = kind == JSON_TRUE;
    return status_ok();
}

status json_read_value(const json_value *object, const char *name, json_value *value)
{
    const json_value child = field(object, name);
    TRY(json_refuse(object, name, check_present(&child)));
    *value = child;
    return status_ok();
}

status json_read_object(const json_value *object, const char *name, json_value *value)
{
    const json_value child = field(object, name);
    TRY(json_refuse(object, name, check_object(&child)));
    *value = child;
    return status_ok();
}

status json_read_array(const json_value *object, const char *name, size_t count_max,
                       json_value *value)
{
    const json_value child = field(object, name);
    TRY(json_refuse(object, name, check_array(&child, count_max)));
    *value = child;
    return status_ok();
}

status json_read_string(const json_value *object, const char *name, size_t size_min,
                        size_t size_max, slice *text)
{
    json_value child;
    TRY(json_read_value(object, name, &child));
    return json_value_text(&child, size_min, size_max, text);
}

status json_read_u64(const json_value *object, const char *name, uint64_t value_max,
                     uint64_t *value)
{
    const json_value child = field(object, name);
    return json_refuse(object, name, take_u64(&child, value_max, value));
}

status json_read_bool(const json_value *object, const char *name, bool *value)
{
    const json_value child = field(object, name);
    return json_refuse(object, name, take_bool(&child, value));
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
    for (json_value at = json_first(object); json_is_there(&at); at = json_next(&at)) {
        if (is_among(json_name(&at), names, name_count)) continue;
        FAIL(BAD_INPUT, (int64_t)token_of(&at)->offset, "has a field that is not known here");
    }
    return status_ok();
}

status json_only(const json_value *object, const char *const *names, size_t name_count)
{
    return json_refuse(object, NULL, check_names(object, names, name_count));
}

/* ---- places ---- */

static size_t index_of(struct json *document, uint32_t token)
{
    const json_value parent = {document, document->tokens[token].parent};
    size_t index = 0;
    for (json_value at = json_first(&parent); at.token != token; at = json_next(&at)) index++;
    return index;
}

static void put_step(const struct json *document, uint32_t token, struct builder *path)
{
    const bool is_named = is_member(document, token) && document->tokens[token - 1].is_known;
    if (is_named) {
        if (document->tokens[token].parent != 0) builder_put_text(path, ".");
        builder_put(path, text_at(document, token - 1));
    } else {
        struct json view = *document;
        builder_put_text(path, "[");
        builder_put_decimal(path, index_of(&view, token));
        builder_put_text(path, "]");
    }
}

void json_where(const struct json *document, struct builder *path)
{
    uint32_t steps[JSON_DEPTH_MAX];
    size_t count = 0;
    if (!document->tokens) return;
    for (uint32_t at = document->refused; at != 0; at = document->tokens[at].parent) {
        assert(count < JSON_DEPTH_MAX);
        steps[count++] = at;
    }
    for (size_t i = count; i > 0; i--) put_step(document, steps[i - 1], path);
    if (!document->refused_name) return;
    if (count > 0) builder_put_text(path, ".");
    builder_put_text(path, document->refused_name);
}
