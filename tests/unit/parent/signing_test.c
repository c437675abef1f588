#include "parent/signing.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "bench.h"
#include "eth/address.h"
#include "eth/eip191.h"
#include "eth/tx_codec.h"
#include "parent/accounts.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

#define TO "\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\""
#define LEGACY "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\""
#define DYNAMIC                                                                          \
    "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x2\"," \
    "\"maxPriorityFeePerGas\":\"0x1\""

static void expect_code(const char *what, int code)
{
    if (expect_u64(what, (uint64_t)answer.code, (uint64_t)code)) return;
    printf("%.*s\n", (int)answer.body.size, (const char *)answer.body.bytes);
}

static void expect_error(int code, const char *error_code)
{
    char text[64];
    snprintf(text, sizeof text, "{\"error\":{\"code\":\"%s\",", error_code);
    expect_code("code", code);
    expect_true(error_code, bench_has(answer.body, text));
}

static void open_with_alice(void)
{
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_code("create", 201);
}

/* The bytes of a hex field of the answer. */
static slice field(const char *name)
{
    static uint8_t memory[70000];
    struct builder bytes;
    char start[40];
    const int size = snprintf(start, sizeof start, "\"%s\":\"", name);
    const char *at = strstr((const char *)answer.body.bytes, start);
    if (!expect_true(name, at)) return slice_of("", 0);
    at += size;
    builder_init(&bytes, memory, sizeof memory);
    expect_ok(name, hex_put_decoded_0x(&bytes, slice_of(at, strcspn(at, "\""))));
    return builder_view(&bytes);
}

static eth_address alice_address(void)
{
    uint8_t record[FAKE_RECORD_SIZE];
    eth_address address;
    fake_enclave_record(&bench.enclave, slice_text("alice"), 1, record);
    memcpy(address.bytes, record + 48, sizeof address.bytes);
    return address;
}

static void expect_signed_by_alice(const k256_signature *signature, hash32 digest)
{
    k256_public_key public_key;
    if (!expect_ok("recover", k256_recover(&bench.enclave.curve, signature, digest, &public_key))) {
        return;
    }
    expect_true("by alice", address_equal(address_of(&public_key), alice_address()));
}

static const struct {
    const char *name, *body;
    const char *message; /* the bytes in hex; NULL: refused */
    const char *refusal;
} messages[] = {
    {"text", "{\"message\":\"hello\"}", "68656c6c6f", NULL},
    {"empty text", "{\"message\":\"\"}", "", NULL},
    {"umlaut", "{\"message\":\"\xc3\xa4\"}", "c3a4", NULL},
    {"text that looks like hex", "{\"message\":\"0x00\"}", "30783030", NULL},
    {"bytes", "{\"hex\":\"0x00fF\"}", "00ff", NULL},
    {"no bytes", "{\"hex\":\"0x\"}", "", NULL},
    {"neither", "{}", NULL, "must have exactly one of message and hex"},
    {"both", "{\"message\":\"a\",\"hex\":\"0x\"}", NULL,
     "must have exactly one of message and hex"},
    {"both, one null", "{\"message\":\"a\",\"hex\":null}", NULL,
     "must have exactly one of message and hex"},
    {"null", "{\"message\":null}", NULL, "message: must not be null"},
    {"number", "{\"message\":5}", NULL, "message: must be a string"},
    {"object", "{\"message\":{}}", NULL, "message: must be a string"},
    {"odd digits", "{\"hex\":\"0x0\"}", NULL, "hex: hex: has an odd number of digits"},
    {"no prefix", "{\"hex\":\"00\"}", NULL, "hex: hex: must start with 0x"},
    {"not hex", "{\"hex\":\"0xzz\"}", NULL, "hex: hex: has a character that is not a hex digit"},
    {"another field", "{\"message\":\"a\",\"hash\":\"0x\"}", NULL,
     "has a field that is not known here"},
    {"not JSON", "hello", NULL, "json: text is not valid JSON"},
    {"broken UTF-8", "{\"message\":\"\xff\"}", NULL, "json: text is not valid JSON"},
};

static void sign_messages(void)
{
    open_with_alice();
    for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
        runner_row(messages[i].name);
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", messages[i].body, &answer);
        if (!messages[i].message) {
            expect_error(400, "bad_input");
            expect_true(messages[i].refusal, bench_has(answer.body, messages[i].refusal));
            continue;
        }
        expect_code("signed", 200);
        const slice bytes = field("signature");
        if (!expect_u64("size", bytes.size, 65)) continue;
        k256_signature signature = {.parity = (uint8_t)(bytes.bytes[64] - 27)};
        memcpy(signature.r, bytes.bytes, 32);
        memcpy(signature.s, bytes.bytes + 32, 32);
        const hash32 digest = eip191_hash(runner_hex(messages[i].message));
        expect_signed_by_alice(&signature, digest);
        expect_bytes("hash", field("hash"), hash32_view(&digest));
        expect_bytes("r", field("r"), slice_of(signature.r, 32));
        expect_bytes("s", field("s"), slice_of(signature.s, 32));
        expect_true("v", bench_has(answer.body, signature.parity
                                                    ? "\"yParity\":\"0x1\",\"v\":\"0x1c\""
                                                    : "\"yParity\":\"0x0\",\"v\":\"0x1b\""));
    }
    bench_close(&bench);
}

static const struct {
    const char *name, *fields;
    const char *refusal; /* NULL: signed */
    enum tx_type type;
} transactions[] = {
    {"legacy", LEGACY "," TO, NULL, TX_LEGACY},
    {"legacy, said so", LEGACY "," TO ",\"type\":\"0x0\"", NULL, TX_LEGACY},
    {"dynamic fee", DYNAMIC "," TO, NULL, TX_DYNAMIC_FEE},
    {"with access list",
     DYNAMIC "," TO ",\"accessList\":[{\"address\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\","
             "\"storageKeys\":[\"0x"
             "0000000000000000000000000000000000000000000000000000000000000001\"]}]",
     NULL, TX_DYNAMIC_FEE},
    {"creates a contract", DYNAMIC ",\"data\":\"0x6000\"", NULL, TX_DYNAMIC_FEE},
    {"largest chain id of legacy",
     "\"chainId\":\"0x7fffffffffffffdb\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":"
     "\"0x1\"," TO,
     NULL, TX_LEGACY},
    {"largest nonce",
     "\"chainId\":\"0x1\",\"nonce\":\"0xfffffffffffffffe\",\"gas\":\"0x5208\",\"gasPrice\":"
     "\"0x1\"," TO,
     NULL, TX_LEGACY},

    {"no chain id", "\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\"," TO,
     "transaction.chainId: ", 0},
    {"chain id zero",
     "\"chainId\":\"0x0\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\"," TO,
     "transaction.chainId: ", 0},
    {"chain id too large",
     "\"chainId\":\"0x7fffffffffffffdc\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":"
     "\"0x1\"," TO,
     "transaction.chainId: ", 0},
    {"chain id as a number",
     "\"chainId\":1,\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\"," TO,
     "transaction.chainId: ", 0},
    {"no nonce", "\"chainId\":\"0x1\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\"," TO,
     "transaction.nonce: ", 0},
    {"nonce too large",
     "\"chainId\":\"0x1\",\"nonce\":\"0xffffffffffffffff\",\"gas\":\"0x5208\",\"gasPrice\":"
     "\"0x1\"," TO,
     "transaction.nonce: ", 0},
    {"nonce with leading zero",
     "\"chainId\":\"0x1\",\"nonce\":\"0x00\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\"," TO,
     "transaction.nonce: ", 0},
    {"no gas", "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gasPrice\":\"0x1\"," TO, "transaction.gas",
     0},
    {"gas zero", "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gas\":\"0x0\",\"gasPrice\":\"0x1\"," TO,
     "transaction.gas", 0},
    {"no fee", "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gas\":\"0x5208\"," TO, "transaction", 0},
    {"both fees", LEGACY "," TO ",\"maxFeePerGas\":\"0x1\"", "transaction", 0},
    {"tip above cap",
     "\"chainId\":\"0x1\",\"nonce\":\"0x0\",\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x1\","
     "\"maxPriorityFeePerGas\":\"0x2\"," TO,
     "transaction.maxPriorityFeePerGas: ", 0},
    {"value beyond 256 bits",
     LEGACY "," TO
            ",\"value\":\"0x10000000000000000000000000000000000000000000000000000000000000000\"",
     "transaction.value: ", 0},
    {"address too short", LEGACY ",\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79\"",
     "transaction.to: ", 0},
    {"address with wrong checksum", LEGACY ",\"to\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79c8\"",
     "transaction.to: ", 0},
    {"data odd", LEGACY "," TO ",\"data\":\"0x0\"", "transaction.data: ", 0},
    {"data and input differ", LEGACY "," TO ",\"data\":\"0x00\",\"input\":\"0x01\"", "transaction.",
     0},
    {"contract without data", DYNAMIC, "transaction", 0},
    {"fee cap in type 1", DYNAMIC "," TO ",\"type\":\"0x1\"", "transaction.max", 0},
    {"type 3 without blobs", DYNAMIC "," TO ",\"type\":\"0x3\"",
     "transaction.maxFeePerBlobGas: ", 0},
    {"type 5", DYNAMIC "," TO ",\"type\":\"0x5\"", "transaction.type: ", 0},
    {"access list of legacy", LEGACY "," TO ",\"type\":\"0x0\",\"accessList\":[]",
     "transaction.accessList: ", 0},
    {"signature in it", LEGACY "," TO ",\"v\":\"0x1\"", "transaction", 0},
    {"unknown field", LEGACY "," TO ",\"colour\":\"red\"", "transaction", 0},
    {"from another", LEGACY "," TO ",\"from\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\"",
     "transaction.from: must be the account's own address", 0},
};

static void check_signed(enum tx_type type)
{
    struct tx tx;
    k256_signature signature;
    uint8_t memory[4096];
    struct builder unsigned_bytes;
    static uint8_t raw_copy[8192];
    slice raw = field("raw");
    memcpy(raw_copy, raw.bytes, raw.size);
    raw = slice_of(raw_copy, raw.size);
    if (!expect_ok("raw", tx_read_signed(raw, &tx, &signature))) return;
    expect_u64("type", tx.type, type);
    builder_init(&unsigned_bytes, memory, sizeof memory);
    expect_ok("unsigned", tx_write(&tx, &unsigned_bytes));
    expect_signed_by_alice(&signature, tx_signing_hash(builder_view(&unsigned_bytes)));
    const hash32 hash = tx_hash(raw);
    expect_bytes("hash", field("hash"), hash32_view(&hash));
    expect_bytes("r", field("r"), slice_of(signature.r, 32));
    expect_bytes("s", field("s"), slice_of(signature.s, 32));
}

static void sign_transactions(void)
{
    char body[2048];
    open_with_alice();
    for (size_t i = 0; i < ARRAY_COUNT(transactions); i++) {
        runner_row(transactions[i].name);
        snprintf(body, sizeof body, "{\"transaction\":{%s}}", transactions[i].fields);
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-transaction", body, &answer);
        if (!transactions[i].refusal) {
            expect_code("signed", 200);
            check_signed(transactions[i].type);
            continue;
        }
        expect_error(400, "bad_input");
        if (!expect_true(transactions[i].refusal,
                         bench_has(answer.body, transactions[i].refusal))) {
            printf("%.*s\n", (int)answer.body.size, (const char *)answer.body.bytes);
        }
    }
    static const char *const wrong[] = {"{}", "{\"transaction\":null}", "{\"transaction\":[]}",
                                        "{\"transaction\":{" LEGACY "," TO "},\"x\":1}"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        runner_row(wrong[i]);
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-transaction", wrong[i], &answer);
        expect_error(400, "bad_input");
    }
    runner_row(NULL);
    expect_u64("only what was signed reached the enclave",
               (uint64_t)atomic_load(&bench.enclave.sign_count), 7);
    bench_close(&bench);
}

static void from_and_address(void)
{
    char body[512], path[128], address[43] = {0};
    struct builder text;
    open_with_alice();
    builder_init(&text, address, 42);
    address_print(&text, alice_address());
    snprintf(body, sizeof body, "{\"transaction\":{%s,%s,\"from\":\"%s\"}}", LEGACY, TO, address);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-transaction", body, &answer);
    expect_code("from is alice", 200);
    snprintf(path, sizeof path, "/v1/accounts/%s/sign-transaction", address);
    bench_call(&bench, "POST", path, body, &answer);
    expect_code("by address", 200);
    bench_call(&bench, "POST", "/v1/accounts/bob/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(404, "account_not_found");
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message?x=1", "{\"message\":\"m\"}",
               &answer);
    expect_error(400, "bad_input");
    bench_close(&bench);
}

static void warm_signatures_need_no_store(void)
{
    open_with_alice();
    const int before = atomic_load(&bench.store.get_count);
    atomic_store(&bench.store.down_count, -1);
    for (int i = 0; i < 5; i++) {
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}",
                   &answer);
        expect_code("signed", 200);
    }
    expect_u64("no look at the store", (uint64_t)atomic_load(&bench.store.get_count),
               (uint64_t)before);
    bench_close(&bench);
}

static void without_a_cache(void)
{
    static const struct bench_settings settings = {.has_token = true};
    bench_open(&bench, &settings);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    const int before = atomic_load(&bench.store.get_count);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_code("from the store", 200);
    expect_u64("one look", (uint64_t)(atomic_load(&bench.store.get_count) - before), 1);
    atomic_store(&bench.store.down_count, 1);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(503, "unavailable");
    bench_close(&bench);
}

/* The enclave refuses the cached record; the store has a newer one that it takes. */
static void stale_record(void)
{
    open_with_alice();
    const int before = atomic_load(&bench.store.get_count);
    atomic_store(&bench.enclave.behaviour.error_kind, FAILURE_CORRUPT);
    atomic_store(&bench.enclave.behaviour.error_count, 1);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_code("second try", 200);
    expect_u64("read anew", (uint64_t)(atomic_load(&bench.store.get_count) - before), 1);
    atomic_store(&bench.enclave.behaviour.error_count, -1);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(500, "corrupt");
    expect_true("its sentence", bench_has(answer.body, "enclave: as told"));
    bench_close(&bench);
}

/* What aws/error.h says when KMS refuses credentials; for signing and creating alike. */
static void refused_credentials(void)
{
    static const char *const sentences[] = {
        "aws: the credentials have expired", "aws: the session token has expired",
        "aws: the access key is not known", "aws: the access key or token is not known"};
    open_with_alice();
    atomic_store(&bench.enclave.behaviour.error_kind, FAILURE_UNAVAILABLE);
    for (size_t i = 0; i < ARRAY_COUNT(sentences); i++) {
        char body[32];
        runner_row(sentences[i]);
        snprintf(bench.enclave.error_sentence, sizeof bench.enclave.error_sentence, "%s",
                 sentences[i]);
        atomic_store(&bench.enclave.behaviour.error_count, 1);
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}",
                   &answer);
        expect_code("signed at the second try", 200);
        atomic_store(&bench.enclave.behaviour.error_count, 1);
        snprintf(body, sizeof body, "{\"name\":\"n%zu\"}", i);
        bench_call(&bench, "POST", "/v1/accounts", body, &answer);
        expect_code("created at the second try", 201);
    }
    atomic_store(&bench.enclave.behaviour.error_count, -1);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(503, "unavailable");
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"never\"}", &answer);
    expect_error(503, "unavailable");
    bench_close(&bench);
}

static void other_refusals_are_final(void)
{
    static const struct {
        enum failure_kind kind;
        int code;
    } rows[] = {{FAILURE_BAD_INPUT, 400},  {FAILURE_NOT_FOUND, 404},   {FAILURE_CONFLICT, 409},
                {FAILURE_OVER_LIMIT, 429}, {FAILURE_UNAVAILABLE, 503}, {FAILURE_INTERNAL, 500}};
    open_with_alice();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(failure_kind_print(rows[i].kind));
        atomic_store(&bench.enclave.behaviour.error_kind, (int)rows[i].kind);
        atomic_store(&bench.enclave.behaviour.error_count, 1);
        bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}",
                   &answer);
        expect_error(rows[i].code, failure_kind_print(rows[i].kind));
    }
    bench_close(&bench);
}

static void wrong_signer(void)
{
    open_with_alice();
    atomic_store(&bench.enclave.behaviour.wrong_address, true);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(500, "corrupt");
    bench_close(&bench);
}

/* The store serves another account's record under this name. */
static void swapped_record(void)
{
    static struct stored_account account;
    uint8_t record[FAKE_RECORD_SIZE];
    bench_open(&bench, &usual);
    fake_enclave_record(&bench.enclave, slice_text("bob"), 1, record);
    account = (struct stored_account){.name = "alice",
                                      .key_id = "arn:x",
                                      .created_at = "2026-01-01T00:00:00Z",
                                      .version = 1,
                                      .record_size = sizeof record};
    struct builder text;
    builder_init(&text, account.address, 42);
    eth_address address;
    memcpy(address.bytes, record + 48, sizeof address.bytes);
    address_print_lower(&text, address);
    memcpy(account.record, record, sizeof record);
    expect_ok("put", store_put_if_absent(&bench.store.inner, &account, INT64_MAX));
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_error(500, "corrupt");
    expect_u64("not sent", (uint64_t)atomic_load(&bench.enclave.sign_count), 0);
    bench_close(&bench);
}

static void enclave_restart_under_calls(void)
{
    open_with_alice();
    fake_enclave_stop(&bench.enclave);
    fake_enclave_start(&bench.enclave);
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}", &answer);
    expect_code("signed by the new one", 200);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"messages", sign_messages},
        {"transactions", sign_transactions},
        {"from and address", from_and_address},
        {"warm signatures need no store", warm_signatures_need_no_store},
        {"without a cache", without_a_cache},
        {"stale record", stale_record},
        {"refused credentials", refused_credentials},
        {"other refusals are final", other_refusals_are_final},
        {"wrong signer", wrong_signer},
        {"swapped record", swapped_record},
        {"enclave restart under calls", enclave_restart_under_calls},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
