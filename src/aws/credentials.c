#include "aws/credentials.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "aws/time.h"
#include "base/json_read.h"
#include "base/text.h"

enum { TOKENS_SIZE_MAX = 8192 }; /* memory for 400 values and names of a document */

status aws_credentials_init(const struct aws_credentials_parts *parts,
                            struct aws_credentials *credentials)
{
    REQUIRE(parts->access_key_id.size > 0 && parts->secret.size > 0, BAD_INPUT,
            "credentials: access key id or secret is empty");
    REQUIRE(parts->access_key_id.size <= CREDENTIALS_ID_SIZE_MAX &&
                parts->secret.size <= CREDENTIALS_SECRET_SIZE_MAX &&
                parts->session_token.size <= CREDENTIALS_TOKEN_SIZE_MAX,
            OVER_LIMIT, "credentials: a part is too long");
    REQUIRE(text_is_made_of(parts->access_key_id, text_is_visible) &&
                text_is_made_of(parts->secret, text_is_visible) &&
                text_is_made_of(parts->session_token, text_is_visible),
            BAD_INPUT, "credentials: a part has a character that is not visible ASCII");
    REQUIRE(parts->expires_at_s >= 0, BAD_INPUT, "credentials: expiry is before 1970");
    memcpy(credentials->access_key_id, parts->access_key_id.bytes, parts->access_key_id.size);
    credentials->access_key_id_size = parts->access_key_id.size;
    credentials->expires_at_s = parts->expires_at_s;
    TRY(secret_text_read(parts->secret, &credentials->secret));
    return secret_text_read(parts->session_token, &credentials->session_token);
}

static status read_parts(const json_value *object, struct aws_credentials_parts *parts)
{
    slice expiry = {0};
    TRY(json_read_string(object, "AccessKeyId", 1, CREDENTIALS_ID_SIZE_MAX, &parts->access_key_id));
    TRY(json_read_string(object, "SecretAccessKey", 1, CREDENTIALS_SECRET_SIZE_MAX,
                         &parts->secret));
    TRY(json_read_string(object, "Token", 1, CREDENTIALS_TOKEN_SIZE_MAX, &parts->session_token));
    TRY(json_read_string(object, "Expiration", 1, 64, &expiry));
    return aws_time_parse_rfc3339(expiry, &parts->expires_at_s);
}

status aws_credentials_read(slice text, struct aws_credentials *credentials)
{
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[AWS_CREDENTIALS_JSON_SIZE_MAX + TOKENS_SIZE_MAX];
    struct arena arena;
    struct aws_credentials_parts parts = {0};
    json_value object = {0};
    slice code = {0};
    arena_init(&arena, space, sizeof space);
    REQUIRE(text.size <= AWS_CREDENTIALS_JSON_SIZE_MAX, OVER_LIMIT,
            "credentials: document is too long");
    TRY(json_open(text, &arena, &document));
    TRY(json_top_object(&document, &object));
    if (json_has_value(&object, "Code")) {
        TRY(json_read_string(&object, "Code", 0, 64, &code));
        REQUIRE(slice_equal(code, slice_text("Success")), UNAVAILABLE,
                "credentials: the role cannot be assumed now");
    }
    TRY(read_parts(&object, &parts));
    return aws_credentials_init(&parts, credentials);
}

slice aws_credentials_id(const struct aws_credentials *credentials)
{
    return slice_of(credentials->access_key_id, credentials->access_key_id_size);
}

bool aws_credentials_is_expired(const struct aws_credentials *credentials, int64_t now_s)
{
    return credentials->expires_at_s != 0 && now_s >= credentials->expires_at_s;
}

void aws_credentials_wipe(struct aws_credentials *credentials)
{
    secret_wipe(credentials, sizeof *credentials);
}
