/*
 * sqlite_file: the file behind store/sqlite.h: whose it is, making it, opening it.
 *
 * A new file is made whole under another name and then linked to its own, so a crash leaves none or
 * a complete one. Its application id is in its header before it has a log, so that a strange file is
 * recognised by reading alone.
 */
#ifndef STORE_SQLITE_FILE_H
#define STORE_SQLITE_FILE_H

#include <stdint.h>

#include "base/status.h"

struct sqlite3;

enum { SQLITE_FILE_CHECK_SIZE_MAX = 64 * 1024 * 1024 }; /* bytes; more would make starting slow */

/*
 * Makes the file if it is absent, and checks it: DENIED when it is not a regular file of ours with
 * mode 0600 or stricter, CORRUPT when it is not an enclave-wallet store (nothing in it is changed) or
 * when it is absent and a log of its name is left, whose accounts a new file would not have.
 *
 * This process must not have the file open: ending the check would end its locks.
 */
MUST_CHECK status sqlite_file_prepare(const char *path);

/* Opens a prepared file. On failure `database` may be set and is to be closed all the same. */
MUST_CHECK status sqlite_file_open(const char *path, struct sqlite3 **database);

/*
 * Puts an opened database into WAL mode with synchronous=FULL, whatever it was in, and reads both
 * back: a copy made by VACUUM INTO is in another, and some file systems cannot. DENIED when it is not.
 */
MUST_CHECK status sqlite_file_set_log(struct sqlite3 *database);

/* CORRUPT when the file's pages do not fit together. Only up to SQLITE_FILE_CHECK_SIZE_MAX. */
MUST_CHECK status sqlite_file_check_pages(struct sqlite3 *database, const char *path);

/* Which files a path and its log are. */
struct sqlite_file_identity {
    uint64_t device, file, log;
};

/*
 * Takes the lock that makes this the one process to serve from the file; DENIED when another has it.
 * The descriptor is to be closed after the last connection: closing it ends SQLite's own locks.
 */
MUST_CHECK status sqlite_file_lock(const char *path, int *descriptor);

/* Notes which files the opened database has. UNAVAILABLE when they are not there. */
MUST_CHECK status sqlite_file_identify(const char *path, struct sqlite_file_identity *identity);

/*
 * UNAVAILABLE when path and log do not lead to the files any more that the database has open: what
 * is written into those is lost when the process ends.
 */
MUST_CHECK status sqlite_file_check_identity(struct sqlite3 *database, const char *path,
                                             const struct sqlite_file_identity *identity);

/* CORRUPT unless the schema is of the version that this program knows. */
MUST_CHECK status sqlite_file_check_version(struct sqlite3 *database);

/* What an SQLite result code means; it becomes the detail. */
MUST_CHECK status sqlite_file_failure(int code);

#endif
