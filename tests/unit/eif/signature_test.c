#include "eif/signature.h"

#include "base/cbor.h"
#include "runner.h"

/* A signer made with openssl for this test; valid from 2026-11-22 to 2126-10-29. */
static const char CERTIFICATE[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBrzCCATWgAwIBAgIBATAKBggqhkjOPQQDAzAXMRUwEwYDVQQDDAxpbWFnZSBz\n"
    "aWduZXIwIBcNMjYxMTIyMTkwNzE1WhgPMjEyNjEwMjkxOTA3MTVaMBcxFTATBgNV\n"
    "BAMMDGltYWdlIHNpZ25lcjB2MBAGByqGSM49AgEGBSuBBAAiA2IABGPFjvYQKzzx\n"
    "V8rvjEoVeIj6LEc3P5/118LaR+uRHXCTBsr6KpgImDSmIwKjdwhG0Wn2GxNFHQFL\n"
    "QTx/AS0KDJTT+WARgejXWXAWFmAfzDU2dsbU+Md4/Wo41d0/fYsm3KNTMFEwHQYD\n"
    "VR0OBBYEFLebroscUjGkM85ovTPHdBVrwC+0MB8GA1UdIwQYMBaAFLebroscUjGk\n"
    "M85ovTPHdBVrwC+0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwMDaAAwZQIx\n"
    "AJrCfR2EFD4q4+id2brwf6yMYcuN2hrpkDdmm2mzqyoTaaX/LCyuX7kvRoyhUtUD\n"
    "OAIwGxBbiMxF6VUEjl6G3WkSfhgf3pqCFZijCGTH8nH/iJThPIGU2rNzB6g/Fuln\n"
    "9yHB\n"
    "-----END CERTIFICATE-----\n";

static const char KEY[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAHTFNZI/KIRwqitNuP\n"
                          "KLDhmX6uTqQGjHVP2k79p0zMwAe5uvD63dFBDEGmkjfVKxahZANiAARjxY72ECs8\n"
                          "8VfK74xKFXiI+ixHNz+f9dfC2kfrkR1wkwbK+iqYCJg0piMCo3cIRtFp9hsTRR0B\n"
                          "S0E8fwEtCgyU0/lgEYHo11lwFhZgH8w1NnbG1PjHeP1qONXdP32LJtw=\n"
                          "-----END PRIVATE KEY-----\n";

/* SHA-384 of zero and the SHA-384 of the certificate's DER, computed by another program. */
static const char PCR8[] = "8ae6ffcb93b798869df0466f4af6b6b10a8e147d706ddec8c94bfe0a6952e9a7"
                           "3307039197f4046b05f06d27178ac5a7";

enum { NOW_S = 1800000000, TOO_EARLY_S = 1795000000 };
enum { SECTION_SIZE_MAX = 32768 };

static struct arena arena;

static hash48 some_pcr0(void)
{
    return sha384(slice_text("image"));
}

static slice sign(uint8_t *memory)
{
    const hash48 pcr0 = some_pcr0();
    struct es384_key key = {0};
    struct builder builder;
    builder_init(&builder, memory, SECTION_SIZE_MAX);
    expect_ok("key", es384_open_pem(slice_text(KEY), &key));
    expect_ok("write", signature_write(&pcr0, slice_text(CERTIFICATE), &key, &builder));
    es384_close(&key);
    return builder_view(&builder);
}

static void round_trip(void)
{
    static uint8_t memory[SECTION_SIZE_MAX];
    const slice section = sign(memory);
    const hash48 pcr0 = some_pcr0();
    const hash48 other = sha384(slice_text("other"));
    struct signature got;
    arena_empty(&arena);
    if (!expect_ok("read", signature_read(section, &arena, &got))) return;
    expect_text("certificate", got.certificate_pem, CERTIFICATE);
    expect_bytes("PCR0", hash48_view(&got.signed_pcr0), hash48_view(&pcr0));
    expect_hex("PCR8", hash48_view(&got.pcr8), PCR8);
    expect_ok("holds", signature_check(&got, &pcr0, NOW_S));
    expect_refused("for another image", signature_check(&got, &other, NOW_S),
                   "signature: was made for another image");
    expect_kind("before its time", signature_check(&got, &pcr0, TOO_EARLY_S), FAILURE_DENIED);
}

/* Whatever bit is changed, the section is refused or the signature does not hold. */
static void every_flipped_bit(void)
{
    static uint8_t memory[SECTION_SIZE_MAX];
    const slice section = sign(memory);
    const hash48 pcr0 = some_pcr0();
    for (size_t i = 0; i < section.size; i++) {
        struct signature got;
        runner_row_at("byte", i);
        memory[i] ^= (uint8_t)(1u << i % 8);
        arena_empty(&arena);
        status result = signature_read(section, &arena, &got);
        if (status_is_ok(result)) result = signature_check(&got, &pcr0, NOW_S);
        /* The certificate is not judged here: PCR8, made of it, tells a changed one. */
        expect_true("noticed", !status_is_ok(result) ||
                                   !slice_equal(got.certificate_pem, slice_text(CERTIFICATE)));
        memory[i] ^= (uint8_t)(1u << i % 8);
    }
}

static void every_truncation(void)
{
    static uint8_t memory[SECTION_SIZE_MAX];
    const slice section = sign(memory);
    struct signature got;
    for (size_t size = 0; size < section.size; size++) {
        runner_row_at("cut after", size);
        arena_empty(&arena);
        expect_true("refused",
                    !status_is_ok(signature_read(slice_part(section, 0, size), &arena, &got)));
    }
}

/* A section of `count` maps whose parts have these sizes. */
static slice shape(uint8_t *memory, size_t count, size_t certificate_size, size_t message_size)
{
    struct builder builder;
    builder_init(&builder, memory, SECTION_SIZE_MAX);
    cbor_put_array(&builder, count);
    cbor_put_map(&builder, 2);
    cbor_put_text(&builder, slice_text("signing_certificate"));
    cbor_put_array(&builder, certificate_size);
    for (size_t i = 0; i < certificate_size; i++) cbor_put_u64(&builder, 'A');
    cbor_put_text(&builder, slice_text("signature"));
    cbor_put_array(&builder, message_size);
    for (size_t i = 0; i < message_size; i++) cbor_put_u64(&builder, 0);
    return builder_view(&builder);
}

static void limits(void)
{
    static uint8_t memory[SECTION_SIZE_MAX];
    struct signature got;
    arena_empty(&arena);
    expect_refused("no element", signature_read(shape(memory, 0, 1, 1), &arena, &got),
                   "signature: has too few parts");
    arena_empty(&arena);
    const status at_limit = signature_read(
        shape(memory, 1, SIGNATURE_CERTIFICATE_SIZE_MAX, SIGNATURE_MESSAGE_SIZE_MAX), &arena, &got);
    expect_refused("at the limits only the message is refused", at_limit,
                   "cbor: expected an array");
    arena_empty(&arena);
    expect_kind(
        "certificate too long",
        signature_read(shape(memory, 1, SIGNATURE_CERTIFICATE_SIZE_MAX + 1, 1), &arena, &got),
        FAILURE_BAD_INPUT);
    arena_empty(&arena);
    expect_kind("message too long",
                signature_read(shape(memory, 1, 1, SIGNATURE_MESSAGE_SIZE_MAX + 1), &arena, &got),
                FAILURE_BAD_INPUT);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"round trip", round_trip},
        {"every flipped bit", every_flipped_bit},
        {"every truncation", every_truncation},
        {"limits", limits},
    };
    if (!status_is_ok(arena_open(&arena, SIGNATURE_ARENA_SIZE))) return 2;
    const int exit_code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    arena_close(&arena);
    return exit_code;
}
