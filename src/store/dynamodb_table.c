#include "store/dynamodb_table.h"

#include <time.h>

#include "os/clock.h"

enum {
    POLL_MS = 500,
    RECOVERY_POLL_COUNT_MAX =
        60, /* recovery cannot be switched on for some seconds after creation */
};

typedef status (*request_builder)(const struct dynamodb_target *target, struct builder *memory,
                                  struct http_request *request);

/* Builds and sends one request about the table. */
static status ask(struct dynamodb_call *call, request_builder build,
                  struct dynamodb_exchange *exchange)
{
    const struct dynamodb_target target = dynamodb_client_target(call->client);
    TRY(build(&target, &call->memory, &exchange->request));
    return dynamodb_call_send(call, exchange);
}

static status describe(struct dynamodb_client *client, int64_t deadline_ms,
                       struct dynamodb_table *table)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    struct dynamodb_exchange exchange = {0};
    TRY(dynamodb_call_open(client, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    const status asked = ask(&call, dynamodb_describe_table_build, &exchange);
    REQUIRE(!aws_error_is(&exchange.error, "ResourceNotFoundException"), NOT_FOUND,
            "store: DynamoDB has no such table");
    TRY(asked);
    TRY(dynamodb_describe_table_read(exchange.body, &call.slot->wire, table));
    REQUIRE(table->is_ours, CONFLICT,
            "store: the table is not keyed by name, or has no address-index");
    return status_ok();
}

status dynamodb_table_check(struct dynamodb_store *dynamodb, int64_t deadline_ms)
{
    struct dynamodb_table table;
    TRY(describe(&dynamodb->client, deadline_ms, &table));
    REQUIRE(table.is_active, UNAVAILABLE, "store: the table is not active yet");
    return status_ok();
}

static void pause_before_poll(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000L * 1000L}, NULL);
}

/* Its existence is what is wanted, whoever made it; describe tells whether it fits. */
static status create(struct dynamodb_client *client, int64_t deadline_ms)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    struct dynamodb_exchange exchange = {.is_write = true};
    TRY(dynamodb_call_open(client, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    const status asked = ask(&call, dynamodb_create_table_build, &exchange);
    return aws_error_is(&exchange.error, "ResourceInUseException") ? status_ok() : asked;
}

static status wait_until_active(struct dynamodb_client *client, int64_t deadline_ms)
{
    struct dynamodb_table table = {0};
    for (;;) {
        const status described = describe(client, deadline_ms, &table);
        /* A table just made may not be known everywhere yet. */
        if (!status_is(described, FAILURE_NOT_FOUND)) TRY(described);
        if (status_is_ok(described) && table.is_active) return status_ok();
        REQUIRE(clock_monotonic_ms() + POLL_MS < deadline_ms, UNAVAILABLE,
                "store: the table is not active yet");
        pause_before_poll();
    }
}

/* An emulator that does not know backups says so with this name. */
static status switch_recovery_on(struct dynamodb_client *client, int64_t deadline_ms)
{
    for (size_t i = 0;; i++) {
        SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
        struct dynamodb_exchange exchange = {0};
        TRY(dynamodb_call_open(client, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
        const status asked = ask(&call, dynamodb_recovery_build, &exchange);
        if (status_is_ok(asked) || aws_error_is(&exchange.error, "UnknownOperationException")) {
            return status_ok();
        }
        if (!aws_error_is(&exchange.error, "ContinuousBackupsUnavailableException")) return asked;
        if (i == RECOVERY_POLL_COUNT_MAX || clock_monotonic_ms() + POLL_MS >= deadline_ms) {
            return asked;
        }
        pause_before_poll();
    }
}

status dynamodb_table_create(struct dynamodb_store *dynamodb, int64_t deadline_ms)
{
    TRY(create(&dynamodb->client, deadline_ms));
    TRY(wait_until_active(&dynamodb->client, deadline_ms));
    return switch_recovery_on(&dynamodb->client, deadline_ms);
}
