#include "enclave/enclave.h"

#include <string.h>
#include <time.h>

#include "base/heap.h"
#include "crypto/library.h"
#include "os/file.h"
#include "os/random.h"
#include "wallet/kms_key.h"

status enclave_prepare_libraries(void)
{
    TRY(library_use_heap());
    return library_open();
}

/* What the extra thread does; all of it may take its time. */
static void keep(struct enclave *enclave, int64_t *time_due_ms)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= *time_due_ms) {
        *time_due_ms = now_ms + TRUSTED_TIME_REFRESH_MS;
        const status refreshed = trusted_time_refresh(&enclave->time, &enclave->scratch);
        arena_empty(&enclave->scratch);
        if (!status_is_ok(refreshed)) {
            log_failure(enclave->log, LOG_LEVEL_WARN, "time_unknown", (slice){0}, refreshed);
        }
        if (trusted_time_is_doubtful(&enclave->time)) {
            log_write(enclave->log, LOG_LEVEL_WARN, "time_jumped", NULL, 0);
            service_forget(&enclave->service);
        }
    }
    const status renewed = recipients_renew(&enclave->recipients);
    if (!status_is_ok(renewed)) {
        log_failure(enclave->log, LOG_LEVEL_WARN, "renewal_failed", (slice){0}, renewed);
    }
    service_expire(&enclave->service);
}

/* With the mutex held: waits until it is time to look again; false when the program stops. */
static bool keeper_wait(struct enclave *enclave)
{
    const int64_t until_ms = clock_deadline_ms(ENCLAVE_KEEP_MS);
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    if (!enclave->is_stopping) {
        pthread_cond_timedwait(&enclave->is_stopping_changed, &enclave->mutex, &until);
    }
    return !enclave->is_stopping;
}

static void *keeper_run(void *context)
{
    struct enclave *enclave = context;
    int64_t time_due_ms = clock_deadline_ms(TRUSTED_TIME_REFRESH_MS);
    pthread_mutex_lock(&enclave->mutex);
    while (keeper_wait(enclave)) {
        pthread_mutex_unlock(&enclave->mutex);
        keep(enclave, &time_due_ms);
        pthread_mutex_lock(&enclave->mutex);
    }
    pthread_mutex_unlock(&enclave->mutex);
    return NULL;
}

static status keeper_open(struct enclave *enclave)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&enclave->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&enclave->is_stopping_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    const int error = pthread_create(&enclave->keeper, NULL, keeper_run, enclave);
    if (error != 0) FAIL(UNAVAILABLE, error, "enclave: no thread can be started");
    enclave->has_keeper = true;
    return status_ok();
}

static void keeper_close(struct enclave *enclave)
{
    if (!enclave->has_keeper) return;
    pthread_mutex_lock(&enclave->mutex);
    enclave->is_stopping = true;
    pthread_cond_signal(&enclave->is_stopping_changed);
    pthread_mutex_unlock(&enclave->mutex);
    pthread_join(enclave->keeper, NULL);
    pthread_cond_destroy(&enclave->is_stopping_changed);
    pthread_mutex_destroy(&enclave->mutex);
    enclave->has_keeper = false;
}

static status config_open(slice json, struct log *log, struct config *config)
{
    uint8_t memory[256];
    struct builder where;
    builder_init(&where, memory, sizeof memory);
    const status result = config_read(json, &where, config);
    if (!status_is_ok(result)) {
        const log_field fields[] = {log_text("field", builder_view(&where))};
        log_write(log, LOG_LEVEL_ERROR, "config_refused", fields, ARRAY_COUNT(fields));
    }
    return result;
}

status enclave_read_files(const char *config_path, struct arena *memory,
                          struct enclave_settings *settings)
{
    slice json;
    TRY(file_read(config_path, CONFIG_SIZE_MAX, memory, &json));
    TRY(config_open(json, settings->log, &settings->config));
    return file_read(settings->config.ca_file, TLS_PEM_SIZE_MAX, memory, &settings->roots_pem);
}

static status signer_open(struct enclave *enclave)
{
    const struct config *config = &enclave->config;
    SCOPED(secret32_wipe) struct secret32 blinding = {0};
    TRY(random_read(blinding.bytes, sizeof blinding.bytes));
    TRY(k256_open(&enclave->curve, &blinding));
    enclave->rules = (struct signer_rules){
        .kms_key_count = config->kms_key_count,
        .epoch = config->epoch,
        .epoch_min = config->epoch_min,
        .verification = config->verification,
    };
    for (size_t i = 0; i < config->kms_key_count; i++) {
        enclave->rules.kms_key_hashes[i] = kms_key_hash(config_key_arn(config, i));
    }
    return status_ok();
}

static status keys_open(struct enclave *enclave, slice roots_pem)
{
    const struct kms_client_settings settings = {
        .config = &enclave->config,
        .roots_pem = roots_pem,
        .clock = trusted_time_clock(&enclave->time),
        .recipients = &enclave->recipients,
        .statistics = &enclave->statistics,
    };
    TRY(recipients_open(&enclave->self, &enclave->machine, &enclave->recipients));
    return kms_client_open(&settings, &enclave->kms);
}

static void started_log(const struct enclave *enclave)
{
    uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
    struct builder where;
    builder_init(&where, memory, sizeof memory);
    endpoint_print(server_endpoint(&enclave->server), &where);
    const log_field fields[] = {
        log_text("listen", builder_view(&where)),
        log_literal("mode", enclave->config.is_production ? "production" : "development"),
        log_hex("pcr0", hash48_view(&enclave->self.pcr0)),
        log_hex("config_hash", hash32_view(&enclave->config.hash)),
        log_bool("is_locked_down", enclave->service.is_locked_down),
    };
    log_write(enclave->log, LOG_LEVEL_INFO, "started", fields, ARRAY_COUNT(fields));
}

static status parts_open(const struct enclave_settings *settings, struct enclave *enclave)
{
    TRY(arena_open(&enclave->scratch, SELF_ARENA_SIZE));
    TRY(self_lock_configuration(&settings->nsm, &enclave->config, &enclave->scratch));
    arena_empty(&enclave->scratch);
    TRY(self_init(&settings->nsm, &enclave->config, &enclave->scratch, &enclave->self));
    arena_empty(&enclave->scratch);
    TRY(trusted_time_open(&settings->nsm, &enclave->machine, &enclave->scratch, &enclave->time));
    arena_empty(&enclave->scratch);
    TRY(keys_open(enclave, settings->roots_pem));
    TRY(signer_open(enclave));
    const struct service_settings service = {
        .config = &enclave->config,
        .self = &enclave->self,
        .rules = &enclave->rules,
        .curve = &enclave->curve,
        .keys = kms_client_port(&enclave->kms),
        .clock = trusted_time_clock(&enclave->time),
        .statistics = &enclave->statistics,
        .log = enclave->log,
    };
    TRY(service_open(&service, &enclave->service));
    TRY(server_open(&enclave->service, &enclave->server));
    return keeper_open(enclave);
}

status enclave_open(const struct enclave_settings *settings, struct enclave *enclave)
{
    memset(enclave, 0, sizeof *enclave);
    enclave->config = settings->config;
    enclave->log = settings->log;
    enclave->machine = clock_system();
    const status result = parts_open(settings, enclave);
    if (status_is_ok(result)) {
        started_log(enclave);
    } else {
        enclave_close(enclave);
    }
    return result;
}

void enclave_close(struct enclave *enclave)
{
    keeper_close(enclave);
    server_close(&enclave->server);
    service_close(&enclave->service);
    k256_close(&enclave->curve);
    kms_client_close(&enclave->kms);
    recipients_close(&enclave->recipients);
    trusted_time_close(&enclave->time);
    arena_close(&enclave->scratch);
}
