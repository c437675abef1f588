#include "parent/enclave_link.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/random.h"

enum {
    INBOX_SIZE = 2 * FRAME_SIZE_MAX,
    EVENT_COUNT_MAX = 32,
    SLOT_BITS = 10, /* of ENCLAVE_LINK_CALL_COUNT_MAX: the low part of a req_id */
    REQ_ID_OFFSET = 12,
};

/* ---- the life of a call; the mutex is held ---- */

/* Gives the call's slot back and puts it among those whose `done` is called once we let go. */
static void finish(struct enclave_link *link, struct enclave_call *call, status outcome,
                   struct enclave_call_queue *finished)
{
    if (call->state == ENCLAVE_CALL_QUEUED || call->state == ENCLAVE_CALL_SENT) {
        link->connections[call->connection_index].in_flight_count--;
    }
    link->calls[call->slot_index] = NULL;
    link->free_slots[link->free_count++] = (uint16_t)call->slot_index;
    call->state = ENCLAVE_CALL_IDLE;
    call->outcome = outcome;
    call->round_trip_us = clock_monotonic_us() - call->started_us;
    enclave_queue_append(finished, call);
}

/* Must be called without the mutex: `done` may start the next call. */
static void report(struct enclave_call_queue *finished)
{
    struct enclave_call *call;
    while ((call = enclave_queue_take(finished))) call->done(call);
}

static status link_broke(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: the connection broke before the answer");
}

static status never_connected(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: is not connected");
}

static status no_answer(void)
{
    FAIL(UNAVAILABLE, ETIMEDOUT, "enclave: did not answer in time");
}

static status link_is_closing(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: the service is stopping");
}

/* ---- connections; the mutex is held ---- */

static bool flush(struct enclave_link *link, size_t index)
{
    return enclave_connection_flush(&link->connections[index], link->epoll);
}

/* The connection that is up and has the least to do; the count of connections when none is up. */
static size_t choose_connection(const struct enclave_link *link)
{
    size_t best = link->connection_count;
    for (size_t i = 0; i < link->connection_count; i++) {
        if (!link->connections[i].is_up) continue;
        if (best == link->connection_count ||
            link->connections[i].in_flight_count < link->connections[best].in_flight_count) {
            best = i;
        }
    }
    return best;
}

static void queue_on(struct enclave_link *link, size_t index, struct enclave_call *call)
{
    call->state = ENCLAVE_CALL_QUEUED;
    call->connection_index = index;
    call->sent_size = 0;
    call->attempt_count++;
    link->connections[index].in_flight_count++;
    enclave_queue_append(&link->connections[index].queue, call);
}

/* May what this call has sent on a broken connection be sent once more? */
static bool may_repeat(const struct enclave_call *call)
{
    if (clock_monotonic_ms() >= call->deadline_ms) return false;
    if (call->state == ENCLAVE_CALL_QUEUED && call->sent_size == 0) return true;
    return call->is_repeatable && call->attempt_count < ENCLAVE_LINK_ATTEMPT_COUNT_MAX;
}

/* Takes a call off a broken connection: to be sent again, or finished. */
static void rescue(struct enclave_link *link, struct enclave_call *call,
                   struct enclave_call_queue *finished)
{
    if (!may_repeat(call)) {
        finish(link, call, link_broke(), finished);
        return;
    }
    if (call->sent_size > 0) link->repeat_count++;
    else call->attempt_count--;
    link->connections[call->connection_index].in_flight_count--;
    call->state = ENCLAVE_CALL_WAITING;
    enclave_queue_append(&link->waiting, call);
}

static void break_connection(struct enclave_link *link, size_t index,
                             struct enclave_call_queue *finished)
{
    struct enclave_connection *connection = &link->connections[index];
    if (!connection->is_up) return;
    epoll_ctl(link->epoll, EPOLL_CTL_DEL, connection->stream.descriptor, NULL);
    stream_close(&connection->stream);
    connection->is_up = false;
    connection->inbox_size = 0;
    connection->queue = (struct enclave_call_queue){0};
    link->break_count++;
    if (--link->up_count == 0) link->down_since_ms = clock_monotonic_ms();
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) {
        struct enclave_call *call = link->calls[i];
        if (!call || call->state == ENCLAVE_CALL_WAITING || call->connection_index != index)
            continue;
        rescue(link, call, finished);
    }
    pthread_cond_signal(&link->changed);
}

/* Hands waiting calls to the connections that are up. */
static void assign_waiting(struct enclave_link *link, struct enclave_call_queue *finished)
{
    while (link->waiting.first) {
        const size_t index = choose_connection(link);
        if (index == link->connection_count) return;
        /* All of them, so that they leave in batches. A break puts them back at most once. */
        struct enclave_call *call;
        while ((call = enclave_queue_take(&link->waiting)))
            queue_on(link, choose_connection(link), call);
        for (size_t i = 0; i < link->connection_count; i++) {
            if (link->connections[i].is_up && !flush(link, i)) {
                break_connection(link, i, finished);
            }
        }
    }
}

/* ---- starting calls ---- */

static void number_call(struct enclave_link *link, struct enclave_call *call)
{
    call->slot_index = link->free_slots[--link->free_count];
    call->req_id = ++link->call_counter << SLOT_BITS | call->slot_index;
    for (size_t i = 0; i < 8; i++) {
        call->frame[REQ_ID_OFFSET + i] = (uint8_t)(call->req_id >> (56 - 8 * i));
    }
    call->attempt_count = 0;
    call->sent_size = 0;
    call->reply_size = 0;
    call->state = ENCLAVE_CALL_WAITING;
    call->started_us = clock_monotonic_us();
    link->calls[call->slot_index] = call;
}

static status check_room(const struct enclave_link *link)
{
    if (link->is_stopping) return link_is_closing();
    REQUIRE(link->free_count > 0, OVER_LIMIT, "enclave: too many calls are under way");
    if (link->up_count == 0 && clock_monotonic_ms() - link->down_since_ms > ENCLAVE_LINK_GRACE_MS) {
        return never_connected();
    }
    return status_ok();
}

static status start_locked(struct enclave_link *link, struct enclave_call *call,
                           struct enclave_call_queue *finished)
{
    TRY(check_room(link));
    number_call(link, call);
    const size_t index = choose_connection(link);
    if (index == link->connection_count) {
        enclave_queue_append(&link->waiting, call);
        return status_ok();
    }
    struct enclave_connection *connection = &link->connections[index];
    const bool is_first = !connection->queue.first;
    queue_on(link, index, call);
    if (is_first && !flush(link, index)) {
        break_connection(link, index, finished);
        assign_waiting(link, finished);
    }
    return status_ok();
}

status enclave_link_start(struct enclave_link *link, struct enclave_call *call)
{
    struct enclave_call_queue finished = {0};
    pthread_mutex_lock(&link->mutex);
    const status started = start_locked(link, call, &finished);
    pthread_mutex_unlock(&link->mutex);
    report(&finished);
    return started;
}

static void wake_caller(struct enclave_call *call)
{
    sem_post(call->context);
}

status enclave_link_call(struct enclave_link *link, struct enclave_call *call)
{
    sem_t answered;
    sem_init(&answered, 0, 0);
    call->done = wake_caller;
    call->context = &answered;
    const status started = enclave_link_start(link, call);
    if (status_is_ok(started)) {
        while (sem_wait(&answered) != 0) continue; /* only a signal interrupts it */
    }
    sem_destroy(&answered);
    TRY(started);
    return call->outcome;
}

/* ---- the reading thread ---- */

/* An answer to a call that has given up is ignored; one to what was never asked is a breach. */
static bool deliver(struct enclave_link *link, size_t index, slice bytes, const struct frame *frame,
                    struct enclave_call_queue *finished)
{
    struct enclave_call *call = link->calls[frame->req_id & (ENCLAVE_LINK_CALL_COUNT_MAX - 1)];
    if (!call || call->req_id != frame->req_id) {
        return frame->req_id != 0 && frame->req_id >> SLOT_BITS <= link->call_counter;
    }
    if (call->state != ENCLAVE_CALL_SENT || call->connection_index != index) return false;
    if (bytes.size > call->reply_size_max) return false;
    memcpy(call->reply, bytes.bytes, bytes.size);
    call->reply_size = bytes.size;
    finish(link, call, status_ok(), finished);
    return true;
}

/* Reads the frames that have arrived. False when the peer breaks the protocol. */
static bool take_frames(struct enclave_link *link, size_t index,
                        struct enclave_call_queue *finished)
{
    struct enclave_connection *connection = &link->connections[index];
    slice arrived = slice_of(connection->inbox, connection->inbox_size);
    for (;;) {
        const slice before = arrived;
        struct frame frame;
        bool is_whole = false;
        if (!status_is_ok(frame_take(&arrived, &frame, &is_whole))) return false;
        if (!is_whole) break;
        const slice bytes = slice_part(before, 0, before.size - arrived.size);
        if (!deliver(link, index, bytes, &frame, finished)) return false;
    }
    memmove(connection->inbox, arrived.bytes, arrived.size);
    connection->inbox_size = arrived.size;
    return true;
}

/* Reads until nothing is left. False when the connection has ended or must end. */
static bool read_answers(struct enclave_link *link, size_t index,
                         struct enclave_call_queue *finished)
{
    struct enclave_connection *connection = &link->connections[index];
    for (;;) {
        const size_t room = INBOX_SIZE - connection->inbox_size;
        const ssize_t size = recv(connection->stream.descriptor,
                                  connection->inbox + connection->inbox_size, room, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (size == 0) return false;
        connection->inbox_size += (size_t)size;
        connection->received_at_ms = clock_monotonic_ms();
        if (!take_frames(link, index, finished)) return false;
        if ((size_t)size < room) return true;
    }
}

static void handle_event(struct enclave_link *link, const struct epoll_event *event,
                         struct enclave_call_queue *finished)
{
    const size_t index = event->data.u64 & 0xff;
    if (index == 0xff) {
        uint64_t count;
        while (read(link->wake, &count, sizeof count) > 0) continue;
        return;
    }
    struct enclave_connection *connection = &link->connections[index];
    if (!connection->is_up || connection->tag != event->data.u64) return;
    bool is_good = true;
    if (event->events & EPOLLOUT) is_good = flush(link, index);
    if (is_good && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        is_good = read_answers(link, index, finished);
    }
    if (!is_good) {
        break_connection(link, index, finished);
        assign_waiting(link, finished);
    }
}

/* Gives up on one call whose time has come. */
static void expire(struct enclave_link *link, struct enclave_call *call,
                   struct enclave_call_queue *finished)
{
    const size_t index = call->connection_index;
    struct enclave_connection *connection = &link->connections[index];
    const enum enclave_call_state state = call->state;
    if (state == ENCLAVE_CALL_WAITING) {
        enclave_queue_remove(&link->waiting, call);
        finish(link, call, never_connected(), finished);
        return;
    }
    const bool is_silent =
        state == ENCLAVE_CALL_SENT && connection->received_at_ms <= call->sent_at_ms;
    const bool is_cut = state == ENCLAVE_CALL_QUEUED && call->sent_size > 0;
    if (state == ENCLAVE_CALL_QUEUED) enclave_queue_remove(&connection->queue, call);
    finish(link, call, no_answer(), finished);
    /* Half a frame cannot be taken back, and a peer that says nothing may be gone. */
    if (is_silent || is_cut) break_connection(link, index, finished);
}

static void expire_calls(struct enclave_link *link, struct enclave_call_queue *finished)
{
    const int64_t now_ms = clock_monotonic_ms();
    const bool is_away =
        link->up_count == 0 && now_ms - link->down_since_ms > ENCLAVE_LINK_GRACE_MS;
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) {
        struct enclave_call *call = link->calls[i];
        if (!call) continue;
        const bool is_stranded = is_away && call->state == ENCLAVE_CALL_WAITING;
        if (now_ms >= call->deadline_ms || is_stranded) expire(link, call, finished);
    }
    assign_waiting(link, finished);
}

static void *run_reader(void *context)
{
    struct enclave_link *link = context;
    int64_t next_tick_ms = clock_monotonic_ms() + ENCLAVE_LINK_TICK_MS;
    for (;;) {
        struct epoll_event events[EVENT_COUNT_MAX];
        const int count = epoll_wait(link->epoll, events, EVENT_COUNT_MAX, ENCLAVE_LINK_TICK_MS);
        struct enclave_call_queue finished = {0};
        pthread_mutex_lock(&link->mutex);
        for (int i = 0; i < count; i++) handle_event(link, &events[i], &finished);
        const int64_t now_ms = clock_monotonic_ms();
        if (now_ms >= next_tick_ms) {
            if (link->free_count < ENCLAVE_LINK_CALL_COUNT_MAX) expire_calls(link, &finished);
            next_tick_ms = now_ms + ENCLAVE_LINK_TICK_MS;
        }
        const bool is_stopping = link->is_stopping;
        pthread_mutex_unlock(&link->mutex);
        report(&finished);
        if (is_stopping) return NULL;
    }
}

/* ---- the dialing thread ---- */

static size_t first_down(const struct enclave_link *link)
{
    for (size_t i = 0; i < link->connection_count; i++) {
        if (!link->connections[i].is_up) return i;
    }
    return link->connection_count;
}

static void install(struct enclave_link *link, size_t index, const struct stream *stream,
                    struct enclave_call_queue *finished)
{
    struct enclave_connection *connection = &link->connections[index];
    connection->stream = *stream;
    connection->is_up = true;
    connection->is_polled_for_write = false;
    connection->inbox_size = 0;
    connection->received_at_ms = clock_monotonic_ms();
    connection->tag = ++link->connect_count << 8 | index;
    link->up_count++;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = connection->tag};
    epoll_ctl(link->epoll, EPOLL_CTL_ADD, stream->descriptor, &event);
    assign_waiting(link, finished);
}

/* Between half the pause and the whole, so that many parents do not dial in step. */
static int64_t with_jitter(int64_t pause_ms)
{
    uint8_t byte = 0;
    if (!status_is_ok(random_read(&byte, 1))) byte = 0;
    return pause_ms / 2 + pause_ms / 2 * byte / 255;
}

/* Waits for a change or the end of the pause; the mutex is held. */
static void pause_dialing(struct enclave_link *link, int64_t pause_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t nanoseconds = until.tv_nsec + with_jitter(pause_ms) * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    while (!link->is_stopping &&
           pthread_cond_timedwait(&link->changed, &link->mutex, &until) != ETIMEDOUT) {
        continue;
    }
}

static void *run_dialer(void *context)
{
    struct enclave_link *link = context;
    int64_t pause_ms = 0;
    pthread_mutex_lock(&link->mutex);
    while (!link->is_stopping) {
        const size_t index = first_down(link);
        if (index == link->connection_count) {
            pthread_cond_wait(&link->changed, &link->mutex);
            continue;
        }
        /* At once at the start; later a peer that accepts and hangs up must not make us spin. */
        if (pause_ms == 0 && link->break_count > 0) pause_ms = ENCLAVE_LINK_BACKOFF_MIN_MS;
        if (pause_ms > 0) pause_dialing(link, pause_ms);
        pthread_mutex_unlock(&link->mutex);
        struct stream stream = {0};
        const status dialed =
            link->dial(&link->enclave, clock_deadline_ms(ENCLAVE_LINK_DIAL_TIMEOUT_MS), &stream);
        struct enclave_call_queue finished = {0};
        pthread_mutex_lock(&link->mutex);
        if (status_is_ok(dialed)) {
            install(link, index, &stream, &finished);
            pause_ms = 0;
        } else if (pause_ms < ENCLAVE_LINK_BACKOFF_MIN_MS) {
            pause_ms = ENCLAVE_LINK_BACKOFF_MIN_MS;
        } else {
            pause_ms = pause_ms * 2 > ENCLAVE_LINK_BACKOFF_MAX_MS ? ENCLAVE_LINK_BACKOFF_MAX_MS
                                                                  : pause_ms * 2;
        }
        if (finished.first) {
            pthread_mutex_unlock(&link->mutex);
            report(&finished);
            pthread_mutex_lock(&link->mutex);
        }
    }
    pthread_mutex_unlock(&link->mutex);
    return NULL;
}

/* ---- opening and closing ---- */

static status open_memory(struct enclave_link *link)
{
    TRY(arena_open(&link->memory, link->connection_count * INBOX_SIZE + 64));
    for (size_t i = 0; i < link->connection_count; i++) {
        void *inbox;
        TRY(arena_take(&link->memory, INBOX_SIZE, &inbox));
        link->connections[i].inbox = inbox;
    }
    return status_ok();
}

static status open_poll(struct enclave_link *link)
{
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (link->epoll < 0) FAIL(UNAVAILABLE, errno, "enclave link: epoll is not to be had");
    link->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (link->wake < 0) FAIL(UNAVAILABLE, errno, "enclave link: eventfd is not to be had");
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0xff};
    epoll_ctl(link->epoll, EPOLL_CTL_ADD, link->wake, &event);
    return status_ok();
}

static status start_thread(pthread_t *thread, void *(*run)(void *), struct enclave_link *link)
{
    const int error = pthread_create(thread, NULL, run, link);
    if (error) FAIL(UNAVAILABLE, error, "enclave link: a thread could not be started");
    return status_ok();
}

static void init_locks(struct enclave_link *link)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&link->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&link->mutex, NULL);
}

static void release(struct enclave_link *link)
{
    if (link->wake > 0) close(link->wake);
    if (link->epoll > 0) close(link->epoll);
    pthread_cond_destroy(&link->changed);
    pthread_mutex_destroy(&link->mutex);
    arena_close(&link->memory);
    *link = (struct enclave_link){0};
}

static void stop_thread(struct enclave_link *link, pthread_t thread)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&link->mutex);
    link->is_stopping = true;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->mutex);
    /* A write that fails finds the counter full: then the thread is being woken anyway. */
    (void)!write(link->wake, &one, sizeof one);
    pthread_join(thread, NULL);
}

static status open_parts(struct enclave_link *link)
{
    TRY(open_memory(link));
    TRY(open_poll(link));
    TRY(start_thread(&link->reader, run_reader, link));
    const status started = start_thread(&link->dialer, run_dialer, link);
    if (!status_is_ok(started)) stop_thread(link, link->reader);
    return started;
}

status enclave_link_open(struct enclave_link *link, const struct enclave_link_settings *settings)
{
    REQUIRE(settings->connection_count >= 1 &&
                settings->connection_count <= ENCLAVE_LINK_CONNECTION_COUNT_MAX,
            OVER_LIMIT, "enclave link: must have 1 to 16 connections");
    *link = (struct enclave_link){
        .enclave = settings->enclave,
        .dial = settings->dial,
        .connection_count = settings->connection_count,
        .down_since_ms = clock_monotonic_ms(),
        .free_count = ENCLAVE_LINK_CALL_COUNT_MAX,
    };
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) {
        link->free_slots[i] = (uint16_t)(ENCLAVE_LINK_CALL_COUNT_MAX - 1 - i);
    }
    init_locks(link);
    const status opened = open_parts(link);
    if (!status_is_ok(opened)) {
        release(link);
        return opened;
    }
    link->is_open = true;
    return status_ok();
}

void enclave_link_stop(struct enclave_link *link)
{
    if (!link->is_open || link->is_stopped) return;
    stop_thread(link, link->dialer);
    stop_thread(link, link->reader);
    struct enclave_call_queue finished = {0};
    pthread_mutex_lock(&link->mutex);
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) {
        if (link->calls[i]) finish(link, link->calls[i], link_is_closing(), &finished);
    }
    link->is_stopped = true;
    pthread_mutex_unlock(&link->mutex);
    report(&finished);
}

void enclave_link_close(struct enclave_link *link)
{
    if (!link->is_open) return;
    enclave_link_stop(link);
    for (size_t i = 0; i < link->connection_count; i++) {
        if (link->connections[i].is_up) stream_close(&link->connections[i].stream);
    }
    release(link);
}

struct enclave_link_state enclave_link_read_state(struct enclave_link *link)
{
    pthread_mutex_lock(&link->mutex);
    const struct enclave_link_state state = {
        .connection_count = link->connection_count,
        .up_count = link->up_count,
        .in_flight_count = ENCLAVE_LINK_CALL_COUNT_MAX - link->free_count,
        .connect_count = link->connect_count,
        .break_count = link->break_count,
        .repeat_count = link->repeat_count,
    };
    pthread_mutex_unlock(&link->mutex);
    return state;
}
