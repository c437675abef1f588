/*
 * proof: where an account's key was born.
 *
 * CREATE's answer carries an attestation document that binds the new address, the account id and the
 * sealed record. It is kept beside the record for good and handed out as it is; who wants to know
 * verifies it (docs/ATTESTATION.md). Here only its user data is read, so that a document of
 * something else is never kept as an account's proof.
 *
 * Specification: docs/PROTOCOL.md, section 7.
 */
#ifndef PARENT_PROOF_H
#define PARENT_PROOF_H

#include "base/status.h"
#include "parent/request.h"
#include "store/store.h"

/* CORRUPT unless the proof binds this account's name, address and record. */
MUST_CHECK status proof_check(const struct stored_account *account);

/* GET /v1/accounts/{id}/proof */
enum request_next proof_handle(struct request *request);

#endif
