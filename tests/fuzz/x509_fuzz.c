/*
 * x509: chains of any bytes. An input is a time (u32, Unix seconds) and certificates, each u16 size and
 * DER: root, leaf, then intermediates. What verifies has the key that the leaf alone has, does so at
 * that time only while each of them is valid, and never under a root that signed nothing of it.
 */
#include "crypto/x509.h"
#include "nsm/root_g1.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CERTIFICATE_COUNT_MAX = X509_CHAIN_COUNT_MAX + 3 };

static void check_chain(struct x509_chain *chain)
{
    es384_public_key key, alone;
    if (!status_is_ok(x509_verify(chain, &key))) return;
    if (!status_is_ok(x509_public_key(chain->leaf, chain->now_s, &alone)) ||
        !slice_equal(slice_of(key.bytes, sizeof key.bytes),
                     slice_of(alone.bytes, sizeof alone.bytes))) {
        __builtin_trap();
    }
    if (!status_is_ok(x509_public_key(chain->root, chain->now_s, &alone))) __builtin_trap();
    chain->root = root_g1_view();
    if (status_is_ok(x509_verify(chain, &key))) __builtin_trap();
}

static void check_alone(slice bytes)
{
    static uint8_t memory[X509_CERTIFICATE_SIZE_MAX];
    es384_public_key key;
    struct builder der;
    (void)status_is_ok(x509_public_key(bytes, 1767322800, &key));
    builder_init(&der, memory, sizeof memory);
    if (!status_is_ok(x509_read_pem(bytes, &der))) return;
    (void)status_is_ok(x509_public_key(builder_view(&der), 1767322800, &key));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    slice rest = slice_of(bytes, size), certificates[CERTIFICATE_COUNT_MAX];
    size_t count = 0;
    uint32_t now_s;
    uint16_t certificate_size;
    check_alone(rest);
    if (!status_is_ok(slice_take_u32(&rest, &now_s))) return 0;
    while (count < CERTIFICATE_COUNT_MAX &&
           status_is_ok(slice_take_u16(&rest, &certificate_size)) &&
           status_is_ok(slice_take(&rest, certificate_size, &certificates[count]))) {
        check_alone(certificates[count]);
        count++;
    }
    if (count < 2) return 0;
    struct x509_chain chain = {
        .root = certificates[0],
        .leaf = certificates[1],
        .intermediates = certificates + 2,
        .intermediate_count = count - 2,
        .now_s = now_s,
    };
    check_chain(&chain);
    return 0;
}
