#include <string.h>

#include "cli/commands.h"
#include "cli/escape.h"
#include "http/uri.h"

enum { PAGE_COUNT_MAX = 100, CURSOR_SIZE_MAX = 256, ENTRY_COUNT_MAX = 1000 };

static status put_account(struct session *session, const json_value *object)
{
    uint64_t version;
    struct builder digits;
    TRY(session_put_field(session, "name", object, "name"));
    TRY(session_put_field(session, "address", object, "address"));
    if (json_has_value(object, "publicKey")) {
        TRY(session_put_field(session, "public key", object, "publicKey"));
    }
    TRY(session_put_field(session, "KMS key", object, "keyId"));
    REQUIRE(status_is_ok(json_read_u64(object, "version", INT64_MAX, &version)), CORRUPT,
            "the service's answer lacks a field");
    builder_init_arena(&digits, &session->arena, 20);
    builder_put_decimal(&digits, version);
    session_put_line(session, "version", builder_view(&digits));
    return session_put_field(session, "created", object, "createdAt");
}

status commands_account_create(struct session *session)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    struct builder body;
    const slice name = slice_text(session->flags->operands[0]);
    REQUIRE(name.size <= SESSION_ID_SIZE_MAX, BAD_INPUT, "account: a name has 1 to 128 characters");
    builder_init_arena(&body, &session->arena, 6 * SESSION_ID_SIZE_MAX + 64);
    json_put_object_open(&body);
    json_put_name(&body, "name");
    json_put_string(&body, name);
    json_put_object_close(&body);
    const struct session_call call = {
        .method = "POST", .target = slice_text("/v1/accounts"), .body = builder_view(&body)};
    TRY(session_send(session, &call, &document, &object));
    return session->is_json ? status_ok() : put_account(session, &object);
}

status commands_account_show(struct session *session)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    struct session_call call = {.method = "GET"};
    TRY(session_build_path(session, session->flags->operands[0], "", &call.target));
    TRY(session_send(session, &call, &document, &object));
    return session->is_json ? status_ok() : put_account(session, &object);
}

/* ---- list ---- */

/* Where a listing is. */
struct walk {
    uint64_t left_count; /* accounts still wanted */
    char cursor[CURSOR_SIZE_MAX + 1];
    bool is_over;
};

static status build_target(struct session *session, const struct walk *walk, slice *target)
{
    struct builder text;
    const uint64_t count = walk->left_count < PAGE_COUNT_MAX ? walk->left_count : PAGE_COUNT_MAX;
    builder_init_arena(&text, &session->arena, 3 * CURSOR_SIZE_MAX + 64);
    builder_put_text(&text, "/v1/accounts?limit=");
    builder_put_decimal(&text, count);
    if (walk->cursor[0]) {
        builder_put_text(&text, "&cursor=");
        uri_put_encoded(&text, slice_text(walk->cursor));
    }
    return builder_finish(&text, target);
}

static status put_entry(struct session *session, const json_value *entry)
{
    slice name, address;
    struct builder shown;
    REQUIRE(status_is_ok(json_read_string(entry, "name", 1, SESSION_ID_SIZE_MAX, &name)) &&
                status_is_ok(json_read_string(entry, "address", 1, SESSION_ID_SIZE_MAX, &address)),
            CORRUPT, "the service's answer lacks a field");
    builder_init_arena(&shown, &session->arena, 16 * SESSION_ID_SIZE_MAX);
    escape_put(&shown, address);
    builder_put_text(&shown, "  ");
    escape_put(&shown, name);
    builder_put_text(&shown, "\n");
    const slice line = builder_view(&shown);
    (void)fwrite(line.bytes, 1, line.size, session->streams.out);
    return status_ok();
}

/* Notes where the next page starts; the answer's memory goes with the page. */
static status read_next(const json_value *object, struct walk *walk)
{
    slice next;
    walk->cursor[0] = '\0';
    walk->is_over = !json_has_value(object, "next");
    if (walk->is_over) return status_ok();
    REQUIRE(status_is_ok(json_read_string(object, "next", 1, CURSOR_SIZE_MAX, &next)), CORRUPT,
            "the service's answer lacks a field");
    memcpy(walk->cursor, next.bytes, next.size);
    walk->cursor[next.size] = '\0';
    return status_ok();
}

static status put_page(struct session *session, struct walk *walk)
{
    SCOPED(json_close) struct json document = {0};
    json_value object, accounts;
    struct session_call call = {.method = "GET"};
    TRY(build_target(session, walk, &call.target));
    TRY(session_send(session, &call, &document, &object));
    REQUIRE(status_is_ok(json_read_array(&object, "accounts", ENTRY_COUNT_MAX, &accounts)), CORRUPT,
            "the service's answer lacks a field");
    const size_t count = json_count(&accounts);
    for (json_value entry = json_first(&accounts); json_is_there(&entry);
         entry = json_next(&entry)) {
        if (!session->is_json) TRY(put_entry(session, &entry));
    }
    walk->left_count -= count < walk->left_count ? count : walk->left_count;
    return read_next(&object, walk);
}

status commands_account_list(struct session *session)
{
    struct walk walk = {.left_count = UINT64_MAX};
    const char *cursor = flags_text(session->flags, "cursor");
    if (flags_text(session->flags, "limit")) {
        const struct flags_range range = {1, INT64_MAX};
        TRY(flags_read_u64(session->flags, "limit", range, &walk.left_count));
    }
    if (cursor) {
        const slice text = slice_text(cursor);
        REQUIRE(text.size <= CURSOR_SIZE_MAX, BAD_INPUT, "cursor: is too long");
        memcpy(walk.cursor, text.bytes, text.size + 1);
    }
    while (!walk.is_over && walk.left_count > 0) {
        TRY(put_page(session, &walk));
        if (!walk.is_over && walk.left_count > 0) arena_empty(&session->arena);
    }
    return status_ok();
}
