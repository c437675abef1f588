/*
 * file: whole files, small enough to be held in memory.
 *
 * Reading is capped. Writing is atomic: after it the file is the old one or the new one, complete
 * and on the disk, whatever fails in between. Paths are NUL-terminated. A failure's detail is the
 * errno.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    FILE_PATH_SIZE_MAX = 1024, /* of a path we make ourselves, with its NUL */
    FILE_MODE_PRIVATE = 0600,  /* secrets, records */
    FILE_MODE_PUBLIC = 0644,   /* certificates, public keys */
};

/*
 * Reads a whole regular file into the arena. NOT_FOUND when there is none, OVER_LIMIT above
 * `size_max`, UNAVAILABLE for anything else.
 */
MUST_CHECK status file_read(const char *path, size_t size_max, struct arena *arena,
                            slice *contents);

/* How large a regular file is. NOT_FOUND when there is none, UNAVAILABLE for anything else. */
MUST_CHECK status file_read_size(const char *path, size_t *size);

/* Appends a whole regular file to the builder; OVER_LIMIT when it does not fit. */
MUST_CHECK status file_put(const char *path, struct builder *builder);

/*
 * The same for a file that holds a secret. Also refused (DENIED): a file that belongs to someone
 * other than us or root, or that group or others can read or write (Kubernetes' and systemd's
 * credential folders comply). The check and the reading see the same file.
 */
MUST_CHECK status file_put_private(const char *path, struct builder *builder);

/* The check alone: DENIED, NOT_FOUND, UNAVAILABLE. */
MUST_CHECK status file_check_private(const char *path);

/*
 * Replaces or makes the file, with exactly this mode. The folder must exist. Written as
 * PATH.tmp-<random>, synced, renamed, and the folder synced.
 */
MUST_CHECK status file_write(const char *path, slice contents, unsigned mode);

/* Makes the file unless it exists already (CONFLICT, and nothing has changed). */
MUST_CHECK status file_write_new(const char *path, slice contents, unsigned mode);

/* Makes a folder of mode 0700 unless it exists. A folder others can write to is DENIED. */
MUST_CHECK status file_make_folder(const char *path);

/* True when something is at the path. */
bool file_is_there(const char *path);

#endif
