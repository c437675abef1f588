/*
 * crc32: the checksum of IEEE 802.3, as zlib, DynamoDB and enclave images use it.
 *
 * It tells accidents, not forgery.
 */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stdint.h>

#include "base/slice.h"

/* The checksum of what `before` is the checksum of, followed by `bytes`; start with 0. */
uint32_t crc32_add(uint32_t before, slice bytes);

#endif
