/*
 * record: a sealed record is split within its bytes, or refused.
 */
#include <assert.h>

#include "wallet/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct account account;
    const slice record = slice_of(bytes, size);
    if (!status_is_ok(account_read(record, &account))) return 0;
    assert(size <= ACCOUNT_RECORD_SIZE_MAX);
    assert(account.edk.size > 0 && account.edk.size <= ACCOUNT_EDK_SIZE_MAX);
    assert(account.policy.size <= ACCOUNT_POLICY_SIZE_MAX);
    assert(account.edk.bytes + account.edk.size <= bytes + size);
    return 0;
}
