#include "credentials/origin.h"

#include <string.h>

#include "base/builder.h"
#include "os/file.h"

enum { IDLE_MS_MAX = 1000 };

static status put_host(struct credentials_origin *origin, const struct uri *uri)
{
    struct builder host;
    slice written;
    builder_init(&host, origin->host, sizeof origin->host);
    const bool is_ipv6 = slice_index_of(uri->host, ':') < uri->host.size;
    if (is_ipv6) builder_put_text(&host, "[");
    builder_put(&host, uri->host);
    if (is_ipv6) builder_put_text(&host, "]");
    if (uri->port != (uri->is_tls ? 443 : 80)) {
        builder_put_text(&host, ":");
        builder_put_decimal(&host, uri->port);
    }
    builder_put_u8(&host, 0);
    return builder_finish(&host, &written);
}

static status open_tls(struct credentials_origin *origin, const char *ca_file)
{
    SCOPED(arena_close) struct arena arena = {0};
    slice roots;
    TRY(arena_open(&arena, TLS_PEM_SIZE_MAX + 64));
    TRY(file_read(ca_file, TLS_PEM_SIZE_MAX, &arena, &roots));
    return tls_client_open(roots, &origin->tls);
}

static status open_parts(struct credentials_origin *origin,
                         const struct credentials_origin_settings *settings)
{
    const struct uri *uri = &settings->uri;
    struct http_client_settings client = {
        .origin = {.kind = ENDPOINT_TCP, .port = uri->port},
        .dial = settings->dial,
        .clock = settings->clock,
        .connection_count_max = 1,
        .idle_ms_max = IDLE_MS_MAX,
    };
    _Static_assert(sizeof origin->name <= sizeof client.origin.host,
                   "what fits one fits the other");
    REQUIRE(uri->host.size < sizeof origin->name, BAD_INPUT,
            "credentials: a service's host name is too long");
    memcpy(client.origin.host, uri->host.bytes, uri->host.size);
    memcpy(origin->name, uri->host.bytes, uri->host.size);
    TRY(put_host(origin, uri));
    TRY(arena_open(&origin->arena, settings->arena_size));
    if (uri->is_tls) {
        TRY(open_tls(origin, settings->ca_file));
        client.tls = &origin->tls;
        client.tls_host = origin->name;
    }
    return http_client_open(&client, &origin->client);
}

status credentials_origin_open(struct credentials_origin *origin,
                               const struct credentials_origin_settings *settings)
{
    *origin = (struct credentials_origin){0};
    const status opened = open_parts(origin, settings);
    if (!status_is_ok(opened)) credentials_origin_close(origin);
    return opened;
}

void credentials_origin_close(struct credentials_origin *origin)
{
    if (origin->client.is_open) http_client_close(&origin->client);
    tls_client_close(&origin->tls);
    arena_close(&origin->arena);
    *origin = (struct credentials_origin){0};
}

status credentials_origin_settle(status fetched)
{
    if (!status_is(fetched, FAILURE_NOT_FOUND)) return fetched;
    FAIL(UNAVAILABLE, fetched.detail,
         "credentials: the token's file or the service's host is not there");
}
