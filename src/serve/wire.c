#include "serve/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

status wire_open(struct wire *wire, int descriptor, const struct tls_server *tls)
{
    *wire = (struct wire){.descriptor = descriptor, .is_tls = tls != NULL};
    if (tls) return tls_session_open(tls, descriptor, &wire->session);
    return status_ok();
}

static enum wire_step step_of(enum tls_session_step step)
{
    switch (step) {
    case TLS_SESSION_DONE: return WIRE_DONE;
    case TLS_SESSION_WANTS_READ: return WIRE_WANTS_READ;
    case TLS_SESSION_WANTS_WRITE: return WIRE_WANTS_WRITE;
    case TLS_SESSION_ENDED: return WIRE_ENDED;
    case TLS_SESSION_BROKEN: break;
    }
    return WIRE_BROKEN;
}

enum wire_step wire_handshake(struct wire *wire)
{
    return wire->is_tls ? step_of(tls_session_handshake(&wire->session)) : WIRE_DONE;
}

/* What errno says about a call that moved nothing. */
static enum wire_step failure_of(int reason, enum wire_step wants)
{
    return reason == EAGAIN || reason == EWOULDBLOCK ? wants : WIRE_BROKEN;
}

enum wire_step wire_receive(struct wire *wire, void *bytes, size_t size_max, size_t *size,
                            bool *is_drained)
{
    *size = 0;
    *is_drained = false;
    if (wire->is_tls) {
        const enum tls_session_step step = tls_session_read(&wire->session, bytes, size_max, size);
        *is_drained = step == TLS_SESSION_WANTS_READ;
        return step_of(step);
    }
    ssize_t got;
    do {
        got = recv(wire->descriptor, bytes, size_max, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return WIRE_ENDED;
    *is_drained = got < 0 || (size_t)got < size_max;
    if (got < 0) return failure_of(errno, WIRE_WANTS_READ);
    *size = (size_t)got;
    return WIRE_DONE;
}

/* Joins as much of the parts as one record holds. */
static slice join(const slice parts[2], uint8_t *record)
{
    const slice first = slice_part(parts[0], 0, WIRE_RECORD_SIZE_MAX);
    const slice second = slice_part(parts[1], 0, WIRE_RECORD_SIZE_MAX - first.size);
    if (first.size > 0) memcpy(record, first.bytes, first.size);
    if (second.size > 0) memcpy(record + first.size, second.bytes, second.size);
    return slice_of(record, first.size + second.size);
}

/* Records until it is full: the rest is left where it is, and in the same order. */
static enum wire_step send_records(struct wire *wire, const slice parts[2], uint8_t *record,
                                   size_t *size)
{
    enum wire_step step = WIRE_DONE;
    slice left[2] = {parts[0], parts[1]};
    while (step == WIRE_DONE && left[0].size + left[1].size > 0) {
        size_t done_size;
        const slice joined = join(left, record);
        step = step_of(tls_session_write(&wire->session, joined, &done_size));
        secret_wipe(record, joined.size);
        *size += done_size;
        const size_t of_second = done_size > left[0].size ? done_size - left[0].size : 0;
        left[0] = slice_part(left[0], done_size, left[0].size);
        left[1] = slice_part(left[1], of_second, left[1].size);
    }
    return step;
}

enum wire_step wire_send(struct wire *wire, const slice parts[2], uint8_t *record, size_t *size)
{
    *size = 0;
    if (wire->is_tls) return send_records(wire, parts, record, size);
    union {
        const uint8_t *view;
        void *base; /* only read */
    } first = {parts[0].bytes}, second = {parts[1].bytes};
    struct iovec vectors[2] = {{first.base, parts[0].size}, {second.base, parts[1].size}};
    const struct msghdr message = {.msg_iov = vectors, .msg_iovlen = parts[1].size > 0 ? 2 : 1};
    ssize_t done;
    do {
        done = sendmsg(wire->descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    if (done < 0) return failure_of(errno, WIRE_WANTS_WRITE);
    *size = (size_t)done;
    return *size == parts[0].size + parts[1].size ? WIRE_DONE : WIRE_WANTS_WRITE;
}

void wire_shut(struct wire *wire)
{
    if (wire->is_tls) tls_session_shut(&wire->session);
    /* A peer that has gone already is nothing to us. */
    (void)shutdown(wire->descriptor, SHUT_WR);
}

void wire_close(struct wire *wire)
{
    if (wire->is_tls) tls_session_close(&wire->session);
    if (wire->descriptor >= 0) close(wire->descriptor);
    *wire = (struct wire){.descriptor = -1};
}
