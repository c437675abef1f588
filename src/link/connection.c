#include "link/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

status link_connection_init(struct link_connection *connection, struct arena *memory)
{
    void *output, *input;
    TRY(arena_take(memory, LINK_OUTPUT_SIZE, &output));
    TRY(arena_take(memory, LINK_INPUT_SIZE, &input));
    *connection = (struct link_connection){.output = output, .input = input};
    return status_ok();
}

void link_connection_open(struct link_connection *connection, int descriptor)
{
    *connection = (struct link_connection){
        .descriptor = descriptor,
        .is_open = true,
        .output = connection->output,
        .input = connection->input,
    };
}

void link_connection_close(struct link_connection *connection)
{
    if (!connection->is_open) return;
    secret_wipe(connection->output, connection->output_end);
    close(connection->descriptor);
    connection->is_open = false;
}

/* Moves what is still to be sent to the front, and wipes where it was. */
static void output_compact(struct link_connection *connection)
{
    const size_t size = connection->output_end - connection->output_begin;
    if (connection->output_begin == 0) return;
    memmove(connection->output, connection->output + connection->output_begin, size);
    secret_wipe(connection->output + size, connection->output_end - size);
    connection->output_begin = 0;
    connection->output_end = size;
}

status link_connection_put(struct link_connection *connection, const struct frame *frame,
                           uint64_t *begin)
{
    struct builder output;
    if (frame_size(frame) > LINK_OUTPUT_SIZE - connection->output_end) output_compact(connection);
    builder_init(&output, connection->output + connection->output_end,
                 LINK_OUTPUT_SIZE - connection->output_end);
    TRY(call_write(frame, &output));
    const size_t size = builder_view(&output).size;
    *begin = connection->put_total;
    connection->output_end += size;
    connection->put_total += size;
    return status_ok();
}

status link_connection_send(struct link_connection *connection)
{
    while (link_connection_has_output(connection)) {
        const size_t left_size = connection->output_end - connection->output_begin;
        const ssize_t size =
            send(connection->descriptor, connection->output + connection->output_begin, left_size,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (size < 0) FAIL(UNAVAILABLE, errno, "link: the connection is broken");
        connection->output_begin += (size_t)size;
        connection->sent_total += (uint64_t)size;
    }
    if (!link_connection_has_output(connection)) output_compact(connection);
    return status_ok();
}

bool link_connection_has_output(const struct link_connection *connection)
{
    return connection->output_end > connection->output_begin;
}

status link_connection_receive(struct link_connection *connection, bool *is_all)
{
    const size_t kept_size = connection->input_end - connection->input_begin;
    memmove(connection->input, connection->input + connection->input_begin, kept_size);
    connection->input_begin = 0;
    connection->input_end = kept_size;
    const size_t room_size = LINK_INPUT_SIZE - kept_size;
    ssize_t size;
    do {
        size = recv(connection->descriptor, connection->input + kept_size, room_size, MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        *is_all = true;
        return status_ok();
    }
    if (size < 0) FAIL(UNAVAILABLE, errno, "link: the connection is broken");
    REQUIRE(size > 0, UNAVAILABLE, "link: the enclave has closed the connection");
    connection->input_end += (size_t)size;
    *is_all = (size_t)size < room_size;
    return status_ok();
}

status link_connection_take(struct link_connection *connection, struct frame *frame, bool *is_whole)
{
    slice arrived = slice_of(connection->input + connection->input_begin,
                             connection->input_end - connection->input_begin);
    TRY(frame_take(&arrived, frame, is_whole));
    /* So that receiving always has room, and a peer cannot have us wait for more than we keep. */
    REQUIRE(*is_whole || arrived.size < CALL_REPLY_SIZE_MAX, BAD_INPUT,
            "link: a reply is longer than any may be");
    connection->input_begin = connection->input_end - arrived.size;
    return status_ok();
}
