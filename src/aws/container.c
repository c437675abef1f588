#include "aws/container.h"

#include "base/array.h"

status container_address_put(slice relative_uri, slice full_uri, struct builder *address)
{
    REQUIRE(relative_uri.size > 0 || full_uri.size > 0, NOT_FOUND, "container: no address is set");
    if (relative_uri.size == 0) {
        builder_put(address, full_uri);
        return status_ok();
    }
    /* Else it could continue the host's name, or make a user's name of it. */
    REQUIRE(relative_uri.bytes[0] == '/', BAD_INPUT,
            "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    builder_put_text(address, "http://169.254.170.2");
    builder_put(address, relative_uri);
    return status_ok();
}

/* Four decimal numbers, the first of them 127. Names that only begin like that are no addresses. */
static bool is_loopback(slice host)
{
    for (size_t i = 0; i < 4; i++) {
        const slice part = slice_part(host, 0, slice_index_of(host, '.'));
        const bool has_more = part.size < host.size;
        uint64_t number = 0;
        if (!status_is_ok(slice_parse_u64(part, 255, &number))) return false;
        if ((i == 0 && number != 127) || has_more != (i < 3)) return false;
        host = slice_part(host, part.size + 1, host.size);
    }
    return true;
}

static bool may_be_plain(slice host)
{
    static const slice allowed[] = {
        SLICE_LITERAL("::1"),           SLICE_LITERAL("localhost"),
        SLICE_LITERAL("169.254.170.2"), SLICE_LITERAL("169.254.170.23"),
        SLICE_LITERAL("fd00:ec2::23"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
        if (slice_equal(allowed[i], host)) return true;
    }
    return is_loopback(host);
}

status container_address_parse(slice address, struct uri *uri)
{
    struct uri parsed;
    TRY(uri_parse(address, &parsed));
    REQUIRE(parsed.is_tls || may_be_plain(parsed.host), DENIED,
            "container: plain http is for addresses on this machine only");
    *uri = parsed;
    return status_ok();
}

status container_token_read(slice text, struct secret_text *token)
{
    REQUIRE(text.size > 0, BAD_INPUT, "container: token is empty");
    for (size_t i = 0; i < text.size; i++) {
        REQUIRE(text.bytes[i] >= ' ' && text.bytes[i] < 0x7f, BAD_INPUT,
                "container: token has a line break or another character that no header can have");
    }
    return secret_text_read(text, token);
}

status container_credentials_build(const struct uri *uri, slice host,
                                   const struct secret_text *token, struct builder *memory,
                                   struct http_request *request)
{
    struct http_request built = {.method = slice_text("GET")};
    const size_t start = memory->size;
    slice written;
    builder_put(memory, uri->path);
    if (uri->query.size > 0) {
        builder_put_text(memory, "?");
        builder_put(memory, uri->query);
    }
    TRY(builder_finish(memory, &written));
    built.target = slice_part(written, start, written.size);
    TRY(http_headers_add(&built.headers, slice_text("Host"), host));
    TRY(http_headers_add(&built.headers, slice_text("Accept"), slice_text("application/json")));
    if (token->size > 0) {
        TRY(http_headers_add(&built.headers, slice_text("Authorization"),
                             secret_expose_text(token)));
    }
    *request = built;
    return status_ok();
}

status container_credentials_read(const struct http_response *response,
                                  struct aws_credentials *credentials)
{
    /* Also 404: whoever sets the address means this agent and no other place. */
    if (response->code != 200) {
        FAIL(UNAVAILABLE, response->code, "container: the agent gives no credentials");
    }
    const status result = aws_credentials_read(response->body, credentials);
    REQUIRE(!status_is(result, FAILURE_BAD_INPUT) && !status_is(result, FAILURE_OVER_LIMIT),
            CORRUPT, "container: credentials are not as the agent writes them");
    return result;
}
