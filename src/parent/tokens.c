#include "parent/tokens.h"

#include "base/builder.h"
#include "base/secret.h"
#include "os/file.h"

static bool is_token_character(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return true;
    if (byte >= 'A' && byte <= 'Z') return true;
    if (byte >= 'a' && byte <= 'z') return true;
    return slice_index_of(slice_text("-._~+/="), byte) < 7;
}

status tokens_read(slice text, struct tokens *tokens)
{
    if (text.size > 0 && text.bytes[text.size - 1] == '\n') text.size--;
    REQUIRE(text.size >= TOKENS_TEXT_SIZE_MIN, BAD_INPUT,
            "token: must have at least 43 characters (32 random bytes)");
    REQUIRE(text.size <= TOKENS_TEXT_SIZE_MAX, BAD_INPUT,
            "token: must have at most 256 characters");
    for (size_t i = 0; i < text.size; i++) {
        REQUIRE(is_token_character(text.bytes[i]), BAD_INPUT,
                "token: has a character outside A-Z a-z 0-9 - . _ ~ + / =");
    }
    *tokens = (struct tokens){true, sha256(text)};
    return status_ok();
}

status tokens_read_file(const char *path, struct tokens *tokens)
{
    SCOPED(secret_text_wipe) struct secret_text text = {0};
    struct builder builder;
    builder_init(&builder, text.bytes, sizeof text.bytes);
    TRY(file_put_private(path, &builder));
    return tokens_read(builder_view(&builder), tokens);
}

/* The scheme's name is not case-sensitive (RFC 9110, section 11.1). */
static bool take_scheme(slice *authorization)
{
    static const char scheme[] = "bearer ";
    if (authorization->size < sizeof scheme - 1) return false;
    for (size_t i = 0; i < sizeof scheme - 1; i++) {
        const uint8_t byte = authorization->bytes[i];
        const uint8_t lower = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
        if (lower != (uint8_t)scheme[i]) return false;
    }
    *authorization = slice_part(*authorization, sizeof scheme - 1, authorization->size);
    return true;
}

status tokens_check(const struct tokens *tokens, slice authorization)
{
    if (!tokens->is_required) return status_ok();
    REQUIRE(take_scheme(&authorization), DENIED,
            "authorization: a bearer token is needed and was not given or is not right");
    const hash32 given = sha256(authorization);
    REQUIRE(hash32_equal(&given, &tokens->digest), DENIED,
            "authorization: a bearer token is needed and was not given or is not right");
    return status_ok();
}
