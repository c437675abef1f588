#include "enclave/connection.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

static struct arena memory;
static struct connection connection;
static int peer;

static void start(void)
{
    int pair[2];
    struct stream stream = {0};
    expect_u64("pair", (uint64_t)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    expect_ok("memory", arena_open(&memory, FRAME_SIZE_MAX + CONNECTION_OUTPUT_SIZE_MAX));
    expect_ok("init", connection_init(&connection, &memory));
    expect_ok("stream", stream_open(pair[0], &stream));
    connection_start(&connection, stream);
    peer = pair[1];
}

static void stop(void)
{
    connection_end(&connection);
    connection_end(&connection);
    if (peer >= 0) close(peer);
    arena_close(&memory);
}

static void peer_write(size_t size)
{
    static const uint8_t bytes[4096] = {7, 7, 7};
    expect_u64("written", (uint64_t)write(peer, bytes, size), size);
}

/* Reads what is there without waiting; how much it was. */
static size_t peer_drain(void)
{
    static uint8_t bytes[65536];
    size_t size = 0;
    for (;;) {
        const ssize_t got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got <= 0) return size;
        size += (size_t)got;
    }
}

static void deadline_of_a_started_frame(void)
{
    start();
    const int64_t before_ms = clock_monotonic_ms();
    peer_write(30);
    expect_true("read", connection_read(&connection));
    connection_consume(&connection, 10);
    expect_u64("left", connection.input_size, 20);
    const int64_t deadline_ms = connection.input_deadline_ms;
    expect_true("in five seconds", deadline_ms >= before_ms + CONNECTION_FRAME_MS &&
                                       deadline_ms < before_ms + CONNECTION_FRAME_MS + 1000);
    peer_write(5);
    expect_true("read", connection_read(&connection));
    connection_consume(&connection, 0);
    expect_u64("the same frame, the same deadline", (uint64_t)connection.input_deadline_ms,
               (uint64_t)deadline_ms);
    expect_true("not yet", !connection_is_over(&connection, deadline_ms - 1));
    expect_true("over", connection_is_over(&connection, deadline_ms));
    connection_consume(&connection, 25);
    expect_u64("none is started", (uint64_t)connection.input_deadline_ms, 0);
    expect_true("idle for ever", !connection_is_over(&connection, INT64_MAX));
    stop();
}

static void consumed_bytes_are_wiped(void)
{
    static const uint8_t zeros[30];
    start();
    peer_write(30);
    expect_true("read", connection_read(&connection));
    connection_consume(&connection, 30);
    expect_bytes("wiped", slice_of(connection.input, 30), slice_of(zeros, 30));
    peer_write(30);
    expect_true("read", connection_read(&connection));
    uint8_t *input = connection.input;
    connection_end(&connection);
    expect_bytes("wiped at the end", slice_of(input, 30), slice_of(zeros, 30));
    stop();
}

static void answers_are_kept_up_to_a_limit(void)
{
    static uint8_t answer[16384];
    start();
    for (int i = 0; i < 1000 && connection.output_size == 0; i++) {
        connection_send(&connection, slice_of(answer, sizeof answer));
    }
    expect_true("kept", connection.output_size > 0);
    expect_true("with a deadline", connection.output_deadline_ms != 0);
    expect_true("not over", !connection_is_over(&connection, clock_monotonic_ms()));
    expect_true("over later", connection_is_over(&connection, connection.output_deadline_ms));
    const size_t room = CONNECTION_OUTPUT_SIZE_MAX - connection.output_size;
    while (room > 0 && connection.output_size < CONNECTION_OUTPUT_SIZE_MAX) {
        const size_t left = CONNECTION_OUTPUT_SIZE_MAX - connection.output_size;
        connection_send(&connection, slice_of(answer, left < 16384 ? left : 16384));
    }
    expect_true("full, not broken", !connection.is_broken);
    while (connection.output_size > 0) {
        peer_drain();
        connection_flush(&connection);
    }
    expect_u64("sent in the end", (uint64_t)connection.output_deadline_ms, 0);
    for (int i = 0; i < 1000 && !connection.is_broken; i++) {
        connection_send(&connection, slice_of(answer, sizeof answer));
    }
    expect_true("too much breaks it", connection.is_broken);
    expect_true("over", connection_is_over(&connection, 0));
    stop();
}

static void ends(void)
{
    start();
    peer_write(3);
    close(peer);
    peer = -1;
    expect_true("what came before", connection_read(&connection));
    expect_true("the end", !connection_read(&connection));
    connection_send(&connection, slice_text("answer"));
    expect_true("broken", connection.is_broken);
    stop();
    start();
    expect_true("nothing there is no end", connection_read(&connection));
    connection.is_ending = true;
    expect_true("nothing kept: over", connection_is_over(&connection, 0));
    connection.output_size = 1;
    expect_true("something kept: not yet", !connection_is_over(&connection, 0));
    connection.output_size = 0;
    connection_end(&connection);
    connection_send(&connection, slice_text("too late"));
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"deadline of a started frame", deadline_of_a_started_frame},
        {"consumed bytes are wiped", consumed_bytes_are_wiped},
        {"answers are kept up to a limit", answers_are_kept_up_to_a_limit},
        {"ends", ends},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
