#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "dev/stand.h"
#include "os/clock.h"
#include "os/flags.h"
#include "os/shutdown.h"

enum { WATCH_MS = 50, PARENT_FLAG_COUNT_MAX = 16 };

static const struct flag table[] = {
    {.name = "state",
     .value_name = "FOLDER",
     .environment = "ENW_STAND_STATE",
     .help = "where keys, accounts and logs are; kept from one run to the next"},
    {.name = "listen",
     .value_name = "ENDPOINT",
     .help = "where the API listens; port 8080 of this machine, or a free one"},
    {.name = "store",
     .value_name = "STORE",
     .help = "as enw-parent's --store; SQLite in the state folder"},
    {.name = "parent-flag",
     .shape = FLAG_REPEATED,
     .value_name = "FLAG",
     .help = "given to enw-parent as it is, \"--name=value\""},
    {.name = "verification",
     .value_name = "WORD",
     .help = "how the enclave verifies its signatures: twice, recover or off; twice"},
    {.name = "programs", .value_name = "FOLDER", .help = "where the other programs are"},
    {.name = "ready-file",
     .value_name = "FILE",
     .help = "written once everything runs: addresses as NAME=value lines"},
};

static const struct flags_program program = {
    .name = "enw-stand",
    .version = ENW_VERSION,
    .summary =
        "Runs the whole system on this computer, with stand-ins for AWS, until it is stopped.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

/* Installed programs lie side by side, built ones in their rooms beside each other. */
static const char *find_programs(const char *given, char *path, size_t size)
{
    if (given) return given;
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = '\0';
    char *folder = dirname(path);
    char *last = strrchr(folder, '/');
    if (last && strcmp(last, "/dev") == 0) *last = '\0';
    return folder;
}

static int run(const struct flags *flags, struct shutdown *shutdown)
{
    static struct stand stand;
    char programs[STAND_PATH_SIZE_MAX];
    const char *parent_flags[PARENT_FLAG_COUNT_MAX];
    const size_t given = flags_count(flags, "parent-flag");
    struct stand_settings settings = {
        .folder = flags_text(flags, "state"),
        .programs = find_programs(flags_text(flags, "programs"), programs, sizeof programs),
        .listen = flags_text(flags, "listen"),
        .store = flags_text(flags, "store"),
        .parent_flags = parent_flags,
        .verification = flags_text(flags, "verification"),
    };
    while (settings.parent_flag_count < given &&
           settings.parent_flag_count < PARENT_FLAG_COUNT_MAX) {
        parent_flags[settings.parent_flag_count] =
            flags_at(flags, "parent-flag", settings.parent_flag_count);
        settings.parent_flag_count++;
    }
    const char *ready_file = flags_text(flags, "ready-file");
    status result = stand_open(&settings, &stand);
    if (status_is_ok(result) && ready_file) result = stand_write_ready(&stand, ready_file);
    if (status_is_ok(result)) {
        stand_print(&stand);
        while (!shutdown_wait(shutdown, clock_deadline_ms(WATCH_MS))) stand_watch(&stand);
        printf("\nStopping.\n");
    } else {
        fprintf(stderr, "enw-stand: %s\n", status_message(result));
    }
    stand_close(&stand);
    return status_is_ok(result) ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct flags flags;
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return 2;
    }
    if (flags.outcome == FLAGS_DONE) return 0;
    const status opened = shutdown_open(&shutdown);
    if (!status_is_ok(opened)) {
        fprintf(stderr, "enw-stand: %s\n", status_message(opened));
        return 1;
    }
    return run(&flags, &shutdown);
}
