#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/builder.h"
#include "base/hex.h"
#include "os/random.h"
#include "store/sqlite.h"

enum {
    HEADER_SIZE = 100, /* of an SQLite file: its format's section 1.3 */
    HEADER_APPLICATION_ID_OFFSET = 68,
    NEW_SUFFIX_RANDOM_SIZE = 8,
    OPEN_BUSY_MS = 5000, /* how long another process may be closing or opening the same file */
};

static const char schema[] = "CREATE TABLE account ("
                             " name TEXT NOT NULL,"
                             " record BLOB NOT NULL CHECK (length(record) BETWEEN 1 AND 32768),"
                             " address TEXT NOT NULL,"
                             " key_id TEXT NOT NULL,"
                             " version INTEGER NOT NULL CHECK (version >= 1),"
                             " created_at TEXT NOT NULL,"
                             " proof BLOB CHECK (length(proof) BETWEEN 1 AND 16384)"
                             ") STRICT;"
                             "CREATE UNIQUE INDEX account_name ON account (name);"
                             "CREATE UNIQUE INDEX account_address ON account (address);"
                             "PRAGMA application_id = 1701738289;" /* SQLITE_STORE_APPLICATION_ID */
                             "PRAGMA user_version = 1;";           /* SQLITE_STORE_SCHEMA_VERSION */

status sqlite_file_failure(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: FAIL(UNAVAILABLE, code, "store: the file is locked by others");
    case SQLITE_FULL: FAIL(UNAVAILABLE, code, "store: the disk is full");
    case SQLITE_NOMEM: FAIL(UNAVAILABLE, code, "store: the system has no memory left");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: FAIL(UNAVAILABLE, code, "store: the file cannot be used");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: FAIL(CORRUPT, code, "store: the file is damaged");
    default: FAIL(INTERNAL, code, "store: SQLite refused a statement");
    }
}

static void close_database(sqlite3 **database)
{
    (void)sqlite3_close(*database);
    *database = NULL;
}

static status run(sqlite3 *database, const char *text)
{
    const int code = sqlite3_exec(database, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? status_ok() : sqlite_file_failure(code);
}

status sqlite_file_open(const char *path, sqlite3 **database)
{
    const int code = sqlite3_open_v2(
        path, database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
        NULL);
    if (code != SQLITE_OK) return sqlite_file_failure(code);
    (void)sqlite3_extended_result_codes(*database, 1);
    (void)sqlite3_busy_timeout(*database, OPEN_BUSY_MS);
    /* Nothing in the file is to be believed: neither its schema nor the shape of its pages. */
    (void)sqlite3_db_config(*database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    TRY(run(*database, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"));
    return run(*database, "PRAGMA synchronous = FULL; PRAGMA cache_size = -512;");
}

static status fill_new(const char *path)
{
    SCOPED(close_database) sqlite3 *database = NULL;
    TRY(sqlite_file_open(path, &database));
    /* Made whole before the log exists, so that the file's own header says whose it is. */
    TRY(run(database, "BEGIN EXCLUSIVE"));
    TRY(run(database, schema));
    TRY(run(database, "COMMIT"));
    return run(database, "PRAGMA journal_mode = WAL");
}

static void sync_folder_of(const char *path)
{
    char folder[SQLITE_STORE_PATH_SIZE_MAX + 1];
    const char *slash = strrchr(path, '/');
    const size_t size = slash ? (size_t)(slash - path) + 1 : 1;
    memcpy(folder, slash ? path : ".", size);
    folder[size] = '\0';
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    (void)fsync(descriptor);
    (void)close(descriptor);
}

/* Makes the file complete under another name first: a crash leaves none or a whole one. */
static status make_file(const char *path)
{
    char new_path[SQLITE_STORE_PATH_SIZE_MAX + 32] = {0};
    uint8_t random[NEW_SUFFIX_RANDOM_SIZE];
    struct builder text;
    slice written;
    TRY(random_read(random, sizeof random));
    builder_init(&text, new_path, sizeof new_path - 1);
    builder_put_text(&text, path);
    builder_put_text(&text, ".new-");
    hex_put(&text, slice_of(random, sizeof random));
    TRY(builder_finish(&text, &written));
    const int descriptor = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "store: the file cannot be made");
    const int changed = fchmod(descriptor, 0600);
    (void)close(descriptor);
    status made = changed == 0 ? fill_new(new_path) : sqlite_file_failure(SQLITE_IOERR);
    /* Whoever else made the file meanwhile has made the same one. */
    if (status_is_ok(made) && link(new_path, path) != 0 && errno != EEXIST) {
        made = sqlite_file_failure(SQLITE_CANTOPEN);
    }
    (void)unlink(new_path);
    sync_folder_of(path);
    return made;
}

/* The log's path, in `text` of SQLITE_STORE_PATH_SIZE_MAX + 16. */
static void put_log_path(const char *path, const char *suffix, char *text)
{
    struct builder builder;
    builder_init(&builder, text, SQLITE_STORE_PATH_SIZE_MAX + 16);
    builder_put_text(&builder, path);
    builder_put_text(&builder, suffix);
    builder_put_u8(&builder, 0);
}

/* A file made beside a log of its name would have that log's pages written into it. */
static status check_nothing_is_left(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    char text[SQLITE_STORE_PATH_SIZE_MAX + 16];
    struct stat found;
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        put_log_path(path, suffixes[i], text);
        REQUIRE(lstat(text, &found) != 0, CORRUPT,
                "store: the file is gone but its -wal or -journal is left; "
                "put the file back or move that away");
    }
    return status_ok();
}

static uint32_t header_number(const uint8_t *header, size_t offset)
{
    uint32_t number = 0;
    for (size_t i = 0; i < 4; i++) number = number << 8 | header[offset + i];
    return number;
}

/*
 * Looks at the file before SQLite does, which would change a strange one's log by opening it.
 * Closing our descriptor ends any lock that this process has on the file, so this comes first.
 */
static status check_file(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    struct stat found;
    uint8_t header[HEADER_SIZE] = {0};
    const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT) {
        FAIL(NOT_FOUND, ENOENT, "store: there is no such file");
    }
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "store: the file cannot be opened");
    const int stated = fstat(descriptor, &found);
    const ssize_t size =
        stated == 0 && S_ISREG(found.st_mode) ? pread(descriptor, header, sizeof header, 0) : -1;
    (void)close(descriptor);
    REQUIRE(size >= 0, DENIED, "store: the file is not a regular file");
    REQUIRE(found.st_uid == geteuid(), DENIED, "store: the file belongs to someone else");
    REQUIRE((found.st_mode & 077) == 0, DENIED,
            "store: others may use the file; its mode must be 0600");
    REQUIRE(size == sizeof header &&
                slice_equal(slice_of(header, sizeof magic), slice_of(magic, sizeof magic)) &&
                header_number(header, HEADER_APPLICATION_ID_OFFSET) == SQLITE_STORE_APPLICATION_ID,
            CORRUPT, "store: the file is not an enclave-wallet store");
    return status_ok();
}

status sqlite_file_prepare(const char *path)
{
    const status checked = check_file(path);
    if (!status_is(checked, FAILURE_NOT_FOUND)) return checked;
    TRY(check_nothing_is_left(path));
    TRY(make_file(path));
    return check_file(path);
}

status sqlite_file_check_version(sqlite3 *database)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    const int version = code == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    if (code != SQLITE_ROW) return sqlite_file_failure(code);
    if (version != SQLITE_STORE_SCHEMA_VERSION) {
        FAIL(CORRUPT, version, "store: the file has a version that this program lacks");
    }
    return status_ok();
}

/* The one value that a pragma answers with. */
static status read_pragma(sqlite3 *database, const char *text, const char *wanted, bool *is_wanted)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, text, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const void *value = sqlite3_column_text(statement, 0);
        *is_wanted = value && slice_equal(slice_text(value), slice_text(wanted));
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? status_ok() : sqlite_file_failure(code);
}

status sqlite_file_set_log(sqlite3 *database)
{
    bool is_wal = false, is_full = false;
    TRY(read_pragma(database, "PRAGMA journal_mode = WAL", "wal", &is_wal));
    REQUIRE(is_wal, DENIED, "store: the file cannot be used in WAL mode where it lies");
    TRY(read_pragma(database, "PRAGMA synchronous", "2", &is_full));
    REQUIRE(is_full, DENIED, "store: the file is not written with synchronous=FULL");
    return status_ok();
}

status sqlite_file_check_pages(sqlite3 *database, const char *path)
{
    struct stat found;
    bool is_well = false;
    if (stat(path, &found) != 0) FAIL(UNAVAILABLE, errno, "store: the file is gone");
    if (found.st_size > SQLITE_FILE_CHECK_SIZE_MAX) return status_ok();
    /* One damaged account is that account's matter: only the pages are judged here. */
    TRY(run(database, "PRAGMA ignore_check_constraints = ON"));
    TRY(read_pragma(database, "PRAGMA quick_check(1)", "ok", &is_well));
    TRY(run(database, "PRAGMA ignore_check_constraints = OFF"));
    REQUIRE(is_well, CORRUPT, "store: the file is damaged");
    return status_ok();
}

status sqlite_file_lock(const char *path, int *descriptor)
{
    /* Of the open file, not of the process, and beyond every byte that SQLite locks. */
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1, .l_len = 1};
    const int opened = open(path, O_RDWR | O_CLOEXEC);
    if (opened < 0) FAIL(UNAVAILABLE, errno, "store: the file cannot be opened");
    const int locked = fcntl(opened, F_OFD_SETLK, &lock);
    const int error = locked == 0 ? 0 : errno;
    if (locked != 0) (void)close(opened);
    if (error == EAGAIN || error == EACCES) {
        FAIL(DENIED, error, "store: another process serves from this file; only one may");
    }
    if (error != 0) FAIL(UNAVAILABLE, error, "store: the file cannot be locked where it lies");
    *descriptor = opened;
    return status_ok();
}

status sqlite_file_identify(const char *path, struct sqlite_file_identity *identity)
{
    char log_path[SQLITE_STORE_PATH_SIZE_MAX + 16];
    struct stat file, log;
    put_log_path(path, "-wal", log_path);
    if (stat(path, &file) != 0 || stat(log_path, &log) != 0) {
        FAIL(UNAVAILABLE, errno,
             "store: the file or its log was moved, deleted or replaced while it is in use");
    }
    *identity = (struct sqlite_file_identity){file.st_dev, file.st_ino, log.st_ino};
    return status_ok();
}

status sqlite_file_check_identity(sqlite3 *database, const char *path,
                                  const struct sqlite_file_identity *identity)
{
    struct sqlite_file_identity found = {0};
    int has_moved = 0;
    TRY(sqlite_file_identify(path, &found));
    const int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    REQUIRE(code == SQLITE_OK && !has_moved && found.device == identity->device &&
                found.file == identity->file && found.log == identity->log,
            UNAVAILABLE,
            "store: the file or its log was moved, deleted or replaced while it is in use");
    return status_ok();
}
