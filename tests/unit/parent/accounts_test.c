#include "parent/accounts.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "runner.h"

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

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

static void create(const char *name)
{
    char body[300];
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    bench_call(&bench, "POST", "/v1/accounts", body, &answer);
}

static const struct {
    const char *name, *body;
    int code;
    const char *message;
} bodies[] = {
    {"nothing", "", 400, "json: text is not valid JSON"},
    {"half", "{\"name\":", 400, "json: text is not valid JSON"},
    {"two values", "{\"name\":\"a\"}{}", 400, "json: text is not valid JSON"},
    {"array", "[]", 400, "must be a JSON object"},
    {"no name", "{}", 400, "name: is missing"},
    {"null", "{\"name\":null}", 400, "name: must not be null"},
    {"number", "{\"name\":7}", 400, "name: must be a string"},
    {"empty", "{\"name\":\"\"}", 400, "name: is too short"},
    {"another field", "{\"name\":\"a\",\"colour\":1}", 400, "has a field that is not known here"},
    {"twice", "{\"name\":\"a\",\"name\":\"b\"}", 400, "json: a name appears twice in one object"},
    {"NUL", "{\"name\":\"a\\u0000b\"}", 400, "json: text is not valid JSON"},
    {"an address", "{\"name\":\"0xd8da6bf26964af9d7eed9e03e53415d37aa96045\"}", 400, "name: "},
    {"an address in capitals", "{\"name\":\"0xD8DA6BF26964AF9D7EED9E03E53415D37AA96045\"}", 400,
     "name: "},
    {"one digit less", "{\"name\":\"0xd8da6bf26964af9d7eed9e03e53415d37aa9604\"}", 201, NULL},
};

static void bodies_of_create(void)
{
    bench_open(&bench, &usual);
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        runner_row(bodies[i].name);
        bench_call(&bench, "POST", "/v1/accounts", bodies[i].body, &answer);
        expect_code("code", bodies[i].code);
        if (bodies[i].message) expect_true("message", bench_has(answer.body, bodies[i].message));
    }
    expect_u64("nothing refused reached the enclave",
               (uint64_t)atomic_load(&bench.enclave.create_count), 1);
    bench_close(&bench);
}

static void names(void)
{
    char name[140];
    bench_open(&bench, &usual);
    memset(name, 0, sizeof name);
    for (size_t size = 1; size <= 129; size += size == 1 || size == 128 ? 1 : 42) {
        runner_row_at("size", size);
        memset(name, 'n', size);
        create(name);
        if (size <= 128) expect_code("accepted", 201);
        else expect_error(400, "bad_input");
    }
    for (unsigned byte = 1; byte < 128; byte++) {
        const bool is_good = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                             (byte >= 'a' && byte <= 'z') || strchr("._:@-", (int)byte);
        if (is_good && strchr("._:@-9Zz", (int)byte) == NULL) continue; /* the store is small */
        runner_row_at("character", byte);
        char body[64];
        snprintf(body, sizeof body, "{\"name\":\"x\\u%04x\"}", byte);
        bench_call(&bench, "POST", "/v1/accounts", body, &answer);
        expect_code("accepted or not", is_good ? 201 : 400);
    }
    bench_close(&bench);
}

static void create_and_show(void)
{
    bench_open(&bench, &usual);
    create("alice");
    expect_code("created", 201);
    char first[42];
    memcpy(first, strstr((const char *)answer.body.bytes, "0x"), sizeof first);
    static const char *const parts[] = {"\"name\":\"alice\"", "\"publicKey\":\"0x04",
                                        "\"keyId\":\"arn:aws:kms:eu-west-1:111122223333:key/fake\"",
                                        "\"version\":1", "\"createdAt\":\"20"};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        expect_true(parts[i], bench_has(answer.body, parts[i]));
    }
    char path[128];
    bench_call(&bench, "GET", "/v1/accounts/alice", NULL, &answer);
    expect_code("by name", 200);
    expect_true("no sealed record", !bench_has(answer.body, "sealed"));
    snprintf(path, sizeof path, "/v1/accounts/%.42s", first);
    bench_call(&bench, "GET", path, NULL, &answer);
    expect_code("by address", 200);
    expect_true("the same", bench_has(answer.body, "\"name\":\"alice\""));
    for (size_t i = 16; i < strlen(path); i++) {
        if (path[i] >= 'A' && path[i] <= 'F') path[i] = (char)(path[i] + 32);
    }
    bench_call(&bench, "GET", path, NULL, &answer);
    expect_code("by address in lower case", 200);
    bench_call(&bench, "GET", "/v1/accounts/alice?sealed=1", NULL, &answer);
    expect_true("sealed record", bench_has(answer.body, "\"sealed\":\"RU5XM"));
    bench_call(&bench, "GET", "/v1/accounts/alice?sealed=yes", NULL, &answer);
    expect_error(400, "bad_input");
    bench_call(&bench, "GET", "/v1/accounts/bob", NULL, &answer);
    expect_error(404, "account_not_found");
    bench_call(&bench, "GET", "/v1/accounts/0xd8da6bf26964af9d7eed9e03e53415d37aa96045", NULL,
               &answer);
    expect_error(404, "account_not_found");
    bench_call(&bench, "GET", "/v1/accounts/a%20b", NULL, &answer);
    expect_error(400, "bad_input");
    bench_close(&bench);
}

static void a_name_is_taken_once(void)
{
    bench_open(&bench, &usual);
    create("alice");
    expect_code("first", 201);
    create("alice");
    expect_error(409, "account_exists");
    expect_u64("no key was made for it", (uint64_t)atomic_load(&bench.enclave.create_count), 1);
    bench_close(&bench);
}

enum { RACER_COUNT = 8 };

static void *race(void *context)
{
    static struct bench_answer answers[RACER_COUNT];
    int *code = context;
    struct bench_answer *own = &answers[*code];
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"raced\"}", own);
    *code = own->code;
    return NULL;
}

static void one_of_many_wins(void)
{
    pthread_t threads[RACER_COUNT];
    int codes[RACER_COUNT], created_count = 0, conflict_count = 0;
    bench_open(&bench, &usual);
    atomic_store(&bench.enclave.behaviour.delay_ms, 50);
    for (int i = 0; i < RACER_COUNT; i++) {
        codes[i] = i;
        pthread_create(&threads[i], NULL, race, &codes[i]);
    }
    for (int i = 0; i < RACER_COUNT; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < RACER_COUNT; i++) {
        created_count += codes[i] == 201;
        conflict_count += codes[i] == 409;
    }
    expect_u64("created", (uint64_t)created_count, 1);
    expect_u64("conflicts", (uint64_t)conflict_count, RACER_COUNT - 1);
    bench_close(&bench);
}

/* Another process takes the name between our look and our put: the store decides. */
static void another_process_wins(void)
{
    static struct stored_account other;
    uint8_t record[FAKE_RECORD_SIZE];
    bench_open(&bench, &usual);
    fake_enclave_record(&bench.enclave, slice_text("alice"), 99, record);
    other = (struct stored_account){.name = "alice",
                                    .address = "0x0000000000000000000000000000000000000001",
                                    .key_id = "arn:other",
                                    .created_at = "2026-01-01T00:00:00Z",
                                    .version = 1,
                                    .record_size = sizeof record};
    memcpy(other.record, record, sizeof record);
    atomic_store(&bench.enclave.behaviour.delay_ms, 60000);
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor, slice_text("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: "
                                      "Bearer 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
                                      "\r\nContent-Length: 16\r\n\r\n{\"name\":\"alice\"}"));
    while (atomic_load(&bench.enclave.request_count) == 0) usleep(1000);
    expect_ok("other", store_put_if_absent(&bench.store.inner, &other, INT64_MAX));
    atomic_store(&bench.enclave.behaviour.delay_ms, 0);
    bench_read(descriptor, &answer);
    expect_error(409, "account_exists");
    close(descriptor);
    expect_ok("kept", store_get(&bench.store.inner, slice_text("alice"), INT64_MAX, &other));
    expect_text("the other's", slice_text(other.key_id), "arn:other");
    bench_close(&bench);
}

static void ambiguous_but_kept(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.store.ambiguous_kept, 1);
    create("alice");
    expect_code("settled by reading back", 201);
    expect_u64("one put", (uint64_t)atomic_load(&bench.store.put_count), 1);
    bench_close(&bench);
}

static void ambiguous_and_lost(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.store.ambiguous_lost, 1);
    create("alice");
    expect_code("put again", 201);
    expect_u64("two puts", (uint64_t)atomic_load(&bench.store.put_count), 2);
    expect_u64("of one key", (uint64_t)atomic_load(&bench.enclave.create_count), 1);
    atomic_store(&bench.store.ambiguous_lost, -1);
    create("bob");
    expect_error(503, "unavailable");
    expect_true("says so", bench_has(answer.body, "ask for it before trying again"));
    expect_true("and no address", !bench_has(answer.body, "0x"));
    bench_close(&bench);
}

static void unreadable(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.store.unreadable_count, 1);
    create("alice");
    expect_code("read again", 201);
    atomic_store(&bench.store.has_put, false);
    atomic_store(&bench.store.unreadable_count, 2);
    create("bob");
    expect_error(503, "unavailable");
    expect_true("no address", !bench_has(answer.body, "0x"));
    create("bob");
    expect_error(409, "account_exists");
    bench_close(&bench);
}

static void store_is_down(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.store.down_count, 1);
    create("alice");
    expect_error(503, "unavailable");
    expect_u64("no key was made", (uint64_t)atomic_load(&bench.enclave.create_count), 0);
    create("alice");
    expect_code("back again", 201);
    atomic_store(&bench.store.down_count, 1);
    bench_call(&bench, "GET", "/v1/accounts", NULL, &answer);
    expect_error(503, "unavailable");
    bench_close(&bench);
}

static void store_is_slow(void)
{
    bench_open(&bench, &usual);
    create("warm");
    atomic_store(&bench.store.delay_ms, 60000);
    const int slow = bench_connect(&bench);
    bench_send(slow, slice_text("GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP\r\n\r\n"));
    bench_call(&bench, "POST", "/v1/accounts/warm/sign-message", "{\"message\":\"m\"}", &answer);
    expect_code("warm signatures do not wait", 200);
    struct pollfd waiting = {slow, POLLIN, 0};
    expect_true("what needs the store does", poll(&waiting, 1, 0) == 0);
    atomic_store(&bench.store.delay_ms, 0);
    bench_read(slow, &answer);
    expect_code("slow but sure", 200);
    close(slow);
    bench_close(&bench);
}

static void enclave_lies(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.enclave.behaviour.wrong_address, true);
    create("alice");
    expect_error(500, "corrupt");
    expect_u64("nothing was kept", (uint64_t)atomic_load(&bench.store.put_count), 0);
    bench_close(&bench);
}

static void enclave_refuses(void)
{
    bench_open(&bench, &usual);
    atomic_store(&bench.enclave.behaviour.error_kind, FAILURE_DENIED);
    atomic_store(&bench.enclave.behaviour.error_count, -1);
    create("alice");
    expect_error(403, "denied");
    expect_true("its sentence", bench_has(answer.body, "enclave: as told"));
    bench_close(&bench);
}

static void lists(void)
{
    char name[16], path[300];
    bench_open(&bench, &usual);
    bench_call(&bench, "GET", "/v1/accounts", NULL, &answer);
    expect_text("empty", answer.body, "{\"accounts\":[],\"next\":null}");
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "n%d", i);
        create(name);
    }
    bench_call(&bench, "GET", "/v1/accounts?limit=2", NULL, &answer);
    expect_true("first", bench_has(answer.body, "\"n0\"") && bench_has(answer.body, "\"n1\""));
    expect_true("not the third", !bench_has(answer.body, "\"n2\""));
    const char *next = strstr((const char *)answer.body.bytes, "\"next\":\"");
    if (expect_true("a cursor", next)) {
        snprintf(path, sizeof path, "/v1/accounts?limit=100&cursor=%.*s",
                 (int)strcspn(next + 8, "\""), next + 8);
        bench_call(&bench, "GET", path, NULL, &answer);
        expect_true("goes on",
                    !bench_has(answer.body, "\"n1\"") && bench_has(answer.body, "\"n2\""));
        expect_true("to the end",
                    bench_has(answer.body, "\"n4\"") && bench_has(answer.body, "\"next\":null"));
    }
    static const char *const wrong[] = {"limit=0", "limit=101", "limit=01",
                                        "limit=",  "limit=x",   "cursor=*"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        runner_row(wrong[i]);
        snprintf(path, sizeof path, "/v1/accounts?%s", wrong[i]);
        bench_call(&bench, "GET", path, NULL, &answer);
        expect_error(400, "bad_input");
    }
    bench_close(&bench);
}

/* A full page of the longest names there are fits the answer. */
static void longest_page(void)
{
    char name[140];
    bench_open(&bench, &usual);
    for (int i = 0; i < 60; i++) {
        memset(name, 'n', sizeof name);
        name[0] = (char)('A' + i % 26);
        name[1] = (char)('A' + i / 26);
        name[128] = 0;
        create(name);
        if (answer.code != 201) expect_code("created", 201);
    }
    bench_call(&bench, "GET", "/v1/accounts?limit=100", NULL, &answer);
    expect_code("listed", 200);
    expect_true("complete", bench_has(answer.body, "\"next\":null}"));
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"bodies of create", bodies_of_create},
        {"names", names},
        {"create and show", create_and_show},
        {"a name is taken once", a_name_is_taken_once},
        {"one of many wins", one_of_many_wins},
        {"another process wins", another_process_wins},
        {"ambiguous but kept", ambiguous_but_kept},
        {"ambiguous and lost", ambiguous_and_lost},
        {"unreadable", unreadable},
        {"store is down", store_is_down},
        {"store is slow", store_is_slow},
        {"enclave lies", enclave_lies},
        {"enclave refuses", enclave_refuses},
        {"lists", lists},
        {"longest page", longest_page},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
