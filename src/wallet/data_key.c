#include "wallet/data_key.h"

#include <assert.h>
#include <string.h>

#include "base/builder.h"
#include "crypto/digest.h"

enum { LABEL_SIZE_MAX = 18 };

void data_key_init(struct data_key *data_key, const struct secret32 *key)
{
    *data_key = (struct data_key){.key = *key};
}

void data_key_wipe(struct data_key *data_key)
{
    secret_wipe(data_key, sizeof *data_key);
}

/* HKDF-Expand with the label and the record's context as info. */
static void expand(const struct hmac_sha256_key *key, const char *label, slice context,
                   uint8_t *bytes, size_t size)
{
    uint8_t memory[LABEL_SIZE_MAX + DATA_KEY_CONTEXT_SIZE];
    struct builder info;
    builder_init(&info, memory, sizeof memory);
    builder_put_text(&info, label);
    builder_put(&info, context);
    assert(!info.is_over);
    hkdf_sha256_expand(key, builder_view(&info), bytes, size);
}

void data_key_derive(struct data_key *data_key, slice head)
{
    assert(head.size == DATA_KEY_HEAD_SIZE);
    if (data_key->is_derived && slice_equal(head, slice_of(data_key->head, DATA_KEY_HEAD_SIZE))) {
        return;
    }
    SCOPED(secret32_wipe) struct secret32 pseudorandom_key = {0};
    SCOPED(hmac_sha256_key_wipe) struct hmac_sha256_key key;
    const slice context = slice_part(head, 0, DATA_KEY_CONTEXT_SIZE);
    const slice salt = slice_part(head, DATA_KEY_CONTEXT_SIZE, DATA_KEY_SALT_SIZE);
    hkdf_sha256_extract(salt, secret_expose(&data_key->key), &pseudorandom_key);
    hmac_sha256_key_init(&key, secret_expose(&pseudorandom_key));
    expand(&key, "ENW1 aead key v1", context, data_key->aead_key.bytes,
           sizeof data_key->aead_key.bytes);
    expand(&key, "ENW1 aead nonce v1", context, data_key->nonce.bytes,
           sizeof data_key->nonce.bytes);
    expand(&key, "ENW1 commit v1", context, data_key->commit, sizeof data_key->commit);
    memcpy(data_key->head, head.bytes, DATA_KEY_HEAD_SIZE);
    data_key->is_derived = true;
    data_key->is_checked = false;
}
