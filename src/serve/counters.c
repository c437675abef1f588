#include "serve/counters.h"

/* Only the shard's thread writes, so that reading and writing apart lose nothing. */
void counters_add(struct counters *counters, enum counters_kind kind, uint64_t amount)
{
    const uint64_t value = atomic_load_explicit(&counters->values[kind], memory_order_relaxed);
    counters_set(counters, kind, value + amount);
}

void counters_set(struct counters *counters, enum counters_kind kind, uint64_t value)
{
    atomic_store_explicit(&counters->values[kind], value, memory_order_relaxed);
}

void counters_sum(struct counters *counters, struct serve_totals *totals)
{
    for (size_t i = 0; i < COUNTERS_COUNT; i++) {
        totals->values[i] += atomic_load_explicit(&counters->values[i], memory_order_relaxed);
    }
}

const char *counters_name(enum counters_kind kind)
{
    static const char *const names[COUNTERS_COUNT] = {
        [COUNTERS_ACCEPTED] = "accepted",
        [COUNTERS_EVICTED] = "evicted",
        [COUNTERS_REFUSED_PEER] = "refused_peer",
        [COUNTERS_REFUSED_DESCRIPTOR] = "refused_descriptor",
        [COUNTERS_HANDSHAKE_FAILED] = "handshake_failed",
        [COUNTERS_REQUESTS] = "requests",
        [COUNTERS_PROBLEMS] = "problems",
        [COUNTERS_WAITED] = "waited",
        [COUNTERS_REFUSED_SMALL] = "refused_small",
        [COUNTERS_REFUSED_LARGE] = "refused_large",
        [COUNTERS_REFUSED_PROBE] = "refused_probe",
        [COUNTERS_REFUSED_BODY] = "refused_body",
        [COUNTERS_REFUSED_ANSWER] = "refused_answer",
        [COUNTERS_LATE_HANDSHAKE] = "late_handshake",
        [COUNTERS_LATE_HEAD] = "late_head",
        [COUNTERS_LATE_BODY] = "late_body",
        [COUNTERS_LATE_ANSWER] = "late_answer",
        [COUNTERS_IDLE_CLOSED] = "idle_closed",
        [COUNTERS_CLIENT_GONE] = "client_gone",
        [COUNTERS_RECEIVED] = "received_bytes",
        [COUNTERS_SENT] = "sent_bytes",
        [COUNTERS_CONNECTIONS] = "connections",
        [COUNTERS_SMALL_USED] = "small_used",
        [COUNTERS_LARGE_USED] = "large_used",
        [COUNTERS_PROBE_USED] = "probe_used",
        [COUNTERS_WAITING] = "waiting",
        [COUNTERS_BODY_MEMORY] = "body_memory_bytes",
        [COUNTERS_ANSWER_MEMORY] = "answer_memory_bytes",
    };
    return names[kind];
}
