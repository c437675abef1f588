/*
 * message: what parent and enclave say to each other, as values.
 *
 * A request or reply is a frame whose sections fit its type. One table says for each type which
 * sections are required and which are optional; any other section is refused, and so is a section
 * whose size is outside its own bounds. Both programs read and write through this table, so they
 * cannot disagree about it. An error reply is data: a kind and a sentence.
 *
 *   request        required                            optional   reply
 *   CREATE         credentials account_id              key_arn    record key_arn address document
 *                                                                 public_key
 *   SIGN_TX        record credentials account_id body             address signature
 *   SIGN_MESSAGE   record credentials account_id body             address signature
 *   ATTEST                                             nonce      document
 *   STATUS                                                        status
 *
 * The other types of proto/frame.h are reserved: they have no row yet.
 *
 * Slices view the frame's memory. An optional section that is absent is an empty slice.
 *
 * Specification: docs/PROTOCOL.md.
 */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "proto/account_id.h"
#include "proto/frame.h"

enum {
    MESSAGE_RECORD_SIZE_MAX = 32768, /* the largest ENW1 record is 30,984 bytes */
    MESSAGE_BODY_SIZE_MAX = 61440,   /* leaves room for a usual record and credentials */
    MESSAGE_KEY_ARN_SIZE_MAX = 256,  /* real ones have at most 91 characters */
    MESSAGE_NONCE_SIZE = 32,
    MESSAGE_ADDRESS_SIZE = 20,
    MESSAGE_SIGNATURE_SIZE = 65,  /* r 32, s 32, parity 1 (0 or 1) */
    MESSAGE_PUBLIC_KEY_SIZE = 64, /* x 32, y 32 */
    MESSAGE_DOCUMENT_SIZE_MAX = 16384,
    MESSAGE_SENTENCE_SIZE_MAX = 512,
    MESSAGE_STATUS_SIZE_MAX = 16384,
    MESSAGE_ACCESS_KEY_ID_SIZE_MIN = 16, /* IAM's own bounds */
    MESSAGE_ACCESS_KEY_ID_SIZE_MAX = 128,
    MESSAGE_SECRET_ACCESS_KEY_SIZE_MAX = 128, /* real ones have 40 characters */
    MESSAGE_SESSION_TOKEN_SIZE_MAX = SECRET_TEXT_SIZE_MAX,
    MESSAGE_CREDENTIALS_SIZE_MIN = 6 + MESSAGE_ACCESS_KEY_ID_SIZE_MIN + 1,
    MESSAGE_CREDENTIALS_SIZE_MAX = 6 + MESSAGE_ACCESS_KEY_ID_SIZE_MAX +
                                   MESSAGE_SECRET_ACCESS_KEY_SIZE_MAX +
                                   MESSAGE_SESSION_TOKEN_SIZE_MAX,
};

/* What the parent asks. Fields that the type does not have are ignored when writing. */
struct message_request {
    uint8_t type; /* enum frame_type */
    uint64_t req_id;
    slice record;
    slice credentials; /* secret bytes: only for message_credentials_read */
    slice key_arn;     /* CREATE: empty means the first pinned key */
    account_id account_id;
    slice body;  /* SIGN_TX: the exact unsigned transaction; SIGN_MESSAGE: the message */
    slice nonce; /* ATTEST: empty, or MESSAGE_NONCE_SIZE bytes */
};

/* What the enclave answers. `kind` is 0 unless the request failed. */
struct message_reply {
    uint8_t type; /* of the request it answers; 0 in an error reply */
    uint64_t req_id;
    enum failure_kind kind; /* not 0: an error reply, which has only this and `sentence` */
    slice sentence;         /* UTF-8, for a person */
    slice record;
    slice key_arn;
    slice address;    /* MESSAGE_ADDRESS_SIZE bytes */
    slice signature;  /* MESSAGE_SIGNATURE_SIZE bytes */
    slice document;   /* ATTEST: for the nonce; CREATE: the proof of origin */
    slice public_key; /* MESSAGE_PUBLIC_KEY_SIZE bytes */
    slice status;     /* JSON */
};

/* True for the request types that have a row in the table above. */
bool message_is_served(uint8_t type);

/* Reads a request. BAD_INPUT when the type has no row or the sections do not fit it. */
MUST_CHECK status message_request_read(const struct frame *frame, struct message_request *request);

/*
 * Appends a request as a frame. BAD_INPUT when a field is missing or outside its bounds,
 * OVER_LIMIT when the frame would be too long.
 */
MUST_CHECK status message_request_write(const struct message_request *request,
                                        struct builder *output);

/* Reads a reply or an error reply. BAD_INPUT when it is neither or does not fit its type. */
MUST_CHECK status message_reply_read(const struct frame *frame, struct message_reply *reply);

/* Appends a reply as a frame, an error reply when `kind` is not 0. Fails like request_write. */
MUST_CHECK status message_reply_write(const struct message_reply *reply, struct builder *output);

/*
 * Appends an error reply that tells this failure. Never longer than FRAME_HEADER_SIZE + 12 +
 * MESSAGE_SENTENCE_SIZE_MAX; a longer sentence is cut. `sentence` may be empty: then the
 * failure's own message is used.
 */
MUST_CHECK status message_failure_write(uint64_t req_id, status failure, slice sentence,
                                        struct builder *output);

/* AWS credentials as they travel, copied out of the frame. */
struct message_credentials {
    struct secret_text access_key_id;     /* public, but kept with the others */
    struct secret_text secret_access_key; /* at least 1 byte */
    struct secret_text session_token;     /* empty for credentials that do not expire */
};

void message_credentials_wipe(struct message_credentials *credentials);

/* Appends the contents of a credentials section. BAD_INPUT when a part is outside its bounds. */
MUST_CHECK status message_credentials_put(const struct message_credentials *credentials,
                                          struct builder *section);

/* Reads the contents of a credentials section. BAD_INPUT; then `credentials` is wiped. */
MUST_CHECK status message_credentials_read(slice section, struct message_credentials *credentials);

#endif
