/*
 * record: a sealed record is split within its bytes, or refused; and it opens only under its own
 * key. Two inputs of the corpus are under this target's data key: they open, changed ones do not.
 */
#include <assert.h>

#include "crypto/aead.h"
#include "crypto/k256.h"
#include "wallet/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_parts(slice record, const struct account *account)
{
    assert(record.size <= ACCOUNT_RECORD_SIZE_MAX);
    assert(account->edk.size > 0 && account->edk.size <= ACCOUNT_EDK_SIZE_MAX);
    assert(account->policy.size <= ACCOUNT_POLICY_SIZE_MAX);
    assert(account->policy.bytes == record.bytes + ACCOUNT_HEADER_SIZE);
    assert(account->edk.bytes == account->policy.bytes + account->policy.size);
    assert(account->edk.bytes + account->edk.size + ACCOUNT_SEALED_SIZE ==
           record.bytes + record.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct k256 curve;
    static struct aead aead;
    static const struct secret32 key = {{0xd0, 1, 2, 3}};
    const slice record = slice_of(bytes, size);
    struct account account;
    struct data_key data_key;
    struct secret32 private_key;
    if (!aead.context) {
        const status curve_opened = k256_open(&curve, &key), aead_opened = aead_open(&aead);
        assert(status_is_ok(curve_opened) && status_is_ok(aead_opened));
    }
    if (!status_is_ok(account_read(record, &account))) return 0;
    check_parts(record, &account);
    const struct account_tools tools = {&curve, &aead};
    data_key_init(&data_key, &key);
    if (!status_is_ok(account_unseal(&account, &tools, &data_key, &private_key))) return 0;
    /* Nobody without the key can have made it, so it is the corpus's own. */
    const status checked = account_check_address(&account, &curve, &private_key);
    assert(status_is_ok(checked));
    return 0;
}
