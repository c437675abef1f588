/*
 * tcp: connections to hosts by name or address. A library of its own (net_tcp), because it looks
 * names up, which the enclave must not even link.
 *
 * Names are looked up for every connection, by getaddrinfo(3) in a helper thread, so that a lookup
 * that hangs costs a deadline and not a program. At most TCP_LOOKUP_COUNT_MAX lookups are under way
 * at once. Addresses are tried in the system's order, TCP_ADDRESS_COUNT_MAX of them, each with its
 * share of the time left. TCP_NODELAY is on.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/status.h"
#include "net/endpoint.h"
#include "net/stream.h"

enum {
    TCP_LOOKUP_COUNT_MAX = 32, /* threads that may hang in a lookup */
    TCP_ADDRESS_COUNT_MAX = 8, /* addresses of one name that are tried */
};

/*
 * Connects to an endpoint of any kind: an endpoint_dialer. NOT_FOUND when the name has no address;
 * UNAVAILABLE when the lookup or every address fails (detail: errno of the last; ETIMEDOUT at the
 * deadline); OVER_LIMIT when too many lookups hang.
 */
MUST_CHECK status tcp_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream);

/* The addresses of a name or of a numeric address. */
struct tcp_addresses {
    struct sockaddr_storage list[TCP_ADDRESS_COUNT_MAX];
    size_t count;
};

/* Looks up the host and port of a tcp endpoint; refusals as of tcp_dial. */
MUST_CHECK status tcp_look_up(const endpoint *target, int64_t deadline_ms,
                              struct tcp_addresses *addresses);

#endif
