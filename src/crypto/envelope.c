#include "crypto/envelope.h"

#include <string.h>

#include "base/array.h"

enum tag {
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_NULL = 0x05,
    TAG_OID = 0x06,
    TAG_OCTETS_CONSTRUCTED = 0x24,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_CONTEXT_0 = 0x80,
    TAG_CONTEXT_0_CONSTRUCTED = 0xa0,
    TAG_CONTEXT_1_CONSTRUCTED = 0xa1,
};

enum {
    TAG_CONSTRUCTED_BIT = 0x20,
    TAG_LONG = 0x1f, /* the tag's number follows in further bytes: no part here needs that */
    LENGTH_INDEFINITE = 0x80,
    LENGTH_SIZE_MAX = 4,
    CMS_VERSION = 2, /* of both structures when the recipient is named by a key identifier */
};

static const slice oid_enveloped_data = SLICE_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03");
static const slice oid_data = SLICE_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
static const slice oid_rsaes_oaep = SLICE_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07");
static const slice oid_mgf1 = SLICE_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
static const slice oid_sha256 = SLICE_LITERAL("\x60\x86\x48\x01\x65\x03\x04\x02\x01");
static const slice oid_aes256_cbc = SLICE_LITERAL("\x60\x86\x48\x01\x65\x03\x04\x01\x2a");

static status take_length(slice *input, bool *is_indefinite, size_t *length)
{
    uint8_t first = 0, next = 0;
    size_t read = 0;
    TRY(slice_take_u8(input, &first));
    *is_indefinite = first == LENGTH_INDEFINITE;
    if (first < LENGTH_INDEFINITE) read = first;
    if (first > LENGTH_INDEFINITE) {
        REQUIRE(first - LENGTH_INDEFINITE <= LENGTH_SIZE_MAX, BAD_INPUT,
                "envelope: length is too long");
        for (int i = first - LENGTH_INDEFINITE; i > 0; i--) {
            TRY(slice_take_u8(input, &next));
            read = read << 8 | next;
        }
    }
    *length = read;
    return status_ok();
}

/* Takes any element. The contents of an indefinite one end before its end mark. */
static status take_element(slice *input, unsigned depth, uint8_t *tag, slice *contents)
{
    slice rest = *input;
    bool is_indefinite = false;
    size_t length = 0;
    REQUIRE(depth < ENVELOPE_ELEMENT_DEPTH_MAX, BAD_INPUT, "envelope: parts are nested too deeply");
    TRY(slice_take_u8(&rest, tag));
    REQUIRE((*tag & TAG_LONG) != TAG_LONG, BAD_INPUT, "envelope: part is not known");
    TRY(take_length(&rest, &is_indefinite, &length));
    if (!is_indefinite) {
        TRY(slice_take(&rest, length, contents));
        *input = rest;
        return status_ok();
    }
    REQUIRE(*tag & TAG_CONSTRUCTED_BIT, BAD_INPUT,
            "envelope: only constructed parts may have an indefinite length");
    static const slice end_mark = SLICE_LITERAL("\0\0");
    const slice start = rest;
    while (!slice_has_start(rest, end_mark)) {
        uint8_t inner_tag = 0;
        slice inner = {0};
        TRY(take_element(&rest, depth + 1, &inner_tag, &inner));
    }
    *contents = slice_part(start, 0, start.size - rest.size);
    *input = slice_part(rest, end_mark.size, rest.size);
    return status_ok();
}

static status take(slice *input, enum tag tag, slice *contents)
{
    uint8_t found = 0;
    REQUIRE(input->size > 0, BAD_INPUT, "envelope: a part is missing");
    TRY(take_element(input, 0, &found, contents));
    REQUIRE(found == tag, BAD_INPUT, "envelope: part is not of the expected type");
    return status_ok();
}

static bool next_is(slice input, enum tag tag)
{
    return input.size > 0 && input.bytes[0] == tag;
}

static status expect_end(slice input)
{
    REQUIRE(input.size == 0, BAD_INPUT, "envelope: has a part too many");
    return status_ok();
}

static status expect_version(slice *input)
{
    static const uint8_t version = CMS_VERSION;
    slice found = {0};
    TRY(take(input, TAG_INTEGER, &found));
    REQUIRE(slice_equal(found, slice_of(&version, 1)), BAD_INPUT, "envelope: version must be 2");
    return status_ok();
}

/* Takes an object identifier and says whether it is this one. */
static status take_oid(slice *input, slice wanted, bool *is_wanted)
{
    slice found = {0};
    TRY(take(input, TAG_OID, &found));
    *is_wanted = slice_equal(found, wanted);
    return status_ok();
}

/* AlgorithmIdentifier of SHA-256, its parameters NULL or absent (RFC 4055, section 2.1). */
static status expect_sha256(slice *input)
{
    slice algorithm = {0}, parameters = {0};
    bool is_sha256 = false;
    TRY(take(input, TAG_SEQUENCE, &algorithm));
    TRY(take_oid(&algorithm, oid_sha256, &is_sha256));
    REQUIRE(is_sha256, BAD_INPUT, "envelope: key is not encrypted with SHA-256");
    if (algorithm.size > 0) TRY(take(&algorithm, TAG_NULL, &parameters));
    TRY(expect_end(parameters));
    return expect_end(algorithm);
}

static status expect_oaep(slice *input)
{
    slice algorithm = {0}, parameters = {0}, hash = {0}, mask = {0}, mask_algorithm = {0};
    bool is_oaep = false, is_mgf1 = false;
    TRY(take(input, TAG_SEQUENCE, &algorithm));
    TRY(take_oid(&algorithm, oid_rsaes_oaep, &is_oaep));
    REQUIRE(is_oaep, BAD_INPUT, "envelope: key is not encrypted with RSAES-OAEP");
    TRY(take(&algorithm, TAG_SEQUENCE, &parameters));
    TRY(expect_end(algorithm));
    TRY(take(&parameters, TAG_CONTEXT_0_CONSTRUCTED, &hash));
    TRY(expect_sha256(&hash));
    TRY(expect_end(hash));
    TRY(take(&parameters, TAG_CONTEXT_1_CONSTRUCTED, &mask));
    TRY(take(&mask, TAG_SEQUENCE, &mask_algorithm));
    TRY(expect_end(mask));
    TRY(take_oid(&mask_algorithm, oid_mgf1, &is_mgf1));
    REQUIRE(is_mgf1, BAD_INPUT, "envelope: mask is not MGF1");
    TRY(expect_sha256(&mask_algorithm));
    TRY(expect_end(mask_algorithm));
    return expect_end(parameters);
}

static status read_recipient(slice recipients, struct envelope *envelope)
{
    slice recipient = {0}, id = {0}, key = {0};
    TRY(take(&recipients, TAG_SEQUENCE, &recipient));
    REQUIRE(recipients.size == 0, BAD_INPUT, "envelope: must have exactly one recipient");
    TRY(expect_version(&recipient));
    TRY(take(&recipient, TAG_CONTEXT_0, &id));
    REQUIRE(id.size == sizeof envelope->recipient_id.bytes, BAD_INPUT,
            "envelope: recipient's identifier must be 32 bytes");
    TRY(expect_oaep(&recipient));
    TRY(take(&recipient, TAG_OCTETS, &key));
    REQUIRE(key.size == ENVELOPE_KEY_SIZE, BAD_INPUT, "envelope: encrypted key must be 256 bytes");
    TRY(slice_take_copy(&id, sizeof envelope->recipient_id.bytes, envelope->recipient_id.bytes));
    TRY(slice_take_copy(&key, ENVELOPE_KEY_SIZE, envelope->encrypted_key));
    return expect_end(recipient);
}

static status add_content(slice part, struct envelope *envelope)
{
    REQUIRE(part.size <= sizeof envelope->content - envelope->content_size, BAD_INPUT,
            "envelope: content is too long");
    if (part.size > 0) memcpy(envelope->content + envelope->content_size, part.bytes, part.size);
    envelope->content_size += part.size;
    return status_ok();
}

static status read_chunks(slice chunks, unsigned depth, struct envelope *envelope)
{
    REQUIRE(depth <= ENVELOPE_CHUNK_DEPTH_MAX, BAD_INPUT, "envelope: chunks are nested too deeply");
    while (chunks.size > 0) {
        slice chunk = {0};
        if (next_is(chunks, TAG_OCTETS_CONSTRUCTED)) {
            TRY(take(&chunks, TAG_OCTETS_CONSTRUCTED, &chunk));
            TRY(read_chunks(chunk, depth + 1, envelope));
        } else {
            TRY(take(&chunks, TAG_OCTETS, &chunk));
            TRY(add_content(chunk, envelope));
        }
    }
    return status_ok();
}

static status read_content(slice info, struct envelope *envelope)
{
    slice algorithm = {0}, iv = {0}, content = {0};
    bool is_data = false, is_aes = false;
    TRY(take_oid(&info, oid_data, &is_data));
    REQUIRE(is_data, BAD_INPUT, "envelope: content is not plain data");
    TRY(take(&info, TAG_SEQUENCE, &algorithm));
    TRY(take_oid(&algorithm, oid_aes256_cbc, &is_aes));
    REQUIRE(is_aes, BAD_INPUT, "envelope: content is not encrypted with AES-256-CBC");
    TRY(take(&algorithm, TAG_OCTETS, &iv));
    REQUIRE(iv.size == ENVELOPE_IV_SIZE, BAD_INPUT, "envelope: IV must be 16 bytes");
    TRY(slice_take_copy(&iv, ENVELOPE_IV_SIZE, envelope->iv));
    TRY(expect_end(algorithm));
    if (next_is(info, TAG_CONTEXT_0_CONSTRUCTED)) {
        TRY(take(&info, TAG_CONTEXT_0_CONSTRUCTED, &content));
        TRY(read_chunks(content, 1, envelope));
    } else {
        TRY(take(&info, TAG_CONTEXT_0, &content));
        TRY(add_content(content, envelope));
    }
    return expect_end(info);
}

status envelope_read(slice bytes, struct envelope *envelope)
{
    slice content_info = {0}, wrapped = {0}, data = {0}, recipients = {0}, content = {0};
    struct envelope read = {0};
    bool is_enveloped = false;
    REQUIRE(bytes.size <= ENVELOPE_SIZE_MAX, BAD_INPUT, "envelope: is too long");
    TRY(take(&bytes, TAG_SEQUENCE, &content_info));
    TRY(expect_end(bytes));
    TRY(take_oid(&content_info, oid_enveloped_data, &is_enveloped));
    REQUIRE(is_enveloped, BAD_INPUT, "envelope: is not EnvelopedData");
    TRY(take(&content_info, TAG_CONTEXT_0_CONSTRUCTED, &wrapped));
    TRY(expect_end(content_info));
    TRY(take(&wrapped, TAG_SEQUENCE, &data));
    TRY(expect_end(wrapped));
    TRY(expect_version(&data));
    TRY(take(&data, TAG_SET, &recipients));
    TRY(read_recipient(recipients, &read));
    TRY(take(&data, TAG_SEQUENCE, &content));
    TRY(read_content(content, &read));
    TRY(expect_end(data));
    *envelope = read;
    return status_ok();
}

/* The parts that never change, as KMS writes them; "80" in them are indefinite lengths. */
static const slice before_id =
    SLICE_LITERAL("\x30\x80"                                     /* ContentInfo */
                  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" /* id-envelopedData */
                  "\xa0\x80\x30\x80\x02\x01\x02"                 /* EnvelopedData, version 2 */
                  "\x31\x82\x01\x6b\x30\x82\x01\x67"             /* one KeyTransRecipientInfo */
                  "\x02\x01\x02"                                 /* version 2 */
                  "\x80\x20" /* subjectKeyIdentifier, 32 bytes */);
static const slice before_key =
    SLICE_LITERAL("\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07" /* id-RSAES-OAEP */
                  "\x30\x2f\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"
                  "\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" /* id-mgf1 */
                  "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"
                  "\x04\x82\x01\x00" /* encryptedKey, 256 bytes */);
static const slice before_iv =
    SLICE_LITERAL("\x30\x80"                                             /* EncryptedContentInfo */
                  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"         /* id-data */
                  "\x30\x1d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a" /* aes256-CBC */
                  "\x04\x10" /* the IV, 16 bytes */);

enum {
    END_MARK_SIZE = 2,
    OPEN_PART_COUNT = 4, /* ContentInfo, [0], EnvelopedData, EncryptedContentInfo */
};

/* Puts a tag and the shortest length. */
static void put_head(struct builder *builder, enum tag tag, size_t size)
{
    builder_put_u8(builder, (uint8_t)tag);
    if (size >= 256) {
        builder_put_u8(builder, 0x82);
        builder_put_u16(builder, (uint16_t)size);
    } else if (size >= LENGTH_INDEFINITE) {
        builder_put_u8(builder, 0x81);
        builder_put_u8(builder, (uint8_t)size);
    } else {
        builder_put_u8(builder, (uint8_t)size);
    }
}

static void put_chunks(struct builder *builder, slice content)
{
    builder_put_u8(builder, TAG_CONTEXT_0_CONSTRUCTED);
    builder_put_u8(builder, LENGTH_INDEFINITE);
    for (size_t offset = 0; offset < content.size; offset += ENVELOPE_CHUNK_SIZE) {
        const slice chunk = slice_part(content, offset, ENVELOPE_CHUNK_SIZE);
        put_head(builder, TAG_OCTETS, chunk.size);
        builder_put(builder, chunk);
    }
    builder_put_zeros(builder, END_MARK_SIZE);
}

void envelope_write(const struct envelope *envelope, bool is_constructed, struct builder *builder)
{
    const slice content = slice_of(envelope->content, envelope->content_size);
    builder_put(builder, before_id);
    builder_put(builder, hash32_view(&envelope->recipient_id));
    builder_put(builder, before_key);
    builder_put(builder, slice_of(envelope->encrypted_key, ENVELOPE_KEY_SIZE));
    builder_put(builder, before_iv);
    builder_put(builder, slice_of(envelope->iv, ENVELOPE_IV_SIZE));
    if (is_constructed) {
        put_chunks(builder, content);
    } else {
        put_head(builder, TAG_CONTEXT_0, content.size);
        builder_put(builder, content);
    }
    builder_put_zeros(builder, OPEN_PART_COUNT * END_MARK_SIZE);
}
