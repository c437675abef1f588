#include "enclave/self.h"

#include <string.h>

#include "fixture.h"
#include "nsm/attestation.h"
#include "nsm/message.h"

static struct fixture fixture;

/* A module that answers with fixed bytes. */
static slice scripted;

static status answer(void *context, slice request, struct builder *response)
{
    (void)context;
    (void)request;
    builder_put(response, scripted);
    return status_ok();
}

static const struct nsm_port script = {NULL, answer};

static void who_we_are(void)
{
    fixture_open(&(struct fixture_options){0}, &fixture);
    const hash48 image = sha384(slice_text("image"));
    expect_true("PCR0", hash48_equal(&fixture.self.pcr0, &image));
    expect_true("not debug", !self_is_debug(&fixture.self));
    const int64_t age_ms = clock_wall_ms() - fixture.self.boot_ms;
    expect_true("boot time", age_ms >= -1000 && age_ms < 10000);
    const boot_id first = fixture.self.boot;
    arena_empty(&fixture.arena);
    expect_ok("again", self_init(&fixture.nsm, &fixture.config, &fixture.arena, &fixture.self));
    expect_true("another boot id", !slice_equal(slice_of(first.bytes, sizeof first.bytes),
                                                slice_of(fixture.self.boot.bytes, 16)));
    fixture_close(&fixture);
    fixture_open(&(struct fixture_options){.is_debug = true}, &fixture);
    expect_true("debug", self_is_debug(&fixture.self));
    fixture_close(&fixture);
}

static void randomness(void)
{
    struct secret32 one = {{0}}, two = {{0}};
    fixture_open(&(struct fixture_options){0}, &fixture);
    expect_ok("one", self_read_random(&fixture.nsm, &one));
    expect_ok("two", self_read_random(&fixture.nsm, &two));
    expect_true("differ", !slice_equal(slice_of(one.bytes, 32), slice_of(two.bytes, 32)));
    fixture_close(&fixture);
}

static void nonces(void)
{
    static const uint8_t bytes[33];
    slice document;
    fixture_open(&(struct fixture_options){0}, &fixture);
    static const size_t sizes[] = {1, 31, 33};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        arena_empty(&fixture.arena);
        expect_refused(
            "size",
            self_attest_client(&fixture.self, slice_of(bytes, sizes[i]), &fixture.arena, &document),
            "attestation: nonce must have 32 bytes");
    }
    expect_ok("32",
              self_attest_client(&fixture.self, slice_of(bytes, 32), &fixture.arena, &document));
    fixture_close(&fixture);
}

/* Answers of a module that misbehaves, as a response in hex. */
static const struct {
    const char *name, *response;
    enum failure_kind kind;
} rows[] = {
    {"nothing", "", FAILURE_CORRUPT},
    {"garbage", "ffffffff", FAILURE_CORRUPT},
    {"an error", "a1654572726f72 6c496e76616c6964496e646578", FAILURE_UNAVAILABLE},
    {"another answer", "674c6f636b504352", FAILURE_CORRUPT},
    {"too little randomness", "a16947657452616e646f6d a1 6672616e646f6d 5801 aa", FAILURE_CORRUPT},
};

static void modules_that_misbehave(void)
{
    struct arena arena;
    struct self self;
    struct secret32 random;
    struct config config = {0};
    int64_t time_ms;
    expect_ok("arena", arena_open(&arena, SELF_ARENA_SIZE));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        scripted = runner_hex(rows[i].response);
        arena_empty(&arena);
        memset(&random, 0x11, sizeof random);
        expect_kind("random", self_read_random(&script, &random), rows[i].kind);
        expect_u64("untouched", random.bytes[0], 0x11);
        expect_true("init", !status_is_ok(self_init(&script, &config, &arena, &self)));
        arena_empty(&arena);
        expect_true("time", !status_is_ok(self_read_time(&script, &arena, &time_ms)));
    }
    /* A document that is none. */
    runner_row("document of one byte");
    scripted = runner_hex("a16b4174746573746174696f6e a1 68646f63756d656e74 41 00");
    arena_empty(&arena);
    expect_kind("time", self_read_time(&script, &arena, &time_ms), FAILURE_BAD_INPUT);
    arena_close(&arena);
}

static void configuration_is_measured(void)
{
    static const hash48 zero = {{0}};
    struct attestation document;
    slice bytes;
    fixture_open(&(struct fixture_options){0}, &fixture);
    arena_empty(&fixture.arena);
    expect_ok("lock", self_lock_configuration(&fixture.nsm, &fixture.config, &fixture.arena));
    arena_empty(&fixture.arena);
    expect_ok("again", self_lock_configuration(&fixture.nsm, &fixture.config, &fixture.arena));
    struct config other = fixture.config;
    other.hash = sha256(slice_text("other"));
    arena_empty(&fixture.arena);
    expect_refused("another configuration",
                   self_lock_configuration(&fixture.nsm, &other, &fixture.arena),
                   "self: PCR16 has been used for something else");
    arena_empty(&fixture.arena);
    expect_ok("attest",
              self_attest_client(&fixture.self, slice_of(NULL, 0), &fixture.arena, &bytes));
    if (expect_ok("read", attestation_read(bytes, &document)) &&
        expect_true("the document shows it", pcr_set_has(&document.pcrs, 16))) {
        const hash48 wanted = pcr_extend(&zero, hash32_view(&fixture.config.hash));
        expect_bytes("PCR16", hash48_view(&document.pcrs.values[16]), hash48_view(&wanted));
    }
    fixture_close(&fixture);
}

/* A register that somebody else extended says nothing about our configuration. */
static void used_register(void)
{
    const struct nsm_request extend = {
        .call = NSM_EXTEND_PCR, .index = SELF_CONFIGURATION_PCR, .data = slice_text("x")};
    uint8_t request[256], response[NSM_RESPONSE_SIZE_MAX];
    struct builder question, answered;
    fixture_open(&(struct fixture_options){0}, &fixture);
    builder_init(&question, request, sizeof request);
    builder_init(&answered, response, sizeof response);
    nsm_request_write(&extend, &question);
    expect_ok("extend", fixture.nsm.call(fixture.nsm.context, builder_view(&question), &answered));
    arena_empty(&fixture.arena);
    expect_refused("lock", self_lock_configuration(&fixture.nsm, &fixture.config, &fixture.arena),
                   "self: PCR16 has been used for something else");
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"who we are", who_we_are},
        {"randomness", randomness},
        {"nonces", nonces},
        {"configuration is measured", configuration_is_measured},
        {"used register", used_register},
        {"modules that misbehave", modules_that_misbehave},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
