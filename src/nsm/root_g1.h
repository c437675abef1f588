/*
 * root_g1: the certificate that every attestation document of AWS's commercial regions leads to.
 *
 * CN=aws.nitro-enclaves, O=Amazon, OU=AWS, C=US; valid from 2019-10-28 to 2049-10-28. The SHA-256 of
 * its DER, which AWS publishes beside it and the tests check, is
 * 641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b. Other partitions of AWS (China,
 * GovCloud) have other roots.
 *
 * Specification: AWS Nitro Enclaves user guide, "Verifying the root of trust".
 */
#ifndef NSM_ROOT_G1_H
#define NSM_ROOT_G1_H

#include "base/slice.h"

/* Its DER, for attestation_rules.root. */
slice root_g1_view(void);

#endif
