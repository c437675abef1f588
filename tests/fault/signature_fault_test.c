/*
 * One fault in the making of a signature: each value on the way, in each pass, with a bit flipped.
 * The linker sends the calls between the rooms' objects through here (meson.build), so that the code
 * is the shipped one. With deterministic nonces a single wrong signature can give a key away: what
 * `verification` says must not leave is refused, fatally, and the caller's memory untouched.
 */
#include <string.h>

#include "crypto/k256.h"
#include "crypto/nonce.h"
#include "runner.h"
#include "wallet/signer.h"

enum { PASS_COUNT = 2, FLIP_COUNT = 24, CONTEXT_SIZE = 160 };

enum target {
    NOTHING,
    OPENED_KEY, /* the buffer that the record's key was opened into */
    OTHER_KEY,  /* another good key in its place */
    KEY,        /* on its way into the curve */
    DIGEST,
    CURVE, /* the multiplication: the context with its blinding */
    NONCE,
    R,
    S,
    PARITY,
    AEAD_KEY, /* what the data key gave for this record */
    AEAD_NONCE,
    COMMIT,
};

/* Flips bit `bit` of `target` in pass `pass`; in both when `pass` is PASS_COUNT. */
static struct {
    enum target target;
    size_t pass, bit;
    size_t opened, signed_count; /* passes begun */
    size_t now;                  /* the pass of the nonce */
} fault;

static bool hits(enum target target, size_t pass)
{
    return fault.target == target && (fault.pass == pass || fault.pass == PASS_COUNT);
}

static void flip(void *memory, size_t size)
{
    ((uint8_t *)memory)[fault.bit / 8 % size] ^= (uint8_t)(1u << fault.bit % 8);
}

status __real_seal_open(const struct record *record, const struct seal_tools *tools,
                        struct data_key *data_key, struct secret32 *private_key);
status __wrap_seal_open(const struct record *record, const struct seal_tools *tools,
                        struct data_key *data_key, struct secret32 *private_key);
status __wrap_seal_open(const struct record *record, const struct seal_tools *tools,
                        struct data_key *data_key, struct secret32 *private_key)
{
    const size_t pass = fault.opened++;
    if (hits(AEAD_KEY, pass)) flip(&data_key->aead_key, sizeof data_key->aead_key);
    if (hits(AEAD_NONCE, pass)) flip(&data_key->nonce, sizeof data_key->nonce);
    if (hits(COMMIT, pass)) flip(data_key->commit, sizeof data_key->commit);
    TRY(__real_seal_open(record, tools, data_key, private_key));
    if (hits(OPENED_KEY, pass)) flip(private_key, sizeof *private_key);
    if (hits(OTHER_KEY, pass)) memset(private_key, 7, sizeof *private_key);
    return status_ok();
}

typedef status signing(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                       k256_signature *signature);

static status sign_with_fault(signing *real, const struct k256 *curve, const struct secret32 *key,
                              hash32 digest, k256_signature *signature)
{
    struct k256 used_curve = *curve;
    struct secret32 used_key = *key;
    const size_t pass = fault.now = fault.signed_count++;
    if (hits(CURVE, pass)) {
        /* The context starts with a flag, the blinding scalar and the point that takes it back. */
        flip(pass == 0 ? used_curve.first : used_curve.second, CONTEXT_SIZE);
    }
    if (hits(KEY, pass)) flip(&used_key, sizeof used_key);
    if (hits(DIGEST, pass)) flip(&digest, sizeof digest);
    k256_signature made;
    TRY(real(&used_curve, &used_key, digest, &made));
    if (hits(R, pass)) flip(made.r, sizeof made.r);
    if (hits(S, pass)) flip(made.s, sizeof made.s);
    if (hits(PARITY, pass)) made.parity ^= 1;
    *signature = made;
    return status_ok();
}

signing __real_k256_sign, __wrap_k256_sign, __real_k256_sign_again, __wrap_k256_sign_again;

status __wrap_k256_sign(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                        k256_signature *signature)
{
    return sign_with_fault(__real_k256_sign, curve, key, digest, signature);
}

status __wrap_k256_sign_again(const struct k256 *curve, const struct secret32 *key, hash32 digest,
                              k256_signature *signature)
{
    return sign_with_fault(__real_k256_sign_again, curve, key, digest, signature);
}

void __real_nonce_derive(const struct nonce_terms *terms, unsigned attempt, struct secret32 *nonce);
void __wrap_nonce_derive(const struct nonce_terms *terms, unsigned attempt, struct secret32 *nonce);
void __wrap_nonce_derive(const struct nonce_terms *terms, unsigned attempt, struct secret32 *nonce)
{
    __real_nonce_derive(terms, attempt, nonce);
    if (hits(NONCE, fault.now)) flip(nonce, sizeof *nonce);
}

/* ---- one account, and what signing for it comes to ---- */

static struct {
    struct k256 curve;
    struct aead aead;
    struct arena arena;
    struct signer_rules rules;
    struct signer signer;
    struct secret32 data_key, private_key;
    uint8_t memory[1024], edk[184];
    slice record;
    hash32 account_id;
    k256_signature good;
} made;

static bool open_all(void)
{
    static const struct secret32 blinding = {{1}};
    struct builder output;
    struct data_key data_key;
    k256_public_key public_key;
    memset(&made, 0, sizeof made);
    made.data_key = (struct secret32){{0xd0, 1, 2, 3}};
    made.private_key = (struct secret32){{0x11, 9, 8, 7}};
    made.rules = (struct signer_rules){.kms_key_count = 1};
    made.signer = (struct signer){&made.rules, {&made.curve, &made.aead}};
    if (!expect_ok("curve", k256_open(&made.curve, &blinding)) ||
        !expect_ok("aead", aead_open(&made.aead)) ||
        !expect_ok("arena", arena_open(&made.arena, 1 << 16)) ||
        !expect_ok("key", k256_read_public_key(&made.curve, &made.private_key, &public_key))) {
        return false;
    }
    const struct record record = {.version = 1,
                                  .address = address_of(&public_key),
                                  .salt = {3},
                                  .edk = slice_of(made.edk, sizeof made.edk)};
    data_key_init(&data_key, &made.data_key);
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    builder_init(&output, made.memory, sizeof made.memory);
    return expect_ok("seal",
                     seal_put(&record, &made.signer.tools, &secrets, &output, &made.record));
}

static void close_all(void)
{
    arena_close(&made.arena);
    aead_close(&made.aead);
    k256_close(&made.curve);
}

/* Signs with an account of which the data key has been used before, or not. */
static status sign(bool is_checked, k256_signature *signature)
{
    struct signer_account account = {0};
    struct intent intent;
    fault.opened = fault.signed_count = 0;
    TRY(signer_read(&made.signer, made.record, made.account_id, &account));
    data_key_init(&account.data_key, &made.data_key);
    data_key_derive(&account.data_key, account.record.head);
    account.data_key.is_checked = is_checked;
    TRY(intent_read(INTENT_MESSAGE, slice_text("a message"), &made.arena, &intent));
    const status got = signer_sign(&made.signer, &account, &intent, signature);
    arena_empty(&made.arena);
    signer_account_wipe(&account);
    return got;
}

/* Which fault is caught by what: the table of docs/THREATS.md. */
static const struct {
    const char *name;
    enum target target;
    bool is_seen_twice, is_seen_recover, is_seen_off;
    bool is_refused_as_damaged; /* in the first pass: nothing was signed, so it is not fatal */
    bool is_harmless_at_times;  /* the bit may not matter, or the call refuse by itself */
} rows[] = {
    {"opened key", OPENED_KEY, true, true, false, false, false},
    {"another key", OTHER_KEY, true, true, false, false, false},
    {"key on its way", KEY, true, true, false, false, false},
    {"digest", DIGEST, true, true, false, false, false},
    {"multiplication", CURVE, true, true, false, false, true},
    {"nonce", NONCE, true, false, false, false, false},
    {"r", R, true, true, false, false, false},
    {"s", S, true, true, false, false, false},
    {"parity", PARITY, true, true, false, false, false},
    {"derived key", AEAD_KEY, true, true, true, true, false},
    {"derived nonce", AEAD_NONCE, true, true, true, true, false},
    {"commit", COMMIT, true, true, true, true, false},
};

static void expect_row(size_t i, bool is_seen)
{
    k256_signature signature = {{0}, {0}, 9};
    const status got = sign(true, &signature);
    const bool is_good = status_is_ok(got) && k256_signature_equal(&signature, &made.good);
    if (is_seen && !(rows[i].is_harmless_at_times && is_good)) {
        expect_true("refused", !status_is_ok(got));
        expect_u64("nothing left", signature.parity, 9);
        if (!rows[i].is_refused_as_damaged && !rows[i].is_harmless_at_times) {
            expect_true("fatal", signer_is_fatal(got));
        }
    } else if (!is_seen && !rows[i].is_harmless_at_times) {
        /* What the other ways are for. */
        expect_true("leaves, and is wrong", status_is_ok(got) && !is_good);
    }
}

static void each_fault(enum signer_verification verification, size_t pass_count)
{
    if (!open_all()) return;
    fault.target = NOTHING;
    made.rules.verification = verification;
    expect_ok("without a fault", sign(true, &made.good));
    expect_u64("passes", fault.signed_count, pass_count);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const bool is_seen = verification == SIGNER_TWICE     ? rows[i].is_seen_twice
                             : verification == SIGNER_RECOVER ? rows[i].is_seen_recover
                                                              : rows[i].is_seen_off;
        for (fault.pass = 0; fault.pass < pass_count; fault.pass++) {
            for (size_t k = 0; k < FLIP_COUNT; k++) {
                fault.target = rows[i].target;
                fault.bit = (size_t)(runner_random_u64() >> 40);
                expect_row(i, is_seen);
            }
        }
    }
    close_all();
}

static void twice(void)
{
    each_fault(SIGNER_TWICE, 2);
}

static void recovered(void)
{
    each_fault(SIGNER_RECOVER, 1);
}

static void not_verified(void)
{
    each_fault(SIGNER_OFF, 1);
}

/* A fault that both passes share is one of the machine, and shows the first time a key is used. */
static void in_both_passes(void)
{
    static const enum target targets[] = {KEY, R, S, PARITY};
    if (!open_all()) return;
    fault.target = NOTHING;
    expect_ok("without a fault", sign(false, &made.good));
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++) {
        runner_row_at("target", i);
        fault.target = targets[i];
        fault.pass = PASS_COUNT;
        for (fault.bit = 0; fault.bit < FLIP_COUNT; fault.bit++) {
            k256_signature signature = {{0}, {0}, 9};
            expect_true("fatal", signer_is_fatal(sign(false, &signature)));
            expect_u64("nothing left", signature.parity, 9);
        }
    }
    close_all();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"twice", twice},
        {"recovered", recovered},
        {"not verified", not_verified},
        {"in both passes", in_both_passes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
