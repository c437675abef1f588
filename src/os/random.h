/*
 * random: bytes from the kernel's generator, whole or not at all.
 */
#ifndef OS_RANDOM_H
#define OS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Fills `size` bytes from getrandom(2). On failure (INTERNAL) all of them are zero. */
MUST_CHECK status random_read(uint8_t *bytes, size_t size);

#endif
