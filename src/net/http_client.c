#include "net/http_client.h"

#include <errno.h>
#include <time.h>

#include "base/builder.h"
#include "http/reader.h"

status http_client_open(const struct http_client_settings *settings, struct http_client *client)
{
    pthread_condattr_t monotonic;
    REQUIRE(settings->connection_count_max > 0 &&
                settings->connection_count_max <= HTTP_CLIENT_CONNECTION_COUNT_MAX,
            OVER_LIMIT, "http_client: number of connections is out of range");
    REQUIRE(!settings->tls || settings->tls_host, INTERNAL,
            "http_client: TLS needs the name of the peer");
    *client = (struct http_client){.settings = *settings, .is_open = true};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->has_room, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return status_ok();
}

/* Called with the mutex held: the free place whose connection was used last, else an empty one. */
static struct http_client_slot *slot_find(struct http_client *client)
{
    struct http_client_slot *best = NULL;
    for (size_t i = 0; i < client->settings.connection_count_max; i++) {
        struct http_client_slot *slot = &client->slots[i];
        if (slot->is_busy) continue;
        const bool is_kept = stream_is_open(&slot->stream);
        if (!best || (is_kept && (!stream_is_open(&best->stream) ||
                                  slot->idle_since_ms > best->idle_since_ms))) {
            best = slot;
        }
    }
    return best;
}

static status slot_take(struct http_client *client, int64_t deadline_ms,
                        struct http_client_slot **taken)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    struct http_client_slot *slot;
    int reason = 0;
    pthread_mutex_lock(&client->mutex);
    while (!(slot = slot_find(client)) && reason == 0) {
        reason = pthread_cond_timedwait(&client->has_room, &client->mutex, &until);
    }
    if (slot) slot->is_busy = true;
    pthread_mutex_unlock(&client->mutex);
    if (!slot) FAIL(UNAVAILABLE, ETIMEDOUT, "http_client: all connections stay in use");
    *taken = slot;
    return status_ok();
}

static void slot_give_back(struct http_client *client, struct http_client_slot *slot)
{
    pthread_mutex_lock(&client->mutex);
    slot->idle_since_ms = clock_read_monotonic_ms(&client->settings.clock);
    slot->is_busy = false;
    pthread_cond_signal(&client->has_room);
    pthread_mutex_unlock(&client->mutex);
}

static status connection_open(struct http_client *client, int64_t deadline_ms,
                              struct stream *stream)
{
    SCOPED(stream_close) struct stream opened = {0};
    const struct http_client_settings *settings = &client->settings;
    TRY(settings->dial(&settings->origin, deadline_ms, &opened));
    if (settings->tls) {
        const struct tls_peer peer = {settings->tls_host,
                                      clock_read_wall_ms(&settings->clock) / 1000};
        TRY(tls_client_start(settings->tls, &peer, deadline_ms, &opened));
    }
    pthread_mutex_lock(&client->mutex);
    client->connect_count++;
    pthread_mutex_unlock(&client->mutex);
    *stream = opened;
    opened = (struct stream){0};
    return status_ok();
}

/* One exchange over one connection. */
struct exchange {
    const struct http_client_call *call;
    slice request_text;
    uint8_t *memory; /* for the response */
    struct http_reader reader;
    struct http_response *response;
};

static bool is_vanished(status result)
{
    return status_is(result, FAILURE_UNAVAILABLE) && result.detail == ECONNRESET;
}

/* The response's own faults are the peer's, not our caller's. */
static status response_failure(status result)
{
    if (!status_is(result, FAILURE_BAD_INPUT)) return result;
    FAIL(CORRUPT, result.detail, "http_client: response is not strict HTTP");
}

static status response_read(struct exchange *exchange, struct stream *stream)
{
    for (;;) {
        bool is_done = false;
        size_t space_size = 0, got_size = 0;
        uint8_t *space = http_reader_space(&exchange->reader, &space_size);
        REQUIRE(space_size > 0, OVER_LIMIT, "http_client: response is too large");
        TRY(stream_read(stream, space, space_size, exchange->call->deadline_ms, &got_size));
        if (got_size == 0) {
            FAIL(UNAVAILABLE, ECONNRESET, "http_client: response was cut off");
        }
        http_reader_add(&exchange->reader, got_size);
        const status result = http_reader_response(
            &exchange->reader, exchange->call->request->method, exchange->response, &is_done);
        if (!status_is_ok(result)) return response_failure(result);
        if (is_done) return status_ok();
    }
}

static status exchange_run(struct exchange *exchange, struct stream *stream)
{
    http_reader_init(&exchange->reader, exchange->memory, exchange->call->response_size_max);
    const status sent = stream_write(stream, exchange->request_text, exchange->call->deadline_ms);
    /* A peer that refuses a request before it has read it all has answered, and that is worth
       having; such a connection cannot be kept. */
    if (!status_is_ok(sent) && !is_vanished(sent)) return sent;
    const status received = response_read(exchange, stream);
    if (!status_is_ok(received)) return status_is_ok(sent) ? received : sent;
    if (!status_is_ok(sent)) exchange->response->is_last = true;
    return status_ok();
}

/* Whether bytes follow the response: then the connection's two ends no longer agree. */
static bool has_surplus(const struct exchange *exchange, const struct stream *stream)
{
    return http_reader_has_more(&exchange->reader) || stream_has_pending(stream);
}

/* Uses the kept connection if it still looks alive. */
static bool is_usable(const struct http_client *client, struct http_client_slot *slot)
{
    const int64_t now_ms = clock_read_monotonic_ms(&client->settings.clock);
    return stream_is_open(&slot->stream) &&
           now_ms - slot->idle_since_ms <= client->settings.idle_ms_max &&
           stream_is_idle(&slot->stream);
}

static status slot_use(struct http_client *client, struct http_client_slot *slot,
                       struct exchange *exchange)
{
    bool is_kept = is_usable(client, slot);
    for (;;) {
        if (!is_kept) {
            stream_close(&slot->stream);
            TRY(connection_open(client, exchange->call->deadline_ms, &slot->stream));
        }
        const status result = exchange_run(exchange, &slot->stream);
        if (status_is_ok(result)) return result;
        /* Nothing came back over a connection that had been idle: it was closed under us. */
        const bool is_stale =
            is_kept && is_vanished(result) && http_reader_is_empty(&exchange->reader);
        if (!is_stale || exchange->call->is_never_repeated) return result;
        is_kept = false;
    }
}

/* A bound on the printed size; what the printer adds are a length, a close and line ends. */
static size_t request_size_max(const struct http_request *request)
{
    size_t size = request->method.size + request->target.size + request->body.size + 128;
    for (size_t i = 0; i < request->headers.count; i++) {
        size += request->headers.list[i].name.size + request->headers.list[i].value.size + 4;
    }
    return size;
}

static status exchange_prepare(const struct http_client_call *call, struct arena *arena,
                               struct exchange *exchange)
{
    struct builder text;
    void *memory;
    builder_init_arena(&text, arena, request_size_max(call->request));
    TRY(http_request_print(call->request, &text));
    TRY(builder_finish(&text, &exchange->request_text));
    TRY(arena_take(arena, call->response_size_max, &memory));
    exchange->memory = memory;
    exchange->call = call;
    return status_ok();
}

status http_client_send(struct http_client *client, const struct http_client_call *call,
                        struct arena *arena, struct http_response *response)
{
    struct http_client_slot *slot;
    struct http_response received = {0};
    struct exchange exchange = {.response = &received};
    TRY(exchange_prepare(call, arena, &exchange));
    TRY(slot_take(client, call->deadline_ms, &slot));
    const status result = slot_use(client, slot, &exchange);
    if (!status_is_ok(result) || received.is_last || call->request->is_last ||
        has_surplus(&exchange, &slot->stream)) {
        stream_close(&slot->stream);
    }
    slot_give_back(client, slot);
    if (status_is_ok(result)) *response = received;
    return result;
}

void http_client_drop_idle(struct http_client *client)
{
    pthread_mutex_lock(&client->mutex);
    for (size_t i = 0; i < client->settings.connection_count_max; i++) {
        if (!client->slots[i].is_busy) stream_close(&client->slots[i].stream);
    }
    pthread_mutex_unlock(&client->mutex);
}

void http_client_close(struct http_client *client)
{
    if (!client->is_open) return;
    http_client_drop_idle(client);
    pthread_cond_destroy(&client->has_room);
    pthread_mutex_destroy(&client->mutex);
    *client = (struct http_client){0};
}
