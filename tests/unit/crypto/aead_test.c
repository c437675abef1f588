/*
 * Answers: "The Galois/Counter Mode of Operation", McGrew and Viega, test cases 13 to 16, which
 * NIST's submission carries.
 */
#include "crypto/aead.h"

#include <string.h>

#include "runner.h"

static const char cannot_be_opened[] = "aead: message cannot be opened";

static const struct {
    const char *name, *key, *nonce, *associated, *plaintext, *sealed;
} rows[] = {
    {"case 13, nothing", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"case 14, one block", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"case 15, four blocks", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"case 16, with data, no whole block",
     "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void known_answers(void)
{
    SCOPED(aead_close) struct aead aead = {0};
    expect_ok("open", aead_open(&aead));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t sealed[128], opened[128];
        struct secret32 key = {0};
        runner_row(rows[i].name);
        expect_ok("key", secret32_read(runner_hex(rows[i].key), &key));
        struct aead_terms terms = {.key = &key, .associated = runner_hex(rows[i].associated)};
        memcpy(terms.nonce.bytes, runner_hex(rows[i].nonce).bytes, sizeof terms.nonce.bytes);
        const slice plaintext = runner_hex(rows[i].plaintext);
        const slice whole = slice_of(sealed, plaintext.size + AEAD_TAG_SIZE);
        expect_ok("seal", aead_seal(&aead, &terms, plaintext, sealed));
        expect_hex("sealed", whole, rows[i].sealed);
        expect_ok("unseal", aead_unseal(&aead, &terms, whole, opened));
        expect_bytes("opened", slice_of(opened, plaintext.size), plaintext);
        expect_ok("unseal in place", aead_unseal(&aead, &terms, whole, sealed));
        expect_bytes("opened in place", slice_of(sealed, plaintext.size), plaintext);
        expect_ok("seal in place",
                  aead_seal(&aead, &terms, slice_of(sealed, plaintext.size), sealed));
        expect_hex("sealed in place", whole, rows[i].sealed);
    }
}

struct message {
    struct secret32 key;
    aead_nonce nonce;
    uint8_t associated[20];
    uint8_t sealed[33 + AEAD_TAG_SIZE];
};

static struct aead_terms terms_of(const struct message *message)
{
    return (struct aead_terms){&message->key, message->nonce,
                               slice_of(message->associated, sizeof message->associated)};
}

static void expect_broken(struct aead *aead, const struct message *message)
{
    uint8_t opened[33], zero[33] = {0};
    const struct aead_terms terms = terms_of(message);
    memset(opened, 0xee, sizeof opened);
    expect_refused(
        "unseal",
        aead_unseal(aead, &terms, slice_of(message->sealed, sizeof message->sealed), opened),
        cannot_be_opened);
    expect_bytes("nothing is left", slice_of(opened, sizeof opened), slice_of(zero, sizeof zero));
}

static void every_bit_counts(void)
{
    SCOPED(aead_close) struct aead aead = {0};
    struct message message;
    uint8_t plaintext[33];
    expect_ok("open", aead_open(&aead));
    runner_random(&message, sizeof message);
    runner_random(plaintext, sizeof plaintext);
    const struct aead_terms terms = terms_of(&message);
    expect_ok("seal",
              aead_seal(&aead, &terms, slice_of(plaintext, sizeof plaintext), message.sealed));
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        struct message broken = message;
        ((uint8_t *)&broken)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        runner_row_at("bit", bit);
        expect_broken(&aead, &broken);
    }
}

static void sizes(void)
{
    SCOPED(aead_close) struct aead aead = {0};
    const struct secret32 key = {{1}};
    const struct aead_terms terms = {.key = &key, .associated = slice_text("data")};
    uint8_t sealed[64], opened[64];
    expect_ok("open", aead_open(&aead));
    expect_ok("seal", aead_seal(&aead, &terms, slice_text("a message of 24 bytes..."), sealed));
    for (size_t size = 0; size < 40; size++) {
        runner_row_at("cut to", size);
        expect_refused("unseal", aead_unseal(&aead, &terms, slice_of(sealed, size), opened),
                       cannot_be_opened);
    }
    runner_row(NULL);
    const slice too_long = slice_of(sealed, (size_t)AEAD_SIZE_MAX + 1);
    const struct aead_terms long_terms = {.key = &key, .associated = too_long};
    const char *refusal = "aead: message is too long";
    expect_refused("long plaintext", aead_seal(&aead, &terms, too_long, opened), refusal);
    expect_refused("long message", aead_unseal(&aead, &terms, too_long, opened), refusal);
    expect_refused("long data", aead_seal(&aead, &long_terms, slice_text(""), opened), refusal);
    expect_refused("long data of a message",
                   aead_unseal(&aead, &long_terms, slice_of(sealed, 40), opened), refusal);
    expect_ok("still works", aead_unseal(&aead, &terms, slice_of(sealed, 40), opened));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"every bit counts", every_bit_counts},
        {"sizes", sizes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
