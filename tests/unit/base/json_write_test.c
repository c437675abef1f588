#include "base/json_write.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

static void every_value(struct json_writer *writer)
{
    json_write_object_open(writer);
    json_write_name(writer, "a");
    json_write_u64(writer, 0);
    json_write_name(writer, "b");
    json_write_array_open(writer);
    json_write_bool(writer, true);
    json_write_bool(writer, false);
    json_write_null(writer);
    json_write_text(writer, "x");
    json_write_object_open(writer);
    json_write_object_close(writer);
    json_write_array_open(writer);
    json_write_array_close(writer);
    json_write_array_close(writer);
    json_write_name(writer, "c");
    json_write_hex_0x(writer, runner_hex("00ff"));
    json_write_name(writer, "d");
    json_write_hex(writer, runner_hex("00ff"));
    json_write_name(writer, "e");
    json_write_base64(writer, slice_text("f"));
    json_write_name_of(writer, slice_text("f\""));
    json_write_raw(writer, slice_text("[1]"));
    json_write_name(writer, "g");
    builder_put_decimal(json_write_string_open(writer), 7);
    json_write_string_close(writer);
    json_write_object_close(writer);
}

static const char EVERY_VALUE[] =
    "{\"a\":0,\"b\":[true,false,null,\"x\",{},[]],\"c\":\"0x00ff\",\"d\":\"00ff\","
    "\"e\":\"Zg==\",\"f\\\"\":[1],\"g\":\"7\"}";

static void writing(void)
{
    char memory[512];
    struct builder text;
    struct json_writer writer;
    slice written = {0};
    builder_init(&text, memory, sizeof memory);
    json_write_init(&writer, &text);
    every_value(&writer);
    expect_ok("finish", json_write_finish(&writer, &written));
    expect_text("text", written, EVERY_VALUE);
}

/* What the builder holds before is no part of the text, whatever its last byte is. */
static void after_other_bytes(void)
{
    static const char *const before[] = {"x", "{", ",", "\n", ":", "}"};
    for (size_t i = 0; i < ARRAY_COUNT(before); i++) {
        char memory[512];
        struct builder text;
        struct json_writer writer;
        slice written = {0};
        runner_row(before[i]);
        builder_init(&text, memory, sizeof memory);
        builder_put_text(&text, before[i]);
        json_write_init(&writer, &text);
        every_value(&writer);
        expect_ok("finish", json_write_finish(&writer, &written));
        expect_text("text", written, EVERY_VALUE);
        json_write_init(&writer, &text);
        json_write_u64(&writer, 7);
        expect_ok("finish", json_write_finish(&writer, &written));
        expect_text("second", written, "7");
    }
}

static void no_room(void)
{
    const size_t size = sizeof EVERY_VALUE - 1;
    for (size_t size_max = 0; size_max <= size; size_max++) {
        char memory[sizeof EVERY_VALUE];
        struct builder text;
        struct json_writer writer;
        slice written = {0};
        runner_row_at("size", size_max);
        builder_init(&text, memory, size_max);
        json_write_init(&writer, &text);
        every_value(&writer);
        expect_outcome("finish", json_write_finish(&writer, &written),
                       size_max < size ? "builder: result does not fit" : NULL);
    }
}

static const struct {
    const char *name, *text, *written;
} escapes[] = {
    {"empty", "", "\"\""},
    {"plain", "abc", "\"abc\""},
    {"quote and backslash", "\"\\", "\"\\\"\\\\\""},
    {"control characters", "\x01\n\x1f\x7f", "\"\\u0001\\u000a\\u001f\\u007f\""},
    {"two bytes", "\xc3\xa9", "\"\xc3\xa9\""},
    {"three bytes", "\xe2\x82\xac", "\"\xe2\x82\xac\""},
    {"four bytes", "\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\""},
    {"above U+10FFFF", "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"overlong slash", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"continuation alone", "\x80", "\"\xef\xbf\xbd\""},
    {"cut", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"cut before plain", "\xc3y", "\"\xef\xbf\xbdy\""},
};

static void escaping(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(escapes); i++) {
        char memory[64];
        struct builder text;
        struct json_writer writer;
        runner_row(escapes[i].name);
        builder_init(&text, memory, sizeof memory);
        json_write_init(&writer, &text);
        json_write_string(&writer, slice_text(escapes[i].text));
        expect_text("written", builder_view(&text), escapes[i].written);
    }
}

static void depth(void)
{
    char memory[4 * JSON_WRITE_DEPTH_MAX + 1];
    struct builder text;
    struct json_writer writer;
    slice written = {0};
    builder_init(&text, memory, sizeof memory);
    json_write_init(&writer, &text);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++) json_write_array_open(&writer);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++) json_write_array_close(&writer);
    expect_ok("finish", json_write_finish(&writer, &written));
    expect_u64("size", written.size, 2 * JSON_WRITE_DEPTH_MAX);
}

/* ---- mistakes of the program ---- */

static void two_values(struct json_writer *writer)
{
    json_write_null(writer);
    json_write_null(writer);
}

static void value_without_name(struct json_writer *writer)
{
    json_write_object_open(writer);
    json_write_null(writer);
}

static void name_without_value(struct json_writer *writer)
{
    json_write_object_open(writer);
    json_write_name(writer, "a");
    json_write_object_close(writer);
}

static void name_after_name(struct json_writer *writer)
{
    json_write_object_open(writer);
    json_write_name(writer, "a");
    json_write_name(writer, "b");
}

static void name_in_array(struct json_writer *writer)
{
    json_write_array_open(writer);
    json_write_name(writer, "a");
}

static void name_outside(struct json_writer *writer)
{
    json_write_name(writer, "a");
}

static void wrong_end(struct json_writer *writer)
{
    json_write_array_open(writer);
    json_write_object_close(writer);
}

static void end_without_start(struct json_writer *writer)
{
    json_write_array_close(writer);
}

static void never_closed(struct json_writer *writer)
{
    slice written;
    json_write_array_open(writer);
    (void)!status_is_ok(json_write_finish(writer, &written));
}

static void never_begun(struct json_writer *writer)
{
    slice written;
    (void)!status_is_ok(json_write_finish(writer, &written));
}

static void too_deep(struct json_writer *writer)
{
    for (int i = 0; i <= JSON_WRITE_DEPTH_MAX; i++) json_write_array_open(writer);
}

static const struct {
    const char *name;
    void (*make)(struct json_writer *writer);
} mistakes[] = {
    {"two values", two_values},
    {"value without name", value_without_name},
    {"name without value", name_without_value},
    {"name after name", name_after_name},
    {"name in array", name_in_array},
    {"name outside", name_outside},
    {"wrong end", wrong_end},
    {"end without start", end_without_start},
    {"never closed", never_closed},
    {"never begun", never_begun},
    {"too deep", too_deep},
};

static void mistakes_stop_the_program(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(mistakes); i++) {
        runner_row(mistakes[i].name);
        const pid_t child = fork();
        if (child == 0) {
            char memory[128];
            struct builder text;
            struct json_writer writer;
            signal(SIGABRT, SIG_DFL);
            (void)!close(STDERR_FILENO);
            builder_init(&text, memory, sizeof memory);
            json_write_init(&writer, &text);
            mistakes[i].make(&writer);
            _exit(0);
        }
        int outcome = 0;
        expect_true("waited", waitpid(child, &outcome, 0) == child);
        expect_true("aborted", WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGABRT);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"writing", writing}, {"after other bytes", after_other_bytes},
        {"no room", no_room}, {"escaping", escaping},
        {"depth", depth},     {"mistakes stop the program", mistakes_stop_the_program},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
