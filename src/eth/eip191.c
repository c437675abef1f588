#include "eth/eip191.h"

#include "base/builder.h"
#include "eth/keccak.h"

hash32 eip191_hash(slice message)
{
    static const slice start = SLICE_LITERAL("\x19"
                                             "Ethereum Signed Message:\n");
    uint8_t digits[20];
    struct builder size;
    struct keccak keccak;
    builder_init(&size, digits, sizeof digits);
    builder_put_decimal(&size, message.size);
    keccak_init(&keccak);
    keccak_put(&keccak, start);
    keccak_put(&keccak, builder_view(&size));
    keccak_put(&keccak, message);
    return keccak_finish(&keccak);
}
