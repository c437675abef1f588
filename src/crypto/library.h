/*
 * library: how libcrypto is started.
 */
#ifndef CRYPTO_LIBRARY_H
#define CRYPTO_LIBRARY_H

#include "base/status.h"

/*
 * Starts libcrypto without any configuration file, so that nothing outside the program can change
 * what it does. Every program calls it before its first thread and before any other use of
 * libcrypto or libssl; a second call does nothing. UNAVAILABLE when the library does not start.
 */
MUST_CHECK status library_open(void);

/*
 * Makes libcrypto and libssl take their memory from base/heap, which wipes it. Before library_open
 * and any other use of them. INTERNAL when that came first.
 */
MUST_CHECK status library_use_heap(void);

#endif
