#include "dev/kms_input.h"

#include <string.h>

#include "kms_fixture.h"
#include "runner.h"

static void documents_refused(void)
{
    const slice public_key = recipient_public_key(&kms_fixture.recipient);
    uint8_t damaged[NSM_RESPONSE_SIZE_MAX];
    kms_fixture_start();
    struct kms_call built =
        kms_fixture_call_of(kms_fixture_document_of(&kms_fixture.other_nsm, public_key));
    struct http_response response = kms_fixture_generate(&built);
    runner_row("another root");
    kms_fixture_expect_error(&response, "ValidationException");

    runner_row("no public key");
    built = kms_fixture_call_of(kms_fixture_document_of(&kms_fixture.nsm, slice_text("")));
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ValidationException");
    kms_fixture_expect_message(&response, "message", "The attestation document has no public key.");

    runner_row("public key that is none");
    built = kms_fixture_call_of(kms_fixture_document_of(&kms_fixture.nsm, slice_text("x")));
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ValidationException");

    runner_row("damaged");
    const slice good = kms_fixture_our_document();
    memcpy(damaged, good.bytes, good.size);
    damaged[good.size - 1] ^= 1;
    built = kms_fixture_call_of(slice_of(damaged, good.size));
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ValidationException");

    runner_row("not a document");
    built = kms_fixture_call_of(slice_text("x"));
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ValidationException");
    kms_fixture_stop();
}

static void document_age(void)
{
    kms_fixture_start();
    const struct kms_call built = kms_fixture_call_of(kms_fixture_our_document());
    kms_fixture.now_ms += KMS_STAND_IN_DOCUMENT_AGE_S * 1000;
    struct http_response response = kms_fixture_generate(&built);
    expect_u64("oldest", response.code, 200);
    kms_fixture.now_ms += 1000;
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ValidationException");
    kms_fixture_stop();
}

static void recipient_forms(void)
{
    static const struct {
        const char *name, *body, *error;
    } rows[] = {
        {"no object", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"Recipient\":1}",
         "SerializationException"},
        {"no algorithm", "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"Recipient\":{}}",
         "ValidationException"},
        {"no document",
         "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"Recipient\":"
         "{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}}",
         "ValidationException"},
        {"not base64",
         "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"Recipient\":"
         "{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"?\"}}",
         "SerializationException"},
        {"another algorithm",
         "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"Recipient\":"
         "{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\",\"AttestationDocument\":\"AAAA\"}}",
         "ValidationException"},
    };
    kms_fixture_start();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const struct http_response response = kms_fixture_call("GenerateDataKey", rows[i].body);
        kms_fixture_expect_error(&response, rows[i].error);
    }
    kms_fixture_stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"documents refused", documents_refused},
        {"document age", document_age},
        {"recipient forms", recipient_forms},
    };
    kms_fixture_open();
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
