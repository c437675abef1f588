/*
 * message: requests and replies as structs with a field per section, over proto/call.h.
 *
 * What the tables of proto/call.h refuse is refused here in the same words. Fields that a type
 * does not have are ignored when writing and empty after reading. Slices view the frame's memory.
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
#include "proto/call.h"
#include "proto/frame.h"

enum {
    MESSAGE_RECORD_SIZE_MAX = CALL_RECORD_SIZE_MAX,
    MESSAGE_BODY_SIZE_MAX = 61440, /* what the HTTP service takes */
    MESSAGE_KEY_ARN_SIZE_MAX = CALL_KEY_ARN_SIZE_MAX,
    MESSAGE_NONCE_SIZE = CALL_NONCE_SIZE,
    MESSAGE_ADDRESS_SIZE = CALL_ADDRESS_SIZE,
    MESSAGE_SIGNATURE_SIZE = CALL_SIGNATURE_SIZE,
    MESSAGE_PUBLIC_KEY_SIZE = CALL_PUBLIC_KEY_SIZE,
    MESSAGE_DOCUMENT_SIZE_MAX = CALL_DOCUMENT_SIZE_MAX,
    MESSAGE_SENTENCE_SIZE_MAX = CALL_SENTENCE_SIZE_MAX,
    MESSAGE_STATUS_SIZE_MAX = CALL_STATUS_SIZE_MAX,
    MESSAGE_CREDENTIALS_SIZE_MIN = CALL_CREDENTIALS_SIZE_MIN,
    MESSAGE_CREDENTIALS_SIZE_MAX = CALL_CREDENTIALS_SIZE_MAX,
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
    enum failure_kind kind; /* not 0: an error reply, which has only this and the next two */
    uint16_t reason;        /* enum call_reason, or a newer one */
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
 * Appends an error reply that tells this failure, at most CALL_FAILURE_SIZE_MAX bytes; a longer
 * sentence is cut. `sentence` may be empty: then the failure's own message is used.
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
