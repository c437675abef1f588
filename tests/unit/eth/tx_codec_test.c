#include "eth/tx_codec.h"

#include <string.h>

#include "base/arena.h"
#include "eth/authorization.h"
#include "eth/chains.h"
#include "eth/rlp.h"
#include "runner.h"

static const char FIRST_KEY[] = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
static const char FIRST_ADDRESS[] = "f39fd6e51aad88f6f4ce6ab8827279cfffb92266";

/* Unsigned bytes, signing hash, raw form and hash under FIRST_KEY, all by ethers 6. */
static const struct {
    const char *name, *unsigned_bytes, *signing_hash, *raw, *hash;
} known[] = {
    {"transfer", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0",
     "d7b59fc6472bfb3d75cbd75013d9ab8e4fdbb65116496cc8b3c621a3f0b89cfb",
     "02f862018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c001a056aa91eb27ab258b"
     "2a4a6ae017787cc3db60f4cb4cbc72f1d7f415c2a9f05ae9a052ac7c26ce00b7204816bc749df87f465e0420"
     "87c541331e7650604d61bf0fd1",
     "7edd6bbe1fe24a111a20438f12dc88cdbb4ef6f12048624da2a0b6c9a0852baf"},
    {"accessList",
     "02f8e483aa36a782012c843b9aca0085174876e80082ea609470997970c51812dc3a010c7d01b50e0d17dc79"
     "c888ab54a98ceb1f0ad284deadbeeff8aad6940000000000000000000000000000000000000001c0f8599435"
     "35353535353535353535353535353535353535f842a000000000000000000000000000000000000000000000"
     "00000000000000000000a0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7"
     "943535353535353535353535353535353535353535e1a0000000000000000000000000000000000000000000"
     "0000000000000000000000",
     "b694401be58883975999c22670b323cded32698d3fb3ecb7acb4139f5cdd7e57",
     "02f9012783aa36a782012c843b9aca0085174876e80082ea609470997970c51812dc3a010c7d01b50e0d17dc"
     "79c888ab54a98ceb1f0ad284deadbeeff8aad6940000000000000000000000000000000000000001c0f85994"
     "3535353535353535353535353535353535353535f842a0000000000000000000000000000000000000000000"
     "0000000000000000000000a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "f7943535353535353535353535353535353535353535e1a00000000000000000000000000000000000000000"
     "00000000000000000000000080a056f2b2acaf0b8462cd0045a5ac26eed5b02547d2f313d30db9b8690e5371"
     "5650a027f3ddea1e6c14ef8568294e1dd980e42f2ad68cf8e808582e5a2df3a792267f",
     "6ff3dac85a5ec19927af5d144d445df932878401c631956ebf04773d0f7a96cf"},
    {"creation", "02ca818901808001808000c0",
     "30223dc45f294bcb7d4a87e9dd42b9ce8dbc4fd6b2277fe9bb284212e2c00f3d",
     "02f84d818901808001808000c080a0b308c0295c6f742af3e3c189f7156690b53e7ce85ea14b3070ba3b3cd1"
     "2bc31ba00ade91ea60c5ac98bbf535d16ea3a98a3eea7e9e9439905e628ee079303cc7f1",
     "6217e2063474bb25f9f4c839e5ccd51a468ab8981c7be96b8841e754899d006a"},
    {"zeroAddress", "df80018252089400000000000000000000000000000000000000000180018080",
     "9df26aa36eca9506be7a6aaa34fc7a28f285b0a2def38105baa955f44928e121",
     "f85f8001825208940000000000000000000000000000000000000000018026a0a5d35ea2d0f4c835548cfdda"
     "2d7f0c90d6c19a1bbc9157828732e52c1be56f5ea04d830e476ebf15608a2452575d77e1df4808066c724956"
     "e2ecc6f969f8d65c52",
     "2e90757129faa8d50c4b4df21f2270a0f5f586bccfad18318998d0a614c77ab0"},
    {"legacyCreation", "d37f80830186a080808560016002558205398080",
     "8c621a1212882d379acffe46b759d6257e00fb8a88d01b629ce3065f2d7175aa",
     "f8537f80830186a08080856001600255820a96a0772729a4237a17c1bb1d53f4eac09b28c5921fc54bb3afbd"
     "aea561a678948095a027fc94c700632de5cf05a4a3c36f31344f8578cc22b37e3460bf862db2e58893",
     "578d362f96a54495b9c36f8791407d9f21aa8f700d26b4d89df5964671f04448"},
    {"legacyLargestChain",
     "ed81808504a817c8008252089470997970c51812dc3a010c7d01b50e0d17dc79c80180887fffffffffffffdb"
     "8080",
     "6e954c6b2e812c031ca81560df4133be236051f43b9396e7bdaa0c44e70ea908",
     "f86c81808504a817c8008252089470997970c51812dc3a010c7d01b50e0d17dc79c8018088ffffffffffffff"
     "d9a001460d5feb9340233738328ca1a0a55df3db72ed0994960fa33c64575a28bf979f2031609b91680b471e"
     "ba06814c5b3df6816c20db49f4301f7b721579270fd4",
     "be83cb169ae8da36550bbf6f700f238f9b7eb0d21df15d3ae828e6ca9cb90520"},
    {"largest",
     "02f8c1887fffffffffffffdb871fffffffffffff983fffffffffffffffffffffffffffffffffffffffffffff"
     "ff983fffffffffffffffffffffffffffffffffffffffffffffff88ffffffffffffffff94ffffffffffffffff"
     "ffffffffffffffffffffffffa080000000000000000000000000000000000000000000000000000000000000"
     "00b83c0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000000000c0",
     "8e3d1a830cb8047ccf4dce16c5d754ce83902e85a774c2485c3fa8568001a534",
     "02f90103887fffffffffffffdb871fffffffffffff983fffffffffffffffffffffffffffffffffffffffffff"
     "ffff983fffffffffffffffffffffffffffffffffffffffffffffff88ffffffffffffffff94ffffffffffffff"
     "ffffffffffffffffffffffffffa0800000000000000000000000000000000000000000000000000000000000"
     "0000b83c00000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000c080a028a5662fb7999c0799c207ec687268e02b9fb26918"
     "de6cd47066b4d9e092fa2f9fb82bff2e54c7b95d14e65a8f68051bc3d09ed4878b727c4bb9e72425e82f61",
     "9f65be74740c8dd175a87ad7fd9fb0e28c57ecf9135d4254a1f7eb91c4274275"},
    {"accessListType",
     "01f87501098504a817c80082ea609470997970c51812dc3a010c7d01b50e0d17dc79c80782deadf84fd69400"
     "00000000000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a0"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "aec978a044b9e01f2b0f7d30dea5de086a78212c57aeaa807b01f030f8b42987",
     "01f8b801098504a817c80082ea609470997970c51812dc3a010c7d01b50e0d17dc79c80782deadf84fd69400"
     "00000000000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a0"
     "000000000000000000000000000000000000000000000000000000000000000080a03ba0dae52156184bec99"
     "9487175ab0e7728fc1dae62a41b89e0d58eaa22c45e9a0448e731300ed4139dd0e5c597df71b60602d3fdfe9"
     "81857a91b2e89aacbc35fb",
     "585191bb62cc179f777cba39685e424c7eb999c841bd9e4a29100da147678842"},
    {"accessListCreation", "01cd8189808082ea608080826001c0",
     "c90a0e2a092e907f4df0e277dcf57bb3c4a8714941bf959bd573d7cfb0468e17",
     "01f8508189808082ea608080826001c080a0ecfe7c4854a3be531dcbb2baf6437144282c3ceca20fe0b5083e"
     "9035b94b8adba04de2f429820f9fa82708737f78a26920971731ffa79d8019fa54e93027c1be5d",
     "5dd89aaea80b2befdcea63c29cebe543da103ce7217528bed071209250b50172"},
    {"blob",
     "03f8b90102018506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c88080f84fd6940000"
     "000000000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a000"
     "0000000000000000000000000000000000000000000000000000000000000005f842a001abababababababab"
     "abababababababababababababababababababababababa00100000000000000000000000000000000000000"
     "000000000000000000000000",
     "540a963b5fcbb3137be56370cded8a6672ed2c2a8e4a36d73b81f2518050af3a",
     "03f8fc0102018506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c88080f84fd6940000"
     "000000000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a000"
     "0000000000000000000000000000000000000000000000000000000000000005f842a001abababababababab"
     "abababababababababababababababababababababababa00100000000000000000000000000000000000000"
     "00000000000000000000000001a09ee82ff54b8203ad9a90f98d0bb6f8f9408cd8299052f217424131876b9b"
     "a23fa076354a53316c9d8c8e577183ea8cbff29b9875ce8b4af50a63c0224d1e9b0b0e",
     "906a285a91155a49b9a8c62dbe08527885551ff6baeb8742c12405a77e522eb2"},
    {"setCode",
     "04f87e01070102830186a094f39fd6e51aad88f6f4ce6ab8827279cfffb922668080c0f85cf85a019463c0c1"
     "9a282a1b52b07dd5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75703138d392"
     "a8df92dd413313b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cf",
     "62c06cdb16e20fca92c04bb7d263f7d31ba6914bfc041ee1f8308ed204ea9ed9",
     "04f8c101070102830186a094f39fd6e51aad88f6f4ce6ab8827279cfffb922668080c0f85cf85a019463c0c1"
     "9a282a1b52b07dd5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75703138d392"
     "a8df92dd413313b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cf01a0b5"
     "5f25b63983ac81f5f7e2cd77ae9ff90503fdc602abb01970e456842ef6f1b0a06d6572e9a2836d1efbc2406f"
     "8919ebb25dd0a75fdd3f89a4997cd45c1854fe53",
     "3713ee918e6cb7cd4c2e1818fb2541ea27e65debecaf44d01d7754ac62961809"},
    {"setCodeTwo",
     "04f9012a01070102830186a094f39fd6e51aad88f6f4ce6ab8827279cfffb922660100f84fd6940000000000"
     "000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a000000000"
     "00000000000000000000000000000000000000000000000000000000f8b8f85a019463c0c19a282a1b52b07d"
     "d5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75703138d392a8df92dd413313"
     "b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cff85a0a94000000000000"
     "00000000000000000000000000008080a04a40fab57864d1a0c8f80569bc006f0f81fbc2e938fe8776165cac"
     "a33378c280a0187903bfd2ee35b9d55d78194dfdf53554d468c5de543ad65772ab8c8dfb3f1e",
     "543cc2f70e17152ba61f0415fbd87007513c36f57d4034dc0edf80acfdacc7a3",
     "04f9016d01070102830186a094f39fd6e51aad88f6f4ce6ab8827279cfffb922660100f84fd6940000000000"
     "000000000000000000000000000001c0f7943535353535353535353535353535353535353535e1a000000000"
     "00000000000000000000000000000000000000000000000000000000f8b8f85a019463c0c19a282a1b52b07d"
     "d5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75703138d392a8df92dd413313"
     "b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cff85a0a94000000000000"
     "00000000000000000000000000008080a04a40fab57864d1a0c8f80569bc006f0f81fbc2e938fe8776165cac"
     "a33378c280a0187903bfd2ee35b9d55d78194dfdf53554d468c5de543ad65772ab8c8dfb3f1e80a062a6c59f"
     "7dcfef1e8bfb33ce1c85173a39382a978c3964b69cc81f493ba5ae6ba04c221e685c8dd63e2ba355282e55e0"
     "d8514cca87dabd8f0e8563656450cf2750",
     "656f1964b4c6c2ec9009614aa5dcbf870e15d5ce42f34956e969688861879a01"},
};

static struct {
    struct k256 curve;
    struct arena arena;
} tools;

static bool open_tools(void)
{
    static const struct secret32 blinding = {{1}};
    return expect_ok("curve", k256_open(&tools.curve, &blinding)) &&
           expect_ok("arena", arena_open(&tools.arena, 1 << 20));
}

static void close_tools(void)
{
    k256_close(&tools.curve);
    arena_close(&tools.arena);
}

static struct secret32 first_key(void)
{
    struct secret32 key = {{0}};
    expect_ok("key", secret32_read(runner_hex(FIRST_KEY), &key));
    return key;
}

static void known_transactions(void)
{
    const struct secret32 key = first_key();
    if (!open_tools()) return;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        runner_row(known[i].name);
        const slice unsigned_bytes = runner_hex(known[i].unsigned_bytes);
        const hash32 signing_hash = tx_signing_hash(unsigned_bytes);
        struct tx tx = {0}, again = {0};
        struct builder raw;
        k256_signature signature, read_signature;
        eth_address sender = {{0}};
        arena_empty(&tools.arena);
        builder_init_arena(&raw, &tools.arena, TX_SIGNED_SIZE_MAX);
        expect_hex("signing hash", hash32_view(&signing_hash), known[i].signing_hash);
        expect_ok("read", tx_read(unsigned_bytes, &tx));
        expect_ok("sign", k256_sign(&tools.curve, &key, signing_hash, &signature));
        expect_ok("write signed", tx_write_signed(&tx, &signature, &raw));
        expect_hex("raw", builder_view(&raw), known[i].raw);
        const hash32 hash = tx_hash(builder_view(&raw));
        expect_hex("hash", hash32_view(&hash), known[i].hash);
        expect_ok("read signed", tx_read_signed(builder_view(&raw), &again, &read_signature));
        expect_ok("sender",
                  tx_read_sender(&again, &read_signature, &tools.curve, &tools.arena, &sender));
        expect_hex("sender", slice_of(sender.bytes, ADDRESS_SIZE), FIRST_ADDRESS);
    }
    close_tools();
}

/* EIP-155's own example. */
static void eip155_example(void)
{
    const slice raw = runner_hex(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000802"
        "5a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aec"
        "b703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    struct tx tx = {0};
    k256_signature signature = {{0}, {0}, 0};
    eth_address sender = {{0}};
    if (!open_tools()) return;
    expect_ok("read", tx_read_signed(raw, &tx, &signature));
    expect_u64("nonce", tx.nonce, 9);
    expect_u64("gas", tx.gas_limit, 21000);
    expect_u64("chain", tx.chain_id, 1);
    expect_u64("v", tx_signature_v(&tx, &signature), 37);
    expect_true("price", u256_equal(tx.gas_price, u256_of(20000000000)));
    expect_true("value", u256_equal(tx.value, u256_of(1000000000000000000)));
    struct builder bytes;
    builder_init_arena(&bytes, &tools.arena, 1000);
    expect_ok("write", tx_write(&tx, &bytes));
    const hash32 hash = tx_signing_hash(builder_view(&bytes));
    expect_hex("signing data", builder_view(&bytes),
               "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008"
               "0018080");
    expect_hex("signing hash", hash32_view(&hash),
               "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    expect_ok("sender", tx_read_sender(&tx, &signature, &tools.curve, &tools.arena, &sender));
    expect_hex("sender", slice_of(sender.bytes, ADDRESS_SIZE),
               "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    close_tools();
}

/* ---- what is refused when reading ---- */

static const char TO[] = "94"
                         "70997970c51812dc3a010c7d01b50e0d17dc79c8";

/* Builds hex of a list from hex of its items, so that a row shows only what it changes. */
static slice list_of(const char *type, const char *const *items, size_t count)
{
    static uint8_t memory[4096];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    builder_put(&builder, runner_hex(type));
    const size_t start = rlp_put_list_open(&builder);
    for (size_t i = 0; i < count; i++) {
        if (items[i]) builder_put(&builder, runner_hex(items[i]));
    }
    rlp_put_list_close(&builder, start);
    return builder_view(&builder);
}

/* A field's encoding replaced: index into chainId nonce tip cap gas to value data accessList. */
static const struct {
    const char *name;
    size_t index;
    const char *encoding, *refusal;
    enum tx_field field;
} dynamic_rows[] = {
    {"as it is", 0, "01", NULL, TX_FIELD_NONE},
    {"chain id zero", 0, "80", "tx: chain id must not be zero", TX_FIELD_CHAIN_ID},
    {"largest chain id", 0, "887fffffffffffffdb", NULL, TX_FIELD_NONE},
    {"chain id too large", 0, "887fffffffffffffdc", "tx: chain id is too large", TX_FIELD_CHAIN_ID},
    {"chain id of 65 bits", 0, "89010000000000000000", "rlp: integer is wider than its field",
     TX_FIELD_CHAIN_ID},
    {"chain id with leading zero", 0, "820001", "rlp: integer has a leading zero",
     TX_FIELD_CHAIN_ID},
    {"chain id as a list", 0, "c101", "rlp: a list stands where a string belongs",
     TX_FIELD_CHAIN_ID},
    {"largest nonce", 1, "88fffffffffffffffe", NULL, TX_FIELD_NONE},
    {"nonce too large", 1, "88ffffffffffffffff", "tx: nonce is too large", TX_FIELD_NONCE},
    {"nonce written as 00", 1, "00", "rlp: integer has a leading zero", TX_FIELD_NONCE},
    {"nonce the long way", 1, "8105", "rlp: single byte must stand for itself", TX_FIELD_NONCE},
    {"nonce of 65 bits", 1, "89010000000000000000", "rlp: integer is wider than its field",
     TX_FIELD_NONCE},
    {"tip as the cap", 2, "0a", NULL, TX_FIELD_NONE},
    {"tip above the cap", 2, "0b", "tx: priority fee is above the fee cap",
     TX_FIELD_MAX_PRIORITY_FEE_PER_GAS},
    {"tip with leading zero", 2, "820001", "rlp: integer has a leading zero",
     TX_FIELD_MAX_PRIORITY_FEE_PER_GAS},
    {"tip of 257 bits", 2, "a1010000000000000000000000000000000000000000000000000000000000000000",
     "rlp: integer is wider than its field", TX_FIELD_MAX_PRIORITY_FEE_PER_GAS},
    /* 21000 is 0x5208: the largest cap whose product still fits is floor(2^256 - 1 / 21000). */
    {"cap of 256 bits", 3, "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "tx: gas limit times price needs more than 256 bits", TX_FIELD_MAX_FEE_PER_GAS},
    {"cap of 257 bits", 3, "a1010000000000000000000000000000000000000000000000000000000000000000",
     "rlp: integer is wider than its field", TX_FIELD_MAX_FEE_PER_GAS},
    {"gas zero", 4, "80", "tx: gas limit must not be zero", TX_FIELD_GAS_LIMIT},
    {"gas one", 4, "01", NULL, TX_FIELD_NONE},
    {"largest gas", 4, "88ffffffffffffffff", NULL, TX_FIELD_NONE},
    {"gas of 65 bits", 4, "89010000000000000000", "rlp: integer is wider than its field",
     TX_FIELD_GAS_LIMIT},
    {"no recipient and no data", 5, "80", "tx: without a recipient there must be data",
     TX_FIELD_TO},
    {"recipient of 19 bytes", 5, "93997970c51812dc3a010c7d01b50e0d17dc79c8",
     "address: must be 20 bytes", TX_FIELD_TO},
    {"recipient of 21 bytes", 5, "9500997970c51812dc3a010c7d01b50e0d17dc79c8aa",
     "address: must be 20 bytes", TX_FIELD_TO},
    {"recipient is a list", 5, "c0", "rlp: a list stands where a string belongs", TX_FIELD_TO},
    {"zero recipient", 5, "940000000000000000000000000000000000000000", NULL, TX_FIELD_NONE},
    {"largest value that the fees leave", 6,
     "a0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffccbaf", NULL, TX_FIELD_NONE},
    {"one wei more", 6, "a0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffccbb0",
     "tx: value and gas need more than 256 bits", TX_FIELD_VALUE},
    {"value with leading zero", 6, "820001", "rlp: integer has a leading zero", TX_FIELD_VALUE},
    {"data is a list", 7, "c0", "rlp: a list stands where a string belongs", TX_FIELD_DATA},
    {"data", 7, "83000000", NULL, TX_FIELD_NONE},
    {"access list is a string", 8, "80", "rlp: a string stands where a list belongs",
     TX_FIELD_ACCESS_LIST},
    {"entry is a string", 8, "c101", "rlp: a string stands where a list belongs",
     TX_FIELD_ACCESS_LIST},
    {"entry is empty", 8, "c1c0", "rlp: an item is missing", TX_FIELD_ACCESS_LIST},
    {"entry without keys", 8, "d7d69470997970c51812dc3a010c7d01b50e0d17dc79c8c0", NULL,
     TX_FIELD_NONE},
    {"entry without a list of keys", 8, "d6d59470997970c51812dc3a010c7d01b50e0d17dc79c8",
     "rlp: an item is missing", TX_FIELD_ACCESS_LIST},
    {"entry with something more", 8, "d8d79470997970c51812dc3a010c7d01b50e0d17dc79c8c080",
     "rlp: bytes follow the last item", TX_FIELD_ACCESS_LIST},
    {"entry's address of 19 bytes", 8, "d6d593997970c51812dc3a010c7d01b50e0d17dc79c8c0",
     "rlp: string has the wrong size", TX_FIELD_ACCESS_LIST},
    {"entry's keys are a string", 8, "d7d69470997970c51812dc3a010c7d01b50e0d17dc79c880",
     "rlp: a string stands where a list belongs", TX_FIELD_ACCESS_LIST},
    {"key of one byte", 8, "d8d79470997970c51812dc3a010c7d01b50e0d17dc79c8c101",
     "rlp: string has the wrong size", TX_FIELD_ACCESS_LIST},
    {"key is a list", 8, "d8d79470997970c51812dc3a010c7d01b50e0d17dc79c8c1c0",
     "rlp: a list stands where a string belongs", TX_FIELD_ACCESS_LIST},
    {"a field too few", 8, NULL, "rlp: an item is missing", TX_FIELD_ACCESS_LIST},
    {"a field too many", 8, "c080", "rlp: bytes follow the last item", TX_FIELD_NONE},
    {"signed", 8, "c080a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff01",
     "tx: what is to be signed is signed already", TX_FIELD_NONE},
};

static void expect_field(const char *what, status got, const char *refusal, enum tx_field field)
{
    if (!expect_outcome(what, got, refusal) || !refusal) return;
    expect_kind(what, got, FAILURE_BAD_INPUT);
    expect_u64("field", (uint64_t)got.detail, field);
}

/* Whatever is read is written as it was. */
static void expect_written(slice bytes, const struct tx *tx)
{
    static uint8_t memory[TX_SIZE_MAX];
    struct builder again;
    builder_init(&again, memory, sizeof memory);
    expect_ok("write", tx_write(tx, &again));
    expect_bytes("written", builder_view(&again), bytes);
}

static void dynamic_fee_fields(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(dynamic_rows); i++) {
        const char *items[] = {"01", "05", "01", "0a", "825208", TO, "07", "80", "c0"};
        runner_row(dynamic_rows[i].name);
        items[dynamic_rows[i].index] = dynamic_rows[i].encoding;
        const slice bytes = list_of("02", items, ARRAY_COUNT(items));
        struct tx tx = {.nonce = 77};
        const status got = tx_read(bytes, &tx);
        expect_field("read", got, dynamic_rows[i].refusal, dynamic_rows[i].field);
        if (dynamic_rows[i].refusal) expect_u64("untouched", tx.nonce, 77);
        else expect_written(bytes, &tx);
    }
}

/*
 * What the types after the dynamic fee add: items of type 3 (chainId nonce tip cap gas to value data
 * accessList blobFee hashes), and of type 4, whose last is the list of authorizations.
 */
static const char HASH[] = "a001ababababababababababababababababababababababababababababababab";
static const char ENTRY[] =
    "f85a019463c0c19a282a1b52b07dd5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75"
    "703138d392a8df92dd413313b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cf";

static slice hex_list(const char *item, size_t count)
{
    static char text[2048];
    static uint8_t memory[2048];
    struct builder digits, list;
    builder_init(&digits, text, sizeof text - 1);
    for (size_t i = 0; i < count; i++) builder_put_text(&digits, item);
    text[digits.size] = 0;
    builder_init(&list, memory, sizeof memory);
    rlp_put_list(&list, runner_hex(text));
    return builder_view(&list);
}

static const struct {
    const char *name, *type, *to, *extra, *item;
    size_t count;
    const char *refusal;
    enum tx_field field;
} list_rows[] = {
    {"a blob", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05", HASH, 1, NULL,
     TX_FIELD_NONE},
    {"six blobs", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05", HASH, 6, NULL,
     TX_FIELD_NONE},
    {"seven blobs", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05", HASH, 7,
     "tx: more than 6 blobs in a transaction", TX_FIELD_BLOB_HASHES},
    {"no blob", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05", HASH, 0,
     "tx: a blob transaction must have blob hashes", TX_FIELD_BLOB_HASHES},
    {"a hash of version 0", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05",
     "a000ababababababababababababababababababababababababababababababab", 1,
     "tx: a blob hash must begin with version 1", TX_FIELD_BLOB_HASHES},
    {"a hash of 31 bytes", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "05",
     "9f01abababababababababababababababababababababababababababababab", 1,
     "rlp: string has the wrong size", TX_FIELD_BLOB_HASHES},
    {"blobs for nobody", "03", "80", "05", HASH, 1, "tx: this type must have a recipient",
     TX_FIELD_TO},
    {"blob fee of 257 bits", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8",
     "a1010000000000000000000000000000000000000000000000000000000000000000", HASH, 1,
     "rlp: integer is wider than its field", TX_FIELD_MAX_FEE_PER_BLOB_GAS},
    {"blob fee times gas of 257 bits", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8",
     "9e800000000000000000000000000000000000000000000000000000000000", HASH, 1,
     "tx: the blobs' gas times its price needs more than 256 bits", TX_FIELD_MAX_FEE_PER_BLOB_GAS},
    {"blob fee times gas of 256 bits, with the rest above", "03",
     "9470997970c51812dc3a010c7d01b50e0d17dc79c8",
     "9e7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe", HASH, 1, NULL,
     TX_FIELD_NONE},
    {"the same, and one too many with the gas", "03", "9470997970c51812dc3a010c7d01b50e0d17dc79c8",
     "9e7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", HASH, 1,
     "tx: the blobs' gas times its price needs more than 256 bits", TX_FIELD_MAX_FEE_PER_BLOB_GAS},
    {"an authorization", "04", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "", ENTRY, 1, NULL,
     TX_FIELD_NONE},
    {"the same twice", "04", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "", ENTRY, 2, NULL,
     TX_FIELD_NONE},
    {"no authorization", "04", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "", ENTRY, 0,
     "tx: authorization list must not be empty", TX_FIELD_AUTHORIZATIONS},
    {"authorizations for nobody", "04", "80", "", ENTRY, 1, "tx: this type must have a recipient",
     TX_FIELD_TO},
    {"an authorization that is a string", "04", "9470997970c51812dc3a010c7d01b50e0d17dc79c8", "",
     "01", 1, "rlp: a string stands where a list belongs", TX_FIELD_AUTHORIZATIONS},
};

static void list_fields(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(list_rows); i++) {
        uint8_t memory[4096];
        struct builder builder;
        runner_row(list_rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        builder_put(&builder, runner_hex(list_rows[i].type));
        const size_t start = rlp_put_list_open(&builder);
        builder_put(&builder, runner_hex("0105010a825208"));
        builder_put(&builder, runner_hex(list_rows[i].to));
        builder_put(&builder, runner_hex("0780c0"));
        builder_put(&builder, runner_hex(list_rows[i].extra));
        builder_put(&builder, hex_list(list_rows[i].item, list_rows[i].count));
        rlp_put_list_close(&builder, start);
        struct tx tx = {.nonce = 77};
        const status got = tx_read(builder_view(&builder), &tx);
        expect_field("read", got, list_rows[i].refusal, list_rows[i].field);
        if (list_rows[i].refusal) expect_u64("untouched", tx.nonce, 77);
        else expect_written(builder_view(&builder), &tx);
    }
}

/* nonce price gas to value data chainId 0 0 */
static const struct {
    const char *name;
    size_t index;
    const char *encoding, *refusal;
    enum tx_field field;
} legacy_rows[] = {
    {"as it is", 0, "05", NULL, TX_FIELD_NONE},
    {"nonce too large", 0, "88ffffffffffffffff", "tx: nonce is too large", TX_FIELD_NONCE},
    {"price zero", 1, "80", NULL, TX_FIELD_NONE},
    {"price with leading zero", 1, "8200ff", "rlp: integer has a leading zero", TX_FIELD_GAS_PRICE},
    {"price of 256 bits", 1, "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "tx: gas limit times price needs more than 256 bits", TX_FIELD_GAS_PRICE},
    {"chain id zero", 6, "80", "tx: chain id must not be zero", TX_FIELD_CHAIN_ID},
    {"largest chain id", 6, "887fffffffffffffdb", NULL, TX_FIELD_NONE},
    {"chain id too large", 6, "887fffffffffffffdc", "tx: chain id is too large", TX_FIELD_CHAIN_ID},
    {"chain id with leading zero", 6, "820001", "rlp: integer has a leading zero",
     TX_FIELD_CHAIN_ID},
    {"r is not empty", 7, "01", "tx: what is to be signed is signed already", TX_FIELD_NONE},
    {"s is not empty", 8, "01", "tx: what is to be signed is signed already", TX_FIELD_NONE},
    {"r of 32 bytes", 7, "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "tx: what is to be signed is signed already", TX_FIELD_NONE},
    {"r is a zero byte", 7, "00", "tx: what is to be signed is signed already", TX_FIELD_NONE},
    {"s is a list", 8, "c0", "rlp: a list stands where a string belongs", TX_FIELD_NONE},
    {"s is missing", 8, NULL, "rlp: an item is missing", TX_FIELD_NONE},
    {"one more", 8, "8080", "rlp: bytes follow the last item", TX_FIELD_NONE},
};

static void legacy_fields(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(legacy_rows); i++) {
        const char *items[] = {"05", "0a", "825208", TO, "07", "80", "01", "80", "80"};
        runner_row(legacy_rows[i].name);
        items[legacy_rows[i].index] = legacy_rows[i].encoding;
        const slice bytes = list_of("", items, ARRAY_COUNT(items));
        struct tx tx = {0};
        const status got = tx_read(bytes, &tx);
        expect_field("read", got, legacy_rows[i].refusal, legacy_rows[i].field);
        if (!legacy_rows[i].refusal) expect_written(bytes, &tx);
    }
}

static const struct {
    const char *name, *bytes, *refusal;
    enum tx_field field;
} envelopes[] = {
    {"empty", "", "tx: transaction is empty", TX_FIELD_NONE},
    {"type byte alone", "02", "rlp: an item is missing", TX_FIELD_NONE},
    {"type byte on a legacy transaction", "00c0", "tx: a legacy transaction has no type byte",
     TX_FIELD_NONE},
    {"type 1", "01c0", "rlp: an item is missing", TX_FIELD_CHAIN_ID},
    {"type 3", "03c0", "rlp: an item is missing", TX_FIELD_CHAIN_ID},
    {"type 4", "04c0", "rlp: an item is missing", TX_FIELD_CHAIN_ID},
    {"type 5, authorizations", "05c0",
     "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction", TX_FIELD_TYPE},
    {"type 0x07", "07c0", "tx: type is not known; 0 to 4 are supported", TX_FIELD_TYPE},
    {"type 0x19, messages", "19c0",
     "tx: type 0x19 begins a message (EIP-191), which is no transaction", TX_FIELD_TYPE},
    {"another chain's", "7ec0",
     "tx: type 0x7e is the OP stack's deposit or Berachain's; not supported", TX_FIELD_TYPE},
    {"the largest type", "7fc0", "tx: type 0x7f is Morph's; not supported", TX_FIELD_TYPE},
    {"no type and no list", "80c0", "tx: first byte is neither a type nor a list", TX_FIELD_NONE},
    {"the last of those", "bfc0", "tx: first byte is neither a type nor a list", TX_FIELD_NONE},
    {"a string inside", "0280", "rlp: a string stands where a list belongs", TX_FIELD_NONE},
    {"empty list", "c0", "rlp: an item is missing", TX_FIELD_NONCE},
    {"unprotected legacy", "dc050a8252089470997970c51812dc3a010c7d01b50e0d17dc79c80780",
     "tx: a legacy transaction without a chain id is valid on every chain", TX_FIELD_NONE},
    {"bytes behind", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c000",
     "rlp: bytes follow the last item", TX_FIELD_NONE},
    {"a byte too few", "02df018001018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080",
     "rlp: item runs past the end of the input", TX_FIELD_NONE},
};

static void envelope_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(envelopes); i++) {
        runner_row(envelopes[i].name);
        struct tx tx;
        k256_signature signature;
        const slice bytes = runner_hex(envelopes[i].bytes);
        expect_field("read", tx_read(bytes, &tx), envelopes[i].refusal, envelopes[i].field);
        expect_true("read signed", !status_is_ok(tx_read_signed(bytes, &tx, &signature)));
    }
}

/* nonce price gas to value data v r s */
static const struct {
    const char *name;
    size_t index;
    const char *encoding, *refusal;
    enum tx_field field;
} signed_legacy_rows[] = {
    {"as it is", 6, "25", NULL, TX_FIELD_NONE},
    {"the other parity", 6, "26", NULL, TX_FIELD_NONE},
    {"v 26", 6, "1a", "tx: v names no chain id", TX_FIELD_NONE},
    {"v 27", 6, "1b", "tx: a legacy transaction without a chain id is valid on every chain",
     TX_FIELD_NONE},
    {"v 28", 6, "1c", "tx: a legacy transaction without a chain id is valid on every chain",
     TX_FIELD_NONE},
    {"v 29", 6, "1d", "tx: v names no chain id", TX_FIELD_NONE},
    {"v 34", 6, "22", "tx: v names no chain id", TX_FIELD_NONE},
    {"v 35, chain 0", 6, "23", "tx: chain id must not be zero", TX_FIELD_CHAIN_ID},
    {"v 36, chain 0", 6, "24", "tx: chain id must not be zero", TX_FIELD_CHAIN_ID},
    {"v 0", 6, "80", "tx: v names no chain id", TX_FIELD_NONE},
    {"largest v", 6, "88ffffffffffffffda", NULL, TX_FIELD_NONE},
    {"v too large", 6, "88ffffffffffffffdb", "tx: chain id is too large", TX_FIELD_CHAIN_ID},
    {"v of 65 bits", 6, "89010000000000000000", "rlp: integer is wider than its field",
     TX_FIELD_NONE},
    {"r with leading zero", 7, "820001", "rlp: integer has a leading zero", TX_FIELD_NONE},
    {"s with leading zero", 8, "820001", "rlp: integer has a leading zero", TX_FIELD_NONE},
    {"r of 33 bytes", 7, "a1010000000000000000000000000000000000000000000000000000000000000000",
     "rlp: integer is wider than its field", TX_FIELD_NONE},
    {"s is missing", 8, NULL, "rlp: an item is missing", TX_FIELD_NONE},
    {"one more", 8, "0180", "rlp: bytes follow the last item", TX_FIELD_NONE},
};

static void signed_legacy(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(signed_legacy_rows); i++) {
        const char *items[] = {"05", "0a", "825208", TO, "07", "80", "25", "03", "04"};
        runner_row(signed_legacy_rows[i].name);
        items[signed_legacy_rows[i].index] = signed_legacy_rows[i].encoding;
        const slice raw = list_of("", items, ARRAY_COUNT(items));
        struct tx tx;
        k256_signature signature;
        expect_field("read", tx_read_signed(raw, &tx, &signature), signed_legacy_rows[i].refusal,
                     signed_legacy_rows[i].field);
        if (signed_legacy_rows[i].refusal) continue;
        uint8_t memory[512];
        struct builder again;
        builder_init(&again, memory, sizeof memory);
        expect_ok("write", tx_write_signed(&tx, &signature, &again));
        expect_bytes("written", builder_view(&again), raw);
    }
}

static void signed_dynamic_fee(void)
{
    static const struct {
        const char *name, *parity, *refusal;
    } parities[] = {
        {"parity 0", "80", NULL},
        {"parity 1", "01", NULL},
        {"parity 2", "02", "tx: y parity must be 0 or 1"},
        {"v 27", "1b", "tx: y parity must be 0 or 1"},
        {"parity as a zero byte", "00", "rlp: integer has a leading zero"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(parities); i++) {
        const char *items[] = {
            "01", "05", "01", "0a", "825208", TO, "07", "80", "c0", parities[i].parity, "03", "04"};
        runner_row(parities[i].name);
        struct tx tx;
        k256_signature signature;
        expect_outcome("read",
                       tx_read_signed(list_of("02", items, ARRAY_COUNT(items)), &tx, &signature),
                       parities[i].refusal);
    }
}

/* ---- rules on values ---- */

static const struct tx GOOD = {.type = TX_DYNAMIC_FEE,
                               .chain_id = 1,
                               .gas_limit = 21000,
                               .max_fee_per_gas = {{10, 0, 0, 0}},
                               .has_to = true};

/* The longest transaction, its signed form, and one byte more. */
static void sizes(void)
{
    static uint8_t data[TX_SIZE_MAX + 100], memory[TX_SIGNED_SIZE_MAX + 100];
    struct builder bytes, raw;
    struct tx tx = GOOD, again;
    k256_signature signature = {{0xff}, {0x7f}, 1}, read_signature;
    tx.data = slice_of(data, TX_SIZE_MAX - 39);
    builder_init(&bytes, memory, sizeof memory);
    expect_ok("write", tx_write(&tx, &bytes));
    expect_u64("is the longest", bytes.size, TX_SIZE_MAX);
    expect_ok("read", tx_read(builder_view(&bytes), &again));
    builder_init(&raw, memory, sizeof memory);
    expect_ok("write signed", tx_write_signed(&tx, &signature, &raw));
    expect_ok("read signed", tx_read_signed(builder_view(&raw), &again, &read_signature));
    tx.data.size++;
    builder_init(&bytes, memory, sizeof memory);
    expect_refused("write one more", tx_write(&tx, &bytes), "tx: transaction is too long");
    expect_refused("read one more", tx_read(builder_view(&bytes), &again),
                   "tx: transaction is too long");
    tx.data.size += 100;
    builder_init(&raw, memory, sizeof memory);
    expect_refused("sign too long", tx_write_signed(&tx, &signature, &raw),
                   "tx: transaction is too long");
    expect_refused(
        "read too long signed",
        tx_read_signed(slice_of(memory, TX_SIGNED_SIZE_MAX + 1), &again, &read_signature),
        "tx: transaction is too long");
    builder_init(&bytes, memory, 10);
    expect_refused("no room", tx_write(&GOOD, &bytes), "builder: result does not fit");
}

static void writing_refuses(void)
{
    uint8_t memory[200];
    struct builder bytes;
    struct tx tx = GOOD;
    k256_signature signature = {{1}, {1}, 2};
    builder_init(&bytes, memory, sizeof memory);
    expect_refused("parity", tx_write_signed(&tx, &signature, &bytes),
                   "tx: y parity must be 0 or 1");
    signature.parity = 0;
    tx.gas_limit = 0;
    expect_refused("rule", tx_write(&tx, &bytes), "tx: gas limit must not be zero");
    expect_refused("rule", tx_write_signed(&tx, &signature, &bytes),
                   "tx: gas limit must not be zero");
    tx.type = (enum tx_type)9;
    expect_refused("type", tx_write(&tx, &bytes), "tx: type is not known; 0 to 4 are supported");
    expect_refused("type", tx_write_signed(&tx, &signature, &bytes),
                   "tx: type is not known; 0 to 4 are supported");
    expect_u64("nothing was appended", bytes.size, 0);
}

static void sender_refusals(void)
{
    k256_signature signature = {{0}, {0}, 0};
    eth_address sender;
    struct tx tx = GOOD;
    if (!open_tools()) return;
    expect_refused("no key", tx_read_sender(&tx, &signature, &tools.curve, &tools.arena, &sender),
                   "k256: signature fits no key");
    tx.gas_limit = 0;
    expect_refused("rule", tx_read_sender(&tx, &signature, &tools.curve, &tools.arena, &sender),
                   "tx: gas limit must not be zero");
    close_tools();
}

/* ---- properties ---- */

static u256 random_number(size_t size_max)
{
    uint8_t word[U256_SIZE] = {0};
    const size_t size = runner_random_u64() % (size_max + 1);
    runner_random(word + U256_SIZE - size, size);
    return u256_read_word(word);
}

static slice random_access_list(uint8_t *memory, size_t size_max)
{
    struct builder list;
    uint8_t bytes[32];
    builder_init(&list, memory, size_max);
    for (uint64_t i = runner_random_u64() % 4; i > 0; i--) {
        const size_t entry = rlp_put_list_open(&list);
        runner_random(bytes, sizeof bytes);
        rlp_put_string(&list, slice_of(bytes, ADDRESS_SIZE));
        const size_t keys = rlp_put_list_open(&list);
        for (uint64_t k = runner_random_u64() % 4; k > 0; k--) {
            runner_random(bytes, sizeof bytes);
            rlp_put_string(&list, slice_of(bytes, sizeof bytes));
        }
        rlp_put_list_close(&list, keys);
        rlp_put_list_close(&list, entry);
    }
    return builder_view(&list);
}

static slice random_blob_hashes(uint8_t *memory, size_t size_max)
{
    struct builder list;
    uint8_t hash[32];
    builder_init(&list, memory, size_max);
    for (uint64_t i = 1 + runner_random_u64() % TX_BLOB_COUNT_MAX; i > 0; i--) {
        runner_random(hash, sizeof hash);
        hash[0] = 1;
        rlp_put_string(&list, slice_of(hash, sizeof hash));
    }
    return builder_view(&list);
}

static slice random_authorizations(uint8_t *memory, size_t size_max)
{
    struct builder list;
    builder_init(&list, memory, size_max);
    for (uint64_t i = 1 + runner_random_u64() % 4; i > 0; i--) {
        struct authorization entry = {.chain_id = 1 + runner_random_u64() % CHAINS_ID_MAX,
                                      .nonce =
                                          runner_random_u64() >> (1 + runner_random_u64() % 63)};
        k256_signature signature = {.parity = (uint8_t)(runner_random_u64() % 2)};
        runner_random(entry.address.bytes, ADDRESS_SIZE);
        /* Below the order and its half by their first byte; leading zeros at times. */
        runner_random(signature.r + 1, 31);
        runner_random(signature.s + runner_random_u64() % 31, 1);
        signature.s[31] |= 1;
        signature.s[0] &= 0x3f;
        signature.r[31] |= 1;
        authorization_put(&list, &entry, &signature);
    }
    return builder_view(&list);
}

struct random_memory {
    uint8_t data[600], access_list[1024], list[1024];
};

static void random_fees(struct tx *tx)
{
    if (tx->type == TX_LEGACY || tx->type == TX_ACCESS_LIST) {
        tx->gas_price = random_number(22);
        return;
    }
    tx->max_priority_fee_per_gas = random_number(11);
    tx->max_fee_per_gas = random_number(22);
    if (u256_compare(tx->max_priority_fee_per_gas, tx->max_fee_per_gas) > 0) {
        tx->max_fee_per_gas = tx->max_priority_fee_per_gas;
    }
}

static struct tx random_tx(struct random_memory *memory)
{
    struct tx tx = {.type = (enum tx_type)(runner_random_u64() % 5)};
    tx.chain_id = 1 + runner_random_u64() % CHAINS_ID_MAX;
    tx.nonce = runner_random_u64() >> (runner_random_u64() % 64);
    if (tx.nonce == UINT64_MAX) tx.nonce--;
    tx.gas_limit = 1 + (runner_random_u64() >> (1 + runner_random_u64() % 63));
    tx.has_to = tx.type == TX_BLOB || tx.type == TX_SET_CODE || runner_random_u64() % 8 != 0;
    if (tx.has_to) runner_random(tx.to.bytes, ADDRESS_SIZE);
    tx.value = random_number(31);
    runner_random(memory->data, sizeof memory->data);
    tx.data = slice_of(memory->data, 1 + runner_random_u64() % sizeof memory->data);
    random_fees(&tx);
    if (tx.type != TX_LEGACY) tx.access_list = random_access_list(memory->access_list, 1024);
    if (tx.type == TX_BLOB) {
        tx.max_fee_per_blob_gas = random_number(26);
        tx.blob_hashes = random_blob_hashes(memory->list, sizeof memory->list);
    }
    if (tx.type == TX_SET_CODE) {
        tx.authorizations = random_authorizations(memory->list, sizeof memory->list);
    }
    return tx;
}

static void expect_same(const struct tx *got, const struct tx *wanted)
{
    expect_u64("type", got->type, wanted->type);
    expect_u64("chain id", got->chain_id, wanted->chain_id);
    expect_u64("nonce", got->nonce, wanted->nonce);
    expect_u64("gas limit", got->gas_limit, wanted->gas_limit);
    expect_true("fees",
                u256_equal(got->gas_price, wanted->gas_price) &&
                    u256_equal(got->max_fee_per_gas, wanted->max_fee_per_gas) &&
                    u256_equal(got->max_priority_fee_per_gas, wanted->max_priority_fee_per_gas));
    expect_true("to", got->has_to == wanted->has_to && address_equal(got->to, wanted->to));
    expect_true("value", u256_equal(got->value, wanted->value));
    expect_bytes("data", got->data, wanted->data);
    expect_bytes("access list", got->access_list, wanted->access_list);
    expect_true("blob fee", u256_equal(got->max_fee_per_blob_gas, wanted->max_fee_per_blob_gas));
    expect_bytes("blob hashes", got->blob_hashes, wanted->blob_hashes);
    expect_bytes("authorizations", got->authorizations, wanted->authorizations);
}

static void random_transactions(void)
{
    const struct secret32 key = first_key();
    if (!open_tools()) return;
    for (size_t i = 0; i < 1000; i++) {
        struct random_memory memory;
        const struct tx tx = random_tx(&memory);
        struct tx read = {0}, read_signed = {0};
        struct builder bytes, raw;
        k256_signature signature = {{0}, {0}, 0}, again = {{0}, {0}, 0};
        eth_address sender = {{0}};
        runner_row_at("random", i);
        arena_empty(&tools.arena);
        builder_init_arena(&bytes, &tools.arena, 4096);
        builder_init_arena(&raw, &tools.arena, 4096);
        expect_ok("write", tx_write(&tx, &bytes));
        if (expect_ok("read", tx_read(builder_view(&bytes), &read))) expect_same(&read, &tx);
        expect_written(builder_view(&bytes), &read);
        expect_ok("sign",
                  k256_sign(&tools.curve, &key, tx_signing_hash(builder_view(&bytes)), &signature));
        expect_ok("write signed", tx_write_signed(&tx, &signature, &raw));
        expect_ok("read signed", tx_read_signed(builder_view(&raw), &read_signed, &again));
        expect_same(&read_signed, &tx);
        expect_ok("sender",
                  tx_read_sender(&read_signed, &again, &tools.curve, &tools.arena, &sender));
        expect_hex("sender", slice_of(sender.bytes, ADDRESS_SIZE), FIRST_ADDRESS);
    }
    close_tools();
}

/* A transaction with any one byte changed is refused, or is written back as just those bytes. */
static void changed_bytes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        const slice whole = runner_hex(known[i].unsigned_bytes);
        for (size_t k = 0; k < whole.size * 8; k++) {
            uint8_t bytes[512];
            struct tx tx;
            runner_row_at(known[i].name, k);
            memcpy(bytes, whole.bytes, whole.size);
            bytes[k / 8] ^= (uint8_t)(1u << k % 8);
            const slice changed = slice_of(bytes, whole.size);
            if (status_is_ok(tx_read(changed, &tx))) expect_written(changed, &tx);
            expect_true("cut", !status_is_ok(tx_read(slice_part(whole, 0, k / 8), &tx)));
        }
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known transactions", known_transactions},
        {"EIP-155's example", eip155_example},
        {"dynamic fee fields", dynamic_fee_fields},
        {"fields of types 3 and 4", list_fields},
        {"legacy fields", legacy_fields},
        {"envelopes", envelope_rows},
        {"signed legacy", signed_legacy},
        {"signed dynamic fee", signed_dynamic_fee},
        {"sizes", sizes},
        {"writing refuses", writing_refuses},
        {"sender refusals", sender_refusals},
        {"random transactions", random_transactions},
        {"changed bytes", changed_bytes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
