#include "serve/connection.h"

#include "base/secret.h"

/* ---- queues ---- */

void connection_leave(struct connection *connection, enum connection_place_kind kind)
{
    struct connection_place *place = &connection->places[kind];
    struct connection_queue *queue = place->queue;
    if (!queue) return;
    if (place->previous) place->previous->places[kind].next = place->next;
    else queue->first = place->next;
    if (place->next) place->next->places[kind].previous = place->previous;
    else queue->last = place->previous;
    *place = (struct connection_place){0};
}

void connection_join(struct connection *connection, enum connection_place_kind kind,
                     struct connection_queue *queue)
{
    struct connection_place *place = &connection->places[kind];
    if (place->queue == queue) return;
    connection_leave(connection, kind);
    *place = (struct connection_place){NULL, queue->last, queue};
    if (queue->last) queue->last->places[kind].next = connection;
    else queue->first = connection;
    queue->last = connection;
}

/* Runs it at the turn's end, where no function of it is under way. */
void connection_resume(struct connection *connection)
{
    connection_join(connection, CONNECTION_PLACE_RESUMED, &connection->home->resumed);
    loop_at_turn_end(connection->home->loop, &connection->home->hook);
}

/* What waits for memory is shown; what is starved of room for its bytes is not. */
static void show_waiting(struct connection_home *home, int change)
{
    home->waiting_count = (size_t)((ptrdiff_t)home->waiting_count + change);
    counters_set(&home->counters, COUNTERS_WAITING, home->waiting_count);
}

void connection_wait(struct connection *connection, enum exchange_memory_kind kind)
{
    connection_join(connection, CONNECTION_PLACE_WAIT, &connection->home->waiting[kind]);
    show_waiting(connection->home, 1);
}

void connection_stop_waiting(struct connection *connection)
{
    const struct connection_queue *queue = connection->places[CONNECTION_PLACE_WAIT].queue;
    if (!queue) return;
    if (queue != &connection->home->starved) show_waiting(connection->home, -1);
    connection_leave(connection, CONNECTION_PLACE_WAIT);
}

void connection_enter(struct connection *connection, enum connection_state state,
                      int64_t duration_ms)
{
    struct connection_home *home = connection->home;
    const bool was_body = connection->state == CONNECTION_BODY;
    /* One that begins a state anew goes to its end. */
    connection_leave(connection, CONNECTION_PLACE_STATE);
    connection_stop_waiting(connection);
    connection_join(connection, CONNECTION_PLACE_STATE, &home->states[state]);
    connection->state = state;
    connection->since_ms = loop_now_ms(home->loop);
    connection->deadline_ms = connection->since_ms + duration_ms;
    /* Another body may be the first now, which is given pages that no other is. */
    if (was_body && home->starved.first) connection_feed_starved(home);
}

void connection_count(struct connection *connection, enum counters_kind kind)
{
    counters_add(&connection->home->counters, kind, 1);
}

/* ---- memory that others wait for ---- */

static void resume_first(struct connection_queue *queue)
{
    if (queue->first) connection_resume(queue->first);
}

void connection_show_memory(struct connection_home *home, enum exchange_memory_kind kind)
{
    counters_set(&home->counters, COUNTERS_SMALL_USED + kind,
                 memories_used_count(&home->memories[kind]));
}

void connection_give_memory_back(struct connection *connection)
{
    struct connection_home *home = connection->home;
    struct memories *memories = connection->memories;
    if (!memories) return;
    memories_give_back(memories, connection->exchange.memory);
    connection->exchange.memory = NULL;
    connection->memories = NULL;
    const size_t kind = (size_t)(memories - home->memories);
    connection_show_memory(home, (enum exchange_memory_kind)kind);
    resume_first(&home->waiting[kind]);
}

/* After pages or blocks may have become free: those that wait for some look again. */
void connection_feed_starved(struct connection_home *home)
{
    counters_set(&home->counters, COUNTERS_BODY_MEMORY, pages_used_size(&home->intake.pages));
    struct connection *next;
    for (struct connection *each = home->starved.first; each; each = next) {
        next = each->places[CONNECTION_PLACE_WAIT].next;
        connection_resume(each);
    }
}

/* ---- the end ---- */

static void report(struct connection *connection, enum exchange_end end)
{
    struct exchange *exchange = &connection->exchange;
    const struct serve_service *service = connection->home->service;
    if (exchange->stage == EXCHANGE_NONE) return;
    if (end == EXCHANGE_CLIENT_GONE) connection_count(connection, COUNTERS_CLIENT_GONE);
    service->ended(service->context, exchange, end);
    exchange->stage = EXCHANGE_NONE;
    exchange->request.headers.count = 0;
    secret_wipe(exchange->state, service->state_size);
}

static void release_answer(struct connection *connection)
{
    struct connection_home *home = connection->home;
    if (connection->answer.size == 0) return;
    page_chain_release(&connection->answer, &home->answer_pages);
    counters_set(&home->counters, COUNTERS_ANSWER_MEMORY, pages_used_size(&home->answer_pages));
}

void connection_close(struct connection *connection, enum exchange_end end)
{
    struct connection_home *home = connection->home;
    report(connection, end);
    connection_give_memory_back(connection);
    release_answer(connection);
    connection_stop_waiting(connection);
    connection_leave(connection, CONNECTION_PLACE_STATE);
    connection_leave(connection, CONNECTION_PLACE_RESUMED);
    intake_release(&connection->intake, &home->intake);
    connection_feed_starved(home);
    loop_timer_cancel(home->loop, &connection->timer);
    loop_watch_remove(home->loop, &connection->watch);
    wire_close(&connection->wire);
    connection->state = CONNECTION_FREE;
    home->closed(home, connection);
}

/* Ends our direction; the rest of the peer's is read away (RFC 9112, section 9.6). */
void connection_say_goodbye(struct connection *connection)
{
    if (connection->is_gone) {
        connection_close(connection, EXCHANGE_CLIENT_GONE);
        return;
    }
    wire_shut(&connection->wire);
    connection->wants_write = false;
    intake_release(&connection->intake, &connection->home->intake);
    connection_feed_starved(connection->home);
    connection_enter(connection, CONNECTION_LINGERING, connection->home->deadlines.linger_ms);
}

/* The exchange is over, and so is the connection, or the next request may come. */
void connection_finish(struct connection *connection)
{
    struct connection_home *home = connection->home;
    report(connection, connection->is_gone ? EXCHANGE_CLIENT_GONE : EXCHANGE_ANSWERED);
    release_answer(connection);
    if (connection->is_last || connection->is_gone) {
        connection_say_goodbye(connection);
        return;
    }
    const bool had_pages = connection->intake.is_paged || connection->intake.is_wide;
    intake_next(&connection->intake, &home->intake);
    if (had_pages) connection_feed_starved(home);
    if (intake_is_empty(&connection->intake)) {
        connection_enter(connection, CONNECTION_IDLE, home->deadlines.idle_ms);
    } else {
        connection_enter(connection, CONNECTION_HEAD, home->deadlines.head_ms);
    }
}
