#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void *thread_run(void *context)
{
    struct peer *peer = context;
    peer->run(peer);
    if (peer->theirs >= 0) close(peer->theirs);
    return NULL;
}

void peer_start(struct peer *peer, void (*run)(struct peer *peer), void *context)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) abort();
    *peer = (struct peer){.ours = pair[0], .theirs = pair[1], .run = run, .context = context};
    if (pthread_create(&peer->thread, NULL, thread_run, peer) != 0) abort();
}

void peer_stop(struct peer *peer)
{
    if (peer->ours >= 0) close(peer->ours);
    pthread_join(peer->thread, NULL);
}

void peer_write(int descriptor, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        const ssize_t done = send(descriptor, next, size, MSG_NOSIGNAL);
        if (done <= 0) return;
        next += done;
        size -= (size_t)done;
    }
}

size_t peer_read(int descriptor, void *bytes, size_t size)
{
    size_t got_size = 0;
    while (got_size < size) {
        const ssize_t got = read(descriptor, (char *)bytes + got_size, size - got_size);
        if (got <= 0) break;
        got_size += (size_t)got;
    }
    return got_size;
}
