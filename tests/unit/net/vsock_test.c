#include "net/vsock.h"

#include <errno.h>
#include <stdio.h>

#include "net/listener.h"
#include "os/clock.h"
#include "runner.h"

enum { PATIENCE_MS = 10000, PORT = 17878 };

static endpoint at(uint32_t cid, uint32_t port)
{
    return (endpoint){.kind = ENDPOINT_VSOCK, .cid = cid, .port = port};
}

/* Whether this machine has the loopback module: then nobody's port answers with a reset. */
static bool has_loopback(void)
{
    struct stream client = {0};
    const endpoint nobody = at(1, PORT + 1);
    const status got = vsock_dial(&nobody, clock_deadline_ms(300), &client);
    if (got.detail == ECONNRESET) return true;
    runner_skip("no vsock loopback on this machine");
    return false;
}

/* Whatever the machine has, a dial that cannot succeed fails in time. */
static void nobody_there(void)
{
    /* CID 1 is ourselves; nobody is behind the last. */
    static const uint32_t cids[] = {1, UINT32_MAX - 1};
    for (size_t i = 0; i < ARRAY_COUNT(cids); i++) {
        struct stream client = {0};
        const endpoint nobody = at(cids[i], PORT + 1);
        runner_row_at("CID", cids[i]);
        const int64_t started_at_ms = clock_monotonic_ms();
        const status got = vsock_dial(&nobody, started_at_ms + 300, &client);
        expect_kind("dial", got, FAILURE_UNAVAILABLE);
        expect_true("says why", got.detail != 0);
        expect_true("within the deadline", clock_monotonic_ms() - started_at_ms < 20000);
        expect_true("no stream", !stream_is_open(&client));
    }
}

static void any_is_for_listening(void)
{
    struct stream client = {0};
    const endpoint any = at(UINT32_MAX, PORT);
    expect_refused("dial", vsock_dial(&any, clock_deadline_ms(300), &client),
                   "vsock: any cannot be dialed");
}

static void exchange(void)
{
    SCOPED(listener_close) struct listener listener = {0};
    SCOPED(stream_close) struct stream client = {0};
    SCOPED(stream_close) struct stream server = {0};
    const endpoint any = at(UINT32_MAX, PORT), ourselves = at(1, PORT);
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    uint8_t byte = 0;
    if (!has_loopback()) return;
    expect_ok("listen", listener_open(&any, &listener));
    expect_ok("dial", vsock_dial(&ourselves, deadline_ms, &client));
    expect_ok("accept", listener_accept(&listener, deadline_ms, &server));
    expect_ok("write", stream_write(&client, slice_text("a"), deadline_ms));
    expect_ok("half close", stream_shut_write(&client, deadline_ms));
    expect_ok("read", stream_read_all(&server, &byte, 1, deadline_ms));
    expect_u64("byte", byte, 'a');
    expect_ok("answer", stream_write(&server, slice_text("b"), deadline_ms));
    expect_ok("read", stream_read_all(&client, &byte, 1, deadline_ms));
    expect_u64("byte", byte, 'b');
    expect_kind("in use", listener_open(&any, &(struct listener){0}), FAILURE_CONFLICT);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"nobody there", nobody_there},
        {"any is for listening", any_is_for_listening},
        {"exchange", exchange},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
