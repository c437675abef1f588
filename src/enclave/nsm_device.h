/*
 * nsm_device: the Nitro Security Module behind /dev/nsm.
 *
 * One request at a time reaches the module: the driver serialises calls, and one may block for as
 * long as the driver waits for the module (120 s).
 *
 * Specification: Linux, include/uapi/linux/nsm.h.
 */
#ifndef ENCLAVE_NSM_DEVICE_H
#define ENCLAVE_NSM_DEVICE_H

#include "base/status.h"
#include "enclave/ports.h"

/* `{0}` is closed. */
struct nsm_device {
    int descriptor;
    bool is_open;
};

/* Opens the device. UNAVAILABLE (detail: errno) outside an enclave. */
MUST_CHECK status nsm_device_open(const char *path, struct nsm_device *device);
void nsm_device_close(struct nsm_device *device);

/* The port; `device` must outlive it. */
struct nsm_port nsm_device_port(struct nsm_device *device);

#endif
