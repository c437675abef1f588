#include "parent/probes.h"

#include <string.h>

#include "parent/openapi.h"
#include "parent/service.h"

enum { METRICS_SIZE_MAX = 192 * 1024, READY_SIZE_MAX = 1024 };

enum request_next probes_handle_health(struct request *request)
{
    struct builder body;
    builder_init_arena(&body, &request->memory, 64);
    builder_put_text(&body, "{\"status\":\"ok\"}");
    return request_answer(request, 200, &body);
}

enum request_next probes_handle_openapi(struct request *request)
{
    request->problem = PROBLEM_NONE;
    request->http_code = 200;
    request->content_type = "application/json";
    request->answer = slice_of(openapi_json, openapi_json_size);
    return REQUEST_ANSWERED;
}

/* ---- checking ---- */

static struct service_check check_of(status result)
{
    return (struct service_check){status_is_ok(result), status_message(result)};
}

static status read_status_reply(slice arrived, struct service_readiness *readiness)
{
    struct frame frame;
    struct message_reply reply;
    bool is_whole = false;
    TRY(frame_take(&arrived, &frame, &is_whole));
    REQUIRE(is_whole, CORRUPT, "enclave: its answer is not whole");
    TRY(message_reply_read(&frame, &reply));
    REQUIRE(reply.kind == 0, UNAVAILABLE, "enclave: refuses to tell its status");
    REQUIRE(reply.type == FRAME_STATUS, CORRUPT, "enclave: its answer is to another question");
    REQUIRE(reply.status.size <= sizeof readiness->status, OVER_LIMIT,
            "enclave: its status is too long");
    memcpy(readiness->status, reply.status.bytes, reply.status.size);
    readiness->status_size = reply.status.size;
    return status_ok();
}

static status check_enclave(struct service *service, struct arena *arena,
                            struct service_readiness *readiness)
{
    const struct message_request message = {.type = FRAME_STATUS};
    struct builder frame;
    slice written;
    void *reply;
    const size_t reply_size = SERVICE_STATUS_SIZE_MAX + 64;
    builder_init_arena(&frame, arena, FRAME_HEADER_SIZE);
    TRY(message_request_write(&message, &frame));
    TRY(builder_finish(&frame, &written));
    TRY(arena_take(arena, reply_size, &reply));
    struct enclave_call call = {.frame = frame.bytes,
                                .frame_size = written.size,
                                .reply = reply,
                                .reply_size_max = reply_size,
                                .is_repeatable = true,
                                .deadline_ms = clock_deadline_ms(SERVICE_PROBE_MS_MAX)};
    TRY(enclave_link_call(&service->link, &call));
    metrics_record_round_trip(&service->metrics, call.round_trip_us);
    return read_status_reply(slice_of(reply, call.reply_size), readiness);
}

static status check_credentials(struct service *service)
{
    const struct credentials_state state = credentials_source_read_state(&service->credentials);
    if (state.is_usable) return status_ok();
    TRY(state.last_failure);
    FAIL(UNAVAILABLE, 0, "credentials: there are none yet");
}

static void check_all(struct service *service, struct arena *arena,
                      struct service_readiness *readiness)
{
    *readiness = (struct service_readiness){0};
    readiness->enclave = check_of(check_enclave(service, arena, readiness));
    readiness->store =
        check_of(store_check_ready(&service->store, clock_deadline_ms(SERVICE_PROBE_MS_MAX)));
    readiness->credentials = check_of(check_credentials(service));
    readiness->checked_at_ms = clock_monotonic_ms();
    pthread_mutex_lock(&service->readiness_mutex);
    service->readiness = *readiness;
    pthread_mutex_unlock(&service->readiness_mutex);
}

static bool is_all_good(const struct service_readiness *readiness)
{
    return readiness->store.is_ok && readiness->enclave.is_ok && readiness->credentials.is_ok;
}

/* The last result if it is fresh enough. */
static bool is_fresh(struct service *service, struct service_readiness *readiness)
{
    pthread_mutex_lock(&service->readiness_mutex);
    *readiness = service->readiness;
    pthread_mutex_unlock(&service->readiness_mutex);
    const int64_t fresh_ms =
        is_all_good(readiness) ? SERVICE_PROBE_FRESH_MS : SERVICE_PROBE_FAILED_FRESH_MS;
    return readiness->checked_at_ms > 0 &&
           clock_monotonic_ms() - readiness->checked_at_ms < fresh_ms;
}

/* ---- readiness ---- */

static void put_check(struct builder *json, const char *name, const struct service_check *check)
{
    json_put_name(json, name);
    json_put_object_open(json);
    json_put_name(json, "state");
    json_put_text(json, check->is_ok ? "ok" : "failing");
    if (!check->is_ok) {
        json_put_name(json, "message");
        json_put_text(json, check->message);
    }
}

static enum request_next answer_ready(struct request *request,
                                      const struct service_readiness *readiness)
{
    struct service *service = request->service;
    const struct credentials_state state = credentials_source_read_state(&service->credentials);
    const bool is_stopping = atomic_load(&service->is_stopping);
    const bool is_ready = is_all_good(readiness) && !is_stopping;
    struct builder body;
    builder_init_arena(&body, &request->memory, READY_SIZE_MAX);
    json_put_object_open(&body);
    json_put_name(&body, "status");
    json_put_text(&body, is_ready ? "ready" : is_stopping ? "stopping" : "not_ready");
    put_check(&body, "store", &readiness->store);
    json_put_object_close(&body);
    put_check(&body, "enclave", &readiness->enclave);
    json_put_object_close(&body);
    put_check(&body, "credentials", &readiness->credentials);
    json_put_name(&body, "origin");
    json_put_text(&body, state.origin);
    if (state.can_expire) {
        json_put_name(&body, "expiresInSeconds");
        json_put_u64(&body, state.left_s > 0 ? (uint64_t)state.left_s : 0);
    }
    json_put_object_close(&body);
    json_put_object_close(&body);
    return request_answer(request, is_ready ? 200 : 503, &body);
}

static enum request_next ready_on_worker(struct request *request, struct arena *arena)
{
    struct service_readiness readiness;
    check_all(request->service, arena, &readiness);
    return answer_ready(request, &readiness);
}

enum request_next probes_handle_ready(struct request *request)
{
    struct service_readiness readiness;
    if (is_fresh(request->service, &readiness)) return answer_ready(request, &readiness);
    return request_hand_over(request, ready_on_worker);
}

/* ---- metrics ---- */

/* Adds up an object of counters by result. */
static uint64_t sum_of(const json_value *object, const char *name)
{
    json_value counters;
    uint64_t sum = 0;
    if (!status_is_ok(json_read_object(object, name, &counters))) return 0;
    for (enum failure_kind kind = 0; kind <= FAILURE_INTERNAL; kind++) {
        uint64_t value = 0;
        const char *label = kind == 0 ? "ok" : failure_kind_print(kind);
        if (!json_has(&counters, label)) continue;
        if (status_is_ok(json_read_u64(&counters, label, INT64_MAX, &value))) sum += value;
    }
    return sum;
}

static uint64_t number_of(const json_value *object, const char *outer, const char *inner)
{
    json_value value;
    uint64_t number = 0;
    if (!status_is_ok(json_read_object(object, outer, &value))) return 0;
    if (!status_is_ok(json_read_u64(&value, inner, INT64_MAX, &number))) return 0;
    return number;
}

static void put_enclave_counters(struct builder *text, const json_value *top)
{
    json_value kms;
    const bool has_kms = status_is_ok(json_read_object(top, "kms", &kms));
    const struct {
        struct metrics_series series;
        uint64_t value;
    } rows[] = {
        {{"enw_enclave_kms_generate_data_key_total", "counter",
          "GenerateDataKey calls sent by the enclave since it started."},
         has_kms ? sum_of(&kms, "generate_data_key") : 0},
        {{"enw_enclave_kms_decrypt_total", "counter",
          "Decrypt calls sent by the enclave since it started."},
         has_kms ? sum_of(&kms, "decrypt") : 0},
        {{"enw_enclave_data_key_cache_hits_total", "counter",
          "Data keys that the enclave had in its cache."},
         number_of(top, "cache", "hits")},
        {{"enw_enclave_data_key_cache_misses_total", "counter",
          "Data keys that the enclave had to ask KMS for."},
         number_of(top, "cache", "misses")},
        {{"enw_enclave_data_key_cache_entries", "gauge", "Data keys in the enclave's cache."},
         number_of(top, "cache", "entries")},
        {{"enw_enclave_queue_waiting", "gauge", "Requests waiting inside the enclave."},
         number_of(top, "queue", "waiting")},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        metrics_put_series(text, &rows[i].series, rows[i].value);
    }
}

static void put_enclave_status(struct builder *text, struct arena *arena, slice status_json)
{
    SCOPED(json_close) struct json document = {0};
    json_value top;
    if (status_json.size == 0) return;
    if (!status_is_ok(json_open(status_json, arena, &document))) return;
    if (!status_is_ok(json_top_object(&document, &top))) return;
    put_enclave_counters(text, &top);
}

static void put_own(struct builder *text, struct service *service)
{
    const struct enclave_link_state link = enclave_link_read_state(&service->link);
    const struct record_cache_counts records = record_cache_read_counts(&service->records);
    const struct credentials_state state = credentials_source_read_state(&service->credentials);
    const struct metrics *metrics = &service->metrics;
    const struct {
        struct metrics_series series;
        uint64_t value;
    } rows[] = {
        {{"enw_http_requests_in_flight", "gauge", "Requests being served, this one too."},
         (uint64_t)atomic_load(&metrics->in_flight_count)},
        {{"enw_http_connections_total", "counter", "Connections accepted."},
         atomic_load(&metrics->connection_count)},
        {{"enw_enclave_link_connections", "gauge", "Connections to the enclave there should be."},
         link.connection_count},
        {{"enw_enclave_link_up", "gauge", "Connections to the enclave that are up."},
         link.up_count},
        {{"enw_enclave_link_in_flight", "gauge", "Calls to the enclave under way."},
         link.in_flight_count},
        {{"enw_enclave_link_connects_total", "counter", "Connections to the enclave made."},
         link.connect_count},
        {{"enw_enclave_link_breaks_total", "counter", "Connections to the enclave that broke."},
         link.break_count},
        {{"enw_enclave_link_repeats_total", "counter", "Calls sent again after a break."},
         link.repeat_count},
        {{"enw_record_cache_hits_total", "counter", "Sealed records found in the cache."},
         records.hit_count},
        {{"enw_record_cache_misses_total", "counter", "Sealed records not found in the cache."},
         records.miss_count},
        {{"enw_record_cache_entries", "gauge", "Sealed records in the cache."},
         records.entry_count},
        {{"enw_credentials_usable", "gauge", "1 when AWS credentials are valid."}, state.is_usable},
        {{"enw_credentials_expire_in_seconds", "gauge",
          "Seconds until AWS credentials expire; 0 also when they never do."},
         state.left_s > 0 ? (uint64_t)state.left_s : 0},
        {{"enw_credentials_fetches_total", "counter", "Attempts to fetch AWS credentials."},
         state.fetch_count},
        {{"enw_credentials_fetch_failures_total", "counter", "Those that failed."},
         state.failure_count},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        metrics_put_series(text, &rows[i].series, rows[i].value);
    }
}

static enum request_next answer_metrics(struct request *request,
                                        const struct service_readiness *readiness)
{
    struct service *service = request->service;
    static const struct metrics_series up = {"enw_enclave_up", "gauge",
                                             "1 when the enclave answered its status."};
    struct builder text;
    builder_init_arena(&text, &request->memory, METRICS_SIZE_MAX);
    metrics_put(&service->metrics, &text);
    put_own(&text, service);
    metrics_put_series(&text, &up, readiness->enclave.is_ok);
    put_enclave_status(&text, &request->memory,
                       slice_of(readiness->status, readiness->status_size));
    metrics_put_process(&text);
    request->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return request_answer(request, 200, &text);
}

static enum request_next metrics_on_worker(struct request *request, struct arena *arena)
{
    struct service_readiness readiness;
    check_all(request->service, arena, &readiness);
    return answer_metrics(request, &readiness);
}

enum request_next probes_handle_metrics(struct request *request)
{
    struct service_readiness readiness;
    if (is_fresh(request->service, &readiness)) return answer_metrics(request, &readiness);
    return request_hand_over(request, metrics_on_worker);
}
