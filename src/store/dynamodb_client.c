#include "store/dynamodb_client.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "aws/time.h"
#include "base/json_read.h"
#include "net/http_client.h"
#include "os/clock.h"
#include "os/random.h"

enum {
    REQUEST_SIZE_MAX = HTTP_HEAD_SIZE_MAX + 96 * 1024, /* a put's blobs in base64, as printed */
    ALIGNMENT_SIZE_MAX = 64,                           /* of what is taken from an arena */
    /* Of a page of 1,000 entries: 21 values and names each, and any text that has escapes. */
    PARSED_SIZE_MAX = DYNAMODB_RESPONSE_SIZE_MAX + 512 * 1024,
    WIRE_SIZE_MAX = SIGV4_MEMORY_SIZE_MAX + REQUEST_SIZE_MAX + DYNAMODB_PAGE_REPLY_SIZE_MAX +
                    PARSED_SIZE_MAX + ALIGNMENT_SIZE_MAX,
};

/* ---- the client ---- */

/* Copies a setting into a header or a body, of visible ASCII only. */
static status read_setting(const char *text, size_t size_max, char *field)
{
    const slice given = slice_text(text);
    REQUIRE(given.size >= 1 && given.size <= size_max, BAD_INPUT,
            "store: a setting of DynamoDB is empty or too long");
    for (size_t i = 0; i < given.size; i++) {
        REQUIRE(given.bytes[i] > 0x20 && given.bytes[i] < 0x7f, BAD_INPUT,
                "store: a setting of DynamoDB has a strange character");
    }
    memcpy(field, given.bytes, given.size);
    field[given.size] = '\0';
    return status_ok();
}

static status check_table(const char *table)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const size_t size = strlen(table);
    REQUIRE(size >= DYNAMODB_TABLE_SIZE_MIN && strspn(table, characters) == size, BAD_INPUT,
            "store: a table has 3 to 255 characters of A-Z a-z 0-9 _ . -");
    return status_ok();
}

static status open_slots(struct dynamodb_client *client)
{
    for (size_t i = 0; i < DYNAMODB_CALL_COUNT_MAX; i++) {
        TRY(arena_open(&client->slots[i].built, DYNAMODB_PAGE_MEMORY_SIZE));
        TRY(arena_open(&client->slots[i].wire, WIRE_SIZE_MAX));
    }
    return status_ok();
}

status dynamodb_client_open(struct dynamodb_client *client, const struct dynamodb_config *config)
{
    *client = (struct dynamodb_client){
        .http = config->http,
        .credentials = config->credentials,
        .trusts_date = config->trusts_date,
        .retry_tokens = DYNAMODB_RETRY_TOKENS,
    };
    TRY(read_setting(config->region, SIGV4_REGION_SIZE_MAX, client->region));
    TRY(read_setting(config->table, DYNAMODB_TABLE_SIZE_MAX, client->table));
    TRY(read_setting(config->host, DYNAMODB_HOST_SIZE_MAX, client->host));
    TRY(check_table(client->table));
    (void)pthread_mutex_init(&client->lock, NULL);
    (void)pthread_cond_init(&client->returned, NULL);
    client->is_open = true;
    const status opened = open_slots(client);
    if (!status_is_ok(opened)) dynamodb_client_close(client);
    return opened;
}

void dynamodb_client_close(struct dynamodb_client *client)
{
    if (!client->is_open) return;
    for (size_t i = 0; i < DYNAMODB_CALL_COUNT_MAX; i++) {
        arena_close(&client->slots[i].built);
        arena_close(&client->slots[i].wire);
        sigv4_key_wipe(&client->slots[i].key);
    }
    (void)pthread_cond_destroy(&client->returned);
    (void)pthread_mutex_destroy(&client->lock);
    *client = (struct dynamodb_client){0};
}

struct dynamodb_target dynamodb_client_target(const struct dynamodb_client *client)
{
    return (struct dynamodb_target){slice_text(client->host), slice_text(client->table)};
}

/* ---- a call's memory ---- */

static struct dynamodb_slot *free_slot(struct dynamodb_client *client)
{
    for (size_t i = 0; i < DYNAMODB_CALL_COUNT_MAX; i++) {
        if (!client->slots[i].is_taken) return &client->slots[i];
    }
    return NULL;
}

status dynamodb_call_open(struct dynamodb_client *client, size_t memory_size, int64_t deadline_ms,
                          struct dynamodb_call *call)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000 * 1000};
    struct dynamodb_slot *slot;
    int waited = 0;
    (void)pthread_mutex_lock(&client->lock);
    while (!(slot = free_slot(client)) && waited != ETIMEDOUT) {
        waited = pthread_cond_clockwait(&client->returned, &client->lock, CLOCK_MONOTONIC, &until);
    }
    if (slot) slot->is_taken = true;
    (void)pthread_mutex_unlock(&client->lock);
    REQUIRE(slot, UNAVAILABLE, "store: too many calls to DynamoDB are under way");
    *call = (struct dynamodb_call){.client = client, .slot = slot, .deadline_ms = deadline_ms};
    builder_init_arena(&call->memory, &slot->built, memory_size);
    return status_ok();
}

void dynamodb_call_close(struct dynamodb_call *call)
{
    if (!call->slot) return;
    arena_empty(&call->slot->built);
    arena_empty(&call->slot->wire);
    (void)pthread_mutex_lock(&call->client->lock);
    call->slot->is_taken = false;
    (void)pthread_cond_signal(&call->client->returned);
    (void)pthread_mutex_unlock(&call->client->lock);
    *call = (struct dynamodb_call){0};
}

/* ---- one attempt ---- */

/* What one attempt came to. */
struct attempt {
    status failure;
    enum aws_error_class class;
    bool may_have_happened;
    bool has_skew;
    int64_t skew_ms; /* the service's clock less ours */
    uint64_t retry_after_ms;
};

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* True when the request cannot have reached the service. */
static bool was_not_sent(status failure)
{
    /* Its certificate was refused, or its name has no address. */
    if (status_is(failure, FAILURE_DENIED) || status_is(failure, FAILURE_NOT_FOUND)) return true;
    return status_is(failure, FAILURE_UNAVAILABLE) &&
           (failure.detail == ECONNREFUSED || failure.detail == ENOENT ||
            failure.detail == EHOSTUNREACH || failure.detail == ENETUNREACH);
}

static status failure_of_transport(status failure)
{
    switch (failure.failure->kind) {
    case FAILURE_DENIED:
        FAIL(UNAVAILABLE, failure.detail, "store: DynamoDB's certificate is refused");
    case FAILURE_CORRUPT:
    case FAILURE_OVER_LIMIT:
    case FAILURE_BAD_INPUT:
        FAIL(UNAVAILABLE, failure.detail, "store: DynamoDB's reply cannot be read");
    case FAILURE_NOT_FOUND:
    case FAILURE_CONFLICT:
    case FAILURE_UNAVAILABLE:
    case FAILURE_INTERNAL:
    default: FAIL(UNAVAILABLE, failure.detail, "store: DynamoDB does not answer");
    }
}

/*
 * What the service's refusal means to us. A missing table or forbidden call is not the asked-for
 * account's fault, so none of these may look like NOT_FOUND or DENIED.
 */
static status failure_of_error(const struct aws_error *error)
{
    if (aws_error_is(error, "ConditionalCheckFailedException")) {
        FAIL(CONFLICT, error->code, "store: the condition of the write does not hold");
    }
    if (aws_error_is(error, "ResourceNotFoundException")) {
        FAIL(UNAVAILABLE, error->code, "store: DynamoDB has no such table");
    }
    if (aws_error_is(error, "AccessDeniedException")) {
        FAIL(UNAVAILABLE, error->code, "store: AWS does not allow this call to the table");
    }
    switch (error->class) {
    case AWS_ERROR_THROTTLED: FAIL(UNAVAILABLE, error->code, "store: DynamoDB asks to slow down");
    case AWS_ERROR_TRANSIENT: FAIL(UNAVAILABLE, error->code, "store: DynamoDB has failed");
    case AWS_ERROR_CREDENTIALS:
        FAIL(UNAVAILABLE, error->code, "store: AWS refuses our credentials");
    case AWS_ERROR_CLOCK: FAIL(UNAVAILABLE, error->code, "store: AWS refuses our signature");
    case AWS_ERROR_REFUSED:
    default: FAIL(INTERNAL, error->code, "store: DynamoDB refuses the call");
    }
}

/* Signs a copy of the request, whose new headers lie in the attempt's memory. */
static status sign(struct dynamodb_call *call, const struct aws_credentials *credentials,
                   int64_t skew_ms, struct http_request *request)
{
    const struct sigv4_signer signer = {
        .credentials = credentials,
        .scope = {.region = slice_text(call->client->region), .service = slice_text("dynamodb")},
        .key = &call->slot->key,
    };
    struct builder memory;
    builder_init_arena(&memory, &call->slot->wire, SIGV4_MEMORY_SIZE_MAX);
    if (status_is_ok(sigv4_sign(&signer, (clock_wall_ms() + skew_ms) / 1000, &memory, request))) {
        return status_ok();
    }
    FAIL(INTERNAL, 0, "store: the call to DynamoDB cannot be signed");
}

static status send_signed(struct dynamodb_call *call, const struct dynamodb_exchange *exchange,
                          const struct http_request *request, struct http_response *response)
{
    const struct http_client_call sent = {
        .request = request,
        /* A repeated write would meet its own first attempt unnoticed: repeating is done here. */
        .is_never_repeated = exchange->is_write,
        .response_size_max =
            exchange->is_page ? (size_t)DYNAMODB_PAGE_REPLY_SIZE_MAX : DYNAMODB_REPLY_SIZE_MAX,
        .deadline_ms = min_i64(call->deadline_ms, clock_deadline_ms(DYNAMODB_ATTEMPT_TIMEOUT_MS)),
    };
    return http_client_send(call->client->http, &sent, &call->slot->wire, response);
}

/* How far the service's clock is ahead, by the reply's Date, which has whole seconds. */
static void read_skew(const struct http_response *response, int64_t midpoint_ms,
                      struct attempt *attempt)
{
    slice date;
    int64_t date_s;
    if (!http_headers_find(&response->headers, "date", &date)) return;
    if (!status_is_ok(aws_time_parse_http(date, &date_s))) return;
    attempt->has_skew = true;
    attempt->skew_ms = date_s * 1000 + 500 - midpoint_ms;
}

static void read_retry_after(const struct http_response *response, struct attempt *attempt)
{
    slice text;
    uint64_t after_ms;
    if (!http_headers_find(&response->headers, "x-amz-retry-after", &text)) return;
    if (!status_is_ok(slice_parse_u64(text, INT32_MAX, &after_ms))) return;
    attempt->retry_after_ms = after_ms;
}

static bool is_json_object(slice body, struct arena *arena)
{
    SCOPED(json_close) struct json document = {0};
    json_value top;
    return status_is_ok(json_open(body, arena, &document)) &&
           status_is_ok(json_top_object(&document, &top));
}

/* Whether a reply is whole. A write's reply says nothing, but that it can be read at all. */
static status check_reply(const struct dynamodb_exchange *exchange,
                          const struct http_response *response, struct arena *arena)
{
    TRY(dynamodb_crc_check(response));
    const bool has_to_be_json = response->code == 200 && exchange->is_write;
    REQUIRE(!has_to_be_json || is_json_object(response->body, arena), UNAVAILABLE,
            "store: DynamoDB's reply cannot be read");
    return status_ok();
}

static void read_reply(struct dynamodb_exchange *exchange, const struct http_response *response,
                       struct arena *arena, struct attempt *attempt)
{
    read_retry_after(response, attempt);
    attempt->failure = check_reply(exchange, response, arena);
    if (!status_is_ok(attempt->failure)) {
        attempt->class = AWS_ERROR_TRANSIENT;
        attempt->may_have_happened = true;
        return;
    }
    if (response->code == 200) {
        exchange->body = response->body;
        return;
    }
    aws_error_read(response, &exchange->error);
    attempt->class = exchange->error.class;
    attempt->failure = failure_of_error(&exchange->error);
    /* A server that failed may have failed after it wrote. */
    attempt->may_have_happened = attempt->class == AWS_ERROR_TRANSIENT;
}

/* Everything up to the sending: what fails here has not happened and is not tried again. */
static status prepare(struct dynamodb_call *call, int64_t skew_ms,
                      struct aws_credentials *credentials, struct http_request *request)
{
    const struct dynamodb_credentials *source = &call->client->credentials;
    arena_empty(&call->slot->wire);
    const status got = source->get(source->context, call->deadline_ms, credentials);
    if (!status_is_ok(got)) {
        FAIL(UNAVAILABLE, got.detail, "store: there are no AWS credentials");
    }
    return sign(call, credentials, skew_ms, request);
}

static void try_once(struct dynamodb_call *call, struct dynamodb_exchange *exchange,
                     int64_t skew_ms, struct attempt *attempt)
{
    SCOPED(aws_credentials_wipe) struct aws_credentials credentials = {0};
    struct http_request request = exchange->request;
    struct http_response response;
    exchange->error = (struct aws_error){0};
    *attempt = (struct attempt){.class = AWS_ERROR_REFUSED};
    attempt->failure = prepare(call, skew_ms, &credentials, &request);
    if (!status_is_ok(attempt->failure)) return;
    const int64_t start_ms = clock_wall_ms();
    const status sent = send_signed(call, exchange, &request, &response);
    if (status_is_ok(sent)) {
        read_skew(&response, start_ms + (clock_wall_ms() - start_ms) / 2, attempt);
        read_reply(exchange, &response, &call->slot->wire, attempt);
        return;
    }
    attempt->failure = failure_of_transport(sent);
    /* A certificate that is refused now will be refused again. */
    if (!status_is(sent, FAILURE_DENIED)) attempt->class = AWS_ERROR_TRANSIENT;
    attempt->may_have_happened = !was_not_sent(sent);
}

/* ---- attempts ---- */

/* What a call has spent so far. */
struct tries {
    unsigned attempt_count; /* those that drew on the bucket, and the first */
    unsigned token_count;   /* drawn from the bucket */
    bool has_refreshed;
    bool has_set_clock;
    int64_t skew_ms; /* in use */
};

static int64_t read_skew_in_use(struct dynamodb_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    const int64_t skew_ms = client->skew_ms;
    (void)pthread_mutex_unlock(&client->lock);
    return skew_ms;
}

static bool draw_tokens(struct dynamodb_client *client, unsigned count)
{
    (void)pthread_mutex_lock(&client->lock);
    const bool has_enough = client->retry_tokens >= count;
    if (has_enough) client->retry_tokens -= count;
    (void)pthread_mutex_unlock(&client->lock);
    return has_enough;
}

/* A success gives back what the call's retries have cost, and one token when there were none. */
static void return_tokens(struct dynamodb_client *client, const struct tries *tries)
{
    (void)pthread_mutex_lock(&client->lock);
    client->retry_tokens += tries->token_count > 0 ? tries->token_count : 1;
    if (client->retry_tokens > DYNAMODB_RETRY_TOKENS) client->retry_tokens = DYNAMODB_RETRY_TOKENS;
    (void)pthread_mutex_unlock(&client->lock);
}

/* Full jitter: anything from none to the whole wait. */
static int64_t random_part(int64_t whole_ms)
{
    uint8_t bytes[4] = {0};
    uint64_t number = 0;
    /* Without randomness there is no jitter, which is still a wait. */
    if (!status_is_ok(random_read(bytes, sizeof bytes))) return whole_ms;
    for (size_t i = 0; i < sizeof bytes; i++) number = number << 8 | bytes[i];
    return (int64_t)(number * (uint64_t)whole_ms >> 32);
}

static int64_t wait_before_retry(const struct tries *tries, const struct attempt *attempt)
{
    const int64_t first_ms =
        attempt->class == AWS_ERROR_THROTTLED ? DYNAMODB_THROTTLED_BACKOFF_MS : DYNAMODB_BACKOFF_MS;
    const int64_t whole_ms =
        min_i64(first_ms << (tries->attempt_count - 1), DYNAMODB_BACKOFF_MS_MAX);
    const int64_t wait_ms = random_part(whole_ms);
    const int64_t asked_ms =
        min_i64((int64_t)attempt->retry_after_ms, wait_ms + DYNAMODB_RETRY_AFTER_MS_MAX);
    return wait_ms > asked_ms ? wait_ms : asked_ms;
}

static void sleep_ms(int64_t duration_ms)
{
    struct timespec left = {.tv_sec = duration_ms / 1000,
                            .tv_nsec = duration_ms % 1000 * 1000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

/* Waits for the next attempt; false when there is none to be. */
static bool wait_for_retry(struct dynamodb_call *call, struct tries *tries,
                           const struct attempt *attempt)
{
    const unsigned cost =
        attempt->class == AWS_ERROR_THROTTLED ? DYNAMODB_THROTTLED_RETRY_COST : DYNAMODB_RETRY_COST;
    if (tries->attempt_count >= DYNAMODB_ATTEMPT_COUNT_MAX) return false;
    const int64_t wait_ms = wait_before_retry(tries, attempt);
    if (clock_monotonic_ms() + wait_ms >= call->deadline_ms) return false;
    if (!draw_tokens(call->client, cost)) return false;
    tries->attempt_count++;
    tries->token_count += cost;
    sleep_ms(wait_ms);
    return true;
}

/* Takes the service's clock over, when ours is so far off that it explains the refusal. */
static bool set_clock(struct dynamodb_call *call, struct tries *tries,
                      const struct attempt *attempt)
{
    const int64_t change_ms = attempt->skew_ms - tries->skew_ms;
    if (tries->has_set_clock || !call->client->trusts_date || !attempt->has_skew) return false;
    if (change_ms >= -DYNAMODB_SKEW_MS_MAX && change_ms <= DYNAMODB_SKEW_MS_MAX) return false;
    tries->has_set_clock = true;
    tries->skew_ms = attempt->skew_ms;
    (void)pthread_mutex_lock(&call->client->lock);
    call->client->skew_ms = attempt->skew_ms;
    (void)pthread_mutex_unlock(&call->client->lock);
    return true;
}

static bool refresh_credentials(struct dynamodb_call *call, struct tries *tries)
{
    const struct dynamodb_credentials *source = &call->client->credentials;
    if (tries->has_refreshed) return false;
    tries->has_refreshed = true;
    if (source->refuse) source->refuse(source->context);
    return true;
}

static bool may_try_again(struct dynamodb_call *call, struct tries *tries,
                          const struct attempt *attempt)
{
    switch (attempt->class) {
    case AWS_ERROR_THROTTLED:
    case AWS_ERROR_TRANSIENT: return wait_for_retry(call, tries, attempt);
    case AWS_ERROR_CREDENTIALS: return refresh_credentials(call, tries);
    case AWS_ERROR_CLOCK: return set_clock(call, tries, attempt);
    case AWS_ERROR_REFUSED:
    default: return false;
    }
}

status dynamodb_call_send(struct dynamodb_call *call, struct dynamodb_exchange *exchange)
{
    struct tries tries = {.attempt_count = 1, .skew_ms = read_skew_in_use(call->client)};
    struct attempt attempt;
    exchange->may_have_happened = false;
    do {
        try_once(call, exchange, tries.skew_ms, &attempt);
        if (status_is_ok(attempt.failure)) {
            return_tokens(call->client, &tries);
            exchange->may_have_happened = false;
            return status_ok();
        }
        if (exchange->is_write && attempt.may_have_happened) exchange->may_have_happened = true;
    } while (may_try_again(call, &tries, &attempt));
    return attempt.failure;
}
