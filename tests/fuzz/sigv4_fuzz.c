/*
 * sigv4: a request of any shape has no signature, or one whose claim is whole; a claim that the
 * secret did not make is never accepted.
 */
#include <assert.h>
#include <string.h>

#include "aws/sigv4.h"
#include "http/reader.h"

enum { MESSAGE_SIZE_MAX = 70000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[MESSAGE_SIZE_MAX];
    static const struct secret_text secret = {.size = 6, .bytes = "secret"};
    struct http_reader reader;
    struct http_request request;
    struct sigv4_claim claim = {0};
    bool is_done = false;
    size_t room = 0;
    http_reader_init(&reader, memory, sizeof memory);
    uint8_t *space = http_reader_space(&reader, &room);
    if (size == 0 || size > room) return 0;
    memcpy(space, bytes, size);
    http_reader_add(&reader, size);
    if (!status_is_ok(http_reader_request(&reader, &request, &is_done)) || !is_done) return 0;
    if (!status_is_ok(sigv4_claim_read(&request, &claim))) return 0;
    assert(claim.access_key_id.size > 0 && claim.signed_headers.size > 0);
    assert(claim.date.size == SIGV4_DATE_SIZE && claim.signed_at_s >= 0);
    /* Nobody finds a signature under this secret by chance. */
    assert(!status_is_ok(sigv4_claim_check(&claim, &request, &secret)));
    return 0;
}
