#include "enclave/statistics.h"

#include "base/json.h"
#include "proto/message.h"

static const struct {
    uint8_t type;
    const char *name;
} types[] = {
    {FRAME_CREATE, "create"}, {FRAME_SIGN_TX, "sign_tx"}, {FRAME_SIGN_MESSAGE, "sign_message"},
    {FRAME_ATTEST, "attest"}, {FRAME_STATUS, "status"},   {0, "other"},
};

static const char *const kms_names[STATISTICS_KMS_COUNT] = {"generate_data_key", "decrypt"};

static size_t result_index(status result)
{
    return result.failure ? (size_t)result.failure->kind : 0;
}

void statistics_count_request(struct statistics *statistics, uint8_t type, status result)
{
    const size_t index = message_is_served(type) ? type : 0;
    atomic_fetch_add_explicit(&statistics->requests[index][result_index(result)], 1,
                              memory_order_relaxed);
}

void statistics_count_kms(struct statistics *statistics, enum statistics_kms call, status result)
{
    atomic_fetch_add_explicit(&statistics->kms[call][result_index(result)], 1,
                              memory_order_relaxed);
}

static void results_put(const _Atomic uint64_t *results, struct builder *json)
{
    json_put_object_open(json);
    for (size_t i = 0; i < STATISTICS_RESULT_COUNT; i++) {
        const uint64_t count = atomic_load_explicit(&results[i], memory_order_relaxed);
        if (count == 0) continue;
        json_put_name(json, i ? failure_kind_print((enum failure_kind)i) : "ok");
        json_put_u64(json, count);
    }
    json_put_object_close(json);
}

void statistics_put_requests(const struct statistics *statistics, struct builder *json)
{
    json_put_object_open(json);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        json_put_name(json, types[i].name);
        results_put(statistics->requests[types[i].type], json);
    }
    json_put_object_close(json);
}

void statistics_put_kms(const struct statistics *statistics, struct builder *json)
{
    json_put_object_open(json);
    for (size_t i = 0; i < STATISTICS_KMS_COUNT; i++) {
        json_put_name(json, kms_names[i]);
        results_put(statistics->kms[i], json);
    }
    json_put_object_close(json);
}
