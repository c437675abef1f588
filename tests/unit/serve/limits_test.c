#include "serve/limits.h"

#include "runner.h"

enum { SHARD_COUNT = 2 };

static void checks(void)
{
    static const struct {
        const char *name;
        size_t offset, value;
        const char *refusal;
    } rows[] = {
        {"no connection", offsetof(struct serve_limits, connection_count), 0,
         "limits: there must be a connection"},
        {"one connection", offsetof(struct serve_limits, connection_count), 1, NULL},
        {"most connections", offsetof(struct serve_limits, connection_count),
         SERVE_CONNECTION_COUNT_MAX, NULL},
        {"one more", offsetof(struct serve_limits, connection_count),
         SERVE_CONNECTION_COUNT_MAX + 1, "limits: too many connections"},
        {"no peer", offsetof(struct serve_limits, peer_connection_count), 0,
         "limits: there must be a connection"},
        {"no request", offsetof(struct serve_limits, request_count), 0,
         "limits: there must be memory of each kind"},
        {"no large one", offsetof(struct serve_limits, large_count), 0,
         "limits: there must be memory of each kind"},
        {"no probe", offsetof(struct serve_limits, probe_count), 0,
         "limits: there must be memory of each kind"},
        {"smallest small memory", offsetof(struct serve_limits, small_memory_size),
         2 * SERVE_SMALL_BODY_SIZE_MAX, NULL},
        {"smaller", offsetof(struct serve_limits, small_memory_size),
         2 * SERVE_SMALL_BODY_SIZE_MAX - 1, "limits: memory must hold its body twice"},
        {"smallest large memory", offsetof(struct serve_limits, large_memory_size),
         2 * SERVE_BODY_SIZE_MAX, NULL},
        {"smaller", offsetof(struct serve_limits, large_memory_size), 2 * SERVE_BODY_SIZE_MAX - 1,
         "limits: memory must hold its body twice"},
        {"smaller for probes", offsetof(struct serve_limits, probe_memory_size),
         2 * SERVE_SMALL_BODY_SIZE_MAX - 1, "limits: memory must hold its body twice"},
        {"smallest body memory", offsetof(struct serve_limits, body_memory_size),
         SHARD_COUNT * 2 * SERVE_BODY_SIZE_MAX, NULL},
        {"smaller", offsetof(struct serve_limits, body_memory_size),
         SHARD_COUNT * 2 * SERVE_BODY_SIZE_MAX - 1,
         "limits: body and answer memory must hold two bodies a shard"},
        {"smaller for answers", offsetof(struct serve_limits, answer_memory_size),
         SHARD_COUNT * 2 * SERVE_BODY_SIZE_MAX - 1,
         "limits: body and answer memory must hold two bodies a shard"},
    };
    struct serve_limits usual = serve_limits_default();
    expect_ok("usual", serve_limits_check(&usual, SHARD_COUNT));
    expect_refused("no shard", serve_limits_check(&usual, 0), "limits: there must be a shard");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct serve_limits limits = usual;
        runner_row(rows[i].name);
        *(size_t *)(void *)((uint8_t *)&limits + rows[i].offset) = rows[i].value;
        expect_outcome("check", serve_limits_check(&limits, SHARD_COUNT), rows[i].refusal);
    }
}

/* What binds first is the outermost: inner limits are no smaller, or what is beyond them waits. */
static void they_nest(void)
{
    const struct serve_limits limits = serve_limits_default();
    const struct serve_deadlines deadlines = serve_deadlines_default();
    expect_true("peers", limits.peer_connection_count <= limits.connection_count);
    expect_true("waiting leaves time for handling", deadlines.wait_ms < deadlines.handle_ms);
    expect_true("pauses", deadlines.body_pause_ms < deadlines.body_ms);
    expect_true("idle above load balancers'", deadlines.idle_ms > 60000);
    expect_true("heads have seconds", deadlines.head_ms <= 15000);
    expect_true("64 clients with 60 KB fit", limits.body_memory_size > (size_t)64 * 61440 * 2);
}

static void shares(void)
{
    struct serve_limits limits = serve_limits_default();
    limits.connection_count = 7;
    limits.large_count = 1;
    limits.peer_connection_count = 5;
    const struct serve_limits share = serve_limits_share(&limits, 3);
    expect_u64("rounded up", share.connection_count, 3);
    expect_u64("at least one", share.large_count, 1);
    expect_u64("a peer's is for all shards", share.peer_connection_count, 5);
    expect_u64("sizes of places stay", share.large_memory_size, limits.large_memory_size);
    expect_u64("pages are divided", share.body_memory_size, (limits.body_memory_size + 2) / 3);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"checks", checks},
        {"they nest", they_nest},
        {"shares", shares},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
