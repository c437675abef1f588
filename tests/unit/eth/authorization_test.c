#include "eth/authorization.h"

#include <string.h>

#include "eth/rlp.h"
#include "eth/u256.h"
#include "runner.h"

/* viem's hashAuthorization. */
static void digests(void)
{
    struct authorization authorization = {.chain_id = 1, .nonce = 8};
    memcpy(authorization.address.bytes,
           runner_hex("63c0c19a282a1b52b07dd5a65b58948a07dae32b").bytes, ADDRESS_SIZE);
    hash32 digest = authorization_digest(&authorization);
    expect_hex("digest", hash32_view(&digest),
               "4e05c63e7d90f9bdaf7aa856670f252401253d41354ae82896258eca6c1a53b1");
    authorization = (struct authorization){0};
    digest = authorization_digest(&authorization);
    expect_hex("digest of nothing", hash32_view(&digest),
               "47a11722d19dd800b7c679d90322b58f77db7465a9e9d3442aadfcade4121b7d");
}

static const struct {
    const char *name;
    uint64_t chain_id, nonce;
    uint8_t parity;
    const char *r, *s, *refusal;
} rows[] = {
    {"as it is", 1, 0, 0, "1", "1", NULL},
    {"chain id zero", 0, 0, 0, "1", "1", "authorization: chain id 0 is valid on every chain"},
    {"largest chain id", UINT64_C(9223372036854775771), 0, 0, "1", "1", NULL},
    {"chain id too large", UINT64_C(9223372036854775772), 0, 0, "1", "1",
     "authorization: chain id is too large"},
    {"largest nonce", 1, UINT64_MAX - 1, 0, "1", "1", NULL},
    {"nonce too large", 1, UINT64_MAX, 0, "1", "1", "authorization: nonce is too large"},
    {"parity 1", 1, 0, 1, "1", "1", NULL},
    {"parity 2", 1, 0, 2, "1", "1", "authorization: y parity must be 0 or 1"},
    {"parity 255", 1, 0, 255, "1", "1", "authorization: y parity must be 0 or 1"},
    {"r zero", 1, 0, 0, "0", "1", "authorization: r is not within the curve's order"},
    {"r below the order", 1, 0, 0,
     "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "1", NULL},
    {"r the order", 1, 0, 0, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
     "1", "authorization: r is not within the curve's order"},
    {"s zero", 1, 0, 0, "1", "0", "authorization: s must not be zero"},
    {"s half the order", 1, 0, 0, "1",
     "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", NULL},
    {"s above half the order", 1, 0, 0, "1",
     "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1",
     "authorization: s must be the low one"},
};

/* A number of few or 64 digits as a word. */
static void write_word(const char *digits, uint8_t word[32])
{
    if (digits[1] == 0) {
        u256_write_word(u256_of((uint64_t)(digits[0] - '0')), word);
        return;
    }
    memcpy(word, runner_hex(digits).bytes, 32);
}

static void rules(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct authorization authorization = {.chain_id = rows[i].chain_id,
                                                    .nonce = rows[i].nonce};
        k256_signature signature = {.parity = rows[i].parity};
        runner_row(rows[i].name);
        write_word(rows[i].r, signature.r);
        write_word(rows[i].s, signature.s);
        expect_outcome("check", authorization_check(&authorization, &signature), rows[i].refusal);
        /* In a list, too, and what is taken is what was put. */
        uint8_t memory[256];
        struct builder list;
        struct authorization taken = {0};
        k256_signature taken_signature = {{0}, {0}, 0};
        builder_init(&list, memory, sizeof memory);
        authorization_put(&list, &authorization, &signature);
        slice rest = builder_view(&list);
        expect_outcome("take", authorization_take(&rest, &taken, &taken_signature),
                       rows[i].refusal);
        if (rows[i].refusal) {
            expect_u64("nothing is taken", rest.size, builder_view(&list).size);
            continue;
        }
        expect_u64("all is taken", rest.size, 0);
        expect_u64("chain id", taken.chain_id, authorization.chain_id);
        expect_u64("nonce", taken.nonce, authorization.nonce);
        expect_bytes("r", slice_of(taken_signature.r, 32), slice_of(signature.r, 32));
        expect_bytes("s", slice_of(taken_signature.s, 32), slice_of(signature.s, 32));
        expect_u64("parity", taken_signature.parity, signature.parity);
    }
}

static const struct {
    const char *name, *list, *refusal;
} lists[] = {
    {"empty", "", "tx: authorization list must not be empty"},
    {"a string", "01", "rlp: a string stands where a list belongs"},
    {"an empty entry", "c0", "rlp: an item is missing"},
    {"address of 19 bytes", "d8 01 93c0c19a282a1b52b07dd5a65b58948a07dae32b 08 80 01 01",
     "rlp: string has the wrong size"},
    {"parity of two bytes", "dc 01 9463c0c19a282a1b52b07dd5a65b58948a07dae32b 08 820100 01 01",
     "authorization: y parity must be 0 or 1"},
    {"without s", "d9 01 9463c0c19a282a1b52b07dd5a65b58948a07dae32b 08 80 01",
     "rlp: an item is missing"},
    {"something more", "db 01 9463c0c19a282a1b52b07dd5a65b58948a07dae32b 08 80 01 01 80",
     "rlp: bytes follow the last item"},
    {"well formed", "da 01 9463c0c19a282a1b52b07dd5a65b58948a07dae32b 08 80 01 01", NULL},
};

static void list_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        runner_row(lists[i].name);
        expect_outcome("check", authorization_check_list(runner_hex(lists[i].list)),
                       lists[i].refusal);
    }
}

static void counts(void)
{
    static uint8_t memory[64 * 1024];
    const struct authorization authorization = {.chain_id = 1};
    const k256_signature signature = {.r = {[31] = 1}, .s = {[31] = 1}};
    struct builder list;
    builder_init(&list, memory, sizeof memory);
    for (size_t i = 0; i < AUTHORIZATION_COUNT_MAX; i++) {
        authorization_put(&list, &authorization, &signature);
    }
    expect_ok("1024", authorization_check_list(builder_view(&list)));
    authorization_put(&list, &authorization, &signature);
    expect_refused("1025", authorization_check_list(builder_view(&list)),
                   "tx: authorization list has too many entries");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"digests", digests}, {"rules", rules}, {"lists", list_rows}, {"counts", counts}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
