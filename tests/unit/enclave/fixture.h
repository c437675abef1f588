/*
 * fixture: an enclave service with everything real but KMS, which is a function with knobs.
 */
#ifndef UNIT_ENCLAVE_FIXTURE_H
#define UNIT_ENCLAVE_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>

#include "dev/nsm_stand_in.h"
#include "enclave/service.h"
#include "proto/message.h"
#include "runner.h"

#define FIXTURE_ARN "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
#define FIXTURE_OTHER_ARN \
    "arn:aws:kms:eu-west-1:111122223333:key/aaaaaaaa-2222-3333-4444-555555555555"

enum { FIXTURE_EDK_SIZE = 40 };

/*
 * A keeper of data keys. The key of an EDK is SHA-256 over the KMS key and the EDK; another
 * Region's keys are not found.
 */
struct fake_keys {
    const struct config *config;
    _Atomic uint64_t generate_count, decrypt_count;
    status failure;            /* answered instead, when it is one */
    status late_failure;       /* likewise, but after the silence */
    _Atomic bool is_silent;    /* calls wait until it is false or their deadline has passed */
    const uint8_t *silent_edk; /* not NULL: of decryptions only that of this EDK is silent */
    _Atomic uint64_t waiting_count;
};

struct fixture {
    struct config config;
    struct identity root;
    struct nsm_stand_in stand_in;
    struct nsm_port nsm;
    struct self self;
    struct statistics statistics;
    struct signer_rules rules;
    struct k256 curve;
    struct log log;
    int log_descriptor;
    struct fake_keys keys;
    struct service service;
    struct service_worker worker;
    struct arena arena;
    uint8_t credentials_memory[256];
    slice credentials;
    uint8_t reply_memory[64 << 10];
};

/* What differs from test to test. `{0}` is production mode, cache on, signing twice. */
struct fixture_options {
    bool is_development, is_debug, has_no_cache;
    enum signer_verification verification;
    size_t cache_entries;        /* 0: 16 */
    size_t workers, kms_workers; /* 0: 2 and 4 */
    uint32_t epoch, epoch_min;   /* 0: 7 */
    int log_descriptor;          /* 0: the log is dropped */
};

/* Opens everything; fails the test when it cannot. */
void fixture_open(const struct fixture_options *options, struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* The Unix socket that the fixture's configuration listens on; a name of this process's own. */
const char *fixture_path(void);

/* The data key of an EDK, as the fake answers. */
struct secret32 fixture_key(slice key_arn, slice edk);

/* A request with credentials, as the parent makes it. */
struct message_request fixture_request(const struct fixture *fixture, uint8_t type,
                                       const char *name);

/* Serves it on this thread, warm, else waiting; `reply` views the fixture until the next call. */
enum service_outcome fixture_serve(struct fixture *fixture, const struct message_request *request,
                                   struct message_reply *reply);

/* Creates an account; the record is copied to memory that lasts until the test ends. */
slice fixture_create(struct fixture *fixture, const char *name, eth_address *address);

#endif
