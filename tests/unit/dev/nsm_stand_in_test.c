#include "dev/nsm_stand_in.h"

#include <string.h>

#include "nsm/attestation.h"

#include "runner.h"

enum { START_S = 1700000000, HOUR_S = 3600 };

/* A clock that a test holds, an identity and a module under it. */
struct bench {
    int64_t now_ms;
    struct identity identity;
    struct nsm_stand_in module;
    uint8_t memory[NSM_RESPONSE_SIZE_MAX];
};

static int64_t read_now(void *context)
{
    const struct bench *bench = context;
    return bench->now_ms;
}

static void open_bench(struct bench *bench, struct nsm_stand_in_options options)
{
    bench->now_ms = START_S * INT64_C(1000) + 250;
    expect_ok("identity", identity_open_new(START_S, &bench->identity));
    options.identity = &bench->identity;
    options.clock = (struct clock){.monotonic_ms = read_now, .wall_ms = read_now, .context = bench};
    expect_ok("module", nsm_stand_in_open(&options, &bench->module));
}

static void close_bench(struct bench *bench)
{
    nsm_stand_in_close(&bench->module);
    identity_close(&bench->identity);
}

/* Sends a request and reads the answer, which views the bench's memory. */
static struct nsm_response ask(struct bench *bench, const struct nsm_request *request)
{
    uint8_t memory[NSM_REQUEST_SIZE_MAX];
    struct builder written, answer;
    struct nsm_response response = {0};
    builder_init(&written, memory, sizeof memory);
    nsm_request_write(request, &written);
    builder_init(&answer, bench->memory, sizeof bench->memory);
    expect_ok("call", nsm_stand_in_call(&bench->module, builder_view(&written), &answer));
    expect_ok("answer", nsm_response_read(builder_view(&answer), &response));
    return response;
}

static void expect_error(const char *what, struct bench *bench, struct nsm_request request,
                         enum nsm_error error)
{
    const struct nsm_response response = ask(bench, &request);
    expect_u64(what, response.error, error);
    if (error == NSM_NO_ERROR) expect_u64(what, response.call, request.call);
}

static void registers(void)
{
    static struct bench bench;
    struct nsm_stand_in_options options = {0};
    const hash48 image = pcr_of_text(slice_text("image")), zero = {{0}};
    pcr_set_put(&options.pcrs, 0, &image);
    open_bench(&bench, options);
    struct nsm_response got = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_PCR});
    expect_true("PCR0", got.is_locked && hash48_equal(&got.pcr, &image));
    got = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_PCR, .index = 15});
    expect_true("PCR15", got.is_locked && hash48_equal(&got.pcr, &zero));
    got = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_PCR, .index = 16});
    expect_true("PCR16", !got.is_locked && hash48_equal(&got.pcr, &zero));
    got = ask(&bench, &(struct nsm_request){
                          .call = NSM_EXTEND_PCR, .index = 16, .data = runner_hex("010203")});
    expect_hex(
        "extended", hash48_view(&got.pcr),
        "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d94"
        "9a650694e");
    got = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_PCR, .index = 16});
    expect_hex(
        "kept", hash48_view(&got.pcr),
        "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d94"
        "9a650694e");
    close_bench(&bench);
}

static void locks(void)
{
    static struct bench bench;
    open_bench(&bench, (struct nsm_stand_in_options){0});
    const struct {
        const char *what;
        struct nsm_request request;
        enum nsm_error error;
    } rows[] = {
        {"describe 31", {.call = NSM_DESCRIBE_PCR, .index = 31}, NSM_NO_ERROR},
        {"describe 32", {.call = NSM_DESCRIBE_PCR, .index = 32}, NSM_INVALID_INDEX},
        {"extend 32", {.call = NSM_EXTEND_PCR, .index = 32}, NSM_INVALID_INDEX},
        {"extend 15", {.call = NSM_EXTEND_PCR, .index = 15}, NSM_READ_ONLY_INDEX},
        {"extend 31", {.call = NSM_EXTEND_PCR, .index = 31}, NSM_NO_ERROR},
        {"lock 32", {.call = NSM_LOCK_PCR, .index = 32}, NSM_INVALID_INDEX},
        {"lock 0", {.call = NSM_LOCK_PCR, .index = 0}, NSM_READ_ONLY_INDEX},
        {"lock 31", {.call = NSM_LOCK_PCR, .index = 31}, NSM_NO_ERROR},
        {"lock 31 again", {.call = NSM_LOCK_PCR, .index = 31}, NSM_READ_ONLY_INDEX},
        {"extend locked 31", {.call = NSM_EXTEND_PCR, .index = 31}, NSM_READ_ONLY_INDEX},
        {"extend 17", {.call = NSM_EXTEND_PCR, .index = 17}, NSM_NO_ERROR},
        {"lock below 18", {.call = NSM_LOCK_PCRS, .range = 18}, NSM_NO_ERROR},
        {"extend locked 17", {.call = NSM_EXTEND_PCR, .index = 17}, NSM_READ_ONLY_INDEX},
        {"extend 18", {.call = NSM_EXTEND_PCR, .index = 18}, NSM_NO_ERROR},
        {"lock below 33", {.call = NSM_LOCK_PCRS, .range = 33}, NSM_INVALID_INDEX},
        {"extend 18 still", {.call = NSM_EXTEND_PCR, .index = 18}, NSM_NO_ERROR},
        {"lock all", {.call = NSM_LOCK_PCRS, .range = 32}, NSM_NO_ERROR},
        {"extend 18 no more", {.call = NSM_EXTEND_PCR, .index = 18}, NSM_READ_ONLY_INDEX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        expect_error(rows[i].what, &bench, rows[i].request, rows[i].error);
    }
    const struct nsm_response all = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_NSM});
    expect_u64("all locked", all.description.locked_pcrs, UINT32_MAX);
    close_bench(&bench);
}

static void description_and_randomness(void)
{
    static struct bench bench;
    uint8_t first[NSM_RANDOM_SIZE_MAX];
    open_bench(&bench, (struct nsm_stand_in_options){0});
    struct nsm_response got = ask(&bench, &(struct nsm_request){.call = NSM_DESCRIBE_NSM});
    expect_u64("PCRs", got.description.pcr_count, 32);
    expect_u64("locked", got.description.locked_pcrs, 0xffff);
    expect_u64("module id's size", got.description.module_id.size, 39);
    expect_text("digest", got.description.digest, "SHA384");
    got = ask(&bench, &(struct nsm_request){.call = NSM_GET_RANDOM});
    expect_u64("256 bytes", got.random.size, sizeof first);
    memcpy(first, got.random.bytes, sizeof first);
    got = ask(&bench, &(struct nsm_request){.call = NSM_GET_RANDOM});
    expect_true("other bytes", !slice_equal(got.random, slice_of(first, sizeof first)));
    close_bench(&bench);
}

static void garbage(void)
{
    static struct bench bench;
    static const uint8_t long_request[NSM_REQUEST_SIZE_MAX + 1];
    struct builder answer;
    struct nsm_response response = {0};
    open_bench(&bench, (struct nsm_stand_in_options){0});
    builder_init(&answer, bench.memory, sizeof bench.memory);
    expect_ok("call", nsm_stand_in_call(&bench.module, runner_hex("ff"), &answer));
    expect_ok("answer", nsm_response_read(builder_view(&answer), &response));
    expect_u64("garbage", response.error, NSM_INVALID_ARGUMENT);
    builder_init(&answer, bench.memory, sizeof bench.memory);
    expect_ok("call", nsm_stand_in_call(&bench.module, slice_of(long_request, sizeof long_request),
                                        &answer));
    expect_ok("answer", nsm_response_read(builder_view(&answer), &response));
    expect_u64("too long", response.error, NSM_INPUT_TOO_LARGE);
    close_bench(&bench);
}

static slice root_of(const struct bench *bench)
{
    return identity_certificate_view(&bench->identity.certificate);
}

static struct nsm_stand_in_options with_image(void)
{
    struct nsm_stand_in_options options = {0};
    const hash48 image = pcr_of_text(slice_text("image"));
    pcr_set_put(&options.pcrs, 0, &image);
    pcr_set_put(&options.pcrs, 3, &image);
    return options;
}

/* Asks for a document with all fields and verifies it with all rules. */
static void expect_document(struct bench *bench, slice user_data, slice nonce, slice public_key)
{
    struct attestation document = {0};
    struct attestation_rules rules = {.root = root_of(bench),
                                      .now_ms = bench->now_ms,
                                      .pcrs = bench->module.options.pcrs,
                                      .nonce = nsm_optional_of(nonce),
                                      .user_data = nsm_optional_of(user_data)};
    const struct nsm_request request = {.call = NSM_ATTESTATION,
                                        .user_data = nsm_optional_of(user_data),
                                        .nonce = nsm_optional_of(nonce),
                                        .public_key = nsm_optional_of(public_key)};
    const struct nsm_response response = ask(bench, &request);
    if (!expect_ok("read", attestation_read(response.document, &document))) return;
    expect_ok("verify", attestation_verify(&document, &rules));
    expect_bytes("public key", document.public_key.bytes, public_key);
    expect_u64("time", document.timestamp_ms, (uint64_t)bench->now_ms);
    expect_text("module id", document.module_id, bench->module.module_id);
    rules.is_archived = true;
    expect_ok("verify later", attestation_verify(&document, &rules));
}

static void documents(void)
{
    static const uint8_t full[NSM_FIELD_SIZE_MAX];
    for (int form = 0; form < 4; form++) {
        static struct bench bench;
        struct nsm_stand_in_options options = with_image();
        options.is_definite = form & 1;
        options.is_tagged = form & 2;
        runner_row_at("form", (size_t)form);
        open_bench(&bench, options);
        expect_document(&bench, slice_text("user"), slice_text("nonce"), slice_text("key"));
        const slice largest = slice_of(full, sizeof full);
        expect_document(&bench, largest, largest, largest);
        const struct nsm_request bare = {.call = NSM_ATTESTATION};
        const struct nsm_response response = ask(&bench, &bare);
        struct attestation document = {0};
        expect_ok("bare", attestation_read(response.document, &document));
        expect_true("nothing chosen", !document.nonce.is_present &&
                                          !document.user_data.is_present &&
                                          !document.public_key.is_present);
        expect_u64("tag", response.document.bytes[0], options.is_tagged ? 0xd2 : 0x84);
        expect_u64("map", document.message.payload.bytes[0], options.is_definite ? 0xa9 : 0xbf);
        close_bench(&bench);
    }
}

static void locked_registers_appear(void)
{
    static struct bench bench;
    struct attestation document = {0};
    open_bench(&bench, with_image());
    expect_error("extend", &bench,
                 (struct nsm_request){
                     .call = NSM_EXTEND_PCR, .index = 16, .data = slice_text("configuration")},
                 NSM_NO_ERROR);
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    struct nsm_response response = ask(&bench, &request);
    expect_ok("read", attestation_read(response.document, &document));
    expect_u64("launch registers", document.pcrs.present, 0xffff);
    expect_error("lock", &bench, (struct nsm_request){.call = NSM_LOCK_PCR, .index = 16},
                 NSM_NO_ERROR);
    response = ask(&bench, &request);
    expect_ok("read", attestation_read(response.document, &document));
    expect_u64("and PCR16", document.pcrs.present, 0x1ffff);
    const hash48 wanted = pcr_of_text(slice_text("configuration"));
    expect_true("its value", hash48_equal(&document.pcrs.values[16], &wanted));
    close_bench(&bench);
}

/* Every rule of verification, broken alone. */
static void rules(void)
{
    static struct bench bench, other;
    static struct attestation document;
    uint8_t memory[NSM_RESPONSE_SIZE_MAX];
    struct builder copy;
    open_bench(&bench, with_image());
    open_bench(&other, with_image());
    const struct nsm_request request = {.call = NSM_ATTESTATION,
                                        .user_data = nsm_optional_of(slice_text("user")),
                                        .nonce = nsm_optional_of(slice_text("nonce"))};
    builder_init(&copy, memory, sizeof memory);
    builder_put(&copy, ask(&bench, &request).document);
    expect_ok("read", attestation_read(builder_view(&copy), &document));
    const struct attestation_rules good = {.root = root_of(&bench),
                                           .now_ms = bench.now_ms,
                                           .max_age_s = 300,
                                           .pcrs = bench.module.options.pcrs,
                                           .nonce = request.nonce,
                                           .user_data = request.user_data};
    struct attestation_rules rules = good;
    expect_ok("all hold", attestation_verify(&document, &rules));
    rules.root = root_of(&other);
    expect_refused("root", attestation_verify(&document, &rules),
                   "x509: chain does not reach the trusted root");
    rules = good;
    rules.now_ms = bench.now_ms + 300 * 1000;
    expect_ok("300 s old", attestation_verify(&document, &rules));
    rules.now_ms++;
    expect_refused("a moment older", attestation_verify(&document, &rules),
                   "attestation: document is too old");
    rules = good;
    rules.now_ms = bench.now_ms - 300 * 1000;
    expect_ok("300 s ahead", attestation_verify(&document, &rules));
    rules.now_ms--;
    expect_refused("a moment more", attestation_verify(&document, &rules),
                   "attestation: document is from the future");
    rules = good;
    rules.nonce = nsm_optional_of(slice_text("nonces"));
    expect_refused("nonce", attestation_verify(&document, &rules),
                   "attestation: nonce is not the expected one");
    rules = good;
    rules.user_data = nsm_optional_of(slice_text("User"));
    expect_refused("user data", attestation_verify(&document, &rules),
                   "attestation: user data is not the expected one");
    rules = good;
    rules.pcrs.values[3].bytes[47] ^= 1;
    const status refused = attestation_verify(&document, &rules);
    expect_refused("PCR3", refused, "attestation: PCR is not the expected one");
    expect_u64("its index", (uint64_t)refused.detail, 3);
    rules = good;
    pcr_set_put(&rules.pcrs, 20, &good.pcrs.values[0]);
    const status absent = attestation_verify(&document, &rules);
    expect_refused("PCR20", absent, "attestation: document lacks an expected PCR");
    expect_u64("its index", (uint64_t)absent.detail, 20);
    /* The contents are only believed as far as the signature reaches. */
    document.message.signature.bytes[50] ^= 1;
    expect_refused("signature", attestation_verify(&document, &good),
                   "attestation: signature is not valid");
    document.message.signature.bytes[50] ^= 1;
    document.pcrs.present &= ~UINT32_C(1);
    expect_refused("no PCR0", attestation_verify(&document, &good),
                   "attestation: document lacks PCR0");
    close_bench(&bench);
    close_bench(&other);
}

/* What a document says of its root is not looked at; a record has no leeway before its chain. */
static void root_and_archive(void)
{
    static struct bench bench;
    static struct attestation document;
    open_bench(&bench, with_image());
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    struct attestation_rules rules = {.root = root_of(&bench), .now_ms = bench.now_ms};
    expect_ok("no age at all", attestation_verify(&document, &rules));
    rules.now_ms++;
    expect_refused("a moment old", attestation_verify(&document, &rules),
                   "attestation: document is too old");
    rules.now_ms--;
    document.bundle[0] = slice_text("no certificate");
    expect_ok("its own root is junk", attestation_verify(&document, &rules));
    rules.is_archived = true;
    expect_ok("as a record", attestation_verify(&document, &rules));
    document.timestamp_ms = (START_S - 3) * UINT64_C(1000);
    expect_ok("signed when the chain begins", attestation_verify(&document, &rules));
    document.timestamp_ms--;
    expect_refused("signed before", attestation_verify(&document, &rules),
                   "x509: a certificate is not valid yet");
    close_bench(&bench);
}

static void absent_fields(void)
{
    static struct bench bench;
    static struct attestation document;
    open_bench(&bench, with_image());
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    struct attestation_rules rules = {.root = root_of(&bench), .now_ms = bench.now_ms};
    expect_ok("nothing asked", attestation_verify(&document, &rules));
    rules.nonce = nsm_optional_of(slice_of(NULL, 0));
    expect_refused("empty is not absent", attestation_verify(&document, &rules),
                   "attestation: nonce is not the expected one");
    rules.nonce = (nsm_optional){0};
    rules.user_data = nsm_optional_of(slice_of(NULL, 0));
    expect_refused("empty is not absent", attestation_verify(&document, &rules),
                   "attestation: user data is not the expected one");
    close_bench(&bench);
}

static void debug_mode(void)
{
    static struct bench bench;
    static struct attestation document;
    struct nsm_stand_in_options options = {.is_debug = true};
    for (unsigned i = 0; i < PCR_LAUNCH_COUNT; i++) {
        const hash48 value = pcr_of_text(slice_of(&(uint8_t){(uint8_t)i}, 1));
        pcr_set_put(&options.pcrs, i, &value);
    }
    open_bench(&bench, options);
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    for (unsigned i = 0; i < PCR_LAUNCH_COUNT; i++) {
        runner_row_at("PCR", i);
        expect_true("zero", pcr_is_zero(&document.pcrs.values[i]) ==
                                (i == 0 || i == 1 || i == 2 || i == 8));
    }
    runner_row(NULL);
    struct attestation_rules rules = {.root = root_of(&bench), .now_ms = bench.now_ms};
    expect_refused("refused", attestation_verify(&document, &rules),
                   "attestation: enclave runs in debug mode");
    rules.allows_debug = true;
    expect_ok("allowed", attestation_verify(&document, &rules));
    close_bench(&bench);
}

static void leaf_is_renewed(void)
{
    static struct bench bench;
    uint8_t first[IDENTITY_CERTIFICATE_SIZE_MAX];
    static struct attestation document;
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    open_bench(&bench, with_image());
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    const size_t first_size = document.certificate.size;
    memcpy(first, document.certificate.bytes, first_size);
    const int64_t end_s = bench.module.leaf.not_after_s;
    bench.now_ms = (end_s - NSM_STAND_IN_RENEWAL_S) * 1000 - 1;
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    expect_bytes("still the first", document.certificate, slice_of(first, first_size));
    bench.now_ms++;
    expect_ok("read", attestation_read(ask(&bench, &request).document, &document));
    expect_true("another", !slice_equal(document.certificate, slice_of(first, first_size)));
    expect_document(&bench, slice_text("u"), slice_text("n"), slice_text("k"));
    bench.now_ms += 40 * 24 * HOUR_S * INT64_C(1000);
    expect_document(&bench, slice_text("u"), slice_text("n"), slice_text("k"));
    close_bench(&bench);
}

static void only_launch_registers_can_be_set(void)
{
    static struct bench bench;
    const hash48 value = {{1}};
    struct nsm_stand_in_options options = {0};
    pcr_set_put(&options.pcrs, 16, &value);
    expect_refused("PCR16", nsm_stand_in_open(&options, &bench.module),
                   "nsm_stand_in: only PCR0 to PCR15 can be set at launch");
    nsm_stand_in_close(&bench.module);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"registers", registers},
        {"locks", locks},
        {"description and randomness", description_and_randomness},
        {"garbage", garbage},
        {"documents", documents},
        {"locked registers appear", locked_registers_appear},
        {"rules", rules},
        {"root and archive", root_and_archive},
        {"absent fields", absent_fields},
        {"debug mode", debug_mode},
        {"leaf is renewed", leaf_is_renewed},
        {"only launch registers can be set", only_launch_registers_can_be_set},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
