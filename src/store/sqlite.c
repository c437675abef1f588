#include "store/sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "store/sqlite_file.h"

enum { BUSY_MS_MAX = 60 * 1000 };

static const char *const statement_texts[SQLITE_STORE_STATEMENT_COUNT] = {
    [SQLITE_STORE_GET] = "SELECT name, record, address, key_id, version, created_at, proof"
                         " FROM account WHERE name = ?1",
    [SQLITE_STORE_FIND_BY_ADDRESS] =
        "SELECT name, record, address, key_id, version, created_at, proof"
        " FROM account WHERE address = ?1",
    [SQLITE_STORE_INSERT] = "INSERT INTO account"
                            " (name, record, address, key_id, version, created_at, proof)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQLITE_STORE_REPLACE] = "UPDATE account SET record = ?2, key_id = ?4, version = ?5,"
                             " created_at = ?6, proof = ?7"
                             " WHERE name = ?1 AND address = ?3 AND version = ?5 - 1",
    [SQLITE_STORE_LIST] = "SELECT name, address, key_id, created_at, version"
                          " FROM account WHERE name > ?1 ORDER BY name LIMIT ?2",
    [SQLITE_STORE_PROBE] = "SELECT record FROM account LIMIT 1",
};

/* ---- connections ---- */

/* After a failed sync the commit may be on the disk already, and come back with the next start. */
static status write_failure_of(int code)
{
    return (code & 0xff) == SQLITE_IOERR ? store_ambiguous(code) : sqlite_file_failure(code);
}

static struct timespec time_of(int64_t deadline_ms)
{
    return (struct timespec){.tv_sec = deadline_ms / 1000,
                             .tv_nsec = deadline_ms % 1000 * 1000 * 1000};
}

static struct sqlite_connection *free_one(struct sqlite_connection *connections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!connections[i].is_taken) return &connections[i];
    }
    return NULL;
}

/* A connection in use by one call. */
struct turn {
    struct sqlite_store *sqlite;
    struct sqlite_connection *connection;
};

static status wait_for_turn(struct sqlite_store *sqlite, struct sqlite_connection *connections,
                            size_t count, int64_t deadline_ms, struct turn *turn)
{
    const struct timespec until = time_of(deadline_ms);
    struct sqlite_connection *connection;
    int waited = 0;
    (void)pthread_mutex_lock(&sqlite->lock);
    while (!(connection = free_one(connections, count)) && waited != ETIMEDOUT) {
        waited = pthread_cond_clockwait(&sqlite->returned, &sqlite->lock, CLOCK_MONOTONIC, &until);
    }
    if (connection) connection->is_taken = true;
    (void)pthread_mutex_unlock(&sqlite->lock);
    REQUIRE(connection, UNAVAILABLE, "store: too many calls are waiting for the file");
    *turn = (struct turn){sqlite, connection};
    /* What is left of the deadline bounds the wait for other processes' locks. */
    (void)sqlite3_busy_timeout(connection->database, clock_left_ms(deadline_ms, BUSY_MS_MAX));
    return status_ok();
}

static status take_reader(struct sqlite_store *sqlite, int64_t deadline_ms, struct turn *turn)
{
    return wait_for_turn(sqlite, sqlite->readers, SQLITE_STORE_READER_COUNT, deadline_ms, turn);
}

static status take_writer(struct sqlite_store *sqlite, int64_t deadline_ms, struct turn *turn)
{
    return wait_for_turn(sqlite, &sqlite->writer, 1, deadline_ms, turn);
}

/* Ends every statement, so that no read transaction keeps the log from being emptied. */
static void give_back(struct turn *turn)
{
    if (!turn->connection) return;
    for (size_t i = 0; i < SQLITE_STORE_STATEMENT_COUNT; i++) {
        (void)sqlite3_reset(turn->connection->statements[i]);
        (void)sqlite3_clear_bindings(turn->connection->statements[i]);
    }
    (void)pthread_mutex_lock(&turn->sqlite->lock);
    turn->connection->is_taken = false;
    (void)pthread_cond_broadcast(&turn->sqlite->returned);
    (void)pthread_mutex_unlock(&turn->sqlite->lock);
}

/* ---- values ---- */

/* The texts and blobs bound must outlive the statement's next reset. */
static void bind_text(sqlite3_stmt *statement, int index, slice text)
{
    (void)sqlite3_bind_text64(statement, index, (const char *)text.bytes, text.size, SQLITE_STATIC,
                              SQLITE_UTF8);
}

static void bind_account(sqlite3_stmt *statement, const struct stored_account *account)
{
    bind_text(statement, 1, slice_text(account->name));
    (void)sqlite3_bind_blob64(statement, 2, account->record, account->record_size, SQLITE_STATIC);
    bind_text(statement, 3, slice_text(account->address));
    bind_text(statement, 4, slice_text(account->key_id));
    (void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)account->version);
    bind_text(statement, 6, slice_text(account->created_at));
    if (account->proof_size > 0) {
        (void)sqlite3_bind_blob64(statement, 7, account->proof, account->proof_size, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_null(statement, 7);
    }
}

/* A column's bytes, valid until the next step. */
static slice column(sqlite3_stmt *statement, int index)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    return slice_of(bytes, (size_t)sqlite3_column_bytes(statement, index));
}

static status read_text(sqlite3_stmt *statement, int index, char *field, size_t size_max)
{
    if (status_is_ok(stored_text_read(column(statement, index), field, size_max))) {
        return status_ok();
    }
    FAIL(CORRUPT, index, "store: a kept text is not valid");
}

static status read_blob(sqlite3_stmt *statement, int index, uint8_t *memory, size_t size_max,
                        size_t *size)
{
    const slice blob = column(statement, index);
    REQUIRE(blob.size <= size_max, CORRUPT, "store: a kept blob is too long");
    if (blob.size > 0) memcpy(memory, blob.bytes, blob.size);
    *size = blob.size;
    return status_ok();
}

static status read_account(sqlite3_stmt *row, struct stored_account *account)
{
    TRY(read_text(row, 0, account->name, STORE_NAME_SIZE_MAX));
    TRY(read_blob(row, 1, account->record, STORE_RECORD_SIZE_MAX, &account->record_size));
    TRY(read_text(row, 2, account->address, STORE_ADDRESS_SIZE));
    TRY(read_text(row, 3, account->key_id, STORE_KEY_ID_SIZE_MAX));
    account->version = (uint64_t)sqlite3_column_int64(row, 4);
    TRY(read_text(row, 5, account->created_at, STORE_CREATED_AT_SIZE_MAX));
    return read_blob(row, 6, account->proof, STORE_PROOF_SIZE_MAX, &account->proof_size);
}

static status read_entry(sqlite3_stmt *row, struct stored_entry *entry)
{
    TRY(read_text(row, 0, entry->name, STORE_NAME_SIZE_MAX));
    TRY(read_text(row, 1, entry->address, STORE_ADDRESS_SIZE));
    TRY(read_text(row, 2, entry->key_id, STORE_KEY_ID_SIZE_MAX));
    TRY(read_text(row, 3, entry->created_at, STORE_CREATED_AT_SIZE_MAX));
    entry->version = (uint64_t)sqlite3_column_int64(row, 4);
    return status_ok();
}

/* ---- the port ---- */

static status check_identity(const struct turn *turn)
{
    return sqlite_file_check_identity(turn->connection->database, turn->sqlite->path,
                                      &turn->sqlite->identity);
}

/* Steps to the one row that a key leads to. */
static status read_one(sqlite3_stmt *statement, slice key, struct stored_account *account)
{
    bind_text(statement, 1, key);
    const int code = sqlite3_step(statement);
    REQUIRE(code != SQLITE_DONE, NOT_FOUND, "store: there is no such account");
    if (code != SQLITE_ROW) return sqlite_file_failure(code);
    return read_account(statement, account);
}

static status get(void *context, slice name, int64_t deadline_ms, struct stored_account *account)
{
    SCOPED(give_back) struct turn turn = {0};
    TRY(take_reader(context, deadline_ms, &turn));
    return read_one(turn.connection->statements[SQLITE_STORE_GET], name, account);
}

static status find_by_address(void *context, slice address, int64_t deadline_ms,
                              struct stored_account *account)
{
    SCOPED(give_back) struct turn turn = {0};
    TRY(take_reader(context, deadline_ms, &turn));
    return read_one(turn.connection->statements[SQLITE_STORE_FIND_BY_ADDRESS], address, account);
}

static status put_if_absent(void *context, const struct stored_account *account,
                            int64_t deadline_ms)
{
    SCOPED(give_back) struct turn turn = {0};
    TRY(take_writer(context, deadline_ms, &turn));
    TRY(check_identity(&turn));
    sqlite3_stmt *statement = turn.connection->statements[SQLITE_STORE_INSERT];
    bind_account(statement, account);
    const int code = sqlite3_step(statement);
    REQUIRE(code != SQLITE_CONSTRAINT_UNIQUE, CONFLICT, "store: the name or the address is taken");
    /* Once more: reading back would ask the same file, of which nothing may be left. */
    return code == SQLITE_DONE ? check_identity(&turn) : write_failure_of(code);
}

static status replace_if_version(void *context, const struct stored_account *account,
                                 uint64_t version, int64_t deadline_ms)
{
    SCOPED(give_back) struct turn turn = {0};
    (void)version; /* the new version less one, which store.c has checked */
    TRY(take_writer(context, deadline_ms, &turn));
    TRY(check_identity(&turn));
    sqlite3_stmt *statement = turn.connection->statements[SQLITE_STORE_REPLACE];
    bind_account(statement, account);
    const int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) return write_failure_of(code);
    if (sqlite3_changes(turn.connection->database) == 1) return check_identity(&turn);
    sqlite3_stmt *kept = turn.connection->statements[SQLITE_STORE_GET];
    bind_text(kept, 1, slice_text(account->name));
    REQUIRE(sqlite3_step(kept) == SQLITE_ROW, NOT_FOUND, "store: there is no such account");
    FAIL(CONFLICT, 0, "store: the account has another version or address");
}

static status list(void *context, slice after_name, int64_t deadline_ms, struct store_page *page)
{
    SCOPED(give_back) struct turn turn = {0};
    int code;
    TRY(take_reader(context, deadline_ms, &turn));
    sqlite3_stmt *statement = turn.connection->statements[SQLITE_STORE_LIST];
    bind_text(statement, 1, after_name.size > 0 ? after_name : slice_text(""));
    /* One more than fits tells whether anything follows. */
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)page->count_max + 1);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && page->count < page->count_max) {
        TRY(read_entry(statement, &page->entries[page->count]));
        page->count++;
    }
    if (code == SQLITE_ROW) {
        page->next = store_cursor_after(slice_text(page->entries[page->count - 1].name));
        return status_ok();
    }
    return code == SQLITE_DONE ? status_ok() : sqlite_file_failure(code);
}

static status check_ready(void *context, int64_t deadline_ms)
{
    SCOPED(give_back) struct turn turn = {0};
    TRY(take_reader(context, deadline_ms, &turn));
    TRY(check_identity(&turn));
    sqlite3_stmt *statement = turn.connection->statements[SQLITE_STORE_PROBE];
    const int code = sqlite3_step(statement);
    /* The record itself is read: an index would answer for a table that is damaged. */
    if (code == SQLITE_ROW && !sqlite3_column_blob(statement, 0)) {
        return sqlite_file_failure(sqlite3_errcode(turn.connection->database));
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? status_ok() : sqlite_file_failure(code);
}

/* ---- opening ---- */

static void close_connection(struct sqlite_connection *connection)
{
    for (size_t i = 0; i < SQLITE_STORE_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(connection->statements[i]);
    }
    (void)sqlite3_close(connection->database);
    *connection = (struct sqlite_connection){0};
}

static status open_connection(const char *path, struct sqlite_connection *connection)
{
    TRY(sqlite_file_open(path, &connection->database));
    TRY(sqlite_file_check_version(connection->database));
    TRY(sqlite_file_set_log(connection->database));
    for (size_t i = 0; i < SQLITE_STORE_STATEMENT_COUNT; i++) {
        const int code =
            sqlite3_prepare_v3(connection->database, statement_texts[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &connection->statements[i], NULL);
        if (code != SQLITE_OK) return sqlite_file_failure(code);
    }
    return status_ok();
}

static status open_connections(const char *path, struct sqlite_store *sqlite)
{
    TRY(sqlite_file_lock(path, &sqlite->lock_descriptor));
    sqlite->is_locked = true;
    TRY(open_connection(path, &sqlite->writer));
    TRY(sqlite_file_check_pages(sqlite->writer.database, path));
    for (size_t i = 0; i < SQLITE_STORE_READER_COUNT; i++) {
        TRY(open_connection(path, &sqlite->readers[i]));
    }
    return sqlite_file_identify(path, &sqlite->identity);
}

status sqlite_store_open(struct sqlite_store *sqlite, slice path)
{
    char text[SQLITE_STORE_PATH_SIZE_MAX + 1] = {0};
    REQUIRE(path.size >= 1 && path.size <= SQLITE_STORE_PATH_SIZE_MAX &&
                slice_index_of(path, '\0') == path.size,
            BAD_INPUT, "store: the file's path is empty or too long");
    memcpy(text, path.bytes, path.size);
    TRY(sqlite_file_prepare(text));
    *sqlite = (struct sqlite_store){.is_open = true};
    memcpy(sqlite->path, text, sizeof sqlite->path);
    (void)pthread_mutex_init(&sqlite->lock, NULL);
    (void)pthread_cond_init(&sqlite->returned, NULL);
    const status opened = open_connections(text, sqlite);
    if (!status_is_ok(opened)) sqlite_store_close(sqlite);
    return opened;
}

void sqlite_store_close(struct sqlite_store *sqlite)
{
    if (!sqlite->is_open) return;
    for (size_t i = 0; i < SQLITE_STORE_READER_COUNT; i++) close_connection(&sqlite->readers[i]);
    /* The last to close empties the log into the file. */
    close_connection(&sqlite->writer);
    if (sqlite->is_locked) (void)close(sqlite->lock_descriptor);
    (void)pthread_cond_destroy(&sqlite->returned);
    (void)pthread_mutex_destroy(&sqlite->lock);
    *sqlite = (struct sqlite_store){0};
}

struct store sqlite_store_port(struct sqlite_store *sqlite)
{
    static const struct store_operations operations = {
        .get = get,
        .find_by_address = find_by_address,
        .put_if_absent = put_if_absent,
        .replace_if_version = replace_if_version,
        .list = list,
        .check_ready = check_ready,
    };
    return (struct store){&operations, sqlite};
}
