#include "store/dynamodb_client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "aws/time.h"
#include "fake_dynamodb.h"
#include "os/clock.h"
#include "runner.h"

enum { DEADLINE_MS = 20 * 1000 };

static struct http_client http;

static const struct fake_fault failed = {
    .kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"};
static const struct fake_fault throttled = {
    .kind = FAKE_ERROR, .code = 400, .name = "ProvisionedThroughputExceededException"};

static void open_client(struct dynamodb_client *client, bool trusts_date)
{
    struct dynamodb_config config = fake_dynamodb_config(&http);
    config.trusts_date = trusts_date;
    expect_ok("open", dynamodb_client_open(client, &config));
}

/* Sends one GetItem. */
static status send_one(struct dynamodb_client *client, int64_t deadline_ms,
                       struct dynamodb_exchange *exchange)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    const struct dynamodb_target target = dynamodb_client_target(client);
    TRY(dynamodb_call_open(client, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    TRY(dynamodb_get_build(&target, slice_text("alice"), &call.memory, &exchange->request));
    return dynamodb_call_send(&call, exchange);
}

static status send_faults(struct dynamodb_client *client, const struct fake_fault *faults,
                          size_t count)
{
    struct dynamodb_exchange exchange = {0};
    fake_dynamodb_reset(faults, count);
    return send_one(client, clock_deadline_ms(DEADLINE_MS), &exchange);
}

static void settings(void)
{
    static const struct {
        const char *name, *region, *table, *host;
        bool is_fine;
    } rows[] = {
        {"good", "eu-west-1", "abc", "h", true},
        {"longest table", "eu-west-1",
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
         "h", true},
        {"table one longer", "eu-west-1",
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
         "tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
         "h", false},
        {"every table character", "r", "AZaz09_.-", "h", true},
        {"table too short", "eu-west-1", "ab", "h", false},
        {"table with a slash", "eu-west-1", "a/b", "h", false},
        {"empty table", "eu-west-1", "", "h", false},
        {"empty region", "", "abc", "h", false},
        {"empty host", "eu-west-1", "abc", "", false},
        {"host with a line break", "eu-west-1", "abc", "h\nX: y", false},
        {"region with a blank", "eu west", "abc", "h", false},
        {"longest region", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", "abc", "h", true},
        {"region one longer", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", "abc", "h", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct dynamodb_client client;
        struct dynamodb_config config = fake_dynamodb_config(&http);
        runner_row(rows[i].name);
        config.region = rows[i].region;
        config.table = rows[i].table;
        config.host = rows[i].host;
        const status opened = dynamodb_client_open(&client, &config);
        if (rows[i].is_fine) expect_ok("open", opened);
        else expect_kind("open", opened, FAILURE_BAD_INPUT);
        dynamodb_client_close(&client);
        dynamodb_client_close(&client);
    }
}

static void attempts_are_bounded(void)
{
    static struct dynamodb_client client;
    const struct fake_fault all[] = {failed, failed, failed, failed, failed};
    open_client(&client, true);
    expect_ok("the last attempt counts", send_faults(&client, all, 3));
    expect_u64("requests", fake_dynamodb_seen_count(), DYNAMODB_ATTEMPT_COUNT_MAX);
    expect_refused("one more is not made", send_faults(&client, all, 4),
                   "store: DynamoDB has failed");
    expect_u64("requests", fake_dynamodb_seen_count(), DYNAMODB_ATTEMPT_COUNT_MAX);
    dynamodb_client_close(&client);
}

/* Each attempt carries its own signature, over its own time. */
static void attempts_are_signed_anew(void)
{
    static struct dynamodb_client client;
    struct fake_fault slow = failed;
    slow.delay_ms = 1100;
    open_client(&client, true);
    expect_ok("send", send_faults(&client, &slow, 1));
    const struct fake_seen first = fake_dynamodb_seen(0), second = fake_dynamodb_seen(1);
    expect_text("operation", slice_text(first.operation), "GetItem");
    expect_true("another time", strcmp(first.signed_at, second.signed_at) < 0);
    dynamodb_client_close(&client);
}

static void throttling_waits_longer(void)
{
    static struct dynamodb_client client;
    struct fake_fault asked = throttled;
    open_client(&client, true);
    asked.retry_after = "700";
    expect_ok("send", send_faults(&client, &asked, 1));
    const int64_t waited_ms = fake_dynamodb_seen(1).at_ms - fake_dynamodb_seen(0).at_ms;
    expect_true("at least as long as asked", waited_ms >= 690);
    expect_true("at most as long as may be", waited_ms < 2500);
    asked = failed;
    asked.retry_after = "not a number";
    expect_ok("send", send_faults(&client, &asked, 1));
    expect_true("not asked", fake_dynamodb_seen(1).at_ms - fake_dynamodb_seen(0).at_ms < 500);
    dynamodb_client_close(&client);
}

/* A wait that would pass the deadline is not begun. */
static void no_wait_past_the_deadline(void)
{
    static struct dynamodb_client client;
    struct dynamodb_exchange exchange = {0};
    struct fake_fault asked = throttled;
    asked.retry_after = "5000";
    open_client(&client, true);
    fake_dynamodb_reset(&asked, 1);
    const int64_t start_ms = clock_monotonic_ms();
    expect_refused("send", send_one(&client, start_ms + 4500, &exchange),
                   "store: DynamoDB asks to slow down");
    expect_true("at once", clock_monotonic_ms() - start_ms < 4000);
    expect_true("and says so",
                aws_error_is(&exchange.error, "ProvisionedThroughputExceededException"));
    dynamodb_client_close(&client);
}

static void retry_tokens(void)
{
    static struct dynamodb_client client;
    open_client(&client, true);
    client.retry_tokens = DYNAMODB_RETRY_COST;
    expect_ok("enough for one", send_faults(&client, &failed, 1));
    expect_u64("given back", client.retry_tokens, DYNAMODB_RETRY_COST);
    client.retry_tokens = DYNAMODB_RETRY_COST - 1;
    expect_kind("one too few", send_faults(&client, &failed, 1), FAILURE_UNAVAILABLE);
    expect_u64("requests", fake_dynamodb_seen_count(), 1);
    client.retry_tokens = DYNAMODB_THROTTLED_RETRY_COST;
    expect_ok("throttling costs less", send_faults(&client, &throttled, 1));
    expect_ok("a success gives one back", send_faults(&client, NULL, 0));
    expect_u64("tokens", client.retry_tokens, DYNAMODB_THROTTLED_RETRY_COST + 1);
    client.retry_tokens = DYNAMODB_RETRY_TOKENS;
    expect_ok("a full bucket", send_faults(&client, NULL, 0));
    expect_u64("tokens", client.retry_tokens, DYNAMODB_RETRY_TOKENS);
    dynamodb_client_close(&client);
}

static void refused_credentials(void)
{
    static const char *const names[] = {"ExpiredTokenException", "UnrecognizedClientException"};
    static struct dynamodb_client client;
    open_client(&client, true);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct fake_fault refused = {.kind = FAKE_ERROR, .code = 400, .name = names[i]};
        const struct fake_fault twice[] = {refused, refused};
        runner_row(names[i]);
        client.retry_tokens = 0; /* renewing them is not a retry */
        expect_ok("once", send_faults(&client, twice, 1));
        expect_u64("renewed", fake_dynamodb_refused_count(), 1);
        expect_text("first", slice_text(fake_dynamodb_seen(0).access_key_id), "AKIDEXAMPLE0");
        expect_text("second", slice_text(fake_dynamodb_seen(1).access_key_id), "AKIDEXAMPLE1");
        expect_refused("twice", send_faults(&client, twice, 2),
                       "store: AWS refuses our credentials");
        expect_u64("requests", fake_dynamodb_seen_count(), 2);
    }
    dynamodb_client_close(&client);
}

static void no_credentials(void)
{
    static struct dynamodb_client client;
    struct dynamodb_exchange exchange = {.is_write = true};
    open_client(&client, true);
    fake_dynamodb_reset(NULL, 0);
    fake_dynamodb_credentials_fail(true);
    const status got = send_one(&client, clock_deadline_ms(DEADLINE_MS), &exchange);
    expect_refused("send", got, "store: there are no AWS credentials");
    expect_kind("kind", got, FAILURE_UNAVAILABLE);
    expect_true("nothing happened", !exchange.may_have_happened);
    expect_u64("requests", fake_dynamodb_seen_count(), 0);
    fake_dynamodb_credentials_fail(false);
    dynamodb_client_close(&client);
}

/* The reply's Date is `offset_s` from our time; whether the call is repeated by that clock. */
static void clocks(void)
{
    static const struct {
        const char *name;
        int64_t offset_s;
        bool trusts_date, has_date, is_repeated;
    } rows[] = {
        {"ten minutes ahead", 600, true, true, true},
        {"ten minutes behind", -600, true, true, true},
        {"a little more than four minutes", 245, true, true, true},
        {"a little less than four minutes", 235, true, true, false},
        {"the same time", 0, true, true, false},
        {"without TLS", 600, false, true, false},
        {"without a date", 600, true, false, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct dynamodb_client client;
        struct fake_fault refused = {
            .kind = FAKE_ERROR, .code = 400, .name = "InvalidSignatureException"};
        int64_t first_s, second_s;
        runner_row(rows[i].name);
        open_client(&client, rows[i].trusts_date);
        if (rows[i].has_date) refused.date_s = clock_wall_ms() / 1000 + rows[i].offset_s;
        const status got = send_faults(&client, &refused, 1);
        if (!rows[i].is_repeated) {
            expect_refused("send", got, "store: AWS refuses our signature");
            expect_u64("requests", fake_dynamodb_seen_count(), 1);
            expect_true("clock", client.skew_ms == 0);
        } else if (expect_ok("send", got)) {
            expect_ok("first",
                      aws_time_parse_basic(slice_text(fake_dynamodb_seen(0).signed_at), &first_s));
            expect_ok("second",
                      aws_time_parse_basic(slice_text(fake_dynamodb_seen(1).signed_at), &second_s));
            const int64_t change_s = second_s - first_s - rows[i].offset_s;
            expect_true("by the service's clock", change_s >= -2 && change_s <= 2);
            expect_ok("the next", send_faults(&client, NULL, 0));
            expect_ok("its time",
                      aws_time_parse_basic(slice_text(fake_dynamodb_seen(0).signed_at), &second_s));
            expect_true("kept", second_s - first_s - rows[i].offset_s >= -2);
        }
        dynamodb_client_close(&client);
    }
}

/* A signature refused again under the service's clock is a mistake of ours: no loop. */
static void clock_is_set_once(void)
{
    static struct dynamodb_client client;
    struct fake_fault refused = {
        .kind = FAKE_ERROR, .code = 400, .name = "InvalidSignatureException"};
    open_client(&client, true);
    refused.date_s = clock_wall_ms() / 1000 + 900;
    struct fake_fault later = refused;
    later.date_s += 900;
    const struct fake_fault both[] = {refused, later};
    expect_refused("send", send_faults(&client, both, 2), "store: AWS refuses our signature");
    expect_u64("requests", fake_dynamodb_seen_count(), 2);
    dynamodb_client_close(&client);
}

static void nobody_listens(void)
{
    static struct dynamodb_client client;
    struct http_client nobody = {0};
    struct http_client_settings places = {.dial = endpoint_dial,
                                          .clock = clock_system(),
                                          .connection_count_max = 1,
                                          .idle_ms_max = 1000};
    struct dynamodb_exchange exchange = {.is_write = true};
    expect_ok("parse", endpoint_parse(slice_text("unix:/tmp/enw-nobody.sock"), &places.origin));
    expect_ok("client", http_client_open(&places, &nobody));
    const struct dynamodb_config config = fake_dynamodb_config(&nobody);
    expect_ok("open", dynamodb_client_open(&client, &config));
    const status got = send_one(&client, clock_deadline_ms(DEADLINE_MS), &exchange);
    expect_refused("send", got, "store: DynamoDB does not answer");
    expect_true("a write cannot have happened", !exchange.may_have_happened);
    dynamodb_client_close(&client);
    http_client_close(&nobody);
}

static void *hold_call(void *argument)
{
    struct dynamodb_call *call = argument;
    /* Long enough for the other thread to be waiting. */
    while (clock_monotonic_ms() < call->deadline_ms) continue;
    dynamodb_call_close(call);
    return NULL;
}

/* More calls than there is memory for wait, until their deadline or until one ends. */
static void memory_is_waited_for(void)
{
    static struct dynamodb_client client;
    static struct dynamodb_call calls[DYNAMODB_CALL_COUNT_MAX];
    struct dynamodb_call more = {0};
    pthread_t holder;
    open_client(&client, true);
    for (size_t i = 0; i < DYNAMODB_CALL_COUNT_MAX; i++) {
        expect_ok("fits", dynamodb_call_open(&client, 1000, clock_deadline_ms(200), &calls[i]));
    }
    const int64_t start_ms = clock_monotonic_ms();
    expect_kind("one more", dynamodb_call_open(&client, 1000, start_ms + 100, &more),
                FAILURE_UNAVAILABLE);
    expect_true("has waited", clock_monotonic_ms() - start_ms >= 95);
    calls[0].deadline_ms = clock_deadline_ms(100);
    expect_true("thread", pthread_create(&holder, NULL, hold_call, &calls[0]) == 0);
    expect_ok("when one ends",
              dynamodb_call_open(&client, 1000, clock_deadline_ms(DEADLINE_MS), &more));
    (void)pthread_join(holder, NULL);
    dynamodb_call_close(&more);
    for (size_t i = 1; i < DYNAMODB_CALL_COUNT_MAX; i++) dynamodb_call_close(&calls[i]);
    dynamodb_client_close(&client);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"settings", settings},
        {"attempts are bounded", attempts_are_bounded},
        {"attempts are signed anew", attempts_are_signed_anew},
        {"throttling waits longer", throttling_waits_longer},
        {"no wait past the deadline", no_wait_past_the_deadline},
        {"retry tokens", retry_tokens},
        {"refused credentials", refused_credentials},
        {"no credentials", no_credentials},
        {"clocks", clocks},
        {"clock is set once", clock_is_set_once},
        {"nobody listens", nobody_listens},
        {"memory is waited for", memory_is_waited_for},
    };
    fake_dynamodb_open(&http);
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    fake_dynamodb_close(&http);
    return code;
}
