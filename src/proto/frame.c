#include "proto/frame.h"

#include "base/reader.h"

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

/* Reads the header, which is there; `*size` is that of the whole frame. */
static status header_read(struct reader *reader, struct frame *frame, size_t *size)
{
    const slice start = reader_slice(reader, sizeof magic);
    REQUIRE(slice_equal(start, slice_of(magic, sizeof magic)), BAD_INPUT,
            "frame: does not begin with ENWF");
    REQUIRE(reader_u8(reader) == VERSION, BAD_INPUT, "frame: version is not 1");
    frame->type = reader_u8(reader);
    REQUIRE(reader_u16(reader) == 0, BAD_INPUT, "frame: header field must be zero");
    *size = reader_u32(reader);
    frame->req_id = reader_u64(reader);
    REQUIRE(*size >= FRAME_HEADER_SIZE, BAD_INPUT, "frame: length is less than the header's");
    REQUIRE(*size <= FRAME_SIZE_MAX, BAD_INPUT, "frame: is too long");
    REQUIRE(type_is_known(frame->type), BAD_INPUT, "frame: type is unknown");
    return status_ok();
}

static status section_read(struct reader *reader, struct frame *frame, uint16_t *last)
{
    REQUIRE(reader_left_size(reader) >= FRAME_SECTION_HEADER_SIZE, BAD_INPUT,
            "frame: ends inside a section's header");
    const uint16_t id = reader_u16(reader), zero = reader_u16(reader);
    const uint32_t size = reader_u32(reader);
    REQUIRE(id >= 1 && id <= FRAME_SECTION_LAST, BAD_INPUT, "frame: section is unknown");
    REQUIRE(id != *last, BAD_INPUT, "frame: section is there twice");
    REQUIRE(id > *last, BAD_INPUT, "frame: sections are not in ascending order");
    REQUIRE(zero == 0, BAD_INPUT, "frame: section field must be zero");
    REQUIRE(size <= reader_left_size(reader), BAD_INPUT, "frame: section runs past the end");
    frame_put_section(frame, (enum frame_section)id, reader_slice(reader, size));
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
    struct reader reader;
    size_t size;
    reader_init(&reader, *arrived);
    TRY(header_read(&reader, &taken, &size));
    if (arrived->size < size) {
        *is_whole = false;
        return status_ok();
    }
    uint16_t last = 0;
    reader_init(&reader, slice_part(*arrived, FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE));
    while (reader_left_size(&reader) > 0) TRY(section_read(&reader, &taken, &last));
    *arrived = slice_part(*arrived, size, arrived->size - size);
    *frame = taken;
    *is_whole = true;
    return status_ok();
}

size_t frame_size_expected(slice arrived)
{
    struct frame frame;
    struct reader reader;
    size_t size;
    if (arrived.size < FRAME_HEADER_SIZE) return FRAME_HEADER_SIZE;
    reader_init(&reader, arrived);
    if (!status_is_ok(header_read(&reader, &frame, &size))) return FRAME_HEADER_SIZE;
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
