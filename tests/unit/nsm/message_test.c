/*
 * Answers: bytes as aws-nitro-enclaves-nsm-api encodes its Request and Response types (serde's
 * externally tagged form in CBOR), and DescribeNSM's answer as QEMU's device gives it.
 */
#include "nsm/message.h"

#include <string.h>

#include "runner.h"

static const uint8_t three[] = {1, 2, 3};
static const uint8_t four[] = {0, 1, 2, 3};

static const struct {
    const char *name;
    struct nsm_request request;
    const char *encoded;
} request_rows[] = {
    {"DescribePCR", {.call = NSM_DESCRIBE_PCR}, "a16b4465736372696265504352a165696e64657800"},
    {"ExtendPCR",
     {.call = NSM_EXTEND_PCR, .index = 16, .data = {three, sizeof three}},
     "a169457874656e64504352a265696e64657810646461746143010203"},
    {"LockPCR", {.call = NSM_LOCK_PCR, .index = 16}, "a1674c6f636b504352a165696e64657810"},
    {"LockPCRs", {.call = NSM_LOCK_PCRS, .range = 32}, "a1684c6f636b50435273a16572616e67651820"},
    {"DescribeNSM", {.call = NSM_DESCRIBE_NSM}, "6b44657363726962654e534d"},
    {"GetRandom", {.call = NSM_GET_RANDOM}, "6947657452616e646f6d"},
    {"Attestation of nothing",
     {.call = NSM_ATTESTATION},
     "a16b4174746573746174696f6ea369757365725f64617461f6656e6f6e6365f66a7075626c69635f6b6579f6"},
    {"Attestation of a nonce",
     {.call = NSM_ATTESTATION, .nonce = {true, {four, sizeof four}}},
     "a16b4174746573746174696f6ea369757365725f64617461f6656e6f6e636544000102036a7075626c69635f6b657"
     "9f"
     "6"},
    {"Attestation of all three",
     {.call = NSM_ATTESTATION,
      .user_data = {true, {NULL, 0}},
      .nonce = {true, {four, sizeof four}},
      .public_key = {true, {three, sizeof three}}},
     "a16b4174746573746174696f6ea369757365725f6461746140656e6f6e636544000102036a7075626c69635f6b657"
     "94"
     "3010203"},
};

/* Register 32 does not exist; shifting by it would be undefined. */
static void locked_out_of_range(void)
{
    struct nsm_response read;
    const slice bytes = runner_hex(
        "a16b44657363726962654e534da76d76657273696f6e5f6d616a6f72016d76657273696f6e5f6d696e6f7200"
        "6d76657273696f6e5f706174636800696d6f64756c655f69646161686d61785f7063727318206b6c6f636b6564"
        "5f70"
        "63727381182066646967657374665348413338 34");
    expect_refused("read", nsm_response_read(bytes, &read), "cbor: integer is out of range");
}

static void expect_optional(const char *what, const nsm_optional *got, const nsm_optional *wanted)
{
    expect_true(what, got->is_present == wanted->is_present);
    expect_bytes(what, got->bytes, wanted->bytes);
}

static void requests(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(request_rows); i++) {
        const struct nsm_request *request = &request_rows[i].request;
        uint8_t memory[256];
        struct builder builder;
        struct nsm_request read = {0};
        runner_row(request_rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        nsm_request_write(request, &builder);
        expect_hex("written", builder_view(&builder), request_rows[i].encoded);
        expect_ok("read", nsm_request_read(runner_hex(request_rows[i].encoded), &read));
        expect_u64("call", read.call, request->call);
        expect_u64("index", read.index, request->index);
        expect_u64("range", read.range, request->range);
        expect_bytes("data", read.data, request->data);
        expect_optional("user_data", &read.user_data, &request->user_data);
        expect_optional("nonce", &read.nonce, &request->nonce);
        expect_optional("public_key", &read.public_key, &request->public_key);
    }
}

static const char unknown_name[] = "nsm: message has an unknown name";
static const char wrong_shape[] =
    "nsm: message must have fields if and only if its name asks for them";

static const struct {
    const char *name, *encoded, *refusal;
} bad_request_rows[] = {
    {"fields in another order",
     "a169457874656e64504352a2646461746143010203"
     "65696e64657810",
     NULL},
    {"index in three bytes", "a1674c6f636b504352a165696e646578190010", NULL},
    {"nothing", "", "cbor: value is missing"},
    {"empty map", "a0", "nsm: message is an empty map"},
    {"two names", "a26947657452616e646f6da06947657452616e646f6da0",
     "cbor: map or array has too many items"},
    {"other name", "6947657452616e646f6e", unknown_name},
    {"an error's name", "a1654572726f726c496e76616c6964496e646578", unknown_name},
    {"name with a needless map", "a16947657452616e646f6da0", wrong_shape},
    {"name without its map", "674c6f636b504352", wrong_shape},
    {"field missing", "a169457874656e64504352a165696e64657810", "nsm: message lacks a field"},
    {"field twice", "a1674c6f636b504352a265696e6465781065696e64657810",
     "nsm: message has a field twice"},
    {"field unknown",
     "a1674c6f636b504352a265696e646578106161"
     "00",
     "nsm: request has an unknown field"},
    {"index above u16", "a1674c6f636b504352a165696e6465781a00010000",
     "cbor: integer is out of range"},
    {"index as text", "a1674c6f636b504352a165696e6465786130", "cbor: expected an unsigned integer"},
    {"data as text", "a169457874656e64504352a265696e64657810646461746163010203",
     "cbor: expected a byte string"},
    {"bytes after it", "6947657452616e646f6d00", "cbor: bytes follow the value"},
};

static void bad_requests(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_request_rows); i++) {
        struct nsm_request request;
        runner_row(bad_request_rows[i].name);
        expect_outcome("read", nsm_request_read(runner_hex(bad_request_rows[i].encoded), &request),
                       bad_request_rows[i].refusal);
    }
}

static void sizes(void)
{
    static uint8_t field[NSM_FIELD_SIZE_MAX + 1], memory[NSM_REQUEST_SIZE_MAX + 1];
    struct builder builder;
    struct nsm_request read;
    struct nsm_request request = {
        .call = NSM_ATTESTATION,
        .user_data = nsm_optional_of(slice_of(field, NSM_FIELD_SIZE_MAX)),
        .nonce = nsm_optional_of(slice_of(field, NSM_FIELD_SIZE_MAX)),
        .public_key = nsm_optional_of(slice_of(field, NSM_FIELD_SIZE_MAX)),
    };
    builder_init(&builder, memory, sizeof memory);
    nsm_request_write(&request, &builder);
    expect_ok("three full fields", nsm_request_read(builder_view(&builder), &read));
    request.nonce.bytes.size++;
    builder_init(&builder, memory, sizeof memory);
    nsm_request_write(&request, &builder);
    expect_refused("one byte more", nsm_request_read(builder_view(&builder), &read),
                   "cbor: byte string has the wrong size");
    expect_refused("a request of 4097 bytes",
                   nsm_request_read(slice_of(memory, NSM_REQUEST_SIZE_MAX + 1), &read),
                   "nsm: request is too long");
}

#define PCR_DIGITS                                                                             \
    "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d949" \
    "a650694e"

static const char describe_pcr[] =
    "a16b4465736372696265504352a2646c6f636bf564646174615830" PCR_DIGITS;
static const char extend_pcr[] = "a169457874656e64504352a164646174615830" PCR_DIGITS;
static const char describe_nsm[] =
    "a16b44657363726962654e534da76d76657273696f6e5f6d616a6f72016d76657273696f6e5f6d696e6f72006d7665"
    "72"
    "73696f6e5f706174636800696d6f64756c655f69646d692d3233342d656e6335363738686d61785f7063727318206b"
    "6c"
    "6f636b65645f7063727390000102030405060708090a0b0c0d0e0f6664696765737466534841333834";

static void responses(void)
{
    struct nsm_response read = {0};
    expect_ok("DescribePCR", nsm_response_check(runner_hex(describe_pcr), NSM_DESCRIBE_PCR, &read));
    expect_true("lock", read.is_locked);
    expect_hex("value", hash48_view(&read.pcr), PCR_DIGITS);
    expect_ok("ExtendPCR", nsm_response_check(runner_hex(extend_pcr), NSM_EXTEND_PCR, &read));
    expect_hex("value", hash48_view(&read.pcr), PCR_DIGITS);
    expect_ok("LockPCR", nsm_response_check(runner_hex("674c6f636b504352"), NSM_LOCK_PCR, &read));
    expect_ok("LockPCRs",
              nsm_response_check(runner_hex("684c6f636b50435273"), NSM_LOCK_PCRS, &read));
    expect_ok("GetRandom",
              nsm_response_check(runner_hex("a16947657452616e646f6da16672616e646f6d4401"
                                            "020304"),
                                 NSM_GET_RANDOM, &read));
    expect_hex("random", read.random, "01020304");
    expect_ok("Attestation",
              nsm_response_check(runner_hex("a16b4174746573746174696f6ea168646f63756d656e74428444"),
                                 NSM_ATTESTATION, &read));
    expect_hex("document", read.document, "8444");
    expect_ok("DescribeNSM", nsm_response_check(runner_hex(describe_nsm), NSM_DESCRIBE_NSM, &read));
    expect_u64("major", read.description.version_major, 1);
    expect_u64("minor", read.description.version_minor, 0);
    expect_u64("PCRs", read.description.pcr_count, 32);
    expect_u64("locked", read.description.locked_pcrs, 0xffff);
    expect_text("module", read.description.module_id, "i-234-enc5678");
    expect_text("digest", read.description.digest, "SHA384");
}

static void written_responses(void)
{
    static const char *const rows[] = {
        describe_pcr,
        extend_pcr,
        describe_nsm,
        "674c6f636b504352",
        "684c6f636b50435273",
        "a16947657452616e646f6da16672616e646f6d4401020304",
        "a16b4174746573746174696f6ea168646f63756d656e74428444",
        "a1654572726f726c496e76616c6964496e646578",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nsm_response response = {0};
        uint8_t memory[512];
        struct builder builder;
        runner_row(rows[i]);
        builder_init(&builder, memory, sizeof memory);
        expect_ok("read", nsm_response_read(runner_hex(rows[i]), &response));
        nsm_response_write(&response, &builder);
        expect_hex("written", builder_view(&builder), rows[i]);
    }
}

static const struct {
    const char *name, *encoded, *refusal;
} bad_response_rows[] = {
    {"order turned round", "a16b4465736372696265504352a264646174615830" PCR_DIGITS "646c6f636bf4",
     NULL},
    {"new field skipped",
     "a16b4465736372696265504352a364646174615830" PCR_DIGITS "636e6577820102646c6f636bf4", NULL},
    {"value of 47 bytes",
     "a16b4465736372696265504352a2646c6f636bf56464617461582f000102030405060708090a0b0c0d0e0f0001020"
     "30"
     "405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e",
     "cbor: byte string has the wrong size"},
    {"no lock", "a16b4465736372696265504352a164646174615830" PCR_DIGITS,
     "nsm: message lacks a field"},
    {"empty random", "a16947657452616e646f6da16672616e646f6d40",
     "cbor: byte string has the wrong size"},
    {"empty document", "a16b4174746573746174696f6ea168646f63756d656e7440",
     "cbor: byte string has the wrong size"},
    {"error without a name", "a1654572726f7240", "cbor: expected a text string"},
    {"error of another name", "a1654572726f7263426164", "nsm: error has an unknown name"},
    {"error as success", "a1654572726f726753756363657373", "nsm: error has an unknown name"},
    {"error as text", "654572726f72", unknown_name},
    {"LockPCR with a map", "a1674c6f636b504352a0", wrong_shape},
    {"GetRandom as text", "6947657452616e646f6d", wrong_shape},
    {"bytes after it", "674c6f636b50435200", "cbor: bytes follow the value"},
};

static void bad_responses(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad_response_rows); i++) {
        struct nsm_response response;
        runner_row(bad_response_rows[i].name);
        expect_outcome("read",
                       nsm_response_read(runner_hex(bad_response_rows[i].encoded), &response),
                       bad_response_rows[i].refusal);
    }
}

static void wrong_answers(void)
{
    static uint8_t long_response[NSM_RESPONSE_SIZE_MAX + 1];
    struct nsm_response response;
    expect_refused("another call's",
                   nsm_response_check(runner_hex("674c6f636b504352"), NSM_LOCK_PCRS, &response),
                   "nsm: the module answers another request");
    const status garbage = nsm_response_check(runner_hex("00"), NSM_LOCK_PCRS, &response);
    expect_refused("garbage", garbage, "nsm: the module's response is malformed");
    expect_kind("garbage", garbage, FAILURE_CORRUPT);
    expect_refused("long",
                   nsm_response_read(slice_of(long_response, sizeof long_response), &response),
                   "nsm: response is too long");
    const slice description = runner_hex(describe_nsm);
    for (size_t size = 0; size < description.size; size++) {
        runner_row_at("cut to", size);
        expect_kind("read", nsm_response_read(slice_part(description, 0, size), &response),
                    FAILURE_BAD_INPUT);
    }
}

static void module_errors(void)
{
    static const struct {
        const char *name;
        enum nsm_error error;
        const char *refusal;
    } rows[] = {
        {"InvalidArgument", NSM_INVALID_ARGUMENT, "nsm: the module refuses an argument"},
        {"InvalidIndex", NSM_INVALID_INDEX, "nsm: the module has no such PCR"},
        {"InvalidResponse", NSM_INVALID_RESPONSE, "nsm: the module reports an invalid response"},
        {"ReadOnlyIndex", NSM_READ_ONLY_INDEX, "nsm: the PCR is locked"},
        {"InvalidOperation", NSM_INVALID_OPERATION, "nsm: the module refuses the operation"},
        {"BufferTooSmall", NSM_BUFFER_TOO_SMALL, "nsm: the module finds the buffer too small"},
        {"InputTooLarge", NSM_INPUT_TOO_LARGE, "nsm: the module finds the request too large"},
        {"InternalError", NSM_INTERNAL_ERROR, "nsm: the module reports an internal error"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[64];
        struct builder builder;
        struct nsm_response response;
        runner_row(rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        builder_put(&builder, runner_hex("a1654572726f72"));
        builder_put_u8(&builder, (uint8_t)(0x60 | strlen(rows[i].name)));
        builder_put_text(&builder, rows[i].name);
        expect_ok("read", nsm_response_read(builder_view(&builder), &response));
        expect_u64("error", response.error, rows[i].error);
        const status checked = nsm_response_check(builder_view(&builder), NSM_LOCK_PCR, &response);
        expect_refused("check", checked, rows[i].refusal);
        expect_kind("check", checked, FAILURE_UNAVAILABLE);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"locked out of range", locked_out_of_range},
        {"requests", requests},
        {"bad requests", bad_requests},
        {"sizes", sizes},
        {"responses", responses},
        {"written responses", written_responses},
        {"bad responses", bad_responses},
        {"wrong answers", wrong_answers},
        {"module errors", module_errors},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
