#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "crypto/x509.h"
#include "nsm/attestation.h"
#include "nsm/user_data.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum {
    NONCE_SIZE = 32,
    AGE_S_MAX = 300, /* a document just asked for is seconds old */
    PEM_SIZE_MAX = 64 * 1024,
};

static status read_nonce(const struct session *session, uint8_t nonce[NONCE_SIZE])
{
    const char *given = flags_text(session->flags, "nonce");
    if (!given) return random_read(nonce, NONCE_SIZE);
    REQUIRE(status_is_ok(hex_read(slice_text(given), nonce, NONCE_SIZE)), FAILURE_BAD_INPUT,
            "nonce: must be 64 hex digits");
    return status_ok();
}

static status build_target(struct session *session, slice nonce, slice *target)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 2 * NONCE_SIZE + 64);
    builder_put_text(&text, "/v1/attestation?nonce=");
    hex_put(&text, nonce);
    return builder_finish(&text, target);
}

/* ---- verifying ---- */

/* What the flags demand; the root's DER lies in the arena. */
static status read_rules(struct session *session, slice nonce, struct attestation_rules *rules)
{
    struct builder der;
    slice pem;
    const char *root = flags_text(session->flags, "root");
    *rules = (struct attestation_rules){
        .now_ms = clock_wall_ms(),
        .max_age_s = AGE_S_MAX,
        .nonce = nsm_optional_of(nonce),
        .allows_debug = flags_is_on(session->flags, "allow-debug"),
    };
    for (size_t i = 0; i < flags_count(session->flags, "pcr"); i++) {
        TRY(pcr_parse(slice_text(flags_at(session->flags, "pcr", i)), &rules->pcrs));
    }
    if (!root) {
        REQUIRE(rules->pcrs.present == 0, FAILURE_BAD_INPUT, "attest: --pcr needs --root");
        return status_ok();
    }
    const status read = file_read(root, PEM_SIZE_MAX, &session->arena, &pem);
    REQUIRE(status_is_ok(read), FAILURE_BAD_INPUT, "attest: the file of --root cannot be read");
    builder_init_arena(&der, &session->arena, X509_CERTIFICATE_SIZE_MAX);
    TRY(x509_read_pem(pem, &der));
    return builder_finish(&der, &rules->root);
}

/* ---- showing ---- */

static void put_hex_line(struct session *session, const char *label, slice bytes)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 2 * bytes.size + 2);
    hex_put(&text, bytes);
    session_put_line(session, label, builder_view(&text));
}

static void put_time_line(struct session *session, const char *label, uint64_t time_ms)
{
    struct tm utc;
    char text[32] = "";
    const time_t time_s = (time_t)(time_ms / 1000);
    if (time_ms > (uint64_t)INT64_MAX / 2 || !gmtime_r(&time_s, &utc) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        session_put_line(session, label, slice_text("out of range"));
        return;
    }
    session_put_line(session, label, slice_text(text));
}

static void put_pcrs(struct session *session, const struct pcr_set *pcrs)
{
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        char label[8] = "PCR";
        struct builder digits;
        if (!pcr_set_has(pcrs, i)) continue;
        /* A zero register says something in the measurements of the image only. */
        if (i > 2 && pcr_is_zero(&pcrs->values[i])) continue;
        builder_init(&digits, label + 3, sizeof label - 4);
        builder_put_decimal(&digits, i);
        label[3 + digits.size] = '\0';
        put_hex_line(session, label, hash48_view(&pcrs->values[i]));
    }
}

static void put_user_data(struct session *session, slice bytes)
{
    struct user_data_client data;
    struct builder digits;
    if (!status_is_ok(user_data_read_client(bytes, &data))) {
        put_hex_line(session, "user data", bytes);
        return;
    }
    session_put_line(session, "mode",
                     slice_text(data.is_production ? "production" : "development"));
    put_hex_line(session, "config", hash32_view(&data.config_hash));
    builder_init_arena(&digits, &session->arena, 20);
    builder_put_decimal(&digits, data.epoch);
    session_put_line(session, "epoch", builder_view(&digits));
    put_hex_line(session, "boot", slice_of(data.boot.bytes, sizeof data.boot.bytes));
    put_time_line(session, "booted", data.boot_ms);
}

static void put_document(struct session *session, const struct attestation *document)
{
    session_put_line(session, "module", document->module_id);
    put_time_line(session, "signed", document->timestamp_ms);
    put_pcrs(session, &document->pcrs);
    if (pcr_set_has(&document->pcrs, 0) && pcr_is_zero(&document->pcrs.values[0])) {
        session_put_line(session, "WARNING",
                         slice_text("PCR0 is zero: the enclave can be looked into (debug mode)"));
    }
    put_user_data(session, document->user_data.bytes);
    put_hex_line(session, "nonce", document->nonce.bytes);
}

static status take_document(struct session *session, const json_value *object,
                            struct attestation *document)
{
    slice text, bytes;
    struct builder decoded;
    const size_t text_size_max = (ATTESTATION_SIZE_MAX + 2) / 3 * 4;
    REQUIRE(status_is_ok(json_read_string(object, "document", 1, text_size_max, &text)),
            FAILURE_CORRUPT, "the service's answer lacks a field");
    builder_init_arena(&decoded, &session->arena, ATTESTATION_SIZE_MAX);
    REQUIRE(status_is_ok(base64_put_decoded(&decoded, text)), FAILURE_CORRUPT,
            "the attestation document is not base64");
    TRY(builder_finish(&decoded, &bytes));
    REQUIRE(status_is_ok(attestation_read(bytes, document)), FAILURE_CORRUPT,
            "the attestation document is not well-formed");
    return status_ok();
}

status commands_attest(struct session *session)
{
    SCOPED(json_close) struct json reply = {0};
    json_value object;
    uint8_t nonce[NONCE_SIZE];
    struct attestation document;
    struct attestation_rules rules;
    struct session_call call = {.method = "GET"};
    TRY(read_nonce(session, nonce));
    const slice wanted = slice_of(nonce, sizeof nonce);
    TRY(read_rules(session, wanted, &rules));
    TRY(build_target(session, wanted, &call.target));
    TRY(session_send(session, &call, &reply, &object));
    TRY(take_document(session, &object, &document));
    if (!session->is_json) put_document(session, &document);
    /* Another nonce means a document made for somebody else, or long ago. */
    REQUIRE(document.nonce.is_present && slice_equal(document.nonce.bytes, wanted), FAILURE_DENIED,
            "attestation: document is not for our nonce");
    if (rules.root.size > 0) TRY(attestation_verify(&document, &rules));
    if (session->is_json) return status_ok();
    session_put_line(session, "verified",
                     slice_text(rules.root.size == 0      ? "no: --root and --pcr say what to trust"
                                : rules.pcrs.present == 0 ? "signature and time; no --pcr was given"
                                                          : "signature, time and expected PCRs"));
    return status_ok();
}
