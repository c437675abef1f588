#include <string.h>

#include "base/hex.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/escape.h"
#include "eth/amount.h"
#include "eth/tx_json.h"
#include "os/file.h"

enum {
    TX_JSON_SIZE_MAX = 256 * 1024, /* bytes of a transaction's JSON; its data is in hex */
    MESSAGE_SIZE_MAX = 61440,      /* bytes, what the service takes */
};

/* Reads all of a stream. */
static status read_stream(FILE *file, size_t size_max, struct arena *arena, slice *contents)
{
    void *memory;
    TRY(arena_take(arena, size_max + 1, &memory));
    const size_t size = fread(memory, 1, size_max + 1, file);
    REQUIRE(!ferror(file), BAD_INPUT, "input: cannot be read");
    REQUIRE(size <= size_max, OVER_LIMIT, "input: is too long");
    *contents = slice_of(memory, size);
    return status_ok();
}

/* Reads a file, or the standard input when it is "-". */
static status read_input(struct session *session, const char *path, size_t size_max,
                         slice *contents)
{
    if (slice_equal(slice_text(path), slice_text("-"))) {
        return read_stream(session->streams.in, size_max, &session->arena, contents);
    }
    const status read = file_read(path, size_max, &session->arena, contents);
    REQUIRE(!status_is(read, FAILURE_NOT_FOUND), BAD_INPUT, "input: there is no such file");
    REQUIRE(!status_is(read, FAILURE_UNAVAILABLE), BAD_INPUT, "input: cannot be read");
    return read;
}

static bool is_standard_input(const struct session *session)
{
    const char *path = flags_text(session->flags, "file");
    return path && slice_equal(slice_text(path), slice_text("-"));
}

/* The first line of what is shown before signing. */
static void put_heading(const struct session *session, const char *what, struct builder *lines)
{
    builder_put_text(lines, "About to sign a ");
    builder_put_text(lines, what);
    builder_put_text(lines, " with account ");
    escape_put(lines, slice_text(session->flags->operands[0]));
    builder_put_text(lines, ":\n");
}

/* ---- transactions ---- */

/* Which flag is which field of the JSON, and how its text is read. */
static const struct {
    const char *flag, *field;
    enum { NUMBER, AMOUNT, TEXT } shape;
} fields[] = {
    {"to", "to", TEXT},
    {"value", "value", AMOUNT},
    {"nonce", "nonce", NUMBER},
    {"gas", "gas", NUMBER},
    {"max-fee-per-gas", "maxFeePerGas", AMOUNT},
    {"max-priority-fee-per-gas", "maxPriorityFeePerGas", AMOUNT},
    {"gas-price", "gasPrice", AMOUNT},
    {"chain-id", "chainId", NUMBER},
    {"data", "data", TEXT},
};

static bool has_field_flags(const struct session *session)
{
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (flags_text(session->flags, fields[i].flag)) return true;
    }
    return false;
}

static status put_quantity(struct builder *json, u256 value)
{
    uint8_t memory[U256_QUANTITY_SIZE_MAX];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    u256_print_quantity(&text, value);
    json_put_string(json, builder_view(&text));
    return status_ok();
}

/* Decimal or "0x" hex. */
static status put_number(struct builder *json, slice text)
{
    u256 value;
    const bool is_hex = slice_has_start(text, slice_text("0x"));
    TRY(is_hex ? u256_parse_quantity(text, &value) : u256_parse_decimal(text, &value));
    return put_quantity(json, value);
}

static status put_amount(struct builder *json, slice text)
{
    u256 value;
    TRY(amount_parse(text, &value));
    return put_quantity(json, value);
}

static status build_from_flags(struct session *session, slice *json)
{
    struct builder builder;
    builder_init_arena(&builder, &session->arena, TX_JSON_SIZE_MAX);
    json_put_object_open(&builder);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const char *given = flags_text(session->flags, fields[i].flag);
        status put = status_ok();
        if (!given) continue;
        json_put_name(&builder, fields[i].field);
        if (fields[i].shape == NUMBER) put = put_number(&builder, slice_text(given));
        else if (fields[i].shape == AMOUNT) put = put_amount(&builder, slice_text(given));
        else json_put_text(&builder, given);
        if (!status_is_ok(put)) {
            (void)fprintf(session->streams.err, "enw: --%s:\n", fields[i].flag);
            return put;
        }
    }
    json_put_object_close(&builder);
    return builder_finish(&builder, json);
}

/* Says which field it was: the refusal itself has no place for a name. */
static void explain_field(const struct session *session, const struct json *document)
{
    uint8_t memory[256];
    struct builder path;
    builder_init(&path, memory, sizeof memory);
    json_where(document, &path);
    const slice text = builder_view(&path);
    if (text.size == 0) return;
    (void)fprintf(session->streams.err, "enw: %.*s:\n", (int)text.size, (const char *)text.bytes);
}

/* Checks the transaction as the enclave will, and shows it. */
static status show_tx(struct session *session, slice json)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    struct tx_json asked;
    struct builder lines;
    slice shown;
    TRY(json_open(json, &session->arena, &document));
    TRY(json_top_object(&document, &object));
    const status read = tx_json_read(&object, &session->arena, &asked);
    if (!status_is_ok(read)) {
        explain_field(session, &document);
        return read;
    }
    builder_init_arena(&lines, &session->arena, DESCRIBE_TX_SIZE_MAX);
    put_heading(session, "transaction", &lines);
    describe_tx(&lines, &asked.tx);
    TRY(builder_finish(&lines, &shown));
    return session_confirm(session, shown, is_standard_input(session));
}

static status read_tx(struct session *session, slice *json)
{
    const char *path = flags_text(session->flags, "file");
    REQUIRE(!path || !has_field_flags(session), BAD_INPUT,
            "sign: the transaction is in a file or in flags, not both");
    if (path) return read_input(session, path, TX_JSON_SIZE_MAX, json);
    return build_from_flags(session, json);
}

status commands_sign_tx(struct session *session)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    slice json;
    struct builder body;
    struct session_call call = {.method = "POST"};
    TRY(read_tx(session, &json));
    TRY(show_tx(session, json));
    builder_init_arena(&body, &session->arena, json.size + 64);
    json_put_object_open(&body);
    json_put_name(&body, "transaction");
    json_put_raw(&body, json);
    json_put_object_close(&body);
    call.body = builder_view(&body);
    TRY(session_build_path(session, session->flags->operands[0], "/sign-transaction",
                           &call.target));
    TRY(session_send(session, &call, &document, &object));
    if (session->is_json) return status_ok();
    TRY(session_put_field(session, "from", &object, "from"));
    TRY(session_put_field(session, "hash", &object, "hash"));
    return session_put_field(session, "raw", &object, "raw");
}

/* ---- messages ---- */

static status read_hex(struct session *session, const char *text, slice *message)
{
    struct builder bytes;
    builder_init_arena(&bytes, &session->arena, MESSAGE_SIZE_MAX);
    TRY(hex_put_decoded_0x(&bytes, slice_text(text)));
    return builder_finish(&bytes, message);
}

static status read_message(struct session *session, slice *message)
{
    const char *operand = session->flags->operand_count > 1 ? session->flags->operands[1] : NULL;
    const char *text = flags_text(session->flags, "text");
    const char *hex = flags_text(session->flags, "hex");
    const char *path = flags_text(session->flags, "file");
    REQUIRE(!!operand + !!text + !!hex + !!path == 1, BAD_INPUT,
            "sign: give the message once: as TEXT, --text, --hex or --file");
    if (path) return read_input(session, path, MESSAGE_SIZE_MAX, message);
    if (hex) return read_hex(session, hex, message);
    *message = slice_text(text ? text : operand);
    REQUIRE(message->size <= MESSAGE_SIZE_MAX, OVER_LIMIT, "sign: the message is too long");
    return status_ok();
}

/* The bytes go as hex, whatever they are: what was shown is what is signed. */
static slice build_message_body(struct session *session, slice message)
{
    struct builder body;
    builder_init_arena(&body, &session->arena, 2 * message.size + 64);
    json_put_object_open(&body);
    json_put_name(&body, "hex");
    json_put_hex_0x(&body, message);
    json_put_object_close(&body);
    return builder_view(&body);
}

status commands_sign_message(struct session *session)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    slice message, shown;
    struct builder lines;
    struct session_call call = {.method = "POST"};
    TRY(read_message(session, &message));
    builder_init_arena(&lines, &session->arena, DESCRIBE_MESSAGE_SIZE_MAX);
    put_heading(session, "message", &lines);
    describe_message(&lines, message);
    TRY(builder_finish(&lines, &shown));
    TRY(session_confirm(session, shown, is_standard_input(session)));
    call.body = build_message_body(session, message);
    TRY(session_build_path(session, session->flags->operands[0], "/sign-message", &call.target));
    TRY(session_send(session, &call, &document, &object));
    if (session->is_json) return status_ok();
    TRY(session_put_field(session, "address", &object, "address"));
    TRY(session_put_field(session, "hash", &object, "hash"));
    return session_put_field(session, "signature", &object, "signature");
}
