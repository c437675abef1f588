#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

static status plain_read(struct stream *stream, uint8_t *bytes, size_t size_max,
                         int64_t deadline_ms, size_t *size)
{
    return socket_read(stream->descriptor, bytes, size_max, deadline_ms, size);
}

static status plain_write(struct stream *stream, slice bytes, int64_t deadline_ms, size_t *size)
{
    return socket_write(stream->descriptor, bytes, deadline_ms, size);
}

static status plain_shut_write(struct stream *stream, int64_t deadline_ms)
{
    (void)deadline_ms;
    if (shutdown(stream->descriptor, SHUT_WR) != 0) return socket_failure(errno);
    return status_ok();
}

static bool plain_has_pending(const struct stream *stream)
{
    (void)stream;
    return false;
}

/* Anything poll has to say about an idle connection is bad news: bytes, an end or an error. */
static bool plain_is_idle(struct stream *stream)
{
    struct pollfd target = {.fd = stream->descriptor, .events = POLLIN | POLLRDHUP};
    return poll(&target, 1, 0) == 0;
}

static void plain_close(struct stream *stream)
{
    close(stream->descriptor);
}

static const struct stream_operations plain = {
    .read = plain_read,
    .write = plain_write,
    .shut_write = plain_shut_write,
    .has_pending = plain_has_pending,
    .is_idle = plain_is_idle,
    .close = plain_close,
};

status stream_open(int descriptor, struct stream *stream)
{
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
        FAIL(UNAVAILABLE, errno, "stream: descriptor cannot be used");
    }
    *stream = (struct stream){&plain, descriptor, NULL};
    return status_ok();
}

bool stream_is_open(const struct stream *stream)
{
    return stream->operations != NULL;
}

status stream_read(struct stream *stream, uint8_t *bytes, size_t size_max, int64_t deadline_ms,
                   size_t *size)
{
    assert(stream_is_open(stream) && size_max > 0);
    return stream->operations->read(stream, bytes, size_max, deadline_ms, size);
}

status stream_read_all(struct stream *stream, uint8_t *bytes, size_t size, int64_t deadline_ms)
{
    size_t done_size = 0;
    while (done_size < size) {
        size_t got_size;
        TRY(stream_read(stream, bytes + done_size, size - done_size, deadline_ms, &got_size));
        if (got_size == 0) {
            FAIL(UNAVAILABLE, ECONNRESET, "stream: peer has ended too early");
        }
        done_size += got_size;
    }
    return status_ok();
}

status stream_write_some(struct stream *stream, slice bytes, int64_t deadline_ms, size_t *size)
{
    assert(stream_is_open(stream) && bytes.size > 0);
    return stream->operations->write(stream, bytes, deadline_ms, size);
}

status stream_write(struct stream *stream, slice bytes, int64_t deadline_ms)
{
    while (bytes.size > 0) {
        size_t done_size;
        TRY(stream_write_some(stream, bytes, deadline_ms, &done_size));
        bytes = slice_part(bytes, done_size, bytes.size);
    }
    return status_ok();
}

status stream_shut_write(struct stream *stream, int64_t deadline_ms)
{
    assert(stream_is_open(stream));
    return stream->operations->shut_write(stream, deadline_ms);
}

bool stream_has_pending(const struct stream *stream)
{
    return stream_is_open(stream) && stream->operations->has_pending(stream);
}

bool stream_is_idle(struct stream *stream)
{
    return stream_is_open(stream) && stream->operations->is_idle(stream);
}

status stream_wait_readable(const struct stream *stream, int64_t deadline_ms)
{
    if (stream_has_pending(stream)) return status_ok();
    return socket_wait(stream->descriptor, POLLIN, deadline_ms);
}

void stream_close(struct stream *stream)
{
    if (stream_is_open(stream)) stream->operations->close(stream);
    *stream = (struct stream){0};
}

bool stream_is_late(status result)
{
    return status_is(result, FAILURE_UNAVAILABLE) && result.detail == ETIMEDOUT;
}
