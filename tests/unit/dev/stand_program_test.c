#include "dev/stand_program.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "runner.h"

static struct log log_of_test;
static char folder[64], ready_path[128], control_text[128];

static slice operation_of(const struct http_request *request)
{
    return request->target;
}

static void answer(void *context, const struct stand_exchange *exchange,
                   struct http_response *response)
{
    (void)context;
    (void)exchange;
    *response = (struct http_response){.code = 200};
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/enw-program-%d", (int)getpid());
    snprintf(ready_path, sizeof ready_path, "%s/ready", folder);
    snprintf(control_text, sizeof control_text, "unix:%s/control", folder);
    expect_ok("folder", file_make_folder(folder));
}

static struct stand_program program_of(const char *listen)
{
    return (struct stand_program){.listen = listen,
                                  .control = control_text,
                                  .ready_file = ready_path,
                                  .service = {NULL, operation_of, answer},
                                  .log = &log_of_test};
}

static void runs_until_told(void)
{
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    char text[128] = {0};
    struct builder builder;
    make_folder();
    const struct stand_program program = program_of("tcp:127.0.0.1:0");
    expect_ok("shutdown", shutdown_open(&shutdown));
    raise(SIGTERM);
    expect_ok("run", stand_program_run(&program, &shutdown));
    builder_init(&builder, text, sizeof text - 1);
    expect_ok("ready file", file_put(ready_path, &builder));
    expect_true("endpoint", slice_has_start(builder_view(&builder), slice_text("tcp:127.0.0.1:")));
    expect_true("with the port it got",
                !slice_equal(builder_view(&builder), slice_text("tcp:127.0.0.1:0")));
    expect_true("the control socket is gone", !file_is_there(control_text + 5));
    unlink(ready_path);
    rmdir(folder);
}

static void cannot_listen(void)
{
    static const struct {
        const char *listen;
        enum failure_kind kind;
    } rows[] = {{"nowhere", FAILURE_BAD_INPUT}, {"unix:/nonexistent/socket", FAILURE_UNAVAILABLE}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(shutdown_close) struct shutdown shutdown = {0};
        const struct stand_program program = program_of(rows[i].listen);
        runner_row(rows[i].listen);
        make_folder();
        expect_ok("shutdown", shutdown_open(&shutdown));
        expect_kind("run", stand_program_run(&program, &shutdown), rows[i].kind);
        expect_true("no ready file", !file_is_there(ready_path));
        expect_true("the control socket is gone", !file_is_there(control_text + 5));
        rmdir(folder);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"runs until told", runs_until_told},
        {"cannot listen", cannot_listen},
    };
    const struct log_settings settings = {
        .program = "test", .level_min = LOG_LEVEL_ERROR, .descriptor = 2, .clock = clock_system()};
    log_init(&log_of_test, &settings);
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
