/*
 * measure: what the Nitro hypervisor will record of an image.
 *
 *     PCR0  kernel, command line and all ramdisks     PCR1  kernel, command line, first ramdisk
 *     PCR2  the other ramdisks                        PCR8  the signing certificate
 *
 * Each is one extension of zero with the SHA-384 of those sections' data, without their headers.
 * Metadata and the signature itself are not measured.
 */
#ifndef EIF_MEASURE_H
#define EIF_MEASURE_H

#include <stdbool.h>

#include "base/status.h"
#include "crypto/digest.h"
#include "eif/image.h"

struct measurements {
    hash48 pcr0, pcr1, pcr2;
};

/* Measures an image; PCR8 comes with its signature (eif/signature.h). */
struct measurements measure_image(const struct image *image);

#endif
