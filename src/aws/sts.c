#include "aws/sts.h"

#include "aws/time.h"
#include "base/array.h"
#include "base/text.h"
#include "http/uri.h"

static bool is_session_name(slice text)
{
    return text.size >= STS_SESSION_NAME_SIZE_MIN && text.size <= STS_SESSION_NAME_SIZE_MAX &&
           text_is_alphanumeric_or(text, "_+=,.@-");
}

static bool is_region(slice text)
{
    return text.size > 0 && text.size <= STS_REGION_SIZE_MAX &&
           text_is_made_of(text, text_is_name_byte);
}

status sts_address_put(slice region, struct builder *address)
{
    REQUIRE(is_region(region), BAD_INPUT, "sts: region is not a name");
    builder_put_text(address, "https://sts.");
    builder_put(address, region);
    builder_put_text(address, ".amazonaws.com");
    return status_ok();
}

status sts_web_identity_check(const struct sts_web_identity *identity)
{
    REQUIRE(identity->role_arn.size >= STS_ROLE_ARN_SIZE_MIN &&
                identity->role_arn.size <= STS_ROLE_ARN_SIZE_MAX &&
                slice_has_start(identity->role_arn, slice_text("arn:")) &&
                text_is_made_of(identity->role_arn, text_is_visible),
            BAD_INPUT, "sts: role is not an ARN");
    REQUIRE(is_session_name(identity->session_name), BAD_INPUT,
            "sts: session name must be 2 to 64 letters, digits or _+=,.@-");
    return status_ok();
}

static void put_parameter(struct builder *body, const char *name, slice value)
{
    builder_put_text(body, name);
    uri_put_encoded(body, value);
}

status sts_web_identity_build(const struct sts_web_identity *identity, slice host,
                              struct builder *memory, struct http_request *request)
{
    struct http_request built = {.method = slice_text("POST"), .target = slice_text("/")};
    const size_t start = memory->size;
    slice written;
    TRY(sts_web_identity_check(identity));
    REQUIRE(identity->token.size >= STS_TOKEN_SIZE_MIN &&
                identity->token.size <= STS_TOKEN_SIZE_MAX &&
                text_is_made_of(identity->token, text_is_visible),
            BAD_INPUT, "sts: token is not 4 to 20000 visible characters");
    builder_put_text(memory, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    put_parameter(memory, "&RoleArn=", identity->role_arn);
    put_parameter(memory, "&RoleSessionName=", identity->session_name);
    put_parameter(memory, "&WebIdentityToken=", identity->token);
    TRY(builder_finish(memory, &written));
    built.body = slice_part(written, start, written.size);
    TRY(http_headers_add(&built.headers, slice_text("Host"), host));
    TRY(http_headers_add(&built.headers, slice_text("Content-Type"),
                         slice_text("application/x-www-form-urlencoded")));
    TRY(http_headers_add(&built.headers, slice_text("Accept"), slice_text("*/*")));
    *request = built;
    return status_ok();
}

/* ---- reading ---- */

/* What an error's name means; anything that is not here goes by the HTTP code. */
static const struct {
    const char *name;
    struct failure failure;
} errors[] = {
    {"IDPCommunicationError",
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "sts: the identity provider does not answer AWS"}},
    {"InvalidIdentityToken",
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "sts: the token is not accepted (yet)"}},
    {"ExpiredTokenException",
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "sts: the token has expired"}},
    {"IDPRejectedClaim",
     {FAILURE_DENIED, __LINE__, __FILE__, "sts: the identity provider rejects the token"}},
    {"AccessDenied",
     {FAILURE_DENIED, __LINE__, __FILE__, "sts: the role does not trust this service account"}},
    {"RegionDisabledException",
     {FAILURE_DENIED, __LINE__, __FILE__, "sts: the account has this region switched off"}},
    {"MalformedPolicyDocument",
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "sts: the service finds the policy malformed"}},
    {"PackedPolicyTooLarge",
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "sts: the service finds the policy too large"}},
    {"ValidationError",
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "sts: the service finds the call malformed"}},
    {"Throttling", {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "sts: too many calls"}},
};

/* "ErrorResponse/Error/Code", or a bare Error. Empty when the body is neither. */
static slice read_error_name(slice body, struct builder *memory)
{
    struct xml_field fields[] = {{.path = "ErrorResponse/Error/Code"}, {.path = "Error/Code"}};
    if (!status_is_ok(xml_read(body, fields, ARRAY_COUNT(fields), memory))) {
        return slice_of(NULL, 0);
    }
    return fields[0].is_found ? fields[0].text : fields[1].text;
}

static status read_error(const struct http_response *response, struct builder *memory)
{
    const slice name = read_error_name(response->body, memory);
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (slice_equal(name, slice_text(errors[i].name))) {
            return (status){&errors[i].failure, response->code};
        }
    }
    if (response->code >= 400 && response->code < 500 && response->code != 429) {
        FAIL(DENIED, response->code, "sts: the service refuses the call");
    }
    FAIL(UNAVAILABLE, response->code, "sts: the service does not answer as it should");
}

static status read_credentials(slice body, struct builder *memory,
                               struct aws_credentials *credentials)
{
    enum { ID, SECRET, TOKEN, EXPIRATION, FIELD_COUNT };
    struct xml_field fields[FIELD_COUNT] = {
        [ID] = {.path = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/"
                        "Credentials/AccessKeyId"},
        [SECRET] = {.path = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/"
                            "Credentials/SecretAccessKey"},
        [TOKEN] = {.path = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/"
                           "Credentials/SessionToken"},
        [EXPIRATION] = {.path = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/"
                                "Credentials/Expiration"},
    };
    struct aws_credentials_parts parts = {0};
    TRY(xml_read(body, fields, FIELD_COUNT, memory));
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        REQUIRE(fields[i].text.size > 0, BAD_INPUT, "sts: a part is missing");
    }
    parts.access_key_id = fields[ID].text;
    parts.secret = fields[SECRET].text;
    parts.session_token = fields[TOKEN].text;
    TRY(aws_time_parse_rfc3339(fields[EXPIRATION].text, &parts.expires_at_s));
    return aws_credentials_init(&parts, credentials);
}

status sts_web_identity_read(const struct http_response *response, struct builder *memory,
                             struct aws_credentials *credentials)
{
    if (response->code != 200) return read_error(response, memory);
    const status result = read_credentials(response->body, memory, credentials);
    if (!status_is_ok(result)) {
        FAIL(CORRUPT, result.detail, "sts: credentials are not as the service writes them");
    }
    return status_ok();
}
