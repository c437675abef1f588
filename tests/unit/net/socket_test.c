#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

static void made(void)
{
    SCOPED(socket_close) int descriptor = -1;
    expect_ok("open", socket_open(AF_UNIX, &descriptor));
    expect_true("not blocking", (fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    expect_true("not inherited", (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    int none = -1;
    const status refused = socket_open(12345, &none);
    expect_refused("no such family", refused, "socket: cannot be made");
    expect_u64("detail", (uint64_t)refused.detail, EAFNOSUPPORT);
    expect_true("untouched", none == -1);
}

/* Which errno means what: a peer that is gone is one failure, whatever the kernel calls it. */
static void failures(void)
{
    static const struct {
        const char *name;
        int reason;
        const char *sentence;
        int detail;
    } rows[] = {
        {"EPIPE", EPIPE, "socket: peer has vanished", ECONNRESET},
        {"ECONNRESET", ECONNRESET, "socket: peer has vanished", ECONNRESET},
        {"ENOTCONN", ENOTCONN, "socket: peer has vanished", ECONNRESET},
        {"ECONNABORTED", ECONNABORTED, "socket: peer has vanished", ECONNRESET},
        {"EHOSTUNREACH", EHOSTUNREACH, "socket: connection has failed", EHOSTUNREACH},
        {"ENOMEM", ENOMEM, "socket: connection has failed", ENOMEM},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const status got = socket_failure(rows[i].reason);
        expect_refused("failure", got, rows[i].sentence);
        expect_kind("kind", got, FAILURE_UNAVAILABLE);
        expect_u64("detail", (uint64_t)got.detail, (uint64_t)rows[i].detail);
    }
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static struct socket_address view(const struct sockaddr_in *address)
{
    return (struct socket_address){(const struct sockaddr *)address, sizeof *address};
}

static void waiting(void)
{
    int pair[2];
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    expect_ok("writable at once", socket_wait(pair[0], POLLOUT, 0));
    const int64_t started_at_ms = clock_monotonic_ms();
    const status late = socket_wait(pair[0], POLLIN, started_at_ms + 30);
    expect_refused("nothing to read", late, "socket: deadline has passed");
    expect_u64("detail", (uint64_t)late.detail, ETIMEDOUT);
    expect_true("waited", clock_monotonic_ms() >= started_at_ms + 30);
    close(pair[1]);
    expect_ok("an end counts", socket_wait(pair[0], POLLIN, 0));
    close(pair[0]);
}

static void connecting_and_listening(void)
{
    SCOPED(socket_close) int listening = -1;
    SCOPED(socket_close) int second = -1;
    SCOPED(socket_close) int client = -1;
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    expect_ok("open", socket_open(AF_INET, &listening));
    expect_ok("listen", socket_listen(listening, view(&address)));
    getsockname(listening, (struct sockaddr *)&address, &size);
    expect_ok("open", socket_open(AF_INET, &second));
    expect_refused("in use", socket_listen(second, view(&address)), "socket: address is in use");
    expect_ok("open", socket_open(AF_INET, &client));
    expect_ok("connect", socket_connect(client, view(&address), clock_deadline_ms(5000)));
    socket_close(&client);
    socket_close(&client);
    expect_ok("open", socket_open(AF_INET, &client));
    const struct sockaddr_in nobody = loopback(1);
    const status refused = socket_connect(client, view(&nobody), clock_deadline_ms(5000));
    expect_refused("nobody", refused, "socket: nobody listens there");
    expect_u64("detail", (uint64_t)refused.detail, ECONNREFUSED);
}

static void reading_and_writing(void)
{
    int pair[2];
    uint8_t bytes[8];
    size_t size = 0;
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    expect_ok("write", socket_write(pair[0], slice_text("abc"), 0, &size));
    expect_u64("size", size, 3);
    expect_ok("read", socket_read(pair[1], bytes, sizeof bytes, 0, &size));
    expect_text("bytes", slice_of(bytes, size), "abc");
    expect_kind("nothing", socket_read(pair[1], bytes, sizeof bytes, 0, &size),
                FAILURE_UNAVAILABLE);
    close(pair[0]);
    expect_ok("end", socket_read(pair[1], bytes, sizeof bytes, 0, &size));
    expect_u64("size", size, 0);
    expect_refused("no reader", socket_write(pair[1], slice_text("x"), 0, &size),
                   "socket: peer has vanished");
    close(pair[1]);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"made", made},
        {"failures", failures},
        {"waiting", waiting},
        {"connecting and listening", connecting_and_listening},
        {"reading and writing", reading_and_writing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
