#include "eth/tx_json.h"

#include <string.h>

#include "eth/tx_codec.h"
#include "runner.h"

enum { ARENA_SIZE = 1 << 18 };

/* The common fields, so that a row shows what it is about. Single quotes stand for double ones. */
static const char LEGACY[] = "'chainId':'0x1','nonce':'0x9','gas':'0x5208','gasPrice':'0x1'";
static const char DYNAMIC[] = "'chainId':'0x1','nonce':'0x9','gas':'0x5208','maxFeePerGas':'0x2',"
                              "'maxPriorityFeePerGas':'0x1'";
static const char TO[] = "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'";

static slice quoted(const char *const *parts, size_t count)
{
    static char text[4096];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    builder_put_text(&builder, "{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && parts[i][0] && builder.size > 1) builder_put_text(&builder, ",");
        builder_put_text(&builder, parts[i]);
    }
    builder_put_text(&builder, "}");
    for (size_t i = 0; i < builder.size; i++) {
        if (text[i] == '\'') text[i] = '"';
    }
    return builder_view(&builder);
}

/* What was read, or where and why it was refused. */
struct outcome {
    status result;
    struct tx_json request;
    char where[256];
};

static struct arena arena;

static struct outcome read_text(slice text)
{
    SCOPED(json_close) struct json document = {0};
    struct outcome outcome = {0};
    struct builder where;
    arena_empty(&arena);
    if (!expect_ok("JSON", json_open(text, runner_arena(), &document))) return outcome;
    const json_value top = json_top(&document);
    outcome.result = tx_json_read(&top, &arena, &outcome.request);
    builder_init(&where, outcome.where, sizeof outcome.where - 1);
    json_where(&document, &where);
    return outcome;
}

/* ---- what is accepted ---- */

static const struct {
    const char *name, *base, *fields, *bytes;
} accepted[] = {
    /* Unsigned bytes by ethers 6. */
    {"legacy inferred", LEGACY, TO,
     "df09018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080018080"},
    {"legacy named", LEGACY, "'type':'0x0','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "df09018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080018080"},
    {"dynamic fee inferred", DYNAMIC, TO,
     "02df010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"dynamic fee named", DYNAMIC, "'type':'0x2','to':'0x70997970C51812dc3A010C7d01b50e0d17dc79C8'",
     "02df010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"nulls are absent", DYNAMIC,
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','gasPrice':null,'data':null,'from':null,"
     "'accessList':null,'type':null,'value':null,'gasLimit':null,'input':null,'v':null,"
     "'blobs':null,'authorizationList':null,'blobVersionedHashes':null,'maxFeePerBlobGas':null",
     "02df010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"gas under both names", DYNAMIC,
     "'gasLimit':'0x5208','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "02df010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"value and data", DYNAMIC,
     "'value':'0xde0b6b3a7640000','data':'0xDEAD','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c"
     "8'",
     "02e9010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000082deadc0"},
    {"data under both names", DYNAMIC,
     "'input':'0xdead','data':'0xDEAD','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "02e1010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88082deadc0"},
    {"creation, input", DYNAMIC, "'input':'0x00','to':null",
     "02cb010901028252088080"
     "00c0"},
    {"empty access list", DYNAMIC,
     "'accessList':[],'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "02df010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"access list", DYNAMIC,
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','accessList':["
     "{'address':'0x0000000000000000000000000000000000000001','storageKeys':[]},"
     "{'address':'0x3535353535353535353535353535353535353535','storageKeys':["
     "'0x0000000000000000000000000000000000000000000000000000000000000000']}]",
     "02f86f010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080f84fd69400000000000000"
     "00000000000000000000000001c0f7943535353535353535353535353535353535353535e1a0000000000000"
     "0000000000000000000000000000000000000000000000000000"},
    {"access list inferred", LEGACY,
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','accessList':[]",
     "01de0109018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"access list named, none given", LEGACY,
     "'type':'0x1','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "01de0109018252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0"},
    {"blob inferred", DYNAMIC,
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','maxFeePerBlobGas':'0x5',"
     "'blobVersionedHashes':["
     "'0x01ababababababababababababababababababababababababababababababab']",
     "03f842010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c005e1a001abababababab"
     "ababababababababababababababababababababababababab"},
    {"set code inferred", DYNAMIC,
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','authorizationList':[{'chainId':'0x1',"
     "'address':'0x63c0c19a282a1B52b07dD5a65b58948A07DAE32B','nonce':'0x8','yParity':'0x0',"
     "'v':'0x1b','r':'0x247da269c0bcc427594c4279d3d3d347dddc75703138d392a8df92dd413313b3',"
     "'s':'0x2490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cf'}]",
     "04f87d010901028252089470997970c51812dc3a010c7d01b50e0d17dc79c88080c0f85cf85a019463c0c19a"
     "282a1b52b07dd5a65b58948a07dae32b0880a0247da269c0bcc427594c4279d3d3d347dddc75703138d392a8"
     "df92dd413313b3a02490af55d1ec7f0fa77b23430a9589aaf1b79b4bd2c395b3b367e77c728a40cf"},
};

static void accepted_rows(void)
{
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        const char *parts[] = {accepted[i].base, accepted[i].fields};
        uint8_t memory[1024];
        struct builder bytes;
        runner_row(accepted[i].name);
        const struct outcome got = read_text(quoted(parts, 2));
        if (!expect_ok("read", got.result)) {
            expect_text("where", slice_text(got.where), "");
            continue;
        }
        builder_init(&bytes, memory, sizeof memory);
        expect_ok("write", tx_write(&got.request.tx, &bytes));
        expect_hex("bytes", builder_view(&bytes), accepted[i].bytes);
        expect_true("from", !got.request.has_from);
    }
    arena_close(&arena);
}

static void sender(void)
{
    const char *parts[] = {LEGACY, TO, "'from':'0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'"};
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    const struct outcome got = read_text(quoted(parts, 3));
    expect_ok("read", got.result);
    expect_true("from", got.request.has_from);
    expect_hex("from", slice_of(got.request.from.bytes, ADDRESS_SIZE),
               "f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    arena_close(&arena);
}

/* ---- what is refused, where and why ---- */

static const char NOT_SIGNED[] = "is not signed and not passed on: give blobVersionedHashes";
static const char NOT_TO_SIGN[] = "must not be given for a transaction that is to be signed";
static const char NOT_THIS_TYPE[] = "does not belong to this transaction type";
static const char NOT_THE_SAME[] = "must be equal to the other name of the same field";

static const struct {
    const char *name, *base, *fields, *where, *refusal;
} refused[] = {
    {"unknown field", LEGACY, "'gaslimit':'0x1'", "", "has a field that is not known here"},
    {"v", LEGACY, "'v':'0x25'", "v", NOT_TO_SIGN},
    {"r", LEGACY, "'r':'0x1'", "r", NOT_TO_SIGN},
    {"s", LEGACY, "'s':'0x1'", "s", NOT_TO_SIGN},
    {"yParity", LEGACY, "'yParity':'0x1'", "yParity", NOT_TO_SIGN},
    {"hash", LEGACY, "'hash':'0x1'", "hash", NOT_TO_SIGN},
    {"blobs", DYNAMIC, "'blobs':[]", "blobs", NOT_SIGNED},
    {"commitments", DYNAMIC, "'commitments':[]", "commitments", NOT_SIGNED},
    {"proofs", DYNAMIC, "'proofs':[]", "proofs", NOT_SIGNED},
    {"blob fee without hashes", DYNAMIC, "'maxFeePerBlobGas':'0x1'", "blobVersionedHashes",
     "is missing"},
    {"hashes without blob fee", DYNAMIC, "'blobVersionedHashes':[]", "maxFeePerBlobGas",
     "is missing"},
    {"blob fee in type 2", DYNAMIC, "'type':'0x2','maxFeePerBlobGas':'0x1'", "maxFeePerBlobGas",
     NOT_THIS_TYPE},
    {"no blobs", DYNAMIC, "'maxFeePerBlobGas':'0x1','blobVersionedHashes':[]",
     "blobVersionedHashes", "tx: a blob transaction must have blob hashes"},
    {"seven blobs", DYNAMIC,
     "'maxFeePerBlobGas':'0x1','blobVersionedHashes':['','','','','','','']", "blobVersionedHashes",
     "has too many elements"},
    {"blob hash as a number", DYNAMIC, "'maxFeePerBlobGas':'0x1','blobVersionedHashes':[1]",
     "blobVersionedHashes[0]", "must be a string"},
    {"blob hash too short", DYNAMIC, "'maxFeePerBlobGas':'0x1','blobVersionedHashes':['0x01']",
     "blobVersionedHashes[0]", "hex: has the wrong number of digits"},
    {"blobs for nobody", DYNAMIC,
     "'maxFeePerBlobGas':'0x1','data':'0x00','blobVersionedHashes':["
     "'0x01ababababababababababababababababababababababababababababababab']",
     "to", "tx: this type must have a recipient"},
    {"no authorizations", DYNAMIC, "'authorizationList':[]", "authorizationList",
     "tx: authorization list must not be empty"},
    {"authorizations in type 2", DYNAMIC, "'type':'0x2','authorizationList':[]",
     "authorizationList", NOT_THIS_TYPE},
    {"authorizations beside a price", LEGACY, "'authorizationList':[]", "gasPrice", NOT_THIS_TYPE},
    {"authorization is text", DYNAMIC, "'authorizationList':['0x']", "authorizationList[0]",
     "must be an object"},
    {"authorization with another field", DYNAMIC, "'authorizationList':[{'codeAddress':'0x'}]",
     "authorizationList[0]", "has a field that is not known here"},
    {"authorization without a chain", DYNAMIC, "'authorizationList':[{'nonce':'0x0'}]",
     "authorizationList[0].chainId", "is missing"},
    {"authorization for every chain", DYNAMIC,
     "'authorizationList':[{'chainId':'0x0',"
     "'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','nonce':'0x0','yParity':'0x0',"
     "'r':'0x1','s':'0x1'}]",
     "authorizationList[0]", "authorization: chain id 0 is valid on every chain"},
    {"authorization whose v says otherwise", DYNAMIC,
     "'authorizationList':[{'chainId':'0x1',"
     "'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','nonce':'0x0','yParity':'0x0',"
     "'v':'0x1c','r':'0x1','s':'0x1'}]",
     "authorizationList[0].v", "must say the same as yParity"},
    {"type 5", LEGACY, "'type':'0x5'", "type",
     "tx: type 0x05 begins an authorization (EIP-7702), which is no transaction"},
    {"another chain's type", DYNAMIC, "'type':'0x7e'", "type",
     "tx: type 0x7e is the OP stack's deposit or Berachain's; not supported"},
    {"type number", DYNAMIC, "'type':2", "type", "must be a string"},
    {"type too large", DYNAMIC, "'type':'0x10000000000000000'", "type", "must be below 2^64"},
    {"no fee", "'chainId':'0x1','nonce':'0x9','gas':'0x5208'", TO, "gasPrice",
     "is missing, and so are maxFeePerGas and maxPriorityFeePerGas"},
    {"legacy without price", "'chainId':'0x1','nonce':'0x9','gas':'0x5208','type':'0x0'", TO,
     "gasPrice", "is missing"},
    {"no cap", "'chainId':'0x1','nonce':'0x9','gas':'0x5208','maxPriorityFeePerGas':'0x1'", TO,
     "maxFeePerGas", "is missing"},
    {"no tip", "'chainId':'0x1','nonce':'0x9','gas':'0x5208','maxFeePerGas':'0x1'", TO,
     "maxPriorityFeePerGas", "is missing"},
    {"both fees", DYNAMIC, "'gasPrice':'0x1'", "gasPrice", NOT_THIS_TYPE},
    {"cap in legacy", LEGACY, "'type':'0x0','maxFeePerGas':'0x1'", "maxFeePerGas", NOT_THIS_TYPE},
    {"tip in legacy", LEGACY, "'type':'0x0','maxPriorityFeePerGas':'0x1'", "maxPriorityFeePerGas",
     NOT_THIS_TYPE},
    {"access list in legacy", LEGACY, "'type':'0x0','accessList':[]", "accessList", NOT_THIS_TYPE},
    {"cap in type 1", LEGACY, "'type':'0x1','maxFeePerGas':'0x2'", "maxFeePerGas", NOT_THIS_TYPE},
    {"no chain", "'nonce':'0x9','gas':'0x5208','gasPrice':'0x1'", TO, "chainId", "is missing"},
    {"chain as a number", "'nonce':'0x9','gas':'0x5208','gasPrice':'0x1'", "'chainId':1", "chainId",
     "must be a string"},
    {"chain in decimal", "'nonce':'0x9','gas':'0x5208','gasPrice':'0x1'", "'chainId':'137'",
     "chainId", "u256: number must start with 0x"},
    {"chain zero", "'nonce':'0x9','gas':'0x5208','gasPrice':'0x1'",
     "'chainId':'0x0','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'", "chainId",
     "tx: chain id must not be zero"},
    {"no nonce", "'chainId':'0x1','gas':'0x5208','gasPrice':'0x1'", TO, "nonce", "is missing"},
    {"nonce with leading zero", "'chainId':'0x1','gas':'0x5208','gasPrice':'0x1'", "'nonce':'0x01'",
     "nonce", "u256: number has a leading zero"},
    {"nonce without digits", "'chainId':'0x1','gas':'0x5208','gasPrice':'0x1'", "'nonce':'0x'",
     "nonce", "is too short"},
    {"nonce too large", "'chainId':'0x1','gas':'0x5208','gasPrice':'0x1'",
     "'nonce':'0xffffffffffffffff','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'", "nonce",
     "tx: nonce is too large"},
    {"no gas", "'chainId':'0x1','nonce':'0x9','gasPrice':'0x1'", TO, "gas", "is missing"},
    {"gas zero", "'chainId':'0x1','nonce':'0x9','gasPrice':'0x1'",
     "'gas':'0x0','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'", "gas",
     "tx: gas limit must not be zero"},
    {"gasLimit zero", "'chainId':'0x1','nonce':'0x9','gasPrice':'0x1'",
     "'gasLimit':'0x0','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'", "gasLimit",
     "tx: gas limit must not be zero"},
    {"gas twice", LEGACY, "'gasLimit':'0x5209'", "gasLimit", NOT_THE_SAME},
    {"gasLimit malformed", LEGACY, "'gasLimit':'5208'", "gasLimit",
     "u256: number must start with 0x"},
    {"gas malformed beside gasLimit", "'chainId':'0x1','nonce':'0x9','gasPrice':'0x1'",
     "'gasLimit':'0x1','gas':'x00'", "gas", "u256: number must start with 0x"},
    {"gas of 65 bits", "'chainId':'0x1','nonce':'0x9','gasPrice':'0x1'",
     "'gas':'0x10000000000000000'", "gas", "must be below 2^64"},
    {"price of 257 bits", "'chainId':'0x1','nonce':'0x9','gas':'0x5208'",
     "'gasPrice':'0x10000000000000000000000000000000000000000000000000000000000000000'", "gasPrice",
     "is too long"},
    {"price of 256 bits", "'chainId':'0x1','nonce':'0x9','gas':'0x5208'",
     "'gasPrice':'0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',"
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "gasPrice", "tx: gas limit times price needs more than 256 bits"},
    {"tip above cap", "'chainId':'0x1','nonce':'0x9','gas':'0x5208','maxFeePerGas':'0x2'",
     "'maxPriorityFeePerGas':'0x3','to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "maxPriorityFeePerGas", "tx: priority fee is above the fee cap"},
    {"value as a number", LEGACY, "'value':1", "value", "must be a string"},
    {"value and gas together", LEGACY,
     "'value':'0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',"
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'",
     "value", "tx: value and gas need more than 256 bits"},
    {"to nobody", LEGACY, "", "to", "tx: without a recipient there must be data"},
    {"to with a wrong checksum", LEGACY, "'to':'0x70997970C51812dc3A010C7d01b50e0d17dc79c8'", "to",
     "address: mixed case must be the checksum of EIP-55"},
    {"to of 39 digits", LEGACY, "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c'", "to",
     "is too short"},
    {"empty to", LEGACY, "'to':''", "to", "is too short"},
    {"from is not an address", LEGACY, "'from':'0x70997970c51812dc3a010c7d01b50e0d17dc79cg'",
     "from", "address: must be 0x and 40 hex digits"},
    {"data without 0x", LEGACY, "'data':'dead'", "data", "hex: must start with 0x"},
    {"data of odd size", LEGACY, "'data':'0xdea'", "data", "hex: has an odd number of digits"},
    {"data is empty text", LEGACY, "'data':''", "data", "is too short"},
    {"input is a number", LEGACY, "'input':7", "input", "must be a string"},
    {"data malformed beside input", LEGACY, "'input':'0x','data':'0x0'", "data",
     "hex: has an odd number of digits"},
    {"data and input differ", LEGACY, "'input':'0x00','data':'0x01'", "input", NOT_THE_SAME},
    {"access list is an object", DYNAMIC, "'accessList':{}", "accessList", "must be an array"},
    {"entry is text", DYNAMIC, "'accessList':['0x']", "accessList[0]", "must be an object"},
    {"entry with another field", DYNAMIC, "'accessList':[{'keys':[]}]", "accessList[0]",
     "has a field that is not known here"},
    {"entry without address", DYNAMIC, "'accessList':[{'storageKeys':[]}]", "accessList[0].address",
     "is missing"},
    {"entry without keys", DYNAMIC,
     "'accessList':[{'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8'}]",
     "accessList[0].storageKeys", "is missing"},
    {"key too short", DYNAMIC,
     "'accessList':[{'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','storageKeys':["
     "'0x0000000000000000000000000000000000000000000000000000000000000000','0x01']}]",
     "accessList[0].storageKeys[1]", "hex: has the wrong number of digits"},
    {"key is a number", DYNAMIC,
     "'accessList':[{'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','storageKeys':[1]}]",
     "accessList[0].storageKeys[0]", "must be a string"},
};

static void refused_rows(void)
{
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        const char *parts[] = {refused[i].base, refused[i].fields};
        runner_row(refused[i].name);
        const struct outcome got = read_text(quoted(parts, 2));
        expect_refused("read", got.result, refused[i].refusal);
        expect_kind("kind", got.result, FAILURE_BAD_INPUT);
        expect_text("where", slice_text(got.where), refused[i].where);
    }
    runner_row("not an object");
    expect_refused("read", read_text(slice_text("[]")).result, "must be an object");
    arena_close(&arena);
}

static void sizes(void)
{
    static char text[2 * TX_SIZE_MAX + 400];
    const char *parts[] = {LEGACY, "'data':'0x"};
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    const slice start = quoted(parts, 2);
    for (size_t extra = 0; extra <= 1; extra++) {
        struct builder builder;
        builder_init(&builder, text, sizeof text);
        builder_put(&builder, slice_part(start, 0, start.size - 1));
        for (size_t i = 0; i < 2 * (TX_SIZE_MAX + extra); i++) builder_put_u8(&builder, '0');
        builder_put_text(&builder, "\"}");
        runner_row_at("bytes above the limit", extra);
        const struct outcome got = read_text(builder_view(&builder));
        expect_refused("read", got.result,
                       extra ? "is too long" : "tx: contract creation code is too long");
        expect_text("where", slice_text(got.where), "data");
    }
    runner_row("the arena is too small for an access list");
    const char *with_list[] = {
        DYNAMIC,
        "'accessList':[{'address':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8','storageKeys':[]}]"};
    arena_close(&arena);
    if (!expect_ok("arena", arena_open(&arena, 20))) return;
    const struct outcome got = read_text(quoted(with_list, 2));
    expect_refused("read", got.result, "builder: result does not fit");
    expect_kind("read", got.result, FAILURE_OVER_LIMIT);
    arena_close(&arena);
}

/* Long codes under the other name, too. */
static void input_named(void)
{
    static char text[2 * TX_SIZE_MAX + 400];
    const char *parts[] = {LEGACY, "'input':'0x"};
    struct builder builder;
    if (!expect_ok("arena", arena_open(&arena, ARENA_SIZE))) return;
    const slice start = quoted(parts, 2);
    builder_init(&builder, text, sizeof text);
    builder_put(&builder, slice_part(start, 0, start.size - 1));
    for (size_t i = 0; i < 2 * (TX_INITCODE_SIZE_MAX + 1); i++) builder_put_u8(&builder, '0');
    builder_put_text(&builder, "\"}");
    const struct outcome got = read_text(builder_view(&builder));
    expect_refused("read", got.result, "tx: contract creation code is too long");
    expect_text("where", slice_text(got.where), "input");
    arena_close(&arena);
}

/* ---- writing: go-ethereum's form, transactions by ethers 6 ---- */

static const struct {
    const char *name, *raw, *text;
} written[] = {
    {"dynamic fee with access list",
     "02f9012783aa36a782012c843b9aca0085174876e80082ea609470997970c51812dc3a010c7d01b50e0d17dc79c8"
     "88ab54a98ceb1f0ad284deadbeeff8aad6940000000000000000000000000000000000000001c0f8599435353535"
     "35353535353535353535353535353535f842a0000000000000000000000000000000000000000000000000000000"
     "0000000000a0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7943535353535353"
     "5"
     "35353535353535353535353535e1a0000000000000000000000000000000000000000000000000000000000000000"
     "080a056f2b2acaf0b8462cd0045a5ac26eed5b02547d2f313d30db9b8690e53715650a027f3ddea1e6c14ef856829"
     "4e1dd980e42f2ad68cf8e808582e5a2df3a792267f",
     "{'type':'0x2','chainId':'0xaa36a7','nonce':'0x12c',"
     "'maxPriorityFeePerGas':'0x3b9aca00','maxFeePerGas':'0x174876e800','gas':'0xea60',"
     "'to':'0x70997970c51812dc3a010c7d01b50e0d17dc79c8',"
     "'value':'0xab54a98ceb1f0ad2','input':'0xdeadbeef','accessList':["
     "{'address':'0x0000000000000000000000000000000000000001','storageKeys':[]},"
     "{'address':'0x3535353535353535353535353535353535353535','storageKeys':["
     "'0x0000000000000000000000000000000000000000000000000000000000000000',"
     "'0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff']},"
     "{'address':'0x3535353535353535353535353535353535353535','storageKeys':["
     "'0x0000000000000000000000000000000000000000000000000000000000000000']}],'v':'0x0',"
     "'r':'0x56f2b2acaf0b8462cd0045a5ac26eed5b02547d2f313d30db9b8690e53715650',"
     "'s':'0x27f3ddea1e6c14ef8568294e1dd980e42f2ad68cf8e808582e5a2df3a792267f','yParity':'0x0',"
     "'hash':'0x6ff3dac85a5ec19927af5d144d445df932878401c631956ebf04773d0f7a96cf'}"},
    {"legacy creation",
     "f8537f80830186a08080856001600255820a96a0772729a4237a17c1bb1d53f4eac09b28c5921fc54bb3afbdaea5"
     "61a678948095a027fc94c700632de5cf05a4a3c36f31344f8578cc22b37e3460bf862db2e58893",
     "{'type':'0x0','chainId':'0x539','nonce':'0x7f','gasPrice':'0x0','gas':'0x186a0','to':null,"
     "'value':'0x0','input':'0x6001600255','v':'0xa96',"
     "'r':'0x772729a4237a17c1bb1d53f4eac09b28c5921fc54bb3afbdaea561a678948095',"
     "'s':'0x27fc94c700632de5cf05a4a3c36f31344f8578cc22b37e3460bf862db2e58893',"
     "'hash':'0x578d362f96a54495b9c36f8791407d9f21aa8f700d26b4d89df5964671f04448'}"},
};

static void written_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(written); i++) {
        uint8_t memory[4096];
        struct builder text;
        struct tx tx = {0};
        k256_signature signature = {{0}, {0}, 0};
        runner_row(written[i].name);
        const slice raw = runner_hex(written[i].raw);
        expect_ok("read", tx_read_signed(raw, &tx, &signature));
        builder_init(&text, memory, sizeof memory);
        json_put_object_open(&text);
        tx_json_put_fields(&text, &tx, &signature, tx_hash(raw));
        json_put_object_close(&text);
        for (size_t k = 0; k < text.size; k++) {
            if (memory[k] == '"') memory[k] = '\'';
        }
        expect_text("written", builder_view(&text), written[i].text);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"accepted", accepted_rows},  {"sender", sender},
        {"refused", refused_rows},    {"sizes", sizes},
        {"input named", input_named}, {"written", written_rows},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
