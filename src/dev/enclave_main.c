/*
 * enw-enclave-dev: the enclave's service on any Linux machine.
 *
 * The same program as enw-enclave but for the security module, which is made of software, and for
 * where its configuration comes from. What it attests is worth nothing outside a local stand.
 */
#include <stdlib.h>

#include "dev/nsm_stand_in.h"
#include "enclave/enclave.h"
#include "os/file.h"
#include "os/flags.h"
#include "os/shutdown.h"

static const struct flag table[] = {
    {"config", FLAG_TEXT, "FILE", "ENW_ENCLAVE_CONFIG", NULL, "enclave.json", true},
    {"identity", FLAG_TEXT, "FOLDER", "ENW_IDENTITY", NULL,
     "root of trust of the stand-in; made when absent", true},
    {"pcr", FLAG_REPEATED, "N=HEX", NULL, NULL, "value of a register; others are zero", false},
    {"debug", FLAG_SWITCH, NULL, NULL, NULL, "PCR0, 1, 2 and 8 are zero", false},
    {"ready-file", FLAG_TEXT, "FILE", NULL, NULL, "written with the endpoint once it listens",
     false},
};

static const struct flags_program program = {
    .name = "enw-enclave-dev",
    .version = ENW_VERSION,
    .summary = "Runs the enclave's service with a stand-in for the Nitro Security Module.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

static struct enclave enclave;
static struct enclave_settings settings;

static status stand_in_open(const struct flags *flags, const struct identity *identity,
                            struct nsm_stand_in *stand_in)
{
    struct nsm_stand_in_options options = {
        .identity = identity,
        .clock = clock_system(),
        .is_debug = flags_is_on(flags, "debug"),
    };
    for (size_t i = 0; i < flags_count(flags, "pcr"); i++) {
        TRY(pcr_parse(slice_text(flags_at(flags, "pcr", i)), &options.pcrs));
    }
    return nsm_stand_in_open(&options, stand_in);
}

/* Tells whoever started us where we listen. */
static status ready_write(const struct flags *flags)
{
    const char *path = flags_text(flags, "ready-file");
    if (!path) return status_ok();
    uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
    struct builder where;
    builder_init(&where, memory, sizeof memory);
    endpoint_print(server_endpoint(&enclave.server), &where);
    return file_write(path, builder_view(&where), FILE_MODE_PUBLIC);
}

static status serve_until_asked(const struct flags *flags, const struct shutdown *shutdown)
{
    TRY(enclave_open(&settings, &enclave));
    const status told = ready_write(flags);
    if (status_is_ok(told)) shutdown_wait(shutdown, INT64_MAX);
    log_write(settings.log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    enclave_close(&enclave);
    return told;
}

static status serve(const struct flags *flags, struct log *log)
{
    SCOPED(identity_close) struct identity identity = {0};
    SCOPED(nsm_stand_in_close) struct nsm_stand_in stand_in = {0};
    SCOPED(arena_close) struct arena memory = {0};
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    settings.log = log;
    TRY(enclave_prepare_libraries());
    TRY(shutdown_open(&shutdown));
    TRY(identity_open(flags_text(flags, "identity"), clock_wall_ms() / 1000, &identity));
    TRY(stand_in_open(flags, &identity, &stand_in));
    TRY(arena_open(&memory, ENCLAVE_FILES_SIZE));
    TRY(enclave_read_files(flags_text(flags, "config"), &memory, &settings));
    settings.nsm = (struct nsm_port){.context = &stand_in, .call = nsm_stand_in_call};
    return serve_until_asked(flags, &shutdown);
}

int main(int argc, char **argv)
{
    struct log log;
    static struct flags flags;
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return EXIT_FAILURE;
    }
    if (flags.outcome == FLAGS_DONE) return EXIT_SUCCESS;
    log_init_standard(&log, program.name);
    const status result = serve(&flags, &log);
    if (status_is_ok(result)) return EXIT_SUCCESS;
    log_failure(&log, LOG_LEVEL_ERROR, "stopped", (slice){0}, result);
    return EXIT_FAILURE;
}
