#include "base/json_parse.h"

#include <string.h>

#include "base/builder.h"
#include "runner.h"

static const char NOT_JSON[] = "json: text is not valid JSON";
static const char TWICE[] = "json: a name appears twice in one object";
static const char DEEP[] = "json: values are nested too deeply";

static status parse(slice text)
{
    struct json_token *tokens;
    slice decoded;
    return json_parse(text, runner_arena(), &tokens, &decoded);
}

/* The classes of RFC 8259, one row each; what is refused beyond it comes last. */
static const struct {
    const char *name, *text, *refusal;
} rows[] = {
    /* structure */
    {"object", "{\"a\":[1,true,null,\"x\"]}", NULL},
    {"empty object", "{}", NULL},
    {"empty array", "[]", NULL},
    {"blanks in empty containers", "[ { } , [ \t\r\n] ]", NULL},
    {"blanks everywhere", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", NULL},
    {"name that is empty", "{\"\":0}", NULL},
    {"same name in two objects", "[{\"a\":0},{\"a\":0}]", NULL},
    {"same name in inner object", "{\"a\":{\"a\":0}}", NULL},
    {"empty", "", NOT_JSON},
    {"blanks only", " \n", NOT_JSON},
    {"two values", "{} {}", NOT_JSON},
    {"value and comma", "1,", NOT_JSON},
    {"bracket after the value", "[]]", NOT_JSON},
    {"brace after the value", "{}}", NOT_JSON},
    {"closing only", "]", NOT_JSON},
    {"array cut", "[1", NOT_JSON},
    {"array cut after comma", "[1,", NOT_JSON},
    {"array open only", "[", NOT_JSON},
    {"object open only", "{", NOT_JSON},
    {"object cut", "{\"a\":1", NOT_JSON},
    {"object cut after name", "{\"a\"", NOT_JSON},
    {"object cut after colon", "{\"a\":", NOT_JSON},
    {"object cut after comma", "{\"a\":1,", NOT_JSON},
    {"array closed by brace", "[1}", NOT_JSON},
    {"object closed by bracket", "{\"a\":1]", NOT_JSON},
    {"empty closed wrongly", "[}", NOT_JSON},
    {"comma at the end", "[1,]", NOT_JSON},
    {"comma at the end of an object", "{\"a\":1,}", NOT_JSON},
    {"comma first", "[,1]", NOT_JSON},
    {"comma alone", "[,]", NOT_JSON},
    {"two commas", "[1,,2]", NOT_JSON},
    {"two commas in an object", "{\"a\":1,,\"b\":2}", NOT_JSON},
    {"no comma", "[1 2]", NOT_JSON},
    {"no comma between members", "{\"a\":1 \"b\":2}", NOT_JSON},
    {"colon in an array", "[\"a\":1]", NOT_JSON},
    {"comma for colon", "{\"a\",1}", NOT_JSON},
    {"two colons", "{\"a\"::1}", NOT_JSON},
    {"no value", "{\"a\":}", NOT_JSON},
    {"no name", "{:1}", NOT_JSON},
    {"name is a number", "{1:1}", NOT_JSON},
    {"name without quotes", "{a:1}", NOT_JSON},
    {"value without name", "{\"a\"}", NOT_JSON},
    {"single quotes", "{'a':1}", NOT_JSON},
    {"comment", "[1/**/]", NOT_JSON},
    {"line comment", "[1]//", NOT_JSON},
    {"byte order mark", "\xef\xbb\xbf{}", NOT_JSON},
    {"form feed as blank", "[\f]", NOT_JSON},
    {"vertical tab as blank", "[1,\v2]", NOT_JSON},
    {"no-break space", "[1,\xc2\xa0 2]", NOT_JSON},
    /* words */
    {"true", "true", NULL},
    {"false", "false", NULL},
    {"null", "null", NULL},
    {"word cut", "[tru]", NOT_JSON},
    {"word cut by the end", "nul", NOT_JSON},
    {"word and more", "[truex]", NOT_JSON},
    {"capitals", "[True]", NOT_JSON},
    {"other word", "[undefined]", NOT_JSON},
    {"not a number", "[NaN]", NOT_JSON},
    {"infinity", "[Infinity]", NOT_JSON},
    {"minus infinity", "[-Infinity]", NOT_JSON},
    /* numbers */
    {"number alone", "7", NULL},
    {"zero", "[0]", NULL},
    {"minus zero", "[-0]", NULL},
    {"negative", "[-17]", NULL},
    {"larger than 64 bits", "[123456789012345678901234567890]", NULL},
    {"fraction", "[0.5]", NULL},
    {"fraction of zeros", "[1.000]", NULL},
    {"exponents", "[1e1,1E1,1e+1,1e-1,0e0,1.5e300,1e400]", NULL},
    {"exponent with leading zero", "[1e01]", NULL},
    {"leading zero", "[01]", NOT_JSON},
    {"negative leading zero", "[-01]", NOT_JSON},
    {"two zeros", "[00]", NOT_JSON},
    {"minus alone", "[-]", NOT_JSON},
    {"minus at the end", "-", NOT_JSON},
    {"minus and blank", "[- 1]", NOT_JSON},
    {"two minus signs", "[--1]", NOT_JSON},
    {"plus", "[+1]", NOT_JSON},
    {"point first", "[.5]", NOT_JSON},
    {"minus and point", "[-.5]", NOT_JSON},
    {"point last", "[1.]", NOT_JSON},
    {"point before exponent", "[1.e1]", NOT_JSON},
    {"two points", "[1.2.3]", NOT_JSON},
    {"exponent without digits", "[1e]", NOT_JSON},
    {"exponent sign without digits", "[1e+]", NOT_JSON},
    {"exponent cut", "1e", NOT_JSON},
    {"two exponents", "[1e1e1]", NOT_JSON},
    {"fractional exponent", "[1e1.5]", NOT_JSON},
    {"hex", "[0x1]", NOT_JSON},
    {"letters behind", "[1a]", NOT_JSON},
    {"underscores", "[1_000]", NOT_JSON},
    {"full-width digit", "[\xef\xbc\x91]", NOT_JSON},
    /* strings */
    {"string alone", "\"x\"", NULL},
    {"empty string", "\"\"", NULL},
    {"every short escape", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", NULL},
    {"unicode escapes", "[\"\\u0001\\u00e9\\u20AC\\uFFFF\"]", NULL},
    {"surrogate pair", "[\"\\ud83d\\uDE00\"]", NULL},
    {"delete is no control character", "\"\x7f\"", NULL},
    {"characters of every size", "\"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", NULL},
    {"brackets in a string", "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{{{\"", NULL},
    {"quote escaped before brackets", "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", NULL},
    {"structure in a string", "[\",:]}\"]", NULL},
    {"line separators", "\"\xe2\x80\xa8\xe2\x80\xa9\"", NULL},
    {"not closed", "\"x", NOT_JSON},
    {"quote alone", "\"", NOT_JSON},
    {"closed by an escaped quote", "\"x\\\"", NOT_JSON},
    {"backslash at the end", "\"\\", NOT_JSON},
    {"backslash before the end", "[\"\\\"]", NOT_JSON},
    {"line feed", "\"\n\"", NOT_JSON},
    {"tab", "\"\t\"", NOT_JSON},
    {"control character", "\"\x01\"", NOT_JSON},
    {"the last control character", "\"\x1f\"", NOT_JSON},
    {"unknown escape", "\"\\x41\"", NOT_JSON},
    {"capital escape", "\"\\U0041\"", NOT_JSON},
    {"escape of a quote sign", "\"\\'\"", NOT_JSON},
    {"escape of a digit", "\"\\0\"", NOT_JSON},
    {"escaped line feed", "\"\\\n\"", NOT_JSON},
    {"unicode escape cut", "\"\\u00e\"", NOT_JSON},
    {"unicode escape cut by the end", "\"\\u00", NOT_JSON},
    {"unicode escape with other letter", "\"\\u00g0\"", NOT_JSON},
    {"unicode escape with sign", "\"\\u+041\"", NOT_JSON},
    {"unicode escape with blank", "\"\\u 041\"", NOT_JSON},
    {"continuation alone", "\"\x80\"", NOT_JSON},
    {"not UTF-8", "\"\xff\"", NOT_JSON},
    {"overlong", "\"\xc0\xaf\"", NOT_JSON},
    {"surrogate as bytes", "\"\xed\xa0\x80\"", NOT_JSON},
    {"above U+10FFFF", "\"\xf4\x90\x80\x80\"", NOT_JSON},
    {"character cut by the quote", "\"\xe2\x82\"", NOT_JSON},
    {"name is not UTF-8", "{\"\xff\":0}", NOT_JSON},
    {"text outside strings is not UTF-8", "[\xff]", NOT_JSON},
    /* beyond RFC 8259 */
    {"high surrogate alone", "\"\\ud800\"", NOT_JSON},
    {"high surrogate before text", "\"\\ud800x\"", NOT_JSON},
    {"high surrogate twice", "\"\\ud800\\ud800\"", NOT_JSON},
    {"high surrogate before a character", "\"\\ud800\\u0041\"", NOT_JSON},
    {"high surrogate before other escape", "\"\\ud800\\n\"", NOT_JSON},
    {"high surrogate before a cut escape", "\"\\ud800\\udc0\"", NOT_JSON},
    {"low surrogate alone", "\"\\udc00\"", NOT_JSON},
    {"surrogates in the wrong order", "\"\\udc00\\ud800\"", NOT_JSON},
    {"surrogate in a name", "{\"\\udfff\":0}", NOT_JSON},
    {"U+0000", "\"\\u0000\"", NOT_JSON},
    {"U+0000 in a name", "{\"\\u0000\":0}", NOT_JSON},
    {"name twice", "{\"a\":1,\"a\":1}", TWICE},
    {"empty name twice", "{\"\":1,\"\":1}", TWICE},
    {"name twice, not side by side", "{\"a\":1,\"b\":{\"a\":1},\"a\":1}", TWICE},
    {"name twice, escaped once", "{\"a\":1,\"\\u0061\":1}", TWICE},
    {"name twice, escaped differently", "{\"\\n\":1,\"\\u000a\":1}", TWICE},
    {"name twice inside", "[{\"b\":{\"a\":1,\"a\":2}}]", TWICE},
    {"names of one beginning", "{\"a\":1,\"ab\":1,\"abc\":1}", NULL},
};

static void rows_of_the_specification(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_outcome("parse", parse(slice_text(rows[i].text)), rows[i].refusal);
    }
    runner_row("NUL behind");
    expect_refused("parse", parse(slice_of("7\0", 2)), NOT_JSON);
    runner_row("NUL in a string");
    expect_refused("parse", parse(slice_of("\"\0\"", 3)), NOT_JSON);
    runner_row("NUL alone");
    expect_refused("parse", parse(slice_of("\0", 1)), NOT_JSON);
}

static void offsets(void)
{
    static const struct {
        const char *text;
        int64_t offset;
    } places[] = {{"", 0},
                  {"[1,]", 3},
                  {"[1 2]", 3},
                  {"[\"ab\x01\"]", 4},
                  {"{\"a\":1,\"a\":2}", 0},
                  {"[0,{\"a\":1,\"a\":2}]", 3},
                  {"{} x", 3}};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        runner_row(places[i].text);
        expect_u64("offset", (uint64_t)parse(slice_text(places[i].text)).detail,
                   (uint64_t)places[i].offset);
    }
}

static void every_cut_is_refused(void)
{
    static const char whole[] =
        "{\"a\":[1,-2.5e+3,true,false,null,\"\\u00e9\\ud83d\\ude00\\n\"],\"b\":{\"c\":{}}}";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        runner_row_at("size", size);
        expect_refused("parse", parse(slice_of(whole, size)), NOT_JSON);
    }
    expect_ok("whole", parse(slice_text(whole)));
}

static slice nested(size_t depth, const char *open, const char *inside, const char *close)
{
    static char text[1024];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    for (size_t i = 0; i < depth; i++) builder_put_text(&builder, open);
    builder_put_text(&builder, inside);
    for (size_t i = 0; i < depth; i++) builder_put_text(&builder, close);
    return builder_view(&builder);
}

static void depth(void)
{
    expect_ok("arrays", parse(nested(JSON_DEPTH_MAX, "[", "", "]")));
    expect_ok("scalar inside", parse(nested(JSON_DEPTH_MAX, "[", "1", "]")));
    expect_ok("objects", parse(nested(JSON_DEPTH_MAX, "{\"a\":", "1", "}")));
    expect_ok("side by side", parse(slice_text("[[[[[[[[[[]]]]]]]]],[[[[[[[[[]]]]]]]]]]")));
    expect_refused("arrays", parse(nested(JSON_DEPTH_MAX + 1, "[", "", "]")), DEEP);
    expect_refused("objects", parse(nested(JSON_DEPTH_MAX + 1, "{\"a\":", "1", "}")), DEEP);
    expect_refused("object in arrays", parse(nested(JSON_DEPTH_MAX, "[", "{}", "]")), DEEP);
}

/* Parses and checks that it takes exactly the memory that was counted before. */
static struct json_token *tokens_of(const char *text, slice *decoded)
{
    struct json_token *tokens = NULL;
    expect_ok(text, json_parse(slice_text(text), runner_arena(), &tokens, decoded));
    return tokens;
}

static void tokens_and_strings(void)
{
    static const char text[] = "{\"a\":[1,\"\\t\\ud83d\\ude00x\"],\"\\u0062\":true}";
    slice decoded = {0};
    const struct json_token *tokens = tokens_of(text, &decoded);
    static const uint8_t kinds[] = {JSON_OBJECT, JSON_NAME, JSON_ARRAY, JSON_NUMBER,
                                    JSON_STRING, JSON_NAME, JSON_TRUE};
    static const uint32_t parents[] = {0, 0, 0, 2, 2, 0, 0};
    static const uint32_t next[] = {7, 2, 5, 4, 5, 6, 7};
    if (!tokens) return;
    for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        runner_row_at("token", i);
        expect_u64("kind", tokens[i].kind, kinds[i]);
        expect_u64("parent", tokens[i].parent, parents[i]);
        expect_u64("next", json_parse_skip(tokens, i), next[i]);
    }
    runner_row(NULL);
    expect_text("plain", json_parse_text(slice_text(text), decoded, &tokens[1]), "a");
    expect_text("string", json_parse_text(slice_text(text), decoded, &tokens[4]),
                "\t\xf0\x9f\x98\x80x");
    expect_text("name", json_parse_text(slice_text(text), decoded, &tokens[5]), "b");
}

/* What an escape stands for, at the edges of each form. */
static void escapes(void)
{
    static const struct {
        const char *text, *hex;
    } edges[] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "225c2f080c0a0d09"},
        {"\"\\u0001\"", "01"},
        {"\"\\u007f\"", "7f"},
        {"\"\\u0080\"", "c280"},
        {"\"\\u07ff\"", "dfbf"},
        {"\"\\u0800\"", "e0a080"},
        {"\"\\ud7ff\"", "ed9fbf"},
        {"\"\\ue000\"", "ee8080"},
        {"\"\\uffff\"", "efbfbf"},
        {"\"\\ud800\\udc00\"", "f0908080"},
        {"\"\\uDBFF\\uDFFF\"", "f48fbfbf"},
        {"\"a\\u0062c\"", "616263"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(edges); i++) {
        slice decoded = {0};
        runner_row(edges[i].text);
        const struct json_token *tokens = tokens_of(edges[i].text, &decoded);
        if (!tokens) continue;
        expect_hex("text", json_parse_text(slice_text(edges[i].text), decoded, &tokens[0]),
                   edges[i].hex);
    }
}

/* An object of many names, in an order that a counter makes; the last may be one that was there. */
static slice many_names(size_t count, size_t step, size_t last)
{
    static char text[1 << 17];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    builder_put_text(&builder, "{");
    for (size_t i = 0; i < count; i++) {
        builder_put_text(&builder, i > 0 ? ",\"" : "\"");
        builder_put_decimal(&builder, i + 1 < count ? i * step % count : last);
        builder_put_text(&builder, "\":0");
    }
    builder_put_text(&builder, "}");
    return builder_view(&builder);
}

static size_t common_divisor(size_t a, size_t b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

static void names_of_large_objects(void)
{
    static const size_t counts[] = {2, 3, 15, 16, 17, 18, 100, 7001};
    static const size_t steps[] = {1, 5, 7000};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(steps); k++) {
            const size_t count = counts[i];
            runner_row_at("names", count);
            if (steps[k] > 1 && common_divisor(count, steps[k]) > 1) continue;
            expect_ok("all different", parse(many_names(count, steps[k], count + 7)));
            expect_refused("last is the first", parse(many_names(count, steps[k], 0)), TWICE);
            if (count < 3) continue;
            expect_refused("last is the second",
                           parse(many_names(count, steps[k], steps[k] % count)), TWICE);
        }
    }
}

/* The memory is what the header says: a token for each value and name, copies of escaped strings. */
static void memory_bounds(void)
{
    static const struct {
        const char *name, *open, *item, *close;
        size_t token_count; /* of each item */
    } shapes[] = {
        {"zeros", "[", "0", "]", 1},           {"arrays", "[", "[]", "]", 1},
        {"objects", "[", "{}", "]", 1},        {"strings", "[", "\"\"", "]", 1},
        {"members", "[", "{\"a\":0}", "]", 3},
    };
    enum { TEXT_SIZE = 61440, ITEM_COUNT = 5000 };
    static char text[TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        struct builder builder;
        runner_row(shapes[i].name);
        builder_init(&builder, text, sizeof text);
        builder_put_text(&builder, shapes[i].open);
        for (size_t k = 0; k < ITEM_COUNT; k++) {
            if (k > 0) builder_put_text(&builder, ",");
            builder_put_text(&builder, shapes[i].item);
        }
        builder_put_text(&builder, shapes[i].close);
        const size_t before = arena_mark(runner_arena());
        expect_ok("parse", parse(builder_view(&builder)));
        const size_t taken = arena_mark(runner_arena()) - before;
        expect_true("memory", taken <= JSON_TOKEN_SIZE * (1 + ITEM_COUNT * shapes[i].token_count) +
                                           ARRAY_COUNT(shapes) * 16);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"rows of the specification", rows_of_the_specification},
        {"offsets", offsets},
        {"every cut is refused", every_cut_is_refused},
        {"depth", depth},
        {"tokens and strings", tokens_and_strings},
        {"escapes", escapes},
        {"names of large objects", names_of_large_objects},
        {"memory bounds", memory_bounds},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
