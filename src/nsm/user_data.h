/*
 * user_data: what our enclave says about itself in the user data of its attestation documents.
 *
 * There are three fixed shapes, told apart by their first four bytes and their size. The one asking
 * for a document chooses neither.
 *
 *     for KMS      "ENWK" | boot_id 16
 *     for clients  "ENWA" | version 1 | mode 1 | zero 2 | boot_id 16 | boot_ms 8
 *                         | SHA-256(enclave.json) 32 | epoch 4 | zero 4
 *     of origin    "ENWP" | version 1 | mode 1 | zero 2 | boot_id 16
 *                         | SHA-256(enclave.json) 32 | epoch 4 | account_id 32 | address 20
 *                         | SHA-256(sealed record) 32
 *
 * Integers are big-endian. The mode is 1 for production and 0 for development. A proof of
 * origin says that the key of this address was born in this enclave, for the account of this id.
 */
#ifndef NSM_USER_DATA_H
#define NSM_USER_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    USER_DATA_KMS_SIZE = 20,
    USER_DATA_CLIENT_SIZE = 72,
    USER_DATA_PROOF_SIZE = 144,
    USER_DATA_ACCOUNT_ID_SIZE = 32,
    USER_DATA_ADDRESS_SIZE = 20,
};

/* Random, made once when the enclave starts. */
typedef struct boot_id {
    uint8_t bytes[16];
} boot_id;

struct user_data_client {
    bool is_production;
    boot_id boot;
    uint64_t boot_ms; /* Unix time of the start */
    hash32 config_hash;
    uint32_t epoch;
};

/* What was born, and where. */
struct user_data_proof {
    bool is_production;
    boot_id boot;
    hash32 config_hash;
    uint32_t epoch;
    uint8_t account_id[USER_DATA_ACCOUNT_ID_SIZE];
    uint8_t address[USER_DATA_ADDRESS_SIZE];
    hash32 record_hash; /* of the sealed record as it was handed out at birth */
};

void user_data_write_kms(const boot_id *boot, struct builder *builder);
/* BAD_INPUT unless it is exactly this shape. */
MUST_CHECK status user_data_read_kms(slice bytes, boot_id *boot);

void user_data_write_client(const struct user_data_client *data, struct builder *builder);
/* BAD_INPUT unless it is exactly this shape, with this version and zeros where they belong. */
MUST_CHECK status user_data_read_client(slice bytes, struct user_data_client *data);

void user_data_write_proof(const struct user_data_proof *data, struct builder *builder);
/* BAD_INPUT as of user_data_read_client. */
MUST_CHECK status user_data_read_proof(slice bytes, struct user_data_proof *data);

#endif
