/*
 * stand: the whole system on one computer, without AWS.
 *
 * Everything lives in one folder: the stand-ins' roots and keys, the enclave's configuration, the
 * store, the token, sockets and logs. What must outlive the programs (keys, accounts) is kept there
 * from one run to the next; the rest is made anew. One stand at a time uses a folder; any number run
 * side by side in folders of their own.
 *
 * The order is an operator's: the KMS key is made first, the enclave's configuration names it, the
 * enclave is measured (its program and its configuration), and the key's policy admits that
 * measurement alone. A rebuilt enclave is another one, and the policy is set anew.
 */
#ifndef DEV_STAND_H
#define DEV_STAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "dev/children.h"
#include "dev/stand_key.h"
#include "net/endpoint.h"

enum {
    STAND_FOLDER_SIZE_MAX = 64, /* a socket's path below it must fit 108 bytes */
    STAND_PATH_SIZE_MAX = 512,
    STAND_TEXT_SIZE_MAX = 8192, /* of all arguments that are put together */
    STAND_READY_MS_MAX = 20000, /* for each program; making an RSA key takes up to half a second */
};

struct stand_settings {
    const char *folder;   /* NULL: a folder of this user below $XDG_RUNTIME_DIR or /tmp */
    const char *programs; /* the folder of the programs, or of the build's src */
    const char *listen;   /* the parent's endpoint; NULL: port 8080, or a free one */
    const char *store;    /* as enw-parent's --store; NULL: SQLite in the folder */
    const char *const *parent_flags; /* added to enw-parent's arguments */
    size_t parent_flag_count;
    const char *verification; /* the enclave's: "twice" (NULL), "recover" or "off" */
};

/* `{0}` is closed. Must not move while open. */
struct stand {
    char folder[STAND_FOLDER_SIZE_MAX];
    int lock; /* descriptor that holds the folder; 0 when closed */
    struct children children;
    struct arena arena;
    char text[STAND_TEXT_SIZE_MAX]; /* arguments of the children */
    size_t text_size;
    endpoint imds, kms, parent;
    stand_key_arn key_arn;
    hash48 pcr0;
};

/*
 * Takes the folder, makes what is missing in it, and starts everything in order; each program is
 * reachable before the next starts. CONFLICT when another stand uses the folder. UNAVAILABLE when a
 * program does not become reachable: its log says why. On failure what was started is stopped by
 * stand_close.
 */
MUST_CHECK status stand_open(const struct stand_settings *settings, struct stand *stand);

/* Prints addresses, the token's path and a first call to try. */
void stand_print(const struct stand *stand);

/* Writes the same as NAME=value lines for scripts; the file is there only once all is ready. */
MUST_CHECK status stand_write_ready(const struct stand *stand, const char *path);

/* Starts again what ended, with a line for each. */
void stand_watch(struct stand *stand);

/* Stops everything in the opposite order and gives the folder free. */
void stand_close(struct stand *stand);

#endif
