#include "enclave/connection.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

static struct blocks blocks;
static struct connection connection;
static int peer;
static uint8_t memory[CONNECTION_READ_SIZE];

static void start(void)
{
    int pair[2];
    struct stream stream = {0};
    expect_u64("pair", (uint64_t)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    expect_ok("blocks", blocks_open(&blocks));
    expect_ok("stream", stream_open(pair[0], &stream));
    connection_start(&connection, &blocks, stream);
    peer = pair[1];
}

static size_t free_count(void)
{
    size_t count = 0;
    for (size_t kind = 0; kind < BLOCKS_KIND_COUNT; kind++) {
        for (const struct block *block = blocks.free[kind]; block; block = block->next) count++;
    }
    return count;
}

static void stop(void)
{
    connection_end(&connection);
    connection_end(&connection);
    expect_u64("all blocks are given back", free_count(), BLOCKS_COUNT);
    if (peer >= 0) close(peer);
    blocks_close(&blocks);
    blocks_close(&blocks);
}

/* A header that says how long the frame is, and what follows it. */
static slice frame_start(uint32_t total_size)
{
    static uint8_t bytes[4096];
    struct builder frame;
    builder_init(&frame, bytes, sizeof bytes);
    builder_put_text(&frame, "ENWF");
    builder_put_u8(&frame, 1);
    builder_put_u8(&frame, FRAME_STATUS);
    builder_put_u16(&frame, 0);
    builder_put_u32(&frame, total_size);
    builder_put_u64(&frame, 7);
    return slice_of(bytes, sizeof bytes);
}

static void peer_write(slice bytes)
{
    expect_u64("written", (uint64_t)write(peer, bytes.bytes, bytes.size), bytes.size);
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
    slice arrived;
    start();
    const int64_t before_ms = clock_monotonic_ms();
    const slice frame = frame_start(100);
    peer_write(slice_part(frame, 0, 30));
    expect_true("read", connection_read(&connection, memory, &arrived));
    expect_u64("30 bytes", arrived.size, 30);
    connection_keep(&connection, arrived, false);
    expect_u64("kept", connection.input_size, 30);
    const int64_t deadline_ms = connection.input_deadline_ms;
    expect_true("in five seconds", deadline_ms >= before_ms + CONNECTION_FRAME_MS &&
                                       deadline_ms < before_ms + CONNECTION_FRAME_MS + 1000);
    usleep(2000);
    peer_write(slice_part(frame, 30, 5));
    expect_true("read", connection_read(&connection, memory, &arrived));
    expect_bytes("behind what was kept", arrived, slice_part(frame, 0, 35));
    connection_keep(&connection, arrived, false);
    expect_u64("the same frame, the same deadline", (uint64_t)connection.input_deadline_ms,
               (uint64_t)deadline_ms);
    expect_true("not yet", !connection_is_over(&connection, deadline_ms - 1));
    expect_true("over", connection_is_over(&connection, deadline_ms));
    /* A frame was served, and another has begun behind it. */
    connection_keep(&connection, slice_part(arrived, 30, 5), true);
    expect_u64("moved to the front", connection.input_size, 5);
    expect_true("a new deadline", connection.input_deadline_ms > deadline_ms);
    connection_keep(&connection, (slice){0}, true);
    expect_true("idle for ever", !connection_is_over(&connection, INT64_MAX));
    expect_u64("and without memory", free_count(), BLOCKS_COUNT);
    stop();
}

/* The block is as large as the header says, once it is there. */
static void room_for_long_frames(void)
{
    static const struct {
        const char *name;
        uint32_t frame_size;
        size_t arrived_size, room;
    } rows[] = {
        {"a header's beginning", FRAME_SIZE_MAX, FRAME_HEADER_SIZE - 1, BLOCKS_SMALL_SIZE},
        {"short", 100, FRAME_HEADER_SIZE, BLOCKS_SMALL_SIZE},
        {"just short", BLOCKS_SMALL_SIZE, 100, BLOCKS_SMALL_SIZE},
        {"middling", BLOCKS_SMALL_SIZE + 1, 100, BLOCKS_MEDIUM_SIZE},
        {"just middling", BLOCKS_MEDIUM_SIZE, 100, BLOCKS_MEDIUM_SIZE},
        {"long", BLOCKS_MEDIUM_SIZE + 1, 100, FRAME_SIZE_MAX},
        {"the longest", FRAME_SIZE_MAX, 3000, FRAME_SIZE_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        slice arrived;
        start();
        peer_write(slice_part(frame_start(rows[i].frame_size), 0, rows[i].arrived_size));
        expect_true("read", connection_read(&connection, memory, &arrived));
        connection_keep(&connection, arrived, false);
        if (!expect_true("kept", connection.input != NULL)) continue;
        expect_u64("room", connection.input->size_max, rows[i].room);
        stop();
    }
    runner_row(NULL);
    /* Growing when the header comes. */
    slice arrived;
    start();
    const slice frame = frame_start(FRAME_SIZE_MAX);
    peer_write(slice_part(frame, 0, 4));
    expect_true("read", connection_read(&connection, memory, &arrived));
    connection_keep(&connection, arrived, false);
    peer_write(slice_part(frame, 4, 2000));
    expect_true("read", connection_read(&connection, memory, &arrived));
    connection_keep(&connection, arrived, false);
    expect_u64("grown", connection.input->size_max, FRAME_SIZE_MAX);
    expect_bytes("nothing lost", slice_of(connection.input->bytes, 2004),
                 slice_part(frame, 0, 2004));
    /* Without a block left it breaks, and nothing else happens. */
    connection_keep(&connection, (slice){0}, true);
    while (blocks_take(&blocks, FRAME_SIZE_MAX)) {
    }
    peer_write(slice_part(frame, 0, 40));
    expect_true("read", connection_read(&connection, memory, &arrived));
    connection_keep(&connection, arrived, false);
    expect_true("broken", connection.is_broken);
    connection_end(&connection);
    close(peer);
    blocks_close(&blocks);
}

static void what_was_kept_is_wiped(void)
{
    static const uint8_t zeros[4096];
    slice arrived;
    start();
    peer_write(slice_part(frame_start(4096), 0, 4000));
    expect_true("read", connection_read(&connection, memory, &arrived));
    connection_keep(&connection, arrived, false);
    const uint8_t *bytes = connection.input->bytes;
    expect_true("something is there", bytes[0] == 'E');
    connection_keep(&connection, slice_of(bytes + 3000, 30), true);
    connection_end(&connection);
    expect_bytes("wiped", slice_of(bytes, 4096), slice_of(zeros, 4096));
    stop();
}

static void answers_are_kept_up_to_a_limit(void)
{
    static uint8_t answer[16384];
    start();
    for (int i = 0; i < 1000 && !connection.output; i++) {
        connection_send(&connection, slice_of(answer, sizeof answer));
    }
    if (!expect_true("kept", connection.output != NULL)) return;
    expect_true("nothing is read meanwhile", connection_is_sending(&connection));
    expect_true("not over", !connection_is_over(&connection, clock_monotonic_ms()));
    expect_true("over later", connection_is_over(&connection, connection.output_deadline_ms));
    while (connection.output->size < connection.output->size_max) {
        const size_t left = connection.output->size_max - connection.output->size;
        connection_send(&connection, slice_of(answer, left < 16384 ? left : 16384));
    }
    expect_true("full, not broken", !connection.is_broken);
    while (connection.output) {
        peer_drain();
        connection_flush(&connection);
    }
    expect_true("reads again", !connection_is_sending(&connection));
    for (int i = 0; i < 1000 && !connection.is_broken; i++) {
        connection_send(&connection, slice_of(answer, sizeof answer));
    }
    expect_true("too much breaks it", connection.is_broken);
    expect_true("over", connection_is_over(&connection, 0));
    stop();
}

static void ends(void)
{
    slice arrived;
    start();
    peer_write(slice_text("ENW"));
    close(peer);
    peer = -1;
    expect_true("what came before", connection_read(&connection, memory, &arrived));
    expect_true("the end", !connection_read(&connection, memory, &arrived));
    connection_send(&connection, slice_text("answer"));
    expect_true("broken", connection.is_broken);
    stop();
    start();
    expect_true("nothing there is no end", connection_read(&connection, memory, &arrived));
    connection.is_ending = true;
    expect_true("nothing kept: over", connection_is_over(&connection, 0));
    connection.output = blocks_take(&blocks, 1);
    connection.output_deadline_ms = 1;
    expect_true("something kept: not yet", !connection_is_over(&connection, 0));
    connection_end(&connection);
    connection_send(&connection, slice_text("too late"));
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"deadline of a started frame", deadline_of_a_started_frame},
        {"room for long frames", room_for_long_frames},
        {"what was kept is wiped", what_was_kept_is_wiped},
        {"answers are kept up to a limit", answers_are_kept_up_to_a_limit},
        {"ends", ends},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
