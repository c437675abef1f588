#include "wallet/kms_key.h"

/* What stands behind the first `count` colons. */
static slice behind_colons(slice arn, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arn = slice_part(arn, slice_index_of(arn, ':') + 1, arn.size);
    }
    return arn;
}

slice kms_key_region(slice arn)
{
    const slice rest = behind_colons(arn, 3);
    return slice_part(rest, 0, slice_index_of(rest, ':'));
}

hash32 kms_key_hash(slice arn)
{
    if (!slice_has_start(behind_colons(arn, 5), slice_text("key/mrk-"))) return sha256(arn);
    const slice rest = behind_colons(arn, 3), region = kms_key_region(arn);
    struct sha256 hash;
    sha256_init(&hash);
    sha256_put(&hash, slice_part(arn, 0, arn.size - rest.size));
    sha256_put(&hash, slice_part(rest, region.size, rest.size));
    return sha256_finish(&hash);
}
