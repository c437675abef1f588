/*
 * attestation_bench: how many attestation documents one core verifies in a second, from bytes to
 * verdict: form, a chain of five certificates, signature, age, nonce and a PCR. The document is like
 * those of the hardware and is signed under a root made for this run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dev/identity.h"
#include "nsm/attestation.h"

enum { ROUNDS = 5, ROUND_COUNT = 100 };

static void need(status result)
{
    if (status_is_ok(result)) return;
    fprintf(stderr, "%s\n", status_message(result));
    exit(1);
}

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sign(const struct identity_leaf *leaf, int64_t now_ms, struct builder *bytes)
{
    static const uint8_t nonce[32] = {7};
    const struct attestation_form form = {.key = &leaf->key, .is_indefinite = true};
    const hash48 value = {{0xab}};
    struct attestation document = {
        .module_id = slice_text("i-0123456789abcdef0-enc0123456789abcdef"),
        .timestamp_ms = (uint64_t)now_ms,
        .certificate = identity_certificate_view(&leaf->certificate),
        .bundle_count = IDENTITY_BUNDLE_COUNT,
        .nonce = nsm_optional_of(slice_of(nonce, sizeof nonce)),
    };
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT; i++) {
        document.bundle[i] = identity_certificate_view(&leaf->bundle[i]);
    }
    for (unsigned i = 0; i < 16; i++) pcr_set_put(&document.pcrs, i, &value);
    need(attestation_write(&document, &form, bytes));
}

static double round_s(slice bytes, const struct attestation_rules *rules)
{
    const double started_s = now_s();
    for (int i = 0; i < ROUND_COUNT; i++) {
        struct attestation document;
        need(attestation_read(bytes, &document));
        need(attestation_verify(&document, rules));
    }
    return now_s() - started_s;
}

int main(void)
{
    static uint8_t memory[ATTESTATION_SIZE_MAX];
    static const uint8_t nonce[32] = {7};
    const int64_t today_s = (int64_t)time(NULL);
    const hash48 value = {{0xab}};
    struct identity identity = {0};
    struct identity_leaf leaf = {0};
    struct builder bytes;
    double best_s = 1e9;
    need(identity_open_new(today_s, &identity));
    need(identity_issue(&identity, slice_text("i-bench"), today_s, &leaf));
    builder_init(&bytes, memory, sizeof memory);
    sign(&leaf, today_s * 1000, &bytes);
    struct attestation_rules rules = {
        .root = identity_certificate_view(&identity.certificate),
        .now_ms = today_s * 1000,
        .max_age_s = 300,
        .nonce = nsm_optional_of(slice_of(nonce, sizeof nonce)),
    };
    pcr_set_put(&rules.pcrs, 0, &value);
    for (int i = 0; i < ROUNDS; i++) {
        const double took_s = round_s(builder_view(&bytes), &rules);
        if (took_s < best_s) best_s = took_s;
    }
    printf("attestation verify: %.0f per second and core (%.2f ms each, document of %zu bytes)\n",
           (double)ROUND_COUNT / best_s, best_s * 1000 / (double)ROUND_COUNT, bytes.size);
    identity_leaf_close(&leaf);
    identity_close(&identity);
    return 0;
}
