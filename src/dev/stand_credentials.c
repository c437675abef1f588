#include "dev/stand_credentials.h"

#include <string.h>

#include "base/base64.h"
#include "base/builder.h"
#include "crypto/digest.h"
#include "os/file.h"

enum { TOKEN_SIZE = 8 + 32, TEXT_SIZE_MAX = 64 };

/* RFC 4648, section 6. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

status stand_credentials_read_key(const char *path, struct secret32 *key)
{
    struct builder builder;
    struct secret32 read = {0};
    builder_init(&builder, read.bytes, sizeof read.bytes);
    TRY(file_put_private(path, &builder));
    const status result = secret32_read(builder_view(&builder), key);
    secret32_wipe(&read);
    return result;
}

/* Five bits a character, from the front. */
static void put_id(struct builder *builder, const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE])
{
    builder_put_text(builder, "ASIA");
    for (size_t bit = 0; bit < 8 * STAND_CREDENTIALS_SEED_SIZE; bit += 5) {
        const size_t at = bit / 8;
        const unsigned next = at + 1 < STAND_CREDENTIALS_SEED_SIZE ? seed[at + 1] : 0;
        const unsigned window = (unsigned)seed[at] << 8 | next;
        builder_put_u8(builder, (uint8_t)alphabet[window >> (11 - bit % 8) & 31]);
    }
}

static bool is_id(slice id)
{
    if (id.size != STAND_CREDENTIALS_ID_SIZE || !slice_has_start(id, slice_text("ASIA"))) {
        return false;
    }
    for (size_t i = 4; i < id.size; i++) {
        if (!strchr(alphabet, id.bytes[i]) || id.bytes[i] == 0) return false;
    }
    return true;
}

static hash32 tag_of(const struct secret32 *key, const char *purpose, slice id, slice more)
{
    struct hmac_sha256_key prepared;
    struct hmac_sha256 mac;
    hmac_sha256_key_init(&prepared, secret_expose(key));
    hmac_sha256_init(&mac, &prepared);
    hmac_sha256_put(&mac, slice_text(purpose));
    hmac_sha256_put(&mac, id);
    hmac_sha256_put(&mac, more);
    hmac_sha256_key_wipe(&prepared);
    return hmac_sha256_finish(&mac);
}

static void put_token(struct builder *builder, const struct secret32 *key, slice id,
                      int64_t expires_at_s)
{
    uint8_t memory[TOKEN_SIZE];
    struct builder token;
    builder_init(&token, memory, sizeof memory);
    builder_put_u64(&token, (uint64_t)expires_at_s);
    const hash32 tag = tag_of(key, "token", id, builder_view(&token));
    builder_put(&token, hash32_view(&tag));
    base64_put_url(builder, builder_view(&token));
}

static status make_credentials(const struct secret32 *key, slice id, int64_t expires_at_s,
                               struct aws_credentials *credentials)
{
    uint8_t secret_memory[TEXT_SIZE_MAX], token_memory[TEXT_SIZE_MAX];
    struct builder secret, token;
    struct aws_credentials_parts parts = {.access_key_id = id, .expires_at_s = expires_at_s};
    builder_init(&secret, secret_memory, sizeof secret_memory);
    const hash32 tag = tag_of(key, "secret", id, slice_text(""));
    base64_put(&secret, hash32_view(&tag));
    TRY(builder_finish(&secret, &parts.secret));
    builder_init(&token, token_memory, sizeof token_memory);
    put_token(&token, key, id, expires_at_s);
    TRY(builder_finish(&token, &parts.session_token));
    return aws_credentials_init(&parts, credentials);
}

status stand_credentials_issue(const struct secret32 *key,
                               const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE],
                               int64_t expires_at_s, struct aws_credentials *credentials)
{
    uint8_t memory[STAND_CREDENTIALS_ID_SIZE];
    struct builder id;
    builder_init(&id, memory, sizeof memory);
    put_id(&id, seed);
    return make_credentials(key, builder_view(&id), expires_at_s, credentials);
}

status stand_credentials_check(const struct secret32 *key, slice id, slice token,
                               struct aws_credentials *credentials)
{
    uint8_t memory[TOKEN_SIZE];
    struct builder decoded;
    struct aws_credentials made = {0};
    uint64_t expires_at_s = 0;
    builder_init(&decoded, memory, sizeof memory);
    const bool is_text = is_id(id) && status_is_ok(base64_put_decoded_url(&decoded, token));
    slice input = builder_view(&decoded);
    REQUIRE(is_text && input.size == TOKEN_SIZE, DENIED,
            "credentials: id or token was not issued here");
    TRY(slice_take_u64(&input, &expires_at_s));
    REQUIRE(expires_at_s <= INT64_MAX, DENIED, "credentials: id or token was not issued here");
    TRY(make_credentials(key, id, (int64_t)expires_at_s, &made));
    REQUIRE(secret_equal(secret_expose_text(&made.session_token), token), DENIED,
            "credentials: id or token was not issued here");
    *credentials = made;
    return status_ok();
}
