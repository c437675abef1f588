#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/json.h"
#include "dev/identity.h"
#include "nsm/attestation.h"
#include "nsm/user_data.h"
#include "os/clock.h"
#include "runner.h"
#include "transcript.h"

static const char nonce_text[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char module_id[] = "i-0123456789abcdef0-enc0123456789abcdef";

static struct identity identity;
static struct identity_leaf leaf;
static char folder[40], root_path[64], other_path[64];

/* What the answer's document says. */
struct saying {
    bool is_debug, has_no_nonce, has_other_user_data;
    uint8_t nonce_first;
};

static void fill_document(const struct saying *saying, uint8_t nonce[32], struct builder *user_data,
                          struct attestation *document)
{
    const struct user_data_client said = {.is_production = true,
                                          .boot = {{1, 2, 3}},
                                          .boot_ms = 1767322800000,
                                          .config_hash = {{7}},
                                          .epoch = 9};
    hash48 value = {{0}};
    expect_ok("nonce", hex_read(slice_text(nonce_text), nonce, 32));
    nonce[0] ^= saying->nonce_first;
    user_data_write_client(&said, user_data);
    *document = (struct attestation){
        .module_id = slice_text(module_id),
        .timestamp_ms = (uint64_t)clock_wall_ms(),
        .certificate = identity_certificate_view(&leaf.certificate),
        .bundle_count = IDENTITY_BUNDLE_COUNT,
        .user_data = nsm_optional_of(saying->has_other_user_data ? slice_text("hi")
                                                                 : builder_view(user_data)),
    };
    if (!saying->has_no_nonce) document->nonce = nsm_optional_of(slice_of(nonce, 32));
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT; i++) {
        document->bundle[i] = identity_certificate_view(&leaf.bundle[i]);
    }
    for (unsigned i = 0; i < PCR_LAUNCH_COUNT; i++) {
        memset(value.bytes, i == 0 && !saying->is_debug ? 0xab : 0, sizeof value.bytes);
        pcr_set_put(&document->pcrs, i, &value);
    }
}

/* Queues an answer with such a document. */
static void answer(const struct saying *saying)
{
    static char body[65536];
    uint8_t bytes[ATTESTATION_SIZE_MAX], user_data_bytes[USER_DATA_CLIENT_SIZE], nonce[32];
    struct builder signed_document, user_data, json;
    struct attestation document;
    const struct attestation_form form = {.key = &leaf.key};
    builder_init(&user_data, user_data_bytes, sizeof user_data_bytes);
    fill_document(saying, nonce, &user_data, &document);
    builder_init(&signed_document, bytes, sizeof bytes);
    expect_ok("write", attestation_write(&document, &form, &signed_document));
    builder_init(&json, body, sizeof body - 1);
    json_put_object_open(&json);
    json_put_name(&json, "document");
    json_put_base64(&json, builder_view(&signed_document));
    json_put_object_close(&json);
    body[json.size] = '\0';
    transcript_reset();
    transcript_answer(200, body);
}

static bool has(slice text, const char *part)
{
    const slice wanted = slice_text(part);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (slice_equal(slice_part(text, i, wanted.size), wanted)) return true;
    }
    return false;
}

static const char good_pcr0[] =
    "0=abababababababababababababababababababababababababababababababababababababababababababababab"
    "abab";
static const char bad_pcr0[] =
    "0=acababababababababababababababababababababababababababababababababababababababababababababab"
    "abab";

static void shows(void)
{
    const struct saying saying = {0};
    answer(&saying);
    const struct transcript run = transcript_run("", "attest", "--nonce", nonce_text, NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("request", transcript_seen(0),
                "GET /v1/attestation?nonce="
                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
    static const char *const parts[] = {
        "module      i-0123456789abcdef0-enc0123456789abcdef\n",
        "PCR0        abababab",
        "PCR1        0000000",
        "mode        production\n",
        "config      0700000000",
        "epoch       9\n",
        "boot        01020300000000000000000000000000\n",
        "booted      2026-01-02T03:00:00Z\n",
        "nonce       00112233",
        "verified    no: --root and --pcr say what to trust\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) expect_true(parts[i], has(run.out, parts[i]));
    expect_true("a register that says nothing is left out", !has(run.out, "PCR4"));
}

static void fresh_nonces(void)
{
    const struct saying saying = {0};
    answer(&saying);
    const struct transcript first = transcript_run("", "attest", NULL);
    expect_u64("another's document", (uint64_t)first.code, 4);
    expect_text("err", first.err, "enw: attestation: document is not for our nonce\n");
    char request[128];
    snprintf(request, sizeof request, "%.*s", (int)transcript_seen(0).size,
             (const char *)transcript_seen(0).bytes);
    answer(&saying);
    (void)transcript_run("", "attest", NULL);
    expect_true("another nonce each time",
                strncmp(request, (const char *)transcript_seen(0).bytes, sizeof request) != 0);
}

static void verifies(void)
{
    static const struct {
        const char *name;
        struct saying saying;
        const char *root, *pcr, *flag;
        int code;
        const char *told;
    } rows[] = {
        {"all is well",
         {0},
         root_path,
         good_pcr0,
         "--json=false",
         0,
         "verified    signature, time and expected PCRs\n"},
        {"no PCR given",
         {0},
         root_path,
         NULL,
         NULL,
         0,
         "verified    signature and time; no --pcr was given\n"},
        {"another image",
         {0},
         root_path,
         bad_pcr0,
         "--json=false",
         4,
         "enw: attestation: PCR is not the expected one (PCR0 is abababab"},
        {"another root", {0}, other_path, good_pcr0, "--json=false", 4, "enw: "},
        {"debug mode", {.is_debug = true}, root_path, NULL, NULL, 4, "enw: attestation: "},
        {"another nonce",
         {.nonce_first = 1},
         root_path,
         good_pcr0,
         "--json=false",
         4,
         "enw: attestation: document is not for our nonce\n"},
        {"no nonce",
         {.has_no_nonce = true},
         root_path,
         good_pcr0,
         "--json=false",
         4,
         "enw: attestation: document is not for our nonce\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        answer(&rows[i].saying);
        const struct transcript run =
            rows[i].pcr
                ? transcript_run("", "attest", "--nonce", nonce_text, "--root", rows[i].root,
                                 "--pcr", rows[i].pcr, rows[i].flag, NULL)
                : transcript_run("", "attest", "--nonce", nonce_text, "--root", rows[i].root, NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_true(rows[i].told, has(rows[i].code == 0 ? run.out : run.err, rows[i].told));
        expect_true("never both", rows[i].code == 0 || !has(run.out, "verified"));
    }
}

static void debug_mode(void)
{
    const struct saying saying = {.is_debug = true};
    answer(&saying);
    const struct transcript run = transcript_run("", "attest", "--nonce", nonce_text, "--root",
                                                 root_path, "--allow-debug", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("warned", has(run.out, "WARNING     PCR0 is zero"));
}

static void strange_user_data(void)
{
    const struct saying saying = {.has_other_user_data = true};
    answer(&saying);
    const struct transcript run = transcript_run("", "attest", "--nonce", nonce_text, NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("as hex", has(run.out, "user data   6869\n"));
}

static void broken_answers(void)
{
    static const struct {
        const char *name, *body;
        const char *err;
    } rows[] = {
        {"no document", "{}", "enw: the service's answer lacks a field\n"},
        {"not base64", "{\"document\":\"*\"}", "enw: the attestation document is not base64\n"},
        {"not a document", "{\"document\":\"AAAA\"}",
         "enw: the attestation document is not well-formed\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        transcript_answer(200, rows[i].body);
        const struct transcript run = transcript_run("", "attest", NULL);
        expect_u64("code", (uint64_t)run.code, 10);
        expect_text("err", run.err, rows[i].err);
    }
}

static void broken_flags(void)
{
    static const struct {
        const char *name, *flag, *value;
    } rows[] = {
        {"short nonce", "--nonce", "00"},
        {"nonce not hex", "--nonce",
         "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
        {"PCR that is none", "--pcr", "0=ab"},
        {"root that is not there", "--root", "/nonexistent"},
        {"root that is no certificate", "--root", "/dev/null"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        const struct transcript run =
            transcript_run("", "attest", rows[i].flag, rows[i].value, NULL);
        expect_u64("code", (uint64_t)run.code, 3);
        expect_u64("requests", transcript_seen_count(), 0);
    }
}

static void write_pem(const struct identity_certificate *certificate, const char *path)
{
    uint8_t memory[4096];
    struct builder text;
    FILE *file = fopen(path, "w");
    builder_init(&text, memory, sizeof memory);
    base64_put(&text, identity_certificate_view(certificate));
    if (!file) abort();
    (void)fputs("-----BEGIN CERTIFICATE-----\n", file);
    for (size_t i = 0; i < text.size; i += 64) {
        const slice line = slice_part(builder_view(&text), i, 64);
        (void)fwrite(line.bytes, 1, line.size, file);
        (void)fputc('\n', file);
    }
    (void)fputs("-----END CERTIFICATE-----\n", file);
    (void)fclose(file);
}

static void make_roots(void)
{
    struct identity other = {0};
    const int64_t now_s = clock_wall_ms() / 1000;
    snprintf(folder, sizeof folder, "/tmp/enw-attest-test-XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(root_path, sizeof root_path, "%s/root.pem", folder);
    snprintf(other_path, sizeof other_path, "%s/other.pem", folder);
    if (!status_is_ok(identity_open_new(now_s, &identity)) ||
        !status_is_ok(identity_open_new(now_s, &other)) ||
        !status_is_ok(identity_issue(&identity, slice_text(module_id), now_s, &leaf))) {
        abort();
    }
    write_pem(&identity.certificate, root_path);
    write_pem(&other.certificate, other_path);
    identity_close(&other);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"shows", shows},
        {"fresh nonces", fresh_nonces},
        {"verifies", verifies},
        {"debug mode", debug_mode},
        {"strange user data", strange_user_data},
        {"broken answers", broken_answers},
        {"broken flags", broken_flags},
    };
    make_roots();
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    identity_leaf_close(&leaf);
    identity_close(&identity);
    (void)unlink(root_path);
    (void)unlink(other_path);
    (void)rmdir(folder);
    return code;
}
