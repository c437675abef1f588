#include "aws/dynamodb.h"

#include <string.h>

#include "runner.h"

enum { MEMORY_SIZE = 256 * 1024 };

static uint8_t memory_bytes[MEMORY_SIZE];
static struct builder memory;
static struct http_request request;

static const struct dynamodb_target target = {
    SLICE_LITERAL("dynamodb.eu-west-1.amazonaws.com"),
    SLICE_LITERAL("accounts"),
};

static const struct dynamodb_item item = {
    .name = SLICE_LITERAL("alice"),
    .record = SLICE_LITERAL("\x01\x02\x03\xff"),
    .address = SLICE_LITERAL("0x00000000000000000000000000000000000000aa"),
    .key_id = SLICE_LITERAL("arn:k"),
    .version = 7,
    .created_at = SLICE_LITERAL("2026-01-02T03:04:05Z"),
};

static void start(void)
{
    builder_init(&memory, memory_bytes, sizeof memory_bytes);
    request = (struct http_request){0};
}

static void expect_header(const char *name, const char *value)
{
    slice found;
    if (expect_true(name, http_headers_find(&request.headers, name, &found))) {
        expect_text(name, found, value);
    }
}

static void expect_request(const char *operation, const char *body)
{
    expect_text("method", request.method, "POST");
    expect_text("target", request.target, "/");
    expect_header("host", "dynamodb.eu-west-1.amazonaws.com");
    expect_header("content-type", "application/x-amz-json-1.0");
    expect_header("accept-encoding", "identity");
    expect_header("x-amz-target", operation);
    expect_u64("headers", request.headers.count, 4);
    expect_text("body", request.body, body);
}

static void gets(void)
{
    start();
    expect_ok("build", dynamodb_get_build(&target, item.name, &memory, &request));
    expect_request("DynamoDB_20120810.GetItem",
                   "{\"TableName\":\"accounts\",\"Key\":{\"name\":{\"S\":\"alice\"}},"
                   "\"ConsistentRead\":true}");
}

static void puts_if_absent(void)
{
    start();
    expect_ok("build", dynamodb_put_build(&target, &item, &memory, &request));
    expect_request("DynamoDB_20120810.PutItem",
                   "{\"TableName\":\"accounts\",\"Item\":{\"name\":{\"S\":\"alice\"},"
                   "\"record\":{\"B\":\"AQID/w==\"},"
                   "\"address\":{\"S\":\"0x00000000000000000000000000000000000000aa\"},"
                   "\"key_id\":{\"S\":\"arn:k\"},\"version\":{\"N\":\"7\"},"
                   "\"created_at\":{\"S\":\"2026-01-02T03:04:05Z\"}},"
                   "\"ConditionExpression\":\"attribute_not_exists(#name)\","
                   "\"ExpressionAttributeNames\":{\"#name\":\"name\"}}");
}

static void replaces(void)
{
    struct dynamodb_item proven = item;
    proven.proof = slice_text("P");
    start();
    expect_ok("build", dynamodb_replace_build(&target, &proven, 6, &memory, &request));
    expect_request(
        "DynamoDB_20120810.PutItem",
        "{\"TableName\":\"accounts\",\"Item\":{\"name\":{\"S\":\"alice\"},"
        "\"record\":{\"B\":\"AQID/w==\"},"
        "\"address\":{\"S\":\"0x00000000000000000000000000000000000000aa\"},"
        "\"key_id\":{\"S\":\"arn:k\"},\"version\":{\"N\":\"7\"},"
        "\"created_at\":{\"S\":\"2026-01-02T03:04:05Z\"},\"proof\":{\"B\":\"UA==\"}},"
        "\"ConditionExpression\":\"#version = :version AND #address = :address\","
        "\"ExpressionAttributeNames\":{\"#version\":\"version\",\"#address\":\"address\"},"
        "\"ExpressionAttributeValues\":{\":version\":{\"N\":\"6\"},"
        "\":address\":{\"S\":\"0x00000000000000000000000000000000000000aa\"}}}");
}

static void queries(void)
{
    start();
    expect_ok("build", dynamodb_query_build(&target, item.address, &memory, &request));
    expect_request(
        "DynamoDB_20120810.Query",
        "{\"TableName\":\"accounts\",\"IndexName\":\"address-index\","
        "\"KeyConditionExpression\":\"#address = :address\",\"ProjectionExpression\":\"#name\","
        "\"ExpressionAttributeNames\":{\"#address\":\"address\",\"#name\":\"name\"},"
        "\"ExpressionAttributeValues\":{\":address\":{\"S\":"
        "\"0x00000000000000000000000000000000000000aa\"}},\"Limit\":2}");
}

static void scans(void)
{
    static const char first[] =
        "{\"TableName\":\"accounts\","
        "\"ProjectionExpression\":\"#name,#address,#key_id,#version,#created_at\","
        "\"ExpressionAttributeNames\":{\"#name\":\"name\",\"#address\":\"address\","
        "\"#key_id\":\"key_id\",\"#version\":\"version\",\"#created_at\":\"created_at\"},"
        "\"Limit\":1000,\"ConsistentRead\":true}";
    start();
    expect_ok("build", dynamodb_scan_build(&target, 1000, slice_text(""), &memory, &request));
    expect_request("DynamoDB_20120810.Scan", first);
    const slice before = builder_view(&memory);
    expect_ok("next", dynamodb_scan_build(&target, 1, slice_text("bob"), &memory, &request));
    expect_true("the first body is kept", slice_has_start(builder_view(&memory), before));
    expect_request("DynamoDB_20120810.Scan",
                   "{\"TableName\":\"accounts\","
                   "\"ProjectionExpression\":\"#name,#address,#key_id,#version,#created_at\","
                   "\"ExpressionAttributeNames\":{\"#name\":\"name\",\"#address\":\"address\","
                   "\"#key_id\":\"key_id\",\"#version\":\"version\","
                   "\"#created_at\":\"created_at\"},\"Limit\":1,\"ConsistentRead\":true,"
                   "\"ExclusiveStartKey\":{\"name\":{\"S\":\"bob\"}}}");
}

static void tables(void)
{
    start();
    expect_ok("create", dynamodb_create_table_build(&target, &memory, &request));
    expect_request("DynamoDB_20120810.CreateTable",
                   "{\"TableName\":\"accounts\",\"AttributeDefinitions\":["
                   "{\"AttributeName\":\"name\",\"AttributeType\":\"S\"},"
                   "{\"AttributeName\":\"address\",\"AttributeType\":\"S\"}],"
                   "\"KeySchema\":[{\"AttributeName\":\"name\",\"KeyType\":\"HASH\"}],"
                   "\"BillingMode\":\"PAY_PER_REQUEST\",\"GlobalSecondaryIndexes\":["
                   "{\"IndexName\":\"address-index\","
                   "\"KeySchema\":[{\"AttributeName\":\"address\",\"KeyType\":\"HASH\"}],"
                   "\"Projection\":{\"ProjectionType\":\"KEYS_ONLY\"}}]}");
    start();
    expect_ok("describe", dynamodb_describe_table_build(&target, &memory, &request));
    expect_request("DynamoDB_20120810.DescribeTable", "{\"TableName\":\"accounts\"}");
    start();
    expect_ok("recovery", dynamodb_recovery_build(&target, &memory, &request));
    expect_request("DynamoDB_20120810.UpdateContinuousBackups",
                   "{\"TableName\":\"accounts\",\"PointInTimeRecoverySpecification\":"
                   "{\"PointInTimeRecoveryEnabled\":true}}");
}

/* Memory that is one byte short refuses; exactly enough does. */
static void memory_bounds(void)
{
    start();
    expect_ok("measure", dynamodb_put_build(&target, &item, &memory, &request));
    const size_t size = memory.size;
    builder_init(&memory, memory_bytes, size);
    expect_ok("exactly enough", dynamodb_put_build(&target, &item, &memory, &request));
    builder_init(&memory, memory_bytes, size - 1);
    expect_kind("one short", dynamodb_put_build(&target, &item, &memory, &request),
                FAILURE_OVER_LIMIT);
}

static const char good_item[] =
    "{\"Item\":{\"name\":{\"S\":\"alice\"},\"record\":{\"B\":\"AQID/w==\"},"
    "\"address\":{\"S\":\"0xaa\"},\"key_id\":{\"S\":\"arn:k\"},\"version\":{\"N\":\"7\"},"
    "\"created_at\":{\"S\":\"2026\"},\"proof\":{\"B\":\"UA==\"},\"more\":{\"BOOL\":true}},"
    "\"ConsumedCapacity\":{\"CapacityUnits\":1}}";

static slice replaced(const char *whole, const char *from, const char *to)
{
    static uint8_t text[4096];
    struct builder builder;
    const char *at = strstr(whole, from);
    builder_init(&builder, text, sizeof text);
    if (!expect_true("the row's text is there", at != NULL)) return slice_text("");
    builder_put(&builder, slice_of(whole, (size_t)(at - whole)));
    builder_put_text(&builder, to);
    builder_put_text(&builder, at + strlen(from));
    return builder_view(&builder);
}

static void reads_an_item(void)
{
    struct dynamodb_item read = {0};
    start();
    expect_ok("read", dynamodb_get_read(slice_text(good_item), runner_arena(), &read));
    expect_text("name", read.name, "alice");
    expect_hex("record", read.record, "010203ff");
    expect_text("address", read.address, "0xaa");
    expect_text("key id", read.key_id, "arn:k");
    expect_u64("version", read.version, 7);
    expect_text("created", read.created_at, "2026");
    expect_text("proof", read.proof, "P");
    const slice escaped = replaced(good_item, "arn:k", "a\\\"\\u00e9");
    expect_ok("read", dynamodb_get_read(escaped, runner_arena(), &read));
    expect_text("text with escapes", read.key_id, "a\"\xc3\xa9");
}

/* Each row replaces one text of a good item by another. */
static const struct {
    const char *name, *from, *to;
    enum failure_kind kind; /* 0: accepted */
} item_rows[] = {
    {"no item", "\"Item\"", "\"Other\"", FAILURE_NOT_FOUND},
    {"item is null", "\"Item\":{", "\"Item\":null,\"x\":{", FAILURE_CORRUPT},
    {"no proof", "\"proof\"", "\"other\"", 0},
    {"no name", "\"name\"", "\"other\"", FAILURE_CORRUPT},
    {"no address", "\"address\"", "\"other\"", FAILURE_CORRUPT},
    {"no key id", "\"key_id\"", "\"other\"", FAILURE_CORRUPT},
    {"no version", "\"version\"", "\"other\"", FAILURE_CORRUPT},
    {"no creation time", "\"created_at\"", "\"other\"", FAILURE_CORRUPT},
    {"no record", "\"record\"", "\"other\"", FAILURE_CORRUPT},
    {"older layout", "\"record\"", "\"encryptedPrivateKey\"", FAILURE_CONFLICT},
    {"older layout's field beside a record", "\"more\"", "\"encryptedPrivateKey\"", 0},
    {"name of another type", "\"name\":{\"S\"", "\"name\":{\"N\"", FAILURE_CORRUPT},
    {"record of another type", "{\"B\":\"AQID/w==\"}", "{\"S\":\"AQID/w==\"}", FAILURE_CORRUPT},
    {"record not base64", "AQID/w==", "AQID/w=", FAILURE_CORRUPT},
    {"version of another type", "{\"N\":\"7\"}", "{\"S\":\"7\"}", FAILURE_CORRUPT},
    {"version a JSON number", "{\"N\":\"7\"}", "{\"N\":7}", FAILURE_CORRUPT},
    {"version 0", "{\"N\":\"7\"}", "{\"N\":\"0\"}", FAILURE_CORRUPT},
    {"version with a fraction", "{\"N\":\"7\"}", "{\"N\":\"7.5\"}", FAILURE_CORRUPT},
    {"version at its largest", "\"7\"", "\"9223372036854775807\"", 0},
    {"version past it", "\"7\"", "\"9223372036854775808\"", FAILURE_CORRUPT},
    {"two members", "{\"S\":\"alice\"}", "{\"S\":\"alice\",\"N\":\"1\"}", FAILURE_CORRUPT},
    {"no member", "{\"S\":\"alice\"}", "{}", FAILURE_CORRUPT},
    {"value not an object", "{\"S\":\"alice\"}", "\"alice\"", FAILURE_CORRUPT},
    {"name twice", "\"more\"", "\"name\"", FAILURE_CORRUPT},
    {"cut", ",\"ConsumedCapacity\":{\"CapacityUnits\":1}}", "", FAILURE_CORRUPT},
    {"not an object", good_item, "[]", FAILURE_CORRUPT},
    {"empty body", good_item, "", FAILURE_CORRUPT},
    {"empty object", good_item, "{}", FAILURE_NOT_FOUND},
};

static void item_refusals(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(item_rows); i++) {
        struct dynamodb_item read = {.version = 99};
        runner_row(item_rows[i].name);
        start();
        const slice body = replaced(good_item, item_rows[i].from, item_rows[i].to);
        const status got = dynamodb_get_read(body, runner_arena(), &read);
        if (item_rows[i].kind == 0) {
            expect_ok("read", got);
        } else {
            expect_kind("read", got, item_rows[i].kind);
            expect_u64("untouched", read.version, 99);
        }
    }
}

static void older_layout_says_so(void)
{
    struct dynamodb_item read;
    start();
    expect_refused(
        "read",
        dynamodb_get_read(slice_text("{\"Item\":{\"name\":{\"S\":\"a\"},\"key_id\":{\"S\":\"k\"},"
                                     "\"encryptedPrivateKey\":{\"S\":\"AA==\"},"
                                     "\"address\":{\"S\":\"0xA\"},"
                                     "\"encryptedDataKey\":{\"S\":\"AA==\"}}}"),
                          runner_arena(), &read),
        "store: item has the older layout; migrate it first");
}

static void every_cut_is_refused(void)
{
    const slice whole = slice_text(good_item);
    for (size_t size = 0; size < whole.size; size++) {
        struct dynamodb_item read;
        runner_row_at("size", size);
        start();
        expect_kind("read", dynamodb_get_read(slice_part(whole, 0, size), runner_arena(), &read),
                    FAILURE_CORRUPT);
    }
}

/* Blobs and texts at their limits. */
static void item_bounds(void)
{
    static const struct {
        const char *name;
        size_t name_size, record_size;
        bool is_fine;
    } rows[] = {
        {"longest name", DYNAMODB_TEXT_SIZE_MAX, 1, true},
        {"name one longer", DYNAMODB_TEXT_SIZE_MAX + 1, 1, false},
        {"longest record", 1, DYNAMODB_BLOB_SIZE_MAX, true},
        {"record much longer", 1, DYNAMODB_BLOB_SIZE_MAX + 6, false},
    };
    static uint8_t body_bytes[256 * 1024], blob[DYNAMODB_BLOB_SIZE_MAX + 6],
        read_bytes[MEMORY_SIZE];
    static uint8_t name[DYNAMODB_TEXT_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dynamodb_item long_item = item, read;
        struct builder text, into;
        runner_row(rows[i].name);
        long_item.name = slice_of(name, rows[i].name_size);
        long_item.record = slice_of(blob, rows[i].record_size);
        start();
        expect_ok("build", dynamodb_put_build(&target, &long_item, &memory, &request));
        /* A put's body has its item where a reply has one. */
        builder_init(&text, body_bytes, sizeof body_bytes);
        builder_put(&text, request.body);
        builder_init(&into, read_bytes, sizeof read_bytes);
        const status got = dynamodb_get_read(builder_view(&text), runner_arena(), &read);
        if (rows[i].is_fine) expect_ok("read", got);
        else expect_kind("read", got, FAILURE_CORRUPT);
    }
}

static void reads_back_what_it_builds(void)
{
    for (size_t round = 0; round < 50; round++) {
        uint8_t record[200], proof[100];
        struct dynamodb_item wanted = item, read;
        runner_row_at("round", round);
        runner_random(record, sizeof record);
        runner_random(proof, sizeof proof);
        wanted.record = slice_of(record, 1 + runner_random_u64() % sizeof record);
        wanted.proof = slice_of(proof, runner_random_u64() % sizeof proof);
        wanted.version = 1 + (runner_random_u64() >> 2);
        start();
        expect_ok("build", dynamodb_put_build(&target, &wanted, &memory, &request));
        if (!expect_ok("read", dynamodb_get_read(request.body, runner_arena(), &read))) continue;
        expect_bytes("record", read.record, wanted.record);
        expect_bytes("proof", read.proof, wanted.proof);
        expect_u64("version", read.version, wanted.version);
    }
}

static void reads_names(void)
{
    static const struct {
        const char *name, *body;
        size_t count;
        bool is_corrupt;
    } rows[] = {
        {"none", "{\"Count\":0,\"Items\":[],\"ScannedCount\":0}", 0, false},
        {"one", "{\"Items\":[{\"name\":{\"S\":\"a\"}}]}", 1, false},
        {"two", "{\"Items\":[{\"name\":{\"S\":\"a\"}},{\"name\":{\"S\":\"b\"}}]}", 2, false},
        {"three", "{\"Items\":[{\"name\":{\"S\":\"a\"}},{\"name\":{\"S\":\"b\"}},{}]}", 0, true},
        {"no items", "{\"Count\":0}", 0, true},
        {"item without name", "{\"Items\":[{}]}", 0, true},
        {"items an object", "{\"Items\":{}}", 0, true},
        {"not JSON", "<html>", 0, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dynamodb_names names = {.count = 99};
        runner_row(rows[i].name);
        start();
        const status got = dynamodb_query_read(slice_text(rows[i].body), runner_arena(), &names);
        if (rows[i].is_corrupt) {
            expect_kind("read", got, FAILURE_CORRUPT);
            expect_u64("untouched", names.count, 99);
        } else if (expect_ok("read", got)) {
            expect_u64("count", names.count, rows[i].count);
            if (rows[i].count > 0) expect_text("first", names.list[0], "a");
        }
    }
}

static void reads_pages(void)
{
    static const char entry[] =
        "{\"Items\":[{\"name\":{\"S\":\"a\"},\"address\":{\"S\":\"0x1\"},\"key_id\":{\"S\":\"k\"},"
        "\"version\":{\"N\":\"3\"},\"created_at\":{\"S\":\"t\"}}],"
        "\"LastEvaluatedKey\":{\"name\":{\"S\":\"a\"}}}";
    static const struct {
        const char *name, *from, *to;
        bool is_corrupt;
    } rows[] = {
        {"as it is", "{", "{", false},
        {"last page", "\"LastEvaluatedKey\"", "\"other\"", false},
        {"last key is null", "{\"name\":{\"S\":\"a\"}}}", "null}", false},
        {"last key without name", "{\"name\":{\"S\":\"a\"}}}", "{}}", true},
        {"no address", "\"address\"", "\"other\"", true},
        {"no key id", "\"key_id\"", "\"other\"", true},
        {"version only", "\"created_at\"", "\"other\"", true},
        {"creation time only", "\"version\"", "\"other\"", true},
        {"one more than asked for", "\"Items\":[", "\"Items\":[{},{},", true},
        {"no items", "\"Items\"", "\"other\"", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dynamodb_entry entries[2];
        struct dynamodb_page page = {.entries = entries, .count_max = 2, .count = 99};
        runner_row(rows[i].name);
        start();
        const status got =
            dynamodb_scan_read(replaced(entry, rows[i].from, rows[i].to), runner_arena(), &page);
        if (rows[i].is_corrupt) {
            expect_kind("read", got, FAILURE_CORRUPT);
            expect_u64("untouched", page.count, 99);
        } else if (expect_ok("read", got)) {
            expect_u64("count", page.count, 1);
            expect_u64("version", entries[0].version, 3);
            expect_text("name", entries[0].name, "a");
            expect_text("next", page.last_name, i == 0 ? "a" : "");
        }
    }
}

static void pages_show_older_items(void)
{
    struct dynamodb_entry entries[1];
    struct dynamodb_page page = {.entries = entries, .count_max = 1};
    start();
    expect_ok("read", dynamodb_scan_read(slice_text("{\"Items\":[{\"name\":{\"S\":\"a\"},"
                                                    "\"address\":{\"S\":\"0xA\"},"
                                                    "\"key_id\":{\"S\":\"k\"}}]}"),
                                         runner_arena(), &page));
    expect_u64("version", entries[0].version, 0);
    expect_u64("creation time", entries[0].created_at.size, 0);
    expect_text("address", entries[0].address, "0xA");
}

static void reads_tables(void)
{
    static const char described[] =
        "{\"Table\":{\"TableStatus\":\"ACTIVE\","
        "\"KeySchema\":[{\"AttributeName\":\"name\",\"KeyType\":\"HASH\"}],"
        "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"other\",\"IndexStatus\":\"CREATING\"},"
        "{\"IndexName\":\"address-index\",\"IndexStatus\":\"ACTIVE\",\"KeySchema\":"
        "[{\"AttributeName\":\"address\",\"KeyType\":\"HASH\"}]}]}}";
    static const struct {
        const char *name, *from, *to;
        bool is_active, is_ours;
    } rows[] = {
        {"as it is", "{", "{", true, true},
        {"being made", "ACTIVE", "CREATING", false, true},
        {"index being made", "address-index\",\"IndexStatus\":\"ACTIVE",
         "address-index\",\"IndexStatus\":\"CREATING", false, true},
        {"another key", "\"name\"", "\"id\"", true, false},
        {"another key type", "HASH", "RANGE", true, false},
        {"two keys", "\"KeySchema\":[", "\"KeySchema\":[{},", true, false},
        {"index of another name", "address-index", "address", true, false},
        {"index on something else", "\"address\"", "\"key_id\"", true, false},
        {"no indexes", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", true, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dynamodb_table table;
        runner_row(rows[i].name);
        if (!expect_ok("read",
                       dynamodb_describe_table_read(replaced(described, rows[i].from, rows[i].to),
                                                    runner_arena(), &table))) {
            continue;
        }
        expect_true("active", table.is_active == rows[i].is_active);
        expect_true("ours", table.is_ours == rows[i].is_ours);
    }
    struct dynamodb_table table;
    runner_row("no table");
    expect_kind("read", dynamodb_describe_table_read(slice_text("{}"), runner_arena(), &table),
                FAILURE_CORRUPT);
}

static void checksums(void)
{
    /* 2745614147 is the checksum that DynamoDB sends with an empty object. */
    static const struct {
        const char *name, *header, *body;
        bool is_fine;
    } rows[] = {
        {"right", "2745614147", "{}", true},
        {"none sent", NULL, "{}", true},
        {"off by one", "2745614148", "{}", false},
        {"of another body", "2745614147", "{ }", false},
        {"not a number", "0xa3a6bf43", "{}", false},
        {"too large", "4294967296", "{}", false},
        {"empty", "", "{}", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_response response = {.code = 200, .body = slice_text(rows[i].body)};
        runner_row(rows[i].name);
        http_headers_init(&response.headers);
        if (rows[i].header) {
            expect_ok("add", http_headers_add(&response.headers, slice_text("x-amz-crc32"),
                                              slice_text(rows[i].header)));
        }
        const status got = dynamodb_crc_check(&response);
        if (rows[i].is_fine) expect_ok("check", got);
        else expect_kind("check", got, FAILURE_UNAVAILABLE);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"gets", gets},
        {"puts if absent", puts_if_absent},
        {"replaces", replaces},
        {"queries", queries},
        {"scans", scans},
        {"tables", tables},
        {"memory bounds", memory_bounds},
        {"reads an item", reads_an_item},
        {"item refusals", item_refusals},
        {"older layout says so", older_layout_says_so},
        {"every cut is refused", every_cut_is_refused},
        {"item bounds", item_bounds},
        {"reads back what it builds", reads_back_what_it_builds},
        {"reads names", reads_names},
        {"reads pages", reads_pages},
        {"pages show older items", pages_show_older_items},
        {"reads tables", reads_tables},
        {"checksums", checksums},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
