#include "proto/message.h"

#include <string.h>

#include "runner.h"

static uint8_t zeros[FRAME_SIZE_MAX];

/* A frame with these sections, each of its smallest good size. */
static struct frame frame_with(uint8_t type, const enum frame_section *ids, size_t count)
{
    static const size_t sizes[FRAME_SECTION_LAST + 1] = {
        [FRAME_RECORD] = 1,
        [FRAME_CREDENTIALS] = MESSAGE_CREDENTIALS_SIZE_MIN,
        [FRAME_KEY_ARN] = 1,
        [FRAME_ACCOUNT_ID] = ACCOUNT_ID_SIZE,
        [FRAME_BODY] = 0,
        [FRAME_NONCE] = MESSAGE_NONCE_SIZE,
        [FRAME_ADDRESS] = MESSAGE_ADDRESS_SIZE,
        [FRAME_SIGNATURE] = MESSAGE_SIGNATURE_SIZE,
        [FRAME_DOCUMENT] = 1,
        [FRAME_FAILURE] = 4,
        [FRAME_PUBLIC_KEY] = MESSAGE_PUBLIC_KEY_SIZE,
        [FRAME_STATUS_JSON] = 1,
    };
    struct frame frame = {.type = type, .req_id = 5};
    for (size_t i = 0; i < count; i++) {
        frame_put_section(&frame, ids[i], slice_of(zeros, sizes[ids[i]]));
    }
    return frame;
}

/* The sections of each type, as the protocol page lists them. */
static const struct shape {
    const char *name;
    uint8_t type;
    size_t required_count;
    enum frame_section required[5];
    enum frame_section optional; /* 0: none */
} shapes[] = {
    {"CREATE", 1, 2, {FRAME_CREDENTIALS, FRAME_ACCOUNT_ID}, FRAME_KEY_ARN},
    {"SIGN_TX", 2, 4, {FRAME_RECORD, FRAME_CREDENTIALS, FRAME_ACCOUNT_ID, FRAME_BODY}, 0},
    {"SIGN_MESSAGE", 3, 4, {FRAME_RECORD, FRAME_CREDENTIALS, FRAME_ACCOUNT_ID, FRAME_BODY}, 0},
    {"ATTEST", 7, 0, {0}, FRAME_NONCE},
    {"STATUS", 8, 0, {0}, 0},
    {"reply to CREATE",
     0x81,
     5,
     {FRAME_RECORD, FRAME_KEY_ARN, FRAME_ADDRESS, FRAME_DOCUMENT, FRAME_PUBLIC_KEY},
     0},
    {"reply to SIGN_TX", 0x82, 2, {FRAME_ADDRESS, FRAME_SIGNATURE}, 0},
    {"reply to SIGN_MESSAGE", 0x83, 2, {FRAME_ADDRESS, FRAME_SIGNATURE}, 0},
    {"reply to ATTEST", 0x87, 1, {FRAME_DOCUMENT}, 0},
    {"reply to STATUS", 0x88, 1, {FRAME_STATUS_JSON}, 0},
};

static status read_either(const struct frame *frame)
{
    struct message_request request;
    struct message_reply reply;
    if (frame->type & FRAME_REPLY) return message_reply_read(frame, &reply);
    return message_request_read(frame, &request);
}

static void every_section_of_every_type(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        const struct shape *shape = &shapes[i];
        runner_row(shape->name);
        const struct frame good = frame_with(shape->type, shape->required, shape->required_count);
        expect_ok("the required ones", read_either(&good));
        for (size_t left_out = 0; left_out < shape->required_count; left_out++) {
            struct frame frame = good;
            frame.present &= ~(UINT32_C(1) << shape->required[left_out]);
            frame.sections[shape->required[left_out]] = (slice){0};
            expect_refused("one missing", read_either(&frame),
                           "message: a required section is missing");
        }
        for (enum frame_section id = 1; id <= FRAME_SECTION_LAST; id++) {
            if (frame_has_section(&good, id)) continue;
            struct frame frame = good;
            const struct frame extra = frame_with(0, &id, 1);
            frame_put_section(&frame, id, extra.sections[id]);
            expect_outcome(
                "one more", read_either(&frame),
                id == shape->optional ? NULL : "message: a section does not belong to this type");
        }
    }
}

static void section_sizes(void)
{
    static const struct {
        const char *name;
        uint8_t type;
        enum frame_section id;
        size_t size_min, size_max;
    } limits[] = {
        {"record", 2, FRAME_RECORD, 1, 32768},
        {"credentials", 2, FRAME_CREDENTIALS, 23, 4358},
        {"key ARN", 1, FRAME_KEY_ARN, 1, 256},
        {"account id", 2, FRAME_ACCOUNT_ID, 32, 32},
        {"body", 2, FRAME_BODY, 0, 61440},
        {"nonce", 7, FRAME_NONCE, 32, 32},
        {"address", 0x82, FRAME_ADDRESS, 20, 20},
        {"signature", 0x82, FRAME_SIGNATURE, 65, 65},
        {"document", 0x87, FRAME_DOCUMENT, 1, 16384},
        {"error", 0xff, FRAME_FAILURE, 4, 516},
        {"public key", 0x81, FRAME_PUBLIC_KEY, 64, 64},
        {"status", 0x88, FRAME_STATUS_JSON, 1, 16384},
    };
    static const uint8_t failure_head[] = {0, 1, 0, 0};
    memcpy(zeros, failure_head, sizeof failure_head);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        runner_row(limits[i].name);
        struct frame frame = frame_with(0xff, (const enum frame_section[]){FRAME_FAILURE}, 1);
        for (size_t s = 0; s < ARRAY_COUNT(shapes); s++) {
            if (shapes[s].type != limits[i].type) continue;
            frame = frame_with(shapes[s].type, shapes[s].required, shapes[s].required_count);
        }
        frame_put_section(&frame, limits[i].id, slice_of(zeros, limits[i].size_min));
        expect_ok("smallest", read_either(&frame));
        frame_put_section(&frame, limits[i].id, slice_of(zeros, limits[i].size_max));
        expect_ok("largest", read_either(&frame));
        frame_put_section(&frame, limits[i].id, slice_of(zeros, limits[i].size_max + 1));
        expect_refused("above", read_either(&frame), "message: a section is too long");
        if (limits[i].size_min == 0) continue;
        frame_put_section(&frame, limits[i].id, slice_of(zeros, limits[i].size_min - 1));
        expect_refused("below", read_either(&frame), "message: a section is too short");
    }
    memset(zeros, 0, sizeof failure_head);
}

static void types_without_a_row(void)
{
    for (unsigned type = 0; type < 256; type++) {
        runner_row_at("type", type);
        const struct frame frame = {.type = (uint8_t)type};
        struct message_request request;
        struct message_reply reply;
        bool is_served = false;
        for (size_t i = 0; i < 5; i++) is_served |= shapes[i].type == type;
        expect_true("served", message_is_served((uint8_t)type) == is_served);
        if (!is_served) {
            expect_refused("as a request", message_request_read(&frame, &request),
                           "message: this type of request is not served");
        }
        if (type == FRAME_ERROR || message_is_served((uint8_t)(type ^ FRAME_REPLY))) continue;
        expect_refused("as a reply", message_reply_read(&frame, &reply),
                       type & FRAME_REPLY ? "message: this type of reply is not known"
                                          : "message: is not a reply");
    }
}

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
                   "message: a section is too short");
    request.record = slice_text("r");
    request.type = FRAME_IMPORT;
    expect_refused("reserved type", message_request_write(&request, &output),
                   "message: this type of request is not served");
    request.type = FRAME_SIGN_TX;
    request.record = slice_of(zeros, MESSAGE_RECORD_SIZE_MAX);
    request.body = slice_of(zeros, MESSAGE_BODY_SIZE_MAX);
    expect_kind("each fits, all do not", message_request_write(&request, &output),
                FAILURE_OVER_LIMIT);
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
    expect_ok("write", message_reply_write(&reply, &output));
    const struct frame frame = taken(&output);
    expect_refused("parity 2", message_reply_read(&frame, &reply),
                   "message: parity of a signature is neither 0 nor 1");
    reply.type = FRAME_DERIVE;
    expect_refused("reserved", message_reply_write(&reply, &output),
                   "message: this type of reply is not known");
    reply = (struct message_reply){.type = FRAME_SIGN_TX};
    expect_refused("empty", message_reply_write(&reply, &output),
                   "message: a section is too short");
}

static const struct {
    const char *name, *section, *refusal;
} failures[] = {
    {"first kind", "0001 0000", NULL},
    {"last kind with a sentence", "0008 0000 6869", NULL},
    {"kind 0", "0000 0000", "message: kind of error is unknown"},
    {"kind 9", "0009 0000", "message: kind of error is unknown"},
    {"kind 0x0101", "0101 0000", "message: kind of error is unknown"},
    {"zero field", "0001 0001", "message: error field must be zero"},
};

static void failure_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        runner_row(failures[i].name);
        struct frame frame = {.type = FRAME_ERROR, .req_id = 8};
        frame_put_section(&frame, FRAME_FAILURE, runner_hex(failures[i].section));
        struct message_reply reply = {.req_id = 1};
        const status got = message_reply_read(&frame, &reply);
        if (!expect_outcome("read", got, failures[i].refusal)) continue;
        expect_u64("req_id", reply.req_id, failures[i].refusal ? 1 : 8);
    }
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

static void credentials_sizes(void)
{
    static const struct {
        const char *name;
        size_t id, secret, token;
        const char *refusal;
    } sizes[] = {
        {"smallest", 16, 1, 0, NULL},
        {"largest", 128, 128, 4096, NULL},
        {"short id", 15, 1, 0, "credentials: a part is too short"},
        {"long id", 129, 1, 0, "credentials: a part is too long"},
        {"no secret", 16, 0, 0, "credentials: a part is too short"},
        {"long secret", 16, 129, 0, "credentials: a part is too long"},
    };
    static uint8_t memory[MESSAGE_CREDENTIALS_SIZE_MAX];
    static struct message_credentials sent, back;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row(sizes[i].name);
        struct builder section;
        builder_init(&section, memory, sizeof memory);
        text_fill(&sent.access_key_id, sizes[i].id);
        text_fill(&sent.secret_access_key, sizes[i].secret);
        text_fill(&sent.session_token, sizes[i].token);
        const status got = message_credentials_put(&sent, &section);
        if (!expect_outcome("put", got, sizes[i].refusal) || sizes[i].refusal) continue;
        expect_u64("size", section.size, 6 + sizes[i].id + sizes[i].secret + sizes[i].token);
        expect_ok("read", message_credentials_read(builder_view(&section), &back));
        expect_u64("id", back.access_key_id.size, sizes[i].id);
        expect_u64("secret", back.secret_access_key.size, sizes[i].secret);
        expect_u64("token", back.session_token.size, sizes[i].token);
        builder_init(&section, memory, section.size - 1);
        expect_kind("no room", message_credentials_put(&sent, &section), FAILURE_OVER_LIMIT);
    }
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
                   "slice: bytes follow the end");
    memory[0] = 0xff;
    expect_refused("lies about the first part", message_credentials_read(all, &back),
                   "credentials: a part is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"every section of every type", every_section_of_every_type},
        {"section sizes", section_sizes},
        {"types without a row", types_without_a_row},
        {"requests round trip", requests_round_trip},
        {"optional sections may be left out", optional_sections_may_be_left_out},
        {"empty message is a message", empty_message_is_a_message},
        {"replies round trip", replies_round_trip},
        {"failure rows", failure_rows},
        {"failures round trip", failures_round_trip},
        {"credentials sizes", credentials_sizes},
        {"credentials cut or longer", credentials_cut_or_longer},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
