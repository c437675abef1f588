#include "parent/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

static struct stores stores;

static const struct {
    const char *name, *store, *region, *endpoint, *host, *refusal;
} rows[] = {
    {"memory", "memory:", NULL, NULL, "", NULL},
    {"a table", "dynamodb:accounts", "eu-west-1", "http://127.0.0.1:8000", "127.0.0.1:8000", NULL},
    {"a table at port 80", "dynamodb:accounts", "eu-west-1", "http://localhost", "localhost", NULL},
    {"a table without region", "dynamodb:accounts", NULL, NULL, "",
     "store: DynamoDB needs --region"},
    {"no table", "dynamodb:", "eu-west-1", NULL, "", "store: the table's name has no usable size"},
    {"nothing", "", NULL, NULL, "", "store: must be sqlite:/PATH, dynamodb:TABLE or memory:"},
    {"another", "redis:x", NULL, NULL, "",
     "store: must be sqlite:/PATH, dynamodb:TABLE or memory:"},
    {"memory with a name", "memory:x", NULL, NULL, "",
     "store: must be sqlite:/PATH, dynamodb:TABLE or memory:"},
};

static void open_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct stores_settings settings = {.store = slice_text(rows[i].store),
                                                 .region = rows[i].region,
                                                 .dynamodb_endpoint = rows[i].endpoint,
                                                 .ca_file = "/nonexistent"};
        struct store port;
        runner_row(rows[i].name);
        const status opened = stores_open(&stores, &settings, &port);
        expect_outcome("open", opened, rows[i].refusal);
        expect_text("host", slice_text(stores.host), rows[i].host);
        stores_close(&stores);
    }
}

/* AWS's own endpoint is only spoken to with roots to check it by. */
static void no_roots(void)
{
    const struct stores_settings settings = {
        .store = slice_text("dynamodb:accounts"), .region = "eu-west-1", .ca_file = "/nonexistent"};
    struct store port;
    expect_kind("refused", stores_open(&stores, &settings, &port), FAILURE_NOT_FOUND);
    stores_close(&stores);
}

static void a_file(void)
{
    char folder[] = "/tmp/enw-stores-XXXXXX", text[64];
    struct store port;
    expect_true("folder", mkdtemp(folder));
    snprintf(text, sizeof text, "sqlite:%s/accounts.sqlite", folder);
    const struct stores_settings settings = {.store = slice_text(text)};
    expect_ok("open", stores_open(&stores, &settings, &port));
    expect_ok("works", store_check_ready(&port, clock_deadline_ms(1000)));
    stores_close(&stores);
    unlink(text + 7);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"open rows", open_rows},
        {"no roots", no_roots},
        {"a file", a_file},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
