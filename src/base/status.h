/*
 * status: how every function that can fail says so.
 *
 * A status is two words, copied freely, and allocates nothing. Its message is always a string
 * literal and its detail one public number, so an error has no place to carry a key, a token or a
 * caller's text into a log. Success is the zero value.
 *
 * A function that can fail returns MUST_CHECK status, delivers its result through its last
 * argument, and leaves that argument untouched on failure.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum failure_kind {
    FAILURE_BAD_INPUT = 1, /* the caller sent something malformed: repeating it will not help */
    FAILURE_DENIED,        /* well formed, but not allowed */
    FAILURE_NOT_FOUND,     /* what was named does not exist */
    FAILURE_CONFLICT,      /* it exists already, or changed meanwhile */
    FAILURE_OVER_LIMIT,    /* a named limit was reached: smaller or later may work */
    FAILURE_UNAVAILABLE,   /* something we depend on did not answer: try again later */
    FAILURE_CORRUPT,       /* stored or received data fails its own integrity check */
    FAILURE_INTERNAL,      /* our own mistake, or a machine that does not work */
};

/* Where and why; always a static object, so it can be kept and compared by address. */
struct failure {
    enum failure_kind kind;
    int line;
    const char *file;
    const char *message; /* a sentence for a person: "noun: what the rule is" */
};

typedef struct status {
    const struct failure *failure; /* NULL means success */
    int64_t detail;                /* errno, HTTP code or byte offset; 0 when there is none */
} status;

#define MUST_CHECK __attribute__((warn_unused_result))

/* Runs `close(&variable)` whenever the variable's scope is left. */
#define SCOPED(close) __attribute__((cleanup(close)))

/*
 * A failure as an expression: KIND is a failure kind without its "FAILURE_", the message a literal.
 * (A statement expression, so that each place has its own static object.)
 */
#define REFUSAL(kind_, detail_, message_)                                                \
    __extension__({                                                                      \
        static const struct failure failure_here = {FAILURE_##kind_, __LINE__, __FILE__, \
                                                    "" message_};                        \
        (status){&failure_here, (detail_)};                                              \
    })

/* Leaves the function with such a failure. */
#define FAIL(kind_, detail_, message_) return REFUSAL(kind_, detail_, message_)

/* Leaves the function unless the condition holds. */
#define REQUIRE(condition_, kind_, message_)         \
    do {                                             \
        if (!(condition_)) FAIL(kind_, 0, message_); \
    } while (0)

/* Leaves the function with the call's failure, if it failed. */
#define TRY(call_)                                   \
    do {                                             \
        const status status_here = (call_);          \
        if (status_here.failure) return status_here; \
    } while (0)

/* The successful status. */
static inline status status_ok(void)
{
    return (status){0};
}

/* True when the status is a success. */
static inline bool status_is_ok(status result)
{
    return !result.failure;
}

/* True when the status is a failure of this kind; a success is of no kind. */
bool status_is(status result, enum failure_kind kind);

/* The failure's sentence, or "ok". Never NULL. */
const char *status_message(status result);

/* The kind's stable name in lower case, as logs and replies show it: "bad_input", … */
const char *failure_kind_print(enum failure_kind kind);

#endif
