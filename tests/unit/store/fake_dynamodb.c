#include "fake_dynamodb.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aws/time.h"
#include "base/crc32.h"
#include "base/json.h"
#include "http/reader.h"
#include "net/listener.h"
#include "os/clock.h"

enum { MEMORY_SIZE = 256 * 1024, WAIT_MS = 50, CONNECTION_MS = 60 * 1000 };

static const char rival[] =
    "{\"name\":{\"S\":\"alice\"},\"record\":{\"B\":\"AAAA\"},"
    "\"address\":{\"S\":\"0x0000000000000000000000000000000000000bad\"},"
    "\"key_id\":{\"S\":\"arn:rival\"},\"version\":{\"N\":\"1\"},\"created_at\":{\"S\":\"2026\"}}";

static struct {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    bool is_ending;
    struct fake_fault faults[FAKE_FAULT_COUNT_MAX];
    size_t fault_count, fault_next;
    struct fake_seen seen[FAKE_SEEN_COUNT_MAX];
    size_t seen_count;
    char item[MEMORY_SIZE];
    size_t reply_size;
    size_t refused_count;
    bool has_no_credentials;
    /* The server thread's own. */
    struct listener listener;
    char folder[40], path[64];
    uint8_t received[MEMORY_SIZE], reply[MEMORY_SIZE], body[MEMORY_SIZE];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void pause_ms(int64_t duration_ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = duration_ms / 1000,
                                       .tv_nsec = duration_ms % 1000 * 1000 * 1000},
                    NULL);
}

/* ---- the table ---- */

/* Copies a JSON value's text. */
static void keep_value(const json_value *value)
{
    struct builder text;
    builder_init(&text, fake.item, sizeof fake.item - 1);
    builder_put(&text, json_value_raw(value));
    fake.item[text.size] = '\0';
}

static bool read_member(const json_value *item, const char *name, const char *type, slice *text)
{
    json_value value;
    return status_is_ok(json_read_object(item, name, &value)) &&
           status_is_ok(json_read_string(&value, type, 0, MEMORY_SIZE, text));
}

/* Whether a replacement's two conditions hold for the item kept. */
static bool condition_holds(const json_value *put, struct arena *arena)
{
    SCOPED(json_close) struct json document = {0};
    json_value values, kept;
    slice version, address, kept_version, kept_address;
    if (!json_has(put, "ExpressionAttributeValues")) return fake.item[0] == '\0';
    if (fake.item[0] == '\0' || !status_is_ok(json_open(slice_text(fake.item), arena, &document))) {
        return false;
    }
    kept = json_top(&document);
    return status_is_ok(json_read_object(put, "ExpressionAttributeValues", &values)) &&
           read_member(&values, ":version", "N", &version) &&
           read_member(&values, ":address", "S", &address) &&
           read_member(&kept, "version", "N", &kept_version) &&
           read_member(&kept, "address", "S", &kept_address) &&
           slice_equal(version, kept_version) && slice_equal(address, kept_address);
}

/* What the service answers with, and its code. */
static unsigned answer(slice operation, slice body, bool is_carried_out, struct builder *text)
{
    alignas(max_align_t) static uint8_t space[MEMORY_SIZE];
    struct arena memory, *arena = &memory;
    SCOPED(json_close) struct json document = {0};
    json_value top, item;
    arena_init(arena, space, sizeof space);
    if (!status_is_ok(json_open(body, arena, &document))) return 500;
    top = json_top(&document);
    if (slice_equal(operation, slice_text("DynamoDB_20120810.GetItem"))) {
        builder_put_text(text, fake.item[0] ? "{\"Item\":" : "{");
        builder_put_text(text, fake.item);
        builder_put_text(text, "}");
        return 200;
    }
    if (!slice_equal(operation, slice_text("DynamoDB_20120810.PutItem"))) {
        builder_put_text(text,
                         "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}");
        return 400;
    }
    if (!condition_holds(&top, arena)) {
        builder_put_text(text, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
                               "ConditionalCheckFailedException\",\"message\":"
                               "\"The conditional request failed\"}");
        return 400;
    }
    if (is_carried_out && status_is_ok(json_read_object(&top, "Item", &item))) keep_value(&item);
    builder_put_text(text, "{}");
    return 200;
}

/* ---- replies ---- */

static void add_header(struct http_response *response, const char *name, slice value)
{
    if (!status_is_ok(http_headers_add(&response->headers, slice_text(name), value))) abort();
}

static void print_reply(const struct fake_fault *fault, struct http_response *response,
                        struct builder *text)
{
    uint8_t date[AWS_TIME_HTTP_SIZE], digits[20];
    struct builder date_text, checksum;
    http_headers_init(&response->headers);
    add_header(response, "Content-Type", slice_text("application/x-amz-json-1.0"));
    builder_init(&checksum, digits, sizeof digits);
    if (fault->checksum) builder_put(&checksum, slice_part(slice_text(fault->checksum), 0, 20));
    else builder_put_decimal(&checksum, crc32_add(0, response->body));
    if (!fault->checksum || strcmp(fault->checksum, "none") != 0) {
        add_header(response, "x-amz-crc32", builder_view(&checksum));
    }
    builder_init(&date_text, date, sizeof date);
    if (fault->date_s) {
        aws_time_print_http(fault->date_s, &date_text);
        add_header(response, "Date", builder_view(&date_text));
    }
    if (fault->retry_after) {
        add_header(response, "x-amz-retry-after", slice_text(fault->retry_after));
    }
    if (!status_is_ok(http_response_print(response, text))) abort();
}

static void build_reply(const struct fake_fault *fault, slice operation, slice request_body,
                        struct builder *text)
{
    struct builder body;
    struct http_response response = {0};
    builder_init(&body, fake.body, sizeof fake.body);
    response.code = (uint16_t)answer(operation, request_body, !fault->is_not_carried_out, &body);
    if (fault->kind == FAKE_ERROR) {
        builder_init(&body, fake.body, sizeof fake.body);
        builder_put_text(&body, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#");
        builder_put_text(&body, fault->name);
        builder_put_text(&body, "\",\"message\":\"as told\"}");
        response.code = (uint16_t)fault->code;
    }
    if (fault->kind == FAKE_BODY) {
        builder_init(&body, fake.body, sizeof fake.body);
        builder_put_text(&body, fault->text);
        response.code = 200;
    }
    response.body = builder_view(&body);
    builder_init(text, fake.reply, sizeof fake.reply);
    if (fault->kind == FAKE_RAW) builder_put_text(text, fault->text);
    else print_reply(fault, &response, text);
}

/* ---- the server ---- */

static void copy_text(slice text, char *field, size_t capacity)
{
    const size_t size = text.size < capacity ? text.size : capacity - 1;
    memcpy(field, text.bytes, size);
    field[size] = '\0';
}

static void note(const struct http_request *request)
{
    slice value;
    struct fake_seen *seen = &fake.seen[fake.seen_count % FAKE_SEEN_COUNT_MAX];
    fake.seen_count++;
    *seen = (struct fake_seen){.at_ms = clock_monotonic_ms()};
    if (http_headers_find(&request->headers, "x-amz-target", &value)) {
        const slice name = slice_part(value, LITERAL_SIZE("DynamoDB_20120810."), value.size);
        copy_text(name, seen->operation, sizeof seen->operation);
    }
    if (http_headers_find(&request->headers, "x-amz-date", &value)) {
        copy_text(value, seen->signed_at, sizeof seen->signed_at);
    }
    if (http_headers_find(&request->headers, "authorization", &value)) {
        const slice id = slice_part(value, LITERAL_SIZE("AWS4-HMAC-SHA256 Credential="), 64);
        copy_text(slice_part(id, 0, slice_index_of(id, '/')), seen->access_key_id,
                  sizeof seen->access_key_id);
    }
}

/* Answers one request; false when the connection is to end. */
static bool serve_one(struct stream *stream, const struct http_request *request)
{
    struct fake_fault fault = {0};
    struct builder text;
    slice operation = slice_text("");
    (void)http_headers_find(&request->headers, "x-amz-target", &operation);
    (void)pthread_mutex_lock(&fake.lock);
    note(request);
    if (fake.fault_next < fake.fault_count) fault = fake.faults[fake.fault_next++];
    if (fault.puts_rival) snprintf(fake.item, sizeof fake.item, "%s", rival);
    build_reply(&fault, operation, request->body, &text);
    if (fault.kind == FAKE_NORMAL) fake.reply_size = text.size;
    (void)pthread_mutex_unlock(&fake.lock);
    if (fault.delay_ms > 0) pause_ms(fault.delay_ms);
    slice reply = builder_view(&text);
    if (fault.kind == FAKE_SILENCE) return false;
    if (fault.kind == FAKE_CUT) reply = slice_part(reply, 0, fault.cut_size);
    if (reply.size > 0 &&
        !status_is_ok(stream_write(stream, reply, clock_deadline_ms(CONNECTION_MS)))) {
        return false;
    }
    return fault.kind != FAKE_CUT && fault.kind != FAKE_RAW;
}

static void serve_connection(struct stream *stream)
{
    struct http_reader reader;
    http_reader_init(&reader, fake.received, sizeof fake.received);
    for (;;) {
        struct http_request request;
        bool is_done = false;
        size_t size, got;
        if (!status_is_ok(http_reader_request(&reader, &request, &is_done))) return;
        if (is_done) {
            if (!serve_one(stream, &request)) return;
            http_reader_next(&reader);
            continue;
        }
        uint8_t *space = http_reader_space(&reader, &size);
        if (size == 0) return;
        if (!status_is_ok(
                stream_read(stream, space, size, clock_deadline_ms(CONNECTION_MS), &got)) ||
            got == 0) {
            return;
        }
        http_reader_add(&reader, got);
    }
}

static bool is_ending(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    const bool ending = fake.is_ending;
    (void)pthread_mutex_unlock(&fake.lock);
    return ending;
}

static void *serve(void *unused)
{
    (void)unused;
    while (!is_ending()) {
        SCOPED(stream_close) struct stream stream = {0};
        if (!status_is_ok(listener_accept(&fake.listener, clock_deadline_ms(WAIT_MS), &stream))) {
            continue;
        }
        serve_connection(&stream);
    }
    return NULL;
}

void fake_dynamodb_open(struct http_client *http)
{
    struct http_client_settings settings = {
        .dial = endpoint_dial,
        .clock = clock_system(),
        .connection_count_max = 1,
        .idle_ms_max = CONNECTION_MS,
    };
    char text[80];
    snprintf(fake.folder, sizeof fake.folder, "/tmp/enw-fake-dynamodb-XXXXXX");
    if (!mkdtemp(fake.folder)) abort();
    snprintf(fake.path, sizeof fake.path, "%s/socket", fake.folder);
    snprintf(text, sizeof text, "unix:%s", fake.path);
    if (!status_is_ok(endpoint_parse(slice_text(text), &settings.origin)) ||
        !status_is_ok(listener_open(&settings.origin, &fake.listener)) ||
        !status_is_ok(http_client_open(&settings, http))) {
        abort();
    }
    fake.is_ending = false;
    if (pthread_create(&fake.thread, NULL, serve, NULL) != 0) abort();
}

void fake_dynamodb_close(struct http_client *http)
{
    http_client_close(http);
    (void)pthread_mutex_lock(&fake.lock);
    fake.is_ending = true;
    (void)pthread_mutex_unlock(&fake.lock);
    (void)pthread_join(fake.thread, NULL);
    listener_close(&fake.listener);
    (void)rmdir(fake.folder);
}

void fake_dynamodb_reset(const struct fake_fault *faults, size_t count)
{
    (void)pthread_mutex_lock(&fake.lock);
    fake.item[0] = '\0';
    fake.seen_count = 0;
    fake.refused_count = 0;
    fake.has_no_credentials = false;
    fake.fault_next = 0;
    fake.fault_count = count;
    for (size_t i = 0; i < count; i++) fake.faults[i] = faults[i];
    (void)pthread_mutex_unlock(&fake.lock);
}

void fake_dynamodb_add(const struct fake_fault *fault)
{
    (void)pthread_mutex_lock(&fake.lock);
    fake.faults[fake.fault_count++] = *fault;
    (void)pthread_mutex_unlock(&fake.lock);
}

size_t fake_dynamodb_seen_count(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    const size_t count = fake.seen_count;
    (void)pthread_mutex_unlock(&fake.lock);
    return count;
}

struct fake_seen fake_dynamodb_seen(size_t index)
{
    (void)pthread_mutex_lock(&fake.lock);
    const struct fake_seen seen = fake.seen[index % FAKE_SEEN_COUNT_MAX];
    (void)pthread_mutex_unlock(&fake.lock);
    return seen;
}

size_t fake_dynamodb_reply_size(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    const size_t size = fake.reply_size;
    (void)pthread_mutex_unlock(&fake.lock);
    return size;
}

slice fake_dynamodb_item(void)
{
    static char copy[MEMORY_SIZE];
    (void)pthread_mutex_lock(&fake.lock);
    memcpy(copy, fake.item, sizeof copy);
    (void)pthread_mutex_unlock(&fake.lock);
    return slice_text(copy);
}

void fake_dynamodb_keep(const char *item)
{
    (void)pthread_mutex_lock(&fake.lock);
    snprintf(fake.item, sizeof fake.item, "%s", item);
    (void)pthread_mutex_unlock(&fake.lock);
}

/* Each refusal leads to another access key id, so that a request shows which it was signed with. */
static status get_credentials(void *context, int64_t deadline_ms,
                              struct aws_credentials *credentials)
{
    char id[24];
    (void)context;
    (void)deadline_ms;
    REQUIRE(!fake.has_no_credentials, NOT_FOUND, "test: no credentials");
    snprintf(id, sizeof id, "AKIDEXAMPLE%zu", fake_dynamodb_refused_count());
    const struct aws_credentials_parts parts = {
        .access_key_id = slice_text(id),
        .secret = slice_text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .session_token = slice_text("EXAMPLESESSIONTOKEN=="),
    };
    return aws_credentials_init(&parts, credentials);
}

static void refuse_credentials(void *context)
{
    (void)context;
    (void)pthread_mutex_lock(&fake.lock);
    fake.refused_count++;
    (void)pthread_mutex_unlock(&fake.lock);
}

struct dynamodb_config fake_dynamodb_config(struct http_client *http)
{
    return (struct dynamodb_config){
        .region = "eu-west-1",
        .table = "accounts",
        .host = "dynamodb.eu-west-1.amazonaws.com",
        .http = http,
        .credentials = {.get = get_credentials, .refuse = refuse_credentials},
        .trusts_date = true,
    };
}

size_t fake_dynamodb_refused_count(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    const size_t count = fake.refused_count;
    (void)pthread_mutex_unlock(&fake.lock);
    return count;
}

void fake_dynamodb_credentials_fail(bool is_failing)
{
    fake.has_no_credentials = is_failing;
}
