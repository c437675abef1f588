/*
 * nsm_stand_in: a Nitro Security Module made of software.
 *
 * It speaks the module's own protocol, all seven requests, with the module's rules: registers 0 to
 * 15 are locked from the start, 16 to 31 can be extended until they are locked, only locked ones
 * appear in documents. Documents are signed under a local root (dev/identity.h) and otherwise look
 * like real ones. In debug mode PCR0, 1, 2 and 8 are zero. The leaf certificate is made anew 15
 * minutes before its end.
 *
 * It belongs to development and tests. The shipped enclave does not link it.
 */
#ifndef DEV_NSM_STAND_IN_H
#define DEV_NSM_STAND_IN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "dev/identity.h"
#include "nsm/message.h"
#include "nsm/pcr.h"
#include "os/clock.h"

enum {
    NSM_STAND_IN_RENEWAL_S = 15 * 60, /* before its end a leaf is replaced, as AWS's module does */
};

/* `{0}` with an identity and a clock is a module of the newer kind, in production mode. */
struct nsm_stand_in_options {
    const struct identity *identity; /* must outlive the stand-in */
    struct clock clock;              /* wall time is the time in documents */
    struct pcr_set pcrs;             /* registers 0 to 15 that shall not be zero */
    bool is_debug;                   /* zero PCR0, 1, 2 and 8 whatever `pcrs` says */
    bool is_definite;                /* maps with a count, as modules wrote them until 2025 */
    bool is_tagged;                  /* the COSE tag in front, which AWS's module does not write */
};

/* `{0}` is closed. Any number of threads may call it. */
struct nsm_stand_in {
    struct nsm_stand_in_options options;
    hash48 pcrs[PCR_COUNT];
    uint32_t locked;
    char module_id[40];
    struct identity_leaf leaf;
    pthread_mutex_t mutex;
    bool is_open;
};

MUST_CHECK status nsm_stand_in_open(const struct nsm_stand_in_options *options,
                                    struct nsm_stand_in *stand_in);
void nsm_stand_in_close(struct nsm_stand_in *stand_in);

/*
 * Answers one request; the `call` of struct nsm_port with the stand-in as its context.
 *
 * Whatever the request, the answer is a response, if need be one of the module's errors.
 */
status nsm_stand_in_call(void *context, slice request, struct builder *response);

#endif
