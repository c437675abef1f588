#include "enclave/trusted_time.h"

#include "enclave/self.h"
#include "fixture.h"

/* A machine whose clocks the test holds: the stand-in's wall time and the monotonic time. */
static int64_t wall_ms, monotonic_ms;

static int64_t read_wall(void *context)
{
    (void)context;
    return wall_ms;
}

static int64_t read_monotonic(void *context)
{
    (void)context;
    return monotonic_ms;
}

static const struct clock held = {.monotonic_ms = read_monotonic, .wall_ms = read_wall};

static struct identity root;
static struct nsm_stand_in stand_in;
static struct trusted_time trusted;
static struct arena arena;

static void start(void)
{
    const struct nsm_stand_in_options options = {.identity = &root, .clock = held};
    wall_ms = INT64_C(1800000000000);
    monotonic_ms = 5000;
    expect_ok("root", identity_open_new(wall_ms / 1000, &root));
    expect_ok("stand-in", nsm_stand_in_open(&options, &stand_in));
    expect_ok("arena", arena_open(&arena, SELF_ARENA_SIZE));
    const struct nsm_port nsm = {&stand_in, nsm_stand_in_call};
    expect_ok("open", trusted_time_open(&nsm, &held, &arena, &trusted));
}

static void stop(void)
{
    trusted_time_close(&trusted);
    nsm_stand_in_close(&stand_in);
    identity_close(&root);
    arena_close(&arena);
}

static status refresh(void)
{
    arena_empty(&arena);
    return trusted_time_refresh(&trusted, &arena);
}

static void carried_on(void)
{
    start();
    const int64_t first_ms = trusted_time_read_ms(&trusted);
    expect_u64("the module's time", (uint64_t)first_ms, (uint64_t)wall_ms);
    monotonic_ms += 1234;
    expect_u64("carried on", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)first_ms + 1234);
    const struct clock clock = trusted_time_clock(&trusted);
    expect_u64("as a clock", (uint64_t)clock_read_wall_ms(&clock), (uint64_t)first_ms + 1234);
    expect_u64("the machine's", (uint64_t)clock_read_monotonic_ms(&clock), (uint64_t)monotonic_ms);
    stop();
}

static void drift_is_corrected(void)
{
    start();
    monotonic_ms += 60000;
    wall_ms += 60000 + TRUSTED_TIME_JUMP_MS_MAX;
    expect_ok("refresh", refresh());
    expect_true("believed", !trusted_time_is_doubtful(&trusted));
    expect_u64("ahead", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)wall_ms);
    /* Backwards: told time stands still until it is reached again. */
    const int64_t told_ms = trusted_time_read_ms(&trusted);
    wall_ms -= 1000;
    expect_ok("refresh", refresh());
    expect_u64("never back", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)told_ms);
    monotonic_ms += 1500;
    expect_u64("then on", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)told_ms + 500);
    stop();
}

static void jumps_need_two_samples(void)
{
    static const int64_t jumps_ms[] = {TRUSTED_TIME_JUMP_MS_MAX + 1, -TRUSTED_TIME_JUMP_MS_MAX - 1,
                                       INT64_C(86400000)};
    for (size_t i = 0; i < ARRAY_COUNT(jumps_ms); i++) {
        runner_row_at("jump", i);
        start();
        const int64_t honest_ms = trusted_time_read_ms(&trusted);
        wall_ms += jumps_ms[i];
        expect_ok("refresh", refresh());
        expect_true("doubtful", trusted_time_is_doubtful(&trusted));
        expect_u64("not believed", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)honest_ms);
        monotonic_ms += 1000;
        wall_ms += 1000;
        expect_ok("refresh", refresh());
        expect_true("two agree", !trusted_time_is_doubtful(&trusted));
        monotonic_ms += 10;
        const int64_t wanted_ms = wall_ms + 10 > honest_ms ? wall_ms + 10 : honest_ms;
        expect_u64("believed", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)wanted_ms);
        stop();
    }
    start();
    wall_ms += 100000;
    expect_ok("one odd sample", refresh());
    wall_ms -= 100000;
    expect_ok("and a right one", refresh());
    expect_true("forgotten", !trusted_time_is_doubtful(&trusted));
    stop();
}

static status dead(void *context, slice request, struct builder *response)
{
    (void)context;
    (void)request;
    (void)response;
    FAIL(UNAVAILABLE, 0, "test: no module");
}

static void module_that_is_gone(void)
{
    start();
    const int64_t before_ms = trusted_time_read_ms(&trusted);
    trusted.nsm.call = dead;
    monotonic_ms += 5000;
    expect_refused("refresh", refresh(), "test: no module");
    expect_u64("carried on", (uint64_t)trusted_time_read_ms(&trusted), (uint64_t)before_ms + 5000);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"carried on", carried_on},
        {"drift is corrected", drift_is_corrected},
        {"jumps need two samples", jumps_need_two_samples},
        {"module that is gone", module_that_is_gone},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
