#include "parent/head.h"

#include <microhttpd.h>

#include "http/uri.h"

static bool is_name(slice given, const char *lower)
{
    const slice wanted = slice_text(lower);
    if (given.size != wanted.size) return false;
    for (size_t i = 0; i < given.size; i++) {
        const uint8_t byte = given.bytes[i];
        const uint8_t low = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
        if (low != wanted.bytes[i]) return false;
    }
    return true;
}

/* Keeps the first value; a second must be the same unless it may not be there at all. */
static void keep(slice *kept, slice value, bool may_repeat, bool *is_contradictory)
{
    if (kept->bytes && (!may_repeat || !slice_equal(*kept, value))) *is_contradictory = true;
    *kept = value;
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *text)
{
    struct head *head = context;
    const slice given = slice_text(name), value = slice_text(text ? text : "");
    (void)kind;
    if (is_name(given, "authorization")) {
        keep(&head->authorization, value, false, &head->is_contradictory);
    } else if (is_name(given, "content-length")) {
        keep(&head->content_length, value, true, &head->is_contradictory);
    } else if (is_name(given, "transfer-encoding")) {
        keep(&head->transfer_encoding, value, false, &head->is_contradictory);
    } else if (is_name(given, "x-request-id")) {
        head->request_id = value;
    }
    return MHD_YES;
}

void head_read(struct MHD_Connection *connection, struct head *head)
{
    *head = (struct head){0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, head);
}

status head_check_framing(const struct head *head, uint64_t *body_size)
{
    *body_size = 0;
    REQUIRE(!head->is_contradictory, BAD_INPUT, "request: has headers that contradict each other");
    if (head->transfer_encoding.bytes) {
        REQUIRE(!head->content_length.bytes, BAD_INPUT,
                "request: has both Content-Length and Transfer-Encoding");
        REQUIRE(is_name(head->transfer_encoding, "chunked"), BAD_INPUT,
                "request: Transfer-Encoding must be chunked");
        *body_size = REQUEST_BODY_SIZE_MAX;
    } else if (head->content_length.bytes) {
        const status parsed =
            slice_parse_u64(slice_trim(head->content_length), INT64_MAX, body_size);
        REQUIRE(status_is_ok(parsed), BAD_INPUT, "request: Content-Length must be a plain number");
    }
    return status_ok();
}

static bool is_id_character(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return true;
    if (byte >= 'A' && byte <= 'Z') return true;
    if (byte >= 'a' && byte <= 'z') return true;
    return byte == '.' || byte == '_' || byte == '-';
}

bool head_is_request_id(slice text)
{
    if (text.size < 1 || text.size > REQUEST_ID_SIZE_MAX) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_id_character(text.bytes[i])) return false;
    }
    return true;
}

static enum MHD_Result note_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct request *request = context;
    (void)kind;
    /* One too many is noted as such and refused once the head is looked at. */
    if (request->parameter_count < REQUEST_PARAMETER_COUNT_MAX) {
        request->parameters[request->parameter_count] = (struct request_parameter){name, value};
    }
    request->parameter_count++;
    return MHD_YES;
}

status head_read_parameters(struct request *request)
{
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, note_parameter, request);
    if (request->parameter_count > REQUEST_PARAMETER_COUNT_MAX) {
        request->parameter_count = 0;
        FAIL(BAD_INPUT, 0, "query: has too many parameters");
    }
    for (size_t i = 0; i < request->parameter_count; i++) {
        struct request_parameter *parameter = &request->parameters[i];
        for (size_t k = 0; k < i; k++) {
            REQUIRE(
                !slice_equal(slice_text(parameter->name), slice_text(request->parameters[k].name)),
                BAD_INPUT, "query: has a parameter twice");
        }
        if (!parameter->value) continue;
        const slice encoded = slice_text(parameter->value);
        struct builder decoded;
        builder_init_arena(&decoded, &request->memory, encoded.size + 1);
        TRY(uri_put_decoded(&decoded, encoded));
        const size_t end = slice_index_of(builder_view(&decoded), 0);
        REQUIRE(end == decoded.size, BAD_INPUT, "query: has a NUL character");
        builder_put_u8(&decoded, 0);
        parameter->value = (const char *)decoded.bytes;
    }
    return status_ok();
}

status head_read_account(slice encoded, struct request *request)
{
    struct builder text;
    if (encoded.size == 0) return status_ok();
    builder_init(&text, request->account, ACCOUNT_NAME_SIZE_MAX);
    const status decoded = uri_put_decoded(&text, encoded);
    slice account;
    if (!status_is_ok(decoded) || !status_is_ok(builder_finish(&text, &account))) {
        request->account[0] = 0;
        TRY(decoded);
        FAIL(BAD_INPUT, 0, "account: name must have at most 128 characters");
    }
    const bool is_address = account.size == ADDRESS_TEXT_SIZE &&
                            slice_has_start(account, slice_text("0x")) &&
                            status_is_ok(address_parse(account, &request->signing.address));
    request->account_is_address = request->signing.has_address = is_address;
    const status checked = is_address ? status_ok() : account_name_check(account);
    if (!status_is_ok(checked)) request->account[0] = 0;
    return checked;
}
