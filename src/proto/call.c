#include "proto/call.h"

#include "base/reader.h"

/* Bit N stands for section N, as in `present` of struct frame. */
enum {
    RECORD = 1 << FRAME_RECORD,
    CREDENTIALS = 1 << FRAME_CREDENTIALS,
    KEY_ARN = 1 << FRAME_KEY_ARN,
    ACCOUNT_ID = 1 << FRAME_ACCOUNT_ID,
    BODY = 1 << FRAME_BODY,
    NONCE = 1 << FRAME_NONCE,
    ADDRESS = 1 << FRAME_ADDRESS,
    SIGNATURE = 1 << FRAME_SIGNATURE,
    DOCUMENT = 1 << FRAME_DOCUMENT,
    FAILURE = 1 << FRAME_FAILURE,
    PUBLIC_KEY = 1 << FRAME_PUBLIC_KEY,
    STATUS_JSON = 1 << FRAME_STATUS_JSON,
    LEFT_MS = 1 << FRAME_LEFT_MS,

    FAILURE_HEAD_SIZE = 6, /* u16 kind, u16 reason, u16 size of the place */
};

const struct call_type call_types[CALL_TYPE_COUNT] = {
    {FRAME_CREATE, "create", CREDENTIALS | ACCOUNT_ID, KEY_ARN | LEFT_MS,
     RECORD | KEY_ARN | ADDRESS | DOCUMENT | PUBLIC_KEY, CALL_WAITS_ALWAYS, false},
    {FRAME_SIGN_TX, "sign_tx", RECORD | ACCOUNT_ID | BODY, CREDENTIALS | LEFT_MS,
     ADDRESS | SIGNATURE, CALL_WAITS_WHEN_COLD, false},
    {FRAME_SIGN_MESSAGE, "sign_message", RECORD | ACCOUNT_ID | BODY, CREDENTIALS | LEFT_MS,
     ADDRESS | SIGNATURE, CALL_WAITS_WHEN_COLD, false},
    {FRAME_ATTEST, "attest", 0, NONCE | LEFT_MS, DOCUMENT, CALL_WAITS_ALWAYS, true},
    {FRAME_STATUS, "status", 0, LEFT_MS, STATUS_JSON, CALL_WAITS_NEVER, true},
};

static const struct {
    uint32_t size_min, size_max;
} bounds[FRAME_SECTION_LAST + 1] = {
    [FRAME_RECORD] = {1, CALL_RECORD_SIZE_MAX},
    [FRAME_CREDENTIALS] = {CALL_CREDENTIALS_SIZE_MIN, CALL_CREDENTIALS_SIZE_MAX},
    [FRAME_KEY_ARN] = {1, CALL_KEY_ARN_SIZE_MAX},
    [FRAME_ACCOUNT_ID] = {ACCOUNT_ID_SIZE, ACCOUNT_ID_SIZE},
    [FRAME_BODY] = {0, CALL_BODY_SIZE_MAX},
    [FRAME_NONCE] = {CALL_NONCE_SIZE, CALL_NONCE_SIZE},
    [FRAME_ADDRESS] = {CALL_ADDRESS_SIZE, CALL_ADDRESS_SIZE},
    [FRAME_SIGNATURE] = {CALL_SIGNATURE_SIZE, CALL_SIGNATURE_SIZE},
    [FRAME_DOCUMENT] = {1, CALL_DOCUMENT_SIZE_MAX},
    [FRAME_FAILURE] = {FAILURE_HEAD_SIZE,
                       FAILURE_HEAD_SIZE + CALL_WHERE_SIZE_MAX + CALL_SENTENCE_SIZE_MAX},
    [FRAME_PUBLIC_KEY] = {CALL_PUBLIC_KEY_SIZE, CALL_PUBLIC_KEY_SIZE},
    [FRAME_STATUS_JSON] = {1, CALL_STATUS_SIZE_MAX},
    [FRAME_LEFT_MS] = {CALL_LEFT_MS_SIZE, CALL_LEFT_MS_SIZE},
};

const struct call_type *call_type_of(uint8_t type)
{
    for (size_t i = 0; i < CALL_TYPE_COUNT; i++) {
        if (call_types[i].type == type) return &call_types[i];
    }
    return NULL;
}

static status sections_check(const struct frame *frame, uint32_t required, uint32_t optional)
{
    REQUIRE((frame->present & required) == required, BAD_INPUT,
            "call: a required section is missing");
    REQUIRE((frame->present & ~(required | optional)) == 0, BAD_INPUT,
            "call: a section does not belong to this type");
    for (size_t id = 1; id <= FRAME_SECTION_LAST; id++) {
        if (!frame_has_section(frame, (enum frame_section)id)) continue;
        const size_t size = frame->sections[id].size;
        if (size < bounds[id].size_min) {
            FAIL(BAD_INPUT, (int64_t)id, "call: a section is too short");
        }
        if (size > bounds[id].size_max) {
            FAIL(BAD_INPUT, (int64_t)id, "call: a section is too long");
        }
    }
    return status_ok();
}

status call_check_request(const struct frame *frame)
{
    const struct call_type *row = call_type_of(frame->type);
    REQUIRE(row, BAD_INPUT, "call: this type of request is not served");
    return sections_check(frame, row->required, row->optional);
}

/* The parity is the one byte of a fixed size whose values are not all good. */
static status parity_check(slice signature)
{
    REQUIRE(signature.bytes[CALL_SIGNATURE_SIZE - 1] <= 1, BAD_INPUT,
            "call: parity of a signature is neither 0 nor 1");
    return status_ok();
}

status call_check_reply(const struct frame *frame, uint8_t type)
{
    struct call_failure failure;
    if (call_is_failure(frame)) return call_read_failure(frame, &failure);
    REQUIRE(frame->type & FRAME_REPLY, BAD_INPUT, "call: is not a reply");
    const struct call_type *row = call_type_of(frame->type & (uint8_t)~FRAME_REPLY);
    REQUIRE(row, BAD_INPUT, "call: this type of reply is not known");
    REQUIRE(row->type == type, BAD_INPUT, "call: is a reply to another type of request");
    TRY(sections_check(frame, row->reply, 0));
    return row->reply & SIGNATURE ? parity_check(frame_section(frame, FRAME_SIGNATURE))
                                  : status_ok();
}

status call_write(const struct frame *frame, struct builder *output)
{
    TRY(frame->type & FRAME_REPLY ? call_check_reply(frame, frame->type & (uint8_t)~FRAME_REPLY)
                                  : call_check_request(frame));
    return frame_write(frame, output);
}

account_id call_account_id(const struct frame *frame)
{
    account_id id = {0};
    slice bytes = frame_section(frame, FRAME_ACCOUNT_ID);
    /* It fails only for a frame without the section, and then leaves the zeros. */
    (void)status_is_ok(slice_take_copy(&bytes, sizeof id.bytes, id.bytes));
    return id;
}

/* ---- deadlines ---- */

void call_put_left_ms(struct frame *frame, int64_t left_ms, uint8_t memory[CALL_LEFT_MS_SIZE])
{
    struct builder section;
    builder_init(&section, memory, CALL_LEFT_MS_SIZE);
    if (left_ms < 0) left_ms = 0;
    if (left_ms > UINT32_MAX) left_ms = UINT32_MAX;
    builder_put_u32(&section, (uint32_t)left_ms);
    frame_put_section(frame, FRAME_LEFT_MS, builder_view(&section));
}

int64_t call_deadline_ms(const struct frame *request, int64_t now_ms, int64_t own_ms_max)
{
    slice section = frame_section(request, FRAME_LEFT_MS);
    uint32_t left_ms;
    if (!status_is_ok(slice_take_u32(&section, &left_ms))) return now_ms + own_ms_max;
    const int64_t usable_ms = left_ms > CALL_MARGIN_MS ? (int64_t)left_ms - CALL_MARGIN_MS : 0;
    return now_ms + (usable_ms < own_ms_max ? usable_ms : own_ms_max);
}

/* ---- error replies ---- */

bool call_is_failure(const struct frame *frame)
{
    return frame->type == FRAME_ERROR;
}

status call_read_failure(const struct frame *frame, struct call_failure *failure)
{
    REQUIRE(call_is_failure(frame), BAD_INPUT, "call: is not an error reply");
    TRY(sections_check(frame, FAILURE, 0));
    struct reader reader;
    reader_init(&reader, frame_section(frame, FRAME_FAILURE));
    const uint16_t kind = reader_u16(&reader), reason = reader_u16(&reader);
    const uint16_t where_size = reader_u16(&reader);
    REQUIRE(kind >= FAILURE_BAD_INPUT && kind <= FAILURE_INTERNAL, BAD_INPUT,
            "call: kind of error is unknown");
    REQUIRE(where_size <= CALL_WHERE_SIZE_MAX, BAD_INPUT, "call: place of an error is too long");
    REQUIRE(where_size <= reader_left_size(&reader), BAD_INPUT,
            "call: place of an error runs past the end");
    const slice where = reader_slice(&reader, where_size), sentence = reader_rest(&reader);
    REQUIRE(sentence.size <= CALL_SENTENCE_SIZE_MAX, BAD_INPUT,
            "call: sentence of an error is too long");
    *failure = (struct call_failure){(enum failure_kind)kind, reason, where, sentence};
    return status_ok();
}

struct call_failure call_failure_of(status failure)
{
    return (struct call_failure){
        .kind = failure.failure ? failure.failure->kind : FAILURE_INTERNAL,
        .sentence = slice_text(status_message(failure)),
    };
}

/* A prefix of at most `size_max` bytes that does not end inside a UTF-8 character. */
static slice text_cut(slice text, size_t size_max)
{
    if (text.size <= size_max) return text;
    size_t size = size_max;
    while (size > 0 && (text.bytes[size] & 0xc0) == 0x80) size--;
    return slice_part(text, 0, size);
}

status call_write_failure(uint64_t req_id, const struct call_failure *failure,
                          struct builder *output)
{
    uint8_t memory[FAILURE_HEAD_SIZE + CALL_WHERE_SIZE_MAX + CALL_SENTENCE_SIZE_MAX];
    struct builder section;
    struct frame frame = {.type = FRAME_ERROR, .req_id = req_id};
    const slice where = text_cut(failure->where, CALL_WHERE_SIZE_MAX);
    builder_init(&section, memory, sizeof memory);
    builder_put_u16(&section, (uint16_t)failure->kind);
    builder_put_u16(&section, failure->reason);
    builder_put_u16(&section, (uint16_t)where.size);
    builder_put(&section, where);
    builder_put(&section, text_cut(failure->sentence, CALL_SENTENCE_SIZE_MAX));
    frame_put_section(&frame, FRAME_FAILURE, builder_view(&section));
    return call_write(&frame, output);
}

/* ---- credentials ---- */

enum { PART_COUNT = 3 };

/* The three parts in order, with their bounds. */
static const struct {
    uint16_t size_min, size_max;
} parts[PART_COUNT] = {
    {1, CREDENTIALS_ID_SIZE_MAX},
    {1, CREDENTIALS_SECRET_SIZE_MAX},
    {0, CREDENTIALS_TOKEN_SIZE_MAX},
};

static status part_check(size_t size, size_t index)
{
    REQUIRE(size >= parts[index].size_min, BAD_INPUT, "credentials: a part is too short");
    REQUIRE(size <= parts[index].size_max, BAD_INPUT, "credentials: a part is too long");
    return status_ok();
}

status call_put_credentials(const struct call_credentials *credentials, struct builder *section)
{
    const slice values[PART_COUNT] = {credentials->access_key_id, credentials->secret_access_key,
                                      credentials->session_token};
    for (size_t i = 0; i < PART_COUNT; i++) TRY(part_check(values[i].size, i));
    for (size_t i = 0; i < PART_COUNT; i++) {
        builder_put_u16(section, (uint16_t)values[i].size);
        builder_put(section, values[i]);
    }
    slice written;
    return builder_finish(section, &written);
}

status call_read_credentials(slice section, struct call_credentials *credentials)
{
    slice values[PART_COUNT];
    struct reader reader;
    reader_init(&reader, section);
    for (size_t i = 0; i < PART_COUNT; i++) {
        const uint16_t size = reader_u16(&reader);
        TRY(part_check(size, i));
        values[i] = reader_slice(&reader, size);
    }
    TRY(reader_finish(&reader));
    *credentials = (struct call_credentials){values[0], values[1], values[2]};
    return status_ok();
}
