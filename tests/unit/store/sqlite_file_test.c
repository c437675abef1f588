#include "store/sqlite_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"

enum { PATH_SIZE_MAX = 512 };

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[PATH_SIZE_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void remove_folder(void)
{
    DIR *opened = opendir(folder);
    for (struct dirent *found; opened && (found = readdir(opened));) {
        if (found->d_name[0] != '.') (void)unlink(path_of(found->d_name));
    }
    if (opened) closedir(opened);
    (void)rmdir(folder);
}

static status prepare(const char *name)
{
    return sqlite_file_prepare(path_of(name));
}

static void close_database(sqlite3 **database)
{
    (void)sqlite3_close(*database);
    *database = NULL;
}

/* Opens a prepared file and checks its version, as the store does. */
static status open_prepared(const char *name)
{
    SCOPED(close_database) sqlite3 *database = NULL;
    TRY(prepare(name));
    TRY(sqlite_file_open(path_of(name), &database));
    return sqlite_file_check_version(database);
}

static void write_file(const char *name, slice bytes, unsigned mode)
{
    const int descriptor = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
    expect_true("write", write(descriptor, bytes.bytes, bytes.size) == (ssize_t)bytes.size);
    (void)fchmod(descriptor, (mode_t)mode);
    (void)close(descriptor);
}

/* Runs SQL on a file of any kind, as another program would. */
static void run_sql(const char *name, const char *sql)
{
    sqlite3 *database = NULL;
    expect_true("open", sqlite3_open(path_of(name), &database) == SQLITE_OK);
    expect_true("run", sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(database);
}

static void umask_does_not_matter(void)
{
    struct stat found;
    const mode_t before = umask(0);
    expect_ok("make", prepare("umask"));
    (void)umask(before);
    expect_true("made", stat(path_of("umask"), &found) == 0);
    expect_u64("mode", found.st_mode & 07777, 0600);
}

static void no_scraps_are_left(void)
{
    expect_ok("make", prepare("scraps"));
    DIR *opened = opendir(folder);
    for (struct dirent *found; (found = readdir(opened));) {
        if (strncmp(found->d_name, "scraps", 6) != 0) continue;
        expect_text("only the file", slice_text(found->d_name), "scraps");
    }
    closedir(opened);
}

static void expect_file_refused(const char *name, enum failure_kind kind, const char *sentence)
{
    struct stat before = {0}, after = {0};
    (void)stat(path_of(name), &before);
    const status opened = prepare(name);
    expect_kind("kind", opened, kind);
    expect_refused("sentence", opened, sentence);
    (void)stat(path_of(name), &after);
    expect_true("unchanged", before.st_size == after.st_size && before.st_ino == after.st_ino &&
                                 before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
}

static void strange_files_are_refused(void)
{
    static const char not_ours[] = "store: the file is not an enclave-wallet store";
    uint8_t zeros[4096] = {0};
    runner_row("empty");
    write_file("empty", slice_text(""), 0600);
    expect_file_refused("empty", FAILURE_CORRUPT, not_ours);
    runner_row("text");
    write_file("text", slice_text("{\"accounts\": []}"), 0600);
    expect_file_refused("text", FAILURE_CORRUPT, not_ours);
    runner_row("zeros");
    write_file("zeros", slice_of(zeros, sizeof zeros), 0600);
    expect_file_refused("zeros", FAILURE_CORRUPT, not_ours);
    runner_row("another program's database");
    run_sql("strange", "CREATE TABLE account (name TEXT); PRAGMA user_version = 1;");
    (void)chmod(path_of("strange"), 0600);
    expect_file_refused("strange", FAILURE_CORRUPT, not_ours);
    runner_row("another program's database with a log");
    run_sql("logged", "PRAGMA journal_mode = WAL; CREATE TABLE account (name TEXT);");
    (void)chmod(path_of("logged"), 0600);
    expect_file_refused("logged", FAILURE_CORRUPT, not_ours);
    runner_row("folder");
    (void)mkdir(path_of("folder"), 0700);
    expect_file_refused("folder", FAILURE_DENIED, "store: the file is not a regular file");
    (void)rmdir(path_of("folder"));
    runner_row("no folder");
    expect_kind("kind", prepare("none/file"), FAILURE_UNAVAILABLE);
}

static void modes(void)
{
    static const struct {
        unsigned mode;
        bool is_fine;
    } rows[] = {{0600, true},  {0700, true},  {0640, false}, {0604, false},
                {0620, false}, {0602, false}, {0601, false}, {0610, false}};
    expect_ok("make", prepare("modes"));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("mode", rows[i].mode);
        (void)chmod(path_of("modes"), (mode_t)rows[i].mode);
        const char *sentence =
            rows[i].is_fine ? NULL : "store: others may use the file; its mode must be 0600";
        expect_outcome("open", prepare("modes"), sentence);
    }
}

static void schema_versions(void)
{
    for (int version = 0; version <= 2; version++) {
        char sql[64];
        runner_row_at("version", (size_t)version);
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
        (void)unlink(path_of("version"));
        expect_ok("make", prepare("version"));
        run_sql("version", sql);
        const status opened = open_prepared("version");
        if (version == 1) expect_ok("known", opened);
        else expect_kind("unknown", opened, FAILURE_CORRUPT);
    }
}

/* A file being made by a killed process is there whole or not at all. */
static void killed_while_making(void)
{
    for (long delay_us = 0; delay_us < 8000; delay_us += 250) {
        runner_row_at("delay in us", (size_t)delay_us);
        (void)unlink(path_of("making"));
        (void)unlink(path_of("making-wal"));
        (void)unlink(path_of("making-shm"));
        const pid_t child = fork();
        if (child == 0) _exit(status_is_ok(prepare("making")) ? 0 : 1);
        (void)nanosleep(&(struct timespec){.tv_nsec = delay_us * 1000}, NULL);
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        expect_ok("opens", open_prepared("making"));
    }
}

/* The detail tells SQLite's own code, and the kind what a caller can do. */
static void result_codes(void)
{
    static const struct {
        int code;
        enum failure_kind kind;
    } rows[] = {
        {SQLITE_BUSY, FAILURE_UNAVAILABLE},          {SQLITE_BUSY_SNAPSHOT, FAILURE_UNAVAILABLE},
        {SQLITE_LOCKED, FAILURE_UNAVAILABLE},        {SQLITE_FULL, FAILURE_UNAVAILABLE},
        {SQLITE_NOMEM, FAILURE_UNAVAILABLE},         {SQLITE_IOERR_FSYNC, FAILURE_UNAVAILABLE},
        {SQLITE_CANTOPEN, FAILURE_UNAVAILABLE},      {SQLITE_READONLY, FAILURE_UNAVAILABLE},
        {SQLITE_PERM, FAILURE_UNAVAILABLE},          {SQLITE_CORRUPT, FAILURE_CORRUPT},
        {SQLITE_CORRUPT_INDEX, FAILURE_CORRUPT},     {SQLITE_NOTADB, FAILURE_CORRUPT},
        {SQLITE_CONSTRAINT_CHECK, FAILURE_INTERNAL}, {SQLITE_MISUSE, FAILURE_INTERNAL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("code", (size_t)rows[i].code);
        const status failure = sqlite_file_failure(rows[i].code);
        expect_kind("kind", failure, rows[i].kind);
        expect_u64("detail", (uint64_t)failure.detail, (uint64_t)rows[i].code);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"umask does not matter", umask_does_not_matter},
        {"no scraps are left", no_scraps_are_left},
        {"strange files are refused", strange_files_are_refused},
        {"modes", modes},
        {"schema versions", schema_versions},
        {"killed while making", killed_while_making},
        {"result codes", result_codes},
    };
    snprintf(folder, sizeof folder, "/tmp/enw-sqlite-file-XXXXXX");
    if (!mkdtemp(folder)) return 2;
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    remove_folder();
    return code;
}
