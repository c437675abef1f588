/*
 * kms_input: one call to the KMS stand-in on its way to an answer: what it says, read as AWS reads
 * it, and how it is refused.
 */
#ifndef DEV_KMS_INPUT_H
#define DEV_KMS_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "dev/kms_stand_in.h"
#include "nsm/attestation.h"

enum { KMS_INPUT_MESSAGE_SIZE_MAX = 1024 };

/* One call on its way to an answer. */
struct kms_operation {
    struct kms_stand_in *stand_in;
    const struct stand_fault *fault;
    struct arena *arena;
    int64_t now_ms;
    slice name;        /* "Decrypt" */
    slice action;      /* "kms:Decrypt" */
    slice role_arn;    /* of the caller */
    slice session_arn; /* of the caller */
    json_value input;
    struct kms_keys_context context;
    bool has_document; /* a verified one */
    struct attestation document;
    struct builder output; /* the answer's JSON */
    const char *error;     /* an AWS error's name, when the call is refused */
    slice error_name;      /* the same, when it is not a literal */
    uint16_t code;
    struct builder message;
};

/* Refuses the call: sets the error and fails. The message is appended to what is there. */
MUST_CHECK status kms_input_refuse(struct kms_operation *operation, const char *error,
                                   const char *message);

/* A member that must be a string of 1 to `size_max` bytes; the call is refused otherwise. */
MUST_CHECK status kms_input_text(struct kms_operation *operation, const char *name, size_t size_max,
                                 slice *text);

/* The same for bytes in base64, decoded into the arena. */
MUST_CHECK status kms_input_blob(struct kms_operation *operation, const char *name, size_t size_max,
                                 slice *bytes);

/* The encryption context; none is an empty one. */
MUST_CHECK status kms_input_context(struct kms_operation *operation);

/* The recipient, if there is one: its document is verified, or the call refused. */
MUST_CHECK status kms_input_recipient(struct kms_operation *operation);

#endif
