#include "http/reader.h"

#include <assert.h>
#include <string.h>

enum reader_state { STATE_HEAD, STATE_BODY, STATE_DONE };

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

/* Looks for the empty line that ends the head. */
static status find_head(struct http_reader *reader)
{
    TRY(http_head_find(&reader->search, slice_of(reader->memory, reader->size), HTTP_HEAD_SIZE_MAX,
                       &reader->head_size));
    reader->taken_size = reader->head_size;
    return status_ok();
}

static status start_body(struct http_reader *reader, const struct http_framing *framing)
{
    reader->state = STATE_BODY;
    return http_body_start(&reader->body, framing, reader->size_max - reader->head_size);
}

/* Joins the body behind the head; it takes less room there than it had in chunks. */
static status take_body(struct http_reader *reader)
{
    slice input = slice_of(reader->memory + reader->taken_size, reader->size - reader->taken_size);
    while (input.size > 0 && !http_body_is_done(&reader->body)) {
        slice data;
        TRY(http_body_take(&reader->body, &input, &data));
        if (data.size == 0) continue;
        memmove(reader->memory + reader->taken_size, data.bytes, data.size);
        reader->taken_size += data.size;
    }
    if (input.size > 0) {
        memmove(reader->memory + reader->taken_size, input.bytes, input.size);
    }
    reader->size = reader->taken_size + input.size;
    return status_ok();
}

/* Goes as far as the bytes allow. */
static status advance(struct http_reader *reader)
{
    if (reader->state == STATE_BODY) {
        TRY(take_body(reader));
        if (http_body_is_done(&reader->body)) reader->state = STATE_DONE;
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
    return slice_of(reader->memory + reader->head_size, reader->taken_size - reader->head_size);
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
    return reader->size > reader->taken_size;
}

void http_reader_next(struct http_reader *reader)
{
    const size_t left_size = reader->size - reader->taken_size;
    memmove(reader->memory, reader->memory + reader->taken_size, left_size);
    http_reader_init(reader, reader->memory, reader->size_max);
    reader->size = left_size;
}
