/*
 * error: what went wrong, from an AWS service's reply that is not 200.
 *
 * The decision is made by the error's name (header x-amzn-ErrorType, or "__type" in the body),
 * not by the HTTP code alone: the services use 400 for throttling and for refusals alike. A reply
 * without a readable name counts as transient when its code is 429 or 5xx, as refused otherwise.
 */
#ifndef AWS_ERROR_H
#define AWS_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum { AWS_ERROR_NAME_SIZE_MAX = 64 }; /* bytes; the longest known has 41 */

/* What a caller does next. */
enum aws_error_class {
    AWS_ERROR_REFUSED = 1, /* the same call fails again: tell the caller */
    AWS_ERROR_THROTTLED,   /* repeat, more slowly */
    AWS_ERROR_TRANSIENT,   /* repeat */
    AWS_ERROR_CREDENTIALS, /* expired or unknown: get new ones, repeat once */
    AWS_ERROR_CLOCK,       /* signature refused: if the Date header differs, sign by it, once */
};

struct aws_error {
    enum aws_error_class class;
    enum failure_kind kind;
    uint16_t code;                         /* HTTP */
    uint8_t name[AWS_ERROR_NAME_SIZE_MAX]; /* "AccessDeniedException"; letters, digits, '.' */
    size_t name_size;                      /* 0 when the reply names none */
};

/* Reads the reply; whatever it holds, there is an answer. */
void aws_error_read(const struct http_response *response, struct aws_error *error);

/* The name as a view; it is safe to log. */
slice aws_error_name(const struct aws_error *error);

bool aws_error_is(const struct aws_error *error, const char *name);

/* Worth repeating unchanged: throttled or transient. */
bool aws_error_is_retryable(const struct aws_error *error);

/* The error as a failure: its kind, a sentence by name, and the HTTP code as detail. */
MUST_CHECK status aws_error_status(const struct aws_error *error);

/* The class of a failure that aws_error_status gave; AWS_ERROR_REFUSED for any other. */
enum aws_error_class aws_error_class_of(status failure);

#endif
