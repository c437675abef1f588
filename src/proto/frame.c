#include "proto/frame.h"

static const uint8_t magic[] = {'E', 'N', 'W', 'F'};

enum { VERSION = 1 };

void frame_put_section(struct frame *frame, enum frame_section section, slice bytes)
{
    frame->present |= UINT32_C(1) << section;
    frame->sections[section] = bytes;
}

bool frame_has_section(const struct frame *frame, enum frame_section section)
{
    return frame->present >> section & 1;
}

slice frame_section(const struct frame *frame, enum frame_section section)
{
    return frame->sections[section];
}

static bool type_is_known(uint8_t type)
{
    if (type == FRAME_ERROR) return true;
    const uint8_t request = type & (uint8_t)~FRAME_REPLY;
    return request >= FRAME_CREATE && request <= FRAME_TYPE_LAST;
}

/* Takes the header; `*size` is that of the whole frame. */
static status header_take(slice *input, struct frame *frame, uint32_t *size)
{
    slice start;
    uint8_t version;
    uint16_t zero;
    TRY(slice_take(input, sizeof magic, &start));
    REQUIRE(slice_equal(start, slice_of(magic, sizeof magic)), BAD_INPUT,
            "frame: does not begin with ENWF");
    TRY(slice_take_u8(input, &version));
    REQUIRE(version == VERSION, BAD_INPUT, "frame: version is not 1");
    TRY(slice_take_u8(input, &frame->type));
    TRY(slice_take_u16(input, &zero));
    TRY(slice_take_u32(input, size));
    TRY(slice_take_u64(input, &frame->req_id));
    REQUIRE(zero == 0, BAD_INPUT, "frame: header field must be zero");
    REQUIRE(*size >= FRAME_HEADER_SIZE, BAD_INPUT, "frame: length is less than the header's");
    REQUIRE(*size <= FRAME_SIZE_MAX, BAD_INPUT, "frame: is too long");
    REQUIRE(type_is_known(frame->type), BAD_INPUT, "frame: type is unknown");
    return status_ok();
}

static status section_take(slice *input, struct frame *frame, uint16_t *last)
{
    uint16_t id, zero;
    uint32_t size;
    slice bytes;
    REQUIRE(input->size >= FRAME_SECTION_HEADER_SIZE, BAD_INPUT,
            "frame: ends inside a section's header");
    TRY(slice_take_u16(input, &id));
    TRY(slice_take_u16(input, &zero));
    TRY(slice_take_u32(input, &size));
    REQUIRE(id >= 1 && id <= FRAME_SECTION_LAST, BAD_INPUT, "frame: section is unknown");
    REQUIRE(id != *last, BAD_INPUT, "frame: section is there twice");
    REQUIRE(id > *last, BAD_INPUT, "frame: sections are not in ascending order");
    REQUIRE(zero == 0, BAD_INPUT, "frame: section field must be zero");
    REQUIRE(size <= input->size, BAD_INPUT, "frame: section runs past the end");
    TRY(slice_take(input, size, &bytes));
    frame_put_section(frame, (enum frame_section)id, bytes);
    *last = id;
    return status_ok();
}

status frame_take(slice *arrived, struct frame *frame, bool *is_whole)
{
    if (arrived->size < FRAME_HEADER_SIZE) {
        *is_whole = false;
        return status_ok();
    }
    struct frame taken = {0};
    uint32_t size;
    slice header = *arrived;
    TRY(header_take(&header, &taken, &size));
    if (arrived->size < size) {
        *is_whole = false;
        return status_ok();
    }
    slice rest = slice_part(*arrived, FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE);
    uint16_t last = 0;
    while (rest.size > 0) TRY(section_take(&rest, &taken, &last));
    *arrived = slice_part(*arrived, size, arrived->size - size);
    *frame = taken;
    *is_whole = true;
    return status_ok();
}

size_t frame_size_expected(slice arrived)
{
    struct frame frame;
    uint32_t size;
    if (!status_is_ok(header_take(&arrived, &frame, &size))) return FRAME_HEADER_SIZE;
    return size;
}

uint64_t frame_req_id(slice arrived)
{
    const size_t offset = 12;
    if (arrived.size < FRAME_HEADER_SIZE) return 0;
    if (!slice_has_start(arrived, slice_of(magic, sizeof magic))) return 0;
    if (arrived.bytes[sizeof magic] != VERSION) return 0;
    uint64_t req_id = 0;
    for (size_t i = 0; i < sizeof req_id; i++) req_id = req_id << 8 | arrived.bytes[offset + i];
    return req_id;
}

/* Sections are far too few to overflow a size_t by honest memory. */
size_t frame_size(const struct frame *frame)
{
    size_t size = FRAME_HEADER_SIZE;
    for (size_t id = 1; id <= FRAME_SECTION_LAST; id++) {
        if (!frame_has_section(frame, (enum frame_section)id)) continue;
        size += FRAME_SECTION_HEADER_SIZE + frame->sections[id].size;
    }
    return size;
}

status frame_write(const struct frame *frame, struct builder *output)
{
    const size_t size = frame_size(frame);
    REQUIRE(size <= FRAME_SIZE_MAX, OVER_LIMIT, "frame: is too long to be sent");
    REQUIRE(!output->is_over && size <= output->size_max - output->size, OVER_LIMIT,
            "frame: there is no room to write it");
    builder_put(output, slice_of(magic, sizeof magic));
    builder_put_u8(output, VERSION);
    builder_put_u8(output, frame->type);
    builder_put_u16(output, 0);
    builder_put_u32(output, (uint32_t)size);
    builder_put_u64(output, frame->req_id);
    for (size_t id = 1; id <= FRAME_SECTION_LAST; id++) {
        if (!frame_has_section(frame, (enum frame_section)id)) continue;
        builder_put_u16(output, (uint16_t)id);
        builder_put_u16(output, 0);
        builder_put_u32(output, (uint32_t)frame->sections[id].size);
        builder_put(output, frame->sections[id]);
    }
    return status_ok();
}
