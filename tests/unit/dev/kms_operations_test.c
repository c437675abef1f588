#include "dev/kms_operations.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "kms_fixture.h"
#include "runner.h"

/* A data key made for an enclave can be had again by it, in either encoding of the envelope. */
static void data_key_comes_back(void)
{
    const hash48 pcr0 = kms_fixture_image();
    kms_fixture_start();
    kms_fixture_put_image_policy(&pcr0);
    const struct kms_call built = kms_fixture_call_of(kms_fixture_our_document());
    struct http_response response = kms_fixture_generate(&built);
    const struct kms_reply made = kms_fixture_generated(&response);
    struct secret32 key = {0}, again = {0};
    expect_ok("key", kms_reply_check(&made, slice_text(kms_fixture.key_arn)));
    expect_ok("unseal", recipient_unseal_key(&kms_fixture.recipient, made.envelope, &key));
    const bool was_constructed = made.envelope.bytes[431] == 0xa0;
    for (size_t i = 0; i < 4; i++) {
        runner_row_at("decrypt", i);
        response = kms_fixture_decrypt(&built, made.ciphertext);
        const struct kms_reply opened = kms_fixture_decrypted(&response);
        expect_ok("unseal", recipient_unseal_key(&kms_fixture.recipient, opened.envelope, &again));
        expect_true("the same key", secret_equal(secret_expose(&key), secret_expose(&again)));
        expect_true("encodings by turns",
                    (opened.envelope.bytes[431] == 0xa0) == (was_constructed == (i % 2 == 1)));
    }
    response = kms_fixture_generate(&built);
    const struct kms_reply other = kms_fixture_generated(&response);
    expect_ok("unseal", recipient_unseal_key(&kms_fixture.recipient, other.envelope, &again));
    expect_true("another key", !secret_equal(secret_expose(&key), secret_expose(&again)));
    kms_fixture_stop();
}

static void chosen_encodings(void)
{
    const hash48 pcr0 = kms_fixture_image();
    kms_fixture_start();
    kms_fixture_put_image_policy(&pcr0);
    const struct kms_call built = kms_fixture_call_of(kms_fixture_our_document());
    for (size_t i = 0; i < 4; i++) {
        const bool is_constructed = i < 2;
        kms_fixture.fault.kind = is_constructed ? STAND_FAULT_CONSTRUCTED : STAND_FAULT_PRIMITIVE;
        const struct http_response response = kms_fixture_generate(&built);
        const struct kms_reply made = kms_fixture_generated(&response);
        expect_u64("content", made.envelope.bytes[431], is_constructed ? 0xa0 : 0x80);
    }
    kms_fixture_stop();
}

/* Who may have a data key: each row changes one thing. */
static void who_may_decrypt(void)
{
    const hash48 pcr0 = kms_fixture_image(), other = sha384(slice_text("other"));
    kms_fixture_start();
    kms_fixture_put_image_policy(&pcr0);
    struct kms_call built = kms_fixture_call_of(kms_fixture_our_document());
    struct http_response response = kms_fixture_generate(&built);
    const struct kms_reply made = kms_fixture_generated(&response);

    built.context.pairs[0].value = slice_text("other");
    response = kms_fixture_decrypt(&built, made.ciphertext);
    kms_fixture_expect_error(&response, "AccessDeniedException");
    built = kms_fixture_call_of(kms_fixture_our_document());
    built.context.pairs[1].value = slice_text("2");
    response = kms_fixture_decrypt(&built, made.ciphertext);
    kms_fixture_expect_error(&response, "InvalidCiphertextException");

    built = kms_fixture_call_of(kms_fixture_document_of(
        &kms_fixture.debug_nsm, recipient_public_key(&kms_fixture.recipient)));
    response = kms_fixture_decrypt(&built, made.ciphertext);
    kms_fixture_expect_error(&response, "AccessDeniedException");
    char message[512];
    snprintf(message, sizeof message,
             "User: arn:aws:sts::111122223333:assumed-role/parent/i-0123456789abcdef0 is not "
             "authorized to perform: kms:Decrypt on resource: %s because no resource-based policy "
             "allows the kms:Decrypt action",
             kms_fixture.key_arn);
    kms_fixture_expect_message(&response, "Message", message);

    kms_fixture_put_image_policy(&other);
    built = kms_fixture_call_of(kms_fixture_our_document());
    response = kms_fixture_decrypt(&built, made.ciphertext);
    kms_fixture_expect_error(&response, "AccessDeniedException");
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "AccessDeniedException");
    kms_fixture_stop();
}

static void no_document_no_key(void)
{
    const hash48 pcr0 = kms_fixture_image();
    kms_fixture_start();
    kms_fixture_put_image_policy(&pcr0);
    struct http_response response = kms_fixture_call(
        "GenerateDataKey",
        "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"EncryptionContext\":{\"app\":\"enw1\"}}");
    kms_fixture_expect_error(&response, "AccessDeniedException");
    response = kms_fixture_call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"AAAA\","
                                           "\"EncryptionContext\":{\"app\":\"enw1\"}}");
    kms_fixture_expect_error(&response, "AccessDeniedException");
    kms_fixture_stop();
}

static void without_recipient(void)
{
    uint8_t plain[64];
    struct builder plaintext;
    char body[1024];
    kms_fixture_start();
    struct http_response response =
        kms_fixture_call("GenerateDataKey", "{\"KeyId\":\"%K\",\"NumberOfBytes\":20}");
    const slice first = kms_fixture_member_of(&response, NULL, "Plaintext");
    const slice blob = kms_fixture_member_of(&response, NULL, "CiphertextBlob");
    builder_init(&plaintext, plain, sizeof plain);
    expect_ok("base64", base64_put_decoded(&plaintext, first));
    expect_u64("size", plaintext.size, 20);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%.*s\"}", (int)blob.size, blob.bytes);
    response = kms_fixture_call("Decrypt", body);
    expect_bytes("the same", kms_fixture_member_of(&response, NULL, "Plaintext"), first);
    expect_text("key", kms_fixture_member_of(&response, NULL, "KeyId"), kms_fixture.key_arn);

    response = kms_fixture_call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\","
                                           "\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}}");
    const slice sealed = kms_fixture_member_of(&response, NULL, "CiphertextBlob");
    snprintf(body, sizeof body,
             "{\"CiphertextBlob\":\"%.*s\",\"KeyId\":\"%%K\","
             "\"EncryptionContext\":{\"b\":\"2\",\"a\":\"1\"}}",
             (int)sealed.size, sealed.bytes);
    response = kms_fixture_call("Decrypt", body);
    expect_text("hello", kms_fixture_member_of(&response, NULL, "Plaintext"), "aGVsbG8=");

    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":3}");
    expect_u64("random", kms_fixture_member_of(&response, NULL, "Plaintext").size, 4);
    kms_fixture_stop();
}

static void other_key(void)
{
    char body[1024], first_arn[sizeof kms_fixture.key_arn];
    kms_fixture_start();
    struct http_response response =
        kms_fixture_call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\"}");
    const slice blob = kms_fixture_member_of(&response, NULL, "CiphertextBlob");
    memcpy(first_arn, kms_fixture.key_arn, sizeof first_arn);
    kms_fixture_create_key();
    expect_true("another", strcmp(first_arn, kms_fixture.key_arn) != 0);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%.*s\",\"KeyId\":\"%%K\"}", (int)blob.size,
             blob.bytes);
    response = kms_fixture_call("Decrypt", body);
    kms_fixture_expect_error(&response, "IncorrectKeyException");
    response = kms_fixture_call("Decrypt", "{\"CiphertextBlob\":\"AAAA\",\"KeyId\":\"%K\"}");
    kms_fixture_expect_error(&response, "InvalidCiphertextException");
    kms_fixture_stop();
}

static void policies(void)
{
    kms_fixture_start();
    struct http_response response = kms_fixture_call("GetKeyPolicy", "{\"KeyId\":\"%K\"}");
    expect_true("default", kms_fixture_member_of(&response, NULL, "Policy").size > 100);
    response = kms_fixture_call("PutKeyPolicy", "{\"KeyId\":\"%K\",\"Policy\":\"{}\"}");
    kms_fixture_expect_error(&response, "MalformedPolicyDocumentException");
    response = kms_fixture_call(
        "PutKeyPolicy",
        "{\"KeyId\":\"%K\",\"Policy\":\"{\\\"Statement\\\":{\\\"Effect\\\":"
        "\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"kms:Decrypt\\\","
        "\\\"Resource\\\":\\\"*\\\"}}\"}");
    kms_fixture_expect_error(&response, "MalformedPolicyDocumentException");
    response = kms_fixture_call(
        "PutKeyPolicy",
        "{\"KeyId\":\"%K\",\"BypassPolicyLockoutSafetyCheck\":true,\"Policy\":"
        "\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":"
        "\\\"*\\\",\\\"Action\\\":\\\"kms:Decrypt\\\",\\\"Resource\\\":\\\"*\\\"}}\"}");
    expect_u64("locked out knowingly", response.code, 200);
    response = kms_fixture_call("GetKeyPolicy", "{\"KeyId\":\"%K\"}");
    kms_fixture_expect_error(&response, "AccessDeniedException");
    response = kms_fixture_call("DescribeKey", "{\"KeyId\":\"%K\"}");
    kms_fixture_expect_error(&response, "AccessDeniedException");
    kms_fixture_stop();
}

static void explicit_denial(void)
{
    kms_fixture_start();
    struct http_response response = kms_fixture_call(
        "PutKeyPolicy",
        "{\"KeyId\":\"%K\",\"Policy\":\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\","
        "\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"kms:*\\\",\\\"Resource\\\":\\\"*\\\"},"
        "{\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":"
        "\\\"kms:Encrypt\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}");
    char message[512];
    expect_u64("put", response.code, 200);
    response = kms_fixture_call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\"}");
    kms_fixture_expect_error(&response, "AccessDeniedException");
    snprintf(message, sizeof message,
             "User: arn:aws:sts::111122223333:assumed-role/parent/i-0123456789abcdef0 is not "
             "authorized to perform: kms:Encrypt on resource: %s with an explicit deny in a "
             "resource-based policy",
             kms_fixture.key_arn);
    kms_fixture_expect_message(&response, "Message", message);
    kms_fixture_stop();
}

static void describe(void)
{
    kms_fixture_start();
    const struct http_response response = kms_fixture_call("DescribeKey", "{\"KeyId\":\"%K\"}");
    slice value = {0};
    expect_text("ARN", kms_fixture_member_of(&response, "KeyMetadata", "Arn"), kms_fixture.key_arn);
    expect_text("state", kms_fixture_member_of(&response, "KeyMetadata", "KeyState"), "Enabled");
    expect_text("spec", kms_fixture_member_of(&response, "KeyMetadata", "KeySpec"),
                "SYMMETRIC_DEFAULT");
    expect_text("description", kms_fixture_member_of(&response, "KeyMetadata", "Description"), "d");
    expect_true("request id", http_headers_find(&response.headers, "x-amzn-requestid", &value) &&
                                  value.size == 36);
    expect_true("date", http_headers_find(&response.headers, "date", &value));
    expect_text("date", value, "Fri, 02 Jan 2026 03:04:05 GMT");
    expect_true("type", http_headers_find(&response.headers, "content-type", &value));
    expect_text("type", value, "application/x-amz-json-1.1");
    kms_fixture_stop();
}

static const struct {
    const char *operation, *body, *error;
} error_rows[] = {
    {"DescribeKey", "{\"KeyId\":\"1234abcd-12ab-34cd-56ef-1234567890ab\"}", "NotFoundException"},
    {"DescribeKey", "{\"KeyId\":\"alias/x\"}", "NotFoundException"},
    {"DescribeKey", "{}", "ValidationException"},
    {"DescribeKey", "{\"KeyId\":null}", "ValidationException"},
    {"DescribeKey", "{\"KeyId\":1}", "ValidationException"},
    {"DescribeKey", "", "SerializationException"},
    {"DescribeKey", "[]", "SerializationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\"}", "ValidationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"NumberOfBytes\":1}",
     "ValidationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_512\"}", "ValidationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"NumberOfBytes\":0}", "ValidationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"NumberOfBytes\":1025}", "ValidationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"EncryptionContext\":[]}",
     "SerializationException"},
    {"GenerateDataKey",
     "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"EncryptionContext\":{\"a\":1}}",
     "SerializationException"},
    {"GenerateDataKey", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"DryRun\":true}",
     "DryRunOperationException"},
    {"Encrypt", "{\"KeyId\":\"%K\"}", "ValidationException"},
    {"Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"?\"}", "SerializationException"},
    {"Encrypt",
     "{\"KeyId\":\"%K\",\"Plaintext\":\"AAAA\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
     "UnsupportedOperationException"},
    {"Decrypt", "{\"KeyId\":\"%K\"}", "ValidationException"},
    {"GenerateRandom", "{}", "ValidationException"},
    {"GenerateRandom", "{\"NumberOfBytes\":0}", "ValidationException"},
    {"GenerateRandom", "{\"NumberOfBytes\":1025}", "ValidationException"},
    {"CreateKey", "{\"KeySpec\":\"RSA_2048\"}", "UnsupportedOperationException"},
    {"CreateKey", "{\"KeyUsage\":\"SIGN_VERIFY\"}", "UnsupportedOperationException"},
    {"CreateKey", "{\"Policy\":\"x\"}", "MalformedPolicyDocumentException"},
    {"GetKeyPolicy", "{\"KeyId\":\"%K\",\"PolicyName\":\"other\"}", "NotFoundException"},
    {"PutKeyPolicy", "{\"KeyId\":\"%K\"}", "ValidationException"},
    {"Sign", "{}", "UnknownOperationException"},
    {"", "{}", "UnknownOperationException"},
};

static void errors(void)
{
    kms_fixture_start();
    for (size_t i = 0; i < ARRAY_COUNT(error_rows); i++) {
        runner_row_at(error_rows[i].body, i);
        const struct http_response response =
            kms_fixture_call(error_rows[i].operation, error_rows[i].body);
        kms_fixture_expect_error(&response, error_rows[i].error);
        expect_true("a client's", response.code >= 400 && response.code < 500);
    }
    kms_fixture_stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"data key comes back", data_key_comes_back},
        {"chosen encodings", chosen_encodings},
        {"who may decrypt", who_may_decrypt},
        {"no document, no key", no_document_no_key},
        {"without recipient", without_recipient},
        {"other key", other_key},
        {"policies", policies},
        {"explicit denial", explicit_denial},
        {"describe", describe},
        {"errors", errors},
    };
    kms_fixture_open();
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
