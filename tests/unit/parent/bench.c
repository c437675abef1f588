#include "bench.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp.h"
#include "os/clock.h"

const char bench_token[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";

static bool take_one(atomic_int *count)
{
    int left = atomic_load(count);
    while (left > 0) {
        if (atomic_compare_exchange_weak(count, &left, left - 1)) return true;
    }
    return left < 0;
}

/* ---- the store ---- */

static status enter(struct bench_store *store)
{
    const int64_t started_ms = clock_monotonic_ms();
    while (clock_monotonic_ms() - started_ms < atomic_load(&store->delay_ms)) poll(NULL, 0, 5);
    if (take_one(&store->down_count)) FAIL(UNAVAILABLE, 0, "store: is down, as told");
    return status_ok();
}

static status get(void *context, slice name, int64_t deadline_ms, struct stored_account *account)
{
    struct bench_store *store = context;
    atomic_fetch_add(&store->get_count, 1);
    TRY(enter(store));
    if (atomic_load(&store->has_put) && take_one(&store->unreadable_count)) {
        FAIL(UNAVAILABLE, 0, "store: cannot be read, as told");
    }
    return store->inner.operations->get(store->inner.context, name, deadline_ms, account);
}

static status find_by_address(void *context, slice address, int64_t deadline_ms,
                              struct stored_account *account)
{
    struct bench_store *store = context;
    atomic_fetch_add(&store->get_count, 1);
    TRY(enter(store));
    return store->inner.operations->find_by_address(store->inner.context, address, deadline_ms,
                                                    account);
}

static status put_if_absent(void *context, const struct stored_account *account,
                            int64_t deadline_ms)
{
    struct bench_store *store = context;
    atomic_fetch_add(&store->put_count, 1);
    atomic_store(&store->has_put, true);
    TRY(enter(store));
    if (take_one(&store->ambiguous_lost)) return store_ambiguous(0);
    TRY(store->inner.operations->put_if_absent(store->inner.context, account, deadline_ms));
    if (take_one(&store->ambiguous_kept)) return store_ambiguous(0);
    return status_ok();
}

static status replace_if_version(void *context, const struct stored_account *account,
                                 uint64_t version, int64_t deadline_ms)
{
    struct bench_store *store = context;
    return store->inner.operations->replace_if_version(store->inner.context, account, version,
                                                       deadline_ms);
}

static status list(void *context, slice after_name, int64_t deadline_ms, struct store_page *page)
{
    struct bench_store *store = context;
    TRY(enter(store));
    return store->inner.operations->list(store->inner.context, after_name, deadline_ms, page);
}

static status check_ready(void *context, int64_t deadline_ms)
{
    struct bench_store *store = context;
    TRY(enter(store));
    return store->inner.operations->check_ready(store->inner.context, deadline_ms);
}

static const struct store_operations operations = {
    get, find_by_address, put_if_absent, replace_if_version, list, check_ready,
};

/* ---- credentials ---- */

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    static const struct aws_credentials_parts parts = {
        .access_key_id = SLICE_LITERAL("ASIAEXAMPLEEXAMPLE00"),
        .secret = SLICE_LITERAL("planted-secret-access-key-planted-secret"),
        .session_token = SLICE_LITERAL("planted-session-token"),
    };
    (void)context;
    (void)deadline_ms;
    return aws_credentials_init(&parts, credentials);
}

/* ---- the service ---- */

static void must(status result)
{
    if (status_is_ok(result)) return;
    fprintf(stderr, "bench: %s (%s:%d, %lld)\n", status_message(result), result.failure->file,
            result.failure->line, (long long)result.detail);
    abort();
}

static void open_service(struct bench *bench, const struct bench_settings *settings)
{
    struct service *service = &bench->service;
    const struct credentials_settings credentials = {
        .fetchers = {{"fixed", fetch, NULL}},
        .fetcher_count = 1,
        .clock = clock_system(),
        .log = &bench->log,
    };
    const struct enclave_link_settings link = {bench->enclave.where, endpoint_dial, 2};
    const struct workers_limits limits = {8, 64, SERVICE_WORKER_ARENA_SIZE};
    service->log = &bench->log;
    service->clock = clock_system();
    service->store = (struct store){&operations, &bench->store};
    pthread_mutex_init(&service->creating_mutex, NULL);
    pthread_mutex_init(&service->readiness_mutex, NULL);
    if (settings->has_token) must(tokens_read(slice_text(bench_token), &service->tokens));
    must(credentials_source_open(&service->credentials, &credentials));
    must(record_cache_open(&service->records, settings->record_cache_count, 42));
    must(enclave_link_open(&service->link, &link));
    must(workers_open(&service->workers, &limits));
}

void bench_open(struct bench *bench, const struct bench_settings *settings)
{
    memset(bench, 0, sizeof *bench);
    bench->log_file = memfd_create("log", MFD_CLOEXEC);
    const struct log_settings log = {"enw-parent", LOG_LEVEL_DEBUG, bench->log_file,
                                     clock_system()};
    log_init(&bench->log, &log);
    fake_enclave_open(&bench->enclave);
    must(memory_store_open(&bench->store.memory, 64));
    bench->store.inner = memory_store_port(&bench->store.memory);
    open_service(bench, settings);
    struct server_settings server = {.service = &bench->service, .tls = settings->tls};
    if (settings->is_unix) {
        server.listen = bench->enclave.where;
        memcpy(server.listen.path + strlen(server.listen.path) - 12, "service.sock", 12);
    } else {
        must(endpoint_parse(slice_text("tcp:127.0.0.1:0"), &server.listen));
    }
    must(server_open(&bench->server, &server));
    for (int i = 0; i < 6000; i++) {
        const bool has_link = enclave_link_read_state(&bench->service.link).up_count == 2;
        if (has_link && credentials_source_read_state(&bench->service.credentials).is_usable) break;
        poll(NULL, 0, 10);
    }
    bench->is_open = true;
}

void bench_close(struct bench *bench)
{
    if (!status_is_ok(server_stop(&bench->server, clock_deadline_ms(60000)))) {
        fprintf(stderr, "bench: requests did not end\n");
        enclave_link_stop(&bench->service.link);
    }
    server_close(&bench->server);
    workers_close(&bench->service.workers);
    enclave_link_close(&bench->service.link);
    record_cache_close(&bench->service.records);
    credentials_source_close(&bench->service.credentials);
    memory_store_close(&bench->store.memory);
    fake_enclave_close(&bench->enclave);
    close(bench->log_file);
}

/* ---- the client ---- */

int bench_connect(struct bench *bench)
{
    struct stream stream = {0};
    must(tcp_dial(&bench->server.listener.bound, clock_deadline_ms(60000), &stream));
    const int flags = fcntl(stream.descriptor, F_GETFL);
    fcntl(stream.descriptor, F_SETFL, flags & ~O_NONBLOCK);
    const struct timeval patience = {60, 0};
    setsockopt(stream.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return stream.descriptor;
}

void bench_send(int descriptor, slice bytes)
{
    while (bytes.size > 0) {
        const ssize_t size = send(descriptor, bytes.bytes, bytes.size, MSG_NOSIGNAL);
        if (size <= 0) return;
        bytes = slice_part(bytes, (size_t)size, bytes.size);
    }
}

static size_t find(slice bytes, const char *text)
{
    const slice wanted = slice_text(text);
    for (size_t i = 0; i + wanted.size <= bytes.size; i++) {
        if (slice_equal(slice_part(bytes, i, wanted.size), wanted)) return i;
    }
    return bytes.size;
}

bool bench_has(slice bytes, const char *text)
{
    return find(bytes, text) < bytes.size;
}

/* Whether what was read is a whole answer; then its parts are set. */
static bool is_whole(struct bench_answer *answer)
{
    const slice all = slice_of(answer->memory, answer->size);
    const size_t end = find(all, "\r\n\r\n");
    if (end == all.size) return false;
    answer->head = slice_part(all, 0, end + 2);
    answer->body = slice_part(all, end + 4, all.size);
    answer->code = atoi(answer->memory + 9);
    const size_t at = find(answer->head, "Content-Length: ");
    if (at == answer->head.size) return true;
    const size_t size = strtoul((const char *)answer->head.bytes + at + 16, NULL, 10);
    return answer->body.size >= size;
}

void bench_read(int descriptor, struct bench_answer *answer)
{
    answer->size = 0;
    answer->code = 0;
    answer->head = answer->body = slice_of("", 0);
    for (;;) {
        const ssize_t size = recv(descriptor, answer->memory + answer->size,
                                  sizeof answer->memory - answer->size, 0);
        if (size <= 0) return;
        answer->size += (size_t)size;
        if (is_whole(answer)) return;
    }
}

void bench_call_on(int descriptor, const char *method, const char *path, const char *body,
                   struct bench_answer *answer)
{
    char text[256 * 1024];
    int size;
    if (body) {
        size = snprintf(text, sizeof text,
                        "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        method, path, bench_token, strlen(body), body);
    } else {
        size = snprintf(text, sizeof text,
                        "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", method,
                        path, bench_token);
    }
    bench_send(descriptor, slice_of(text, (size_t)size));
    bench_read(descriptor, answer);
}

void bench_call(struct bench *bench, const char *method, const char *path, const char *body,
                struct bench_answer *answer)
{
    const int descriptor = bench_connect(bench);
    bench_call_on(descriptor, method, path, body, answer);
    close(descriptor);
}

slice bench_read_log(struct bench *bench, char *memory, size_t size_max)
{
    const ssize_t size = pread(bench->log_file, memory, size_max, 0);
    return slice_of(memory, size > 0 ? (size_t)size : 0);
}
