/*
 * The store's contract against a DynamoDB that nobody here wrote. Its port is the first argument;
 * tests/e2e/store_dynamodb.sh starts it. What it does not have (throttling, lost replies, checksums
 * that are wrong) is tested against a scripted server, in dynamodb_test.c.
 */
#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "net/http_client.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "runner.h"
#include "store/dynamodb.h"
#include "store/dynamodb_table.h"

static struct http_client http;
static struct dynamodb_store dynamodb, other_table;
static struct stored_account account, kept;
static char host[64];

static status get_credentials(void *context, int64_t deadline_ms,
                              struct aws_credentials *credentials)
{
    const struct aws_credentials_parts parts = {
        .access_key_id = slice_text("AKIDEXAMPLE"),
        .secret = slice_text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .session_token = slice_text("EXAMPLESESSIONTOKEN=="),
    };
    (void)context;
    (void)deadline_ms;
    return aws_credentials_init(&parts, credentials);
}

static status open_table(const char *table, struct dynamodb_store *store)
{
    const struct dynamodb_config config = {
        .region = "us-east-1",
        .table = table,
        .host = host,
        .http = &http,
        .credentials = {.get = get_credentials},
    };
    return dynamodb_store_open(store, &config);
}

static status open_http(const char *port)
{
    char text[80];
    struct http_client_settings settings = {
        .dial = tcp_dial,
        .clock = clock_system(),
        .connection_count_max = 16,
        .idle_ms_max = 5000,
    };
    snprintf(host, sizeof host, "127.0.0.1:%s", port);
    snprintf(text, sizeof text, "tcp:%s", host);
    TRY(endpoint_parse(slice_text(text), &settings.origin));
    return http_client_open(&settings, &http);
}

static void table_life(void)
{
    struct dynamodb_store store = {0};
    char table[64];
    snprintf(table, sizeof table, "life-%lld", (long long)clock_wall_ms());
    expect_ok("open", open_table(table, &store));
    const struct store port = dynamodb_store_port(&store);
    expect_kind("no table", dynamodb_table_check(&store, contract_deadline_ms()),
                FAILURE_NOT_FOUND);
    contract_account("early", &account);
    /* A table that is missing must not look like an account that is. */
    expect_refused("get", store_get(&port, slice_text("early"), contract_deadline_ms(), &kept),
                   "store: DynamoDB has no such table");
    expect_refused("put", store_put_if_absent(&port, &account, contract_deadline_ms()),
                   "store: DynamoDB has no such table");
    expect_kind("not ready", store_check_ready(&port, contract_deadline_ms()), FAILURE_UNAVAILABLE);
    expect_ok("create", dynamodb_table_create(&store, contract_deadline_ms()));
    expect_ok("again", dynamodb_table_create(&store, contract_deadline_ms()));
    expect_ok("check", dynamodb_table_check(&store, contract_deadline_ms()));
    expect_ok("ready", store_check_ready(&port, contract_deadline_ms()));
    expect_ok("put", store_put_if_absent(&port, &account, contract_deadline_ms()));
    dynamodb_store_close(&store);
}

/* The script has put an item of the older layout there with AWS's own client. */
static void older_layout(void)
{
    static struct stored_entry entries[STORE_PAGE_COUNT_MAX];
    struct store_page page = {.entries = entries, .count_max = ARRAY_COUNT(entries)};
    const struct store port = dynamodb_store_port(&other_table);
    static const char sentence[] = "store: item has the older layout; migrate it first";
    expect_refused("get", store_get(&port, slice_text("old-timer"), contract_deadline_ms(), &kept),
                   sentence);
    expect_refused("find",
                   store_find_by_address(&port,
                                         slice_text("0x00000000000000000000000000000000000000A1"),
                                         contract_deadline_ms(), &kept),
                   sentence);
    contract_account("old-timer", &account);
    expect_kind("put", store_put_if_absent(&port, &account, contract_deadline_ms()),
                FAILURE_CONFLICT);
    account.version = 2;
    expect_kind("replace", store_replace_if_version(&port, &account, 1, contract_deadline_ms()),
                FAILURE_CONFLICT);
    expect_refused("still there",
                   store_get(&port, slice_text("old-timer"), contract_deadline_ms(), &kept),
                   sentence);
    expect_ok("list", store_list(&port, slice_text(""), contract_deadline_ms(), &page));
    size_t found = 0;
    for (size_t i = 0; i < page.count; i++) {
        if (!slice_equal(slice_text(entries[i].name), slice_text("old-timer"))) continue;
        found++;
        expect_u64("version", entries[i].version, 0);
        expect_text("creation time", slice_text(entries[i].created_at), "");
    }
    expect_u64("listed", found, 1);
}

/* An account that AWS's own client has put in our layout is one of ours, and the other way round. */
static void shares_its_layout(void)
{
    const struct store port = dynamodb_store_port(&other_table);
    if (!expect_ok("get", store_get(&port, slice_text("theirs"), contract_deadline_ms(), &kept))) {
        return;
    }
    expect_text("address", slice_text(kept.address), "0x00000000000000000000000000000000000000b2");
    expect_hex("record", slice_of(kept.record, kept.record_size), "000102fdfeff");
    expect_u64("version", kept.version, 1);
    contract_account("ours", &account);
    memset(account.record, 0xab, account.record_size = 3);
    expect_ok("put", store_put_if_absent(&port, &account, contract_deadline_ms()));
}

int main(int argc, char **argv)
{
    static struct runner_test tests[CONTRACT_TEST_COUNT_MAX] = {
        {"table's life", table_life},
        {"older layout", older_layout},
        {"shares its layout", shares_its_layout},
    };
    static struct contract_subject subject;
    if (argc < 2 || !status_is_ok(open_http(argv[1]))) return 2;
    if (!status_is_ok(open_table("contract", &dynamodb))) return 2;
    if (!status_is_ok(open_table("accounts", &other_table))) return 2;
    if (!status_is_ok(dynamodb_table_create(&dynamodb, contract_deadline_ms()))) return 2;
    subject = (struct contract_subject){
        .store = dynamodb_store_port(&dynamodb), .account_count = 1100, .address_lag_ms = 5000};
    contract_use(&subject);
    const int code = runner_main(argc - 1, argv + 1, __FILE__, tests, contract_tests(tests, 3));
    dynamodb_store_close(&other_table);
    dynamodb_store_close(&dynamodb);
    http_client_close(&http);
    return code;
}
