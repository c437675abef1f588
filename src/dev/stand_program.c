#include "dev/stand_program.h"

#include "base/builder.h"
#include "os/clock.h"
#include "os/file.h"

enum { WAIT_MS = 3600 * 1000 };

static status open_server(const struct stand_program *program, struct stand_faults *faults,
                          struct stand_server *server)
{
    struct stand_server_settings settings = {
        .tls = program->tls, .service = program->service, .faults = faults};
    TRY(endpoint_parse(slice_text(program->listen), &settings.endpoint));
    return stand_server_open(&settings, server);
}

static status open_control(const struct stand_program *program, struct stand_faults *faults,
                           struct stand_server *control)
{
    struct stand_server_settings settings = {.service = stand_server_control(faults)};
    if (!program->control) return status_ok();
    TRY(endpoint_parse(slice_text(program->control), &settings.endpoint));
    return stand_server_open(&settings, control);
}

static status tell_ready(const struct stand_program *program, const struct stand_server *server)
{
    uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    endpoint_print(&server->listener.bound, &text);
    const log_field field = log_text("endpoint", builder_view(&text));
    log_write(program->log, LOG_LEVEL_INFO, "listening", &field, 1);
    if (!program->ready_file) return status_ok();
    return file_write(program->ready_file, builder_view(&text), FILE_MODE_PUBLIC);
}

status stand_program_run(const struct stand_program *program, struct shutdown *shutdown)
{
    static struct stand_faults faults;
    static struct stand_server server, control;
    stand_faults_init(&faults);
    TRY(open_control(program, &faults, &control));
    status result = open_server(program, &faults, &server);
    if (status_is_ok(result)) result = tell_ready(program, &server);
    while (status_is_ok(result) && !shutdown_wait(shutdown, clock_deadline_ms(WAIT_MS))) {
    }
    stand_server_close(&server);
    stand_server_close(&control);
    return result;
}
