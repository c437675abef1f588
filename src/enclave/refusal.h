/*
 * refusal: what the enclave refuses of its own accord, and the reasons that go with failures.
 *
 * Programs act on reasons (proto/call.h), people read sentences. Both come from the failure itself:
 * nobody searches a sentence for words.
 */
#ifndef ENCLAVE_REFUSAL_H
#define ENCLAVE_REFUSAL_H

#include <stdint.h>

#include "base/status.h"

MUST_CHECK status refusal_busy(void);               /* too many requests wait */
MUST_CHECK status refusal_too_late(void);           /* its time has run out */
MUST_CHECK status refusal_credentials_needed(void); /* KMS must be asked, and there are none */

/* The reason of a failure, whoever found it: enum call_reason. */
uint16_t refusal_reason(status failure);

#endif
