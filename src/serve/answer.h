/*
 * answer: the head of an answer, as it stands before the body.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "serve/exchange.h"

enum { ANSWER_DATE_SIZE = 30 }; /* "Sun, 06 Nov 1994 08:49:37 GMT", and a NUL */

/* The Date header, composed once a second. `{0}` is none yet. */
struct answer_date {
    int64_t second;
    bool is_there;
    char text[ANSWER_DATE_SIZE];
};

/* The text for this moment: IMF-fixdate (RFC 9110, section 5.6.7). Valid until the next call. */
slice answer_date_at(struct answer_date *date, int64_t wall_ms);

/* What is said of the connection. */
enum answer_connection { ANSWER_SAYS_NOTHING, ANSWER_CLOSES, ANSWER_KEEPS_ALIVE };

/*
 * Prints the head of an answer. BAD_INPUT or OVER_LIMIT for what could not be read back as itself or
 * is too much; then the builder is as it was, and answer_print_failure says the least there is.
 */
MUST_CHECK status answer_print(const struct exchange_answer *answer, slice date,
                               enum answer_connection connection, struct builder *head);
void answer_print_failure(slice date, enum answer_connection connection, struct builder *head);

#endif
