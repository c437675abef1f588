/*
 * kms_operations: what each operation of the KMS stand-in does, once it is known who calls.
 */
#ifndef DEV_KMS_OPERATIONS_H
#define DEV_KMS_OPERATIONS_H

#include "base/status.h"
#include "dev/kms_input.h"

/*
 * Runs the operation named; `output` is its answer. On failure `error`, `code` and `message` say
 * what AWS would.
 */
MUST_CHECK status kms_operations_run(struct kms_operation *operation);

#endif
