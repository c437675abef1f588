#include "http/body.h"

#include "base/text.h"

enum state {
    LENGTH,     /* data, as many as were announced */
    SIZE_START, /* of a chunk: the first digit */
    SIZE,       /* the further digits */
    EXTENSION,  /* what follows the size, up to the line's end */
    SIZE_END,   /* the LF of that line */
    CHUNK,      /* data */
    CHUNK_CR,   /* the line end behind them */
    CHUNK_LF,
    LINE_START, /* of a trailer line, or of the empty line that ends the body */
    NAME,       /* of a trailer line */
    VALUE,
    LINE_END, /* the LF of a trailer line */
    LAST_END, /* the LF of the empty line */
    DONE,
};

status http_body_start(struct http_body *body, const struct http_framing *framing,
                       uint64_t size_max)
{
    if (framing->length > size_max) FAIL(OVER_LIMIT, 413, "http: body is too long");
    *body = (struct http_body){.size_max = size_max, .left_size = framing->length};
    if (framing->is_chunked) body->state = SIZE_START;
    else body->state = framing->length > 0 ? LENGTH : DONE;
    return status_ok();
}

bool http_body_is_done(const struct http_body *body)
{
    return body->state == DONE;
}

uint64_t http_body_left_size(const struct http_body *body)
{
    enum { LAST_CHUNK_SIZE = 5 }; /* "0", CR LF, CR LF */
    switch ((enum state)body->state) {
    case LENGTH: return body->left_size;
    case CHUNK: return body->left_size + 2 + LAST_CHUNK_SIZE;
    case CHUNK_CR: return 2 + LAST_CHUNK_SIZE;
    case CHUNK_LF: return 1 + LAST_CHUNK_SIZE;
    case SIZE_START: return LAST_CHUNK_SIZE;
    case SIZE:
    case EXTENSION:
    case SIZE_END:
    case LINE_START:
    case NAME:
    case VALUE:
    case LINE_END:
    case LAST_END: return 1;
    case DONE: break;
    }
    return 0;
}

static status take_data(struct http_body *body, slice *input, slice *data)
{
    const size_t size = input->size < body->left_size ? input->size : (size_t)body->left_size;
    *data = slice_part(*input, 0, size);
    *input = slice_part(*input, size, input->size);
    body->size += size;
    body->left_size -= size;
    if (body->left_size == 0) body->state = body->state == LENGTH ? DONE : CHUNK_CR;
    return status_ok();
}

/* Larger sizes are refused digit by digit, so that nothing can overflow. */
static status take_digit(struct http_body *body, uint8_t byte)
{
    if (text_hex_value(byte) == TEXT_NOT_HEX) {
        REQUIRE(body->state == SIZE && (byte == ';' || byte == '\r'), BAD_INPUT,
                "http: a chunk's size is not plain hex");
        body->state = byte == ';' ? EXTENSION : SIZE_END;
        return status_ok();
    }
    if (body->state == SIZE_START) body->left_size = 0;
    body->left_size = body->left_size * 16 + text_hex_value(byte);
    if (body->left_size > body->size_max - body->size) {
        FAIL(OVER_LIMIT, 413, "http: body is too long");
    }
    body->state = SIZE;
    return status_ok();
}

static status take_line_feed(struct http_body *body, uint8_t byte, enum state next)
{
    REQUIRE(byte == '\n', BAD_INPUT, "http: a line must end in CR LF");
    body->state = (uint8_t)next;
    return status_ok();
}

static status take_chunk_line(struct http_body *body, uint8_t byte)
{
    body->line_size++;
    if (body->line_size > HTTP_CHUNK_LINE_SIZE_MAX) {
        FAIL(OVER_LIMIT, 0, "http: a chunk line is too long");
    }
    if (byte == '\n' && body->state != SIZE_END) {
        FAIL(BAD_INPUT, 0, "http: a line must end in CR LF");
    }
    if (body->state == SIZE_END) {
        body->line_size = 0;
        return take_line_feed(body, byte, body->left_size > 0 ? CHUNK : LINE_START);
    }
    if (body->state != EXTENSION) return take_digit(body, byte);
    if (byte == '\r') body->state = SIZE_END;
    else
        REQUIRE(http_is_value(slice_of(&byte, 1)), BAD_INPUT,
                "http: a chunk line has a control character");
    return status_ok();
}

static status take_chunk_end(struct http_body *body, uint8_t byte)
{
    REQUIRE(byte == (body->state == CHUNK_CR ? '\r' : '\n'), BAD_INPUT,
            "http: a chunk must end in CR LF");
    body->state = body->state == CHUNK_CR ? CHUNK_LF : SIZE_START;
    return status_ok();
}

static status take_name(struct http_body *body, uint8_t byte)
{
    if (byte == ':' && body->state == NAME) {
        body->state = VALUE;
        return status_ok();
    }
    REQUIRE(byte != '\r', BAD_INPUT, "http: a header line has no colon");
    REQUIRE(body->state == NAME || !text_is_blank(byte), BAD_INPUT,
            "http: a header line must not be folded");
    REQUIRE(http_is_token_byte(byte), BAD_INPUT, "http: a header's name is not a token");
    body->state = NAME;
    return status_ok();
}

static status take_trailer(struct http_body *body, uint8_t byte)
{
    if (++body->trailer_size > HTTP_TRAILER_SIZE_MAX) {
        FAIL(OVER_LIMIT, 431, "http: trailer is too long");
    }
    if (body->state == LINE_END) return take_line_feed(body, byte, LINE_START);
    if (body->state == LAST_END) return take_line_feed(body, byte, DONE);
    REQUIRE(byte != '\n', BAD_INPUT, "http: a line must end in CR LF");
    if (byte == '\r' && body->state != NAME) {
        body->state = body->state == LINE_START ? LAST_END : LINE_END;
        return status_ok();
    }
    if (body->state != VALUE) return take_name(body, byte);
    REQUIRE(http_is_value(slice_of(&byte, 1)), BAD_INPUT, "http: a header has a control character");
    return status_ok();
}

/* Takes one byte of what is no data. */
static status take_byte(struct http_body *body, uint8_t byte)
{
    switch ((enum state)body->state) {
    case SIZE_START:
    case SIZE:
    case EXTENSION:
    case SIZE_END: return take_chunk_line(body, byte);
    case CHUNK_CR:
    case CHUNK_LF: return take_chunk_end(body, byte);
    case LINE_START:
    case NAME:
    case VALUE:
    case LINE_END:
    case LAST_END: return take_trailer(body, byte);
    case LENGTH:
    case CHUNK:
    case DONE: break;
    }
    return status_ok();
}

status http_body_take(struct http_body *body, slice *input, slice *data)
{
    *data = slice_of(NULL, 0);
    while (input->size > 0 && body->state != DONE) {
        if (body->state == LENGTH || body->state == CHUNK) return take_data(body, input, data);
        TRY(take_byte(body, input->bytes[0]));
        *input = slice_part(*input, 1, input->size);
    }
    return status_ok();
}
