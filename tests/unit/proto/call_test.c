#include "proto/call.h"

#include <string.h>

#include "runner.h"

static uint8_t zeros[FRAME_SIZE_MAX];

/* The bounds of every section, as the protocol page lists them. */
static const struct {
    const char *name;
    size_t size_min, size_max;
} bounds[FRAME_SECTION_LAST + 1] = {
    [FRAME_RECORD] = {"record", 1, 32768},       [FRAME_CREDENTIALS] = {"credentials", 8, 12678},
    [FRAME_KEY_ARN] = {"key ARN", 1, 256},       [FRAME_ACCOUNT_ID] = {"account id", 32, 32},
    [FRAME_BODY] = {"body", 0, 147456},          [FRAME_NONCE] = {"nonce", 32, 32},
    [FRAME_ADDRESS] = {"address", 20, 20},       [FRAME_SIGNATURE] = {"signature", 65, 65},
    [FRAME_DOCUMENT] = {"document", 1, 16384},   [FRAME_FAILURE] = {"error", 6, 646},
    [FRAME_PUBLIC_KEY] = {"public key", 64, 64}, [FRAME_STATUS_JSON] = {"status", 1, 16384},
    [FRAME_LEFT_MS] = {"left_ms", 4, 4},
};

enum { REQUIRED_COUNT_MAX = 5, OPTIONAL_COUNT_MAX = 2 };

/* The sections of each type, as the protocol page lists them. Unused places are 0. */
static const struct shape {
    const char *name;
    uint8_t type;
    enum frame_section required[REQUIRED_COUNT_MAX], optional[OPTIONAL_COUNT_MAX];
} shapes[] = {
    {"CREATE", 1, {FRAME_CREDENTIALS, FRAME_ACCOUNT_ID}, {FRAME_KEY_ARN, FRAME_LEFT_MS}},
    {"SIGN_TX",
     2,
     {FRAME_RECORD, FRAME_ACCOUNT_ID, FRAME_BODY},
     {FRAME_CREDENTIALS, FRAME_LEFT_MS}},
    {"SIGN_MESSAGE",
     3,
     {FRAME_RECORD, FRAME_ACCOUNT_ID, FRAME_BODY},
     {FRAME_CREDENTIALS, FRAME_LEFT_MS}},
    {"ATTEST", 7, {0}, {FRAME_NONCE, FRAME_LEFT_MS}},
    {"STATUS", 8, {0}, {FRAME_LEFT_MS}},
    {"reply to CREATE",
     0x81,
     {FRAME_RECORD, FRAME_KEY_ARN, FRAME_ADDRESS, FRAME_DOCUMENT, FRAME_PUBLIC_KEY},
     {0}},
    {"reply to SIGN_TX", 0x82, {FRAME_ADDRESS, FRAME_SIGNATURE}, {0}},
    {"reply to SIGN_MESSAGE", 0x83, {FRAME_ADDRESS, FRAME_SIGNATURE}, {0}},
    {"reply to ATTEST", 0x87, {FRAME_DOCUMENT}, {0}},
    {"reply to STATUS", 0x88, {FRAME_STATUS_JSON}, {0}},
    {"error reply", 0xff, {FRAME_FAILURE}, {0}},
};

/* A section of this size; an error's is of kind 1 and says nothing else than it must. */
static slice section_of(enum frame_section id, size_t size)
{
    static uint8_t failure[FRAME_SIZE_MAX];
    if (id != FRAME_FAILURE) return slice_of(zeros, size);
    const size_t where_size = size > 6 + CALL_SENTENCE_SIZE_MAX ? CALL_WHERE_SIZE_MAX : 0;
    failure[1] = 1;
    failure[5] = (uint8_t)where_size;
    return slice_of(failure, size);
}

static void put(struct frame *frame, enum frame_section id, size_t size)
{
    frame_put_section(frame, id, section_of(id, size));
}

static bool is_optional(const struct shape *shape, enum frame_section id)
{
    for (size_t i = 0; i < OPTIONAL_COUNT_MAX; i++) {
        if (shape->optional[i] == id) return true;
    }
    return false;
}

/* The required sections, each of its smallest size. */
static struct frame smallest(const struct shape *shape)
{
    struct frame frame = {.type = shape->type, .req_id = 5};
    for (size_t i = 0; i < REQUIRED_COUNT_MAX && shape->required[i]; i++) {
        put(&frame, shape->required[i], bounds[shape->required[i]].size_min);
    }
    return frame;
}

static struct frame largest(const struct shape *shape)
{
    struct frame frame = smallest(shape);
    for (enum frame_section id = 1; id <= FRAME_SECTION_LAST; id++) {
        if (frame_has_section(&frame, id) || is_optional(shape, id)) {
            put(&frame, id, bounds[id].size_max);
        }
    }
    return frame;
}

static status check(const struct frame *frame)
{
    return frame->type & FRAME_REPLY ? call_check_reply(frame, frame->type & (uint8_t)~FRAME_REPLY)
                                     : call_check_request(frame);
}

static void every_section_of_every_type(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        const struct shape *shape = &shapes[i];
        runner_row(shape->name);
        const struct frame good = smallest(shape);
        expect_ok("the required ones", check(&good));
        for (enum frame_section id = 1; id <= FRAME_SECTION_LAST; id++) {
            struct frame frame = good;
            if (frame_has_section(&good, id)) {
                frame.present &= ~(UINT32_C(1) << id);
                frame.sections[id] = (slice){0};
                expect_refused("one missing", check(&frame), "call: a required section is missing");
            } else {
                put(&frame, id, bounds[id].size_min);
                expect_outcome(
                    "one more", check(&frame),
                    is_optional(shape, id) ? NULL : "call: a section does not belong to this type");
            }
        }
    }
}

static void every_section_at_its_bounds(void)
{
    bool is_seen[FRAME_SECTION_LAST + 1] = {false};
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        const struct frame whole = largest(&shapes[i]);
        runner_row(shapes[i].name);
        expect_ok("all at their largest", check(&whole));
        for (enum frame_section id = 1; id <= FRAME_SECTION_LAST; id++) {
            if (!frame_has_section(&whole, id)) continue;
            struct frame frame = whole;
            is_seen[id] = true;
            put(&frame, id, bounds[id].size_min);
            expect_ok(bounds[id].name, check(&frame));
            put(&frame, id, bounds[id].size_max + 1);
            const status longer = check(&frame);
            expect_refused("above", longer, "call: a section is too long");
            expect_u64("which", (uint64_t)longer.detail, id);
            if (bounds[id].size_min == 0) continue;
            put(&frame, id, bounds[id].size_min - 1);
            const status shorter = check(&frame);
            expect_refused("below", shorter, "call: a section is too short");
            expect_u64("which", (uint64_t)shorter.detail, id);
        }
    }
    runner_row(NULL);
    for (size_t id = 1; id <= FRAME_SECTION_LAST; id++) expect_true("used", is_seen[id]);
}

/* What is written is read, at both ends of every size; nothing legal is too long as a whole. */
static void round_trips(void)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    for (size_t i = 0; i < 2 * ARRAY_COUNT(shapes); i++) {
        const struct shape *shape = &shapes[i / 2];
        const struct frame sent = i % 2 ? largest(shape) : smallest(shape);
        struct frame back = {0};
        struct builder output;
        bool is_whole = false;
        runner_row(shape->name);
        builder_init(&output, memory, sizeof memory);
        if (!expect_ok("write", call_write(&sent, &output))) continue;
        expect_u64("size", builder_view(&output).size, frame_size(&sent));
        slice arrived = builder_view(&output);
        expect_ok("take", frame_take(&arrived, &back, &is_whole));
        expect_true("whole", is_whole && arrived.size == 0);
        expect_ok("check", check(&back));
        expect_u64("type", back.type, sent.type);
        expect_u64("req_id", back.req_id, sent.req_id);
        expect_u64("sections", back.present, sent.present);
        for (enum frame_section id = 1; id <= FRAME_SECTION_LAST; id++) {
            expect_bytes(bounds[id].name, frame_section(&back, id), frame_section(&sent, id));
        }
        const bool is_reply = sent.type & FRAME_REPLY;
        expect_true("total",
                    frame_size(&sent) <= (is_reply ? CALL_REPLY_SIZE_MAX : FRAME_SIZE_MAX));
    }
}

static void types(void)
{
    for (unsigned type = 0; type < 256; type++) {
        runner_row_at("type", type);
        const struct frame frame = {.type = (uint8_t)type};
        const uint8_t other = (uint8_t)(type ^ FRAME_REPLY);
        bool is_served = false;
        for (size_t i = 0; i < 5; i++) is_served |= shapes[i].type == type;
        const struct call_type *row = call_type_of((uint8_t)type);
        expect_true("served", (row != NULL) == is_served);
        if (row) expect_u64("its own row", row->type, type);
        if (!is_served) {
            expect_refused("as a request", call_check_request(&frame),
                           "call: this type of request is not served");
        }
        if (type == FRAME_ERROR || call_type_of(other)) continue;
        expect_refused("as a reply", call_check_reply(&frame, other),
                       type & FRAME_REPLY ? "call: this type of reply is not known"
                                          : "call: is not a reply");
    }
}

/* What waits and what a debug enclave serves. */
static void rows(void)
{
    static const struct {
        const char *name;
        enum call_wait waits;
        bool is_for_debug;
    } wanted[CALL_TYPE_COUNT] = {
        {"create", CALL_WAITS_ALWAYS, false},
        {"sign_tx", CALL_WAITS_WHEN_COLD, false},
        {"sign_message", CALL_WAITS_WHEN_COLD, false},
        {"attest", CALL_WAITS_ALWAYS, true},
        {"status", CALL_WAITS_NEVER, true},
    };
    for (size_t i = 0; i < CALL_TYPE_COUNT; i++) {
        runner_row(wanted[i].name);
        expect_text("name", slice_text(call_types[i].name), wanted[i].name);
        expect_u64("waits", call_types[i].waits, wanted[i].waits);
        expect_true("debug", call_types[i].is_for_debug == wanted[i].is_for_debug);
    }
}

static void replies_answer_their_request(void)
{
    const struct frame reply = smallest(&shapes[6]);
    expect_ok("to SIGN_TX", call_check_reply(&reply, FRAME_SIGN_TX));
    expect_refused("to SIGN_MESSAGE", call_check_reply(&reply, FRAME_SIGN_MESSAGE),
                   "call: is a reply to another type of request");
    const struct frame failure = smallest(&shapes[10]);
    expect_ok("an error is to any", call_check_reply(&failure, FRAME_SIGN_MESSAGE));
}

static void parity(void)
{
    uint8_t signature[CALL_SIGNATURE_SIZE] = {0};
    struct frame reply = smallest(&shapes[6]);
    frame_put_section(&reply, FRAME_SIGNATURE, slice_of(signature, sizeof signature));
    for (unsigned value = 0; value < 4; value++) {
        runner_row_at("parity", value);
        signature[64] = (uint8_t)value;
        expect_outcome("check", call_check_reply(&reply, FRAME_SIGN_TX),
                       value <= 1 ? NULL : "call: parity of a signature is neither 0 nor 1");
    }
}

static void writing_refuses(void)
{
    static uint8_t memory[64];
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    struct frame frame = {.type = FRAME_IMPORT};
    expect_refused("reserved type", call_write(&frame, &output),
                   "call: this type of request is not served");
    frame.type = FRAME_DERIVE | FRAME_REPLY;
    expect_refused("reserved reply", call_write(&frame, &output),
                   "call: this type of reply is not known");
    frame.type = FRAME_CREATE;
    expect_refused("empty", call_write(&frame, &output), "call: a required section is missing");
    frame = smallest(&shapes[0]);
    expect_kind("no room", call_write(&frame, &output), FAILURE_OVER_LIMIT);
    expect_u64("nothing was written", builder_view(&output).size, 0);
}

static void account_ids(void)
{
    uint8_t bytes[ACCOUNT_ID_SIZE];
    struct frame frame = {.type = FRAME_CREATE};
    static const account_id none;
    account_id id = call_account_id(&frame);
    expect_true("none", account_id_equal(&id, &none));
    memset(bytes, 7, sizeof bytes);
    frame_put_section(&frame, FRAME_ACCOUNT_ID, slice_of(bytes, sizeof bytes));
    id = call_account_id(&frame);
    expect_bytes("id", slice_of(id.bytes, sizeof id.bytes), slice_of(bytes, sizeof bytes));
}

/* Deadlines nest: the enclave's ends CALL_MARGIN_MS before the requester's. */
static void deadlines(void)
{
    static const struct {
        const char *name;
        int64_t left_ms, own_ms, wanted_ms;
    } table[] = {
        {"passed", -5, 15000, 0},
        {"none left", 0, 15000, 0},
        {"the margin", 250, 15000, 0},
        {"one more", 251, 15000, 1},
        {"less than its own", 10000, 15000, 9750},
        {"as much as its own", 15250, 15000, 15000},
        {"more than its own", 15251, 15000, 15000},
        {"more than a u32", INT64_MAX, 15000, 15000},
        {"largest, and a large one of its own", INT64_MAX, INT64_C(1) << 40, 4294967045},
        {"2^32, which no u32 is", INT64_C(1) << 32, INT64_C(1) << 40, 4294967045},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        uint8_t memory[CALL_LEFT_MS_SIZE];
        struct frame frame = {.type = FRAME_STATUS};
        runner_row(table[i].name);
        call_put_left_ms(&frame, table[i].left_ms, memory);
        expect_ok("request", call_check_request(&frame));
        expect_u64("deadline", (uint64_t)call_deadline_ms(&frame, 1000, table[i].own_ms),
                   (uint64_t)(1000 + table[i].wanted_ms));
    }
    const struct frame silent = {.type = FRAME_STATUS};
    expect_u64("not said", (uint64_t)call_deadline_ms(&silent, 1000, 15000), 16000);
}

static const struct {
    const char *name, *section, *refusal;
    unsigned kind, reason;
    const char *where, *sentence;
} failures[] = {
    {"first kind", "0001 0000 0000", NULL, 1, 0, "", ""},
    {"last kind with a sentence", "0008 0007 0000 6869", NULL, 8, 7, "", "hi"},
    {"a newer reason", "0001 ffff 0000", NULL, 1, 0xffff, "", ""},
    {"a place", "0001 0000 0002 746f 6869", NULL, 1, 0, "to", "hi"},
    {"a place alone", "0001 0000 0002 746f", NULL, 1, 0, "to", ""},
    {"kind 0", "0000 0000 0000", "call: kind of error is unknown", 0, 0, "", ""},
    {"kind 9", "0009 0000 0000", "call: kind of error is unknown", 0, 0, "", ""},
    {"kind 0x0101", "0101 0000 0000", "call: kind of error is unknown", 0, 0, "", ""},
    {"place past the end", "0001 0000 0003 746f", "call: place of an error runs past the end", 0, 0,
     "", ""},
    {"place of 129", "0001 0000 0081 746f", "call: place of an error is too long", 0, 0, "", ""},
    {"cut", "0001 0000 00", "call: a section is too short", 0, 0, "", ""},
};

static void failure_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        runner_row(failures[i].name);
        struct frame frame = {.type = FRAME_ERROR, .req_id = 8};
        frame_put_section(&frame, FRAME_FAILURE, runner_hex(failures[i].section));
        struct call_failure failure;
        expect_outcome("as a reply", call_check_reply(&frame, FRAME_CREATE), failures[i].refusal);
        const status got = call_read_failure(&frame, &failure);
        if (!expect_outcome("read", got, failures[i].refusal) || failures[i].refusal) continue;
        expect_u64("kind", failure.kind, failures[i].kind);
        expect_u64("reason", failure.reason, failures[i].reason);
        expect_text("where", failure.where, failures[i].where);
        expect_text("sentence", failure.sentence, failures[i].sentence);
    }
    const struct frame status_reply = smallest(&shapes[9]);
    struct call_failure failure;
    expect_refused("no error", call_read_failure(&status_reply, &failure),
                   "call: is not an error reply");
}

static void failure_sentence_at_its_limit(void)
{
    struct frame frame = {.type = FRAME_ERROR};
    struct call_failure failure;
    put(&frame, FRAME_FAILURE, 6 + CALL_SENTENCE_SIZE_MAX);
    expect_ok("longest", call_read_failure(&frame, &failure));
    expect_u64("size", failure.sentence.size, CALL_SENTENCE_SIZE_MAX);
    /* Within the section's bound, because the place could have been as long. */
    static uint8_t bytes[6 + CALL_SENTENCE_SIZE_MAX + 1] = {0, 1};
    frame_put_section(&frame, FRAME_FAILURE, slice_of(bytes, sizeof bytes));
    expect_refused("longer", call_read_failure(&frame, &failure),
                   "call: sentence of an error is too long");
}

static struct call_failure write_and_read(const struct call_failure *sent)
{
    static uint8_t memory[CALL_FAILURE_SIZE_MAX];
    struct builder output;
    struct frame frame = {0};
    struct call_failure back = {0};
    bool is_whole = false;
    builder_init(&output, memory, sizeof memory);
    expect_ok("write", call_write_failure(4, sent, &output));
    slice arrived = builder_view(&output);
    expect_ok("take", frame_take(&arrived, &frame, &is_whole));
    expect_u64("req_id", frame.req_id, 4);
    expect_ok("read", call_read_failure(&frame, &back));
    return back;
}

static void failures_round_trip(void)
{
    static char text[CALL_SENTENCE_SIZE_MAX + 90];
    struct call_failure sent = call_failure_of(REFUSAL(DENIED, 7, "test: own sentence"));
    struct call_failure back = write_and_read(&sent);
    expect_u64("kind", back.kind, FAILURE_DENIED);
    expect_u64("reason", back.reason, CALL_REASON_NONE);
    expect_text("sentence", back.sentence, "test: own sentence");
    sent.reason = CALL_REASON_BUSY;
    sent.where = slice_text("transaction.to");
    back = write_and_read(&sent);
    expect_u64("reason", back.reason, CALL_REASON_BUSY);
    expect_text("where", back.where, "transaction.to");
    /* A two-byte character would be cut in half at the limit. */
    memset(text, 'x', sizeof text);
    text[CALL_SENTENCE_SIZE_MAX - 1] = '\xc3';
    text[CALL_SENTENCE_SIZE_MAX] = '\xa9';
    sent.sentence = slice_of(text, sizeof text);
    sent.where = slice_of(text, CALL_WHERE_SIZE_MAX + 1);
    back = write_and_read(&sent);
    expect_u64("cut before the character", back.sentence.size, CALL_SENTENCE_SIZE_MAX - 1);
    expect_u64("place is cut", back.where.size, CALL_WHERE_SIZE_MAX);
    /* Exactly at the limit nothing is cut, whatever lies behind the text in memory. */
    text[CALL_SENTENCE_SIZE_MAX - 1] = 'x';
    sent.sentence = slice_of(text, CALL_SENTENCE_SIZE_MAX);
    back = write_and_read(&sent);
    expect_u64("at the limit", back.sentence.size, CALL_SENTENCE_SIZE_MAX);
    expect_u64("a success is our own fault", call_failure_of(status_ok()).kind, FAILURE_INTERNAL);
}

static void credentials_sizes(void)
{
    static const struct {
        const char *name;
        size_t id, secret, token;
        const char *refusal;
    } sizes[] = {
        {"smallest", 1, 1, 0, NULL},
        {"largest", 128, 256, 12288, NULL},
        {"no id", 0, 1, 0, "credentials: a part is too short"},
        {"long id", 129, 1, 0, "credentials: a part is too long"},
        {"no secret", 1, 0, 0, "credentials: a part is too short"},
        {"long secret", 1, 257, 0, "credentials: a part is too long"},
        {"long token", 1, 1, 12289, "credentials: a part is too long"},
    };
    static uint8_t memory[CALL_CREDENTIALS_SIZE_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row(sizes[i].name);
        struct builder section;
        struct call_credentials back;
        builder_init(&section, memory, sizeof memory);
        const struct call_credentials sent = {slice_of(zeros, sizes[i].id),
                                              slice_of(zeros, sizes[i].secret),
                                              slice_of(zeros, sizes[i].token)};
        const status got = call_put_credentials(&sent, &section);
        if (!expect_outcome("put", got, sizes[i].refusal) || sizes[i].refusal) continue;
        const slice all = builder_view(&section);
        expect_u64("size", all.size, 6 + sizes[i].id + sizes[i].secret + sizes[i].token);
        expect_ok("read", call_read_credentials(all, &back));
        expect_u64("id", back.access_key_id.size, sizes[i].id);
        expect_u64("secret", back.secret_access_key.size, sizes[i].secret);
        expect_u64("token", back.session_token.size, sizes[i].token);
        builder_init(&section, memory, all.size - 1);
        expect_kind("no room", call_put_credentials(&sent, &section), FAILURE_OVER_LIMIT);
    }
}

static void credentials_cut_or_longer(void)
{
    static uint8_t memory[64];
    struct builder section;
    struct call_credentials back = {0};
    const struct call_credentials sent = {slice_text("AKIAIOSFODNN7EXA"),
                                          slice_text("twenty bytes of it.."), slice_text("token")};
    builder_init(&section, memory, sizeof memory - 1);
    expect_ok("put", call_put_credentials(&sent, &section));
    const slice all = builder_view(&section);
    for (size_t size = 0; size < all.size; size++) {
        runner_row_at("cut at", size);
        expect_kind("refused", call_read_credentials(slice_part(all, 0, size), &back),
                    FAILURE_BAD_INPUT);
        expect_u64("untouched", back.access_key_id.size, 0);
    }
    memory[all.size] = 0;
    expect_refused("one byte more", call_read_credentials(slice_of(memory, all.size + 1), &back),
                   "reader: bytes follow the end");
    memory[0] = 0xff;
    expect_refused("lies about the first part", call_read_credentials(all, &back),
                   "credentials: a part is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"every section of every type", every_section_of_every_type},
        {"every section at its bounds", every_section_at_its_bounds},
        {"round trips", round_trips},
        {"types", types},
        {"rows", rows},
        {"replies answer their request", replies_answer_their_request},
        {"parity", parity},
        {"writing refuses", writing_refuses},
        {"account ids", account_ids},
        {"deadlines", deadlines},
        {"failure rows", failure_rows},
        {"failure's sentence at its limit", failure_sentence_at_its_limit},
        {"failures round trip", failures_round_trip},
        {"credentials sizes", credentials_sizes},
        {"credentials cut or longer", credentials_cut_or_longer},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
