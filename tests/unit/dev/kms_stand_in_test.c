#include "dev/kms_stand_in.h"

#include "aws/sigv4.h"
#include "kms_fixture.h"
#include "runner.h"

static void not_signed(void)
{
    kms_fixture_start();
    struct http_request request =
        kms_fixture_request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    struct http_response response = kms_fixture_ask(&request);
    kms_fixture_expect_error(&response, "MissingAuthenticationTokenException");
    expect_ok("add", http_headers_add(&request.headers, slice_text("Authorization"),
                                      slice_text("AWS4-HMAC-SHA256 x")));
    response = kms_fixture_ask(&request);
    kms_fixture_expect_error(&response, "IncompleteSignatureException");
    request = kms_fixture_request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    kms_fixture_sign(&request);
    request.method = slice_text("GET");
    response = kms_fixture_ask(&request);
    kms_fixture_expect_error(&response, "UnknownOperationException");
    expect_u64("code", response.code, 404);
    kms_fixture_stop();
}

static struct http_response random_signed_by(const char *region, const char *service,
                                             int64_t signed_at_s)
{
    struct sigv4_key key = {0};
    struct builder memory;
    struct http_request request =
        kms_fixture_request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    const struct sigv4_signer signer = {
        &kms_fixture.credentials, {slice_text(region), slice_text(service)}, &key};
    builder_init_arena(&memory, &kms_fixture.arena, SIGV4_MEMORY_SIZE_MAX);
    expect_ok("sign", sigv4_sign(&signer, signed_at_s, &memory, &request));
    return kms_fixture_ask(&request);
}

static void signatures(void)
{
    static const struct {
        const char *name, *region, *service;
        int64_t off_s;
        const char *error, *message;
    } rows[] = {
        {"fine", "eu-west-1", "kms", 0, NULL, NULL},
        {"another region", "us-east-1", "kms", 0, "InvalidSignatureException",
         "Credential should be scoped to a valid Region."},
        {"another service", "eu-west-1", "dynamodb", 0, "InvalidSignatureException",
         "Credential should be scoped to correct service: 'kms'."},
        {"five minutes late", "eu-west-1", "kms", -300, NULL, NULL},
        {"later", "eu-west-1", "kms", -301, "InvalidSignatureException",
         "Signature expired: 20260102T025904Z is now earlier than 20260102T025905Z "
         "(20260102T030405Z - 5 min.)"},
        {"five minutes early", "eu-west-1", "kms", 300, NULL, NULL},
        {"earlier", "eu-west-1", "kms", 301, "InvalidSignatureException",
         "Signature not yet current: 20260102T030906Z is still later than 20260102T030905Z "
         "(20260102T030405Z + 5 min.)"},
    };
    kms_fixture_start();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const struct http_response response = random_signed_by(
            rows[i].region, rows[i].service, kms_fixture.now_ms / 1000 + rows[i].off_s);
        if (!rows[i].error) {
            expect_u64("code", response.code, 200);
            continue;
        }
        kms_fixture_expect_error(&response, rows[i].error);
        kms_fixture_expect_message(&response, "message", rows[i].message);
    }
    kms_fixture_stop();
}

static void session_tokens(void)
{
    kms_fixture_start();
    kms_fixture.now_ms = INT64_C(1000) * KMS_FIXTURE_START_S + 3600 * 1000 - 1000;
    struct http_response response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_u64("in their last second", response.code, 200);
    kms_fixture.now_ms += 1000;
    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    kms_fixture_expect_error(&response, "ExpiredTokenException");
    kms_fixture.now_ms = INT64_C(1000) * KMS_FIXTURE_START_S;
    kms_fixture.credentials.session_token.bytes[0] ^= 1;
    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    kms_fixture_expect_error(&response, "UnrecognizedClientException");
    kms_fixture_issue(KMS_FIXTURE_START_S + 60);
    kms_fixture.credentials.session_token.size = 0;
    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    kms_fixture_expect_error(&response, "UnrecognizedClientException");
    kms_fixture_issue(KMS_FIXTURE_START_S + 60);
    kms_fixture.credentials.access_key_id[10] =
        kms_fixture.credentials.access_key_id[10] == 'A' ? 'B' : 'A';
    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    kms_fixture_expect_error(&response, "UnrecognizedClientException");
    kms_fixture_issue(KMS_FIXTURE_START_S + 60);
    kms_fixture.credentials.secret.bytes[0] ^= 1;
    response = kms_fixture_call("GenerateRandom", "{\"NumberOfBytes\":1}");
    kms_fixture_expect_error(&response, "InvalidSignatureException");
    kms_fixture_stop();
}

static void faults(void)
{
    kms_fixture_start();
    const struct kms_call built = kms_fixture_call_of(kms_fixture_our_document());
    kms_fixture.fault.kind = STAND_FAULT_WRONG_KEY;
    struct http_response response = kms_fixture_generate(&built);
    struct kms_reply reply = kms_fixture_generated(&response);
    expect_refused("key", kms_reply_check(&reply, slice_text(kms_fixture.key_arn)),
                   "kms: reply is about another key");
    kms_fixture.fault.kind = STAND_FAULT_WRONG_RECIPIENT;
    response = kms_fixture_generate(&built);
    reply = kms_fixture_generated(&response);
    struct secret32 key = {0};
    expect_kind("envelope", recipient_unseal_key(&kms_fixture.recipient, reply.envelope, &key),
                FAILURE_DENIED);
    kms_fixture.fault.kind = STAND_FAULT_THROTTLE;
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "ThrottlingException");
    kms_fixture.fault = (struct stand_fault){.kind = STAND_FAULT_ERROR,
                                             .name = {.bytes = "DisabledException", .size = 17}};
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "DisabledException");
    expect_u64("code", response.code, 400);
    kms_fixture.fault.value = 409;
    response = kms_fixture_generate(&built);
    kms_fixture_expect_error(&response, "DisabledException");
    expect_u64("code", response.code, 409);
    kms_fixture_stop();
}

static void operation_names(void)
{
    const struct stand_service service = kms_stand_in_service(&kms_fixture.stand_in);
    const struct http_request request = kms_fixture_request_of("Decrypt", slice_text(""));
    const struct http_request bare = {.method = slice_text("GET")};
    expect_text("named", service.operation(&request), "Decrypt");
    expect_text("not named", service.operation(&bare), "?");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"not signed", not_signed},           {"signatures", signatures},
        {"session tokens", session_tokens},   {"faults", faults},
        {"operation names", operation_names},
    };
    kms_fixture_open();
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
