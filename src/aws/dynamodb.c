#include "aws/dynamodb.h"

#include "base/base64.h"
#include "base/crc32.h"
#include "base/json_read.h"
#include "base/json_write.h"

static const char older_layout_field[] = "encryptedPrivateKey";

/* ---- building ---- */

/* Starts a body at the end of `memory`. */
static void open_body(const struct dynamodb_target *target, struct builder *memory,
                      struct json_writer *body)
{
    json_write_init(body, memory);
    json_write_object_open(body);
    json_write_name(body, "TableName");
    json_write_string(body, target->table);
}

/* Ends the body and makes it a request for `operation`, "DynamoDB_20120810.Name". */
static status close_body(const struct dynamodb_target *target, const char *operation,
                         struct json_writer *body, struct http_request *request)
{
    json_write_object_close(body);
    struct http_request built = {
        .method = slice_text("POST"),
        .target = slice_text("/"),
    };
    TRY(json_write_finish(body, &built.body));
    http_headers_init(&built.headers);
    TRY(http_headers_add(&built.headers, slice_text("Host"), target->host));
    TRY(http_headers_add(&built.headers, slice_text("Content-Type"),
                         slice_text("application/x-amz-json-1.0")));
    TRY(http_headers_add(&built.headers, slice_text("X-Amz-Target"), slice_text(operation)));
    /* The checksum of a reply is over the bytes as sent: they are to be the body itself. */
    TRY(http_headers_add(&built.headers, slice_text("Accept-Encoding"), slice_text("identity")));
    *request = built;
    return status_ok();
}

static void put_text_field(struct json_writer *body, const char *name, const char *value)
{
    json_write_name(body, name);
    json_write_text(body, value);
}

/* "name":{"S":"value"} */
static void put_text(struct json_writer *body, const char *name, slice value)
{
    json_write_name(body, name);
    json_write_object_open(body);
    json_write_name(body, "S");
    json_write_string(body, value);
    json_write_object_close(body);
}

/* "name":{"B":"base64"} */
static void put_blob(struct json_writer *body, const char *name, slice value)
{
    json_write_name(body, name);
    json_write_object_open(body);
    json_write_name(body, "B");
    json_write_base64(body, value);
    json_write_object_close(body);
}

/* "name":{"N":"7"}: the service writes numbers as strings. */
static void put_number(struct json_writer *body, const char *name, uint64_t value)
{
    json_write_name(body, name);
    json_write_object_open(body);
    json_write_name(body, "N");
    builder_put_decimal(json_write_string_open(body), value);
    json_write_string_close(body);
    json_write_object_close(body);
}

/* "name":{"name":{"S":"value"}}: a key, whole. */
static void put_key(struct json_writer *body, const char *name, slice value)
{
    json_write_name(body, name);
    json_write_object_open(body);
    put_text(body, "name", value);
    json_write_object_close(body);
}

static void put_item(struct json_writer *body, const struct dynamodb_item *item)
{
    json_write_name(body, "Item");
    json_write_object_open(body);
    put_text(body, "name", item->name);
    put_blob(body, "record", item->record);
    put_text(body, "address", item->address);
    put_text(body, "key_id", item->key_id);
    put_number(body, "version", item->version);
    put_text(body, "created_at", item->created_at);
    if (item->proof.size > 0) put_blob(body, "proof", item->proof);
    json_write_object_close(body);
}

status dynamodb_get_build(const struct dynamodb_target *target, slice name, struct builder *memory,
                          struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    put_key(&body, "Key", name);
    json_write_name(&body, "ConsistentRead");
    json_write_bool(&body, true);
    return close_body(target, "DynamoDB_20120810.GetItem", &body, request);
}

/* Attribute names go through placeholders: `name` and others are reserved words. */
status dynamodb_put_build(const struct dynamodb_target *target, const struct dynamodb_item *item,
                          struct builder *memory, struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    put_item(&body, item);
    put_text_field(&body, "ConditionExpression", "attribute_not_exists(#name)");
    json_write_name(&body, "ExpressionAttributeNames");
    json_write_object_open(&body);
    put_text_field(&body, "#name", "name");
    json_write_object_close(&body);
    return close_body(target, "DynamoDB_20120810.PutItem", &body, request);
}

status dynamodb_replace_build(const struct dynamodb_target *target,
                              const struct dynamodb_item *item, uint64_t version,
                              struct builder *memory, struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    put_item(&body, item);
    put_text_field(&body, "ConditionExpression", "#version = :version AND #address = :address");
    json_write_name(&body, "ExpressionAttributeNames");
    json_write_object_open(&body);
    put_text_field(&body, "#version", "version");
    put_text_field(&body, "#address", "address");
    json_write_object_close(&body);
    json_write_name(&body, "ExpressionAttributeValues");
    json_write_object_open(&body);
    put_number(&body, ":version", version);
    put_text(&body, ":address", item->address);
    json_write_object_close(&body);
    return close_body(target, "DynamoDB_20120810.PutItem", &body, request);
}

status dynamodb_query_build(const struct dynamodb_target *target, slice address,
                            struct builder *memory, struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    put_text_field(&body, "IndexName", "address-index");
    put_text_field(&body, "KeyConditionExpression", "#address = :address");
    put_text_field(&body, "ProjectionExpression", "#name");
    json_write_name(&body, "ExpressionAttributeNames");
    json_write_object_open(&body);
    put_text_field(&body, "#address", "address");
    put_text_field(&body, "#name", "name");
    json_write_object_close(&body);
    json_write_name(&body, "ExpressionAttributeValues");
    json_write_object_open(&body);
    put_text(&body, ":address", address);
    json_write_object_close(&body);
    json_write_name(&body, "Limit");
    json_write_u64(&body, DYNAMODB_QUERY_COUNT_MAX);
    return close_body(target, "DynamoDB_20120810.Query", &body, request);
}

status dynamodb_scan_build(const struct dynamodb_target *target, size_t count_max, slice last_name,
                           struct builder *memory, struct http_request *request)
{
    static const char *const names[][2] = {
        {"#name", "name"},       {"#address", "address"},       {"#key_id", "key_id"},
        {"#version", "version"}, {"#created_at", "created_at"},
    };
    struct json_writer body;
    open_body(target, memory, &body);
    put_text_field(&body, "ProjectionExpression", "#name,#address,#key_id,#version,#created_at");
    json_write_name(&body, "ExpressionAttributeNames");
    json_write_object_open(&body);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        put_text_field(&body, names[i][0], names[i][1]);
    }
    json_write_object_close(&body);
    json_write_name(&body, "Limit");
    json_write_u64(&body, count_max);
    json_write_name(&body, "ConsistentRead");
    json_write_bool(&body, true);
    if (last_name.size > 0) put_key(&body, "ExclusiveStartKey", last_name);
    return close_body(target, "DynamoDB_20120810.Scan", &body, request);
}

/* "KeySchema":[{"AttributeName":"…","KeyType":"HASH"}] */
static void put_key_schema(struct json_writer *body, const char *attribute)
{
    json_write_name(body, "KeySchema");
    json_write_array_open(body);
    json_write_object_open(body);
    put_text_field(body, "AttributeName", attribute);
    put_text_field(body, "KeyType", "HASH");
    json_write_object_close(body);
    json_write_array_close(body);
}

static void put_text_attribute(struct json_writer *body, const char *name)
{
    json_write_object_open(body);
    put_text_field(body, "AttributeName", name);
    put_text_field(body, "AttributeType", "S");
    json_write_object_close(body);
}

status dynamodb_create_table_build(const struct dynamodb_target *target, struct builder *memory,
                                   struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    json_write_name(&body, "AttributeDefinitions");
    json_write_array_open(&body);
    put_text_attribute(&body, "name");
    put_text_attribute(&body, "address");
    json_write_array_close(&body);
    put_key_schema(&body, "name");
    put_text_field(&body, "BillingMode", "PAY_PER_REQUEST");
    json_write_name(&body, "GlobalSecondaryIndexes");
    json_write_array_open(&body);
    json_write_object_open(&body);
    put_text_field(&body, "IndexName", "address-index");
    put_key_schema(&body, "address");
    json_write_name(&body, "Projection");
    json_write_object_open(&body);
    put_text_field(&body, "ProjectionType", "KEYS_ONLY");
    json_write_object_close(&body);
    json_write_object_close(&body);
    json_write_array_close(&body);
    return close_body(target, "DynamoDB_20120810.CreateTable", &body, request);
}

status dynamodb_recovery_build(const struct dynamodb_target *target, struct builder *memory,
                               struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    json_write_name(&body, "PointInTimeRecoverySpecification");
    json_write_object_open(&body);
    json_write_name(&body, "PointInTimeRecoveryEnabled");
    json_write_bool(&body, true);
    json_write_object_close(&body);
    return close_body(target, "DynamoDB_20120810.UpdateContinuousBackups", &body, request);
}

status dynamodb_describe_table_build(const struct dynamodb_target *target, struct builder *memory,
                                     struct http_request *request)
{
    struct json_writer body;
    open_body(target, memory, &body);
    return close_body(target, "DynamoDB_20120810.DescribeTable", &body, request);
}

/*
 * ---- reading ----
 *
 * Documents are not closed here, which would wipe the strings that had escapes: what is read views
 * them, and goes with the arena.
 */

status dynamodb_crc_check(const struct http_response *response)
{
    slice text;
    uint64_t told;
    if (!http_headers_find(&response->headers, "x-amz-crc32", &text)) return status_ok();
    REQUIRE(status_is_ok(slice_parse_u64(text, UINT32_MAX, &told)), UNAVAILABLE,
            "dynamodb: the reply's checksum is not a number");
    REQUIRE(told == crc32_add(0, response->body), UNAVAILABLE,
            "dynamodb: the reply does not have its checksum");
    return status_ok();
}

/* Reads the one member of attribute `name`'s value, which must be of `type`. */
static status read_member(const json_value *item, const char *name, const char *type,
                          size_t size_max, slice *member)
{
    json_value value;
    TRY(json_read_object(item, name, &value));
    REQUIRE(json_count(&value) == 1, BAD_INPUT, "dynamodb: a value has one member");
    return json_read_string(&value, type, 0, size_max, member);
}

static status read_text(const json_value *item, const char *name, slice *text)
{
    return read_member(item, name, "S", DYNAMODB_TEXT_SIZE_MAX, text);
}

static status read_blob(const json_value *item, const char *name, struct arena *arena, slice *blob)
{
    slice member;
    struct builder decoded;
    TRY(read_member(item, name, "B", DYNAMODB_BLOB_SIZE_MAX / 3 * 4 + 4, &member));
    builder_init_arena(&decoded, arena, member.size / 4 * 3);
    TRY(base64_put_decoded(&decoded, member));
    return builder_finish(&decoded, blob);
}

static status read_version(const json_value *item, uint64_t *version)
{
    slice digits;
    TRY(read_member(item, "version", "N", DYNAMODB_TEXT_SIZE_MAX, &digits));
    TRY(slice_parse_u64(digits, INT64_MAX, version));
    REQUIRE(*version > 0, BAD_INPUT, "dynamodb: a version is at least 1");
    return status_ok();
}

static status read_account(const json_value *item, struct arena *arena,
                           struct dynamodb_item *account)
{
    struct dynamodb_item read = {0};
    TRY(read_text(item, "name", &read.name));
    TRY(read_blob(item, "record", arena, &read.record));
    TRY(read_text(item, "address", &read.address));
    TRY(read_text(item, "key_id", &read.key_id));
    TRY(read_version(item, &read.version));
    TRY(read_text(item, "created_at", &read.created_at));
    if (json_has(item, "proof")) TRY(read_blob(item, "proof", arena, &read.proof));
    *account = read;
    return status_ok();
}

/* What the service sent and we cannot read is not the caller's bad input. */
static status as_corrupt(status result)
{
    if (status_is_ok(result) || status_is(result, FAILURE_OVER_LIMIT)) return result;
    FAIL(CORRUPT, result.detail, "dynamodb: the reply is not what was asked for");
}

status dynamodb_get_read(slice body, struct arena *arena, struct dynamodb_item *item)
{
    struct json document = {0};
    json_value top, object;
    TRY(as_corrupt(json_open(body, arena, &document)));
    TRY(as_corrupt(json_top_object(&document, &top)));
    REQUIRE(json_has(&top, "Item"), NOT_FOUND, "dynamodb: there is no such item");
    TRY(as_corrupt(json_read_object(&top, "Item", &object)));
    REQUIRE(json_has(&object, "record") || !json_has(&object, older_layout_field), CONFLICT,
            "store: item has the older layout; migrate it first");
    if (!status_is_ok(read_account(&object, arena, item))) {
        FAIL(CORRUPT, 0, "dynamodb: the item is not an account");
    }
    return status_ok();
}

status dynamodb_query_read(slice body, struct arena *arena, struct dynamodb_names *names)
{
    struct json document = {0};
    struct dynamodb_names read = {0};
    json_value top, items;
    TRY(as_corrupt(json_open(body, arena, &document)));
    TRY(as_corrupt(json_top_object(&document, &top)));
    TRY(as_corrupt(json_read_array(&top, "Items", DYNAMODB_QUERY_COUNT_MAX, &items)));
    for (json_value item = json_first(&items); json_is_there(&item); item = json_next(&item)) {
        TRY(as_corrupt(read_text(&item, "name", &read.list[read.count++])));
    }
    *names = read;
    return status_ok();
}

static status read_entry(const json_value *item, struct dynamodb_entry *entry)
{
    *entry = (struct dynamodb_entry){0};
    TRY(read_text(item, "name", &entry->name));
    TRY(read_text(item, "address", &entry->address));
    TRY(read_text(item, "key_id", &entry->key_id));
    /* The older layout has neither; an item with one of them only is broken. */
    if (!json_has(item, "version") && !json_has(item, "created_at")) return status_ok();
    TRY(read_version(item, &entry->version));
    return read_text(item, "created_at", &entry->created_at);
}

static status read_last_name(const json_value *top, slice *name)
{
    json_value key;
    if (!json_has_value(top, "LastEvaluatedKey")) {
        *name = slice_of(NULL, 0);
        return status_ok();
    }
    TRY(json_read_object(top, "LastEvaluatedKey", &key));
    return read_text(&key, "name", name);
}

status dynamodb_scan_read(slice body, struct arena *arena, struct dynamodb_page *page)
{
    struct json document = {0};
    json_value top, items;
    slice last_name;
    TRY(as_corrupt(json_open(body, arena, &document)));
    TRY(as_corrupt(json_top_object(&document, &top)));
    TRY(as_corrupt(json_read_array(&top, "Items", page->count_max, &items)));
    size_t count = 0;
    for (json_value item = json_first(&items); json_is_there(&item); item = json_next(&item)) {
        TRY(as_corrupt(read_entry(&item, &page->entries[count++])));
    }
    TRY(as_corrupt(read_last_name(&top, &last_name)));
    page->count = count;
    page->last_name = last_name;
    return status_ok();
}

/* True when the object's key is this attribute alone. */
static bool is_keyed_by(const json_value *described, const char *attribute)
{
    json_value schema;
    slice name, type;
    if (!status_is_ok(json_read_array(described, "KeySchema", 1, &schema))) return false;
    if (json_count(&schema) != 1) return false;
    const json_value key = json_first(&schema);
    return status_is_ok(
               json_read_string(&key, "AttributeName", 0, DYNAMODB_TEXT_SIZE_MAX, &name)) &&
           status_is_ok(json_read_string(&key, "KeyType", 0, DYNAMODB_TEXT_SIZE_MAX, &type)) &&
           slice_equal(name, slice_text(attribute)) && slice_equal(type, slice_text("HASH"));
}

static bool has_text(const json_value *object, const char *name, const char *wanted)
{
    slice text;
    return status_is_ok(json_read_string(object, name, 0, DYNAMODB_TEXT_SIZE_MAX, &text)) &&
           slice_equal(text, slice_text(wanted));
}

/* Looks for address-index among a table's indexes. */
static void read_index(const json_value *described, struct dynamodb_table *table)
{
    enum { INDEX_COUNT_MAX = 100 };
    json_value indexes;
    if (!status_is_ok(
            json_read_array(described, "GlobalSecondaryIndexes", INDEX_COUNT_MAX, &indexes))) {
        table->is_ours = false;
        return;
    }
    for (json_value index = json_first(&indexes); json_is_there(&index);
         index = json_next(&index)) {
        if (!has_text(&index, "IndexName", "address-index")) continue;
        table->is_ours = table->is_ours && is_keyed_by(&index, "address");
        table->is_active = table->is_active && has_text(&index, "IndexStatus", "ACTIVE");
        return;
    }
    table->is_ours = false;
}

status dynamodb_describe_table_read(slice body, struct arena *arena, struct dynamodb_table *table)
{
    struct json document = {0};
    json_value top, described;
    TRY(as_corrupt(json_open(body, arena, &document)));
    TRY(as_corrupt(json_top_object(&document, &top)));
    TRY(as_corrupt(json_read_object(&top, "Table", &described)));
    struct dynamodb_table read = {
        .is_active = has_text(&described, "TableStatus", "ACTIVE"),
        .is_ours = is_keyed_by(&described, "name"),
    };
    read_index(&described, &read);
    *table = read;
    return status_ok();
}
