/*
 * enw-enclave: the program inside the Nitro Enclave.
 *
 * It takes no argument and reads no environment: everything it obeys lies in the measured image.
 */
#include <stdlib.h>

#include "enclave/enclave.h"
#include "enclave/nsm_device.h"
#include "os/file.h"
#include "os/harden.h"
#include "os/shutdown.h"

static const char device_path[] = "/dev/nsm";
static const char config_path[] = "/etc/enclave-wallet/enclave.json";

static struct enclave enclave;
static struct enclave_settings settings;

static status serve(struct log *log)
{
    SCOPED(nsm_device_close) struct nsm_device device = {0};
    SCOPED(arena_close) struct arena memory = {0};
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    settings.log = log;
    TRY(harden_close_inherited());
    TRY(harden_process());
    TRY(enclave_prepare_libraries());
    TRY(shutdown_open(&shutdown));
    TRY(nsm_device_open(device_path, &device));
    TRY(arena_open(&memory, ENCLAVE_FILES_SIZE));
    TRY(enclave_read_files(config_path, &memory, &settings));
    TRY(harden_system_calls(HARDEN_ENCLAVE));
    settings.nsm = nsm_device_port(&device);
    TRY(enclave_open(&settings, &enclave));
    shutdown_wait(&shutdown, INT64_MAX);
    log_write(log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    enclave_close(&enclave);
    return status_ok();
}

int main(void)
{
    struct log log;
    log_init_standard(&log, "enw-enclave");
    const status result = serve(&log);
    if (status_is_ok(result)) return EXIT_SUCCESS;
    log_failure(&log, LOG_LEVEL_ERROR, "stopped", (slice){0}, result);
    return EXIT_FAILURE;
}
