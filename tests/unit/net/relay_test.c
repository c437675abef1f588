#include "net/relay.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "peer.h"
#include "runner.h"

enum { PATIENCE_MS = 10000, LARGE_SIZE = 3 << 20 };

/* client -- [0] relay [1] -- server */
struct relayed {
    struct stream first, second;
    int client, server, stop;
    struct relay relay;
    status result;
    pthread_t thread;
};

static void *relayed_run(void *context)
{
    struct relayed *relayed = context;
    relayed->result = relay_run(&relayed->relay);
    stream_close(&relayed->first);
    stream_close(&relayed->second);
    return NULL;
}

static void relayed_start(struct relayed *relayed, int64_t idle_ms_max)
{
    int left[2], right[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, left) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, right) != 0) {
        expect_true("pairs", false);
        return;
    }
    relayed->client = left[0];
    relayed->server = right[0];
    relayed->stop = eventfd(0, EFD_NONBLOCK);
    expect_ok("first", stream_open(left[1], &relayed->first));
    expect_ok("second", stream_open(right[1], &relayed->second));
    relay_init(&relayed->relay, &relayed->first, &relayed->second);
    relayed->relay.idle_ms_max = idle_ms_max;
    relayed->relay.stop_descriptor = relayed->stop;
    pthread_create(&relayed->thread, NULL, relayed_run, relayed);
}

static status relayed_end(struct relayed *relayed)
{
    pthread_join(relayed->thread, NULL);
    if (relayed->client >= 0) close(relayed->client);
    if (relayed->server >= 0) close(relayed->server);
    close(relayed->stop);
    return relayed->result;
}

static void half_close(void)
{
    static struct relayed relayed;
    char text[16];
    relayed_start(&relayed, PATIENCE_MS);
    peer_write(relayed.client, "question", 8);
    shutdown(relayed.client, SHUT_WR);
    expect_u64("asked, and the end", peer_read(relayed.server, text, sizeof text), 8);
    expect_text("question", slice_of(text, 8), "question");
    usleep(20000);
    peer_write(relayed.server, "answer", 6);
    close(relayed.server);
    relayed.server = -1;
    expect_u64("answered, and the end", peer_read(relayed.client, text, sizeof text), 6);
    expect_text("answer", slice_of(text, 6), "answer");
    expect_ok("ended", relayed_end(&relayed));
    expect_u64("forward", relayed.relay.forward.done_size, 8);
    expect_u64("backward", relayed.relay.backward.done_size, 6);
}

/* One side of a flood: writes everything while a thread of its own reads everything. */
struct flood {
    int descriptor;
    const uint8_t *bytes;
    uint8_t *received;
    size_t received_size;
    pthread_t writer, reader;
};

static void *flood_write(void *context)
{
    struct flood *flood = context;
    peer_write(flood->descriptor, flood->bytes, LARGE_SIZE);
    shutdown(flood->descriptor, SHUT_WR);
    return NULL;
}

static void *flood_read(void *context)
{
    struct flood *flood = context;
    flood->received_size = peer_read(flood->descriptor, flood->received, LARGE_SIZE);
    return NULL;
}

static void both_ways_at_once(void)
{
    static struct relayed relayed;
    static uint8_t there[LARGE_SIZE], back[LARGE_SIZE], got_there[LARGE_SIZE], got_back[LARGE_SIZE];
    runner_random(there, sizeof there);
    runner_random(back, sizeof back);
    relayed_start(&relayed, PATIENCE_MS);
    struct flood client = {.descriptor = relayed.client, .bytes = there, .received = got_back};
    struct flood server = {.descriptor = relayed.server, .bytes = back, .received = got_there};
    struct flood *floods[] = {&client, &server};
    for (size_t i = 0; i < 2; i++) {
        pthread_create(&floods[i]->writer, NULL, flood_write, floods[i]);
        pthread_create(&floods[i]->reader, NULL, flood_read, floods[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(floods[i]->writer, NULL);
        pthread_join(floods[i]->reader, NULL);
    }
    expect_ok("ended", relayed_end(&relayed));
    expect_u64("there", server.received_size, LARGE_SIZE);
    expect_u64("back", client.received_size, LARGE_SIZE);
    expect_true("same there",
                slice_equal(slice_of(there, LARGE_SIZE), slice_of(got_there, LARGE_SIZE)));
    expect_true("same back",
                slice_equal(slice_of(back, LARGE_SIZE), slice_of(got_back, LARGE_SIZE)));
}

static void drips(void)
{
    static struct relayed relayed;
    relayed_start(&relayed, PATIENCE_MS);
    for (unsigned i = 0; i < 200; i++) {
        const char byte = (char)i;
        char got = 0;
        peer_write(relayed.client, &byte, 1);
        if (!expect_u64("byte", peer_read(relayed.server, &got, 1), 1)) break;
        expect_u64("same", (unsigned char)got, (unsigned char)byte);
    }
    close(relayed.client);
    close(relayed.server);
    relayed.client = relayed.server = -1;
    expect_ok("ended", relayed_end(&relayed));
}

static void idle(void)
{
    static struct relayed relayed;
    char text[4];
    relayed_start(&relayed, 500);
    const int64_t started_at_ms = clock_monotonic_ms();
    /* Traffic in either direction keeps it alive. */
    for (int i = 0; i < 4; i++) {
        usleep(150000);
        peer_write(i % 2 == 0 ? relayed.client : relayed.server, "x", 1);
        peer_read(i % 2 == 0 ? relayed.server : relayed.client, text, 1);
    }
    const status got = relayed_end(&relayed);
    expect_refused("ended", got, "relay: nothing moved for too long");
    expect_true("is late", stream_is_late(got));
    expect_true("after the last byte", clock_monotonic_ms() - started_at_ms >= 4 * 150 + 500);
}

/* A half-closed connection whose other half stays silent is idle too, and costs no cycles. */
static void idle_after_half_close(void)
{
    static struct relayed relayed;
    struct timespec before, after;
    relayed_start(&relayed, 200);
    close(relayed.client);
    relayed.client = -1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    expect_refused("ended", relayed_end(&relayed), "relay: nothing moved for too long");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    const int64_t used_us =
        (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    expect_true("without spinning", used_us < 50000);
}

static void stopped(void)
{
    static struct relayed relayed;
    const uint64_t one = 1;
    relayed_start(&relayed, PATIENCE_MS);
    usleep(20000);
    expect_true("stop", write(relayed.stop, &one, sizeof one) == sizeof one);
    const status got = relayed_end(&relayed);
    expect_refused("ended", got, "relay: was told to stop");
    expect_u64("detail", (uint64_t)got.detail, ECANCELED);
}

static void vanished(void)
{
    static struct relayed relayed;
    char byte = 0;
    relayed_start(&relayed, PATIENCE_MS);
    /* Bytes that the server never reads turn its close into a reset. */
    peer_write(relayed.client, "abc", 3);
    peer_read(relayed.server, &byte, 1);
    usleep(20000);
    close(relayed.server);
    relayed.server = -1;
    const status got = relayed_end(&relayed);
    expect_refused("ended", got, "socket: peer has vanished");
    expect_u64("detail", (uint64_t)got.detail, ECONNRESET);
}

/* Whoever does not read is not read for: no more than the buffers is on the way. */
static void bounded(void)
{
    static struct relayed relayed;
    static uint8_t bytes[LARGE_SIZE];
    size_t sent_size = 0;
    relayed_start(&relayed, PATIENCE_MS);
    for (int quiet = 0; quiet < 10 && sent_size < LARGE_SIZE;) {
        const ssize_t done =
            send(relayed.client, bytes + sent_size, LARGE_SIZE - sent_size, MSG_DONTWAIT);
        if (done > 0) {
            sent_size += (size_t)done;
            quiet = 0;
        } else {
            usleep(10000);
            quiet++;
        }
    }
    expect_true("held back", sent_size < LARGE_SIZE);
    close(relayed.client);
    close(relayed.server);
    relayed.client = relayed.server = -1;
    expect_kind("ended", relayed_end(&relayed), FAILURE_UNAVAILABLE);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"half close", half_close},
        {"both ways at once", both_ways_at_once},
        {"drips", drips},
        {"idle", idle},
        {"idle after half close", idle_after_half_close},
        {"stopped", stopped},
        {"vanished", vanished},
        {"bounded", bounded},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
