#include "parent/enclave_link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake_enclave.h"
#include "os/clock.h"
#include "parent/accounts.h"
#include "proto/message.h"
#include "runner.h"

enum { CALL_COUNT_MAX = ENCLAVE_LINK_CALL_COUNT_MAX + 1 };

static struct fake_enclave fake;
static struct enclave_link link;

/* A call with its memory, and whether it is over. */
struct one {
    struct enclave_call call;
    uint8_t frame[1024], reply[512];
    atomic_int done_count;
};

static struct one *all;

static void done(struct enclave_call *call)
{
    struct one *one = call->context;
    atomic_fetch_add(&one->done_count, 1);
}

static void open_both(size_t connection_count)
{
    fake_enclave_open(&fake);
    const struct enclave_link_settings settings = {fake.where, endpoint_dial, connection_count};
    expect_ok("open", enclave_link_open(&link, &settings));
    for (int i = 0; i < 6000 && enclave_link_read_state(&link).up_count < connection_count; i++) {
        poll(NULL, 0, 10);
    }
    expect_u64("all up", enclave_link_read_state(&link).up_count, connection_count);
    all = calloc(CALL_COUNT_MAX, sizeof *all);
}

static void close_both(void)
{
    enclave_link_close(&link);
    fake_enclave_close(&fake);
    free(all);
}

static void prepare(struct one *one, uint8_t type, int64_t timeout_ms)
{
    uint8_t record[FAKE_RECORD_SIZE];
    struct builder frame;
    slice written;
    char name[32] = {0};
    const size_t index = (size_t)(one - all);
    name[0] = (char)('a' + index % 26);
    name[1] = (char)('a' + index / 26 % 26);
    const account_id id = accounts_id_of(slice_text(name));
    uint8_t credentials[] = "\0\20AKIAEXAMPLE00000\0\4secr\0\0";
    fake_enclave_record(&fake, slice_text(name), 1, record);
    struct message_request request = {.type = type, .account_id = id};
    if (type == FRAME_SIGN_MESSAGE) {
        request.record = slice_of(record, sizeof record);
        request.body = slice_text("hello");
    }
    request.credentials = slice_of(credentials, sizeof credentials - 1);
    memset(one, 0, sizeof *one);
    builder_init(&frame, one->frame, sizeof one->frame);
    expect_ok("request", message_request_write(&request, &frame));
    expect_ok("fits", builder_finish(&frame, &written));
    one->call = (struct enclave_call){.frame = one->frame,
                                      .frame_size = written.size,
                                      .reply = one->reply,
                                      .reply_size_max = sizeof one->reply,
                                      .is_repeatable = type != FRAME_CREATE,
                                      .deadline_ms = clock_deadline_ms(timeout_ms),
                                      .done = done,
                                      .context = one};
}

static void start(size_t index, uint8_t type, int64_t timeout_ms)
{
    prepare(&all[index], type, timeout_ms);
    expect_ok("start", enclave_link_start(&link, &all[index].call));
}

/* Waits until the first `count` calls are over; each must be so exactly once. */
static void await(size_t count)
{
    for (int i = 0; i < 6000; i++) {
        size_t over_count = 0;
        for (size_t k = 0; k < count; k++) over_count += atomic_load(&all[k].done_count) > 0;
        if (over_count == count) break;
        poll(NULL, 0, 10);
    }
    for (size_t k = 0; k < count; k++) {
        expect_u64("done once", (uint64_t)atomic_load(&all[k].done_count), 1);
    }
}

/* The answer is the one to this very call: its address is that of the call's own record. */
static void expect_own_answer(size_t index)
{
    struct one *one = &all[index];
    slice arrived = slice_of(one->reply, one->call.reply_size);
    struct frame frame;
    struct message_reply reply;
    bool is_whole = false;
    if (!expect_ok("outcome", one->call.outcome)) return;
    if (!expect_ok("frame", frame_take(&arrived, &frame, &is_whole))) return;
    if (!expect_ok("reply", message_reply_read(&frame, &reply))) return;
    expect_u64("no error", reply.kind, 0);
    struct frame asked;
    slice sent = slice_of(one->frame, one->call.frame_size);
    expect_ok("own frame", frame_take(&sent, &asked, &is_whole));
    expect_u64("req_id", reply.req_id, asked.req_id);
    expect_bytes("address", reply.address,
                 slice_part(asked.sections[FRAME_RECORD], 48, MESSAGE_ADDRESS_SIZE));
}

static void many_at_once(void)
{
    open_both(2);
    for (size_t i = 0; i < 500; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    await(500);
    for (size_t i = 0; i < 500; i++) expect_own_answer(i);
    expect_u64("none left", enclave_link_read_state(&link).in_flight_count, 0);
    close_both();
}

static void out_of_order(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.reverse_count, 8);
    for (size_t i = 0; i < 8; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    await(8);
    for (size_t i = 0; i < 8; i++) expect_own_answer(i);
    close_both();
}

static void in_single_bytes(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.cut_size, 1);
    for (size_t i = 0; i < 4; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    await(4);
    for (size_t i = 0; i < 4; i++) expect_own_answer(i);
    close_both();
}

/* Whatever happens to an answer once, a repeatable call survives it. */
static void survives_once(atomic_int *fault)
{
    open_both(2);
    atomic_store(fault, 1);
    for (size_t i = 0; i < 10; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    await(10);
    for (size_t i = 0; i < 10; i++) expect_own_answer(i);
    const struct enclave_link_state state = enclave_link_read_state(&link);
    expect_u64("one break", state.break_count, 1);
    expect_true("repeated", state.repeat_count > 0);
    close_both();
}

static void hang_up(void)
{
    survives_once(&fake.behaviour.close_count);
}

static void cut_answer(void)
{
    survives_once(&fake.behaviour.half_close_count);
}

static void garbage(void)
{
    survives_once(&fake.behaviour.garbage_count);
}

static void only_once_more(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.close_count, -1);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    expect_refused("given up", all[0].call.outcome,
                   "enclave: the connection broke before the answer");
    expect_u64("asked twice", (uint64_t)atomic_load(&fake.request_count), 2);
    close_both();
}

static void creation_is_never_repeated(void)
{
    open_both(2);
    atomic_store(&fake.behaviour.close_count, 1);
    start(0, FRAME_CREATE, 60000);
    await(1);
    expect_refused("not repeated", all[0].call.outcome,
                   "enclave: the connection broke before the answer");
    expect_u64("asked once", (uint64_t)atomic_load(&fake.request_count), 1);
    close_both();
}

static void unasked_answer(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.wrong_req_id, true);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    expect_kind("not taken", all[0].call.outcome, FAILURE_UNAVAILABLE);
    expect_true("broken off", enclave_link_read_state(&link).break_count >= 1);
    close_both();
}

static void too_long_answer(void)
{
    open_both(1);
    prepare(&all[0], FRAME_SIGN_MESSAGE, 60000);
    all[0].call.reply_size_max = 100;
    expect_ok("start", enclave_link_start(&link, &all[0].call));
    await(1);
    expect_kind("refused", all[0].call.outcome, FAILURE_UNAVAILABLE);
    close_both();
}

static void silence(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.is_silent, true);
    const int64_t started_ms = clock_monotonic_ms();
    start(0, FRAME_SIGN_MESSAGE, 300);
    await(1);
    const int64_t spent_ms = clock_monotonic_ms() - started_ms;
    expect_refused("too late", all[0].call.outcome, "enclave: did not answer in time");
    expect_true("not before its time", spent_ms >= 300);
    expect_u64("the silent connection is given up", enclave_link_read_state(&link).break_count, 1);
    atomic_store(&fake.behaviour.is_silent, false);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    expect_own_answer(0);
    close_both();
}

/* A late answer to a call given up must not reach the call that has its place now. */
static void late_answer(void)
{
    open_both(1);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    atomic_store(&fake.behaviour.delay_ms, 1000);
    start(0, FRAME_SIGN_MESSAGE, 100);
    poll(NULL, 0, 10);
    start(1, FRAME_SIGN_MESSAGE, 60000);
    await(2);
    expect_kind("first", all[0].call.outcome, FAILURE_UNAVAILABLE);
    expect_own_answer(1);
    close_both();
}

static void enclave_restarts(void)
{
    open_both(2);
    fake_enclave_stop(&fake);
    poll(NULL, 0, 100);
    for (size_t i = 0; i < 5; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    poll(NULL, 0, 300);
    fake_enclave_start(&fake);
    await(5);
    for (size_t i = 0; i < 5; i++) expect_own_answer(i);
    close_both();
}

static void enclave_stays_away(void)
{
    open_both(2);
    fake_enclave_stop(&fake);
    poll(NULL, 0, 100);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    expect_refused("waited for the grace only", all[0].call.outcome, "enclave: is not connected");
    prepare(&all[1], FRAME_SIGN_MESSAGE, 60000);
    expect_refused("then at once", enclave_link_start(&link, &all[1].call),
                   "enclave: is not connected");
    expect_u64("without a word", (uint64_t)atomic_load(&all[1].done_count), 0);
    fake_enclave_start(&fake);
    for (int i = 0; i < 6000 && enclave_link_read_state(&link).up_count < 2; i++) poll(NULL, 0, 10);
    start(0, FRAME_SIGN_MESSAGE, 60000);
    await(1);
    expect_own_answer(0);
    close_both();
}

static void limit(void)
{
    open_both(1);
    atomic_store(&fake.behaviour.is_silent, true);
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) start(i, FRAME_SIGN_MESSAGE, 60000);
    prepare(&all[CALL_COUNT_MAX - 1], FRAME_SIGN_MESSAGE, 60000);
    expect_refused("one more", enclave_link_start(&link, &all[CALL_COUNT_MAX - 1].call),
                   "enclave: too many calls are under way");
    enclave_link_stop(&link);
    for (size_t i = 0; i < ENCLAVE_LINK_CALL_COUNT_MAX; i++) {
        expect_refused("stopped", all[i].call.outcome, "enclave: the service is stopping");
    }
    prepare(&all[0], FRAME_SIGN_MESSAGE, 60000);
    expect_refused("after the stop", enclave_link_start(&link, &all[0].call),
                   "enclave: the service is stopping");
    close_both();
}

static void waiting_call(void)
{
    open_both(1);
    prepare(&all[0], FRAME_SIGN_MESSAGE, 60000);
    expect_ok("call", enclave_link_call(&link, &all[0].call));
    expect_own_answer(0);
    expect_true("round trip", all[0].call.round_trip_us > 0);
    close_both();
}

static void settings(void)
{
    struct enclave_link_settings wrong = {fake.where, endpoint_dial, 0};
    expect_kind("none", enclave_link_open(&link, &wrong), FAILURE_OVER_LIMIT);
    wrong.connection_count = ENCLAVE_LINK_CONNECTION_COUNT_MAX + 1;
    expect_kind("too many", enclave_link_open(&link, &wrong), FAILURE_OVER_LIMIT);
    link = (struct enclave_link){0};
    enclave_link_close(&link);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"many at once", many_at_once},
        {"out of order", out_of_order},
        {"in single bytes", in_single_bytes},
        {"hang up", hang_up},
        {"cut answer", cut_answer},
        {"garbage", garbage},
        {"only once more", only_once_more},
        {"creation is never repeated", creation_is_never_repeated},
        {"unasked answer", unasked_answer},
        {"too long answer", too_long_answer},
        {"silence", silence},
        {"late answer", late_answer},
        {"enclave restarts", enclave_restarts},
        {"enclave stays away", enclave_stays_away},
        {"limit", limit},
        {"waiting call", waiting_call},
        {"settings", settings},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
