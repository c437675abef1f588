/*
 * head: what a request's first line and headers say, as far as the service looks at them.
 *
 * The HTTP library is lax about how a body is framed, and two programs on one connection that
 * disagree about it are how requests are smuggled: so the rules are checked here.
 *
 * Specification: RFC 9112, section 6.
 */
#ifndef PARENT_HEAD_H
#define PARENT_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "parent/request.h"

/* Views of the connection's memory; `bytes` is NULL for what is not there. */
struct head {
    slice authorization, request_id, content_length, transfer_encoding;
    bool is_contradictory; /* one of them is there twice, and differs or must be there once */
};

struct MHD_Connection;

void head_read(struct MHD_Connection *connection, struct head *head);

/*
 * The size of the body that follows; of a chunked one, the most that it may have. BAD_INPUT for
 * framing that two readers could understand differently.
 */
MUST_CHECK status head_check_framing(const struct head *head, uint64_t *body_size);

/* True for 1 to 64 characters of A-Z a-z 0-9 . _ -. */
bool head_is_request_id(slice text);

/*
 * Reads the query's parameters into the request, decoded, in its memory. BAD_INPUT for too many,
 * for one given twice, and for what cannot be decoded.
 */
MUST_CHECK status head_read_parameters(struct request *request);

/*
 * Reads the account that a path names: a name, or an address in any form that address_parse
 * takes. BAD_INPUT; then the request names none. No text: there is nothing to read.
 */
MUST_CHECK status head_read_account(slice encoded, struct request *request);

#endif
