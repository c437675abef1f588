#include "serve/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { MAPPED_OFFSET = 12 };

static const uint8_t mapped_start[MAPPED_OFFSET] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct serve_peer *peer)
{
    return slice_equal(slice_of(peer->address.bytes, MAPPED_OFFSET),
                       slice_of(mapped_start, sizeof mapped_start));
}

void serve_peer_init(struct serve_peer *peer, const struct sockaddr *address)
{
    const union {
        const struct sockaddr *any;
        const struct sockaddr_in *ipv4;
        const struct sockaddr_in6 *ipv6;
    } told = {address};
    *peer = (struct serve_peer){.is_local = true};
    if (address->sa_family == AF_INET) {
        memcpy(peer->address.bytes, mapped_start, MAPPED_OFFSET);
        memcpy(peer->address.bytes + MAPPED_OFFSET, &told.ipv4->sin_addr, 4);
        peer->port = ntohs(told.ipv4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        memcpy(peer->address.bytes, &told.ipv6->sin6_addr, 16);
        peer->port = ntohs(told.ipv6->sin6_port);
    } else {
        return;
    }
    peer->has_address = true;
    peer->is_local = is_mapped(peer) ? peer->address.bytes[MAPPED_OFFSET] == 127
                                     : IN6_IS_ADDR_LOOPBACK(&told.ipv6->sin6_addr);
}

void serve_peer_print(const struct serve_peer *peer, struct builder *text)
{
    char printed[INET6_ADDRSTRLEN];
    const bool is_ipv4 = is_mapped(peer);
    const char *result = NULL;
    if (peer->has_address) {
        result =
            inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
                      peer->address.bytes + (is_ipv4 ? MAPPED_OFFSET : 0), printed, sizeof printed);
    }
    builder_put_text(text, result ? result : "unix");
}

slice serve_peer_name(const struct serve_peer *peer)
{
    return slice_of(peer->name, peer->name_size);
}
