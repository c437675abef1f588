#include "base/json_read.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "runner.h"

static const char FIELDS[] =
    "{\"text\":\"h\\u00e9\",\"number\":7,\"largest\":18446744073709551615,\"larger\":"
    "18446744073709551616,\"exponent\":1e0,\"whole real\":1.0,\"minus "
    "zero\":-0,\"zero\":0,\"negative\":-1,"
    "\"real\":1.5,\"yes\":true,\"no\":false,\"nothing\":null,\"object\":{\"inner\":{\"x\":1}},"
    "\"array\":[10,{\"y\":2},\"s\"],\"empty\":\"\"}";

static bool open_fields(struct json *document, json_value *top)
{
    return expect_ok("open", json_open(slice_text(FIELDS), runner_arena(), document)) &&
           expect_ok("top", json_top_object(document, top));
}

static void expect_where(const struct json *document, const char *wanted)
{
    char memory[128];
    struct builder path;
    builder_init(&path, memory, sizeof memory);
    json_where(document, &path);
    expect_text("where", builder_view(&path), wanted);
}

static void strings(void)
{
    static const struct {
        const char *name;
        size_t size_min, size_max;
        const char *refusal;
    } rows[] = {
        {"text", 0, 3, NULL},
        {"text", 3, 3, NULL},
        {"text", 4, 9, "is too short"},
        {"text", 0, 2, "is too long"},
        {"empty", 0, 0, NULL},
        {"empty", 1, 9, "is too short"},
        {"absent", 0, 9, "is missing"},
        {"nothing", 0, 9, "must not be null"},
        {"number", 0, 9, "must be a string"},
        {"object", 0, 9, "must be a string"},
    };
    SCOPED(json_close) struct json document = {0};
    json_value top;
    if (!open_fields(&document, &top)) return;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        slice text = {0};
        runner_row_at(rows[i].name, i);
        const status got =
            json_read_string(&top, rows[i].name, rows[i].size_min, rows[i].size_max, &text);
        expect_outcome("read", got, rows[i].refusal);
        if (rows[i].refusal) expect_where(&document, rows[i].name);
        else expect_text("text", text, strcmp(rows[i].name, "text") == 0 ? "h\xc3\xa9" : "");
    }
}

static void numbers(void)
{
    static const struct {
        const char *name;
        uint64_t value_max, value;
        const char *refusal;
    } rows[] = {
        {"number", 7, 7, NULL},
        {"number", 6, 0, "is too large"},
        {"largest", UINT64_MAX, UINT64_MAX, NULL},
        {"largest", UINT64_MAX - 1, 0, "is too large"},
        {"larger", UINT64_MAX, 0, "is too large"},
        {"exponent", 9, 0, "must be an integer number"},
        {"whole real", 9, 0, "must be an integer number"},
        {"minus zero", 9, 0, "must not be negative"},
        {"zero", 0, 0, NULL},
        {"negative", 9, 0, "must not be negative"},
        {"real", 9, 0, "must be an integer number"},
        {"text", 9, 0, "must be an integer number"},
        {"yes", 9, 0, "must be an integer number"},
        {"absent", 9, 0, "is missing"},
        {"nothing", 9, 0, "must not be null"},
    };
    SCOPED(json_close) struct json document = {0};
    json_value top;
    if (!open_fields(&document, &top)) return;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t value = 0;
        runner_row_at(rows[i].name, i);
        expect_outcome("read", json_read_u64(&top, rows[i].name, rows[i].value_max, &value),
                       rows[i].refusal);
        expect_u64("value", value, rows[i].value);
        if (rows[i].refusal) expect_where(&document, rows[i].name);
    }
}

static void truths(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value top;
    bool value = false;
    if (!open_fields(&document, &top)) return;
    expect_ok("yes", json_read_bool(&top, "yes", &value));
    expect_true("yes", value);
    expect_ok("no", json_read_bool(&top, "no", &value));
    expect_true("no", !value);
    expect_refused("number", json_read_bool(&top, "number", &value), "must be true or false");
    expect_where(&document, "number");
    expect_refused("absent", json_read_bool(&top, "absent", &value), "is missing");
}

static void containers(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value top, object, inner, array, value;
    uint64_t number;
    slice text;
    if (!open_fields(&document, &top)) return;
    expect_ok("object", json_read_object(&top, "object", &object));
    expect_ok("inner", json_read_object(&object, "inner", &inner));
    expect_refused("deep", json_read_u64(&inner, "x", 0, &number), "is too large");
    expect_where(&document, "object.inner.x");
    expect_refused("array as object", json_read_object(&top, "array", &object),
                   "must be an object");
    expect_refused("absent object", json_read_object(&top, "absent", &object), "is missing");
    expect_ok("array", json_read_array(&top, "array", 3, &array));
    expect_refused("too many", json_read_array(&top, "array", 2, &value), "has too many elements");
    expect_refused("object as array", json_read_array(&top, "object", 9, &value),
                   "must be an array");
    expect_refused("null array", json_read_array(&top, "nothing", 9, &value), "must not be null");
    expect_u64("count", json_count(&array), 3);
    expect_u64("fields", json_count(&top), 16);
    const json_value first = json_first(&array), second = json_next(&first),
                     third = json_next(&second);
    expect_true("object", json_value_is_object(&second) && !json_value_is_array(&second));
    expect_u64("count of a string", json_count(&third), 0);
    expect_refused("in an element", json_read_u64(&second, "z", 9, &number), "is missing");
    expect_where(&document, "array[1].z");
    expect_ok("element's text", json_value_text(&third, 1, 1, &text));
    expect_text("text", text, "s");
    expect_refused("element is no text", json_value_text(&second, 1, 1, &text), "must be a string");
    expect_where(&document, "array[1]");
    expect_ok("any value", json_read_value(&top, "yes", &value));
    expect_refused("absent value", json_read_value(&top, "absent", &value), "is missing");
    expect_refused("null value", json_read_value(&top, "nothing", &value), "must not be null");
}

static void questions(void)
{
    SCOPED(json_close) struct json document = {0}, number = {0};
    json_value top;
    if (!open_fields(&document, &top)) return;
    expect_true("has", json_has(&top, "text") && json_has(&top, "nothing"));
    expect_true("has not", !json_has(&top, "absent"));
    expect_true("has a value", json_has_value(&top, "text"));
    expect_true("has none", !json_has_value(&top, "nothing") && !json_has_value(&top, "absent"));
    expect_true("types", json_value_is_object(&top) && !json_value_is_string(&top) &&
                             !json_value_is_null(&top));
    expect_ok("number", json_open(slice_text("7"), runner_arena(), &number));
    expect_refused("no object", json_top_object(&number, &top), "must be a JSON object");
    const json_value seven = json_top(&number);
    expect_true("none of them", !json_value_is_object(&seven) && !json_value_is_array(&seven) &&
                                    !json_value_is_string(&seven) && !json_value_is_null(&seven));
}

static void names(void)
{
    static const char *const known[] = {"b", "a"};
    SCOPED(json_close) struct json document = {0};
    json_value top;
    if (!expect_ok("open", json_open(slice_text("{\"a\":1,\"b\":2}"), runner_arena(), &document)) ||
        !expect_ok("top", json_top_object(&document, &top))) {
        return;
    }
    expect_where(&document, "");
    expect_ok("known", json_only(&top, known, 2));
    expect_refused("not known", json_only(&top, known, 1), "has a field that is not known here");
    expect_ok("nothing to note", json_refuse(&top, "a", status_ok()));
    uint64_t value;
    expect_refused("caller's rule",
                   json_refuse(&top, "b", slice_parse_u64(slice_text("x"), 9, &value)),
                   "number: has a character that is not a digit");
    expect_where(&document, "b");
}

/* Places are told at the deepest level there is. */
static void deepest_path(void)
{
    char text[2 * JSON_DEPTH_MAX + 2], wanted[3 * JSON_DEPTH_MAX + 1];
    SCOPED(json_close) struct json document = {0};
    slice ignored;
    memset(text, '[', JSON_DEPTH_MAX);
    text[JSON_DEPTH_MAX] = '1';
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX);
    for (size_t i = 0; i < JSON_DEPTH_MAX; i++) memcpy(wanted + 3 * i, "[0]", 3);
    wanted[3 * JSON_DEPTH_MAX] = '\0';
    if (!expect_ok("open", json_open(slice_of(text, sizeof text - 1), runner_arena(), &document))) {
        return;
    }
    json_value at = json_top(&document);
    for (size_t i = 0; i < JSON_DEPTH_MAX; i++) at = json_first(&at);
    expect_refused("the innermost", json_value_text(&at, 0, 1, &ignored), "must be a string");
    expect_where(&document, wanted);
}

/* A path names what the program asked for; what it came across is an index. */
static void places(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value top, message, list;
    slice text;
    uint64_t number;
    expect_where(&document, "");
    if (!expect_ok("open", json_open(slice_text("{\"x\":0,\"message\":[0,[1],{\"a\":0,"
                                                "\"secret\":{\"b\":[7]}}],\"b\":1}"),
                                     runner_arena(), &document)) ||
        !expect_ok("top", json_top_object(&document, &top)) ||
        !expect_ok("message", json_read_array(&top, "message", 9, &message))) {
        return;
    }
    expect_refused("outermost", json_value_text(&top, 0, 9, &text), "must be a string");
    expect_where(&document, "");
    json_value at = json_first(&message);
    at = json_next(&at);
    at = json_next(&at);
    json_value member = json_first(&at);
    member = json_next(&member);
    expect_text("name", json_name(&member), "secret");
    expect_refused("member", json_value_text(&member, 0, 9, &text), "must be a string");
    expect_where(&document, "message[2][1]");
    expect_refused("missing below it", json_read_u64(&member, "c", 9, &number), "is missing");
    expect_where(&document, "message[2][1].c");
    expect_ok("list", json_read_array(&member, "b", 1, &list));
    at = json_first(&list);
    expect_refused("element below it", json_value_text(&at, 0, 9, &text), "must be a string");
    expect_where(&document, "message[2][1].b[0]");
    expect_refused("missing at the top", json_read_u64(&top, "c", 9, &number), "is missing");
    expect_where(&document, "c");
    expect_refused("field of an array", json_read_u64(&message, "c", 9, &number), "is missing");
    expect_where(&document, "message.c");
}

static void walking(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value top;
    struct builder seen;
    char memory[64];
    builder_init(&seen, memory, sizeof memory);
    if (!expect_ok("open", json_open(slice_text(" {\"a\":[[],{}],\"\\u0062\":{\"c\":[1,2]},"
                                                "\"d\":\"\\n\", \"e\" : -1.5e3 } "),
                                     runner_arena(), &document)) ||
        !expect_ok("top", json_top_object(&document, &top))) {
        return;
    }
    for (json_value at = json_first(&top); json_is_there(&at); at = json_next(&at)) {
        builder_put(&seen, json_name(&at));
        builder_put_text(&seen, "=");
        builder_put(&seen, json_value_raw(&at));
        builder_put_text(&seen, ";");
    }
    expect_text("members", builder_view(&seen), "a=[[],{}];b={\"c\":[1,2]};d=\"\\n\";e=-1.5e3;");
    expect_text("whole", json_value_raw(&top),
                "{\"a\":[[],{}],\"\\u0062\":{\"c\":[1,2]},"
                "\"d\":\"\\n\", \"e\" : -1.5e3 }");
    expect_u64("no name", json_name(&top).size, 0);
    json_value at = json_first(&top);
    at = json_first(&at);
    expect_u64("no name", json_name(&at).size, 0);
    expect_true("empty", json_value_is_array(&at) && json_count(&at) == 0);
    at = json_first(&at);
    expect_true("nothing inside", !json_is_there(&at));
}

/* On failure the arena holds what it held before; documents may follow each other in one. */
static void memory_given_back(void)
{
    alignas(max_align_t) uint8_t space[4 * JSON_TOKEN_SIZE];
    struct arena arena;
    SCOPED(json_close) struct json document = {0};
    arena_init(&arena, space, sizeof space);
    expect_refused("bad", json_open(slice_text("[1,2,x]"), &arena, &document),
                   "json: text is not valid JSON");
    expect_u64("given back", arena_mark(&arena), 0);
    const status got = json_open(slice_text("[1,2,3,4]"), &arena, &document);
    expect_kind("one too many", got, FAILURE_OVER_LIMIT);
    expect_u64("given back", arena_mark(&arena), 0);
    expect_ok("as many as fit", json_open(slice_text("[1,2,3]"), &arena, &document));
    expect_u64("taken", arena_mark(&arena), sizeof space);
}

static void closing_wipes(void)
{
    struct json document = {0};
    json_value top;
    slice text = {0};
    json_close(&document);
    if (!open_fields(&document, &top)) return;
    expect_ok("read", json_read_string(&top, "text", 0, 9, &text));
    expect_text("decoded", text, "h\xc3\xa9");
    json_close(&document);
    expect_hex("wiped", text, "000000");
    expect_true("closed", !document.tokens);
    json_close(&document);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"strings", strings},
        {"numbers", numbers},
        {"truths", truths},
        {"containers", containers},
        {"questions", questions},
        {"names", names},
        {"deepest path", deepest_path},
        {"places", places},
        {"walking", walking},
        {"memory given back", memory_given_back},
        {"closing wipes", closing_wipes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
