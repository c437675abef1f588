#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/library.h"
#include "os/random.h"
#include "wallet/kms_key.h"

struct secret32 fixture_key(slice key_arn, slice edk)
{
    const hash32 kms_key = kms_key_hash(key_arn);
    struct sha256 hash;
    struct secret32 key;
    sha256_init(&hash);
    sha256_put(&hash, hash32_view(&kms_key));
    sha256_put(&hash, edk);
    const hash32 digest = sha256_finish(&hash);
    memcpy(key.bytes, digest.bytes, sizeof key.bytes);
    return key;
}

static status silence(struct fake_keys *fake, int64_t deadline_ms)
{
    const struct timespec pause = {0, 1000000};
    atomic_fetch_add(&fake->waiting_count, 1);
    while (atomic_load(&fake->is_silent) && clock_monotonic_ms() < deadline_ms) {
        nanosleep(&pause, NULL);
    }
    atomic_fetch_sub(&fake->waiting_count, 1);
    if (!atomic_load(&fake->is_silent)) return status_ok();
    FAIL(UNAVAILABLE, 0, "fake: silence until the deadline");
}

static status check_region(const struct fake_keys *fake, slice key_arn)
{
    REQUIRE(slice_equal(kms_key_region(key_arn), slice_text(fake->config->region)), NOT_FOUND,
            "fake: the key is in another Region");
    return status_ok();
}

static status generate(void *context, const struct keys_request *request, struct arena *arena,
                       struct keys_generated *generated)
{
    struct fake_keys *fake = context;
    uint8_t edk[FIXTURE_EDK_SIZE];
    atomic_fetch_add(&fake->generate_count, 1);
    TRY(fake->failure);
    TRY(check_region(fake, request->key_arn));
    if (!fake->silent_edk) TRY(silence(fake, request->deadline_ms));
    TRY(random_read(edk, sizeof edk));
    TRY(arena_copy(arena, slice_of(edk, sizeof edk), &generated->edk));
    generated->key = fixture_key(request->key_arn, generated->edk);
    return status_ok();
}

static status decrypt(void *context, const struct keys_request *request, struct arena *arena,
                      struct secret32 *key)
{
    struct fake_keys *fake = context;
    (void)arena;
    atomic_fetch_add(&fake->decrypt_count, 1);
    TRY(fake->failure);
    TRY(check_region(fake, request->key_arn));
    if (!fake->silent_edk ||
        slice_equal(request->edk, slice_of(fake->silent_edk, FIXTURE_EDK_SIZE))) {
        TRY(silence(fake, request->deadline_ms));
    }
    TRY(fake->late_failure);
    *key = fixture_key(request->key_arn, request->edk);
    return status_ok();
}

static void key_put(struct config *config, const char *arn)
{
    struct config_key *key = &config->kms_keys[config->kms_key_count++];
    key->size = strlen(arn);
    memcpy(key->arn, arn, key->size);
}

const char *fixture_path(void)
{
    static char path[64];
    if (path[0] == '\0') snprintf(path, sizeof path, "/tmp/enw-test-%d.sock", (int)getpid());
    return path;
}

static void config_fill(const struct fixture_options *options, struct config *config)
{
    *config = (struct config){
        .is_production = !options->is_development,
        .region = "eu-west-1",
        .environment = "test",
        .epoch = options->epoch ? options->epoch : 7,
        .epoch_min = options->epoch_min ? options->epoch_min : 7,
        .kms_host = "kms.eu-west-1.amazonaws.com",
        .cache_entries = options->cache_entries ? options->cache_entries : 16,
        .cache_lifetime_s = 300,
        .verification = options->verification,
        .workers = options->workers ? options->workers : 2,
        .kms_workers = options->kms_workers ? options->kms_workers : 4,
        .listen = {.kind = ENDPOINT_UNIX},
    };
    snprintf(config->listen.path, sizeof config->listen.path, "%s", fixture_path());
    if (options->has_no_cache) config->cache_entries = 0;
    key_put(config, FIXTURE_ARN);
    key_put(config, "arn:aws:kms:eu-west-1:111122223333:key/second");
}

static void log_fill(struct fixture *fixture, int descriptor)
{
    fixture->log_descriptor = descriptor ? descriptor : open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct log_settings settings = {
        .program = "test",
        .descriptor = fixture->log_descriptor,
        .clock = clock_system(),
    };
    log_init(&fixture->log, &settings);
}

static void nsm_open(const struct fixture_options *options, struct fixture *fixture)
{
    struct nsm_stand_in_options stand_in = {
        .identity = &fixture->root,
        .clock = clock_system(),
        .is_debug = options->is_debug,
    };
    const hash48 image = sha384(slice_text("image"));
    pcr_set_put(&stand_in.pcrs, 0, &image);
    expect_ok("identity", identity_open_new(clock_wall_ms() / 1000, &fixture->root));
    expect_ok("stand-in", nsm_stand_in_open(&stand_in, &fixture->stand_in));
    fixture->nsm = (struct nsm_port){&fixture->stand_in, nsm_stand_in_call};
}

static void credentials_fill(struct fixture *fixture)
{
    static struct message_credentials credentials;
    struct builder section;
    expect_ok("id",
              secret_text_read(slice_text("ASIAIOSFODNN7EXAMPLE"), &credentials.access_key_id));
    expect_ok("secret", secret_text_read(slice_text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                                         &credentials.secret_access_key));
    expect_ok("token", secret_text_read(slice_text("session"), &credentials.session_token));
    builder_init(&section, fixture->credentials_memory, sizeof fixture->credentials_memory);
    expect_ok("put", message_credentials_put(&credentials, &section));
    fixture->credentials = builder_view(&section);
}

void fixture_open(const struct fixture_options *options, struct fixture *fixture)
{
    struct secret32 blinding = {{1}};
    memset(fixture, 0, sizeof *fixture);
    fixture->keys.config = &fixture->config;
    expect_ok("library", library_open());
    config_fill(options, &fixture->config);
    log_fill(fixture, options->log_descriptor);
    nsm_open(options, fixture);
    credentials_fill(fixture);
    expect_ok("arena", arena_open(&fixture->arena, SERVICE_WAITING_ARENA_SIZE));
    expect_ok("self", self_init(&fixture->nsm, &fixture->config, &fixture->arena, &fixture->self));
    expect_ok("curve", k256_open(&fixture->curve, &blinding));
    fixture->rules = (struct signer_rules){
        .kms_key_count = fixture->config.kms_key_count,
        .epoch = fixture->config.epoch,
        .epoch_min = fixture->config.epoch_min,
        .verification = fixture->config.verification,
    };
    for (size_t i = 0; i < fixture->config.kms_key_count; i++) {
        fixture->rules.kms_key_hashes[i] = kms_key_hash(config_key_arn(&fixture->config, i));
    }
    const struct service_settings settings = {
        .config = &fixture->config,
        .self = &fixture->self,
        .rules = &fixture->rules,
        .curve = &fixture->curve,
        .keys = {&fixture->keys, generate, decrypt},
        .clock = clock_system(),
        .statistics = &fixture->statistics,
        .log = &fixture->log,
    };
    expect_ok("service", service_open(&settings, &fixture->service));
    expect_ok("worker", service_worker_open(&fixture->service, &fixture->worker));
}

void fixture_close(struct fixture *fixture)
{
    service_worker_close(&fixture->worker);
    service_close(&fixture->service);
    k256_close(&fixture->curve);
    nsm_stand_in_close(&fixture->stand_in);
    identity_close(&fixture->root);
    arena_close(&fixture->arena);
    if (fixture->log_descriptor > 2) close(fixture->log_descriptor);
}

static account_id id_of(const char *name)
{
    uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
    struct builder preimage;
    account_id id;
    builder_init(&preimage, memory, sizeof memory);
    expect_ok("name", account_preimage_put(slice_text(name), &preimage));
    const hash32 digest = sha256(builder_view(&preimage));
    memcpy(id.bytes, digest.bytes, sizeof id.bytes);
    return id;
}

struct message_request fixture_request(const struct fixture *fixture, uint8_t type,
                                       const char *name)
{
    return (struct message_request){
        .type = type,
        .req_id = 42,
        .credentials = fixture->credentials,
        .account_id = id_of(name),
        .body = slice_text("hello"),
    };
}

/* What enclave/cold does, on this thread. */
static void serve_cold(struct fixture *fixture, const struct frame *frame,
                       const struct service_need *need, struct builder *reply)
{
    SCOPED(service_fetched_wipe) struct service_fetched fetched = {0};
    struct service_worker *worker = &fixture->worker;
    const int64_t deadline_ms = clock_deadline_ms(300);
    if (!need->is_key) {
        service_serve_waiting(worker, frame, deadline_ms, &fixture->arena, reply);
        return;
    }
    service_fetch(worker, frame, deadline_ms, &fixture->arena, &fetched);
    if (!status_is_ok(fetched.result)) {
        service_refuse(&fixture->service, frame->type, frame->req_id, fetched.result, reply);
        return;
    }
    if (fetched.is_proven) service_keep(&fixture->service, &need->name, &fetched);
    service_sign_fetched(worker, frame, &fetched, &fixture->arena, reply);
}

enum service_outcome fixture_serve(struct fixture *fixture, const struct message_request *request,
                                   struct message_reply *reply)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    struct builder asked, answered;
    struct frame frame;
    struct service_need need;
    bool is_whole = false;
    builder_init(&asked, memory, sizeof memory);
    builder_init(&answered, fixture->reply_memory, sizeof fixture->reply_memory);
    expect_ok("write", message_request_write(request, &asked));
    slice arrived = builder_view(&asked);
    expect_ok("frame", frame_take(&arrived, &frame, &is_whole));
    arena_empty(&fixture->arena);
    const enum service_outcome outcome =
        service_serve(&fixture->worker, &frame, &fixture->arena, &answered, &need);
    if (outcome == SERVICE_WAITS) {
        expect_u64("nothing was answered", builder_view(&answered).size, 0);
        serve_cold(fixture, &frame, &need, &answered);
    }
    slice answer = builder_view(&answered);
    expect_ok("reply frame", frame_take(&answer, &frame, &is_whole));
    expect_u64("one reply", answer.size, 0);
    expect_ok("reply", message_reply_read(&frame, reply));
    expect_u64("req_id", reply->req_id, request->req_id);
    return outcome;
}

slice fixture_create(struct fixture *fixture, const char *name, eth_address *address)
{
    static uint8_t memory[64 << 10];
    static size_t used_size;
    struct message_reply reply;
    const struct message_request request = fixture_request(fixture, FRAME_CREATE, name);
    fixture_serve(fixture, &request, &reply);
    expect_u64("created", reply.kind, 0);
    if (used_size + reply.record.size > sizeof memory) used_size = 0;
    memcpy(memory + used_size, reply.record.bytes, reply.record.size);
    const slice record = slice_of(memory + used_size, reply.record.size);
    used_size += reply.record.size;
    if (address) expect_ok("address", address_read(reply.address, address));
    return record;
}
