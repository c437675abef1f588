#include "eif/metadata.h"

#include <string.h>

#include "runner.h"

static const struct metadata SAMPLE = {
    SLICE_LITERAL("enclave-wallet"),
    SLICE_LITERAL("0.1.0"),
    SLICE_LITERAL("1970-01-01T00:00:00Z"),
    SLICE_LITERAL("enw"),
    SLICE_LITERAL("0.1.0"),
    SLICE_LITERAL("Linux"),
    SLICE_LITERAL("6.12"),
};

static const char TEXT[] =
    "{\"ImageName\":\"enclave-wallet\",\"ImageVersion\":\"0.1.0\",\"BuildMetadata\":{"
    "\"BuildTime\":\"1970-01-01T00:00:00Z\",\"BuildTool\":\"enw\",\"BuildToolVersion\":\"0.1.0\","
    "\"OperatingSystem\":\"Linux\",\"KernelVersion\":\"6.12\"},\"DockerInfo\":{},"
    "\"CustomMetadata\":null}";

static void round_trip(void)
{
    uint8_t memory[1024];
    struct builder builder;
    struct json document = {0};
    struct metadata got;
    builder_init(&builder, memory, sizeof memory);
    builder_put_text(&builder, "before");
    expect_ok("write", metadata_write(&SAMPLE, &builder));
    const slice written = slice_part(builder_view(&builder), 6, sizeof memory);
    expect_text("text", written, TEXT);
    if (!expect_ok("read", metadata_read(written, runner_arena(), &document, &got))) return;
    expect_text("name", got.image_name, "enclave-wallet");
    expect_text("kernel", got.kernel_version, "6.12");
    json_close(&document);
    builder_init(&builder, memory, written.size - 1);
    expect_kind("one byte too small", metadata_write(&SAMPLE, &builder), FAILURE_OVER_LIMIT);
}

static const struct {
    const char *name, *text, *refusal;
} rows[] = {
    {"not an object", "[]", "must be a JSON object"},
    {"no name", "{\"ImageVersion\":\"\",\"BuildMetadata\":{},\"DockerInfo\":{}}", "is missing"},
    {"name is a number", "{\"ImageName\":1}", "must be a string"},
    {"no build metadata", "{\"ImageName\":\"\",\"ImageVersion\":\"\"}", "is missing"},
    {"no docker info",
     "{\"ImageName\":\"\",\"ImageVersion\":\"\",\"BuildMetadata\":{\"BuildTime\":\"\","
     "\"BuildTool\":\"\",\"BuildToolVersion\":\"\",\"OperatingSystem\":\"\",\"KernelVersion\":\"\"}"
     ","
     "\"CustomMetadata\":null}",
     "metadata: DockerInfo is missing"},
    {"no custom metadata",
     "{\"ImageName\":\"\",\"ImageVersion\":\"\",\"BuildMetadata\":{\"BuildTime\":\"\","
     "\"BuildTool\":\"\",\"BuildToolVersion\":\"\",\"OperatingSystem\":\"\",\"KernelVersion\":\"\"}"
     ","
     "\"DockerInfo\":{}}",
     "metadata: CustomMetadata is missing"},
};

static void refusals(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct json document = {0};
        struct metadata got;
        runner_row(rows[i].name);
        expect_refused("read",
                       metadata_read(slice_text(rows[i].text), runner_arena(), &document, &got),
                       rows[i].refusal);
        expect_true("closed", document.tokens == NULL);
    }
}

static void size_limit(void)
{
    static uint8_t text[METADATA_SIZE_MAX + 1];
    struct json document = {0};
    struct metadata got;
    memset(text, ' ', sizeof text);
    memcpy(text, TEXT, sizeof TEXT - 1);
    expect_ok("at the limit",
              metadata_read(slice_of(text, METADATA_SIZE_MAX), runner_arena(), &document, &got));
    json_close(&document);
    expect_refused("above it",
                   metadata_read(slice_of(text, sizeof text), runner_arena(), &document, &got),
                   "metadata: is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"round trip", round_trip},
        {"refusals", refusals},
        {"size limit", size_limit},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
