#include "parent/enclave_connection.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner.h"

enum { COUNT = 100, SIZE = 5000 };

static void queues(void)
{
    struct enclave_call calls[3] = {0};
    struct enclave_call_queue queue = {0};
    expect_true("empty", enclave_queue_take(&queue) == NULL);
    for (size_t i = 0; i < 3; i++) enclave_queue_append(&queue, &calls[i]);
    enclave_queue_remove(&queue, &calls[1]);
    expect_true("first", enclave_queue_take(&queue) == &calls[0]);
    expect_true("third", enclave_queue_take(&queue) == &calls[2]);
    expect_true("empty again", enclave_queue_take(&queue) == NULL);
    enclave_queue_append(&queue, &calls[0]);
    enclave_queue_remove(&queue, &calls[0]);
    expect_true("the only one", enclave_queue_take(&queue) == NULL);
    enclave_queue_append(&queue, &calls[1]);
    expect_true("usable", enclave_queue_take(&queue) == &calls[1]);
}

/* More frames than one batch, more bytes than the socket takes: all arrive, in order. */
static void partial_writes(void)
{
    static uint8_t frames[COUNT][SIZE], arrived[COUNT * SIZE];
    static struct enclave_call calls[COUNT];
    struct enclave_connection connection = {.is_up = true};
    int pair[2];
    const int epoll = epoll_create1(0);
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    connection.stream.descriptor = pair[0];
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
    for (size_t i = 0; i < COUNT; i++) {
        memset(frames[i], (int)i + 1, SIZE);
        calls[i] = (struct enclave_call){
            .frame = frames[i], .frame_size = SIZE, .state = ENCLAVE_CALL_QUEUED};
        enclave_queue_append(&connection.queue, &calls[i]);
    }
    size_t size = 0;
    int round_count = 0;
    while (size < sizeof arrived && round_count++ < 100000) {
        expect_true("good", enclave_connection_flush(&connection, epoll));
        if (round_count == 1) {
            expect_true("watched for room", connection.is_polled_for_write);
            expect_u64("written", calls[0].state, ENCLAVE_CALL_SENT);
            expect_u64("not yet", calls[COUNT - 1].state, ENCLAVE_CALL_QUEUED);
        }
        const ssize_t step = recv(pair[1], arrived + size,
                                  sizeof arrived - size < 777 ? sizeof arrived - size : 777, 0);
        if (step > 0) size += (size_t)step;
    }
    expect_bytes("all of it, in order", slice_of(arrived, sizeof arrived),
                 slice_of(frames, sizeof frames));
    expect_true("not watched any more", !connection.is_polled_for_write);
    expect_true("queue is empty", !connection.queue.first);
    close(pair[1]);
    calls[0].sent_size = 0;
    enclave_queue_append(&connection.queue, &calls[0]);
    expect_true("a peer that is gone", !enclave_connection_flush(&connection, epoll));
    close(pair[0]);
    close(epoll);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"queues", queues},
        {"partial writes", partial_writes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
