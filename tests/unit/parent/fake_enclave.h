/*
 * fake_enclave: an enclave for tests of the parent: it speaks the real frames over a real socket,
 * makes real keys and real signatures, and misbehaves as told.
 *
 * Its "sealed" record is an ENW1 header with the account id and the address in their places, and
 * the private key in the open behind it.
 */
#ifndef UNIT_PARENT_FAKE_ENCLAVE_H
#define UNIT_PARENT_FAKE_ENCLAVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/slice.h"
#include "crypto/k256.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "proto/frame.h"

enum { FAKE_RECORD_SIZE = 264 + 32, FAKE_CONNECTION_COUNT_MAX = 64 };

/* How it answers; may be changed at any time. */
struct fake_behaviour {
    atomic_int delay_ms;          /* before each answer */
    atomic_int cut_size;          /* answers are written in pieces of this size; 0: whole */
    atomic_int reverse_count;     /* collects this many requests and answers the last one first */
    atomic_bool is_silent;        /* reads and never answers */
    atomic_int garbage_count;     /* so many next answers are no frames */
    atomic_int close_count;       /* so many next requests end the connection unanswered */
    atomic_int half_close_count;  /* so many next answers are cut in the middle, then the end */
    atomic_int error_kind;        /* not 0: error replies of this kind */
    atomic_int error_count;       /* that many of them; -1: for ever */
    atomic_bool wrong_address;    /* signs, and says another address */
    atomic_int wrong_proof_index; /* not 0: this byte of a proof's user data is another */
    atomic_bool wrong_req_id;     /* answers with a req_id nobody asked with */
};

struct fake_enclave {
    struct fake_behaviour behaviour;
    struct k256 curve;
    struct listener listener;
    pthread_t acceptor;
    pthread_t threads[FAKE_CONNECTION_COUNT_MAX];
    int descriptors[FAKE_CONNECTION_COUNT_MAX];
    size_t thread_count;
    pthread_mutex_t mutex;
    atomic_bool is_stopping;
    atomic_int create_count, sign_count, request_count, connection_count;
    char error_sentence[64];
    endpoint where;
};

/* Listens on a socket in a fresh folder, or again where it did before. Aborts when it cannot. */
void fake_enclave_open(struct fake_enclave *fake);
/* Ends all connections and stops listening; fake_enclave_start goes on with the same place. */
void fake_enclave_stop(struct fake_enclave *fake);
void fake_enclave_start(struct fake_enclave *fake);
void fake_enclave_close(struct fake_enclave *fake);

/* The record that a CREATE for this name would have given as the N-th. */
void fake_enclave_record(struct fake_enclave *fake, slice name, int number,
                         uint8_t record[FAKE_RECORD_SIZE]);

#endif
