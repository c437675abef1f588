#include "serve/limits.h"

#include <stdbool.h>

struct serve_limits serve_limits_default(void)
{
    return (struct serve_limits){
        .connection_count = SERVE_CONNECTION_COUNT,
        .peer_connection_count = SERVE_PEER_CONNECTION_COUNT,
        .request_count = SERVE_REQUEST_COUNT,
        .large_count = SERVE_LARGE_COUNT,
        .probe_count = SERVE_PROBE_COUNT,
        .small_memory_size = SERVE_SMALL_MEMORY_SIZE,
        .large_memory_size = SERVE_LARGE_MEMORY_SIZE,
        .probe_memory_size = SERVE_PROBE_MEMORY_SIZE,
        .small_body_size_max = SERVE_SMALL_BODY_SIZE_MAX,
        .body_memory_size = SERVE_BODY_MEMORY_SIZE,
        .answer_memory_size = SERVE_ANSWER_MEMORY_SIZE,
    };
}

struct serve_deadlines serve_deadlines_default(void)
{
    return (struct serve_deadlines){
        .handshake_ms = SERVE_HANDSHAKE_MS,
        .head_ms = SERVE_HEAD_MS,
        .body_ms = SERVE_BODY_MS,
        .body_pause_ms = SERVE_BODY_PAUSE_MS,
        .wait_ms = SERVE_WAIT_MS,
        .handle_ms = SERVE_HANDLE_MS,
        .answer_ms = SERVE_ANSWER_MS,
        .idle_ms = SERVE_IDLE_MS,
        .linger_ms = SERVE_LINGER_MS,
    };
}

status serve_limits_check(const struct serve_limits *limits, size_t shard_count)
{
    REQUIRE(shard_count > 0, BAD_INPUT, "limits: there must be a shard");
    REQUIRE(limits->connection_count > 0 && limits->peer_connection_count > 0, BAD_INPUT,
            "limits: there must be a connection");
    REQUIRE(limits->connection_count <= SERVE_CONNECTION_COUNT_MAX, BAD_INPUT,
            "limits: too many connections");
    REQUIRE(limits->request_count > 0 && limits->large_count > 0 && limits->probe_count > 0,
            BAD_INPUT, "limits: there must be memory of each kind");
    REQUIRE(limits->small_memory_size >= 2 * limits->small_body_size_max &&
                limits->large_memory_size >= (size_t)2 * SERVE_BODY_SIZE_MAX &&
                limits->probe_memory_size >= 2 * limits->small_body_size_max,
            BAD_INPUT, "limits: memory must hold its body twice");
    REQUIRE(limits->body_memory_size >= shard_count * 2 * SERVE_BODY_SIZE_MAX &&
                limits->answer_memory_size >= shard_count * 2 * SERVE_BODY_SIZE_MAX,
            BAD_INPUT, "limits: body and answer memory must hold two bodies a shard");
    return status_ok();
}

static size_t share(size_t total, size_t shard_count)
{
    return (total + shard_count - 1) / shard_count;
}

struct serve_limits serve_limits_share(const struct serve_limits *limits, size_t shard_count)
{
    struct serve_limits mine = *limits;
    mine.connection_count = share(limits->connection_count, shard_count);
    mine.request_count = share(limits->request_count, shard_count);
    mine.large_count = share(limits->large_count, shard_count);
    mine.probe_count = share(limits->probe_count, shard_count);
    mine.body_memory_size = share(limits->body_memory_size, shard_count);
    mine.answer_memory_size = share(limits->answer_memory_size, shard_count);
    return mine;
}
