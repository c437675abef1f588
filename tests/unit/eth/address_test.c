#include "eth/address.h"

#include <string.h>

#include "runner.h"

static const char WRONG_SHAPE[] = "address: must be 0x and 40 hex digits";
static const char WRONG_CASE[] = "address: mixed case must be the checksum of EIP-55";

/* The test cases of EIP-55, and each rule broken alone. `printed` NULL: as `text`. */
static const struct {
    const char *name, *text, *printed, *refusal;
} rows[] = {
    {"EIP-55 all caps 1", "0x52908400098527886E0F7030069857D2E4169EE7", NULL, NULL},
    {"EIP-55 all caps 2", "0x8617E340B3D01FA5F11F306F4090FD50E238070D", NULL, NULL},
    {"EIP-55 all lower 1", "0xde709f2102306220921060314715629080e2fb77", NULL, NULL},
    {"EIP-55 all lower 2", "0x27b1fdb04752bbc536007a920d24acb045561c26", NULL, NULL},
    {"EIP-55 normal 1", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", NULL, NULL},
    {"EIP-55 normal 2", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", NULL, NULL},
    {"EIP-55 normal 3", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", NULL, NULL},
    {"EIP-55 normal 4", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", NULL, NULL},
    {"lower case of a normal one", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", NULL},
    {"upper case of a normal one", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
     "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", NULL},
    {"digits only", "0x0000000000000000000000000000000000000000", NULL, NULL},
    {"one letter's case changed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", NULL, WRONG_CASE},
    {"the first letter's case changed", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", NULL,
     WRONG_CASE},
    {"f is the only small letter", "0x11111111111111111111111111111111111111fA", NULL, WRONG_CASE},
    {"a is the only small letter", "0x11111111111111111111111111111111111111aB", NULL, WRONG_CASE},
    {"F is the only capital", "0x11111111111111111111111111111111111111Fa", NULL, WRONG_CASE},
    {"A is the only capital", "0x21111111111111111111111111111111111111Ab", NULL, WRONG_CASE},
    {"no prefix", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL, WRONG_SHAPE},
    {"no prefix, right size", "005aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL, WRONG_SHAPE},
    {"other first character", "1x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL, WRONG_SHAPE},
    {"upper-case X", "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL, WRONG_SHAPE},
    {"39 digits", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", NULL, WRONG_SHAPE},
    {"41 digits", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed0", NULL, WRONG_SHAPE},
    {"no digit", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", NULL, WRONG_SHAPE},
    {"empty", "", NULL, WRONG_SHAPE},
};

static void text_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        eth_address address;
        const status got = address_parse(slice_text(rows[i].text), &address);
        if (!expect_outcome("parse", got, rows[i].refusal) || rows[i].refusal) continue;
        uint8_t memory[ADDRESS_TEXT_SIZE];
        struct builder text;
        builder_init(&text, memory, sizeof memory);
        address_print(&text, address);
        expect_text("printed", builder_view(&text),
                    rows[i].printed ? rows[i].printed : rows[i].text);
        builder_init(&text, memory, sizeof memory);
        address_print_lower(&text, address);
        eth_address again;
        expect_ok("lower case", address_parse(builder_view(&text), &again));
        expect_true("is the same", address_equal(address, again));
    }
}

/* Public keys and addresses by ethers 6; the first is the well-known first test account. */
static void of_public_key(void)
{
    k256_public_key public_key;
    uint8_t memory[ADDRESS_TEXT_SIZE];
    struct builder text;
    const slice point =
        runner_hex("8318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75"
                   "3547f11ca8696646f2f3acb08e31016afac23e630c5d11f59f61fef57b0d2aa5");
    memcpy(public_key.bytes, point.bytes, sizeof public_key.bytes);
    builder_init(&text, memory, sizeof memory);
    address_print(&text, address_of(&public_key));
    expect_text("address", builder_view(&text), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
}

static void bytes(void)
{
    uint8_t memory[ADDRESS_SIZE + 1] = {1, 2, 3};
    eth_address address = {{0}}, zero = {{0}};
    expect_refused("19 bytes", address_read(slice_of(memory, 19), &address),
                   "address: must be 20 bytes");
    expect_refused("21 bytes", address_read(slice_of(memory, 21), &address),
                   "address: must be 20 bytes");
    expect_true("untouched", address_equal(address, zero));
    expect_ok("20 bytes", address_read(slice_of(memory, 20), &address));
    expect_true("another", !address_equal(address, zero));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"text rows", text_rows},
        {"of public key", of_public_key},
        {"bytes", bytes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
