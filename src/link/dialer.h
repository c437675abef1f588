/*
 * dialer: connecting to the enclave without ever waiting.
 *
 * A dialer is started, then stepped each time its descriptor is ready, until it is connected or
 * has failed. It reaches Unix sockets, vsock, and vsock behind a monitor's Unix socket, whose
 * greeting it exchanges (net/hybrid.h). How long that may take is its user's timer.
 */
#ifndef LINK_DIALER_H
#define LINK_DIALER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "net/endpoint.h"
#include "net/hybrid.h"

enum dialer_stage { DIALER_IDLE, DIALER_CONNECTING, DIALER_GREETING };

/* `{0}` is idle. */
struct dialer {
    const endpoint *target;
    enum dialer_stage stage;
    int descriptor;                     /* unless idle; owned */
    uint8_t line[HYBRID_LINE_SIZE_MAX]; /* of the greeting's answer, as far as it has come */
    size_t line_size;
};

/*
 * Begins. DENIED for a kind of endpoint that it does not reach, UNAVAILABLE when nobody listens
 * there; then it is idle. `target` must outlive the dialing.
 */
MUST_CHECK status dialer_start(struct dialer *dialer, const endpoint *target, int64_t deadline_ms);

/* What its descriptor is to be watched for: EPOLLOUT or EPOLLIN. */
uint32_t dialer_events(const struct dialer *dialer);

/*
 * Goes on, after the descriptor was ready. On failure it is to be stopped. Once `*is_connected`,
 * the bytes that follow are the enclave's.
 */
MUST_CHECK status dialer_step(struct dialer *dialer, bool *is_connected);

/* Hands over the connected descriptor; the dialer is idle then. */
int dialer_take(struct dialer *dialer);

/* Gives up; harmless when it is idle. */
void dialer_stop(struct dialer *dialer);

#endif
