#include "credentials/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/tcp.h"
#include "runner.h"

static void set(const char *name, const char *value)
{
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

/* Which places are set, and who is asked. Nobody answers at any of the addresses. */
static const struct {
    const char *name, *key, *token_file, *agent, *chosen;
} rows[] = {
    {"all", "AKIAEXAMPLE", "/nonexistent", "http://127.0.0.1:1/", "environment"},
    {"a service account and an agent", NULL, "/nonexistent", "http://127.0.0.1:1/", "web_identity"},
    {"a service account", NULL, "/nonexistent", NULL, "web_identity"},
    {"an agent", NULL, NULL, "http://127.0.0.1:1/", "container"},
    {"none", NULL, NULL, NULL, "imds"},
};

/* The first that does not say "none here", as credentials_source asks them. */
static const char *ask(const struct credentials_settings *settings)
{
    static struct aws_credentials credentials;
    for (size_t i = 0; i < settings->fetcher_count; i++) {
        const struct credentials_fetcher *fetcher = &settings->fetchers[i];
        const status got = fetcher->fetch(fetcher->context, clock_deadline_ms(1000), &credentials);
        if (!status_is(got, FAILURE_NOT_FOUND)) return fetcher->name;
    }
    return "nobody";
}

static void in_order(void)
{
    static const struct credentials_places_settings chain_settings = {
        .sts_endpoint = "http://127.0.0.1:1",
        .ca_file = "/nonexistent",
        .imds_endpoint = "http://127.0.0.1:1",
        .dial = tcp_dial,
    };
    struct credentials_places_settings settings = chain_settings;
    settings.clock = clock_system();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct credentials_places places;
        struct credentials_settings filled = {0};
        runner_row(rows[i].name);
        set("AWS_ACCESS_KEY_ID", rows[i].key);
        set("AWS_SECRET_ACCESS_KEY", rows[i].key ? "secret" : NULL);
        set("AWS_WEB_IDENTITY_TOKEN_FILE", rows[i].token_file);
        set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r");
        set("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].agent);
        if (!expect_ok("open", credentials_places_open(&places, &settings))) continue;
        credentials_places_fill(&places, &filled);
        expect_text("asked", slice_text(ask(&filled)), rows[i].chosen);
        credentials_places_close(&places);
    }
}

/* A place that is set wrongly is a mistake to be told, not a reason to use the next. */
static void set_wrongly(void)
{
    static struct credentials_places places;
    const struct credentials_places_settings settings = {
        .imds_endpoint = "http://127.0.0.1:1", .dial = tcp_dial, .clock = clock_system()};
    for (size_t i = 0; i < 3; i++) {
        set("AWS_ACCESS_KEY_ID", i == 0 ? "AKIAEXAMPLE" : NULL);
        set("AWS_SECRET_ACCESS_KEY", NULL);
        set("AWS_WEB_IDENTITY_TOKEN_FILE", i == 1 ? "/nonexistent" : NULL);
        set("AWS_ROLE_ARN", NULL);
        set("AWS_CONTAINER_CREDENTIALS_FULL_URI", i == 2 ? "http://example.com/" : NULL);
        expect_true("refused", !status_is_ok(credentials_places_open(&places, &settings)));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"in order", in_order},
                                               {"set wrongly", set_wrongly}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
