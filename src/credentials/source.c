#include "credentials/source.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "os/random.h"

struct credentials_vault {
    struct aws_credentials current, next;
};

static int64_t now_ms_of(const struct credentials_source *source)
{
    return clock_read_monotonic_ms(&source->settings.clock);
}

static int64_t now_s_of(const struct credentials_source *source)
{
    return clock_read_wall_ms(&source->settings.clock) / 1000;
}

/* From 0 to `span`, by chance. */
static int64_t random_span(int64_t span)
{
    uint8_t bytes[2] = {0};
    if (!status_is_ok(random_read(bytes, sizeof bytes))) return span / 2;
    return span * (bytes[0] << 8 | bytes[1]) / 65535;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- one fetch, without the mutex ---- */

static status fetch_from_chain(struct credentials_source *source, size_t *index)
{
    const struct credentials_settings *settings = &source->settings;
    const int64_t deadline_ms = now_ms_of(source) + CREDENTIALS_FETCH_TIMEOUT_MS;
    const bool is_chosen = source->chosen_index < settings->fetcher_count;
    for (size_t i = is_chosen ? source->chosen_index : 0; i < settings->fetcher_count; i++) {
        const struct credentials_fetcher *fetcher = &settings->fetchers[i];
        const status fetched = fetcher->fetch(fetcher->context, deadline_ms, &source->vault->next);
        *index = i;
        if (is_chosen || !status_is(fetched, FAILURE_NOT_FOUND)) return fetched;
    }
    FAIL(NOT_FOUND, 0, "credentials: none in the environment, nor a role of this pod or machine");
}

/* ---- taking over what was fetched; the mutex is held ---- */

static int64_t renew_before_s(const struct credentials_source *source)
{
    return smaller(CREDENTIALS_RENEW_BEFORE_S, source->lifetime_s / 4);
}

/* Static stability: what the service cannot renew stays in use, as if it lived on. */
static void extend(struct credentials_source *source)
{
    const int64_t span_s = CREDENTIALS_STABLE_MAX_S - CREDENTIALS_STABLE_MIN_S;
    source->lifetime_s = 4 * CREDENTIALS_RENEW_BEFORE_S;
    source->expires_at_s = now_s_of(source) + CREDENTIALS_RENEW_BEFORE_S +
                           CREDENTIALS_STABLE_MIN_S + random_span(span_s);
    log_write(source->settings.log, LOG_LEVEL_WARN, "credentials_not_renewed", NULL, 0);
}

static void plan_renewal(struct credentials_source *source)
{
    if (source->expires_at_s == 0) {
        source->renew_at_ms = source->renew_at_s = INT64_MAX;
        return;
    }
    const int64_t before_s = renew_before_s(source);
    const int64_t jitter_s = random_span(smaller(CREDENTIALS_JITTER_S, before_s / 4));
    const int64_t left_s = source->expires_at_s - now_s_of(source) - before_s - jitter_s;
    const int64_t wait_s = left_s > 1 ? left_s : 1;
    source->renew_at_ms = now_ms_of(source) + wait_s * 1000;
    source->renew_at_s = now_s_of(source) + wait_s;
}

static void accept(struct credentials_source *source)
{
    struct credentials_vault *vault = source->vault;
    const bool is_same = source->has_credentials && slice_equal(aws_credentials_id(&vault->current),
                                                                aws_credentials_id(&vault->next));
    const int64_t expires_at_s = vault->next.expires_at_s;
    const int64_t left_s = expires_at_s - now_s_of(source);
    vault->current = vault->next;
    if (expires_at_s == 0) {
        source->expires_at_s = source->lifetime_s = 0;
    } else if (left_s <= 0 || (is_same && left_s < renew_before_s(source))) {
        extend(source);
    } else {
        if (!is_same) source->lifetime_s = left_s;
        source->expires_at_s = expires_at_s;
    }
    source->told_expires_at_s = expires_at_s;
    source->has_credentials = true;
    source->is_refused = false;
    if (!is_same) source->generation++;
    source->fetched_at_ms = now_ms_of(source);
    source->not_before_ms = source->fetched_at_ms + CREDENTIALS_PAUSE_MIN_MS;
    plan_renewal(source);
}

static void note_failure(struct credentials_source *source, status failure)
{
    source->failure_count++;
    source->has_failed = true;
    source->last_failure = failure;
    source->backoff_ms = source->backoff_ms == 0
                             ? CREDENTIALS_BACKOFF_MIN_MS
                             : smaller(source->backoff_ms * 2, CREDENTIALS_BACKOFF_MAX_MS);
    source->not_before_ms =
        now_ms_of(source) + source->backoff_ms / 2 + random_span(source->backoff_ms / 2);
    log_failure(source->settings.log, LOG_LEVEL_WARN, "credentials_fetch_failed", slice_of(NULL, 0),
                failure);
}

static void note_success(struct credentials_source *source, size_t index)
{
    const log_field fields[] = {
        log_literal("origin", source->settings.fetchers[index].name),
        log_text("access_key_id", aws_credentials_id(&source->vault->current)),
        log_i64("expires_at_s", source->told_expires_at_s),
    };
    source->chosen_index = index;
    source->has_failed = false;
    source->backoff_ms = 0;
    source->last_failure = status_ok();
    log_write(source->settings.log, LOG_LEVEL_INFO, "credentials_renewed", fields,
              ARRAY_COUNT(fields));
}

/* ---- the renewing thread ---- */

/*
 * The one place that decides about a fetch. The pause after the last attempt wins over every reason
 * to make one. Each reason to renew is judged by both clocks, since either may stand still or jump:
 * the monotonic one while the machine is suspended, the wall clock when it is set.
 */
static bool is_due(const struct credentials_source *source)
{
    const int64_t now_ms = now_ms_of(source);
    if (now_ms < source->not_before_ms) return false;
    if (!source->has_credentials) return true;
    if (source->is_refused && now_ms - source->fetched_at_ms >= CREDENTIALS_REFUSED_PAUSE_MS) {
        return true;
    }
    return now_ms >= source->renew_at_ms || now_s_of(source) >= source->renew_at_s;
}

/* ---- who may have them; the mutex is held ---- */

static bool is_valid(const struct credentials_source *source)
{
    if (!source->has_credentials) return false;
    return source->expires_at_s == 0 || now_s_of(source) < source->expires_at_s;
}

/* Usable now, or is a renewal worth waiting for? */
static bool is_ready(const struct credentials_source *source)
{
    if (!is_valid(source)) return false;
    if (source->is_refused && !source->has_failed && is_due(source)) return false;
    if (source->expires_at_s == 0 || source->has_failed) return true;
    const int64_t before_s = smaller(CREDENTIALS_WAIT_BEFORE_S, source->lifetime_s / 6);
    return source->expires_at_s - now_s_of(source) >= before_s;
}

static status judge(const struct credentials_source *source)
{
    if (is_valid(source)) return status_ok();
    REQUIRE(!source->has_credentials, UNAVAILABLE,
            "credentials: have expired and could not be renewed");
    FAIL(UNAVAILABLE, 0, "credentials: there are none yet");
}

/* Takes one waiter whose wait is over out of the list. */
static struct credentials_waiter *take_waiter(struct credentials_source *source)
{
    const int64_t now_ms = now_ms_of(source);
    const bool is_over = is_ready(source) || source->is_stopping;
    for (struct credentials_waiter **link = &source->waiters; *link; link = &(*link)->next) {
        struct credentials_waiter *waiter = *link;
        if (!is_over && now_ms < waiter->deadline_ms) continue;
        *link = waiter->next;
        waiter->next = NULL;
        return waiter;
    }
    return NULL;
}

/* Tells them without the mutex, so that they may ask again at once. */
static void answer_waiters(struct credentials_source *source)
{
    struct credentials_waiter *waiter;
    while ((waiter = take_waiter(source))) {
        const status outcome = judge(source);
        pthread_mutex_unlock(&source->mutex);
        waiter->ready(waiter, outcome);
        pthread_mutex_lock(&source->mutex);
    }
}

/* Waits for a change, or this long. */
static void wait_for_change(struct credentials_source *source, int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t nanoseconds = until.tv_nsec + wait_ms * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_cond_timedwait(&source->changed, &source->mutex, &until);
}

/* A second at most: the wall clock may be set at any time. */
static int64_t sleep_ms_of(const struct credentials_source *source)
{
    const int64_t now_ms = now_ms_of(source);
    int64_t until_ms = smaller(now_ms + CREDENTIALS_LOOK_MS, source->renew_at_ms);
    for (const struct credentials_waiter *waiter = source->waiters; waiter; waiter = waiter->next) {
        until_ms = smaller(until_ms, waiter->deadline_ms);
    }
    if (until_ms < source->not_before_ms && !source->waiters) {
        until_ms = smaller(now_ms + CREDENTIALS_LOOK_MS, source->not_before_ms);
    }
    return until_ms > now_ms ? until_ms - now_ms : 1;
}

static void renew(struct credentials_source *source)
{
    size_t index = 0;
    source->is_fetching = true;
    source->fetch_count++;
    pthread_mutex_unlock(&source->mutex);
    const status fetched = fetch_from_chain(source, &index);
    pthread_mutex_lock(&source->mutex);
    if (status_is_ok(fetched)) {
        accept(source);
        note_success(source, index);
    } else {
        note_failure(source, fetched);
    }
    aws_credentials_wipe(&source->vault->next);
    source->is_fetching = false;
    pthread_cond_broadcast(&source->changed);
}

static void *run_renewals(void *context)
{
    struct credentials_source *source = context;
    pthread_mutex_lock(&source->mutex);
    while (!source->is_stopping) {
        if (is_due(source)) {
            renew(source);
            continue;
        }
        answer_waiters(source);
        wait_for_change(source, sleep_ms_of(source));
    }
    answer_waiters(source);
    pthread_mutex_unlock(&source->mutex);
    return NULL;
}

static status wait_until_usable(struct credentials_source *source, int64_t deadline_ms)
{
    while (!is_ready(source)) {
        const int64_t left_ms = deadline_ms - now_ms_of(source);
        if (left_ms <= 0 || source->is_stopping) break;
        /* Below the waiting bound the renewal is due already: the thread is at it. */
        wait_for_change(source, smaller(left_ms, 100));
    }
    return judge(source);
}

/* ---- handing out ---- */

status credentials_source_get(void *context, int64_t deadline_ms,
                              struct aws_credentials *credentials)
{
    struct credentials_source *source = context;
    pthread_mutex_lock(&source->mutex);
    const status result = wait_until_usable(source, deadline_ms);
    if (status_is_ok(result)) *credentials = source->vault->current;
    pthread_mutex_unlock(&source->mutex);
    return result;
}

bool credentials_source_copy_newer(struct credentials_source *source, uint64_t *generation,
                                   struct aws_credentials *credentials)
{
    pthread_mutex_lock(&source->mutex);
    const bool is_newer = source->generation != *generation;
    if (is_newer) {
        *generation = source->generation;
        *credentials = source->vault->current;
    }
    pthread_mutex_unlock(&source->mutex);
    return is_newer;
}

void credentials_source_await(struct credentials_source *source, struct credentials_waiter *waiter)
{
    pthread_mutex_lock(&source->mutex);
    waiter->next = source->waiters;
    source->waiters = waiter;
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->mutex);
}

bool credentials_source_forget(struct credentials_source *source, struct credentials_waiter *waiter)
{
    bool is_forgotten = false;
    pthread_mutex_lock(&source->mutex);
    for (struct credentials_waiter **link = &source->waiters; *link; link = &(*link)->next) {
        if (*link != waiter) continue;
        *link = waiter->next;
        is_forgotten = true;
        break;
    }
    pthread_mutex_unlock(&source->mutex);
    return is_forgotten;
}

static void note_refusal(struct credentials_source *source)
{
    source->is_refused = true;
    pthread_cond_broadcast(&source->changed);
}

void credentials_source_refuse(void *context)
{
    struct credentials_source *source = context;
    pthread_mutex_lock(&source->mutex);
    note_refusal(source);
    pthread_mutex_unlock(&source->mutex);
}

void credentials_source_refuse_generation(struct credentials_source *source, uint64_t generation)
{
    pthread_mutex_lock(&source->mutex);
    if (generation == source->generation) note_refusal(source);
    pthread_mutex_unlock(&source->mutex);
}

struct credentials_state credentials_source_read_state(struct credentials_source *source)
{
    pthread_mutex_lock(&source->mutex);
    const bool is_chosen = source->chosen_index < source->settings.fetcher_count;
    const int64_t told_s = source->told_expires_at_s;
    const struct credentials_state state = {
        .origin = is_chosen ? source->settings.fetchers[source->chosen_index].name : "none",
        .is_usable = is_valid(source),
        .can_expire = source->has_credentials && told_s > 0,
        .left_s = told_s > 0 ? told_s - now_s_of(source) : 0,
        .lives_on = source->has_credentials && source->expires_at_s != told_s,
        .generation = source->generation,
        .fetch_count = source->fetch_count,
        .failure_count = source->failure_count,
        .last_failure = source->last_failure,
    };
    pthread_mutex_unlock(&source->mutex);
    return state;
}

/* ---- opening and closing ---- */

static status open_vault(struct credentials_source *source)
{
    void *vault;
    TRY(locked_open(&source->locked, sizeof *source->vault));
    TRY(locked_take(&source->locked, sizeof *source->vault, &vault));
    source->vault = vault;
    return status_ok();
}

static status start(struct credentials_source *source)
{
    TRY(open_vault(source));
    const int error = pthread_create(&source->thread, NULL, run_renewals, source);
    if (error) FAIL(UNAVAILABLE, error, "credentials: a thread could not be started");
    return status_ok();
}

static void release(struct credentials_source *source)
{
    pthread_cond_destroy(&source->changed);
    pthread_mutex_destroy(&source->mutex);
    locked_close(&source->locked);
    *source = (struct credentials_source){0};
}

status credentials_source_open(struct credentials_source *source,
                               const struct credentials_settings *settings)
{
    REQUIRE(settings->fetcher_count <= CREDENTIALS_FETCHER_COUNT_MAX, OVER_LIMIT,
            "credentials: too many places to look for them");
    *source =
        (struct credentials_source){.settings = *settings, .chosen_index = settings->fetcher_count};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&source->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&source->mutex, NULL);
    const status started = start(source);
    if (!status_is_ok(started)) {
        release(source);
        return started;
    }
    source->is_open = true;
    return status_ok();
}

void credentials_source_close(struct credentials_source *source)
{
    if (!source->is_open) return;
    pthread_mutex_lock(&source->mutex);
    source->is_stopping = true;
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->mutex);
    pthread_join(source->thread, NULL);
    release(source);
}
