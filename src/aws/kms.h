/*
 * kms: data keys from AWS KMS that only an attested enclave can open.
 *
 * GenerateDataKey and Decrypt are built and read as values; the caller signs (sigv4) and moves the
 * bytes. Every call carries the key's full ARN, an encryption context and a Recipient, so KMS
 * answers with the data key sealed to the enclave's RSA key (CMS, see crypto/recipient) and with
 * no plaintext. A reply that has a plaintext is refused. The caller compares the reply's key ARN
 * with the one it sent (kms_reply_check).
 *
 * Specification: AWS KMS API reference, GenerateDataKey and Decrypt, RecipientInfo.
 */
#ifndef AWS_KMS_H
#define AWS_KMS_H

#include <stddef.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum {
    KMS_KEY_ARN_SIZE_MAX = 256,           /* arn:partition:kms:region:account:key/uuid, about 75 */
    KMS_CIPHERTEXT_SIZE_MAX = 6144,       /* bytes of CiphertextBlob, by the API */
    KMS_CONTEXT_COUNT_MAX = 8,            /* pairs of encryption context; we use up to 4 */
    KMS_CONTEXT_TEXT_SIZE_MAX = 256,      /* bytes of one name or value */
    KMS_DOCUMENT_SIZE_MAX = 16 * 1024,    /* attestation documents have 4.4 to 7.5 KB */
    KMS_ENVELOPE_SIZE_MAX = 8192,         /* CiphertextForRecipient: 493 bytes for a data key */
    KMS_BODY_SIZE_MAX = 48 * 1024,        /* of a request: document and blob in base64 */
    KMS_RESPONSE_SIZE_MAX = 32 * 1024,    /* of a response's body */
    KMS_REPLY_MEMORY_SIZE_MAX = 16 * 1024 /* what reading a reply appends at most */
};

struct kms_context_pair {
    slice name;
    slice value;
};

/* An encryption context. It is logged in clear by AWS: no secrets. Order does not matter. */
struct kms_context {
    struct kms_context_pair pairs[KMS_CONTEXT_COUNT_MAX];
    size_t count;
};

/* One call: where it goes and what every operation needs. Views. */
struct kms_call {
    slice host;     /* the Host header: kms.REGION.amazonaws.com */
    slice key_arn;  /* full ARN, always sent */
    slice document; /* attestation document, raw COSE bytes */
    struct kms_context context;
};

/* What KMS answered: views of the memory given to the reader. */
struct kms_reply {
    slice key_arn;
    slice ciphertext; /* the data key under the KMS key; empty for Decrypt */
    slice envelope;   /* CiphertextForRecipient: CMS to the document's public key */
};

/* True for "arn:PARTITION:kms:REGION:ACCOUNT:key/ID", the only form of key name we send. */
bool kms_is_key_arn(slice text);

/*
 * Builds the call for a new 256-bit data key. Body texts are appended to `memory`, which must
 * outlive the request, as must the host. BAD_INPUT when a part is empty or malformed; OVER_LIMIT.
 */
MUST_CHECK status kms_generate_data_key_build(const struct kms_call *call, struct builder *memory,
                                              struct http_request *request);

/* Builds the call that opens `ciphertext`. */
MUST_CHECK status kms_decrypt_build(const struct kms_call *call, slice ciphertext,
                                    struct builder *memory, struct http_request *request);

/*
 * Reads a reply. A response other than 200 becomes aws_error_status of it (see aws/error for the
 * class); CORRUPT when a 200's body is not the expected object, has a plaintext, or lacks a part.
 */
MUST_CHECK status kms_generate_data_key_read(const struct http_response *response,
                                             struct builder *memory, struct kms_reply *reply);
MUST_CHECK status kms_decrypt_read(const struct http_response *response, struct builder *memory,
                                   struct kms_reply *reply);

/* CORRUPT unless the reply is about exactly this key. */
MUST_CHECK status kms_reply_check(const struct kms_reply *reply, slice key_arn);

#endif
