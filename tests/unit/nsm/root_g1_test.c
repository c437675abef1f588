/* What AWS publishes about its root: the digest of its bytes, and that it signed itself. */
#include "nsm/root_g1.h"

#include "base/array.h"
#include "crypto/digest.h"
#include "crypto/x509.h"

#include "runner.h"

static void is_the_published_one(void)
{
    const hash32 fingerprint = sha256(root_g1_view());
    expect_u64("size", root_g1_view().size, 533);
    expect_hex("SHA-256", hash32_view(&fingerprint),
               "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
}

static void is_a_certificate(void)
{
    es384_public_key key;
    /* Its first and last second, 2019-10-28T13:28:05Z and 2049-10-28T14:28:05Z. */
    expect_ok("first second", x509_public_key(root_g1_view(), 1572269285, &key));
    expect_ok("last second", x509_public_key(root_g1_view(), 2519044085, &key));
    expect_refused("before", x509_public_key(root_g1_view(), 1572269284, &key),
                   "x509: a certificate is not valid yet");
    expect_refused("after", x509_public_key(root_g1_view(), 2519044086, &key),
                   "x509: a certificate has expired");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"is the published one", is_the_published_one},
        {"is a certificate", is_a_certificate},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
