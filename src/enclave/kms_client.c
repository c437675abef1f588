#include "enclave/kms_client.h"

#include <string.h>
#include <time.h>

#include "aws/error.h"
#include "aws/kms.h"
#include "aws/sigv4.h"
#include "os/random.h"

enum {
    RESPONSE_SIZE_MAX = 24 << 10, /* head and body; a reply with a data key has about 1.5 KB */
    ATTEMPT_SIZE = 240 << 10,     /* of KEYS_ARENA_SIZE */
};

static const struct failure image_refused = {
    FAILURE_DENIED, __LINE__, __FILE__,
    "kms: the key policy does not allow this enclave image, or not this role"};

bool kms_client_is_image_refused(status result)
{
    return result.failure == &image_refused;
}

status kms_client_open(const struct kms_client_settings *settings, struct kms_client *client)
{
    const struct config *config = settings->config;
    struct kms_client opened = {.settings = *settings};
    TRY(tls_client_open(settings->roots_pem, &opened.tls));
    *client = opened;
    const struct http_client_settings http = {
        .origin = config->kms_dial,
        .dial = endpoint_dial,
        .tls = &client->tls,
        .tls_host = config->kms_host,
        .clock = settings->clock,
        .connection_count_max = config->kms_workers,
        .idle_ms_max = KMS_CLIENT_IDLE_MS_MAX,
    };
    const status result = http_client_open(&http, &client->http);
    if (!status_is_ok(result)) tls_client_close(&client->tls);
    return result;
}

void kms_client_close(struct kms_client *client)
{
    http_client_close(&client->http);
    tls_client_close(&client->tls);
}

/* One call to KMS, from its first attempt to its last. */
struct call {
    struct kms_client *client;
    const struct keys_request *request;
    bool is_decrypt;
    struct arena arena; /* one attempt's memory, a part of the caller's */
    bool is_retryable;  /* the last attempt failed in passing */
    struct secret32 key;
    slice edk; /* in the attempt's memory */
};

static void call_wipe(struct call *call)
{
    if (call->arena.memory) arena_empty(&call->arena);
    secret32_wipe(&call->key);
}

static void context_copy(const struct encryption_context *from, struct kms_context *to)
{
    to->count = ENCRYPTION_CONTEXT_COUNT;
    for (size_t i = 0; i < ENCRYPTION_CONTEXT_COUNT; i++) {
        to->pairs[i] = (struct kms_context_pair){from->pairs[i].name, from->pairs[i].value};
    }
}

/* Builds and signs; all texts are appended to `memory`. */
static status request_build(const struct call *call, slice document, struct builder *memory,
                            struct http_request *http)
{
    const struct config *config = call->client->settings.config;
    struct kms_call kms = {
        .host = slice_text(config->kms_host),
        .key_arn = call->request->key_arn,
        .document = document,
    };
    context_copy(call->request->context, &kms.context);
    if (call->is_decrypt) {
        TRY(kms_decrypt_build(&kms, call->request->edk, memory, http));
    } else {
        TRY(kms_generate_data_key_build(&kms, memory, http));
    }
    SCOPED(sigv4_key_wipe) struct sigv4_key key = {0};
    const struct sigv4_signer signer = {
        .credentials = call->request->credentials,
        .scope = {.region = slice_text(config->region), .service = slice_text("kms")},
        .key = &key,
    };
    const int64_t now_ms = clock_read_wall_ms(&call->client->settings.clock);
    return sigv4_sign(&signer, now_ms / 1000, memory, http);
}

/* Tells a refusal by the key policy from other refusals, and what is worth repeating. */
static status refusal_of(struct call *call, const struct http_response *response)
{
    struct aws_error error;
    aws_error_read(response, &error);
    call->is_retryable = aws_error_is_retryable(&error);
    if (aws_error_is(&error, "AccessDeniedException")) {
        return (status){&image_refused, response->code};
    }
    return aws_error_status(&error);
}

static status reply_read(struct call *call, const struct http_response *response,
                         const struct recipient *recipient)
{
    struct builder memory;
    struct kms_reply reply;
    builder_init_arena(&memory, &call->arena, KMS_REPLY_MEMORY_SIZE_MAX);
    if (response->code != 200) return refusal_of(call, response);
    if (call->is_decrypt) {
        TRY(kms_decrypt_read(response, &memory, &reply));
    } else {
        TRY(kms_generate_data_key_read(response, &memory, &reply));
    }
    TRY(kms_reply_check(&reply, call->request->key_arn));
    REQUIRE(status_is_ok(recipient_unseal_key(recipient, reply.envelope, &call->key)), CORRUPT,
            "kms: the data key in the reply is not sealed to this enclave");
    call->edk = reply.ciphertext;
    return status_ok();
}

static int64_t attempt_deadline_ms(const struct keys_request *request)
{
    const int64_t own_ms = clock_deadline_ms(KMS_CLIENT_ATTEMPT_MS_MAX);
    return own_ms < request->deadline_ms ? own_ms : request->deadline_ms;
}

static status exchange(struct call *call, const struct recipients_use *use)
{
    struct builder memory;
    struct http_request http;
    struct http_response response;
    builder_init_arena(&memory, &call->arena, KMS_BODY_SIZE_MAX + SIGV4_MEMORY_SIZE_MAX);
    TRY(request_build(call, use->document, &memory, &http));
    const struct http_client_call http_call = {
        .request = &http,
        .response_size_max = RESPONSE_SIZE_MAX,
        .deadline_ms = attempt_deadline_ms(call->request),
    };
    const status sent = http_client_send(&call->client->http, &http_call, &call->arena, &response);
    if (!status_is_ok(sent)) {
        call->is_retryable = status_is(sent, FAILURE_UNAVAILABLE);
        return sent;
    }
    return reply_read(call, &response, use->recipient);
}

static status attempt(struct call *call)
{
    SCOPED(recipients_use_close) struct recipients_use use = {0};
    call->is_retryable = false;
    arena_empty(&call->arena);
    TRY(recipients_use_open(call->client->settings.recipients, &call->arena, &use));
    const status result = exchange(call, &use);
    statistics_count_kms(call->client->settings.statistics,
                         call->is_decrypt ? STATISTICS_DECRYPT : STATISTICS_GENERATE_DATA_KEY,
                         result);
    return result;
}

/* Waits before the next attempt; false when the deadline leaves no time for one. */
static bool pause_before(size_t attempt_index, int64_t deadline_ms)
{
    uint8_t random = 128;
    /* Half to one and a half of the nominal pause, so that many enclaves do not come back at
     * once. Without randomness the nominal pause is as good. */
    (void)status_is_ok(random_read(&random, sizeof random));
    const int64_t nominal_ms = KMS_CLIENT_PAUSE_MS << (attempt_index - 1);
    const int64_t pause_ms = nominal_ms / 2 + nominal_ms * random / 256;
    if (clock_monotonic_ms() + pause_ms >= deadline_ms) return false;
    const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
    return true;
}

static status call_run(struct call *call)
{
    status result = attempt(call);
    for (size_t i = 1; i < KMS_CLIENT_ATTEMPT_COUNT_MAX && call->is_retryable; i++) {
        if (!pause_before(i, call->request->deadline_ms)) break;
        result = attempt(call);
    }
    return result;
}

/* A part of the caller's arena that can be emptied between attempts. */
static status call_init(struct kms_client *client, const struct keys_request *request,
                        struct arena *arena, struct call *call)
{
    void *memory;
    TRY(arena_take(arena, ATTEMPT_SIZE, &memory));
    *call = (struct call){
        .client = client,
        .request = request,
        .is_decrypt = request->edk.size > 0,
        .arena = {.memory = memory, .size_max = ATTEMPT_SIZE},
    };
    return status_ok();
}

static status generate(void *context, const struct keys_request *request, struct arena *arena,
                       struct keys_generated *generated)
{
    SCOPED(call_wipe) struct call call = {0};
    slice edk;
    TRY(call_init(context, request, arena, &call));
    TRY(call_run(&call));
    TRY(arena_copy(arena, call.edk, &edk));
    *generated = (struct keys_generated){.edk = edk, .key = call.key};
    return status_ok();
}

static status decrypt(void *context, const struct keys_request *request, struct arena *arena,
                      struct secret32 *key)
{
    SCOPED(call_wipe) struct call call = {0};
    TRY(call_init(context, request, arena, &call));
    TRY(call_run(&call));
    *key = call.key;
    return status_ok();
}

struct keys_port kms_client_port(struct kms_client *client)
{
    return (struct keys_port){.context = client, .generate = generate, .decrypt = decrypt};
}
