#include "credentials/container.h"

#include "os/file.h"
#include "os/flags.h"

/* The request twice (its parts and as printed), the answer twice (as received, and its body). */
enum {
    ARENA_SIZE = 4 * CREDENTIALS_CONTAINER_RESPONSE_SIZE_MAX + 2 * SECRET_TEXT_SIZE_MAX,
};

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
    secret_wipe(bytes.memory, text.size);
}

static status take_token(struct credentials_container *container)
{
    void *token;
    TRY(locked_open(&container->locked, sizeof *container->token));
    TRY(locked_take(&container->locked, sizeof *container->token, &token));
    container->token = token;
    container->token_file = flags_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const slice text = text_of("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (text.size == 0) return status_ok();
    const status taken =
        container->token_file ? status_ok() : container_token_read(text, container->token);
    overwrite(text);
    return taken;
}

static status open_set(struct credentials_container *container,
                       const struct credentials_container_settings *settings)
{
    const slice relative = text_of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const slice full = text_of("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct builder builder;
    slice address;
    if (relative.size == 0 && full.size == 0) return status_ok();
    builder_init(&builder, container->address, sizeof container->address);
    TRY(container_address_put(relative, full, &builder));
    TRY(builder_finish(&builder, &address));
    TRY(container_address_parse(address, &container->uri));
    TRY(take_token(container));
    const struct credentials_origin_settings origin = {.uri = container->uri,
                                                       .ca_file = settings->ca_file,
                                                       .dial = settings->dial,
                                                       .clock = settings->clock,
                                                       .arena_size = ARENA_SIZE};
    TRY(credentials_origin_open(&container->origin, &origin));
    container->is_set = true;
    return status_ok();
}

status credentials_container_open(struct credentials_container *container,
                                  const struct credentials_container_settings *settings)
{
    *container = (struct credentials_container){0};
    const status opened = open_set(container, settings);
    if (!status_is_ok(opened)) credentials_container_close(container);
    return opened;
}

void credentials_container_close(struct credentials_container *container)
{
    credentials_origin_close(&container->origin);
    locked_close(&container->locked);
    *container = (struct credentials_container){0};
}

static status read_token(struct credentials_container *container)
{
    slice text;
    if (!container->token_file) return status_ok();
    TRY(file_read(container->token_file, SECRET_TEXT_SIZE_MAX, &container->origin.arena, &text));
    return container_token_read(text, container->token);
}

static status ask(struct credentials_container *container, int64_t deadline_ms,
                  struct aws_credentials *credentials)
{
    struct credentials_origin *origin = &container->origin;
    struct builder memory;
    struct http_request request;
    struct http_response response;
    TRY(read_token(container));
    builder_init_arena(&memory, &origin->arena, CONTAINER_MEMORY_SIZE_MAX);
    TRY(container_credentials_build(&container->uri, slice_text(origin->host), container->token,
                                    &memory, &request));
    const int64_t try_until_ms = clock_deadline_ms(CREDENTIALS_CONTAINER_TRY_TIMEOUT_MS);
    const struct http_client_call call = {
        .request = &request,
        .response_size_max = CREDENTIALS_CONTAINER_RESPONSE_SIZE_MAX,
        .deadline_ms = try_until_ms < deadline_ms ? try_until_ms : deadline_ms,
    };
    TRY(http_client_send(&origin->client, &call, &origin->arena, &response));
    return container_credentials_read(&response, credentials);
}

static status fetch(void *context, int64_t deadline_ms, struct aws_credentials *credentials)
{
    struct credentials_container *container = context;
    REQUIRE(container->is_set, NOT_FOUND, "credentials: no container agent is set");
    const status asked = ask(container, deadline_ms, credentials);
    arena_empty(&container->origin.arena);
    if (container->token_file) secret_text_wipe(container->token);
    return credentials_origin_settle(asked);
}

struct credentials_fetcher credentials_container_fetcher(struct credentials_container *container)
{
    return (struct credentials_fetcher){"container", fetch, container};
}
