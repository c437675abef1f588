#include "serve/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static status open_tls(const struct tls_identity *identity, slice client_roots_pem,
                       struct tls_server *tls)
{
    TRY(tls_server_open(identity, tls));
    if (client_roots_pem.size == 0) return status_ok();
    const status asked = tls_server_ask_clients(tls, client_roots_pem);
    if (!status_is_ok(asked)) tls_server_close(tls);
    return asked;
}

/* A Unix socket's shards but the first get their connections from that one. */
static status open_listeners(struct server *server)
{
    SCOPED(listener_close) struct listener first = {0};
    const struct server_settings *settings = &server->settings;
    const unsigned mode = settings->unix_mode == 0 ? LISTENER_UNIX_MODE : settings->unix_mode;
    TRY(listener_open_mode(&settings->listen, mode, &first));
    server->bound = first.bound;
    for (size_t i = 1; i < server->shard_count && first.bound.kind == ENDPOINT_TCP; i++) {
        SCOPED(listener_close) struct listener further = {0};
        TRY(listener_open_beside(&first, &further));
        TRY(shard_listen(&server->shards[i], &further));
    }
    return shard_listen(&server->shards[0], &first);
}

static status open_shards(struct server *server)
{
    const struct server_settings *settings = &server->settings;
    struct shard_settings wanted = {
        .group = &server->group,
        .service = settings->service,
        .limits = serve_limits_share(&settings->limits, settings->shard_count),
        .deadlines = settings->deadlines,
        .clock = settings->clock,
    };
    for (; server->shard_count < settings->shard_count; server->shard_count++) {
        wanted.index = server->shard_count;
        TRY(shard_open(&server->shards[server->shard_count], &wanted));
    }
    server->group.count = server->shard_count;
    return status_ok();
}

static status open_parts(struct server *server)
{
    const struct server_settings *settings = &server->settings;
    const size_t connection_count = settings->limits.connection_count + settings->shard_count;
    void *shards;
    REQUIRE(settings->shard_count <= SERVER_SHARD_COUNT_MAX, BAD_INPUT, "server: too many shards");
    REQUIRE(settings->service->state_size <= EXCHANGE_STATE_SIZE_MAX, BAD_INPUT,
            "server: the program's state is too large");
    TRY(serve_limits_check(&settings->limits, settings->shard_count));
    TRY(arena_open(&server->memory, settings->shard_count * sizeof(struct shard) +
                                        serve_peers_memory_size(connection_count) + 256));
    TRY(arena_take(&server->memory, settings->shard_count * sizeof(struct shard), &shards));
    TRY(serve_peers_init(&server->peers, &server->memory, connection_count,
                         settings->limits.peer_connection_count));
    server->shards = server->group.shards = shards;
    if (settings->tls) {
        TRY(open_tls(settings->tls, settings->client_roots_pem, &server->tls));
        server->group.tls = &server->tls;
    }
    TRY(open_shards(server));
    return open_listeners(server);
}

status server_open(struct server *server, const struct server_settings *settings)
{
    memset(server, 0, sizeof *server);
    server->settings = *settings;
    server->group.peers = &server->peers;
    server->is_open = true;
    pthread_mutex_init(&server->group.tls_mutex, NULL);
    const status opened = open_parts(server);
    if (!status_is_ok(opened)) server_close(server);
    return opened;
}

size_t server_descriptor_count(const struct server_settings *settings)
{
    return settings->limits.connection_count +
           settings->shard_count * SERVER_SPARE_DESCRIPTOR_COUNT;
}

struct loop *server_loop(struct server *server, size_t shard_index)
{
    return &server->shards[shard_index].loop;
}

const endpoint *server_bound(const struct server *server)
{
    return &server->bound;
}

static void stop_threads(struct server *server)
{
    for (size_t i = 0; i < server->shard_count; i++) {
        if (server->shards[i].is_started) loop_stop(&server->shards[i].loop);
    }
    for (size_t i = 0; i < server->shard_count; i++) shard_join(&server->shards[i]);
}

status server_start(struct server *server)
{
    for (size_t i = 0; i < server->shard_count; i++) {
        const status started = shard_start(&server->shards[i]);
        if (status_is_ok(started)) continue;
        stop_threads(server);
        return started;
    }
    return status_ok();
}

status server_reload_tls(struct server *server, const struct tls_identity *identity,
                         slice client_roots_pem)
{
    SCOPED(tls_server_close) struct tls_server fresh = {0};
    REQUIRE(server->group.tls, DENIED, "server: has no TLS");
    TRY(open_tls(identity, client_roots_pem, &fresh));
    pthread_mutex_lock(&server->group.tls_mutex);
    tls_server_exchange(&server->tls, &fresh);
    pthread_mutex_unlock(&server->group.tls_mutex);
    return status_ok();
}

void server_read_counters(struct server *server, struct serve_totals *totals)
{
    *totals = (struct serve_totals){0};
    for (size_t i = 0; i < server->shard_count; i++) {
        counters_sum(&server->shards[i].home.counters, totals);
    }
}

static bool is_idle(struct server *server)
{
    size_t count = 0;
    for (size_t i = 0; i < server->shard_count; i++) count += shard_load(&server->shards[i]);
    return count == 0;
}

static bool has_parked(const struct server *server)
{
    for (size_t i = 0; i < server->shard_count; i++) {
        if (server->shards[i].home.states[CONNECTION_HANDLING].first) return true;
    }
    return false;
}

status server_drain(struct server *server, int64_t delay_ms, int64_t finish_ms)
{
    const int64_t delay_end_ms = clock_deadline_ms(delay_ms);
    int left_ms;
    for (size_t i = 0; i < server->shard_count; i++) shard_begin_closing(&server->shards[i]);
    while ((left_ms = clock_left_ms(delay_end_ms, SERVER_DRAIN_PAUSE_MS)) > 0) {
        poll(NULL, 0, left_ms);
    }
    const int64_t finish_end_ms = clock_deadline_ms(finish_ms);
    for (size_t i = 0; i < server->shard_count; i++) shard_begin_ending(&server->shards[i]);
    while (!is_idle(server) &&
           (left_ms = clock_left_ms(finish_end_ms, SERVER_DRAIN_PAUSE_MS)) > 0) {
        poll(NULL, 0, left_ms);
    }
    stop_threads(server);
    if (has_parked(server)) FAIL(UNAVAILABLE, ETIMEDOUT, "server: requests did not end in time");
    return status_ok();
}

void server_close(struct server *server)
{
    if (!server->is_open) return;
    stop_threads(server);
    for (size_t i = 0; i < server->shard_count; i++) shard_close(&server->shards[i]);
    serve_peers_close(&server->peers);
    tls_server_close(&server->tls);
    pthread_mutex_destroy(&server->group.tls_mutex);
    arena_close(&server->memory);
    *server = (struct server){0};
}
