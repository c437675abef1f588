#include "nsm/pcr.h"

#include <assert.h>

#include "base/hex.h"

void pcr_set_put(struct pcr_set *set, unsigned index, const hash48 *value)
{
    assert(index < PCR_COUNT);
    set->present |= UINT32_C(1) << index;
    set->values[index] = *value;
}

bool pcr_set_has(const struct pcr_set *set, unsigned index)
{
    return index < PCR_COUNT && (set->present >> index & 1) != 0;
}

bool pcr_is_zero(const hash48 *value)
{
    static const hash48 zero;
    return slice_equal(hash48_view(value), hash48_view(&zero));
}

hash48 pcr_extend(const hash48 *value, slice data)
{
    struct sha512 hash;
    sha384_init(&hash);
    sha384_put(&hash, hash48_view(value));
    sha384_put(&hash, data);
    return sha384_finish(&hash);
}

hash48 pcr_of_text(slice text)
{
    static const hash48 zero;
    return pcr_extend(&zero, text);
}

hash48 pcr_of_digest(const hash48 *digest)
{
    return pcr_of_text(hash48_view(digest));
}

status pcr_parse_value(slice text, hash48 *value)
{
    hash48 parsed;
    REQUIRE(text.size == 2 * sizeof parsed.bytes, BAD_INPUT, "pcr: a value must be 96 hex digits");
    TRY(hex_read(text, parsed.bytes, sizeof parsed.bytes));
    *value = parsed;
    return status_ok();
}

status pcr_parse(slice text, struct pcr_set *set)
{
    const size_t middle = slice_index_of(text, '=');
    uint64_t index = 0;
    hash48 value;
    REQUIRE(middle < text.size, BAD_INPUT, "pcr: must be written as N=HEX");
    const status number = slice_parse_u64(slice_part(text, 0, middle), PCR_COUNT - 1, &index);
    REQUIRE(status_is_ok(number), BAD_INPUT, "pcr: N must be a number from 0 to 31");
    REQUIRE(!pcr_set_has(set, (unsigned)index), BAD_INPUT, "pcr: the same N comes twice");
    TRY(pcr_parse_value(slice_part(text, middle + 1, text.size), &value));
    pcr_set_put(set, (unsigned)index, &value);
    return status_ok();
}
