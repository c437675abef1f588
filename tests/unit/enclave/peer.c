#include "peer.h"

#include <string.h>
#include <time.h>

#include "net/unix.h"
#include "os/clock.h"
#include "runner.h"

void peer_open(const struct fixture *fixture, struct peer *peer)
{
    memset(peer, 0, sizeof *peer);
    expect_ok("dial", endpoint_dial(&fixture->config.listen, clock_deadline_ms(PATIENCE_MS),
                                    &peer->stream));
}

void peer_send(struct peer *peer, const struct message_request *request)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    struct builder frame;
    builder_init(&frame, memory, sizeof memory);
    expect_ok("write", message_request_write(request, &frame));
    expect_ok("send",
              stream_write(&peer->stream, builder_view(&frame), clock_deadline_ms(PATIENCE_MS)));
}

bool peer_receive(struct peer *peer, struct message_reply *reply)
{
    static uint8_t copy[FRAME_SIZE_MAX];
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    for (;;) {
        slice arrived = slice_of(peer->memory, peer->size);
        struct frame frame;
        bool is_whole = false;
        if (!expect_ok("frame", frame_take(&arrived, &frame, &is_whole))) return false;
        if (is_whole) {
            const size_t size = peer->size - arrived.size;
            memcpy(copy, peer->memory, size);
            memmove(peer->memory, peer->memory + size, arrived.size);
            peer->size = arrived.size;
            slice kept = slice_of(copy, size);
            expect_ok("again", frame_take(&kept, &frame, &is_whole));
            return expect_ok("reply", message_reply_read(&frame, reply));
        }
        size_t got = 0;
        const status read = stream_read(&peer->stream, peer->memory + peer->size,
                                        sizeof peer->memory - peer->size, deadline_ms, &got);
        if (!status_is_ok(read)) {
            expect_true("in time", !stream_is_late(read));
            return false;
        }
        if (got == 0) return false;
        peer->size += got;
    }
}

void peer_pause_ms(int64_t duration_ms)
{
    const struct timespec pause = {duration_ms / 1000, duration_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

struct message_request peer_sign_request(const struct fixture *fixture, const char *name,
                                         slice record, uint64_t req_id)
{
    struct message_request request = fixture_request(fixture, FRAME_SIGN_MESSAGE, name);
    request.record = record;
    request.req_id = req_id;
    return request;
}
