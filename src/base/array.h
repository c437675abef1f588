/*
 * array: sizes of things whose size the compiler knows.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/* How many elements an array has. Never give it a pointer. */
#define ARRAY_COUNT(array_) (sizeof(array_) / sizeof((array_)[0]))

/* A string literal's size in bytes, without its NUL. */
#define LITERAL_SIZE(literal_) (sizeof("" literal_) - 1)

/* A string literal as the initialiser of a static slice. */
#define SLICE_LITERAL(literal_)                             \
    {                                                       \
        (const uint8_t *)(literal_), LITERAL_SIZE(literal_) \
    }

#endif
