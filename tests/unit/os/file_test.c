#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"

/* A folder of our own, removed at the end. */
struct folder {
    char path[64];
    char file[96];
};

static void folder_open(struct folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/enw-file-test-XXXXXX");
    expect_true("folder", mkdtemp(folder->path) != NULL);
    snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
}

static size_t entry_count(const struct folder *folder)
{
    DIR *entries = opendir(folder->path);
    size_t count = 0;
    while (entries && readdir(entries)) count++;
    if (entries) closedir(entries);
    return count - 2; /* . and .. */
}

static void folder_close(struct folder *folder)
{
    unlink(folder->file);
    rmdir(folder->path);
}

static unsigned mode_of(const char *path)
{
    struct stat about = {0};
    stat(path, &about);
    return about.st_mode & 07777;
}

static void written_and_read(void)
{
    SCOPED(folder_close) struct folder folder;
    SCOPED(arena_close) struct arena arena = {0};
    slice contents = {0};
    folder_open(&folder);
    expect_ok("arena", arena_open(&arena, 4096));
    expect_ok("write", file_write(folder.file, slice_text("first"), FILE_MODE_PRIVATE));
    expect_u64("mode", mode_of(folder.file), 0600);
    expect_ok("read", file_read(folder.file, 5, &arena, &contents));
    expect_text("contents", contents, "first");
    expect_refused("cap", file_read(folder.file, 4, &arena, &contents),
                   "file: is larger than allowed");
    umask(077);
    expect_ok("replace", file_write(folder.file, slice_text("second"), FILE_MODE_PUBLIC));
    umask(022);
    expect_u64("mode despite the umask", mode_of(folder.file), 0644);
    expect_ok("read", file_read(folder.file, 100, &arena, &contents));
    expect_text("replaced", contents, "second");
    expect_refused("new", file_write_new(folder.file, slice_text("third"), 0600),
                   "file: exists already");
    expect_ok("read", file_read(folder.file, 100, &arena, &contents));
    expect_text("unchanged", contents, "second");
    expect_u64("nothing left beside it", entry_count(&folder), 1);
    unlink(folder.file);
    expect_ok("new", file_write_new(folder.file, slice_text(""), 0600));
    expect_ok("read", file_read(folder.file, 0, &arena, &contents));
    expect_u64("empty", contents.size, 0);
}

static void into_a_builder(void)
{
    SCOPED(folder_close) struct folder folder;
    uint8_t memory[8];
    struct builder builder;
    folder_open(&folder);
    expect_ok("write", file_write(folder.file, slice_text("12345"), 0600));
    builder_init(&builder, memory, sizeof memory);
    builder_put_text(&builder, "abc");
    expect_ok("fills it", file_put(folder.file, &builder));
    expect_text("contents", builder_view(&builder), "abc12345");
    builder_init(&builder, memory, 4);
    expect_refused("one short", file_put(folder.file, &builder), "file: is larger than allowed");
}

static void private_files(void)
{
    static const struct {
        const char *name;
        unsigned mode;
        const char *refusal;
    } rows[] = {
        {"owner reads and writes", 0600, NULL},
        {"owner reads", 0400, NULL},
        {"group reads", 0640,
         "file: a secret's file must be closed to group and others (chmod 600)"},
        {"others read", 0604,
         "file: a secret's file must be closed to group and others (chmod 600)"},
        {"others write", 0602,
         "file: a secret's file must be closed to group and others (chmod 600)"},
    };
    SCOPED(folder_close) struct folder folder;
    folder_open(&folder);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[8];
        struct builder builder;
        runner_row(rows[i].name);
        expect_ok("write", file_write(folder.file, slice_text("secret"), rows[i].mode));
        builder_init(&builder, memory, sizeof memory);
        expect_outcome("put", file_put_private(folder.file, &builder), rows[i].refusal);
        expect_u64("read", builder.size, rows[i].refusal ? 0 : 6);
        expect_outcome("check", file_check_private(folder.file), rows[i].refusal);
    }
    runner_row("another owner");
    expect_ok("write", file_write(folder.file, slice_text("secret"), 0600));
    if (geteuid() == 0 && chown(folder.file, 12345, 12345) == 0) {
        expect_refused("check", file_check_private(folder.file),
                       "file: a secret's file must belong to us or root");
    }
}

static void what_is_not_a_file(void)
{
    SCOPED(folder_close) struct folder folder;
    SCOPED(arena_close) struct arena arena = {0};
    char inside[128];
    slice contents;
    folder_open(&folder);
    expect_ok("arena", arena_open(&arena, 64));
    expect_kind("absent", file_read(folder.file, 9, &arena, &contents), FAILURE_NOT_FOUND);
    expect_true("absent", !file_is_there(folder.file));
    expect_refused("folder", file_read(folder.path, 9, &arena, &contents),
                   "file: is not a regular file");
    expect_true("pipe", mkfifo(folder.file, 0600) == 0);
    expect_true("present", file_is_there(folder.file));
    expect_refused("pipe without a writer", file_read(folder.file, 9, &arena, &contents),
                   "file: is not a regular file");
    snprintf(inside, sizeof inside, "%s/none/file", folder.path);
    expect_kind("no folder", file_write(inside, slice_text("x"), 0600), FAILURE_UNAVAILABLE);
    expect_u64("nothing made", entry_count(&folder), 1);
}

static void long_path(void)
{
    char path[FILE_PATH_SIZE_MAX + 10];
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 0;
    expect_refused("too long", file_write(path, slice_text("x"), 0600), "file: path is too long");
}

static void folders(void)
{
    SCOPED(folder_close) struct folder folder;
    folder_open(&folder);
    expect_ok("exists", file_make_folder(folder.path));
    expect_ok("made", file_make_folder(folder.file));
    expect_u64("mode", mode_of(folder.file), 0700);
    chmod(folder.file, 0720);
    expect_refused("others may write", file_make_folder(folder.file),
                   "file: folder must not be writable by group or others");
    rmdir(folder.file);
    expect_ok("write", file_write(folder.file, slice_text("x"), 0600));
    expect_refused("a file", file_make_folder(folder.file), "file: is not a folder");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"written and read", written_and_read},
        {"into a builder", into_a_builder},
        {"private files", private_files},
        {"what is not a file", what_is_not_a_file},
        {"long path", long_path},
        {"folders", folders},
    };
    umask(022);
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
