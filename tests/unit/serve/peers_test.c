#include "serve/peers.h"

#include <string.h>

#include "runner.h"

enum { CONNECTION_COUNT = 50, COUNT_MAX = 4 };

static struct serve_peers peers;
static struct arena memory;

static void open_peers(void)
{
    expect_ok("memory", arena_open(&memory, serve_peers_memory_size(CONNECTION_COUNT)));
    expect_ok("init", serve_peers_init(&peers, &memory, CONNECTION_COUNT, COUNT_MAX));
}

static void close_peers(void)
{
    serve_peers_close(&peers);
    serve_peers_close(&peers);
    arena_close(&memory);
}

static struct serve_peer ipv4(uint8_t last)
{
    return (struct serve_peer){
        .has_address = true,
        .address = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, last}}};
}

static struct serve_peer ipv6(uint8_t network, uint8_t host)
{
    return (struct serve_peer){
        .has_address = true,
        .address = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host}}};
}

static void limits(void)
{
    struct serve_peer first = ipv4(1), second = ipv4(2);
    open_peers();
    for (size_t i = 0; i < COUNT_MAX; i++) {
        expect_true("as many as it may", serve_peers_enter(&peers, &first));
    }
    first.port = 99;
    expect_true("one more", !serve_peers_enter(&peers, &first));
    expect_true("another", serve_peers_enter(&peers, &second));
    serve_peers_leave(&peers, &first);
    expect_true("again", serve_peers_enter(&peers, &first));
    expect_true("no more", !serve_peers_enter(&peers, &first));
    close_peers();
}

static void networks(void)
{
    open_peers();
    for (uint8_t i = 0; i < COUNT_MAX; i++) {
        const struct serve_peer peer = ipv6(1, i);
        expect_true("as many as it may", serve_peers_enter(&peers, &peer));
    }
    const struct serve_peer same = ipv6(1, 77), other = ipv6(2, 77);
    expect_true("one network", !serve_peers_enter(&peers, &same));
    expect_true("another", serve_peers_enter(&peers, &other));
    close_peers();
}

static void local_ones_are_not_counted(void)
{
    struct serve_peer local = ipv4(1);
    local.is_local = true;
    open_peers();
    for (size_t i = 0; i < 2 * CONNECTION_COUNT; i++) {
        expect_true("any number", serve_peers_enter(&peers, &local));
    }
    for (size_t i = 0; i < 2 * CONNECTION_COUNT; i++) serve_peers_leave(&peers, &local);
    close_peers();
}

/* Whatever comes and goes, each address has as many as are there. */
static void by_chance(void)
{
    unsigned counts[20] = {0};
    unsigned total = 0;
    open_peers();
    for (size_t step = 0; step < 20000; step++) {
        const size_t i = runner_random_u64() % ARRAY_COUNT(counts);
        const struct serve_peer peer = i % 2 == 0 ? ipv4((uint8_t)i) : ipv6((uint8_t)i, 1);
        if (runner_random_u64() % 2 == 0 && total < CONNECTION_COUNT) {
            const bool is_entered = serve_peers_enter(&peers, &peer);
            if (!expect_true("entered", is_entered == (counts[i] < COUNT_MAX))) break;
            counts[i] += is_entered;
            total += is_entered;
        } else if (counts[i] > 0) {
            serve_peers_leave(&peers, &peer);
            counts[i]--;
            total--;
        }
    }
    close_peers();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"limits", limits},
        {"networks", networks},
        {"local ones are not counted", local_ones_are_not_counted},
        {"by chance", by_chance},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
