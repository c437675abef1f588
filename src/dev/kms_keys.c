#include "dev/kms_keys.h"

#include <string.h>

#include "aws/time.h"
#include "base/array.h"
#include "base/hex.h"
#include "base/json.h"
#include "os/file.h"
#include "os/random.h"

enum {
    ID_BYTE_COUNT = 16,
    BLOB_HEAD_SIZE = 4 + ID_BYTE_COUNT + AEAD_NONCE_SIZE,
    ASSOCIATED_SIZE_MAX = 64 * 1024,
    VERSION = 1,
    LOAD_MEMORY_SIZE = 4 * KMS_KEYS_FILE_SIZE_MAX, /* the file, and what is read from it */
};

static const uint8_t blob_start[4] = {1, 2, 2, 0};

/* The text form of an id: groups of 4, 2, 2, 2 and 6 bytes. */
static void print_id(const uint8_t bytes[ID_BYTE_COUNT], uint8_t text[KMS_KEYS_ID_SIZE])
{
    struct builder builder;
    builder_init(&builder, text, KMS_KEYS_ID_SIZE);
    for (size_t i = 0; i < ID_BYTE_COUNT; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) builder_put_text(&builder, "-");
        hex_put(&builder, slice_of(bytes + i, 1));
    }
}

static status parse_id(slice text, uint8_t bytes[ID_BYTE_COUNT])
{
    uint8_t digits[2 * ID_BYTE_COUNT];
    struct builder builder;
    builder_init(&builder, digits, sizeof digits);
    REQUIRE(text.size == KMS_KEYS_ID_SIZE, BAD_INPUT, "kms_keys: id has another size");
    for (size_t i = 0; i < text.size; i++) {
        const bool is_dash_here = i == 8 || i == 13 || i == 18 || i == 23;
        REQUIRE((text.bytes[i] == '-') == is_dash_here, BAD_INPUT, "kms_keys: id is not a UUID");
        if (!is_dash_here) builder_put_u8(&builder, text.bytes[i]);
    }
    return hex_read(builder_view(&builder), bytes, ID_BYTE_COUNT);
}

static slice id_of(const struct kms_key *key)
{
    return slice_of(key->id, sizeof key->id);
}

static slice policy_of(const struct kms_key *key)
{
    return slice_of(key->policy, key->policy_size);
}

void kms_keys_print_arn(const struct kms_keys *keys, const struct kms_key *key, struct builder *arn)
{
    builder_put_text(arn, "arn:aws:kms:");
    builder_put_text(arn, keys->settings.region);
    builder_put_text(arn, ":");
    builder_put_text(arn, keys->settings.account);
    builder_put_text(arn, ":key/");
    builder_put(arn, id_of(key));
}

static void put_key(struct builder *json, const struct kms_key *key)
{
    uint8_t time[AWS_TIME_RFC3339_SIZE];
    struct builder created_at;
    builder_init(&created_at, time, sizeof time);
    aws_time_print_rfc3339(key->created_at_s, &created_at);
    json_put_object_open(json);
    json_put_name(json, "id");
    json_put_string(json, id_of(key));
    json_put_name(json, "material");
    json_put_hex(json, secret_expose(&key->material));
    json_put_name(json, "description");
    json_put_string(json, slice_of(key->description, key->description_size));
    json_put_name(json, "policy");
    json_put_string(json, policy_of(key));
    json_put_name(json, "created_at");
    json_put_string(json, builder_view(&created_at));
    json_put_object_close(json);
}

static status write_keys(const struct kms_keys *keys, struct builder *json)
{
    slice text = {0};
    json_put_object_open(json);
    json_put_name(json, "version");
    json_put_u64(json, VERSION);
    json_put_name(json, "keys");
    json_put_array_open(json);
    for (size_t i = 0; i < keys->count; i++) put_key(json, &keys->list[i]);
    json_put_array_close(json);
    json_put_object_close(json);
    TRY(builder_finish(json, &text));
    return file_write(keys->settings.path, text, FILE_MODE_PRIVATE);
}

static status save(const struct kms_keys *keys)
{
    SCOPED(arena_close) struct arena arena = {0};
    struct builder json;
    if (!keys->settings.path) return status_ok();
    TRY(arena_open(&arena, KMS_KEYS_FILE_SIZE_MAX));
    builder_init_arena(&json, &arena, KMS_KEYS_FILE_SIZE_MAX);
    return write_keys(keys, &json);
}

static status set_policy(struct kms_key *key, slice policy)
{
    REQUIRE(policy.size <= sizeof key->policy, OVER_LIMIT, "kms_keys: policy is too long");
    memcpy(key->policy, policy.bytes, policy.size);
    key->policy_size = policy.size;
    return status_ok();
}

static status set_description(struct kms_key *key, slice description)
{
    REQUIRE(description.size <= sizeof key->description, OVER_LIMIT,
            "kms_keys: description is too long");
    if (description.size > 0) memcpy(key->description, description.bytes, description.size);
    key->description_size = description.size;
    return status_ok();
}

static status read_key(const json_value *object, struct kms_key *key)
{
    slice id = {0}, material = {0}, description = {0}, policy = {0}, created_at = {0};
    uint8_t id_bytes[ID_BYTE_COUNT];
    TRY(json_read_string(object, "id", KMS_KEYS_ID_SIZE, KMS_KEYS_ID_SIZE, &id));
    TRY(parse_id(id, id_bytes));
    TRY(json_read_string(object, "material", 64, 64, &material));
    TRY(hex_read(material, key->material.bytes, sizeof key->material.bytes));
    TRY(json_read_string(object, "description", 0, KMS_KEYS_DESCRIPTION_SIZE_MAX, &description));
    TRY(json_read_string(object, "policy", 1, KMS_POLICY_SIZE_MAX, &policy));
    TRY(json_read_string(object, "created_at", 1, 64, &created_at));
    TRY(aws_time_parse_rfc3339(created_at, &key->created_at_s));
    print_id(id_bytes, key->id);
    TRY(set_description(key, description));
    TRY(kms_policy_check(policy));
    return set_policy(key, policy);
}

static status read_keys(slice text, struct arena *arena, struct kms_keys *keys)
{
    SCOPED(json_close) struct json document = {0};
    json_value object = {0}, list = {0};
    uint64_t version = 0;
    TRY(json_open(text, arena, &document));
    TRY(json_top_object(&document, &object));
    TRY(json_read_u64(&object, "version", VERSION, &version));
    REQUIRE(version == VERSION, BAD_INPUT, "kms_keys: file is of another version");
    TRY(json_read_array(&object, "keys", KMS_KEYS_COUNT_MAX, &list));
    for (json_value item = json_first(&list); json_is_there(&item); item = json_next(&item)) {
        TRY(read_key(&item, &keys->list[keys->count]));
        keys->count++;
    }
    return status_ok();
}

static status load(struct kms_keys *keys)
{
    SCOPED(arena_close) struct arena arena = {0};
    struct builder text;
    if (!keys->settings.path || !file_is_there(keys->settings.path)) return status_ok();
    TRY(arena_open(&arena, LOAD_MEMORY_SIZE));
    builder_init_arena(&text, &arena, KMS_KEYS_FILE_SIZE_MAX);
    TRY(file_put_private(keys->settings.path, &text));
    return read_keys(builder_view(&text), &arena, keys);
}

status kms_keys_open(const struct kms_keys_settings *settings, struct kms_keys *keys)
{
    secret_wipe(keys, sizeof *keys);
    keys->settings = *settings;
    TRY(aead_open(&keys->aead));
    const status result = load(keys);
    if (!status_is_ok(result)) kms_keys_close(keys);
    return result;
}

void kms_keys_close(struct kms_keys *keys)
{
    aead_close(&keys->aead);
    secret_wipe(keys, sizeof *keys);
}

static status make_id(struct kms_key *key)
{
    uint8_t bytes[ID_BYTE_COUNT];
    TRY(random_read(bytes, sizeof bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4, variant 1 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    print_id(bytes, key->id);
    return status_ok();
}

status kms_keys_create(struct kms_keys *keys, slice description, slice policy, int64_t now_s,
                       struct kms_key **key)
{
    REQUIRE(keys->count < KMS_KEYS_COUNT_MAX, OVER_LIMIT, "kms_keys: there are too many");
    struct kms_key *made = &keys->list[keys->count];
    made->created_at_s = now_s;
    TRY(make_id(made));
    TRY(random_read(made->material.bytes, sizeof made->material.bytes));
    TRY(set_description(made, description));
    TRY(set_policy(made, policy));
    keys->count++;
    const status saved = save(keys);
    if (!status_is_ok(saved)) keys->count--;
    TRY(saved);
    *key = made;
    return status_ok();
}

status kms_keys_find(struct kms_keys *keys, slice id_or_arn, struct kms_key **key)
{
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
        struct builder arn;
        builder_init(&arn, memory, sizeof memory);
        kms_keys_print_arn(keys, &keys->list[i], &arn);
        if (slice_equal(id_or_arn, id_of(&keys->list[i])) ||
            slice_equal(id_or_arn, builder_view(&arn))) {
            *key = &keys->list[i];
            return status_ok();
        }
    }
    FAIL(NOT_FOUND, 0, "kms_keys: there is no such key");
}

status kms_keys_put_policy(struct kms_keys *keys, struct kms_key *key, slice policy)
{
    TRY(set_policy(key, policy));
    return save(keys);
}

static void put_sized(struct builder *builder, slice bytes)
{
    builder_put_u32(builder, (uint32_t)bytes.size);
    builder_put(builder, bytes);
}

/* The pairs in order of their names, so that the caller's order does not matter. */
static void sort_pairs(const struct kms_keys_context *context,
                       const struct kms_policy_pair *sorted[KMS_POLICY_PAIR_COUNT_MAX])
{
    for (size_t i = 0; i < context->count; i++) {
        size_t at = i;
        for (; at > 0 && slice_compare(sorted[at - 1]->name, context->pairs[i].name) > 0; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = &context->pairs[i];
    }
}

static void put_associated(struct builder *associated, const struct kms_keys *keys,
                           const struct kms_key *key, const struct kms_keys_context *context)
{
    const struct kms_policy_pair *sorted[KMS_POLICY_PAIR_COUNT_MAX];
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    builder_init(&arn, memory, sizeof memory);
    kms_keys_print_arn(keys, key, &arn);
    put_sized(associated, builder_view(&arn));
    sort_pairs(context, sorted);
    for (size_t i = 0; i < context->count; i++) {
        put_sized(associated, sorted[i]->name);
        put_sized(associated, sorted[i]->value);
    }
}

status kms_keys_seal(struct kms_keys *keys, const struct kms_key *key,
                     const struct kms_keys_context *context, slice plaintext, struct builder *blob)
{
    uint8_t memory[ASSOCIATED_SIZE_MAX], id[ID_BYTE_COUNT];
    struct builder associated;
    struct aead_terms terms = {.key = &key->material};
    TRY(parse_id(id_of(key), id));
    TRY(random_read(terms.nonce.bytes, sizeof terms.nonce.bytes));
    builder_init(&associated, memory, sizeof memory);
    put_associated(&associated, keys, key, context);
    TRY(builder_finish(&associated, &terms.associated));
    builder_put(blob, slice_of(blob_start, sizeof blob_start));
    builder_put(blob, slice_of(id, sizeof id));
    builder_put(blob, slice_of(terms.nonce.bytes, sizeof terms.nonce.bytes));
    uint8_t *sealed = builder_space(blob, plaintext.size + AEAD_TAG_SIZE);
    REQUIRE(sealed, OVER_LIMIT, "kms_keys: blob does not fit");
    return aead_seal(&keys->aead, &terms, plaintext, sealed);
}

status kms_keys_find_blob(struct kms_keys *keys, slice blob, struct kms_key **key)
{
    uint8_t id[KMS_KEYS_ID_SIZE];
    slice start = {0}, bytes = {0};
    REQUIRE(blob.size >= BLOB_HEAD_SIZE + AEAD_TAG_SIZE, BAD_INPUT, "kms_keys: blob is too short");
    TRY(slice_take(&blob, sizeof blob_start, &start));
    TRY(slice_take(&blob, ID_BYTE_COUNT, &bytes));
    REQUIRE(slice_equal(start, slice_of(blob_start, sizeof blob_start)), BAD_INPUT,
            "kms_keys: blob is of another kind");
    print_id(bytes.bytes, id);
    return kms_keys_find(keys, slice_of(id, sizeof id), key);
}

status kms_keys_unseal(struct kms_keys *keys, const struct kms_key *key,
                       const struct kms_keys_context *context, slice blob,
                       struct builder *plaintext)
{
    uint8_t memory[ASSOCIATED_SIZE_MAX];
    struct builder associated;
    struct aead_terms terms = {.key = &key->material};
    slice head = {0};
    TRY(slice_take(&blob, BLOB_HEAD_SIZE, &head));
    REQUIRE(blob.size >= AEAD_TAG_SIZE, CORRUPT, "kms_keys: blob is too short");
    memcpy(terms.nonce.bytes, head.bytes + BLOB_HEAD_SIZE - AEAD_NONCE_SIZE, AEAD_NONCE_SIZE);
    builder_init(&associated, memory, sizeof memory);
    put_associated(&associated, keys, key, context);
    TRY(builder_finish(&associated, &terms.associated));
    uint8_t *opened = builder_space(plaintext, blob.size - AEAD_TAG_SIZE);
    REQUIRE(opened, OVER_LIMIT, "kms_keys: plaintext does not fit");
    return aead_unseal(&keys->aead, &terms, blob, opened);
}
