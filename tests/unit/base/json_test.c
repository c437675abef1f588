#include "base/json.h"

#include <string.h>

#include "runner.h"

static slice text_of_depth(size_t depth, const char *inside)
{
    static char text[256];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    for (size_t i = 0; i < depth; i++) builder_put_text(&builder, "[");
    builder_put_text(&builder, inside);
    for (size_t i = 0; i < depth; i++) builder_put_text(&builder, "]");
    return builder_view(&builder);
}

/* ---- reading ---- */

static const char NOT_JSON[] = "json: text is not valid JSON";
static const char TWICE[] = "json: a name appears twice in one object";

static const struct {
    const char *name, *text, *refusal;
} texts[] = {
    {"object", "{\"a\":[1,true,null,\"x\"]}", NULL},
    {"number alone", "7", NULL},
    {"string alone", "\"x\"", NULL},
    {"blanks around", " \t\r\n{} ", NULL},
    {"brackets in a string", "\"[[[[[[[[[[[[[[[[[[[[{{{\"", NULL},
    {"escaped quote in a string", "\"\\\"[[[[[[[[[[[[[[[[[[[[\"", NULL},
    {"the largest integer", "9223372036854775807", NULL},
    {"one more", "9223372036854775808", NOT_JSON},
    {"empty", "", NOT_JSON},
    {"cut", "{\"a\":1", NOT_JSON},
    {"two values", "{} {}", NOT_JSON},
    {"closing only", "]", NOT_JSON},
    {"comma at the end", "[1,]", NOT_JSON},
    {"name without quotes", "{a:1}", NOT_JSON},
    {"single quotes", "{'a':1}", NOT_JSON},
    {"comment", "[1/**/]", NOT_JSON},
    {"not a number", "[NaN]", NOT_JSON},
    {"leading zero", "[01]", NOT_JSON},
    {"hex", "[0x1]", NOT_JSON},
    {"not UTF-8", "\"\xff\"", NOT_JSON},
    {"surrogate alone", "\"\\ud800\"", NOT_JSON},
    {"U+0000", "\"\\u0000\"", NOT_JSON},
    {"control character", "\"\x01\"", NOT_JSON},
    {"name twice", "{\"a\":1,\"a\":1}", TWICE},
    {"name twice, escaped once", "{\"a\":1,\"\\u0061\":1}", TWICE},
    {"name twice inside", "[{\"b\":{\"a\":1,\"a\":2}}]", TWICE},
};

static void text_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        SCOPED(json_close) struct json document = {0};
        runner_row(texts[i].name);
        const status got = json_open(slice_text(texts[i].text), &document);
        expect_outcome("open", got, texts[i].refusal);
        if (texts[i].refusal) expect_true("closed", !document.root);
    }
}

static void limits(void)
{
    static char text[JSON_SIZE_MAX + 1];
    SCOPED(json_close) struct json document = {0};
    expect_ok("depth 16", json_open(text_of_depth(JSON_DEPTH_MAX, ""), &document));
    json_close(&document);
    expect_refused("depth 17", json_open(text_of_depth(JSON_DEPTH_MAX + 1, ""), &document),
                   "json: values are nested too deeply");
    expect_refused("object at depth 17", json_open(text_of_depth(JSON_DEPTH_MAX, "{}"), &document),
                   "json: values are nested too deeply");
    memset(text, ' ', sizeof text);
    text[0] = '7';
    expect_ok("the longest", json_open(slice_of(text, JSON_SIZE_MAX), &document));
    json_close(&document);
    const status got = json_open(slice_of(text, JSON_SIZE_MAX + 1), &document);
    expect_refused("one more", got, "json: text is too long");
    expect_kind("one more", got, FAILURE_OVER_LIMIT);
}

static const char FIELDS[] =
    "{\"text\":\"h\\u00e9\",\"number\":7,\"largest\":9223372036854775807,\"negative\":-1,"
    "\"real\":1.5,\"yes\":true,\"no\":false,\"nothing\":null,\"object\":{\"inner\":{\"x\":1}},"
    "\"array\":[10,{\"y\":2},\"s\"],\"empty\":\"\"}";

static bool open_fields(struct json *document, json_value *top)
{
    return expect_ok("open", json_open(slice_text(FIELDS), document)) &&
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
        {"largest", INT64_MAX, INT64_MAX, NULL},
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
    expect_u64("fields", json_count(&top), 11);
    const json_value second = json_at(&array, 1), third = json_at(&array, 2);
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
    expect_ok("number", json_open(slice_text("7"), &number));
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
    if (!expect_ok("open", json_open(slice_text("{\"a\":1,\"b\":2}"), &document)) ||
        !expect_ok("top", json_top_object(&document, &top))) {
        return;
    }
    expect_text("first", json_name_at(&top, 0), "a");
    expect_text("second", json_name_at(&top, 1), "b");
    expect_u64("no third", json_name_at(&top, 2).size + json_name_at(&top, 9).size, 0);
    expect_ok("known", json_only(&top, known, 2));
    expect_refused("not known", json_only(&top, known, 1), "has a field that is not known here");
    expect_ok("nothing to note", json_refuse(&top, "a", status_ok()));
    expect_where(&document, "");
    uint64_t value;
    expect_refused("caller's rule",
                   json_refuse(&top, "b", slice_parse_u64(slice_text("x"), 9, &value)),
                   "number: has a character that is not a digit");
    expect_where(&document, "b");
}

/* A path as deep as values can be fits; a deeper chain of the caller's own is left out. */
static void deepest_path(void)
{
    SCOPED(json_close) struct json document = {0};
    json_value chain[JSON_WHERE_COUNT_MAX + 2];
    if (!expect_ok("open", json_open(text_of_depth(JSON_DEPTH_MAX, "1"), &document))) return;
    chain[0] = json_top(&document);
    for (size_t i = 1; i <= JSON_WHERE_COUNT_MAX; i++) chain[i] = json_at(&chain[i - 1], 0);
    slice text;
    expect_refused("the innermost", json_value_text(&chain[JSON_WHERE_COUNT_MAX], 0, 1, &text),
                   "must be a string");
    expect_u64("steps", document.where_count, JSON_WHERE_COUNT_MAX);
    chain[JSON_WHERE_COUNT_MAX + 1] = chain[JSON_WHERE_COUNT_MAX];
    chain[JSON_WHERE_COUNT_MAX + 1].parent = &chain[JSON_WHERE_COUNT_MAX];
    expect_refused("one deeper", json_value_text(&chain[JSON_WHERE_COUNT_MAX + 1], 0, 1, &text),
                   "must be a string");
    expect_u64("no steps", document.where_count, 0);
}

static void closing_wipes(void)
{
    struct json document = {0};
    json_value top;
    slice text = {0};
    json_close(&document);
    if (!open_fields(&document, &top)) return;
    expect_ok("read", json_read_string(&top, "text", 0, 9, &text));
    json_close(&document);
    expect_true("closed", !document.root && document.where_count == 0);
    json_close(&document);
}

/* ---- writing ---- */

static void writing(void)
{
    char memory[512];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    json_put_object_open(&text);
    json_put_name(&text, "a");
    json_put_u64(&text, 0);
    json_put_name(&text, "b");
    json_put_array_open(&text);
    json_put_bool(&text, true);
    json_put_bool(&text, false);
    json_put_null(&text);
    json_put_text(&text, "x");
    json_put_object_open(&text);
    json_put_object_close(&text);
    json_put_array_open(&text);
    json_put_array_close(&text);
    json_put_array_close(&text);
    json_put_name(&text, "c");
    json_put_hex_0x(&text, runner_hex("00ff"));
    json_put_name(&text, "d");
    json_put_hex(&text, runner_hex("00ff"));
    json_put_name(&text, "e");
    json_put_base64(&text, slice_text("f"));
    json_put_name(&text, "f");
    json_put_raw(&text, slice_text("[1]"));
    json_put_object_close(&text);
    builder_put_text(&text, "\n");
    json_put_u64(&text, 7);
    expect_text("text", builder_view(&text),
                "{\"a\":0,\"b\":[true,false,null,\"x\",{},[]],\"c\":\"0x00ff\",\"d\":\"00ff\","
                "\"e\":\"Zg==\",\"f\":[1]}\n7");
}

static const struct {
    const char *name, *text, *written;
} escapes[] = {
    {"plain", "abc", "\"abc\""},
    {"quote and backslash", "\"\\", "\"\\\"\\\\\""},
    {"control characters", "\x01\n\x1f\x7f", "\"\\u0001\\u000a\\u001f\\u007f\""},
    {"two bytes", "\xc3\xa9", "\"\xc3\xa9\""},
    {"the first of two bytes", "\xc2\x80", "\"\xc2\x80\""},
    {"three bytes", "\xe2\x82\xac", "\"\xe2\x82\xac\""},
    {"the first of three", "\xe0\xa0\x80", "\"\xe0\xa0\x80\""},
    {"below the surrogates", "\xed\x9f\xbf", "\"\xed\x9f\xbf\""},
    {"four bytes", "\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\""},
    {"U+10FFFF", "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},
    {"above it", "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"f5", "\xf5", "\"\xef\xbf\xbd\""},
    {"overlong slash", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"overlong of three", "\xe0\x9f\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"overlong of four", "\xf0\x8f\xbf\xbf",
     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"continuation alone", "\x80", "\"\xef\xbf\xbd\""},
    {"cut", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"third byte is none", "\xe2\x82y", "\"\xef\xbf\xbd\xef\xbf\xbdy\""},
    {"third byte too high", "\xe2\x82\xc0", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"second byte is none", "\xc3y", "\"\xef\xbf\xbdy\""},
};

static void escaping(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(escapes); i++) {
        SCOPED(json_close) struct json document = {0};
        char memory[64];
        struct builder text;
        runner_row(escapes[i].name);
        builder_init(&text, memory, sizeof memory);
        json_put_string(&text, slice_text(escapes[i].text));
        expect_text("written", builder_view(&text), escapes[i].written);
        expect_ok("is JSON", json_open(builder_view(&text), &document));
    }
}

static void relaying(void)
{
    SCOPED(json_close) struct json document = {0};
    const char source[] = "{\"a\":[1,\"x\",{\"b\":null}],\"c\":true}";
    char memory[64];
    struct builder text;
    slice written;
    if (!expect_ok("open", json_open(slice_text(source), &document))) return;
    const json_value top = json_top(&document);
    builder_init(&text, memory, sizeof memory);
    json_put_value(&text, &top);
    expect_text("written", builder_view(&text), source);
    builder_init(&text, memory, 10);
    json_put_value(&text, &top);
    expect_refused("no room", builder_finish(&text, &written), "builder: result does not fit");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"texts", text_rows},
        {"limits", limits},
        {"strings", strings},
        {"numbers", numbers},
        {"truths", truths},
        {"containers", containers},
        {"questions", questions},
        {"names", names},
        {"deepest path", deepest_path},
        {"closing wipes", closing_wipes},
        {"writing", writing},
        {"escaping", escaping},
        {"relaying", relaying},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
