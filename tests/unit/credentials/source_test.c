#include "credentials/source.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner.h"

/* A place whose answers and whose time the test decides. */
static struct {
    atomic_int fetch_count, at_once, at_once_max;
    atomic_int fail_count; /* next fetches that fail; -1: all */
    atomic_bool has_none;
    atomic_int delay_ms;
    atomic_int generation; /* of the access key id handed out */
    atomic_llong lifetime_s;
    atomic_llong now_ms;     /* monotonic */
    atomic_llong wall_ahead; /* of it, in ms: set by a person, or by a suspended machine */
} world;

static struct credentials_source source;
static struct log log_sink;

static int64_t read_time(void *context)
{
    (void)context;
    return atomic_load(&world.now_ms);
}

static int64_t read_wall(void *context)
{
    return read_time(context) + atomic_load(&world.wall_ahead);
}

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    char id[32];
    (void)context;
    (void)deadline_ms;
    const int at_once = atomic_fetch_add(&world.at_once, 1) + 1;
    if (at_once > atomic_load(&world.at_once_max)) atomic_store(&world.at_once_max, at_once);
    if (atomic_load(&world.delay_ms) > 0) poll(NULL, 0, atomic_load(&world.delay_ms));
    atomic_fetch_sub(&world.at_once, 1);
    atomic_fetch_add(&world.fetch_count, 1);
    if (atomic_load(&world.has_none)) FAIL(NOT_FOUND, 0, "test: none here");
    const int left = atomic_load(&world.fail_count);
    if (left != 0) {
        if (left > 0) atomic_fetch_sub(&world.fail_count, 1);
        FAIL(UNAVAILABLE, 0, "test: fails as told");
    }
    snprintf(id, sizeof id, "ASIAEXAMPLE%09d", atomic_load(&world.generation));
    const int64_t lifetime_s = atomic_load(&world.lifetime_s);
    const struct aws_credentials_parts parts = {
        .access_key_id = slice_text(id),
        .secret = slice_text("secret"),
        .session_token = slice_text("token"),
        .expires_at_s = lifetime_s == 0 ? 0 : read_wall(NULL) / 1000 + lifetime_s,
    };
    return aws_credentials_init(&parts, credentials);
}

static status fetch_nothing(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    (void)context;
    (void)deadline_ms;
    (void)credentials;
    FAIL(NOT_FOUND, 0, "test: never anything here");
}

static void set(int64_t lifetime_s)
{
    memset(&world, 0, sizeof world);
    atomic_store(&world.now_ms, 1700000000000);
    atomic_store(&world.lifetime_s, lifetime_s);
}

static void open_source(void)
{
    const struct clock clock = {read_time, read_wall, NULL};
    const struct log_settings log = {"test", LOG_LEVEL_ERROR, 2, clock};
    log_init(&log_sink, &log);
    const struct credentials_settings settings = {
        .fetchers = {{"nothing", fetch_nothing, NULL}, {"world", fetch, NULL}},
        .fetcher_count = 2,
        .clock = clock,
        .log = &log_sink,
    };
    expect_ok("open", credentials_source_open(&source, &settings));
}

static void close_source(void)
{
    credentials_source_close(&source);
}

static bool is_fetched(size_t count)
{
    pthread_mutex_lock(&source.mutex);
    const bool is_taken = source.fetch_count >= count && !source.is_fetching;
    pthread_mutex_unlock(&source.mutex);
    return is_taken;
}

/* Waits until so many fetches have been made, and their results taken over. */
static void await_fetches(int count)
{
    for (int i = 0; i < 12000 && !is_fetched((size_t)count); i++) poll(NULL, 0, 5);
    expect_true("as many fetches", atomic_load(&world.fetch_count) >= count);
}

/* Time passes; the thread, which looks once a second of real time, is made to look now. */
static void pass(int64_t seconds)
{
    atomic_fetch_add(&world.now_ms, seconds * 1000);
    pthread_mutex_lock(&source.mutex);
    pthread_cond_broadcast(&source.changed);
    pthread_mutex_unlock(&source.mutex);
}

/* The same, and the thread has had time for what it should not do. */
static void pass_and_look(int64_t seconds)
{
    pass(seconds);
    poll(NULL, 0, 200);
}

static status get(int64_t timeout_ms)
{
    struct aws_credentials credentials;
    return credentials_source_get(
        &source, timeout_ms == 0 ? 0 : atomic_load(&world.now_ms) + timeout_ms, &credentials);
}

static void never_expiring(void)
{
    set(0);
    open_source();
    await_fetches(1);
    expect_ok("there", get(0));
    struct aws_credentials credentials;
    expect_ok("as values", credentials_source_get(&source, 0, &credentials));
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000000");
    const struct credentials_state state = credentials_source_read_state(&source);
    expect_text("origin", slice_text(state.origin), "world");
    expect_true("usable", state.is_usable && !state.can_expire);
    pass_and_look(1000000);
    expect_u64("never again", (uint64_t)atomic_load(&world.fetch_count), 1);
    expect_ok("still there", get(0));
    close_source();
}

static void renewed_ahead(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    pass_and_look(6 * 3600 - CREDENTIALS_RENEW_BEFORE_S - CREDENTIALS_JITTER_S - 5);
    expect_u64("not yet", (uint64_t)atomic_load(&world.fetch_count), 1);
    atomic_store(&world.generation, 2);
    pass(CREDENTIALS_JITTER_S + 10);
    await_fetches(2);
    struct aws_credentials credentials;
    expect_ok("the new ones", credentials_source_get(&source, 0, &credentials));
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000002");
    expect_u64("again as long", (uint64_t)(credentials_source_read_state(&source).left_s / 3600),
               6);
    close_source();
}

/* Ten minutes before the end a renewal that fails is repeated, and the old set still serves. */
static void renewal_fails(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    atomic_store(&world.fail_count, -1);
    pass(6 * 3600 - 300);
    await_fetches(2);
    expect_ok("old ones serve", get(0));
    expect_ok("also those who might wait", get(5000));
    pass_and_look(400);
    expect_refused("expired", get(0), "credentials: have expired and could not be renewed");
    const struct credentials_state state = credentials_source_read_state(&source);
    expect_true("not usable", !state.is_usable && state.failure_count > 0);
    expect_refused("why", state.last_failure, "test: fails as told");
    atomic_store(&world.fail_count, 0);
    atomic_store(&world.generation, 3);
    for (int i = 0; i < 30 && !status_is_ok(get(0)); i++) pass_and_look(60);
    expect_ok("back", get(0));
    close_source();
}

static void backoff(void)
{
    set(3600);
    atomic_store(&world.fail_count, -1);
    open_source();
    await_fetches(1);
    expect_refused("none", get(0), "credentials: there are none yet");
    /* Time stands still, so nothing is due: no storm. */
    poll(NULL, 0, 1200);
    expect_u64("one try", (uint64_t)atomic_load(&world.fetch_count), 1);
    int last = 1;
    for (int i = 0; i < 3; i++) {
        pass(31);
        await_fetches(last + 1);
        expect_u64("one more", (uint64_t)atomic_load(&world.fetch_count), (uint64_t)last + 1);
        last++;
    }
    close_source();
}

static void waits_for_the_first(void)
{
    set(3600);
    atomic_store(&world.delay_ms, 300);
    open_source();
    expect_refused("not yet", get(0), "credentials: there are none yet");
    expect_ok("waited", get(5000));
    close_source();
}

static void *ask(void *context)
{
    struct aws_credentials credentials;
    const status got =
        credentials_source_get(&source, atomic_load(&world.now_ms) + 5000, &credentials);
    *(bool *)context = status_is_ok(got);
    return NULL;
}

static void one_fetch_for_all(void)
{
    pthread_t threads[16];
    bool is_good[16] = {0};
    set(3600);
    atomic_store(&world.delay_ms, 200);
    open_source();
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++) {
        pthread_create(&threads[i], NULL, ask, &is_good[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        expect_true("got them", is_good[i]);
    }
    expect_u64("one fetch", (uint64_t)atomic_load(&world.fetch_count), 1);
    expect_u64("one at a time", (uint64_t)atomic_load(&world.at_once_max), 1);
    close_source();
}

/* The service goes on handing out the same set although it is about to end. */
static void static_stability(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    atomic_store(&world.lifetime_s, 200);
    pass(6 * 3600 - 200);
    await_fetches(2);
    struct credentials_state state = credentials_source_read_state(&source);
    expect_true("lives on", state.lives_on);
    expect_true("but it says when they end", state.left_s <= 200 && state.left_s > 190);
    pass_and_look(CREDENTIALS_STABLE_MIN_S - CREDENTIALS_JITTER_S - 10);
    expect_u64("not at once", (uint64_t)atomic_load(&world.fetch_count), 2);
    atomic_store(&world.lifetime_s, 50);
    pass(CREDENTIALS_STABLE_MAX_S);
    await_fetches(3);
    pass_and_look(100);
    expect_ok("beyond their end", get(0));
    state = credentials_source_read_state(&source);
    expect_true("which has passed", state.left_s < 0 && state.is_usable && state.lives_on);
    close_source();
}

static void handed_out_expired(void)
{
    set(-100);
    open_source();
    await_fetches(1);
    expect_ok("AWS decides", get(0));
    close_source();
}

static void refused_by_aws(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    credentials_source_refuse(&source);
    poll(NULL, 0, 100);
    expect_u64("too soon after the last", (uint64_t)atomic_load(&world.fetch_count), 1);
    atomic_store(&world.generation, 5);
    pass(CREDENTIALS_REFUSED_PAUSE_MS / 1000 + 1);
    atomic_store(&world.delay_ms, 200);
    credentials_source_refuse(&source);
    struct aws_credentials credentials;
    expect_ok("waited for new ones",
              credentials_source_get(&source, atomic_load(&world.now_ms) + 5000, &credentials));
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000005");
    close_source();
}

static void nowhere(void)
{
    set(3600);
    atomic_store(&world.has_none, true);
    open_source();
    await_fetches(1);
    const struct credentials_state state = credentials_source_read_state(&source);
    expect_text("origin", slice_text(state.origin), "none");
    expect_refused("why", state.last_failure,
                   "credentials: none in the environment, nor a role of this pod or machine");
    close_source();
    close_source();
}

/* Short-lived credentials, as test services hand out, are renewed at three quarters. */
static void short_lived(void)
{
    set(60);
    open_source();
    await_fetches(1);
    pass_and_look(30);
    expect_u64("not yet", (uint64_t)atomic_load(&world.fetch_count), 1);
    atomic_store(&world.generation, 1);
    pass_and_look(18);
    expect_u64("renewed", (uint64_t)atomic_load(&world.fetch_count), 2);
    expect_true("as long again", credentials_source_read_state(&source).left_s > 50);
    close_source();
}

/* Only the wall clock moves: suspended, or set. The thread is made to look. */
static void set_wall(int64_t ahead_s)
{
    atomic_store(&world.wall_ahead, ahead_s * 1000);
    pass(0);
}

static void machine_was_suspended(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    set_wall(6 * 3600 - CREDENTIALS_RENEW_BEFORE_S - CREDENTIALS_JITTER_S - 5);
    pass_and_look(1);
    expect_u64("not yet", (uint64_t)atomic_load(&world.fetch_count), 1);
    atomic_store(&world.generation, 1);
    set_wall(7 * 3600);
    await_fetches(2);
    expect_ok("good at once", get(0));
    expect_true("as long again", credentials_source_read_state(&source).left_s > 5 * 3600);
    close_source();
}

static void wall_clock_was_set_back(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    set_wall(-30 * 24 * 3600);
    pass_and_look(6 * 3600 - CREDENTIALS_RENEW_BEFORE_S - CREDENTIALS_JITTER_S - 5);
    expect_u64("not yet", (uint64_t)atomic_load(&world.fetch_count), 1);
    atomic_store(&world.generation, 1);
    pass(CREDENTIALS_JITTER_S + 10);
    await_fetches(2);
    expect_true("as long again", credentials_source_read_state(&source).left_s > 5 * 3600);
    close_source();
}

/* A refusal asks for new ones; a source that fails is still asked with growing pauses only. */
static void refused_while_the_source_fails(void)
{
    set(6 * 3600);
    open_source();
    await_fetches(1);
    atomic_store(&world.fail_count, -1);
    pass(CREDENTIALS_REFUSED_PAUSE_MS / 1000 + 1);
    credentials_source_refuse(&source);
    await_fetches(2);
    for (int i = 0; i < 20; i++) {
        credentials_source_refuse(&source);
        pass(0);
        poll(NULL, 0, 10);
    }
    expect_u64("time stands still: no more", (uint64_t)atomic_load(&world.fetch_count), 2);
    for (int i = 3; i < 8; i++) {
        pass(CREDENTIALS_BACKOFF_MAX_MS / 1000);
        await_fetches(i);
        poll(NULL, 0, 50);
        expect_u64("one a pause", (uint64_t)atomic_load(&world.fetch_count), (uint64_t)i);
    }
    atomic_store(&world.fail_count, 0);
    atomic_store(&world.generation, 1);
    pass(CREDENTIALS_BACKOFF_MAX_MS / 1000);
    await_fetches(8);
    pass_and_look(CREDENTIALS_BACKOFF_MAX_MS / 1000);
    expect_u64("and then none", (uint64_t)atomic_load(&world.fetch_count), 8);
    close_source();
}

static void generations(void)
{
    struct aws_credentials credentials;
    uint64_t generation = 0;
    set(6 * 3600);
    open_source();
    await_fetches(1);
    expect_true("first", credentials_source_copy_newer(&source, &generation, &credentials));
    expect_u64("generation", generation, 1);
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000000");
    expect_true("same", !credentials_source_copy_newer(&source, &generation, &credentials));
    atomic_store(&world.generation, 1);
    pass(6 * 3600 - 800);
    await_fetches(2);
    pass(CREDENTIALS_REFUSED_PAUSE_MS / 1000 + 1);
    credentials_source_refuse_generation(&source, generation);
    pass_and_look(0);
    expect_u64("an old one's refusal", (uint64_t)atomic_load(&world.fetch_count), 2);
    expect_true("newer", credentials_source_copy_newer(&source, &generation, &credentials));
    expect_u64("generation", generation, 2);
    atomic_store(&world.generation, 2);
    credentials_source_refuse_generation(&source, generation);
    await_fetches(3);
    atomic_store(&world.fail_count, -1);
    pass(7 * 3600);
    await_fetches(4);
    expect_refused("expired", get(0), "credentials: have expired and could not be renewed");
    expect_true("copied all the same",
                credentials_source_copy_newer(&source, &generation, &credentials));
    close_source();
}

struct noted_waiter {
    struct credentials_waiter waiter;
    atomic_int call_count;
    status outcome;
};

static void note_ready(struct credentials_waiter *waiter, status outcome)
{
    struct noted_waiter *noted = (struct noted_waiter *)waiter;
    noted->outcome = outcome;
    atomic_fetch_add(&noted->call_count, 1);
}

static void await_call(struct noted_waiter *noted)
{
    for (int i = 0; i < 12000 && atomic_load(&noted->call_count) == 0; i++) poll(NULL, 0, 5);
    expect_u64("told once", (uint64_t)atomic_load(&noted->call_count), 1);
}

static void waiters(void)
{
    static struct noted_waiter rows[4];
    memset(rows, 0, sizeof rows);
    set(6 * 3600);
    atomic_store(&world.fail_count, 1);
    const int64_t start_ms = atomic_load(&world.now_ms);
    open_source();
    await_fetches(1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        rows[i].waiter =
            (struct credentials_waiter){.ready = note_ready, .deadline_ms = start_ms + 3600 * 1000};
    }
    rows[0].waiter.deadline_ms = start_ms + 100;
    for (size_t i = 0; i < 3; i++) credentials_source_await(&source, &rows[i].waiter);
    poll(NULL, 0, 50);
    expect_u64("nobody yet", (uint64_t)atomic_load(&rows[0].call_count), 0);
    atomic_fetch_add(&world.now_ms, 100);
    pass(0);
    await_call(&rows[0]);
    expect_refused("too late", rows[0].outcome, "credentials: there are none yet");
    expect_true("forgotten", credentials_source_forget(&source, &rows[1].waiter));
    expect_true("only once", !credentials_source_forget(&source, &rows[1].waiter));
    pass(1);
    await_call(&rows[2]);
    expect_ok("usable", rows[2].outcome);
    credentials_source_await(&source, &rows[3].waiter);
    await_call(&rows[3]);
    expect_ok("at once", rows[3].outcome);
    expect_u64("the forgotten one", (uint64_t)atomic_load(&rows[1].call_count), 0);
    close_source();
}

static void closing_answers_waiters(void)
{
    static struct noted_waiter noted;
    memset(&noted, 0, sizeof noted);
    set(6 * 3600);
    atomic_store(&world.fail_count, -1);
    open_source();
    await_fetches(1);
    noted.waiter = (struct credentials_waiter){
        .ready = note_ready, .deadline_ms = atomic_load(&world.now_ms) + 3600 * 1000};
    credentials_source_await(&source, &noted.waiter);
    close_source();
    expect_u64("told", (uint64_t)atomic_load(&noted.call_count), 1);
    expect_refused("none", noted.outcome, "credentials: there are none yet");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"never expiring", never_expiring},
        {"renewed ahead", renewed_ahead},
        {"renewal fails", renewal_fails},
        {"backoff", backoff},
        {"waits for the first", waits_for_the_first},
        {"one fetch for all", one_fetch_for_all},
        {"static stability", static_stability},
        {"handed out expired", handed_out_expired},
        {"refused by AWS", refused_by_aws},
        {"nowhere", nowhere},
        {"short lived", short_lived},
        {"machine was suspended", machine_was_suspended},
        {"wall clock was set back", wall_clock_was_set_back},
        {"refused while the source fails", refused_while_the_source_fails},
        {"generations", generations},
        {"waiters", waiters},
        {"closing answers waiters", closing_answers_waiters},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
