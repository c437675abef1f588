/*
 * Writing an account into SQLite, with every step of the file system made to fail in turn, once or
 * from then on (which is what a machine that loses its power looks like to the file). Afterwards,
 * when the file is opened again, the account is there whole or not at all; it is there when its
 * writer was told so; and one that was there before has not changed.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"
#include "store/sqlite.h"

enum { CALL_MS = 5000, STEP_COUNT_MAX = 200 };

/* A layer over the file system that SQLite uses by default. */
static struct {
    sqlite3_vfs vfs, *below;
    sqlite3_io_methods methods;
    uint64_t count, at; /* at 0: nothing fails */
    bool is_for_good;   /* all steps from `at` on fail */
} layer;

struct layer_file {
    sqlite3_file base;
    sqlite3_file *below;
};

static bool step_fails(void)
{
    layer.count++;
    if (layer.at == 0) return false;
    return layer.is_for_good ? layer.count >= layer.at : layer.count == layer.at;
}

static sqlite3_file *below(sqlite3_file *file)
{
    return ((struct layer_file *)file)->below;
}

static int file_close(sqlite3_file *file)
{
    return below(file)->pMethods->xClose(below(file));
}

static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    if (step_fails()) return SQLITE_IOERR_READ;
    return below(file)->pMethods->xRead(below(file), bytes, size, offset);
}

/* A failed write leaves half of its bytes behind. */
static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    if (!step_fails()) return below(file)->pMethods->xWrite(below(file), bytes, size, offset);
    if (layer.count == layer.at) {
        below(file)->pMethods->xWrite(below(file), bytes, size / 2, offset);
    }
    return SQLITE_FULL;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (step_fails()) return SQLITE_IOERR_TRUNCATE;
    return below(file)->pMethods->xTruncate(below(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (step_fails()) return SQLITE_IOERR_FSYNC;
    return below(file)->pMethods->xSync(below(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    if (step_fails()) return SQLITE_IOERR_FSTAT;
    return below(file)->pMethods->xFileSize(below(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    if (step_fails()) return SQLITE_IOERR_LOCK;
    return below(file)->pMethods->xLock(below(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return below(file)->pMethods->xUnlock(below(file), level);
}

static int file_check_lock(sqlite3_file *file, int *is_locked)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), is_locked);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    if (step_fails()) return SQLITE_IOERR_SHMMAP;
    return below(file)->pMethods->xShmMap(below(file), page, size, extend, memory);
}

static int file_map_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

static void file_map_barrier(sqlite3_file *file)
{
    below(file)->pMethods->xShmBarrier(below(file));
}

static int file_unmap(sqlite3_file *file, int is_delete)
{
    return below(file)->pMethods->xShmUnmap(below(file), is_delete);
}

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct layer_file *opened = (struct layer_file *)file;
    (void)vfs;
    opened->base.pMethods = NULL;
    opened->below = (sqlite3_file *)(opened + 1);
    if (step_fails()) return SQLITE_CANTOPEN;
    const int result = layer.below->xOpen(layer.below, name, opened->below, flags, out);
    if (opened->below->pMethods) opened->base.pMethods = &layer.methods;
    return result;
}

static void layer_install(void)
{
    layer.below = sqlite3_vfs_find(NULL);
    layer.vfs = *layer.below;
    layer.vfs.zName = "faults";
    layer.vfs.szOsFile = (int)sizeof(struct layer_file) + layer.below->szOsFile;
    layer.vfs.xOpen = layer_open;
    layer.methods = (sqlite3_io_methods){
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_lock,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
        .xShmMap = file_map,
        .xShmLock = file_map_lock,
        .xShmBarrier = file_map_barrier,
        .xShmUnmap = file_unmap,
    };
    sqlite3_vfs_register(&layer.vfs, 1);
}

static char folder[64], path[96];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/enw-store-fault.XXXXXX");
    expect_true("folder", mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/accounts.sqlite", folder);
}

static void remove_file(const char *ending)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", path, ending);
    unlink(name);
}

static void remove_store(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) remove_file(endings[i]);
}

static void fill(struct stored_account *account, const char *name, uint8_t filling)
{
    memset(account, 0, sizeof *account);
    snprintf(account->name, sizeof account->name, "%s", name);
    snprintf(account->address, sizeof account->address, "0x%040x", filling);
    snprintf(account->key_id, sizeof account->key_id, "arn:aws:kms:eu-west-1:111122223333:key/1");
    snprintf(account->created_at, sizeof account->created_at, "2026-01-02T03:04:05Z");
    account->version = 1;
    account->record_size = 6000; /* more than a page */
    memset(account->record, filling, account->record_size);
}

static struct stored_account before, added, found;

/* Opens the store and writes; true when the writer was told that it is there. */
static bool write_account(void)
{
    SCOPED(sqlite_store_close) struct sqlite_store sqlite = {0};
    if (!status_is_ok(sqlite_store_open(&sqlite, slice_text(path)))) return false;
    const struct store store = sqlite_store_port(&sqlite);
    const status written = store_put_if_absent(&store, &added, clock_deadline_ms(CALL_MS));
    if (status_is_ok(written)) return true;
    expect_true("fails as it should", status_is(written, FAILURE_UNAVAILABLE) ||
                                          status_is(written, FAILURE_CORRUPT) ||
                                          status_is(written, FAILURE_INTERNAL));
    return false;
}

static void make_store(void)
{
    SCOPED(sqlite_store_close) struct sqlite_store sqlite = {0};
    remove_store();
    if (!expect_ok("open", sqlite_store_open(&sqlite, slice_text(path)))) return;
    const struct store store = sqlite_store_port(&sqlite);
    expect_ok("first account", store_put_if_absent(&store, &before, clock_deadline_ms(CALL_MS)));
}

static void check_store(bool is_told)
{
    SCOPED(sqlite_store_close) struct sqlite_store sqlite = {0};
    if (!expect_ok("opens again", sqlite_store_open(&sqlite, slice_text(path)))) return;
    const struct store store = sqlite_store_port(&sqlite);
    const int64_t deadline_ms = clock_deadline_ms(CALL_MS);
    expect_ok("the first account is there",
              store_get(&store, slice_text("before"), deadline_ms, &found));
    expect_true("unchanged", stored_account_is_equal(&found, &before));
    const status got = store_get(&store, slice_text("added"), deadline_ms, &found);
    if (status_is_ok(got)) {
        expect_true("whole", stored_account_is_equal(&found, &added));
        expect_kind("its name is taken", store_put_if_absent(&store, &added, deadline_ms),
                    FAILURE_CONFLICT);
        return;
    }
    expect_kind("not at all", got, FAILURE_NOT_FOUND);
    expect_true("and nobody was told that it is", !is_told);
    expect_ok("so it can be made", store_put_if_absent(&store, &added, deadline_ms));
}

static void every_step(bool is_for_good)
{
    make_folder();
    fill(&before, "before", 1);
    fill(&added, "added", 2);
    make_store();
    layer.at = 0;
    layer.count = 0;
    expect_true("without faults", write_account());
    const uint64_t step_count = layer.count;
    expect_true("few enough steps to try them all", step_count > 0 && step_count < STEP_COUNT_MAX);
    for (uint64_t at = 1; at <= step_count + 1; at++) {
        runner_row_at(is_for_good ? "everything from step" : "step", (size_t)at);
        make_store();
        layer.count = 0;
        layer.is_for_good = is_for_good;
        layer.at = at;
        const bool is_told = write_account();
        layer.at = 0;
        check_store(is_told);
    }
    printf("%llu steps\n", (unsigned long long)step_count);
    remove_store();
    rmdir(folder);
}

static void one_step_fails(void)
{
    every_step(false);
}

static void everything_fails_from_a_step_on(void)
{
    every_step(true);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"one step fails", one_step_fails},
        {"everything fails from a step on", everything_fails_from_a_step_on},
    };
    layer_install();
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
