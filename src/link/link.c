#include "link/link.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "os/random.h"

static void count(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void count_one_more(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- the life of a call ---- */

/* Takes the call out of the link: its place in the book is free, and an answer to it is late. */
static void forget(struct link *link, struct link_call *call)
{
    link_queue_remove(call);
    book_leave(&link->book, call);
    call->peer = NULL;
    count(&link->counters.in_flight, book_count(&link->book));
}

static void finish(struct link *link, struct link_call *call, status outcome,
                   const struct frame *reply)
{
    forget(link, call);
    call->done(call, outcome, reply);
}

/* Calls' `done` may start and cancel any call, so each is taken off the front when its turn comes. */
static void finish_all(struct link *link, struct link_queue *finished, status outcome)
{
    while (finished->first) finish(link, finished->first, outcome, NULL);
}

static void move(struct link_call *call, struct link_queue *queue)
{
    link_queue_remove(call);
    link_queue_append(queue, call);
}

static void flush_later(struct link *link)
{
    if (link->is_hooked) return;
    link->is_hooked = true;
    loop_at_turn_end(link->loop, &link->hook);
}

/* The timer is never set later here: when it is due, what is to come is looked for anew. */
static void look_at(struct link *link, int64_t due_ms)
{
    if (link->look_ms <= due_ms) return;
    link->look_ms = due_ms;
    loop_timer_set(link->loop, &link->timer, due_ms);
}

static int64_t grace_end_ms(const struct link *link)
{
    return link->down_since_ms + LINK_GRACE_MS;
}

static status link_is_away(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: is not connected");
}

static status link_broke(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: the connection broke before the answer");
}

static status no_answer(void)
{
    FAIL(UNAVAILABLE, ETIMEDOUT, "enclave: did not answer in time");
}

static status link_is_closing(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: the service is stopping");
}

static bool is_away(const struct link *link)
{
    return link->up_count == 0 && loop_now_ms(link->loop) >= grace_end_ms(link);
}

static void number_call(struct link *link, struct link_call *call)
{
    book_enter(&link->book, call);
    call->peer = NULL;
    call->after_number = 0;
    call->attempt_count = 0;
    count(&link->counters.in_flight, book_count(&link->book));
}

static status check_start(const struct link *link, const struct link_call *call)
{
    if (!link->is_open || link->is_closing) return link_is_closing();
    TRY(call_check_request(&call->request));
    /* The last places are for pings: a full link must still find out that its enclave is gone. */
    REQUIRE(book_count(&link->book) < LINK_CALL_COUNT_MAX - LINK_CONNECTION_COUNT_MAX, OVER_LIMIT,
            "enclave: too many calls are under way");
    return is_away(link) ? link_is_away() : status_ok();
}

status link_start(struct link *link, struct link_call *call)
{
    TRY(check_start(link, call));
    number_call(link, call);
    link_queue_append(&link->waiting, call);
    look_at(link, call->deadline_ms);
    if (link->up_count == 0) look_at(link, grace_end_ms(link));
    flush_later(link);
    return status_ok();
}

void link_cancel(struct link *link, struct link_call *call)
{
    if (call->queue) forget(link, call);
}

/* ---- connections ---- */

static void watch_for_room(struct link_peer *peer)
{
    const bool is_wanted = link_connection_has_output(&peer->connection);
    if (peer->is_watched_for_room == is_wanted) return;
    peer->is_watched_for_room = is_wanted;
    loop_watch_change(peer->link->loop, &peer->watch, EPOLLIN | (is_wanted ? EPOLLOUT : 0));
}

static bool was_sent(const struct link_call *call)
{
    return call->begin < call->peer->connection.sent_total;
}

/*
 * What becomes of a call whose connection broke: it waits for another, or fails. One that was sent
 * waits for a connection made after the break: those made before may be as dead as this one.
 */
static void rescue(struct link *link, struct link_call *call, struct link_queue *failed)
{
    const bool is_sent = was_sent(call);
    const bool may_repeat =
        call->is_repeatable && call->attempt_count < LINK_ATTEMPT_COUNT_MAX && !link->is_closing;
    if (!is_sent) call->attempt_count--;
    if (is_sent && !may_repeat) {
        move(call, failed);
        return;
    }
    if (is_sent) {
        call->after_number = link->connect_count;
        count_one_more(&link->counters.repeats);
    }
    move(call, &link->waiting);
    call->peer = NULL;
}

static void tell(struct link *link, enum link_event event)
{
    if (link->settings.told) link->settings.told(link->settings.context, event);
}

static void note_lost(struct link *link)
{
    link->down_since_ms = loop_now_ms(link->loop);
    look_at(link, grace_end_ms(link));
    if (link->is_lost) return;
    link->is_lost = true;
    tell(link, LINK_LOST);
}

static void break_peer(struct link_peer *peer)
{
    struct link *link = peer->link;
    struct link_queue failed = {0};
    loop_watch_remove(link->loop, &peer->watch);
    peer->state = LINK_PEER_DOWN;
    count_one_more(&link->counters.breaks);
    count(&link->counters.up, --link->up_count);
    if (peer->ping.queue) forget(link, &peer->ping);
    while (peer->in_flight.first) rescue(link, peer->in_flight.first, &failed);
    link_connection_close(&peer->connection);
    loop_timer_set(link->loop, &peer->timer, loop_now_ms(link->loop));
    if (link->up_count == 0) note_lost(link);
    flush_later(link);
    finish_all(link, &failed, link_broke());
}

/* The connection that may carry this call and has the least to do; NULL when there is none. */
static struct link_peer *choose(struct link *link, const struct link_call *call)
{
    struct link_peer *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < link->settings.connection_count; i++) {
        struct link_peer *peer = &link->peers[i];
        if (peer->state != LINK_PEER_UP || peer->number <= call->after_number) continue;
        const size_t size = peer->connection.output_end - peer->connection.output_begin;
        if (best && size >= best_size) continue;
        best = peer;
        best_size = size;
    }
    return best;
}

/* Puts a call's frame on a connection. False when that has no room for it now. */
static bool put_on(struct link_peer *peer, struct link_call *call)
{
    uint8_t memory[CALL_LEFT_MS_SIZE];
    struct frame frame = call->request;
    frame.req_id = call->req_id;
    call_put_left_ms(&frame, call->deadline_ms - loop_now_ms(peer->link->loop), memory);
    if (!status_is_ok(link_connection_put(&peer->connection, &frame, &call->begin))) return false;
    call->peer = peer;
    call->attempt_count++;
    move(call, &peer->in_flight);
    return true;
}

/* Waiting calls go to the connections that may carry them. False when there was no room for one. */
static bool assign(struct link *link)
{
    struct link_call *next;
    for (struct link_call *call = link->waiting.first; call; call = next) {
        next = call->next;
        struct link_peer *peer = choose(link, call);
        if (peer && !put_on(peer, call)) return false;
    }
    return true;
}

static bool has_idle_peer(const struct link *link)
{
    for (size_t i = 0; i < link->settings.connection_count; i++) {
        const struct link_peer *peer = &link->peers[i];
        if (peer->state == LINK_PEER_UP && !link_connection_has_output(&peer->connection)) {
            return true;
        }
    }
    return false;
}

static void send_all(struct link *link)
{
    for (size_t i = 0; i < link->settings.connection_count; i++) {
        struct link_peer *peer = &link->peers[i];
        if (peer->state != LINK_PEER_UP) continue;
        if (status_is_ok(link_connection_send(&peer->connection))) watch_for_room(peer);
        else break_peer(peer);
    }
}

static void flush(struct loop_hook *hook)
{
    struct link *link = (struct link *)((char *)hook - offsetof(struct link, hook));
    link->is_hooked = false;
    if (!link->is_open) return;
    const bool is_all = assign(link);
    send_all(link);
    /* What had no room has it now; where output is left, the socket will tell when it takes more. */
    if (!is_all && has_idle_peer(link)) flush_later(link);
}

/* ---- answers ---- */

/* An answer to a call that has given up is dropped; one to what was never asked is a breach. */
static status deliver(struct link_peer *peer, const struct frame *frame)
{
    struct link *link = peer->link;
    struct link_call *call;
    TRY(book_find(&link->book, frame->req_id, &call));
    if (!call) {
        count_one_more(&link->counters.late);
        return status_ok();
    }
    REQUIRE(call->peer == peer && was_sent(call), BAD_INPUT,
            "link: an answer to what was not asked here");
    TRY(call_check_reply(frame, call->request.type));
    finish(link, call, status_ok(), frame);
    return status_ok();
}

static status take_answers(struct link_peer *peer)
{
    for (;;) {
        struct frame frame;
        bool is_whole = false;
        TRY(link_connection_take(&peer->connection, &frame, &is_whole));
        if (!is_whole) return status_ok();
        TRY(deliver(peer, &frame));
    }
}

static status read_answers(struct link_peer *peer)
{
    bool is_all = false;
    while (!is_all) {
        TRY(link_connection_receive(&peer->connection, &is_all));
        peer->missed_count = 0;
        TRY(take_answers(peer));
    }
    return status_ok();
}

static void serve(struct link_peer *peer, uint32_t events)
{
    status result = status_ok();
    /* Answers first: a peer that has said its last word may have closed already. */
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) result = read_answers(peer);
    if (status_is(result, FAILURE_BAD_INPUT)) count_one_more(&peer->link->counters.bad_frames);
    if (!status_is_ok(result)) break_peer(peer);
    else if (events & EPOLLOUT) flush_later(peer->link);
}

/* ---- pings ---- */

static void ping_answered(struct link_call *call, status outcome, const struct frame *reply)
{
    struct link *link = call->context;
    if (!status_is_ok(outcome) || call_is_failure(reply)) return;
    report_keep(&link->report, frame_section(reply, FRAME_STATUS_JSON), loop_now_ms(link->loop));
    if (!link->is_lost) return;
    link->is_lost = false;
    tell(link, LINK_BACK);
}

static bool ping_send(struct link_peer *peer)
{
    struct link *link = peer->link;
    struct link_call *ping = &peer->ping;
    *ping = (struct link_call){
        .request = {.type = FRAME_STATUS},
        .deadline_ms = INT64_MAX, /* the timer judges it */
        .done = ping_answered,
        .context = link,
    };
    number_call(link, ping);
    link_queue_append(&link->waiting, ping);
    if (put_on(peer, ping)) {
        flush_later(link);
        return true;
    }
    forget(link, ping);
    return false;
}

/* The next ping, or one more that was missed. False when they were too many. */
static bool ping(struct link_peer *peer)
{
    struct link *link = peer->link;
    if (peer->ping.queue || !ping_send(peer)) {
        count_one_more(&link->counters.pings_missed);
        if (++peer->missed_count >= LINK_PING_MISSED_MAX) return false;
    }
    loop_timer_set(link->loop, &peer->timer, loop_now_ms(link->loop) + LINK_PING_MS);
    return true;
}

/* ---- dialing ---- */

/* Between half the pause and the whole, so that many parents do not dial in step. */
static int64_t with_jitter(int64_t pause_ms)
{
    uint8_t byte;
    if (!status_is_ok(random_read(&byte, sizeof byte))) return pause_ms;
    return pause_ms / 2 + pause_ms * byte / 510;
}

static void dial_failed(struct link_peer *peer)
{
    struct link *link = peer->link;
    if (peer->state == LINK_PEER_DIALING) loop_watch_remove(link->loop, &peer->watch);
    dialer_stop(&peer->dialer);
    peer->state = LINK_PEER_DOWN;
    peer->pause_ms = peer->pause_ms ? 2 * peer->pause_ms : LINK_PAUSE_MS_MIN;
    if (peer->pause_ms > LINK_PAUSE_MS_MAX) peer->pause_ms = LINK_PAUSE_MS_MAX;
    loop_timer_set(link->loop, &peer->timer, loop_now_ms(link->loop) + with_jitter(peer->pause_ms));
}

static status dial_start(struct link_peer *peer)
{
    struct link *link = peer->link;
    const int64_t deadline_ms = loop_now_ms(link->loop) + LINK_DIAL_MS_MAX;
    TRY(dialer_start(&peer->dialer, &link->settings.enclave, deadline_ms));
    peer->watch.descriptor = peer->dialer.descriptor;
    TRY(loop_watch_add(link->loop, &peer->watch, dialer_events(&peer->dialer)));
    peer->state = LINK_PEER_DIALING;
    loop_timer_set(link->loop, &peer->timer, deadline_ms);
    return status_ok();
}

static void connected(struct link_peer *peer)
{
    struct link *link = peer->link;
    link_connection_open(&peer->connection, dialer_take(&peer->dialer));
    peer->state = LINK_PEER_UP;
    peer->number = ++link->connect_count;
    peer->pause_ms = 0;
    peer->missed_count = 0;
    peer->is_watched_for_room = false;
    loop_watch_change(link->loop, &peer->watch, EPOLLIN);
    count(&link->counters.connects, link->connect_count);
    count(&link->counters.up, ++link->up_count);
    (void)ping(peer); /* a fresh connection has room for it */
    flush_later(link);
}

static void dial_on(struct link_peer *peer)
{
    bool is_connected = false;
    if (!status_is_ok(dialer_step(&peer->dialer, &is_connected))) dial_failed(peer);
    else if (is_connected) connected(peer);
    else loop_watch_change(peer->link->loop, &peer->watch, dialer_events(&peer->dialer));
}

static void peer_ready(struct loop_watch *watch, uint32_t events)
{
    struct link_peer *peer =
        (struct link_peer *)((char *)watch - offsetof(struct link_peer, watch));
    if (peer->state == LINK_PEER_DIALING) dial_on(peer);
    else if (peer->state == LINK_PEER_UP) serve(peer, events);
}

static void peer_due(struct loop_timer *timer, int64_t now_ms)
{
    (void)now_ms;
    struct link_peer *peer =
        (struct link_peer *)((char *)timer - offsetof(struct link_peer, timer));
    switch (peer->state) {
    case LINK_PEER_DOWN:
        if (!status_is_ok(dial_start(peer))) dial_failed(peer);
        break;
    case LINK_PEER_DIALING: dial_failed(peer); break;
    case LINK_PEER_UP:
        if (!ping(peer)) break_peer(peer);
        break;
    }
}

/* ---- deadlines ---- */

/* Moves what has no time left to `late`; returns the next deadline of the others. */
static int64_t sift(struct link_queue *queue, int64_t now_ms, struct link_queue *late)
{
    int64_t next_ms = INT64_MAX;
    struct link_call *next;
    for (struct link_call *call = queue->first; call; call = next) {
        next = call->next;
        if (call->deadline_ms <= now_ms) move(call, late);
        else if (call->deadline_ms < next_ms) next_ms = call->deadline_ms;
    }
    return next_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void expire(struct loop_timer *timer, int64_t now_ms)
{
    struct link *link = (struct link *)((char *)timer - offsetof(struct link, timer));
    struct link_queue late = {0}, stranded = {0};
    link->look_ms = INT64_MAX;
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < link->settings.connection_count; i++) {
        next_ms = earlier(next_ms, sift(&link->peers[i].in_flight, now_ms, &late));
    }
    next_ms =
        earlier(next_ms, sift(&link->waiting, now_ms, link->up_count > 0 ? &late : &stranded));
    if (is_away(link)) {
        while (link->waiting.first) move(link->waiting.first, &stranded);
    } else if (link->up_count == 0) {
        next_ms = earlier(next_ms, grace_end_ms(link));
    }
    if (next_ms < INT64_MAX) look_at(link, next_ms);
    finish_all(link, &late, no_answer());
    finish_all(link, &stranded, link_is_away());
}

/* ---- opening and closing ---- */

static status memory_open(struct link *link)
{
    const size_t size = BOOK_MEMORY_SIZE + CALL_STATUS_SIZE_MAX + LINK_SLACK_SIZE +
                        link->settings.connection_count * LINK_CONNECTION_MEMORY_SIZE;
    TRY(arena_open(&link->memory, size));
    TRY(book_init(&link->book, &link->memory));
    TRY(report_open(&link->report, &link->memory));
    for (size_t i = 0; i < link->settings.connection_count; i++) {
        TRY(link_connection_init(&link->peers[i].connection, &link->memory));
    }
    return status_ok();
}

static status check_settings(const struct link_settings *settings)
{
    REQUIRE(settings->connection_count >= 1 &&
                settings->connection_count <= LINK_CONNECTION_COUNT_MAX,
            OVER_LIMIT, "link: must have 1 to 4 connections");
    REQUIRE(settings->enclave.kind != ENDPOINT_TCP, DENIED, "link: does not use TCP");
    return status_ok();
}

status link_open(struct link *link, struct loop *loop, const struct link_settings *settings)
{
    TRY(check_settings(settings));
    memset(link, 0, sizeof *link);
    link->settings = *settings;
    link->loop = loop;
    const status opened = memory_open(link);
    if (!status_is_ok(opened)) {
        arena_close(&link->memory);
        return opened;
    }
    link->hook.run = flush;
    link->timer.due = expire;
    link->look_ms = INT64_MAX;
    link->down_since_ms = loop_now_ms(loop);
    link->is_lost = link->is_open = true;
    for (size_t i = 0; i < settings->connection_count; i++) {
        struct link_peer *peer = &link->peers[i];
        peer->link = link;
        peer->watch.ready = peer_ready;
        peer->timer.due = peer_due;
        loop_timer_set(loop, &peer->timer, loop_now_ms(loop));
    }
    return status_ok();
}

static void peer_close(struct link_peer *peer, struct link_queue *left)
{
    struct link *link = peer->link;
    if (peer->ping.queue) forget(link, &peer->ping);
    while (peer->in_flight.first) move(peer->in_flight.first, left);
    if (peer->state != LINK_PEER_DOWN) loop_watch_remove(link->loop, &peer->watch);
    loop_timer_cancel(link->loop, &peer->timer);
    dialer_stop(&peer->dialer);
    link_connection_close(&peer->connection);
    peer->state = LINK_PEER_DOWN;
}

void link_close(struct link *link)
{
    struct link_queue left = {0};
    if (!link->is_open) return;
    link->is_closing = true;
    for (size_t i = 0; i < link->settings.connection_count; i++) peer_close(&link->peers[i], &left);
    while (link->waiting.first) move(link->waiting.first, &left);
    link->up_count = 0;
    finish_all(link, &left, link_is_closing());
    loop_timer_cancel(link->loop, &link->timer);
    loop_hook_cancel(link->loop, &link->hook);
    report_close(&link->report);
    arena_close(&link->memory);
    link->is_open = false;
}

/* ---- for whoever watches ---- */

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct link_state link_read_state(struct link *link)
{
    const struct link_counters *counters = &link->counters;
    const struct report_facts facts = report_read(&link->report);
    return (struct link_state){
        .connection_count = link->settings.connection_count,
        .up_count = (size_t)counted(&counters->up),
        .in_flight_count = (size_t)counted(&counters->in_flight),
        .connect_count = counted(&counters->connects),
        .break_count = counted(&counters->breaks),
        .repeat_count = counted(&counters->repeats),
        .bad_frame_count = counted(&counters->bad_frames),
        .ping_missed_count = counted(&counters->pings_missed),
        .late_count = counted(&counters->late),
        .has_status = facts.is_there,
        .status_ms = facts.told_ms,
        .boot_id = facts.boot_id,
    };
}

bool link_read_status(struct link *link, struct builder *json)
{
    return report_put(&link->report, json);
}
