#include "eth/access_list.h"

#include "eth/rlp.h"

status access_list_take_key(slice *keys, hash32 *key)
{
    return rlp_take_bytes(keys, sizeof key->bytes, key->bytes);
}

status access_list_take(slice *list, struct access_entry *entry)
{
    slice rest = *list, items;
    struct access_entry taken;
    TRY(rlp_take_list(&rest, &items));
    TRY(rlp_take_bytes(&items, ADDRESS_SIZE, taken.address.bytes));
    TRY(rlp_take_list(&items, &taken.keys));
    TRY(rlp_expect_end(items));
    *list = rest;
    *entry = taken;
    return status_ok();
}

status access_list_check(slice list)
{
    size_t count = 0;
    while (list.size > 0) {
        struct access_entry entry;
        hash32 key;
        TRY(access_list_take(&list, &entry));
        count++;
        for (; entry.keys.size > 0; count++) TRY(access_list_take_key(&entry.keys, &key));
        REQUIRE(count <= ACCESS_LIST_COUNT_MAX, BAD_INPUT,
                "tx: access list has too many addresses and keys");
    }
    return status_ok();
}
