#include "credentials/web_identity.h"

#include "base/hex.h"
#include "os/file.h"
#include "os/flags.h"
#include "os/random.h"

/* The token, the request's body and the request as printed; the answer and its texts. */
enum {
    ARENA_SIZE = STS_TOKEN_SIZE_MAX + 2 * STS_MEMORY_SIZE_MAX + HTTP_HEAD_SIZE_MAX +
                 4 * CREDENTIALS_WEB_IDENTITY_RESPONSE_SIZE_MAX,
};

static slice text_of(const char *name)
{
    const char *value = flags_environment(name);
    return value ? slice_text(value) : slice_of(NULL, 0);
}

static status name_session(struct credentials_web_identity *web_identity)
{
    slice *name = &web_identity->identity.session_name;
    uint8_t number[8];
    struct builder builder;
    *name = text_of("AWS_ROLE_SESSION_NAME");
    if (name->size > 0) return status_ok();
    TRY(random_read(number, sizeof number));
    builder_init(&builder, web_identity->session_name, sizeof web_identity->session_name);
    builder_put_text(&builder, "enclave-wallet-");
    hex_put(&builder, slice_of(number, sizeof number));
    return builder_finish(&builder, name);
}

static status read_address(const struct credentials_web_identity_settings *settings,
                           struct builder *memory, struct uri *uri)
{
    const slice region =
        settings->region ? slice_text(settings->region) : text_of("AWS_DEFAULT_REGION");
    slice address;
    if (settings->endpoint) {
        TRY(uri_parse(slice_text(settings->endpoint), uri));
        REQUIRE(uri->is_tls || slice_equal(uri->host, slice_text("127.0.0.1")), DENIED,
                "sts: the endpoint must be https, or on 127.0.0.1");
        REQUIRE(slice_equal(uri->path, slice_text("/")) && uri->query.size == 0, BAD_INPUT,
                "sts: the endpoint must have no path");
        return status_ok();
    }
    REQUIRE(region.size > 0, BAD_INPUT,
            "sts: AWS_WEB_IDENTITY_TOKEN_FILE needs a region (AWS_REGION)");
    TRY(sts_address_put(region, memory));
    TRY(builder_finish(memory, &address));
    return uri_parse(address, uri);
}

static status open_set(struct credentials_web_identity *web_identity,
                       const struct credentials_web_identity_settings *settings)
{
    struct credentials_origin_settings origin = {.ca_file = settings->ca_file,
                                                 .dial = settings->dial,
                                                 .clock = settings->clock,
                                                 .arena_size = ARENA_SIZE};
    uint8_t address[STS_ADDRESS_SIZE_MAX];
    struct builder memory;
    const char *token_file = flags_environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!token_file) return status_ok();
    web_identity->identity.role_arn = text_of("AWS_ROLE_ARN");
    REQUIRE(web_identity->identity.role_arn.size > 0, BAD_INPUT,
            "sts: AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    TRY(name_session(web_identity));
    TRY(sts_web_identity_check(&web_identity->identity));
    builder_init(&memory, address, sizeof address);
    TRY(read_address(settings, &memory, &origin.uri));
    TRY(credentials_origin_open(&web_identity->origin, &origin));
    web_identity->token_file = token_file;
    return status_ok();
}

status credentials_web_identity_open(struct credentials_web_identity *web_identity,
                                     const struct credentials_web_identity_settings *settings)
{
    *web_identity = (struct credentials_web_identity){0};
    const status opened = open_set(web_identity, settings);
    if (!status_is_ok(opened)) credentials_web_identity_close(web_identity);
    return opened;
}

void credentials_web_identity_close(struct credentials_web_identity *web_identity)
{
    credentials_origin_close(&web_identity->origin);
    *web_identity = (struct credentials_web_identity){0};
}

static status read_token(struct credentials_web_identity *web_identity, slice *token)
{
    return file_read(web_identity->token_file, STS_TOKEN_SIZE_MAX, &web_identity->origin.arena,
                     token);
}

static status ask(struct credentials_web_identity *web_identity, int64_t deadline_ms,
                  struct aws_credentials *credentials)
{
    struct credentials_origin *origin = &web_identity->origin;
    struct sts_web_identity identity = web_identity->identity;
    struct builder memory;
    struct http_request request;
    struct http_response response;
    TRY(read_token(web_identity, &identity.token));
    builder_init_arena(&memory, &origin->arena, STS_MEMORY_SIZE_MAX);
    TRY(sts_web_identity_build(&identity, slice_text(origin->host), &memory, &request));
    const int64_t try_until_ms = clock_deadline_ms(CREDENTIALS_WEB_IDENTITY_TRY_TIMEOUT_MS);
    const struct http_client_call call = {
        .request = &request,
        .response_size_max = CREDENTIALS_WEB_IDENTITY_RESPONSE_SIZE_MAX,
        .deadline_ms = try_until_ms < deadline_ms ? try_until_ms : deadline_ms,
    };
    TRY(http_client_send(&origin->client, &call, &origin->arena, &response));
    builder_init_arena(&memory, &origin->arena, STS_RESPONSE_SIZE_MAX);
    return sts_web_identity_read(&response, &memory, credentials);
}

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    struct credentials_web_identity *web_identity = context;
    REQUIRE(web_identity->token_file, NOT_FOUND, "credentials: no web identity is set");
    const status asked = ask(web_identity, deadline_ms, credentials);
    arena_empty(&web_identity->origin.arena);
    return credentials_origin_settle(asked);
}

struct credentials_fetcher
credentials_web_identity_fetcher(struct credentials_web_identity *web_identity)
{
    return (struct credentials_fetcher){"web_identity", fetch, web_identity};
}
