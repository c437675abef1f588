#include "link/link.h"

#include <string.h>

#include "bench.h"
#include "runner.h"

static struct bench bench;

static void connects_and_knows_its_enclave(void)
{
    static uint8_t memory[CALL_STATUS_SIZE_MAX];
    struct builder json;
    builder_init(&json, memory, sizeof memory);
    bench_open(&bench, ENDPOINT_UNIX, 1);
    expect_true("nothing known yet", !link_read_status(&bench.link, &json));
    bench_run(&bench);
    struct bench_peer *peer = bench_accept(&bench);
    bench_run(&bench);
    expect_u64("not back before it has answered", bench.back_count, 0);
    bench_answer_all(peer);
    bench_run(&bench);
    expect_u64("back", bench.back_count, 1);
    expect_true("status", link_read_status(&bench.link, &json));
    expect_u64("size", builder_view(&json).size, 60);
    const struct link_state state = link_read_state(&bench.link);
    expect_u64("up", state.up_count, 1);
    expect_u64("connects", state.connect_count, 1);
    expect_u64("no breaks", state.break_count, 0);
    expect_true("has status", state.has_status);
    expect_hex("boot id", slice_of(state.boot_id.bytes, 16), "000102030405060708090a0b0c0d0e0f");
    bench_close(&bench);
}

static void calls_leave_at_the_turn_s_end(void)
{
    static struct bench_call calls[3];
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    for (size_t i = 0; i < 3; i++) bench_start(&bench, &calls[i], 10, 5000 + (int64_t)i);
    expect_true("not before", !bench_take(peer, &frame));
    loop_turn(&bench.loop, 0);
    for (size_t i = 0; i < 3; i++) {
        expect_true("after", bench_take(peer, &frame));
        expect_u64("type", frame.type, FRAME_SIGN_MESSAGE);
        expect_u64("left_ms", (uint64_t)call_deadline_ms(&frame, 0, 100000) + CALL_MARGIN_MS,
                   5000 + i);
        bench_answer(peer, &frame, (uint8_t)i);
    }
    bench_run(&bench);
    for (size_t i = 0; i < 3; i++) {
        bench_expect_done("done", &calls[i], NULL);
        expect_u64("its own answer", calls[i].last_byte, i);
        expect_u64("type", calls[i].type, FRAME_SIGN_MESSAGE | FRAME_REPLY);
    }
    expect_u64("none in flight", link_read_state(&bench.link).in_flight_count, 0);
    bench_close(&bench);
}

static void left_ms_is_of_the_moment_of_sending(void)
{
    static struct bench_call call;
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    bench_stop_listening(&bench);
    bench_start(&bench, &call, 10, 9000);
    bench_wait(&bench, 700);
    bench_listen(&bench);
    bench_wait(&bench, 600);
    struct bench_peer *peer = bench_accept(&bench);
    bench_run(&bench);
    expect_true("ping", bench_take(peer, &frame) && frame.type == FRAME_STATUS);
    expect_true("call", bench_take(peer, &frame) && frame.type == FRAME_SIGN_MESSAGE);
    const int64_t left_ms = call_deadline_ms(&frame, 0, 100000) + CALL_MARGIN_MS;
    expect_true("less is left", left_ms <= 8300 && left_ms >= 7700);
    bench_close(&bench);
}

static void answers_in_any_order(void)
{
    static struct bench_call calls[20];
    uint64_t req_ids[20];
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    for (size_t i = 0; i < 20; i++) bench_start(&bench, &calls[i], i, 5000);
    bench_run(&bench);
    for (size_t i = 0; i < 20; i++) {
        expect_true("asked", bench_take(peer, &frame));
        req_ids[i] = frame.req_id;
    }
    for (size_t i = 20; i-- > 0;) {
        frame.req_id = req_ids[i];
        bench_answer(peer, &frame, (uint8_t)(100 + i));
    }
    bench_run(&bench);
    for (size_t i = 0; i < 20; i++) {
        bench_expect_done("done", &calls[i], NULL);
        expect_u64("its own answer", calls[i].last_byte, 100 + i);
    }
    bench_close(&bench);
}

static void answers_cut_at_every_byte(void)
{
    static struct bench_call call;
    uint8_t memory[512];
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    for (size_t cut = 1;; cut++) {
        struct builder output;
        runner_row_at("cut after", cut);
        bench_start(&bench, &call, 5, 5000);
        bench_run(&bench);
        expect_true("asked", bench_take(peer, &frame));
        builder_init(&output, memory, sizeof memory);
        const slice answer = bench_answer_write(&frame, 9, &output);
        if (cut == answer.size) break;
        bench_send(peer, slice_part(answer, 0, cut));
        bench_run(&bench);
        expect_u64("not done", call.done_count, 0);
        bench_send(peer, slice_part(answer, cut, answer.size));
        bench_run(&bench);
        bench_expect_done("done", &call, NULL);
    }
    bench_close(&bench);
}

static void error_replies_are_answers(void)
{
    static struct bench_call call;
    uint8_t memory[CALL_FAILURE_SIZE_MAX];
    struct frame frame;
    struct builder output;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &call, 5, 5000);
    bench_run(&bench);
    expect_true("asked", bench_take(peer, &frame));
    const struct call_failure failure = {.kind = FAILURE_DENIED, .sentence = slice_text("no")};
    builder_init(&output, memory, sizeof memory);
    expect_ok("error", call_write_failure(frame.req_id, &failure, &output));
    bench_send(peer, builder_view(&output));
    bench_run(&bench);
    bench_expect_done("done", &call, NULL);
    expect_u64("error", call.type, FRAME_ERROR);
    bench_close(&bench);
}

static void late_answers_are_dropped(void)
{
    static struct bench_call call, next;
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &call, 5, 300);
    bench_run(&bench);
    expect_true("asked", bench_take(peer, &frame));
    bench_wait(&bench, 299);
    expect_u64("still waited for", call.done_count, 0);
    bench_wait(&bench, 1);
    bench_expect_done("given up", &call, "enclave: did not answer in time");
    bench_answer(peer, &frame, 1);
    bench_run(&bench);
    expect_u64("told once", call.done_count, 1);
    bench_start(&bench, &next, 5, 300);
    bench_run(&bench);
    expect_u64("answered", bench_answer_all(peer), 1);
    bench_run(&bench);
    bench_expect_done("the connection is as good", &next, NULL);
    const struct link_state state = link_read_state(&bench.link);
    expect_u64("late", state.late_count, 1);
    expect_u64("no break", state.break_count, 0);
    bench_close(&bench);
}

static void cancelled_calls_are_not_told(void)
{
    static struct bench_call calls[2];
    struct frame frame;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &calls[0], 5, 5000);
    link_cancel(&bench.link, &calls[0].call);
    bench_start(&bench, &calls[1], 5, 5000);
    bench_run(&bench);
    link_cancel(&bench.link, &calls[1].call);
    link_cancel(&bench.link, &calls[1].call);
    expect_true("the second was sent", bench_take(peer, &frame));
    expect_u64("and carries another number", frame.req_id, calls[1].call.req_id);
    expect_true("the first was not", !bench_take(peer, &(struct frame){0}));
    bench_answer(peer, &frame, 1);
    bench_wait(&bench, 6000);
    for (size_t i = 0; i < 2; i++) expect_u64("not told", calls[i].done_count, 0);
    expect_u64("late", link_read_state(&bench.link).late_count, 1);
    bench_close(&bench);
}

/* A peer that does not read: frames wait in order, and none is lost or torn. */
static void slow_reader(void)
{
    enum { COUNT = 40 };
    static struct bench_call calls[COUNT];
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    for (size_t i = 0; i < COUNT; i++) {
        bench_start(&bench, &calls[i], i % 7 == 0 ? CALL_BODY_SIZE_MAX : 20000 + i, 60000);
        if (i % 3 == 0) bench_run(&bench);
    }
    size_t answered = 0;
    for (size_t i = 0; i < 20 * COUNT && answered < COUNT; i++) {
        bench_run(&bench);
        answered += bench_answer_all(peer);
    }
    expect_u64("answered", answered, COUNT);
    bench_run(&bench);
    for (size_t i = 0; i < COUNT; i++) bench_expect_done("done", &calls[i], NULL);
    expect_u64("no break", link_read_state(&bench.link).break_count, 0);
    bench_close(&bench);
}

static void limits(void)
{
    enum { COUNT = LINK_CALL_COUNT_MAX - LINK_CONNECTION_COUNT_MAX };
    static struct bench_call calls[COUNT], last;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    for (size_t i = 0; i < COUNT; i++) bench_start(&bench, &calls[i], 0, 5000);
    last = calls[0];
    memset(&last.call.queue, 0, sizeof last.call.queue);
    last.call.context = &last;
    expect_refused("one more", link_start(&bench.link, &last.call),
                   "enclave: too many calls are under way");
    size_t answered = 0;
    while (answered < COUNT) {
        bench_run(&bench);
        const size_t more = bench_answer_all(peer);
        if (!expect_true("goes on", more > 0)) break;
        answered += more;
    }
    bench_run(&bench);
    for (size_t i = 0; i < COUNT; i++) expect_u64("done", calls[i].done_count, 1);
    expect_ok("room again", link_start(&bench.link, &last.call));
    last.call.request.type = FRAME_IMPORT;
    struct bench_call wrong = {.call = {.request = {.type = FRAME_CREATE}}};
    expect_refused("no request", link_start(&bench.link, &wrong.call),
                   "call: a required section is missing");
    bench_close(&bench);
}

static void settings_are_checked(void)
{
    static struct link other;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct link_settings settings = bench.settings;
    settings.connection_count = 0;
    expect_refused("none", link_open(&other, &bench.loop, &settings),
                   "link: must have 1 to 4 connections");
    settings.connection_count = 5;
    expect_refused("five", link_open(&other, &bench.loop, &settings),
                   "link: must have 1 to 4 connections");
    settings.connection_count = 4;
    expect_ok("four", link_open(&other, &bench.loop, &settings));
    link_close(&other);
    link_close(&other);
    settings.enclave.kind = ENDPOINT_TCP;
    expect_refused("TCP", link_open(&other, &bench.loop, &settings), "link: does not use TCP");
    bench_close(&bench);
}

static void restart_from_done(struct link_call *call, status outcome, const struct frame *reply)
{
    (void)outcome;
    (void)reply;
    struct bench_call *again = call->context;
    if (again->done_count++ < 3) expect_ok("again", link_start(&bench.link, call));
}

static void done_may_start_the_same_call(void)
{
    static struct bench_call call;
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &call, 0, 5000);
    call.call.done = restart_from_done;
    for (size_t i = 0; i < 4; i++) {
        bench_run(&bench);
        expect_u64("asked", bench_answer_all(peer), 1);
    }
    bench_run(&bench);
    expect_u64("four times", call.done_count, 4);
    bench_close(&bench);
}

static void close_reports_what_is_under_way(void)
{
    static struct bench_call calls[3];
    bench_open(&bench, ENDPOINT_UNIX, 1);
    struct bench_peer *peer = bench_connect(&bench);
    bench_start(&bench, &calls[0], 5, 5000);
    bench_run(&bench);
    bench_start(&bench, &calls[1], 5, 5000);
    (void)peer;
    link_close(&bench.link);
    for (size_t i = 0; i < 2; i++) {
        bench_expect_done("told", &calls[i], "enclave: the service is stopping");
    }
    calls[2].call.request.type = FRAME_STATUS;
    expect_refused("closed", link_start(&bench.link, &calls[2].call),
                   "enclave: the service is stopping");
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"connects and knows its enclave", connects_and_knows_its_enclave},
        {"calls leave at the turn's end", calls_leave_at_the_turn_s_end},
        {"left_ms is of the moment of sending", left_ms_is_of_the_moment_of_sending},
        {"answers in any order", answers_in_any_order},
        {"answers cut at every byte", answers_cut_at_every_byte},
        {"error replies are answers", error_replies_are_answers},
        {"late answers are dropped", late_answers_are_dropped},
        {"cancelled calls are not told", cancelled_calls_are_not_told},
        {"slow reader", slow_reader},
        {"limits", limits},
        {"settings are checked", settings_are_checked},
        {"done may start the same call", done_may_start_the_same_call},
        {"close reports what is under way", close_reports_what_is_under_way},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
