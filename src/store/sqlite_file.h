/*
 * sqlite_file: the file behind store/sqlite.h: whose it is, making it, opening it.
 *
 * A new file is made whole under another name and then linked to its own, so a crash leaves none or
 * a complete one. Its application id is in its header before it has a log, so that a strange file is
 * recognised by reading alone.
 */
#ifndef STORE_SQLITE_FILE_H
#define STORE_SQLITE_FILE_H

#include "base/status.h"

struct sqlite3;

/*
 * Makes the file if it is absent, and checks it: DENIED when it is not a regular file of ours with
 * mode 0600 or stricter, CORRUPT when it is not an enclave-wallet store (nothing in it is changed).
 *
 * This process must not have the file open: ending the check would end its locks.
 */
MUST_CHECK status sqlite_file_prepare(const char *path);

/* Opens a prepared file. On failure `database` may be set and is to be closed all the same. */
MUST_CHECK status sqlite_file_open(const char *path, struct sqlite3 **database);

/* CORRUPT unless the schema is of the version that this program knows. */
MUST_CHECK status sqlite_file_check_version(struct sqlite3 *database);

/* What an SQLite result code means; it becomes the detail. */
MUST_CHECK status sqlite_file_failure(int code);

#endif
