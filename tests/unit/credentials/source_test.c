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
    atomic_llong now_ms; /* wall and monotonic alike */
} world;

static struct credentials_source source;
static struct log log_sink;

static int64_t read_time(void *context)
{
    (void)context;
    return atomic_load(&world.now_ms);
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
        .expires_at_s = lifetime_s == 0 ? 0 : atomic_load(&world.now_ms) / 1000 + lifetime_s,
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
    const struct clock clock = {read_time, read_time, NULL};
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
    expect_true("lives on",
                state.left_s >= CREDENTIALS_RENEW_BEFORE_S + CREDENTIALS_STABLE_MIN_S - 60);
    expect_true("not too long",
                state.left_s <= CREDENTIALS_RENEW_BEFORE_S + CREDENTIALS_STABLE_MAX_S);
    pass_and_look(400);
    expect_ok("beyond their end", get(0));
    pass(400);
    await_fetches(3);
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
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
