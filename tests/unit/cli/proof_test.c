/* Proofs of origin, as somebody verifies them who has an account's name and a service or a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "crypto/digest.h"
#include "identity_documents.h"
#include "nsm/user_data.h"
#include "runner.h"
#include "transcript.h"

static const char address_text[] = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
static const char other_address[] = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF";
static const char pcr0[] =
    "--pcr=0=abababababababababababababababababababababababababababababababab"
    "abababababababababababababababab";
static const char other_pcr0[] =
    "--pcr=0=acabababababababababababababababababababababababababababab"
    "ababababababababababababababababababab";
static char folder[64], path[96], root[96];

static bool has(slice text, const char *part)
{
    const slice wanted = slice_text(part);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (slice_equal(slice_part(text, i, wanted.size), wanted)) return true;
    }
    return false;
}

/* The user data of alice's proof, with one byte changed unless that is 0. */
static slice origin(size_t changed_index)
{
    static uint8_t bytes[USER_DATA_PROOF_SIZE];
    static const uint8_t address[] = {0x7e, 0x5f, 0x45, 0x52, 0x09, 0x1a, 0x69, 0x12, 0x5d, 0x5d,
                                      0xfc, 0xb7, 0xb8, 0xc2, 0x65, 0x90, 0x29, 0x39, 0x5b, 0xdf};
    uint8_t preimage[20 + 16 + 5] = "ENW1 account name v1";
    struct builder builder;
    struct user_data_proof data = {
        .is_production = true, .epoch = 7, .record_hash = {{0xee}}, .boot = {{0xbb}}};
    memcpy(preimage + 36, "alice", 5);
    const hash32 id = sha256(slice_of(preimage, sizeof preimage));
    memcpy(data.account_id, id.bytes, sizeof data.account_id);
    memcpy(data.address, address, sizeof address);
    builder_init(&builder, bytes, sizeof bytes);
    user_data_write_proof(&data, &builder);
    if (changed_index > 0) bytes[changed_index] ^= 1;
    return builder_view(&builder);
}

/* A service's answer. */
static const char *answer(const char *name, const char *address, slice document)
{
    static char body[65536];
    struct builder json;
    builder_init(&json, body, sizeof body - 1);
    json_put_object_open(&json);
    json_put_name(&json, "name");
    json_put_text(&json, name);
    json_put_name(&json, "address");
    json_put_text(&json, address);
    json_put_name(&json, "proof");
    json_put_base64(&json, document);
    json_put_object_close(&json);
    body[json.size] = '\0';
    return body;
}

static void expect_run(struct transcript run, int code, const char *told)
{
    expect_u64("code", (uint64_t)run.code, (uint64_t)code);
    if (!expect_true(told, has(code == 0 ? run.out : run.err, told))) {
        printf("  out: %.*s  err: %.*s\n", (int)run.out.size, (const char *)run.out.bytes,
               (int)run.err.size, (const char *)run.err.bytes);
    }
    expect_true("a refused proof is not shown", code == 0 || run.out.size == 0);
}

static const struct {
    const char *name, *asked;
    struct {
        const char *name, *address;
    } said;
    struct identity_saying saying;
    size_t changed_index;
    const char *flag;
    int code;
    const char *told;
} rows[] = {
    {"by name",
     "alice",
     {"alice", address_text},
     {0},
     0,
     pcr0,
     0,
     "verified    born in the image of the expected PCRs\n"},
    {"by address",
     address_text,
     {"alice", address_text},
     {0},
     0,
     pcr0,
     0,
     "address     0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\n"},
    {"by address in small letters",
     "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",
     {"alice", address_text},
     {0},
     0,
     pcr0,
     0,
     "account id  "},
    {"without PCR",
     "alice",
     {"alice", address_text},
     {0},
     0,
     NULL,
     0,
     "verified    born in an enclave; no --pcr was given"},
    {"an old one", "alice", {"alice", address_text}, {.age_s = 3000}, 0, pcr0, 0, "verified"},
    {"another image",
     "alice",
     {"alice", address_text},
     {0},
     0,
     other_pcr0,
     4,
     "enw: attestation: PCR is not the expected one (PCR0 is abab"},
    {"debug",
     "alice",
     {"alice", address_text},
     {.is_debug = true},
     0,
     NULL,
     4,
     "enw: attestation: enclave runs in debug mode\n"},
    {"debug allowed",
     "alice",
     {"alice", address_text},
     {.is_debug = true},
     0,
     "--allow-debug",
     0,
     "WARNING     PCR0 is zero"},
    {"another account's answer",
     "alice",
     {"bob", address_text},
     {0},
     0,
     pcr0,
     4,
     "enw: proof: the service answers with another account\n"},
    {"another address's answer",
     other_address,
     {"alice", address_text},
     {0},
     0,
     pcr0,
     4,
     "enw: proof: the service answers with another address\n"},
    {"another account's proof",
     "bob",
     {"bob", address_text},
     {0},
     0,
     pcr0,
     4,
     "enw: proof: is another account's\n"},
    {"another address's proof",
     "alice",
     {"alice", other_address},
     {0},
     0,
     pcr0,
     4,
     "enw: proof: is for another address\n"},
    {"account id, last byte",
     "alice",
     {"alice", address_text},
     {0},
     91,
     pcr0,
     4,
     "enw: proof: is another account's\n"},
    {"address, last byte",
     "alice",
     {"alice", address_text},
     {0},
     111,
     pcr0,
     4,
     "enw: proof: is for another address\n"},
    {"a document for clients",
     "alice",
     {"alice", address_text},
     {0},
     SIZE_MAX,
     pcr0,
     4,
     "enw: proof: the document is not a proof of origin\n"},
    {"a name that none has",
     "a b",
     {"a b", address_text},
     {0},
     0,
     pcr0,
     4,
     "enw: proof: the name is not one that an account can have\n"},
    {"address that is none",
     "alice",
     {"alice", "0x00"},
     {0},
     0,
     pcr0,
     10,
     "enw: the service's answer has an address that is none\n"},
};

static void services(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct identity_saying saying = rows[i].saying;
        runner_row(rows[i].name);
        saying.has_no_nonce = true;
        if (rows[i].changed_index != SIZE_MAX) saying.user_data = origin(rows[i].changed_index);
        transcript_reset();
        transcript_answer(
            200, answer(rows[i].said.name, rows[i].said.address, identity_document(&saying)));
        expect_run(transcript_run("", "account", "verify", rows[i].asked, "--root", root,
                                  rows[i].flag, NULL),
                   rows[i].code, rows[i].told);
    }
    runner_row("the path asked for");
    expect_text("request", transcript_seen(0), "GET /v1/accounts/alice/proof\n");
}

static void no_proof(void)
{
    transcript_reset();
    transcript_answer(404, "{\"error\":{\"code\":\"no_proof\",\"message\":\"none\"}}");
    expect_run(transcript_run("", "account", "verify", "alice", NULL), 5,
               "enw: none (no_proof, HTTP 404)\n");
    transcript_answer(200, "{\"name\":\"alice\"}");
    expect_run(transcript_run("", "account", "verify", "alice", NULL), 10,
               "enw: the service's answer lacks a field\n");
}

static void write_file(const char *contents)
{
    FILE *file = fopen(path, "w");
    if (!file) abort();
    (void)fputs(contents, file);
    (void)fclose(file);
}

static void files(void)
{
    struct identity_saying saying = {.has_no_nonce = true};
    saying.user_data = origin(0);
    transcript_reset();
    write_file(answer("alice", address_text, identity_document(&saying)));
    expect_run(transcript_run("", "account", "verify", path, "--root", root, pcr0, NULL), 0,
               "name        alice\n");
    expect_run(transcript_run("", "account", "verify", path, pcr0, NULL), 4,
               "enw: x509: chain does not reach the trusted root\n");
    const struct transcript run =
        transcript_run("", "account", "verify", path, "--root", root, "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("JSON", has(run.out, "{\"verified\":true,\"root\":\"given\",\"name\":\"alice\","));
    expect_true("address",
                has(run.out, "\"address\":\"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf\""));
    const struct transcript refused = transcript_run("", "account", "verify", path, "--json", NULL);
    expect_u64("code", (uint64_t)refused.code, 4);
    expect_true("refusal", has(refused.out, "{\"verified\":false,\"reason\":\"x509: "));
    write_file(answer("bob", address_text, identity_document(&saying)));
    expect_run(transcript_run("", "account", "verify", path, "--root", root, pcr0, NULL), 4,
               "enw: proof: is another account's\n");
    write_file("{}");
    expect_run(transcript_run("", "account", "verify", path, NULL), 3,
               "enw: proof: the file must be a service's answer");
    expect_run(transcript_run("", "account", "verify", "/nonexistent", NULL), 3,
               "enw: proof: the file cannot be read\n");
    expect_u64("nobody was asked", transcript_seen_count(), 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"services", services},
        {"no proof", no_proof},
        {"files", files},
    };
    snprintf(folder, sizeof folder, "/tmp/enw-proof-test-XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/proof.json", folder);
    snprintf(root, sizeof root, "%s/root.pem", folder);
    identity_documents_open(root);
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    identity_documents_close();
    (void)unlink(path);
    (void)unlink(root);
    (void)rmdir(folder);
    return code;
}
