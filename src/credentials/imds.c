#include "credentials/imds.h"

#include <string.h>

#include "aws/imds.h"
#include "http/uri.h"

static status read_address(const char *text, endpoint *origin, struct builder *host)
{
    struct uri uri;
    TRY(uri_parse(slice_text(text), &uri));
    REQUIRE(!uri.is_tls && uri.query.size == 0 && slice_equal(uri.path, slice_text("/")), BAD_INPUT,
            "imds: the address must be http://HOST or http://HOST:PORT");
    *origin = (endpoint){.kind = ENDPOINT_TCP, .port = uri.port};
    REQUIRE(uri.host.size < sizeof origin->host, BAD_INPUT, "imds: host name is too long");
    memcpy(origin->host, uri.host.bytes, uri.host.size);
    const bool is_ipv6 = slice_index_of(uri.host, ':') < uri.host.size;
    if (is_ipv6) builder_put_text(host, "[");
    builder_put(host, uri.host);
    if (is_ipv6) builder_put_text(host, "]");
    if (uri.port != 80) {
        builder_put_text(host, ":");
        builder_put_decimal(host, uri.port);
    }
    builder_put_u8(host, 0);
    return status_ok();
}

static status open_parts(struct credentials_imds *imds,
                         const struct credentials_imds_settings *settings)
{
    struct http_client_settings client = {
        .dial = settings->dial,
        .clock = settings->clock,
        .connection_count_max = 1,
        .idle_ms_max = 1000,
    };
    struct builder host;
    slice written;
    builder_init(&host, imds->host, sizeof imds->host);
    TRY(read_address(settings->address, &client.origin, &host));
    TRY(builder_finish(&host, &written));
    TRY(arena_open(&imds->arena, 2 * CREDENTIALS_IMDS_RESPONSE_SIZE_MAX));
    TRY(locked_open(&imds->locked, sizeof *imds->token));
    void *token;
    TRY(locked_take(&imds->locked, sizeof *imds->token, &token));
    imds->token = token;
    return http_client_open(&client, &imds->client);
}

status credentials_imds_open(struct credentials_imds *imds,
                             const struct credentials_imds_settings *settings)
{
    *imds = (struct credentials_imds){.clock = settings->clock, .is_open = true};
    const status opened = open_parts(imds, settings);
    if (!status_is_ok(opened)) credentials_imds_close(imds);
    return opened;
}

void credentials_imds_close(struct credentials_imds *imds)
{
    if (!imds->is_open) return;
    http_client_close(&imds->client);
    arena_close(&imds->arena);
    locked_close(&imds->locked);
    *imds = (struct credentials_imds){0};
}

static status exchange(struct credentials_imds *imds, const struct http_request *request,
                       int64_t deadline_ms, struct http_response *response)
{
    const int64_t try_until_ms = clock_deadline_ms(CREDENTIALS_IMDS_TRY_TIMEOUT_MS);
    const struct http_client_call call = {
        .request = request,
        .response_size_max = CREDENTIALS_IMDS_RESPONSE_SIZE_MAX,
        .deadline_ms = try_until_ms < deadline_ms ? try_until_ms : deadline_ms,
    };
    arena_empty(&imds->arena);
    return http_client_send(&imds->client, &call, &imds->arena, response);
}

static status need_token(struct credentials_imds *imds, int64_t deadline_ms)
{
    const int64_t now_ms = clock_read_monotonic_ms(&imds->clock);
    if (imds->token->size > 0 && now_ms < imds->token_until_ms) return status_ok();
    struct http_request request;
    struct http_response response;
    TRY(imds_token_build(slice_text(imds->host), &request));
    TRY(exchange(imds, &request, deadline_ms, &response));
    TRY(imds_token_read(&response, imds->token));
    imds->token_until_ms = now_ms + (int64_t)IMDS_TOKEN_RENEW_S * 1000;
    return status_ok();
}

/* Sends what `build` makes; with a new token and once more when the token is not known any more. */
struct question {
    slice role; /* empty: ask for the role's name */
    uint8_t memory[IMDS_MEMORY_SIZE_MAX];
};

static status build_question(struct credentials_imds *imds, struct question *question,
                             struct http_request *request)
{
    const slice host = slice_text(imds->host);
    if (question->role.size == 0) return imds_role_build(host, imds->token, request);
    struct builder memory;
    builder_init(&memory, question->memory, sizeof question->memory);
    return imds_credentials_build(host, imds->token, question->role, &memory, request);
}

static status ask(struct credentials_imds *imds, struct question *question, int64_t deadline_ms,
                  struct http_response *response)
{
    struct http_request request;
    for (int attempt = 0;; attempt++) {
        TRY(need_token(imds, deadline_ms));
        TRY(build_question(imds, question, &request));
        TRY(exchange(imds, &request, deadline_ms, response));
        if (!imds_is_token_refused(response) || attempt > 0) return status_ok();
        secret_text_wipe(imds->token);
    }
}

static status fetch_all(struct credentials_imds *imds, int64_t deadline_ms,
                        struct aws_credentials *credentials)
{
    struct question question = {0};
    struct http_response response;
    slice role;
    uint8_t name[IMDS_ROLE_SIZE_MAX];
    TRY(ask(imds, &question, deadline_ms, &response));
    TRY(imds_role_read(&response, &role));
    REQUIRE(role.size > 0 && role.size <= sizeof name, CORRUPT,
            "imds: role name has no usable size");
    memcpy(name, role.bytes, role.size);
    question.role = slice_of(name, role.size);
    TRY(ask(imds, &question, deadline_ms, &response));
    return imds_credentials_read(&response, credentials);
}

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    struct credentials_imds *imds = context;
    const status fetched = fetch_all(imds, deadline_ms, credentials);
    arena_empty(&imds->arena);
    return fetched;
}

struct credentials_fetcher credentials_imds_fetcher(struct credentials_imds *imds)
{
    return (struct credentials_fetcher){"imds", fetch, imds};
}
