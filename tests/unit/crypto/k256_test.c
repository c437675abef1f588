#include "crypto/k256.h"

#include <stdlib.h>
#include <string.h>

#include "runner.h"

/* The linker sends our own code's and libsecp256k1's allocations here (meson.build). */
static bool is_without_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return is_without_memory ? NULL : __real_malloc(size);
}

static const struct secret32 BLINDING = {{1, 2, 3}};

static struct secret32 secret_of(const char *digits)
{
    struct secret32 secret = {{0}};
    expect_ok("32 bytes", secret32_read(runner_hex(digits), &secret));
    return secret;
}

/*
 * RFC 6979 answers on this curve that Bitcoin implementations share (their published test tables;
 * the digest is SHA-256 of the text, s is made low).
 */
static const struct {
    const char *name, *key, *text, *r, *s;
} signatures[] = {
    {"key 1", "0000000000000000000000000000000000000000000000000000000000000001",
     "Satoshi Nakamoto", "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
     "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
    {"key 1, another text", "0000000000000000000000000000000000000000000000000000000000000001",
     "All those moments will be lost in time, like tears in rain. Time to die...",
     "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
     "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
    {"the largest key", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "Satoshi Nakamoto", "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
     "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
    {"some key", "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
     "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
     "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
};

static void known_signatures(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    for (size_t i = 0; i < ARRAY_COUNT(signatures); i++) {
        runner_row(signatures[i].name);
        const struct secret32 key = secret_of(signatures[i].key);
        const hash32 digest = sha256(slice_text(signatures[i].text));
        k256_signature signature;
        k256_public_key public_key, recovered;
        expect_ok("sign", k256_sign(&curve, &key, digest, &signature));
        expect_hex("r", slice_of(signature.r, 32), signatures[i].r);
        expect_hex("s", slice_of(signature.s, 32), signatures[i].s);
        expect_ok("public key", k256_read_public_key(&curve, &key, &public_key));
        expect_ok("recover", k256_recover(&curve, &signature, digest, &recovered));
        expect_bytes("the same key", slice_of(recovered.bytes, 64), slice_of(public_key.bytes, 64));
        signature.parity ^= 1;
        expect_ok("recover with the other parity",
                  k256_recover(&curve, &signature, digest, &recovered));
        expect_true("gives another key",
                    !slice_equal(slice_of(recovered.bytes, 64), slice_of(public_key.bytes, 64)));
    }
}

/* SEC 2, section 2.4.1: the base point is the public key of 1, and its negative that of n - 1. */
static const struct {
    const char *name, *key, *public_key, *refusal;
} keys[] = {
    {"zero", "0000000000000000000000000000000000000000000000000000000000000000", NULL,
     "k256: private key is zero or not below the order"},
    {"one", "0000000000000000000000000000000000000000000000000000000000000001",
     "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
     NULL},
    {"order less one", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777",
     NULL},
    {"order", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NULL,
     "k256: private key is zero or not below the order"},
    {"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NULL,
     "k256: private key is zero or not below the order"},
};

static void key_range(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        runner_row(keys[i].name);
        const struct secret32 key = secret_of(keys[i].key);
        const hash32 digest = {{7}};
        k256_public_key public_key;
        k256_signature signature;
        expect_outcome("check", k256_check_key(&curve, &key), keys[i].refusal);
        expect_outcome("sign", k256_sign(&curve, &key, digest, &signature), keys[i].refusal);
        expect_outcome("public key", k256_read_public_key(&curve, &key, &public_key),
                       keys[i].refusal);
        if (keys[i].public_key) {
            expect_hex("point", slice_of(public_key.bytes, 64), keys[i].public_key);
        }
    }
}

/* Each row changes a good signature in one way. */
static const struct {
    const char *name, *r, *s;
    uint8_t parity;
    const char *refusal;
} broken[] = {
    {"as made", NULL, NULL, 0, NULL},
    {"r is zero", "0000000000000000000000000000000000000000000000000000000000000000", NULL, 0,
     "k256: signature fits no key"},
    {"s is zero", NULL, "0000000000000000000000000000000000000000000000000000000000000000", 0,
     "k256: signature fits no key"},
    {"r is the order", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NULL, 0,
     "k256: r or s is not below the order"},
    {"s is the order", NULL, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 0,
     "k256: r or s is not below the order"},
    {"s is half the order", NULL,
     "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", 0, NULL},
    {"s is half the order and one", NULL,
     "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1", 0, "k256: s is not low"},
    {"parity 2", NULL, NULL, 2, "k256: parity must be 0 or 1"},
    /* 5 is not the x of a point: 5^3 + 7 has no square root. */
    {"r is no point's x", "0000000000000000000000000000000000000000000000000000000000000005", NULL,
     0, "k256: signature fits no key"},
};

static void broken_signatures(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    const struct secret32 key = {{9}};
    const hash32 digest = sha256(slice_text("digest"));
    k256_signature good;
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    expect_ok("sign", k256_sign(&curve, &key, digest, &good));
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        runner_row(broken[i].name);
        k256_signature signature = good;
        k256_public_key public_key;
        if (broken[i].r) memcpy(signature.r, runner_hex(broken[i].r).bytes, 32);
        if (broken[i].s) memcpy(signature.s, runner_hex(broken[i].s).bytes, 32);
        if (broken[i].parity) signature.parity = broken[i].parity;
        expect_outcome("recover", k256_recover(&curve, &signature, digest, &public_key),
                       broken[i].refusal);
    }
}

static void blinding_changes_no_result(void)
{
    SCOPED(k256_close) struct k256 one = {0}, other = {0};
    struct secret32 blinding, key;
    hash32 digest;
    runner_random(blinding.bytes, sizeof blinding.bytes);
    if (!expect_ok("one", k256_open(&one, &BLINDING))) return;
    if (!expect_ok("other", k256_open(&other, &blinding))) return;
    expect_true("two ways", !slice_equal(slice_of(one.first, sizeof one.first),
                                         slice_of(one.second, sizeof one.second)));
    for (size_t i = 0; i < 100; i++) {
        runner_row_at("random key", i);
        k256_signature a, b, c;
        uint8_t bytes_a[K256_SIGNATURE_SIZE], bytes_b[K256_SIGNATURE_SIZE];
        runner_random(key.bytes, sizeof key.bytes);
        runner_random(digest.bytes, sizeof digest.bytes);
        expect_ok("one", k256_sign(&one, &key, digest, &a));
        expect_ok("other", k256_sign(&other, &key, digest, &b));
        expect_ok("again", k256_sign_again(&one, &key, digest, &c));
        expect_true("the same on the second way", k256_signature_equal(&a, &c));
        k256_signature_write(&a, bytes_a);
        k256_signature_write(&b, bytes_b);
        expect_bytes("the same", slice_of(bytes_b, sizeof bytes_b),
                     slice_of(bytes_a, sizeof bytes_a));
    }
}

/* libsecp256k1 would stop the program where it finds no memory. */
static void without_memory(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    const struct secret32 key = {{9}};
    const hash32 digest = {{7}};
    k256_signature signature;
    k256_public_key public_key, recovered;
    is_without_memory = true;
    /* Through a volatile, or a compiler may leave the allocation out. */
    void *volatile const refused = malloc(1);
    const status opened = k256_open(&curve, &BLINDING);
    const status pointed = k256_read_public_key(&curve, &key, &public_key);
    const status signed_now = k256_sign(&curve, &key, digest, &signature);
    const status found = k256_recover(&curve, &signature, digest, &recovered);
    is_without_memory = false;
    expect_true("there is no memory", !refused);
    free(refused);
    expect_ok("open", opened);
    expect_ok("public key", pointed);
    expect_ok("sign", signed_now);
    expect_ok("recover", found);
    expect_bytes("the same key", slice_of(recovered.bytes, 64), slice_of(public_key.bytes, 64));
}

/*
 * What lies below the caller after a call is nothing of the key. Words are looked for, because
 * libsecp256k1 keeps scalars as such.
 */
enum { STACK_SIZE = 4 * SECRET_STACK_SIZE };
static uint8_t stack[STACK_SIZE];

__attribute__((noinline)) static void stack_copy(bool is_cleared)
{
    /* As it was left, also where the build clears what is declared. */
    volatile uint8_t below[STACK_SIZE] __attribute__((uninitialized));
    __asm__ volatile("" : "=m"(below)); /* the compiler is not to ask who wrote it */
    for (size_t i = 0; i < STACK_SIZE; i++) {
        if (is_cleared) below[i] = 0;
        stack[i] = below[i];
    }
}

static bool stack_has(const uint8_t *bytes, size_t size)
{
    return memmem(stack, sizeof stack, bytes, size) != NULL;
}

static status public_key_call(const struct k256 *curve, struct secret32 *key)
{
    k256_public_key public_key;
    return k256_read_public_key(curve, key, &public_key);
}

static status check_call(const struct k256 *curve, struct secret32 *key)
{
    return k256_check_key(curve, key);
}

static status sign_call(const struct k256 *curve, struct secret32 *key)
{
    k256_signature signature;
    const hash32 digest = {{7}};
    return k256_sign(curve, key, digest, &signature);
}

static status sign_again_call(const struct k256 *curve, struct secret32 *key)
{
    k256_signature signature;
    const hash32 digest = {{7}};
    return k256_sign_again(curve, key, digest, &signature);
}

static status tweak_call(const struct k256 *curve, struct secret32 *key)
{
    const struct secret32 tweak = {{1}};
    return k256_tweak_add(curve, key, &tweak);
}

static const struct {
    const char *name;
    status (*run)(const struct k256 *curve, struct secret32 *key);
} key_calls[] = {
    {"check", check_call},           {"public key", public_key_call}, {"sign", sign_call},
    {"sign again", sign_again_call}, {"tweak", tweak_call},
};

static void no_key_on_the_stack(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    struct secret32 key;
    uint8_t reversed[32];
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    /* Instrumented frames are several times as deep as those that secret_wipe_stack is made for. */
    runner_skip("a sanitizer lays the stack out in its own way");
    return;
#endif
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    for (size_t i = 0; i < ARRAY_COUNT(key_calls); i++) {
        runner_row(key_calls[i].name);
        runner_random(key.bytes, sizeof key.bytes);
        key.bytes[0] &= 0x7f;
        for (size_t k = 0; k < sizeof reversed; k++) reversed[k] = key.bytes[31 - k];
        stack_copy(true);
        const status got = key_calls[i].run(&curve, &key);
        stack_copy(false);
        expect_ok("call", got);
        expect_true("as bytes", !stack_has(key.bytes, 16) && !stack_has(key.bytes + 16, 16));
        expect_true("as words", !stack_has(reversed, 16) && !stack_has(reversed + 16, 16));
    }
}

static const struct {
    const char *name, *key, *tweak, *sum;
} tweaks[] = {
    {"one and one", "0000000000000000000000000000000000000000000000000000000000000001",
     "0000000000000000000000000000000000000000000000000000000000000001",
     "0000000000000000000000000000000000000000000000000000000000000002"},
    {"past the order", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "0000000000000000000000000000000000000000000000000000000000000002",
     "0000000000000000000000000000000000000000000000000000000000000001"},
    {"by zero", "0000000000000000000000000000000000000000000000000000000000000005",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "0000000000000000000000000000000000000000000000000000000000000005"},
    {"to zero", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
     "0000000000000000000000000000000000000000000000000000000000000001", NULL},
    {"by the order", "0000000000000000000000000000000000000000000000000000000000000005",
     "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NULL},
    {"no key", "0000000000000000000000000000000000000000000000000000000000000000",
     "0000000000000000000000000000000000000000000000000000000000000001", NULL},
};

static void tweaked_keys(void)
{
    SCOPED(k256_close) struct k256 curve = {0};
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    for (size_t i = 0; i < ARRAY_COUNT(tweaks); i++) {
        runner_row(tweaks[i].name);
        struct secret32 key = secret_of(tweaks[i].key);
        const struct secret32 tweak = secret_of(tweaks[i].tweak);
        expect_outcome("add", k256_tweak_add(&curve, &key, &tweak),
                       tweaks[i].sum ? NULL : "k256: key and tweak give no key");
        expect_hex("key", slice_of(key.bytes, sizeof key.bytes),
                   tweaks[i].sum ? tweaks[i].sum : tweaks[i].key);
    }
}

/* The base point and its negative, as SEC 2 compresses them. */
static void compressed_points(void)
{
    static const char *const wanted[] = {
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"};
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        runner_row(keys[1 + i].name);
        k256_public_key public_key;
        uint8_t bytes[K256_COMPRESSED_SIZE];
        memcpy(public_key.bytes, runner_hex(keys[1 + i].public_key).bytes, 64);
        k256_compress(&public_key, bytes);
        expect_hex("compressed", slice_of(bytes, sizeof bytes), wanted[i]);
    }
}

static void equal_signatures(void)
{
    k256_signature one, other;
    runner_random(&one, sizeof one);
    other = one;
    expect_true("the same", k256_signature_equal(&one, &other));
    for (size_t i = 0; i < sizeof one * 8; i++) {
        runner_row_at("bit", i);
        other = one;
        ((uint8_t *)&other)[i / 8] ^= (uint8_t)(1 << i % 8);
        expect_true("another", !k256_signature_equal(&one, &other));
    }
}

static void signature_bytes(void)
{
    uint8_t bytes[K256_SIGNATURE_SIZE + 1], again[K256_SIGNATURE_SIZE];
    k256_signature signature;
    runner_random(bytes, sizeof bytes);
    for (uint8_t parity = 0; parity <= 1; parity++) {
        bytes[64] = parity;
        expect_ok("read", k256_signature_read(slice_of(bytes, K256_SIGNATURE_SIZE), &signature));
        expect_u64("parity", signature.parity, parity);
        k256_signature_write(&signature, again);
        expect_bytes("written", slice_of(again, sizeof again),
                     slice_of(bytes, K256_SIGNATURE_SIZE));
    }
    expect_refused("one byte more", k256_signature_read(slice_of(bytes, 66), &signature),
                   "k256: signature must be 65 bytes");
    expect_refused("one byte less", k256_signature_read(slice_of(bytes, 64), &signature),
                   "k256: signature must be 65 bytes");
    bytes[64] = 2;
    expect_refused("parity 2", k256_signature_read(slice_of(bytes, 65), &signature),
                   "k256: parity must be 0 or 1");
}

static void closing(void)
{
    struct k256 curve = {0};
    k256_close(&curve);
    if (!expect_ok("open", k256_open(&curve, &BLINDING))) return;
    k256_close(&curve);
    const struct k256 closed = {0};
    expect_bytes("wiped", slice_of(curve.first, sizeof curve.first),
                 slice_of(closed.first, sizeof closed.first));
    expect_bytes("both", slice_of(curve.second, sizeof curve.second),
                 slice_of(closed.second, sizeof closed.second));
    k256_close(&curve);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known signatures", known_signatures},
        {"key range", key_range},
        {"broken signatures", broken_signatures},
        {"blinding changes no result", blinding_changes_no_result},
        {"without memory", without_memory},
        {"no key on the stack", no_key_on_the_stack},
        {"tweaked keys", tweaked_keys},
        {"compressed points", compressed_points},
        {"equal signatures", equal_signatures},
        {"signature bytes", signature_bytes},
        {"closing", closing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
