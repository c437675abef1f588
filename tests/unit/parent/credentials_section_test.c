#include "parent/credentials_section.h"

#include <stdatomic.h>

#include "proto/message.h"
#include "runner.h"

static atomic_bool has_none;

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    const struct aws_credentials_parts parts = {.access_key_id = slice_text("ASIAEXAMPLE"),
                                                .secret = slice_text("the-secret"),
                                                .session_token = slice_text("the-token")};
    (void)context;
    (void)deadline_ms;
    if (atomic_load(&has_none)) FAIL(UNAVAILABLE, 0, "test: none");
    return aws_credentials_init(&parts, credentials);
}

static struct credentials_source source;
static struct log log_sink;

static void open_source(void)
{
    const struct log_settings log = {"test", LOG_LEVEL_ERROR, 2, clock_system()};
    log_init(&log_sink, &log);
    const struct credentials_settings settings = {.fetchers = {{"test", fetch, NULL}},
                                                  .fetcher_count = 1,
                                                  .clock = clock_system(),
                                                  .log = &log_sink};
    expect_ok("open", credentials_source_open(&source, &settings));
}

static void what_the_enclave_reads(void)
{
    SCOPED(arena_close) struct arena arena = {0};
    static struct message_credentials parts;
    slice section = {0};
    atomic_store(&has_none, false);
    open_source();
    expect_ok("arena", arena_open(&arena, MESSAGE_CREDENTIALS_SIZE_MAX + 64));
    expect_ok("put", credentials_section_put(&source, clock_deadline_ms(30000), &arena, &section));
    expect_ok("read", message_credentials_read(section, &parts));
    expect_text("id", secret_expose_text(&parts.access_key_id), "ASIAEXAMPLE");
    expect_text("secret", secret_expose_text(&parts.secret_access_key), "the-secret");
    expect_text("token", secret_expose_text(&parts.session_token), "the-token");
    credentials_source_close(&source);
}

static void none(void)
{
    SCOPED(arena_close) struct arena arena = {0};
    slice section = {0};
    atomic_store(&has_none, true);
    open_source();
    expect_ok("arena", arena_open(&arena, MESSAGE_CREDENTIALS_SIZE_MAX + 64));
    expect_refused("none", credentials_section_put(&source, 0, &arena, &section),
                   "credentials: there are none yet");
    expect_u64("nothing was written", arena.used_size, 0);
    credentials_source_close(&source);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"what the enclave reads", what_the_enclave_reads},
        {"none", none},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
