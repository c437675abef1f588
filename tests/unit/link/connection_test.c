#include "link/connection.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

static struct arena memory;
static struct link_connection connection;
static int other;

static void open_pair(void)
{
    int pair[2];
    expect_ok("arena", arena_open(&memory, LINK_CONNECTION_MEMORY_SIZE + 64));
    expect_ok("init", link_connection_init(&connection, &memory));
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    link_connection_open(&connection, pair[0]);
    other = pair[1];
}

static void close_pair(void)
{
    link_connection_close(&connection);
    link_connection_close(&connection);
    close(other);
    arena_close(&memory);
}

static bool holds(const uint8_t *bytes, size_t size, uint8_t byte)
{
    return memchr(bytes, byte, size) != NULL;
}

/* Requests carry credentials: what has left is not kept. */
static void what_has_left_is_wiped(void)
{
    uint8_t record[200];
    struct frame frame = {.type = FRAME_SIGN_MESSAGE, .req_id = 1};
    uint64_t begin;
    memset(record, 0xa7, sizeof record);
    frame_put_section(&frame, FRAME_RECORD, slice_of(record, sizeof record));
    frame_put_section(&frame, FRAME_ACCOUNT_ID, slice_of(record, ACCOUNT_ID_SIZE));
    frame_put_section(&frame, FRAME_BODY, slice_of(record, 1));
    open_pair();
    expect_ok("put", link_connection_put(&connection, &frame, &begin));
    expect_u64("begin", begin, 0);
    expect_ok("put", link_connection_put(&connection, &frame, &begin));
    expect_u64("begin", begin, frame_size(&frame));
    expect_true("kept until it leaves", holds(connection.output, 4096, 0xa7));
    expect_ok("send", link_connection_send(&connection));
    expect_true("all has left", !link_connection_has_output(&connection));
    expect_u64("sent", connection.sent_total, 2 * frame_size(&frame));
    expect_true("wiped", !holds(connection.output, 4096, 0xa7));
    expect_ok("put", link_connection_put(&connection, &frame, &begin));
    link_connection_close(&connection);
    expect_true("wiped when closed", !holds(connection.output, 4096, 0xa7));
    close_pair();
}

static void room_ends(void)
{
    static uint8_t body[CALL_BODY_SIZE_MAX];
    struct frame frame = {.type = FRAME_SIGN_MESSAGE, .req_id = 1};
    uint64_t begin = 99;
    frame_put_section(&frame, FRAME_RECORD, slice_of(body, CALL_RECORD_SIZE_MAX));
    frame_put_section(&frame, FRAME_ACCOUNT_ID, slice_of(body, ACCOUNT_ID_SIZE));
    frame_put_section(&frame, FRAME_BODY, slice_of(body, sizeof body));
    open_pair();
    expect_ok("the longest fits", link_connection_put(&connection, &frame, &begin));
    expect_kind("two do not", link_connection_put(&connection, &frame, &begin), FAILURE_OVER_LIMIT);
    expect_u64("untouched", begin, 0);
    expect_u64("nothing was put", connection.put_total, frame_size(&frame));
    close_pair();
}

static void ends_are_told(void)
{
    bool is_all;
    struct frame frame;
    uint64_t begin;
    open_pair();
    expect_ok("nothing there", link_connection_receive(&connection, &is_all));
    expect_true("all", is_all);
    close(other);
    expect_refused("end", link_connection_receive(&connection, &is_all),
                   "link: the enclave has closed the connection");
    frame = (struct frame){.type = FRAME_STATUS};
    expect_ok("put", link_connection_put(&connection, &frame, &begin));
    expect_refused("nobody takes it", link_connection_send(&connection),
                   "link: the connection is broken");
    other = dup(0);
    close_pair();
}

/* A reply may have CALL_REPLY_SIZE_MAX bytes; what would be longer is refused before it is there. */
static void longest_reply(void)
{
    static uint8_t bytes[CALL_REPLY_SIZE_MAX];
    bool is_all, is_whole;
    struct frame frame;
    open_pair();
    const slice header = runner_hex("454e5746 01 83 0000 00030000 0000000000000001");
    memcpy(bytes, header.bytes, header.size);
    expect_true("sent", send(other, bytes, sizeof bytes - 1, 0) == (ssize_t)sizeof bytes - 1);
    expect_ok("receive", link_connection_receive(&connection, &is_all));
    expect_ok("may still end", link_connection_take(&connection, &frame, &is_whole));
    expect_true("not whole", !is_whole);
    expect_true("sent", send(other, bytes, 1, 0) == 1);
    expect_ok("receive", link_connection_receive(&connection, &is_all));
    expect_refused("too long", link_connection_take(&connection, &frame, &is_whole),
                   "link: a reply is longer than any may be");
    close_pair();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"what has left is wiped", what_has_left_is_wiped},
        {"room ends", room_ends},
        {"ends are told", ends_are_told},
        {"longest reply", longest_reply},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
