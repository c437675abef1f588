#include "wallet/intent.h"

#include "eth/eip191.h"
#include "eth/tx_codec.h"

/* Hashes what was understood, written again, which must be what was given. */
static status digest_of(const struct tx *tx, slice bytes, struct arena *arena, hash32 *digest)
{
    struct builder again;
    builder_init_arena(&again, arena, bytes.size);
    TRY(tx_write(tx, &again));
    REQUIRE(slice_equal(builder_view(&again), bytes), INTERNAL,
            "intent: a transaction is not what it was read as");
    *digest = tx_signing_hash(builder_view(&again));
    return status_ok();
}

static status read_transaction(slice bytes, struct arena *arena, struct intent *intent)
{
    struct tx tx;
    hash32 digest;
    TRY(tx_read(bytes, &tx));
    TRY(digest_of(&tx, bytes, arena, &digest));
    *intent = (struct intent){
        .kind = INTENT_TRANSACTION,
        .digest = digest,
        .chain_id = tx.chain_id,
        .has_to = tx.has_to,
        .to = tx.to,
        .value = tx.value,
        .data = tx.data,
    };
    return status_ok();
}

status intent_read(enum intent_kind kind, slice bytes, struct arena *arena, struct intent *intent)
{
    if (kind == INTENT_TRANSACTION) return read_transaction(bytes, arena, intent);
    REQUIRE(kind == INTENT_MESSAGE, BAD_INPUT, "intent: kind is not known");
    *intent = (struct intent){.kind = INTENT_MESSAGE, .digest = eip191_hash(bytes), .data = bytes};
    return status_ok();
}
