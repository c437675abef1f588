#include "dev/nsm_stand_in.h"

#include <string.h>

#include "base/hex.h"
#include "nsm/attestation.h"
#include "os/random.h"

enum {
    INSTANCE_ID_SIZE = 9, /* bytes, of which 17 digits are used */
    ENCLAVE_ID_SIZE = 8,
    MS_PER_S = 1000,
};

static const uint32_t launch_pcrs = (UINT32_C(1) << PCR_LAUNCH_COUNT) - 1;
/* What debug mode hides: PCR0, 1, 2 and 8. */
static const uint32_t debug_pcrs = 0x107;

/* "i-" 17 digits "-enc" 16 digits, as real ones. */
static status make_module_id(char module_id[40])
{
    uint8_t random[INSTANCE_ID_SIZE + ENCLAVE_ID_SIZE];
    uint8_t digits[2 * sizeof random];
    struct builder hex, text;
    TRY(random_read(random, sizeof random));
    builder_init(&hex, digits, sizeof digits);
    hex_put(&hex, slice_of(random, sizeof random));
    builder_init(&text, module_id, 40);
    builder_put_text(&text, "i-");
    builder_put(&text, slice_part(builder_view(&hex), 0, 17));
    builder_put_text(&text, "-enc");
    builder_put(&text, slice_part(builder_view(&hex), 2 * INSTANCE_ID_SIZE, 16));
    builder_put_u8(&text, 0);
    return status_ok();
}

status nsm_stand_in_open(const struct nsm_stand_in_options *options, struct nsm_stand_in *stand_in)
{
    struct nsm_stand_in opened = {.options = *options, .locked = launch_pcrs, .is_open = true};
    for (unsigned i = 0; i < PCR_LAUNCH_COUNT; i++) {
        const bool is_hidden = options->is_debug && (debug_pcrs >> i & 1);
        if (pcr_set_has(&options->pcrs, i) && !is_hidden) opened.pcrs[i] = options->pcrs.values[i];
    }
    REQUIRE((options->pcrs.present & ~launch_pcrs) == 0, BAD_INPUT,
            "nsm_stand_in: only PCR0 to PCR15 can be set at launch");
    TRY(make_module_id(opened.module_id));
    REQUIRE(pthread_mutex_init(&opened.mutex, NULL) == 0, UNAVAILABLE,
            "nsm_stand_in: no memory left");
    *stand_in = opened;
    return status_ok();
}

void nsm_stand_in_close(struct nsm_stand_in *stand_in)
{
    if (!stand_in->is_open) return;
    identity_leaf_close(&stand_in->leaf);
    pthread_mutex_destroy(&stand_in->mutex);
    *stand_in = (struct nsm_stand_in){0};
}

static bool is_locked(const struct nsm_stand_in *stand_in, unsigned index)
{
    return (stand_in->locked >> index & 1) != 0;
}

static void describe_pcr(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                         struct nsm_response *response)
{
    if (request->index >= PCR_COUNT) {
        response->error = NSM_INVALID_INDEX;
        return;
    }
    response->is_locked = is_locked(stand_in, request->index);
    response->pcr = stand_in->pcrs[request->index];
}

static void extend_pcr(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                       struct nsm_response *response)
{
    if (request->index >= PCR_COUNT) {
        response->error = NSM_INVALID_INDEX;
    } else if (is_locked(stand_in, request->index)) {
        response->error = NSM_READ_ONLY_INDEX;
    } else {
        hash48 *pcr = &stand_in->pcrs[request->index];
        *pcr = pcr_extend(pcr, request->data);
        response->pcr = *pcr;
    }
}

static void lock_pcr(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                     struct nsm_response *response)
{
    if (request->index >= PCR_COUNT) {
        response->error = NSM_INVALID_INDEX;
    } else if (is_locked(stand_in, request->index)) {
        response->error = NSM_READ_ONLY_INDEX;
    } else {
        stand_in->locked |= UINT32_C(1) << request->index;
    }
}

static void lock_pcrs(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                      struct nsm_response *response)
{
    if (request->range > PCR_COUNT) {
        response->error = NSM_INVALID_INDEX;
        return;
    }
    for (unsigned i = 0; i < request->range; i++) stand_in->locked |= UINT32_C(1) << i;
}

static void describe_nsm(const struct nsm_stand_in *stand_in, struct nsm_response *response)
{
    response->description = (struct nsm_description){
        .version_major = 1,
        .module_id = slice_text(stand_in->module_id),
        .pcr_count = PCR_COUNT,
        .locked_pcrs = stand_in->locked,
        .digest = slice_text("SHA384"),
    };
}

static status renew_leaf(struct nsm_stand_in *stand_in, int64_t now_s)
{
    struct identity_leaf leaf;
    if (now_s < stand_in->leaf.not_after_s - NSM_STAND_IN_RENEWAL_S) return status_ok();
    TRY(identity_issue(stand_in->options.identity, slice_text(stand_in->module_id), now_s, &leaf));
    identity_leaf_close(&stand_in->leaf);
    stand_in->leaf = leaf;
    return status_ok();
}

static status write_document(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                             struct builder *builder)
{
    const int64_t now_ms = clock_read_wall_ms(&stand_in->options.clock);
    struct attestation document = {
        .module_id = slice_text(stand_in->module_id),
        .timestamp_ms = (uint64_t)now_ms,
        .bundle_count = IDENTITY_BUNDLE_COUNT,
        .public_key = request->public_key,
        .user_data = request->user_data,
        .nonce = request->nonce,
    };
    const struct attestation_form form = {
        .key = &stand_in->leaf.key,
        .is_indefinite = !stand_in->options.is_definite,
        .is_tagged = stand_in->options.is_tagged,
    };
    TRY(renew_leaf(stand_in, now_ms / MS_PER_S));
    document.certificate = identity_certificate_view(&stand_in->leaf.certificate);
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT; i++) {
        document.bundle[i] = identity_certificate_view(&stand_in->leaf.bundle[i]);
    }
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (is_locked(stand_in, i)) pcr_set_put(&document.pcrs, i, &stand_in->pcrs[i]);
    }
    return attestation_write(&document, &form, builder);
}

/* `memory` holds what the response views; the caller holds the mutex. */
static void answer(struct nsm_stand_in *stand_in, const struct nsm_request *request,
                   struct builder *memory, struct nsm_response *response)
{
    response->call = request->call;
    switch (request->call) {
    case NSM_DESCRIBE_PCR: describe_pcr(stand_in, request, response); break;
    case NSM_EXTEND_PCR: extend_pcr(stand_in, request, response); break;
    case NSM_LOCK_PCR: lock_pcr(stand_in, request, response); break;
    case NSM_LOCK_PCRS: lock_pcrs(stand_in, request, response); break;
    case NSM_DESCRIBE_NSM: describe_nsm(stand_in, response); break;
    case NSM_GET_RANDOM: {
        uint8_t *random = builder_space(memory, NSM_RANDOM_SIZE_MAX);
        if (!random || !status_is_ok(random_read(random, NSM_RANDOM_SIZE_MAX))) {
            response->error = NSM_INTERNAL_ERROR;
        }
        response->random = builder_view(memory);
        break;
    }
    case NSM_ATTESTATION:
        if (!status_is_ok(write_document(stand_in, request, memory)) || memory->is_over) {
            response->error = NSM_INTERNAL_ERROR;
        }
        response->document = builder_view(memory);
        break;
    }
}

status nsm_stand_in_call(void *context, slice request, struct builder *response)
{
    struct nsm_stand_in *stand_in = context;
    uint8_t bytes[NSM_RESPONSE_SIZE_MAX];
    struct builder memory;
    struct nsm_request read;
    struct nsm_response made = {0};
    builder_init(&memory, bytes, sizeof bytes);
    const status reading = nsm_request_read(request, &read);
    if (status_is_ok(reading)) {
        pthread_mutex_lock(&stand_in->mutex);
        answer(stand_in, &read, &memory, &made);
        pthread_mutex_unlock(&stand_in->mutex);
    } else {
        made.error =
            status_is(reading, FAILURE_OVER_LIMIT) ? NSM_INPUT_TOO_LARGE : NSM_INVALID_ARGUMENT;
    }
    nsm_response_write(&made, response);
    secret_wipe(bytes, sizeof bytes); /* random bytes are seeds of keys */
    return status_ok();
}
