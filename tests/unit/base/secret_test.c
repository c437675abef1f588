#include "base/secret.h"

#include <string.h>

#include "runner.h"

static void reading(void)
{
    uint8_t bytes[33];
    struct secret32 secret = {{0}};
    runner_random(bytes, sizeof bytes);
    expect_refused("31 bytes", secret32_read(slice_of(bytes, 31), &secret),
                   "secret: must be 32 bytes");
    expect_refused("33 bytes", secret32_read(slice_of(bytes, 33), &secret),
                   "secret: must be 32 bytes");
    static const struct secret32 zero = {{0}};
    expect_true("untouched", secret_equal(secret_expose(&secret), secret_expose(&zero)));
    expect_ok("32 bytes", secret32_read(slice_of(bytes, 32), &secret));
    expect_bytes("the bytes", secret_expose(&secret), slice_of(bytes, 32));
    secret32_wipe(&secret);
    expect_true("wiped", secret_equal(secret_expose(&secret), secret_expose(&zero)));
}

static void reading_text(void)
{
    static uint8_t bytes[SECRET_TEXT_SIZE_MAX + 1];
    static struct secret_text secret, zero;
    runner_random(bytes, sizeof bytes);
    expect_ok("empty", secret_text_read(slice_of(NULL, 0), &secret));
    expect_u64("empty", secret_expose_text(&secret).size, 0);
    const status got = secret_text_read(slice_of(bytes, sizeof bytes), &secret);
    expect_refused("one too long", got, "secret: text is too long");
    expect_kind("one too long", got, FAILURE_OVER_LIMIT);
    expect_ok("the longest", secret_text_read(slice_of(bytes, SECRET_TEXT_SIZE_MAX), &secret));
    expect_bytes("text", secret_expose_text(&secret), slice_of(bytes, SECRET_TEXT_SIZE_MAX));
    secret_text_wipe(&secret);
    expect_true("wiped", memcmp(&secret, &zero, sizeof zero) == 0);
}

static void comparing(void)
{
    uint8_t a[32], b[32];
    runner_random(a, sizeof a);
    memcpy(b, a, sizeof b);
    expect_true("equal", secret_equal(slice_of(a, 32), slice_of(b, 32)));
    expect_true("nothing", secret_equal(slice_of(NULL, 0), slice_of(NULL, 0)));
    expect_true("shorter", !secret_equal(slice_of(a, 32), slice_of(b, 31)));
    for (size_t i = 0; i < sizeof a * 8; i++) {
        runner_row_at("bit", i);
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        expect_true("different", !secret_equal(slice_of(a, 32), slice_of(b, 32)));
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void wiping(void)
{
    uint8_t bytes[4] = {1, 2, 3, 4};
    secret_wipe(bytes + 1, 2);
    expect_hex("only what was asked", slice_of(bytes, 4), "01000004");
    secret_wipe(NULL, 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"reading", reading},
        {"reading text", reading_text},
        {"comparing", comparing},
        {"wiping", wiping},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
