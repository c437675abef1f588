#include "proto/account_id.h"

#include "base/hex.h"

enum { ADDRESS_SIZE = 20 };

static bool character_is_allowed(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '@' || c == '-';
}

static bool is_address_text(slice name)
{
    uint8_t address[ADDRESS_SIZE];
    return status_is_ok(hex_read_0x(name, address, sizeof address));
}

status account_name_check(slice name)
{
    REQUIRE(name.size > 0, BAD_INPUT, "account name: is empty");
    REQUIRE(name.size <= ACCOUNT_NAME_SIZE_MAX, BAD_INPUT,
            "account name: has more than 128 characters");
    for (size_t i = 0; i < name.size; i++) {
        if (!character_is_allowed(name.bytes[i])) {
            FAIL(BAD_INPUT, (int64_t)i,
                 "account name: only letters, digits and . _ : @ - are allowed");
        }
    }
    REQUIRE(!is_address_text(name), BAD_INPUT, "account name: must not look like an address");
    return status_ok();
}

status account_preimage_put(slice name, struct builder *preimage)
{
    TRY(account_name_check(name));
    builder_put_text(preimage, "ENW1 account name v1");
    builder_put_zeros(preimage, ACCOUNT_ORGANISATION_SIZE);
    builder_put(preimage, name);
    slice written;
    return builder_finish(preimage, &written);
}

bool account_id_equal(const account_id *a, const account_id *b)
{
    return slice_equal(slice_of(a->bytes, sizeof a->bytes), slice_of(b->bytes, sizeof b->bytes));
}
