/*
 * ctime: no branch and no memory index may depend on a secret.
 *
 * Secrets are marked as undefined memory; under valgrind's memcheck every branch or index that
 * depends on one is then an error. What remains allowed are decisions that are public anyway:
 * whether a key is one, whether a record opens, whether a text is hex. Each row says how many
 * such decisions its operation takes; one more fails it. A loop that branches on a secret's bytes
 * goes far beyond.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/secret.h"
#include "crypto/nonce.h"
#include "wallet/keygen.h"

static struct {
    struct k256 curve;
    struct aead aead;
    struct signer_rules rules;
    struct signer signer;
    struct secret32 data_key, private_key, one, two;
    uint8_t edk[184];
    uint8_t memory[1024];
    slice record;
    struct record account;
} made;

static void hide(const void *memory, size_t size)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, size);
}

static void show(const void *memory, size_t size)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(memory, size);
}

/* ---- operations; each hides its secrets and shows what comes out ---- */

static bool hex_write(void)
{
    uint8_t bytes[32] = {1, 0xab, 0xff}, text[64];
    struct builder builder;
    hide(bytes, sizeof bytes);
    builder_init(&builder, text, sizeof text);
    hex_put(&builder, slice_of(bytes, sizeof bytes));
    show(text, sizeof text);
    return slice_has_start(builder_view(&builder), slice_text("01abff00"));
}

static bool hex_parse(void)
{
    char text[65];
    uint8_t bytes[32];
    memcpy(text, "00112233445566778899aAbBcCdDeEfF00112233445566778899aAbBcCdDeEfF", 65);
    hide(text, 64);
    const status got = hex_read(slice_of(text, 64), bytes, sizeof bytes);
    show(&got, sizeof got);
    show(bytes, sizeof bytes);
    return status_is_ok(got) && bytes[31] == 0xff;
}

static bool base64_write(void)
{
    uint8_t bytes[32] = {0xfb, 0xff, 0x10}, text[44];
    struct builder builder;
    hide(bytes, sizeof bytes);
    builder_init(&builder, text, sizeof text);
    base64_put(&builder, slice_of(bytes, sizeof bytes));
    show(text, sizeof text);
    return slice_has_start(builder_view(&builder), slice_text("+/8Q"));
}

static bool base64_parse(void)
{
    char text[45];
    uint8_t bytes[32];
    struct builder builder;
    memcpy(text, "+/8QAAAAzz99AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 45);
    hide(text, 42); /* the end, where padding is looked for, says the size */
    builder_init(&builder, bytes, sizeof bytes);
    const status got = base64_put_decoded(&builder, slice_of(text, 44));
    show(&got, sizeof got);
    show(bytes, sizeof bytes);
    return status_is_ok(got) && bytes[0] == 0xfb;
}

static bool compare(void)
{
    struct secret32 a = made.one, b = made.one, c = made.two;
    hide(&a, sizeof a);
    hide(&b, sizeof b);
    hide(&c, sizeof c);
    const bool same = secret_equal(secret_expose(&a), secret_expose(&b));
    const bool other = secret_equal(secret_expose(&a), secret_expose(&c));
    show(&same, sizeof same);
    show(&other, sizeof other);
    return same && !other;
}

static bool public_key(void)
{
    struct secret32 key = made.private_key;
    k256_public_key point;
    hide(&key, sizeof key);
    const status got = k256_read_public_key(&made.curve, &key, &point);
    show(&got, sizeof got);
    show(&point, sizeof point);
    return status_is_ok(got) && address_equal(address_of(&point), made.account.address);
}

static bool sign(void)
{
    struct secret32 key = made.private_key;
    k256_signature signature;
    hide(&key, sizeof key);
    const status got = k256_sign(&made.curve, &key, sha256(slice_text("digest")), &signature);
    show(&got, sizeof got);
    return status_is_ok(got);
}

static bool tweak(void)
{
    struct secret32 key = made.private_key, one = made.one;
    hide(&key, sizeof key);
    hide(&one, sizeof one);
    const status got = k256_tweak_add(&made.curve, &key, &one);
    show(&got, sizeof got);
    return status_is_ok(got);
}

static bool open_curve(void)
{
    struct secret32 blinding = made.two;
    SCOPED(k256_close) struct k256 curve = {0};
    hide(&blinding, sizeof blinding);
    return status_is_ok(k256_open(&curve, &blinding));
}

/* Extra attempts, and a digest that is hidden too. */
static bool nonce(void)
{
    struct secret32 key = made.private_key, derived;
    struct nonce_terms terms = {.key = &key, .digest = sha256(slice_text("digest"))};
    hide(&key, sizeof key);
    hide(&terms.digest, sizeof terms.digest);
    nonce_derive(&terms, 2, &derived);
    return true;
}

static bool seal(void)
{
    struct secret32 key = made.private_key;
    struct data_key data_key;
    uint8_t memory[1024];
    struct builder output;
    slice record;
    data_key_init(&data_key, &made.data_key);
    hide(&key, sizeof key);
    hide(&data_key.key, sizeof data_key.key);
    builder_init(&output, memory, sizeof memory);
    const struct seal_secrets secrets = {&key, &data_key};
    const status got = seal_put(&made.account, &made.signer.tools, &secrets, &output, &record);
    show(&got, sizeof got);
    return status_is_ok(got);
}

static bool unseal(void)
{
    struct data_key data_key;
    struct secret32 opened;
    data_key_init(&data_key, &made.data_key);
    hide(&data_key.key, sizeof data_key.key);
    const status got = seal_open(&made.account, &made.signer.tools, &data_key, &opened);
    show(&got, sizeof got);
    show(&opened, sizeof opened);
    return status_is_ok(got) &&
           secret_equal(secret_expose(&opened), secret_expose(&made.private_key));
}

static bool create(void)
{
    struct secret32 one = made.one, two = made.two;
    struct data_key data_key;
    uint8_t memory[1024];
    struct builder output;
    struct keygen_account created;
    const struct keygen_request request = {
        .edk = made.account.edk, .nsm_random = &one, .kernel_random = &two, .salt = {7}};
    data_key_init(&data_key, &made.data_key);
    hide(&one, sizeof one);
    hide(&two, sizeof two);
    hide(&data_key.key, sizeof data_key.key);
    builder_init(&output, memory, sizeof memory);
    const status got = keygen_make(&made.signer, &request, &data_key, &output, &created);
    show(&got, sizeof got);
    return status_is_ok(got);
}

/* Made twice; the first recovery works on the signature, a public thing. */
static bool sign_message(void)
{
    struct signer_account account;
    struct intent intent;
    k256_signature signature;
    if (!status_is_ok(intent_read(INTENT_MESSAGE, slice_text("hello"), NULL, &intent)))
        return false;
    if (!status_is_ok(signer_read(&made.signer, made.record, made.account.account_id, &account))) {
        return false;
    }
    data_key_init(&account.data_key, &made.data_key);
    data_key_derive(&account.data_key, slice_part(made.record, 0, DATA_KEY_HEAD_SIZE));
    account.data_key.is_checked = true;
    hide(&account.data_key.key, sizeof account.data_key.key);
    hide(&account.data_key.aead_key, sizeof account.data_key.aead_key);
    hide(&account.data_key.nonce, sizeof account.data_key.nonce);
    hide(&account.data_key.commit, sizeof account.data_key.commit);
    const status got = signer_sign(&made.signer, &account, &intent, &signature);
    show(&got, sizeof got);
    return status_is_ok(got);
}

/* What the test is against: a branch for each byte. */
static bool leaky(void)
{
    struct secret32 a = made.one;
    volatile uint8_t sum = 0;
    hide(&a, sizeof a);
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        if (secret_expose(&a).bytes[i] == 7) sum++;
    }
    show(&a, sizeof a);
    return sum == 0;
}

static const struct {
    const char *name;
    bool (*run)(void);
    unsigned decision_count; /* at most */
    const char *decisions;
} rows[] = {
    {"hex_put", hex_write, 0, "none"},
    {"hex_read", hex_parse, 1, "all digits are hex"},
    {"base64_put", base64_write, 0, "none"},
    {"base64_put_decoded", base64_parse, 1, "all digits are of the alphabet"},
    {"secret_equal", compare, 0, "none"},
    {"k256_read_public_key", public_key, 1, "the key is one"},
    {"k256_sign", sign, 2, "the key is one; the nonce point's x is below the order"},
    {"k256_tweak_add", tweak, 1, "key and tweak give a key"},
    {"k256_open", open_curve, 0, "none"},
    {"nonce_derive", nonce, 0, "none"},
    {"seal_put", seal, 9,
     "no zeros; key; address; then opened: no zeros, commit, tag, start, key, same key"},
    {"seal_open", unseal, 5, "no zeros; commit; tag; plaintext's start; the key is one"},
    {"keygen_make", create, 14, "randomness 3; key 2; sealing 9"},
    {"signer_sign", sign_message, 15, "twice: opening 5, signing 2; both are the same"},
};

static bool open_all(void)
{
    k256_public_key point;
    struct data_key data_key;
    struct builder output;
    made.data_key = (struct secret32){{0xd0, 1, 2, 3}};
    made.private_key = (struct secret32){{0x11, 9, 8, 7}};
    made.one = (struct secret32){{1, 2, 3}};
    made.two = (struct secret32){{4, 5, 6}};
    made.rules = (struct signer_rules){.kms_key_count = 1};
    made.signer = (struct signer){&made.rules, {&made.curve, &made.aead}};
    if (!status_is_ok(k256_open(&made.curve, &made.one)) || !status_is_ok(aead_open(&made.aead)) ||
        !status_is_ok(k256_read_public_key(&made.curve, &made.private_key, &point))) {
        return false;
    }
    data_key_init(&data_key, &made.data_key);
    const struct seal_secrets secrets = {&made.private_key, &data_key};
    made.account = (struct record){
        .version = 1, .address = address_of(&point), .edk = slice_of(made.edk, sizeof made.edk)};
    builder_init(&output, made.memory, sizeof made.memory);
    return status_is_ok(
               seal_put(&made.account, &made.signer.tools, &secrets, &output, &made.record)) &&
           status_is_ok(record_read(made.record, &made.account));
}

int main(void)
{
    bool is_good = true;
    if (!RUNNING_ON_VALGRIND) {
        printf("this test says nothing outside valgrind\n");
        return 1;
    }
    if (!open_all()) {
        printf("the test's own record cannot be made\n");
        return 1;
    }
    unsigned count = VALGRIND_COUNT_ERRORS;
    if (!leaky() || VALGRIND_COUNT_ERRORS - count < sizeof made.one) {
        printf("FAIL: a branch on each byte of a secret was not seen\n");
        return 1;
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        count = VALGRIND_COUNT_ERRORS;
        const bool is_done = rows[i].run();
        count = VALGRIND_COUNT_ERRORS - count;
        const bool is_row_good = is_done && count <= rows[i].decision_count;
        printf("%-4s %s: %u decisions, %u allowed (%s)%s\n", is_row_good ? "ok" : "FAIL",
               rows[i].name, count, rows[i].decision_count, rows[i].decisions,
               is_done ? "" : "; it did not work");
        is_good &= is_row_good;
    }
    return is_good ? 0 : 1;
}
