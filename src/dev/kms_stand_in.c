#include "dev/kms_stand_in.h"

#include <string.h>

#include "aws/sigv4.h"
#include "aws/time.h"
#include "base/array.h"
#include "base/hex.h"
#include "base/json.h"
#include "dev/kms_operations.h"
#include "dev/stand_credentials.h"
#include "os/random.h"

enum { OUTPUT_SIZE_MAX = 128 * 1024, ARN_SIZE_MAX = 256, REQUEST_ID_SIZE = 36 };

static const slice target_prefix = SLICE_LITERAL("TrentService.");

status kms_stand_in_open(const struct kms_stand_in_settings *settings,
                         struct kms_stand_in *stand_in)
{
    *stand_in = (struct kms_stand_in){.settings = *settings};
    TRY(kms_keys_open(&settings->keys, &stand_in->keys));
    pthread_mutex_init(&stand_in->mutex, NULL);
    stand_in->is_open = true;
    return status_ok();
}

void kms_stand_in_close(struct kms_stand_in *stand_in)
{
    if (!stand_in->is_open) return;
    kms_keys_close(&stand_in->keys);
    recipient_close(&stand_in->stranger);
    pthread_mutex_destroy(&stand_in->mutex);
    secret32_wipe(&stand_in->settings.credentials_key);
    stand_in->is_open = false;
}

/* The operation's name from X-Amz-Target; "?" for whatever is no call to KMS. */
static slice operation_of(const struct http_request *request)
{
    slice target = {0};
    if (!http_headers_find(&request->headers, "x-amz-target", &target) ||
        !slice_has_start(target, target_prefix)) {
        return slice_text("?");
    }
    return slice_part(target, target_prefix.size, STAND_NAME_SIZE_MAX);
}

/* ---- who calls ---- */

static status refuse_skew(struct kms_operation *operation, int64_t signed_at_s)
{
    struct builder *message = &operation->message;
    const int64_t now_s = operation->now_ms / 1000;
    const bool is_late = signed_at_s < now_s;
    builder_put_text(message, is_late ? "Signature expired: " : "Signature not yet current: ");
    aws_time_print_basic(signed_at_s, message);
    builder_put_text(message, is_late ? " is now earlier than " : " is still later than ");
    aws_time_print_basic(is_late ? now_s - SIGV4_SKEW_S_MAX : now_s + SIGV4_SKEW_S_MAX, message);
    builder_put_text(message, " (");
    aws_time_print_basic(now_s, message);
    return kms_input_refuse(operation, "InvalidSignatureException",
                            is_late ? " - 5 min.)" : " + 5 min.)");
}

static status check_scope(struct kms_operation *operation, const struct sigv4_claim *claim)
{
    const int64_t off_s = operation->now_ms / 1000 - claim->signed_at_s;
    if (!slice_equal(claim->region, slice_text(operation->stand_in->settings.keys.region))) {
        return kms_input_refuse(operation, "InvalidSignatureException",
                                "Credential should be scoped to a valid Region.");
    }
    if (!slice_equal(claim->service, slice_text("kms"))) {
        return kms_input_refuse(operation, "InvalidSignatureException",
                                "Credential should be scoped to correct service: 'kms'.");
    }
    if (off_s > SIGV4_SKEW_S_MAX || off_s < -SIGV4_SKEW_S_MAX) {
        return refuse_skew(operation, claim->signed_at_s);
    }
    return status_ok();
}

static status check_token(struct kms_operation *operation, const struct sigv4_claim *claim,
                          struct aws_credentials *credentials)
{
    const status known =
        stand_credentials_check(&operation->stand_in->settings.credentials_key,
                                claim->access_key_id, claim->session_token, credentials);
    if (!status_is_ok(known)) {
        return kms_input_refuse(operation, "UnrecognizedClientException",
                                "The security token included in the request is invalid.");
    }
    if (aws_credentials_is_expired(credentials, operation->now_ms / 1000)) {
        return kms_input_refuse(operation, "ExpiredTokenException",
                                "The security token included in the request is expired");
    }
    return status_ok();
}

static status authenticate(struct kms_operation *operation, const struct http_request *request)
{
    SCOPED(aws_credentials_wipe) struct aws_credentials credentials = {0};
    struct sigv4_claim claim = {0};
    const status read = sigv4_claim_read(request, &claim);
    if (status_is(read, FAILURE_NOT_FOUND)) {
        return kms_input_refuse(operation, "MissingAuthenticationTokenException",
                                "Missing Authentication Token");
    }
    if (!status_is_ok(read)) {
        return kms_input_refuse(operation, "IncompleteSignatureException", status_message(read));
    }
    TRY(check_scope(operation, &claim));
    TRY(check_token(operation, &claim, &credentials));
    if (status_is_ok(sigv4_claim_check(&claim, request, &credentials.secret))) return status_ok();
    return kms_input_refuse(
        operation, "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

static void put_role(const struct kms_stand_in *stand_in, const char *service, const char *kind,
                     struct builder *arn)
{
    builder_put_text(arn, "arn:aws:");
    builder_put_text(arn, service);
    builder_put_text(arn, "::");
    builder_put_text(arn, stand_in->settings.keys.account);
    builder_put_text(arn, kind);
    builder_put_text(arn, stand_in->settings.role);
}

static void set_caller(struct kms_operation *operation)
{
    struct builder role, session;
    builder_init_arena(&role, operation->arena, ARN_SIZE_MAX);
    put_role(operation->stand_in, "iam", ":role/", &role);
    operation->role_arn = builder_view(&role);
    builder_init_arena(&session, operation->arena, ARN_SIZE_MAX);
    put_role(operation->stand_in, "sts", ":assumed-role/", &session);
    builder_put_text(&session, "/i-0123456789abcdef0");
    operation->session_arn = builder_view(&session);
}

/* ---- the answer ---- */

static status check_request(struct kms_operation *operation, const struct http_request *request)
{
    if (!slice_equal(request->method, slice_text("POST")) ||
        !slice_equal(request->target, slice_text("/"))) {
        const status refused = kms_input_refuse(operation, "UnknownOperationException", "");
        operation->code = 404;
        return refused;
    }
    return status_ok();
}

static status run_fault(struct kms_operation *operation)
{
    if (operation->fault->kind == STAND_FAULT_THROTTLE) {
        return kms_input_refuse(operation, "ThrottlingException",
                                "You have exceeded the rate at which you may call KMS. Reduce "
                                "the frequency of your calls.");
    }
    if (operation->fault->kind == STAND_FAULT_ERROR) {
        operation->error_name = stand_name_view(&operation->fault->name);
        const status refused = kms_input_refuse(operation, "", "as the stand-in was told");
        if (operation->fault->value >= 400 && operation->fault->value <= 599) {
            operation->code = (uint16_t)operation->fault->value;
        }
        return refused;
    }
    return status_ok();
}

static status run(struct kms_operation *operation, const struct http_request *request)
{
    SCOPED(json_close) struct json document = {0};
    TRY(run_fault(operation));
    TRY(check_request(operation, request));
    TRY(authenticate(operation, request));
    set_caller(operation);
    if (!status_is_ok(json_open(request->body, operation->arena, &document)) ||
        !status_is_ok(json_top_object(&document, &operation->input))) {
        return kms_input_refuse(operation, "SerializationException", "");
    }
    TRY(kms_operations_run(operation));
    if (!operation->output.is_over) return status_ok();
    const status refused = kms_input_refuse(operation, "KMSInternalException", "too long");
    operation->code = 500;
    return refused;
}

/* AWS spells the member "Message" for access that is denied, and "message" otherwise. */
static slice put_error(struct kms_operation *operation)
{
    struct builder *json = &operation->output;
    const slice name =
        operation->error_name.size > 0 ? operation->error_name : slice_text(operation->error);
    const bool is_denial = slice_equal(name, slice_text("AccessDeniedException"));
    json->size = 0;
    json->is_over = false;
    json_put_object_open(json);
    json_put_name(json, "__type");
    json_put_string(json, name);
    json_put_name(json, is_denial ? "Message" : "message");
    json_put_string(json, builder_view(&operation->message));
    json_put_object_close(json);
    return builder_view(json);
}

static status print_request_id(struct builder *id)
{
    uint8_t bytes[16];
    TRY(random_read(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) builder_put_text(id, "-");
        hex_put(id, slice_of(bytes + i, 1));
    }
    return status_ok();
}

static status add_headers(const struct kms_operation *operation, struct http_response *response)
{
    struct builder id, date;
    builder_init_arena(&id, operation->arena, REQUEST_ID_SIZE);
    TRY(print_request_id(&id));
    builder_init_arena(&date, operation->arena, AWS_TIME_HTTP_SIZE);
    aws_time_print_http(operation->now_ms / 1000, &date);
    TRY(http_headers_add(&response->headers, slice_text("x-amzn-RequestId"), builder_view(&id)));
    TRY(http_headers_add(&response->headers, slice_text("Date"), builder_view(&date)));
    TRY(http_headers_add(&response->headers, slice_text("Cache-Control"),
                         slice_text("no-cache, no-store, must-revalidate, private")));
    return http_headers_add(&response->headers, slice_text("Content-Type"),
                            slice_text("application/x-amz-json-1.1"));
}

static void answer(void *context, const struct stand_exchange *exchange,
                   struct http_response *response)
{
    struct kms_stand_in *stand_in = context;
    struct kms_operation operation = {
        .stand_in = stand_in,
        .fault = exchange->fault,
        .arena = exchange->arena,
        .now_ms = clock_read_wall_ms(&stand_in->settings.clock),
        .name = exchange->operation,
    };
    builder_init_arena(&operation.output, exchange->arena, OUTPUT_SIZE_MAX);
    builder_init_arena(&operation.message, exchange->arena, KMS_INPUT_MESSAGE_SIZE_MAX);
    const status result = run(&operation, exchange->request);
    response->code = status_is_ok(result) ? 200 : operation.code;
    response->reason = slice_text(status_is_ok(result) ? "OK" : "Bad Request");
    response->body = status_is_ok(result) ? builder_view(&operation.output) : put_error(&operation);
    if (!status_is_ok(add_headers(&operation, response))) response->is_last = true;
}

struct stand_service kms_stand_in_service(struct kms_stand_in *stand_in)
{
    return (struct stand_service){stand_in, operation_of, answer};
}
