/*
 * record: a sealed record is split within its bytes, or refused; and it opens only under its own
 * key. Two inputs of the corpus are under this target's data key: they open, changed ones do not.
 */
#include <assert.h>

#include "crypto/aead.h"
#include "crypto/k256.h"
#include "wallet/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_parts(slice record, const struct record *read)
{
    assert(record.size <= RECORD_SIZE_MAX);
    assert(read->edk.size > 0 && read->edk.size <= RECORD_EDK_SIZE_MAX);
    assert(read->policy.size <= RECORD_POLICY_SIZE_MAX);
    assert(read->policy.bytes == record.bytes + RECORD_HEADER_SIZE);
    assert(read->edk.bytes == read->policy.bytes + read->policy.size);
    assert(read->sealed.bytes == read->edk.bytes + read->edk.size);
    assert(read->sealed.bytes + read->sealed.size == record.bytes + record.size);
    assert(read->clear.bytes == record.bytes &&
           read->clear.size + read->sealed.size == record.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct k256 curve;
    static struct aead aead;
    static const struct secret32 key = {{0xd0, 1, 2, 3}};
    const slice record = slice_of(bytes, size);
    struct record read;
    struct data_key data_key;
    struct secret32 private_key;
    if (!aead.context) {
        const status curve_opened = k256_open(&curve, &key), aead_opened = aead_open(&aead);
        assert(status_is_ok(curve_opened) && status_is_ok(aead_opened));
    }
    if (!status_is_ok(record_read(record, &read))) return 0;
    check_parts(record, &read);
    const struct seal_tools tools = {&curve, &aead};
    data_key_init(&data_key, &key);
    if (!status_is_ok(seal_open(&read, &tools, &data_key, &private_key))) return 0;
    /* Nobody without the key can have made it, so it is the corpus's own. */
    const status checked = seal_check_address(&read, &curve, &private_key);
    assert(status_is_ok(checked));
    return 0;
}
