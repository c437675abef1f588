#include "enclave/report.h"

#include "base/json.h"

static const char version[] = ENW_VERSION;

static void identity_put(const struct report *report, struct builder *json)
{
    const struct config *config = report->config;
    const struct self *self = report->self;
    json_put_name(json, "version");
    json_put_text(json, version);
    json_put_name(json, "mode");
    json_put_text(json, config->is_production ? "production" : "development");
    json_put_name(json, "region");
    json_put_text(json, config->region);
    json_put_name(json, "environment");
    json_put_text(json, config->environment);
    json_put_name(json, "epoch");
    json_put_u64(json, config->epoch);
    json_put_name(json, "verification");
    json_put_text(json, config_verification_print(config->verification));
    json_put_name(json, "boot_id");
    json_put_hex(json, slice_of(self->boot.bytes, sizeof self->boot.bytes));
    json_put_name(json, "boot_ms");
    json_put_u64(json, (uint64_t)self->boot_ms);
    json_put_name(json, "uptime_ms");
    const int64_t uptime_ms = report->now_ms - self->boot_ms;
    json_put_u64(json, uptime_ms > 0 ? (uint64_t)uptime_ms : 0);
    json_put_name(json, "config_hash");
    json_put_hex(json, hash32_view(&config->hash));
    json_put_name(json, "pcr0");
    json_put_hex(json, hash48_view(&self->pcr0));
    json_put_name(json, "kms_key_arns");
    json_put_array_open(json);
    for (size_t i = 0; i < config->kms_key_count; i++) {
        json_put_string(json, config_key_arn(config, i));
    }
    json_put_array_close(json);
}

static void pair_put(struct builder *json, const char *name, uint64_t value)
{
    json_put_name(json, name);
    json_put_u64(json, value);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void load_put(const struct report *report, struct builder *json)
{
    const struct statistics *statistics = report->statistics;
    json_put_name(json, "cache");
    json_put_object_open(json);
    pair_put(json, "entries", report->cache_count);
    pair_put(json, "entries_max", report->config->cache_entries);
    pair_put(json, "hits", counted(&statistics->cache_hits));
    pair_put(json, "misses", counted(&statistics->cache_misses));
    pair_put(json, "renewals", counted(&statistics->renewals));
    pair_put(json, "fetch_failures", counted(&statistics->fetch_failures));
    pair_put(json, "memory", report->cache_memory_size);
    json_put_object_close(json);
    json_put_name(json, "requests");
    statistics_put_requests(statistics, json);
    json_put_name(json, "kms");
    statistics_put_kms(statistics, json);
    json_put_name(json, "queue");
    json_put_object_open(json);
    pair_put(json, "waiting", counted(&statistics->queue_waiting));
    pair_put(json, "waiting_max", report->queue_count_max);
    json_put_object_close(json);
    json_put_name(json, "waiters");
    json_put_object_open(json);
    pair_put(json, "waiting", counted(&statistics->waiting));
    pair_put(json, "waiting_max", report->waiter_count_max);
    json_put_object_close(json);
    json_put_name(json, "connections");
    json_put_object_open(json);
    pair_put(json, "open", counted(&statistics->connections));
    pair_put(json, "open_max", report->connection_count_max);
    json_put_object_close(json);
}

void report_put(const struct report *report, struct builder *json)
{
    json_put_object_open(json);
    identity_put(report, json);
    load_put(report, json);
    json_put_object_close(json);
}
