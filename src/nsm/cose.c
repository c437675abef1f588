#include "nsm/cose.h"

#include "base/array.h"
#include "base/cbor.h"

enum {
    TAG_SIGN1 = 18,
    PART_COUNT = 4,
    HEADER_SIZE_MAX = 64,
    SIGNATURE_SIZE_MAX = 132,         /* of the largest algorithm that enclaves may name, ES512 */
    SIG_STRUCTURE_HEAD_SIZE_MAX = 64, /* all but the two contents: 10 + 3 + 5 and some */
};

/* {1: -35}: the algorithm is ES384. */
static const slice es384_header = SLICE_LITERAL("\xa1\x01\x38\x22");
static const slice context_text = SLICE_LITERAL("Signature1");

/* The four parts as they stand. */
struct parts {
    slice protected_header, payload, signature;
};

static status read_parts(slice bytes, struct parts *message)
{
    struct cbor_reader reader;
    struct cbor_items items = {0}, unprotected = {0};
    struct parts read = {0};
    cbor_reader_init(&reader, bytes, CBOR_CANONICAL);
    (void)cbor_take_tag(&reader, TAG_SIGN1);
    TRY(cbor_take_array(&reader, PART_COUNT, &items));
    REQUIRE(items.left_count == PART_COUNT, BAD_INPUT, "cose: must have four parts");
    TRY(cbor_take_bytes(&reader, 0, HEADER_SIZE_MAX, &read.protected_header));
    TRY(cbor_take_map(&reader, 0, &unprotected));
    TRY(cbor_take_bytes(&reader, 1, COSE_PAYLOAD_SIZE_MAX, &read.payload));
    TRY(cbor_take_bytes(&reader, 0, SIGNATURE_SIZE_MAX, &read.signature));
    TRY(cbor_expect_end(&reader));
    *message = read;
    return status_ok();
}

status cose_read(slice bytes, struct cose_sign1 *message)
{
    struct parts parts;
    struct cose_sign1 read = {0};
    TRY(read_parts(bytes, &parts));
    REQUIRE(slice_equal(parts.protected_header, es384_header), BAD_INPUT,
            "cose: protected header must say ES384 and nothing else");
    REQUIRE(parts.signature.size == sizeof read.signature.bytes, BAD_INPUT,
            "cose: signature must have 96 bytes");
    read.protected_header = parts.protected_header;
    read.payload = parts.payload;
    TRY(slice_take_copy(&parts.signature, sizeof read.signature.bytes, read.signature.bytes));
    *message = read;
    return status_ok();
}

status cose_read_payload(slice bytes, slice *payload)
{
    struct parts parts;
    TRY(read_parts(bytes, &parts));
    *payload = parts.payload;
    return status_ok();
}

/* What is signed: the digest of the Sig_structure (RFC 9052, section 4.4), made piece by piece. */
static hash48 digest(slice protected_header, slice payload)
{
    uint8_t memory[SIG_STRUCTURE_HEAD_SIZE_MAX + HEADER_SIZE_MAX];
    struct builder head;
    struct sha512 hash;
    builder_init(&head, memory, sizeof memory);
    cbor_put_array(&head, PART_COUNT);
    cbor_put_text(&head, context_text);
    cbor_put_bytes(&head, protected_header);
    cbor_put_bytes(&head, slice_of(NULL, 0)); /* external_aad */
    cbor_put_bytes_head(&head, payload.size);
    sha384_init(&hash);
    sha384_put(&hash, builder_view(&head));
    sha384_put(&hash, payload);
    return sha384_finish(&hash);
}

status cose_verify(const struct cose_sign1 *message, const es384_public_key *public_key)
{
    const hash48 signed_digest = digest(message->protected_header, message->payload);
    const status verified = es384_verify(public_key, &signed_digest, &message->signature);
    REQUIRE(status_is_ok(verified), DENIED, "cose: signature is not valid");
    return status_ok();
}

status cose_write(slice payload, const struct es384_key *key, bool is_tagged,
                  struct builder *builder)
{
    const hash48 signed_digest = digest(es384_header, payload);
    es384_signature signature;
    TRY(es384_sign(key, &signed_digest, &signature));
    if (is_tagged) cbor_put_tag(builder, TAG_SIGN1);
    cbor_put_array(builder, PART_COUNT);
    cbor_put_bytes(builder, es384_header);
    cbor_put_map(builder, 0);
    cbor_put_bytes(builder, payload);
    cbor_put_bytes(builder, slice_of(signature.bytes, sizeof signature.bytes));
    return status_ok();
}
