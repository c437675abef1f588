/*
 * heap: memory for the libraries that insist on asking for it themselves, wiped when given back.
 *
 * libcrypto and libssl hold parts of keys, tokens and bodies in memory of their own. A
 * program that must not leave any of it behind makes them use this heap before they are used at
 * all. Our own code takes memory from arenas.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* Memory of `size` bytes, or NULL. */
void *heap_take(size_t size);

/* The same bytes in memory of another size, or NULL, and then `memory` is as it was. */
void *heap_resize(void *memory, size_t size);

/* Wipes and releases. NULL is fine. */
void heap_release(void *memory);

#endif
