#include "enclave/connection.h"

#include <string.h>

#include "base/secret.h"
#include "os/clock.h"

status connection_init(struct connection *connection, struct arena *memory)
{
    void *input, *output;
    TRY(arena_take(memory, FRAME_SIZE_MAX, &input));
    TRY(arena_take(memory, CONNECTION_OUTPUT_SIZE_MAX, &output));
    *connection = (struct connection){.input = input, .output = output};
    pthread_mutex_init(&connection->mutex, NULL);
    return status_ok();
}

void connection_start(struct connection *connection, struct stream stream)
{
    connection->stream = stream;
    connection->generation++;
    connection->is_open = true;
    connection->is_busy = false;
    connection->is_ending = false;
    connection->is_broken = false;
    connection->input_size = 0;
    connection->input_deadline_ms = 0;
    connection->output_size = 0;
    connection->output_deadline_ms = 0;
}

void connection_end(struct connection *connection)
{
    if (!connection->is_open) return;
    /* Requests carry credentials. */
    secret_wipe(connection->input, connection->input_size);
    stream_close(&connection->stream);
    connection->input_size = 0;
    connection->output_size = 0;
    connection->is_open = false;
}

static bool is_past(int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms != 0 && now_ms >= deadline_ms;
}

bool connection_is_over(const struct connection *connection, int64_t now_ms)
{
    if (connection->is_broken) return true;
    if (connection->is_ending && connection->output_size == 0) return true;
    return is_past(connection->input_deadline_ms, now_ms) ||
           is_past(connection->output_deadline_ms, now_ms);
}

/* With the mutex held: sends from the front as much as the peer takes now. */
static size_t send_now(struct connection *connection, slice bytes)
{
    size_t sent = 0;
    while (sent < bytes.size) {
        size_t size = 0;
        const slice rest = slice_part(bytes, sent, bytes.size - sent);
        const status result = stream_write_some(&connection->stream, rest, 0, &size);
        if (!status_is_ok(result)) {
            if (!stream_is_late(result)) connection->is_broken = true;
            break;
        }
        sent += size;
    }
    return sent;
}

void connection_flush(struct connection *connection)
{
    const size_t sent = send_now(connection, slice_of(connection->output, connection->output_size));
    connection->output_size -= sent;
    memmove(connection->output, connection->output + sent, connection->output_size);
    if (connection->output_size == 0) connection->output_deadline_ms = 0;
}

static void send_or_keep(struct connection *connection, slice frames)
{
    if (!connection->is_open || connection->is_broken) return;
    const size_t sent = connection->output_size == 0 ? send_now(connection, frames) : 0;
    if (connection->is_broken || sent == frames.size) return;
    const slice rest = slice_part(frames, sent, frames.size - sent);
    if (rest.size > CONNECTION_OUTPUT_SIZE_MAX - connection->output_size) {
        connection->is_broken = true;
        return;
    }
    if (connection->output_size == 0) {
        connection->output_deadline_ms = clock_deadline_ms(CONNECTION_DRAIN_MS);
    }
    memcpy(connection->output + connection->output_size, rest.bytes, rest.size);
    connection->output_size += rest.size;
}

void connection_send(struct connection *connection, slice frames)
{
    pthread_mutex_lock(&connection->mutex);
    send_or_keep(connection, frames);
    pthread_mutex_unlock(&connection->mutex);
}

bool connection_read(struct connection *connection)
{
    size_t size = 0;
    const size_t room = FRAME_SIZE_MAX - connection->input_size;
    const status result = stream_read(&connection->stream,
                                      connection->input + connection->input_size, room, 0, &size);
    if (!status_is_ok(result)) return stream_is_late(result);
    connection->input_size += size;
    return size > 0;
}

void connection_consume(struct connection *connection, size_t size)
{
    const size_t left = connection->input_size - size;
    const bool is_same_frame = size == 0 && connection->input_deadline_ms != 0;
    memmove(connection->input, connection->input + size, left);
    secret_wipe(connection->input + left, connection->input_size - left);
    connection->input_size = left;
    if (left == 0) {
        connection->input_deadline_ms = 0;
    } else if (!is_same_frame) {
        connection->input_deadline_ms = clock_deadline_ms(CONNECTION_FRAME_MS);
    }
}
