/*
 * sqlite: the embedded store, one file.
 *
 * The file is in WAL mode with synchronous=FULL: an acknowledged write survives the process and the
 * machine. It is made with mode 0600 and carries our application id and schema version; any other
 * SQLite file, an unknown version and a file that others may read or write are refused, and nothing
 * in them is changed. Name and address are unique. It lists in order of name.
 *
 * Writes go through one connection, reads through SQLITE_STORE_READER_COUNT others, each behind a lock that
 * is waited for until the call's deadline. One process serves from a file, which a lock ensures; others
 * may read it, back it up or hold it for a moment. It must lie on a local file system. Around every
 * write, and for readiness, path and open files are compared: when the file or its log was moved,
 * deleted or replaced, nothing is written and nothing written is acknowledged.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"
#include "store/sqlite_file.h"
#include "store/store.h"

enum {
    SQLITE_STORE_READER_COUNT = 4,            /* reads at once; more would wait for the same disk */
    SQLITE_STORE_PATH_SIZE_MAX = 4095,        /* bytes, the system's limit less a NUL */
    SQLITE_STORE_SCHEMA_VERSION = 1,          /* of `pragma user_version` */
    SQLITE_STORE_APPLICATION_ID = 0x656e7731, /* "enw1", of `pragma application_id` */
};

/* The statements of one connection, prepared once. */
enum sqlite_statement {
    SQLITE_STORE_GET,
    SQLITE_STORE_FIND_BY_ADDRESS,
    SQLITE_STORE_INSERT,
    SQLITE_STORE_REPLACE,
    SQLITE_STORE_LIST,
    SQLITE_STORE_PROBE,
    SQLITE_STORE_STATEMENT_COUNT,
};

struct sqlite3;
struct sqlite3_stmt;

/* One connection, used by one thread at a time. */
struct sqlite_connection {
    struct sqlite3 *database;
    struct sqlite3_stmt *statements[SQLITE_STORE_STATEMENT_COUNT];
    bool is_taken;
};

/* `{0}` is closed. Must not move while open. */
struct sqlite_store {
    struct sqlite_connection writer;
    struct sqlite_connection readers[SQLITE_STORE_READER_COUNT];
    pthread_mutex_t lock; /* guards every is_taken */
    pthread_cond_t returned;
    struct sqlite_file_identity identity;
    int lock_descriptor;
    bool is_open, is_locked;
    char path[SQLITE_STORE_PATH_SIZE_MAX + 1];
};

/*
 * Opens the file, making it (not its folder) when it is absent. DENIED for a file of another mode or
 * owner or one that another process serves from, CORRUPT for one that is not ours, damaged or gone with
 * its log left, UNAVAILABLE when the system refuses.
 */
MUST_CHECK status sqlite_store_open(struct sqlite_store *sqlite, slice path);
/* No call may be under way. */
void sqlite_store_close(struct sqlite_store *sqlite);

/* The port, valid while `sqlite` is open. */
struct store sqlite_store_port(struct sqlite_store *sqlite);

#endif
