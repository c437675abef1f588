#include "base/secret.h"

#include <string.h>

void secret_wipe(void *memory, size_t size)
{
    if (size > 0) explicit_bzero(memory, size);
}

/* Not inlined: its frame must lie where the library's frames were. */
__attribute__((noinline)) void secret_wipe_stack(void)
{
    uint8_t below[SECRET_STACK_SIZE];
    secret_wipe(below, sizeof below);
}

void secret32_wipe(struct secret32 *secret)
{
    secret_wipe(secret, sizeof *secret);
}

void secret_text_wipe(struct secret_text *secret)
{
    secret_wipe(secret, sizeof *secret);
}

status secret32_read(slice bytes, struct secret32 *secret)
{
    REQUIRE(bytes.size == sizeof secret->bytes, BAD_INPUT, "secret: must be 32 bytes");
    memcpy(secret->bytes, bytes.bytes, sizeof secret->bytes);
    return status_ok();
}

status secret_text_read(slice text, struct secret_text *secret)
{
    REQUIRE(text.size <= SECRET_TEXT_SIZE_MAX, OVER_LIMIT, "secret: text is too long");
    if (text.size > 0) memcpy(secret->bytes, text.bytes, text.size);
    secret->size = text.size;
    return status_ok();
}

slice secret_expose(const struct secret32 *secret)
{
    return slice_of(secret->bytes, sizeof secret->bytes);
}

slice secret_expose_text(const struct secret_text *secret)
{
    return slice_of(secret->bytes, secret->size);
}

bool secret_equal(slice a, slice b)
{
    if (a.size != b.size) return false;
    /* volatile keeps the compiler from leaving the loop at the first difference. */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.size; i++)
        difference = (uint8_t)(difference | (a.bytes[i] ^ b.bytes[i]));
    return difference == 0;
}
