/* The forms in which files hold documents. */
#include "cli/document.h"

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

static void forms(void)
{
    static char text[65536];
    static const struct identity_saying saying = {0};
    static const struct {
        const char *name, *before, *after;
        size_t line_size; /* 0: the document's own bytes */
        int code;
        const char *told;
    } rows[] = {
        {"raw", "", "", 0, 0, "verified"},
        {"one byte more", "", "x", 0, 3, "enw: "},
        {"base64", "", "", 65000, 0, "verified"},
        {"base64 in lines", "", "\n", 64, 0, "verified"},
        {"base64 in short lines after blanks", " \r\n\t", "\r\n", 8, 0, "verified"},
        {"base64 and a star", "", "*", 64, 3, "enw: the attestation document is not base64\n"},
        {"the service's answer", "{\"document\":\"", "\",\"unverified\":{}}", 65000, 0, "verified"},
        {"a proof", "\n{\"name\":\"a\",\"proof\":\"", "\"}", 65000, 0, "verified"},
        {"another field", "{\"text\":\"", "\"}", 65000, 3, "enw: the JSON has no field"},
        {"broken JSON", "{\"document\":\"", "\"", 65000, 3, "enw: json: "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct builder file;
        runner_row(rows[i].name);
        builder_init(&file, text, sizeof text);
        builder_put_text(&file, rows[i].before);
        if (rows[i].line_size == 0) builder_put(&file, document(&saying));
        else identity_put_base64(&file, document(&saying), rows[i].line_size);
        builder_put_text(&file, rows[i].after);
        write_file(builder_view(&file));
        expect_run(
            transcript_run("", "attest", "verify", path, "--root", root, "--pcr", pcr0, NULL),
            rows[i].code, rows[i].told);
    }
}

static void files_that_are_none(void)
{
    static uint8_t zeros[65537];
    runner_row("empty");
    write_file(slice_of("", 0));
    expect_run(transcript_run("", "attest", "verify", path, NULL), 3,
               "enw: the attestation document is empty\n");
    runner_row("blank");
    write_file(slice_text(" \n"));
    expect_run(transcript_run("", "attest", "verify", path, NULL), 3,
               "enw: the attestation document is empty\n");
    runner_row("64 KiB");
    write_file(slice_of(zeros, 65536));
    expect_run(transcript_run("", "attest", "verify", path, NULL), 3,
               "enw: the attestation document is not base64\n");
    runner_row("one byte more");
    write_file(slice_of(zeros, 65537));
    expect_run(transcript_run("", "attest", "verify", path, NULL), 3,
               "enw: attest: the file is too long for a document\n");
    runner_row("no file");
    expect_run(transcript_run("", "attest", "verify", "/nonexistent", NULL), 3,
               "enw: attest: the file cannot be read\n");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"forms", forms},
        {"files that are none", files_that_are_none},
    };
    snprintf(folder, sizeof folder, "/tmp/enw-document-test-XXXXXX");
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
