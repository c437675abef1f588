#include "eif/signature.h"

#include "base/cbor.h"
#include "crypto/x509.h"
#include "nsm/cose.h"
#include "nsm/pcr.h"

enum { PAYLOAD_SIZE_MAX = 256 };

static const slice CERTIFICATE_NAME = SLICE_LITERAL("signing_certificate");
static const slice SIGNATURE_NAME = SLICE_LITERAL("signature");
static const slice INDEX_NAME = SLICE_LITERAL("register_index");
static const slice VALUE_NAME = SLICE_LITERAL("register_value");

/* Takes a text that must be this name. */
static status take_name(struct cbor_reader *reader, slice name)
{
    slice found;
    TRY(cbor_take_text(reader, 1, 64, &found));
    REQUIRE(slice_equal(found, name), BAD_INPUT, "signature: field is not the expected one");
    return status_ok();
}

/* Takes bytes that are written as an array of integers. */
static status take_byte_array(struct cbor_reader *reader, size_t size_max, struct builder *bytes)
{
    struct cbor_items items;
    bool has_next;
    TRY(cbor_take_array(reader, size_max, &items));
    for (;;) {
        uint64_t byte;
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) return status_ok();
        TRY(cbor_take_u64(reader, UINT8_MAX, &byte));
        builder_put_u8(bytes, (uint8_t)byte);
    }
}

/* Takes a map's or array's head, which must announce exactly `count`. */
static status take_count(struct cbor_reader *reader, bool is_map, uint64_t count)
{
    struct cbor_items items;
    if (is_map) TRY(cbor_take_map(reader, count, &items));
    else TRY(cbor_take_array(reader, count, &items));
    REQUIRE(items.left_count == count, BAD_INPUT, "signature: has too few parts");
    return status_ok();
}

static status read_payload(slice payload, hash48 *pcr0)
{
    uint64_t index;
    uint8_t bytes[sizeof pcr0->bytes];
    struct cbor_reader reader;
    struct builder value;
    builder_init(&value, bytes, sizeof bytes);
    cbor_reader_init(&reader, payload, CBOR_CANONICAL);
    TRY(take_count(&reader, true, 2));
    TRY(take_name(&reader, INDEX_NAME));
    TRY(cbor_take_u64(&reader, UINT16_MAX, &index));
    REQUIRE(index == 0, BAD_INPUT, "signature: signs another register than PCR0");
    TRY(take_name(&reader, VALUE_NAME));
    TRY(take_byte_array(&reader, sizeof bytes, &value));
    TRY(cbor_expect_end(&reader));
    slice written = builder_view(&value);
    REQUIRE(written.size == sizeof bytes, BAD_INPUT, "signature: PCR0 is not 48 bytes");
    return slice_take_copy(&written, sizeof pcr0->bytes, pcr0->bytes);
}

/* PCR8 measures the certificate's DER. */
static status measure_certificate(slice pem, hash48 *pcr8)
{
    uint8_t bytes[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    builder_init(&der, bytes, sizeof bytes);
    TRY(x509_read_pem(pem, &der));
    const hash48 digest = sha384(builder_view(&der));
    *pcr8 = pcr_of_digest(&digest);
    return status_ok();
}

status signature_read(slice section, struct arena *arena, struct signature *signature)
{
    struct signature found = {0};
    struct cose_sign1 message;
    struct cbor_reader reader;
    struct builder certificate_bytes, message_bytes;
    builder_init_arena(&certificate_bytes, arena, SIGNATURE_CERTIFICATE_SIZE_MAX);
    builder_init_arena(&message_bytes, arena, SIGNATURE_MESSAGE_SIZE_MAX);
    cbor_reader_init(&reader, section, CBOR_CANONICAL);
    TRY(take_count(&reader, false, 1));
    TRY(take_count(&reader, true, 2));
    TRY(take_name(&reader, CERTIFICATE_NAME));
    TRY(take_byte_array(&reader, SIGNATURE_CERTIFICATE_SIZE_MAX, &certificate_bytes));
    TRY(take_name(&reader, SIGNATURE_NAME));
    TRY(take_byte_array(&reader, SIGNATURE_MESSAGE_SIZE_MAX, &message_bytes));
    TRY(cbor_expect_end(&reader));
    TRY(builder_finish(&certificate_bytes, &found.certificate_pem));
    TRY(builder_finish(&message_bytes, &found.message));
    TRY(cose_read(found.message, &message));
    TRY(read_payload(message.payload, &found.signed_pcr0));
    TRY(measure_certificate(found.certificate_pem, &found.pcr8));
    *signature = found;
    return status_ok();
}

status signature_check(const struct signature *signature, const hash48 *pcr0, int64_t now_s)
{
    uint8_t bytes[X509_CERTIFICATE_SIZE_MAX];
    struct builder der;
    struct cose_sign1 message;
    es384_public_key key;
    builder_init(&der, bytes, sizeof bytes);
    TRY(x509_read_pem(signature->certificate_pem, &der));
    TRY(x509_public_key(builder_view(&der), now_s, &key));
    TRY(cose_read(signature->message, &message));
    TRY(cose_verify(&message, &key));
    REQUIRE(hash48_equal(&signature->signed_pcr0, pcr0), DENIED,
            "signature: was made for another image");
    return status_ok();
}

static void put_byte_array(struct builder *builder, slice bytes)
{
    cbor_put_array(builder, bytes.size);
    for (size_t i = 0; i < bytes.size; i++) cbor_put_u64(builder, bytes.bytes[i]);
}

status signature_write(const hash48 *pcr0, slice certificate_pem, const struct es384_key *key,
                       struct builder *builder)
{
    uint8_t payload_bytes[PAYLOAD_SIZE_MAX], message_bytes[SIGNATURE_MESSAGE_SIZE_MAX];
    struct builder payload, message;
    slice written;
    builder_init(&payload, payload_bytes, sizeof payload_bytes);
    builder_init(&message, message_bytes, sizeof message_bytes);
    cbor_put_map(&payload, 2);
    cbor_put_text(&payload, INDEX_NAME);
    cbor_put_u64(&payload, 0);
    cbor_put_text(&payload, VALUE_NAME);
    put_byte_array(&payload, hash48_view(pcr0));
    TRY(builder_finish(&payload, &written));
    TRY(cose_write(written, key, false, &message));
    cbor_put_array(builder, 1);
    cbor_put_map(builder, 2);
    cbor_put_text(builder, CERTIFICATE_NAME);
    put_byte_array(builder, certificate_pem);
    cbor_put_text(builder, SIGNATURE_NAME);
    put_byte_array(builder, builder_view(&message));
    return builder_finish(builder, &written);
}
