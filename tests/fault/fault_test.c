/*
 * CREATE and SIGN_MESSAGE through the parent's link and the enclave's server and service, with every
 * step of theirs made to go wrong in turn. Whatever goes wrong: the caller gets a clean answer in
 * time; an answer that is a success is right; nothing stays behind; the next call is served.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "enclave/server.h"
#include "eth/eip191.h"
#include "fixture.h"
#include "net/endpoint.h"
#include "parent/enclave_link.h"
#include "runner.h"
#include "steps.h"

enum {
    STEP_COUNT_MAX = 400, /* of one kind; CREATE and SIGN have fewer */
    CALL_MS_MAX = 4000,
    RECOVERY_MS_MAX = 6000,
};

static struct fixture fixture;
static struct server server;
static struct enclave_link link;
static uint8_t reply_memory[FRAME_SIZE_MAX];

/* One call over the link. False when it has no reply; a reply may be a refusal. */
static bool call(const struct message_request *request, bool is_repeatable,
                 struct message_reply *reply)
{
    static uint8_t frame_memory[FRAME_SIZE_MAX];
    struct builder builder;
    struct frame frame;
    bool is_whole = false;
    builder_init(&builder, frame_memory, sizeof frame_memory);
    if (!expect_ok("request", message_request_write(request, &builder))) return false;
    struct enclave_call call = {
        .frame = frame_memory,
        .frame_size = builder.size,
        .reply = reply_memory,
        .reply_size_max = sizeof reply_memory,
        .is_repeatable = is_repeatable,
        .deadline_ms = clock_deadline_ms(CALL_MS_MAX),
    };
    const int64_t before_ms = clock_monotonic_ms();
    const status outcome = enclave_link_call(&link, &call);
    expect_true("in time", clock_monotonic_ms() - before_ms < 2 * CALL_MS_MAX);
    if (!status_is_ok(outcome)) {
        expect_true("fails as it should", status_is(outcome, FAILURE_UNAVAILABLE) ||
                                              status_is(outcome, FAILURE_OVER_LIMIT));
        return false;
    }
    slice arrived = slice_of(reply_memory, call.reply_size);
    expect_ok("a whole frame", frame_take(&arrived, &frame, &is_whole));
    return expect_ok("a reply", message_reply_read(&frame, reply));
}

static bool is_signed_by(slice bytes, slice message, eth_address address)
{
    k256_signature signature;
    k256_public_key public_key;
    return status_is_ok(k256_signature_read(bytes, &signature)) &&
           status_is_ok(
               k256_recover(&fixture.curve, &signature, eip191_hash(message), &public_key)) &&
           address_equal(address_of(&public_key), address);
}

/* An account as the parent would keep it. */
struct kept {
    uint8_t record[1024];
    size_t record_size;
    eth_address address;
};

/* True when it was made; then it is kept. A refusal has a sentence. */
static bool create(struct kept *kept)
{
    struct message_reply reply;
    const struct message_request request = fixture_request(&fixture, FRAME_CREATE, "a");
    if (!call(&request, false, &reply)) return false;
    if (reply.kind != 0) {
        expect_true("says why", reply.sentence.size > 0);
        return false;
    }
    expect_true("fits", reply.record.size <= sizeof kept->record);
    memcpy(kept->record, reply.record.bytes, reply.record.size);
    kept->record_size = reply.record.size;
    return expect_ok("address", address_read(reply.address, &kept->address));
}

/* True when it was signed; then the signature is the account's. */
static bool sign(const struct kept *kept)
{
    struct message_reply reply;
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    request.record = slice_of(kept->record, kept->record_size);
    if (!call(&request, true, &reply)) return false;
    if (reply.kind != 0) {
        expect_true("says why", reply.sentence.size > 0);
        return false;
    }
    return expect_true("signed by the account",
                       is_signed_by(reply.signature, request.body, kept->address));
}

/* Signs until it works again, which it must before long. */
static bool recovers(const struct kept *kept)
{
    const int64_t deadline_ms = clock_deadline_ms(RECOVERY_MS_MAX);
    while (!sign(kept)) {
        if (clock_monotonic_ms() >= deadline_ms) return false;
        poll(NULL, 0, 20);
    }
    return true;
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

/* A dropped connection is closed by its other end a moment later. */
static bool has_no_more_descriptors(size_t wanted)
{
    const int64_t deadline_ms = clock_deadline_ms(RECOVERY_MS_MAX);
    while (count_descriptors() > wanted) {
        if (clock_monotonic_ms() >= deadline_ms) return false;
        poll(NULL, 0, 20);
    }
    return true;
}

static void open_all(void)
{
    fixture_open(&(struct fixture_options){0}, &fixture);
    const struct enclave_link_settings settings = {fixture.config.listen, endpoint_dial, 1};
    expect_ok("server", server_open(&fixture.service, &server));
    expect_ok("link", enclave_link_open(&link, &settings));
}

static void close_all(void)
{
    enclave_link_close(&link);
    server_close(&server);
    fixture_close(&fixture);
}

/* Everything once, with the step numbered `at` going wrong. Returns how many steps there were. */
static uint64_t one_round(enum step_kind kind, uint64_t at, const struct kept *known)
{
    struct kept made = {0};
    service_forget(&fixture.service); /* so that signing is cold, then warm */
    steps_begin(kind, at);
    const bool is_made = create(&made);
    (void)sign(known);
    (void)sign(known);
    const uint64_t count = steps_end();
    expect_true("the known account signs again", recovers(known));
    if (is_made) expect_true("the new account signs", recovers(&made));
    return count;
}

static void every_step(enum step_kind kind)
{
    struct kept known = {0};
    open_all();
    while (!create(&known)) poll(NULL, 0, 20);
    runner_row(step_kind_print(kind));
    const uint64_t step_count = one_round(kind, 0, &known);
    const size_t descriptor_count = count_descriptors();
    expect_true("there are steps, and few enough to try them all",
                step_count > 0 && step_count < STEP_COUNT_MAX);
    /* A few more than were counted: a retry adds some. */
    for (uint64_t at = 1; at <= step_count + 3; at++) {
        runner_row_at(step_kind_print(kind), (size_t)at);
        one_round(kind, at, &known);
        expect_true("no descriptor is left", has_no_more_descriptors(descriptor_count));
    }
    printf("%s: %llu steps\n", step_kind_print(kind), (unsigned long long)step_count);
    close_all();
}

/*
 * The same from the opening on: listening, dialing, the first calls. What fails to open is closed, and
 * opens the next time.
 */
static bool open_and_serve(struct kept *made)
{
    static const struct timespec pause = {0, 20 * 1000000};
    const struct enclave_link_settings settings = {fixture.config.listen, endpoint_dial, 1};
    if (!status_is_ok(server_open(&fixture.service, &server))) return false;
    if (!status_is_ok(enclave_link_open(&link, &settings))) return false;
    bool is_made = false;
    for (int i = 0; i < 50 && !is_made; i++) {
        is_made = create(made);
        if (!is_made) nanosleep(&pause, NULL);
    }
    return is_made && sign(made);
}

static uint64_t one_opening(enum step_kind kind, uint64_t at)
{
    struct kept made = {0};
    steps_begin(kind, at);
    const bool is_served = open_and_serve(&made);
    const uint64_t count = steps_end();
    if (at == 0) expect_true("is served", is_served);
    enclave_link_close(&link);
    server_close(&server);
    return count;
}

static void every_step_of_opening(enum step_kind kind)
{
    fixture_open(&(struct fixture_options){0}, &fixture);
    runner_row(step_kind_print(kind));
    const uint64_t step_count = one_opening(kind, 0);
    const size_t descriptor_count = count_descriptors();
    expect_true("there are steps, and few enough to try them all",
                step_count > 0 && step_count < STEP_COUNT_MAX);
    for (uint64_t at = 1; at <= step_count; at++) {
        runner_row_at(step_kind_print(kind), (size_t)at);
        one_opening(kind, at);
        expect_true("no descriptor is left", has_no_more_descriptors(descriptor_count));
    }
    one_opening(kind, 0);
    printf("opening, %s: %llu steps\n", step_kind_print(kind), (unsigned long long)step_count);
    fixture_close(&fixture);
}

static void reads_fail(void)
{
    every_step(STEP_READ_FAILS);
}

static void reads_end(void)
{
    every_step(STEP_READ_ENDS);
}

static void reads_are_short(void)
{
    every_step(STEP_READ_SHORT);
}

static void writes_fail(void)
{
    every_step(STEP_WRITE_FAILS);
}

static void writes_are_short(void)
{
    every_step(STEP_WRITE_SHORT);
}

static void connections_fail(void)
{
    every_step_of_opening(STEP_CONNECT);
}

static void memory_is_short(void)
{
    every_step_of_opening(STEP_MEMORY);
}

static void randomness_fails(void)
{
    every_step(STEP_RANDOM);
}

static void the_clock_goes_ahead(void)
{
    every_step(STEP_CLOCK_AHEAD);
}

static void the_clock_goes_back(void)
{
    every_step(STEP_CLOCK_BACK);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"reads fail", reads_fail},
        {"reads end", reads_end},
        {"reads are short", reads_are_short},
        {"writes fail", writes_fail},
        {"writes are short", writes_are_short},
        {"connections fail", connections_fail},
        {"memory is short", memory_is_short},
        {"randomness fails", randomness_fails},
        {"the clock goes ahead", the_clock_goes_ahead},
        {"the clock goes back", the_clock_goes_back},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
