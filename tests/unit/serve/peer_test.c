#include "serve/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runner.h"

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un path;
};

static union address address_of(const char *text)
{
    union address address = {0};
    if (inet_pton(AF_INET, text, &address.ipv4.sin_addr) == 1) {
        address.ipv4.sin_family = AF_INET;
        address.ipv4.sin_port = htons(4711);
    } else if (inet_pton(AF_INET6, text, &address.ipv6.sin6_addr) == 1) {
        address.ipv6.sin6_family = AF_INET6;
        address.ipv6.sin6_port = htons(4711);
    } else {
        address.any.sa_family = AF_UNIX;
    }
    return address;
}

static void addresses(void)
{
    static const struct {
        const char *text, *printed;
        bool is_local;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", false},       {"127.0.0.1", "127.0.0.1", true},
        {"127.9.9.9", "127.9.9.9", true},        {"::1", "::1", true},
        {"2001:db8::1", "2001:db8::1", false},   {"::ffff:192.0.2.1", "192.0.2.1", false},
        {"::ffff:127.0.0.1", "127.0.0.1", true}, {"a path", "unix", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[SERVE_PEER_ADDRESS_SIZE_MAX];
        struct builder text;
        struct serve_peer peer;
        const union address address = address_of(rows[i].text);
        runner_row(rows[i].text);
        serve_peer_init(&peer, &address.any);
        builder_init(&text, memory, sizeof memory);
        serve_peer_print(&peer, &text);
        expect_text("printed", builder_view(&text), rows[i].printed);
        expect_true("local", peer.is_local == rows[i].is_local);
        expect_u64("port", peer.port, peer.has_address ? 4711 : 0);
        expect_u64("no name", serve_peer_name(&peer).size, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"addresses", addresses},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
