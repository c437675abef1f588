/*
 * session: one command being carried out: its flags, its streams, its calls to the service.
 *
 * Results go to `out`; what a person should know, questions and errors go to `err`. Everything that
 * comes from the service is escaped before it is shown (cli/escape.h), except that `--json` passes
 * its JSON on as it is.
 *
 * Exit codes:
 *   0  done
 *   1  not done, because the answer to --ask was no
 *   2  the command line is wrong
 *   3  bad_input     what was given is malformed, here or by the service's judgement
 *   4  denied        not allowed: token, policy, certificate, attestation
 *   5  not_found     no such account
 *   6  conflict      the account exists already
 *   7  unavailable   the service, or something it needs, does not answer: try again
 *   8  internal      a mistake of ours or of the service's
 *   9  over_limit    too large or too many
 *  10  corrupt       what came back is not what it must be
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "cli/client.h"
#include "os/flags.h"

enum {
    SESSION_DONE = 0,
    SESSION_DECLINED = 1,
    SESSION_USAGE = 2,
    SESSION_ID_SIZE_MAX = 128,      /* bytes of an account's name; an address has 42 */
    SESSION_TIMEOUT_S_DEFAULT = 30, /* of one call to the service */
    SESSION_TIMEOUT_S_MAX = 600,
};

/* Where a command reads and writes. */
struct streams {
    FILE *in, *out, *err;
};

struct session {
    const struct flags *flags;
    struct streams streams;
    struct client client;
    struct arena arena; /* everything of one command */
    bool is_json;       /* pass the service's JSON on */
    bool has_declined;  /* the answer to --ask was no */
    uint64_t timeout_s;
    slice refusal; /* what to say of a failure instead of its sentence; escaped */
};

/* One call. The reply's JSON object is open in `document`, which the caller closes. */
struct session_call {
    const char *method;
    slice target;
    slice body;             /* empty: none */
    bool is_refusal_wanted; /* a JSON object that comes with 503 is an answer too */
    bool is_own_output;     /* --json prints something else than this answer */
};

/* Opens the client that the flags name. */
MUST_CHECK status session_open(struct session *session, const struct flags *flags,
                               const struct streams *streams);
/* The same for a command that works on files, and calls nobody before session_connect. */
MUST_CHECK status session_open_local(struct session *session, const struct flags *flags,
                                     const struct streams *streams);
/* Opens the client of a local session for the service at `url`; the other flags are the common ones. */
MUST_CHECK status session_connect(struct session *session, const char *url);
void session_close(struct session *session);

/*
 * Keeps words for session_explain beside a failure's own sentence: "CONTEXT: sentence". Returns
 * `result` unchanged; a success keeps nothing.
 */
MUST_CHECK status session_refuse(struct session *session, const char *context, status result);

/*
 * Calls the service and delivers its answer, a JSON object.
 *
 * When it refuses, a failure of the kind that it tells; what it said is kept for session_explain.
 * CORRUPT when the answer is not JSON.
 */
MUST_CHECK status session_send(struct session *session, const struct session_call *call,
                               struct json *document, json_value *object);

/* Writes to `out`: a whole JSON answer as the service wrote it, with a line break. */
void session_put_json(struct session *session, slice json);
/*
 * For an answer in JSON that is yes or no: a failure is written to `out` too, as
 * {"verified":false,"reason":…}. Returns `result` unchanged.
 */
MUST_CHECK status session_put_refusal(struct session *session, status result);
/* Writes to `out`: "label  text" with the text escaped. */
void session_put_line(struct session *session, const char *label, slice text);
/* Writes to `out`: such a line with a string field of an answer. CORRUPT when there is none. */
MUST_CHECK status session_put_field(struct session *session, const char *label,
                                    const json_value *object, const char *name);

/* "/v1/accounts/ID" and then `rest`, percent-encoded. BAD_INPUT for what cannot be an id. */
MUST_CHECK status session_build_path(struct session *session, const char *id, const char *rest,
                                     slice *path);

/*
 * Shows what is about to be done and, with --ask, waits for a yes. Without --ask and with --json
 * nothing is shown. DENIED when the answer is no. `is_input_used` says that `in` has been read for
 * something else: then the terminal is asked.
 */
MUST_CHECK status session_confirm(struct session *session, slice lines, bool is_input_used);

/* Says on `err` why the command failed, and returns its exit code. */
int session_explain(const struct session *session, FILE *err, status failure);

/* The exit code of a kind of failure. */
int session_exit_code(enum failure_kind kind);

#endif
