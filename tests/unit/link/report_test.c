#include "link/report.h"

#include "proto/call.h"
#include "runner.h"

static const struct {
    const char *name, *json, *boot_id;
} rows[] = {
    {"there", "{\"boot_id\":\"000102030405060708090a0b0c0d0e0f\"}",
     "000102030405060708090a0b0c0d0e0f"},
    {"not there", "{}", "00000000000000000000000000000000"},
    {"cut", "{\"boot_id\":\"0001", "00000000000000000000000000000000"},
    {"no hex", "{\"boot_id\":\"zz0102030405060708090a0b0c0d0e0f\"}",
     "00000000000000000000000000000000"},
};

static void keeps_the_last(void)
{
    static uint8_t memory[CALL_STATUS_SIZE_MAX];
    struct arena arena = {0};
    struct report report;
    struct builder json;
    expect_ok("arena", arena_open(&arena, CALL_STATUS_SIZE_MAX + 64));
    expect_ok("report", report_open(&report, &arena));
    builder_init(&json, memory, sizeof memory);
    expect_true("none yet", !report_put(&report, &json) && !report_read(&report).is_there);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        report_keep(&report, slice_text(rows[i].json), 100 + (int64_t)i);
        const struct report_facts facts = report_read(&report);
        expect_true("there", facts.is_there);
        expect_u64("when", (uint64_t)facts.told_ms, 100 + i);
        expect_hex("boot id", slice_of(facts.boot_id.bytes, 16), rows[i].boot_id);
        builder_init(&json, memory, sizeof memory);
        expect_true("put", report_put(&report, &json));
        expect_text("json", builder_view(&json), rows[i].json);
    }
    report_close(&report);
    arena_close(&arena);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"keeps the last", keeps_the_last}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
