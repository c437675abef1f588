#include "enclave/service.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "enclave/kms_client.h"
#include "enclave/report.h"
#include "os/random.h"
#include "proto/message.h"
#include "wallet/keygen.h"

/* One request while it is served. */
struct operation {
    struct service *service;
    const struct signer *signer;
    const struct message_request *request;
    struct arena *arena;
    int64_t deadline_ms;
    bool may_wait;
    bool must_wait; /* set by what serves it: nothing was done */
};

status service_open(const struct service_settings *settings, struct service *service)
{
    const struct config *config = settings->config;
    struct service opened = {.settings = *settings};
    void *memory = NULL;
    if (config->cache_entries > 0) {
        const size_t size = data_keys_memory_size(config->cache_entries);
        TRY(locked_open(&opened.memory, size));
        TRY(locked_take(&opened.memory, size, &memory));
    }
    opened.is_locked_down = config->is_production && self_is_debug(settings->self);
    *service = opened;
    data_keys_init(&service->cache, memory, config->cache_entries, config->cache_lifetime_s * 1000);
    pthread_mutex_init(&service->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&service->is_fetched, &attributes);
    pthread_condattr_destroy(&attributes);
    service->is_open = true;
    return status_ok();
}

void service_close(struct service *service)
{
    if (!service->is_open) return;
    data_keys_empty(&service->cache);
    locked_close(&service->memory);
    pthread_cond_destroy(&service->is_fetched);
    pthread_mutex_destroy(&service->mutex);
    service->is_open = false;
}

status service_worker_open(struct service *service, struct service_worker *worker)
{
    TRY(aead_open(&worker->aead));
    worker->service = service;
    worker->signer = (struct signer){
        .rules = service->settings.rules,
        .tools = {.curve = service->settings.curve, .aead = &worker->aead},
    };
    return status_ok();
}

void service_worker_close(struct service_worker *worker)
{
    aead_close(&worker->aead);
    *worker = (struct service_worker){0};
}

void service_expire(struct service *service)
{
    pthread_mutex_lock(&service->mutex);
    data_keys_expire(&service->cache, clock_monotonic_ms());
    pthread_mutex_unlock(&service->mutex);
}

void service_forget(struct service *service)
{
    pthread_mutex_lock(&service->mutex);
    data_keys_empty(&service->cache);
    pthread_mutex_unlock(&service->mutex);
}

/* A wrong signature may have given the key away: nothing more may leave this program. */
static _Noreturn void die(struct service *service, status failure)
{
    log_failure(service->settings.log, LOG_LEVEL_ERROR, "signature_wrong", (slice){0}, failure);
    pthread_mutex_lock(&service->mutex);
    data_keys_empty(&service->cache);
    _exit(SERVICE_EXIT_CODE);
}

static hash32 id_of(const account_id *id)
{
    hash32 copy;
    static_assert(sizeof copy.bytes == sizeof id->bytes, "an account's id has one size");
    memcpy(copy.bytes, id->bytes, sizeof copy.bytes);
    return copy;
}

/* The encryption context that KMS binds this account's data key to. */
static status context_init(const struct config *config, const struct record *record,
                           struct encryption_context *context)
{
    const struct encryption_context_subject subject = {
        .environment = slice_text(config->environment),
        .epoch = record->seal_epoch,
        .account_id = record->account_id,
    };
    return encryption_context_init(context, &subject);
}

/* The credentials of a request, copied out of its frame into the arena. */
static status credentials_read(const struct operation *operation,
                               const struct aws_credentials **credentials)
{
    void *sent_memory, *read_memory;
    TRY(arena_take(operation->arena, sizeof(struct message_credentials), &sent_memory));
    TRY(arena_take(operation->arena, sizeof(struct aws_credentials), &read_memory));
    struct message_credentials *sent = sent_memory;
    struct aws_credentials *read = read_memory;
    TRY(message_credentials_read(operation->request->credentials, sent));
    const struct aws_credentials_parts parts = {
        .access_key_id = secret_expose_text(&sent->access_key_id),
        .secret = secret_expose_text(&sent->secret_access_key),
        .session_token = secret_expose_text(&sent->session_token),
    };
    TRY(aws_credentials_init(&parts, read));
    *credentials = read;
    return status_ok();
}

/* Waits until a fetch of somebody else has ended; with the lock held. */
static status fetch_wait(struct operation *operation)
{
    struct service *service = operation->service;
    const struct timespec deadline = {operation->deadline_ms / 1000,
                                      operation->deadline_ms % 1000 * 1000000};
    const int error = pthread_cond_timedwait(&service->is_fetched, &service->mutex, &deadline);
    REQUIRE(error != ETIMEDOUT, UNAVAILABLE,
            "kms: the data key that others also wait for has not come in time");
    return status_ok();
}

/* With the lock held. The answer is never WAIT: who may wait has waited, who may not is told. */
static status key_find_locked(struct operation *operation, hash32 id, struct data_key *key,
                              enum data_keys_answer *answer)
{
    struct data_keys *cache = &operation->service->cache;
    for (;;) {
        enum data_keys_answer found;
        TRY(data_keys_find(cache, id, clock_monotonic_ms(), key, &found));
        if (found != DATA_KEYS_HIT && !operation->may_wait) {
            /* The fetch becomes the business of the thread that may wait. */
            if (found == DATA_KEYS_FETCH) data_keys_abandon(cache, id);
            operation->must_wait = true;
        }
        if (found != DATA_KEYS_WAIT || operation->must_wait) {
            *answer = found;
            return status_ok();
        }
        TRY(fetch_wait(operation));
    }
}

static status key_find(struct operation *operation, hash32 id, struct data_key *key,
                       enum data_keys_answer *answer)
{
    struct service *service = operation->service;
    pthread_mutex_lock(&service->mutex);
    const status result = key_find_locked(operation, id, key, answer);
    pthread_mutex_unlock(&service->mutex);
    if (status_is_ok(result) && !operation->must_wait) {
        _Atomic uint64_t *counter = *answer == DATA_KEYS_HIT
                                        ? &service->settings.statistics->cache_hits
                                        : &service->settings.statistics->cache_misses;
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
    return result;
}

/* Ends a fetch: keeps the key if it has just opened its record, and lets the others look again. */
static void fetch_end(struct service *service, hash32 id, const struct data_key *key, bool is_good)
{
    pthread_mutex_lock(&service->mutex);
    if (is_good) {
        data_keys_put(&service->cache, id, clock_monotonic_ms(), key);
    } else {
        data_keys_abandon(&service->cache, id);
    }
    pthread_cond_broadcast(&service->is_fetched);
    pthread_mutex_unlock(&service->mutex);
}

/* The data key comes from KMS; then the intent is signed with it. */
static status sign_cold(struct operation *operation, const struct intent *intent,
                        const struct encryption_context *context, struct signer_account *account,
                        k256_signature *signature)
{
    const struct keys_port *keys = &operation->service->settings.keys;
    SCOPED(secret32_wipe) struct secret32 key = {0};
    struct keys_request keys_request = {
        .key_arn = config_key_arn(operation->service->settings.config, account->kms_key_index),
        .context = context,
        .edk = account->record.edk,
        .deadline_ms = operation->deadline_ms,
    };
    TRY(credentials_read(operation, &keys_request.credentials));
    TRY(keys->decrypt(keys->context, &keys_request, operation->arena, &key));
    data_key_init(&account->data_key, &key);
    return signer_sign(operation->signer, account, intent, signature);
}

static status signature_reply(struct operation *operation, const struct signer_account *account,
                              const k256_signature *signature, struct message_reply *reply)
{
    uint8_t bytes[K256_SIGNATURE_SIZE];
    k256_signature_write(signature, bytes);
    TRY(arena_copy(operation->arena, slice_of(bytes, sizeof bytes), &reply->signature));
    return arena_copy(operation->arena, slice_of(account->record.address.bytes, ADDRESS_SIZE),
                      &reply->address);
}

/* What costs nothing is judged first: the body, then the record, then KMS is asked. */
static status sign(struct operation *operation, enum intent_kind kind, struct message_reply *reply)
{
    struct service *service = operation->service;
    const struct config *config = service->settings.config;
    SCOPED(signer_account_wipe) struct signer_account account = {0};
    struct encryption_context context;
    struct intent intent;
    k256_signature signature;
    enum data_keys_answer answer = DATA_KEYS_FETCH;
    TRY(intent_read(kind, operation->request->body, operation->arena, &intent));
    TRY(signer_read(operation->signer, operation->request->record,
                    id_of(&operation->request->account_id), &account));
    account.kms_key_index = config_near_key(config, account.kms_key_index);
    TRY(context_init(config, &account.record, &context));
    const hash32 id =
        data_keys_id(config_key_arn(config, account.kms_key_index), &context, account.record.edk);
    TRY(key_find(operation, id, &account.data_key, &answer));
    if (operation->must_wait) return status_ok();
    if (answer == DATA_KEYS_HIT) {
        TRY(signer_sign(operation->signer, &account, &intent, &signature));
    } else {
        const status result = sign_cold(operation, &intent, &context, &account, &signature);
        fetch_end(service, id, &account.data_key, status_is_ok(result));
        if (!status_is_ok(result)) return result;
    }
    return signature_reply(operation, &account, &signature, reply);
}

static status sign_tx(struct operation *operation, struct message_reply *reply)
{
    return sign(operation, INTENT_TRANSACTION, reply);
}

static status sign_message(struct operation *operation, struct message_reply *reply)
{
    return sign(operation, INTENT_MESSAGE, reply);
}

/* Randomness of three kinds: the module's, the kernel's, and a salt. */
struct fresh {
    struct secret32 nsm, kernel;
};

static void fresh_wipe(struct fresh *fresh)
{
    secret_wipe(fresh, sizeof *fresh);
}

static status account_make(struct operation *operation, size_t key_index,
                           const struct keys_generated *generated, struct message_reply *reply)
{
    const struct service_settings *settings = &operation->service->settings;
    SCOPED(fresh_wipe) struct fresh fresh = {0};
    SCOPED(data_key_wipe) struct data_key data_key = {0};
    TRY(self_read_random(&settings->self->nsm, &fresh.nsm));
    TRY(random_read(fresh.kernel.bytes, sizeof fresh.kernel.bytes));
    struct keygen_request new_account = {
        .account_id = id_of(&operation->request->account_id),
        .now_ms = (uint64_t)clock_read_wall_ms(&settings->clock),
        .kms_key_index = key_index,
        .edk = generated->edk,
        .nsm_random = &fresh.nsm,
        .kernel_random = &fresh.kernel,
    };
    TRY(random_read(new_account.salt, sizeof new_account.salt));
    data_key_init(&data_key, &generated->key);
    struct builder output;
    struct keygen_account created;
    builder_init_arena(&output, operation->arena, RECORD_SIZE_MAX);
    TRY(keygen_make(operation->signer, &new_account, &data_key, &output, &created));
    reply->record = created.record;
    reply->key_arn = config_key_arn(settings->config, key_index);
    TRY(arena_copy(operation->arena, slice_of(created.address.bytes, ADDRESS_SIZE),
                   &reply->address));
    TRY(arena_copy(operation->arena,
                   slice_of(created.public_key.bytes, sizeof created.public_key.bytes),
                   &reply->public_key));
    const struct self_birth birth = {
        .account_id = slice_of(operation->request->account_id.bytes, ACCOUNT_ID_SIZE),
        .address = reply->address,
        .record = reply->record,
    };
    return self_attest_birth(settings->self, &birth, operation->arena, &reply->document);
}

static void generated_wipe(struct keys_generated *generated)
{
    secret32_wipe(&generated->key);
}

static status create(struct operation *operation, struct message_reply *reply)
{
    const struct service_settings *settings = &operation->service->settings;
    const struct config *config = settings->config;
    SCOPED(generated_wipe) struct keys_generated generated = {0};
    struct encryption_context context;
    size_t key_index;
    /* Before anything is sent anywhere: a key that is not pinned may be the parent's own. */
    TRY(config_find_key(config, operation->request->key_arn, &key_index));
    key_index = config_near_key(config, key_index);
    const struct record record = {
        .account_id = id_of(&operation->request->account_id),
        .seal_epoch = config->epoch,
    };
    TRY(context_init(config, &record, &context));
    struct keys_request keys_request = {
        .key_arn = config_key_arn(config, key_index),
        .context = &context,
        .deadline_ms = operation->deadline_ms,
    };
    TRY(credentials_read(operation, &keys_request.credentials));
    TRY(settings->keys.generate(settings->keys.context, &keys_request, operation->arena,
                                &generated));
    return account_make(operation, key_index, &generated, reply);
}

static status attest(struct operation *operation, struct message_reply *reply)
{
    return self_attest_client(operation->service->settings.self, operation->request->nonce,
                              operation->arena, &reply->document);
}

static status tell_status(struct operation *operation, struct message_reply *reply)
{
    struct builder json;
    builder_init_arena(&json, operation->arena, MESSAGE_STATUS_SIZE_MAX);
    report_put(operation->service, &json);
    return builder_finish(&json, &reply->status);
}

/* What serves a type, and when. */
static const struct route {
    uint8_t type;
    bool is_for_debug; /* also when anybody can read our memory: it touches no secret */
    bool always_waits; /* for KMS or the module */
    status (*serve)(struct operation *operation, struct message_reply *reply);
} routes[] = {
    {FRAME_CREATE, false, true, create},
    {FRAME_SIGN_TX, false, false, sign_tx},
    {FRAME_SIGN_MESSAGE, false, false, sign_message},
    {FRAME_ATTEST, true, true, attest},
    {FRAME_STATUS, true, false, tell_status},
};

static const struct route *route_of(uint8_t type)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
        if (routes[i].type == type) return &routes[i];
    }
    return NULL;
}

/* "… (PCR0 is <96 digits>)": what an operator needs to mend the key policy. */
static slice image_sentence(const struct service *service, status failure, struct arena *arena)
{
    struct builder sentence;
    slice written;
    builder_init_arena(&sentence, arena, MESSAGE_SENTENCE_SIZE_MAX);
    builder_put_text(&sentence, status_message(failure));
    builder_put_text(&sentence, " (PCR0 is ");
    hex_put(&sentence, hash48_view(&service->settings.self->pcr0));
    builder_put_text(&sentence, ")");
    /* Without room the failure's own sentence has to do. */
    return status_is_ok(builder_finish(&sentence, &written)) ? written : (slice){0};
}

static void failure_put(struct service *service, uint64_t req_id, status failure, slice sentence,
                        struct builder *reply)
{
    const status written = message_failure_write(req_id, failure, sentence, reply);
    /* The caller gives room for any reply; without it there is nobody to tell. */
    if (!status_is_ok(written)) {
        log_failure(service->settings.log, LOG_LEVEL_ERROR, "reply_lost", (slice){0}, written);
    }
}

void service_refuse(struct service *service, uint8_t type, uint64_t req_id, status failure,
                    struct builder *reply)
{
    statistics_count_request(service->settings.statistics, type, failure);
    log_failure(service->settings.log, LOG_LEVEL_INFO, "request_refused", (slice){0}, failure);
    failure_put(service, req_id, failure, (slice){0}, reply);
}

static status serve(const struct route *route, struct operation *operation,
                    struct message_reply *reply)
{
    if (operation->service->is_locked_down && !route->is_for_debug) {
        FAIL(DENIED, 0, "enclave: runs in debug mode (PCR0 is zero), so it serves no keys");
    }
    if (route->always_waits && !operation->may_wait) {
        operation->must_wait = true;
        return status_ok();
    }
    return route->serve(operation, reply);
}

static enum service_outcome operation_run(const struct route *route, struct operation *operation,
                                          struct builder *output)
{
    struct service *service = operation->service;
    const struct message_request *request = operation->request;
    struct message_reply reply = {.type = request->type, .req_id = request->req_id};
    status result = serve(route, operation, &reply);
    if (status_is_ok(result) && operation->must_wait) return SERVICE_WAITS;
    if (signer_is_fatal(result)) die(service, result);
    if (status_is_ok(result)) result = message_reply_write(&reply, output);
    statistics_count_request(service->settings.statistics, request->type, result);
    if (!status_is_ok(result)) {
        log_failure(service->settings.log, LOG_LEVEL_INFO, "request_failed", (slice){0}, result);
        const slice sentence = kms_client_is_image_refused(result)
                                   ? image_sentence(service, result, operation->arena)
                                   : (slice){0};
        failure_put(service, request->req_id, result, sentence, output);
    }
    return SERVICE_DONE;
}

enum service_outcome service_serve(struct service_worker *worker, const struct frame *frame,
                                   struct arena *arena, struct builder *reply)
{
    const struct route *route = route_of(frame->type);
    struct message_request request;
    const status read = message_request_read(frame, &request);
    if (!status_is_ok(read)) {
        service_refuse(worker->service, frame->type, frame->req_id, read, reply);
        /* A reserved type is well formed: newer parents may ask older enclaves. */
        return route ? SERVICE_BAD : SERVICE_DONE;
    }
    struct operation operation = {
        .service = worker->service,
        .signer = &worker->signer,
        .request = &request,
        .arena = arena,
    };
    return operation_run(route, &operation, reply);
}

void service_serve_waiting(struct service_worker *worker, const struct frame *frame,
                           int64_t deadline_ms, struct arena *arena, struct builder *reply)
{
    struct message_request request;
    const status read = message_request_read(frame, &request);
    if (!status_is_ok(read)) {
        service_refuse(worker->service, frame->type, frame->req_id, read, reply);
        return;
    }
    struct operation operation = {
        .service = worker->service,
        .signer = &worker->signer,
        .request = &request,
        .arena = arena,
        .deadline_ms = deadline_ms,
        .may_wait = true,
    };
    operation_run(route_of(frame->type), &operation, reply);
}
