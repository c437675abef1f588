#include "net/endpoint.h"

#include <arpa/inet.h>
#include <string.h>

#include "net/hybrid.h"
#include "net/socket.h"
#include "net/unix.h"
#include "net/vsock.h"

/* 2^32 - 1 means "any" in both places. */
enum { TCP_PORT_MAX = 65535, LABEL_SIZE_MAX = 63 };
static const uint32_t vsock_number_max = UINT32_MAX - 1;

static status number_parse(slice text, uint32_t number_max, uint32_t *number)
{
    uint64_t value;
    const status result = slice_parse_u64(text, number_max, &value);
    REQUIRE(status_is_ok(result), BAD_INPUT, "endpoint: port or CID is not a number in its range");
    *number = (uint32_t)value;
    return status_ok();
}

static status path_parse(slice text, char path[ENDPOINT_PATH_SIZE_MAX])
{
    REQUIRE(text.size > 1 && text.bytes[0] == '/', BAD_INPUT, "endpoint: path must be absolute");
    REQUIRE(text.size < ENDPOINT_PATH_SIZE_MAX, BAD_INPUT, "endpoint: path is too long");
    for (size_t i = 0; i < text.size; i++) {
        REQUIRE(text.bytes[i] >= ' ' && text.bytes[i] != 0x7f, BAD_INPUT,
                "endpoint: path has a control character");
    }
    memcpy(path, text.bytes, text.size);
    return status_ok();
}

/* Splits at the last colon, since what stands before it may have some of its own. */
static status port_split(slice text, slice *before, slice *port)
{
    for (size_t i = text.size; i > 0; i--) {
        if (text.bytes[i - 1] != ':') continue;
        *before = slice_part(text, 0, i - 1);
        *port = slice_part(text, i, text.size);
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "endpoint: port is missing");
}

static bool is_host_character(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

/* Labels of letters, digits, '-' and '_' between dots; lower case, so that one host has one text. */
static status host_parse(slice text, char host[ENDPOINT_HOST_SIZE_MAX])
{
    size_t label_size = 0;
    REQUIRE(text.size < ENDPOINT_HOST_SIZE_MAX, BAD_INPUT, "endpoint: host is too long");
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if (byte == '.') {
            REQUIRE(label_size > 0, BAD_INPUT, "endpoint: host has an empty label");
            label_size = 0;
        } else {
            REQUIRE(is_host_character(byte), BAD_INPUT,
                    "endpoint: host has a character a host name cannot have");
            REQUIRE(++label_size <= LABEL_SIZE_MAX, BAD_INPUT,
                    "endpoint: host has a label that is too long");
        }
        host[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    }
    REQUIRE(label_size > 0, BAD_INPUT, "endpoint: host has an empty label");
    REQUIRE(host[0] != '-', BAD_INPUT, "endpoint: host starts with a dash");
    return status_ok();
}

/* An IPv6 address between brackets, kept in the one form that inet_ntop prints. */
static status ipv6_parse(slice text, char host[ENDPOINT_HOST_SIZE_MAX])
{
    char address_text[INET6_ADDRSTRLEN] = {0};
    struct in6_addr address;
    const slice inner = slice_part(text, 1, text.size - 2);
    REQUIRE(text.size > 2 && text.bytes[text.size - 1] == ']' && inner.size < sizeof address_text,
            BAD_INPUT, "endpoint: brackets must hold an IPv6 address");
    memcpy(address_text, inner.bytes, inner.size);
    REQUIRE(strlen(address_text) == inner.size &&
                inet_pton(AF_INET6, address_text, &address) == 1 &&
                inet_ntop(AF_INET6, &address, host, ENDPOINT_HOST_SIZE_MAX),
            BAD_INPUT, "endpoint: brackets must hold an IPv6 address");
    return status_ok();
}

static status vsock_parse(slice text, endpoint *target)
{
    slice cid, port;
    TRY(port_split(text, &cid, &port));
    TRY(number_parse(port, vsock_number_max, &target->port));
    if (slice_equal(cid, slice_text("any"))) target->cid = UINT32_MAX;
    else TRY(number_parse(cid, vsock_number_max, &target->cid));
    return status_ok();
}

static status hybrid_parse(slice text, endpoint *target)
{
    slice path, port;
    TRY(port_split(text, &path, &port));
    TRY(number_parse(port, vsock_number_max, &target->port));
    return path_parse(path, target->path);
}

static status tcp_parse(slice text, endpoint *target)
{
    slice host, port;
    TRY(port_split(text, &host, &port));
    TRY(number_parse(port, TCP_PORT_MAX, &target->port));
    if (host.size > 0 && host.bytes[0] == '[') return ipv6_parse(host, target->host);
    return host_parse(host, target->host);
}

status endpoint_parse(slice text, endpoint *target)
{
    const slice kind = slice_part(text, 0, slice_index_of(text, ':'));
    const slice rest = slice_part(text, kind.size + 1, text.size);
    endpoint parsed = {0};
    if (slice_equal(kind, slice_text("unix"))) {
        parsed.kind = ENDPOINT_UNIX;
        TRY(path_parse(rest, parsed.path));
    } else if (slice_equal(kind, slice_text("vsock"))) {
        parsed.kind = ENDPOINT_VSOCK;
        TRY(vsock_parse(rest, &parsed));
    } else if (slice_equal(kind, slice_text("hybrid"))) {
        parsed.kind = ENDPOINT_HYBRID;
        TRY(hybrid_parse(rest, &parsed));
    } else if (slice_equal(kind, slice_text("tcp"))) {
        parsed.kind = ENDPOINT_TCP;
        TRY(tcp_parse(rest, &parsed));
    } else {
        FAIL(BAD_INPUT, 0, "endpoint: must start with unix:, vsock:, hybrid: or tcp:");
    }
    *target = parsed;
    return status_ok();
}

static void tcp_print(const endpoint *target, struct builder *text)
{
    /* Only an IPv6 address has colons. */
    const bool is_ipv6 = strchr(target->host, ':') != NULL;
    builder_put_text(text, is_ipv6 ? "tcp:[" : "tcp:");
    builder_put_text(text, target->host);
    builder_put_text(text, is_ipv6 ? "]:" : ":");
    builder_put_decimal(text, target->port);
}

void endpoint_print(const endpoint *target, struct builder *text)
{
    switch (target->kind) {
    case ENDPOINT_UNIX:
        builder_put_text(text, "unix:");
        builder_put_text(text, target->path);
        break;
    case ENDPOINT_VSOCK:
        builder_put_text(text, "vsock:");
        if (target->cid == UINT32_MAX) builder_put_text(text, "any");
        else builder_put_decimal(text, target->cid);
        builder_put_text(text, ":");
        builder_put_decimal(text, target->port);
        break;
    case ENDPOINT_HYBRID:
        builder_put_text(text, "hybrid:");
        builder_put_text(text, target->path);
        builder_put_text(text, ":");
        builder_put_decimal(text, target->port);
        break;
    case ENDPOINT_TCP: tcp_print(target, text); break;
    }
}

status endpoint_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    switch (target->kind) {
    case ENDPOINT_UNIX: return unix_dial(target->path, deadline_ms, stream);
    case ENDPOINT_VSOCK: return vsock_dial(target, deadline_ms, stream);
    case ENDPOINT_HYBRID: return hybrid_dial(target, deadline_ms, stream);
    case ENDPOINT_TCP: break;
    }
    FAIL(DENIED, 0, "endpoint: this program does not use TCP");
}

status endpoint_dial_start(const endpoint *target, int64_t deadline_ms, int *descriptor)
{
    switch (target->kind) {
    case ENDPOINT_UNIX:
    case ENDPOINT_HYBRID: return unix_dial_start(target->path, descriptor);
    case ENDPOINT_VSOCK: return vsock_dial_start(target, deadline_ms, descriptor);
    case ENDPOINT_TCP: break;
    }
    FAIL(DENIED, 0, "endpoint: TCP is not dialed without waiting");
}

status endpoint_dial_check(int descriptor)
{
    return socket_connect_check(descriptor);
}
