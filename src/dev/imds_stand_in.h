/*
 * imds_stand_in: EC2 instance metadata, version 2 only, for one instance with one role.
 *
 * Tokens are asked for by PUT and required by everything else, for as long as was asked. The
 * role's credentials are the stand's own (dev/stand_credentials); new ones are handed out once
 * half of the lifetime of the last is over.
 *
 *   PUT /latest/api/token                                   token; 400 without a lifetime
 *   GET /latest/meta-data/iam/security-credentials/         the role's name
 *   GET /latest/meta-data/iam/security-credentials/ROLE     credentials
 *   GET /latest/meta-data/placement/region, …/placement/availability-zone, …/instance-id
 *   GET /latest/dynamic/instance-identity/document          region, instance, account
 *
 * 401 without a token that is known and not over; 403 for PUT elsewhere and for a request that
 * was forwarded; 404 for anything else.
 *
 * Specification: Amazon EC2 User Guide, "Instance metadata".
 */
#ifndef DEV_IMDS_STAND_IN_H
#define DEV_IMDS_STAND_IN_H

#include <pthread.h>
#include <stdbool.h>

#include "aws/credentials.h"
#include "base/secret.h"
#include "base/status.h"
#include "dev/stand_server.h"
#include "os/clock.h"

enum {
    IMDS_STAND_IN_TOKEN_SIZE = 32,       /* random bytes of a token */
    IMDS_STAND_IN_TOKEN_COUNT = 64,      /* tokens known at once; the oldest goes first */
    IMDS_STAND_IN_LIFETIME_S = 6 * 3600, /* of credentials, as EC2 hands them out */
    IMDS_STAND_IN_LIFETIME_S_MAX = 86400,
};

struct imds_stand_in_settings {
    const char *account;
    const char *region;
    const char *role; /* NULL: none is attached */
    int64_t lifetime_s;
    struct secret32 credentials_key;
    struct clock clock;
};

struct imds_token {
    uint8_t bytes[IMDS_STAND_IN_TOKEN_SIZE];
    int64_t ends_at_ms; /* monotonic; 0: no token */
};

/* `{0}` is closed. Must not move while open. */
struct imds_stand_in {
    struct imds_stand_in_settings settings;
    pthread_mutex_t mutex; /* for what follows */
    struct imds_token tokens[IMDS_STAND_IN_TOKEN_COUNT];
    size_t next_token;
    struct aws_credentials credentials;
    int64_t issued_at_s;
    bool is_open;
};

MUST_CHECK status imds_stand_in_open(const struct imds_stand_in_settings *settings,
                                     struct imds_stand_in *stand_in);
void imds_stand_in_close(struct imds_stand_in *stand_in);

/* The port for stand_server; the stand-in must outlive the server. */
struct stand_service imds_stand_in_service(struct imds_stand_in *stand_in);

#endif
