#include "net/hybrid.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listener.h"
#include "os/clock.h"
#include "peer.h"
#include "runner.h"

enum { PATIENCE_MS = 10000 };

static void lines(void)
{
    static const struct {
        const char *name, *line, *refusal;
    } rows[] = {
        {"Firecracker's", "OK 1073741824", NULL},
        {"vhost-device-vsock's", "OK 7878", NULL},
        {"least", "OK 0", NULL},
        {"most", "OK 4294967295", NULL},
        {"too large", "OK 4294967296", "hybrid: the monitor's answer has no port number"},
        {"no number", "OK ", "hybrid: the monitor's answer has no port number"},
        {"not a number", "OK x", "hybrid: the monitor's answer has no port number"},
        {"more behind it", "OK 1 ", "hybrid: the monitor's answer has no port number"},
        {"carriage return", "OK 1\r", "hybrid: the monitor's answer has no port number"},
        {"no blank", "OK1", "hybrid: the monitor's answer is not OK"},
        {"small letters", "ok 1", "hybrid: the monitor's answer is not OK"},
        {"empty", "", "hybrid: the monitor's answer is not OK"},
        {"something else", "ERR 1", "hybrid: the monitor's answer is not OK"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_outcome("check", hybrid_check_line(slice_text(rows[i].line)), rows[i].refusal);
    }
}

/* A monitor that takes one connection, notes what it is asked, and answers. */
struct monitor {
    struct listener listener;
    const char *answer;
    bool is_silent;
    char asked[64];
    pthread_t thread;
};

static void *monitor_run(void *context)
{
    struct monitor *monitor = context;
    struct stream stream = {0};
    size_t size = 0;
    if (!status_is_ok(
            listener_accept(&monitor->listener, clock_deadline_ms(PATIENCE_MS), &stream))) {
        return NULL;
    }
    while (size + 1 < sizeof monitor->asked) {
        uint8_t byte;
        const status got = stream_read_all(&stream, &byte, 1, clock_deadline_ms(PATIENCE_MS));
        if (!status_is_ok(got)) break;
        monitor->asked[size++] = (char)byte;
        if (byte == '\n') break;
    }
    peer_write(stream.descriptor, monitor->answer, strlen(monitor->answer));
    /* Until the dialer gives up. */
    if (monitor->is_silent) {
        expect_ok("end", stream_wait_readable(&stream, clock_deadline_ms(PATIENCE_MS)));
    }
    stream_close(&stream);
    return NULL;
}

static endpoint monitor_open(struct monitor *monitor, const char *answer)
{
    char text[ENDPOINT_TEXT_SIZE_MAX];
    endpoint listen, dial;
    *monitor = (struct monitor){.answer = answer};
    snprintf(text, sizeof text, "unix:/tmp/enw-hybrid-test-%d", getpid());
    expect_ok("listen at", endpoint_parse(slice_text(text), &listen));
    snprintf(text, sizeof text, "hybrid:/tmp/enw-hybrid-test-%d:52", getpid());
    expect_ok("dial", endpoint_parse(slice_text(text), &dial));
    expect_ok("listen", listener_open(&listen, &monitor->listener));
    return dial;
}

static void monitor_close(struct monitor *monitor)
{
    pthread_join(monitor->thread, NULL);
    listener_close(&monitor->listener);
}

static void dialed(void)
{
    struct monitor monitor;
    const endpoint dial = monitor_open(&monitor, "OK 7\nguest speaks at once");
    SCOPED(stream_close) struct stream stream = {0};
    uint8_t text[20];
    pthread_create(&monitor.thread, NULL, monitor_run, &monitor);
    expect_ok("dial", endpoint_dial(&dial, clock_deadline_ms(PATIENCE_MS), &stream));
    expect_ok("read", stream_read_all(&stream, text, sizeof text, clock_deadline_ms(PATIENCE_MS)));
    expect_text("nothing swallowed", slice_of(text, sizeof text), "guest speaks at once");
    monitor_close(&monitor);
    expect_text("asked", slice_text(monitor.asked), "CONNECT 52\n");
}

static void refusals(void)
{
    static const struct {
        const char *name, *answer, *refusal;
        int64_t detail;
    } rows[] = {
        {"nobody in the guest", "", "hybrid: nobody listens in the guest", ECONNRESET},
        {"cut off", "OK 1", "hybrid: nobody listens in the guest", ECONNRESET},
        {"another answer", "NO\n", "hybrid: the monitor's answer is not OK", 0},
        {"longest line", "OK 0000000000000000000000000001\n",
         "hybrid: the monitor's answer has no port number", 0},
        {"one more", "OK 00000000000000000000000000001\n",
         "hybrid: the monitor's answer is too long", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct monitor monitor;
        struct stream stream = {0};
        runner_row(rows[i].name);
        const endpoint dial = monitor_open(&monitor, rows[i].answer);
        pthread_create(&monitor.thread, NULL, monitor_run, &monitor);
        const status got = hybrid_dial(&dial, clock_deadline_ms(PATIENCE_MS), &stream);
        expect_refused("dial", got, rows[i].refusal);
        expect_u64("detail", (uint64_t)got.detail, (uint64_t)rows[i].detail);
        expect_true("no stream", !stream_is_open(&stream));
        monitor_close(&monitor);
    }
}

static void silence(void)
{
    struct monitor monitor;
    struct stream stream = {0};
    const endpoint dial = monitor_open(&monitor, "O");
    monitor.is_silent = true;
    pthread_create(&monitor.thread, NULL, monitor_run, &monitor);
    const status got = hybrid_dial(&dial, clock_deadline_ms(50), &stream);
    expect_true("late", stream_is_late(got));
    monitor_close(&monitor);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"lines", lines},
        {"dialed", dialed},
        {"refusals", refusals},
        {"silence", silence},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
