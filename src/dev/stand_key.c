#include "dev/stand_key.h"

#include <stdio.h>
#include <string.h>

#include "aws/error.h"
#include "aws/imds.h"
#include "base/array.h"
#include "base/json.h"
#include "net/tcp.h"
#include "os/clock.h"

/* The account and role that the stand-ins know; the numbers are those of AWS's own examples. */
static const char ACCOUNT_ROOT[] = "arn:aws:iam::111122223333:root";

static status send_request(struct http_client *client, const struct http_request *request,
                           struct arena *arena, struct http_response *response)
{
    const struct http_client_call call = {
        .request = request,
        .response_size_max = AWS_CREDENTIALS_JSON_SIZE_MAX + HTTP_HEAD_SIZE_MAX,
        .deadline_ms = clock_deadline_ms(STAND_KEY_TIMEOUT_MS),
    };
    return http_client_send(client, &call, arena, response);
}

/* Token, role, credentials: the three steps of IMDSv2. */
static status read_credentials(struct stand_key *session, struct http_client *imds)
{
    static const slice host = SLICE_LITERAL("169.254.169.254");
    SCOPED(secret_text_wipe) struct secret_text token = {0};
    struct http_request request;
    struct http_response response;
    struct builder memory;
    slice role;
    TRY(imds_token_build(host, &request));
    TRY(send_request(imds, &request, &session->arena, &response));
    TRY(imds_token_read(&response, &token));
    TRY(imds_role_build(host, &token, &request));
    TRY(send_request(imds, &request, &session->arena, &response));
    TRY(imds_role_read(&response, &role));
    builder_init_arena(&memory, &session->arena, IMDS_MEMORY_SIZE_MAX);
    TRY(imds_credentials_build(host, &token, role, &memory, &request));
    TRY(send_request(imds, &request, &session->arena, &response));
    return imds_credentials_read(&response, &session->credentials);
}

static status fetch_credentials(struct stand_key *session)
{
    SCOPED(http_client_close) struct http_client imds = {0};
    const struct http_client_settings settings = {
        .origin = session->settings.imds,
        .dial = tcp_dial,
        .clock = clock_system(),
        .connection_count_max = 1,
        .idle_ms_max = STAND_KEY_TIMEOUT_MS,
    };
    TRY(http_client_open(&settings, &imds));
    const status result = read_credentials(session, &imds);
    arena_empty(&session->arena);
    return result;
}

status stand_key_open(const struct stand_key_settings *settings, struct stand_key *session)
{
    const struct http_client_settings kms = {
        .origin = settings->kms,
        .dial = tcp_dial,
        .tls = &session->tls,
        .tls_host = settings->kms_host,
        .clock = clock_system(),
        .connection_count_max = 1,
        .idle_ms_max = STAND_KEY_TIMEOUT_MS,
    };
    session->settings = *settings;
    TRY(arena_open(&session->arena, STAND_KEY_MEMORY_SIZE));
    TRY(tls_client_open(settings->roots_pem, &session->tls));
    TRY(http_client_open(&kms, &session->kms));
    return fetch_credentials(session);
}

void stand_key_close(struct stand_key *session)
{
    http_client_close(&session->kms);
    tls_client_close(&session->tls);
    aws_credentials_wipe(&session->credentials);
    sigv4_key_wipe(&session->signing_key);
    arena_close(&session->arena);
    *session = (struct stand_key){0};
}

/* One signed call; the response lives until the session's arena is emptied. */
static status call_kms(struct stand_key *session, const char *target, slice body,
                       struct http_response *response)
{
    const struct sigv4_signer signer = {
        .credentials = &session->credentials,
        .scope = {.region = slice_text(session->settings.region), .service = slice_text("kms")},
        .key = &session->signing_key,
    };
    struct http_request request = {
        .method = slice_text("POST"), .target = slice_text("/"), .body = body};
    struct builder memory;
    http_headers_init(&request.headers);
    builder_init_arena(&memory, &session->arena, SIGV4_MEMORY_SIZE_MAX);
    TRY(http_headers_add(&request.headers, slice_text("Host"),
                         slice_text(session->settings.kms_host)));
    TRY(http_headers_add(&request.headers, slice_text("Content-Type"),
                         slice_text("application/x-amz-json-1.1")));
    TRY(http_headers_add(&request.headers, slice_text("X-Amz-Target"), slice_text(target)));
    TRY(sigv4_sign(&signer, clock_wall_ms() / 1000, &memory, &request));
    TRY(send_request(&session->kms, &request, &session->arena, response));
    if (response->code == 200) return status_ok();
    struct aws_error error;
    aws_error_read(response, &error);
    return aws_error_status(&error);
}

static status read_arn(slice body, struct arena *arena, stand_key_arn *arn)
{
    SCOPED(json_close) struct json document = {0};
    json_value top, metadata;
    slice text;
    TRY(json_open(body, arena, &document));
    TRY(json_top_object(&document, &top));
    TRY(json_read_object(&top, "KeyMetadata", &metadata));
    TRY(json_read_string(&metadata, "Arn", 1, STAND_KEY_ARN_SIZE_MAX - 1, &text));
    *arn = (stand_key_arn){0};
    memcpy(arn->text, text.bytes, text.size);
    return status_ok();
}

status stand_key_create(struct stand_key *session, stand_key_arn *arn)
{
    struct http_response response;
    const slice body = slice_text("{\"Description\":\"accounts of this stand\","
                                  "\"KeySpec\":\"SYMMETRIC_DEFAULT\","
                                  "\"KeyUsage\":\"ENCRYPT_DECRYPT\"}");
    const status called = call_kms(session, "TrentService.CreateKey", body, &response);
    const status result =
        status_is_ok(called) ? read_arn(response.body, &session->arena, arn) : called;
    arena_empty(&session->arena);
    return result;
}

static status call_with_key(struct stand_key *session, const char *target, const stand_key_arn *arn,
                            slice policy)
{
    uint8_t text[2 * STAND_KEY_POLICY_SIZE_MAX];
    struct builder builder;
    struct http_response response;
    slice body;
    builder_init(&builder, text, sizeof text);
    json_put_object_open(&builder);
    json_put_name(&builder, "KeyId");
    json_put_text(&builder, arn->text);
    if (policy.size > 0) {
        json_put_name(&builder, "PolicyName");
        json_put_text(&builder, "default");
        json_put_name(&builder, "Policy");
        json_put_string(&builder, policy);
    }
    json_put_object_close(&builder);
    TRY(builder_finish(&builder, &body));
    const status result = call_kms(session, target, body, &response);
    arena_empty(&session->arena);
    return result;
}

status stand_key_check(struct stand_key *session, const stand_key_arn *arn)
{
    return call_with_key(session, "TrentService.DescribeKey", arn, slice_of(NULL, 0));
}

static void put_pair(struct builder *builder, const char *name, const char *value)
{
    json_put_name(builder, name);
    json_put_text(builder, value);
}

/* One statement's opening: who may do what. */
static void put_statement(struct builder *builder, const char *id, const char *const *actions,
                          size_t action_count)
{
    json_put_object_open(builder);
    put_pair(builder, "Sid", id);
    put_pair(builder, "Effect", "Allow");
    json_put_name(builder, "Principal");
    json_put_object_open(builder);
    put_pair(builder, "AWS", ACCOUNT_ROOT);
    json_put_object_close(builder);
    json_put_name(builder, "Action");
    json_put_array_open(builder);
    for (size_t i = 0; i < action_count; i++) json_put_text(builder, actions[i]);
    json_put_array_close(builder);
    put_pair(builder, "Resource", "*");
}

static void put_conditions(struct builder *builder, const struct stand_key_settings *settings,
                           const hash48 *pcr0)
{
    char epoch[16];
    snprintf(epoch, sizeof epoch, "%u", (unsigned)settings->epoch);
    json_put_name(builder, "Condition");
    json_put_object_open(builder);
    json_put_name(builder, "StringEqualsIgnoreCase");
    json_put_object_open(builder);
    json_put_name(builder, "kms:RecipientAttestation:PCR0");
    json_put_hex(builder, hash48_view(pcr0));
    json_put_object_close(builder);
    json_put_name(builder, "StringEquals");
    json_put_object_open(builder);
    put_pair(builder, "kms:EncryptionContext:app", "enw1");
    put_pair(builder, "kms:EncryptionContext:env", settings->environment);
    put_pair(builder, "kms:EncryptionContext:epoch", epoch);
    json_put_object_close(builder);
    json_put_object_close(builder);
}

status stand_key_put_policy(struct stand_key *session, const stand_key_arn *arn, const hash48 *pcr0)
{
    static const char *const administration[] = {"kms:DescribeKey", "kms:GetKeyPolicy",
                                                 "kms:PutKeyPolicy"};
    static const char *const data_keys[] = {"kms:GenerateDataKey", "kms:Decrypt"};
    uint8_t text[STAND_KEY_POLICY_SIZE_MAX];
    struct builder builder;
    slice policy;
    builder_init(&builder, text, sizeof text);
    json_put_object_open(&builder);
    put_pair(&builder, "Version", "2012-10-17");
    json_put_name(&builder, "Statement");
    json_put_array_open(&builder);
    put_statement(&builder, "Administration", administration, ARRAY_COUNT(administration));
    json_put_object_close(&builder);
    put_statement(&builder, "OnlyTheMeasuredEnclave", data_keys, ARRAY_COUNT(data_keys));
    put_conditions(&builder, &session->settings, pcr0);
    json_put_object_close(&builder);
    json_put_array_close(&builder);
    json_put_object_close(&builder);
    TRY(builder_finish(&builder, &policy));
    return call_with_key(session, "TrentService.PutKeyPolicy", arn, policy);
}
