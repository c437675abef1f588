/*
 * ports: what the enclave service needs from outside, as tables of functions.
 *
 * They are chosen once, in main. The shipped program has the device and KMS behind them; the
 * development program has the device's stand-in; tests have fakes. All functions may be called
 * from several threads at once.
 */
#ifndef ENCLAVE_PORTS_H
#define ENCLAVE_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/arena.h"
#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "wallet/encryption_context.h"

/*
 * The Nitro Security Module as a device: CBOR request in, CBOR response out (nsm/message.h).
 *
 * `call` appends the response to `response`, which must have room for NSM_RESPONSE_SIZE_MAX bytes.
 * An answer that is an NSM error is still a success of the call. UNAVAILABLE when the device does
 * not answer.
 */
struct nsm_port {
    void *context;
    status (*call)(void *context, slice request, struct builder *response);
};

/* What is asked of the keeper of data keys. The views outlive the call. */
struct keys_request {
    slice key_arn; /* a pinned one */
    const struct encryption_context *context;
    slice edk; /* to decrypt; empty for a new data key */
    const struct aws_credentials *credentials;
    int64_t deadline_ms; /* monotonic */
};

/* A new data key; `edk` lives in the arena. */
struct keys_generated {
    slice edk;
    struct secret32 key;
};

/*
 * The keeper of data keys: KMS. A success means that the key came from the KMS key that was asked
 * for. `arena` is the caller's scratch memory, at least KEYS_ARENA_SIZE.
 */
struct keys_port {
    void *context;
    status (*generate)(void *context, const struct keys_request *request, struct arena *arena,
                       struct keys_generated *generated);
    status (*decrypt)(void *context, const struct keys_request *request, struct arena *arena,
                      struct secret32 *key);
};

enum {
    KEYS_ARENA_SIZE =
        256 << 10, /* one attempt: document, request, response, and what is delivered */
};

#endif
