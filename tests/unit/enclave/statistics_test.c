#include "enclave/statistics.h"

#include "runner.h"

static status denied(void)
{
    FAIL(DENIED, 0, "test: denied");
}

static status internal(void)
{
    FAIL(INTERNAL, 0, "test: internal");
}

static void nothing_counted(void)
{
    static struct statistics statistics;
    uint8_t memory[512];
    struct builder json;
    builder_init(&json, memory, sizeof memory);
    statistics_put_requests(&statistics, &json);
    expect_text("requests", builder_view(&json),
                "{\"create\":{},\"sign_tx\":{},\"sign_message\":{},\"attest\":{},\"status\":{},"
                "\"other\":{}}");
    builder_init(&json, memory, sizeof memory);
    statistics_put_kms(&statistics, &json);
    expect_text("kms", builder_view(&json), "{\"generate_data_key\":{},\"decrypt\":{}}");
}

static void everything_counted(void)
{
    static struct statistics statistics;
    uint8_t memory[512];
    struct builder json;
    statistics_count_request(&statistics, FRAME_CREATE, status_ok());
    statistics_count_request(&statistics, FRAME_CREATE, status_ok());
    statistics_count_request(&statistics, FRAME_CREATE, denied());
    statistics_count_request(&statistics, FRAME_STATUS, internal());
    statistics_count_request(&statistics, FRAME_RESEAL, denied());
    statistics_count_request(&statistics, 0, denied());
    statistics_count_request(&statistics, 0xff, denied());
    statistics_count_kms(&statistics, STATISTICS_DECRYPT, status_ok());
    statistics_count_kms(&statistics, STATISTICS_GENERATE_DATA_KEY, internal());
    builder_init(&json, memory, sizeof memory);
    statistics_put_requests(&statistics, &json);
    expect_text("requests", builder_view(&json),
                "{\"create\":{\"ok\":2,\"denied\":1},\"sign_tx\":{},\"sign_message\":{},"
                "\"attest\":{},\"status\":{\"internal\":1},\"other\":{\"denied\":3}}");
    builder_init(&json, memory, sizeof memory);
    statistics_put_kms(&statistics, &json);
    expect_text("kms", builder_view(&json),
                "{\"generate_data_key\":{\"internal\":1},\"decrypt\":{\"ok\":1}}");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"nothing counted", nothing_counted},
        {"everything counted", everything_counted},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
