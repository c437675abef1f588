#include "http/reader.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

enum reader_state {
    STATE_HEAD,
    STATE_BODY,
    STATE_CHUNK_LINE,
    STATE_CHUNK,
    STATE_TRAILER,
    STATE_DONE
};

void http_reader_init(struct http_reader *reader, void *memory, size_t size_max)
{
    *reader = (struct http_reader){.memory = memory, .size_max = size_max, .state = STATE_HEAD};
}

uint8_t *http_reader_space(struct http_reader *reader, size_t *size)
{
    *size = reader->size_max - reader->size;
    return reader->memory + reader->size;
}

void http_reader_add(struct http_reader *reader, size_t size)
{
    assert(size <= reader->size_max - reader->size);
    reader->size += size;
}

bool http_reader_is_empty(const struct http_reader *reader)
{
    return reader->size == 0 && reader->interim_count == 0;
}

/*
 * Takes the next line that has arrived whole, starting at `start`; the search goes on where the
 * last one ended, so slow senders cost no more than fast ones. A line feed without its carriage
 * return is refused at once: its sender would wait for an answer for ever.
 */
static status find_line(struct http_reader *reader, size_t start, size_t *line_size, bool *is_found)
{
    const size_t from = reader->scanned_size > start ? reader->scanned_size : start;
    const slice rest = slice_of(reader->memory + from, reader->size - from);
    const size_t end = slice_index_of(rest, '\n');
    *is_found = end < rest.size;
    reader->scanned_size = *is_found ? from + end + 1 : reader->size;
    if (!*is_found) return status_ok();
    REQUIRE(from + end > start && reader->memory[from + end - 1] == '\r', BAD_INPUT,
            "http: a line must end in CR LF");
    *line_size = from + end - 1 - start;
    return status_ok();
}

/* Looks for the empty line that ends the head, line by line. */
static status find_head(struct http_reader *reader)
{
    for (;;) {
        size_t line_size = 0;
        bool is_found = false;
        TRY(find_line(reader, reader->next_offset, &line_size, &is_found));
        REQUIRE(reader->scanned_size <= HTTP_HEAD_SIZE_MAX, OVER_LIMIT, "http: head is too long");
        if (!is_found) return status_ok();
        REQUIRE(line_size > 0 || reader->next_offset > 0, BAD_INPUT,
                "http: must not begin with an empty line");
        reader->next_offset = reader->scanned_size;
        if (line_size > 0) continue;
        reader->head_size = reader->next_offset;
        return status_ok();
    }
}

static status start_body(struct http_reader *reader, const struct http_framing *framing)
{
    reader->next_offset = reader->head_size;
    if (framing->is_chunked) {
        reader->state = STATE_CHUNK_LINE;
        return status_ok();
    }
    REQUIRE(framing->length <= reader->size_max - reader->head_size, OVER_LIMIT,
            "http: body is too long");
    reader->body_size = (size_t)framing->length;
    reader->state = STATE_BODY;
    return status_ok();
}

static status parse_chunk_line(const struct http_reader *reader, slice line, size_t *chunk_size)
{
    size_t size = 0, i = 0;
    for (; i < line.size && text_hex_value(line.bytes[i]) != TEXT_NOT_HEX; i++) {
        size = size * 16 + text_hex_value(line.bytes[i]);
        REQUIRE(size <= reader->size_max, OVER_LIMIT, "http: body is too long");
    }
    REQUIRE(i > 0 && (i == line.size || line.bytes[i] == ';'), BAD_INPUT,
            "http: a chunk's size is not plain hex");
    REQUIRE(http_is_value(line), BAD_INPUT, "http: a chunk line has a control character");
    *chunk_size = size;
    return status_ok();
}

static status read_chunk_line(struct http_reader *reader, bool *is_moved)
{
    size_t line_size = 0;
    TRY(find_line(reader, reader->next_offset, &line_size, is_moved));
    REQUIRE(reader->scanned_size - reader->next_offset <= HTTP_CHUNK_LINE_SIZE_MAX, OVER_LIMIT,
            "http: a chunk line is too long");
    if (!*is_moved) return status_ok();
    TRY(parse_chunk_line(reader, slice_of(reader->memory + reader->next_offset, line_size),
                         &reader->chunk_size));
    reader->next_offset = reader->scanned_size;
    reader->state = reader->chunk_size > 0 ? STATE_CHUNK : STATE_TRAILER;
    return status_ok();
}

/* Moves a whole chunk up to the body's end; chunk lines only shrink, so it never grows past it. */
static status read_chunk(struct http_reader *reader, bool *is_moved)
{
    const size_t left_size = reader->size - reader->next_offset;
    *is_moved = left_size >= 2 && left_size - 2 >= reader->chunk_size;
    if (!*is_moved) return status_ok();
    const uint8_t *chunk = reader->memory + reader->next_offset;
    const uint8_t *end = chunk + reader->chunk_size;
    REQUIRE(end[0] == '\r' && end[1] == '\n', BAD_INPUT, "http: a chunk must end in CR LF");
    memmove(reader->memory + reader->head_size + reader->body_size, chunk, reader->chunk_size);
    reader->body_size += reader->chunk_size;
    reader->next_offset += reader->chunk_size + 2;
    reader->scanned_size = reader->next_offset;
    reader->state = STATE_CHUNK_LINE;
    return status_ok();
}

static status read_trailer(struct http_reader *reader, bool *is_moved)
{
    size_t line_size = 0;
    struct http_header dropped = {0};
    TRY(find_line(reader, reader->next_offset, &line_size, is_moved));
    REQUIRE(reader->trailer_size + (reader->scanned_size - reader->next_offset) <=
                HTTP_HEAD_SIZE_MAX,
            OVER_LIMIT, "http: trailer is too long");
    if (!*is_moved) return status_ok();
    if (line_size > 0) {
        TRY(http_header_parse(slice_of(reader->memory + reader->next_offset, line_size), &dropped));
    }
    reader->trailer_size += reader->scanned_size - reader->next_offset;
    reader->next_offset = reader->scanned_size;
    if (line_size == 0) reader->state = STATE_DONE;
    return status_ok();
}

static status read_body(struct http_reader *reader, bool *is_moved)
{
    *is_moved = reader->size - reader->head_size >= reader->body_size;
    if (!*is_moved) return status_ok();
    reader->next_offset = reader->head_size + reader->body_size;
    reader->state = STATE_DONE;
    return status_ok();
}

/* Goes as far through the body as the bytes allow. */
static status advance(struct http_reader *reader)
{
    bool is_moved = true;
    while (is_moved && reader->state != STATE_DONE) {
        switch ((enum reader_state)reader->state) {
        case STATE_BODY: TRY(read_body(reader, &is_moved)); break;
        case STATE_CHUNK_LINE: TRY(read_chunk_line(reader, &is_moved)); break;
        case STATE_CHUNK: TRY(read_chunk(reader, &is_moved)); break;
        case STATE_TRAILER: TRY(read_trailer(reader, &is_moved)); break;
        case STATE_HEAD:
        case STATE_DONE: is_moved = false; break;
        }
    }
    REQUIRE(reader->state == STATE_DONE || reader->size < reader->size_max, OVER_LIMIT,
            "http: does not fit");
    return status_ok();
}

static slice head_of(const struct http_reader *reader)
{
    return slice_of(reader->memory, reader->head_size);
}

static slice body_of(const struct http_reader *reader)
{
    return slice_of(reader->memory + reader->head_size, reader->body_size);
}

status http_reader_request(struct http_reader *reader, struct http_request *request, bool *is_done)
{
    struct http_framing framing = {0};
    *is_done = false;
    if (reader->state == STATE_HEAD) {
        TRY(find_head(reader));
        if (reader->head_size > 0) {
            struct http_request started;
            TRY(http_request_parse(head_of(reader), &started, &framing));
            TRY(start_body(reader, &framing));
        }
    }
    TRY(advance(reader));
    if (reader->state != STATE_DONE) return status_ok();
    TRY(http_request_parse(head_of(reader), request, &framing));
    request->body = body_of(reader);
    *is_done = true;
    return status_ok();
}

/* Starts the body of the first response that is not an interim one. */
static status start_response(struct http_reader *reader, slice method)
{
    for (;;) {
        struct http_framing framing = {0};
        struct http_response started;
        TRY(find_head(reader));
        if (reader->head_size == 0) return status_ok();
        TRY(http_response_parse(head_of(reader), method, &started, &framing));
        if (started.code >= 200) return start_body(reader, &framing);
        const size_t interim_count = reader->interim_count + 1;
        REQUIRE(interim_count <= HTTP_INTERIM_COUNT_MAX, OVER_LIMIT,
                "http: too many interim responses");
        http_reader_next(reader);
        reader->interim_count = interim_count;
    }
}

status http_reader_response(struct http_reader *reader, slice method,
                            struct http_response *response, bool *is_done)
{
    struct http_framing framing = {0};
    *is_done = false;
    if (reader->state == STATE_HEAD) TRY(start_response(reader, method));
    TRY(advance(reader));
    if (reader->state != STATE_DONE) return status_ok();
    TRY(http_response_parse(head_of(reader), method, response, &framing));
    response->body = body_of(reader);
    *is_done = true;
    return status_ok();
}

bool http_reader_has_more(const struct http_reader *reader)
{
    return reader->size > reader->next_offset;
}

void http_reader_next(struct http_reader *reader)
{
    const size_t left_size = reader->size - reader->next_offset;
    memmove(reader->memory, reader->memory + reader->next_offset, left_size);
    http_reader_init(reader, reader->memory, reader->size_max);
    reader->size = left_size;
}
