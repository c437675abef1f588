#include "cli/client.h"

#include <string.h>

#include "net/tcp.h"
#include "os/file.h"

enum { IDLE_MS_MAX = 10 * 1000, TOKEN_SIZE_MAX = 256 };

static status read_token(const char *path, struct secret_text *token)
{
    struct builder builder;
    builder_init(&builder, token->bytes, sizeof token->bytes);
    const status read = file_put_private(path, &builder);
    REQUIRE(!status_is(read, FAILURE_NOT_FOUND), BAD_INPUT, "token: there is no such file");
    TRY(read);
    while (builder.size > 0 && token->bytes[builder.size - 1] == '\n') builder.size--;
    REQUIRE(builder.size > 0 && builder.size <= TOKEN_SIZE_MAX, BAD_INPUT,
            "token: the file must hold one token of at most 256 characters");
    for (size_t i = 0; i < builder.size; i++) {
        REQUIRE(token->bytes[i] > 0x20 && token->bytes[i] < 0x7f, BAD_INPUT,
                "token: the file has a character that no token has");
    }
    token->size = builder.size;
    return status_ok();
}

static bool is_loopback(slice host)
{
    return slice_has_start(host, slice_text("127.")) || slice_equal(host, slice_text("::1")) ||
           slice_equal(host, slice_text("localhost"));
}

static status open_authorities(const char *path, struct tls_client *tls)
{
    SCOPED(arena_close) struct arena arena = {0};
    slice pem;
    REQUIRE(path, BAD_INPUT, "url: https needs --ca-file");
    TRY(arena_open(&arena, TLS_PEM_SIZE_MAX + 64));
    const status read = file_read(path, TLS_PEM_SIZE_MAX, &arena, &pem);
    REQUIRE(status_is_ok(read), BAD_INPUT, "url: the file of --ca-file cannot be read");
    return tls_client_open(pem, tls);
}

static void copy_text(slice text, char *field)
{
    memcpy(field, text.bytes, text.size);
    field[text.size] = '\0';
}

/* The address as the Host header has it: IPv6 in brackets. */
static status print_host(const struct uri *uri, char *field)
{
    struct builder text;
    slice written;
    const bool is_ipv6 = slice_index_of(uri->host, ':') < uri->host.size;
    builder_init(&text, field, CLIENT_HOST_SIZE_MAX);
    if (is_ipv6) builder_put_text(&text, "[");
    builder_put(&text, uri->host);
    if (is_ipv6) builder_put_text(&text, "]");
    builder_put_text(&text, ":");
    builder_put_decimal(&text, uri->port);
    TRY(builder_finish(&text, &written));
    field[written.size] = '\0';
    return status_ok();
}

static status read_http(const struct client_settings *settings, struct client *client,
                        struct http_client_settings *http)
{
    struct uri uri;
    char text[CLIENT_HOST_SIZE_MAX + 8] = "tcp:";
    TRY(uri_parse(slice_text(settings->url), &uri));
    REQUIRE(slice_equal(uri.path, slice_text("/")) && uri.query.size == 0, BAD_INPUT,
            "url: has a path; the service is named by host and port alone");
    REQUIRE(uri.is_tls || client->token.size == 0 || is_loopback(uri.host), DENIED,
            "url: a token is not sent to another machine over http; use https");
    TRY(print_host(&uri, client->host));
    copy_text(uri.host, client->name);
    memcpy(text + 4, client->host, strlen(client->host) + 1);
    TRY(endpoint_parse(slice_text(text), &http->origin));
    if (!uri.is_tls) return status_ok();
    TRY(open_authorities(settings->ca_file, &client->tls));
    http->tls = &client->tls;
    http->tls_host = client->name;
    return status_ok();
}

static status open_parts(const struct client_settings *settings, struct client *client)
{
    struct http_client_settings http = {
        .dial = tcp_dial,
        .clock = clock_system(),
        .connection_count_max = 1,
        .idle_ms_max = IDLE_MS_MAX,
    };
    const slice url = slice_text(settings->url);
    if (settings->token_file) TRY(read_token(settings->token_file, &client->token));
    if (slice_has_start(url, slice_text("unix:"))) {
        TRY(endpoint_parse(url, &http.origin));
        copy_text(slice_text("localhost"), client->host);
    } else {
        TRY(read_http(settings, client, &http));
    }
    return http_client_open(&http, &client->http);
}

status client_open(const struct client_settings *settings, struct client *client)
{
    *client = (struct client){0};
    const status opened = open_parts(settings, client);
    if (!status_is_ok(opened)) client_close(client);
    return opened;
}

void client_close(struct client *client)
{
    http_client_close(&client->http);
    tls_client_close(&client->tls);
    secret_text_wipe(&client->token);
    *client = (struct client){0};
}

static status add_headers(const struct client *client, const struct client_call *call,
                          struct builder *memory, struct http_headers *headers)
{
    http_headers_init(headers);
    TRY(http_headers_add(headers, slice_text("Host"), slice_text(client->host)));
    TRY(http_headers_add(headers, slice_text("Accept"), slice_text("application/json")));
    if (call->body.size > 0) {
        TRY(http_headers_add(headers, slice_text("Content-Type"), slice_text("application/json")));
    }
    if (client->token.size == 0) return status_ok();
    builder_put_text(memory, "Bearer ");
    builder_put(memory, secret_expose_text(&client->token));
    return http_headers_add(headers, slice_text("Authorization"), builder_view(memory));
}

status client_send(struct client *client, const struct client_call *call, struct arena *arena,
                   struct client_reply *reply)
{
    struct builder memory;
    struct http_response response;
    struct http_request request = {
        .method = slice_text(call->method), .target = call->target, .body = call->body};
    builder_init_arena(&memory, arena, TOKEN_SIZE_MAX + 16);
    TRY(add_headers(client, call, &memory, &request.headers));
    const struct http_client_call sent = {
        .request = &request,
        /* An account that was made by an attempt unseen would look like somebody else's. */
        .is_never_repeated = slice_equal(request.method, slice_text("POST")),
        .response_size_max = CLIENT_REPLY_SIZE_MAX,
        .deadline_ms = call->deadline_ms,
    };
    TRY(http_client_send(&client->http, &sent, arena, &response));
    *reply = (struct client_reply){response.code, response.body};
    return status_ok();
}
