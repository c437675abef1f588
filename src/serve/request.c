#include "serve/request.h"

#include <assert.h>

#include "base/secret.h"
#include "serve/reply.h"

/* ---- requests ---- */

/* RFC 9110, section 10.1.1. HTTP/1.0 knows no expectations: they are ignored there. */
static bool check_expectation(struct connection *connection, bool *is_continue_wanted)
{
    slice expected = {0};
    *is_continue_wanted = false;
    if (connection->intake.framing.is_version_1_0 ||
        !http_headers_find(&connection->exchange.request.headers, "expect", &expected)) {
        return true;
    }
    *is_continue_wanted = http_name_equal(expected, slice_text("100-continue"));
    return *is_continue_wanted;
}

/* An interim response that does not leave whole at once would be in the answer's way. */
static void send_continue(struct connection *connection)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const slice parts[2] = {slice_of(text, sizeof text - 1)};
    size_t sent_size;
    const enum wire_step step =
        wire_send(&connection->wire, parts, connection->home->record, &sent_size);
    if (step != WIRE_DONE) connection->is_gone = true;
}

/* A body that is too large where none is expected is no matter of size. */
static void refuse_body(struct connection *connection, status failure)
{
    if (failure.detail != 413 || connection->exchange.body_size_max > 0) {
        reply_refuse_framing(connection, failure);
        return;
    }
    reply_refuse_framing(connection, REFUSAL(BAD_INPUT, 0, "request: must have no body"));
}

static void start_body(struct connection *connection, bool is_continue_wanted)
{
    const struct exchange *exchange = &connection->exchange;
    const struct serve_deadlines *deadlines = &connection->home->deadlines;
    const status started = intake_start_body(&connection->intake, exchange->body_size_max);
    if (!status_is_ok(started)) {
        refuse_body(connection, started);
        return;
    }
    if (is_continue_wanted && intake_is_body_awaited(&connection->intake)) {
        send_continue(connection);
    }
    if (intake_is_whole(&connection->intake)) return;
    connection_enter(connection, CONNECTION_BODY, deadlines->body_pause_ms);
    connection->body_end_ms = connection->since_ms + deadlines->body_ms;
}

/* The head is there: the program decides. */
static void judge(struct connection *connection)
{
    struct connection_home *home = connection->home;
    struct exchange *exchange = &connection->exchange;
    bool is_continue_wanted;
    reply_begin(connection);
    connection_count(connection, COUNTERS_REQUESTS);
    connection->is_last = connection->is_last || exchange->request.is_last;
    if (!check_expectation(connection, &is_continue_wanted)) {
        reply_refuse(connection, 417,
                     REFUSAL(BAD_INPUT, 0, "request: has an expectation we do not know"), true);
        return;
    }
    home->service->judge(home->service->context, exchange);
    arena_empty(&home->refusal_memory);
    if (exchange->stage == EXCHANGE_JUDGED) start_body(connection, is_continue_wanted);
}

static void wait_for_memory(struct connection *connection, enum exchange_memory_kind kind)
{
    struct connection_home *home = connection->home;
    if (connection->places[CONNECTION_PLACE_WAIT].queue) return;
    connection->deadline_ms = connection->since_ms + home->deadlines.wait_ms;
    connection_wait(connection, kind);
    connection_count(connection, COUNTERS_WAITED);
}

enum exchange_memory_kind request_memory_kind(const struct connection *connection)
{
    const enum exchange_memory_kind kind = connection->exchange.memory_kind;
    const bool is_small =
        intake_body_size(&connection->intake) <= connection->home->limits.small_body_size_max;
    return kind == EXCHANGE_SMALL && !is_small ? EXCHANGE_LARGE : kind;
}

static void handle(struct connection *connection)
{
    struct connection_home *home = connection->home;
    struct exchange *exchange = &connection->exchange;
    connection_enter(connection, CONNECTION_HANDLING, 0);
    exchange->stage = EXCHANGE_HANDLED;
    home->service->handle(home->service->context, exchange);
    assert(exchange->stage != EXCHANGE_HANDLED);
}

/* The request is whole: it is handled when there is memory, in the order of coming. */
bool request_step_wait(struct connection *connection)
{
    struct connection_home *home = connection->home;
    const enum exchange_memory_kind kind = request_memory_kind(connection);
    const struct connection *first = home->waiting[kind].first;
    struct arena *place = NULL;
    if (!first || first == connection) place = memories_take(&home->memories[kind]);
    if (!place) {
        wait_for_memory(connection, kind);
        return false;
    }
    connection_stop_waiting(connection);
    connection->memories = &home->memories[kind];
    connection->exchange.memory = place;
    connection_show_memory(home, kind);
    const status joined = intake_join_body(&connection->intake, &home->intake, place,
                                           &connection->exchange.request.body);
    if (connection->intake.is_paged) connection_feed_starved(home);
    if (!status_is_ok(joined)) {
        connection_give_memory_back(connection);
        reply_refuse(connection, 413, joined, true);
        return true;
    }
    handle(connection);
    return connection->state != CONNECTION_HANDLING && connection->state != CONNECTION_FREE;
}

static void begin_waiting(struct connection *connection)
{
    const struct serve_deadlines *deadlines = &connection->home->deadlines;
    connection_enter(connection, CONNECTION_WAITING, deadlines->wait_ms);
    connection->exchange.deadline_ms = connection->since_ms + deadlines->handle_ms;
    connection->exchange.received_size += intake_body_size(&connection->intake);
}

/* ---- receiving ---- */

/* The peer has said all it wanted to, and what we have of it is no request. */
static void take_end(struct connection *connection, bool is_broken)
{
    if (is_broken || connection->exchange.stage != EXCHANGE_NONE) connection->is_gone = true;
    if (connection->is_gone || connection->state == CONNECTION_LINGERING) {
        connection_close(connection, EXCHANGE_CLIENT_GONE);
        return;
    }
    wire_shut(&connection->wire);
    connection_close(connection, EXCHANGE_CLIENT_GONE);
}

/* Reads once. True when something came. */
static bool receive(struct connection *connection, uint8_t *space, size_t size_max, size_t *size)
{
    bool is_drained;
    const enum wire_step step = wire_receive(&connection->wire, space, size_max, size, &is_drained);
    /* Behind the last byte of a peer that has hung up there is its end, of which nothing tells. */
    if (is_drained && !(connection->has_hangup && step == WIRE_DONE)) {
        connection->is_readable = false;
    }
    if (step == WIRE_WANTS_WRITE) connection->wants_write = true;
    counters_add(&connection->home->counters, COUNTERS_RECEIVED, *size);
    if (step == WIRE_ENDED || step == WIRE_BROKEN) take_end(connection, step == WIRE_BROKEN);
    return step == WIRE_DONE;
}

static bool is_first_body(const struct connection *connection)
{
    return connection->home->states[CONNECTION_BODY].first == connection;
}

/* Something must come in every pause, and all of the body in time. */
static void expect_progress(struct connection *connection)
{
    struct connection_home *home = connection->home;
    const int64_t pause_end_ms = loop_now_ms(home->loop) + home->deadlines.body_pause_ms;
    connection->deadline_ms =
        pause_end_ms < connection->body_end_ms ? pause_end_ms : connection->body_end_ms;
}

static void starve(struct connection *connection)
{
    struct connection_home *home = connection->home;
    if (connection->places[CONNECTION_PLACE_WAIT].queue) return;
    connection_join(connection, CONNECTION_PLACE_WAIT, &home->starved);
    connection->starved_ms = loop_now_ms(home->loop);
    connection->deadline_ms = connection->starved_ms + home->deadlines.wait_ms;
}

/* The time without room was not the client's. */
static void feed(struct connection *connection)
{
    struct connection_home *home = connection->home;
    if (!connection->places[CONNECTION_PLACE_WAIT].queue) return;
    connection_stop_waiting(connection);
    connection->body_end_ms += loop_now_ms(home->loop) - connection->starved_ms;
    if (connection->state == CONNECTION_BODY) expect_progress(connection);
    else connection->deadline_ms = loop_now_ms(home->loop) + home->deadlines.head_ms;
}

/* Reads into the intake. True when something came and was taken. */
static bool take_in(struct connection *connection)
{
    struct connection_home *home = connection->home;
    size_t room, size;
    if (!connection->is_readable) return false;
    uint8_t *space =
        intake_space(&connection->intake, &home->intake, is_first_body(connection), &room);
    if (!space) {
        starve(connection);
        return false;
    }
    feed(connection);
    if (!receive(connection, space, room, &size)) return false;
    const status added = intake_add(&connection->intake, &home->intake, size);
    if (!status_is_ok(added)) refuse_body(connection, added);
    return true;
}

/* A block that was taken for bytes which then did not come is no use to an idle connection. */
static void drop_empty_block(struct connection *connection)
{
    struct intake *intake = &connection->intake;
    if (connection->state == CONNECTION_FREE || !intake->block) return;
    if (intake->block->used_size == 0) intake_release(intake, &connection->home->intake);
}

bool request_step_head(struct connection *connection)
{
    struct connection_home *home = connection->home;
    bool is_there;
    const status read =
        intake_read_head(&connection->intake, &connection->exchange.request, &is_there);
    if (!status_is_ok(read)) {
        reply_refuse_framing(connection, read);
        return true;
    }
    if (is_there) {
        judge(connection);
        if (connection->exchange.stage == EXCHANGE_JUDGED && intake_is_whole(&connection->intake)) {
            begin_waiting(connection);
        }
        return connection->state != CONNECTION_FREE;
    }
    if (connection->state == CONNECTION_IDLE && !intake_is_empty(&connection->intake)) {
        connection_enter(connection, CONNECTION_HEAD, home->deadlines.head_ms);
    }
    if (take_in(connection)) return true;
    drop_empty_block(connection);
    return false;
}

bool request_step_body(struct connection *connection)
{
    struct connection_home *home = connection->home;
    bool is_starved;
    const status advanced =
        intake_advance(&connection->intake, &home->intake, is_first_body(connection), &is_starved);
    counters_set(&home->counters, COUNTERS_BODY_MEMORY, pages_used_size(&home->intake.pages));
    if (!status_is_ok(advanced)) {
        refuse_body(connection, advanced);
        return true;
    }
    if (intake_is_whole(&connection->intake)) {
        begin_waiting(connection);
        return true;
    }
    if (is_starved) {
        starve(connection);
        return false;
    }
    feed(connection);
    if (!take_in(connection)) return false;
    if (connection->state == CONNECTION_BODY) expect_progress(connection);
    return true;
}

bool request_step_linger(struct connection *connection)
{
    size_t size;
    if (!connection->is_readable) return false;
    if (!receive(connection, connection->home->intake.scratch, INTAKE_SCRATCH_SIZE, &size)) {
        return false;
    }
    secret_wipe(connection->home->intake.scratch, size);
    connection->lingered_size += size;
    if (connection->lingered_size <= CONNECTION_LINGER_SIZE_MAX) return true;
    connection_close(connection, EXCHANGE_CLIENT_GONE);
    return false;
}
