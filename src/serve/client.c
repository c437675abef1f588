#include "serve/client.h"

#include "base/array.h"
#include "serve/reply.h"
#include "serve/request.h"

static const uint32_t read_events = EPOLLIN | EPOLLRDHUP | EPOLLET;

static bool step_handshake(struct connection *connection)
{
    struct connection_home *home = connection->home;
    struct builder name;
    const enum wire_step step = wire_handshake(&connection->wire);
    connection->wants_write = step == WIRE_WANTS_WRITE;
    if (step == WIRE_WANTS_READ) connection->is_readable = false;
    if (step == WIRE_ENDED || step == WIRE_BROKEN) {
        connection_count(connection, COUNTERS_HANDSHAKE_FAILED);
        /* OpenSSL has sent its alert; a reset must not overtake it. */
        connection_say_goodbye(connection);
        return connection->state != CONNECTION_FREE;
    }
    if (step != WIRE_DONE) return false;
    builder_init(&name, connection->peer.name, sizeof connection->peer.name);
    if (connection->wire.is_tls) {
        connection->peer.has_certificate = tls_session_peer(&connection->wire.session, &name);
        connection->peer.name_size = builder_is_over(&name) ? 0 : name.size;
    }
    connection->is_readable = true;
    connection_enter(connection, CONNECTION_HEAD, home->deadlines.head_ms);
    return true;
}

/* ---- turns ---- */

/* One step. False when nothing more can be done now. */
static bool step(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HANDSHAKE: return step_handshake(connection);
    case CONNECTION_HEAD:
    case CONNECTION_IDLE: return request_step_head(connection);
    case CONNECTION_BODY: return request_step_body(connection);
    case CONNECTION_WAITING: return request_step_wait(connection);
    case CONNECTION_ANSWERING: return reply_step(connection);
    case CONNECTION_LINGERING: return request_step_linger(connection);
    case CONNECTION_HANDLING:
    case CONNECTION_FREE: break;
    }
    return false;
}

static void watch_for(struct connection *connection, uint32_t events)
{
    if (connection->events == events) return;
    connection->events = events;
    loop_watch_change(connection->home->loop, &connection->watch, events);
}

static void run(struct connection *connection)
{
    size_t left_count = CONNECTION_STEP_COUNT_MAX;
    bool has_more = true;
    connection->is_running = true;
    while (left_count-- > 0 && has_more) has_more = step(connection);
    connection->is_running = false;
    if (connection->state == CONNECTION_FREE) return;
    if (has_more) {
        /* Others come first: not in this turn. */
        loop_timer_set(connection->home->loop, &connection->timer,
                       loop_now_ms(connection->home->loop) + 1);
        return;
    }
    watch_for(connection, connection->wants_write ? read_events | EPOLLOUT : read_events);
    /* The program has its own deadline; the timer is left where it is, and finds that out. */
    if (connection->state == CONNECTION_HANDLING) return;
    loop_timer_set(connection->home->loop, &connection->timer, connection->deadline_ms);
}

static void ready(struct loop_watch *watch, uint32_t events)
{
    uint8_t *bytes = (uint8_t *)watch - offsetof(struct connection, watch);
    struct connection *connection = (struct connection *)(void *)bytes;
    if (events & ~(uint32_t)EPOLLOUT) connection->is_readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->has_hangup = true;
    if (events & (EPOLLHUP | EPOLLERR) && connection->state != CONNECTION_LINGERING) {
        connection->is_gone = true;
    }
    if (events & EPOLLOUT) connection->wants_write = false;
    run(connection);
}

static void late_request(struct connection *connection)
{
    const bool is_starved = connection->places[CONNECTION_PLACE_WAIT].queue != NULL;
    if (is_starved) {
        connection_count(connection, COUNTERS_REFUSED_BODY);
        reply_refuse(connection, 503, REFUSAL(OVER_LIMIT, 0, "request: there is no room for it"),
                     true);
    } else if (connection->state == CONNECTION_BODY) {
        connection_count(connection, COUNTERS_LATE_BODY);
        reply_refuse(connection, 408, REFUSAL(UNAVAILABLE, 0, "request: its body took too long"),
                     true);
    } else if (intake_is_empty(&connection->intake)) {
        connection_count(connection, COUNTERS_LATE_HEAD);
        connection_say_goodbye(connection);
    } else {
        connection_count(connection, COUNTERS_LATE_HEAD);
        reply_refuse(connection, 408, REFUSAL(UNAVAILABLE, 0, "request: its head took too long"),
                     true);
    }
}

static void late(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_HANDSHAKE:
        connection_count(connection, COUNTERS_LATE_HANDSHAKE);
        connection_close(connection, EXCHANGE_CLIENT_GONE);
        break;
    case CONNECTION_HEAD:
    case CONNECTION_BODY: late_request(connection); break;
    case CONNECTION_WAITING:
        connection_count(connection, COUNTERS_REFUSED_SMALL + request_memory_kind(connection));
        reply_refuse(connection, 503,
                     REFUSAL(OVER_LIMIT, 0, "service: too many requests are under way"), false);
        break;
    case CONNECTION_ANSWERING:
        connection_count(connection, COUNTERS_LATE_ANSWER);
        connection_close(connection, EXCHANGE_TOO_SLOW);
        break;
    case CONNECTION_IDLE:
        connection_count(connection, COUNTERS_IDLE_CLOSED);
        connection_say_goodbye(connection);
        break;
    case CONNECTION_LINGERING: connection_close(connection, EXCHANGE_CLIENT_GONE); break;
    case CONNECTION_HANDLING:
    case CONNECTION_FREE: break;
    }
}

static void due(struct loop_timer *timer, int64_t now_ms)
{
    uint8_t *bytes = (uint8_t *)timer - offsetof(struct connection, timer);
    struct connection *connection = (struct connection *)(void *)bytes;
    if (connection->state == CONNECTION_HANDLING) return;
    if (now_ms >= connection->deadline_ms) {
        connection->is_running = true;
        late(connection);
        connection->is_running = false;
        if (connection->state == CONNECTION_FREE) return;
    }
    run(connection);
}

static void run_resumed(struct loop_hook *hook)
{
    uint8_t *bytes = (uint8_t *)hook - offsetof(struct connection_home, hook);
    struct connection_home *home = (struct connection_home *)(void *)bytes;
    struct connection *connection;
    while ((connection = home->resumed.first)) {
        connection_leave(connection, CONNECTION_PLACE_RESUMED);
        run(connection);
    }
}

/* ---- opening ---- */

size_t client_home_memory_size(const struct serve_limits *limits)
{
    return intake_home_memory_size(limits) + limits->answer_memory_size + PAGES_PAGE_SIZE +
           memories_memory_size(limits->request_count, limits->small_memory_size) +
           memories_memory_size(limits->large_count, limits->large_memory_size) +
           memories_memory_size(limits->probe_count, limits->probe_memory_size) +
           EXCHANGE_REFUSAL_MEMORY_SIZE + EXCHANGE_HEAD_SIZE_MAX + WIRE_RECORD_SIZE_MAX + 256;
}

status client_home_init(struct connection_home *home, struct arena *memory)
{
    const struct serve_limits *limits = &home->limits;
    struct memories *memories = home->memories;
    void *refusal, *head, *record;
    TRY(intake_home_init(&home->intake, memory, limits));
    TRY(pages_init(&home->answer_pages, memory, limits->answer_memory_size));
    TRY(memories_init(&memories[EXCHANGE_SMALL], memory, limits->request_count,
                      limits->small_memory_size));
    TRY(memories_init(&memories[EXCHANGE_LARGE], memory, limits->large_count,
                      limits->large_memory_size));
    TRY(memories_init(&memories[EXCHANGE_PROBE], memory, limits->probe_count,
                      limits->probe_memory_size));
    TRY(arena_take(memory, EXCHANGE_REFUSAL_MEMORY_SIZE, &refusal));
    TRY(arena_take(memory, EXCHANGE_HEAD_SIZE_MAX, &head));
    TRY(arena_take(memory, WIRE_RECORD_SIZE_MAX, &record));
    arena_init(&home->refusal_memory, refusal, EXCHANGE_REFUSAL_MEMORY_SIZE);
    home->answer_head = head;
    home->record = record;
    home->exchange.answer = reply_take;
    home->hook.run = run_resumed;
    return status_ok();
}

status client_open(struct connection *connection, struct connection_home *home, int descriptor,
                   const struct serve_peer *peer, const struct tls_server *tls)
{
    void *state = connection->exchange.state;
    *connection = (struct connection){
        .home = home,
        .watch = {.descriptor = descriptor, .ready = ready},
        .timer = {.due = due},
        .peer = *peer,
        .events = read_events,
        .exchange = {.state = state, .home = &home->exchange},
    };
    status opened = wire_open(&connection->wire, descriptor, tls);
    if (status_is_ok(opened)) opened = loop_watch_add(home->loop, &connection->watch, read_events);
    if (!status_is_ok(opened)) {
        wire_close(&connection->wire);
        return opened;
    }
    if (tls) connection_enter(connection, CONNECTION_HANDSHAKE, home->deadlines.handshake_ms);
    else connection_enter(connection, CONNECTION_HEAD, home->deadlines.head_ms);
    loop_timer_set(home->loop, &connection->timer, connection->deadline_ms);
    return status_ok();
}

bool client_make_room(struct connection_home *home)
{
    static const enum connection_state order[] = {CONNECTION_IDLE, CONNECTION_LINGERING,
                                                  CONNECTION_HEAD, CONNECTION_HANDSHAKE};
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        struct connection *oldest = home->states[order[i]].first;
        const bool has_time = order[i] == CONNECTION_HEAD || order[i] == CONNECTION_HANDSHAKE;
        if (!oldest) continue;
        if (has_time && loop_now_ms(home->loop) - oldest->since_ms < CONNECTION_HEAD_PATIENCE_MS) {
            continue;
        }
        connection_count(oldest, COUNTERS_EVICTED);
        connection_close(oldest, EXCHANGE_CLIENT_GONE);
        return true;
    }
    return false;
}

static void close_those(struct connection_home *home, enum connection_state state)
{
    struct connection *next;
    for (struct connection *each = home->states[state].first; each; each = next) {
        next = each->places[CONNECTION_PLACE_STATE].next;
        if (!intake_is_empty(&each->intake)) continue;
        connection_say_goodbye(each);
        if (each->state != CONNECTION_FREE) connection_resume(each);
    }
}

void client_close_idle(struct connection_home *home)
{
    close_those(home, CONNECTION_IDLE);
    close_those(home, CONNECTION_HEAD);
}
