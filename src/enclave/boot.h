/*
 * boot: what the program does when it is the first process of its image.
 *
 * The image holds nothing but this program and its configuration: no shell, no other binary. As
 * process 1 it mounts the kernel's file systems, makes the root read-only, feeds the kernel's
 * random generator from the Nitro Security Module, and tells the parent that the image has booted.
 * Then it forks: the child, which returns from boot_fork, is the service; process 1 keeps only
 * the duty to reap, and reboots (which ends the enclave) when the service ends for any reason.
 * Whatever is fatal is one line on the console with a code, then the reboot.
 *
 * Run otherwise (another program is process 1), none of this happens.
 *
 * Specification: aws-nitro-enclaves-sdk-bootstrap, init/init.c (heartbeat); random(4).
 */
#ifndef ENCLAVE_BOOT_H
#define ENCLAVE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "enclave/ports.h"
#include "net/endpoint.h"

enum {
    BOOT_ENTROPY_SIZE = 2048,    /* bytes of the module's randomness fed to the kernel */
    BOOT_HEARTBEAT_MS = 10000,   /* how long the parent may take to answer */
    BOOT_HEARTBEAT_BYTE = 0xb7,  /* sent, and expected back */
    BOOT_SERVICE_USER = 65534,   /* whom the service runs as: nobody */
    BOOT_LOCKED_SIZE = 16 << 20, /* bytes the service may lock in memory */
};

/* What was being done when something fatal happened: the code of the console line. */
enum boot_step {
    BOOT_MOUNTS = 1,
    BOOT_DEVICE,
    BOOT_ENTROPY,
    BOOT_CONFIGURATION,
    BOOT_HEARTBEAT,
    BOOT_HARDENING,
    BOOT_SERVICE,
};

/* True when this process is process 1. */
bool boot_is_first(void);

/* Mounts /dev, /proc and /sys, and makes the root read-only. INTERNAL (errno). */
MUST_CHECK status boot_mount(void);

/*
 * Feeds BOOT_ENTROPY_SIZE bytes of the module's randomness to the kernel, credited as such.
 *
 * UNAVAILABLE or CORRUPT when the module does not deliver; UNAVAILABLE (errno) when the kernel does
 * not take them.
 */
MUST_CHECK status boot_feed_entropy(const struct nsm_port *nsm);

/*
 * Tells the parent that the image has booted: one byte there, the same byte back.
 *
 * UNAVAILABLE when nobody answers within `deadline_ms`, CORRUPT when the answer is another.
 */
MUST_CHECK status boot_send_heartbeat(const endpoint *parent, int64_t deadline_ms);

/*
 * Splits into process 1, which never returns, and the service, which does: as BOOT_SERVICE_USER,
 * with no capability left.
 */
MUST_CHECK status boot_fork(void);

/* Writes the one console line of a fatal error. */
void boot_report(enum boot_step step, status failure);

/* Ends the enclave. */
_Noreturn void boot_reboot(void);

#endif
