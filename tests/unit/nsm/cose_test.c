/*
 * Answers: the Sig_structure's first bytes for ES384 are checked through a signature made over
 * them here by hand (RFC 9052, section 4.4).
 */
#include "nsm/cose.h"

#include <string.h>

#include "runner.h"

/* A message whose parts can be replaced one at a time. The signature is 96 times 11. */
#define SIGNATURE_DIGITS                                                                           \
    "5860"                                                                                         \
    "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111" \
    "1111"                                                                                         \
    "11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111" \
    "1111"

static const char wrong_header[] = "cose: protected header must say ES384 and nothing else";

static const struct {
    const char *name, *encoded, *refusal;
} rows[] = {
    {"untagged", "8444a1013822a043010203" SIGNATURE_DIGITS, NULL},
    {"tagged", "d28444a1013822a043010203" SIGNATURE_DIGITS, NULL},
    {"tagged twice", "d2d28444a1013822a043010203" SIGNATURE_DIGITS, "cbor: expected an array"},
    {"another tag", "d18444a1013822a043010203" SIGNATURE_DIGITS, "cbor: expected an array"},
    {"three parts", "8344a1013822a043010203", "cose: must have four parts"},
    {"five parts", "8544a1013822a043010203" SIGNATURE_DIGITS "00",
     "cbor: map or array has too many items"},
    {"indefinite", "9f44a1013822a043010203" SIGNATURE_DIGITS "ff", "cbor: length must be definite"},
    {"ES256", "8443a10126a043010203" SIGNATURE_DIGITS, wrong_header},
    {"ES512, as long as ES384", "8444a1013823a043010203" SIGNATURE_DIGITS, wrong_header},
    {"header with a long head", "8445a101390022a043010203" SIGNATURE_DIGITS, wrong_header},
    {"empty header", "8440a043010203" SIGNATURE_DIGITS, wrong_header},
    {"header as a map", "84a1013822a043010203" SIGNATURE_DIGITS, "cbor: expected a byte string"},
    {"unprotected entry", "8444a1013822a1010043010203" SIGNATURE_DIGITS,
     "cbor: map or array has too many items"},
    {"unprotected null", "8444a1013822f643010203" SIGNATURE_DIGITS, "cbor: expected a map"},
    {"empty payload", "8444a1013822a040" SIGNATURE_DIGITS, "cbor: byte string has the wrong size"},
    {"detached payload", "8444a1013822a0f6" SIGNATURE_DIGITS, "cbor: expected a byte string"},
    {"payload's long head", "8444a1013822a05803010203" SIGNATURE_DIGITS,
     "cbor: number is not as short as it can be"},
    {"short signature", "8444a1013822a0430102034111", "cose: signature must have 96 bytes"},
    {"byte after it", "8444a1013822a043010203" SIGNATURE_DIGITS "00",
     "cbor: bytes follow the value"},
};

static void forms(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct cose_sign1 message = {0};
        runner_row(rows[i].name);
        expect_outcome("read", cose_read(runner_hex(rows[i].encoded), &message), rows[i].refusal);
        expect_true("untouched on failure", (message.payload.size > 0) == !rows[i].refusal);
        if (!rows[i].refusal) expect_hex("payload", message.payload, "010203");
    }
}

static void signed_bytes(void)
{
    SCOPED(es384_close) struct es384_key key = {0};
    es384_public_key public_key = {{0}};
    struct cose_sign1 message = {.protected_header = runner_hex("a1013822"),
                                 .payload = slice_text("payload")};
    expect_ok("key", es384_open(&key));
    expect_ok("public", es384_public(&key, &public_key));
    const hash48 digest =
        sha384(runner_hex("846a5369676e61747572653144a10138224047 7061796c6f6164"));
    expect_ok("sign by hand", es384_sign(&key, &digest, &message.signature));
    expect_ok("verify", cose_verify(&message, &public_key));
}

static void round_trip(void)
{
    static uint8_t payload[COSE_PAYLOAD_SIZE_MAX + 1], memory[COSE_PAYLOAD_SIZE_MAX + 200];
    static const size_t sizes[] = {1, 23, 24, 255, 256, 4286, COSE_PAYLOAD_SIZE_MAX};
    SCOPED(es384_close) struct es384_key key = {0}, other = {0};
    es384_public_key public_key = {{0}}, other_public = {{0}};
    struct cose_sign1 message = {0};
    struct builder builder;
    expect_ok("key", es384_open(&key));
    expect_ok("other key", es384_open(&other));
    expect_ok("public", es384_public(&key, &public_key));
    expect_ok("other public", es384_public(&other, &other_public));
    runner_random(payload, sizeof payload);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row_at("payload of bytes", sizes[i]);
        builder_init(&builder, memory, sizeof memory);
        expect_ok("write", cose_write(slice_of(payload, sizes[i]), &key, i % 2 == 0, &builder));
        expect_ok("read", cose_read(builder_view(&builder), &message));
        expect_bytes("payload", message.payload, slice_of(payload, sizes[i]));
        expect_ok("verify", cose_verify(&message, &public_key));
        expect_refused("another key", cose_verify(&message, &other_public),
                       "cose: signature is not valid");
        payload[0] ^= 1;
        message.payload = slice_of(payload, sizes[i]);
        expect_refused("another payload", cose_verify(&message, &public_key),
                       "cose: signature is not valid");
    }
    runner_row(NULL);
    builder_init(&builder, memory, sizeof memory);
    expect_ok("write", cose_write(slice_of(payload, sizeof payload), &key, false, &builder));
    expect_refused("payload one byte too long", cose_read(builder_view(&builder), &message),
                   "cbor: byte string has the wrong size");
}

/* What an emulated module sends: another algorithm, no signature to speak of. */
static void payload_only(void)
{
    slice payload = {0};
    expect_ok("unsigned", cose_read_payload(runner_hex("8443a10120a0430102034111"), &payload));
    expect_hex("payload", payload, "010203");
    expect_refused("three parts", cose_read_payload(runner_hex("8343a10120a043010203"), &payload),
                   "cose: must have four parts");
    expect_refused("not canonical",
                   cose_read_payload(runner_hex("8443a10120a05803010203"
                                                "4111"),
                                     &payload),
                   "cbor: number is not as short as it can be");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"forms", forms},
        {"payload only", payload_only},
        {"signed bytes", signed_bytes},
        {"round trip", round_trip},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
