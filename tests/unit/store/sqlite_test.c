#include "store/sqlite.h"

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

#include "contract.h"
#include "os/clock.h"
#include "runner.h"

enum { PATH_SIZE_MAX = 512, KILL_COUNT = 12, KILLED_NAME_COUNT_MAX = 100000 };

static char folder[64];
static struct stored_account account, kept;

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

static status open_at(const char *name, struct sqlite_store *sqlite)
{
    return sqlite_store_open(sqlite, slice_text(path_of(name)));
}

/* Runs SQL on a file of any kind, as another program would. */
static void run_sql(const char *name, const char *sql)
{
    sqlite3 *database = NULL;
    expect_true("open", sqlite3_open(path_of(name), &database) == SQLITE_OK);
    expect_true("run", sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(database);
}

static void put_named(const struct store *store, const char *name)
{
    contract_account(name, &account);
    expect_ok("put", store_put_if_absent(store, &account, contract_deadline_ms()));
}

static void survives_closing(void)
{
    struct sqlite_store sqlite = {0};
    struct stat found;
    expect_ok("make", open_at("survives", &sqlite));
    struct store store = sqlite_store_port(&sqlite);
    put_named(&store, "one");
    expect_true("made", stat(path_of("survives"), &found) == 0);
    expect_u64("mode", found.st_mode & 07777, 0600);
    expect_true("has a log", stat(path_of("survives-wal"), &found) == 0);
    expect_u64("mode of the log", found.st_mode & 07777, 0600);
    sqlite_store_close(&sqlite);
    sqlite_store_close(&sqlite);
    expect_true("log is gone", stat(path_of("survives-wal"), &found) != 0);
    expect_ok("open again", open_at("survives", &sqlite));
    store = sqlite_store_port(&sqlite);
    expect_ok("get", store_get(&store, slice_text("one"), contract_deadline_ms(), &kept));
    expect_true("same", stored_account_is_equal(&kept, &account));
    sqlite_store_close(&sqlite);
}

/* The pragmas that make an acknowledged write durable, as another connection sees the file. */
static void is_in_wal_mode(void)
{
    struct sqlite_store sqlite = {0};
    sqlite3_stmt *statement = NULL;
    expect_ok("make", open_at("wal", &sqlite));
    sqlite3 *const database = sqlite.writer.database;
    sqlite3_prepare_v2(database, "PRAGMA journal_mode", -1, &statement, NULL);
    expect_true("row", sqlite3_step(statement) == SQLITE_ROW);
    expect_text("mode", slice_text((const char *)sqlite3_column_text(statement, 0)), "wal");
    sqlite3_finalize(statement);
    sqlite3_prepare_v2(database, "PRAGMA synchronous", -1, &statement, NULL);
    expect_true("row", sqlite3_step(statement) == SQLITE_ROW);
    expect_u64("synchronous FULL", (uint64_t)sqlite3_column_int(statement, 0), 2);
    sqlite3_finalize(statement);
    sqlite_store_close(&sqlite);
}

static void paths(void)
{
    struct sqlite_store sqlite = {0};
    char path[SQLITE_STORE_PATH_SIZE_MAX + 1];
    memset(path, '/', sizeof path);
    expect_kind("empty", sqlite_store_open(&sqlite, slice_text("")), FAILURE_BAD_INPUT);
    expect_kind("NUL", sqlite_store_open(&sqlite, slice_of("/tmp/a\0b", 8)), FAILURE_BAD_INPUT);
    expect_kind("too long", sqlite_store_open(&sqlite, slice_of(path, sizeof path)),
                FAILURE_BAD_INPUT);
    expect_kind("longest", sqlite_store_open(&sqlite, slice_of(path, sizeof path - 1)),
                FAILURE_DENIED);
}

/* What a disk that lies, or a person with an editor, may have left. */
static void damaged_rows_are_corrupt(void)
{
    static const struct {
        const char *name, *sql;
    } rows[] = {
        {"address", "UPDATE account SET address = 'x'"},
        {"address's case", "UPDATE account SET address = upper(address)"},
        {"key id", "UPDATE account SET key_id = ''"},
        {"creation time", "UPDATE account SET created_at = created_at || char(10)"},
        {"long key id", "UPDATE account SET key_id = hex(zeroblob(129))"},
        {"record",
         "PRAGMA ignore_check_constraints = 1; UPDATE account SET record = zeroblob(32769)"},
        {"proof",
         "PRAGMA ignore_check_constraints = 1; UPDATE account SET proof = zeroblob(16385)"},
        {"version", "PRAGMA ignore_check_constraints = 1; UPDATE account SET version = 0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sqlite_store sqlite = {0};
        struct stored_entry entry;
        struct store_page page = {.entries = &entry, .count_max = 1};
        runner_row(rows[i].name);
        (void)unlink(path_of("rows"));
        expect_ok("make", open_at("rows", &sqlite));
        struct store store = sqlite_store_port(&sqlite);
        put_named(&store, "one");
        sqlite_store_close(&sqlite);
        run_sql("rows", rows[i].sql);
        expect_ok("open", open_at("rows", &sqlite));
        store = sqlite_store_port(&sqlite);
        expect_kind("get", store_get(&store, slice_text("one"), contract_deadline_ms(), &kept),
                    FAILURE_CORRUPT);
        if (i < 5) {
            expect_kind("list", store_list(&store, slice_text(""), contract_deadline_ms(), &page),
                        FAILURE_CORRUPT);
        }
        sqlite_store_close(&sqlite);
    }
}

static void damaged_pages_are_corrupt(void)
{
    struct sqlite_store sqlite = {0};
    uint8_t noise[8192];
    expect_ok("make", open_at("pages", &sqlite));
    struct store store = sqlite_store_port(&sqlite);
    for (size_t i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%zu", i);
        put_named(&store, name);
    }
    sqlite_store_close(&sqlite);
    runner_random(noise, sizeof noise);
    const int descriptor = open(path_of("pages"), O_WRONLY);
    for (off_t at = 4096; at < 60000; at += 8192) {
        expect_true("damage", pwrite(descriptor, noise, sizeof noise, at) == (ssize_t)sizeof noise);
    }
    (void)close(descriptor);
    const status opened = open_at("pages", &sqlite);
    if (!status_is_ok(opened)) {
        expect_kind("open", opened, FAILURE_CORRUPT);
        return;
    }
    store = sqlite_store_port(&sqlite);
    expect_kind("get", store_get(&store, slice_text("n7"), contract_deadline_ms(), &kept),
                FAILURE_CORRUPT);
    sqlite_store_close(&sqlite);
}

/* Another process's lock is waited for until the deadline, and no longer. */
static void locked_by_another(void)
{
    struct sqlite_store sqlite = {0};
    sqlite3 *database = NULL;
    expect_ok("make", open_at("locked", &sqlite));
    const struct store store = sqlite_store_port(&sqlite);
    put_named(&store, "before");
    expect_true("open", sqlite3_open(path_of("locked"), &database) == SQLITE_OK);
    expect_true("lock", sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
    contract_account("blocked", &account);
    const int64_t start_ms = clock_monotonic_ms();
    const status late = store_put_if_absent(&store, &account, start_ms + 300);
    const int64_t took_ms = clock_monotonic_ms() - start_ms;
    expect_refused("put", late, "store: the file is locked by others");
    expect_true("waited for it", took_ms >= 200);
    expect_true("no longer than the deadline", took_ms < 20000);
    expect_ok("reading goes on",
              store_get(&store, slice_text("before"), contract_deadline_ms(), &kept));
    expect_true("unlock", sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(database);
    expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
    sqlite_store_close(&sqlite);
}

/* Puts accounts forever and writes each acknowledged name's number to `out`. */
static void write_until_killed(uint32_t start, int out)
{
    struct sqlite_store sqlite = {0};
    if (!status_is_ok(open_at("killed", &sqlite))) _exit(3);
    const struct store store = sqlite_store_port(&sqlite);
    for (uint32_t number = start; number < KILLED_NAME_COUNT_MAX; number++) {
        char name[16];
        snprintf(name, sizeof name, "k%u", number);
        contract_account(name, &account);
        /* Each child starts with the same random state: the address comes from the number. */
        snprintf(account.address, sizeof account.address, "0x%040x", number);
        /* The record tells the number too, so that a row is known to be whole. */
        account.record_size = 1 + number % 5000;
        memset(account.record, (int)(number & 0xff), account.record_size);
        if (!status_is_ok(store_put_if_absent(&store, &account, contract_deadline_ms()))) _exit(4);
        if (write(out, &number, sizeof number) != sizeof number) _exit(5);
    }
    _exit(6);
}

/* Starts the child, lets it live for `life_ms`, kills it; returns how many it had acknowledged. */
static uint32_t kill_one(uint32_t start, int64_t life_ms)
{
    int pipes[2];
    uint32_t number, count = start;
    expect_true("pipe", pipe(pipes) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)close(pipes[0]);
        write_until_killed(start, pipes[1]);
    }
    (void)close(pipes[1]);
    /* Life is counted from the first acknowledged row, so that each round writes some. */
    if (read(pipes[0], &number, sizeof number) == sizeof number) count = number + 1;
    (void)nanosleep(&(struct timespec){.tv_nsec = life_ms * 1000 * 1000}, NULL);
    (void)kill(child, SIGKILL);
    while (read(pipes[0], &number, sizeof number) == sizeof number) count = number + 1;
    (void)close(pipes[0]);
    int ended = 0;
    (void)waitpid(child, &ended, 0);
    expect_true("was killed", WIFSIGNALED(ended));
    expect_true("wrote something", count > start);
    return count;
}

static void expect_whole(const struct store *store, uint32_t number)
{
    char name[16];
    snprintf(name, sizeof name, "k%u", number);
    runner_row_at("acknowledged row", number);
    const status got = store_get(store, slice_text(name), contract_deadline_ms(), &kept);
    if (!expect_ok("get", got)) return;
    expect_u64("record size", kept.record_size, 1 + number % 5000);
    expect_u64("record", kept.record[kept.record_size - 1], number & 0xff);
}

static void killed_while_writing(void)
{
    uint32_t count = 0;
    for (size_t round = 0; round < KILL_COUNT; round++) {
        struct sqlite_store sqlite = {0};
        const uint32_t start = count;
        runner_row_at("round", round);
        count = kill_one(start, 1 + (int64_t)(runner_random_u64() % 60));
        if (!expect_ok("opens", open_at("killed", &sqlite))) return;
        const struct store store = sqlite_store_port(&sqlite);
        for (uint32_t number = round == KILL_COUNT - 1 ? 0 : start; number < count; number++) {
            expect_whole(&store, number);
        }
        /* The row under way when the child died may be there, whole, or not. */
        char name[16];
        snprintf(name, sizeof name, "k%u", count);
        const status last = store_get(&store, slice_text(name), contract_deadline_ms(), &kept);
        if (status_is_ok(last)) expect_whole(&store, count++);
        else expect_kind("unacknowledged row", last, FAILURE_NOT_FOUND);
        sqlite_store_close(&sqlite);
    }
}

/* Several processes are started on one new file: exactly one of them serves from it. */
static void processes_race(void)
{
    enum { PROCESS_COUNT = 6 };
    pid_t children[PROCESS_COUNT];
    int pipes[2];
    size_t won = 0, lost = 0;
    char byte;
    const int64_t start_ms = clock_monotonic_ms() + 100;
    expect_true("pipe", pipe(pipes) == 0);
    for (size_t i = 0; i < PROCESS_COUNT; i++) {
        children[i] = fork();
        if (children[i] != 0) continue;
        struct sqlite_store sqlite = {0};
        (void)close(pipes[1]);
        while (clock_monotonic_ms() < start_ms) continue;
        const status opened = open_at("raced", &sqlite);
        if (status_is(opened, FAILURE_DENIED)) _exit(2);
        if (!status_is_ok(opened)) _exit(9);
        const struct store store = sqlite_store_port(&sqlite);
        contract_account("prize", &account);
        const status result = store_put_if_absent(&store, &account, contract_deadline_ms());
        /* Serves until the others have ended. */
        if (read(pipes[0], &byte, 1) != 0) _exit(7);
        _exit(status_is_ok(result) ? 1 : 8);
    }
    (void)close(pipes[0]);
    for (size_t ended_count = 0; ended_count < PROCESS_COUNT; ended_count++) {
        int ended = 0;
        if (ended_count == PROCESS_COUNT - 1) (void)close(pipes[1]);
        (void)wait(&ended);
        const int code = WIFEXITED(ended) ? WEXITSTATUS(ended) : 99;
        won += code == 1;
        lost += code == 2;
    }
    expect_u64("won", won, 1);
    expect_u64("lost", lost, PROCESS_COUNT - 1);
}

static void one_at_a_time(void)
{
    struct sqlite_store first = {0}, second = {0};
    expect_ok("first", open_at("single", &first));
    expect_refused("second", open_at("single", &second),
                   "store: another process serves from this file; only one may");
    const struct store store = sqlite_store_port(&first);
    put_named(&store, "one");
    sqlite_store_close(&first);
    expect_ok("after it", open_at("single", &second));
    sqlite_store_close(&second);
}

/* What VACUUM INTO makes is in rollback mode. */
static void other_modes_become_wal(void)
{
    struct sqlite_store sqlite = {0};
    struct stat found;
    expect_ok("make", open_at("rollback", &sqlite));
    sqlite_store_close(&sqlite);
    run_sql("rollback", "PRAGMA journal_mode = DELETE");
    expect_ok("open", open_at("rollback", &sqlite));
    const struct store store = sqlite_store_port(&sqlite);
    put_named(&store, "one");
    expect_true("has a log", stat(path_of("rollback-wal"), &found) == 0);
    sqlite_store_close(&sqlite);
}

static void move(const char *from, const char *to)
{
    char old[PATH_SIZE_MAX];
    snprintf(old, sizeof old, "%s", path_of(from));
    expect_true("move", rename(old, path_of(to)) == 0);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[64 * 1024];
    const int source = open(path_of(from), O_RDONLY);
    const int target = open(path_of(to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t size; (size = read(source, bytes, sizeof bytes)) > 0;) {
        expect_true("copy", write(target, bytes, (size_t)size) == size);
    }
    (void)close(source);
    (void)close(target);
}

static void delete_all(void)
{
    (void)unlink(path_of("lost"));
    (void)unlink(path_of("lost-wal"));
    (void)unlink(path_of("lost-shm"));
}
static void delete_file(void)
{
    (void)unlink(path_of("lost"));
}
static void delete_log(void)
{
    (void)unlink(path_of("lost-wal"));
}
static void move_file(void)
{
    move("lost", "elsewhere");
}
static void replace_file(void)
{
    copy_file("lost", "restored");
    move("restored", "lost");
}
static void replace_log(void)
{
    copy_file("lost-wal", "restored");
    move("restored", "lost-wal");
}

static void lost_files(void)
{
    static const char sentence[] =
        "store: the file or its log was moved, deleted or replaced while it is in use";
    static const struct {
        const char *name;
        void (*lose)(void);
    } rows[] = {
        {"all deleted", delete_all}, {"file deleted", delete_file},   {"log deleted", delete_log},
        {"file moved", move_file},   {"file replaced", replace_file}, {"log replaced", replace_log},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sqlite_store sqlite = {0};
        runner_row(rows[i].name);
        delete_all();
        expect_ok("make", open_at("lost", &sqlite));
        const struct store store = sqlite_store_port(&sqlite);
        put_named(&store, "before");
        expect_ok("ready", store_check_ready(&store, contract_deadline_ms()));
        rows[i].lose();
        contract_account("after", &account);
        expect_refused("put", store_put_if_absent(&store, &account, contract_deadline_ms()),
                       sentence);
        expect_kind("not there",
                    store_get(&store, slice_text("after"), contract_deadline_ms(), &kept),
                    FAILURE_NOT_FOUND);
        expect_ok("read", store_get(&store, slice_text("before"), contract_deadline_ms(), &kept));
        kept.version++;
        expect_refused("replace",
                       store_replace_if_version(&store, &kept, 1, contract_deadline_ms()),
                       sentence);
        expect_refused("ready", store_check_ready(&store, contract_deadline_ms()), sentence);
        sqlite_store_close(&sqlite);
    }
}

/* Deleted between the look before the write and the one after it. */
static void delete_on_commit(void *context, int operation, const char *database, const char *table,
                             sqlite3_int64 row)
{
    (void)context, (void)operation, (void)database, (void)table, (void)row;
    (void)unlink(path_of("during"));
}

static void lost_during_a_write(void)
{
    struct sqlite_store sqlite = {0};
    expect_ok("make", open_at("during", &sqlite));
    const struct store store = sqlite_store_port(&sqlite);
    (void)sqlite3_update_hook(sqlite.writer.database, delete_on_commit, NULL);
    contract_account("one", &account);
    expect_refused("put", store_put_if_absent(&store, &account, contract_deadline_ms()),
                   "store: the file or its log was moved, deleted or replaced while it is in use");
    sqlite_store_close(&sqlite);
}

static void log_without_its_file(void)
{
    static const char *const names[] = {"gone-wal", "gone-journal"};
    struct sqlite_store sqlite = {0};
    struct stat found;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        runner_row(names[i]);
        const int descriptor = open(path_of(names[i]), O_WRONLY | O_CREAT, 0600);
        expect_true("log", descriptor >= 0);
        (void)close(descriptor);
        expect_refused("open", open_at("gone", &sqlite),
                       "store: the file is gone but its -wal or -journal is left; "
                       "put the file back or move that away");
        expect_true("nothing is made", stat(path_of("gone"), &found) != 0);
        (void)unlink(path_of(names[i]));
    }
}

/* The table's first page, while the indexes are well. */
static void damaged_table_is_not_ready(void)
{
    struct sqlite_store sqlite = {0};
    sqlite3_stmt *statement = NULL;
    uint8_t noise[4096];
    expect_ok("make", open_at("table", &sqlite));
    struct store store = sqlite_store_port(&sqlite);
    put_named(&store, "one");
    sqlite3_prepare_v2(sqlite.writer.database,
                       "SELECT rootpage FROM sqlite_master WHERE name = 'account'", -1, &statement,
                       NULL);
    expect_true("row", sqlite3_step(statement) == SQLITE_ROW);
    const off_t page = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite_store_close(&sqlite);
    expect_ok("open", open_at("table", &sqlite));
    store = sqlite_store_port(&sqlite);
    memset(noise, 0xa5, sizeof noise);
    const int descriptor = open(path_of("table"), O_WRONLY);
    expect_true("damage",
                pwrite(descriptor, noise, sizeof noise, (page - 1) * 4096) == sizeof noise);
    expect_kind("ready", store_check_ready(&store, contract_deadline_ms()), FAILURE_CORRUPT);
    sqlite_store_close(&sqlite);
    (void)close(descriptor);
    expect_refused("start", open_at("table", &sqlite), "store: the file is damaged");
}

int main(int argc, char **argv)
{
    static struct runner_test tests[CONTRACT_TEST_COUNT_MAX] = {
        {"survives closing", survives_closing},
        {"is in WAL mode", is_in_wal_mode},
        {"paths", paths},
        {"damaged rows are corrupt", damaged_rows_are_corrupt},
        {"damaged pages are corrupt", damaged_pages_are_corrupt},
        {"locked by another", locked_by_another},
        {"killed while writing", killed_while_writing},
        {"processes race", processes_race},
        {"one at a time", one_at_a_time},
        {"other modes become WAL", other_modes_become_wal},
        {"lost files", lost_files},
        {"lost during a write", lost_during_a_write},
        {"log without its file", log_without_its_file},
        {"damaged table is not ready", damaged_table_is_not_ready},
    };
    static struct sqlite_store sqlite;
    static struct contract_subject subject;
    snprintf(folder, sizeof folder, "/tmp/enw-sqlite-test-XXXXXX");
    if (!mkdtemp(folder)) return 2;
    if (!status_is_ok(open_at("contract", &sqlite))) return 2;
    subject = (struct contract_subject){
        .store = sqlite_store_port(&sqlite), .has_unique_addresses = true, .account_count = 1100};
    contract_use(&subject);
    const int code = runner_main(argc, argv, __FILE__, tests, contract_tests(tests, 14));
    sqlite_store_close(&sqlite);
    remove_folder();
    return code;
}
