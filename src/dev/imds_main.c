#include <stddef.h>

#include "base/array.h"
#include "dev/imds_stand_in.h"
#include "dev/stand_credentials.h"
#include "dev/stand_program.h"
#include "os/flags.h"
#include "os/log.h"
#include "os/shutdown.h"

static const struct flag table[] = {
    {.name = "listen",
     .value_name = "ENDPOINT",
     .fallback = "tcp:127.0.0.1:0",
     .help = "where metadata is served"},
    {.name = "credentials-key",
     .value_name = "FILE",
     .help = "32 bytes that the credentials are made from",
     .is_required = true},
    {.name = "role",
     .value_name = "NAME",
     .fallback = "enclave-wallet-parent",
     .help = "the instance's role"},
    {.name = "no-role", .shape = FLAG_SWITCH, .help = "no role is attached"},
    {.name = "lifetime-s",
     .value_name = "N",
     .fallback = "21600",
     .help = "seconds that credentials are good for"},
    {.name = "region", .value_name = "NAME", .fallback = "eu-west-1", .help = "the region"},
    {.name = "account", .value_name = "ID", .fallback = "111122223333", .help = "the account"},
    {.name = "control", .value_name = "ENDPOINT", .help = "where faults are set and counters read"},
    {.name = "ready-file", .value_name = "FILE", .help = "receives the endpoint once it serves"},
};

static const struct flags_program program = {
    .name = "enw-stand-imds",
    .version = ENW_VERSION,
    .summary = "Stands in for EC2 instance metadata, version 2.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

static status run(const struct flags *flags, struct log *log, struct shutdown *shutdown)
{
    static struct imds_stand_in stand_in;
    uint64_t lifetime_s = 0;
    struct imds_stand_in_settings settings = {
        .account = flags_text(flags, "account"),
        .region = flags_text(flags, "region"),
        .role = flags_is_on(flags, "no-role") ? NULL : flags_text(flags, "role"),
        .clock = clock_system()};
    TRY(flags_read_u64(flags, "lifetime-s", (struct flags_range){1, IMDS_STAND_IN_LIFETIME_S_MAX},
                       &lifetime_s));
    settings.lifetime_s = (int64_t)lifetime_s;
    TRY(stand_credentials_read_key(flags_text(flags, "credentials-key"),
                                   &settings.credentials_key));
    TRY(imds_stand_in_open(&settings, &stand_in));
    const struct stand_program served = {.listen = flags_text(flags, "listen"),
                                         .control = flags_text(flags, "control"),
                                         .ready_file = flags_text(flags, "ready-file"),
                                         .service = imds_stand_in_service(&stand_in),
                                         .log = log};
    const status result = stand_program_run(&served, shutdown);
    imds_stand_in_close(&stand_in);
    return result;
}

int main(int argc, char **argv)
{
    static struct flags flags;
    static struct log log;
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    log_init_standard(&log, program.name);
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return 2;
    }
    if (flags.outcome == FLAGS_DONE) return 0;
    status result = shutdown_open(&shutdown);
    if (status_is_ok(result)) result = run(&flags, &log, &shutdown);
    if (status_is_ok(result)) return 0;
    log_failure(&log, LOG_LEVEL_ERROR, "stopped", slice_text(""), result);
    return 1;
}
