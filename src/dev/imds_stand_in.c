#include "dev/imds_stand_in.h"

#include <string.h>

#include "aws/imds.h"
#include "aws/time.h"
#include "base/array.h"
#include "base/base64.h"
#include "base/json.h"
#include "dev/stand_credentials.h"
#include "os/random.h"

enum { TEXT_SIZE_MAX = 8192 };

static const slice meta_data = SLICE_LITERAL("/latest/meta-data/");
static const slice roles = SLICE_LITERAL("/latest/meta-data/iam/security-credentials/");
static const char instance_id[] = "i-0123456789abcdef0";

status imds_stand_in_open(const struct imds_stand_in_settings *settings,
                          struct imds_stand_in *stand_in)
{
    REQUIRE(settings->lifetime_s > 0 && settings->lifetime_s <= IMDS_STAND_IN_LIFETIME_S_MAX,
            BAD_INPUT, "imds: lifetime must be 1 second to one day");
    *stand_in = (struct imds_stand_in){.settings = *settings, .is_open = true};
    pthread_mutex_init(&stand_in->mutex, NULL);
    return status_ok();
}

void imds_stand_in_close(struct imds_stand_in *stand_in)
{
    if (!stand_in->is_open) return;
    pthread_mutex_destroy(&stand_in->mutex);
    secret_wipe(stand_in, sizeof *stand_in);
}

static slice operation_of(const struct http_request *request)
{
    if (slice_equal(request->method, slice_text("PUT"))) return slice_text("Token");
    if (slice_equal(request->target, roles)) return slice_text("Role");
    if (slice_has_start(request->target, roles)) return slice_text("Credentials");
    return slice_text("Other");
}

static void refuse(struct http_response *response, uint16_t code, const char *reason)
{
    *response = (struct http_response){
        .code = code, .reason = slice_text(reason), .body = slice_text(reason)};
}

static void answer_text(struct http_response *response, slice text)
{
    *response = (struct http_response){.code = 200, .reason = slice_text("OK"), .body = text};
}

/* ---- tokens ---- */

static status make_token(struct imds_stand_in *stand_in, int64_t lifetime_ms, struct builder *text)
{
    struct imds_token *token = &stand_in->tokens[stand_in->next_token];
    TRY(random_read(token->bytes, sizeof token->bytes));
    token->ends_at_ms = clock_read_monotonic_ms(&stand_in->settings.clock) + lifetime_ms;
    stand_in->next_token = (stand_in->next_token + 1) % IMDS_STAND_IN_TOKEN_COUNT;
    base64_put_url(text, slice_of(token->bytes, sizeof token->bytes));
    return status_ok();
}

static void answer_token(struct imds_stand_in *stand_in, const struct stand_exchange *exchange,
                         struct http_response *response)
{
    struct builder text;
    slice lifetime = {0};
    uint64_t lifetime_s = 0;
    if (!slice_equal(exchange->request->target, slice_text("/latest/api/token"))) {
        refuse(response, 403, "Forbidden");
        return;
    }
    const bool has_lifetime =
        http_headers_find(&exchange->request->headers, "x-aws-ec2-metadata-token-ttl-seconds",
                          &lifetime) &&
        status_is_ok(slice_parse_u64(lifetime, IMDS_TOKEN_LIFETIME_S, &lifetime_s));
    builder_init_arena(&text, exchange->arena, 64);
    if (!has_lifetime || lifetime_s == 0 ||
        !status_is_ok(make_token(stand_in, (int64_t)lifetime_s * 1000, &text))) {
        refuse(response, 400, "Bad Request");
        return;
    }
    answer_text(response, builder_view(&text));
}

static bool is_token_known(const struct imds_stand_in *stand_in, const struct http_request *request)
{
    uint8_t memory[IMDS_STAND_IN_TOKEN_SIZE];
    struct builder token;
    slice text = {0};
    builder_init(&token, memory, sizeof memory);
    if (!http_headers_find(&request->headers, "x-aws-ec2-metadata-token", &text) ||
        !status_is_ok(base64_put_decoded_url(&token, text))) {
        return false;
    }
    const int64_t now_ms = clock_read_monotonic_ms(&stand_in->settings.clock);
    for (size_t i = 0; i < IMDS_STAND_IN_TOKEN_COUNT; i++) {
        const struct imds_token *known = &stand_in->tokens[i];
        if (known->ends_at_ms > now_ms &&
            secret_equal(slice_of(known->bytes, sizeof known->bytes), builder_view(&token))) {
            return true;
        }
    }
    return false;
}

/* ---- credentials ---- */

static status refresh(struct imds_stand_in *stand_in, int64_t now_s)
{
    uint8_t seed[STAND_CREDENTIALS_SEED_SIZE];
    const int64_t lifetime_s = stand_in->settings.lifetime_s;
    const bool is_young = stand_in->credentials.access_key_id_size > 0 &&
                          now_s < stand_in->issued_at_s + (lifetime_s + 1) / 2;
    if (is_young) return status_ok();
    TRY(random_read(seed, sizeof seed));
    TRY(stand_credentials_issue(&stand_in->settings.credentials_key, seed, now_s + lifetime_s,
                                &stand_in->credentials));
    stand_in->issued_at_s = now_s;
    return status_ok();
}

static void put_time(struct builder *json, const char *name, int64_t time_s)
{
    uint8_t memory[AWS_TIME_RFC3339_SIZE];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    aws_time_print_rfc3339(time_s, &text);
    json_put_name(json, name);
    json_put_string(json, builder_view(&text));
}

static void put_credentials(struct builder *json, const struct aws_credentials *credentials,
                            int64_t issued_at_s)
{
    json_put_object_open(json);
    json_put_name(json, "Code");
    json_put_text(json, "Success");
    put_time(json, "LastUpdated", issued_at_s);
    json_put_name(json, "Type");
    json_put_text(json, "AWS-HMAC");
    json_put_name(json, "AccessKeyId");
    json_put_string(json, aws_credentials_id(credentials));
    json_put_name(json, "SecretAccessKey");
    json_put_string(json, secret_expose_text(&credentials->secret));
    json_put_name(json, "Token");
    json_put_string(json, secret_expose_text(&credentials->session_token));
    put_time(json, "Expiration", credentials->expires_at_s);
    json_put_object_close(json);
}

static status print_credentials(struct imds_stand_in *stand_in, const struct stand_fault *fault,
                                struct builder *json)
{
    SCOPED(aws_credentials_wipe) struct aws_credentials stale = {0};
    uint8_t seed[STAND_CREDENTIALS_SEED_SIZE];
    const int64_t now_s = clock_read_wall_ms(&stand_in->settings.clock) / 1000;
    if (fault->kind != STAND_FAULT_STALE) {
        TRY(refresh(stand_in, now_s));
        put_credentials(json, &stand_in->credentials, stand_in->issued_at_s);
        return status_ok();
    }
    TRY(random_read(seed, sizeof seed));
    TRY(stand_credentials_issue(&stand_in->settings.credentials_key, seed,
                                now_s - (int64_t)fault->value, &stale));
    put_credentials(json, &stale, now_s - stand_in->settings.lifetime_s);
    return status_ok();
}

static void answer_credentials(struct imds_stand_in *stand_in,
                               const struct stand_exchange *exchange,
                               struct http_response *response)
{
    const slice name = slice_part(exchange->request->target, roles.size, IMDS_ROLE_SIZE_MAX + 1);
    const char *role = stand_in->settings.role;
    struct builder json;
    if (!role || (name.size > 0 && !slice_equal(name, slice_text(role)))) {
        refuse(response, 404, "Not Found");
        return;
    }
    if (name.size == 0) {
        answer_text(response, slice_text(role));
        return;
    }
    builder_init_arena(&json, exchange->arena, TEXT_SIZE_MAX);
    if (!status_is_ok(print_credentials(stand_in, exchange->fault, &json))) {
        refuse(response, 500, "Internal Server Error");
        return;
    }
    answer_text(response, builder_view(&json));
}

/* ---- everything else ---- */

static void put_pair(struct builder *json, const char *name, const char *value)
{
    json_put_name(json, name);
    json_put_text(json, value);
}

static slice print_document(const struct imds_stand_in *stand_in, struct arena *arena)
{
    struct builder json;
    builder_init_arena(&json, arena, TEXT_SIZE_MAX);
    json_put_object_open(&json);
    put_pair(&json, "accountId", stand_in->settings.account);
    put_pair(&json, "architecture", "x86_64");
    put_pair(&json, "instanceId", instance_id);
    put_pair(&json, "region", stand_in->settings.region);
    json_put_object_close(&json);
    return builder_view(&json);
}

static slice print_zone(const struct imds_stand_in *stand_in, struct arena *arena)
{
    struct builder text;
    builder_init_arena(&text, arena, 64);
    builder_put_text(&text, stand_in->settings.region);
    builder_put_text(&text, "a");
    return builder_view(&text);
}

static void answer_item(const struct imds_stand_in *stand_in, const struct stand_exchange *exchange,
                        struct http_response *response)
{
    const slice target = exchange->request->target;
    const slice item = slice_has_start(target, meta_data)
                           ? slice_part(target, meta_data.size, target.size)
                           : slice_text("");
    if (slice_equal(item, slice_text("placement/region"))) {
        answer_text(response, slice_text(stand_in->settings.region));
    } else if (slice_equal(item, slice_text("placement/availability-zone"))) {
        answer_text(response, print_zone(stand_in, exchange->arena));
    } else if (slice_equal(item, slice_text("instance-id"))) {
        answer_text(response, slice_text(instance_id));
    } else if (slice_equal(target, slice_text("/latest/dynamic/instance-identity/document"))) {
        answer_text(response, print_document(stand_in, exchange->arena));
    } else {
        refuse(response, 404, "Not Found");
    }
}

static void answer_get(struct imds_stand_in *stand_in, const struct stand_exchange *exchange,
                       struct http_response *response)
{
    if (!slice_equal(exchange->request->method, slice_text("GET"))) {
        refuse(response, 405, "Method Not Allowed");
    } else if (!is_token_known(stand_in, exchange->request)) {
        refuse(response, 401, "Unauthorized");
    } else if (slice_has_start(exchange->request->target, roles)) {
        answer_credentials(stand_in, exchange, response);
    } else {
        answer_item(stand_in, exchange, response);
    }
}

static void answer(void *context, const struct stand_exchange *exchange,
                   struct http_response *response)
{
    struct imds_stand_in *stand_in = context;
    slice forwarded = {0};
    if (exchange->fault->kind == STAND_FAULT_THROTTLE) {
        refuse(response, 503, "Service Unavailable");
        return;
    }
    if (http_headers_find(&exchange->request->headers, "x-forwarded-for", &forwarded)) {
        refuse(response, 403, "Forbidden");
        return;
    }
    pthread_mutex_lock(&stand_in->mutex);
    if (slice_equal(exchange->request->method, slice_text("PUT"))) {
        answer_token(stand_in, exchange, response);
    } else {
        answer_get(stand_in, exchange, response);
    }
    pthread_mutex_unlock(&stand_in->mutex);
}

struct stand_service imds_stand_in_service(struct imds_stand_in *stand_in)
{
    return (struct stand_service){stand_in, operation_of, answer};
}
