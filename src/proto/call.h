/*
 * call: which frames parent and enclave may send each other, and what they mean.
 *
 * A request or reply is a frame (proto/frame.h) whose sections fit its type; it is read by asking
 * the frame for them: frame_section(&frame, FRAME_BODY), empty when an optional one is absent. One
 * table has one row per type: which sections a request must have and may have, what its reply has
 * (no more and no less), whether serving it may wait for KMS, and whether a debug enclave in
 * production mode serves it. A second table has the bounds of each section. Both programs check
 * what they read and what they write by these tables, so they cannot disagree about them; a new
 * type or section is a new row.
 *
 *   request       required                 optional     reply                           waits
 *   CREATE        credentials account_id   key_arn      record key_arn address          always
 *                                                       document public_key
 *   SIGN_TX       record account_id body   credentials  address signature               when cold
 *   SIGN_MESSAGE  record account_id body   credentials  address signature               when cold
 *   ATTEST                                 nonce        document                        always
 *   STATUS                                              status                          never
 *
 * Every request may also have left_ms: how many milliseconds the requester will still wait. The
 * other types of proto/frame.h are reserved: they have no row yet.
 *
 * An error reply is data: a kind, a reason that programs act on, the place in the request that it
 * is about, and a sentence for a person.
 *
 * Slices view the frame's memory.
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef PROTO_CALL_H
#define PROTO_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/credentials.h"
#include "base/slice.h"
#include "base/status.h"
#include "proto/account_id.h"
#include "proto/frame.h"

/* Sizes of sections, in bytes. */
enum {
    CALL_RECORD_SIZE_MAX = 32768,    /* the largest ENW1 record is 30,984 bytes */
    CALL_BODY_SIZE_MAX = 144 * 1024, /* 128 KiB of calldata and what is around it */
    CALL_KEY_ARN_SIZE_MAX = 256,     /* real ones have at most 91 characters */
    CALL_NONCE_SIZE = 32,
    CALL_ADDRESS_SIZE = 20,
    CALL_SIGNATURE_SIZE = 65,  /* r 32, s 32, parity 1 (0 or 1) */
    CALL_PUBLIC_KEY_SIZE = 64, /* x 32, y 32 */
    CALL_DOCUMENT_SIZE_MAX = 16384,
    CALL_STATUS_SIZE_MAX = 16384,
    CALL_WHERE_SIZE_MAX = 128,    /* of an error's place */
    CALL_SENTENCE_SIZE_MAX = 512, /* of an error's sentence */
    CALL_CREDENTIALS_SIZE_MIN = 6 + 1 + 1,
    CALL_CREDENTIALS_SIZE_MAX =
        6 + CREDENTIALS_ID_SIZE_MAX + CREDENTIALS_SECRET_SIZE_MAX + CREDENTIALS_TOKEN_SIZE_MAX,
    /* No reply is longer, as a whole frame; CREATE's is the longest (call_test). */
    CALL_REPLY_SIZE_MAX = 56 * 1024,
    /* No error reply is longer, as a whole frame. */
    CALL_FAILURE_SIZE_MAX = FRAME_HEADER_SIZE + FRAME_SECTION_HEADER_SIZE + 6 +
                            CALL_WHERE_SIZE_MAX + CALL_SENTENCE_SIZE_MAX,
};

enum {
    /*
     * The enclave gives up this long before its requester does, so that the enclave's own sentence
     * arrives while somebody waits for it: a way back over vsock and a turn of both programs.
     */
    CALL_MARGIN_MS = 250,
};

/* Whether serving a request may wait for KMS or the security module. */
enum call_wait {
    CALL_WAITS_NEVER,
    CALL_WAITS_WHEN_COLD, /* only when the account's data key is not in the cache */
    CALL_WAITS_ALWAYS,
};

/* A row of the table above. Bit N of the section sets stands for section N. */
struct call_type {
    uint8_t type;     /* enum frame_type */
    const char *name; /* in lower case, as logs, metrics and STATUS show it */
    uint32_t required, optional, reply;
    enum call_wait waits;
    bool is_for_debug; /* served although anybody may read the enclave's memory */
};

enum { CALL_TYPE_COUNT = 5 };
extern const struct call_type call_types[CALL_TYPE_COUNT];

/* The row of a request's type; NULL when it is reserved, unknown, or a reply's. */
const struct call_type *call_type_of(uint8_t type);

/* BAD_INPUT, with the section's number as detail, unless the frame is a request that fits its row. */
MUST_CHECK status call_check_request(const struct frame *frame);

/* The same for a reply to a request of this type: the type's own, or a well formed error reply. */
MUST_CHECK status call_check_reply(const struct frame *frame, uint8_t type);

/*
 * Appends a request, a reply or an error reply after the same checks. OVER_LIMIT when there is no
 * room; then nothing was appended.
 */
MUST_CHECK status call_write(const struct frame *frame, struct builder *output);

/* The account id of a checked frame; zeros when it has none. */
account_id call_account_id(const struct frame *frame);

/* ---- deadlines ---- */

enum { CALL_LEFT_MS_SIZE = 4 };

/* Puts a left_ms section; `memory` holds it as long as the frame. A deadline that has passed is 0. */
void call_put_left_ms(struct frame *frame, int64_t left_ms, uint8_t memory[CALL_LEFT_MS_SIZE]);

/*
 * Until when a checked request that arrived at `now_ms` may be served: CALL_MARGIN_MS before its
 * requester gives up, but no longer than `own_ms_max`; the latter when it does not say. `now_ms`
 * when there is no time for it.
 */
int64_t call_deadline_ms(const struct frame *request, int64_t now_ms, int64_t own_ms_max);

/* ---- error replies ---- */

/*
 * Why, for programs; stable numbers. A reader that does not know one goes by the kind alone.
 * New ones are appended.
 */
enum call_reason {
    CALL_REASON_NONE = 0,                /* the kind says all */
    CALL_REASON_CREDENTIALS_NEEDED = 1,  /* KMS must be asked, and the request carries none */
    CALL_REASON_CREDENTIALS_REFUSED = 2, /* KMS does not take them: get newer ones, try again */
    CALL_REASON_BUSY = 3,                /* too many requests wait */
    CALL_REASON_TOO_LATE = 4,            /* the time that the requester gave ran out */
    CALL_REASON_THROTTLED = 5,           /* KMS asks for fewer calls */
    CALL_REASON_KEY_DENIED = 6,          /* the key policy does not allow this image or role */
    CALL_REASON_NOT_SERVED = 7,          /* this enclave does not know the type of request */
};

struct call_failure {
    enum failure_kind kind;
    uint16_t reason; /* enum call_reason, or a newer one */
    slice where;     /* names the field, like transaction.to; empty: the request as a whole */
    slice sentence;  /* UTF-8 */
};

bool call_is_failure(const struct frame *frame);

/* What an error reply says. BAD_INPUT when the frame is none or is malformed. */
MUST_CHECK status call_read_failure(const struct frame *frame, struct call_failure *failure);

/* A failure of our own, with its kind and its message for a sentence. Not for a success. */
struct call_failure call_failure_of(status failure);

/* Appends an error reply, at most CALL_FAILURE_SIZE_MAX bytes: longer texts are cut. */
MUST_CHECK status call_write_failure(uint64_t req_id, const struct call_failure *failure,
                                     struct builder *output);

/* ---- credentials ---- */

/* The contents of a credentials section, as views of secret bytes. Wiping is their owner's. */
struct call_credentials {
    slice access_key_id;     /* 1 to CREDENTIALS_ID_SIZE_MAX bytes */
    slice secret_access_key; /* 1 to CREDENTIALS_SECRET_SIZE_MAX */
    slice session_token;     /* 0 to CREDENTIALS_TOKEN_SIZE_MAX; empty for long-term keys */
};

/* Appends the section's contents. BAD_INPUT when a part is outside its bounds; OVER_LIMIT. */
MUST_CHECK status call_put_credentials(const struct call_credentials *credentials,
                                       struct builder *section);

/* Reads the section's contents. BAD_INPUT. */
MUST_CHECK status call_read_credentials(slice section, struct call_credentials *credentials);

#endif
