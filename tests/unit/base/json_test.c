#include "base/json.h"

#include "runner.h"

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
        expect_ok("is JSON", json_open(builder_view(&text), runner_arena(), &document));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"writing", writing},
        {"escaping", escaping},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
