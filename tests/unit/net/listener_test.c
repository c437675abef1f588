#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tcp.h"
#include "os/clock.h"
#include "runner.h"

enum { PATIENCE_MS = 10000 };

static endpoint parsed(const char *text)
{
    endpoint target = {0};
    expect_ok(text, endpoint_parse(slice_text(text), &target));
    return target;
}

static endpoint own_path(const char *name)
{
    char text[ENDPOINT_TEXT_SIZE_MAX];
    snprintf(text, sizeof text, "unix:/tmp/enw-listener-test-%d-%s", getpid(), name);
    return parsed(text);
}

/* Connects, accepts and moves one byte each way. */
static void exchange(struct listener *listener, const endpoint *target)
{
    SCOPED(stream_close) struct stream client = {0};
    SCOPED(stream_close) struct stream server = {0};
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    uint8_t byte = 0;
    expect_ok("dial", tcp_dial(target, deadline_ms, &client));
    expect_ok("accept", listener_accept(listener, deadline_ms, &server));
    expect_ok("write", stream_write(&client, slice_text("a"), deadline_ms));
    expect_ok("read", stream_read_all(&server, &byte, 1, deadline_ms));
    expect_u64("byte", byte, 'a');
    expect_ok("write", stream_write(&server, slice_text("b"), deadline_ms));
    expect_ok("read", stream_read_all(&client, &byte, 1, deadline_ms));
    expect_u64("byte", byte, 'b');
}

static unsigned mode_of(const char *path)
{
    struct stat about = {0};
    stat(path, &about);
    return about.st_mode & 0777;
}

static void unix_paths(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    SCOPED(stream_close) struct stream asked = {0};
    struct listener second = {0};
    const endpoint at = own_path("a");
    expect_ok("open", listener_open(&at, &listener));
    expect_u64("mode", mode_of(at.path), 0600);
    exchange(&listener, &at);
    expect_refused("somebody is there", listener_open(&at, &second),
                   "unix: somebody listens at the path already");
    /* Asking showed as a connection that ended at once. */
    expect_ok("the question", listener_accept(&listener, clock_deadline_ms(PATIENCE_MS), &asked));
    exchange(&listener, &listener.bound);
    listener_close(&listener);
    expect_true("removed", access(at.path, F_OK) != 0);
    umask(077);
    expect_ok("shared", listener_open_mode(&at, 0660, &listener));
    umask(022);
    expect_u64("mode despite the umask", mode_of(at.path), 0660);
}

static void left_behind(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    struct listener dead = {0};
    const endpoint at = own_path("b");
    expect_ok("open", listener_open(&at, &dead));
    /* As after kill -9: the path stays, nobody answers. */
    close(dead.descriptor);
    expect_ok("taken over", listener_open(&at, &listener));
    exchange(&listener, &at);
}

static void path_of_another(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    struct listener first = {0};
    const endpoint at = own_path("g");
    expect_ok("open", listener_open(&at, &first));
    expect_true("somebody removes it", unlink(at.path) == 0);
    expect_ok("and listens", listener_open(&at, &listener));
    listener_close(&first);
    expect_true("not removed", access(at.path, F_OK) == 0);
    exchange(&listener, &at);
}

static void something_else(void)
{
    struct listener listener = {0};
    const endpoint at = own_path("c");
    const int file = open(at.path, O_CREAT | O_WRONLY, 0600);
    expect_refused("a file", listener_open(&at, &listener),
                   "unix: something else lies at the path");
    expect_true("still there", access(at.path, F_OK) == 0);
    close(file);
    unlink(at.path);
    const endpoint nowhere = parsed("unix:/nowhere/at/all");
    expect_refused("no folder", listener_open(&nowhere, &listener), "socket: cannot listen there");
    expect_true("closed", !listener.is_open);
}

static void hybrid_side(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    char text[ENDPOINT_TEXT_SIZE_MAX];
    snprintf(text, sizeof text, "hybrid:/tmp/enw-listener-test-%d-d:9000", getpid());
    const endpoint at = parsed(text);
    const endpoint guest = own_path("d_9000");
    expect_ok("open", listener_open(&at, &listener));
    exchange(&listener, &guest);
    endpoint overlong = at;
    memset(overlong.path, 'a', sizeof overlong.path - 3);
    overlong.path[0] = '/';
    expect_refused("no room for the port", listener_open(&overlong, &(struct listener){0}),
                   "listener: path is too long");
}

static void tcp_addresses(void)
{
    static const char *const texts[] = {"tcp:127.0.0.1:0", "tcp:localhost:0", "tcp:[::1]:0"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        SCOPED(listener_close) struct listener listener = {0};
        struct listener second = {0};
        runner_row(texts[i]);
        const endpoint at = parsed(texts[i]);
        const status opened = listener_open(&at, &listener);
        if (at.host[0] == ':' && opened.detail == EADDRNOTAVAIL) {
            runner_skip("no IPv6 on this machine");
            continue;
        }
        if (!expect_ok("open", opened)) continue;
        expect_true("a real port", listener.bound.port > 0);
        exchange(&listener, &listener.bound);
        expect_refused("in use", listener_open(&listener.bound, &second),
                       "socket: address is in use");
    }
    runner_row("names");
    const endpoint named = parsed("tcp:example.com:0");
    expect_refused("are not looked up", listener_open(&named, &(struct listener){0}),
                   "listener: TCP needs a numeric address to listen at");
}

static void no_delay(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    SCOPED(stream_close) struct stream client = {0};
    SCOPED(stream_close) struct stream server = {0};
    const endpoint at = parsed("tcp:127.0.0.1:0");
    int client_on = 0, server_on = 0;
    socklen_t size = sizeof client_on;
    expect_ok("open", listener_open(&at, &listener));
    expect_ok("dial", tcp_dial(&listener.bound, clock_deadline_ms(PATIENCE_MS), &client));
    expect_ok("accept", listener_accept(&listener, clock_deadline_ms(PATIENCE_MS), &server));
    getsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &client_on, &size);
    getsockopt(server.descriptor, IPPROTO_TCP, TCP_NODELAY, &server_on, &size);
    expect_true("dialed", client_on != 0);
    expect_true("accepted", server_on != 0);
}

static void accept_deadline(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    struct stream stream = {0};
    const endpoint at = own_path("e");
    expect_ok("open", listener_open(&at, &listener));
    expect_true("none waiting", stream_is_late(listener_accept(&listener, 0, &stream)));
    const int64_t started_at_ms = clock_monotonic_ms();
    expect_true("none in time",
                stream_is_late(listener_accept(&listener, started_at_ms + 40, &stream)));
    expect_true("waited", clock_monotonic_ms() >= started_at_ms + 40);
}

static void no_descriptors_left(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    SCOPED(stream_close) struct stream client = {0};
    SCOPED(stream_close) struct stream server = {0};
    struct rlimit before;
    const endpoint at = own_path("f");
    expect_ok("open", listener_open(&at, &listener));
    expect_ok("dial", endpoint_dial(&at, clock_deadline_ms(PATIENCE_MS), &client));
    getrlimit(RLIMIT_NOFILE, &before);
    const struct rlimit none = {0, before.rlim_max};
    expect_true("limit", setrlimit(RLIMIT_NOFILE, &none) == 0);
    const status refused = listener_accept(&listener, 0, &server);
    setrlimit(RLIMIT_NOFILE, &before);
    expect_refused("accept", refused, "listener: connection cannot be accepted");
    expect_u64("detail", (uint64_t)refused.detail, EMFILE);
    expect_ok("later", listener_accept(&listener, clock_deadline_ms(PATIENCE_MS), &server));
}

/* Two sockets at one address get what comes between them; a third program is told of a conflict. */
static void beside(void)
{
    SCOPED(listener_close) struct listener first = {0};
    SCOPED(listener_close) struct listener second = {0};
    struct listener stranger = {0};
    const endpoint at = parsed("tcp:127.0.0.1:0"), path = own_path("g");
    expect_ok("first", listener_open(&at, &first));
    expect_ok("second", listener_open_beside(&first, &second));
    expect_u64("one port", second.bound.port, first.bound.port);
    expect_kind("a stranger", listener_open(&first.bound, &stranger), FAILURE_CONFLICT);
    size_t counts[2] = {0};
    for (size_t i = 0; i < 64; i++) {
        SCOPED(stream_close) struct stream client = {0};
        expect_ok("dial", tcp_dial(&first.bound, clock_deadline_ms(PATIENCE_MS), &client));
        for (size_t k = 0; k < 2; k++) {
            struct sockaddr_storage peer;
            int descriptor;
            if (!status_is_ok(listener_take(k == 0 ? &first : &second, &peer, &descriptor)))
                continue;
            expect_true("address", peer.ss_family == AF_INET);
            counts[k]++;
            close(descriptor);
        }
    }
    expect_u64("each once", counts[0] + counts[1], 64);
    expect_true("both have some", counts[0] > 0 && counts[1] > 0);
    SCOPED(listener_close) struct listener local = {0};
    expect_ok("unix", listener_open(&path, &local));
    expect_kind("not beside a path", listener_open_beside(&local, &stranger), FAILURE_DENIED);
}

static void taking(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    SCOPED(stream_close) struct stream client = {0};
    struct sockaddr_storage peer;
    int descriptor = -1;
    const endpoint at = own_path("h");
    expect_ok("open", listener_open(&at, &listener));
    expect_true("nobody", stream_is_late(listener_take(&listener, &peer, &descriptor)));
    expect_ok("dial", endpoint_dial(&at, clock_deadline_ms(PATIENCE_MS), &client));
    expect_ok("take", listener_take(&listener, &peer, &descriptor));
    expect_true("does not block", (fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    expect_true("is not inherited", (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    close(descriptor);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"unix paths", unix_paths},
        {"left behind", left_behind},
        {"path of another", path_of_another},
        {"something else", something_else},
        {"hybrid side", hybrid_side},
        {"tcp addresses", tcp_addresses},
        {"no delay", no_delay},
        {"accept deadline", accept_deadline},
        {"no descriptors left", no_descriptors_left},
        {"beside", beside},
        {"taking", taking},
    };
    umask(022);
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
