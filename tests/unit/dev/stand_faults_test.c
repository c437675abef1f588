#include "dev/stand_faults.h"

#include "runner.h"

static struct stand_faults faults;
static struct arena arena;

static void start(void)
{
    stand_faults_init(&faults);
    expect_ok("arena", arena_open(&arena, 1 << 20));
}

static void stop(void)
{
    arena_close(&arena);
    runner_row(NULL);
}

static struct http_response ask(const char *method, const char *target, const char *body)
{
    const struct http_request request = {
        .method = slice_text(method), .target = slice_text(target), .body = slice_text(body)};
    struct http_response response = {0};
    stand_faults_answer(&faults, &request, &arena, &response);
    return response;
}

static void expect_answer(const struct http_response *response, uint16_t code, const char *body)
{
    expect_u64("code", response->code, code);
    expect_text("body", response->body, body);
}

static enum stand_fault_kind take(const char *operation)
{
    struct stand_fault fault;
    stand_faults_take(&faults, slice_text(operation), &fault);
    return fault.kind;
}

static void counters(void)
{
    start();
    struct http_response response = ask("GET", "/counters", "");
    expect_answer(&response, 200,
                  "{\"connections\":0,\"requests\":0,\"busy_us\":0,\"operations\":{}}");
    stand_faults_count_connection(&faults);
    stand_faults_count_busy(&faults, 7);
    take("Decrypt");
    take("Encrypt");
    take("Decrypt");
    response = ask("GET", "/counters", "");
    expect_answer(&response, 200,
                  "{\"connections\":1,\"requests\":3,\"busy_us\":7,"
                  "\"operations\":{\"Decrypt\":2,\"Encrypt\":1}}");
    (void)ask("DELETE", "/counters", "");
    take("Encrypt");
    response = ask("GET", "/counters", "");
    expect_answer(&response, 200,
                  "{\"connections\":0,\"requests\":1,\"busy_us\":0,"
                  "\"operations\":{\"Encrypt\":1}}");
    stop();
}

static void faults_in_order(void)
{
    start();
    struct http_response response = ask(
        "PUT", "/faults", "{\"operation\":\"Decrypt\",\"kind\":\"cut\",\"value\":9,\"count\":2}");
    expect_u64("set", response.code, 200);
    response = ask("PUT", "/faults", "{\"operation\":\"*\",\"kind\":\"delay\",\"value\":5}");
    expect_answer(&response, 200,
                  "[{\"operation\":\"Decrypt\",\"kind\":\"cut\",\"value\":9,\"count\":2},"
                  "{\"operation\":\"*\",\"kind\":\"delay\",\"value\":5,\"count\":0}]");
    expect_u64("any operation", take("Encrypt"), STAND_FAULT_DELAY);
    expect_u64("the first that fits", take("Decrypt"), STAND_FAULT_CUT);
    response = ask("GET", "/faults", "");
    expect_answer(&response, 200,
                  "[{\"operation\":\"Decrypt\",\"kind\":\"cut\",\"value\":9,\"count\":1},"
                  "{\"operation\":\"*\",\"kind\":\"delay\",\"value\":5,\"count\":0}]");
    expect_u64("its last", take("Decrypt"), STAND_FAULT_CUT);
    expect_u64("then the other", take("Decrypt"), STAND_FAULT_DELAY);
    response = ask("DELETE", "/faults", "");
    expect_answer(&response, 200, "[]");
    expect_u64("none any more", take("Decrypt"), STAND_FAULT_NONE);
    stop();
}

static void every_kind(void)
{
    static const char *const bodies[] = {
        "{\"operation\":\"a\",\"kind\":\"delay\"}",
        "{\"operation\":\"a\",\"kind\":\"status\",\"value\":200}",
        "{\"operation\":\"a\",\"kind\":\"throttle\"}",
        "{\"operation\":\"a\",\"kind\":\"error\",\"name\":\"X\"}",
        "{\"operation\":\"a\",\"kind\":\"cut\"}",
        "{\"operation\":\"a\",\"kind\":\"garbage\"}",
        "{\"operation\":\"a\",\"kind\":\"silence\"}",
        "{\"operation\":\"a\",\"kind\":\"wrong_key\"}",
        "{\"operation\":\"a\",\"kind\":\"wrong_recipient\"}",
        "{\"operation\":\"a\",\"kind\":\"constructed\"}",
        "{\"operation\":\"a\",\"kind\":\"primitive\"}",
        "{\"operation\":\"a\",\"kind\":\"stale\"}",
    };
    expect_u64("all of them", ARRAY_COUNT(bodies), STAND_FAULT_KIND_COUNT - 1);
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        runner_row(bodies[i]);
        start();
        expect_u64("set", ask("PUT", "/faults", bodies[i]).code, 200);
        expect_u64("kind", take("a"), STAND_FAULT_NONE + 1 + i);
        stop();
    }
}

static void refusals(void)
{
    static const struct {
        const char *method, *target, *body;
        uint16_t code;
        const char *message;
    } rows[] = {
        {"GET", "/", "", 404, "faults: there is no such thing to ask for"},
        {"POST", "/faults", "", 404, "faults: there is no such thing to ask for"},
        {"PUT", "/counters", "", 404, "faults: there is no such thing to ask for"},
        {"PUT", "/faults", "", 400, "json: text is not valid JSON"},
        {"PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"other\"}", 400,
         "faults: there is no such kind"},
        {"PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"cut\",\"x\":1}", 400,
         "has a field that is not known here"},
        {"PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"error\"}", 400,
         "faults: an error needs a name"},
        {"PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"status\",\"value\":199}", 400,
         "faults: a status must be 200 to 599"},
        {"PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"status\",\"value\":600}", 400,
         "faults: a status must be 200 to 599"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].body);
        start();
        const struct http_response response = ask(rows[i].method, rows[i].target, rows[i].body);
        expect_answer(&response, rows[i].code, rows[i].message);
        stop();
    }
}

static void limits(void)
{
    start();
    for (size_t i = 0; i < STAND_FAULT_COUNT_MAX; i++) {
        expect_u64("set", ask("PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"cut\"}").code,
                   200);
    }
    struct http_response response = ask("PUT", "/faults", "{\"operation\":\"a\",\"kind\":\"cut\"}");
    expect_answer(&response, 400, "faults: too many are set");
    for (size_t i = 0; i < 2 * STAND_COUNTER_COUNT_MAX; i++) {
        const char name[] = {(char)('!' + i), '\0'};
        take(name);
    }
    expect_u64("counters", faults.counter_count, STAND_COUNTER_COUNT_MAX);
    expect_u64("requests", faults.request_count, 2 * STAND_COUNTER_COUNT_MAX);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"counters", counters},     {"faults in order", faults_in_order},
        {"every kind", every_kind}, {"refusals", refusals},
        {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
