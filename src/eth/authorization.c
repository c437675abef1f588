#include "eth/authorization.h"

#include "eth/chains.h"
#include "eth/keccak.h"
#include "eth/rlp.h"
#include "eth/u256.h"

enum {
    MAGIC = 0x05, /* EIP-7702's first byte; no transaction type may ever have it */
    DIGEST_INPUT_SIZE_MAX = 64,
};

/* secp256k1's order n, and floor(n / 2), the largest s that EIP-2 allows. */
static const u256 ORDER = {{UINT64_C(0xbfd25e8cd0364141), UINT64_C(0xbaaedce6af48a03b),
                            UINT64_C(0xfffffffffffffffe), UINT64_C(0xffffffffffffffff)}};
static const u256 HALF_ORDER = {{UINT64_C(0xdfe92f46681b20a0), UINT64_C(0x5d576e7357a4501d),
                                 UINT64_C(0xffffffffffffffff), UINT64_C(0x7fffffffffffffff)}};

hash32 authorization_digest(const struct authorization *authorization)
{
    uint8_t memory[DIGEST_INPUT_SIZE_MAX];
    struct builder input;
    builder_init(&input, memory, sizeof memory);
    builder_put_u8(&input, MAGIC);
    const size_t start = rlp_put_list_open(&input);
    rlp_put_u64(&input, authorization->chain_id);
    rlp_put_string(&input, slice_of(authorization->address.bytes, ADDRESS_SIZE));
    rlp_put_u64(&input, authorization->nonce);
    rlp_put_list_close(&input, start);
    return keccak_hash(builder_view(&input));
}

status authorization_check(const struct authorization *authorization,
                           const k256_signature *signature)
{
    const u256 r = u256_read_word(signature->r), s = u256_read_word(signature->s);
    REQUIRE(authorization->chain_id != 0, BAD_INPUT,
            "authorization: chain id 0 is valid on every chain");
    REQUIRE(authorization->chain_id <= CHAINS_ID_MAX, BAD_INPUT,
            "authorization: chain id is too large");
    REQUIRE(authorization->nonce != UINT64_MAX, BAD_INPUT, "authorization: nonce is too large");
    REQUIRE(signature->parity <= 1, BAD_INPUT, "authorization: y parity must be 0 or 1");
    REQUIRE(!u256_is_zero(r) && u256_compare(r, ORDER) < 0, BAD_INPUT,
            "authorization: r is not within the curve's order");
    REQUIRE(!u256_is_zero(s), BAD_INPUT, "authorization: s must not be zero");
    REQUIRE(u256_compare(s, HALF_ORDER) <= 0, BAD_INPUT, "authorization: s must be the low one");
    return status_ok();
}

static status take_signature(slice *items, k256_signature *signature)
{
    u256 r, s;
    uint64_t parity;
    TRY(rlp_take_u64(items, &parity));
    TRY(rlp_take_u256(items, &r));
    TRY(rlp_take_u256(items, &s));
    /* A parity that one byte cannot hold is refused like any other that is not 0 or 1. */
    signature->parity = parity > UINT8_MAX ? UINT8_MAX : (uint8_t)parity;
    u256_write_word(r, signature->r);
    u256_write_word(s, signature->s);
    return status_ok();
}

status authorization_take(slice *list, struct authorization *authorization,
                          k256_signature *signature)
{
    slice rest = *list, items;
    struct authorization taken;
    k256_signature taken_signature;
    TRY(rlp_take_list(&rest, &items));
    TRY(rlp_take_u64(&items, &taken.chain_id));
    TRY(rlp_take_bytes(&items, ADDRESS_SIZE, taken.address.bytes));
    TRY(rlp_take_u64(&items, &taken.nonce));
    TRY(take_signature(&items, &taken_signature));
    TRY(rlp_expect_end(items));
    TRY(authorization_check(&taken, &taken_signature));
    *list = rest;
    *authorization = taken;
    *signature = taken_signature;
    return status_ok();
}

void authorization_put(struct builder *list, const struct authorization *authorization,
                       const k256_signature *signature)
{
    const size_t start = rlp_put_list_open(list);
    rlp_put_u64(list, authorization->chain_id);
    rlp_put_string(list, slice_of(authorization->address.bytes, ADDRESS_SIZE));
    rlp_put_u64(list, authorization->nonce);
    rlp_put_u64(list, signature->parity);
    rlp_put_u256(list, u256_read_word(signature->r));
    rlp_put_u256(list, u256_read_word(signature->s));
    rlp_put_list_close(list, start);
}

status authorization_check_list(slice list)
{
    size_t count = 0;
    REQUIRE(list.size > 0, BAD_INPUT, "tx: authorization list must not be empty");
    for (; list.size > 0; count++) {
        struct authorization authorization;
        k256_signature signature;
        REQUIRE(count < AUTHORIZATION_COUNT_MAX, BAD_INPUT,
                "tx: authorization list has too many entries");
        TRY(authorization_take(&list, &authorization, &signature));
    }
    return status_ok();
}
