#include "enclave/cold.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"
#include "enclave/refusal.h"
#include "os/clock.h"

static_assert((size_t)SERVICE_FAILURE_SIZE_MAX <= BLOCKS_SMALL_SIZE &&
                  (size_t)SERVICE_SIGN_REPLY_SIZE_MAX <= BLOCKS_SMALL_SIZE,
              "what answers a waiting request fits where the request stood");

enum { COLD_ARENA_SIZE = SERVICE_WAITING_ARENA_SIZE + SERVICE_WAITING_REPLY_SIZE_MAX };

static void count(_Atomic uint64_t *counter, uint64_t change)
{
    atomic_fetch_add_explicit(counter, change, memory_order_relaxed);
}

static struct statistics *statistics_of(const struct cold *cold)
{
    return cold->settings.service->settings.statistics;
}

/* The frame in a block, which was read before it was copied there. */
static struct frame frame_of(const struct block *block)
{
    struct frame frame = {0};
    slice bytes = block_view(block);
    bool is_whole = false;
    const status read = frame_take(&bytes, &frame, &is_whole);
    assert(status_is_ok(read) && is_whole);
    return frame;
}

/* ---- what is free; all with the mutex held ---- */

static void call_free(struct cold *cold, struct cold_call *call)
{
    struct block *block = call->block;
    *call = (struct cold_call){.cold = cold, .next = cold->free_calls};
    cold->free_calls = call;
    blocks_give(cold->settings.blocks, block);
}

static void waiter_free(struct cold *cold, struct cold_waiter *waiter)
{
    *waiter = (struct cold_waiter){.next = cold->free_waiters};
    cold->free_waiters = waiter;
}

static struct service_worker *worker_take(struct cold *cold)
{
    pthread_mutex_lock(&cold->mutex);
    /* There are as many as threads that take one. */
    assert(cold->free_worker_count > 0);
    struct service_worker *worker = cold->free_workers[--cold->free_worker_count];
    pthread_mutex_unlock(&cold->mutex);
    return worker;
}

static void worker_give(struct cold *cold, struct service_worker *worker)
{
    pthread_mutex_lock(&cold->mutex);
    cold->free_workers[cold->free_worker_count++] = worker;
    pthread_mutex_unlock(&cold->mutex);
}

/* ---- answering; without the mutex ---- */

/* The block becomes the answer; `reply` lies elsewhere. */
static void answer(struct cold *cold, struct cold_waiter *waiter, struct block *block, slice reply)
{
    assert(reply.size <= block->size_max);
    memcpy(block->bytes, reply.bytes, reply.size);
    /* Shorter than the request that stood here, as a rule: its rest must not stay. */
    if (block->size > reply.size) {
        secret_wipe(block->bytes + reply.size, block->size - reply.size);
    }
    block->size = reply.size;
    /* Before it is answered: who has heard all answers finds that nothing waits. */
    count(&statistics_of(cold)->waiting, (uint64_t)-1);
    cold->settings.answer(cold->settings.context, waiter->origin, block);
    pthread_mutex_lock(&cold->mutex);
    waiter_free(cold, waiter);
    pthread_mutex_unlock(&cold->mutex);
}

static void refuse(struct cold *cold, struct cold_waiter *waiter, status failure)
{
    uint8_t memory[SERVICE_FAILURE_SIZE_MAX];
    struct builder reply;
    builder_init(&reply, memory, sizeof memory);
    service_refuse(cold->settings.service, waiter->type, waiter->req_id, failure, &reply);
    answer(cold, waiter, waiter->block, builder_view(&reply));
}

/* Answers a list: with the data key there is, or with the failure to get one. */
static void waiters_serve(struct cold *cold, struct service_worker *worker,
                          struct cold_waiter *waiters, const struct service_fetched *fetched,
                          struct arena *arena)
{
    while (waiters) {
        struct cold_waiter *waiter = waiters;
        waiters = waiter->next;
        if (!status_is_ok(fetched->result)) {
            refuse(cold, waiter, fetched->result);
            continue;
        }
        struct builder reply;
        const struct frame frame = frame_of(waiter->block);
        builder_init_arena(&reply, arena, SERVICE_SIGN_REPLY_SIZE_MAX);
        service_sign_fetched(worker, &frame, fetched, arena, &reply);
        answer(cold, waiter, waiter->block, builder_view(&reply));
        arena_empty(arena);
    }
}

/* ---- a call, on a thread that may wait ---- */

static void call_unlink(struct cold *cold, const struct cold_call *call)
{
    struct cold_call **from = &cold->active;
    while (*from != call) from = &(*from)->next;
    *from = call->next;
}

/* With the mutex held: whoever asks from now on finds the key or starts a call of his own. */
static struct cold_waiter *call_detach(struct cold *cold, struct cold_call *call)
{
    struct cold_waiter *waiters = call->waiters;
    call->waiters = NULL;
    call_unlink(cold, call);
    return waiters;
}

static int64_t deadline_of(struct cold *cold, const struct cold_call *call)
{
    pthread_mutex_lock(&cold->mutex);
    const int64_t deadline_ms = call->deadline_ms - COLD_MARGIN_MS;
    pthread_mutex_unlock(&cold->mutex);
    return deadline_ms;
}

/* Fetches; once more when time ran out but somebody joined meanwhile who has more of it. */
static void fetch(struct cold *cold, const struct cold_call *call, struct service_worker *worker,
                  struct arena *arena, struct service_fetched *fetched)
{
    const struct frame frame = frame_of(call->block);
    int64_t deadline_ms, next_ms = deadline_of(cold, call);
    do {
        deadline_ms = next_ms;
        arena_empty(arena);
        service_fetch(worker, &frame, deadline_ms, arena, fetched);
        next_ms = deadline_of(cold, call);
    } while (status_is(fetched->result, FAILURE_UNAVAILABLE) &&
             clock_monotonic_ms() >= deadline_ms && next_ms > clock_monotonic_ms());
    arena_empty(arena);
}

static void fetch_run(struct cold *cold, struct cold_call *call, struct arena *arena)
{
    struct service *service = cold->settings.service;
    struct service_worker *worker = worker_take(cold);
    SCOPED(service_fetched_wipe) struct service_fetched fetched = {0};
    fetch(cold, call, worker, arena, &fetched);
    if (!status_is_ok(fetched.result)) count(&statistics_of(cold)->fetch_failures, 1);
    pthread_mutex_lock(&cold->mutex);
    /* Both in one step: nobody can find neither the key nor the call. */
    if (call->is_shared && fetched.is_proven) service_keep(service, &call->name, &fetched);
    struct cold_waiter *waiters = call_detach(cold, call);
    pthread_mutex_unlock(&cold->mutex);
    waiters_serve(cold, worker, waiters, &fetched, arena);
    worker_give(cold, worker);
}

/* A request that waits for itself: one waiter, whose frame is the call's. */
static void lone_run(struct cold *cold, struct cold_call *call, struct arena *arena)
{
    struct service_worker *worker = worker_take(cold);
    struct builder reply;
    const struct frame frame = frame_of(call->block);
    builder_init_arena(&reply, arena, SERVICE_WAITING_REPLY_SIZE_MAX);
    service_serve_waiting(worker, &frame, deadline_of(cold, call), arena, &reply);
    pthread_mutex_lock(&cold->mutex);
    struct cold_waiter *waiter = call_detach(cold, call);
    pthread_mutex_unlock(&cold->mutex);
    worker_give(cold, worker);
    if (!waiter) return;
    const slice written = builder_view(&reply);
    if (written.size > waiter->block->size_max) {
        struct block *block = blocks_take(cold->settings.blocks, written.size);
        if (!block) {
            refuse(cold, waiter, refusal_busy());
            return;
        }
        blocks_give(cold->settings.blocks, waiter->block);
        waiter->block = block;
    }
    answer(cold, waiter, waiter->block, written);
}

static void call_run(void *context, struct arena *arena)
{
    struct cold_call *call = context;
    struct cold *cold = call->cold;
    count(&statistics_of(cold)->queue_waiting, (uint64_t)-1);
    pthread_mutex_lock(&cold->mutex);
    call->has_started = true;
    /* Its requests may all have been answered "too late" while it stood in the queue. */
    const bool is_wanted = call->waiters || call->is_renewal;
    if (!is_wanted) call_detach(cold, call);
    pthread_mutex_unlock(&cold->mutex);
    if (is_wanted && call->is_fetch) fetch_run(cold, call, arena);
    if (is_wanted && !call->is_fetch) lone_run(cold, call, arena);
    pthread_mutex_lock(&cold->mutex);
    call_free(cold, call);
    pthread_mutex_unlock(&cold->mutex);
}

/* ---- taking requests in; with the mutex held ---- */

static bool is_same(const struct data_keys_name *a, const struct data_keys_name *b)
{
    return a->key_index == b->key_index && slice_equal(a->head, b->head) &&
           slice_equal(a->edk, b->edk);
}

static struct cold_call *call_find(const struct cold *cold, const struct data_keys_name *name)
{
    struct cold_call *call = cold->active;
    while (call && !(call->is_shared && is_same(&call->name, name))) call = call->next;
    return call;
}

/* The same place in a copy. */
static slice moved(slice part, slice from, const struct block *to)
{
    return slice_of(to->bytes + (part.bytes - from.bytes), part.size);
}

/* A call that stands in no list yet; NULL when there is no room. */
static struct cold_call *call_make(struct cold *cold, const struct cold_request *request)
{
    struct cold_call *call = cold->free_calls;
    if (!call) return NULL;
    struct block *block = blocks_take(cold->settings.blocks, request->bytes.size);
    if (!block) return NULL;
    cold->free_calls = call->next;
    memcpy(block->bytes, request->bytes.bytes, request->bytes.size);
    block->size = request->bytes.size;
    *call = (struct cold_call){
        .cold = cold,
        .block = block,
        .is_fetch = request->need->is_key,
        .is_shared = request->need->is_key && service_has_cache(cold->settings.service),
        .deadline_ms = request->deadline_ms,
    };
    if (call->is_fetch) {
        const struct data_keys_name *name = &request->need->name;
        call->name = (struct data_keys_name){
            .key_index = name->key_index,
            .head = moved(name->head, request->bytes, block),
            .edk = moved(name->edk, request->bytes, block),
        };
    }
    return call;
}

/* Queues a call. False, and it is free again, when the queue is full. */
static bool call_start(struct cold *cold, struct cold_call *call)
{
    call->next = cold->active;
    cold->active = call;
    count(&statistics_of(cold)->queue_waiting, 1);
    const struct worker_job job = {.run = call_run, .context = call};
    if (status_is_ok(workers_submit(&cold->workers, job))) return true;
    count(&statistics_of(cold)->queue_waiting, (uint64_t)-1);
    call_unlink(cold, call);
    call_free(cold, call);
    return false;
}

/* The request's frame without the credentials, which only the call needs. */
static struct block *frame_keep(struct cold *cold, const struct cold_request *request)
{
    struct frame frame = *request->frame;
    struct builder copy;
    frame.present &= ~(UINT32_C(1) << FRAME_CREDENTIALS);
    struct block *block = blocks_take(cold->settings.blocks,
                                      request->bytes.size - frame.sections[FRAME_CREDENTIALS].size);
    if (!block) return NULL;
    builder_init(&copy, block->bytes, block->size_max);
    const status written = frame_write(&frame, &copy);
    assert(status_is_ok(written));
    block->size = builder_view(&copy).size;
    return block;
}

/* A waiter that stands in no list yet; NULL when there is no room. */
static struct cold_waiter *waiter_make(struct cold *cold, const struct cold_request *request)
{
    struct cold_waiter *waiter = cold->free_waiters;
    if (!waiter) return NULL;
    struct block *block = frame_keep(cold, request);
    if (!block) return NULL;
    cold->free_waiters = waiter->next;
    *waiter = (struct cold_waiter){
        .origin = request->origin,
        .block = block,
        .req_id = request->frame->req_id,
        .deadline_ms = request->deadline_ms,
        .type = request->frame->type,
    };
    return waiter;
}

static void waiter_add(struct cold *cold, struct cold_call *call, struct cold_waiter *waiter)
{
    waiter->next = call->waiters;
    call->waiters = waiter;
    if (waiter->deadline_ms > call->deadline_ms) call->deadline_ms = waiter->deadline_ms;
    count(&statistics_of(cold)->waiting, 1);
}

/* Starts a call with its first waiter. */
static status call_submit(struct cold *cold, const struct cold_request *request,
                          struct cold_waiter *waiter)
{
    if (request->need->is_key && !frame_has_section(request->frame, FRAME_CREDENTIALS)) {
        return refusal_credentials_needed();
    }
    struct cold_call *call = call_make(cold, request);
    if (!call) return refusal_busy();
    waiter_add(cold, call, waiter);
    if (call_start(cold, call)) return status_ok();
    count(&statistics_of(cold)->waiting, (uint64_t)-1);
    return refusal_busy();
}

static status submit(struct cold *cold, const struct cold_request *request, bool *is_there)
{
    const struct service_need *need = request->need;
    const bool is_shared = need->is_key && service_has_cache(cold->settings.service);
    struct cold_call *call = is_shared ? call_find(cold, &need->name) : NULL;
    *is_there = is_shared && !call && service_has_key(cold->settings.service, &need->name);
    if (*is_there) return status_ok();
    struct cold_waiter *waiter = waiter_make(cold, request);
    if (!waiter) return refusal_busy();
    if (call) {
        waiter_add(cold, call, waiter);
        return status_ok();
    }
    const status started = call_submit(cold, request, waiter);
    if (!status_is_ok(started)) {
        blocks_give(cold->settings.blocks, waiter->block);
        waiter_free(cold, waiter);
    }
    return started;
}

status cold_submit(struct cold *cold, const struct cold_request *request, bool *is_there)
{
    pthread_mutex_lock(&cold->mutex);
    const status result = submit(cold, request, is_there);
    pthread_mutex_unlock(&cold->mutex);
    return result;
}

void cold_renew(struct cold *cold, const struct cold_request *request)
{
    if (!frame_has_section(request->frame, FRAME_CREDENTIALS)) return;
    pthread_mutex_lock(&cold->mutex);
    struct cold_call *call =
        call_find(cold, &request->need->name) ? NULL : call_make(cold, request);
    if (call) {
        call->is_renewal = true;
        if (call_start(cold, call)) count(&statistics_of(cold)->renewals, 1);
    }
    pthread_mutex_unlock(&cold->mutex);
}

/* With the mutex held: moves those of a call that are late into another list. */
static void late_take(struct cold_call *call, int64_t now_ms, struct cold_waiter **late)
{
    for (struct cold_waiter **from = &call->waiters; *from;) {
        struct cold_waiter *waiter = *from;
        if (now_ms < waiter->deadline_ms) {
            from = &waiter->next;
            continue;
        }
        *from = waiter->next;
        waiter->next = *late;
        *late = waiter;
    }
}

void cold_expire(struct cold *cold, int64_t now_ms)
{
    struct cold_waiter *late = NULL;
    pthread_mutex_lock(&cold->mutex);
    for (struct cold_call *call = cold->active; call; call = call->next) {
        late_take(call, now_ms, &late);
    }
    pthread_mutex_unlock(&cold->mutex);
    while (late) {
        struct cold_waiter *waiter = late;
        late = waiter->next;
        refuse(cold, waiter, refusal_too_late());
    }
}

/* ---- the whole ---- */

static status threads_open(struct cold *cold)
{
    const struct config *config = cold->settings.service->settings.config;
    const struct workers_limits limits = {
        .thread_count = config->kms_workers,
        .queue_count = SERVICE_QUEUE_COUNT_MAX,
        .arena_size = COLD_ARENA_SIZE,
    };
    for (size_t i = 0; i < config->kms_workers; i++) {
        TRY(service_worker_open(cold->settings.service, &cold->service_workers[i]));
        worker_give(cold, &cold->service_workers[i]);
    }
    return workers_open(&cold->workers, &limits);
}

status cold_open(const struct cold_settings *settings, struct cold *cold)
{
    memset(cold, 0, sizeof *cold);
    cold->settings = *settings;
    cold->is_open = true;
    pthread_mutex_init(&cold->mutex, NULL);
    for (size_t i = 0; i < COLD_CALL_COUNT_MAX; i++) call_free(cold, &cold->calls[i]);
    for (size_t i = 0; i < COLD_WAITER_COUNT_MAX; i++) waiter_free(cold, &cold->waiters[i]);
    const status result = threads_open(cold);
    if (!status_is_ok(result)) cold_close(cold);
    return result;
}

void cold_close(struct cold *cold)
{
    if (!cold->is_open) return;
    workers_close(&cold->workers);
    for (size_t i = 0; i < CONFIG_KMS_WORKERS_MAX; i++) {
        service_worker_close(&cold->service_workers[i]);
    }
    pthread_mutex_destroy(&cold->mutex);
    cold->is_open = false;
}
