/*
 * Documents from files and from a service, as a stranger verifies them. Those of AWS's hardware are
 * in the shared vectors; the others are signed here, under a root of our own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/json.h"
#include "identity_documents.h"
#include "os/clock.h"
#include "runner.h"
#include "transcript.h"

static const char pcr0[] =
    "0=abababababababababababababababababababababababababababababababababababab"
    "abababababababababababab";
static const char pcr0_flag[] = "--pcr=0="
                                "ababababababababababababababababababababababababababababababababab"
                                "ababababababababababababababab";
static const char other_pcr0[] =
    "0=acababababababababababababababababababababababababababababababababab"
    "abababababababababababababab";
static const char other_pcr4[] =
    "4=acababababababababababababababababababababababababababababababababab"
    "abababababababababababababab";

static bool has(slice text, const char *part)
{
    const slice wanted = slice_text(part);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (slice_equal(slice_part(text, i, wanted.size), wanted)) return true;
    }
    return false;
}

static void expect_run(struct transcript run, int code, const char *told)
{
    expect_u64("code", (uint64_t)run.code, (uint64_t)code);
    if (!expect_true(told, has(code == 0 ? run.out : run.err, told))) {
        printf("  out: %.*s  err: %.*s\n", (int)run.out.size, (const char *)run.out.bytes,
               (int)run.err.size, (const char *)run.err.bytes);
    }
    expect_true("a refused document is not shown", code == 0 || run.out.size == 0);
}

/* ---- AWS's own ---- */

static const char *vector(const char *name)
{
    char subject[128];
    snprintf(subject, sizeof subject, "attestation/%s", name);
    return runner_vectors(subject);
}

static void real_documents(void)
{
    static const struct {
        const char *file;
        const char *flag, *value;
        int code;
        const char *told;
    } rows[] = {
        {"anjuna-full.bin", NULL, NULL, 4, "enw: attestation: enclave runs in debug mode\n"},
        {"anjuna-full.bin", "--allow-debug", NULL, 0, "WARNING     PCR0 is zero"},
        {"anjuna-full.bin", "--allow-debug=true", "--nonce=4e6f6e63650a", 0, "nonce       4e6f6e"},
        {"anjuna-full.bin", "--allow-debug=true", "--nonce=4e6f6e63650b", 4,
         "enw: attestation: nonce is not the expected one\n"},
        {"anjuna-prod-a.bin", NULL, NULL, 0, "root        AWS Nitro Enclaves G1\n"},
        {"anjuna-prod-a.bin", "--nonce", "00", 4,
         "enw: attestation: nonce is not the expected one\n"},
        {"anjuna-prod-a.bin", "--pcr",
         "0=2d151586641b790f3b1b92b8f89678c3aa86e73dd97969c892124be9d2b7fdc62b58a55cd9ee8216f6f5689"
         "cebf590ad",
         0, "verified    signature, time and expected PCRs\n"},
        {"anjuna-prod-a.bin", "--pcr", other_pcr4, 4,
         "enw: attestation: PCR is not the expected one (PCR4 is 8a4d049b"},
        {"anjuna-prod-a.bin", "--at", "document", 0, "valid       when it was signed"},
        {"anjuna-prod-a.bin", "--at", "now", 4, "enw: x509: a certificate has expired\n"},
        {"anjuna-prod-a.bin", "--max-age", "300", 4, "enw: x509: a certificate has expired\n"},
        {"anjuna-prod-pubkey.bin", NULL, NULL, 0, "public key  30820122"},
        {"automata-2.cbor", NULL, NULL, 0, "module      i-015531f954c54297c-enc018adb700a324d32\n"},
        {"blocky-nitro_attestation.cbor", NULL, NULL, 0, "signed      2024-09-07T14:37:39Z\n"},
        {"sui-sentinel-2025-indef.cbor", NULL, NULL, 0, "PCR0        19d44c07"},
        {"veracruz-2022.cbor", NULL, NULL, 0, "no --pcr was given"},
        {"veracruz-2022-badsig.cbor", NULL, NULL, 4, "enw: attestation: signature is not valid\n"},
        {"blocky-selfsigned_attestation.cbor", NULL, NULL, 3, "enw: cbor: expected a map\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *path = vector(rows[i].file);
        if (!path) return;
        runner_row_at(rows[i].file, i);
        expect_run(transcript_run("", "attest", "verify", path, rows[i].flag, rows[i].value, NULL),
                   rows[i].code, rows[i].told);
    }
}

static void real_json(void)
{
    SCOPED(json_close) struct json json = {0};
    json_value object, pcrs;
    slice text = {0};
    bool verified = false;
    const char *path = vector("anjuna-prod-a.bin");
    if (!path) return;
    const struct transcript run = transcript_run("", "attest", "verify", path, "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    if (!expect_ok("JSON", json_open(run.out, runner_arena(), &json))) return;
    expect_ok("object", json_top_object(&json, &object));
    expect_ok("verified", json_read_bool(&object, "verified", &verified));
    expect_true("verified", verified);
    expect_ok("root", json_read_string(&object, "root", 0, 64, &text));
    expect_text("root", text, "aws-nitro-enclaves-g1");
    expect_ok("moduleId", json_read_string(&object, "moduleId", 0, 64, &text));
    expect_text("moduleId", text, "i-078824548edcf6519-enc01784234ec227b58");
    expect_ok("pcrs", json_read_object(&object, "pcrs", &pcrs));
    expect_ok("PCR2", json_read_string(&pcrs, "2", 96, 96, &text));
    expect_text("PCR2", slice_part(text, 0, 8), "49553850");
    expect_true("a register that says nothing is left out", !json_has(&pcrs, "5"));
    expect_true("null", !json_has_value(&object, "nonce"));
}

static char folder[64], path[96], root[96];

static void write_file(slice contents)
{
    FILE *file = fopen(path, "w");
    if (!file) abort();
    (void)fwrite(contents.bytes, 1, contents.size, file);
    (void)fclose(file);
}

static slice document(const struct identity_saying *saying)
{
    return identity_document(saying);
}

/* ---- judging ---- */

static const struct {
    const char *name;
    struct identity_saying saying;
    const char *flags[4];
    int code;
    const char *told;
} judgement_rows[] = {
    {"of our root", {0}, {"--root", root}, 0, "root        of --root\n"},
    {"of AWS's", {0}, {NULL}, 4, "enw: x509: chain does not reach the trusted root\n"},
    {"of another PCR", {0}, {"--root", root, "--pcr", other_pcr0}, 4, "(PCR0 is abababab"},
    {"debug, whose PCR also differs",
     {.is_debug = true},
     {"--root", root, "--pcr", pcr0},
     4,
     "enw: attestation: enclave runs in debug mode\n"},
    {"debug allowed, whose PCR differs",
     {.is_debug = true},
     {"--root", root, "--allow-debug", pcr0_flag},
     4,
     "(PCR0 is 00000000"},
    {"of a register it lacks",
     {0},
     {"--root", root, "--pcr",
      "31=ab"
      "ababababababababababababababababababababababababababababababababab"
      "abababababababababababababab"},
     4,
     "enw: attestation: document lacks an expected PCR (PCR31)\n"},
    {"fresh", {0}, {"--root", root, "--at", "now"}, 0, "valid       now\n"},
    {"300 s old", {.age_s = 295}, {"--root", root, "--at", "now"}, 0, "valid       now\n"},
    {"older",
     {.age_s = 310},
     {"--root", root, "--at", "now"},
     4,
     "enw: attestation: document is too old\n"},
    {"older is allowed",
     {.age_s = 310},
     {"--root", root, "--max-age", "400"},
     0,
     "valid       now\n"},
    {"older, at its own time",
     {.age_s = 310},
     {"--root", root},
     0,
     "valid       when it was signed"},
    {"both",
     {0},
     {"--max-age", "1", "--at", "document"},
     3,
     "enw: max-age: says nothing with --at document\n"},
    {"another time", {0}, {"--at", "noon"}, 3, "enw: at: must be \"document\" or \"now\"\n"},
    {"age that is none", {0}, {"--max-age", "x"}, 3, "enw: max-age: must be a number of seconds\n"},
    {"empty nonce", {0}, {"--nonce="}, 3, "enw: nonce: must be 2 to 2048 hex digits\n"},
    {"odd nonce", {0}, {"--nonce", "abc"}, 3, "enw: nonce: must be 2 to 2048 hex digits\n"},
    {"PCR that is none", {0}, {"--pcr", "0=ab"}, 3, "enw: pcr: "},
    {"root that is none", {0}, {"--root", "/dev/null"}, 3, "enw: attest: the file of --root"},
};

static void judgements(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(judgement_rows); i++) {
        runner_row(judgement_rows[i].name);
        write_file(document(&judgement_rows[i].saying));
        expect_run(transcript_run("", "attest", "verify", path, judgement_rows[i].flags[0],
                                  judgement_rows[i].flags[1], judgement_rows[i].flags[2],
                                  judgement_rows[i].flags[3], NULL),
                   judgement_rows[i].code, judgement_rows[i].told);
    }
}

static void refusal_json(void)
{
    static const struct identity_saying saying = {0};
    write_file(document(&saying));
    const struct transcript run = transcript_run("", "attest", "verify", path, "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 4);
    expect_text(
        "out", run.out,
        "{\"verified\":false,\"reason\":\"x509: chain does not reach the trusted root\"}\n");
}

/* ---- a service ---- */

static void services(void)
{
    static const char nonce[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        const char *name;
        struct identity_saying saying;
        const char *nonce; /* NULL: random */
        int code;
        const char *told;
    } rows[] = {
        {"fresh", {0}, nonce, 0, "verified    signature, time, nonce and expected PCRs\n"},
        {"for another nonce",
         {.nonce_first = 1},
         nonce,
         4,
         "enw: attestation: nonce is not the expected one\n"},
        {"for no nonce",
         {.has_no_nonce = true},
         nonce,
         4,
         "enw: attestation: nonce is not the expected one\n"},
        {"played again", {0}, NULL, 4, "enw: attestation: nonce is not the expected one\n"},
        {"made long ago", {.age_s = 310}, nonce, 4, "enw: attestation: document is too old\n"},
        {"short nonce", {0}, "00", 3, "enw: nonce: must be 64 hex digits\n"},
    };
    char url[96], flag[96];
    snprintf(url, sizeof url, "unix:%s", transcript_path());
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        transcript_answer(200, identity_answer(&rows[i].saying));
        snprintf(flag, sizeof flag, "--nonce=%s", rows[i].nonce ? rows[i].nonce : "");
        expect_run(transcript_run("", "attest", "verify", url, "--root", root, "--pcr", pcr0,
                                  rows[i].nonce ? flag : NULL, NULL),
                   rows[i].code, rows[i].told);
        expect_u64("asked", transcript_seen_count(), rows[i].code != 3);
    }
}

static void no_token_for_strangers(void)
{
    static const struct identity_saying saying = {0};
    char url[96];
    snprintf(url, sizeof url, "unix:%s", transcript_path());
    transcript_reset();
    transcript_answer(200, identity_answer(&saying));
    (void)setenv("ENW_TOKEN_FILE", "/nonexistent", 1);
    (void)transcript_run("", "attest", "verify", url, NULL);
    (void)unsetenv("ENW_TOKEN_FILE");
    expect_u64("asked", transcript_seen_count(), 1);
    expect_text("without a token", transcript_authorization(), "");
}

static void service_json(void)
{
    static const struct identity_saying saying = {0};
    char url[96];
    snprintf(url, sizeof url, "unix:%s", transcript_path());
    transcript_reset();
    transcript_answer(200, identity_answer(&saying));
    const struct transcript run =
        transcript_run("", "attest", "verify", url, "--root", root, "--json", "--nonce",
                       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("one answer, ours",
                has(run.out, "{\"verified\":true,\"root\":\"given\",\"at\":\"now\","
                             "\"checkedNonce\":true,\"checkedPcrs\":[],"));
    expect_true("what ours says", has(run.out, "\"mode\":\"production\""));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"real documents", real_documents},
        {"real JSON", real_json},
        {"judgements", judgements},
        {"refusal as JSON", refusal_json},
        {"services", services},
        {"no token for strangers", no_token_for_strangers},
        {"service as JSON", service_json},
    };
    snprintf(folder, sizeof folder, "/tmp/enw-verify-test-XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/document", folder);
    snprintf(root, sizeof root, "%s/root.pem", folder);
    identity_documents_open(root);
    transcript_open();
    transcript_set_url(false);
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    identity_documents_close();
    (void)unlink(path);
    (void)unlink(root);
    (void)rmdir(folder);
    return code;
}
