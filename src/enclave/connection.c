#include "enclave/connection.h"

#include <string.h>

#include "base/secret.h"
#include "os/clock.h"

void connection_start(struct connection *connection, struct blocks *blocks, struct stream stream)
{
    *connection = (struct connection){
        .blocks = blocks,
        .stream = stream,
        .generation = connection->generation + 1,
        .is_open = true,
    };
}

void connection_end(struct connection *connection)
{
    if (!connection->is_open) return;
    stream_close(&connection->stream);
    blocks_give(connection->blocks, connection->input);
    blocks_give(connection->blocks, connection->output);
    connection->input = connection->output = NULL;
    connection->is_open = false;
}

bool connection_is_over(const struct connection *connection, int64_t now_ms)
{
    if (connection->is_broken) return true;
    if (connection->is_ending && !connection->output) return true;
    return (connection->input && now_ms >= connection->input_deadline_ms) ||
           (connection->output && now_ms >= connection->output_deadline_ms);
}

bool connection_is_sending(const struct connection *connection)
{
    return connection->output || connection->is_ending;
}

/* Sends from the front as much as the peer takes now. */
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
    struct block *output = connection->output;
    if (!output) return;
    const slice kept =
        slice_of(output->bytes + connection->output_start, output->size - connection->output_start);
    connection->output_start += send_now(connection, kept);
    if (connection->output_start < output->size) return;
    connection->output = NULL;
    blocks_give(connection->blocks, output);
}

static bool output_start(struct connection *connection)
{
    /* A large one: more answers will follow before the peer reads again. */
    connection->output = blocks_take(connection->blocks, FRAME_SIZE_MAX);
    connection->output_start = 0;
    connection->output_deadline_ms = clock_deadline_ms(CONNECTION_DRAIN_MS);
    return connection->output != NULL;
}

void connection_send(struct connection *connection, slice frames)
{
    if (!connection->is_open || connection->is_broken) return;
    const size_t sent = connection->output ? 0 : send_now(connection, frames);
    if (connection->is_broken || sent == frames.size) return;
    const slice rest = slice_part(frames, sent, frames.size - sent);
    if (!connection->output && !output_start(connection)) {
        connection->is_broken = true;
        return;
    }
    struct block *output = connection->output;
    if (rest.size > output->size_max - output->size) {
        connection->is_broken = true;
        return;
    }
    memcpy(output->bytes + output->size, rest.bytes, rest.size);
    output->size += rest.size;
}

bool connection_read(struct connection *connection, uint8_t *memory, slice *arrived)
{
    struct block *input = connection->input;
    const size_t kept_size = connection->input_size;
    uint8_t *start = input ? input->bytes : memory;
    const size_t room = (input ? input->size_max : CONNECTION_READ_SIZE) - kept_size;
    size_t got = 0;
    const status result = stream_read(&connection->stream, start + kept_size, room, 0, &got);
    *arrived = slice_of(start, kept_size + got);
    /* The block remembers the most that it has held, for wiping. */
    if (input && arrived->size > input->size) input->size = arrived->size;
    return status_is_ok(result) ? got > 0 : stream_is_late(result);
}

void connection_keep(struct connection *connection, slice rest, bool has_served)
{
    struct block *before = connection->input;
    if (rest.size == 0) {
        connection->input = NULL;
        connection->input_size = 0;
        blocks_give(connection->blocks, before);
        return;
    }
    /* The clock of a started frame runs from its first byte; more bytes of it do not reset it. */
    if (!before || has_served) {
        connection->input_deadline_ms = clock_deadline_ms(CONNECTION_FRAME_MS);
    }
    const size_t wanted = frame_size_expected(rest);
    struct block *after = before;
    if (!before || before->size_max < wanted) after = blocks_take(connection->blocks, wanted);
    if (!after) {
        connection->is_broken = true;
        return;
    }
    memmove(after->bytes, rest.bytes, rest.size);
    if (rest.size > after->size) after->size = rest.size;
    connection->input = after;
    connection->input_size = rest.size;
    if (before != after) blocks_give(connection->blocks, before);
}
