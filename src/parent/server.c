#include "parent/server.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "os/random.h"
#include "parent/head.h"
#include "parent/problem.h"

static const uint16_t no_index = UINT16_MAX;

/* ---- places for requests ---- */

static struct request *take_request(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    const bool has_room = server->free_request_count > 0;
    const uint16_t index = has_room ? server->free_requests[--server->free_request_count] : 0;
    pthread_mutex_unlock(&server->mutex);
    if (!has_room) return NULL;
    struct request *request = &server->requests[index];
    *request = (struct request){
        .service = server->service,
        .slot_index = index,
        .memory = {.memory = server->small_memory + index * (size_t)REQUEST_SMALL_MEMORY_SIZE,
                   .size_max = REQUEST_SMALL_MEMORY_SIZE},
    };
    return request;
}

/* Exchanges the small memory, of which nothing was taken yet, for large. */
static bool take_large(struct server *server, struct request *request)
{
    pthread_mutex_lock(&server->mutex);
    const bool has_room = server->free_large_count > 0;
    const uint16_t index = has_room ? server->free_large[--server->free_large_count] : 0;
    pthread_mutex_unlock(&server->mutex);
    if (!has_room) return false;
    request->is_large = true;
    request->memory =
        (struct arena){.memory = server->large_memory + index * (size_t)REQUEST_LARGE_MEMORY_SIZE,
                       .size_max = REQUEST_LARGE_MEMORY_SIZE};
    return true;
}

static void give_request_back(struct server *server, struct request *request)
{
    arena_empty(&request->memory);
    pthread_mutex_lock(&server->mutex);
    if (request->is_large) {
        const size_t offset = (size_t)(request->memory.memory - server->large_memory);
        server->free_large[server->free_large_count++] =
            (uint16_t)(offset / REQUEST_LARGE_MEMORY_SIZE);
    }
    server->free_requests[server->free_request_count++] = (uint16_t)request->slot_index;
    pthread_mutex_unlock(&server->mutex);
}

/* Takes the caller's id over if it is a good one, else makes one that nobody else makes. */
static void name_request(struct server *server, struct request *request, const struct head *head)
{
    if (head_is_request_id(head->request_id)) {
        memcpy(request->id, head->request_id.bytes, head->request_id.size);
        return;
    }
    uint64_t number = atomic_fetch_add_explicit(&server->id_counter, 1, memory_order_relaxed);
    uint64_t prefix = server->id_prefix;
    for (size_t i = 16; i-- > 0; number >>= 4, prefix >>= 4) {
        request->id[i] = "0123456789abcdef"[prefix & 15];
        request->id[16 + i] = "0123456789abcdef"[number & 15];
    }
}

/* ---- answering ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Without memory for a header the answer goes without it. */
    (void)!MHD_add_response_header(response, name, value);
}

static enum MHD_Result send_answer(struct request *request)
{
    union {
        const uint8_t *view;
        void *memory; /* the library only reads it */
    } body = {request->answer.bytes};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(request->answer.size, body.memory, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    request->is_done = true;
    add_header(response, "Content-Type", request->content_type);
    add_header(response, "X-Request-Id", request->id);
    if (request->allow) add_header(response, "Allow", request->allow);
    if (request->problem == PROBLEM_UNAUTHORIZED) {
        add_header(response, "WWW-Authenticate", "Bearer");
    }
    if (request->problem == PROBLEM_OVER_LIMIT || request->problem == PROBLEM_UNAVAILABLE ||
        request->problem == PROBLEM_STOPPING) {
        add_header(response, "Retry-After", "1");
    }
    if (request->is_closing || atomic_load(&request->service->is_stopping)) {
        add_header(response, "Connection", "close");
    }
    const enum MHD_Result queued =
        MHD_queue_response(request->connection, request->http_code, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse_head(struct request *request, enum problem problem, status failure)
{
    request->failure = failure;
    request_refuse(request, problem, slice_of(NULL, 0), slice_text(status_message(failure)));
    return send_answer(request);
}

/* ---- deciding by the head ---- */

static struct server_connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Asking for certificates is the library's part, judging them ours. Once a connection. */
static status check_client_certificate(struct server *server, struct MHD_Connection *connection,
                                       struct server_connection *known)
{
    if (!server->checks_client_certificates || (known && known->is_verified)) return status_ok();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned problems = 1;
    REQUIRE(info && info->tls_session, DENIED, "tls: a client certificate is needed");
    const int error = gnutls_certificate_verify_peers2(info->tls_session, &problems);
    if (error != GNUTLS_E_SUCCESS) FAIL(DENIED, error, "tls: a client certificate is needed");
    if (problems != 0) FAIL(DENIED, (int64_t)problems, "tls: client certificate is not trusted");
    if (known) known->is_verified = true;
    return status_ok();
}

static status stopping(void)
{
    FAIL(UNAVAILABLE, 0, "service: is stopping");
}

static status not_there(void)
{
    FAIL(NOT_FOUND, 0, "path: there is nothing here");
}

static status not_this_method(void)
{
    FAIL(BAD_INPUT, 0, "method: is not one of those this path has");
}

static status head_too_large(void)
{
    FAIL(OVER_LIMIT, 0, "request: its head must be at most 8192 bytes");
}

static status body_too_large(void)
{
    FAIL(OVER_LIMIT, 0, "request: its body must be at most 65536 bytes");
}

static status body_not_expected(void)
{
    FAIL(BAD_INPUT, 0, "request: must have no body");
}

static status too_many_large(void)
{
    FAIL(OVER_LIMIT, 0, "service: too many large requests at once");
}

static size_t head_size_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

/* Makes room for the body, which is whole when the handler runs. */
static status make_room(struct server *server, struct request *request, uint64_t body_size)
{
    const bool is_large =
        request->route->memory == ROUTE_MEMORY_LARGE || body_size > REQUEST_SMALL_BODY_SIZE_MAX;
    if (is_large && !take_large(server, request)) return too_many_large();
    builder_init_arena(&request->body, &request->memory, (size_t)body_size);
    return status_ok();
}

static enum MHD_Result decide(struct server *server, struct request *request,
                              const struct head *head, const struct routes_match *match)
{
    uint64_t body_size;
    const struct service *service = server->service;
    const status framed = head_check_framing(head, &body_size);
    if (!status_is_ok(framed)) {
        request->is_closing = true;
        return refuse_head(request, PROBLEM_BAD_INPUT, framed);
    }
    if (head_size_of(request->connection) > REQUEST_HEAD_SIZE_MAX) {
        request->is_closing = true;
        return refuse_head(request, PROBLEM_HEADERS_TOO_LARGE, head_too_large());
    }
    const status certified =
        check_client_certificate(server, request->connection, connection_of(request->connection));
    if (!status_is_ok(certified)) return refuse_head(request, PROBLEM_UNAUTHORIZED, certified);
    const bool is_open = match->route->guard == ROUTE_OPEN ||
                         (match->route->guard == ROUTE_SCRAPED && service->metrics_are_open);
    const status allowed = tokens_check(&service->tokens, head->authorization);
    if (!is_open && !status_is_ok(allowed)) {
        return refuse_head(request, PROBLEM_UNAUTHORIZED, allowed);
    }
    if (atomic_load(&service->is_stopping) && match->route->id != ROUTE_HEALTH &&
        match->route->id != ROUTE_READY) {
        return refuse_head(request, PROBLEM_STOPPING, stopping());
    }
    if (match->allow) {
        request->allow = match->allow;
        return refuse_head(request, PROBLEM_METHOD_NOT_ALLOWED, not_this_method());
    }
    if (match->route->id == ROUTE_NONE) {
        return refuse_head(request, PROBLEM_NOT_FOUND, not_there());
    }
    if (body_size > REQUEST_BODY_SIZE_MAX) {
        request->is_closing = true;
        return refuse_head(request, PROBLEM_BODY_TOO_LARGE, body_too_large());
    }
    if (!match->route->has_body && body_size > 0) {
        request->is_closing = true;
        return refuse_head(request, PROBLEM_BAD_INPUT, body_not_expected());
    }
    const status roomy = make_room(server, request, body_size);
    if (!status_is_ok(roomy)) return refuse_head(request, PROBLEM_OVER_LIMIT, roomy);
    const status named = head_read_account(match->id, request);
    if (!status_is_ok(named)) return refuse_head(request, PROBLEM_BAD_INPUT, named);
    const status asked = head_read_parameters(request);
    if (!status_is_ok(asked)) return refuse_head(request, PROBLEM_BAD_INPUT, asked);
    return MHD_YES;
}

static enum MHD_Result begin(struct server *server, struct MHD_Connection *connection,
                             struct routes_match *match, void **context)
{
    struct head head = {0};
    struct request *request = take_request(server);
    if (!request) return MHD_NO;
    *context = request;
    request->connection = connection;
    request->route = match->route;
    request->started_us = clock_monotonic_us();
    atomic_fetch_add(&server->service->metrics.in_flight_count, 1);
    struct server_connection *known = connection_of(connection);
    if (known) known->waiting_since_ms = 0;
    head_read(connection, &head);
    name_request(server, request, &head);
    return decide(server, request, &head, match);
}

/* ---- receiving the body, running the handler ---- */

static enum MHD_Result collect(struct request *request, const char *data, size_t *size)
{
    const int64_t spent_us = clock_monotonic_us() - request->started_us;
    if (spent_us > (int64_t)REQUEST_BODY_MS_MAX * 1000) return MHD_NO;
    builder_put(&request->body, slice_of(data, *size));
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result go_on(struct request *request)
{
    enum request_next next = REQUEST_ANSWERED;
    if (!request->has_started) {
        request->has_started = true;
        request->deadline_ms = clock_deadline_ms(REQUEST_DEADLINE_MS);
        slice body;
        if (!status_is_ok(builder_finish(&request->body, &body))) {
            request->is_closing = true;
            return refuse_head(request, PROBLEM_BODY_TOO_LARGE, body_too_large());
        }
        next = request->route->handler(request);
    } else if (request->finish) {
        enum request_next (*finish)(struct request *) = request->finish;
        request->finish = NULL;
        next = finish(request);
    }
    return next == REQUEST_WAITING ? MHD_YES : send_answer(request);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **request_context)
{
    struct server *server = context;
    struct request *request = *request_context;
    (void)version;
    if (!request) {
        struct routes_match match;
        routes_find(slice_text(method), slice_text(url), &match);
        return begin(server, connection, &match, request_context);
    }
    if (request->is_done) return MHD_YES;
    if (*data_size > 0) return collect(request, data, data_size);
    return go_on(request);
}

static void write_log(const struct server *server, const struct request *request,
                      int64_t duration_us)
{
    const log_field fields[] = {
        log_request_id(slice_text(request->id)),
        log_literal("route", request->route->label),
        log_literal("method", request->route->method),
        log_u64("status", request->http_code),
        log_literal("result", problem_code(request->problem)),
        log_i64("duration_us", duration_us),
        log_text("account", slice_text(request->account)),
    };
    const bool has_account = request->account[0] != 0;
    log_write_each(server->service->log, LOG_LEVEL_INFO, "request", fields,
                   ARRAY_COUNT(fields) - (has_account ? 0 : 1));
    if (request->http_code >= 500 && request->failure.failure) {
        log_failure(server->service->log, LOG_LEVEL_WARN, "request_failed", slice_text(request->id),
                    request->failure);
    }
}

static void completed(void *context, struct MHD_Connection *connection, void **request_context,
                      enum MHD_RequestTerminationCode why)
{
    struct server *server = context;
    struct request *request = *request_context;
    if (!request) return;
    const int64_t duration_us = clock_monotonic_us() - request->started_us;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && !request->is_done) {
        request->problem = PROBLEM_UNAVAILABLE; /* the caller left, or was too slow */
        request->http_code = 0;
    }
    metrics_record_request(&server->service->metrics, request->route->id, request->problem,
                           duration_us);
    write_log(server, request, duration_us);
    *request_context = NULL;
    struct server_connection *known = connection_of(connection);
    if (known) known->waiting_since_ms = clock_monotonic_ms();
    give_request_back(server, request);
    atomic_fetch_sub(&server->service->metrics.in_flight_count, 1);
}

/* ---- connections ---- */

static void connection_changed(void *context, struct MHD_Connection *connection,
                               void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    pthread_mutex_lock(&server->mutex);
    if (code == MHD_CONNECTION_NOTIFY_STARTED && server->first_free_connection != no_index) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct server_connection *known = &server->connections[server->first_free_connection];
        server->first_free_connection = known->next_free;
        *known = (struct server_connection){.descriptor = info ? info->connect_fd : -1,
                                            .waiting_since_ms = clock_monotonic_ms()};
        *socket_context = known;
        atomic_fetch_add(&server->service->metrics.connection_count, 1);
    } else if (code == MHD_CONNECTION_NOTIFY_CLOSED && *socket_context) {
        struct server_connection *known = *socket_context;
        known->descriptor = -1;
        known->next_free = server->first_free_connection;
        server->first_free_connection = (uint16_t)(known - server->connections);
        *socket_context = NULL;
    }
    pthread_mutex_unlock(&server->mutex);
}

void server_tick(struct server *server)
{
    const int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&server->mutex);
    for (size_t i = 0; i < SERVER_CONNECTION_COUNT_MAX; i++) {
        const struct server_connection *known = &server->connections[i];
        if (known->descriptor < 0 || known->waiting_since_ms == 0) continue;
        /* The library still owns the descriptor: it sees an end and closes it. */
        if (now_ms - known->waiting_since_ms > SERVER_HEAD_MS_MAX) {
            shutdown(known->descriptor, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&server->mutex);
}

/* ---- opening and closing ---- */

static status take_memory(struct server *server)
{
    const size_t count = SERVER_CONNECTION_COUNT_MAX;
    const size_t small_size = count * REQUEST_SMALL_MEMORY_SIZE;
    const size_t large_size = SERVER_LARGE_COUNT_MAX * (size_t)REQUEST_LARGE_MEMORY_SIZE;
    void *requests, *free_requests, *free_large, *connections, *small, *large;
    TRY(arena_open(&server->arena,
                   small_size + large_size +
                       count * (sizeof(struct request) + sizeof(struct server_connection) + 2) +
                       4096));
    TRY(arena_take(&server->arena, count * sizeof(struct request), &requests));
    TRY(arena_take(&server->arena, count * sizeof(struct server_connection), &connections));
    TRY(arena_take(&server->arena, count * sizeof(uint16_t), &free_requests));
    TRY(arena_take(&server->arena, SERVER_LARGE_COUNT_MAX * sizeof(uint16_t), &free_large));
    TRY(arena_take(&server->arena, small_size, &small));
    TRY(arena_take(&server->arena, large_size, &large));
    server->requests = requests;
    server->connections = connections;
    server->free_requests = free_requests;
    server->free_large = free_large;
    server->small_memory = small;
    server->large_memory = large;
    return status_ok();
}

/* The places used last are used next, so that a quiet service touches little memory. */
static void fill_free_lists(struct server *server)
{
    server->free_request_count = SERVER_CONNECTION_COUNT_MAX;
    server->free_large_count = SERVER_LARGE_COUNT_MAX;
    for (size_t i = 0; i < SERVER_CONNECTION_COUNT_MAX; i++) {
        server->free_requests[i] = (uint16_t)(SERVER_CONNECTION_COUNT_MAX - 1 - i);
        const bool is_last = i + 1 == SERVER_CONNECTION_COUNT_MAX;
        server->connections[i] = (struct server_connection){
            .descriptor = -1, .next_free = is_last ? no_index : (uint16_t)(i + 1)};
    }
    for (size_t i = 0; i < SERVER_LARGE_COUNT_MAX; i++) {
        server->free_large[i] = (uint16_t)(SERVER_LARGE_COUNT_MAX - 1 - i);
    }
}

/* Percent-decoding is ours: the library's would split at encoded slashes and end at encoded NULs. */
static size_t leave_encoded(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void ignore_complaint(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments; /* they may quote what a caller sent */
}

static void *text_of(slice pem)
{
    union {
        const uint8_t *view;
        void *memory; /* the library only reads it */
    } text = {pem.bytes};
    return text.memory;
}

static status start_daemon(struct server *server, const struct server_tls *tls)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[8];
    size_t count = 0;
    if (tls->certificate_pem.size > 0) {
        flags |= MHD_USE_TLS;
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, text_of(tls->certificate_pem)};
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, text_of(tls->key_pem)};
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0,
            text_of(
                slice_text("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM"
                           ":+AES-256-GCM:+CHACHA20-POLY1305:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"))};
        if (tls->client_ca_pem.size > 0) {
            options[count++] =
                (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, text_of(tls->client_ca_pem)};
        }
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    /*
     * A descriptor that libmicrohttpd closes when it stops. It is never asked to go quiet before:
     * its threads and the caller would then both take the descriptor out of their epoll sets, and
     * whoever comes second aborts the process.
     */
    const int listening = fcntl(server->listener.descriptor, F_DUPFD_CLOEXEC, 0);
    if (listening < 0) FAIL(UNAVAILABLE, errno, "server: too few descriptors");
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, ignore_complaint, NULL,
        MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)SERVER_THREAD_COUNT, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)SERVER_THREAD_STACK_SIZE, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTION_COUNT_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SERVER_IDLE_S_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)SERVER_CONNECTION_MEMORY_SIZE, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED, completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_ARRAY, options,
        MHD_OPTION_END);
    REQUIRE(server->daemon, UNAVAILABLE,
            "server: could not be started (check the TLS certificate and key)");
    return status_ok();
}

static status open_parts(struct server *server, const struct server_settings *settings)
{
    uint8_t prefix[8];
    TRY(take_memory(server));
    fill_free_lists(server);
    TRY(random_read(prefix, sizeof prefix));
    memcpy(&server->id_prefix, prefix, sizeof prefix);
    TRY(listener_open(&settings->listen, &server->listener));
    return start_daemon(server, &settings->tls);
}

status server_open(struct server *server, const struct server_settings *settings)
{
    *server = (struct server){.service = settings->service, .is_open = true};
    server->checks_client_certificates = settings->tls.client_ca_pem.size > 0;
    pthread_mutex_init(&server->mutex, NULL);
    const status opened = open_parts(server, settings);
    if (!status_is_ok(opened)) server_close(server);
    return opened;
}

status server_stop(struct server *server, int64_t deadline_ms)
{
    atomic_store(&server->service->is_stopping, true);
    while (atomic_load(&server->service->metrics.in_flight_count) > 0) {
        if (clock_left_ms(deadline_ms, 10) == 0) {
            FAIL(UNAVAILABLE, ETIMEDOUT, "server: requests did not end in time");
        }
        poll(NULL, 0, 10);
    }
    return status_ok();
}

void server_close(struct server *server)
{
    if (!server->is_open) return;
    if (server->daemon) MHD_stop_daemon(server->daemon);
    listener_close(&server->listener);
    pthread_mutex_destroy(&server->mutex);
    /* What requests left was wiped as each ended; emptying would touch all of it again. */
    server->arena.used_size = 0;
    arena_close(&server->arena);
    *server = (struct server){0};
}
