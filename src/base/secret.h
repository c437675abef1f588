/*
 * secret: bytes that must never be shown.
 *
 * Secrets have their own types, which do not convert to slice, so that the compiler keeps them out
 * of logs and replies. The only doors are secret_expose and secret_expose_text; each call of them
 * is listed with its reason in tools/exposures. On the stack a secret is declared with
 * SCOPED(secret32_wipe) or SCOPED(secret_text_wipe).
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

/* An AWS session token is the largest secret text (base/credentials.h). */
enum { SECRET_TEXT_SIZE_MAX = 12 * 1024 };

/* How deep a library's calls go below ours: signing uses less than half of it. */
enum { SECRET_STACK_SIZE = 8192 };

/* A private key, a data key or another secret of 32 bytes. */
struct secret32 {
    uint8_t bytes[32];
};

/* A secret text of a known size, not NUL-terminated. */
struct secret_text {
    size_t size;
    uint8_t bytes[SECRET_TEXT_SIZE_MAX];
};

/* Overwrites memory in a way the compiler may not drop. The one place where wiping happens. */
void secret_wipe(void *memory, size_t size);

/*
 * Overwrites the SECRET_STACK_SIZE bytes of stack below the caller, after a call into a library that
 * does not clear its own copies for certain.
 */
void secret_wipe_stack(void);

void secret32_wipe(struct secret32 *secret);
void secret_text_wipe(struct secret_text *secret);

/* Copies exactly 32 bytes in. BAD_INPUT for any other size. The source stays the caller's to wipe. */
MUST_CHECK status secret32_read(slice bytes, struct secret32 *secret);

/* Copies text in. OVER_LIMIT above SECRET_TEXT_SIZE_MAX. The source stays the caller's to wipe. */
MUST_CHECK status secret_text_read(slice text, struct secret_text *secret);

/* The doors: a view of the secret's bytes, valid as long as the secret. */
slice secret_expose(const struct secret32 *secret);
slice secret_expose_text(const struct secret_text *secret);

/* Compares in time that depends on the sizes only; different sizes are unequal. */
bool secret_equal(slice a, slice b);

#endif
