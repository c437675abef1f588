#include "link/dialer.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

status dialer_start(struct dialer *dialer, const endpoint *target, int64_t deadline_ms)
{
    int descriptor;
    TRY(endpoint_dial_start(target, deadline_ms, &descriptor));
    *dialer =
        (struct dialer){.target = target, .stage = DIALER_CONNECTING, .descriptor = descriptor};
    return status_ok();
}

uint32_t dialer_events(const struct dialer *dialer)
{
    return dialer->stage == DIALER_GREETING ? EPOLLIN : EPOLLOUT;
}

static status greeting_send(struct dialer *dialer)
{
    uint8_t text[HYBRID_LINE_SIZE_MAX];
    struct builder line;
    builder_init(&line, text, sizeof text);
    hybrid_put_greeting(&line, dialer->target->port);
    const slice bytes = builder_view(&line);
    const ssize_t size =
        send(dialer->descriptor, bytes.bytes, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) FAIL(UNAVAILABLE, errno, "hybrid: the monitor does not listen");
    /* A fresh socket takes twenty bytes at once, and Firecracker wants them in one piece. */
    REQUIRE((size_t)size == bytes.size, UNAVAILABLE, "hybrid: the monitor does not listen");
    dialer->stage = DIALER_GREETING;
    return status_ok();
}

/* Byte by byte: what follows the line feed is the enclave's and must stay in the socket. */
static status greeting_read(struct dialer *dialer, bool *is_connected)
{
    while (dialer->line_size < sizeof dialer->line) {
        uint8_t *byte = &dialer->line[dialer->line_size];
        const ssize_t size = recv(dialer->descriptor, byte, 1, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return status_ok();
        if (size <= 0) FAIL(UNAVAILABLE, ECONNRESET, "hybrid: nobody listens in the guest");
        if (*byte == '\n') {
            TRY(hybrid_check_line(slice_of(dialer->line, dialer->line_size)));
            *is_connected = true;
            return status_ok();
        }
        dialer->line_size++;
    }
    FAIL(BAD_INPUT, 0, "hybrid: the monitor's answer is too long");
}

status dialer_step(struct dialer *dialer, bool *is_connected)
{
    *is_connected = false;
    if (dialer->stage == DIALER_GREETING) return greeting_read(dialer, is_connected);
    TRY(endpoint_dial_check(dialer->descriptor));
    if (dialer->target->kind == ENDPOINT_HYBRID) return greeting_send(dialer);
    *is_connected = true;
    return status_ok();
}

int dialer_take(struct dialer *dialer)
{
    const int descriptor = dialer->descriptor;
    *dialer = (struct dialer){0};
    return descriptor;
}

void dialer_stop(struct dialer *dialer)
{
    if (dialer->stage != DIALER_IDLE) close(dialer->descriptor);
    *dialer = (struct dialer){0};
}
