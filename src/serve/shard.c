#include "serve/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "serve/client.h"

/* ---- accepting, and not ---- */

static void accept_again(struct shard *shard)
{
    if (!shard->listener.is_open || shard->is_accepting) return;
    if (shard->reserve < 0) {
        shard->reserve = fcntl(shard->listener.descriptor, F_DUPFD_CLOEXEC, 0);
    }
    shard->is_accepting = true;
    loop_watch_change(&shard->loop, &shard->accepting, EPOLLIN);
}

/* Until a connection ends here, or a moment has passed: it may have ended elsewhere. */
static void pause_accepting(struct shard *shard)
{
    if (!shard->is_accepting) return;
    shard->is_accepting = false;
    loop_watch_change(&shard->loop, &shard->accepting, 0);
    loop_timer_set(&shard->loop, &shard->pause, loop_now_ms(&shard->loop) + SHARD_PAUSE_MS);
}

static void pause_over(struct loop_timer *timer, int64_t now_ms)
{
    uint8_t *bytes = (uint8_t *)timer - offsetof(struct shard, pause);
    struct shard *shard = (struct shard *)(void *)bytes;
    (void)now_ms;
    accept_again(shard);
}

static void closed(struct connection_home *home, struct connection *connection)
{
    uint8_t *bytes = (uint8_t *)home - offsetof(struct shard, home);
    struct shard *shard = (struct shard *)(void *)bytes;
    serve_peers_leave(shard->group->peers, &connection->peer);
    shard->free[shard->free_count++] = (uint32_t)(connection - shard->connections);
    atomic_fetch_sub(&shard->load, 1);
    counters_set(&home->counters, COUNTERS_CONNECTIONS,
                 home->limits.connection_count - shard->free_count);
    accept_again(shard);
}

/* ---- taking connections over ---- */

/* It is counted already, in the shard's load and among its peers. */
static void take_over(struct shard *shard, int descriptor, const struct serve_peer *peer)
{
    struct connection_home *home = &shard->home;
    if (shard->free_count == 0) (void)client_make_room(home);
    bool is_taken = shard->free_count > 0;
    if (is_taken) {
        const uint32_t index = shard->free[shard->free_count - 1];
        struct connection *connection = &shard->connections[index];
        struct tls_server *tls = shard->group->tls;
        connection->exchange.state = shard->states + index * home->service->state_size;
        if (tls) pthread_mutex_lock(&shard->group->tls_mutex);
        is_taken = status_is_ok(client_open(connection, home, descriptor, peer, tls));
        if (tls) pthread_mutex_unlock(&shard->group->tls_mutex);
        if (is_taken) shard->free_count--;
    } else {
        close(descriptor);
    }
    if (!is_taken) {
        counters_add(&home->counters, COUNTERS_REFUSED_DESCRIPTOR, 1);
        serve_peers_leave(shard->group->peers, peer);
        atomic_fetch_sub(&shard->load, 1);
        return;
    }
    counters_set(&home->counters, COUNTERS_CONNECTIONS,
                 home->limits.connection_count - shard->free_count);
}

static void take_hand(struct loop_task *task)
{
    uint8_t *bytes = (uint8_t *)task - offsetof(struct shard, hand.task);
    struct shard *shard = (struct shard *)(void *)bytes;
    struct shard_hand *hand = &shard->hand;
    pthread_mutex_lock(&hand->mutex);
    hand->is_posted = false;
    pthread_mutex_unlock(&hand->mutex);
    for (;;) {
        pthread_mutex_lock(&hand->mutex);
        const bool is_over = hand->count == 0;
        const size_t last = is_over ? 0 : --hand->count;
        const int descriptor = hand->list[last].descriptor;
        const struct serve_peer peer = hand->list[last].peer;
        pthread_mutex_unlock(&hand->mutex);
        if (is_over) return;
        take_over(shard, descriptor, &peer);
    }
}

/* False when the other has not yet taken over what it was handed before. */
static bool hand_over(struct shard *other, int descriptor, const struct serve_peer *peer)
{
    struct shard_hand *hand = &other->hand;
    pthread_mutex_lock(&hand->mutex);
    const bool has_room = hand->count < SHARD_HAND_COUNT_MAX;
    const bool is_posted = hand->is_posted;
    if (has_room) {
        hand->is_posted = true;
        hand->list[hand->count].descriptor = descriptor;
        hand->list[hand->count++].peer = *peer;
        atomic_fetch_add(&other->load, 1);
    }
    pthread_mutex_unlock(&hand->mutex);
    if (has_room && !is_posted) loop_post(&other->loop, &hand->task);
    return has_room;
}

static struct shard *least_loaded(struct shard *shard)
{
    struct shard *least = shard;
    for (size_t i = 0; i < shard->group->count; i++) {
        struct shard *each = &shard->group->shards[i];
        if (shard_load(each) < shard_load(least)) least = each;
    }
    return least;
}

void shard_adopt(struct shard *shard, int descriptor, const struct serve_peer *peer)
{
    counters_add(&shard->home.counters, COUNTERS_ACCEPTED, 1);
    if (!serve_peers_enter(shard->group->peers, peer)) {
        counters_add(&shard->home.counters, COUNTERS_REFUSED_PEER, 1);
        close(descriptor);
        return;
    }
    struct shard *least = least_loaded(shard);
    if (least != shard && hand_over(least, descriptor, peer)) return;
    atomic_fetch_add(&shard->load, 1);
    take_over(shard, descriptor, peer);
}

/* ---- accepting ---- */

/* Lets those know that wait, instead of leaving them to their patience. */
static void refuse_waiting(struct shard *shard)
{
    struct sockaddr_storage address;
    int descriptor;
    if (shard->reserve < 0) return;
    close(shard->reserve);
    shard->reserve = -1;
    if (status_is_ok(listener_take(&shard->listener, &address, &descriptor))) {
        close(descriptor);
        counters_add(&shard->home.counters, COUNTERS_REFUSED_DESCRIPTOR, 1);
    }
    shard->reserve = fcntl(shard->listener.descriptor, F_DUPFD_CLOEXEC, 0);
}

static bool has_room(struct shard *shard)
{
    if (shard->free_count > 0) return true;
    const struct shard *least = least_loaded(shard);
    return least != shard && atomic_load(&least->load) < least->home.limits.connection_count;
}

static void adopt_from(struct shard *shard, int descriptor, const struct sockaddr_storage *address)
{
    struct serve_peer peer;
    const union {
        const struct sockaddr_storage *storage;
        const struct sockaddr *any;
    } from = {address};
    serve_peer_init(&peer, from.any);
    shard_adopt(shard, descriptor, &peer);
}

/*
 * Accepts one, for which there is room. False when there is none. The system says that it has no
 * descriptor also when nobody waits: room is made only for somebody who is certain to be there.
 */
static bool accept_one(struct shard *shard, bool is_certain)
{
    struct sockaddr_storage address;
    int descriptor;
    for (;;) {
        const status taken = listener_take(&shard->listener, &address, &descriptor);
        if (status_is_ok(taken)) {
            adopt_from(shard, descriptor, &address);
            return true;
        }
        if (taken.detail == ETIMEDOUT || !is_certain) return false;
        if (client_make_room(&shard->home)) continue;
        refuse_waiting(shard);
        pause_accepting(shard);
        return false;
    }
}

static void accept_some(struct loop_watch *watch, uint32_t events)
{
    uint8_t *bytes = (uint8_t *)watch - offsetof(struct shard, accepting);
    struct shard *shard = (struct shard *)(void *)bytes;
    (void)events;
    /* One waits for certain, and room is made for it; others may, and another turn tells. */
    if (!has_room(shard) && !client_make_room(&shard->home)) {
        pause_accepting(shard);
        return;
    }
    for (size_t i = 0; i < SHARD_ACCEPT_COUNT_MAX; i++) {
        if (!has_room(shard) || !accept_one(shard, i == 0)) return;
    }
}

static void stop_listening(struct shard *shard)
{
    if (!shard->listener.is_open) return;
    loop_timer_cancel(&shard->loop, &shard->pause);
    loop_watch_remove(&shard->loop, &shard->accepting);
    listener_close(&shard->listener);
    shard->is_accepting = false;
}

/* ---- ending ---- */

static void begin_closing(struct loop_task *task)
{
    uint8_t *bytes = (uint8_t *)task - offsetof(struct shard, closing);
    struct shard *shard = (struct shard *)(void *)bytes;
    shard->home.is_draining = true;
}

static void begin_ending(struct loop_task *task)
{
    uint8_t *bytes = (uint8_t *)task - offsetof(struct shard, ending);
    struct shard *shard = (struct shard *)(void *)bytes;
    /* Whoever has connected so far would be reset with the socket. */
    while (shard->listener.is_open && has_room(shard) && accept_one(shard, false)) {
    }
    stop_listening(shard);
    client_close_idle(&shard->home);
}

/* A task for each: one that has not run yet must not be posted again. */
void shard_begin_closing(struct shard *shard)
{
    loop_post(&shard->loop, &shard->closing);
}

void shard_begin_ending(struct shard *shard)
{
    loop_post(&shard->loop, &shard->ending);
}

size_t shard_load(struct shard *shard)
{
    return atomic_load_explicit(&shard->load, memory_order_relaxed);
}

/* ---- opening and closing ---- */

static status take_tables(struct shard *shard)
{
    const size_t count = shard->home.limits.connection_count;
    void *connections, *states, *free_places;
    TRY(arena_take(&shard->memory, count * sizeof(struct connection), &connections));
    TRY(arena_take(&shard->memory, count * shard->home.service->state_size, &states));
    TRY(arena_take(&shard->memory, count * sizeof(uint32_t), &free_places));
    shard->connections = connections;
    shard->states = states;
    shard->free = free_places;
    for (size_t i = 0; i < count; i++) shard->free[i] = (uint32_t)(count - 1 - i);
    shard->free_count = count;
    return client_home_init(&shard->home, &shard->memory);
}

static status open_parts(struct shard *shard, const struct shard_settings *settings)
{
    const struct serve_limits *limits = &settings->limits;
    const size_t count = limits->connection_count;
    const size_t tables =
        count * (sizeof(struct connection) + settings->service->state_size + sizeof(uint32_t)) +
        1024;
    TRY(arena_open(&shard->memory, tables + client_home_memory_size(limits)));
    TRY(loop_open(&shard->loop, settings->clock,
                  count + SHARD_PROGRAM_TIMER_COUNT +
                      SHARD_REQUEST_TIMER_COUNT * (limits->request_count + limits->large_count)));
    return take_tables(shard);
}

status shard_open(struct shard *shard, const struct shard_settings *settings)
{
    memset(shard, 0, sizeof *shard);
    shard->group = settings->group;
    shard->reserve = -1;
    struct connection_home *home = &shard->home;
    home->service = settings->service;
    home->loop = &shard->loop;
    home->clock = settings->clock;
    home->limits = settings->limits;
    home->deadlines = settings->deadlines;
    home->closed = closed;
    home->exchange = (struct exchange_home){
        .service = settings->service, .loop = &shard->loop, .shard_index = settings->index};
    shard->pause.due = pause_over;
    shard->hand.task.run = take_hand;
    shard->closing.run = begin_closing;
    shard->ending.run = begin_ending;
    pthread_mutex_init(&shard->hand.mutex, NULL);
    shard->is_open = true;
    const status opened = open_parts(shard, settings);
    if (!status_is_ok(opened)) shard_close(shard);
    return opened;
}

status shard_listen(struct shard *shard, struct listener *listener)
{
    shard->accepting =
        (struct loop_watch){.descriptor = listener->descriptor, .ready = accept_some};
    TRY(loop_watch_add(&shard->loop, &shard->accepting, EPOLLIN));
    shard->listener = *listener;
    *listener = (struct listener){0};
    shard->is_accepting = true;
    shard->reserve = fcntl(shard->listener.descriptor, F_DUPFD_CLOEXEC, 0);
    if (shard->reserve < 0) FAIL(UNAVAILABLE, errno, "shard: too few descriptors");
    return status_ok();
}

static void *run_loop(void *context)
{
    struct shard *shard = context;
    loop_run(&shard->loop);
    return NULL;
}

status shard_start(struct shard *shard)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    int reason = pthread_attr_init(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "shard: thread cannot be started");
    pthread_attr_setstacksize(&attributes, SHARD_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reason = pthread_create(&shard->thread, &attributes, run_loop, shard);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (reason != 0) FAIL(UNAVAILABLE, reason, "shard: thread cannot be started");
    shard->is_started = true;
    return status_ok();
}

void shard_join(struct shard *shard)
{
    if (shard->is_started) pthread_join(shard->thread, NULL);
    shard->is_started = false;
}

static void close_connections(struct shard *shard)
{
    for (size_t i = 0; i < CONNECTION_STATE_COUNT; i++) {
        struct connection_queue *queue = &shard->home.states[i];
        while (queue->first) connection_close(queue->first, EXCHANGE_STOPPED);
    }
    for (size_t i = 0; i < shard->hand.count; i++) {
        serve_peers_leave(shard->group->peers, &shard->hand.list[i].peer);
        close(shard->hand.list[i].descriptor);
    }
    shard->hand.count = 0;
}

void shard_close(struct shard *shard)
{
    if (!shard->is_open) return;
    close_connections(shard);
    stop_listening(shard);
    if (shard->reserve >= 0) close(shard->reserve);
    loop_close(&shard->loop);
    /* What requests left was wiped as each ended; emptying would touch all of it again. */
    shard->memory.used_size = 0;
    arena_close(&shard->memory);
    pthread_mutex_destroy(&shard->hand.mutex);
    shard->is_open = false;
}
