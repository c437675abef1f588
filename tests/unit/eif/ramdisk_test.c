#include "eif/ramdisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

static const struct ramdisk_entry tree[] = {
    {SLICE_LITERAL("dev"), RAMDISK_FOLDER, 0755, {0}, 0, 0},
    {SLICE_LITERAL("dev/console"), RAMDISK_CHARACTER_DEVICE, 0600, {0}, 5, 1},
    {SLICE_LITERAL("etc"), RAMDISK_FOLDER, 0755, {0}, 0, 0},
    {SLICE_LITERAL("etc/name"), RAMDISK_FILE, 0444, SLICE_LITERAL("hello"), 0, 0},
    {SLICE_LITERAL("init"), RAMDISK_FILE, 0755, SLICE_LITERAL("#!"), 0, 0},
};

static slice write_tree(uint8_t *memory, size_t size_max)
{
    struct builder builder;
    builder_init(&builder, memory, size_max);
    expect_ok("write", ramdisk_write(tree, ARRAY_COUNT(tree), &builder));
    return builder_view(&builder);
}

static void shape(void)
{
    uint8_t memory[4096];
    const slice archive = write_tree(memory, sizeof memory);
    expect_u64("size as promised", archive.size, ramdisk_size(tree, ARRAY_COUNT(tree)));
    expect_u64("padded", archive.size % 512, 0);
    expect_text("first header", slice_part(archive, 0, 113),
                "070701"
                "00000001"
                "000041ed"
                "00000000"
                "00000000"
                "00000002"
                "00000000"
                "00000000"
                "00000000"
                "00000000"
                "00000000"
                "00000000"
                "00000004"
                "00000000"
                "dev");
    struct builder builder;
    builder_init(&builder, memory, archive.size - 1);
    expect_kind("one byte too small", ramdisk_write(tree, ARRAY_COUNT(tree), &builder),
                FAILURE_OVER_LIMIT);
}

/* GNU cpio, where it is installed, reads the same tree out of it. */
static void another_reader(void)
{
    uint8_t memory[4096];
    char listing[512] = "";
    const slice archive = write_tree(memory, sizeof memory);
    int in[2], out[2];
    if (access("/usr/bin/cpio", X_OK) != 0 && access("/bin/cpio", X_OK) != 0) {
        runner_skip("no cpio here");
        return;
    }
    if (!expect_true("pipes", pipe(in) == 0 && pipe(out) == 0)) return;
    const pid_t child = fork();
    if (child == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        execlp("cpio", "cpio", "--list", "--quiet", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    expect_true("sent", write(in[1], archive.bytes, archive.size) == (ssize_t)archive.size);
    close(in[1]);
    size_t size = 0;
    ssize_t got;
    while ((got = read(out[0], listing + size, sizeof listing - 1 - size)) > 0) size += (size_t)got;
    close(out[0]);
    int exit_status = 0;
    waitpid(child, &exit_status, 0);
    expect_u64("cpio's verdict", (uint64_t)exit_status, 0);
    expect_text("names", slice_text(listing), "dev\ndev/console\netc\netc/name\ninit\n");
}

static const struct {
    const char *name;
    struct ramdisk_entry entries[2];
    size_t count;
    const char *refusal;
} rows[] = {
    {"empty path",
     {{SLICE_LITERAL(""), RAMDISK_FOLDER, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path must have 1 to 255 bytes"},
    {"absolute path",
     {{SLICE_LITERAL("/init"), RAMDISK_FILE, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path must be relative, without empty, . or .. parts"},
    {"folder with a slash at its end",
     {{SLICE_LITERAL("dev/"), RAMDISK_FOLDER, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path must be relative, without empty, . or .. parts"},
    {"way up",
     {{SLICE_LITERAL("a/../b"), RAMDISK_FILE, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path must be relative, without empty, . or .. parts"},
    {"here",
     {{SLICE_LITERAL("./b"), RAMDISK_FILE, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path must be relative, without empty, . or .. parts"},
    {"zero byte",
     {{SLICE_LITERAL("a\0b"), RAMDISK_FILE, 0755, {0}, 0, 0}},
     1,
     "ramdisk: path has a zero byte"},
    {"not sorted",
     {{SLICE_LITERAL("b"), RAMDISK_FOLDER, 0755, {0}, 0, 0},
      {SLICE_LITERAL("a"), RAMDISK_FOLDER, 0755, {0}, 0, 0}},
     2,
     "ramdisk: paths must be sorted, none twice"},
    {"twice",
     {{SLICE_LITERAL("a"), RAMDISK_FOLDER, 0755, {0}, 0, 0},
      {SLICE_LITERAL("a"), RAMDISK_FOLDER, 0755, {0}, 0, 0}},
     2,
     "ramdisk: paths must be sorted, none twice"},
    {"permissions",
     {{SLICE_LITERAL("a"), RAMDISK_FILE, 010000, {0}, 0, 0}},
     1,
     "ramdisk: permissions are out of range"},
    {"folder with data",
     {{SLICE_LITERAL("a"), RAMDISK_FOLDER, 0755, SLICE_LITERAL("x"), 0, 0}},
     1,
     "ramdisk: only a file has data"},
};

static void refusals(void)
{
    uint8_t memory[4096];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct builder builder;
        runner_row(rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        expect_refused("write", ramdisk_write(rows[i].entries, rows[i].count, &builder),
                       rows[i].refusal);
    }
}

static void path_limit(void)
{
    uint8_t memory[2048], path[RAMDISK_PATH_SIZE_MAX + 1];
    struct builder builder;
    memset(path, 'a', sizeof path);
    struct ramdisk_entry entry = {
        slice_of(path, RAMDISK_PATH_SIZE_MAX), RAMDISK_FILE, 0, {0}, 0, 0};
    builder_init(&builder, memory, sizeof memory);
    expect_ok("at the limit", ramdisk_write(&entry, 1, &builder));
    entry.path.size++;
    expect_refused("above it", ramdisk_write(&entry, 1, &builder),
                   "ramdisk: path must have 1 to 255 bytes");
    entry.path.size = 1;
    expect_kind("too many entries", ramdisk_write(&entry, RAMDISK_ENTRY_COUNT_MAX + 1, &builder),
                FAILURE_OVER_LIMIT);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"shape", shape},
        {"another reader", another_reader},
        {"refusals", refusals},
        {"path limit", path_limit},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
