#include "serve/reply.h"

#include <assert.h>

#include "base/secret.h"

/* ---- answering ---- */

static struct connection *connection_of(struct exchange *exchange)
{
    uint8_t *bytes = (uint8_t *)exchange - offsetof(struct connection, exchange);
    return (struct connection *)(void *)bytes;
}

static enum answer_connection what_to_say(const struct connection *connection)
{
    if (connection->is_last) return ANSWER_CLOSES;
    return connection->intake.framing.is_version_1_0 ? ANSWER_KEEPS_ALIVE : ANSWER_SAYS_NOTHING;
}

static slice print_head(struct connection *connection, const struct exchange_answer *answer,
                        bool *is_printed)
{
    struct connection_home *home = connection->home;
    struct builder head;
    const slice date = answer_date_at(&home->date, clock_read_wall_ms(&home->clock));
    const enum answer_connection says = what_to_say(connection);
    builder_init(&head, home->answer_head, EXCHANGE_HEAD_SIZE_MAX);
    *is_printed = status_is_ok(answer_print(answer, date, says, &head));
    if (!*is_printed) {
        connection->exchange.code = 500;
        answer_print_failure(date, says, &head);
    }
    return builder_view(&head);
}

/* Cuts those that have been draining for longest, until there is room for this much. */
static bool make_answer_room(struct connection *connection, size_t size)
{
    struct connection_home *home = connection->home;
    while (pages_room(&home->answer_pages, &connection->answer, 0) < size) {
        struct connection *oldest = home->states[CONNECTION_ANSWERING].first;
        if (!oldest || oldest == connection) return false;
        connection_count(oldest, COUNTERS_REFUSED_ANSWER);
        connection_close(oldest, EXCHANGE_TOO_SLOW);
    }
    return true;
}

/* Keeps what did not leave, so that the memory that it was built in need not wait for the client. */
static void keep_rest(struct connection *connection, const slice parts[2], size_t sent_size)
{
    struct connection_home *home = connection->home;
    const size_t of_second = sent_size > parts[0].size ? sent_size - parts[0].size : 0;
    const slice first = slice_part(parts[0], sent_size, parts[0].size);
    const slice second = slice_part(parts[1], of_second, parts[1].size);
    if (!make_answer_room(connection, first.size + second.size)) {
        connection_count(connection, COUNTERS_REFUSED_ANSWER);
        connection->is_gone = true;
        return;
    }
    page_chain_put(&connection->answer, &home->answer_pages, first);
    page_chain_put(&connection->answer, &home->answer_pages, second);
    counters_set(&home->counters, COUNTERS_ANSWER_MEMORY, pages_used_size(&home->answer_pages));
}

static void note_sent(struct connection *connection, enum wire_step step, size_t size)
{
    counters_add(&connection->home->counters, COUNTERS_SENT, size);
    connection->exchange.sent_size += size;
    if (step == WIRE_BROKEN || step == WIRE_ENDED) connection->is_gone = true;
    if (step == WIRE_WANTS_WRITE) connection->wants_write = true;
    if (step == WIRE_WANTS_READ) connection->is_readable = false;
}

static void send_first(struct connection *connection, const struct exchange_answer *answer)
{
    const bool has_body = !slice_equal(connection->exchange.request.method, slice_text("HEAD"));
    bool is_printed;
    size_t sent_size;
    const slice head = print_head(connection, answer, &is_printed);
    const slice parts[2] = {head, has_body && is_printed ? answer->body : slice_of(NULL, 0)};
    const enum wire_step step =
        wire_send(&connection->wire, parts, connection->home->record, &sent_size);
    note_sent(connection, step, sent_size);
    if (step != WIRE_DONE && !connection->is_gone) keep_rest(connection, parts, sent_size);
}

/* Called from within a function of ours, or from a turn of the program's own. */
void reply_take(struct exchange *exchange, const struct exchange_answer *answer)
{
    struct connection *connection = connection_of(exchange);
    struct connection_home *home = connection->home;
    const bool is_refusal = !connection->memories;
    connection->is_last = connection->is_last || home->is_draining || exchange->is_closing ||
                          (is_refusal && !intake_skip_body(&connection->intake));
    if (!connection->is_gone) send_first(connection, answer);
    connection_give_memory_back(connection);
    exchange->request.body = slice_of(NULL, 0);
    connection_enter(connection, CONNECTION_ANSWERING, home->deadlines.answer_ms);
    /* The end of a refusal is seen to by who asked for it. */
    if (is_refusal) return;
    if (connection->answer.size == 0) connection_finish(connection);
    if (!connection->is_running && connection->state != CONNECTION_FREE)
        connection_resume(connection);
}

bool reply_step(struct connection *connection)
{
    struct connection_home *home = connection->home;
    uint8_t *scratch = home->intake.scratch;
    while (connection->answer.size > 0 && !connection->is_gone) {
        size_t sent_size;
        const slice parts[2] = {
            slice_of(scratch, page_chain_copy(&connection->answer, scratch, INTAKE_SCRATCH_SIZE))};
        const enum wire_step step = wire_send(&connection->wire, parts, home->record, &sent_size);
        secret_wipe(scratch, parts[0].size);
        page_chain_drop(&connection->answer, &home->answer_pages, sent_size);
        note_sent(connection, step, sent_size);
        if (step != WIRE_DONE && !connection->is_gone) return false;
    }
    counters_set(&home->counters, COUNTERS_ANSWER_MEMORY, pages_used_size(&home->answer_pages));
    connection_finish(connection);
    return connection->state != CONNECTION_FREE;
}

/* ---- refusing ---- */

void reply_begin(struct connection *connection)
{
    struct connection_home *home = connection->home;
    struct exchange *exchange = &connection->exchange;
    exchange->home = &home->exchange;
    exchange->stage = EXCHANGE_JUDGED;
    exchange->peer = &connection->peer;
    exchange->memory = &home->refusal_memory;
    exchange->body_size_max = 0;
    exchange->memory_kind = EXCHANGE_SMALL;
    exchange->is_closing = false;
    exchange->code = 0;
    exchange->started_us = loop_now_us(home->loop);
    exchange->deadline_ms = 0;
    exchange->sent_size = 0;
    exchange->received_size = connection->intake.head_size;
}

void reply_refuse(struct connection *connection, unsigned code, status failure, bool is_last)
{
    struct connection_home *home = connection->home;
    struct exchange *exchange = &connection->exchange;
    if (exchange->stage == EXCHANGE_NONE) {
        exchange->request = (struct http_request){0};
        reply_begin(connection);
    }
    connection_count(connection, COUNTERS_PROBLEMS);
    connection->is_last = connection->is_last || is_last;
    exchange->memory = &home->refusal_memory;
    exchange->stage = EXCHANGE_JUDGED;
    home->service->problem(home->service->context, exchange, code, failure);
    assert(exchange->stage == EXCHANGE_DECIDED);
    arena_empty(&home->refusal_memory);
}

void reply_refuse_framing(struct connection *connection, status failure)
{
    reply_refuse(connection, failure.detail == 0 ? 400 : (unsigned)failure.detail, failure, true);
}
