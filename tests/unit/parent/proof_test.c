#include "parent/proof.h"

#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "parent/accounts.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

static void kept_and_shown(void)
{
    char address[43] = "", path[128], part[128];
    static const char *const parts[] = {
        "{\"name\":\"alice\",",    "\"proof\":\"hECg", "\"unverified\":{\"moduleId\":\"i-fake\"",
        "\"mode\":\"production\"", "\"epoch\":7",      "\"recordHash\":\"",
        "\"accountId\":\"",
    };
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_u64("created", (uint64_t)answer.code, 201);
    expect_true("the answer of a creation stays short", !bench_has(answer.body, "proof"));
    memcpy(address, strstr((const char *)answer.body.bytes, "0x"), 42);
    bench_call(&bench, "GET", "/v1/accounts/alice/proof", NULL, &answer);
    expect_u64("by name", (uint64_t)answer.code, 200);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        expect_true(parts[i], bench_has(answer.body, parts[i]));
    }
    snprintf(part, sizeof part, "\"address\":\"%s\"", address);
    expect_true("address, checksummed", bench_has(answer.body, part));
    snprintf(path, sizeof path, "/v1/accounts/%s/proof", address);
    bench_call(&bench, "GET", path, NULL, &answer);
    expect_u64("by address", (uint64_t)answer.code, 200);
    expect_true("the same", bench_has(answer.body, "{\"name\":\"alice\","));
    bench_call(&bench, "GET", "/v1/accounts/alice/proof?x=1", NULL, &answer);
    expect_u64("no parameters", (uint64_t)answer.code, 400);
    bench_call(&bench, "POST", "/v1/accounts/alice/proof", "{}", &answer);
    expect_u64("no other method", (uint64_t)answer.code, 405);
    bench_call(&bench, "GET", "/v1/accounts/bob/proof", NULL, &answer);
    expect_u64("nobody", (uint64_t)answer.code, 404);
    expect_true("nobody", bench_has(answer.body, "\"account_not_found\""));
    bench_close(&bench);
}

/* Puts an account into the store past the service. */
static struct stored_account plain_account(const char *name)
{
    struct stored_account account = {.version = 1, .record_size = FAKE_RECORD_SIZE};
    struct builder text;
    eth_address address;
    fake_enclave_record(&bench.enclave, slice_text(name), 1, account.record);
    memcpy(address.bytes, account.record + 48, sizeof address.bytes);
    snprintf(account.name, sizeof account.name, "%s", name);
    builder_init(&text, account.address, STORE_ADDRESS_SIZE);
    address_print_lower(&text, address);
    snprintf(account.key_id, sizeof account.key_id, "arn:aws:kms:eu-west-1:111122223333:key/fake");
    snprintf(account.created_at, sizeof account.created_at, "2026-01-02T03:04:05Z");
    return account;
}

static void absent_or_broken(void)
{
    bench_open(&bench, &usual);
    struct stored_account account = plain_account("old");
    expect_ok("put", store_put_if_absent(&bench.service.store, &account, INT64_MAX));
    bench_call(&bench, "GET", "/v1/accounts/old/proof", NULL, &answer);
    expect_u64("absent", (uint64_t)answer.code, 404);
    expect_true("absent", bench_has(answer.body, "{\"error\":{\"code\":\"no_proof\","));
    account = plain_account("broken");
    account.proof_size = 3;
    expect_ok("put", store_put_if_absent(&bench.service.store, &account, INT64_MAX));
    bench_call(&bench, "GET", "/v1/accounts/broken/proof", NULL, &answer);
    expect_u64("no document", (uint64_t)answer.code, 500);
    expect_true("no document", bench_has(answer.body, "\"corrupt\""));
    bench_close(&bench);
}

/* A byte of the proof's user data is another: the enclave's answer is not kept. */
static void wrong_proofs(void)
{
    static const struct {
        const char *name;
        int index;
        const char *message; /* NULL: kept, since only a verifier can judge it */
    } rows[] = {
        {"another shape", 3, "user data: is no proof of origin"},
        {"another version", 4, "user data: is no proof of origin"},
        {"another mode", 5, NULL},
        {"another boot", 8, NULL},
        {"another configuration", 24, NULL},
        {"another epoch", 59, NULL},
        {"account id, first byte", 60, "the proof of origin is another account's"},
        {"account id, last byte", 91, "the proof of origin is another account's"},
        {"address, first byte", 92, "the proof of origin is for another address"},
        {"address, last byte", 111, "the proof of origin is for another address"},
        {"record, first byte", 112, "the proof of origin is for another record"},
        {"record, last byte", 143, "the proof of origin is for another record"},
    };
    bench_open(&bench, &usual);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char body[64];
        const int put_count = atomic_load(&bench.store.put_count);
        runner_row(rows[i].name);
        snprintf(body, sizeof body, "{\"name\":\"n%zu\"}", i);
        atomic_store(&bench.enclave.behaviour.wrong_proof_index, rows[i].index);
        bench_call(&bench, "POST", "/v1/accounts", body, &answer);
        expect_u64("code", (uint64_t)answer.code, rows[i].message ? 500 : 201);
        expect_true("message", !rows[i].message || bench_has(answer.body, rows[i].message));
        expect_u64("kept", (uint64_t)(atomic_load(&bench.store.put_count) - put_count),
                   rows[i].message == NULL);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"kept and shown", kept_and_shown},
        {"absent or broken", absent_or_broken},
        {"wrong proofs", wrong_proofs},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
