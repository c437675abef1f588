#include "enclave/service.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "enclave/kms_client.h"
#include "enclave/refusal.h"
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
    const struct service_fetched *fetched; /* its data key when KMS has just given it, else NULL */
    bool must_wait; /* set by what serves it: nothing was done, `need` tells for what */
    bool is_aging;  /* likewise: it was done, but the data key should be fetched anew */
    struct service_need need;
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
    struct data_keys_settings cache = {
        .memory = memory,
        .count_max = config->cache_entries,
        .lifetime_ms = config->cache_lifetime_s * 1000,
    };
    const status seeded = random_read((uint8_t *)&cache.seed, sizeof cache.seed);
    if (!status_is_ok(seeded)) {
        locked_close(&opened.memory);
        return seeded;
    }
    opened.is_locked_down = config->is_production && self_is_debug(settings->self);
    *service = opened;
    data_keys_init(&service->cache, &cache);
    pthread_mutex_init(&service->mutex, NULL);
    service->is_open = true;
    return status_ok();
}

void service_close(struct service *service)
{
    if (!service->is_open) return;
    data_keys_empty(&service->cache);
    locked_close(&service->memory);
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
    size_t from = 0;
    do {
        /* A part at a time, so that a large cache does not hold up who signs. */
        pthread_mutex_lock(&service->mutex);
        from = data_keys_expire(&service->cache, clock_monotonic_ms(), from);
        pthread_mutex_unlock(&service->mutex);
    } while (from != 0);
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

/* ---- data keys ---- */

bool service_has_cache(const struct service *service)
{
    return service->settings.config->cache_entries > 0;
}

static enum data_keys_answer key_find(struct service *service, const struct data_keys_name *name,
                                      struct data_key *key)
{
    pthread_mutex_lock(&service->mutex);
    const enum data_keys_answer answer =
        data_keys_find(&service->cache, name, clock_monotonic_ms(), key);
    pthread_mutex_unlock(&service->mutex);
    return answer;
}

bool service_has_key(struct service *service, const struct data_keys_name *name)
{
    SCOPED(data_key_wipe) struct data_key key = {0};
    return key_find(service, name, &key) != DATA_KEYS_MISS;
}

void service_keep(struct service *service, const struct data_keys_name *name,
                  const struct service_fetched *fetched)
{
    pthread_mutex_lock(&service->mutex);
    data_keys_put(&service->cache, name, clock_monotonic_ms(), &fetched->key);
    pthread_mutex_unlock(&service->mutex);
}

void service_fetched_wipe(struct service_fetched *fetched)
{
    data_key_wipe(&fetched->key);
}

/* Reads the record and judges it by the rules. */
static status account_read(const struct operation *operation, struct signer_account *account)
{
    const struct message_request *request = operation->request;
    TRY(signer_read(operation->signer, request->record, id_of(&request->account_id), account));
    account->kms_key_index =
        config_near_key(operation->service->settings.config, account->kms_key_index);
    return status_ok();
}

/*
 * Together with the environment, which is this image's, the head says all of the encryption context:
 * what is found under this name is what KMS would answer.
 */
static struct data_keys_name name_of(const struct signer_account *account)
{
    return (struct data_keys_name){
        .key_index = account->kms_key_index,
        .head = account->record.head,
        .edk = account->record.edk,
    };
}

static status decrypt(const struct operation *operation, struct signer_account *account)
{
    const struct service_settings *settings = &operation->service->settings;
    SCOPED(secret32_wipe) struct secret32 key = {0};
    struct encryption_context context;
    TRY(context_init(settings->config, &account->record, &context));
    struct keys_request keys_request = {
        .key_arn = config_key_arn(settings->config, account->kms_key_index),
        .context = &context,
        .edk = account->record.edk,
        .deadline_ms = operation->deadline_ms,
    };
    TRY(credentials_read(operation, &keys_request.credentials));
    TRY(settings->keys.decrypt(settings->keys.context, &keys_request, operation->arena, &key));
    data_key_init(&account->data_key, &key);
    return status_ok();
}

void service_fetch(struct service_worker *worker, const struct frame *frame, int64_t deadline_ms,
                   struct arena *arena, struct service_fetched *fetched)
{
    SCOPED(signer_account_wipe) struct signer_account account = {0};
    struct message_request request;
    const struct operation operation = {
        .service = worker->service,
        .signer = &worker->signer,
        .request = &request,
        .arena = arena,
        .deadline_ms = deadline_ms,
    };
    status result = message_request_read(frame, &request);
    if (status_is_ok(result)) result = account_read(&operation, &account);
    if (status_is_ok(result)) result = decrypt(&operation, &account);
    *fetched = (struct service_fetched){.result = result};
    if (!status_is_ok(result)) return;
    /* A record that does not open is its own requests' failure: others under this name may. */
    fetched->is_proven = status_is_ok(signer_prove(&worker->signer, &account));
    fetched->key = account.data_key;
}

/* ---- signing ---- */

static status signature_reply(struct operation *operation, const struct signer_account *account,
                              const k256_signature *signature, struct message_reply *reply)
{
    uint8_t bytes[K256_SIGNATURE_SIZE];
    k256_signature_write(signature, bytes);
    TRY(arena_copy(operation->arena, slice_of(bytes, sizeof bytes), &reply->signature));
    return arena_copy(operation->arena, slice_of(account->record.address.bytes, ADDRESS_SIZE),
                      &reply->address);
}

/* The data key from where it is; else says what is needed. */
static void key_take(struct operation *operation, struct signer_account *account)
{
    struct statistics *statistics = operation->service->settings.statistics;
    if (operation->fetched) {
        account->data_key = operation->fetched->key;
        /* Fresh from KMS: each of these signatures is recovered and compared with the address. */
        account->data_key.is_checked = false;
        return;
    }
    operation->need = (struct service_need){.is_key = true, .name = name_of(account)};
    const enum data_keys_answer answer =
        key_find(operation->service, &operation->need.name, &account->data_key);
    operation->must_wait = answer == DATA_KEYS_MISS;
    operation->is_aging = answer == DATA_KEYS_AGING;
    atomic_fetch_add_explicit(operation->must_wait ? &statistics->cache_misses
                                                   : &statistics->cache_hits,
                              1, memory_order_relaxed);
}

static status sign(struct operation *operation, enum intent_kind kind, struct message_reply *reply)
{
    SCOPED(signer_account_wipe) struct signer_account account = {0};
    struct intent intent;
    k256_signature signature;
    TRY(account_read(operation, &account));
    TRY(intent_read(kind, operation->request->body, operation->arena, &intent));
    key_take(operation, &account);
    if (operation->must_wait) return status_ok();
    TRY(signer_sign(operation->signer, &account, &intent, &signature));
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

static void report_fill(struct service *service, struct report *report)
{
    const struct service_settings *settings = &service->settings;
    *report = (struct report){
        .config = settings->config,
        .self = settings->self,
        .statistics = settings->statistics,
        .now_ms = clock_read_wall_ms(&settings->clock),
        .cache_memory_size = data_keys_memory_size(settings->config->cache_entries),
        .queue_count_max = SERVICE_QUEUE_COUNT_MAX,
        .waiter_count_max = SERVICE_WAITER_COUNT_MAX,
        .connection_count_max = SERVICE_CONNECTION_COUNT_MAX,
    };
    pthread_mutex_lock(&service->mutex);
    report->cache_count = service->cache.count;
    pthread_mutex_unlock(&service->mutex);
}

static status tell_status(struct operation *operation, struct message_reply *reply)
{
    struct builder json;
    struct report report;
    builder_init_arena(&json, operation->arena, MESSAGE_STATUS_SIZE_MAX);
    report_fill(operation->service, &report);
    report_put(&report, &json);
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
static void image_sentence_put(const struct service *service, status failure,
                               struct builder *sentence)
{
    builder_put_text(sentence, status_message(failure));
    builder_put_text(sentence, " (PCR0 is ");
    hex_put(sentence, hash48_view(&service->settings.self->pcr0));
    builder_put_text(sentence, ")");
}

static void failure_put(struct service *service, uint64_t req_id, status failure,
                        struct builder *reply)
{
    uint8_t memory[CALL_SENTENCE_SIZE_MAX];
    struct builder sentence;
    slice written;
    struct call_failure told = call_failure_of(failure);
    told.reason = refusal_reason(failure);
    builder_init(&sentence, memory, sizeof memory);
    if (kms_client_is_image_refused(failure)) image_sentence_put(service, failure, &sentence);
    /* Without room the failure's own sentence has to do. */
    if (status_is_ok(builder_finish(&sentence, &written)) && written.size > 0) {
        told.sentence = written;
    }
    const status done = call_write_failure(req_id, &told, reply);
    /* The caller gives room for any reply; without it there is nobody to tell. */
    if (!status_is_ok(done)) {
        log_failure(service->settings.log, LOG_LEVEL_ERROR, "reply_lost", (slice){0}, done);
    }
}

void service_refuse(struct service *service, uint8_t type, uint64_t req_id, status failure,
                    struct builder *reply)
{
    statistics_count_request(service->settings.statistics, type, failure);
    log_failure(service->settings.log, LOG_LEVEL_INFO, "request_refused", (slice){0}, failure);
    failure_put(service, req_id, failure, reply);
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
        failure_put(service, request->req_id, result, output);
    }
    return operation->is_aging ? SERVICE_AGING : SERVICE_DONE;
}

enum service_outcome service_serve(struct service_worker *worker, const struct frame *frame,
                                   struct arena *arena, struct builder *reply,
                                   struct service_need *need)
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
    const enum service_outcome outcome = operation_run(route, &operation, reply);
    *need = operation.need;
    return outcome;
}

/* Serves a frame that was read before, on a thread that may wait. */
static void serve_again(struct operation *operation, const struct frame *frame,
                        struct builder *reply)
{
    struct message_request request;
    const status read = message_request_read(frame, &request);
    if (!status_is_ok(read)) {
        service_refuse(operation->service, frame->type, frame->req_id, read, reply);
        return;
    }
    operation->request = &request;
    operation_run(route_of(frame->type), operation, reply);
}

void service_serve_waiting(struct service_worker *worker, const struct frame *frame,
                           int64_t deadline_ms, struct arena *arena, struct builder *reply)
{
    struct operation operation = {
        .service = worker->service,
        .signer = &worker->signer,
        .arena = arena,
        .deadline_ms = deadline_ms,
        .may_wait = true,
    };
    serve_again(&operation, frame, reply);
}

void service_sign_fetched(struct service_worker *worker, const struct frame *frame,
                          const struct service_fetched *fetched, struct arena *arena,
                          struct builder *reply)
{
    struct operation operation = {
        .service = worker->service,
        .signer = &worker->signer,
        .arena = arena,
        .fetched = fetched,
    };
    serve_again(&operation, frame, reply);
}
