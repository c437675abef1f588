#include "proto/frame.h"

#include <string.h>

#include "runner.h"

/* Header of a STATUS request without sections, req_id 1. */
#define HEAD "454e5746 01 08 0000 "

static const struct {
    const char *name, *bytes, *refusal;
} rows[] = {
    {"no sections", HEAD "00000014 0000000000000001", NULL},
    {"one empty section", HEAD "0000001c 0000000000000001 0005 0000 00000000", NULL},
    {"one section", HEAD "0000001e 0000000000000001 0005 0000 00000002 beef", NULL},
    {"last known section", HEAD "0000001c 0000000000000001 000d 0000 00000000", NULL},
    {"two sections", HEAD "00000025 0000000000000001 0001 0000 00000001 aa 000c 0000 00000000",
     NULL},
    {"bad magic", "454e5745 01 08 0000 00000014 0000000000000001",
     "frame: does not begin with ENWF"},
    {"version 0", "454e5746 00 08 0000 00000014 0000000000000001", "frame: version is not 1"},
    {"version 2", "454e5746 02 08 0000 00000014 0000000000000001", "frame: version is not 1"},
    {"type 0", "454e5746 01 00 0000 00000014 0000000000000001", "frame: type is unknown"},
    {"last type", "454e5746 01 0c 0000 00000014 0000000000000001", NULL},
    {"type 13", "454e5746 01 0d 0000 00000014 0000000000000001", "frame: type is unknown"},
    {"reply to type 0", "454e5746 01 80 0000 00000014 0000000000000001", "frame: type is unknown"},
    {"first reply", "454e5746 01 81 0000 00000014 0000000000000001", NULL},
    {"last reply", "454e5746 01 8c 0000 00000014 0000000000000001", NULL},
    {"reply to type 13", "454e5746 01 8d 0000 00000014 0000000000000001", "frame: type is unknown"},
    {"type below the error's", "454e5746 01 fe 0000 00000014 0000000000000001",
     "frame: type is unknown"},
    {"error", "454e5746 01 ff 0000 00000014 0000000000000001", NULL},
    {"zero field, high byte", "454e5746 01 08 0100 00000014 0000000000000001",
     "frame: header field must be zero"},
    {"zero field, low byte", "454e5746 01 08 0001 00000014 0000000000000001",
     "frame: header field must be zero"},
    {"length 0", HEAD "00000000 0000000000000001", "frame: length is less than the header's"},
    {"length 19", HEAD "00000013 0000000000000001", "frame: length is less than the header's"},
    {"length 196609", HEAD "00030001 0000000000000001", "frame: is too long"},
    {"length of all ones", HEAD "ffffffff 0000000000000001", "frame: is too long"},
    {"section 0", HEAD "0000001c 0000000000000001 0000 0000 00000000", "frame: section is unknown"},
    {"section 14", HEAD "0000001c 0000000000000001 000e 0000 00000000",
     "frame: section is unknown"},
    {"section 0x0101", HEAD "0000001c 0000000000000001 0101 0000 00000000",
     "frame: section is unknown"},
    {"section twice", HEAD "00000024 0000000000000001 0005000000000000 0005000000000000",
     "frame: section is there twice"},
    {"descending sections", HEAD "00000024 0000000000000001 0005000000000000 0004000000000000",
     "frame: sections are not in ascending order"},
    {"section's zero field", HEAD "0000001c 0000000000000001 0005 0001 00000000",
     "frame: section field must be zero"},
    {"section's zero field, high byte", HEAD "0000001c 0000000000000001 0005 0100 00000000",
     "frame: section field must be zero"},
    {"section one byte too long", HEAD "0000001d 0000000000000001 0005 0000 00000002 aa",
     "frame: section runs past the end"},
    {"section of all ones", HEAD "0000001d 0000000000000001 0005 0000 ffffffff aa",
     "frame: section runs past the end"},
    {"section into the next frame", HEAD "0000001d 0000000000000001 0005 0000 00000003 aa 454e5746",
     "frame: section runs past the end"},
    {"one trailing byte", HEAD "0000001d 0000000000000001 0005 0000 00000000 00",
     "frame: ends inside a section's header"},
    {"seven trailing bytes", HEAD "0000001b 0000000000000001 00050000000000",
     "frame: ends inside a section's header"},
};

static void take_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const slice all = runner_hex(rows[i].bytes);
        slice arrived = all;
        struct frame frame = {.req_id = 77};
        bool is_whole = false;
        const status got = frame_take(&arrived, &frame, &is_whole);
        if (!expect_outcome("frame_take", got, rows[i].refusal)) continue;
        if (rows[i].refusal) {
            expect_u64("frame is untouched", frame.req_id, 77);
            expect_u64("input is untouched", arrived.size, all.size);
            continue;
        }
        expect_true("whole", is_whole);
        expect_u64("taken off", arrived.size, 0);
        expect_u64("req_id", frame.req_id, 1);
        uint8_t memory[128];
        struct builder output;
        builder_init(&output, memory, sizeof memory);
        expect_ok("write", frame_write(&frame, &output));
        expect_bytes("written as read", builder_view(&output), all);
    }
}

static const char *const two_sections =
    "454e5746 01 02 0000 0000002a 0102030405060708 0001 0000 00000003 aabbcc 0005 0000 00000003 "
    "ddeeff";

static void every_truncation_needs_more(void)
{
    const slice all = runner_hex(two_sections);
    for (size_t size = 0; size < all.size; size++) {
        runner_row_at("size", size);
        slice arrived = slice_part(all, 0, size);
        struct frame frame = {.req_id = 77};
        bool is_whole = true;
        expect_ok("frame_take", frame_take(&arrived, &frame, &is_whole));
        expect_true("needs more", !is_whole);
        expect_u64("input is untouched", arrived.size, size);
        expect_u64("frame is untouched", frame.req_id, 77);
    }
}

static void every_lie_about_length_is_refused(void)
{
    uint8_t bytes[64] = {0};
    const slice all = runner_hex(two_sections);
    for (uint8_t said = FRAME_HEADER_SIZE; said < sizeof bytes; said++) {
        runner_row_at("total_len", said);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, all.bytes, all.size);
        bytes[11] = said;
        slice arrived = slice_of(bytes, sizeof bytes);
        struct frame frame;
        bool is_whole = false;
        const status got = frame_take(&arrived, &frame, &is_whole);
        /* 20 and 31 cut exactly between sections: shorter, well-formed frames. */
        const bool is_good = said == 20 || said == 31 || said == all.size;
        expect_true("accepted or refused", status_is_ok(got) == is_good);
    }
    for (size_t offset = 24; offset < 28; offset++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            runner_row_at("section length, bit", (offset - 24) * 8 + bit);
            memcpy(bytes, all.bytes, all.size);
            bytes[offset] = (uint8_t)(bytes[offset] ^ 1U << bit);
            slice arrived = slice_of(bytes, all.size);
            struct frame frame;
            bool is_whole = false;
            expect_kind("refused", frame_take(&arrived, &frame, &is_whole), FAILURE_BAD_INPUT);
        }
    }
}

static void header_is_refused_before_the_rest_arrives(void)
{
    slice arrived = runner_hex(HEAD "00030000 0000000000000001");
    struct frame frame;
    bool is_whole = true;
    expect_ok("as long as may be", frame_take(&arrived, &frame, &is_whole));
    expect_true("not whole yet", !is_whole);
    is_whole = true;
    arrived = runner_hex(HEAD "00030001 0000000000000001");
    expect_refused("too long", frame_take(&arrived, &frame, &is_whole), "frame: is too long");
    arrived = runner_hex(HEAD "00010000 0000000000000001");
    expect_ok("longest", frame_take(&arrived, &frame, &is_whole));
    expect_true("needs more", !is_whole);
}

static void expected_size(void)
{
    const slice one = runner_hex(two_sections);
    for (size_t size = 0; size <= one.size; size++) {
        runner_row_at("arrived", size);
        expect_u64("expected", frame_size_expected(slice_part(one, 0, size)),
                   size < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE : one.size);
    }
    runner_row("what is no frame");
    expect_u64("expected",
               frame_size_expected(runner_hex("454e5747 01 01 0000 00000040"
                                              "0102030405060708")),
               FRAME_HEADER_SIZE);
}

static void frames_follow_each_other(void)
{
    const slice one = runner_hex(two_sections);
    uint8_t bytes[256];
    struct builder stream;
    builder_init(&stream, bytes, sizeof bytes);
    for (int i = 0; i < 3; i++) builder_put(&stream, one);
    builder_put(&stream, slice_part(one, 0, 25));
    slice arrived = builder_view(&stream);
    struct frame frame;
    bool is_whole;
    for (int i = 0; i < 3; i++) {
        expect_ok("frame_take", frame_take(&arrived, &frame, &is_whole));
        expect_true("whole", is_whole);
        expect_u64("type", frame.type, FRAME_SIGN_TX);
        expect_u64("req_id", frame.req_id, UINT64_C(0x0102030405060708));
        expect_hex("record", frame.sections[FRAME_RECORD], "aabbcc");
        expect_hex("body", frame.sections[FRAME_BODY], "ddeeff");
        expect_true("no credentials", !frame_has_section(&frame, FRAME_CREDENTIALS));
    }
    expect_ok("the rest", frame_take(&arrived, &frame, &is_whole));
    expect_true("needs more", !is_whole);
    expect_u64("left", arrived.size, 25);
}

static void size_limit(void)
{
    static uint8_t body[FRAME_SIZE_MAX], memory[FRAME_SIZE_MAX + 1];
    const size_t overhead = FRAME_HEADER_SIZE + FRAME_SECTION_HEADER_SIZE;
    struct builder output;
    struct frame frame = {.type = FRAME_SIGN_MESSAGE, .req_id = 9};
    builder_init(&output, memory, sizeof memory);
    frame_put_section(&frame, FRAME_BODY, slice_of(body, FRAME_SIZE_MAX - overhead + 1));
    expect_refused("one too many", frame_write(&frame, &output), "frame: is too long to be sent");
    expect_u64("nothing written", output.size, 0);
    frame_put_section(&frame, FRAME_BODY, slice_of(body, FRAME_SIZE_MAX - overhead));
    expect_ok("longest", frame_write(&frame, &output));
    expect_u64("size", output.size, FRAME_SIZE_MAX);
    slice arrived = builder_view(&output);
    bool is_whole = false;
    expect_ok("read", frame_take(&arrived, &frame, &is_whole));
    expect_true("whole", is_whole);
    expect_refused("no room", frame_write(&frame, &output), "frame: there is no room to write it");
    expect_true("the builder did not overflow", !output.is_over);
    builder_init(&output, memory, FRAME_SIZE_MAX - 1);
    expect_refused("room for all but one byte", frame_write(&frame, &output),
                   "frame: there is no room to write it");
    builder_init(&output, memory, FRAME_SIZE_MAX);
    expect_ok("just the room", frame_write(&frame, &output));
    builder_init(&output, memory, FRAME_SIZE_MAX + 1);
    builder_put_zeros(&output, FRAME_SIZE_MAX + 2);
    expect_refused("behind what did not fit", frame_write(&frame, &output),
                   "frame: there is no room to write it");
}

static void req_id_for_error_replies(void)
{
    static const struct {
        const char *name, *bytes;
        uint64_t wanted;
    } ids[] = {
        {"good", HEAD "00000014 0102030405060708", UINT64_C(0x0102030405060708)},
        {"too long", HEAD "ffffffff 0102030405060708", UINT64_C(0x0102030405060708)},
        {"header not whole", HEAD "00000014 01020304050607", 0},
        {"not our magic", "454e5745 01 08 0000 00000014 0102030405060708", 0},
        {"another version", "454e5746 02 08 0000 00000014 0102030405060708", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        runner_row(ids[i].name);
        expect_u64("req_id", frame_req_id(runner_hex(ids[i].bytes)), ids[i].wanted);
    }
}

static void random_frames_round_trip(void)
{
    static uint8_t memory[FRAME_SIZE_MAX], payload[512];
    runner_random(payload, sizeof payload);
    for (size_t round = 0; round < 2000; round++) {
        struct frame frame = {.type = (uint8_t)(1 + runner_random_u64() % FRAME_TYPE_LAST),
                              .req_id = runner_random_u64()};
        for (int id = 1; id <= FRAME_SECTION_LAST; id++) {
            if (runner_random_u64() % 2) continue;
            frame_put_section(&frame, (enum frame_section)id,
                              slice_of(payload, runner_random_u64() % sizeof payload));
        }
        struct builder output;
        builder_init(&output, memory, sizeof memory);
        expect_ok("write", frame_write(&frame, &output));
        slice arrived = builder_view(&output);
        struct frame back = {0};
        bool is_whole = false;
        expect_ok("take", frame_take(&arrived, &back, &is_whole));
        expect_true("whole", is_whole);
        expect_u64("type", back.type, frame.type);
        expect_u64("req_id", back.req_id, frame.req_id);
        expect_u64("present", back.present, frame.present);
        for (int id = 1; id <= FRAME_SECTION_LAST; id++) {
            if (!expect_bytes("section", back.sections[id], frame.sections[id])) return;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"take rows", take_rows},
        {"every truncation needs more", every_truncation_needs_more},
        {"every lie about length is refused", every_lie_about_length_is_refused},
        {"header is refused before the rest", header_is_refused_before_the_rest_arrives},
        {"expected size", expected_size},
        {"frames follow each other", frames_follow_each_other},
        {"size limit", size_limit},
        {"req_id for error replies", req_id_for_error_replies},
        {"random frames round trip", random_frames_round_trip},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
