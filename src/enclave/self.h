/*
 * self: who this enclave is, as the Nitro Security Module states it.
 *
 * It asks the module in typed form (randomness, registers, attestation documents) and holds what
 * stays the same from start to end: PCR0, a random boot id and the time of the start. Attestation
 * documents have three fixed shapes. Whoever asks for one chooses nothing in it but a nonce of 32
 * bytes; otherwise the parent could have a genuine document made for a key of its own.
 *
 * Specification: docs/PROTOCOL.md, attestation documents.
 */
#ifndef ENCLAVE_SELF_H
#define ENCLAVE_SELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "enclave/config.h"
#include "enclave/ports.h"
#include "nsm/user_data.h"

enum {
    SELF_NONCE_SIZE = 32,
    SELF_CONFIGURATION_PCR = 16, /* the first register that is the application's own */
    SELF_ARENA_SIZE = 64 << 10,  /* one call: request, response and document */
};

/* Filled once at start, then only read; shared by all threads. */
struct self {
    struct nsm_port nsm;
    hash48 pcr0;
    boot_id boot;
    int64_t boot_ms;                /* Unix time by the module's clock */
    struct user_data_client client; /* what documents for clients say */
};

/*
 * Asks the module who we are, and what time it is. `arena` is scratch memory of
 * SELF_ARENA_SIZE.
 */
MUST_CHECK status self_init(const struct nsm_port *nsm, const struct config *config,
                            struct arena *arena, struct self *self);

/*
 * Extends PCR16 with the configuration's hash and locks it, so that documents show it and a key
 * policy may ask for it. Nothing happens when that was done before under the same boot; DENIED when
 * the register holds anything else. `arena` as for self_init.
 */
MUST_CHECK status self_lock_configuration(const struct nsm_port *nsm, const struct config *config,
                                          struct arena *arena);

/* True when PCR0 is zero: whoever runs this enclave can read its memory. */
bool self_is_debug(const struct self *self);

/* 32 bytes of the module's randomness. UNAVAILABLE or CORRUPT as of nsm_response_check. */
MUST_CHECK status self_read_random(const struct nsm_port *nsm, struct secret32 *random);

/* A document for clients with this nonce (32 bytes, or empty for none), in the arena. */
MUST_CHECK status self_attest_client(const struct self *self, slice nonce, struct arena *arena,
                                     slice *document);

/* What has just been born here. */
struct self_birth {
    slice account_id, address; /* 32 and 20 bytes */
    slice record;              /* sealed */
};

/* A document that proves the origin of a new account, in the arena. */
MUST_CHECK status self_attest_birth(const struct self *self, const struct self_birth *birth,
                                    struct arena *arena, slice *document);

/* A document for KMS that carries our RSA key (DER SubjectPublicKeyInfo), in the arena. */
MUST_CHECK status self_attest_kms(const struct self *self, slice public_key, struct arena *arena,
                                  slice *document);

/* The module's time, Unix milliseconds: the timestamp of a fresh document. */
MUST_CHECK status self_read_time(const struct nsm_port *nsm, struct arena *arena, int64_t *time_ms);

#endif
