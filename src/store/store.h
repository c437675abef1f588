/*
 * store: the port behind which sealed accounts rest.
 *
 * A store keeps one record a name and promises:
 * - a name is taken once: of any number of concurrent puts exactly one succeeds, the others get
 *   CONFLICT, and nothing but a replace that names the stored version ever changes an account;
 * - what was acknowledged is durable and is what every later get by name reads (read after write);
 * - an address never changes, so that no path can swap an account's key;
 * - nothing is deleted.
 *
 * Accounts are checked on the way in (BAD_INPUT, OVER_LIMIT) and on the way out (CORRUPT), so a
 * caller never sees one that breaks the limits below. The store cannot read what it keeps.
 *
 * One open store may be used by any number of threads at once. Every call ends by `deadline_ms`, on
 * the clock of os/clock.h, with UNAVAILABLE when the store did not answer; a deadline that has passed
 * already is refused and nothing happens. A call takes up to 128 KiB of its thread's stack.
 *
 * A write whose fate is unknown (no answer, or the answer was lost) fails with the one failure that
 * store_is_ambiguous recognises. It may have happened, or may still happen: the caller settles it by
 * reading back. Every other failed write did not happen.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

enum {
    STORE_NAME_SIZE_MAX = 128,         /* bytes, the API's limit */
    STORE_RECORD_SIZE_MAX = 32 * 1024, /* bytes; the largest ENW1 record is 30,984 */
    STORE_PROOF_SIZE_MAX = 16 * 1024,  /* bytes; an attestation document is below 8 KiB */
    STORE_ADDRESS_SIZE = 42,           /* "0x" and forty digits */
    STORE_KEY_ID_SIZE_MAX = 256,       /* bytes; a KMS key ARN is below 130 */
    STORE_CREATED_AT_SIZE_MAX = 40,    /* bytes; RFC 3339 with nanoseconds and offset is 35 */
    STORE_PAGE_COUNT_MAX = 1000,       /* accounts a page; as JSON it stays below 1 MiB */
    STORE_CURSOR_SIZE_MAX = 192,       /* bytes of text; a name in base64url */
};

/* One account as it is kept. Texts end with a NUL. */
struct stored_account {
    char name[STORE_NAME_SIZE_MAX + 1];             /* 1 to 128 of [A-Za-z0-9._:@-] */
    char address[STORE_ADDRESS_SIZE + 1];           /* "0x" and forty lower-case digits */
    char key_id[STORE_KEY_ID_SIZE_MAX + 1];         /* full ARN, printable ASCII */
    char created_at[STORE_CREATED_AT_SIZE_MAX + 1]; /* RFC 3339, printable ASCII */
    uint64_t version;                               /* 1 to 2^63 - 1, one more with each replace */
    size_t record_size;                             /* 1 to STORE_RECORD_SIZE_MAX */
    size_t proof_size;                              /* 0 when there is none */
    uint8_t record[STORE_RECORD_SIZE_MAX];
    uint8_t proof[STORE_PROOF_SIZE_MAX];
};

/* An account as a listing shows it: without sealed bytes. */
struct stored_entry {
    char name[STORE_NAME_SIZE_MAX + 1];
    char address[STORE_ADDRESS_SIZE + 1];
    char key_id[STORE_KEY_ID_SIZE_MAX + 1];
    char created_at[STORE_CREATED_AT_SIZE_MAX + 1]; /* empty for an item of the older layout */
    uint64_t version;                               /* 0 for an item of the older layout */
};

/* Where a listing goes on: text for URLs, opaque. Empty before the first page and after the last. */
struct store_cursor {
    char text[STORE_CURSOR_SIZE_MAX + 1];
};

/* What a listing asks for and where its answer goes. */
struct store_page {
    struct stored_entry *entries; /* the caller's, `count_max` of them */
    size_t count_max;             /* 1 to STORE_PAGE_COUNT_MAX */
    size_t count;                 /* out: how many were filled; may be fewer, also none */
    struct store_cursor next;     /* out: empty when nothing follows */
};

/*
 * What an implementation provides. Arguments were checked already. Callers use the functions below,
 * never these.
 */
struct store_operations {
    status (*get)(void *context, slice name, int64_t deadline_ms, struct stored_account *account);
    status (*find_by_address)(void *context, slice address, int64_t deadline_ms,
                              struct stored_account *account);
    status (*put_if_absent)(void *context, const struct stored_account *account,
                            int64_t deadline_ms);
    status (*replace_if_version)(void *context, const struct stored_account *account,
                                 uint64_t version, int64_t deadline_ms);
    status (*list)(void *context, slice after_name, int64_t deadline_ms, struct store_page *page);
    status (*check_ready)(void *context, int64_t deadline_ms);
};

struct store {
    const struct store_operations *operations;
    void *context;
};

/* Reads the account of this name. NOT_FOUND; BAD_INPUT for what cannot be a name. */
MUST_CHECK status store_get(const struct store *store, slice name, int64_t deadline_ms,
                            struct stored_account *account);

/*
 * Reads the account of this address (any case of digits). NOT_FOUND; BAD_INPUT for what cannot be an
 * address. A distributed store may not find an account by address for some seconds after its put; an
 * answer is never stale.
 */
MUST_CHECK status store_find_by_address(const struct store *store, slice address,
                                        int64_t deadline_ms, struct stored_account *account);

/*
 * Keeps a new account, whose version must be 1.
 *
 * CONFLICT when the name is taken, whatever is kept under it, and (where the store can tell) when the
 * address is. May be ambiguous.
 */
MUST_CHECK status store_put_if_absent(const struct store *store,
                                      const struct stored_account *account, int64_t deadline_ms);

/*
 * Replaces the account of this name if it is still at `version`; the new one's must be one more.
 *
 * NOT_FOUND when there is none. CONFLICT when it is at another version or its address differs. May be
 * ambiguous.
 */
MUST_CHECK status store_replace_if_version(const struct store *store,
                                           const struct stored_account *account, uint64_t version,
                                           int64_t deadline_ms);

/*
 * Lists accounts from `cursor` (empty: from the start) into `page`, in an order of the store's own.
 *
 * An account that exists from the first page to the last is listed exactly once. BAD_INPUT for a
 * cursor that no page ended with; OVER_LIMIT for a `count_max` outside its bounds.
 */
MUST_CHECK status store_list(const struct store *store, slice cursor, int64_t deadline_ms,
                             struct store_page *page);

/* Succeeds when the store answers now. */
MUST_CHECK status store_check_ready(const struct store *store, int64_t deadline_ms);

/* The failure of a write that may or may not have happened. `detail` says why: an HTTP code, or 0. */
MUST_CHECK status store_ambiguous(int64_t detail);
/* True for that failure only. */
bool store_is_ambiguous(status result);

/* True for 1 to 128 characters of [A-Za-z0-9._:@-]. */
bool stored_name_is_valid(slice name);

/* BAD_INPUT or OVER_LIMIT unless the account keeps to the limits above. */
MUST_CHECK status stored_account_check(const struct stored_account *account);

/* True when all fields are equal: how a read-back settles a write. */
bool stored_account_is_equal(const struct stored_account *a, const struct stored_account *b);

/*
 * Copies text into a field of `size_max` + 1 bytes and ends it with a NUL. OVER_LIMIT when it is
 * longer; BAD_INPUT when it is empty or not printable ASCII.
 */
MUST_CHECK status stored_text_read(slice text, char *field, size_t size_max);

/* The cursor that goes on after this name, which must be valid. */
struct store_cursor store_cursor_after(slice name);

#endif
