#include "aws/imds.h"

#include "base/array.h"
#include "base/text.h"

static const char role_path[] = "/latest/meta-data/iam/security-credentials/";

static bool is_visible(slice text)
{
    return text.size > 0 && text_is_made_of(text, text_is_visible);
}

/* IAM: letters, digits and "+=,.@_-"; none of them needs encoding in a path. */
static bool is_role(slice text)
{
    return text.size > 0 && text.size <= IMDS_ROLE_SIZE_MAX &&
           text_is_alphanumeric_or(text, "+=,.@_-");
}

static bool is_region(slice text)
{
    return text.size > 0 && text.size <= IMDS_REGION_SIZE_MAX &&
           text_is_made_of(text, text_is_name_byte);
}

/* Real replies end without a line break; some stand-ins add one. */
static slice first_line(slice body)
{
    const slice line = slice_part(body, 0, slice_index_of(body, '\n'));
    return slice_part(line, 0, slice_index_of(line, '\r'));
}

static status check_reply(const struct http_response *response)
{
    if (response->code == 404) {
        FAIL(NOT_FOUND, response->code, "imds: there is no such item");
    }
    if (response->code != 200) {
        FAIL(UNAVAILABLE, response->code, "imds: does not answer as it should");
    }
    return status_ok();
}

status imds_token_build(slice host, struct http_request *request)
{
    struct http_request built = {.method = slice_text("PUT"),
                                 .target = slice_text("/latest/api/token")};
    REQUIRE(is_visible(host), BAD_INPUT, "imds: host is not a name");
    TRY(http_headers_add(&built.headers, slice_text("Host"), host));
    /* IMDS_TOKEN_LIFETIME_S as text. */
    TRY(http_headers_add(&built.headers, slice_text("X-aws-ec2-metadata-token-ttl-seconds"),
                         slice_text("21600")));
    *request = built;
    return status_ok();
}

status imds_token_read(const struct http_response *response, struct secret_text *token)
{
    TRY(check_reply(response));
    const slice text = first_line(response->body);
    REQUIRE(is_visible(text) && text.size <= IMDS_TOKEN_SIZE_MAX, CORRUPT,
            "imds: token is not one line of visible text");
    return secret_text_read(text, token);
}

static status build_get(slice host, const struct secret_text *token, slice target,
                        struct http_request *request)
{
    struct http_request built = {.method = slice_text("GET"), .target = target};
    REQUIRE(is_visible(host), BAD_INPUT, "imds: host is not a name");
    REQUIRE(token->size > 0, BAD_INPUT, "imds: token is empty");
    TRY(http_headers_add(&built.headers, slice_text("Host"), host));
    TRY(http_headers_add(&built.headers, slice_text("X-aws-ec2-metadata-token"),
                         secret_expose_text(token)));
    *request = built;
    return status_ok();
}

status imds_role_build(slice host, const struct secret_text *token, struct http_request *request)
{
    return build_get(host, token, slice_text(role_path), request);
}

status imds_role_read(const struct http_response *response, slice *role)
{
    TRY(check_reply(response));
    const slice text = first_line(response->body);
    REQUIRE(is_role(text), CORRUPT, "imds: role is not a name");
    *role = text;
    return status_ok();
}

status imds_credentials_build(slice host, const struct secret_text *token, slice role,
                              struct builder *memory, struct http_request *request)
{
    const size_t start = memory->size;
    slice written = {0};
    REQUIRE(is_role(role), BAD_INPUT, "imds: role is not a name");
    builder_put_text(memory, role_path);
    builder_put(memory, role);
    TRY(builder_finish(memory, &written));
    return build_get(host, token, slice_part(written, start, written.size - start), request);
}

status imds_credentials_read(const struct http_response *response,
                             struct aws_credentials *credentials)
{
    TRY(check_reply(response));
    const status result = aws_credentials_read(response->body, credentials);
    REQUIRE(!status_is(result, FAILURE_BAD_INPUT) && !status_is(result, FAILURE_OVER_LIMIT),
            CORRUPT, "imds: credentials are not as the service writes them");
    return result;
}

status imds_region_build(slice host, const struct secret_text *token, struct http_request *request)
{
    return build_get(host, token, slice_text("/latest/meta-data/placement/region"), request);
}

status imds_region_read(const struct http_response *response, slice *region)
{
    TRY(check_reply(response));
    const slice text = first_line(response->body);
    REQUIRE(is_region(text), CORRUPT, "imds: region is not a name");
    *region = text;
    return status_ok();
}

bool imds_is_token_refused(const struct http_response *response)
{
    return response->code == 401;
}
