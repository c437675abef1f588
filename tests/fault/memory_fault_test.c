/*
 * What the enclave does with libcrypto on the way to a data key, with every allocation of it made to
 * fail in turn. The library's memory comes from base/heap, and so from the malloc that steps.c makes
 * fail. Each operation is refused cleanly or right, and right again afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "certificates.h"
#include "crypto/aead.h"
#include "crypto/library.h"
#include "crypto/recipient.h"
#include "dev/nsm_stand_in.h"
#include "net/tls.h"
#include "nsm/attestation.h"
#include "os/clock.h"
#include "runner.h"
#include "steps.h"

enum { STEP_COUNT_MAX = 20000, STEPS_TRIED_MAX = 600 };

/* What was made without faults. */
static struct {
    struct recipient recipient;
    struct identity identity;
    struct nsm_stand_in nsm;
    struct certificate authority;
    uint8_t envelope_memory[RECIPIENT_ENVELOPE_SIZE_MAX];
    struct builder envelope;
    uint8_t document_memory[NSM_RESPONSE_SIZE_MAX];
    slice document;
    struct secret32 data_key;
} made;

/* What a failure is called when the operation was stopped by one; success means that it was right. */
static status broken(void)
{
    FAIL(INTERNAL, 0, "fault: the result is wrong");
}

static status open_envelope(void)
{
    SCOPED(secret32_wipe) struct secret32 key = {0};
    TRY(recipient_unseal_key(&made.recipient, builder_view(&made.envelope), &key));
    const bool is_right = memcmp(key.bytes, made.data_key.bytes, sizeof key.bytes) == 0;
    if (!is_right) return broken();
    return status_ok();
}

static status seal_and_open(void)
{
    static const char plaintext[] = "a private key";
    SCOPED(aead_close) struct aead aead = {0};
    uint8_t sealed[sizeof plaintext + AEAD_TAG_SIZE], opened[sizeof plaintext];
    const struct aead_terms terms = {.key = &made.data_key, .associated = slice_text("header")};
    TRY(aead_open(&aead));
    TRY(aead_seal(&aead, &terms, slice_of(plaintext, sizeof plaintext), sealed));
    TRY(aead_unseal(&aead, &terms, slice_of(sealed, sizeof sealed), opened));
    if (memcmp(opened, plaintext, sizeof plaintext) != 0) return broken();
    return status_ok();
}

static status verify_document(void)
{
    struct attestation document;
    TRY(attestation_read(made.document, &document));
    const struct attestation_rules rules = {
        .root = identity_certificate_view(&made.identity.certificate),
        .now_ms = clock_wall_ms(),
        .max_age_s = 300,
    };
    return attestation_verify(&document, &rules);
}

static status attest(struct builder *response)
{
    uint8_t request_memory[NSM_REQUEST_SIZE_MAX];
    struct builder request;
    const struct nsm_request asked = {
        .call = NSM_ATTESTATION,
        .public_key = nsm_optional_of(recipient_public_key(&made.recipient)),
    };
    builder_init(&request, request_memory, sizeof request_memory);
    nsm_request_write(&asked, &request);
    return nsm_stand_in_call(&made.nsm, builder_view(&request), response);
}

static status trust_roots(void)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    return tls_client_open(certificate_pem(&made.authority), &client);
}

/*
 * OpenSSL 3.0 keeps what it half made of an RSA key's cached values when memory ran out, so the pair
 * may be of no more use. It then refuses, and never answers wrongly; a new pair works, and the
 * enclave makes one every few hours.
 */
static void renew_recipient(void)
{
    struct recipient_seal seal = {.content_key = {{3}}};
    recipient_close(&made.recipient);
    expect_ok("recipient", recipient_open(&made.recipient));
    seal.public_key = recipient_public_key(&made.recipient);
    seal.plaintext = slice_of(made.data_key.bytes, sizeof made.data_key.bytes);
    builder_init(&made.envelope, made.envelope_memory, sizeof made.envelope_memory);
    expect_ok("envelope", recipient_seal(&seal, &made.envelope));
}

static void make_all(void)
{
    static uint8_t response_memory[NSM_RESPONSE_SIZE_MAX];
    struct builder response;
    struct nsm_response answered;
    const int64_t now_s = clock_wall_ms() / 1000;
    const hash48 image = sha384(slice_text("image"));
    struct nsm_stand_in_options options = {.identity = &made.identity, .clock = clock_system()};
    memset(made.data_key.bytes, 5, sizeof made.data_key.bytes);
    renew_recipient();
    expect_ok("identity", identity_open_new(now_s, &made.identity));
    pcr_set_put(&options.pcrs, 0, &image);
    expect_ok("module", nsm_stand_in_open(&options, &made.nsm));
    builder_init(&response, response_memory, sizeof response_memory);
    expect_ok("attest", attest(&response));
    expect_ok("response", nsm_response_check(builder_view(&response), NSM_ATTESTATION, &answered));
    made.document = answered.document;
    certificate_open(&made.authority, &(struct certificate_wish){.common_name = "authority",
                                                                 .is_authority = true,
                                                                 .not_before_s = now_s - 60,
                                                                 .not_after_s = now_s + 3600});
}

static void close_all(void)
{
    certificate_close(&made.authority);
    nsm_stand_in_close(&made.nsm);
    identity_close(&made.identity);
    recipient_close(&made.recipient);
}

static const struct {
    const char *name;
    status (*run)(void);
    void (*repair)(void); /* what may be needed afterwards */
} rows[] = {
    {"open KMS's envelope", open_envelope, renew_recipient},
    {"seal a record and open it", seal_and_open, NULL},
    {"verify a document", verify_document, NULL},
    {"trust roots", trust_roots, NULL},
};

static void every_allocation(size_t row)
{
    runner_row(rows[row].name);
    steps_begin(STEP_MEMORY, 0);
    expect_ok("without faults", rows[row].run());
    const uint64_t step_count = steps_end();
    printf("%s: %llu allocations\n", rows[row].name, (unsigned long long)step_count);
    expect_true("some, and few enough", step_count > 0 && step_count < STEP_COUNT_MAX);
    /* Long operations repeat themselves: of those every so many is tried. */
    const uint64_t stride = step_count / STEPS_TRIED_MAX + 1;
    for (uint64_t at = 1; at <= step_count; at += stride) {
        runner_row_at(rows[row].name, (size_t)at);
        steps_begin(STEP_MEMORY, at);
        const status result = rows[row].run();
        steps_end();
        expect_true("refused, or right", !status_is_ok(result) || status_is_ok(rows[row].run()));
        expect_true("refused or right, never wrong",
                    strcmp(status_message(result), "fault: the result is wrong") != 0);
        if (rows[row].repair && !status_is_ok(rows[row].run())) rows[row].repair();
        expect_ok("right again", rows[row].run());
    }
}

static void memory_is_short(void)
{
    make_all();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) every_allocation(i);
    close_all();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"memory is short", memory_is_short}};
    if (!status_is_ok(library_use_heap()) || !status_is_ok(library_open())) return 2;
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
