/*
 * accounts: creating, listing and showing accounts.
 *
 * Creation follows one order, so that no address is ever told whose record could be missing, and
 * no key is ever replaced: the store is asked first; the enclave makes and seals a key; the record,
 * with its proof of origin, is put only if the name is still free; it is read back and compared; only then is it told, from
 * what was read back. A put whose fate is unknown is settled by reading back.
 *
 * Specification: docs/API.md.
 */
#ifndef PARENT_ACCOUNTS_H
#define PARENT_ACCOUNTS_H

#include "parent/record_cache.h"
#include "parent/request.h"
#include "store/store.h"

enum {
    ACCOUNTS_PAGE_COUNT_DEFAULT = 50,
    ACCOUNTS_PAGE_COUNT_MAX = 100, /* what one large request's memory takes */
    ACCOUNTS_PUT_COUNT_MAX = 3,    /* of one record, while its fate is unknown */
};

enum request_next accounts_handle_create(struct request *request);
enum request_next accounts_handle_list(struct request *request);
enum request_next accounts_handle_show(struct request *request);

/*
 * Loads the account that the request names, on a worker. CORRUPT when the record is not of the
 * account it is stored for. `account` is in the arena.
 */
MUST_CHECK status accounts_load(const struct request *request, struct arena *arena,
                                struct stored_account **account);

/* Answers for a failure of accounts_load. */
enum request_next accounts_fail_load(struct request *request, status failure);

/* The id of a name that account_name_check accepts. */
account_id accounts_id_of(slice name);

/*
 * Reads from a stored account what identifies its record, and checks that the record says the
 * same. The record itself is copied too if the cache takes one of its size.
 */
MUST_CHECK status accounts_read_record(const struct stored_account *account,
                                       struct cached_record *record);

#endif
