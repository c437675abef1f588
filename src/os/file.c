#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "os/random.h"

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0) close(*descriptor);
}

static status regular_open(const char *path, int *descriptor, struct stat *about)
{
    const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened < 0) {
        const int reason = errno;
        if (reason == ENOENT) FAIL(NOT_FOUND, reason, "file: does not exist");
        FAIL(UNAVAILABLE, reason, "file: cannot be opened");
    }
    if (fstat(opened, about) != 0 || !S_ISREG(about->st_mode)) {
        close(opened);
        FAIL(UNAVAILABLE, 0, "file: is not a regular file");
    }
    *descriptor = opened;
    return status_ok();
}

/* Reads until the end into `size_max` bytes; one byte more in the file is too many. */
static status all_read(int descriptor, uint8_t *bytes, size_t size_max, size_t *size)
{
    size_t done_size = 0;
    for (;;) {
        uint8_t beyond;
        const bool is_full = done_size == size_max;
        const ssize_t got = read(descriptor, is_full ? &beyond : bytes + done_size,
                                 is_full ? 1 : size_max - done_size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) FAIL(UNAVAILABLE, errno, "file: cannot be read");
        if (got == 0) break;
        REQUIRE(!is_full, OVER_LIMIT, "file: is larger than allowed");
        done_size += (size_t)got;
    }
    *size = done_size;
    return status_ok();
}

status file_read(const char *path, size_t size_max, struct arena *arena, slice *contents)
{
    SCOPED(descriptor_close) int descriptor = -1;
    struct stat about;
    void *memory;
    size_t size;
    TRY(regular_open(path, &descriptor, &about));
    REQUIRE((uint64_t)about.st_size <= size_max, OVER_LIMIT, "file: is larger than allowed");
    /* The size seen now bounds what is read: a file that grows meanwhile is refused. */
    TRY(arena_take(arena, (size_t)about.st_size, &memory));
    TRY(all_read(descriptor, memory, (size_t)about.st_size, &size));
    *contents = slice_of(memory, size);
    return status_ok();
}

status file_read_size(const char *path, size_t *size)
{
    SCOPED(descriptor_close) int descriptor = -1;
    struct stat about;
    TRY(regular_open(path, &descriptor, &about));
    *size = (size_t)about.st_size;
    return status_ok();
}

static status rest_put(int descriptor, struct builder *builder)
{
    size_t size;
    TRY(all_read(descriptor, builder->bytes + builder->size, builder->size_max - builder->size,
                 &size));
    builder->size += size;
    return status_ok();
}

status file_put(const char *path, struct builder *builder)
{
    SCOPED(descriptor_close) int descriptor = -1;
    struct stat about;
    TRY(regular_open(path, &descriptor, &about));
    return rest_put(descriptor, builder);
}

static status private_check(const struct stat *about)
{
    REQUIRE(about->st_uid == geteuid() || about->st_uid == 0, DENIED,
            "file: a secret's file must belong to us or root");
    REQUIRE((about->st_mode & (S_IRWXG | S_IRWXO)) == 0, DENIED,
            "file: a secret's file must be closed to group and others (chmod 600)");
    return status_ok();
}

status file_put_private(const char *path, struct builder *builder)
{
    SCOPED(descriptor_close) int descriptor = -1;
    struct stat about;
    TRY(regular_open(path, &descriptor, &about));
    TRY(private_check(&about));
    return rest_put(descriptor, builder);
}

status file_check_private(const char *path)
{
    SCOPED(descriptor_close) int descriptor = -1;
    struct stat about;
    TRY(regular_open(path, &descriptor, &about));
    return private_check(&about);
}

static status all_write(int descriptor, slice contents)
{
    while (contents.size > 0) {
        const ssize_t done = write(descriptor, contents.bytes, contents.size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) FAIL(UNAVAILABLE, errno, "file: cannot be written");
        contents = slice_part(contents, (size_t)done, contents.size);
    }
    return status_ok();
}

/* Makes the folder's new entry survive a power failure. */
static status folder_sync(const char *path)
{
    char folder[FILE_PATH_SIZE_MAX] = ".";
    const char *last = strrchr(path, '/');
    const size_t size = last ? (size_t)(last - path) : 0;
    REQUIRE(size < sizeof folder, OVER_LIMIT, "file: path is too long");
    if (last) {
        memcpy(folder, path, size);
        folder[size] = 0;
        if (size == 0) folder[0] = '/', folder[1] = 0;
    }
    SCOPED(descriptor_close) int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "file: its folder cannot be opened");
    if (fsync(descriptor) != 0) FAIL(UNAVAILABLE, errno, "file: its folder cannot be synced");
    return status_ok();
}

struct temporary {
    char path[FILE_PATH_SIZE_MAX];
    bool is_there;
};

static void temporary_close(struct temporary *temporary)
{
    if (temporary->is_there) unlink(temporary->path);
}

/* Writes the contents beside where they will be, on the disk before they get their name. */
static status temporary_open(const char *path, slice contents, unsigned mode,
                             struct temporary *temporary)
{
    uint8_t random[8];
    struct builder name;
    TRY(random_read(random, sizeof random));
    builder_init(&name, temporary->path, sizeof temporary->path - 1);
    builder_put_text(&name, path);
    builder_put_text(&name, ".tmp-");
    hex_put(&name, slice_of(random, sizeof random));
    REQUIRE(!name.is_over, OVER_LIMIT, "file: path is too long");
    temporary->path[name.size] = 0;
    SCOPED(descriptor_close)
    int descriptor =
        open(temporary->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "file: cannot be made");
    temporary->is_there = true;
    TRY(all_write(descriptor, contents));
    /* fchmod, because the mode given to open is cut by the umask. */
    if (fchmod(descriptor, mode) != 0) FAIL(UNAVAILABLE, errno, "file: mode cannot be set");
    if (fsync(descriptor) != 0) FAIL(UNAVAILABLE, errno, "file: cannot be synced");
    return status_ok();
}

status file_write(const char *path, slice contents, unsigned mode)
{
    SCOPED(temporary_close) struct temporary temporary = {0};
    TRY(temporary_open(path, contents, mode, &temporary));
    if (rename(temporary.path, path) != 0) FAIL(UNAVAILABLE, errno, "file: cannot be renamed");
    temporary.is_there = false;
    return folder_sync(path);
}

status file_write_new(const char *path, slice contents, unsigned mode)
{
    SCOPED(temporary_close) struct temporary temporary = {0};
    TRY(temporary_open(path, contents, mode, &temporary));
    /* link refuses an existing name, which rename would replace. */
    if (link(temporary.path, path) != 0) {
        const int reason = errno;
        if (reason == EEXIST) FAIL(CONFLICT, reason, "file: exists already");
        FAIL(UNAVAILABLE, reason, "file: cannot be named");
    }
    return folder_sync(path);
}

status file_make_folder(const char *path)
{
    struct stat about;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        FAIL(UNAVAILABLE, errno, "file: folder cannot be made");
    }
    if (stat(path, &about) != 0) FAIL(UNAVAILABLE, errno, "file: folder cannot be looked at");
    REQUIRE(S_ISDIR(about.st_mode), CONFLICT, "file: is not a folder");
    REQUIRE((about.st_mode & (S_IWGRP | S_IWOTH)) == 0, DENIED,
            "file: folder must not be writable by group or others");
    return status_ok();
}

bool file_is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}
