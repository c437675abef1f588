#include "net/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "peer.h"
#include "runner.h"

enum { LARGE_SIZE = 1 << 20, PATIENCE_MS = 10000 };

static uint8_t large[LARGE_SIZE], received[LARGE_SIZE];

static struct stream stream_to(struct peer *peer)
{
    struct stream stream = {0};
    expect_ok("open", stream_open(peer->ours, &stream));
    peer->ours = -1;
    return stream;
}

static void silence(struct peer *peer)
{
    char byte;
    peer_read(peer->theirs, &byte, 1);
}

static void drip(struct peer *peer)
{
    for (const char *text = peer->context; *text; text++) {
        peer_write(peer->theirs, text, 1);
        usleep(1000);
    }
}

static void echo(struct peer *peer)
{
    const size_t size = peer_read(peer->theirs, received, sizeof received);
    peer_write(peer->theirs, received, size);
}

static void short_reads(void)
{
    struct peer peer;
    uint8_t text[8];
    peer_start(&peer, drip, "abcdefgh");
    SCOPED(stream_close) struct stream stream = stream_to(&peer);
    expect_ok("all", stream_read_all(&stream, text, sizeof text, clock_deadline_ms(PATIENCE_MS)));
    expect_text("bytes", slice_of(text, sizeof text), "abcdefgh");
    size_t size = 9;
    expect_ok("end",
              stream_read(&stream, text, sizeof text, clock_deadline_ms(PATIENCE_MS), &size));
    expect_u64("is the end", size, 0);
    expect_ok("and stays it",
              stream_read(&stream, text, sizeof text, clock_deadline_ms(PATIENCE_MS), &size));
    peer_stop(&peer);
}

/* The peer vanishes after each number of bytes: all or nothing but a failure. */
static void ends_at_every_byte(void)
{
    static char texts[9][9];
    for (size_t count = 0; count <= 8; count++) {
        struct peer peer;
        uint8_t text[8];
        for (size_t i = 0; i < count; i++) texts[count][i] = (char)('a' + i);
        runner_row_at("bytes", count);
        peer_start(&peer, drip, texts[count]);
        SCOPED(stream_close) struct stream stream = stream_to(&peer);
        const status got =
            stream_read_all(&stream, text, sizeof text, clock_deadline_ms(PATIENCE_MS));
        expect_outcome("read", got, count == 8 ? NULL : "stream: peer has ended too early");
        if (count < 8) expect_u64("detail", (uint64_t)got.detail, ECONNRESET);
        peer_stop(&peer);
    }
}

static void deadlines(void)
{
    struct peer peer;
    uint8_t byte;
    size_t size = 7;
    peer_start(&peer, silence, NULL);
    SCOPED(stream_close) struct stream stream = stream_to(&peer);
    const int64_t started_at_ms = clock_monotonic_ms();
    const status late = stream_read(&stream, &byte, 1, started_at_ms + 50, &size);
    const int64_t took_ms = clock_monotonic_ms() - started_at_ms;
    expect_refused("read", late, "socket: deadline has passed");
    expect_true("is late", stream_is_late(late));
    expect_true("not early, not late", took_ms >= 50 && took_ms < 20000);
    expect_u64("untouched", size, 7);
    expect_true("wait", stream_is_late(stream_wait_readable(&stream, clock_deadline_ms(10))));
    expect_true("without waiting", stream_is_late(stream_read(&stream, &byte, 1, 0, &size)));
    /* The peer reads one byte of a megabyte: the rest cannot be had out in time. */
    const status stuck = stream_write(&stream, slice_of(large, LARGE_SIZE), clock_deadline_ms(50));
    expect_true("write", stream_is_late(stuck) || status_is(stuck, FAILURE_UNAVAILABLE));
    peer_stop(&peer);
}

static void large_both_ways(void)
{
    struct peer peer;
    static uint8_t back[LARGE_SIZE];
    runner_random(large, sizeof large);
    peer_start(&peer, echo, NULL);
    SCOPED(stream_close) struct stream stream = stream_to(&peer);
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    expect_ok("write", stream_write(&stream, slice_of(large, LARGE_SIZE), deadline_ms));
    expect_ok("half close", stream_shut_write(&stream, deadline_ms));
    expect_ok("the other half works", stream_read_all(&stream, back, LARGE_SIZE, deadline_ms));
    expect_true("same", slice_equal(slice_of(back, LARGE_SIZE), slice_of(large, LARGE_SIZE)));
    peer_stop(&peer);
}

static void vanish(struct peer *peer)
{
    (void)peer;
}

static void writing_to_nobody(void)
{
    struct peer peer;
    peer_start(&peer, vanish, NULL);
    SCOPED(stream_close) struct stream stream = stream_to(&peer);
    peer_stop(&peer);
    const status got = stream_write(&stream, slice_text("hello"), clock_deadline_ms(PATIENCE_MS));
    expect_refused("write", got, "socket: peer has vanished");
    expect_u64("detail", (uint64_t)got.detail, ECONNRESET);
}

/* Unread bytes behind a closed end show as a reset, after what had arrived before. */
static void reset(struct peer *peer)
{
    char byte;
    peer_read(peer->theirs, &byte, 1);
    peer_write(peer->theirs, "last", 4);
}

static void reading_after_reset(void)
{
    struct peer peer;
    uint8_t text[4];
    size_t size = 0;
    peer_start(&peer, reset, NULL);
    SCOPED(stream_close) struct stream stream = stream_to(&peer);
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    expect_ok("write", stream_write(&stream, slice_text("ab"), deadline_ms));
    peer_stop(&peer);
    expect_ok("what had arrived", stream_read_all(&stream, text, 4, deadline_ms));
    const status got = stream_read(&stream, text, 4, deadline_ms, &size);
    expect_refused("then the reset", got, "socket: peer has vanished");
}

static void idleness(void)
{
    struct stream closed = {0};
    int pair[2];
    expect_true("closed is not idle", !stream_is_idle(&closed));
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    SCOPED(stream_close) struct stream stream = {0};
    expect_ok("open", stream_open(pair[0], &stream));
    expect_true("quiet", stream_is_idle(&stream));
    peer_write(pair[1], "x", 1);
    expect_true("bytes nobody asked for", !stream_is_idle(&stream));
    uint8_t byte;
    expect_ok("take them", stream_read_all(&stream, &byte, 1, 0));
    expect_true("quiet again", stream_is_idle(&stream));
    shutdown(pair[1], SHUT_WR);
    expect_true("half closed", !stream_is_idle(&stream));
    close(pair[1]);
    expect_true("closed", !stream_is_idle(&stream));
}

static void opening_and_closing(void)
{
    struct stream stream = {0};
    expect_refused("no descriptor", stream_open(-1, &stream), "stream: descriptor cannot be used");
    expect_true("not open", !stream_is_open(&stream));
    stream_close(&stream);
    int pair[2];
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    expect_ok("open", stream_open(pair[0], &stream));
    stream_close(&stream);
    expect_true("closed", !stream_is_open(&stream));
    char byte;
    expect_true("the peer sees the end", read(pair[1], &byte, 1) == 0);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"short reads", short_reads},
        {"ends at every byte", ends_at_every_byte},
        {"deadlines", deadlines},
        {"large both ways", large_both_ways},
        {"writing to nobody", writing_to_nobody},
        {"reading after reset", reading_after_reset},
        {"idleness", idleness},
        {"opening and closing", opening_and_closing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
