#include "parent/attestation.h"

#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "bench.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

#define NONCE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void route(void)
{
    static const char *const parts[] = {
        "\"moduleId\":\"i-fake\"", "\"timestamp\":1700000000000", "\"pcrs\":{\"0\":\"000000",
        "\"nonce\":\"" NONCE "\"", "\"mode\":\"development\"",    "\"epoch\":0",
        "\"document\":\"",
    };
    bench_open(&bench, &usual);
    bench_call(&bench, "GET", "/v1/attestation?nonce=" NONCE, NULL, &answer);
    expect_u64("code", (uint64_t)answer.code, 200);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        expect_true(parts[i], bench_has(answer.body, parts[i]));
    }
    static const char *const wrong[] = {
        "/v1/attestation",
        "/v1/attestation?nonce",
        "/v1/attestation?nonce=",
        "/v1/attestation?nonce=" NONCE "00",
        "/v1/attestation?nonce=0x" NONCE,
        "/v1/attestation?nonce=zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "/v1/attestation?nonce=" NONCE "&public_key=00",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        runner_row(wrong[i]);
        bench_call(&bench, "GET", wrong[i], NULL, &answer);
        expect_u64("code", (uint64_t)answer.code, 400);
    }
    bench_close(&bench);
}

/* A document around these user data, with two PCRs. */
static slice make(slice user_data)
{
    static uint8_t payload_memory[1024], memory[2048], pcr[48];
    struct builder payload, document;
    builder_init(&payload, payload_memory, sizeof payload_memory);
    cbor_put_map_indefinite(&payload);
    cbor_put_text(&payload, slice_text("digest"));
    cbor_put_text(&payload, slice_text("SHA384"));
    cbor_put_text(&payload, slice_text("pcrs"));
    cbor_put_map(&payload, 2);
    cbor_put_u64(&payload, 8);
    cbor_put_bytes(&payload, slice_of(pcr, sizeof pcr));
    cbor_put_u64(&payload, 3);
    pcr[0] = 0xab;
    cbor_put_bytes(&payload, slice_of(pcr, sizeof pcr));
    pcr[0] = 0;
    cbor_put_text(&payload, slice_text("cabundle"));
    cbor_put_array(&payload, 1);
    cbor_put_bytes(&payload, slice_text("certificate"));
    cbor_put_text(&payload, slice_text("nonce"));
    cbor_put_null(&payload);
    cbor_put_text(&payload, slice_text("user_data"));
    cbor_put_bytes(&payload, user_data);
    cbor_put_break(&payload);
    builder_init(&document, memory, sizeof memory);
    cbor_put_tag(&document, 18);
    cbor_put_array(&document, 4);
    cbor_put_bytes(&document, slice_text("p"));
    cbor_put_map(&document, 0);
    cbor_put_bytes(&document, builder_view(&payload));
    cbor_put_bytes(&document, slice_text("signature"));
    return builder_view(&document);
}

static void fields(void)
{
    static uint8_t text[4096];
    uint8_t user_data[72] = "ENWA\1\1";
    struct builder json;
    memset(user_data + 8, 0x11, 16);
    user_data[31] = 5; /* boot_ms, big-endian */
    memset(user_data + 32, 0x22, 32);
    user_data[67] = 7; /* epoch */
    builder_init(&json, text, sizeof text);
    json_put_object_open(&json);
    expect_ok("ours", attestation_put_fields(make(slice_of(user_data, sizeof user_data)), &json));
    static const char *const parts[] = {
        "\"digest\":\"SHA384\"",
        "\"3\":\"ab0000",
        "\"nonce\":\"\"",
        "\"mode\":\"production\"",
        "\"bootId\":\"11111111111111111111111111111111\"",
        "\"bootMs\":5,",
        "\"configHash\":\"2222222222222222222222222222222222222222222222222222222222222222\"",
        "\"epoch\":7",
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        expect_true(parts[i], bench_has(builder_view(&json), parts[i]));
    }
    expect_true("an unused PCR is left out", !bench_has(builder_view(&json), "\"8\":"));
    builder_init(&json, text, sizeof text);
    json_put_object_open(&json);
    expect_ok("others'", attestation_put_fields(make(slice_text("something")), &json));
    expect_true("as hex", bench_has(builder_view(&json), "\"userData\":\"736f6d657468696e67\""));
    expect_true("not read", !bench_has(builder_view(&json), "\"mode\""));
}

static void every_cut_is_refused(void)
{
    static uint8_t text[4096];
    const slice document = make(slice_text("something"));
    /* The signature at the end is not looked at. */
    for (size_t size = 0; size + 11 < document.size; size++) {
        struct builder json;
        runner_row_at("cut", size);
        builder_init(&json, text, sizeof text);
        expect_kind("refused", attestation_put_fields(slice_part(document, 0, size), &json),
                    FAILURE_CORRUPT);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"route", route},
        {"fields", fields},
        {"every cut is refused", every_cut_is_refused},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
