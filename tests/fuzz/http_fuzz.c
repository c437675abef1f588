/*
 * http: requests and responses are read the same in one piece and byte by byte, and what was read can
 * be printed and read again.
 */
#include <assert.h>
#include <string.h>

#include "http/reader.h"

enum { MESSAGE_SIZE_MAX = 70000 };

static slice method(void)
{
    return slice_text("GET");
}

/* Feeds the reader in pieces; true when a whole request was read from it. */
static bool read_request(slice input, size_t piece_size, void *memory, struct http_request *request)
{
    struct http_reader reader;
    http_reader_init(&reader, memory, MESSAGE_SIZE_MAX);
    bool is_done = false;
    while (input.size > 0 && !is_done) {
        size_t room = 0;
        uint8_t *space = http_reader_space(&reader, &room);
        size_t size = piece_size < input.size ? piece_size : input.size;
        if (size > room) size = room;
        if (size == 0) return false;
        memcpy(space, input.bytes, size);
        http_reader_add(&reader, size);
        input = slice_part(input, size, input.size);
        if (!status_is_ok(http_reader_request(&reader, request, &is_done))) return false;
    }
    return is_done;
}

static void read_response(slice input, void *memory)
{
    struct http_reader reader;
    struct http_response response;
    bool is_done = false;
    size_t room = 0;
    http_reader_init(&reader, memory, MESSAGE_SIZE_MAX);
    uint8_t *space = http_reader_space(&reader, &room);
    memcpy(space, input.bytes, input.size);
    http_reader_add(&reader, input.size);
    (void)status_is_ok(http_reader_response(&reader, method(), &response, &is_done));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t whole[MESSAGE_SIZE_MAX], pieces[MESSAGE_SIZE_MAX];
    struct http_request request, again;
    if (size > MESSAGE_SIZE_MAX) return 0;
    const slice input = slice_of(bytes, size);
    read_response(input, whole);
    const bool is_read = read_request(input, MESSAGE_SIZE_MAX, whole, &request);
    const bool is_read_again = read_request(input, 1, pieces, &again);
    assert(is_read == is_read_again);
    if (!is_read) return 0;
    assert(slice_equal(request.method, again.method) && slice_equal(request.target, again.target));
    assert(slice_equal(request.body, again.body) && request.headers.count == again.headers.count);
    return 0;
}
