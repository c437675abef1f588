#include "enclave/report.h"

#include "base/json.h"

static const char version[] = ENW_VERSION;

static void identity_put(const struct service_settings *settings, struct builder *json)
{
    const struct config *config = settings->config;
    const struct self *self = settings->self;
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
    const int64_t uptime_ms = clock_read_wall_ms(&settings->clock) - self->boot_ms;
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

static void load_put(struct service *service, struct builder *json)
{
    const struct statistics *statistics = service->settings.statistics;
    pthread_mutex_lock(&service->mutex);
    const size_t entries = service->cache.count;
    pthread_mutex_unlock(&service->mutex);
    json_put_name(json, "cache");
    json_put_object_open(json);
    pair_put(json, "entries", entries);
    pair_put(json, "entries_max", service->settings.config->cache_entries);
    pair_put(json, "hits", counted(&statistics->cache_hits));
    pair_put(json, "misses", counted(&statistics->cache_misses));
    json_put_object_close(json);
    json_put_name(json, "requests");
    statistics_put_requests(statistics, json);
    json_put_name(json, "kms");
    statistics_put_kms(statistics, json);
    json_put_name(json, "queue");
    json_put_object_open(json);
    pair_put(json, "waiting", counted(&statistics->queue_waiting));
    pair_put(json, "waiting_max", SERVICE_QUEUE_COUNT_MAX);
    json_put_object_close(json);
    json_put_name(json, "connections");
    json_put_object_open(json);
    pair_put(json, "open", counted(&statistics->connections));
    pair_put(json, "open_max", SERVICE_CONNECTION_COUNT_MAX);
    json_put_object_close(json);
}

void report_put(struct service *service, struct builder *json)
{
    json_put_object_open(json);
    identity_put(&service->settings, json);
    load_put(service, json);
    json_put_object_close(json);
}
