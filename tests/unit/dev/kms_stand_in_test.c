/*
 * The stand-in is asked by the product's own builders and answers its own readers, so both sides
 * are held to one description of KMS. AWS's SDK asks the same stand-in in tests/e2e.
 */
#include "dev/kms_stand_in.h"

#include <stdio.h>
#include <string.h>

#include "aws/error.h"
#include "aws/kms.h"
#include "aws/sigv4.h"
#include "base/base64.h"
#include "base/json.h"
#include "crypto/library.h"
#include "dev/identity.h"
#include "dev/nsm_stand_in.h"
#include "dev/stand_credentials.h"
#include "runner.h"

static struct kms_stand_in stand_in;
static struct identity identity, other_identity;
static struct nsm_stand_in nsm, other_nsm, debug_nsm;
static struct recipient recipient;
static struct aws_credentials credentials;
static struct arena arena;
static struct stand_fault fault;
static int64_t now_ms;
static char key_arn[KMS_KEYS_ARN_SIZE_MAX];

static const int64_t start_ms = INT64_C(1767323045000);
static const struct secret32 credentials_key = {{7}};
static const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE] = {1, 2, 3};

static int64_t read_now_ms(void *context)
{
    (void)context;
    return now_ms;
}

static const struct clock clock_of_test = {read_now_ms, read_now_ms, NULL};

static hash48 image(void)
{
    return sha384(slice_text("image"));
}

static void open_nsm(const struct identity *root, bool is_debug, struct nsm_stand_in *opened)
{
    const hash48 pcr0 = image();
    struct nsm_stand_in_options options = {
        .identity = root, .clock = clock_of_test, .is_debug = is_debug};
    pcr_set_put(&options.pcrs, 0, &pcr0);
    expect_ok("nsm", nsm_stand_in_open(&options, opened));
}

static void issue(int64_t expires_at_s)
{
    expect_ok("credentials",
              stand_credentials_issue(&credentials_key, seed, expires_at_s, &credentials));
}

/* ---- asking ---- */

static struct http_response ask(const struct http_request *request)
{
    const struct stand_service service = kms_stand_in_service(&stand_in);
    const struct stand_exchange exchange = {request, service.operation(request), &fault, &arena};
    struct http_response response = {0};
    service.answer(service.context, &exchange, &response);
    return response;
}

static struct http_request request_of(const char *operation, slice body)
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

static void sign(struct http_request *request)
{
    static struct sigv4_key key;
    struct builder memory;
    const struct sigv4_signer signer = {
        &credentials, {slice_text("eu-west-1"), slice_text("kms"), false}, &key};
    builder_init_arena(&memory, &arena, SIGV4_MEMORY_SIZE_MAX);
    expect_ok("sign", sigv4_sign(&signer, now_ms / 1000, &memory, request));
}

/* In a body, "%K" stands for the key's ARN. */
static struct http_response call(const char *operation, const char *body)
{
    struct builder text;
    builder_init_arena(&text, &arena, strlen(body) + 4 * sizeof key_arn);
    for (const char *at = body; *at; at++) {
        if (at[0] == '%' && at[1] == 'K') {
            builder_put_text(&text, key_arn);
            at++;
        } else {
            builder_put_u8(&text, (uint8_t)*at);
        }
    }
    struct http_request request = request_of(operation, builder_view(&text));
    sign(&request);
    return ask(&request);
}

/* ---- answers ---- */

static void expect_error(const struct http_response *response, const char *name)
{
    struct aws_error error;
    aws_error_read(response, &error);
    expect_text("error", aws_error_name(&error), name);
}

static void expect_message(const struct http_response *response, const char *member,
                           const char *message)
{
    SCOPED(json_close) struct json document = {0};
    json_value object = {0};
    slice text = {0};
    expect_ok("JSON", json_open(response->body, &document));
    expect_ok("object", json_top_object(&document, &object));
    expect_ok(member, json_read_string(&object, member, 0, 4096, &text));
    expect_text("message", text, message);
}

/* A member of an answer, copied; empty when it is not there. */
static slice member_of(const struct http_response *response, const char *outer, const char *name)
{
    SCOPED(json_close) struct json document = {0};
    json_value object = {0}, inner = {0};
    slice text = {0}, copy = {0};
    if (!expect_u64("code", response->code, 200)) return copy;
    expect_ok("JSON", json_open(response->body, &document));
    expect_ok("object", json_top_object(&document, &object));
    inner = object;
    if (outer) expect_ok(outer, json_read_object(&object, outer, &inner));
    if (json_has_value(&inner, name)) {
        expect_ok(name, json_read_string(&inner, name, 0, 65536, &text));
    }
    expect_ok("copy", arena_copy(&arena, text, &copy));
    return copy;
}

/* ---- the start of each test: one key, and a policy ---- */

static void create_key(void)
{
    const struct http_response response = call("CreateKey", "{\"Description\":\"d\"}");
    const slice arn = member_of(&response, "KeyMetadata", "Arn");
    memset(key_arn, 0, sizeof key_arn);
    if (expect_true("ARN", arn.size > 0 && arn.size < sizeof key_arn)) {
        memcpy(key_arn, arn.bytes, arn.size);
    }
}

static void start(void)
{
    struct kms_stand_in_settings settings = {
        .keys = {.account = "111122223333", .region = "eu-west-1"},
        .role = "parent",
        .credentials_key = credentials_key,
        .clock = clock_of_test};
    now_ms = start_ms;
    fault = (struct stand_fault){0};
    settings.root = identity_certificate_view(&identity.certificate);
    expect_ok("arena", arena_open(&arena, 8 << 20));
    expect_ok("open", kms_stand_in_open(&settings, &stand_in));
    issue(start_ms / 1000 + 3600);
    create_key();
}

static void stop(void)
{
    kms_stand_in_close(&stand_in);
    arena_close(&arena);
    runner_row(NULL);
}

static void put_image_policy(const hash48 *pcr0)
{
    struct builder policy, body;
    builder_init_arena(&policy, &arena, 4096);
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
    builder_init_arena(&body, &arena, 8192);
    json_put_object_open(&body);
    json_put_name(&body, "KeyId");
    json_put_text(&body, key_arn);
    json_put_name(&body, "PolicyName");
    json_put_text(&body, "default");
    json_put_name(&body, "Policy");
    json_put_string(&body, builder_view(&policy));
    json_put_object_close(&body);
    struct http_request request = request_of("PutKeyPolicy", builder_view(&body));
    sign(&request);
    const struct http_response response = ask(&request);
    expect_u64("policy", response.code, 200);
}

static slice document_of(struct nsm_stand_in *module, slice public_key)
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

static struct kms_call kms_call_of(slice document)
{
    struct kms_call built = {.host = slice_text("kms.eu-west-1.amazonaws.com"),
                             .key_arn = slice_text(key_arn),
                             .document = document};
    built.context.pairs[0] = (struct kms_context_pair){slice_text("app"), slice_text("enw1")};
    built.context.pairs[1] = (struct kms_context_pair){slice_text("acct"), slice_text("1")};
    built.context.count = 2;
    return built;
}

static struct http_response generate(const struct kms_call *built)
{
    struct builder memory;
    struct http_request request;
    builder_init_arena(&memory, &arena, KMS_BODY_SIZE_MAX);
    expect_ok("build", kms_generate_data_key_build(built, &memory, &request));
    sign(&request);
    return ask(&request);
}

static struct http_response decrypt(const struct kms_call *built, slice ciphertext)
{
    struct builder memory;
    struct http_request request;
    builder_init_arena(&memory, &arena, KMS_BODY_SIZE_MAX);
    expect_ok("build", kms_decrypt_build(built, ciphertext, &memory, &request));
    sign(&request);
    return ask(&request);
}

static struct kms_reply generated(const struct http_response *response)
{
    struct builder memory;
    struct kms_reply reply = {0};
    builder_init_arena(&memory, &arena, KMS_REPLY_MEMORY_SIZE_MAX);
    expect_ok("reply", kms_generate_data_key_read(response, &memory, &reply));
    return reply;
}

static struct kms_reply decrypted(const struct http_response *response)
{
    struct builder memory;
    struct kms_reply reply = {0};
    builder_init_arena(&memory, &arena, KMS_REPLY_MEMORY_SIZE_MAX);
    expect_ok("reply", kms_decrypt_read(response, &memory, &reply));
    return reply;
}

static slice our_document(void)
{
    return document_of(&nsm, recipient_public_key(&recipient));
}

/* ---- tests ---- */

/* A data key made for an enclave can be had again by it, in either encoding of the envelope. */
static void data_key_comes_back(void)
{
    const hash48 pcr0 = image();
    start();
    put_image_policy(&pcr0);
    const struct kms_call built = kms_call_of(our_document());
    struct http_response response = generate(&built);
    const struct kms_reply made = generated(&response);
    struct secret32 key = {0}, again = {0};
    expect_ok("key", kms_reply_check(&made, slice_text(key_arn)));
    expect_ok("unseal", recipient_unseal_key(&recipient, made.envelope, &key));
    const bool was_constructed = made.envelope.bytes[431] == 0xa0;
    for (size_t i = 0; i < 4; i++) {
        runner_row_at("decrypt", i);
        response = decrypt(&built, made.ciphertext);
        const struct kms_reply opened = decrypted(&response);
        expect_ok("unseal", recipient_unseal_key(&recipient, opened.envelope, &again));
        expect_true("the same key", secret_equal(secret_expose(&key), secret_expose(&again)));
        expect_true("encodings by turns",
                    (opened.envelope.bytes[431] == 0xa0) == (was_constructed == (i % 2 == 1)));
    }
    response = generate(&built);
    const struct kms_reply other = generated(&response);
    expect_ok("unseal", recipient_unseal_key(&recipient, other.envelope, &again));
    expect_true("another key", !secret_equal(secret_expose(&key), secret_expose(&again)));
    stop();
}

static void chosen_encodings(void)
{
    const hash48 pcr0 = image();
    start();
    put_image_policy(&pcr0);
    const struct kms_call built = kms_call_of(our_document());
    for (size_t i = 0; i < 4; i++) {
        const bool is_constructed = i < 2;
        fault.kind = is_constructed ? STAND_FAULT_CONSTRUCTED : STAND_FAULT_PRIMITIVE;
        const struct http_response response = generate(&built);
        const struct kms_reply made = generated(&response);
        expect_u64("content", made.envelope.bytes[431], is_constructed ? 0xa0 : 0x80);
    }
    stop();
}

/* Who may have a data key: each row changes one thing. */
static void who_may_decrypt(void)
{
    const hash48 pcr0 = image(), other = sha384(slice_text("other"));
    start();
    put_image_policy(&pcr0);
    struct kms_call built = kms_call_of(our_document());
    struct http_response response = generate(&built);
    const struct kms_reply made = generated(&response);

    built.context.pairs[0].value = slice_text("other");
    response = decrypt(&built, made.ciphertext);
    expect_error(&response, "AccessDeniedException");
    built = kms_call_of(our_document());
    built.context.pairs[1].value = slice_text("2");
    response = decrypt(&built, made.ciphertext);
    expect_error(&response, "InvalidCiphertextException");

    built = kms_call_of(document_of(&debug_nsm, recipient_public_key(&recipient)));
    response = decrypt(&built, made.ciphertext);
    expect_error(&response, "AccessDeniedException");
    char message[512];
    snprintf(message, sizeof message,
             "User: arn:aws:sts::111122223333:assumed-role/parent/i-0123456789abcdef0 is not "
             "authorized to perform: kms:Decrypt on resource: %s because no resource-based policy "
             "allows the kms:Decrypt action",
             key_arn);
    expect_message(&response, "Message", message);

    put_image_policy(&other);
    built = kms_call_of(our_document());
    response = decrypt(&built, made.ciphertext);
    expect_error(&response, "AccessDeniedException");
    response = generate(&built);
    expect_error(&response, "AccessDeniedException");
    stop();
}

static void no_document_no_key(void)
{
    const hash48 pcr0 = image();
    start();
    put_image_policy(&pcr0);
    struct http_response response =
        call("GenerateDataKey",
             "{\"KeyId\":\"%K\",\"KeySpec\":\"AES_256\",\"EncryptionContext\":{\"app\":\"enw1\"}}");
    expect_error(&response, "AccessDeniedException");
    response = call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"AAAA\","
                               "\"EncryptionContext\":{\"app\":\"enw1\"}}");
    expect_error(&response, "AccessDeniedException");
    stop();
}

static void documents_refused(void)
{
    const slice public_key = recipient_public_key(&recipient);
    uint8_t damaged[NSM_RESPONSE_SIZE_MAX];
    start();
    struct kms_call built = kms_call_of(document_of(&other_nsm, public_key));
    struct http_response response = generate(&built);
    runner_row("another root");
    expect_error(&response, "ValidationException");

    runner_row("no public key");
    built = kms_call_of(document_of(&nsm, slice_text("")));
    response = generate(&built);
    expect_error(&response, "ValidationException");
    expect_message(&response, "message", "The attestation document has no public key.");

    runner_row("public key that is none");
    built = kms_call_of(document_of(&nsm, slice_text("x")));
    response = generate(&built);
    expect_error(&response, "ValidationException");

    runner_row("damaged");
    const slice good = our_document();
    memcpy(damaged, good.bytes, good.size);
    damaged[good.size - 1] ^= 1;
    built = kms_call_of(slice_of(damaged, good.size));
    response = generate(&built);
    expect_error(&response, "ValidationException");

    runner_row("not a document");
    built = kms_call_of(slice_text("x"));
    response = generate(&built);
    expect_error(&response, "ValidationException");
    stop();
}

static void document_age(void)
{
    start();
    const struct kms_call built = kms_call_of(our_document());
    now_ms += KMS_STAND_IN_DOCUMENT_AGE_S * 1000;
    struct http_response response = generate(&built);
    expect_u64("oldest", response.code, 200);
    now_ms += 1000;
    response = generate(&built);
    expect_error(&response, "ValidationException");
    stop();
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
    start();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const struct http_response response = call("GenerateDataKey", rows[i].body);
        expect_error(&response, rows[i].error);
    }
    stop();
}

static void without_recipient(void)
{
    uint8_t plain[64];
    struct builder plaintext;
    char body[1024];
    start();
    struct http_response response =
        call("GenerateDataKey", "{\"KeyId\":\"%K\",\"NumberOfBytes\":20}");
    const slice first = member_of(&response, NULL, "Plaintext");
    const slice blob = member_of(&response, NULL, "CiphertextBlob");
    builder_init(&plaintext, plain, sizeof plain);
    expect_ok("base64", base64_put_decoded(&plaintext, first));
    expect_u64("size", plaintext.size, 20);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%.*s\"}", (int)blob.size, blob.bytes);
    response = call("Decrypt", body);
    expect_bytes("the same", member_of(&response, NULL, "Plaintext"), first);
    expect_text("key", member_of(&response, NULL, "KeyId"), key_arn);

    response = call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\","
                               "\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}}");
    const slice sealed = member_of(&response, NULL, "CiphertextBlob");
    snprintf(body, sizeof body,
             "{\"CiphertextBlob\":\"%.*s\",\"KeyId\":\"%%K\","
             "\"EncryptionContext\":{\"b\":\"2\",\"a\":\"1\"}}",
             (int)sealed.size, sealed.bytes);
    response = call("Decrypt", body);
    expect_text("hello", member_of(&response, NULL, "Plaintext"), "aGVsbG8=");

    response = call("GenerateRandom", "{\"NumberOfBytes\":3}");
    expect_u64("random", member_of(&response, NULL, "Plaintext").size, 4);
    stop();
}

static void other_key(void)
{
    char body[1024], first_arn[sizeof key_arn];
    start();
    struct http_response response =
        call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\"}");
    const slice blob = member_of(&response, NULL, "CiphertextBlob");
    memcpy(first_arn, key_arn, sizeof first_arn);
    create_key();
    expect_true("another", strcmp(first_arn, key_arn) != 0);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%.*s\",\"KeyId\":\"%%K\"}", (int)blob.size,
             blob.bytes);
    response = call("Decrypt", body);
    expect_error(&response, "IncorrectKeyException");
    response = call("Decrypt", "{\"CiphertextBlob\":\"AAAA\",\"KeyId\":\"%K\"}");
    expect_error(&response, "InvalidCiphertextException");
    stop();
}

static void policies(void)
{
    start();
    struct http_response response = call("GetKeyPolicy", "{\"KeyId\":\"%K\"}");
    expect_true("default", member_of(&response, NULL, "Policy").size > 100);
    response = call("PutKeyPolicy", "{\"KeyId\":\"%K\",\"Policy\":\"{}\"}");
    expect_error(&response, "MalformedPolicyDocumentException");
    response = call("PutKeyPolicy",
                    "{\"KeyId\":\"%K\",\"Policy\":\"{\\\"Statement\\\":{\\\"Effect\\\":"
                    "\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"kms:Decrypt\\\","
                    "\\\"Resource\\\":\\\"*\\\"}}\"}");
    expect_error(&response, "MalformedPolicyDocumentException");
    response = call("PutKeyPolicy",
                    "{\"KeyId\":\"%K\",\"BypassPolicyLockoutSafetyCheck\":true,\"Policy\":"
                    "\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":"
                    "\\\"*\\\",\\\"Action\\\":\\\"kms:Decrypt\\\",\\\"Resource\\\":\\\"*\\\"}}\"}");
    expect_u64("locked out knowingly", response.code, 200);
    response = call("GetKeyPolicy", "{\"KeyId\":\"%K\"}");
    expect_error(&response, "AccessDeniedException");
    response = call("DescribeKey", "{\"KeyId\":\"%K\"}");
    expect_error(&response, "AccessDeniedException");
    stop();
}

static void explicit_denial(void)
{
    start();
    struct http_response response =
        call("PutKeyPolicy",
             "{\"KeyId\":\"%K\",\"Policy\":\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\","
             "\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"kms:*\\\",\\\"Resource\\\":\\\"*\\\"},"
             "{\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":"
             "\\\"kms:Encrypt\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}");
    char message[512];
    expect_u64("put", response.code, 200);
    response = call("Encrypt", "{\"KeyId\":\"%K\",\"Plaintext\":\"aGVsbG8=\"}");
    expect_error(&response, "AccessDeniedException");
    snprintf(message, sizeof message,
             "User: arn:aws:sts::111122223333:assumed-role/parent/i-0123456789abcdef0 is not "
             "authorized to perform: kms:Encrypt on resource: %s with an explicit deny in a "
             "resource-based policy",
             key_arn);
    expect_message(&response, "Message", message);
    stop();
}

static void describe(void)
{
    start();
    const struct http_response response = call("DescribeKey", "{\"KeyId\":\"%K\"}");
    slice value = {0};
    expect_text("ARN", member_of(&response, "KeyMetadata", "Arn"), key_arn);
    expect_text("state", member_of(&response, "KeyMetadata", "KeyState"), "Enabled");
    expect_text("spec", member_of(&response, "KeyMetadata", "KeySpec"), "SYMMETRIC_DEFAULT");
    expect_text("description", member_of(&response, "KeyMetadata", "Description"), "d");
    expect_true("request id", http_headers_find(&response.headers, "x-amzn-requestid", &value) &&
                                  value.size == 36);
    expect_true("date", http_headers_find(&response.headers, "date", &value));
    expect_text("date", value, "Fri, 02 Jan 2026 03:04:05 GMT");
    expect_true("type", http_headers_find(&response.headers, "content-type", &value));
    expect_text("type", value, "application/x-amz-json-1.1");
    stop();
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
    start();
    for (size_t i = 0; i < ARRAY_COUNT(error_rows); i++) {
        runner_row_at(error_rows[i].body, i);
        const struct http_response response = call(error_rows[i].operation, error_rows[i].body);
        expect_error(&response, error_rows[i].error);
        expect_true("a client's", response.code >= 400 && response.code < 500);
    }
    stop();
}

/* ---- who calls ---- */

static void not_signed(void)
{
    start();
    struct http_request request = request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    struct http_response response = ask(&request);
    expect_error(&response, "MissingAuthenticationTokenException");
    expect_ok("add", http_headers_add(&request.headers, slice_text("Authorization"),
                                      slice_text("AWS4-HMAC-SHA256 x")));
    response = ask(&request);
    expect_error(&response, "IncompleteSignatureException");
    request = request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    sign(&request);
    request.method = slice_text("GET");
    response = ask(&request);
    expect_error(&response, "UnknownOperationException");
    expect_u64("code", response.code, 404);
    stop();
}

static struct http_response random_signed_by(const char *region, const char *service,
                                             int64_t signed_at_s)
{
    struct sigv4_key key = {0};
    struct builder memory;
    struct http_request request = request_of("GenerateRandom", slice_text("{\"NumberOfBytes\":1}"));
    const struct sigv4_signer signer = {
        &credentials, {slice_text(region), slice_text(service), false}, &key};
    builder_init_arena(&memory, &arena, SIGV4_MEMORY_SIZE_MAX);
    expect_ok("sign", sigv4_sign(&signer, signed_at_s, &memory, &request));
    return ask(&request);
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
    start();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const struct http_response response =
            random_signed_by(rows[i].region, rows[i].service, now_ms / 1000 + rows[i].off_s);
        if (!rows[i].error) {
            expect_u64("code", response.code, 200);
            continue;
        }
        expect_error(&response, rows[i].error);
        expect_message(&response, "message", rows[i].message);
    }
    stop();
}

static void session_tokens(void)
{
    start();
    now_ms = start_ms + 3600 * 1000 - 1000;
    struct http_response response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_u64("in their last second", response.code, 200);
    now_ms += 1000;
    response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_error(&response, "ExpiredTokenException");
    now_ms = start_ms;
    credentials.session_token.bytes[0] ^= 1;
    response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_error(&response, "UnrecognizedClientException");
    issue(start_ms / 1000 + 60);
    credentials.session_token.size = 0;
    response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_error(&response, "UnrecognizedClientException");
    issue(start_ms / 1000 + 60);
    credentials.access_key_id[10] = credentials.access_key_id[10] == 'A' ? 'B' : 'A';
    response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_error(&response, "UnrecognizedClientException");
    issue(start_ms / 1000 + 60);
    credentials.secret.bytes[0] ^= 1;
    response = call("GenerateRandom", "{\"NumberOfBytes\":1}");
    expect_error(&response, "InvalidSignatureException");
    stop();
}

static void faults(void)
{
    start();
    const struct kms_call built = kms_call_of(our_document());
    fault.kind = STAND_FAULT_WRONG_KEY;
    struct http_response response = generate(&built);
    struct kms_reply reply = generated(&response);
    expect_refused("key", kms_reply_check(&reply, slice_text(key_arn)),
                   "kms: reply is about another key");
    fault.kind = STAND_FAULT_WRONG_RECIPIENT;
    response = generate(&built);
    reply = generated(&response);
    struct secret32 key = {0};
    expect_kind("envelope", recipient_unseal_key(&recipient, reply.envelope, &key), FAILURE_DENIED);
    fault.kind = STAND_FAULT_THROTTLE;
    response = generate(&built);
    expect_error(&response, "ThrottlingException");
    fault = (struct stand_fault){.kind = STAND_FAULT_ERROR,
                                 .name = {.bytes = "DisabledException", .size = 17}};
    response = generate(&built);
    expect_error(&response, "DisabledException");
    stop();
}

static void operation_names(void)
{
    const struct stand_service service = kms_stand_in_service(&stand_in);
    const struct http_request request = request_of("Decrypt", slice_text(""));
    const struct http_request bare = {.method = slice_text("GET")};
    expect_text("named", service.operation(&request), "Decrypt");
    expect_text("not named", service.operation(&bare), "?");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"data key comes back", data_key_comes_back},
        {"chosen encodings", chosen_encodings},
        {"who may decrypt", who_may_decrypt},
        {"no document, no key", no_document_no_key},
        {"documents refused", documents_refused},
        {"document age", document_age},
        {"recipient forms", recipient_forms},
        {"without recipient", without_recipient},
        {"other key", other_key},
        {"policies", policies},
        {"explicit denial", explicit_denial},
        {"describe", describe},
        {"errors", errors},
        {"not signed", not_signed},
        {"signatures", signatures},
        {"session tokens", session_tokens},
        {"faults", faults},
        {"operation names", operation_names},
    };
    now_ms = start_ms;
    if (!status_is_ok(library_open()) ||
        !status_is_ok(identity_open_new(start_ms / 1000, &identity)) ||
        !status_is_ok(identity_open_new(start_ms / 1000, &other_identity)) ||
        !status_is_ok(recipient_open(&recipient))) {
        return 1;
    }
    open_nsm(&identity, false, &nsm);
    open_nsm(&identity, true, &debug_nsm);
    open_nsm(&other_identity, false, &other_nsm);
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
