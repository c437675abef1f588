/*
 * peer: the other end of a socket pair, played by a thread of the test.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    int ours;   /* the test's end; the code under test may own it: then set it to -1 */
    int theirs; /* the thread's end; closed when the thread ends */
    pthread_t thread;
    void (*run)(struct peer *peer);
    void *context;
};

/* Makes a pair of blocking Unix stream sockets and runs `run` on the other end of it. */
void peer_start(struct peer *peer, void (*run)(struct peer *peer), void *context);

/* Closes our end if it is still ours, and waits for the thread. */
void peer_stop(struct peer *peer);

/* Writes all, or until the test's end is gone. */
void peer_write(int descriptor, const void *bytes, size_t size);

/* Reads up to `size` bytes until the end; returns how many came. */
size_t peer_read(int descriptor, void *bytes, size_t size);

#endif
