/*
 * config: enclave.json, the enclave's only configuration.
 *
 * The file lies inside the image and is therefore measured: its SHA-256 stands in every
 * attestation document for clients. Every field must be there, none that is unknown, each within
 * its bounds; nothing comes from arguments, the environment or the parent.
 *
 * Specification: docs/PROTOCOL.md, enclave.json.
 */
#ifndef ENCLAVE_CONFIG_H
#define ENCLAVE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "net/endpoint.h"
#include "wallet/data_keys.h"
#include "wallet/encryption_context.h"
#include "wallet/signer.h"

enum {
    CONFIG_SIZE_MAX = 16384,       /* bytes of the file */
    CONFIG_REGION_SIZE_MAX = 32,   /* real ones have up to 14 */
    CONFIG_HOST_SIZE_MAX = 253,    /* of a DNS name */
    CONFIG_PATH_SIZE_MAX = 255,    /* of the file of roots */
    CONFIG_KEY_ARN_SIZE_MAX = 256, /* real ones have up to 91 */
    CONFIG_KEY_COUNT_MAX = SIGNER_KEY_COUNT_MAX,
    CONFIG_CACHE_ENTRIES_MAX = DATA_KEYS_COUNT_MAX, /* 40 MiB of locked memory */
    CONFIG_CACHE_LIFETIME_S_MAX = 300,              /* how long a revoked key may still sign */
    CONFIG_WORKERS_MAX = 16,
    CONFIG_KMS_WORKERS_MAX = 64,
};

struct config_key {
    size_t size;
    char arn[CONFIG_KEY_ARN_SIZE_MAX];
};

/* The file as a value; texts are NUL-terminated. */
struct config {
    bool is_production;
    char region[CONFIG_REGION_SIZE_MAX + 1];
    char environment[ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX + 1];
    uint32_t epoch, epoch_min;
    char kms_host[CONFIG_HOST_SIZE_MAX + 1];
    endpoint kms_dial;
    struct config_key kms_keys[CONFIG_KEY_COUNT_MAX];
    size_t kms_key_count;
    char ca_file[CONFIG_PATH_SIZE_MAX + 1];
    endpoint listen;
    bool has_heartbeat;
    endpoint heartbeat;   /* whom to tell that the image has booted */
    size_t cache_entries; /* 0: no cache */
    int64_t cache_lifetime_s;
    enum signer_verification verification;
    size_t workers, kms_workers;
    hash32 hash; /* SHA-256 of the file's bytes */
};

/*
 * Reads the file's bytes. BAD_INPUT when a rule is broken; then the name of the field at fault, if
 * one is, is appended to `where`.
 */
MUST_CHECK status config_read(slice json, struct builder *where, struct config *config);

/* The file's word for it. */
const char *config_verification_print(enum signer_verification verification);

/* A pinned key's ARN as a view of the configuration. */
slice config_key_arn(const struct config *config, size_t index);

/*
 * The pinned key that is asked for instead of key `index`: of a multi-Region key's ARNs the one in
 * our own Region, since another Region's key is not to be had at this one's KMS. Else `index`.
 */
size_t config_near_key(const struct config *config, size_t index);

/* Finds a pinned key by its exact ARN; an empty one means the first. DENIED when it is not pinned. */
MUST_CHECK status config_find_key(const struct config *config, slice key_arn, size_t *index);

#endif
