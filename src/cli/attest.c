#include "base/hex.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum {
    NONCE_SIZE = 32,
    AGE_S_MAX = INT32_MAX,       /* of --max-age: 68 years */
    VERDICT_SIZE_MAX = 32 << 10, /* three fields of 1 KiB and 32 registers as hex */
};

static const char service_path[] = "/v1/attestation";

/* ---- what is demanded ---- */

/* The nonce of a document that is asked for: given, or random. */
static status choose_nonce(const struct session *session, uint8_t nonce[NONCE_SIZE])
{
    const char *given = flags_text(session->flags, "nonce");
    if (!given) return random_read(nonce, NONCE_SIZE);
    REQUIRE(status_is_ok(hex_read(slice_text(given), nonce, NONCE_SIZE)), BAD_INPUT,
            "nonce: must be 64 hex digits");
    return status_ok();
}

/* The nonce that a document from elsewhere must carry, of any size; without --nonce any will do. */
static status read_nonce(struct session *session, nsm_optional *nonce)
{
    const char *given = flags_text(session->flags, "nonce");
    if (!given) return status_ok();
    const size_t size = slice_text(given).size / 2;
    void *bytes;
    REQUIRE(size >= 1 && size <= NSM_FIELD_SIZE_MAX, BAD_INPUT,
            "nonce: must be 2 to 2048 hex digits");
    TRY(arena_take(&session->arena, size, &bytes));
    REQUIRE(status_is_ok(hex_read(slice_text(given), bytes, size)), BAD_INPUT,
            "nonce: must be 2 to 2048 hex digits");
    *nonce = nsm_optional_of(slice_of(bytes, size));
    return status_ok();
}

/*
 * When the document must have been valid. One just asked for must be fresh; one from a file is a
 * record, judged at its own time, unless the flags ask for more.
 */
static status read_time(const struct session *session, bool is_live,
                        struct attestation_rules *rules)
{
    const char *at = flags_text(session->flags, "at");
    const bool has_age = flags_text(session->flags, "max-age") != NULL;
    const struct flags_range range = {0, AGE_S_MAX};
    uint64_t age_s = DOCUMENT_AGE_S_MAX;
    const bool is_document = at && slice_equal(slice_text(at), slice_text("document"));
    REQUIRE(!at || is_document || slice_equal(slice_text(at), slice_text("now")), BAD_INPUT,
            "at: must be \"document\" or \"now\"");
    REQUIRE(!(is_document && has_age), BAD_INPUT, "max-age: says nothing with --at document");
    REQUIRE(!has_age || status_is_ok(flags_read_u64(session->flags, "max-age", range, &age_s)),
            BAD_INPUT, "max-age: must be a number of seconds");
    rules->now_ms = clock_wall_ms();
    rules->max_age_s = (int64_t)age_s;
    rules->is_archived = is_document || (!at && !has_age && !is_live);
    return status_ok();
}

/* ---- asking a service ---- */

static status build_target(struct session *session, slice nonce, slice *target)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 2 * NONCE_SIZE + 64);
    builder_put_text(&text, service_path);
    builder_put_text(&text, "?nonce=");
    hex_put(&text, nonce);
    return builder_finish(&text, target);
}

/* Asks for a document with this nonce. The document views the arena. */
static status ask(struct session *session, slice nonce, bool is_own_output,
                  struct attestation *document)
{
    SCOPED(json_close) struct json reply = {0};
    json_value object;
    struct session_call call = {.method = "GET", .is_own_output = is_own_output};
    TRY(build_target(session, nonce, &call.target));
    TRY(session_send(session, &call, &reply, &object));
    return document_take(session, &object, "document", document);
}

/* Another nonce means a document made for somebody else, or long ago. */
static status check_nonce(const struct attestation *document, slice nonce)
{
    REQUIRE(document->nonce.is_present && slice_equal(document->nonce.bytes, nonce), DENIED,
            "attestation: document is not for our nonce");
    return status_ok();
}

status commands_attest(struct session *session)
{
    uint8_t bytes[NONCE_SIZE];
    struct attestation document;
    struct attestation_rules rules;
    TRY(choose_nonce(session, bytes));
    const slice nonce = slice_of(bytes, sizeof bytes);
    TRY(document_read_rules(session, &rules));
    TRY(ask(session, nonce, false, &document));
    rules.now_ms = clock_wall_ms();
    rules.max_age_s = DOCUMENT_AGE_S_MAX;
    if (!session->is_json) document_put(session, &document);
    TRY(check_nonce(&document, nonce));
    const bool is_demanded = flags_text(session->flags, "root") || rules.pcrs.present != 0;
    if (is_demanded) TRY(document_verify(session, &document, &rules));
    if (session->is_json) return status_ok();
    session_put_line(session, "verified",
                     slice_text(!is_demanded              ? "no: --root and --pcr say what to trust"
                                : rules.pcrs.present == 0 ? "signature and time; no --pcr was given"
                                                          : "signature, time and expected PCRs"));
    return status_ok();
}

/* ---- verifying for strangers ---- */

static bool is_url(slice text)
{
    return slice_has_start(text, slice_text("http://")) ||
           slice_has_start(text, slice_text("https://")) ||
           slice_has_start(text, slice_text("unix:"));
}

/* Opens the service that a URL names, with or without the path of its attestation. */
static status connect_to(struct session *session, slice url)
{
    const slice path = slice_text(service_path);
    struct builder text;
    slice written;
    const bool has_path = !slice_has_start(url, slice_text("unix:")) && url.size > path.size &&
                          slice_equal(slice_part(url, url.size - path.size, url.size), path);
    builder_init_arena(&text, &session->arena, url.size + 1);
    builder_put(&text, has_path ? slice_part(url, 0, url.size - path.size) : url);
    builder_put_u8(&text, 0);
    TRY(builder_finish(&text, &written));
    return session_connect(session, (const char *)written.bytes);
}

static status read_live(struct session *session, slice url, struct attestation_rules *rules,
                        struct attestation *document)
{
    void *bytes;
    TRY(arena_take(&session->arena, NONCE_SIZE, &bytes));
    TRY(choose_nonce(session, bytes));
    TRY(connect_to(session, url));
    rules->nonce = nsm_optional_of(slice_of(bytes, NONCE_SIZE));
    TRY(ask(session, rules->nonce.bytes, true, document));
    rules->now_ms = clock_wall_ms();
    return status_ok();
}

static status read_file(struct session *session, const char *path, struct attestation_rules *rules,
                        struct attestation *document)
{
    slice contents;
    TRY(read_nonce(session, &rules->nonce));
    const status read = file_read(path, DOCUMENT_FILE_SIZE_MAX, &session->arena, &contents);
    REQUIRE(!status_is(read, FAILURE_OVER_LIMIT), BAD_INPUT,
            "attest: the file is too long for a document");
    REQUIRE(status_is_ok(read), BAD_INPUT, "attest: the file cannot be read");
    return document_read(session, contents, document);
}

/* What a success means: which demands were met, and which were not made. */
static void put_verdict(struct session *session, const struct attestation_rules *rules)
{
    const bool is_given = flags_text(session->flags, "root") != NULL;
    session_put_line(session, "root", slice_text(is_given ? "of --root" : "AWS Nitro Enclaves G1"));
    session_put_line(
        session, "valid",
        slice_text(rules->is_archived ? "when it was signed; says nothing about today" : "now"));
    session_put_line(session, "verified",
                     slice_text(rules->pcrs.present == 0
                                    ? "signature and time; no --pcr was given: any image may say so"
                                : rules->nonce.is_present
                                    ? "signature, time, nonce and expected PCRs"
                                    : "signature, time and expected PCRs"));
}

static status put_verdict_json(struct session *session, const struct attestation *document,
                               const struct attestation_rules *rules)
{
    struct builder json;
    slice written;
    builder_init_arena(&json, &session->arena, VERDICT_SIZE_MAX);
    json_put_object_open(&json);
    json_put_name(&json, "verified");
    json_put_bool(&json, true);
    json_put_name(&json, "root");
    json_put_text(&json, flags_text(session->flags, "root") ? "given" : "aws-nitro-enclaves-g1");
    json_put_name(&json, "at");
    json_put_text(&json, rules->is_archived ? "document" : "now");
    json_put_name(&json, "checkedNonce");
    json_put_bool(&json, rules->nonce.is_present);
    json_put_name(&json, "checkedPcrs");
    json_put_array_open(&json);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (pcr_set_has(&rules->pcrs, i)) json_put_u64(&json, i);
    }
    json_put_array_close(&json);
    document_put_json(&json, document);
    json_put_object_close(&json);
    TRY(builder_finish(&json, &written));
    session_put_json(session, written);
    return status_ok();
}

static status verify(struct session *session)
{
    struct attestation document;
    struct attestation_rules rules;
    const char *target = session->flags->operands[0];
    const bool is_live = is_url(slice_text(target));
    TRY(document_read_rules(session, &rules));
    TRY(read_time(session, is_live, &rules));
    TRY(is_live ? read_live(session, slice_text(target), &rules, &document)
                : read_file(session, target, &rules, &document));
    TRY(document_verify(session, &document, &rules));
    if (session->is_json) return put_verdict_json(session, &document, &rules);
    document_put(session, &document);
    put_verdict(session, &rules);
    return status_ok();
}

status commands_attest_verify(struct session *session)
{
    const status verified = verify(session);
    return session->is_json ? session_put_refusal(session, verified) : verified;
}
