/*
 * endpoint: where a service is, as text and as a value.
 *
 *   unix:/run/enw/parent.sock      a Unix socket
 *   vsock:3:8000, vsock:any:7878   AF_VSOCK; "any" only for listening
 *   hybrid:/run/vm.sock:7878       AF_VSOCK behind a Unix socket (Firecracker, vhost-device-vsock)
 *   tcp:kms.eu-west-1.amazonaws.com:443, tcp:127.0.0.1:8080, tcp:[::1]:0   (port 0 only to listen)
 *
 * endpoint_dial reaches everything but TCP and never looks a name up: it is what the enclave has.
 * Programs that may use TCP link net_tcp and pass tcp_dial (net/tcp.h) instead; it has the same
 * type and reaches every kind.
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/stream.h"

enum {
    ENDPOINT_PATH_SIZE_MAX = 108, /* sun_path, with its NUL */
    ENDPOINT_HOST_SIZE_MAX = 254, /* a DNS name is at most 253 characters; with its NUL */
    ENDPOINT_TEXT_SIZE_MAX = 288, /* the longest printed endpoint */
};

enum endpoint_kind { ENDPOINT_UNIX = 1, ENDPOINT_VSOCK, ENDPOINT_HYBRID, ENDPOINT_TCP };

typedef struct endpoint {
    enum endpoint_kind kind;
    uint32_t cid;                      /* vsock; "any" is VMADDR_CID_ANY, 2^32 - 1 */
    uint32_t port;                     /* vsock, hybrid, tcp */
    char path[ENDPOINT_PATH_SIZE_MAX]; /* unix, hybrid: NUL-terminated */
    char host[ENDPOINT_HOST_SIZE_MAX]; /* tcp: name or address without brackets; NUL-terminated */
} endpoint;

/*
 * Reads the text. BAD_INPUT for anything but the forms above: relative or overlong paths, NUL
 * bytes, numbers with leading zeros or out of range (TCP ports up to 65535, vsock ports and CIDs
 * below 2^32 - 1), host names with characters a host name cannot have.
 */
MUST_CHECK status endpoint_parse(slice text, endpoint *target);

/* Appends the text that reads back as the same endpoint. */
void endpoint_print(const endpoint *target, struct builder *text);

/* The type of endpoint_dial and tcp_dial: which of them is a program's choice, made in main. */
typedef status (*endpoint_dialer)(const endpoint *target, int64_t deadline_ms,
                                  struct stream *stream);

/*
 * Connects. DENIED for TCP. UNAVAILABLE (detail: errno) when nobody answers; ETIMEDOUT at the
 * deadline.
 */
MUST_CHECK status endpoint_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream);

/*
 * Begins to connect and does not wait: once the descriptor is writable, endpoint_dial_check tells
 * the outcome. A hybrid endpoint's greeting is the caller's to exchange then (net/hybrid.h). DENIED
 * for TCP; UNAVAILABLE (detail: errno) when it is known at once that nobody listens.
 */
MUST_CHECK status endpoint_dial_start(const endpoint *target, int64_t deadline_ms, int *descriptor);

/* UNAVAILABLE (detail: errno) unless the descriptor is connected. */
MUST_CHECK status endpoint_dial_check(int descriptor);

#endif
