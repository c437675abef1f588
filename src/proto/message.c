#include "proto/message.h"

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
    PUBLIC_KEY = 1 << FRAME_PUBLIC_KEY,
    STATUS_JSON = 1 << FRAME_STATUS_JSON,

    FAILURE_HEAD_SIZE = 4, /* u16 kind, u16 zero */
};

/* What a type's request must have, may have, and what its reply has, no more and no less. */
struct row {
    uint8_t type;
    uint32_t required, optional, reply;
};

static const struct row table[] = {
    {FRAME_CREATE, CREDENTIALS | ACCOUNT_ID, KEY_ARN,
     RECORD | KEY_ARN | ADDRESS | DOCUMENT | PUBLIC_KEY},
    {FRAME_SIGN_TX, RECORD | CREDENTIALS | ACCOUNT_ID | BODY, 0, ADDRESS | SIGNATURE},
    {FRAME_SIGN_MESSAGE, RECORD | CREDENTIALS | ACCOUNT_ID | BODY, 0, ADDRESS | SIGNATURE},
    {FRAME_ATTEST, 0, NONCE, DOCUMENT},
    {FRAME_STATUS, 0, 0, STATUS_JSON},
};

static const struct {
    uint32_t size_min, size_max;
} bounds[FRAME_SECTION_LAST + 1] = {
    [FRAME_RECORD] = {1, MESSAGE_RECORD_SIZE_MAX},
    [FRAME_CREDENTIALS] = {MESSAGE_CREDENTIALS_SIZE_MIN, MESSAGE_CREDENTIALS_SIZE_MAX},
    [FRAME_KEY_ARN] = {1, MESSAGE_KEY_ARN_SIZE_MAX},
    [FRAME_ACCOUNT_ID] = {ACCOUNT_ID_SIZE, ACCOUNT_ID_SIZE},
    [FRAME_BODY] = {0, MESSAGE_BODY_SIZE_MAX},
    [FRAME_NONCE] = {MESSAGE_NONCE_SIZE, MESSAGE_NONCE_SIZE},
    [FRAME_ADDRESS] = {MESSAGE_ADDRESS_SIZE, MESSAGE_ADDRESS_SIZE},
    [FRAME_SIGNATURE] = {MESSAGE_SIGNATURE_SIZE, MESSAGE_SIGNATURE_SIZE},
    [FRAME_DOCUMENT] = {1, MESSAGE_DOCUMENT_SIZE_MAX},
    [FRAME_FAILURE] = {FAILURE_HEAD_SIZE, FAILURE_HEAD_SIZE + MESSAGE_SENTENCE_SIZE_MAX},
    [FRAME_PUBLIC_KEY] = {MESSAGE_PUBLIC_KEY_SIZE, MESSAGE_PUBLIC_KEY_SIZE},
    [FRAME_STATUS_JSON] = {1, MESSAGE_STATUS_SIZE_MAX},
};

static const struct row *row_of(uint8_t type)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (table[i].type == type) return &table[i];
    }
    return NULL;
}

bool message_is_served(uint8_t type)
{
    return row_of(type) != NULL;
}

static status sections_check(const struct frame *frame, uint32_t required, uint32_t optional)
{
    REQUIRE((frame->present & required) == required, BAD_INPUT,
            "message: a required section is missing");
    REQUIRE((frame->present & ~(required | optional)) == 0, BAD_INPUT,
            "message: a section does not belong to this type");
    for (size_t id = 1; id <= FRAME_SECTION_LAST; id++) {
        if (!frame_has_section(frame, (enum frame_section)id)) continue;
        const size_t size = frame->sections[id].size;
        if (size < bounds[id].size_min) {
            FAIL(BAD_INPUT, (int64_t)id, "message: a section is too short");
        }
        if (size > bounds[id].size_max) {
            FAIL(BAD_INPUT, (int64_t)id, "message: a section is too long");
        }
    }
    return status_ok();
}

status message_request_read(const struct frame *frame, struct message_request *request)
{
    const struct row *row = row_of(frame->type);
    REQUIRE(row, BAD_INPUT, "message: this type of request is not served");
    TRY(sections_check(frame, row->required, row->optional));
    account_id id = {0};
    if (frame_has_section(frame, FRAME_ACCOUNT_ID)) {
        slice bytes = frame->sections[FRAME_ACCOUNT_ID];
        TRY(slice_take_copy(&bytes, sizeof id.bytes, id.bytes));
    }
    *request = (struct message_request){
        .type = frame->type,
        .req_id = frame->req_id,
        .record = frame->sections[FRAME_RECORD],
        .credentials = frame->sections[FRAME_CREDENTIALS],
        .key_arn = frame->sections[FRAME_KEY_ARN],
        .account_id = id,
        .body = frame->sections[FRAME_BODY],
        .nonce = frame->sections[FRAME_NONCE],
    };
    return status_ok();
}

/* Puts a section that the row wants: always when it is required, else when it is not empty. */
static void section_put(struct frame *frame, const struct row *row, enum frame_section section,
                        slice bytes)
{
    const uint32_t bit = UINT32_C(1) << section;
    if ((row->required & bit) || ((row->optional & bit) && bytes.size > 0)) {
        frame_put_section(frame, section, bytes);
    }
}

status message_request_write(const struct message_request *request, struct builder *output)
{
    const struct row *row = row_of(request->type);
    REQUIRE(row, BAD_INPUT, "message: this type of request is not served");
    struct frame frame = {.type = request->type, .req_id = request->req_id};
    section_put(&frame, row, FRAME_RECORD, request->record);
    section_put(&frame, row, FRAME_CREDENTIALS, request->credentials);
    section_put(&frame, row, FRAME_KEY_ARN, request->key_arn);
    section_put(&frame, row, FRAME_ACCOUNT_ID,
                slice_of(request->account_id.bytes, sizeof request->account_id.bytes));
    section_put(&frame, row, FRAME_BODY, request->body);
    section_put(&frame, row, FRAME_NONCE, request->nonce);
    TRY(sections_check(&frame, row->required, row->optional));
    return frame_write(&frame, output);
}

static status failure_read(const struct frame *frame, struct message_reply *reply)
{
    const uint32_t bit = UINT32_C(1) << FRAME_FAILURE;
    TRY(sections_check(frame, bit, 0));
    slice bytes = frame->sections[FRAME_FAILURE];
    uint16_t kind, zero;
    TRY(slice_take_u16(&bytes, &kind));
    TRY(slice_take_u16(&bytes, &zero));
    REQUIRE(kind >= FAILURE_BAD_INPUT && kind <= FAILURE_INTERNAL, BAD_INPUT,
            "message: kind of error is unknown");
    REQUIRE(zero == 0, BAD_INPUT, "message: error field must be zero");
    *reply = (struct message_reply){
        .req_id = frame->req_id, .kind = (enum failure_kind)kind, .sentence = bytes};
    return status_ok();
}

status message_reply_read(const struct frame *frame, struct message_reply *reply)
{
    if (frame->type == FRAME_ERROR) return failure_read(frame, reply);
    REQUIRE(frame->type & FRAME_REPLY, BAD_INPUT, "message: is not a reply");
    const struct row *row = row_of(frame->type & (uint8_t)~FRAME_REPLY);
    REQUIRE(row, BAD_INPUT, "message: this type of reply is not known");
    TRY(sections_check(frame, row->reply, 0));
    const uint8_t parity_index = MESSAGE_SIGNATURE_SIZE - 1;
    if (row->reply & SIGNATURE) {
        REQUIRE(frame->sections[FRAME_SIGNATURE].bytes[parity_index] <= 1, BAD_INPUT,
                "message: parity of a signature is neither 0 nor 1");
    }
    *reply = (struct message_reply){
        .type = row->type,
        .req_id = frame->req_id,
        .record = frame->sections[FRAME_RECORD],
        .key_arn = frame->sections[FRAME_KEY_ARN],
        .address = frame->sections[FRAME_ADDRESS],
        .signature = frame->sections[FRAME_SIGNATURE],
        .document = frame->sections[FRAME_DOCUMENT],
        .public_key = frame->sections[FRAME_PUBLIC_KEY],
        .status = frame->sections[FRAME_STATUS_JSON],
    };
    return status_ok();
}

/* A prefix of at most `size_max` bytes that does not end inside a UTF-8 character. */
static slice sentence_cut(slice sentence, size_t size_max)
{
    if (sentence.size <= size_max) return sentence;
    size_t size = size_max;
    while (size > 0 && (sentence.bytes[size] & 0xc0) == 0x80) size--;
    return slice_part(sentence, 0, size);
}

static status failure_write(uint64_t req_id, enum failure_kind kind, slice sentence,
                            struct builder *output)
{
    uint8_t memory[FAILURE_HEAD_SIZE + MESSAGE_SENTENCE_SIZE_MAX];
    struct builder section;
    slice written;
    builder_init(&section, memory, sizeof memory);
    builder_put_u16(&section, (uint16_t)kind);
    builder_put_u16(&section, 0);
    builder_put(&section, sentence_cut(sentence, MESSAGE_SENTENCE_SIZE_MAX));
    TRY(builder_finish(&section, &written));
    struct frame frame = {.type = FRAME_ERROR, .req_id = req_id};
    frame_put_section(&frame, FRAME_FAILURE, written);
    return frame_write(&frame, output);
}

status message_failure_write(uint64_t req_id, status failure, slice sentence,
                             struct builder *output)
{
    REQUIRE(failure.failure, INTERNAL, "message: a success is not an error reply");
    const slice own = slice_text(status_message(failure));
    return failure_write(req_id, failure.failure->kind, sentence.size > 0 ? sentence : own, output);
}

status message_reply_write(const struct message_reply *reply, struct builder *output)
{
    if (reply->kind) return failure_write(reply->req_id, reply->kind, reply->sentence, output);
    const struct row *row = row_of(reply->type);
    REQUIRE(row, BAD_INPUT, "message: this type of reply is not known");
    const struct row wanted = {.required = row->reply};
    struct frame frame = {.type = reply->type | FRAME_REPLY, .req_id = reply->req_id};
    section_put(&frame, &wanted, FRAME_RECORD, reply->record);
    section_put(&frame, &wanted, FRAME_KEY_ARN, reply->key_arn);
    section_put(&frame, &wanted, FRAME_ADDRESS, reply->address);
    section_put(&frame, &wanted, FRAME_SIGNATURE, reply->signature);
    section_put(&frame, &wanted, FRAME_DOCUMENT, reply->document);
    section_put(&frame, &wanted, FRAME_PUBLIC_KEY, reply->public_key);
    section_put(&frame, &wanted, FRAME_STATUS_JSON, reply->status);
    TRY(sections_check(&frame, row->reply, 0));
    return frame_write(&frame, output);
}

void message_credentials_wipe(struct message_credentials *credentials)
{
    secret_text_wipe(&credentials->access_key_id);
    secret_text_wipe(&credentials->secret_access_key);
    secret_text_wipe(&credentials->session_token);
}

/* The three parts in order, with their bounds. */
static const struct {
    uint16_t size_min, size_max;
} parts[] = {
    {MESSAGE_ACCESS_KEY_ID_SIZE_MIN, MESSAGE_ACCESS_KEY_ID_SIZE_MAX},
    {1, MESSAGE_SECRET_ACCESS_KEY_SIZE_MAX},
    {0, MESSAGE_SESSION_TOKEN_SIZE_MAX},
};

static status part_check(size_t size, size_t index)
{
    REQUIRE(size >= parts[index].size_min, BAD_INPUT, "credentials: a part is too short");
    REQUIRE(size <= parts[index].size_max, BAD_INPUT, "credentials: a part is too long");
    return status_ok();
}

status message_credentials_put(const struct message_credentials *credentials,
                               struct builder *section)
{
    const struct secret_text *values[] = {
        &credentials->access_key_id, &credentials->secret_access_key, &credentials->session_token};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) TRY(part_check(values[i]->size, i));
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        builder_put_u16(section, (uint16_t)values[i]->size);
        builder_put(section, secret_expose_text(values[i]));
    }
    slice written;
    return builder_finish(section, &written);
}

static status parts_read(slice section, struct message_credentials *credentials)
{
    struct secret_text *const values[] = {
        &credentials->access_key_id, &credentials->secret_access_key, &credentials->session_token};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        uint16_t size;
        slice text;
        TRY(slice_take_u16(&section, &size));
        TRY(part_check(size, i));
        TRY(slice_take(&section, size, &text));
        TRY(secret_text_read(text, values[i]));
    }
    return slice_expect_end(section);
}

status message_credentials_read(slice section, struct message_credentials *credentials)
{
    const status result = parts_read(section, credentials);
    if (!status_is_ok(result)) message_credentials_wipe(credentials);
    return result;
}
