/*
 * kms_operations: what each operation of the KMS stand-in does, once it is known who calls.
 */
#ifndef DEV_KMS_OPERATIONS_H
#define DEV_KMS_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "dev/kms_stand_in.h"
#include "nsm/attestation.h"

enum { KMS_OPERATIONS_MESSAGE_SIZE_MAX = 1024 };

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

/*
 * Runs the operation named; `output` is its answer. On failure `error`, `code` and `message` say
 * what AWS would.
 */
MUST_CHECK status kms_operations_run(struct kms_operation *operation);

/* Refuses the call: sets the error and fails. The message is appended to what is there. */
MUST_CHECK status kms_operations_refuse(struct kms_operation *operation, const char *error,
                                        const char *message);

#endif
