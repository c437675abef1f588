/*
 * stand_program: what the stand-ins' programs have in common: endpoints as flags, a control
 * socket, a ready file, and running until they are told to stop.
 */
#ifndef DEV_STAND_PROGRAM_H
#define DEV_STAND_PROGRAM_H

#include "base/status.h"
#include "dev/stand_faults.h"
#include "dev/stand_server.h"
#include "net/tls.h"
#include "os/log.h"
#include "os/shutdown.h"

struct stand_program {
    const char *listen;           /* endpoint */
    const char *control;          /* endpoint of the control socket, or NULL */
    const char *ready_file;       /* written with the bound endpoint once it serves, or NULL */
    const struct tls_server *tls; /* NULL: none */
    struct stand_service service;
    struct log *log;
};

/* Serves until the process is told to stop. */
MUST_CHECK status stand_program_run(const struct stand_program *program, struct shutdown *shutdown);

#endif
