#include "proxy/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "runner.h"

enum { ARGUMENT_COUNT_MAX = 8 };

static const struct {
    const char *name;
    char *arguments[ARGUMENT_COUNT_MAX];
    const char *refusal;
    int64_t detail;
} rows[] = {
    {"one route", {"p", "--listener=unix:/a=h:1", "--allow=h:1"}, NULL, 0},
    {"path with an equals sign", {"p", "--listener=unix:/a=b=h:1", "--allow=h:1"}, NULL, 0},
    {"vsock", {"p", "--listener=vsock:3:8000=h:1", "--allow=h:1"}, NULL, 0},
    {"two routes, one destination",
     {"p", "--listener=unix:/a=h:1", "--listener=unix:/b=h:1", "--allow=h:1"},
     NULL,
     0},
    {"pinned",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--resolve=h:1=tcp:127.0.0.1:9"},
     NULL,
     0},
    {"no route", {"p", "--allow=h:1"}, "settings: at least one --listener is needed", 0},
    {"nothing allowed",
     {"p", "--listener=unix:/a=h:1"},
     "settings: the listener's destination is not on the allow list (--allow)",
     1},
    {"second route not allowed",
     {"p", "--listener=unix:/a=h:1", "--listener=unix:/b=h:2", "--allow=h:1"},
     "settings: the listener's destination is not on the allow list (--allow)",
     2},
    {"pinning does not allow",
     {"p", "--listener=unix:/a=h:1", "--allow=g:1", "--resolve=h:1=tcp:127.0.0.1:9"},
     "settings: the listener's destination is not on the allow list (--allow)",
     1},
    {"what a name is pinned to need not be allowed, but the name must",
     {"p", "--listener=unix:/a=g:1", "--allow=g:1", "--resolve=h:1=tcp:127.0.0.1:9"},
     "settings: --resolve is for no listener's destination",
     1},
    {"pinned to a path",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--resolve=h:1=unix:/x"},
     "settings: --resolve must lead to tcp:HOST:PORT",
     1},
    {"pinned to port 0",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--resolve=h:1=tcp:127.0.0.1:0"},
     "settings: --resolve must lead to tcp:HOST:PORT",
     1},
    {"no destination",
     {"p", "--listener=unix:/a", "--allow=h:1"},
     "settings: must have the form A=B",
     1},
    {"destination without a port",
     {"p", "--listener=unix:/a=h", "--allow=h:1"},
     "endpoint: port is missing",
     1},
    {"listener of no kind",
     {"p", "--listener=/a=h:1", "--allow=h:1"},
     "endpoint: must start with unix:, vsock:, hybrid: or tcp:",
     1},
    {"second entry wrong",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--allow=h"},
     "endpoint: port is missing",
     2},
    {"no connections",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--connections-max=0"},
     "flags: number is too small",
     0},
    {"most connections",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--connections-max=4096"},
     NULL,
     0},
    {"too many for both",
     {"p", "--listener=unix:/a=h:1", "--listener=unix:/b=h:1", "--allow=h:1",
      "--connections-max=2049"},
     "settings: too many connections for all listeners together",
     0},
    {"no idle time",
     {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--idle-s=0"},
     "flags: number is too small",
     0},
};

static status read_from(char *const *arguments, struct settings *settings)
{
    static struct flags flags;
    char *copies[ARGUMENT_COUNT_MAX];
    int count = 0;
    while (count < ARGUMENT_COUNT_MAX && arguments[count]) {
        copies[count] = arguments[count];
        count++;
    }
    TRY(flags_parse(&settings_program, count, copies, &flags));
    return settings_read(&flags, settings);
}

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct settings settings;
        runner_row(rows[i].name);
        const status got = read_from(rows[i].arguments, &settings);
        expect_outcome("read", got, rows[i].refusal);
        expect_u64("detail", (uint64_t)got.detail, (uint64_t)rows[i].detail);
    }
}

static void values(void)
{
    static struct settings settings;
    char *arguments[ARGUMENT_COUNT_MAX] = {"p",
                                           "--listener=unix:/a=H:1",
                                           "--listener=vsock:any:8000=g:2",
                                           "--allow=h:1",
                                           "--allow=g:2",
                                           "--resolve=g:2=tcp:127.0.0.1:9"};
    expect_ok("read", read_from(arguments, &settings));
    expect_u64("routes", settings.route_count, 2);
    expect_text("destination", slice_text(settings.routes[0].destination.host), "h");
    expect_text("as itself", slice_text(settings.routes[0].target.host), "h");
    expect_true("not pinned", !settings.routes[0].is_pinned);
    expect_text("still known as", slice_text(settings.routes[1].destination.host), "g");
    expect_text("pinned to", slice_text(settings.routes[1].target.host), "127.0.0.1");
    expect_true("pinned", settings.routes[1].is_pinned);
    expect_u64("connections", settings.connection_count_max, 256);
    expect_u64("idle", (uint64_t)settings.idle_ms_max, 300000);
    expect_u64("mode", settings.unix_mode, 0600);
    char *shared[ARGUMENT_COUNT_MAX] = {"p", "--listener=unix:/a=h:1", "--allow=h:1", "--shared",
                                        "--idle-s=2"};
    expect_ok("read", read_from(shared, &settings));
    expect_u64("mode", settings.unix_mode, 0660);
    expect_u64("idle", (uint64_t)settings.idle_ms_max, 2000);
}

static void allow_file(void)
{
    static struct settings settings;
    char path[64], flag[96];
    snprintf(path, sizeof path, "/tmp/enw-proxy-settings-test-%d", getpid());
    snprintf(flag, sizeof flag, "--allow-file=%s", path);
    char *arguments[ARGUMENT_COUNT_MAX] = {"p", "--listener=unix:/a=h:1", flag};
    expect_kind("absent", read_from(arguments, &settings), FAILURE_NOT_FOUND);
    expect_ok("write", file_write(path, slice_text("# ours\nh:1\n"), 0600));
    expect_ok("read", read_from(arguments, &settings));
    expect_ok("write", file_write(path, slice_text("g:1\n"), 0600));
    expect_kind("another", read_from(arguments, &settings), FAILURE_DENIED);
    unlink(path);
}

static void route_limit(void)
{
    static char texts[SETTINGS_ROUTE_COUNT_MAX + 1][40];
    static struct flags flags;
    static struct settings settings;
    char *arguments[SETTINGS_ROUTE_COUNT_MAX + 3] = {"p", "--allow=h:1"};
    for (size_t i = 0; i <= SETTINGS_ROUTE_COUNT_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "--listener=unix:/%zu=h:1", i);
        arguments[i + 2] = texts[i];
    }
    expect_ok("parse",
              flags_parse(&settings_program, SETTINGS_ROUTE_COUNT_MAX + 2, arguments, &flags));
    expect_ok("the most", settings_read(&flags, &settings));
    expect_ok("parse",
              flags_parse(&settings_program, SETTINGS_ROUTE_COUNT_MAX + 3, arguments, &flags));
    expect_refused("one more", settings_read(&flags, &settings), "settings: too many listeners");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"read rows", read_rows},
        {"values", values},
        {"allow file", allow_file},
        {"route limit", route_limit},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
