#include "os/random.h"

#include "runner.h"

static void fills_everything(void)
{
    /* 300 is more than getrandom promises to give in one call. */
    uint8_t bytes[300], other[300];
    size_t seen_count = 0;
    bool seen[256] = {false};
    expect_ok("read", random_read(bytes, sizeof bytes));
    expect_ok("read again", random_read(other, sizeof other));
    expect_true("differs", !slice_equal(slice_of(bytes, 300), slice_of(other, 300)));
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (!seen[bytes[i]]) seen_count++;
        seen[bytes[i]] = true;
    }
    /* 300 fair bytes show 177 values on average; 120 is 20 standard deviations below. */
    expect_true("spread", seen_count > 120);
    expect_ok("nothing", random_read(bytes, 0));
}

static void stays_within(void)
{
    uint8_t bytes[34] = {0};
    expect_ok("read", random_read(bytes + 1, 32));
    expect_u64("before", bytes[0], 0);
    expect_u64("after", bytes[33], 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"fills everything", fills_everything},
        {"stays within", stays_within},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
