#include "cli/commands.h"

static const char *const parts[] = {"store", "enclave", "credentials"};

/* One part's state, and why when it is not well. */
static status put_part(struct session *session, const json_value *object, const char *name)
{
    json_value part;
    slice state, message = slice_of("", 0);
    struct builder line;
    REQUIRE(status_is_ok(json_read_object(object, name, &part)) &&
                status_is_ok(json_read_string(&part, "state", 1, 64, &state)),
            CORRUPT, "the service's answer lacks a field");
    (void)status_is_ok(json_read_string(&part, "message", 0, 1024, &message));
    builder_init_arena(&line, &session->arena, 2048);
    builder_put(&line, state);
    if (message.size > 0) builder_put_text(&line, ": ");
    builder_put(&line, message);
    session_put_line(session, name, builder_view(&line));
    return status_ok();
}

/*
 * The service tells its readiness with its HTTP code and in words; the words are wanted in both
 * cases, so a refusal is read as an answer.
 */
status commands_health(struct session *session)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    slice state;
    const struct session_call call = {
        .method = "GET", .target = slice_text("/readyz"), .is_refusal_wanted = true};
    TRY(session_send(session, &call, &document, &object));
    REQUIRE(status_is_ok(json_read_string(&object, "status", 1, 64, &state)), CORRUPT,
            "the service's answer lacks a field");
    if (!session->is_json) {
        session_put_line(session, "service", state);
        for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
            TRY(put_part(session, &object, parts[i]));
        }
    }
    REQUIRE(slice_equal(state, slice_text("ready")), UNAVAILABLE, "the service is not ready");
    return status_ok();
}
