#include "crypto/library.h"

#include <openssl/crypto.h>

#include "base/heap.h"

status library_open(void)
{
    /* The first start decides: later implicit starts, also libssl's, then read no file either. */
    const uint64_t options =
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
    REQUIRE(OPENSSL_init_crypto(options, NULL) == 1, UNAVAILABLE,
            "library: libcrypto does not start");
    return status_ok();
}

static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size > 0 ? heap_take(size) : NULL;
}

static void release(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    heap_release(memory);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
    if (size > 0) return heap_resize(memory, size);
    release(memory, file, line);
    return NULL;
}

status library_use_heap(void)
{
    REQUIRE(CRYPTO_set_mem_functions(take, resize, release) == 1, INTERNAL,
            "library: libcrypto has taken memory already");
    return status_ok();
}
