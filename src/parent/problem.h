/*
 * problem: the ways in which a call to the HTTP API ends, each with a stable code.
 *
 * The code is what programs look at; the message beside it is for people and may change. The first
 * ones are the failure kinds in their order, so that a status maps to its answer in one place.
 *
 * Specification: docs/API.md, "Errors".
 */
#ifndef PARENT_PROBLEM_H
#define PARENT_PROBLEM_H

#include "base/builder.h"
#include "base/status.h"

enum problem {
    PROBLEM_NONE,
    PROBLEM_BAD_INPUT = FAILURE_BAD_INPUT,
    PROBLEM_DENIED = FAILURE_DENIED,
    PROBLEM_NOT_FOUND = FAILURE_NOT_FOUND,
    PROBLEM_CONFLICT = FAILURE_CONFLICT,
    PROBLEM_OVER_LIMIT = FAILURE_OVER_LIMIT,
    PROBLEM_UNAVAILABLE = FAILURE_UNAVAILABLE,
    PROBLEM_CORRUPT = FAILURE_CORRUPT,
    PROBLEM_INTERNAL = FAILURE_INTERNAL,
    PROBLEM_UNAUTHORIZED,
    PROBLEM_ACCOUNT_NOT_FOUND,
    PROBLEM_ACCOUNT_EXISTS,
    PROBLEM_NO_PROOF,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_BODY_TOO_LARGE,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_STOPPING,
    PROBLEM_COUNT,
};

/* The answer to a failure of this kind, where nothing more particular is known. */
enum problem problem_of(enum failure_kind kind);

/* The HTTP status code: 200 for PROBLEM_NONE. */
unsigned problem_http_code(enum problem problem);

/* The stable code: "ok" for PROBLEM_NONE. */
const char *problem_code(enum problem problem);

/* Appends {"error":{"code":…,"message":"WHERE: MESSAGE"}}; without an empty `where`. */
void problem_put(struct builder *body, enum problem problem, slice where, slice message);

#endif
