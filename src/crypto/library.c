#include "crypto/library.h"

#include <openssl/crypto.h>

status library_open(void)
{
    /* The first start decides: later implicit starts, also libssl's, then read no file either. */
    const uint64_t options =
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS;
    REQUIRE(OPENSSL_init_crypto(options, NULL) == 1, FAILURE_UNAVAILABLE,
            "library: libcrypto does not start");
    return status_ok();
}
