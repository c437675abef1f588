#include "enclave/report.h"

#include "base/json.h"
#include "fixture.h"

static struct fixture fixture;

static uint64_t number(const json_value *object, const char *name)
{
    uint64_t value = UINT64_C(99999);
    expect_ok(name, json_read_u64(object, name, INT64_MAX, &value));
    return value;
}

static void text_is(const json_value *object, const char *name, const char *wanted)
{
    slice value = {0};
    expect_ok(name, json_read_string(object, name, 1, 300, &value));
    expect_text(name, value, wanted);
}

static void hex_is(const json_value *object, const char *name, slice wanted)
{
    uint8_t memory[256];
    struct builder hex;
    builder_init(&hex, memory, sizeof memory - 1);
    json_put_hex(&hex, wanted);
    memory[hex.size - 1] = '\0';
    text_is(object, name, (const char *)memory + 1);
}

/* A STATUS reply after one account was created and used twice. */
static void document(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request sign = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    sign.record = fixture_create(&fixture, "a", NULL);
    fixture_serve(&fixture, &sign, &reply);
    fixture_serve(&fixture, &sign, &reply);
    const struct message_request request = fixture_request(&fixture, FRAME_STATUS, "a");
    fixture_serve(&fixture, &request, &reply);
    SCOPED(json_close) struct json json = {0};
    json_value top, requests, create, cache, queue, connections, arns;
    slice verification = {0};
    expect_ok("JSON", json_open(reply.status, runner_arena(), &json));
    expect_ok("object", json_top_object(&json, &top));
    slice version;
    expect_ok("version", json_read_string(&top, "version", 5, 16, &version));
    text_is(&top, "mode", "production");
    text_is(&top, "region", "eu-west-1");
    text_is(&top, "environment", "test");
    expect_u64("epoch", number(&top, "epoch"), 7);
    expect_ok("verification", json_read_string(&top, "verification", 1, 16, &verification));
    expect_text("twice", verification, "twice");
    hex_is(&top, "boot_id", slice_of(fixture.self.boot.bytes, sizeof fixture.self.boot.bytes));
    hex_is(&top, "pcr0", hash48_view(&fixture.self.pcr0));
    hex_is(&top, "config_hash", hash32_view(&fixture.config.hash));
    expect_u64("boot_ms", number(&top, "boot_ms"), (uint64_t)fixture.self.boot_ms);
    expect_true("uptime_ms", number(&top, "uptime_ms") < 60000);
    expect_ok("keys", json_read_array(&top, "kms_key_arns", 8, &arns));
    expect_u64("keys", json_count(&arns), 2);
    expect_ok("requests", json_read_object(&top, "requests", &requests));
    expect_ok("create", json_read_object(&requests, "create", &create));
    expect_u64("created", number(&create, "ok"), 1);
    expect_ok("sign", json_read_object(&requests, "sign_message", &create));
    expect_u64("signed", number(&create, "ok"), 2);
    expect_ok("cache", json_read_object(&top, "cache", &cache));
    expect_u64("entries", number(&cache, "entries"), 1);
    expect_u64("entries_max", number(&cache, "entries_max"), 16);
    expect_u64("hits", number(&cache, "hits"), 1);
    expect_u64("misses", number(&cache, "misses"), 1);
    expect_ok("queue", json_read_object(&top, "queue", &queue));
    expect_u64("waiting", number(&queue, "waiting"), 0);
    expect_u64("waiting_max", number(&queue, "waiting_max"), SERVICE_QUEUE_COUNT_MAX);
    expect_ok("connections", json_read_object(&top, "connections", &connections));
    expect_u64("open", number(&connections, "open"), 0);
    expect_u64("open_max", number(&connections, "open_max"), SERVICE_CONNECTION_COUNT_MAX);
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"document", document}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
