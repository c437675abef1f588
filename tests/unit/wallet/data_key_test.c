#include "wallet/data_key.h"

#include <string.h>

#include "runner.h"

/*
 * Made with another implementation of HKDF (node's hkdfSync) from the formulas in the header: key
 * of 32 bytes 0x11, context of 192 bytes 0x22, salt of 32 bytes 0x33.
 */
static void known_answers(void)
{
    uint8_t head[DATA_KEY_HEAD_SIZE];
    struct secret32 key;
    struct data_key data_key;
    memset(key.bytes, 0x11, sizeof key.bytes);
    memset(head, 0x22, DATA_KEY_CONTEXT_SIZE);
    memset(head + DATA_KEY_CONTEXT_SIZE, 0x33, DATA_KEY_SALT_SIZE);
    data_key_init(&data_key, &key);
    expect_true("nothing yet", !data_key.is_derived && !data_key.is_checked);
    data_key_derive(&data_key, slice_of(head, sizeof head));
    expect_true("derived", data_key.is_derived && !data_key.is_checked);
    expect_hex("K", slice_of(data_key.aead_key.bytes, 32),
               "404c7e0b53c728a4c8861f3e3f2cd37cad148904d6eab9fa1e849d4f1315e858");
    expect_hex("N", slice_of(data_key.nonce.bytes, AEAD_NONCE_SIZE), "45b17c46f3bc5a52f0ba8d94");
    expect_hex("commit", slice_of(data_key.commit, DATA_KEY_COMMIT_SIZE),
               "665c9afea9a54c7ef3efa6e3a4e866262300fc60041c92b0343ac5d12282ceb0");
}

/* Nothing is derived yet, so a head of zeros is not the one that was there before. */
static void head_of_zeros(void)
{
    static const uint8_t head[DATA_KEY_HEAD_SIZE] = {0};
    static const struct secret32 key = {{0x11}};
    struct data_key data_key;
    data_key_init(&data_key, &key);
    data_key_derive(&data_key, slice_of(head, sizeof head));
    expect_true("derived", data_key.is_derived);
}

/* The same head derives nothing; any other does, and is not checked yet. */
static void memory_of_one_head(void)
{
    uint8_t head[DATA_KEY_HEAD_SIZE] = {0};
    const struct secret32 key = {{5}};
    struct data_key data_key, marked;
    data_key_init(&data_key, &key);
    data_key_derive(&data_key, slice_of(head, sizeof head));
    data_key.is_checked = true;
    data_key.nonce.bytes[0] ^= 1;
    memcpy(&marked, &data_key, sizeof marked);
    data_key_derive(&data_key, slice_of(head, sizeof head));
    expect_true("nothing changed", memcmp(&data_key, &marked, sizeof marked) == 0);
    for (size_t i = 0; i < sizeof head; i++) {
        runner_row_at("byte", i);
        head[i] ^= 1;
        data_key = marked;
        data_key_derive(&data_key, slice_of(head, sizeof head));
        expect_true("other key",
                    memcmp(&data_key.aead_key, &marked.aead_key, sizeof marked.aead_key) != 0);
        expect_true("other commit", memcmp(data_key.commit, marked.commit, 32) != 0);
        expect_true("unchecked", !data_key.is_checked);
        head[i] ^= 1;
    }
}

static void wiping(void)
{
    const struct secret32 key = {{5}};
    struct data_key data_key, zero;
    memset(&zero, 0, sizeof zero);
    data_key_init(&data_key, &key);
    data_key_wipe(&data_key);
    expect_true("all of it", memcmp(&data_key, &zero, sizeof zero) == 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"head of zeros", head_of_zeros},
        {"memory of one head", memory_of_one_head},
        {"wiping", wiping},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
