#include "proto/message.h"

bool message_is_served(uint8_t type)
{
    return call_type_of(type) != NULL;
}

status message_request_read(const struct frame *frame, struct message_request *request)
{
    TRY(call_check_request(frame));
    *request = (struct message_request){
        .type = frame->type,
        .req_id = frame->req_id,
        .record = frame->sections[FRAME_RECORD],
        .credentials = frame->sections[FRAME_CREDENTIALS],
        .key_arn = frame->sections[FRAME_KEY_ARN],
        .account_id = call_account_id(frame),
        .body = frame->sections[FRAME_BODY],
        .nonce = frame->sections[FRAME_NONCE],
    };
    return status_ok();
}

/* Puts a section that the type has: always when it is required, else when it is not empty. */
static void section_put(struct frame *frame, uint32_t required, uint32_t optional,
                        enum frame_section section, slice bytes)
{
    const uint32_t bit = UINT32_C(1) << section;
    if ((required & bit) || ((optional & bit) && bytes.size > 0)) {
        frame_put_section(frame, section, bytes);
    }
}

status message_request_write(const struct message_request *request, struct builder *output)
{
    struct frame frame = {.type = request->type, .req_id = request->req_id};
    const struct call_type *row = call_type_of(request->type);
    const slice account = slice_of(request->account_id.bytes, sizeof request->account_id.bytes);
    const slice values[FRAME_SECTION_LAST + 1] = {
        [FRAME_RECORD] = request->record,   [FRAME_CREDENTIALS] = request->credentials,
        [FRAME_KEY_ARN] = request->key_arn, [FRAME_ACCOUNT_ID] = account,
        [FRAME_BODY] = request->body,       [FRAME_NONCE] = request->nonce,
    };
    for (enum frame_section id = 1; row && id <= FRAME_SECTION_LAST; id++) {
        section_put(&frame, row->required, row->optional, id, values[id]);
    }
    return call_write(&frame, output);
}

status message_reply_read(const struct frame *frame, struct message_reply *reply)
{
    const uint8_t type = frame->type & (uint8_t)~FRAME_REPLY;
    struct call_failure failure;
    TRY(call_check_reply(frame, type));
    if (call_is_failure(frame)) {
        TRY(call_read_failure(frame, &failure));
        *reply = (struct message_reply){.req_id = frame->req_id,
                                        .kind = failure.kind,
                                        .reason = failure.reason,
                                        .sentence = failure.sentence};
        return status_ok();
    }
    *reply = (struct message_reply){
        .type = type,
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

status message_failure_write(uint64_t req_id, status failure, slice sentence,
                             struct builder *output)
{
    REQUIRE(failure.failure, INTERNAL, "message: a success is not an error reply");
    struct call_failure told = call_failure_of(failure);
    if (sentence.size > 0) told.sentence = sentence;
    return call_write_failure(req_id, &told, output);
}

status message_reply_write(const struct message_reply *reply, struct builder *output)
{
    const struct call_failure failure = {
        .kind = reply->kind, .reason = reply->reason, .sentence = reply->sentence};
    if (reply->kind) return call_write_failure(reply->req_id, &failure, output);
    struct frame frame = {.type = reply->type | FRAME_REPLY, .req_id = reply->req_id};
    const struct call_type *row = call_type_of(reply->type);
    const slice values[FRAME_SECTION_LAST + 1] = {
        [FRAME_RECORD] = reply->record,      [FRAME_KEY_ARN] = reply->key_arn,
        [FRAME_ADDRESS] = reply->address,    [FRAME_SIGNATURE] = reply->signature,
        [FRAME_DOCUMENT] = reply->document,  [FRAME_PUBLIC_KEY] = reply->public_key,
        [FRAME_STATUS_JSON] = reply->status,
    };
    for (enum frame_section id = 1; row && id <= FRAME_SECTION_LAST; id++) {
        section_put(&frame, row->reply, 0, id, values[id]);
    }
    return call_write(&frame, output);
}

void message_credentials_wipe(struct message_credentials *credentials)
{
    secret_text_wipe(&credentials->access_key_id);
    secret_text_wipe(&credentials->secret_access_key);
    secret_text_wipe(&credentials->session_token);
}

status message_credentials_put(const struct message_credentials *credentials,
                               struct builder *section)
{
    const struct call_credentials parts = {
        .access_key_id = secret_expose_text(&credentials->access_key_id),
        .secret_access_key = secret_expose_text(&credentials->secret_access_key),
        .session_token = secret_expose_text(&credentials->session_token),
    };
    return call_put_credentials(&parts, section);
}

static status parts_read(slice section, struct message_credentials *credentials)
{
    struct call_credentials parts;
    TRY(call_read_credentials(section, &parts));
    TRY(secret_text_read(parts.access_key_id, &credentials->access_key_id));
    TRY(secret_text_read(parts.secret_access_key, &credentials->secret_access_key));
    return secret_text_read(parts.session_token, &credentials->session_token);
}

status message_credentials_read(slice section, struct message_credentials *credentials)
{
    const status result = parts_read(section, credentials);
    if (!status_is_ok(result)) message_credentials_wipe(credentials);
    return result;
}
