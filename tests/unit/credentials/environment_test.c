#include "credentials/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *id, *secret, *token, *refusal;
    bool has_credentials;
} rows[] = {
    {"nothing", NULL, NULL, NULL, NULL, false},
    {"empty is nothing", "", "", "", NULL, false},
    {"token alone is nothing", NULL, NULL, "token", NULL, false},
    {"id and secret", "AKIAEXAMPLE", "secret", NULL, NULL, true},
    {"with a token", "ASIAEXAMPLE", "secret", "token", NULL, true},
    {"id without secret", "AKIAEXAMPLE", NULL, NULL,
     "credentials: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY", false},
    {"secret without id", NULL, "secret", NULL,
     "credentials: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID", false},
};

static void set(const char *name, const char *value)
{
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct credentials_environment environment;
        struct aws_credentials credentials = {0};
        runner_row(rows[i].name);
        set("AWS_ACCESS_KEY_ID", rows[i].id);
        set("AWS_SECRET_ACCESS_KEY", rows[i].secret);
        set("AWS_SESSION_TOKEN", rows[i].token);
        const status opened = credentials_environment_open(&environment);
        if (!expect_outcome("open", opened, rows[i].refusal) || rows[i].refusal) continue;
        const struct credentials_fetcher fetcher = credentials_environment_fetcher(&environment);
        const status fetched = fetcher.fetch(fetcher.context, 0, &credentials);
        if (!rows[i].has_credentials) {
            expect_kind("none", fetched, FAILURE_NOT_FOUND);
        } else if (expect_ok("fetched", fetched)) {
            expect_text("id", aws_credentials_id(&credentials), rows[i].id);
            expect_true("never expire", credentials.expires_at_s == 0);
            expect_u64("token", credentials.session_token.size,
                       rows[i].token ? strlen(rows[i].token) : 0);
            const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
            expect_true("the environment forgets the secret", !secret || secret[0] == 0);
            const char *token = getenv("AWS_SESSION_TOKEN");
            expect_true("and the token", !token || token[0] == 0);
            expect_ok("again", fetcher.fetch(fetcher.context, 0, &credentials));
        }
        credentials_environment_close(&environment);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"read rows", read_rows}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
