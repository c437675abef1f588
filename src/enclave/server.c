#include "enclave/server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"

enum {
    MARK_LISTENER = SERVICE_CONNECTION_COUNT_MAX,
    MARK_STOP,
    ACCEPT_COUNT_MAX = 16,  /* connections taken in one go */
    OUTPUT_SIZE = 48 << 10, /* a worker's collected answers */
    WORKER_ARENA_SIZE = SERVICE_ARENA_SIZE + OUTPUT_SIZE,
    KMS_ARENA_SIZE = SERVICE_WAITING_ARENA_SIZE + SERVICE_WAITING_REPLY_SIZE_MAX,
};

/* What epoll gives back: which slot, and which of the streams that it has held. */
static uint64_t mark_of(size_t index, uint32_t generation)
{
    return (uint64_t)generation << 32 | index;
}

static status epoll_add(const struct server *server, int descriptor, uint32_t events, uint64_t mark)
{
    struct epoll_event event = {.events = events, .data.u64 = mark};
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        FAIL(INTERNAL, errno, "server: epoll does not take a descriptor");
    }
    return status_ok();
}

static void epoll_rearm(const struct server *server, int descriptor, uint32_t events, uint64_t mark)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u64 = mark};
    /* It can only fail for a descriptor that is not in the set; ours are until they are closed. */
    (void)epoll_ctl(server->epoll, EPOLL_CTL_MOD, descriptor, &event);
}

static size_t index_of(const struct server *server, const struct connection *connection)
{
    return (size_t)(connection - server->connections);
}

/* With the connection's mutex held: ends it, or waits for what it needs next. */
static void settle(struct server *server, struct connection *connection)
{
    if (!connection->is_open || connection->is_busy) return;
    if (connection_is_over(connection, clock_monotonic_ms())) {
        connection_end(connection);
        atomic_fetch_sub_explicit(&server->statistics->connections, 1, memory_order_relaxed);
        return;
    }
    const uint32_t events =
        connection->output_size > 0 || connection->is_ending ? EPOLLOUT : EPOLLIN;
    epoll_rearm(server, connection->stream.descriptor, events,
                mark_of(index_of(server, connection), connection->generation));
}

static void job_free(struct server *server, struct server_job *job)
{
    secret_wipe(job->frame, job->frame_size);
    pthread_mutex_lock(&server->mutex);
    job->next = server->first_free_job;
    server->first_free_job = job;
    pthread_mutex_unlock(&server->mutex);
}

static struct server_job *job_take(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    struct server_job *job = server->first_free_job;
    if (job) server->first_free_job = job->next;
    pthread_mutex_unlock(&server->mutex);
    return job;
}

/* There are as many as threads that take one. */
static struct service_worker *worker_take(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    assert(server->free_worker_count > 0);
    struct service_worker *worker = server->free_workers[--server->free_worker_count];
    pthread_mutex_unlock(&server->mutex);
    return worker;
}

static void worker_free(struct server *server, struct service_worker *worker)
{
    pthread_mutex_lock(&server->mutex);
    server->free_workers[server->free_worker_count++] = worker;
    pthread_mutex_unlock(&server->mutex);
}

static status too_late(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: is busy: the request waited too long for its turn");
}

static status busy(void)
{
    FAIL(UNAVAILABLE, 0, "enclave: is busy: too many requests wait for KMS");
}

static void job_serve(struct server_job *job, struct arena *arena, struct builder *reply)
{
    struct service *service = job->server->service;
    slice bytes = slice_of(job->frame, job->frame_size);
    struct frame frame;
    bool is_whole = false;
    /* It was read before it was copied. */
    if (!status_is_ok(frame_take(&bytes, &frame, &is_whole)) || !is_whole) return;
    if (clock_monotonic_ms() >= job->deadline_ms) {
        service_refuse(service, frame.type, frame.req_id, too_late(), reply);
    } else {
        struct service_worker *worker = worker_take(job->server);
        service_serve_waiting(worker, &frame, job->deadline_ms, arena, reply);
        worker_free(job->server, worker);
    }
}

static void job_run(void *context, struct arena *arena)
{
    struct server_job *job = context;
    struct server *server = job->server;
    struct connection *connection = job->connection;
    struct builder reply;
    atomic_fetch_sub_explicit(&server->statistics->queue_waiting, 1, memory_order_relaxed);
    builder_init_arena(&reply, arena, SERVICE_WAITING_REPLY_SIZE_MAX);
    job_serve(job, arena, &reply);
    job_free(server, job);
    connection_send(connection, builder_view(&reply));
    pthread_mutex_lock(&connection->mutex);
    connection->use_count--;
    settle(server, connection);
    pthread_mutex_unlock(&connection->mutex);
}

/* Hands a frame to the pool that may wait. */
static status job_submit(struct server *server, struct connection *connection, slice bytes)
{
    struct server_job *job = job_take(server);
    if (!job) return busy();
    memcpy(job->frame, bytes.bytes, bytes.size);
    job->frame_size = bytes.size;
    job->connection = connection;
    job->deadline_ms = clock_deadline_ms(SERVER_OPERATION_MS_MAX);
    pthread_mutex_lock(&connection->mutex);
    connection->use_count++;
    pthread_mutex_unlock(&connection->mutex);
    atomic_fetch_add_explicit(&server->statistics->queue_waiting, 1, memory_order_relaxed);
    const struct worker_job work = {.run = job_run, .context = job};
    if (status_is_ok(workers_submit(&server->kms_workers, work))) return status_ok();
    atomic_fetch_sub_explicit(&server->statistics->queue_waiting, 1, memory_order_relaxed);
    pthread_mutex_lock(&connection->mutex);
    connection->use_count--;
    pthread_mutex_unlock(&connection->mutex);
    job_free(server, job);
    return busy();
}

/* One worker's view of one connection's turn. */
struct turn {
    struct server *server;
    struct connection *connection;
    struct service_worker *worker;
    struct arena *arena;   /* emptied after each request */
    struct builder output; /* answers not sent yet */
    size_t answer_count;
};

static void turn_flush(struct turn *turn)
{
    if (turn->output.size > 0) connection_send(turn->connection, builder_view(&turn->output));
    turn->output.size = 0;
    turn->answer_count = 0;
}

/* Serves one frame; false when the connection should end. */
static bool frame_serve(struct turn *turn, const struct frame *frame, slice bytes)
{
    struct service *service = turn->server->service;
    const size_t room = turn->output.size_max - turn->output.size;
    if (room < SERVICE_REPLY_SIZE_MAX || turn->answer_count == SERVER_BATCH_COUNT_MAX) {
        turn_flush(turn);
    }
    const enum service_outcome outcome =
        service_serve(turn->worker, frame, turn->arena, &turn->output);
    arena_empty(turn->arena);
    turn->answer_count++;
    if (outcome == SERVICE_WAITS) {
        const status result = job_submit(turn->server, turn->connection, bytes);
        if (!status_is_ok(result)) {
            service_refuse(service, frame->type, frame->req_id, result, &turn->output);
        }
    }
    return outcome != SERVICE_BAD;
}

/* Serves all whole frames that have arrived; false when the connection should end. */
static bool frames_serve(struct turn *turn)
{
    struct connection *connection = turn->connection;
    slice arrived = slice_of(connection->input, connection->input_size);
    bool is_good = true, is_whole = true;
    while (is_good && is_whole) {
        struct frame frame;
        const slice before = arrived;
        const status result = frame_take(&arrived, &frame, &is_whole);
        if (!status_is_ok(result)) {
            service_refuse(turn->server->service, 0, frame_req_id(arrived), result, &turn->output);
            is_good = false;
        } else if (is_whole) {
            is_good = frame_serve(turn, &frame, slice_part(before, 0, before.size - arrived.size));
        }
    }
    turn_flush(turn);
    connection_consume(connection, connection->input_size - arrived.size);
    return is_good;
}

/* True when this worker now has the connection's turn. */
static bool turn_take(struct connection *connection, uint32_t generation)
{
    pthread_mutex_lock(&connection->mutex);
    const bool is_ours =
        connection->is_open && !connection->is_busy && connection->generation == generation;
    if (is_ours) {
        connection->is_busy = true;
        if (connection->output_size > 0) connection_flush(connection);
    }
    const bool may_read = is_ours && connection->output_size == 0 && !connection->is_ending;
    if (is_ours && !may_read) connection->is_busy = false;
    pthread_mutex_unlock(&connection->mutex);
    return may_read;
}

static void connection_serve(struct server *server, struct connection *connection,
                             uint32_t generation, struct turn *turn)
{
    if (turn_take(connection, generation)) {
        turn->connection = connection;
        const bool is_alive = connection_read(connection);
        const bool is_good = frames_serve(turn);
        pthread_mutex_lock(&connection->mutex);
        connection->is_broken |= !is_alive;
        connection->is_ending |= !is_good;
        connection->is_busy = false;
    } else {
        pthread_mutex_lock(&connection->mutex);
        if (connection->generation != generation) {
            pthread_mutex_unlock(&connection->mutex);
            return;
        }
    }
    settle(server, connection);
    pthread_mutex_unlock(&connection->mutex);
}

/* A slot that nobody uses, or NULL; with the server's mutex held. */
static struct connection *slot_take(struct server *server, struct stream stream)
{
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        struct connection *connection = &server->connections[i];
        pthread_mutex_lock(&connection->mutex);
        const bool is_free = !connection->is_open && connection->use_count == 0;
        if (is_free) connection_start(connection, stream);
        pthread_mutex_unlock(&connection->mutex);
        if (is_free) return connection;
    }
    return NULL;
}

static void stream_accept(struct server *server, struct stream stream)
{
    pthread_mutex_lock(&server->mutex);
    struct connection *connection = slot_take(server, stream);
    pthread_mutex_unlock(&server->mutex);
    if (!connection) {
        stream_close(&stream);
        log_write(server->log, LOG_LEVEL_WARN, "connection_refused", NULL, 0);
        return;
    }
    atomic_fetch_add_explicit(&server->statistics->connections, 1, memory_order_relaxed);
    pthread_mutex_lock(&connection->mutex);
    const status added = epoll_add(server, connection->stream.descriptor, EPOLLONESHOT | EPOLLIN,
                                   mark_of(index_of(server, connection), connection->generation));
    if (!status_is_ok(added)) {
        connection->is_broken = true;
        settle(server, connection);
    }
    pthread_mutex_unlock(&connection->mutex);
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
    epoll_rearm(server, server->listener.descriptor, EPOLLIN, mark_of(MARK_LISTENER, 0));
}

/* Ends connections whose deadline has passed. One worker at a time, SERVER_SWEEP_MS apart. */
static void sweep(struct server *server)
{
    const int64_t now_ms = clock_monotonic_ms();
    int64_t due_ms = atomic_load_explicit(&server->next_sweep_ms, memory_order_relaxed);
    if (now_ms < due_ms) return;
    if (!atomic_compare_exchange_strong(&server->next_sweep_ms, &due_ms,
                                        now_ms + SERVER_SWEEP_MS)) {
        return;
    }
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        struct connection *connection = &server->connections[i];
        pthread_mutex_lock(&connection->mutex);
        /* A busy connection's deadlines are its worker's, who looks at them afterwards. */
        if (connection->is_open && !connection->is_busy && connection_is_over(connection, now_ms)) {
            settle(server, connection);
        }
        pthread_mutex_unlock(&connection->mutex);
    }
}

static bool event_serve(struct server *server, uint64_t mark, struct turn *turn)
{
    const size_t index = (size_t)(mark & UINT32_MAX);
    if (index == MARK_STOP) return false;
    if (index == MARK_LISTENER) {
        listener_serve(server);
    } else {
        connection_serve(server, &server->connections[index], (uint32_t)(mark >> 32), turn);
    }
    return true;
}

static status turn_init(struct server *server, struct arena *arena, struct arena *scratch,
                        struct turn *turn)
{
    void *output, *memory;
    TRY(arena_take(arena, OUTPUT_SIZE, &output));
    TRY(arena_take(arena, SERVICE_ARENA_SIZE, &memory));
    *scratch = (struct arena){.memory = memory, .size_max = SERVICE_ARENA_SIZE};
    *turn = (struct turn){.server = server, .arena = scratch};
    builder_init(&turn->output, output, OUTPUT_SIZE);
    return status_ok();
}

static void worker_run(void *context, struct arena *arena)
{
    struct server *server = context;
    struct arena scratch;
    struct turn turn = {0};
    SCOPED(service_worker_close) struct service_worker worker = {0};
    status ready = turn_init(server, arena, &scratch, &turn);
    if (status_is_ok(ready)) ready = service_worker_open(server->service, &worker);
    if (!status_is_ok(ready)) {
        log_failure(server->log, LOG_LEVEL_ERROR, "worker_failed", (slice){0}, ready);
        return;
    }
    turn.worker = &worker;
    for (;;) {
        /* One event at a time, so that the others are free for the other workers. */
        struct epoll_event event;
        const int count = epoll_wait(server->epoll, &event, 1, SERVER_SWEEP_MS);
        if (count == 1 && !event_serve(server, event.data.u64, &turn)) return;
        sweep(server);
    }
}

static status memory_init(struct server *server)
{
    const size_t connection_size = FRAME_SIZE_MAX + CONNECTION_OUTPUT_SIZE_MAX;
    TRY(arena_open(&server->memory, SERVICE_CONNECTION_COUNT_MAX * connection_size +
                                        (size_t)SERVER_JOB_COUNT * FRAME_SIZE_MAX));
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        TRY(connection_init(&server->connections[i], &server->memory));
    }
    for (size_t i = 0; i < SERVER_JOB_COUNT; i++) {
        void *frame;
        struct server_job *job = &server->jobs[i];
        TRY(arena_take(&server->memory, FRAME_SIZE_MAX, &frame));
        *job = (struct server_job){.server = server, .frame = frame};
        job_free(server, job);
    }
    return status_ok();
}

static status descriptors_open(struct server *server)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) FAIL(UNAVAILABLE, errno, "server: epoll cannot be opened");
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->stop < 0) FAIL(UNAVAILABLE, errno, "server: eventfd cannot be opened");
    TRY(listener_open(&server->service->settings.config->listen, &server->listener));
    TRY(epoll_add(server, server->stop, EPOLLIN, mark_of(MARK_STOP, 0)));
    return epoll_add(server, server->listener.descriptor, EPOLLIN | EPOLLONESHOT,
                     mark_of(MARK_LISTENER, 0));
}

static status threads_open(struct server *server)
{
    const struct config *config = server->service->settings.config;
    const struct workers_limits kms_limits = {
        .thread_count = config->kms_workers,
        .queue_count = SERVICE_QUEUE_COUNT_MAX,
        .arena_size = KMS_ARENA_SIZE,
    };
    const struct workers_limits limits = {
        .thread_count = config->workers,
        .queue_count = config->workers,
        .arena_size = WORKER_ARENA_SIZE,
    };
    for (size_t i = 0; i < config->kms_workers; i++) {
        TRY(service_worker_open(server->service, &server->service_workers[i]));
        worker_free(server, &server->service_workers[i]);
    }
    TRY(workers_open(&server->kms_workers, &kms_limits));
    TRY(workers_open(&server->workers, &limits));
    for (size_t i = 0; i < config->workers; i++) {
        const struct worker_job job = {.run = worker_run, .context = server};
        TRY(workers_submit(&server->workers, job));
    }
    return status_ok();
}

status server_open(struct service *service, struct server *server)
{
    memset(server, 0, sizeof *server);
    server->service = service;
    server->statistics = service->settings.statistics;
    server->log = service->settings.log;
    server->epoll = server->stop = -1;
    server->is_open = true;
    pthread_mutex_init(&server->mutex, NULL);
    status result = memory_init(server);
    if (status_is_ok(result)) result = descriptors_open(server);
    if (status_is_ok(result)) result = threads_open(server);
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
    workers_close(&server->kms_workers);
    for (size_t i = 0; i < CONFIG_KMS_WORKERS_MAX; i++) {
        service_worker_close(&server->service_workers[i]);
    }
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        connection_end(&server->connections[i]);
    }
    listener_close(&server->listener);
    if (server->stop >= 0) close(server->stop);
    if (server->epoll >= 0) close(server->epoll);
    arena_close(&server->memory);
    pthread_mutex_destroy(&server->mutex);
    server->is_open = false;
}
