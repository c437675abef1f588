#include "enclave/refusal.h"

#include "aws/error.h"
#include "enclave/kms_client.h"
#include "proto/call.h"

static const struct {
    struct failure busy, too_late, credentials_needed;
} own = {
    .busy = {FAILURE_UNAVAILABLE, __LINE__, __FILE__,
             "enclave: is busy: too many requests wait for KMS"},
    .too_late = {FAILURE_UNAVAILABLE, __LINE__, __FILE__,
                 "enclave: KMS or the security module has not answered in time"},
    .credentials_needed = {FAILURE_UNAVAILABLE, __LINE__, __FILE__,
                           "enclave: credentials are needed: the data key has to be fetched"},
};

status refusal_busy(void)
{
    return (status){&own.busy, 0};
}

status refusal_too_late(void)
{
    return (status){&own.too_late, 0};
}

status refusal_credentials_needed(void)
{
    return (status){&own.credentials_needed, 0};
}

uint16_t refusal_reason(status failure)
{
    if (failure.failure == &own.busy) return CALL_REASON_BUSY;
    if (failure.failure == &own.too_late) return CALL_REASON_TOO_LATE;
    if (failure.failure == &own.credentials_needed) return CALL_REASON_CREDENTIALS_NEEDED;
    if (kms_client_is_image_refused(failure)) return CALL_REASON_KEY_DENIED;
    switch (aws_error_class_of(failure)) {
    case AWS_ERROR_CREDENTIALS: return CALL_REASON_CREDENTIALS_REFUSED;
    case AWS_ERROR_THROTTLED: return CALL_REASON_THROTTLED;
    case AWS_ERROR_REFUSED:
    case AWS_ERROR_TRANSIENT:
    case AWS_ERROR_CLOCK: break;
    }
    return CALL_REASON_NONE;
}
