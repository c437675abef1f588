#include "eth/keccak.h"

#include <string.h>

#include "runner.h"

/*
 * The Keccak team's KeccakKAT (ShortMsgKAT_256: sizes 0, 8 and 16 bits), the Yellow Paper's empty
 * string, and Ethereum's well-known selectors and topics.
 */
static const struct {
    const char *name, *text, *hash;
} texts[] = {
    {"empty", "", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
    {"abc", "abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
    {"transfer event", "Transfer(address,address,uint256)",
     "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
    {"domain type",
     "EIP712Domain(string name,string version,uint256 chainId,address "
     "verifyingContract)",
     "8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f"},
    {"fox", "The quick brown fox jumps over the lazy dog",
     "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
};

static void known_answers(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        runner_row(texts[i].name);
        const hash32 hash = keccak_hash(slice_text(texts[i].text));
        expect_hex("hash", hash32_view(&hash), texts[i].hash);
    }
}

/* The byte 'a' repeated around the block's size, by @noble/hashes 1.3.2 (inside ethers 6). */
static const struct {
    size_t size;
    const char *hash;
} sizes[] = {
    {1, "3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb"},
    {135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
    {136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
    {137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"},
    {271, "132f47effd6c8b1b299efa53fe68aece77ec8ae4eb2e294f668eec94f76001e1"},
    {272, "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"},
    {273, "5a7b8187d2778e614097fac3097573de1fee4d972304d3360796a857029bb176"},
    {300, "5b7e0e47a96f32a88b4f14ca177982790807c40e1a105742ba0fc1babe1ef826"},
};

static void block_boundaries(void)
{
    uint8_t bytes[300];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row_at("size", sizes[i].size);
        const hash32 hash = keccak_hash(slice_of(bytes, sizes[i].size));
        expect_hex("hash", hash32_view(&hash), sizes[i].hash);
    }
}

/* However a text is cut, its hash is the same. */
static void pieces(void)
{
    uint8_t bytes[500];
    runner_random(bytes, sizeof bytes);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct keccak keccak;
        slice rest = slice_of(bytes, size);
        const hash32 whole = keccak_hash(rest);
        runner_row_at("size", size);
        keccak_init(&keccak);
        while (rest.size > 0) {
            const size_t piece_size = runner_random_u64() % (rest.size + 1);
            keccak_put(&keccak, slice_part(rest, 0, piece_size));
            rest = slice_part(rest, piece_size, rest.size);
        }
        const hash32 pieced = keccak_finish(&keccak);
        expect_bytes("hash", hash32_view(&pieced), hash32_view(&whole));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"block boundaries", block_boundaries},
        {"pieces", pieces},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
