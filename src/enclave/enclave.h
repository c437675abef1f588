/*
 * enclave: the whole program's parts, opened in order and closed in reverse.
 *
 * The shipped program and the development program differ in the ports and the configuration that
 * they give; everything else is here. Besides the server's threads one more runs: it takes samples
 * of the time, renews the RSA key pair, and wipes data keys whose time is over.
 */
#ifndef ENCLAVE_ENCLAVE_H
#define ENCLAVE_ENCLAVE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/k256.h"
#include "enclave/config.h"
#include "enclave/kms_client.h"
#include "enclave/ports.h"
#include "enclave/recipients.h"
#include "enclave/self.h"
#include "enclave/server.h"
#include "enclave/service.h"
#include "enclave/statistics.h"
#include "enclave/trusted_time.h"
#include "os/log.h"

enum {
    ENCLAVE_KEEP_MS = 1000, /* how often the extra thread looks what is due */
    ENCLAVE_FILES_SIZE = 3 * (CONFIG_SIZE_MAX + TLS_PEM_SIZE_MAX),
};

struct enclave_settings {
    struct config config;
    slice roots_pem; /* contents of the file that the configuration names; only while opening */
    struct nsm_port nsm;
    struct log *log;
};

/* `{0}` is closed. Large: it belongs into static memory. */
struct enclave {
    struct config config;
    struct log *log;
    struct clock machine;
    struct arena scratch; /* of the extra thread, before that of opening */
    struct self self;
    struct trusted_time time;
    struct recipients recipients;
    struct statistics statistics;
    struct kms_client kms;
    struct k256 curve;
    struct signer_rules rules;
    struct service service;
    struct server server;
    pthread_t keeper;
    pthread_mutex_t mutex;
    pthread_cond_t is_stopping_changed;
    bool is_stopping;
    bool has_keeper;
};

/*
 * libcrypto and libssl wipe what they release from now on. First of all in main, before
 * anything uses them.
 */
MUST_CHECK status enclave_prepare_libraries(void);

/*
 * Reads enclave.json and the roots it names into the settings; the roots live in `memory`, which
 * needs ENCLAVE_FILES_SIZE. Logs which field is at fault.
 */
MUST_CHECK status enclave_read_files(const char *config_path, struct arena *memory,
                                     struct enclave_settings *settings);

/* Opens everything and serves. Logs what it is and where it listens. */
MUST_CHECK status enclave_open(const struct enclave_settings *settings, struct enclave *enclave);

/* Stops serving and wipes. Harmless on an enclave that did not open. */
void enclave_close(struct enclave *enclave);

#endif
