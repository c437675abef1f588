#include "parent/credentials_section.h"

#include "base/builder.h"
#include "base/secret.h"
#include "proto/message.h"

status credentials_section_put(struct credentials_source *source, int64_t deadline_ms,
                               struct arena *arena, slice *section)
{
    SCOPED(aws_credentials_wipe) struct aws_credentials credentials = {0};
    SCOPED(message_credentials_wipe) struct message_credentials parts = {0};
    uint8_t memory[MESSAGE_CREDENTIALS_SIZE_MAX];
    struct builder builder;
    TRY(credentials_source_get(source, deadline_ms, &credentials));
    TRY(secret_text_read(aws_credentials_id(&credentials), &parts.access_key_id));
    /* Copied structurally: no secret is exposed on the way. */
    parts.secret_access_key = credentials.secret;
    parts.session_token = credentials.session_token;
    /* Built aside: a request's arena has room for the usual size, not for the longest. */
    builder_init(&builder, memory, sizeof memory);
    status put = message_credentials_put(&parts, &builder);
    if (status_is_ok(put)) put = arena_copy(arena, builder_view(&builder), section);
    secret_wipe(memory, sizeof memory);
    return put;
}
