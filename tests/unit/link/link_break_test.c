#include <string.h>

#include "bench.h"
#include "link/link.h"
#include "runner.h"

static struct bench bench;

/* What the enclave may not say: each ends the connection and is counted. */
static const struct {
    const char *name, *bytes;
} breaches[] = {
    {"no frames", "485454502f312e3120343030204261642052657175657374"},
    {"a req_id of nobody", "454e5746 01 88 0000 0000001e ffffffffffffffff 000c0000 00000002 7b7d"},
    {"req_id 0", "454e5746 01 88 0000 0000001e 0000000000000000 000c0000 00000002 7b7d"},
    {"a request", "454e5746 01 08 0000 00000014 0000000000004000"},
};

static void breaches_break(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(breaches); i++) {
        static struct bench_call call;
        struct frame frame;
        runner_row(breaches[i].name);
        bench_open(&bench, ENDPOINT_UNIX, 1);
        struct bench_peer *peer = bench_connect(&bench);
        bench_start(&bench, &call, 5, 5000);
        call.call.is_repeatable = false;
        bench_run(&bench);
        expect_true("asked", bench_take(peer, &frame));
        bench_send(peer, runner_hex(breaches[i].bytes));
        bench_run(&bench);
        const struct link_state state = link_read_state(&bench.link);
        /* A number of before is late, not foreign: there is nothing to break for. */
        const bool is_late = i == 3;
        expect_u64("breaks", state.break_count, is_late ? 0 : 1);
        expect_u64("bad frames", state.bad_frame_count, is_late ? 0 : 1);
        if (!is_late) {
            bench_expect_done("failed", &call, "enclave: the connection broke before the answer");
        }
        bench_close(&bench);
    }
}

/* Replies that fit no request of the kind, and one that is longer than any. */
static void wrong_replies_break(void)
{
    static uint8_t zeros[CALL_REPLY_SIZE_MAX];
    for (int row = 0; row < 3; row++) {
        static struct bench_call call;
        struct frame frame;
        runner_row_at("row", (size_t)row);
        bench_open(&bench, ENDPOINT_UNIX, 1);
        struct bench_peer *peer = bench_connect(&bench);
        bench_start(&bench, &call, 5, 5000);
        bench_run(&bench);
        expect_true("asked", bench_take(peer, &frame));
        if (row == 0) frame.type = FRAME_STATUS;
        if (row == 1) frame.type = FRAME_SIGN_TX;
        if (row < 2) {
            bench_answer(peer, &frame, 1);
        } else {
            bench_send(peer, runner_hex("454e5746 01 83 0000 00030000 0000000000004001"));
            bench_send(peer, slice_of(zeros, sizeof zeros));
        }
        bench_run(&bench);
        const struct link_state state = link_read_state(&bench.link);
        expect_u64("breaks", state.break_count, 1);
        expect_u64("bad frames", state.bad_frame_count, 1);
        bench_close(&bench);
    }
}

/* A break at each point of a call's way, with calls that may be repeated and that may not. */
static void breaks_at_each_point(void)
{
    static const struct {
        const char *name;
        bool is_sent, is_half_answered, is_repeatable, is_done_well;
    } rows[] = {
        {"not sent", false, false, false, true},
        {"not sent, repeatable", false, false, true, true},
        {"sent", true, false, false, false},
        {"sent, repeatable", true, false, true, true},
        {"half answered", true, true, false, false},
        {"half answered, repeatable", true, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct bench_call call;
        uint8_t memory[512];
        struct frame frame;
        struct builder output;
        runner_row(rows[i].name);
        bench_open(&bench, ENDPOINT_UNIX, 1);
        struct bench_peer *peer = bench_connect(&bench);
        if (!rows[i].is_sent) bench_hang_up(peer);
        bench_start(&bench, &call, 5, 5000);
        call.call.is_repeatable = rows[i].is_repeatable;
        if (rows[i].is_sent) {
            bench_run(&bench);
            expect_true("asked", bench_take(peer, &frame));
            builder_init(&output, memory, sizeof memory);
            const slice answer = bench_answer_write(&frame, 1, &output);
            if (rows[i].is_half_answered) bench_send(peer, slice_part(answer, 0, 30));
            bench_hang_up(peer);
        }
        bench_run(&bench);
        bench_run(&bench);
        struct bench_peer *next = bench_accept(&bench);
        expect_u64("asked again", bench_answer_all(next), rows[i].is_done_well);
        bench_run(&bench);
        bench_expect_done("outcome", &call,
                          rows[i].is_done_well ? NULL
                                               : "enclave: the connection broke before the answer");
        const struct link_state state = link_read_state(&bench.link);
        expect_u64("repeats", state.repeat_count, rows[i].is_sent && rows[i].is_repeatable);
        expect_u64("breaks", state.break_count, 1);
        bench_close(&bench);
    }
}

static void repeats_end(void)
{
    static struct bench_call call;
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &call, 5, 60000);
    bench_run(&bench);
    for (size_t i = 0; i < LINK_ATTEMPT_COUNT_MAX; i++) {
        expect_u64("not done", call.done_count, 0);
        bool is_asked = false;
        while (bench_take(peer, &frame)) is_asked |= frame.type == FRAME_SIGN_MESSAGE;
        expect_true("asked", is_asked);
        bench_hang_up(peer);
        bench_wait(&bench, 100);
        peer = bench_accept(&bench);
    }
    bench_expect_done("given up", &call, "enclave: the connection broke before the answer");
    bench_close(&bench);
}

/* The other connection may be as dead as the one that broke: a repeat waits for a newer one. */
static void repeats_need_a_newer_connection(void)
{
    static struct bench_call calls[2], fresh;
    bench_open(&bench, ENDPOINT_UNIX, 2);
    bench_run(&bench);
    struct bench_peer *peers[2];
    for (size_t i = 0; i < 2; i++) peers[i] = bench_accept(&bench);
    bench_run(&bench);
    for (size_t i = 0; i < 2; i++) bench_answer_all(peers[i]);
    bench_run(&bench);
    bench_stop_listening(&bench);
    for (size_t i = 0; i < 2; i++) bench_start(&bench, &calls[i], 5, 5000);
    bench_run(&bench);
    bench_hang_up(peers[0]);
    bench_run(&bench);
    bench_start(&bench, &fresh, 5, 5000);
    bench_run(&bench);
    expect_u64("one of before, and the fresh one", bench_answer_all(peers[1]), 2);
    bench_run(&bench);
    bench_expect_done("fresh", &fresh, NULL);
    expect_u64("one waits", calls[0].done_count + calls[1].done_count, 1);
    bench_listen(&bench);
    bench_wait(&bench, 600);
    expect_u64("asked on the new one", bench_answer_all(bench_accept(&bench)), 1);
    bench_run(&bench);
    for (size_t i = 0; i < 2; i++) bench_expect_done("done", &calls[i], NULL);
    expect_u64("never lost: one was up all the time", bench.lost_count, 0);
    bench_close(&bench);
}

static void waits_for_a_restart_and_no_longer(void)
{
    static struct bench_call waiting, refused, back;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_stop_listening(&bench);
    bench_hang_up(peer);
    bench_run(&bench);
    expect_u64("lost", bench.lost_count, 1);
    expect_u64("down", link_read_state(&bench.link).up_count, 0);
    bench_start(&bench, &waiting, 5, 60000);
    bench_wait(&bench, LINK_GRACE_MS - 1);
    expect_u64("waits", waiting.done_count, 0);
    bench_wait(&bench, 1);
    bench_expect_done("no longer", &waiting, "enclave: is not connected");
    refused = waiting;
    refused.call.context = &refused;
    expect_refused("at once", link_start(&bench.link, &refused.call), "enclave: is not connected");
    bench_listen(&bench);
    bench_wait(&bench, LINK_PAUSE_MS_MAX);
    peer = bench_accept(&bench);
    bench_answer_all(peer);
    bench_run(&bench);
    expect_u64("back", bench.back_count, 2);
    bench_start(&bench, &back, 5, 1000);
    bench_run(&bench);
    expect_u64("asked", bench_answer_all(peer), 1);
    bench_run(&bench);
    bench_expect_done("served", &back, NULL);
    bench_close(&bench);
}

static void deadline_passes_while_dialing(void)
{
    static struct bench_call call;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    bench_stop_listening(&bench);
    bench_start(&bench, &call, 5, 300);
    bench_wait(&bench, 299);
    expect_u64("waits", call.done_count, 0);
    bench_wait(&bench, 1);
    bench_expect_done("deadline", &call, "enclave: is not connected");
    bench_close(&bench);
}

/* An enclave that stands still for five seconds is not gone; its answers come when it goes on. */
static void stalls_are_survived(void)
{
    static struct bench_call call;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &call, 5, 15000);
    bench_wait(&bench, 5000);
    expect_u64("asked", bench_answer_all(peer), 1);
    bench_run(&bench);
    bench_expect_done("answered", &call, NULL);
    const struct link_state state = link_read_state(&bench.link);
    expect_u64("no break", state.break_count, 0);
    expect_true("missed", state.ping_missed_count > 0);
    bench_close(&bench);
}

static void silence_breaks(void)
{
    static struct bench_call call;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    bench_connect(&bench);
    /* A caller that gives up has no say in it. */
    bench_start(&bench, &call, 5, 1000);
    bench_wait(&bench, (LINK_PING_MISSED_MAX + 1) * LINK_PING_MS - 10);
    bench_expect_done("its own deadline", &call, "enclave: did not answer in time");
    expect_u64("no break yet", link_read_state(&bench.link).break_count, 0);
    bench_wait(&bench, 20);
    const struct link_state state = link_read_state(&bench.link);
    expect_u64("broken", state.break_count, 1);
    expect_u64("missed", state.ping_missed_count, LINK_PING_MISSED_MAX);
    expect_u64("no bad frames", state.bad_frame_count, 0);
    bench_close(&bench);
}

/* Nothing happens on an idle link but its pings. */
static void idle_link_only_pings(void)
{
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    size_t ping_count = 0;
    for (size_t i = 0; i < 100; i++) {
        bench_wait(&bench, 100);
        while (bench_take(peer, &frame)) {
            expect_u64("a ping", frame.type, FRAME_STATUS);
            bench_answer(peer, &frame, 0);
            ping_count++;
        }
    }
    expect_u64("pings of ten seconds", ping_count, 5);
    expect_u64("timers", bench.loop.timer_count, 1);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"breaches break", breaches_break},
        {"wrong replies break", wrong_replies_break},
        {"breaks at each point", breaks_at_each_point},
        {"repeats end", repeats_end},
        {"repeats need a newer connection", repeats_need_a_newer_connection},
        {"waits for a restart and no longer", waits_for_a_restart_and_no_longer},
        {"deadline passes while dialing", deadline_passes_while_dialing},
        {"stalls are survived", stalls_are_survived},
        {"silence breaks", silence_breaks},
        {"idle link only pings", idle_link_only_pings},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
