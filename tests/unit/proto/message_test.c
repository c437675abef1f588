#include "proto/message.h"

#include <string.h>

#include "runner.h"

static uint8_t zeros[FRAME_SIZE_MAX];

static const struct shape {
    const char *name;
    uint8_t type;
} shapes[] = {
    {"CREATE", 1}, {"SIGN_TX", 2}, {"SIGN_MESSAGE", 3}, {"ATTEST", 7}, {"STATUS", 8},
};

static struct frame taken(struct builder *output)
{
    struct frame frame = {0};
    bool is_whole = false;
    slice arrived = builder_view(output);
    expect_ok("take", frame_take(&arrived, &frame, &is_whole));
    expect_true("whole", is_whole);
    return frame;
}

static void requests_round_trip(void)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    struct message_request request = {
        .req_id = UINT64_C(0xfedcba9876543210),
        .record = slice_text("record"),
        .credentials = slice_of(zeros, MESSAGE_CREDENTIALS_SIZE_MIN),
        .key_arn = slice_text("arn"),
        .account_id = {{1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32}},
        .body = slice_text("body"),
        .nonce = slice_of(zeros, MESSAGE_NONCE_SIZE),
    };
    for (size_t i = 0; i < 5; i++) {
        runner_row(shapes[i].name);
        struct builder output;
        struct message_request back;
        builder_init(&output, memory, sizeof memory);
        request.type = shapes[i].type;
        expect_ok("write", message_request_write(&request, &output));
        const struct frame frame = taken(&output);
        expect_ok("read", message_request_read(&frame, &back));
        expect_u64("type", back.type, request.type);
        expect_u64("req_id", back.req_id, request.req_id);
        const bool has_record = frame_has_section(&frame, FRAME_RECORD);
        expect_bytes("record", back.record, has_record ? request.record : (slice){0});
        const bool has_arn = frame_has_section(&frame, FRAME_KEY_ARN);
        expect_true("ARN only in CREATE", has_arn == (request.type == FRAME_CREATE));
        expect_bytes("key_arn", back.key_arn, has_arn ? request.key_arn : (slice){0});
        const bool has_account = frame_has_section(&frame, FRAME_ACCOUNT_ID);
        expect_true("account_id",
                    account_id_equal(&back.account_id, &request.account_id) == has_account);
        const bool has_body = frame_has_section(&frame, FRAME_BODY);
        expect_bytes("body", back.body, has_body ? request.body : (slice){0});
        expect_u64("nonce", back.nonce.size, request.type == FRAME_ATTEST ? 32 : 0);
    }
}

static void optional_sections_may_be_left_out(void)
{
    uint8_t memory[256];
    struct builder output;
    struct message_request back;
    builder_init(&output, memory, sizeof memory);
    expect_ok("write", message_request_write(
                           &(struct message_request){.type = FRAME_ATTEST, .req_id = 1}, &output));
    struct frame frame = taken(&output);
    expect_u64("no section", frame.present, 0);
    expect_ok("read", message_request_read(&frame, &back));
    expect_u64("nonce", back.nonce.size, 0);
    builder_init(&output, memory, sizeof memory);
    const struct message_request create = {
        .type = FRAME_CREATE, .credentials = slice_of(zeros, MESSAGE_CREDENTIALS_SIZE_MIN)};
    expect_ok("write", message_request_write(&create, &output));
    frame = taken(&output);
    expect_ok("read", message_request_read(&frame, &back));
    expect_u64("key_arn", back.key_arn.size, 0);
}

static void empty_message_is_a_message(void)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    struct message_request request = {
        .type = FRAME_SIGN_MESSAGE,
        .record = slice_text("r"),
        .credentials = slice_of(zeros, MESSAGE_CREDENTIALS_SIZE_MIN),
    };
    expect_ok("empty body", message_request_write(&request, &output));
    request.record = (slice){0};
    expect_refused("empty record", message_request_write(&request, &output),
                   "call: a section is too short");
    request.record = slice_text("r");
    request.type = FRAME_IMPORT;
    expect_refused("reserved type", message_request_write(&request, &output),
                   "call: this type of request is not served");
}

static void replies_round_trip(void)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    uint8_t signature[MESSAGE_SIGNATURE_SIZE];
    memset(signature, 0x51, sizeof signature);
    signature[64] = 1;
    struct message_reply reply = {
        .req_id = 3,
        .record = slice_text("record"),
        .key_arn = slice_text("arn"),
        .address = slice_of(signature, MESSAGE_ADDRESS_SIZE),
        .signature = slice_of(signature, sizeof signature),
        .document = slice_text("document"),
        .public_key = slice_of(signature, MESSAGE_PUBLIC_KEY_SIZE),
        .status = slice_text("{}"),
    };
    for (size_t i = 0; i < 5; i++) {
        runner_row(shapes[i].name);
        struct builder output;
        struct message_reply back;
        builder_init(&output, memory, sizeof memory);
        reply.type = shapes[i].type;
        expect_ok("write", message_reply_write(&reply, &output));
        const struct frame frame = taken(&output);
        expect_u64("type byte", frame.type, reply.type | 0x80U);
        expect_ok("read", message_reply_read(&frame, &back));
        expect_u64("type", back.type, reply.type);
        expect_u64("req_id", back.req_id, 3);
        expect_u64("no failure", back.kind, 0);
        const slice got[] = {back.record,   back.key_arn,    back.address, back.signature,
                             back.document, back.public_key, back.status};
        const slice sent[] = {reply.record,   reply.key_arn,    reply.address, reply.signature,
                              reply.document, reply.public_key, reply.status};
        const enum frame_section ids[] = {FRAME_RECORD,     FRAME_KEY_ARN,  FRAME_ADDRESS,
                                          FRAME_SIGNATURE,  FRAME_DOCUMENT, FRAME_PUBLIC_KEY,
                                          FRAME_STATUS_JSON};
        for (size_t s = 0; s < ARRAY_COUNT(ids); s++) {
            const bool has = frame_has_section(&frame, ids[s]);
            expect_bytes("section", got[s], has ? sent[s] : (slice){0});
        }
    }
    signature[64] = 2;
    reply.type = FRAME_SIGN_TX;
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    expect_refused("parity 2", message_reply_write(&reply, &output),
                   "call: parity of a signature is neither 0 nor 1");
    reply.type = FRAME_DERIVE;
    expect_refused("reserved", message_reply_write(&reply, &output),
                   "call: this type of reply is not known");
    reply = (struct message_reply){.type = FRAME_SIGN_TX};
    expect_refused("empty", message_reply_write(&reply, &output), "call: a section is too short");
}

static status failing(void)
{
    FAIL(DENIED, 7, "test: own sentence");
}

static void failures_round_trip(void)
{
    uint8_t memory[1024];
    char long_sentence[600];
    struct builder output;
    struct message_reply reply;
    struct frame frame;
    builder_init(&output, memory, sizeof memory);
    expect_ok("own", message_failure_write(4, failing(), (slice){0}, &output));
    frame = taken(&output);
    expect_ok("read", message_reply_read(&frame, &reply));
    expect_u64("kind", reply.kind, FAILURE_DENIED);
    expect_text("sentence", reply.sentence, "test: own sentence");

    builder_init(&output, memory, sizeof memory);
    expect_ok("given", message_failure_write(4, failing(), slice_text("given"), &output));
    frame = taken(&output);
    expect_ok("read", message_reply_read(&frame, &reply));
    expect_text("sentence", reply.sentence, "given");
    uint8_t again_memory[1024];
    struct builder again;
    builder_init(&again, again_memory, sizeof again_memory);
    expect_ok("write again", message_reply_write(&reply, &again));
    expect_bytes("same bytes", builder_view(&again), builder_view(&output));

    /* A two-byte character would be cut in half at 512. */
    memset(long_sentence, 'x', sizeof long_sentence);
    long_sentence[511] = '\xc3';
    long_sentence[512] = '\xa9';
    builder_init(&output, memory, sizeof memory);
    expect_ok("long", message_failure_write(
                          4, failing(), slice_of(long_sentence, sizeof long_sentence), &output));
    frame = taken(&output);
    expect_ok("read", message_reply_read(&frame, &reply));
    expect_u64("cut before the character", reply.sentence.size, 511);
    expect_kind("success is no failure", message_failure_write(4, status_ok(), (slice){0}, &output),
                FAILURE_INTERNAL);
}

static void text_fill(struct secret_text *text, size_t size)
{
    static uint8_t letters[SECRET_TEXT_SIZE_MAX];
    memset(letters, 'k', sizeof letters);
    expect_ok("fill", secret_text_read(slice_of(letters, size), text));
}

static void credentials_cut_or_longer(void)
{
    uint8_t memory[64];
    static struct message_credentials sent, back;
    struct builder section;
    builder_init(&section, memory, sizeof memory - 1);
    text_fill(&sent.access_key_id, 16);
    text_fill(&sent.secret_access_key, 20);
    text_fill(&sent.session_token, 5);
    expect_ok("put", message_credentials_put(&sent, &section));
    const slice all = builder_view(&section);
    for (size_t size = 0; size < all.size; size++) {
        runner_row_at("cut at", size);
        memset(&back, 0x5a, sizeof back);
        expect_kind("refused", message_credentials_read(slice_part(all, 0, size), &back),
                    FAILURE_BAD_INPUT);
        static const struct message_credentials wiped;
        expect_bytes("wiped", slice_of(&back, sizeof back), slice_of(&wiped, sizeof wiped));
    }
    memory[all.size] = 0;
    expect_refused("one byte more", message_credentials_read(slice_of(memory, all.size + 1), &back),
                   "reader: bytes follow the end");
    memory[0] = 0xff;
    expect_refused("lies about the first part", message_credentials_read(all, &back),
                   "credentials: a part is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests round trip", requests_round_trip},
        {"optional sections may be left out", optional_sections_may_be_left_out},
        {"empty message is a message", empty_message_is_a_message},
        {"replies round trip", replies_round_trip},
        {"failures round trip", failures_round_trip},
        {"credentials cut or longer", credentials_cut_or_longer},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
