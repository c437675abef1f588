#include <stdio.h>

#include "os/flags.h"
#include "os/harden.h"
#include "os/log.h"
#include "os/shutdown.h"
#include "proxy/forwarder.h"
#include "proxy/settings.h"

/* Outlives main, as threads may. */
static struct log program_log;
static struct settings settings;
static struct forwarder forwarder;

enum { EXIT_DONE = 0, EXIT_CANNOT_RUN = 1, EXIT_BAD_FLAGS = 2, DESCRIPTOR_RESERVE = 64 };

static status prepare(void)
{
    TRY(harden_process());
    return harden_allow_descriptors(settings.route_count * settings.connection_count_max * 2 +
                                    DESCRIPTOR_RESERVE);
}

static status serve(void)
{
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    TRY(shutdown_open(&shutdown));
    TRY(prepare());
    TRY(forwarder_open(&forwarder, &settings, &program_log));
    status result = harden_system_calls(HARDEN_PROXY);
    if (status_is_ok(result)) {
        log_write(&program_log, LOG_LEVEL_INFO, "started", NULL, 0);
        forwarder_run(&forwarder, &shutdown);
    }
    forwarder_close(&forwarder);
    return result;
}

int main(int argc, char **argv)
{
    static struct flags flags;
    log_init_standard(&program_log, settings_program.name);
    status result = harden_close_inherited();
    if (status_is_ok(result)) result = flags_parse(&settings_program, argc, argv, &flags);
    if (status_is_ok(result) && flags.outcome == FLAGS_DONE) return EXIT_DONE;
    if (!status_is_ok(result)) {
        flags_explain(&settings_program, argc, argv, result);
        return EXIT_BAD_FLAGS;
    }
    result = settings_read(&flags, &settings);
    if (!status_is_ok(result)) {
        log_failure(&program_log, LOG_LEVEL_ERROR, "settings_refused", slice_text(""), result);
        return EXIT_BAD_FLAGS;
    }
    result = serve();
    if (!status_is_ok(result)) {
        log_failure(&program_log, LOG_LEVEL_ERROR, "cannot_run", slice_text(""), result);
        return EXIT_CANNOT_RUN;
    }
    log_write(&program_log, LOG_LEVEL_INFO, "stopped", NULL, 0);
    return EXIT_DONE;
}
