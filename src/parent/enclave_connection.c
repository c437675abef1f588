#include "parent/enclave_connection.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "os/clock.h"

void enclave_queue_append(struct enclave_call_queue *queue, struct enclave_call *call)
{
    call->next = NULL;
    if (queue->last) queue->last->next = call;
    else queue->first = call;
    queue->last = call;
}

struct enclave_call *enclave_queue_take(struct enclave_call_queue *queue)
{
    struct enclave_call *call = queue->first;
    if (!call) return NULL;
    queue->first = call->next;
    if (!queue->first) queue->last = NULL;
    call->next = NULL;
    return call;
}

void enclave_queue_remove(struct enclave_call_queue *queue, struct enclave_call *call)
{
    struct enclave_call_queue rest = {0};
    struct enclave_call *each;
    while ((each = enclave_queue_take(queue))) {
        if (each != call) enclave_queue_append(&rest, each);
    }
    *queue = rest;
}

static void poll_for(struct enclave_connection *connection, int epoll, bool write)
{
    if (connection->is_polled_for_write == write) return;
    connection->is_polled_for_write = write;
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0),
                                .data.u64 = connection->tag};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->stream.descriptor, &event);
}

static size_t gather(const struct enclave_connection *connection, struct iovec *pieces)
{
    size_t count = 0;
    for (struct enclave_call *call = connection->queue.first;
         call && count < ENCLAVE_CONNECTION_BATCH_COUNT_MAX; call = call->next) {
        pieces[count++] =
            (struct iovec){call->frame + call->sent_size, call->frame_size - call->sent_size};
    }
    return count;
}

static void note_written(struct enclave_connection *connection, size_t size)
{
    const int64_t now_ms = clock_monotonic_ms();
    while (size > 0) {
        struct enclave_call *call = connection->queue.first;
        const size_t left_size = call->frame_size - call->sent_size;
        const size_t step_size = size < left_size ? size : left_size;
        call->sent_size += step_size;
        size -= step_size;
        if (call->sent_size == call->frame_size) {
            enclave_queue_take(&connection->queue);
            call->state = ENCLAVE_CALL_SENT;
            call->sent_at_ms = now_ms;
        }
    }
}

bool enclave_connection_flush(struct enclave_connection *connection, int epoll)
{
    while (connection->queue.first) {
        struct iovec pieces[ENCLAVE_CONNECTION_BATCH_COUNT_MAX];
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = gather(connection, pieces)};
        const ssize_t size =
            sendmsg(connection->stream.descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            poll_for(connection, epoll, true);
            return true;
        }
        if (size <= 0) return false;
        note_written(connection, (size_t)size);
    }
    poll_for(connection, epoll, false);
    return true;
}
