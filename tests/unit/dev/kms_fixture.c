#include "kms_fixture.h"

#include <stdio.h>
#include <string.h>

#include "aws/error.h"
#include "aws/sigv4.h"
#include "base/json.h"
#include "crypto/library.h"
#include "dev/stand_credentials.h"
#include "runner.h"

struct kms_fixture kms_fixture;

static const struct secret32 credentials_key = {{7}};
static const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE] = {1, 2, 3};

static int64_t read_now_ms(void *context)
{
    (void)context;
    return kms_fixture.now_ms;
}

static const struct clock clock_of_test = {read_now_ms, read_now_ms, NULL};

hash48 kms_fixture_image(void)
{
    return sha384(slice_text("image"));
}

static void open_nsm(const struct identity *root, bool is_debug, struct nsm_stand_in *opened)
{
    const hash48 pcr0 = kms_fixture_image();
    struct nsm_stand_in_options options = {
        .identity = root, .clock = clock_of_test, .is_debug = is_debug};
    pcr_set_put(&options.pcrs, 0, &pcr0);
    expect_ok("nsm", nsm_stand_in_open(&options, opened));
}

void kms_fixture_open(void)
{
    kms_fixture.now_ms = INT64_C(1000) * KMS_FIXTURE_START_S;
    expect_ok("library", library_open());
    expect_ok("root", identity_open_new(KMS_FIXTURE_START_S, &kms_fixture.identity));
    expect_ok("root", identity_open_new(KMS_FIXTURE_START_S, &kms_fixture.other_identity));
    expect_ok("recipient", recipient_open(&kms_fixture.recipient));
    open_nsm(&kms_fixture.identity, false, &kms_fixture.nsm);
    open_nsm(&kms_fixture.identity, true, &kms_fixture.debug_nsm);
    open_nsm(&kms_fixture.other_identity, false, &kms_fixture.other_nsm);
}

void kms_fixture_issue(int64_t expires_at_s)
{
    expect_ok("credentials", stand_credentials_issue(&credentials_key, seed, expires_at_s,
                                                     &kms_fixture.credentials));
}

struct http_response kms_fixture_ask(const struct http_request *request)
{
    const struct stand_service service = kms_stand_in_service(&kms_fixture.stand_in);
    const struct stand_exchange exchange = {request, service.operation(request), &kms_fixture.fault,
                                            &kms_fixture.arena};
    struct http_response response = {0};
    service.answer(service.context, &exchange, &response);
    return response;
}

struct http_request kms_fixture_request_of(const char *operation, slice body)
{
    static char target[64];
    struct http_request request = {
        .method = slice_text("POST"), .target = slice_text("/"), .body = body};
    snprintf(target, sizeof target, "TrentService.%s", operation);
    expect_ok("add", http_headers_add(&request.headers, slice_text("Host"),
                                      slice_text("kms.eu-west-1.amazonaws.com")));
    expect_ok("add",
              http_headers_add(&request.headers, slice_text("X-Amz-Target"), slice_text(target)));
    return request;
}

void kms_fixture_sign(struct http_request *request)
{
    static struct sigv4_key key;
    struct builder memory;
    const struct sigv4_signer signer = {
        &kms_fixture.credentials, {slice_text("eu-west-1"), slice_text("kms")}, &key};
    builder_init_arena(&memory, &kms_fixture.arena, SIGV4_MEMORY_SIZE_MAX);
    expect_ok("sign", sigv4_sign(&signer, kms_fixture.now_ms / 1000, &memory, request));
}

struct http_response kms_fixture_call(const char *operation, const char *body)
{
    struct builder text;
    builder_init_arena(&text, &kms_fixture.arena, strlen(body) + 4 * sizeof kms_fixture.key_arn);
    for (const char *at = body; *at; at++) {
        if (at[0] == '%' && at[1] == 'K') {
            builder_put_text(&text, kms_fixture.key_arn);
            at++;
        } else {
            builder_put_u8(&text, (uint8_t)*at);
        }
    }
    struct http_request request = kms_fixture_request_of(operation, builder_view(&text));
    kms_fixture_sign(&request);
    return kms_fixture_ask(&request);
}

void kms_fixture_expect_error(const struct http_response *response, const char *name)
{
    struct aws_error error;
    aws_error_read(response, &error);
    expect_text("error", aws_error_name(&error), name);
}

void kms_fixture_expect_message(const struct http_response *response, const char *member,
                                const char *message)
{
    SCOPED(json_close) struct json document = {0};
    json_value object = {0};
    slice text = {0};
    expect_ok("JSON", json_open(response->body, runner_arena(), &document));
    expect_ok("object", json_top_object(&document, &object));
    expect_ok(member, json_read_string(&object, member, 0, 4096, &text));
    expect_text("message", text, message);
}

slice kms_fixture_member_of(const struct http_response *response, const char *outer,
                            const char *name)
{
    SCOPED(json_close) struct json document = {0};
    json_value object = {0}, inner = {0};
    slice text = {0}, copy = {0};
    if (!expect_u64("code", response->code, 200)) return copy;
    expect_ok("JSON", json_open(response->body, runner_arena(), &document));
    expect_ok("object", json_top_object(&document, &object));
    inner = object;
    if (outer) expect_ok(outer, json_read_object(&object, outer, &inner));
    if (json_has_value(&inner, name)) {
        expect_ok(name, json_read_string(&inner, name, 0, 65536, &text));
    }
    expect_ok("copy", arena_copy(&kms_fixture.arena, text, &copy));
    return copy;
}

void kms_fixture_create_key(void)
{
    const struct http_response response = kms_fixture_call("CreateKey", "{\"Description\":\"d\"}");
    const slice arn = kms_fixture_member_of(&response, "KeyMetadata", "Arn");
    memset(kms_fixture.key_arn, 0, sizeof kms_fixture.key_arn);
    if (expect_true("ARN", arn.size > 0 && arn.size < sizeof kms_fixture.key_arn)) {
        memcpy(kms_fixture.key_arn, arn.bytes, arn.size);
    }
}

void kms_fixture_start(void)
{
    struct kms_stand_in_settings settings = {
        .keys = {.account = "111122223333", .region = "eu-west-1"},
        .role = "parent",
        .credentials_key = credentials_key,
        .clock = clock_of_test};
    kms_fixture.now_ms = INT64_C(1000) * KMS_FIXTURE_START_S;
    kms_fixture.fault = (struct stand_fault){0};
    settings.root = identity_certificate_view(&kms_fixture.identity.certificate);
    expect_ok("arena", arena_open(&kms_fixture.arena, 8 << 20));
    expect_ok("open", kms_stand_in_open(&settings, &kms_fixture.stand_in));
    kms_fixture_issue(KMS_FIXTURE_START_S + 3600);
    kms_fixture_create_key();
}

void kms_fixture_stop(void)
{
    kms_stand_in_close(&kms_fixture.stand_in);
    arena_close(&kms_fixture.arena);
    runner_row(NULL);
}

void kms_fixture_put_image_policy(const hash48 *pcr0)
{
    struct builder policy, body;
    builder_init_arena(&policy, &kms_fixture.arena, 4096);
    builder_put_text(&policy,
                     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                     "\"arn:aws:iam::111122223333:root\"},\"Action\":[\"kms:PutKeyPolicy\","
                     "\"kms:GetKeyPolicy\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\","
                     "\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:role/parent\"},"
                     "\"Action\":[\"kms:Decrypt\",\"kms:GenerateDataKey\"],\"Resource\":\"*\","
                     "\"Condition\":{\"StringEqualsIgnoreCase\":"
                     "{\"kms:RecipientAttestation:ImageSha384\":");
    json_put_hex(&policy, hash48_view(pcr0));
    builder_put_text(&policy, "},\"StringEquals\":{\"kms:EncryptionContext:app\":\"enw1\"}}}]}");
    builder_init_arena(&body, &kms_fixture.arena, 8192);
    json_put_object_open(&body);
    json_put_name(&body, "KeyId");
    json_put_text(&body, kms_fixture.key_arn);
    json_put_name(&body, "PolicyName");
    json_put_text(&body, "default");
    json_put_name(&body, "Policy");
    json_put_string(&body, builder_view(&policy));
    json_put_object_close(&body);
    struct http_request request = kms_fixture_request_of("PutKeyPolicy", builder_view(&body));
    kms_fixture_sign(&request);
    const struct http_response response = kms_fixture_ask(&request);
    expect_u64("policy", response.code, 200);
}

slice kms_fixture_document_of(struct nsm_stand_in *module, slice public_key)
{
    static uint8_t memory[4][NSM_RESPONSE_SIZE_MAX];
    static size_t next;
    uint8_t request_memory[4096];
    struct nsm_request request = {.call = NSM_ATTESTATION};
    struct nsm_response response = {0};
    struct builder asked, answered;
    if (public_key.size > 0) request.public_key = nsm_optional_of(public_key);
    builder_init(&asked, request_memory, sizeof request_memory);
    nsm_request_write(&request, &asked);
    builder_init(&answered, memory[next], sizeof memory[next]);
    next = (next + 1) % 4;
    expect_ok("call", nsm_stand_in_call(module, builder_view(&asked), &answered));
    expect_ok("document", nsm_response_check(builder_view(&answered), NSM_ATTESTATION, &response));
    return response.document;
}

struct kms_call kms_fixture_call_of(slice document)
{
    struct kms_call built = {.host = slice_text("kms.eu-west-1.amazonaws.com"),
                             .key_arn = slice_text(kms_fixture.key_arn),
                             .document = document};
    built.context.pairs[0] = (struct kms_context_pair){slice_text("app"), slice_text("enw1")};
    built.context.pairs[1] = (struct kms_context_pair){slice_text("acct"), slice_text("1")};
    built.context.count = 2;
    return built;
}

struct http_response kms_fixture_generate(const struct kms_call *built)
{
    struct builder memory;
    struct http_request request;
    builder_init_arena(&memory, &kms_fixture.arena, KMS_BODY_SIZE_MAX);
    expect_ok("build", kms_generate_data_key_build(built, &memory, &request));
    kms_fixture_sign(&request);
    return kms_fixture_ask(&request);
}

struct http_response kms_fixture_decrypt(const struct kms_call *built, slice ciphertext)
{
    struct builder memory;
    struct http_request request;
    builder_init_arena(&memory, &kms_fixture.arena, KMS_BODY_SIZE_MAX);
    expect_ok("build", kms_decrypt_build(built, ciphertext, &memory, &request));
    kms_fixture_sign(&request);
    return kms_fixture_ask(&request);
}

struct kms_reply kms_fixture_generated(const struct http_response *response)
{
    struct builder memory;
    struct kms_reply reply = {0};
    builder_init_arena(&memory, &kms_fixture.arena, KMS_REPLY_MEMORY_SIZE_MAX);
    expect_ok("reply", kms_generate_data_key_read(response, &memory, &reply));
    return reply;
}

struct kms_reply kms_fixture_decrypted(const struct http_response *response)
{
    struct builder memory;
    struct kms_reply reply = {0};
    builder_init_arena(&memory, &kms_fixture.arena, KMS_REPLY_MEMORY_SIZE_MAX);
    expect_ok("reply", kms_decrypt_read(response, &memory, &reply));
    return reply;
}

slice kms_fixture_our_document(void)
{
    return kms_fixture_document_of(&kms_fixture.nsm, recipient_public_key(&kms_fixture.recipient));
}
