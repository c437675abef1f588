#include "cli/session.h"

#include "cli/escape.h"
#include "http/uri.h"
#include "os/clock.h"

enum {
    REFUSAL_SIZE_MAX = 8 * 1024, /* bytes of what the service says, escaped */
    ANSWER_SIZE_MAX = 64,        /* bytes of a typed yes or no */
    LABEL_WIDTH = 12,
};

/* What the service refused, by kind, so that the kind is all that travels in the status. */
static const struct failure refusals[] = {
    {FAILURE_BAD_INPUT, __LINE__, __FILE__, "the service refuses the request"},
    {FAILURE_DENIED, __LINE__, __FILE__, "the service denies the request"},
    {FAILURE_NOT_FOUND, __LINE__, __FILE__, "the service does not find it"},
    {FAILURE_CONFLICT, __LINE__, __FILE__, "the service has it already"},
    {FAILURE_OVER_LIMIT, __LINE__, __FILE__, "the service finds it too much"},
    {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "the service is not available"},
    {FAILURE_CORRUPT, __LINE__, __FILE__, "the service has found something corrupt"},
    {FAILURE_INTERNAL, __LINE__, __FILE__, "the service has failed"},
};

int session_exit_code(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_BAD_INPUT: return 3;
    case FAILURE_DENIED: return 4;
    case FAILURE_NOT_FOUND: return 5;
    case FAILURE_CONFLICT: return 6;
    case FAILURE_UNAVAILABLE: return 7;
    case FAILURE_INTERNAL: return 8;
    case FAILURE_OVER_LIMIT: return 9;
    case FAILURE_CORRUPT: return 10;
    }
    return 8;
}

static enum failure_kind kind_of(unsigned code, slice name)
{
    switch (code) {
    case 400:
    case 405:
    case 422: return FAILURE_BAD_INPUT;
    case 401:
    case 403: return FAILURE_DENIED;
    case 404: return FAILURE_NOT_FOUND;
    case 409: return FAILURE_CONFLICT;
    case 413:
    case 429:
    case 431: return FAILURE_OVER_LIMIT;
    case 502:
    case 503:
    case 504: return FAILURE_UNAVAILABLE;
    default: break;
    }
    return slice_equal(name, slice_text("corrupt")) ? FAILURE_CORRUPT : FAILURE_INTERNAL;
}

status session_connect(struct session *session, const char *url)
{
    const struct client_settings settings = {
        .url = url,
        .token_file = flags_text(session->flags, "token-file"),
        .ca_file = flags_text(session->flags, "ca-file"),
    };
    const struct flags_range range = {1, SESSION_TIMEOUT_S_MAX};
    TRY(flags_read_u64(session->flags, "timeout", range, &session->timeout_s));
    return client_open(&settings, &session->client);
}

status session_open(struct session *session, const struct flags *flags,
                    const struct streams *streams)
{
    TRY(session_open_local(session, flags, streams));
    const status opened = session_connect(session, flags_text(flags, "url"));
    if (!status_is_ok(opened)) session_close(session);
    return opened;
}

status session_open_local(struct session *session, const struct flags *flags,
                          const struct streams *streams)
{
    *session = (struct session){
        .flags = flags, .streams = *streams, .is_json = flags_is_on(flags, "json")};
    return arena_open(&session->arena, CLIENT_ARENA_SIZE);
}

status session_refuse(struct session *session, const char *context, status result)
{
    if (status_is_ok(result)) return result;
    struct builder text;
    builder_init_arena(&text, &session->arena, REFUSAL_SIZE_MAX);
    builder_put_text(&text, context);
    builder_put_text(&text, ": ");
    builder_put_text(&text, status_message(result));
    session->refusal = builder_view(&text);
    return result;
}

void session_close(struct session *session)
{
    client_close(&session->client);
    arena_close(&session->arena);
    *session = (struct session){0};
}

/* ---- calls ---- */

static void note_refusal(struct session *session, unsigned code, slice name, slice message)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, REFUSAL_SIZE_MAX);
    escape_put(&text, slice_part(message, 0, 1024));
    builder_put_text(&text, message.size > 0 ? " (" : "(");
    escape_put(&text, slice_part(name, 0, 128));
    builder_put_text(&text, name.size > 0 ? ", HTTP " : "HTTP ");
    builder_put_decimal(&text, code);
    builder_put_text(&text, ")");
    session->refusal = builder_view(&text);
}

/* Reads {"error":{"code","message"}} as far as it is that. */
static status refuse(struct session *session, const struct client_reply *reply)
{
    SCOPED(json_close) struct json document = {0};
    json_value top, error;
    slice name = slice_of("", 0), message = slice_of("", 0);
    if (status_is_ok(json_open(reply->body, &session->arena, &document))) {
        top = json_top(&document);
        if (status_is_ok(json_read_object(&top, "error", &error))) {
            (void)status_is_ok(json_read_string(&error, "code", 0, 1024, &name));
            (void)status_is_ok(json_read_string(&error, "message", 0, 4096, &message));
        }
    }
    note_refusal(session, reply->code, name, message);
    const enum failure_kind kind = kind_of(reply->code, name);
    for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
        if (refusals[i].kind == kind) return (status){&refusals[i], reply->code};
    }
    FAIL(INTERNAL, reply->code, "the service has failed");
}

status session_send(struct session *session, const struct session_call *call, struct json *document,
                    json_value *object)
{
    struct client_reply reply;
    const struct client_call sent = {
        .method = call->method,
        .target = call->target,
        .body = call->body,
        .deadline_ms = clock_deadline_ms((int64_t)session->timeout_s * 1000),
    };
    const status answered = client_send(&session->client, &sent, &session->arena, &reply);
    /* A host that has no address is not an account that is not found. */
    REQUIRE(!status_is(answered, FAILURE_NOT_FOUND), UNAVAILABLE, "url: the host has no address");
    TRY(answered);
    const bool is_answer =
        (reply.code >= 200 && reply.code <= 299) || (call->is_refusal_wanted && reply.code == 503);
    if (!is_answer) return refuse(session, &reply);
    const status opened = json_open(reply.body, &session->arena, document);
    REQUIRE(status_is_ok(opened) && status_is_ok(json_top_object(document, object)), CORRUPT,
            "the service's answer is not a JSON object");
    if (session->is_json && !call->is_own_output) session_put_json(session, reply.body);
    return status_ok();
}

status session_build_path(struct session *session, const char *id, const char *rest, slice *path)
{
    const slice text = slice_text(id);
    struct builder builder;
    /* "." and ".." would name another resource after normalisation on the way. */
    REQUIRE(text.size >= 1 && text.size <= SESSION_ID_SIZE_MAX &&
                !slice_equal(text, slice_text(".")) && !slice_equal(text, slice_text("..")),
            BAD_INPUT, "account: a name or address has 1 to 128 characters");
    builder_init_arena(&builder, &session->arena, 3 * SESSION_ID_SIZE_MAX + 64);
    builder_put_text(&builder, "/v1/accounts/");
    uri_put_encoded(&builder, text);
    builder_put_text(&builder, rest);
    return builder_finish(&builder, path);
}

/* ---- output ---- */

static void put(FILE *file, slice text)
{
    (void)fwrite(text.bytes, 1, text.size, file);
}

void session_put_json(struct session *session, slice json)
{
    json = slice_trim(json);
    while (json.size > 0 && json.bytes[json.size - 1] == '\n') json.size--;
    put(session->streams.out, json);
    (void)fputc('\n', session->streams.out);
}

status session_put_refusal(struct session *session, status result)
{
    struct builder json;
    if (status_is_ok(result)) return result;
    builder_init_arena(&json, &session->arena, 2 * REFUSAL_SIZE_MAX);
    json_put_object_open(&json);
    json_put_name(&json, "verified");
    json_put_bool(&json, false);
    json_put_name(&json, "reason");
    json_put_string(&json, session->refusal.size > 0 ? session->refusal
                                                     : slice_text(status_message(result)));
    json_put_object_close(&json);
    session_put_json(session, builder_view(&json));
    return result;
}

void session_put_line(struct session *session, const char *label, slice text)
{
    struct builder line;
    /* Escapes take up to six times the room. */
    builder_init_arena(&line, &session->arena, 6 * text.size + 64);
    escape_put(&line, text);
    (void)fprintf(session->streams.out, "%-*s", LABEL_WIDTH, label);
    put(session->streams.out, builder_view(&line));
    (void)fputc('\n', session->streams.out);
}

status session_put_field(struct session *session, const char *label, const json_value *object,
                         const char *name)
{
    slice text;
    REQUIRE(status_is_ok(json_read_string(object, name, 0, CLIENT_REPLY_SIZE_MAX, &text)), CORRUPT,
            "the service's answer lacks a field");
    session_put_line(session, label, text);
    return status_ok();
}

/* ---- questions and failures ---- */

static bool is_yes(FILE *in)
{
    char answer[ANSWER_SIZE_MAX];
    if (!fgets(answer, sizeof answer, in)) return false;
    const slice text = slice_text(answer);
    const slice line = slice_part(text, 0, slice_index_of(text, '\n'));
    return slice_equal(line, slice_text("y")) || slice_equal(line, slice_text("yes"));
}

static void close_file(FILE **file)
{
    if (*file) (void)fclose(*file);
}

static status ask(struct session *session, bool is_input_used)
{
    SCOPED(close_file) FILE *terminal = NULL;
    FILE *in = session->streams.in;
    if (is_input_used) {
        terminal = fopen("/dev/tty", "re");
        REQUIRE(terminal, BAD_INPUT, "--ask needs a terminal, or input that is not used");
        in = terminal;
    }
    (void)fprintf(session->streams.err, "Sign this? Type yes or no: ");
    (void)fflush(session->streams.err);
    if (is_yes(in)) return status_ok();
    session->has_declined = true;
    FAIL(DENIED, 0, "not signed");
}

status session_confirm(struct session *session, slice lines, bool is_input_used)
{
    const bool has_question = flags_is_on(session->flags, "ask");
    if (session->is_json && !has_question) return status_ok();
    put(session->streams.err, lines);
    (void)fflush(session->streams.err);
    return has_question ? ask(session, is_input_used) : status_ok();
}

int session_explain(const struct session *session, FILE *err, status failure)
{
    if (session->refusal.size > 0) {
        (void)fprintf(err, "enw: ");
        put(err, session->refusal);
        (void)fputc('\n', err);
    } else {
        (void)fprintf(
            err, "enw: %s%s\n", status_message(failure),
            status_is(failure, FAILURE_UNAVAILABLE) ? " (--url or ENW_URL names the service)" : "");
    }
    return session->has_declined ? SESSION_DECLINED : session_exit_code(failure.failure->kind);
}
