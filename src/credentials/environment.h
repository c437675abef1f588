/*
 * environment: AWS credentials from the environment.
 *
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as every AWS tool reads them.
 * They are taken once, at start, and then overwritten in the environment itself, so that
 * /proc/PID/environ does not show them for the life of the process.
 */
#ifndef CREDENTIALS_ENVIRONMENT_H
#define CREDENTIALS_ENVIRONMENT_H

#include <stdbool.h>

#include "base/status.h"
#include "credentials/source.h"
#include "os/locked.h"

/* `{0}` is closed. */
struct credentials_environment {
    struct locked locked;
    struct aws_credentials *credentials; /* in locked memory; NULL when there are none */
};

/*
 * Reads the environment. BAD_INPUT for an id without a secret, a secret without an id, or text
 * that cannot be credentials. Having none of them is no failure.
 */
MUST_CHECK status credentials_environment_open(struct credentials_environment *environment);
void credentials_environment_close(struct credentials_environment *environment);

/* The port, valid while open. It fetches NOT_FOUND when there are none. */
struct credentials_fetcher
credentials_environment_fetcher(struct credentials_environment *environment);

#endif
