/*
 * tokens: the bearer token that guards the API.
 *
 * The token is 32 random bytes or more as text, in a file that only its owner can read. What is
 * kept is its SHA-256, so the process does not hold the token between requests, and digests of
 * equal size are compared in constant time.
 *
 * Specification: RFC 6750, section 2.1 (the Authorization header).
 */
#ifndef PARENT_TOKENS_H
#define PARENT_TOKENS_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"

enum {
    TOKENS_TEXT_SIZE_MIN = 43,  /* 32 bytes as base64url without padding */
    TOKENS_TEXT_SIZE_MAX = 256, /* far above what anybody needs */
};

/* `{0}` guards nothing: every call is let through. */
struct tokens {
    bool is_required;
    hash32 digest;
};

/*
 * Reads a token's text; one line feed at its end is dropped. BAD_INPUT unless it has
 * TOKENS_TEXT_SIZE_MIN to TOKENS_TEXT_SIZE_MAX characters of A-Z a-z 0-9 - . _ ~ + / =.
 */
MUST_CHECK status tokens_read(slice text, struct tokens *tokens);

/* The same from a file. DENIED when others can read or write it, NOT_FOUND, UNAVAILABLE. */
MUST_CHECK status tokens_read_file(const char *path, struct tokens *tokens);

/*
 * Succeeds when `authorization`, the header's value (empty when there was none), is
 * "Bearer TOKEN" with our token. DENIED otherwise, and not a word about why.
 */
MUST_CHECK status tokens_check(const struct tokens *tokens, slice authorization);

#endif
