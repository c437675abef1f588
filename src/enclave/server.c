#include "enclave/server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "enclave/refusal.h"
#include "os/clock.h"
#include "proto/call.h"

enum {
    MARK_LISTENER = SERVICE_CONNECTION_COUNT_MAX,
    MARK_STOP,
    MARK_WAKE,
    EVENT_COUNT_MAX = 32,  /* taken from epoll at once */
    ACCEPT_COUNT_MAX = 16, /* connections taken in one go */
    SUBMIT_COUNT_MAX = 3,  /* how often a data key may come just when it is asked for */
    REFUSED_LOG_MS = 1000, /* between log lines about refused connections */
    WORKER_ARENA_SIZE = SERVICE_ARENA_SIZE + SERVER_OUTPUT_SIZE + CONNECTION_READ_SIZE,
};

/* A worker while it runs. */
struct turn {
    struct server_worker *worker;
    struct arena scratch; /* emptied after each request */
    uint8_t *input;       /* CONNECTION_READ_SIZE bytes */
    uint8_t *output_memory;
    struct builder output; /* answers not sent yet */
    size_t slot_index;
};

static size_t index_of(const struct server_worker *worker)
{
    return (size_t)(worker - worker->server->server_workers);
}

static struct connection *connection_of(const struct turn *turn)
{
    return &turn->worker->server->slots[turn->slot_index].connection;
}

static status epoll_add(int epoll, int descriptor, uint64_t mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        FAIL(INTERNAL, errno, "server: epoll does not take a descriptor");
    }
    return status_ok();
}

/* ---- the inbox: answers from threads that wait ---- */

static void inbox_add(struct server_worker *worker, struct block *answer)
{
    const uint64_t one = 1;
    answer->next = atomic_load(&worker->inbox);
    while (!atomic_compare_exchange_weak(&worker->inbox, &answer->next, answer)) {
    }
    /* Whoever sees it asleep wakes it; the others' answers are found in the same look. */
    if (atomic_exchange(&worker->is_asleep, false)) (void)!write(worker->wake, &one, sizeof one);
}

static void answer_arrived(void *context, struct cold_origin origin, struct block *answer)
{
    struct server *server = context;
    answer->mark = origin.connection_index;
    answer->generation = origin.generation;
    inbox_add(&server->server_workers[origin.worker_index], answer);
}

/* All answers, the first one first. */
static struct block *inbox_take(struct server_worker *worker)
{
    struct block *answers = NULL;
    struct block *rest = atomic_exchange(&worker->inbox, NULL);
    while (rest) {
        struct block *answer = rest;
        rest = answer->next;
        answer->next = answers;
        answers = answer;
    }
    return answers;
}

/* ---- one connection ---- */

/* Ends it, or waits for what it needs next. */
static void settle(struct turn *turn)
{
    struct server_worker *worker = turn->worker;
    struct server *server = worker->server;
    struct server_slot *slot = &server->slots[turn->slot_index];
    struct connection *connection = &slot->connection;
    if (connection_is_over(connection, clock_monotonic_ms())) {
        connection_end(connection);
        atomic_fetch_sub_explicit(&server->statistics->connections, 1, memory_order_relaxed);
        atomic_fetch_sub(&worker->connection_count, 1);
        atomic_store(&slot->owner, 0);
        return;
    }
    const bool is_sending = connection_is_sending(connection);
    if (is_sending == slot->is_sending) return;
    slot->is_sending = is_sending;
    struct epoll_event event = {
        .events = is_sending ? EPOLLOUT : EPOLLIN,
        .data.u64 = turn->slot_index,
    };
    /* It can only fail for a descriptor that is not in the set; ours are until they are closed. */
    (void)epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->stream.descriptor, &event);
}

static void turn_flush(struct turn *turn)
{
    const slice frames = builder_view(&turn->output);
    if (frames.size > 0) connection_send(connection_of(turn), frames);
    builder_init(&turn->output, turn->output_memory, SERVER_OUTPUT_SIZE);
}

/* What a frame's turn found out. */
struct served {
    enum service_outcome outcome;
    struct service_need need;
};

static struct served serve_once(struct turn *turn, const struct frame *frame)
{
    struct served served = {SERVICE_DONE, {0}};
    served.outcome = service_serve(&turn->worker->service_worker, frame, &turn->scratch,
                                   &turn->output, &served.need);
    arena_empty(&turn->scratch);
    return served;
}

static struct cold_request cold_request_of(const struct turn *turn, const struct frame *frame,
                                           slice bytes, const struct service_need *need)
{
    return (struct cold_request){
        .bytes = bytes,
        .frame = frame,
        .need = need,
        .origin = {index_of(turn->worker), turn->slot_index, connection_of(turn)->generation},
        .deadline_ms = call_deadline_ms(frame, clock_monotonic_ms(), SERVER_OPERATION_MS_MAX),
    };
}

/* Serves one frame; false when the connection should end. */
static bool frame_serve(struct turn *turn, const struct frame *frame, slice bytes)
{
    struct server *server = turn->worker->server;
    if (SERVER_OUTPUT_SIZE - builder_view(&turn->output).size < SERVICE_REPLY_SIZE_MAX) {
        turn_flush(turn);
    }
    struct served served = serve_once(turn, frame);
    for (size_t i = 0; served.outcome == SERVICE_WAITS; i++) {
        const struct cold_request request = cold_request_of(turn, frame, bytes, &served.need);
        bool is_there = false;
        const status result =
            i < SUBMIT_COUNT_MAX ? cold_submit(&server->cold, &request, &is_there) : refusal_busy();
        if (!status_is_ok(result)) {
            service_refuse(server->service, frame->type, frame->req_id, result, &turn->output);
        }
        if (!is_there) return true;
        served = serve_once(turn, frame);
    }
    if (served.outcome == SERVICE_AGING) {
        const struct cold_request request = cold_request_of(turn, frame, bytes, &served.need);
        cold_renew(&server->cold, &request);
    }
    return served.outcome != SERVICE_BAD;
}

/* Serves all whole frames at the front; false when the connection should end. */
static bool frames_serve(struct turn *turn, slice *arrived)
{
    struct server *server = turn->worker->server;
    bool is_good = true, is_whole = true;
    while (is_good && is_whole) {
        struct frame frame;
        const slice before = *arrived;
        const status result = frame_take(arrived, &frame, &is_whole);
        if (!status_is_ok(result)) {
            service_refuse(server->service, 0, frame_req_id(*arrived), result, &turn->output);
            is_good = false;
        } else if (is_whole) {
            is_good = frame_serve(turn, &frame, slice_part(before, 0, before.size - arrived->size));
        }
    }
    turn_flush(turn);
    return is_good;
}

static void connection_serve(struct turn *turn)
{
    struct connection *connection = connection_of(turn);
    if (connection_is_sending(connection)) {
        connection_flush(connection);
    } else {
        slice arrived;
        const bool is_alive = connection_read(connection, turn->input, &arrived);
        slice rest = arrived;
        const bool is_good = frames_serve(turn, &rest);
        if (is_good) {
            connection_keep(connection, rest, rest.size < arrived.size);
        } else {
            connection_keep(connection, (slice){0}, true);
        }
        /* Requests carry credentials. */
        if (arrived.bytes == turn->input) secret_wipe(turn->input, arrived.size);
        connection->is_broken |= !is_alive;
        connection->is_ending |= !is_good;
    }
    settle(turn);
}

/* ---- accepting, on the first worker ---- */

static struct server_worker *idlest(struct server *server)
{
    struct server_worker *chosen = &server->server_workers[0];
    for (size_t i = 1; i < server->worker_count; i++) {
        struct server_worker *worker = &server->server_workers[i];
        if (atomic_load(&worker->connection_count) < atomic_load(&chosen->connection_count)) {
            chosen = worker;
        }
    }
    return chosen;
}

static struct server_slot *slot_find(struct server *server)
{
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        if (atomic_load(&server->slots[i].owner) == 0) return &server->slots[i];
    }
    return NULL;
}

/* At most a line a second, whatever knocks. */
static void refused_log(struct server *server)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (server->refused_logged_ms != 0 && now_ms - server->refused_logged_ms < REFUSED_LOG_MS) {
        return;
    }
    server->refused_logged_ms = now_ms;
    log_write(server->log, LOG_LEVEL_WARN, "connection_refused", NULL, 0);
}

static void stream_accept(struct server *server, struct stream stream)
{
    struct server_slot *slot = slot_find(server);
    if (!slot) {
        stream_close(&stream);
        refused_log(server);
        return;
    }
    struct server_worker *owner = idlest(server);
    connection_start(&slot->connection, &server->blocks, stream);
    slot->is_sending = false;
    atomic_store(&slot->is_lost, false);
    atomic_fetch_add_explicit(&server->statistics->connections, 1, memory_order_relaxed);
    atomic_fetch_add(&owner->connection_count, 1);
    /* From here on it is the owner's. */
    atomic_store(&slot->owner, index_of(owner) + 1);
    const size_t slot_index = (size_t)(slot - server->slots);
    const status added = epoll_add(owner->epoll, stream.descriptor, slot_index);
    if (status_is_ok(added)) return;
    log_failure(server->log, LOG_LEVEL_WARN, "accept_failed", (slice){0}, added);
    atomic_store(&slot->is_lost, true);
}

static void listener_serve(struct server *server)
{
    for (size_t i = 0; i < ACCEPT_COUNT_MAX; i++) {
        struct stream stream = {0};
        const status result = listener_accept(&server->listener, 0, &stream);
        if (status_is_ok(result)) {
            stream_accept(server, stream);
            continue;
        }
        if (!stream_is_late(result)) {
            /* The machine is short of descriptors or memory: asking again at once helps nobody. */
            const struct timespec pause = {0, 10 * 1000000};
            log_failure(server->log, LOG_LEVEL_WARN, "accept_failed", (slice){0}, result);
            nanosleep(&pause, NULL);
        }
        break;
    }
}

/* ---- a worker's life ---- */

/* Only we can make it another's then. */
static bool slot_is_ours(const struct turn *turn, const struct server_slot *slot)
{
    return atomic_load(&slot->owner) == index_of(turn->worker) + 1;
}

static void answers_send(struct turn *turn)
{
    struct server *server = turn->worker->server;
    struct block *answer = inbox_take(turn->worker);
    while (answer) {
        struct block *next = answer->next;
        struct server_slot *slot = &server->slots[answer->mark];
        turn->slot_index = answer->mark;
        /* The slot may have become another stream's, of another worker even. */
        if (slot_is_ours(turn, slot) && slot->connection.generation == answer->generation) {
            connection_send(&slot->connection, block_view(answer));
            settle(turn);
        }
        blocks_give(&server->blocks, answer);
        answer = next;
    }
}

/* Ends connections whose deadline has passed. */
static void sweep(struct turn *turn, int64_t now_ms)
{
    struct server *server = turn->worker->server;
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        struct server_slot *slot = &server->slots[i];
        if (!slot_is_ours(turn, slot)) continue;
        turn->slot_index = i;
        slot->connection.is_broken |= atomic_load(&slot->is_lost);
        if (connection_is_over(&slot->connection, now_ms)) settle(turn);
    }
}

/* Answers waiting requests whose deadline has passed: one worker at a time. */
static void expire(struct server *server, int64_t now_ms)
{
    int64_t due_ms = atomic_load_explicit(&server->next_expiry_ms, memory_order_relaxed);
    if (now_ms < due_ms) return;
    if (atomic_compare_exchange_strong(&server->next_expiry_ms, &due_ms,
                                       now_ms + SERVER_WAITING_SWEEP_MS)) {
        cold_expire(&server->cold, now_ms);
    }
}

static int sleep_ms(const struct server_worker *worker)
{
    if (atomic_load(&worker->inbox)) return 0;
    const bool is_waited =
        atomic_load_explicit(&worker->server->statistics->waiting, memory_order_relaxed) > 0;
    return is_waited ? SERVER_WAITING_SWEEP_MS : SERVER_SWEEP_MS;
}

/* False when the server stops. */
static bool event_serve(struct turn *turn, uint64_t mark)
{
    uint64_t number;
    switch (mark) {
    case MARK_STOP: return false;
    case MARK_LISTENER: listener_serve(turn->worker->server); return true;
    case MARK_WAKE: (void)!read(turn->worker->wake, &number, sizeof number); return true;
    default:
        turn->slot_index = (size_t)mark;
        connection_serve(turn);
        return true;
    }
}

static void turns_run(struct turn *turn)
{
    struct server_worker *worker = turn->worker;
    int64_t sweep_ms = clock_deadline_ms(SERVER_SWEEP_MS);
    for (;;) {
        struct epoll_event events[EVENT_COUNT_MAX];
        /* In this order: an answer added after the look into the inbox finds us asleep. */
        atomic_store(&worker->is_asleep, true);
        const int count = epoll_wait(worker->epoll, events, EVENT_COUNT_MAX, sleep_ms(worker));
        atomic_store(&worker->is_asleep, false);
        for (int i = 0; i < count; i++) {
            if (!event_serve(turn, events[i].data.u64)) return;
        }
        answers_send(turn);
        const int64_t now_ms = clock_monotonic_ms();
        expire(worker->server, now_ms);
        if (now_ms < sweep_ms) continue;
        sweep_ms = now_ms + SERVER_SWEEP_MS;
        sweep(turn, now_ms);
    }
}

static status turn_init(struct server_worker *worker, struct arena *arena, struct turn *turn)
{
    void *output, *input, *memory;
    TRY(arena_take(arena, SERVER_OUTPUT_SIZE, &output));
    TRY(arena_take(arena, CONNECTION_READ_SIZE, &input));
    TRY(arena_take(arena, SERVICE_ARENA_SIZE, &memory));
    *turn = (struct turn){
        .worker = worker,
        .scratch = {.memory = memory, .size_max = SERVICE_ARENA_SIZE},
        .input = input,
        .output_memory = output,
    };
    builder_init(&turn->output, output, SERVER_OUTPUT_SIZE);
    return status_ok();
}

static void worker_run(void *context, struct arena *arena)
{
    struct server_worker *worker = context;
    struct turn turn;
    const status ready = turn_init(worker, arena, &turn);
    if (status_is_ok(ready)) {
        turns_run(&turn);
    } else {
        log_failure(worker->server->log, LOG_LEVEL_ERROR, "worker_failed", (slice){0}, ready);
    }
}

/* ---- the whole ---- */

static status worker_open(struct server *server, struct server_worker *worker)
{
    worker->server = server;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll < 0) FAIL(UNAVAILABLE, errno, "server: epoll cannot be opened");
    worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->wake < 0) FAIL(UNAVAILABLE, errno, "server: eventfd cannot be opened");
    TRY(epoll_add(worker->epoll, worker->wake, MARK_WAKE));
    TRY(epoll_add(worker->epoll, server->stop, MARK_STOP));
    return service_worker_open(server->service, &worker->service_worker);
}

static status workers_start(struct server *server)
{
    const struct workers_limits limits = {
        .thread_count = server->worker_count,
        .queue_count = server->worker_count,
        .arena_size = WORKER_ARENA_SIZE,
    };
    for (size_t i = 0; i < server->worker_count; i++) {
        TRY(worker_open(server, &server->server_workers[i]));
    }
    TRY(epoll_add(server->server_workers[0].epoll, server->listener.descriptor, MARK_LISTENER));
    TRY(workers_open(&server->workers, &limits));
    for (size_t i = 0; i < server->worker_count; i++) {
        const struct worker_job job = {.run = worker_run, .context = &server->server_workers[i]};
        TRY(workers_submit(&server->workers, job));
    }
    return status_ok();
}

static status parts_open(struct server *server)
{
    const struct cold_settings cold = {
        .service = server->service,
        .blocks = &server->blocks,
        .answer = answer_arrived,
        .context = server,
    };
    TRY(blocks_open(&server->blocks));
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->stop < 0) FAIL(UNAVAILABLE, errno, "server: eventfd cannot be opened");
    TRY(listener_open(&server->service->settings.config->listen, &server->listener));
    TRY(cold_open(&cold, &server->cold));
    return workers_start(server);
}

status server_open(struct service *service, struct server *server)
{
    memset(server, 0, sizeof *server);
    server->service = service;
    server->statistics = service->settings.statistics;
    server->log = service->settings.log;
    server->stop = -1;
    server->worker_count = service->settings.config->workers;
    for (size_t i = 0; i < CONFIG_WORKERS_MAX; i++) {
        server->server_workers[i].epoll = server->server_workers[i].wake = -1;
    }
    server->is_open = true;
    const status result = parts_open(server);
    if (!status_is_ok(result)) server_close(server);
    return result;
}

const endpoint *server_endpoint(const struct server *server)
{
    return &server->listener.bound;
}

void server_close(struct server *server)
{
    if (!server->is_open) return;
    const uint64_t one = 1;
    /* The descriptor stays readable, so every worker sees it and ends. */
    if (server->stop >= 0) (void)!write(server->stop, &one, sizeof one);
    workers_close(&server->workers);
    cold_close(&server->cold);
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        connection_end(&server->slots[i].connection);
    }
    for (size_t i = 0; i < CONFIG_WORKERS_MAX; i++) {
        struct server_worker *worker = &server->server_workers[i];
        service_worker_close(&worker->service_worker);
        if (worker->wake >= 0) close(worker->wake);
        if (worker->epoll >= 0) close(worker->epoll);
    }
    listener_close(&server->listener);
    if (server->stop >= 0) close(server->stop);
    blocks_close(&server->blocks);
    server->is_open = false;
}
