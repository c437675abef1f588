/*
 * envelope: one that is accepted and written again, in either form, reads as the same one.
 */
#include "crypto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_form(const struct envelope *envelope, bool is_constructed)
{
    static uint8_t memory[ENVELOPE_SIZE_MAX];
    static struct envelope again;
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    envelope_write(envelope, is_constructed, &builder);
    if (builder.is_over) __builtin_trap();
    if (!status_is_ok(envelope_read(builder_view(&builder), &again))) __builtin_trap();
    if (!hash32_equal(&again.recipient_id, &envelope->recipient_id)) __builtin_trap();
    if (!slice_equal(slice_of(again.content, again.content_size),
                     slice_of(envelope->content, envelope->content_size)))
        __builtin_trap();
    if (!slice_equal(slice_of(again.encrypted_key, sizeof again.encrypted_key),
                     slice_of(envelope->encrypted_key, sizeof envelope->encrypted_key)))
        __builtin_trap();
    if (!slice_equal(slice_of(again.iv, sizeof again.iv),
                     slice_of(envelope->iv, sizeof envelope->iv)))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct envelope envelope;
    if (!status_is_ok(envelope_read(slice_of(bytes, size), &envelope))) return 0;
    check_form(&envelope, false);
    check_form(&envelope, true);
    return 0;
}
