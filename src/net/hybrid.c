#include "net/hybrid.h"

#include <errno.h>

#include "base/builder.h"
#include "net/unix.h"

status hybrid_check_line(slice line)
{
    uint64_t number;
    REQUIRE(slice_has_start(line, slice_text("OK ")), BAD_INPUT,
            "hybrid: the monitor's answer is not OK");
    const status result = slice_parse_u64(slice_part(line, 3, line.size), UINT32_MAX, &number);
    REQUIRE(status_is_ok(result), BAD_INPUT, "hybrid: the monitor's answer has no port number");
    return status_ok();
}

void hybrid_put_greeting(struct builder *line, uint32_t port)
{
    builder_put_text(line, "CONNECT ");
    builder_put_decimal(line, port);
    builder_put_text(line, "\n");
}

/* Byte by byte: what follows the line feed is the guest's and must stay in the socket. */
static status line_read(struct stream *stream, int64_t deadline_ms, uint8_t *line, size_t *size)
{
    for (size_t i = 0; i < HYBRID_LINE_SIZE_MAX; i++) {
        size_t got_size;
        TRY(stream_read(stream, &line[i], 1, deadline_ms, &got_size));
        if (got_size == 0) {
            FAIL(UNAVAILABLE, ECONNRESET, "hybrid: nobody listens in the guest");
        }
        if (line[i] == '\n') {
            *size = i;
            return status_ok();
        }
    }
    FAIL(BAD_INPUT, 0, "hybrid: the monitor's answer is too long");
}

static status handshake(struct stream *stream, uint32_t port, int64_t deadline_ms)
{
    uint8_t text[HYBRID_LINE_SIZE_MAX], line[HYBRID_LINE_SIZE_MAX];
    struct builder request;
    size_t size;
    builder_init(&request, text, sizeof text);
    hybrid_put_greeting(&request, port);
    /* Firecracker reads the start of the line at once: it must leave in one piece. */
    TRY(stream_write(stream, builder_view(&request), deadline_ms));
    TRY(line_read(stream, deadline_ms, line, &size));
    return hybrid_check_line(slice_of(line, size));
}

status hybrid_dial(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    SCOPED(stream_close) struct stream opened = {0};
    TRY(unix_dial(target->path, deadline_ms, &opened));
    TRY(handshake(&opened, target->port, deadline_ms));
    *stream = opened;
    opened = (struct stream){0};
    return status_ok();
}
