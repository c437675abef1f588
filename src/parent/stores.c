#include "parent/stores.h"

#include <stdio.h>
#include <string.h>

#include "http/uri.h"
#include "net/tcp.h"
#include "os/file.h"

static bool take_start(slice *text, const char *start)
{
    const slice wanted = slice_text(start);
    if (!slice_has_start(*text, wanted)) return false;
    *text = slice_part(*text, wanted.size, text->size);
    return true;
}

static void copy_text(char *field, slice text)
{
    memcpy(field, text.bytes, text.size);
    field[text.size] = 0;
}

/* Where DynamoDB is, and the Host header that its calls carry. */
static status read_origin(struct stores *stores, const struct stores_settings *settings,
                          struct uri *uri, endpoint *origin)
{
    struct builder host;
    char address[URI_SIZE_MAX];
    if (settings->dynamodb_endpoint) {
        TRY(uri_parse(slice_text(settings->dynamodb_endpoint), uri));
    } else {
        snprintf(address, sizeof address, "https://dynamodb.%s.amazonaws.com", settings->region);
        TRY(uri_parse(slice_text(address), uri));
    }
    REQUIRE(uri->host.size < sizeof origin->host, BAD_INPUT,
            "store: DynamoDB's host name is too long");
    *origin = (endpoint){.kind = ENDPOINT_TCP, .port = uri->port};
    copy_text(origin->host, uri->host);
    copy_text(stores->name, uri->host);
    builder_init(&host, stores->host, STORES_HOST_SIZE_MAX);
    builder_put(&host, uri->host);
    if (uri->port != (uri->is_tls ? 443 : 80)) {
        builder_put_text(&host, ":");
        builder_put_decimal(&host, uri->port);
    }
    return status_ok();
}

static status open_tls(struct stores *stores, const char *ca_file)
{
    slice roots;
    TRY(arena_open(&stores->arena, TLS_PEM_SIZE_MAX + 64));
    TRY(file_read(ca_file, TLS_PEM_SIZE_MAX, &stores->arena, &roots));
    return tls_client_open(roots, &stores->tls);
}

static status open_dynamodb(struct stores *stores, const struct stores_settings *settings,
                            slice table)
{
    char table_text[DYNAMODB_TABLE_SIZE_MAX + 1];
    struct uri uri;
    struct http_client_settings http = {.dial = tcp_dial,
                                        .clock = clock_system(),
                                        .connection_count_max = STORES_CONNECTION_COUNT,
                                        .idle_ms_max = 20000};
    REQUIRE(settings->region, BAD_INPUT, "store: DynamoDB needs --region");
    REQUIRE(table.size > 0 && table.size < sizeof table_text, BAD_INPUT,
            "store: the table's name has no usable size");
    copy_text(table_text, table);
    TRY(read_origin(stores, settings, &uri, &http.origin));
    if (uri.is_tls) {
        TRY(open_tls(stores, settings->ca_file));
        http.tls = &stores->tls;
        http.tls_host = stores->name;
    }
    TRY(http_client_open(&http, &stores->http));
    const struct dynamodb_config config = {.region = settings->region,
                                           .table = table_text,
                                           .host = stores->host,
                                           .http = &stores->http,
                                           .credentials = settings->credentials,
                                           .trusts_date = uri.is_tls};
    return dynamodb_store_open(&stores->dynamodb, &config);
}

static status open_chosen(struct stores *stores, const struct stores_settings *settings,
                          struct store *port)
{
    slice text = settings->store;
    if (take_start(&text, "sqlite:")) {
        TRY(sqlite_store_open(&stores->sqlite, text));
        *port = sqlite_store_port(&stores->sqlite);
    } else if (take_start(&text, "dynamodb:")) {
        TRY(open_dynamodb(stores, settings, text));
        *port = dynamodb_store_port(&stores->dynamodb);
    } else if (slice_equal(text, slice_text("memory:"))) {
        TRY(memory_store_open(&stores->memory, STORES_MEMORY_COUNT_MAX));
        *port = memory_store_port(&stores->memory);
    } else {
        FAIL(BAD_INPUT, 0, "store: must be sqlite:/PATH, dynamodb:TABLE or memory:");
    }
    return status_ok();
}

status stores_open(struct stores *stores, const struct stores_settings *settings,
                   struct store *port)
{
    *stores = (struct stores){0};
    const status opened = open_chosen(stores, settings, port);
    if (!status_is_ok(opened)) stores_close(stores);
    return opened;
}

void stores_close(struct stores *stores)
{
    dynamodb_store_close(&stores->dynamodb);
    http_client_close(&stores->http);
    tls_client_close(&stores->tls);
    sqlite_store_close(&stores->sqlite);
    memory_store_close(&stores->memory);
    arena_close(&stores->arena);
    *stores = (struct stores){0};
}
