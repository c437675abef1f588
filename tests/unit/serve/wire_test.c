#include "serve/wire.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

static uint8_t record[WIRE_RECORD_SIZE_MAX];

static void make_pair(int pair[2])
{
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
}

/* Both parts leave in order, and what does not fit is said. */
static void sending(void)
{
    static uint8_t large[1 << 20], taken[1 << 20];
    struct wire wire;
    int pair[2];
    size_t size, total = 0;
    make_pair(pair);
    expect_ok("open", wire_open(&wire, pair[0], NULL));
    expect_true("no handshake", wire_handshake(&wire) == WIRE_DONE);
    const slice small[2] = {slice_text("head"), slice_text("body")};
    expect_true("all", wire_send(&wire, small, record, &size) == WIRE_DONE);
    expect_u64("size", size, 8);
    const ssize_t got = recv(pair[1], taken, sizeof taken, 0);
    expect_text("in order", slice_of(taken, got > 0 ? (size_t)got : 0), "headbody");
    const slice much[2] = {slice_text("head"), slice_of(large, sizeof large)};
    expect_true("as far as it goes", wire_send(&wire, much, record, &size) == WIRE_WANTS_WRITE);
    total = size;
    const slice rest[2] = {slice_of(large, 4)};
    expect_true("and no further", wire_send(&wire, rest, record, &size) == WIRE_WANTS_WRITE);
    expect_u64("nothing", size, 0);
    size_t read_size = 0;
    for (ssize_t part; (part = recv(pair[1], taken, sizeof taken, MSG_DONTWAIT)) > 0;) {
        read_size += (size_t)part;
    }
    expect_u64("what was said", read_size, total);
    close(pair[1]);
    expect_true("nobody is there", wire_send(&wire, rest, record, &size) == WIRE_BROKEN);
    wire_close(&wire);
    wire_close(&wire);
}

static void receiving(void)
{
    struct wire wire;
    uint8_t bytes[8];
    bool is_drained;
    size_t size;
    int pair[2];
    make_pair(pair);
    expect_ok("open", wire_open(&wire, pair[0], NULL));
    expect_true("nothing", wire_receive(&wire, bytes, 8, &size, &is_drained) == WIRE_WANTS_READ);
    expect_true("drained", is_drained);
    expect_true("write", write(pair[1], "0123456789", 10) == 10);
    expect_true("much", wire_receive(&wire, bytes, 8, &size, &is_drained) == WIRE_DONE);
    expect_true("there may be more", !is_drained && size == 8);
    expect_true("the rest", wire_receive(&wire, bytes, 8, &size, &is_drained) == WIRE_DONE);
    expect_true("there is no more", is_drained && size == 2);
    shutdown(pair[1], SHUT_WR);
    expect_true("end", wire_receive(&wire, bytes, 8, &size, &is_drained) == WIRE_ENDED);
    wire_shut(&wire);
    expect_true("ours too", recv(pair[1], bytes, 8, 0) == 0);
    close(pair[1]);
    wire_close(&wire);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sending", sending},
        {"receiving", receiving},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
