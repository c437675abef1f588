/*
 * Real documents, from AWS hardware of 2021 to 2025, are in the shared vectors; what a correct
 * verifier must find in them stands in their index. The rules of form are tested on documents made
 * here, one rule at a time.
 */
#include "nsm/attestation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cbor.h"
#include "crypto/digest.h"

#include "runner.h"

static slice vector(const char *name)
{
    char subject[128];
    snprintf(subject, sizeof subject, "attestation/%s", name);
    const char *path = runner_vectors(subject);
    return path ? runner_file(path) : slice_of(NULL, 0);
}

/* AWS's root G1 as DER, in memory of the caller; empty when there are no vectors. */
static slice aws_root(struct builder *der)
{
    const slice pem = vector("aws-nitro-root-g1.pem");
    if (pem.size == 0 || !expect_ok("root", x509_read_pem(pem, der))) return slice_of(NULL, 0);
    const hash32 fingerprint = sha256(builder_view(der));
    expect_hex("root's fingerprint", hash32_view(&fingerprint),
               "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
    return builder_view(der);
}

static const struct {
    const char *file, *module_id;
    uint64_t timestamp_ms;
    int64_t first_s, last_s; /* when all certificates are valid */
    size_t public_key_size, user_data_size, nonce_size;
    bool is_debug;
    unsigned pcr_index;
    const char *pcr;
} real_rows[] = {
    {"anjuna-full.bin", "i-0e4fe5de7ee5abe78-enc018d3cadd7d66279", 1706120065635, 1706120054,
     1706130857, 294, 13, 6, true, 4,
     "1cc1521ffd7ef3a65a6183945c76af7e53a7eaba33b8c9fe53135505f675796edbff58c3150c1e42c57badbced32f"
     "c5"
     "0"},
    {"anjuna-prod-a.bin", "i-078824548edcf6519-enc01784234ec227b58", 1616018515685, 1616018515,
     1616029315, 0, 0, 0, false, 0,
     "2d151586641b790f3b1b92b8f89678c3aa86e73dd97969c892124be9d2b7fdc62b58a55cd9ee8216f6f5689cebf59"
     "0a"
     "d"},
    {"anjuna-prod-pubkey.bin", "i-0a6d65e7122308898-enc017846bcd2f820da", 1616602241734, 1616601982,
     1616612782, 294, 0, 0, false, 3,
     "bddd5d9c1ecbb66399451d7af33133fab5edfbcfdde56f0182412e8a2313ed2303282c3e2554a77bf5b97b5c000da"
     "cc"
     "9"},
    {"automata-2.cbor", "i-015531f954c54297c-enc018adb700a324d32", 1695899307117, 1695899304,
     1695910107, 0, 290, 32, false, 1,
     "bcdf05fefccaa8e55bf2c8d6dee9e79bbff31e34bf28a99aa19e6b29c37ee80b214a414b7607236edf26fcb78654e"
     "63"
     "f"},
    {"blocky-nitro_attestation.cbor", "i-0a22e5c5f24d22174-enc0191cceb4289903f", 1725719859545,
     1725719856, 1725730659, 1024, 1024, 1024, false, 2,
     "d5dcbdea0aa39c802f9d55ced2ea6e4d74ecec5f08fe40c508882639c9090642669106a062a3e24ee2805a3024b9b"
     "75"
     "c"},
    {"sui-sentinel-2025-indef.cbor", "i-0a9f2a8b8dd31c7c8-enc019802a541b75725", 1752827858990,
     1752827004, 1752837807, 32, 0, 0, false, 0,
     "19d44c076cdbc0d6a0a7d0d6c661e7888a710fb324c56b54d678a0ae0fc9bf41be4b45c07f4010a21f34f518bd140"
     "7d"
     "1"},
    {"veracruz-2022.cbor", "i-04fd167167daacf3b-enc01845e97d0b3eb4e", 1668034320696, 1668034317,
     1668045120, 0, 32, 32, false, 4,
     "4554042339e6a1ddfac89db7da58231d5619073729344333aff055429abeec6b006f81b19d1176001b8291f885283"
     "10"
     "6"},
};

static void real_contents(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(real_rows); i++) {
        struct attestation document = {0};
        const slice bytes = vector(real_rows[i].file);
        if (bytes.size == 0) return;
        runner_row(real_rows[i].file);
        if (!expect_ok("read", attestation_read(bytes, &document))) continue;
        expect_text("module_id", document.module_id, real_rows[i].module_id);
        expect_u64("timestamp", document.timestamp_ms, real_rows[i].timestamp_ms);
        expect_u64("PCRs", document.pcrs.present, 0xffff);
        expect_u64("bundle", document.bundle_count, 4);
        expect_u64("public_key", document.public_key.bytes.size, real_rows[i].public_key_size);
        expect_u64("user_data", document.user_data.bytes.size, real_rows[i].user_data_size);
        expect_u64("nonce", document.nonce.bytes.size, real_rows[i].nonce_size);
        expect_true("null is absent", document.nonce.is_present == (real_rows[i].nonce_size > 0));
        expect_hex("PCR", hash48_view(&document.pcrs.values[real_rows[i].pcr_index]),
                   real_rows[i].pcr);
        expect_true("debug", pcr_is_zero(&document.pcrs.values[0]) == real_rows[i].is_debug);
    }
}

static void real_archived(void)
{
    uint8_t memory[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    builder_init(&der, memory, sizeof memory);
    const slice root = aws_root(&der);
    if (root.size == 0) return;
    for (size_t i = 0; i < ARRAY_COUNT(real_rows); i++) {
        struct attestation document = {0};
        struct attestation_rules rules = {.root = root, .is_archived = true};
        runner_row(real_rows[i].file);
        if (!expect_ok("read", attestation_read(vector(real_rows[i].file), &document))) continue;
        expect_outcome("strict", attestation_verify(&document, &rules),
                       real_rows[i].is_debug ? "attestation: enclave runs in debug mode" : NULL);
        rules.allows_debug = true;
        expect_ok("debug allowed", attestation_verify(&document, &rules));
    }
}

static void real_at_times(void)
{
    uint8_t memory[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    builder_init(&der, memory, sizeof memory);
    const slice root = aws_root(&der);
    if (root.size == 0) return;
    for (size_t i = 0; i < ARRAY_COUNT(real_rows); i++) {
        struct attestation document = {0};
        const int64_t signed_ms = (int64_t)real_rows[i].timestamp_ms;
        struct attestation_rules rules = {.root = root, .max_age_s = 20000, .allows_debug = true};
        runner_row(real_rows[i].file);
        if (!expect_ok("read", attestation_read(vector(real_rows[i].file), &document))) continue;
        rules.now_ms = signed_ms;
        expect_ok("when signed", attestation_verify(&document, &rules));
        rules.now_ms = real_rows[i].last_s * 1000;
        expect_ok("in its last second", attestation_verify(&document, &rules));
        rules.now_ms = real_rows[i].last_s * 1000 + 1000;
        expect_refused("after it", attestation_verify(&document, &rules),
                       "x509: a certificate has expired");
        rules.now_ms = (real_rows[i].first_s - ATTESTATION_LEEWAY_S - 1) * 1000;
        expect_refused("before the leeway", attestation_verify(&document, &rules),
                       "x509: a certificate is not valid yet");
        rules.now_ms = signed_ms - ATTESTATION_LEEWAY_S * 1000;
        expect_ok("with the leeway", attestation_verify(&document, &rules));
        rules.now_ms = 0;
        expect_refused("no time given", attestation_verify(&document, &rules),
                       "x509: a certificate is not valid yet");
    }
}

static void real_refused(void)
{
    uint8_t memory[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    struct attestation document = {0};
    builder_init(&der, memory, sizeof memory);
    const slice root = aws_root(&der);
    if (root.size == 0) return;
    struct attestation_rules rules = {.root = root, .is_archived = true};
    expect_ok("bad signature reads",
              attestation_read(vector("veracruz-2022-badsig.cbor"), &document));
    expect_refused("bad signature", attestation_verify(&document, &rules),
                   "attestation: signature is not valid");
    expect_refused("self-signed",
                   attestation_read(vector("blocky-selfsigned_attestation.cbor"), &document),
                   "cbor: expected a map");
    expect_ok("good one", attestation_read(vector("veracruz-2022.cbor"), &document));
    rules.root = document.bundle[1];
    expect_refused("an intermediate as the root", attestation_verify(&document, &rules),
                   "x509: chain does not reach the trusted root");
    rules.root = slice_of(NULL, 0);
    expect_refused("no root", attestation_verify(&document, &rules),
                   "x509: root is not a certificate");
}

static status read_and_verify(slice bytes, const struct attestation_rules *rules)
{
    struct attestation document;
    TRY(attestation_read(bytes, &document));
    return attestation_verify(&document, rules);
}

/* A tag in front is allowed and says nothing: it is the one freedom that a document has. */
static void real_every_byte_counts(void)
{
    static uint8_t bytes[ATTESTATION_SIZE_MAX];
    uint8_t memory[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    builder_init(&der, memory, sizeof memory);
    const slice root = aws_root(&der);
    if (root.size == 0) return;
    const struct attestation_rules rules = {.root = root, .is_archived = true};
    const slice good = vector("anjuna-prod-a.bin");
    const bool wants_all = getenv("ENW_TEST_ALL_BITS") != NULL;
    memcpy(bytes, good.bytes, good.size);
    expect_ok("as it is", read_and_verify(slice_of(bytes, good.size), &rules));
    for (size_t bit = 0; bit < 8 * good.size; bit++) {
        /* One bit of each byte, another one from byte to byte, unless all are asked for. */
        if (!wants_all && bit % 8 != bit / 8 % 8) continue;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        runner_row_at("bit", bit);
        expect_true("refused", !status_is_ok(read_and_verify(slice_of(bytes, good.size), &rules)));
        bytes[bit / 8] = good.bytes[bit / 8];
    }
}

static void real_truncated(void)
{
    struct attestation document;
    const slice good = vector("anjuna-prod-a.bin");
    for (size_t size = 0; size < good.size; size++) {
        runner_row_at("cut to", size);
        expect_kind("read", attestation_read(slice_part(good, 0, size), &document),
                    FAILURE_BAD_INPUT);
    }
}

/* A document's fields as encoded values; a test replaces one. */
enum { FIELD_COUNT = 9 };

static const struct {
    const char *name, *value;
} good_fields[FIELD_COUNT] = {
    {"module_id", "6161"},
    {"digest", "66534841333834"},
    {"timestamp", "1b0000018cddaa5b00"},
    {"pcrs", "a100583000000000000000000000000000000000000000000000000000000000000000000000000000000"
             "0000000000000000000"},
    {"certificate", "4100"},
    {"cabundle", "814100"},
    {"public_key", "f6"},
    {"user_data", "f6"},
    {"nonce", "f6"},
};

#define PCR                                                                                        \
    "58300000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "00000000"

static const char too_many[] = "cbor: map or array has too many items";
static const char wrong_bytes_size[] = "cbor: byte string has the wrong size";
static const char twice[] = "attestation: a field comes twice";

/* `field` is replaced by `value`, or left out when that is NULL; `more` is added at the end. */
static const struct {
    const char *name;
    int field; /* -1: none */
    const char *value, *more;
    size_t more_count;
    const char *refusal;
} form_rows[] = {
    {"as it is", -1, "", "", 0, NULL},
    {"no module_id", 0, NULL, "", 0, "attestation: document lacks a field"},
    {"empty module_id", 0, "60", "", 0, "cbor: text has the wrong size"},
    {"module_id as bytes", 0, "4161", "", 0, "cbor: expected a text string"},
    {"no digest", 1, NULL, "", 0, "attestation: document lacks a field"},
    {"SHA256", 1, "66534841323536", "", 0, "attestation: digest must be SHA384"},
    {"no timestamp", 2, NULL, "", 0, "attestation: document lacks a field"},
    {"timestamp 0", 2, "00", "", 0, "attestation: timestamp must not be zero"},
    {"timestamp 1", 2, "01", "", 0, NULL},
    {"end of 9999", 2, "1b0000e677d21fdbff", "", 0, NULL},
    {"one ms later", 2, "1b0000e677d21fdc00", "", 0, "cbor: integer is out of range"},
    {"negative timestamp", 2, "20", "", 0, "cbor: expected an unsigned integer"},
    {"timestamp as float", 2, "fb4278cddaa5b00000", "", 0,
     "cbor: floats, undefined and other simple values are not accepted"},
    {"tagged timestamp", 2, "c11b0000018cddaa5b00", "", 0, "cbor: expected an unsigned integer"},
    {"no pcrs", 3, NULL, "", 0, "attestation: document lacks a field"},
    {"empty pcrs", 3, "a0", "", 0, "attestation: document has no PCR"},
    {"pcrs as array", 3, "8100", "", 0, "cbor: expected a map"},
    {"PCR 31", 3, "a1181f" PCR, "", 0, NULL},
    {"PCR 32", 3, "a11820" PCR, "", 0, "cbor: integer is out of range"},
    {"PCR twice", 3, "a200" PCR "00" PCR, "", 0, "attestation: a PCR comes twice"},
    {"PCRs downwards, indefinite", 3, "bf01" PCR "00" PCR "ff", "", 0, NULL},
    {"PCR key as text", 3, "a16130" PCR, "", 0, "cbor: expected an unsigned integer"},
    {"PCR null", 3, "a100f6", "", 0, "cbor: expected a byte string"},
    {"PCR of 32 bytes", 3,
     "a10058200000000000000000000000000000000000000000000000000000000000000000", "", 0,
     wrong_bytes_size},
    {"no certificate", 4, NULL, "", 0, "attestation: document lacks a field"},
    {"empty certificate", 4, "40", "", 0, wrong_bytes_size},
    {"certificate null", 4, "f6", "", 0, "cbor: expected a byte string"},
    {"no cabundle", 5, NULL, "", 0, "attestation: document lacks a field"},
    {"empty cabundle", 5, "80", "", 0, "attestation: document has no certificate bundle"},
    {"cabundle of 8, indefinite", 5, "9f41004100410041004100410041004100ff", "", 0, NULL},
    {"cabundle of 9", 5, "89410041004100410041004100410041004100", "", 0, too_many},
    {"indefinite cabundle of 9", 5, "9f410041004100410041004100410041004100ff", "", 0, too_many},
    {"empty certificate in it", 5, "8140", "", 0, wrong_bytes_size},
    {"no public_key", 6, NULL, "", 0, NULL},
    {"empty public_key", 6, "40", "", 0, wrong_bytes_size},
    {"public_key as text", 6, "6161", "", 0, "cbor: expected a byte string"},
    {"no user_data", 7, NULL, "", 0, NULL},
    {"empty user_data", 7, "40", "", 0, NULL},
    {"user_data undefined", 7, "f7", "", 0,
     "cbor: floats, undefined and other simple values are not accepted"},
    {"no nonce", 8, NULL, "", 0, NULL},
    {"empty nonce", 8, "40", "", 0, NULL},
    {"chunked nonce", 8, "5f4100ff", "", 0,
     "cbor: only arrays and maps may have an indefinite length"},
    {"nonce with a long head", 8, "580100", "", 0, "cbor: number is not as short as it can be"},
    {"unknown field", -1, "", "6178a1018102", 1, NULL},
    {"deep unknown field", -1, "", "61788181818100", 1, NULL},
    {"deeper unknown field", -1, "", "6178818181818100", 1, "cbor: values are nested too deeply"},
    {"unknown field twice", -1, "", "617800617800", 2, twice},
    {"known field twice", -1, "", "656e6f6e6365f6", 1, twice},
    {"key as bytes", -1, "", "417800", 1, "cbor: expected a text string"},
    {"empty key", -1, "", "6000", 1, NULL},
    {"key of 64 bytes", -1, "",
     "7840"
     "6161616161616161616161616161616161616161616161616161616161616161"
     "6161616161616161616161616161616161616161616161616161616161616161"
     "00",
     1, NULL},
    {"key of 65 bytes", -1, "",
     "7841"
     "6161616161616161616161616161616161616161616161616161616161616161"
     "616161616161616161616161616161616161616161616161616161616161616161"
     "00",
     1, "cbor: text has the wrong size"},
};

struct payload {
    uint8_t memory[8 * 1024];
    struct builder builder;
};

static void put_payload(struct payload *payload, size_t row, bool is_indefinite)
{
    const bool is_shorter = form_rows[row].field >= 0 && !form_rows[row].value;
    struct builder *builder = &payload->builder;
    builder_init(builder, payload->memory, sizeof payload->memory);
    if (is_indefinite) cbor_put_map_indefinite(builder);
    else cbor_put_map(builder, FIELD_COUNT - is_shorter + form_rows[row].more_count);
    for (int i = 0; i < FIELD_COUNT; i++) {
        const bool is_replaced = i == form_rows[row].field;
        const char *value = is_replaced ? form_rows[row].value : good_fields[i].value;
        if (!value) continue;
        cbor_put_text(builder, slice_text(good_fields[i].name));
        builder_put(builder, runner_hex(value));
    }
    builder_put(builder, runner_hex(form_rows[row].more));
    if (is_indefinite) cbor_put_break(builder);
}

/* The message around a payload, its signature of no importance. */
static status read_payload(slice payload)
{
    static uint8_t memory[2 * ATTESTATION_SIZE_MAX];
    static const uint8_t signature[96];
    struct attestation document;
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    builder_put(&builder, runner_hex("8444a1013822a0"));
    cbor_put_bytes(&builder, payload);
    cbor_put_bytes(&builder, slice_of(signature, sizeof signature));
    return attestation_read(builder_view(&builder), &document);
}

static void forms(void)
{
    static struct payload payload;
    for (size_t i = 0; i < ARRAY_COUNT(form_rows); i++) {
        runner_row(form_rows[i].name);
        put_payload(&payload, i, false);
        expect_outcome("definite", read_payload(builder_view(&payload.builder)),
                       form_rows[i].refusal);
        put_payload(&payload, i, true);
        expect_outcome("indefinite", read_payload(builder_view(&payload.builder)),
                       form_rows[i].refusal);
    }
    runner_row(NULL);
    put_payload(&payload, 0, false);
    builder_put_u8(&payload.builder, 0);
    expect_refused("byte after the map", read_payload(builder_view(&payload.builder)),
                   "cbor: bytes follow the value");
    put_payload(&payload, 0, true);
    payload.builder.size--;
    expect_refused("no end of the map", read_payload(builder_view(&payload.builder)),
                   "cbor: value is missing");
    expect_refused("no map", read_payload(runner_hex("80")), "cbor: expected a map");
}

/* Puts a good payload in which one field is a byte string of this size. */
static status read_sized(int field, size_t size)
{
    static struct payload payload;
    static const uint8_t zeros[2048];
    struct builder *builder = &payload.builder;
    builder_init(builder, payload.memory, sizeof payload.memory);
    cbor_put_map(builder, FIELD_COUNT);
    for (int i = 0; i < FIELD_COUNT; i++) {
        cbor_put_text(builder, slice_text(good_fields[i].name));
        if (i == field && i == 5) cbor_put_array(builder, 1);
        if (i == field) cbor_put_bytes(builder, slice_of(zeros, size));
        else builder_put(builder, runner_hex(good_fields[i].value));
    }
    return read_payload(builder_view(builder));
}

static void field_sizes(void)
{
    for (int field = 4; field < FIELD_COUNT; field++) {
        runner_row(good_fields[field].name);
        expect_ok("1024 bytes", read_sized(field, 1024));
        expect_refused("1025 bytes", read_sized(field, 1025), wrong_bytes_size);
    }
}

static void field_counts(void)
{
    for (size_t count = 31; count <= 33; count++) {
        static struct payload payload;
        put_payload(&payload, 0, true);
        payload.builder.size--; /* the break */
        for (size_t i = FIELD_COUNT; i < count; i++) {
            const uint8_t key = (uint8_t)('A' + i);
            cbor_put_text(&payload.builder, slice_of(&key, 1));
            cbor_put_null(&payload.builder);
        }
        cbor_put_break(&payload.builder);
        runner_row_at("fields", count);
        expect_outcome("read", read_payload(builder_view(&payload.builder)),
                       count > ATTESTATION_FIELD_COUNT_MAX ? too_many : NULL);
    }
}

static void document_sizes(void)
{
    static uint8_t long_document[ATTESTATION_SIZE_MAX + 1];
    struct attestation document;
    expect_refused("one byte too long",
                   attestation_read(slice_of(long_document, sizeof long_document), &document),
                   "attestation: document is too long");
    expect_refused("as long as allowed",
                   attestation_read(slice_of(long_document, sizeof long_document - 1), &document),
                   "cbor: expected an array");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"real contents", real_contents},
        {"real archived", real_archived},
        {"real at times", real_at_times},
        {"real refused", real_refused},
        {"real every byte counts", real_every_byte_counts},
        {"real truncated", real_truncated},
        {"forms", forms},
        {"field sizes", field_sizes},
        {"field counts", field_counts},
        {"document sizes", document_sizes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
