#include <malloc.h>

#include "credentials/places.h"
#include "net/tcp.h"
#include "os/file.h"
#include "os/flags.h"
#include "os/harden.h"
#include "os/random.h"
#include "os/shutdown.h"
#include "parent/options.h"
#include "parent/server.h"
#include "parent/service.h"
#include "parent/stores.h"

enum { OPTIONS_ARENA_SIZE = 4 * TLS_PEM_SIZE_MAX, TICK_MS = 1000 };

/* Everything the process holds, closed in the reverse order of its opening. */
static struct {
    struct log log;
    struct shutdown shutdown;
    struct arena arena;
    struct options options;
    struct credentials_places places;
    struct stores stores;
    struct service service;
    struct server server;
} program;

static status open_credentials(void)
{
    const struct credentials_places_settings places = {
        .region = program.options.region,
        .sts_endpoint = program.options.sts_endpoint,
        .ca_file = program.options.ca_file,
        .imds_endpoint = program.options.imds_endpoint,
        .dial = tcp_dial,
        .clock = clock_system(),
    };
    struct credentials_settings settings = {.clock = clock_system(), .log = &program.log};
    TRY(credentials_places_open(&program.places, &places));
    credentials_places_fill(&program.places, &settings);
    return credentials_source_open(&program.service.credentials, &settings);
}

static status open_store(void)
{
    const struct stores_settings settings = {
        .store = slice_text(program.options.store),
        .region = program.options.region,
        .dynamodb_endpoint = program.options.dynamodb_endpoint,
        .ca_file = program.options.ca_file,
        .credentials = {credentials_source_get, credentials_source_refuse,
                        &program.service.credentials},
    };
    return stores_open(&program.stores, &settings, &program.service.store);
}

static status open_service(void)
{
    struct service *service = &program.service;
    const struct options *options = &program.options;
    uint64_t seed;
    const struct enclave_link_settings link = {options->enclave, tcp_dial,
                                               options->enclave_connection_count};
    const struct workers_limits limits = {options->worker_count, SERVICE_WORKER_QUEUE_COUNT,
                                          SERVICE_WORKER_ARENA_SIZE};
    service->tokens = options->tokens;
    service->log = &program.log;
    service->clock = clock_system();
    service->key_arn = options->key_arn ? slice_text(options->key_arn) : slice_of(NULL, 0);
    service->metrics_are_open = options->metrics_are_open;
    pthread_mutex_init(&service->creating_mutex, NULL);
    pthread_mutex_init(&service->readiness_mutex, NULL);
    TRY(open_credentials());
    TRY(open_store());
    TRY(random_read((uint8_t *)&seed, sizeof seed));
    TRY(record_cache_open(&service->records, options->record_cache_count, seed));
    TRY(enclave_link_open(&service->link, &link));
    return workers_open(&service->workers, &limits);
}

static void close_all(void)
{
    server_close(&program.server);
    workers_close(&program.service.workers);
    enclave_link_close(&program.service.link);
    record_cache_close(&program.service.records);
    stores_close(&program.stores);
    credentials_source_close(&program.service.credentials);
    credentials_places_close(&program.places);
    shutdown_close(&program.shutdown);
    arena_close(&program.arena);
}

static status announce(void)
{
    uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    endpoint_print(&program.server.listener.bound, &text);
    const log_field fields[] = {log_text("listen", builder_view(&text))};
    log_write(&program.log, LOG_LEVEL_INFO, "serving", fields, ARRAY_COUNT(fields));
    if (!program.options.ready_file) return status_ok();
    return file_write(program.options.ready_file, builder_view(&text), FILE_MODE_PUBLIC);
}

/* Serves until asked to stop; then requests under way end, however badly, within bounds. */
static void serve(void)
{
    while (!shutdown_wait(&program.shutdown, clock_deadline_ms(TICK_MS))) {
        server_tick(&program.server);
    }
    log_write(&program.log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    const status stopped = server_stop(&program.server, clock_deadline_ms(SERVER_STOP_MS_MAX));
    if (status_is_ok(stopped)) return;
    log_failure(&program.log, LOG_LEVEL_WARN, "stopping_late", slice_of(NULL, 0), stopped);
    enclave_link_stop(&program.service.link);
    const status drained =
        workers_drain(&program.service.workers, clock_deadline_ms(SERVER_STOP_MS_MAX));
    log_failure(&program.log, LOG_LEVEL_WARN, "stopping_late", slice_of(NULL, 0), drained);
}

static status run(void)
{
    const struct server_settings settings = {
        .service = &program.service, .listen = program.options.listen, .tls = program.options.tls};
    TRY(open_service());
    TRY(server_open(&program.server, &settings));
    TRY(announce());
    serve();
    return status_ok();
}

int main(int argc, char **argv)
{
    static struct flags flags;
    status result = harden_close_inherited();
    log_init_standard(&program.log, options_program.name);
    if (status_is_ok(result)) result = flags_parse(&options_program, argc, argv, &flags);
    if (!status_is_ok(result)) {
        flags_explain(&options_program, argc, argv, result);
        return 2;
    }
    if (flags.outcome == FLAGS_DONE) return 0;
    /* Few heaps: each thread's own would cost more memory than it saves time. */
    mallopt(M_ARENA_MAX, 2);
    result = harden_process();
    if (status_is_ok(result)) result = harden_raise_descriptors();
    if (status_is_ok(result)) result = shutdown_open(&program.shutdown);
    if (status_is_ok(result)) result = arena_open(&program.arena, OPTIONS_ARENA_SIZE);
    if (status_is_ok(result)) result = options_read(&flags, &program.arena, &program.options);
    program.log.level_min = program.options.log_level;
    if (status_is_ok(result)) result = harden_system_calls(HARDEN_PARENT);
    if (status_is_ok(result)) result = run();
    close_all();
    log_failure(&program.log, LOG_LEVEL_ERROR, "ended", slice_of(NULL, 0), result);
    return status_is_ok(result) ? 0 : 1;
}
