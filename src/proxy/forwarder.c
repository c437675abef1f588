#include "proxy/forwarder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "net/tcp.h"
#include "os/clock.h"

static slice endpoint_text(const endpoint *target, uint8_t memory[ENDPOINT_TEXT_SIZE_MAX])
{
    struct builder text;
    builder_init(&text, memory, ENDPOINT_TEXT_SIZE_MAX);
    endpoint_print(target, &text);
    return builder_view(&text);
}

/* Says something about a listener: where it listens, where it leads, and one number. */
static void route_log(struct forwarder *forwarder, enum log_level level, const char *event,
                      size_t route_index, log_field number)
{
    uint8_t at[ENDPOINT_TEXT_SIZE_MAX], to[ENDPOINT_TEXT_SIZE_MAX];
    const struct settings_route *route = &forwarder->settings->routes[route_index];
    const log_field fields[] = {
        log_text("listener", endpoint_text(&forwarder->routes[route_index].listener.bound, at)),
        log_text("destination", endpoint_text(&route->destination, to)),
        number,
    };
    log_write(forwarder->log, level, event, fields, ARRAY_COUNT(fields));
}

static void pinned_log(struct forwarder *forwarder, const struct settings_route *route)
{
    uint8_t from[ENDPOINT_TEXT_SIZE_MAX], to[ENDPOINT_TEXT_SIZE_MAX];
    const log_field fields[] = {
        log_text("destination", endpoint_text(&route->destination, from)),
        log_text("leads_to", endpoint_text(&route->target, to)),
    };
    log_write(forwarder->log, LOG_LEVEL_WARN, "destination_pinned", fields, ARRAY_COUNT(fields));
}

static status listeners_open(struct forwarder *forwarder)
{
    const struct settings *settings = forwarder->settings;
    for (size_t i = 0; i < settings->route_count; i++) {
        TRY(listener_open_mode(&settings->routes[i].listen, settings->unix_mode,
                               &forwarder->routes[i].listener));
        if (settings->routes[i].is_pinned) pinned_log(forwarder, &settings->routes[i]);
        route_log(forwarder, LOG_LEVEL_INFO, "listening", i,
                  log_u64("connections_max", settings->connection_count_max));
    }
    return status_ok();
}

static status everything_open(struct forwarder *forwarder)
{
    void *memory;
    const size_t size = forwarder->connection_count * sizeof(struct forwarder_connection);
    TRY(arena_open(&forwarder->memory, size));
    TRY(arena_take(&forwarder->memory, size, &memory));
    forwarder->connections = memory;
    forwarder->stop_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (forwarder->stop_descriptor < 0) {
        FAIL(UNAVAILABLE, errno, "forwarder: event cannot be made");
    }
    return listeners_open(forwarder);
}

status forwarder_open(struct forwarder *forwarder, const struct settings *settings, struct log *log)
{
    pthread_condattr_t monotonic;
    *forwarder = (struct forwarder){
        .settings = settings,
        .log = log,
        .connection_count = settings->route_count * settings->connection_count_max,
        .stop_descriptor = -1,
        .is_open = true,
    };
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&forwarder->mutex, NULL);
    pthread_cond_init(&forwarder->has_ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const status result = everything_open(forwarder);
    if (!status_is_ok(result)) forwarder_close(forwarder);
    return result;
}

/* Takes a place unless the listener is at its cap. There are as many places as all caps together. */
static struct forwarder_connection *place_take(struct forwarder *forwarder, size_t route_index)
{
    struct forwarder_connection *taken = NULL;
    struct forwarder_route *route = &forwarder->routes[route_index];
    pthread_mutex_lock(&forwarder->mutex);
    if (route->open_count < forwarder->settings->connection_count_max) {
        for (size_t i = 0; i < forwarder->connection_count && !taken; i++) {
            if (!forwarder->connections[i].is_busy) taken = &forwarder->connections[i];
        }
    }
    if (taken) {
        taken->is_busy = true;
        taken->forwarder = forwarder;
        taken->route_index = route_index;
        route->open_count++;
        forwarder->open_count++;
    } else {
        route->refused_count++;
    }
    pthread_mutex_unlock(&forwarder->mutex);
    return taken;
}

static void place_give_back(struct forwarder_connection *connection)
{
    struct forwarder *forwarder = connection->forwarder;
    stream_close(&connection->client);
    pthread_mutex_lock(&forwarder->mutex);
    connection->is_busy = false;
    forwarder->routes[connection->route_index].open_count--;
    forwarder->open_count--;
    pthread_cond_broadcast(&forwarder->has_ended);
    pthread_mutex_unlock(&forwarder->mutex);
}

static void failure_log(const struct forwarder_connection *connection, const char *event,
                        status result)
{
    uint8_t to[ENDPOINT_TEXT_SIZE_MAX];
    const struct forwarder *forwarder = connection->forwarder;
    const endpoint *destination = &forwarder->settings->routes[connection->route_index].destination;
    const log_field fields[] = {
        log_text("destination", endpoint_text(destination, to)),
        log_literal("kind", failure_kind_print(result.failure->kind)),
        log_literal("message", status_message(result)),
        log_i64("detail", result.detail),
    };
    log_write(forwarder->log, LOG_LEVEL_WARN, event, fields, ARRAY_COUNT(fields));
}

static void ended_log(const struct forwarder_connection *connection, status result,
                      int64_t started_at_ms)
{
    uint8_t to[ENDPOINT_TEXT_SIZE_MAX];
    const struct forwarder *forwarder = connection->forwarder;
    const endpoint *destination = &forwarder->settings->routes[connection->route_index].destination;
    const log_field fields[] = {
        log_text("destination", endpoint_text(destination, to)),
        log_u64("sent_size", connection->relay.forward.done_size),
        log_u64("received_size", connection->relay.backward.done_size),
        log_i64("duration_ms", clock_monotonic_ms() - started_at_ms),
        log_literal("reason", status_message(result)),
    };
    log_write(forwarder->log, LOG_LEVEL_INFO, "connection_ended", fields, ARRAY_COUNT(fields));
}

static void connection_relay(struct forwarder_connection *connection)
{
    SCOPED(stream_close) struct stream upstream = {0};
    struct forwarder *forwarder = connection->forwarder;
    const struct settings *settings = forwarder->settings;
    const int64_t started_at_ms = clock_monotonic_ms();
    const status dialed = tcp_dial(&settings->routes[connection->route_index].target,
                                   clock_deadline_ms(settings->connect_ms_max), &upstream);
    if (!status_is_ok(dialed)) {
        failure_log(connection, "destination_unreachable", dialed);
        return;
    }
    relay_init(&connection->relay, &connection->client, &upstream);
    connection->relay.idle_ms_max = settings->idle_ms_max;
    connection->relay.stop_descriptor = forwarder->stop_descriptor;
    ended_log(connection, relay_run(&connection->relay), started_at_ms);
}

static void *connection_run(void *context)
{
    connection_relay(context);
    place_give_back(context);
    return NULL;
}

static status thread_start(struct forwarder_connection *connection)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    int reason = pthread_attr_init(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "forwarder: thread cannot be started");
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, FORWARDER_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reason = pthread_create(&thread, &attributes, connection_run, connection);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "forwarder: thread cannot be started");
    return status_ok();
}

static void connection_start(struct forwarder *forwarder, size_t route_index, struct stream *client)
{
    struct forwarder_connection *connection = place_take(forwarder, route_index);
    if (!connection) {
        stream_close(client);
        /* Only this thread counts refusals, so it may read them. */
        route_log(forwarder, LOG_LEVEL_WARN, "connection_refused_at_cap", route_index,
                  log_u64("refused_count", forwarder->routes[route_index].refused_count));
        return;
    }
    connection->client = *client;
    const status result = thread_start(connection);
    if (!status_is_ok(result)) {
        failure_log(connection, "connection_refused", result);
        place_give_back(connection);
    }
}

/* Takes what is waiting, but not for ever: the other listeners want their turn. */
static bool route_accept(struct forwarder *forwarder, size_t route_index)
{
    for (size_t i = 0; i < LISTENER_BACKLOG; i++) {
        struct stream client;
        const status result = listener_accept(&forwarder->routes[route_index].listener, 0, &client);
        if (stream_is_late(result)) return true;
        if (!status_is_ok(result)) {
            route_log(forwarder, LOG_LEVEL_WARN, "accept_failed", route_index,
                      log_i64("detail", result.detail));
            return false;
        }
        connection_start(forwarder, route_index, &client);
    }
    return true;
}

static void drain(struct forwarder *forwarder, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    int reason = 0;
    pthread_mutex_lock(&forwarder->mutex);
    while (forwarder->open_count > 0 && reason == 0) {
        reason = pthread_cond_timedwait(&forwarder->has_ended, &forwarder->mutex, &until);
    }
    pthread_mutex_unlock(&forwarder->mutex);
}

void forwarder_run(struct forwarder *forwarder, const struct shutdown *shutdown)
{
    struct pollfd targets[SETTINGS_ROUTE_COUNT_MAX + 1] = {
        {.fd = shutdown->descriptor, .events = POLLIN}};
    const size_t route_count = forwarder->settings->route_count;
    for (size_t i = 0; i < route_count; i++) {
        targets[i + 1] =
            (struct pollfd){.fd = forwarder->routes[i].listener.descriptor, .events = POLLIN};
    }
    for (;;) {
        const int count = poll(targets, (nfds_t)route_count + 1, -1);
        bool has_room = count >= 0 || errno == EINTR;
        if (count > 0 && targets[0].revents) break;
        for (size_t i = 0; i < route_count && count > 0; i++) {
            if (targets[i + 1].revents) has_room &= route_accept(forwarder, i);
        }
        /* Without room, asking again at once would only burn the machine's time. */
        if (!has_room && shutdown_wait(shutdown, clock_deadline_ms(FORWARDER_BACKOFF_MS))) break;
    }
    for (size_t i = 0; i < route_count; i++) listener_close(&forwarder->routes[i].listener);
    drain(forwarder, clock_deadline_ms(forwarder->settings->grace_ms));
}

void forwarder_close(struct forwarder *forwarder)
{
    const uint64_t one = 1;
    if (!forwarder->is_open) return;
    for (size_t i = 0; i < SETTINGS_ROUTE_COUNT_MAX; i++) {
        listener_close(&forwarder->routes[i].listener);
    }
    if (forwarder->stop_descriptor >= 0 &&
        write(forwarder->stop_descriptor, &one, sizeof one) == (ssize_t)sizeof one) {
        drain(forwarder, clock_deadline_ms(FORWARDER_CLOSING_MS_MAX));
    }
    pthread_mutex_lock(&forwarder->mutex);
    const bool is_used = forwarder->open_count > 0;
    pthread_mutex_unlock(&forwarder->mutex);
    /* A thread that hangs in a lookup still uses all of this; the process is about to end. */
    if (is_used) return;
    if (forwarder->stop_descriptor >= 0) close(forwarder->stop_descriptor);
    pthread_cond_destroy(&forwarder->has_ended);
    pthread_mutex_destroy(&forwarder->mutex);
    arena_close(&forwarder->memory);
    *forwarder = (struct forwarder){0};
}
