/* hybrid: an accepted answer is "OK " and a number without leading zeros, and nothing more. */
#include <assert.h>

#include "net/hybrid.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!status_is_ok(hybrid_check_line(slice_of(bytes, size)))) return 0;
    assert(size >= 4 && size <= 13 && bytes[0] == 'O' && bytes[1] == 'K' && bytes[2] == ' ');
    for (size_t i = 3; i < size; i++) assert(bytes[i] >= '0' && bytes[i] <= '9');
    assert(size == 4 || bytes[3] != '0');
    return 0;
}
