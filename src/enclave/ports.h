/*
 * ports: what the enclave service needs from outside, as tables of functions.
 *
 * They are chosen once, in main. The shipped program has the device and KMS behind them; the
 * development program has the device's stand-in; tests have fakes.
 */
#ifndef ENCLAVE_PORTS_H
#define ENCLAVE_PORTS_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

/*
 * The Nitro Security Module as a device: CBOR request in, CBOR response out (nsm/message.h).
 *
 * `call` may be used from several threads at once. It appends the response to `response`, which
 * must have room for NSM_RESPONSE_SIZE_MAX bytes. An answer that is an NSM error is still a
 * success of the call. UNAVAILABLE when the device does not answer.
 */
struct nsm_port {
    void *context;
    status (*call)(void *context, slice request, struct builder *response);
};

enum {
    NSM_REQUEST_SIZE_MAX = 0x1000,  /* the driver's bound; longer requests are EMSGSIZE */
    NSM_RESPONSE_SIZE_MAX = 0x3000, /* the driver cuts longer responses silently */
};

#endif
