#include "enclave/self.h"

#include "nsm/attestation.h"
#include "nsm/message.h"
#include "os/random.h"

/* Sends one request; `response` views the arena. */
static status call(const struct nsm_port *nsm, const struct nsm_request *request,
                   struct arena *arena, struct nsm_response *response)
{
    struct builder question, answer;
    slice asked;
    builder_init_arena(&question, arena, NSM_REQUEST_SIZE_MAX);
    builder_init_arena(&answer, arena, NSM_RESPONSE_SIZE_MAX);
    nsm_request_write(request, &question);
    TRY(builder_finish(&question, &asked));
    TRY(nsm->call(nsm->context, asked, &answer));
    return nsm_response_check(builder_view(&answer), request->call, response);
}

static status pcr0_read(const struct nsm_port *nsm, struct arena *arena, hash48 *pcr0)
{
    const struct nsm_request request = {.call = NSM_DESCRIBE_PCR, .index = 0};
    struct nsm_response response;
    TRY(call(nsm, &request, arena, &response));
    *pcr0 = response.pcr;
    return status_ok();
}

status self_init(const struct nsm_port *nsm, const struct config *config, struct arena *arena,
                 struct self *self)
{
    struct self made = {.nsm = *nsm};
    TRY(pcr0_read(nsm, arena, &made.pcr0));
    TRY(random_read(made.boot.bytes, sizeof made.boot.bytes));
    TRY(self_read_time(nsm, arena, &made.boot_ms));
    made.client = (struct user_data_client){
        .is_production = config->is_production,
        .boot = made.boot,
        .boot_ms = (uint64_t)made.boot_ms,
        .config_hash = config->hash,
        .epoch = config->epoch,
    };
    *self = made;
    return status_ok();
}

status self_lock_configuration(const struct nsm_port *nsm, const struct config *config,
                               struct arena *arena)
{
    const struct nsm_request describe = {.call = NSM_DESCRIBE_PCR, .index = SELF_CONFIGURATION_PCR};
    const struct nsm_request extend = {.call = NSM_EXTEND_PCR,
                                       .index = SELF_CONFIGURATION_PCR,
                                       .data = hash32_view(&config->hash)};
    const struct nsm_request lock = {.call = NSM_LOCK_PCR, .index = SELF_CONFIGURATION_PCR};
    static const hash48 zero = {{0}};
    const hash48 wanted = pcr_extend(&zero, extend.data);
    struct nsm_response response;
    TRY(call(nsm, &describe, arena, &response));
    /* A service started again under the same boot finds what it left. */
    if (response.is_locked && hash48_equal(&response.pcr, &wanted)) return status_ok();
    REQUIRE(!response.is_locked && pcr_is_zero(&response.pcr), DENIED,
            "self: PCR16 has been used for something else");
    TRY(call(nsm, &extend, arena, &response));
    return call(nsm, &lock, arena, &response);
}

bool self_is_debug(const struct self *self)
{
    return pcr_is_zero(&self->pcr0);
}

static status random_take(slice given, struct secret32 *random)
{
    REQUIRE(given.size >= sizeof random->bytes, CORRUPT,
            "nsm: the module gives too little randomness");
    return secret32_read(slice_part(given, 0, sizeof random->bytes), random);
}

status self_read_random(const struct nsm_port *nsm, struct secret32 *random)
{
    uint8_t question_memory[64], answer_memory[NSM_RESPONSE_SIZE_MAX];
    const struct nsm_request request = {.call = NSM_GET_RANDOM};
    struct nsm_response response;
    struct builder question, answer;
    slice asked;
    builder_init(&question, question_memory, sizeof question_memory);
    builder_init(&answer, answer_memory, sizeof answer_memory);
    nsm_request_write(&request, &question);
    TRY(builder_finish(&question, &asked));
    status result = nsm->call(nsm->context, asked, &answer);
    if (status_is_ok(result)) {
        result = nsm_response_check(builder_view(&answer), NSM_GET_RANDOM, &response);
    }
    if (status_is_ok(result)) result = random_take(response.random, random);
    secret_wipe(answer_memory, answer.size);
    return result;
}

/* Asks for a document; its bytes are delivered exactly as the module sent them. */
static status attest(const struct nsm_port *nsm, const struct nsm_request *request,
                     struct arena *arena, slice *document)
{
    struct nsm_response response;
    TRY(call(nsm, request, arena, &response));
    *document = response.document;
    return status_ok();
}

status self_attest_client(const struct self *self, slice nonce, struct arena *arena,
                          slice *document)
{
    REQUIRE(nonce.size == 0 || nonce.size == SELF_NONCE_SIZE, BAD_INPUT,
            "attestation: nonce must have 32 bytes");
    uint8_t memory[USER_DATA_CLIENT_SIZE];
    struct builder user_data;
    builder_init(&user_data, memory, sizeof memory);
    user_data_write_client(&self->client, &user_data);
    struct nsm_request request = {
        .call = NSM_ATTESTATION,
        .user_data = nsm_optional_of(builder_view(&user_data)),
    };
    if (nonce.size > 0) request.nonce = nsm_optional_of(nonce);
    return attest(&self->nsm, &request, arena, document);
}

status self_attest_birth(const struct self *self, const struct self_birth *birth,
                         struct arena *arena, slice *document)
{
    slice account_id = birth->account_id, address = birth->address;
    uint8_t memory[USER_DATA_PROOF_SIZE];
    struct builder user_data;
    struct user_data_proof proof = {
        .is_production = self->client.is_production,
        .boot = self->boot,
        .config_hash = self->client.config_hash,
        .epoch = self->client.epoch,
        .record_hash = sha256(birth->record),
    };
    TRY(slice_take_copy(&account_id, sizeof proof.account_id, proof.account_id));
    TRY(slice_take_copy(&address, sizeof proof.address, proof.address));
    builder_init(&user_data, memory, sizeof memory);
    user_data_write_proof(&proof, &user_data);
    const struct nsm_request request = {
        .call = NSM_ATTESTATION,
        .user_data = nsm_optional_of(builder_view(&user_data)),
    };
    return attest(&self->nsm, &request, arena, document);
}

status self_attest_kms(const struct self *self, slice public_key, struct arena *arena,
                       slice *document)
{
    uint8_t memory[USER_DATA_KMS_SIZE];
    struct builder user_data;
    builder_init(&user_data, memory, sizeof memory);
    user_data_write_kms(&self->boot, &user_data);
    const struct nsm_request request = {
        .call = NSM_ATTESTATION,
        .user_data = nsm_optional_of(builder_view(&user_data)),
        .public_key = nsm_optional_of(public_key),
    };
    return attest(&self->nsm, &request, arena, document);
}

status self_read_time(const struct nsm_port *nsm, struct arena *arena, int64_t *time_ms)
{
    const struct nsm_request request = {.call = NSM_ATTESTATION};
    slice bytes;
    struct attestation document;
    TRY(attest(nsm, &request, arena, &bytes));
    /* It comes straight from the module, whom nobody could vouch for but itself. */
    TRY(attestation_read_unsigned(bytes, &document));
    REQUIRE(document.timestamp_ms <= INT64_MAX / 2, CORRUPT, "attestation: time is out of range");
    *time_ms = (int64_t)document.timestamp_ms;
    return status_ok();
}
