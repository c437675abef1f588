/*
 * config: enclave.json of any shape is refused or within its bounds.
 */
#include <assert.h>

#include "enclave/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct config config;
    uint8_t text[256];
    struct builder where;
    builder_init(&where, text, sizeof text);
    if (!status_is_ok(config_read(slice_of(bytes, size), &where, &config))) return 0;
    assert(config.kms_key_count >= 1 && config.kms_key_count <= CONFIG_KEY_COUNT_MAX);
    assert(config.workers >= 1 && config.workers <= CONFIG_WORKERS_MAX);
    assert(config.kms_workers >= 1 && config.kms_workers <= CONFIG_KMS_WORKERS_MAX);
    assert(config.epoch_min >= 1 && config.epoch_min <= config.epoch);
    return 0;
}
