/*
 * request: one HTTP request on its way through the service.
 *
 * It lives in one of a fixed number of places with memory of its own, from the head's arrival to
 * the answer's last byte. At any moment one thread owns it: one of the HTTP threads, or, while its
 * connection is suspended, the worker or the enclave link's thread that will resume it.
 *
 * A handler runs on an HTTP thread and must not block. It answers at once, or suspends: it starts
 * a call to the enclave (request_call_enclave) or hands over to a worker, which may block
 * (request_hand_over). Whatever it started ends in exactly one answer.
 */
#ifndef PARENT_REQUEST_H
#define PARENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "eth/address.h"
#include "eth/tx.h"
#include "parent/enclave_link.h"
#include "parent/problem.h"
#include "parent/routes.h"
#include "proto/account_id.h"
#include "proto/message.h"

enum {
    REQUEST_BODY_SIZE_MAX = 64 * 1024,
    REQUEST_HEAD_SIZE_MAX = 8 * 1024,
    REQUEST_ID_SIZE_MAX = 64,
    REQUEST_DEADLINE_MS = 15000,            /* for everything after the body has arrived */
    REQUEST_BODY_MS_MAX = 15000,            /* for the body to arrive */
    REQUEST_SMALL_BODY_SIZE_MAX = 2 * 1024, /* bodies above get large memory */
    REQUEST_SMALL_MEMORY_SIZE = 24 * 1024,  /* a usual signature uses 8 KiB */
    REQUEST_LARGE_MEMORY_SIZE = 400 * 1024, /* the longest transaction, six times over */
    REQUEST_REPLY_SIZE = 1024,              /* of the enclave's usual answers */
    REQUEST_PARAMETER_COUNT_MAX = 4,
};

struct service;
struct MHD_Connection;

struct request_parameter {
    const char *name, *value; /* decoded; value NULL when the query has a bare name */
};

/* What is to be signed for whom; kept between the steps of a signature. */
struct request_signing {
    bool has_address;    /* asked for by address, not by name */
    eth_address address; /* of the account: known from the start, or from the record */
    account_id id;       /* likewise */
    uint8_t type;        /* FRAME_SIGN_TX or FRAME_SIGN_MESSAGE */
    slice body;          /* what the enclave is to sign */
    struct tx tx;        /* SIGN_TX: its decoded form */
    bool has_from;       /* the caller named the sender, which must be the account */
    eth_address from;
    bool is_from_cache; /* the record was: a refusal may be the cache's fault */
    bool has_retried;   /* a second refusal is final */
};

struct request {
    struct service *service;
    struct MHD_Connection *connection;
    const struct route *route;
    struct arena memory;
    struct builder body; /* being received; whole when the handler runs */
    char id[REQUEST_ID_SIZE_MAX + 1];
    char account[ACCOUNT_NAME_SIZE_MAX + 1]; /* name or address asked for; empty: none */
    bool account_is_address;
    struct request_parameter parameters[REQUEST_PARAMETER_COUNT_MAX];
    size_t parameter_count;
    int64_t started_us, deadline_ms;

    /* The answer. */
    enum problem problem;
    unsigned http_code;
    const char *content_type;
    slice answer;
    const char *allow;
    bool is_closing; /* the connection ends with this answer */
    status failure;  /* for the log, when there was one */

    /* While suspended. */
    enum request_next (*work)(struct request *request, struct arena *arena);
    enum request_next (*finish)(struct request *request);
    struct enclave_call call;
    struct request_signing signing;

    /* The server's own. */
    bool is_large, has_started, is_done;
    size_t slot_index;
};

/* Answers with what was built; INTERNAL when it did not fit. Returns REQUEST_ANSWERED. */
enum request_next request_answer(struct request *request, unsigned http_code,
                                 const struct builder *body);

/* Answers with an error of this kind. */
enum request_next request_fail(struct request *request, status failure);
/* The same with a more particular problem, and the field it is about (may be empty). */
enum request_next request_refuse(struct request *request, enum problem problem, slice where,
                                 slice message);
/* The same for a refusal by a JSON reader, which knows the field. */
enum request_next request_refuse_json(struct request *request, const struct json *document,
                                      status failure);

/* Finds a query parameter; its value may not be absent. False when it is not there. */
bool request_find_parameter(const struct request *request, const char *name, slice *value);
/* BAD_INPUT when there is a parameter that is not among `names`. */
MUST_CHECK status request_check_parameters(const struct request *request, const char *const *names,
                                           size_t name_count);

/* Suspends the connection and runs `work` on a worker, where it may block. */
enum request_next request_hand_over(struct request *request,
                                    enum request_next (*work)(struct request *request,
                                                              struct arena *arena));

/*
 * Sends a message to the enclave; `finish` runs on an HTTP thread once the answer is there, and
 * may itself call the enclave or hand over again. For handlers and `finish`: suspends.
 */
enum request_next request_call_enclave(struct request *request,
                                       const struct message_request *message,
                                       enum request_next (*finish)(struct request *request));
/* The same from `work`, where the connection is suspended already. */
enum request_next
request_call_enclave_suspended(struct request *request, const struct message_request *message,
                               enum request_next (*finish)(struct request *request));

/*
 * Reads the enclave's answer in `finish`. An error reply is delivered as one (reply->kind); the
 * status tells of a broken link or a reply that makes no sense.
 */
MUST_CHECK status request_read_reply(const struct request *request, struct message_reply *reply);

/*
 * True when KMS refused the credentials that were sent, as the enclave tells it: then newer ones
 * have been asked for, and the call is worth one more try.
 */
bool request_is_credentials_fault(const struct request *request, const struct message_reply *reply);

/* Answers with the enclave's own refusal. */
enum request_next request_refuse_reply(struct request *request, const struct message_reply *reply);

#endif
