#include "store/dynamodb_table.h"

#include <string.h>

#include "fake_dynamodb.h"
#include "os/clock.h"
#include "runner.h"

static struct http_client http;
static struct dynamodb_store dynamodb;

static const char active[] =
    "{\"Table\":{\"TableStatus\":\"ACTIVE\","
    "\"KeySchema\":[{\"AttributeName\":\"name\",\"KeyType\":\"HASH\"}],"
    "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"address-index\",\"IndexStatus\":\"ACTIVE\","
    "\"KeySchema\":[{\"AttributeName\":\"address\",\"KeyType\":\"HASH\"}]}]}}";
static const char creating[] =
    "{\"Table\":{\"TableStatus\":\"CREATING\","
    "\"KeySchema\":[{\"AttributeName\":\"name\",\"KeyType\":\"HASH\"}],"
    "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"address-index\",\"IndexStatus\":\"CREATING\","
    "\"KeySchema\":[{\"AttributeName\":\"address\",\"KeyType\":\"HASH\"}]}]}}";
static const char strange[] = "{\"Table\":{\"TableStatus\":\"ACTIVE\","
                              "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]}}";

static struct fake_fault body(const char *text)
{
    return (struct fake_fault){.kind = FAKE_BODY, .text = text};
}

static struct fake_fault error(const char *name)
{
    return (struct fake_fault){.kind = FAKE_ERROR, .code = 400, .name = name};
}

static void expect_operations(const char *wanted)
{
    char got[256] = "";
    struct builder text;
    builder_init(&text, got, sizeof got - 1);
    for (size_t i = 0; i < fake_dynamodb_seen_count(); i++) {
        const struct fake_seen seen = fake_dynamodb_seen(i);
        if (i > 0) builder_put_text(&text, " ");
        builder_put_text(&text, seen.operation);
    }
    expect_text("operations", builder_view(&text), wanted);
}

static status create(const struct fake_fault *faults, size_t count, int64_t duration_ms)
{
    fake_dynamodb_reset(faults, count);
    return dynamodb_table_create(&dynamodb, clock_deadline_ms(duration_ms));
}

static void makes_a_table(void)
{
    const struct fake_fault faults[] = {body("{}"), error("ResourceNotFoundException"),
                                        body(creating), body(active), body("{}")};
    expect_ok("create", create(faults, ARRAY_COUNT(faults), 20000));
    expect_operations(
        "CreateTable DescribeTable DescribeTable DescribeTable UpdateContinuousBackups");
}

static void a_table_that_exists(void)
{
    const struct fake_fault faults[] = {error("ResourceInUseException"), body(active), body("{}")};
    expect_ok("create", create(faults, ARRAY_COUNT(faults), 20000));
    expect_operations("CreateTable DescribeTable UpdateContinuousBackups");
}

static void somebody_elses_table(void)
{
    const struct fake_fault faults[] = {error("ResourceInUseException"), body(strange)};
    expect_kind("create", create(faults, ARRAY_COUNT(faults), 20000), FAILURE_CONFLICT);
    expect_operations("CreateTable DescribeTable");
}

static void never_active(void)
{
    const struct fake_fault faults[] = {body("{}"), body(creating), body(creating), body(creating)};
    expect_kind("create", create(faults, ARRAY_COUNT(faults), 900), FAILURE_UNAVAILABLE);
    expect_operations("CreateTable DescribeTable DescribeTable");
}

static void not_allowed(void)
{
    const struct fake_fault faults[] = {error("AccessDeniedException")};
    expect_kind("create", create(faults, 1, 20000), FAILURE_UNAVAILABLE);
    const struct fake_fault later[] = {body("{}"), body(active), error("AccessDeniedException")};
    expect_kind("recovery", create(later, ARRAY_COUNT(later), 20000), FAILURE_UNAVAILABLE);
}

/* Recovery cannot be had at once for a table just made; an emulator has none at all. */
static void recovery(void)
{
    const struct fake_fault faults[] = {body("{}"), body(active),
                                        error("ContinuousBackupsUnavailableException"), body("{}")};
    expect_ok("create", create(faults, ARRAY_COUNT(faults), 20000));
    expect_operations("CreateTable DescribeTable UpdateContinuousBackups UpdateContinuousBackups");
    const struct fake_fault unknown[] = {body("{}"), body(active),
                                         error("UnknownOperationException")};
    expect_ok("an emulator", create(unknown, ARRAY_COUNT(unknown), 20000));
    const struct fake_fault never[] = {body("{}"), body(active),
                                       error("ContinuousBackupsUnavailableException")};
    expect_true("never", !status_is_ok(create(never, ARRAY_COUNT(never), 400)));
}

static void checks(void)
{
    static const struct {
        const char *name, *text;
        enum failure_kind kind;
    } rows[] = {
        {"active", active, 0},
        {"creating", creating, FAILURE_UNAVAILABLE},
        {"strange", strange, FAILURE_CONFLICT},
        {"garbage", "{\"Table\":7}", FAILURE_CORRUPT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct fake_fault fault = body(rows[i].text);
        runner_row(rows[i].name);
        fake_dynamodb_reset(&fault, 1);
        const status got = dynamodb_table_check(&dynamodb, clock_deadline_ms(5000));
        if (rows[i].kind == 0) expect_ok("check", got);
        else expect_kind("check", got, rows[i].kind);
    }
    const struct fake_fault missing = error("ResourceNotFoundException");
    runner_row("missing");
    fake_dynamodb_reset(&missing, 1);
    expect_kind("check", dynamodb_table_check(&dynamodb, clock_deadline_ms(5000)),
                FAILURE_NOT_FOUND);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"makes a table", makes_a_table},
        {"a table that exists", a_table_that_exists},
        {"somebody else's table", somebody_elses_table},
        {"never active", never_active},
        {"not allowed", not_allowed},
        {"recovery", recovery},
        {"checks", checks},
    };
    fake_dynamodb_open(&http);
    const struct dynamodb_config config = fake_dynamodb_config(&http);
    if (!status_is_ok(dynamodb_store_open(&dynamodb, &config))) return 2;
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    fake_dynamodb_close(&http);
    dynamodb_store_close(&dynamodb);
    return code;
}
