#include "net/vsock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/vm_sockets.h>

#include "net/socket.h"
#include "os/clock.h"

enum { CONNECT_MS_MAX = 3600 * 1000 };

static struct sockaddr_vm address_of(const endpoint *target)
{
    /* All other bytes are zero: newer kernels read flags from what was padding. */
    return (struct sockaddr_vm){
        .svm_family = AF_VSOCK, .svm_cid = target->cid, .svm_port = target->port};
}

static struct socket_address address_view(const struct sockaddr_vm *address)
{
    return (struct socket_address){(const struct sockaddr *)address, sizeof *address};
}

/* The kernel's own limit is 2 s, also for non-blocking sockets; zero would restore that. */
static status timeout_set(int descriptor, int64_t deadline_ms)
{
    const int left_ms = clock_left_ms(deadline_ms, CONNECT_MS_MAX);
    const struct timeval left = {.tv_sec = left_ms / 1000,
                                 .tv_usec = left_ms > 0 ? left_ms % 1000 * 1000 : 1000};
    if (setsockopt(descriptor, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &left, sizeof left) != 0) {
        FAIL(UNAVAILABLE, errno, "vsock: timeout cannot be set");
    }
    return status_ok();
}

status vsock_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    SCOPED(socket_close) int descriptor = -1;
    const struct sockaddr_vm address = address_of(target);
    REQUIRE(target->cid != VMADDR_CID_ANY, BAD_INPUT, "vsock: any cannot be dialed");
    TRY(socket_open(AF_VSOCK, &descriptor));
    TRY(timeout_set(descriptor, deadline_ms));
    TRY(socket_connect(descriptor, address_view(&address), deadline_ms));
    TRY(stream_open(descriptor, stream));
    descriptor = -1;
    return status_ok();
}

status vsock_dial_start(const endpoint *target, int64_t deadline_ms, int *descriptor)
{
    SCOPED(socket_close) int opened = -1;
    const struct sockaddr_vm address = address_of(target);
    REQUIRE(target->cid != VMADDR_CID_ANY, BAD_INPUT, "vsock: any cannot be dialed");
    TRY(socket_open(AF_VSOCK, &opened));
    TRY(timeout_set(opened, deadline_ms));
    TRY(socket_connect_start(opened, address_view(&address)));
    *descriptor = opened;
    opened = -1;
    return status_ok();
}

status vsock_listen(const endpoint *target, int *descriptor)
{
    SCOPED(socket_close) int opened = -1;
    const struct sockaddr_vm address = address_of(target);
    TRY(socket_open(AF_VSOCK, &opened));
    TRY(socket_listen(opened, address_view(&address)));
    *descriptor = opened;
    opened = -1;
    return status_ok();
}
