/*
 * link: whatever an enclave sends, in whatever pieces, a connection takes frames out of it or
 * refuses it; the first byte of the input is the size of the pieces.
 */
#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static status take_all(struct link_connection *connection)
{
    for (;;) {
        struct frame frame;
        bool is_whole = false;
        TRY(link_connection_take(connection, &frame, &is_whole));
        if (!is_whole) return status_ok();
        assert(frame_size(&frame) <= FRAME_SIZE_MAX);
    }
}

/* False when the connection must end. */
static bool serve_piece(struct link_connection *connection, int enclave, slice piece)
{
    bool is_all = false;
    const ssize_t sent = send(enclave, piece.bytes, piece.size, MSG_NOSIGNAL);
    assert(sent == (ssize_t)piece.size);
    while (!is_all) {
        const status received = link_connection_receive(connection, &is_all);
        assert(status_is_ok(received));
        if (!status_is_ok(take_all(connection))) return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena memory;
    static struct link_connection connection;
    int pair[2];
    if (size == 0) return 0;
    if (!connection.input) {
        status ready = arena_open(&memory, LINK_CONNECTION_MEMORY_SIZE + 64);
        if (status_is_ok(ready)) ready = link_connection_init(&connection, &memory);
        assert(status_is_ok(ready));
    }
    const int made = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    assert(made == 0);
    link_connection_open(&connection, pair[0]);
    const size_t piece_size = data[0] ? (size_t)data[0] * data[0] : 1;
    bool is_good = true;
    for (slice rest = slice_of(data + 1, size - 1); is_good && rest.size > 0;
         rest = slice_part(rest, piece_size, rest.size)) {
        is_good = serve_piece(&connection, pair[1], slice_part(rest, 0, piece_size));
    }
    link_connection_close(&connection);
    close(pair[1]);
    return 0;
}
