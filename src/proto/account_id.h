/*
 * account_id: the 32 bytes by which the enclave knows an account.
 *
 * account_id = SHA-256("ENW1 account name v1" || 16 zero bytes || name), the whole hash. The zero
 * bytes are where an organisation will stand: accounts of one have other ids by themselves. This
 * room hashes nothing: it checks the name and writes the bytes to be hashed; each side hashes them
 * with crypto/digest. Whoever asks for an account by name therefore fixes which sealed record the
 * enclave will accept for it.
 *
 * A name is 1 to 128 characters of A-Z a-z 0-9 . _ : @ - but not "0x" and 40 hex digits, because
 * an address is accepted wherever a name is.
 */
#ifndef PROTO_ACCOUNT_ID_H
#define PROTO_ACCOUNT_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    ACCOUNT_ID_SIZE = 32,
    ACCOUNT_ORGANISATION_SIZE = 16, /* all zero for now */
    ACCOUNT_NAME_SIZE_MAX = 128,
    /* "ENW1 account name v1", the organisation and the longest name. */
    ACCOUNT_PREIMAGE_SIZE_MAX = 20 + ACCOUNT_ORGANISATION_SIZE + ACCOUNT_NAME_SIZE_MAX,
};

typedef struct account_id {
    uint8_t bytes[ACCOUNT_ID_SIZE];
} account_id;

/* BAD_INPUT unless the name follows the rules above. */
MUST_CHECK status account_name_check(slice name);

/*
 * Appends the bytes whose SHA-256 is the id of `name`.
 *
 * BAD_INPUT when the name breaks a rule; OVER_LIMIT when the builder has no room.
 */
MUST_CHECK status account_preimage_put(slice name, struct builder *preimage);

bool account_id_equal(const account_id *a, const account_id *b);

#endif
