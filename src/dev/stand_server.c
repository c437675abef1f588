#include "dev/stand_server.h"

#include <sys/socket.h>
#include <time.h>

#include "base/builder.h"
#include "http/reader.h"
#include "os/clock.h"

enum { ACCEPT_MS = 100, STEP_MS = 20 };

static bool is_stopping(struct stand_server *server)
{
    pthread_mutex_lock(&server->mutex);
    const bool stopping = server->is_stopping;
    pthread_mutex_unlock(&server->mutex);
    return stopping;
}

/* Waits in steps, so that stopping does not have to. */
static void wait_ms(struct stand_server *server, uint64_t duration_ms)
{
    const int64_t deadline_ms = clock_deadline_ms((int64_t)duration_ms);
    while (clock_monotonic_ms() < deadline_ms && !is_stopping(server)) {
        const struct timespec step = {.tv_nsec = clock_left_ms(deadline_ms, STEP_MS) * 1000000L};
        nanosleep(&step, NULL);
    }
}

static void stay_silent(struct stand_connection *connection, uint64_t duration_ms)
{
    uint8_t dropped[256];
    size_t size = 1;
    const int64_t deadline_ms =
        clock_deadline_ms(duration_ms > 0 ? (int64_t)duration_ms : STAND_SILENCE_MS);
    while (size > 0) {
        if (!status_is_ok(
                stream_read(&connection->stream, dropped, sizeof dropped, deadline_ms, &size))) {
            return;
        }
    }
}

static void fill_garbage(struct http_response *response)
{
    *response = (struct http_response){.code = 200,
                                       .reason = slice_text("OK"),
                                       .body = slice_text("{\"KeyId\": \x01\xff<garbage")};
}

/* Sends as much of the answer as the fault lets through. False: the connection ends. */
static bool send_response(struct stand_connection *connection, const struct stand_fault *fault,
                          const struct http_response *response, struct arena *arena)
{
    struct builder text;
    slice printed = {0};
    builder_init_arena(&text, arena, response->body.size + HTTP_HEAD_SIZE_MAX);
    if (!status_is_ok(http_response_print(response, &text)) ||
        !status_is_ok(builder_finish(&text, &printed))) {
        return false;
    }
    if (fault->kind == STAND_FAULT_CUT) printed = slice_part(printed, 0, (size_t)fault->value);
    if (printed.size > 0 && !status_is_ok(stream_write(&connection->stream, printed,
                                                       clock_deadline_ms(STAND_IDLE_MS)))) {
        return false;
    }
    return fault->kind != STAND_FAULT_CUT && !response->is_last;
}

/* Answers one request, or does what the fault says instead. False: the connection ends. */
static bool answer(struct stand_connection *connection, const struct http_request *request,
                   struct arena *arena)
{
    const struct stand_server_settings *settings = &connection->server->settings;
    struct stand_fault fault = {0};
    struct http_response response = {0};
    const struct stand_exchange exchange = {request, settings->service.operation(request), &fault,
                                            arena};
    const int64_t started_us = clock_monotonic_us();
    if (settings->faults) stand_faults_take(settings->faults, exchange.operation, &fault);
    if (fault.kind == STAND_FAULT_SILENCE) {
        stay_silent(connection, fault.value);
        return false;
    }
    if (fault.kind == STAND_FAULT_GARBAGE) fill_garbage(&response);
    else if (fault.kind == STAND_FAULT_STATUS) response.code = (uint16_t)fault.value;
    else settings->service.answer(settings->service.context, &exchange, &response);
    if (settings->faults) {
        stand_faults_count_busy(settings->faults, clock_monotonic_us() - started_us);
    }
    if (fault.kind == STAND_FAULT_DELAY) wait_ms(connection->server, fault.value);
    response.is_last = response.is_last || request->is_last;
    return send_response(connection, &fault, &response, arena);
}

static void refuse(struct stand_connection *connection, struct arena *arena)
{
    const struct stand_fault none = {0};
    const struct http_response response = {
        .code = 400, .reason = slice_text("Bad Request"), .is_last = true};
    (void)send_response(connection, &none, &response, arena);
}

/* Reads one request; false when there is none any more, or none that can be read. */
static bool read_request(struct stand_connection *connection, struct http_reader *reader,
                         struct http_request *request, struct arena *arena)
{
    const int64_t deadline_ms = clock_deadline_ms(STAND_IDLE_MS);
    for (;;) {
        bool is_done = false;
        size_t size = 0, room = 0;
        if (!status_is_ok(http_reader_request(reader, request, &is_done))) {
            refuse(connection, arena);
            return false;
        }
        if (is_done) return true;
        uint8_t *space = http_reader_space(reader, &room);
        if (!status_is_ok(stream_read(&connection->stream, space, room, deadline_ms, &size)) ||
            size == 0) {
            return false;
        }
        http_reader_add(reader, size);
    }
}

/* Requests until the connection or the server ends. */
static void serve_requests(struct stand_connection *connection, struct arena *messages,
                           struct arena *arena)
{
    struct http_reader reader;
    struct http_request request;
    void *memory = NULL;
    if (!status_is_ok(arena_take(messages, STAND_MESSAGE_SIZE_MAX, &memory))) return;
    http_reader_init(&reader, memory, STAND_MESSAGE_SIZE_MAX);
    while (!is_stopping(connection->server) && read_request(connection, &reader, &request, arena) &&
           answer(connection, &request, arena)) {
        http_reader_next(&reader);
        arena_empty(arena);
    }
}

static void serve(struct stand_connection *connection)
{
    SCOPED(arena_close) struct arena messages = {0};
    SCOPED(arena_close) struct arena arena = {0};
    const struct tls_server *tls = connection->server->settings.tls;
    if (tls && !status_is_ok(tls_server_start(tls, clock_deadline_ms(STAND_HANDSHAKE_MS),
                                              &connection->stream))) {
        return;
    }
    if (status_is_ok(arena_open(&messages, STAND_MESSAGE_SIZE_MAX)) &&
        status_is_ok(arena_open(&arena, STAND_ARENA_SIZE))) {
        serve_requests(connection, &messages, &arena);
    }
}

static void *run_connection(void *argument)
{
    struct stand_connection *connection = argument;
    serve(connection);
    /* The descriptor is closed under the lock: whoever stops the server shuts it down. */
    pthread_mutex_lock(&connection->server->mutex);
    stream_close(&connection->stream);
    connection->is_ended = true;
    pthread_mutex_unlock(&connection->server->mutex);
    return NULL;
}

/* A place for one more connection, joining the thread that had it before. NULL: full. */
static struct stand_connection *find_place(struct stand_server *server)
{
    for (size_t i = 0; i < STAND_CONNECTION_COUNT_MAX; i++) {
        struct stand_connection *connection = &server->connections[i];
        if (!connection->is_started) return connection;
        pthread_mutex_lock(&server->mutex);
        const bool is_ended = connection->is_ended;
        pthread_mutex_unlock(&server->mutex);
        if (!is_ended) continue;
        pthread_join(connection->thread, NULL);
        connection->is_started = false;
        return connection;
    }
    return NULL;
}

static void start_connection(struct stand_server *server, struct stream *stream)
{
    struct stand_connection *connection = find_place(server);
    if (!connection) {
        stream_close(stream);
        return;
    }
    pthread_mutex_lock(&server->mutex);
    *connection = (struct stand_connection){.server = server, .stream = *stream};
    connection->is_started =
        pthread_create(&connection->thread, NULL, run_connection, connection) == 0;
    if (!connection->is_started) stream_close(&connection->stream);
    pthread_mutex_unlock(&server->mutex);
}

static void *run_server(void *argument)
{
    struct stand_server *server = argument;
    while (!is_stopping(server)) {
        struct stream stream = {0};
        if (!status_is_ok(
                listener_accept(&server->listener, clock_deadline_ms(ACCEPT_MS), &stream))) {
            wait_ms(server, 1);
            continue;
        }
        if (server->settings.faults) stand_faults_count_connection(server->settings.faults);
        start_connection(server, &stream);
    }
    return NULL;
}

status stand_server_open(const struct stand_server_settings *settings, struct stand_server *server)
{
    *server = (struct stand_server){.settings = *settings};
    TRY(listener_open(&settings->endpoint, &server->listener));
    pthread_mutex_init(&server->mutex, NULL);
    if (pthread_create(&server->thread, NULL, run_server, server) != 0) {
        listener_close(&server->listener);
        FAIL(UNAVAILABLE, 0, "stand: no thread left");
    }
    server->is_open = true;
    return status_ok();
}

static void stop_connections(struct stand_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->is_stopping = true;
    for (size_t i = 0; i < STAND_CONNECTION_COUNT_MAX; i++) {
        const struct stand_connection *connection = &server->connections[i];
        if (connection->is_started && !connection->is_ended) {
            (void)shutdown(connection->stream.descriptor, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->mutex);
}

void stand_server_close(struct stand_server *server)
{
    if (!server->is_open) return;
    stop_connections(server);
    pthread_join(server->thread, NULL);
    /* A connection accepted while the first round went on. */
    stop_connections(server);
    for (size_t i = 0; i < STAND_CONNECTION_COUNT_MAX; i++) {
        if (server->connections[i].is_started) pthread_join(server->connections[i].thread, NULL);
    }
    listener_close(&server->listener);
    pthread_mutex_destroy(&server->mutex);
    server->is_open = false;
}

static slice control_operation(const struct http_request *request)
{
    return request->target;
}

static void control_answer(void *context, const struct stand_exchange *exchange,
                           struct http_response *response)
{
    stand_faults_answer(context, exchange->request, exchange->arena, response);
}

struct stand_service stand_server_control(struct stand_faults *faults)
{
    return (struct stand_service){faults, control_operation, control_answer};
}
