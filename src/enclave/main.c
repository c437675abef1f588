/*
 * enw-enclave: the program inside the Nitro Enclave.
 *
 * It takes no argument and reads no environment: everything it obeys lies in the measured image. As
 * the image's first process it also boots it (enclave/boot.h).
 */
#include <stdlib.h>

#include "enclave/boot.h"
#include "enclave/enclave.h"
#include "enclave/nsm_device.h"
#include "os/clock.h"
#include "os/harden.h"
#include "os/shutdown.h"

static const char device_path[] = "/dev/nsm";
static const char config_path[] = "/etc/enclave-wallet/enclave.json";

static struct enclave enclave;
static struct enclave_settings settings;

/* What process 1 does before there is a service, and what the service gives up. */
static status boot(const struct nsm_port *nsm, struct arena *memory, enum boot_step *step)
{
    *step = BOOT_ENTROPY;
    if (boot_is_first()) TRY(boot_feed_entropy(nsm));
    *step = BOOT_CONFIGURATION;
    TRY(enclave_read_files(config_path, memory, &settings));
    *step = BOOT_HEARTBEAT;
    if (boot_is_first() && settings.config.has_heartbeat) {
        TRY(boot_send_heartbeat(&settings.config.heartbeat, clock_deadline_ms(BOOT_HEARTBEAT_MS)));
    }
    *step = BOOT_HARDENING;
    if (boot_is_first()) TRY(boot_fork());
    return harden_system_calls(HARDEN_ENCLAVE);
}

static status serve(struct log *log, enum boot_step *step)
{
    SCOPED(nsm_device_close) struct nsm_device device = {0};
    SCOPED(arena_close) struct arena memory = {0};
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    settings.log = log;
    *step = BOOT_MOUNTS;
    if (boot_is_first()) TRY(boot_mount());
    *step = BOOT_HARDENING;
    TRY(harden_close_inherited());
    TRY(harden_process());
    TRY(enclave_prepare_libraries());
    TRY(shutdown_open(&shutdown));
    TRY(arena_open(&memory, ENCLAVE_FILES_SIZE));
    *step = BOOT_DEVICE;
    TRY(nsm_device_open(device_path, &device));
    settings.nsm = nsm_device_port(&device);
    TRY(boot(&settings.nsm, &memory, step));
    *step = BOOT_SERVICE;
    TRY(enclave_open(&settings, &enclave));
    shutdown_wait(&shutdown, INT64_MAX);
    log_write(log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    enclave_close(&enclave);
    return status_ok();
}

int main(void)
{
    struct log log;
    enum boot_step step = BOOT_MOUNTS;
    log_init_standard(&log, "enw-enclave");
    const status result = serve(&log, &step);
    if (boot_is_first()) {
        boot_report(step, result);
        boot_reboot();
    }
    if (status_is_ok(result)) return EXIT_SUCCESS;
    log_failure(&log, LOG_LEVEL_ERROR, "stopped", (slice){0}, result);
    return EXIT_FAILURE;
}
