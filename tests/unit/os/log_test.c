#include "os/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "runner.h"

/* 2026-11-22T18:40:00.007Z, from `date -u -d 2026-11-22T18:40:00Z +%s`. */
static const int64_t wall_ms = 1795372800007;

static int64_t held_ms(void *context)
{
    return *(const int64_t *)context;
}

static int64_t held_wall_ms(void *context)
{
    (void)context;
    return wall_ms;
}

/* A log into a pipe, and what came out of it. */
struct tapped {
    struct log log;
    int64_t now_ms;
    int read_end, write_end;
    char text[1 << 16];
    size_t size;
};

static void tapped_open(struct tapped *tapped)
{
    int ends[2];
    memset(tapped, 0, sizeof *tapped);
    expect_true("pipe", pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    tapped->read_end = ends[0];
    tapped->write_end = ends[1];
    tapped->now_ms = 1000;
    log_init(&tapped->log,
             &(struct log_settings){
                 "enw-test", LOG_LEVEL_INFO, ends[1], {held_ms, held_wall_ms, &tapped->now_ms}});
}

static slice tapped_read(struct tapped *tapped)
{
    const ssize_t got = read(tapped->read_end, tapped->text, sizeof tapped->text);
    tapped->size = got > 0 ? (size_t)got : 0;
    return slice_of(tapped->text, tapped->size);
}

static void tapped_close(struct tapped *tapped)
{
    close(tapped->read_end);
    close(tapped->write_end);
}

static size_t line_count(slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += text.bytes[i] == '\n';
    return count;
}

static void one_line(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    tapped_open(&tapped);
    const uint8_t bytes[] = {0xca, 0xfe};
    const log_field fields[] = {
        log_request_id(slice_text("r-1")),
        log_literal("where", "a \"quoted\"\nline"),
        log_hex("id", slice_of(bytes, 2)),
        log_u64("most", UINT64_MAX),
        log_i64("least", INT64_MIN),
        log_i64("more", 7),
        log_bool("yes", true),
        log_bool("no", false),
        log_text("broken", slice_of("\xff!", 2)),
    };
    log_write(&tapped.log, LOG_LEVEL_WARN, "tested", fields, ARRAY_COUNT(fields));
    expect_text(
        "line", tapped_read(&tapped),
        "{\"time\":\"2026-11-22T18:40:00.007Z\",\"level\":\"warn\",\"program\":\"enw-test\","
        "\"event\":\"tested\",\"request_id\":\"r-1\",\"where\":\"a \\\"quoted\\\"\\u000aline\","
        "\"id\":\"cafe\",\"most\":18446744073709551615,\"least\":-9223372036854775808,"
        "\"more\":7,\"yes\":true,\"no\":false,\"broken\":\"\xef\xbf\xbd!\"}\n");
}

static void levels(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    enum log_level level = LOG_LEVEL_ERROR;
    tapped_open(&tapped);
    log_write(&tapped.log, LOG_LEVEL_DEBUG, "below", NULL, 0);
    expect_u64("below the least", tapped_read(&tapped).size, 0);
    log_write(&tapped.log, LOG_LEVEL_INFO, "at", NULL, 0);
    log_write(&tapped.log, LOG_LEVEL_ERROR, "above", NULL, 0);
    expect_u64("from the least up", line_count(tapped_read(&tapped)), 2);
    expect_ok("debug", log_level_parse(slice_text("debug"), &level));
    expect_u64("is debug", level, LOG_LEVEL_DEBUG);
    expect_refused("unknown", log_level_parse(slice_text("warning"), &level),
                   "log: level must be debug, info, warn or error");
}

static void failures(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    static const struct failure failure = {FAILURE_DENIED, 12, "src/x.c", "x: not allowed"};
    tapped_open(&tapped);
    log_failure(&tapped.log, LOG_LEVEL_INFO, "ok", slice_text(""), status_ok());
    expect_u64("success says nothing", tapped_read(&tapped).size, 0);
    log_failure(&tapped.log, LOG_LEVEL_ERROR, "went_wrong", slice_text(""),
                (status){&failure, -110});
    expect_text(
        "without an id", tapped_read(&tapped),
        "{\"time\":\"2026-11-22T18:40:00.007Z\",\"level\":\"error\",\"program\":\"enw-test\","
        "\"event\":\"went_wrong\",\"kind\":\"denied\",\"message\":\"x: not allowed\","
        "\"detail\":-110,\"at\":\"src/x.c:12\"}\n");
    log_failure(&tapped.log, LOG_LEVEL_ERROR, "went_wrong", slice_text("q"), (status){&failure, 0});
    expect_true("with an id", strstr(tapped.text, "request_id") == NULL);
    const slice line = tapped_read(&tapped);
    expect_true("has it", memmem(line.bytes, line.size, ",\"request_id\":\"q\"}", 18) != NULL);
}

/* Whatever the fields, a line is one JSON object within its size. */
static void large_fields(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    SCOPED(json_close) struct json document = {0};
    char text[LOG_TEXT_SIZE_MAX + 44];
    log_field fields[LOG_FIELD_COUNT_MAX + 2];
    tapped_open(&tapped);
    memset(text, '\n', sizeof text);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        fields[i] = log_text("text", slice_of(text, sizeof text));
    }
    fields[1] = log_literal("second", "kept");
    log_write(&tapped.log, LOG_LEVEL_INFO, "large", fields, ARRAY_COUNT(fields));
    const slice line = tapped_read(&tapped);
    expect_true("size", line.size <= LOG_LINE_SIZE_MAX && line.size > LOG_LINE_SIZE_MAX / 2);
    expect_u64("lines", line_count(line), 1);
    /* Names repeat here, so it is counted instead of parsed: two texts of 256 line feeds fit. */
    size_t escape_count = 0;
    for (size_t i = 0; i + 6 <= line.size; i++) {
        if (slice_equal(slice_part(line, i, 6), slice_text("\\u000a"))) escape_count++;
    }
    expect_u64("cut at the limit, whole fields only", escape_count, 2 * LOG_TEXT_SIZE_MAX);
    log_write(&tapped.log, LOG_LEVEL_INFO, "few", fields, 2);
    expect_ok("is JSON", json_open(tapped_read(&tapped), runner_arena(), &document));
}

static void field_count(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    log_field fields[LOG_FIELD_COUNT_MAX + 1];
    tapped_open(&tapped);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) fields[i] = log_u64("n", i);
    log_write(&tapped.log, LOG_LEVEL_INFO, "many", fields, ARRAY_COUNT(fields));
    const slice line = tapped_read(&tapped);
    expect_true("the last allowed", memmem(line.bytes, line.size, "\"n\":15}", 7) != NULL);
    expect_true("one more is left out", memmem(line.bytes, line.size, "\"n\":16", 6) == NULL);
}

static void rate(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    tapped_open(&tapped);
    for (size_t i = 0; i < LOG_EVENT_BURST; i++) {
        log_write(&tapped.log, LOG_LEVEL_INFO, "often", NULL, 0);
    }
    expect_u64("a burst passes", line_count(tapped_read(&tapped)), LOG_EVENT_BURST);
    for (size_t i = 0; i < 7; i++) log_write(&tapped.log, LOG_LEVEL_INFO, "often", NULL, 0);
    expect_u64("more does not", tapped_read(&tapped).size, 0);
    log_write(&tapped.log, LOG_LEVEL_INFO, "rare", NULL, 0);
    expect_u64("another event does", line_count(tapped_read(&tapped)), 1);
    tapped.now_ms += 1000 / LOG_EVENT_RATE - 1;
    log_write(&tapped.log, LOG_LEVEL_INFO, "often", NULL, 0);
    expect_u64("just too early", tapped_read(&tapped).size, 0);
    tapped.now_ms += 1;
    log_write(&tapped.log, LOG_LEVEL_INFO, "often", NULL, 0);
    const slice line = tapped_read(&tapped);
    expect_u64("in time", line_count(line), 1);
    expect_true("says how many are missing",
                memmem(line.bytes, line.size, ",\"dropped\":8}", 13) != NULL);
    tapped.now_ms += 3600 * 1000;
    for (size_t i = 0; i <= LOG_EVENT_BURST; i++) {
        log_write(&tapped.log, LOG_LEVEL_INFO, "often", NULL, 0);
    }
    expect_u64("an hour saves up one burst", line_count(tapped_read(&tapped)), LOG_EVENT_BURST);
}

static void without_a_rate(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    tapped_open(&tapped);
    for (size_t i = 0; i < 3 * LOG_EVENT_BURST; i++) {
        log_write_each(&tapped.log, LOG_LEVEL_INFO, "each", NULL, 0);
    }
    expect_u64("all of them", line_count(tapped_read(&tapped)), 3 * LOG_EVENT_BURST);
    log_write_each(&tapped.log, LOG_LEVEL_DEBUG, "each", NULL, 0);
    expect_u64("but none below the level", tapped_read(&tapped).size, 0);
}

static void more_events_than_places(void)
{
    static char names[LOG_EVENT_COUNT_MAX + 8][8];
    SCOPED(tapped_close) struct tapped tapped;
    tapped_open(&tapped);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        log_write(&tapped.log, LOG_LEVEL_INFO, names[i], NULL, 0);
    }
    expect_u64("all written", line_count(tapped_read(&tapped)), ARRAY_COUNT(names));
}

/* A reader that has stopped reading costs lines, never time. */
static void full_pipe(void)
{
    SCOPED(tapped_close) struct tapped tapped;
    static const char filling[4096];
    tapped_open(&tapped);
    while (write(tapped.write_end, filling, sizeof filling) > 0) {
    }
    /* Blocking again, as standard error is. */
    expect_true("blocking", fcntl(tapped.write_end, F_SETFL, 0) == 0);
    log_write(&tapped.log, LOG_LEVEL_INFO, "lost", NULL, 0);
    log_write(&tapped.log, LOG_LEVEL_INFO, "lost", NULL, 0);
    while (tapped_read(&tapped).size == sizeof tapped.text) {
    }
    log_write(&tapped.log, LOG_LEVEL_INFO, "lost", NULL, 0);
    const slice line = tapped_read(&tapped);
    expect_true("says so later", memmem(line.bytes, line.size, ",\"dropped\":2}", 13) != NULL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"one line", one_line},
        {"levels", levels},
        {"failures", failures},
        {"large fields", large_fields},
        {"field count", field_count},
        {"rate", rate},
        {"without a rate", without_a_rate},
        {"more events than places", more_events_than_places},
        {"full pipe", full_pipe},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
