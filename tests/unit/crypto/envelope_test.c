/*
 * Real envelopes from KMS are in the shared vectors; what stands in them is in their index.
 */
#include "crypto/envelope.h"

#include <stdio.h>
#include <string.h>

#include "runner.h"

static slice vector(const char *name)
{
    char subject[128];
    snprintf(subject, sizeof subject, "cms/%s", name);
    const char *path = runner_vectors(subject);
    return path ? runner_file(path) : slice_of(NULL, 0);
}

static const struct {
    const char *file;
    size_t content_size;
    const char *content_start, *iv, *recipient_id;
} real_rows[] = {
    {"edgebit.ber", 48, "", NULL,
     "9631a0c659910ad5aabc1fecfc0c3e64d4c395ce9491af3a48b56694d9851803"},
    {"awssdk-1.ber", 48, "70e5caaf", "688c6d5f7f31b0fecedf09f2e7c99ac9", NULL},
    {"rustcrypto-kms-1.ber", 16, "cc74adf65d973c8b72cd51e1b927f0f0", NULL, NULL},
    {"rustcrypto-kms-2.ber", 48, "70e5caaf", "688c6d5f7f31b0fecedf09f2e7c99ac9", NULL},
};

static void real_envelopes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(real_rows); i++) {
        struct envelope envelope = {0};
        uint8_t memory[ENVELOPE_SIZE_MAX];
        struct builder pieces, chunks;
        const slice bytes = vector(real_rows[i].file);
        if (bytes.size == 0) return;
        runner_row(real_rows[i].file);
        if (!expect_ok("read", envelope_read(bytes, &envelope))) continue;
        expect_u64("content's size", envelope.content_size, real_rows[i].content_size);
        expect_true("content", slice_has_start(slice_of(envelope.content, envelope.content_size),
                                               runner_hex(real_rows[i].content_start)));
        if (real_rows[i].iv) expect_hex("iv", slice_of(envelope.iv, 16), real_rows[i].iv);
        if (real_rows[i].recipient_id) {
            expect_hex("recipient", hash32_view(&envelope.recipient_id), real_rows[i].recipient_id);
        }
        /* Written again in one of the two forms, it is the real one. */
        builder_init(&pieces, memory, sizeof memory);
        envelope_write(&envelope, false, &pieces);
        const bool is_one_piece = slice_equal(builder_view(&pieces), bytes);
        builder_init(&chunks, memory, sizeof memory);
        envelope_write(&envelope, true, &chunks);
        expect_true("one of KMS's forms",
                    is_one_piece || slice_equal(builder_view(&chunks), bytes));
    }
}

/* An envelope of 32 bytes' content, in one piece. */
static slice made(bool is_constructed, size_t content_size, uint8_t memory[ENVELOPE_SIZE_MAX])
{
    static struct envelope envelope;
    struct builder builder;
    memset(&envelope, 0xab, sizeof envelope);
    envelope.content_size = content_size;
    builder_init(&builder, memory, ENVELOPE_SIZE_MAX);
    envelope_write(&envelope, is_constructed, &builder);
    return builder_view(&builder);
}

static void sizes_as_kms_writes_them(void)
{
    static const struct {
        const char *name;
        bool is_constructed;
        size_t content_size, size;
    } rows[] = {
        {"a short answer", true, 16, 461},
        {"a data key", true, 48, 493},
        {"a data key in one piece", false, 48, 431 + 2 + 48 + 8},
        {"the largest seen", true, 4112, 4573},
        {"where a length takes three bytes", false, 256, 431 + 4 + 256 + 8},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static uint8_t memory[ENVELOPE_SIZE_MAX];
        static struct envelope envelope;
        runner_row(rows[i].name);
        const slice bytes = made(rows[i].is_constructed, rows[i].content_size, memory);
        expect_u64("size", bytes.size, rows[i].size);
        expect_ok("read", envelope_read(bytes, &envelope));
        expect_u64("content", envelope.content_size, rows[i].content_size);
    }
}

static const char wrong_part[] = "envelope: part is not of the expected type";
static const char part_too_many[] = "envelope: has a part too many";

/* One byte of a good envelope replaced; offsets as aws-nitro-enclaves-sdk-c's captures have them. */
static const struct {
    const char *name;
    size_t offset;
    uint8_t value;
    const char *refusal;
} byte_rows[] = {
    {"as it is", 0, 0x30, NULL},
    {"not a sequence", 0, 0x31, wrong_part},
    {"signedData", 12, 0x02, "envelope: is not EnvelopedData"},
    {"no [0]", 13, 0xa1, wrong_part},
    {"version 0", 19, 0, "envelope: version must be 2"},
    {"version 3", 19, 3, "envelope: version must be 2"},
    {"recipients not a set", 20, 0x30, wrong_part},
    {"recipient of another type", 24, 0xa1, wrong_part},
    {"recipient's version 0", 30, 0, "envelope: version must be 2"},
    {"issuer and serial", 31, 0x30, wrong_part},
    {"RSA PKCS #1", 77, 0x01, "envelope: key is not encrypted with RSAES-OAEP"},
    {"OAEP's hash SHA-384", 94, 0x02, "envelope: key is not encrypted with SHA-256"},
    {"parameters not null", 95, 0x04, wrong_part},
    {"mask of another kind", 111, 0x09, "envelope: mask is not MGF1"},
    {"mask's hash SHA-384", 124, 0x02, "envelope: key is not encrypted with SHA-256"},
    {"key not octets", 127, 0x03, wrong_part},
    {"content of another type", 399, 0x02, "envelope: content is not plain data"},
    {"AES-128-CBC", 412, 0x02, "envelope: content is not encrypted with AES-256-CBC"},
    {"AES-256-GCM", 412, 0x2e, "envelope: content is not encrypted with AES-256-CBC"},
    {"IV not octets", 413, 0x05, wrong_part},
    {"content's tag", 431, 0x81, wrong_part},
};

static void bytes_replaced(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(byte_rows); i++) {
        static uint8_t memory[ENVELOPE_SIZE_MAX];
        static struct envelope envelope;
        const slice bytes = made(false, 48, memory);
        runner_row(byte_rows[i].name);
        memory[byte_rows[i].offset] = byte_rows[i].value;
        expect_outcome("read", envelope_read(bytes, &envelope), byte_rows[i].refusal);
    }
}

/* The good envelope's bytes with [offset, offset + removed) replaced, all inside indefinite parts. */
static const struct {
    const char *name;
    size_t offset, removed_count;
    const char *inserted;
    const char *refusal;
} splice_rows[] = {
    {"content in nothing", 431, 50, "", "envelope: a part is missing"},
    {"content empty", 431, 50, "8000", NULL},
    {"content in chunks", 431, 50, "a0800402aabb0401cc0000", NULL},
    {"definite chunks", 431, 50, "a0070402aabb0401cc", NULL},
    {"chunk of no bytes", 431, 50, "a080040004010a0000", NULL},
    {"nested chunks", 431, 50, "a0802480 0401aa 0000 0000", NULL},
    {"nested twice", 431, 50, "a0802480 2480 0401aa 0000 0000 0000",
     "envelope: chunks are nested too deeply"},
    {"chunk of another type", 431, 50, "a0800201010000", wrong_part},
    {"length in long form", 431, 2, "808130", NULL},
    {"length in longer form", 431, 2, "808400000030", NULL},
    {"length of five bytes", 431, 2, "80850000000030", "envelope: length is too long"},
    {"indefinite primitive", 431, 50, "80800000",
     "envelope: only constructed parts may have an indefinite length"},
    {"part with a long tag", 431, 50, "bf810000", "envelope: part is not known"},
    {"part after the content", 481, 0, "0500", part_too_many},
    {"unprotected attributes", 483, 0, "a100", part_too_many},
    {"part after EnvelopedData", 485, 0, "0500", part_too_many},
    {"part after [0]", 487, 0, "0500", part_too_many},
    {"originator's information", 20, 0, "a000", wrong_part},
};

static void parts_replaced(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(splice_rows); i++) {
        static uint8_t memory[ENVELOPE_SIZE_MAX], spliced[ENVELOPE_SIZE_MAX];
        static struct envelope envelope;
        struct builder builder;
        const slice bytes = made(false, 48, memory);
        const size_t after = splice_rows[i].offset + splice_rows[i].removed_count;
        runner_row(splice_rows[i].name);
        builder_init(&builder, spliced, sizeof spliced);
        builder_put(&builder, slice_part(bytes, 0, splice_rows[i].offset));
        builder_put(&builder, runner_hex(splice_rows[i].inserted));
        builder_put(&builder, slice_part(bytes, after, bytes.size));
        expect_outcome("read", envelope_read(builder_view(&builder), &envelope),
                       splice_rows[i].refusal);
    }
}

/* The recipients' part, which is of definite length, made anew. */
static const struct {
    const char *name;
    size_t recipient_count, id_size, key_size, iv_size;
    const char *algorithm;
    const char *refusal;
    const char *behind_key, *behind_iv; /* a part more */
} recipient_rows[] = {
    {"as KMS writes it", 1, 32, 256, 16, NULL, NULL, NULL, NULL},
    {"no recipient", 0, 32, 256, 16, NULL, "envelope: a part is missing", NULL, NULL},
    {"two recipients", 2, 32, 256, 16, NULL, "envelope: must have exactly one recipient", NULL,
     NULL},
    {"identifier of 20 bytes", 1, 20, 256, 16, NULL,
     "envelope: recipient's identifier must be 32 bytes", NULL, NULL},
    {"identifier of 33 bytes", 1, 33, 256, 16, NULL,
     "envelope: recipient's identifier must be 32 bytes", NULL, NULL},
    {"key of 255 bytes", 1, 32, 255, 16, NULL, "envelope: encrypted key must be 256 bytes", NULL,
     NULL},
    {"key of RSA-3072", 1, 32, 384, 16, NULL, "envelope: encrypted key must be 256 bytes", NULL,
     NULL},
    {"part behind the key", 1, 32, 256, 16, NULL, part_too_many, "0500", NULL},
    {"part behind the IV", 1, 32, 256, 16, NULL, part_too_many, NULL, "0500"},
    {"IV of 15 bytes", 1, 32, 256, 15, NULL, "envelope: IV must be 16 bytes", NULL, NULL},
    {"IV of 17 bytes", 1, 32, 256, 17, NULL, "envelope: IV must be 16 bytes", NULL, NULL},
    {"SHA-256 without parameters", 1, 32, 256, 16,
     "303806092a864886f70d010107302ba00d300b0609608648016503040201"
     "a11a301806092a864886f70d010108300b0609608648016503040201",
     NULL, NULL, NULL},
    {"SHA-256 with more", 1, 32, 256, 16,
     "303e06092a864886f70d0101073031a011300f060960864801650304020105000500"
     "a11c301a06092a864886f70d010108300d06096086480165030402010500",
     part_too_many, NULL, NULL},
    {"null that is not empty", 1, 32, 256, 16,
     "303d06092a864886f70d0101073030a010300e060960864801650304020105010 0"
     "a11c301a06092a864886f70d010108300d06096086480165030402010500",
     part_too_many, NULL, NULL},
    {"hash in two parts", 1, 32, 256, 16,
     "303e06092a864886f70d0101073031a011300d060960864801650304020105000500"
     "a11c301a06092a864886f70d010108300d06096086480165030402010500",
     part_too_many, NULL, NULL},
    {"mask in two parts", 1, 32, 256, 16,
     "303e06092a864886f70d0101073031a00f300d06096086480165030402010500"
     "a11e301a06092a864886f70d010108300d060960864801650304020105000500",
     part_too_many, NULL, NULL},
    {"after OAEP's parameters", 1, 32, 256, 16,
     "303e06092a864886f70d010107302fa00f300d06096086480165030402010500"
     "a11c301a06092a864886f70d010108300d060960864801650304020105000500",
     part_too_many, NULL, NULL},
    {"after MGF1's parameters", 1, 32, 256, 16,
     "303e06092a864886f70d0101073031a00f300d06096086480165030402010500"
     "a11e301c06092a864886f70d010108300d060960864801650304020105000500",
     part_too_many, NULL, NULL},
    {"OAEP with a label", 1, 32, 256, 16,
     "304906092a864886f70d010107303ca00f300d06096086480165030402010500"
     "a11c301a06092a864886f70d010108300d06096086480165030402010500"
     "a20b300906092a864886f70d010109",
     part_too_many, NULL, NULL},
    {"OAEP's defaults", 1, 32, 256, 16, "300d06092a864886f70d0101073000",
     "envelope: a part is missing", NULL, NULL},
    {"OAEP without a mask", 1, 32, 256, 16,
     "301e06092a864886f70d0101073011a00f300d06096086480165030402010500",
     "envelope: a part is missing", NULL, NULL},
};

static void put_definite(struct builder *builder, uint8_t tag, slice contents)
{
    builder_put_u8(builder, tag);
    builder_put_u8(builder, 0x82);
    builder_put_u16(builder, (uint16_t)contents.size);
    builder_put(builder, contents);
}

static void put_recipient(struct builder *set, size_t row, slice good)
{
    static const uint8_t zeros[512];
    uint8_t memory[1024];
    struct builder recipient;
    builder_init(&recipient, memory, sizeof memory);
    builder_put(&recipient, runner_hex("020102"));
    put_definite(&recipient, 0x80, slice_of(zeros, recipient_rows[row].id_size));
    if (recipient_rows[row].algorithm)
        builder_put(&recipient, runner_hex(recipient_rows[row].algorithm));
    else builder_put(&recipient, slice_part(good, 65, 62));
    put_definite(&recipient, 0x04, slice_of(zeros, recipient_rows[row].key_size));
    if (recipient_rows[row].behind_key) {
        builder_put(&recipient, runner_hex(recipient_rows[row].behind_key));
    }
    put_definite(set, 0x30, builder_view(&recipient));
}

static void recipients(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(recipient_rows); i++) {
        static uint8_t memory[ENVELOPE_SIZE_MAX], built[ENVELOPE_SIZE_MAX], set_memory[2048];
        static struct envelope envelope;
        static const uint8_t zeros[32];
        uint8_t algorithm_memory[64];
        struct builder builder, set, algorithm;
        const slice good = made(false, 48, memory);
        runner_row(recipient_rows[i].name);
        builder_init(&set, set_memory, sizeof set_memory);
        for (size_t k = 0; k < recipient_rows[i].recipient_count; k++) {
            put_recipient(&set, i, good);
        }
        builder_init(&algorithm, algorithm_memory, sizeof algorithm_memory);
        builder_put(&algorithm, slice_part(good, 402, 11)); /* the object identifier */
        put_definite(&algorithm, 0x04, slice_of(zeros, recipient_rows[i].iv_size));
        if (recipient_rows[i].behind_iv) {
            builder_put(&algorithm, runner_hex(recipient_rows[i].behind_iv));
        }
        builder_init(&builder, built, sizeof built);
        builder_put(&builder, slice_part(good, 0, 20));
        put_definite(&builder, 0x31, builder_view(&set));
        builder_put(&builder, slice_part(good, 387, 13)); /* up to the algorithm */
        put_definite(&builder, 0x30, builder_view(&algorithm));
        builder_put(&builder, slice_part(good, 431, good.size));
        expect_outcome("read", envelope_read(builder_view(&builder), &envelope),
                       recipient_rows[i].refusal);
    }
}

static void truncated(void)
{
    static uint8_t memory[ENVELOPE_SIZE_MAX];
    static struct envelope envelope;
    for (int form = 0; form < 2; form++) {
        const slice bytes = made(form == 1, 1500, memory);
        for (size_t size = 0; size < bytes.size; size++) {
            runner_row_at(form ? "chunks cut to" : "piece cut to", size);
            expect_kind("read", envelope_read(slice_part(bytes, 0, size), &envelope),
                        FAILURE_BAD_INPUT);
        }
        runner_row(NULL);
        memory[bytes.size] = 0;
        expect_refused("a byte after it",
                       envelope_read(slice_of(bytes.bytes, bytes.size + 1), &envelope),
                       part_too_many);
    }
}

static void limits(void)
{
    static uint8_t memory[ENVELOPE_SIZE_MAX + 8], longer[ENVELOPE_SIZE_MAX], deep[64];
    static struct envelope envelope;
    struct builder chunks;
    const slice bytes = made(false, 4112, memory);
    expect_ok("4112 bytes", envelope_read(bytes, &envelope));
    /* The same, and one byte more in a chunk of its own. */
    builder_init(&chunks, longer, sizeof longer);
    builder_put(&chunks, slice_part(bytes, 0, 431));
    builder_put(&chunks, runner_hex("a080 04821010"));
    builder_put(&chunks, slice_part(bytes, 435, 4112));
    builder_put(&chunks, runner_hex("0401aa 0000"));
    builder_put_zeros(&chunks, 8);
    expect_refused("4113 bytes", envelope_read(builder_view(&chunks), &envelope),
                   "envelope: content is too long");
    expect_refused("too long", envelope_read(slice_of(memory, ENVELOPE_SIZE_MAX + 1), &envelope),
                   "envelope: is too long");
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = 0x30;
        deep[i + 1] = 0x80;
    }
    expect_refused("endless nesting", envelope_read(slice_of(deep, sizeof deep), &envelope),
                   "envelope: parts are nested too deeply");
    for (size_t depth = ENVELOPE_ELEMENT_DEPTH_MAX; depth <= ENVELOPE_ELEMENT_DEPTH_MAX + 1;
         depth++) {
        runner_row_at("depth", depth);
        memset(deep + 2 * depth, 0, 2 * depth); /* as many ends */
        expect_refused("nesting", envelope_read(slice_of(deep, 4 * depth), &envelope),
                       depth > ENVELOPE_ELEMENT_DEPTH_MAX ? "envelope: parts are nested too deeply"
                                                          : wrong_part);
        for (size_t i = 0; i < sizeof deep; i++) deep[i] = i % 2 ? 0x80 : 0x30;
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"real envelopes", real_envelopes},
        {"sizes as KMS writes them", sizes_as_kms_writes_them},
        {"bytes replaced", bytes_replaced},
        {"parts replaced", parts_replaced},
        {"recipients", recipients},
        {"truncated", truncated},
        {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
