#include "link/dialer.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

/* What a monitor answers to CONNECT, in two pieces. */
static const struct {
    const char *name, *first, *second, *refusal;
} greetings[] = {
    {"whole", "OK 1024\n", "", NULL},
    {"in two pieces", "OK 10", "24\n", NULL},
    {"the feed alone", "OK 1024", "\n", NULL},
    {"no answer", "nope\n", "", "hybrid: the monitor's answer is not OK"},
    {"no number", "OK \n", "", "hybrid: the monitor's answer has no port number"},
    {"too long", "OK 000000000000000000000000000000", "",
     "hybrid: the monitor's answer is too long"},
};

static void greetings_of_a_monitor(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(greetings); i++) {
        struct dialer dialer = {0};
        bool is_connected = false;
        char asked[32] = "";
        runner_row(greetings[i].name);
        bench_open(&bench, ENDPOINT_HYBRID, 1);
        expect_ok("start", dialer_start(&dialer, &bench.settings.enclave, 0));
        struct bench_peer *peer = bench_accept(&bench);
        expect_u64("waits for room", dialer_events(&dialer), EPOLLOUT);
        expect_ok("connected", dialer_step(&dialer, &is_connected));
        expect_u64("waits for an answer", dialer_events(&dialer), EPOLLIN);
        expect_true("not yet", !is_connected);
        expect_true("asked", recv(peer->descriptor, asked, sizeof asked - 1, 0) > 0);
        expect_text("asked", slice_text(asked), "CONNECT 7878\n");
        bench_send(peer, slice_text(greetings[i].first));
        status step = dialer_step(&dialer, &is_connected);
        if (status_is_ok(step) && greetings[i].second[0]) {
            expect_true("not yet", !is_connected);
            bench_send(peer, slice_text(greetings[i].second));
            step = dialer_step(&dialer, &is_connected);
        }
        expect_outcome("greeting", step, greetings[i].refusal);
        expect_true("connected", is_connected == !greetings[i].refusal);
        dialer_stop(&dialer);
        dialer_stop(&dialer);
        bench_close(&bench);
    }
}

static void refusals(void)
{
    struct dialer dialer = {0};
    bool is_connected;
    bench_open(&bench, ENDPOINT_HYBRID, 1);
    const endpoint tcp = {.kind = ENDPOINT_TCP};
    expect_refused("TCP", dialer_start(&dialer, &tcp, 0),
                   "endpoint: TCP is not dialed without waiting");
    expect_ok("start", dialer_start(&dialer, &bench.settings.enclave, 0));
    struct bench_peer *peer = bench_accept(&bench);
    expect_ok("connected", dialer_step(&dialer, &is_connected));
    bench_hang_up(peer);
    expect_kind("gone", dialer_step(&dialer, &is_connected), FAILURE_UNAVAILABLE);
    dialer_stop(&dialer);
    bench_stop_listening(&bench);
    expect_refused("nobody", dialer_start(&dialer, &bench.settings.enclave, 0),
                   "socket: nobody listens there");
    expect_u64("idle", dialer.stage, DIALER_IDLE);
    bench_close(&bench);
}

/* The whole link over a monitor that takes its time, and one that never answers. */
static void link_over_a_monitor(void)
{
    static struct bench_call call;
    bench_open(&bench, ENDPOINT_HYBRID, 1);
    bench_run(&bench);
    struct bench_peer *silent = bench_accept(&bench);
    bench_start(&bench, &call, 5, 5000);
    bench_wait(&bench, LINK_DIAL_MS_MAX + LINK_PAUSE_MS_MIN);
    (void)silent;
    char asked[32];
    struct bench_peer *peer = bench_accept(&bench);
    expect_u64("not up", link_read_state(&bench.link).up_count, 0);
    expect_true("asked", recv(peer->descriptor, asked, sizeof asked, 0) > 0);
    bench_send(peer, slice_text("OK 1"));
    bench_run(&bench);
    bench_send(peer, slice_text("024\n"));
    bench_run(&bench);
    expect_u64("up", link_read_state(&bench.link).up_count, 1);
    expect_u64("asked", bench_answer_all(peer), 1);
    bench_run(&bench);
    bench_expect_done("done", &call, NULL);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"greetings of a monitor", greetings_of_a_monitor},
        {"refusals", refusals},
        {"link over a monitor", link_over_a_monitor},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
