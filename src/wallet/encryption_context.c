#include "wallet/encryption_context.h"

#include "base/hex.h"

/* A value that is written rather than viewed. */
static slice put_id(struct builder *text, hash32 id)
{
    const size_t start = text->size;
    hex_put(text, hash32_view(&id));
    return slice_part(builder_view(text), start, text->size);
}

static slice put_number(struct builder *text, uint32_t number)
{
    const size_t start = text->size;
    builder_put_decimal(text, number);
    return slice_part(builder_view(text), start, text->size);
}

status encryption_context_init(struct encryption_context *context,
                               const struct encryption_context_subject *subject)
{
    struct builder text;
    REQUIRE(subject->environment.size >= 1 &&
                subject->environment.size <= ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX,
            BAD_INPUT, "encryption_context: environment must have 1 to 64 bytes");
    builder_init(&text, context->text, sizeof context->text);
    context->pairs[0] =
        (struct encryption_context_pair){slice_text("acct"), put_id(&text, subject->account_id)};
    context->pairs[1] = (struct encryption_context_pair){slice_text("app"), slice_text("enw1")};
    context->pairs[2] = (struct encryption_context_pair){slice_text("env"), subject->environment};
    context->pairs[3] =
        (struct encryption_context_pair){slice_text("epoch"), put_number(&text, subject->epoch)};
    context->pairs[4] = (struct encryption_context_pair){slice_text("kind"), slice_text("1")};
    return status_ok();
}
