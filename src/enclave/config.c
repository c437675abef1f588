#include "enclave/config.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "aws/kms.h"
#include "base/json_read.h"
#include "wallet/kms_key.h"

enum { TOKENS_SIZE_MAX = 8192 }; /* memory for 400 values and names of a document */

static const char *const names[] = {
    "version",          "mode",         "region",       "environment", "epoch",     "epoch_min",
    "kms_host",         "kms_dial",     "kms_key_arns", "ca_file",     "listen",    "cache_entries",
    "cache_lifetime_s", "verification", "workers",      "kms_workers", "heartbeat",
};

struct range {
    uint64_t min, max;
};

static status number_read(const json_value *object, const char *name, struct range range,
                          uint64_t *number)
{
    uint64_t read;
    TRY(json_read_u64(object, name, range.max, &read));
    if (read < range.min) FAIL(BAD_INPUT, 0, "config: number is below its minimum");
    *number = read;
    return status_ok();
}

/* Reads a number or notes which one was refused. */
static status number(const json_value *object, const char *name, struct range range,
                     uint64_t *value)
{
    return json_refuse(object, name, number_read(object, name, range, value));
}

/* Copies text of 1 to `size_max` printable ASCII characters and ends it with a NUL. */
static status text(const json_value *object, const char *name, size_t size_max, char *copy)
{
    slice read;
    TRY(json_read_string(object, name, 1, size_max, &read));
    for (size_t i = 0; i < read.size; i++) {
        if (read.bytes[i] <= ' ' || read.bytes[i] > '~') {
            FAIL(BAD_INPUT, 0, "config: text has a blank or a character outside ASCII");
        }
    }
    memcpy(copy, read.bytes, read.size);
    copy[read.size] = '\0';
    return status_ok();
}

static status mode_read(const json_value *object, bool *is_production)
{
    slice mode;
    TRY(json_read_string(object, "mode", 1, 16, &mode));
    *is_production = slice_equal(mode, slice_text("production"));
    REQUIRE(*is_production || slice_equal(mode, slice_text("development")), BAD_INPUT,
            "config: mode is neither production nor development");
    return status_ok();
}

static status endpoint_read(const json_value *object, const char *name, endpoint *where)
{
    slice read;
    TRY(json_read_string(object, name, 1, ENDPOINT_TEXT_SIZE_MAX, &read));
    TRY(endpoint_parse(read, where));
    REQUIRE(where->kind != ENDPOINT_TCP, BAD_INPUT, "config: an enclave has no TCP endpoints");
    return status_ok();
}

/* An endpoint, or empty text for none. */
static status heartbeat_read(const json_value *object, struct config *config)
{
    slice read;
    TRY(json_read_string(object, "heartbeat", 0, ENDPOINT_TEXT_SIZE_MAX, &read));
    if (read.size == 0) return status_ok();
    config->has_heartbeat = true;
    return endpoint_read(object, "heartbeat", &config->heartbeat);
}

static status key_put(slice arn, struct config *config)
{
    REQUIRE(kms_is_key_arn(arn), BAD_INPUT, "config: is not the full ARN of a KMS key");
    for (size_t i = 0; i < config->kms_key_count; i++) {
        REQUIRE(!slice_equal(arn, config_key_arn(config, i)), BAD_INPUT,
                "config: a KMS key is there twice");
    }
    struct config_key *key = &config->kms_keys[config->kms_key_count++];
    memcpy(key->arn, arn.bytes, arn.size);
    key->size = arn.size;
    return status_ok();
}

static status keys_read(const json_value *object, struct config *config)
{
    json_value array;
    TRY(json_read_array(object, "kms_key_arns", CONFIG_KEY_COUNT_MAX, &array));
    REQUIRE(json_count(&array) > 0, BAD_INPUT, "config: at least one KMS key must be pinned");
    for (json_value element = json_first(&array); json_is_there(&element);
         element = json_next(&element)) {
        slice arn;
        TRY(json_value_text(&element, 1, CONFIG_KEY_ARN_SIZE_MAX, &arn));
        TRY(key_put(arn, config));
    }
    return status_ok();
}

static status ca_file_read(const json_value *object, char *path)
{
    TRY(text(object, "ca_file", CONFIG_PATH_SIZE_MAX, path));
    REQUIRE(path[0] == '/', BAD_INPUT, "config: path is not absolute");
    return status_ok();
}

static status numbers_read(const json_value *object, struct config *config)
{
    uint64_t version, epoch, epoch_min, entries, lifetime_s, workers, kms_workers;
    TRY(number(object, "version", (struct range){1, 1}, &version));
    TRY(number(object, "epoch", (struct range){1, UINT32_MAX}, &epoch));
    TRY(number(object, "epoch_min", (struct range){1, epoch}, &epoch_min));
    TRY(number(object, "cache_entries", (struct range){0, CONFIG_CACHE_ENTRIES_MAX}, &entries));
    TRY(number(object, "cache_lifetime_s", (struct range){1, CONFIG_CACHE_LIFETIME_S_MAX},
               &lifetime_s));
    TRY(number(object, "workers", (struct range){1, CONFIG_WORKERS_MAX}, &workers));
    TRY(number(object, "kms_workers", (struct range){1, CONFIG_KMS_WORKERS_MAX}, &kms_workers));
    config->epoch = (uint32_t)epoch;
    config->epoch_min = (uint32_t)epoch_min;
    config->cache_entries = (size_t)entries;
    config->cache_lifetime_s = (int64_t)lifetime_s;
    config->workers = (size_t)workers;
    config->kms_workers = (size_t)kms_workers;
    return status_ok();
}

static const char *const verifications[] = {
    [SIGNER_TWICE] = "twice",
    [SIGNER_RECOVER] = "recover",
    [SIGNER_OFF] = "off",
};

const char *config_verification_print(enum signer_verification verification)
{
    return verifications[verification];
}

static status verification_read(const json_value *object, enum signer_verification *verification)
{
    slice word;
    TRY(json_read_string(object, "verification", 1, 16, &word));
    for (size_t i = 0; i < ARRAY_COUNT(verifications); i++) {
        if (!slice_equal(word, slice_text(verifications[i]))) continue;
        *verification = (enum signer_verification)i;
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "config: verification is none of twice, recover and off");
}

static status fields_read(const json_value *object, struct config *config)
{
    TRY(json_only(object, names, ARRAY_COUNT(names)));
    TRY(numbers_read(object, config));
    TRY(json_refuse(object, "mode", mode_read(object, &config->is_production)));
    TRY(json_refuse(object, "region",
                    text(object, "region", CONFIG_REGION_SIZE_MAX, config->region)));
    TRY(json_refuse(
        object, "environment",
        text(object, "environment", ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX, config->environment)));
    TRY(json_refuse(object, "kms_host",
                    text(object, "kms_host", CONFIG_HOST_SIZE_MAX, config->kms_host)));
    TRY(json_refuse(object, "kms_dial", endpoint_read(object, "kms_dial", &config->kms_dial)));
    TRY(json_refuse(object, "kms_key_arns", keys_read(object, config)));
    TRY(json_refuse(object, "ca_file", ca_file_read(object, config->ca_file)));
    TRY(json_refuse(object, "listen", endpoint_read(object, "listen", &config->listen)));
    TRY(json_refuse(object, "heartbeat", heartbeat_read(object, config)));
    return json_refuse(object, "verification", verification_read(object, &config->verification));
}

static status document_read(struct json *document, struct config *config)
{
    json_value object;
    TRY(json_top_object(document, &object));
    return fields_read(&object, config);
}

status config_read(slice json, struct builder *where, struct config *config)
{
    REQUIRE(json.size <= CONFIG_SIZE_MAX, BAD_INPUT, "config: file is too long");
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[CONFIG_SIZE_MAX + TOKENS_SIZE_MAX];
    struct arena arena;
    struct config read = {.hash = sha256(json)};
    arena_init(&arena, space, sizeof space);
    TRY(json_open(json, &arena, &document));
    const status result = document_read(&document, &read);
    if (status_is_ok(result)) {
        *config = read;
    } else {
        json_where(&document, where);
    }
    return result;
}

slice config_key_arn(const struct config *config, size_t index)
{
    return slice_of(config->kms_keys[index].arn, config->kms_keys[index].size);
}

size_t config_near_key(const struct config *config, size_t index)
{
    const hash32 wanted = kms_key_hash(config_key_arn(config, index));
    for (size_t i = 0; i < config->kms_key_count; i++) {
        const slice arn = config_key_arn(config, i);
        const hash32 hash = kms_key_hash(arn);
        if (!hash32_equal(&hash, &wanted)) continue;
        if (slice_equal(kms_key_region(arn), slice_text(config->region))) return i;
    }
    return index;
}

status config_find_key(const struct config *config, slice key_arn, size_t *index)
{
    if (key_arn.size == 0) {
        *index = 0;
        return status_ok();
    }
    for (size_t i = 0; i < config->kms_key_count; i++) {
        if (!slice_equal(key_arn, config_key_arn(config, i))) continue;
        *index = i;
        return status_ok();
    }
    FAIL(DENIED, 0, "enclave: the KMS key is not pinned in this image");
}
