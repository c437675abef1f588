#include "enclave/service.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enclave/kms_client.h"
#include "eth/eip191.h"
#include "eth/tx_codec.h"
#include "fixture.h"
#include "nsm/attestation.h"
#include "wallet/kms_key.h"

static struct fixture fixture;

static bool signature_is_of(slice bytes, hash32 digest, eth_address address)
{
    k256_signature signature;
    k256_public_key public_key;
    return status_is_ok(k256_signature_read(bytes, &signature)) &&
           status_is_ok(k256_recover(&fixture.curve, &signature, digest, &public_key)) &&
           address_equal(address_of(&public_key), address);
}

static void create_then_sign(void)
{
    eth_address address;
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    const slice record = fixture_create(&fixture, "treasury", &address);
    expect_u64("one KMS call", atomic_load(&fixture.keys.generate_count), 1);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "treasury");
    request.record = record;
    expect_u64("cold", fixture_serve(&fixture, &request, &reply), SERVICE_WAITS);
    expect_u64("signed", reply.kind, 0);
    expect_true("by the account",
                signature_is_of(reply.signature, eip191_hash(request.body), address));
    expect_bytes("address", reply.address, slice_of(address.bytes, ADDRESS_SIZE));
    expect_u64("one KMS call", atomic_load(&fixture.keys.decrypt_count), 1);
    expect_u64("warm", fixture_serve(&fixture, &request, &reply), SERVICE_DONE);
    expect_true("by the account",
                signature_is_of(reply.signature, eip191_hash(request.body), address));
    expect_u64("no KMS call", atomic_load(&fixture.keys.decrypt_count), 1);
    expect_u64("hits", atomic_load(&fixture.statistics.cache_hits), 1);
    expect_u64("misses", atomic_load(&fixture.statistics.cache_misses), 1);
    fixture_close(&fixture);
}

static void transactions(void)
{
    eth_address address;
    struct message_reply reply;
    uint8_t memory[256];
    struct builder bytes;
    fixture_open(&(struct fixture_options){0}, &fixture);
    const struct tx tx = {
        .type = TX_DYNAMIC_FEE, .chain_id = 1, .gas_limit = 21000, .has_to = true};
    builder_init(&bytes, memory, sizeof memory);
    expect_ok("tx", tx_write(&tx, &bytes));
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_TX, "a");
    request.record = fixture_create(&fixture, "a", &address);
    request.body = builder_view(&bytes);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("signed", reply.kind, 0);
    expect_true("by the account",
                signature_is_of(reply.signature, tx_signing_hash(request.body), address));
    builder_put_u8(&bytes, 0);
    request.body = builder_view(&bytes);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("not one transaction", reply.kind, FAILURE_BAD_INPUT);
    request.body = slice_of(memory, 32);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("32 bytes are no transaction", reply.kind, FAILURE_BAD_INPUT);
    fixture_close(&fixture);
}

/* Each row breaks one rule of what may be signed with. */
static void refused_records(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    const slice record = fixture_create(&fixture, "a", NULL);
    static uint8_t copy[1024];
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "b");
    request.record = record;
    expect_u64("warm refusal", fixture_serve(&fixture, &request, &reply), SERVICE_DONE);
    expect_u64("A's record for B", reply.kind, FAILURE_DENIED);
    expect_text("sentence", reply.sentence, "signer: the record is another account's");
    request.account_id = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a").account_id;
    fixture.rules.epoch_min = 8;
    fixture_serve(&fixture, &request, &reply);
    expect_u64("epoch below the floor", reply.kind, FAILURE_DENIED);
    fixture.rules.epoch_min = 7;
    fixture.rules.kms_key_hashes[0].bytes[0] ^= 1;
    fixture_serve(&fixture, &request, &reply);
    expect_u64("key not pinned", reply.kind, FAILURE_DENIED);
    fixture.rules.kms_key_hashes[0].bytes[0] ^= 1;
    expect_u64("KMS was not asked", atomic_load(&fixture.keys.decrypt_count), 0);
    /* A flipped bit in what only the open record can tell. */
    memcpy(copy, record.bytes, record.size);
    copy[record.size - 1] ^= 1;
    request.record = slice_of(copy, record.size);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("flipped bit", reply.kind, FAILURE_CORRUPT);
    request.record = record;
    fixture_serve(&fixture, &request, &reply);
    expect_u64("the record itself", reply.kind, 0);
    expect_u64("asked twice: a key that opened nothing is not kept",
               atomic_load(&fixture.keys.decrypt_count), 2);
    fixture_close(&fixture);
}

static void key_that_is_not_pinned(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_CREATE, "a");
    request.key_arn = slice_text(FIXTURE_OTHER_ARN);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("kind", reply.kind, FAILURE_DENIED);
    expect_text("sentence", reply.sentence, "enclave: the KMS key is not pinned in this image");
    expect_u64("nothing was sent", atomic_load(&fixture.keys.generate_count), 0);
    request.key_arn = slice_text(FIXTURE_ARN);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("pinned", reply.kind, 0);
    expect_text("told", reply.key_arn, FIXTURE_ARN);
    request.key_arn = slice_text("arn:aws:kms:eu-west-1:111122223333:key/second");
    fixture_serve(&fixture, &request, &reply);
    expect_text("the other one", reply.key_arn, "arn:aws:kms:eu-west-1:111122223333:key/second");
    fixture_close(&fixture);
}

static void cache_off_and_eviction(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){.has_no_cache = true}, &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    request.record = fixture_create(&fixture, "a", NULL);
    for (int i = 0; i < 3; i++) {
        expect_u64("cold", fixture_serve(&fixture, &request, &reply), SERVICE_WAITS);
        expect_u64("signed", reply.kind, 0);
    }
    expect_u64("a call each", atomic_load(&fixture.keys.decrypt_count), 3);
    fixture_close(&fixture);

    fixture_open(&(struct fixture_options){.cache_entries = 1}, &fixture);
    request.record = fixture_create(&fixture, "a", NULL);
    struct message_request other = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "b");
    other.record = fixture_create(&fixture, "b", NULL);
    fixture_serve(&fixture, &request, &reply);
    const struct data_keys_entry *entry = &fixture.service.cache.entries[0];
    const struct secret32 evicted = entry->key.key;
    fixture_serve(&fixture, &other, &reply);
    expect_u64("one entry", fixture.service.cache.count, 1);
    expect_true("the evicted key is gone",
                !slice_equal(slice_of(entry->key.key.bytes, 32), slice_of(evicted.bytes, 32)));
    expect_u64("cold again", fixture_serve(&fixture, &request, &reply), SERVICE_WAITS);
    service_forget(&fixture.service);
    static const uint8_t zeros[sizeof entry->key];
    expect_bytes("wiped", slice_of(&entry->key, sizeof entry->key), slice_of(zeros, sizeof zeros));
    fixture_close(&fixture);
}

static status throttled(void)
{
    FAIL(UNAVAILABLE, 400, "aws: the service asks for fewer calls");
}

static void failures_of_kms(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request sign = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    struct message_request create = fixture_request(&fixture, FRAME_CREATE, "b");
    sign.record = fixture_create(&fixture, "a", NULL);
    fixture.keys.failure = throttled();
    fixture_serve(&fixture, &sign, &reply);
    expect_u64("sign", reply.kind, FAILURE_UNAVAILABLE);
    expect_text("sentence", reply.sentence, "aws: the service asks for fewer calls");
    fixture_serve(&fixture, &create, &reply);
    expect_u64("create", reply.kind, FAILURE_UNAVAILABLE);
    fixture.keys.failure = status_ok();
    fixture.keys.is_silent = true;
    const int64_t started_ms = clock_monotonic_ms();
    fixture_serve(&fixture, &sign, &reply);
    expect_u64("silence", reply.kind, FAILURE_UNAVAILABLE);
    expect_true("until the deadline", clock_monotonic_ms() - started_ms < 20000);
    fixture.keys.is_silent = false;
    fixture_serve(&fixture, &sign, &reply);
    expect_u64("then it works", reply.kind, 0);
    fixture_close(&fixture);
}

static void debug_enclaves(void)
{
    static const struct {
        uint8_t type;
        bool is_served;
    } types[] = {
        {FRAME_CREATE, false}, {FRAME_SIGN_TX, false}, {FRAME_SIGN_MESSAGE, false},
        {FRAME_ATTEST, true},  {FRAME_STATUS, true},
    };
    struct message_reply reply;
    fixture_open(&(struct fixture_options){.is_debug = true}, &fixture);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        runner_row_at("type", types[i].type);
        struct message_request request = fixture_request(&fixture, types[i].type, "a");
        request.record = slice_text("record");
        expect_u64("outcome of a refusal needs no waiting",
                   fixture_serve(&fixture, &request, &reply) == SERVICE_WAITS,
                   types[i].type == FRAME_ATTEST);
        expect_u64("kind", reply.kind, types[i].is_served ? 0 : FAILURE_DENIED);
    }
    fixture_close(&fixture);
    fixture_open(&(struct fixture_options){.is_debug = true, .is_development = true}, &fixture);
    fixture_create(&fixture, "a", NULL);
    fixture_close(&fixture);
}

static void attestation(void)
{
    struct message_reply reply;
    struct attestation document;
    static const uint8_t nonce[32] = {9, 8, 7};
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_ATTEST, "a");
    request.nonce = slice_of(nonce, sizeof nonce);
    expect_u64("waits for the module", fixture_serve(&fixture, &request, &reply), SERVICE_WAITS);
    expect_ok("read", attestation_read(reply.document, &document));
    const struct attestation_rules rules = {
        .root = identity_certificate_view(&fixture.root.certificate),
        .now_ms = clock_wall_ms(),
        .max_age_s = 300,
        .nonce = nsm_optional_of(request.nonce),
    };
    expect_ok("verify", attestation_verify(&document, &rules));
    expect_true("no public key", !document.public_key.is_present);
    struct user_data_client said;
    expect_ok("user data", user_data_read_client(document.user_data.bytes, &said));
    expect_true("production", said.is_production);
    expect_u64("epoch", said.epoch, 7);
    request.nonce = (slice){0};
    fixture_serve(&fixture, &request, &reply);
    expect_ok("read", attestation_read(reply.document, &document));
    expect_true("no nonce", !document.nonce.is_present);
    fixture_close(&fixture);
}

/* The proof of a new account binds what this very answer says, and nothing the parent chose. */
static void proof_of_origin(void)
{
    struct message_reply reply;
    struct attestation document;
    struct user_data_proof said;
    fixture_open(&(struct fixture_options){0}, &fixture);
    for (int i = 0; i < 2; i++) {
        const struct message_request request = fixture_request(&fixture, FRAME_CREATE, "a");
        fixture_serve(&fixture, &request, &reply);
        expect_u64("created", reply.kind, 0);
        if (!expect_ok("read", attestation_read(reply.document, &document))) break;
        const struct attestation_rules rules = {
            .root = identity_certificate_view(&fixture.root.certificate), .is_archived = true};
        expect_ok("verify", attestation_verify(&document, &rules));
        expect_true("nothing of the parent's",
                    !document.public_key.is_present && !document.nonce.is_present);
        if (!expect_ok("shape", user_data_read_proof(document.user_data.bytes, &said))) break;
        const hash32 record_hash = sha256(reply.record);
        expect_bytes("address", slice_of(said.address, sizeof said.address), reply.address);
        expect_bytes("as in the record", slice_of(said.address, sizeof said.address),
                     slice_part(reply.record, 48, 20));
        expect_bytes("account", slice_of(said.account_id, sizeof said.account_id),
                     slice_of(request.account_id.bytes, sizeof request.account_id.bytes));
        expect_true("record", hash32_equal(&said.record_hash, &record_hash));
        expect_true("configuration", hash32_equal(&said.config_hash, &fixture.config.hash));
        expect_bytes("boot", slice_of(said.boot.bytes, sizeof said.boot.bytes),
                     slice_of(fixture.self.boot.bytes, sizeof fixture.self.boot.bytes));
        expect_true("mode", said.is_production);
        expect_u64("epoch", said.epoch, 7);
    }
    fixture_close(&fixture);
}

static void pin(size_t index, const char *arn)
{
    struct config_key *key = &fixture.config.kms_keys[index];
    key->size = strlen(arn);
    memcpy(key->arn, arn, key->size);
    fixture.rules.kms_key_hashes[index] = kms_key_hash(slice_text(arn));
}

/* One key with a replica: sealed here, opened there; each Region asks its own KMS for its own ARN. */
static void multi_region_key(void)
{
    static const char here[] = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
    static const char there[] = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
    struct message_reply reply;
    eth_address address;
    fixture_open(&(struct fixture_options){0}, &fixture);
    pin(0, here);
    pin(1, there);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    request.record = fixture_create(&fixture, "a", &address);
    /* The same image's twin in the other Region, which has no cached key. */
    snprintf(fixture.config.region, sizeof fixture.config.region, "us-east-1");
    service_forget(&fixture.service);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("opened", reply.kind, 0);
    expect_bytes("address", reply.address, slice_of(address.bytes, sizeof address.bytes));
    request.type = FRAME_CREATE;
    request.record = (slice){0};
    request.body = (slice){0};
    fixture_serve(&fixture, &request, &reply);
    expect_text("the default is our own Region's", reply.key_arn, there);
    /* A key of one Region is another key in every Region. */
    pin(0, "arn:aws:kms:eu-west-1:111122223333:key/1");
    pin(1, "arn:aws:kms:us-east-1:111122223333:key/1");
    request.key_arn = slice_text("arn:aws:kms:eu-west-1:111122223333:key/1");
    fixture_serve(&fixture, &request, &reply);
    expect_u64("the one that was named, which is not here", reply.kind, FAILURE_NOT_FOUND);
    request.key_arn = slice_text("arn:aws:kms:us-east-1:111122223333:key/1");
    fixture_serve(&fixture, &request, &reply);
    expect_text("the one that is", reply.key_arn, "arn:aws:kms:us-east-1:111122223333:key/1");
    fixture_close(&fixture);
}

static void bad_frames(void)
{
    uint8_t memory[1024];
    struct builder reply;
    struct service_need need;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct frame frame = {.type = FRAME_SIGN_TX, .req_id = 3};
    builder_init(&reply, memory, sizeof memory);
    expect_u64("sections missing",
               service_serve(&fixture.worker, &frame, &fixture.arena, &reply, &need), SERVICE_BAD);
    frame.type = FRAME_RESEAL;
    expect_u64("reserved", service_serve(&fixture.worker, &frame, &fixture.arena, &reply, &need),
               SERVICE_DONE);
    frame.type = FRAME_STATUS | FRAME_REPLY;
    expect_u64("a reply", service_serve(&fixture.worker, &frame, &fixture.arena, &reply, &need),
               SERVICE_DONE);
    expect_true("each was answered", reply.size > 3 * FRAME_HEADER_SIZE);
    fixture_close(&fixture);
}

/* A record whose header names another address than its key gives, sealed as only KMS's key can. */
static slice forged_record(slice record)
{
    static uint8_t copy[1024];
    static const size_t address_offset = 48, commit_offset = 224, plain_key_offset = 4;
    SCOPED(data_key_wipe) struct data_key data_key = {0};
    struct secret32 key, private_key;
    struct record read;
    uint8_t plaintext[RECORD_PLAINTEXT_SIZE] = {1};
    expect_ok("read", record_read(record, &read));
    key = fixture_key(slice_text(FIXTURE_ARN), read.edk);
    data_key_init(&data_key, &key);
    expect_ok("unseal", seal_open(&read, &fixture.worker.signer.tools, &data_key, &private_key));
    memcpy(copy, record.bytes, record.size);
    copy[address_offset] ^= 1;
    data_key_derive(&data_key, slice_of(copy, DATA_KEY_HEAD_SIZE));
    memcpy(copy + commit_offset, data_key.commit, DATA_KEY_COMMIT_SIZE);
    memcpy(plaintext + plain_key_offset, private_key.bytes, sizeof private_key.bytes);
    const size_t associated_size = record.size - RECORD_SEALED_SIZE;
    const struct aead_terms terms = {
        .key = &data_key.aead_key,
        .nonce = data_key.nonce,
        .associated = slice_of(copy, associated_size),
    };
    expect_ok("seal", aead_seal(&fixture.worker.aead, &terms, slice_of(plaintext, sizeof plaintext),
                                copy + associated_size));
    return slice_of(copy, record.size);
}

/* Its key is not its address's: damaged, and no reason for the program to end. */
static void another_key_in_a_record(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    request.record = forged_record(fixture_create(&fixture, "a", NULL));
    fixture_serve(&fixture, &request, &reply);
    expect_u64("corrupt", reply.kind, FAILURE_CORRUPT);
    expect_text("sentence", reply.sentence, "record: does not open");
    fixture_close(&fixture);
}

/* A fault's work: the cache says that this record's key was found to give its address. */
static void note_checked(slice record)
{
    struct record read;
    SCOPED(data_key_wipe) struct data_key data_key = {0};
    expect_ok("read", record_read(record, &read));
    const struct data_keys_name name = {.key_index = 0, .head = read.head, .edk = read.edk};
    const struct secret32 key = fixture_key(slice_text(FIXTURE_ARN), read.edk);
    data_key_init(&data_key, &key);
    data_key_derive(&data_key, read.head);
    data_key.is_checked = true;
    data_keys_put(&fixture.service.cache, &name, clock_monotonic_ms(), &data_key);
}

static void wrong_signature_ends_the_program(void)
{
    int pipe_ends[2];
    char line[1024];
    int exit_status = 0;
    expect_u64("pipe", (uint64_t)pipe(pipe_ends), 0);
    fixture_open(
        &(struct fixture_options){.log_descriptor = pipe_ends[1], .verification = SIGNER_RECOVER},
        &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    request.record = forged_record(fixture_create(&fixture, "a", NULL));
    const pid_t child = fork();
    if (child == 0) {
        struct message_reply reply;
        /* Here: locked memory is empty in a child. */
        note_checked(request.record);
        fixture_serve(&fixture, &request, &reply);
        _exit(0);
    }
    waitpid(child, &exit_status, 0);
    expect_true("exited", WIFEXITED(exit_status));
    expect_u64("code", (uint64_t)WEXITSTATUS(exit_status), SERVICE_EXIT_CODE);
    const ssize_t size = read(pipe_ends[0], line, sizeof line - 1);
    line[size > 0 ? size : 0] = '\0';
    expect_true("one coded line", strstr(line, "\"event\":\"signature_wrong\"") != NULL);
    close(pipe_ends[0]);
    fixture_close(&fixture);
}

/* Without verification of each signature the first one with a key still proves its address. */
static void no_verification(void)
{
    struct message_reply reply;
    eth_address address;
    fixture_open(&(struct fixture_options){.verification = SIGNER_OFF}, &fixture);
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    const slice record = fixture_create(&fixture, "a", &address);
    request.record = forged_record(record);
    fixture_serve(&fixture, &request, &reply);
    expect_u64("another address", reply.kind, FAILURE_CORRUPT);
    request.record = record;
    for (int i = 0; i < 2; i++) {
        fixture_serve(&fixture, &request, &reply);
        expect_u64("signed", reply.kind, 0);
        expect_true("by the account",
                    signature_is_of(reply.signature, eip191_hash(request.body), address));
    }
    fixture_close(&fixture);
}

/* What costs nothing is judged first: a body that cannot be signed costs no call to KMS. */
static void bodies_that_do_not_decode(void)
{
    struct message_reply reply;
    fixture_open(&(struct fixture_options){0}, &fixture);
    struct message_request bad = fixture_request(&fixture, FRAME_SIGN_TX, "a");
    struct message_request good = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "a");
    bad.record = good.record = fixture_create(&fixture, "a", NULL);
    bad.body = slice_text("garbage");
    for (int i = 0; i < 20; i++) {
        expect_u64("needs nothing", fixture_serve(&fixture, &bad, &reply), SERVICE_DONE);
        expect_u64("kind", reply.kind, FAILURE_BAD_INPUT);
    }
    expect_u64("KMS was not asked", atomic_load(&fixture.keys.decrypt_count), 0);
    fixture_serve(&fixture, &good, &reply);
    expect_u64("signed", reply.kind, 0);
    fixture_serve(&fixture, &bad, &reply);
    expect_u64("the key stays", fixture_serve(&fixture, &good, &reply), SERVICE_DONE);
    expect_u64("one call", atomic_load(&fixture.keys.decrypt_count), 1);
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"create, then sign", create_then_sign},
        {"transactions", transactions},
        {"refused records", refused_records},
        {"key that is not pinned", key_that_is_not_pinned},
        {"cache off, and eviction", cache_off_and_eviction},
        {"failures of KMS", failures_of_kms},
        {"debug enclaves", debug_enclaves},
        {"attestation", attestation},
        {"proof of origin", proof_of_origin},
        {"multi-Region key", multi_region_key},
        {"bad frames", bad_frames},
        {"another key in a record", another_key_in_a_record},
        {"wrong signature ends the program", wrong_signature_ends_the_program},
        {"no verification", no_verification},
        {"bodies that do not decode", bodies_that_do_not_decode},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
