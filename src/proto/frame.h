/*
 * frame: the unit of the stream between parent and enclave (ENWF, version 1).
 *
 * A frame is a header of 20 bytes and sections in ascending order, none twice, with nothing
 * between or after them. Reading works on whatever bytes have arrived. As soon as a header is
 * there it is checked, the length too, before anybody waits for the rest or makes room for it.
 * Types and sections that this version does not know are refused. Which sections belong to which
 * type, and how long they may be, is the business of proto/call.h.
 *
 *   0  4 "ENWF"   4 1 version=1   5 1 type   6 2 zero   8 4 total_len   12 8 req_id
 *   20 .. { u16 id | u16 zero | u32 len | len bytes } …            integers are big-endian
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    FRAME_HEADER_SIZE = 20,
    /*
     * Header and sections. It holds the longest section of every kind that a request may have, so
     * that no legal request is too long as a whole (call_test). Usual frames are below 2 KiB:
     * whoever keeps many connections makes room for a long frame when its header is there, and
     * not for each connection beforehand.
     */
    FRAME_SIZE_MAX = 192 * 1024,
    FRAME_SECTION_HEADER_SIZE = 8,
    FRAME_REPLY = 0x80, /* added to a request's type in its reply */
};

enum frame_type {
    FRAME_CREATE = 1,
    FRAME_SIGN_TX = 2,
    FRAME_SIGN_MESSAGE = 3,
    FRAME_SIGN_TYPED_DATA = 4,
    FRAME_SIGN_AUTHORIZATION = 5,
    FRAME_SIGN_USER_OPERATION = 6,
    FRAME_ATTEST = 7,
    FRAME_STATUS = 8,
    FRAME_IMPORT = 9,
    FRAME_RESEAL = 10,
    FRAME_IMPORT_LEGACY = 11,
    FRAME_DERIVE = 12,
    FRAME_TYPE_LAST = FRAME_DERIVE,
    FRAME_ERROR = 0xff, /* the reply to any request that failed */
};

enum frame_section {
    FRAME_RECORD = 1,
    FRAME_CREDENTIALS = 2,
    FRAME_KEY_ARN = 3,
    FRAME_ACCOUNT_ID = 4,
    FRAME_BODY = 5,
    FRAME_NONCE = 6,
    FRAME_ADDRESS = 7,
    FRAME_SIGNATURE = 8,
    FRAME_DOCUMENT = 9,
    FRAME_FAILURE = 10,
    FRAME_PUBLIC_KEY = 11,
    FRAME_STATUS_JSON = 12,
    FRAME_LEFT_MS = 13,
    FRAME_SECTION_LAST = FRAME_LEFT_MS,
};

/* One frame. The sections view the memory it was read from, or is to be written from. */
struct frame {
    uint8_t type;     /* enum frame_type, with FRAME_REPLY in replies */
    uint32_t present; /* bit N: section N is there, perhaps empty */
    uint64_t req_id;  /* the requester's; the reply repeats it */
    slice sections[FRAME_SECTION_LAST + 1];
};

/* Adds (or replaces) a section of a frame that is being put together. */
void frame_put_section(struct frame *frame, enum frame_section section, slice bytes);

bool frame_has_section(const struct frame *frame, enum frame_section section);

/* The section's bytes; empty when it is not there. */
slice frame_section(const struct frame *frame, enum frame_section section);

/* How many bytes frame_write would append, whether or not they are too many. */
size_t frame_size(const struct frame *frame);

/*
 * Takes the first frame off the front of what has arrived.
 *
 * `*is_whole` tells whether there was one; when not, nothing else has changed, and more bytes are
 * needed. BAD_INPUT, and nothing changed, when what is there breaks a rule of the format.
 */
MUST_CHECK status frame_take(slice *arrived, struct frame *frame, bool *is_whole);

/*
 * How long the frame at the front will be, for who makes room for it: FRAME_HEADER_SIZE while its
 * header is not there. Only for what frame_take has not refused.
 */
size_t frame_size_expected(slice arrived);

/*
 * The req_id that an error reply to a refused frame carries: the header's if the header is there
 * and begins like a frame of this version, else 0.
 */
uint64_t frame_req_id(slice arrived);

/*
 * Appends the frame's bytes. OVER_LIMIT, and nothing appended, when it would be longer than
 * FRAME_SIZE_MAX or than the builder's room.
 */
MUST_CHECK status frame_write(const struct frame *frame, struct builder *output);

#endif
