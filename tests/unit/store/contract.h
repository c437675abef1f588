/*
 * contract: every rule of store/store.h, as tests that each implementation runs.
 *
 * A test program opens its store, names it with contract_use and runs contract_tests beside its own.
 * The store may hold other accounts before and after.
 */
#ifndef UNIT_STORE_CONTRACT_H
#define UNIT_STORE_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner.h"
#include "store/store.h"

enum { CONTRACT_TEST_COUNT_MAX = 64 };

struct contract_subject {
    struct store store;
    bool has_unique_addresses; /* refuses an address that another name has */
    size_t account_count;      /* how many the paging test adds */
    int64_t address_lag_ms;    /* how long a search by address may lag */
};

/* What the tests run against. It must outlive them. */
void contract_use(const struct contract_subject *subject);

/* Appends the contract's tests to a program's own; returns how many there are then. */
size_t contract_tests(struct runner_test *tests, size_t count);

/* A valid account of this name with random address and record. */
void contract_account(const char *name, struct stored_account *account);

/* A deadline far enough for anything. */
int64_t contract_deadline_ms(void);

#endif
