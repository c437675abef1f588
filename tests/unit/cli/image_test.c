#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"
#include "transcript.h"

/* Files of the test, in a folder of its own. */
static char folder[] = "/tmp/enw-image-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % ARRAY_COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, slice contents, mode_t mode)
{
    FILE *file = fopen(in_folder(name), "wb");
    if (!expect_true("open", file != NULL)) return;
    expect_u64("write", fwrite(contents.bytes, 1, contents.size, file), contents.size);
    fclose(file);
    chmod(in_folder(name), mode);
}

static void write_inputs(void)
{
    write_file("kernel", slice_text("kernel"), 0644);
    write_file("program", slice_text("program"), 0644);
    write_file("enclave.json", slice_text("{}"), 0644);
    write_file("ca.pem", slice_text("roots"), 0644);
}

static struct transcript build(const char *flag, const char *value)
{
    return transcript_run("", "image", "build", "--kernel", in_folder("kernel"), "--program",
                          in_folder("program"), "--config", in_folder("enclave.json"), "--ca-file",
                          in_folder("ca.pem"), "--output", in_folder("out.eif"), flag, value, NULL);
}

static bool has(slice whole, const char *text)
{
    return memmem(whole.bytes, whole.size, text, strlen(text)) != NULL;
}

/* The measurements that building printed are those that reading prints. */
static void built_and_read_back(void)
{
    char measured[1024];
    write_inputs();
    const struct transcript made = build(NULL, NULL);
    expect_u64("built", (uint64_t)made.code, 0);
    expect_true("as nitro-cli prints them",
                slice_has_start(made.out, slice_text("{\"Measurements\":{\"HashAlgorithm\":"
                                                     "\"Sha384 { ... }\",\"PCR0\":\"")));
    if (!expect_true("fits", made.out.size < sizeof measured)) return;
    memcpy(measured, made.out.bytes, made.out.size);
    measured[made.out.size] = '\0';
    const struct transcript read =
        transcript_run("", "image", "measure", in_folder("out.eif"), NULL);
    expect_text("measured again", read.out, measured);
    const struct transcript described =
        transcript_run("", "image", "describe", in_folder("out.eif"), NULL);
    expect_true("says for whom", has(described.out, "for         x86_64\n"));
    expect_true("says that nobody signed", has(described.out, "signature   none\n"));
    const struct transcript json =
        transcript_run("", "image", "describe", in_folder("out.eif"), "--json", NULL);
    expect_true("sections", has(json.out, "{\"Type\":\"kernel\",\"Offset\":548,\"Size\":6,"));
    expect_true("not signed", has(json.out, "\"IsSigned\":false"));
}

static void verified(void)
{
    char pcr0[128] = "0=";
    write_inputs();
    const struct transcript made = build(NULL, NULL);
    static const char label[] = "\"PCR0\":\"";
    const uint8_t *found = memmem(made.out.bytes, made.out.size, label, sizeof label - 1);
    if (!expect_true("PCR0", found != NULL)) return;
    memcpy(pcr0 + 2, found + sizeof label - 1, 96);
    struct transcript run =
        transcript_run("", "image", "verify", in_folder("out.eif"), "--pcr", pcr0, NULL);
    expect_text("the expected image", run.out,
                "verified    well-formed, checksum matches, expected PCRs\n");
    pcr0[2] = pcr0[2] == '0' ? '1' : '0';
    run = transcript_run("", "image", "verify", in_folder("out.eif"), "--pcr", pcr0, NULL);
    expect_u64("another image", (uint64_t)run.code, 4);
    expect_text("says so", run.err, "enw: image: a PCR is not the expected one\n");
    pcr0[0] = '8';
    run = transcript_run("", "image", "verify", in_folder("out.eif"), "--pcr", pcr0, NULL);
    expect_text("a signer", run.err, "enw: image: PCR8 is expected and the image is not signed\n");
    pcr0[0] = '4';
    run = transcript_run("", "image", "verify", in_folder("out.eif"), "--pcr", pcr0, NULL);
    expect_text("a register that no image has", run.err,
                "enw: pcr: an image has PCR0, 1, 2 and 8 only\n");
}

/* What is wrong is named, with the place in the file. */
static void malformed(void)
{
    write_inputs();
    const struct transcript made = build(NULL, NULL);
    expect_u64("built", (uint64_t)made.code, 0);
    const slice whole = runner_file(in_folder("out.eif"));
    write_file("cut.eif", slice_part(whole, 0, whole.size - 1), 0644);
    struct transcript run = transcript_run("", "image", "describe", in_folder("cut.eif"), NULL);
    expect_u64("code", (uint64_t)run.code, 3);
    expect_true("says where",
                has(run.err, "image: section runs past the end of the file (at offset"));
    write_file("empty.eif", slice_text(""), 0644);
    run = transcript_run("", "image", "measure", in_folder("empty.eif"), NULL);
    expect_text("empty", run.err, "enw: image: ends inside the header (at offset 0)\n");
    run = transcript_run("", "image", "describe", in_folder("absent.eif"), NULL);
    expect_u64("absent", (uint64_t)run.code, 5);
}

static void refused_inputs(void)
{
    write_inputs();
    expect_text("architecture", build("--arch", "riscv").err,
                "enw: arch: must be x86_64 or aarch64\n");
    expect_text("missing file", build("--init", in_folder("none")).err,
                "enw: init: file: does not exist\n");
    expect_text("half of AWS's files", build("--init", in_folder("program")).err,
                "enw: recipe: AWS's init and nsm.ko go together\n");
    expect_text("two kinds of roots", build("--ca", "Amazon_Root_CA_1").err,
                "enw: ca: --ca and --ca-file exclude each other\n");
    write_file("open.key", slice_text("secret"), 0644);
    const struct transcript run = build("--key", in_folder("open.key"));
    expect_u64("a key that others can read", (uint64_t)run.code, 4);
    expect_true("names it", slice_has_start(run.err, slice_text("enw: key: ")));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"built and read back", built_and_read_back},
        {"verified", verified},
        {"malformed", malformed},
        {"refused inputs", refused_inputs},
    };
    if (!mkdtemp(folder)) return 2;
    transcript_open();
    transcript_set_url(false);
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    static const char *const names[] = {"kernel",  "program",   "enclave.json", "ca.pem",
                                        "out.eif", "empty.eif", "cut.eif",      "open.key"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) unlink(in_folder(names[i]));
    rmdir(folder);
    return code;
}
