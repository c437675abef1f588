/*
 * Answers: SHA-2 from NIST's example values (FIPS 180-4), HMAC from RFC 4231, HKDF from RFC 5869.
 */
#include "crypto/digest.h"

#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *text, *sha256, *sha384, *sha512;
} hash_rows[] = {
    {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b"
     "95b",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877ee"
     "c2"
     "f63b931bd47417a81a538327af927da3e"},
    {"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c82"
     "5"
     "a7",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bb"
     "d454d4423643ce80e2a9ac94fa54ca49f"},
    {"two blocks of SHA-256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c84"
     "5"
     "2b",
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789"
     "ca"
     "031ad85c7a71dd70354ec631238ca3445"},
};

static void hashes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(hash_rows); i++) {
        runner_row(hash_rows[i].name);
        const slice text = slice_text(hash_rows[i].text);
        const hash32 small = sha256(text);
        const hash48 middle = sha384(text);
        const hash64 large = sha512(text);
        expect_hex("sha256", hash32_view(&small), hash_rows[i].sha256);
        expect_hex("sha384", hash48_view(&middle), hash_rows[i].sha384);
        expect_hex("sha512", slice_of(large.bytes, sizeof large.bytes), hash_rows[i].sha512);
    }
}

static void pieces_are_the_whole(void)
{
    uint8_t bytes[300];
    runner_random(bytes, sizeof bytes);
    const slice whole = slice_of(bytes, sizeof bytes);
    const hash32 small = sha256(whole);
    const hash48 middle = sha384(whole);
    const hash64 large = sha512(whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 7) {
        struct sha256 a;
        struct sha512 b, c;
        runner_row_at("cut", cut);
        sha256_init(&a);
        sha384_init(&b);
        sha512_init(&c);
        sha256_put(&a, slice_part(whole, 0, cut));
        sha384_put(&b, slice_part(whole, 0, cut));
        sha512_put(&c, slice_part(whole, 0, cut));
        struct sha256 copy = a;
        sha256_put(&a, slice_part(whole, cut, sizeof bytes));
        sha384_put(&b, slice_part(whole, cut, sizeof bytes));
        sha512_put(&c, slice_part(whole, cut, sizeof bytes));
        sha256_put(&copy, slice_part(whole, cut, sizeof bytes));
        const hash32 from_pieces = sha256_finish(&a), from_copy = sha256_finish(&copy);
        const hash48 middle_pieces = sha384_finish(&b);
        const hash64 large_pieces = sha512_finish(&c);
        expect_true("sha256", hash32_equal(&from_pieces, &small));
        expect_true("sha256 of a copied state", hash32_equal(&from_copy, &small));
        expect_true("sha384", hash48_equal(&middle_pieces, &middle));
        expect_bytes("sha512", slice_of(large_pieces.bytes, sizeof large_pieces.bytes),
                     slice_of(large.bytes, sizeof large.bytes));
    }
}

static void equality(void)
{
    hash32 a = sha256(slice_text("a")), b = a;
    hash48 c = sha384(slice_text("a")), d = c;
    expect_true("same 32", hash32_equal(&a, &b));
    expect_true("same 48", hash48_equal(&c, &d));
    b.bytes[31] ^= 1;
    d.bytes[47] ^= 0x80;
    expect_true("last byte of 32", !hash32_equal(&a, &b));
    expect_true("last byte of 48", !hash48_equal(&c, &d));
}

/* RFC 4231, sections 4.2 to 4.8 without 4.6, which is about truncation. */
static const struct {
    const char *name;
    size_t key_size; /* when not 0, the key is this many bytes of `key`'s first */
    const char *key, *message;
    size_t message_size; /* the same for the message */
    const char *hmac256, *hmac512;
} hmac_rows[] = {
    {"case 1", 20, "0b", "4869205468657265", 0,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f"
     "4e"
     "4be9d914eeb61f1702e696c203a126854"},
    {"case 2", 0, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 0,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e"
     "6f"
     "dcaeab1a34d4a6b4b636e070a38bce737"},
    {"case 3", 20, "aa", "dd", 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
     "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c"
     "80"
     "7b946a337bee8942674278859e13292fb"},
    {"case 4", 0, "0102030405060708090a0b0c0d0e0f10111213141516171819", "cd", 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
     "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788"
     "06"
     "3a5f19741120c4f2de2adebeb10a298dd"},
    {"case 6, long key", 131, "aa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6"
     "579"
     "204669727374",
     0, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1"
     "e5"
     "295e64f73f63f0aec8b915a985d786598"},
    {"case 7, long key and message", 131, "aa",
     "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206"
     "b65"
     "7920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6"
     "565"
     "647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d4143206"
     "16c"
     "676f726974686d2e",
     0, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
     "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4d"
     "e1"
     "5134676fb6de0446065c97440fa8c6a58"},
};

static slice repeat(slice bytes, size_t count, uint8_t *memory)
{
    if (count == 0) return bytes;
    memset(memory, bytes.bytes[0], count);
    return slice_of(memory, count);
}

static void hmacs(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(hmac_rows); i++) {
        uint8_t key_memory[131], message_memory[131];
        runner_row(hmac_rows[i].name);
        const slice key = repeat(runner_hex(hmac_rows[i].key), hmac_rows[i].key_size, key_memory);
        const slice message =
            repeat(runner_hex(hmac_rows[i].message), hmac_rows[i].message_size, message_memory);
        const hash32 small = hmac_sha256(key, message);
        const hash64 large = hmac_sha512(key, message);
        expect_hex("hmac_sha256", hash32_view(&small), hmac_rows[i].hmac256);
        expect_hex("hmac_sha512", slice_of(large.bytes, sizeof large.bytes), hmac_rows[i].hmac512);
        struct hmac_sha256_key prepared;
        hmac_sha256_key_init(&prepared, key);
        for (int time = 0; time < 2; time++) {
            const hash32 again = hmac_sha256_of(&prepared, message);
            expect_hex("prepared key", hash32_view(&again), hmac_rows[i].hmac256);
        }
        struct hmac_sha256 mac;
        hmac_sha256_init(&mac, &prepared);
        hmac_sha256_put(&mac, slice_part(message, 0, 5));
        hmac_sha256_put(&mac, slice_part(message, 5, message.size));
        const hash32 pieces = hmac_sha256_finish(&mac);
        expect_hex("in pieces", hash32_view(&pieces), hmac_rows[i].hmac256);
    }
}

/* Keys around the block size, where hashing the key begins; answers from Python's hmac module. */
static void key_sizes(void)
{
    static const struct {
        size_t size;
        const char *hmac256, *hmac512;
    } rows[] = {
        {0, "eb08c1f56d5ddee07f7bdf80468083da06b64cf4fac64fe3a90883df5feacae4",
         "08fce52f6395d59c2a3fb8abb281d74ad6f112b9a9c787bcea290d94dadbc82b2ca3e5e12bf2277c7fedbb015"
         "4d5493e41bb7459f63c8e39554ea3651b812492"},
        {63, "e27efa30bcbfbc25b4d936ffd8553392f398eb2edada1dac2423a961af0c305b",
         "78f83329bc1cccd791e6c1e029236d42e9cbf8ee0bc7ccde3d4973ae0ed5c99b59234e3282199afee72c1619c"
         "a12a50dc68d9b43a8a8d57950e3aa1adc67dc26"},
        {64, "890f3a16e0ca0aaa3bf180f70fa8e3970b3fd6505e98fde157988dcc19d1685c",
         "4cd1b806ed0ebdc4b8f139a81d082c39c54ce770f16d2726bc0555af4f818a52a979a576c3be4bb836a6de134"
         "ef985be1524b202dde3f5037f20cf4b07988470"},
        {65, "0c256505306af48015530c139bb7add5ad7a6a9291cd511278a067e765816fbd",
         "82ce6d725390e57cf263470bb911690d1129c25ed77ee8621e41d6c536d1b79dd8367655bf4ae33b7d119711f"
         "2cedae547a927897586b7ece10306dbe0181b5e"},
        {127, "6aceb848646fba1a13df8b0beb2bf30dd7d4f69690d62e516e3545dbb0c4b057",
         "20c981404194ef93f3fa73cbee676c971a7a45272f4990b56eab3c3f55f4d0cb207bd6fca33cb10756eec1b1a"
         "54ab1b6ed8ecdddae00440f617d56d95f15ff3a"},
        {128, "a1c1f063bb735c543c0ae6f7337601029f26e4622c4bc0da64151605b384301e",
         "805f06d4d6d9c923f1a7efd79ca62a1478d7c4e894197141c86ff559583f500e6c2c704f9dd8c308a9e28e355"
         "37b5a8991d8ae7decbd1d3da1807a1c7c45ea55"},
        {129, "c86a40471f8eefc36a72313a3945543cf3b9e084052e6029ceb69204938f5000",
         "45fbc89230c41637233ee17b490378762bbbf97f33ca184570a79d3bd33ec952313f97605c20aa4b2ca01760f"
         "e03f3f454cd03db86acb45ec652fb97c66a4878"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[200];
        runner_row_at("key of bytes", rows[i].size);
        memset(memory, 'k', sizeof memory);
        const hash32 small = hmac_sha256(slice_of(memory, rows[i].size), slice_text("message"));
        const hash64 large = hmac_sha512(slice_of(memory, rows[i].size), slice_text("message"));
        expect_hex("hmac_sha256", hash32_view(&small), rows[i].hmac256);
        expect_hex("hmac_sha512", slice_of(large.bytes, sizeof large.bytes), rows[i].hmac512);
    }
}

/* RFC 5869, appendix A.1 to A.3. */
static const struct {
    const char *name, *secret, *salt, *info, *pseudorandom_key, *output;
} hkdf_rows[] = {
    {"A.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"A.2, longer inputs",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2"
     "e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8"
     "e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddd"
     "edf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590"
     "e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"A.3, no salt, no info", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void hkdf(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(hkdf_rows); i++) {
        struct secret32 pseudorandom_key;
        struct hmac_sha256_key key;
        uint8_t output[128];
        runner_row(hkdf_rows[i].name);
        hkdf_sha256_extract(runner_hex(hkdf_rows[i].salt), runner_hex(hkdf_rows[i].secret),
                            &pseudorandom_key);
        const slice extracted = slice_of(pseudorandom_key.bytes, sizeof pseudorandom_key.bytes);
        expect_hex("extract", extracted, hkdf_rows[i].pseudorandom_key);
        hmac_sha256_key_init(&key, extracted);
        const size_t size = strlen(hkdf_rows[i].output) / 2;
        hkdf_sha256_expand(&key, runner_hex(hkdf_rows[i].info), output, size);
        expect_hex("expand", slice_of(output, size), hkdf_rows[i].output);
    }
}

static void longest_expansion(void)
{
    static uint8_t longest[HKDF_SHA256_SIZE_MAX], shorter[HKDF_SHA256_SIZE_MAX - 1];
    struct hmac_sha256_key key;
    hmac_sha256_key_init(&key, slice_text("pseudorandom key"));
    hkdf_sha256_expand(&key, slice_text("info"), longest, sizeof longest);
    hkdf_sha256_expand(&key, slice_text("info"), shorter, sizeof shorter);
    expect_bytes("a shorter one is its beginning", slice_of(shorter, sizeof shorter),
                 slice_of(longest, sizeof shorter));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"hashes", hashes},
        {"pieces are the whole", pieces_are_the_whole},
        {"equality", equality},
        {"hmacs", hmacs},
        {"key sizes", key_sizes},
        {"hkdf", hkdf},
        {"longest expansion", longest_expansion},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
