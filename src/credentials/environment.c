#include "credentials/environment.h"

#include <string.h>

#include "base/secret.h"
#include "os/flags.h"

static slice text_of(const char *name)
{
    const char *value = flags_environment(name);
    return value ? slice_text(value) : slice_of(NULL, 0);
}

/* The environment's strings are the process's own memory, although the reader hands out views. */
static void overwrite(slice text)
{
    union {
        const uint8_t *view;
        uint8_t *memory;
    } bytes = {text.bytes};
    if (text.size > 0) secret_wipe(bytes.memory, text.size);
}

static status take(struct credentials_environment *environment)
{
    const struct aws_credentials_parts parts = {
        .access_key_id = text_of("AWS_ACCESS_KEY_ID"),
        .secret = text_of("AWS_SECRET_ACCESS_KEY"),
        .session_token = text_of("AWS_SESSION_TOKEN"),
    };
    if (parts.access_key_id.size == 0 && parts.secret.size == 0) return status_ok();
    REQUIRE(parts.access_key_id.size > 0, BAD_INPUT,
            "credentials: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
    REQUIRE(parts.secret.size > 0, BAD_INPUT,
            "credentials: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
    void *memory;
    TRY(locked_open(&environment->locked, sizeof *environment->credentials));
    TRY(locked_take(&environment->locked, sizeof *environment->credentials, &memory));
    TRY(aws_credentials_init(&parts, memory));
    environment->credentials = memory;
    overwrite(parts.secret);
    overwrite(parts.session_token);
    return status_ok();
}

status credentials_environment_open(struct credentials_environment *environment)
{
    *environment = (struct credentials_environment){0};
    const status taken = take(environment);
    if (!status_is_ok(taken)) credentials_environment_close(environment);
    return taken;
}

void credentials_environment_close(struct credentials_environment *environment)
{
    locked_close(&environment->locked);
    *environment = (struct credentials_environment){0};
}

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    const struct credentials_environment *environment = context;
    (void)deadline_ms;
    REQUIRE(environment->credentials, NOT_FOUND, "credentials: none in the environment");
    *credentials = *environment->credentials;
    return status_ok();
}

struct credentials_fetcher
credentials_environment_fetcher(struct credentials_environment *environment)
{
    return (struct credentials_fetcher){"environment", fetch, environment};
}
