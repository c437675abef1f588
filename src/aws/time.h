/*
 * time: the three ways in which AWS writes a moment, as Unix seconds.
 *
 * Years 1970 to 9999, UTC. Dates that do not exist and leap seconds are refused.
 */
#ifndef AWS_TIME_H
#define AWS_TIME_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    AWS_TIME_RFC3339_SIZE = 20, /* 2026-01-02T03:04:05Z */
    AWS_TIME_BASIC_SIZE = 16,   /* 20260102T030405Z */
    AWS_TIME_HTTP_SIZE = 29,    /* Fri, 02 Jan 2026 03:04:05 GMT */
};

/* Reads RFC 3339 text with up to nine fractional digits (dropped), in UTC or with an offset. */
MUST_CHECK status aws_time_parse_rfc3339(slice text, int64_t *time_s);

/* Reads ISO 8601 basic text, as in X-Amz-Date. */
MUST_CHECK status aws_time_parse_basic(slice text, int64_t *time_s);

/* Reads the Date header's preferred form (RFC 9110, section 5.6.7). */
MUST_CHECK status aws_time_parse_http(slice text, int64_t *time_s);

/* Appends the text. A time before 1970 is printed as 1970's first second, and so at the end. */
void aws_time_print_rfc3339(int64_t time_s, struct builder *text);
void aws_time_print_basic(int64_t time_s, struct builder *text);
void aws_time_print_http(int64_t time_s, struct builder *text);

#endif
