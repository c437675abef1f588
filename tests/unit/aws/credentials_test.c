#include "aws/credentials.h"

#include <string.h>

#include "runner.h"

/* After the EC2 User Guide's and the EKS Pod Identity agent's examples. */
static const struct {
    const char *name, *json, *refusal;
    int64_t expires_at_s;
} rows[] = {
    {"IMDS",
     "{\"Code\":\"Success\",\"LastUpdated\":\"2026-01-01T21:00:00Z\",\"Type\":\"AWS-HMAC\","
     "\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/EXAMPLE+\","
     "\"Token\":\"token==\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     NULL, 1767323045},
    {"Pod Identity",
     "{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/EXAMPLE+\","
     "\"Token\":\"token==\",\"AccountId\":\"111122223333\","
     "\"Expiration\":\"2026-01-02T03:04:05.123456789Z\"}",
     NULL, 1767323045},
    {"role not trusted",
     "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}",
     "credentials: the role cannot be assumed now", 0},
    {"code of another type", "{\"Code\":1}", "must be a string", 0},
    {"no id", "{\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     "is missing", 0},
    {"no secret", "{\"AccessKeyId\":\"A\",\"Token\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     "is missing", 0},
    {"no token",
     "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     "is missing", 0},
    {"no expiry", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}", "is missing",
     0},
    {"expiry that is no time",
     "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"soon\"}",
     "time: a digit is missing", 0},
    {"line break in the token",
     "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\\r\\nX: y\","
     "\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     "credentials: a part has a character that is not visible ASCII", 0},
    {"not JSON", "<html>", "json: text is not valid JSON", 0},
    {"not an object", "[]", "must be a JSON object", 0},
};

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct aws_credentials credentials = {0};
        runner_row(rows[i].name);
        const status got = aws_credentials_read(slice_text(rows[i].json), &credentials);
        if (!expect_outcome("read", got, rows[i].refusal) || rows[i].refusal) continue;
        expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE");
        expect_text("secret", secret_expose_text(&credentials.secret), "secret/EXAMPLE+");
        expect_text("token", secret_expose_text(&credentials.session_token), "token==");
        expect_true("expiry", credentials.expires_at_s == rows[i].expires_at_s);
    }
}

static void sizes(void)
{
    static uint8_t text[SECRET_TEXT_SIZE_MAX + 1];
    memset(text, 'x', sizeof text);
    static const struct {
        const char *name;
        size_t id, secret, token;
        const char *refusal;
    } cases[] = {
        {"largest", CREDENTIALS_ID_SIZE_MAX, CREDENTIALS_SECRET_SIZE_MAX, SECRET_TEXT_SIZE_MAX,
         NULL},
        {"no token", 1, 1, 0, NULL},
        {"no id", 0, 1, 1, "credentials: access key id or secret is empty"},
        {"no secret", 1, 0, 1, "credentials: access key id or secret is empty"},
        {"id too long", CREDENTIALS_ID_SIZE_MAX + 1, 1, 1, "credentials: a part is too long"},
        {"secret too long", 1, CREDENTIALS_SECRET_SIZE_MAX + 1, 1,
         "credentials: a part is too long"},
        {"token too long", 1, 1, SECRET_TEXT_SIZE_MAX + 1, "credentials: a part is too long"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct aws_credentials credentials = {0};
        const struct aws_credentials_parts parts = {.access_key_id = slice_of(text, cases[i].id),
                                                    .secret = slice_of(text, cases[i].secret),
                                                    .session_token =
                                                        slice_of(text, cases[i].token)};
        runner_row(cases[i].name);
        expect_outcome("init", aws_credentials_init(&parts, &credentials), cases[i].refusal);
    }
}

static void characters(void)
{
    static const char *const bad[] = {"a b", "a\n", "\x7f", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        for (size_t part = 0; part < 3; part++) {
            struct aws_credentials credentials = {0};
            const struct aws_credentials_parts parts = {
                .access_key_id = slice_text(part == 0 ? bad[i] : "a"),
                .secret = slice_text(part == 1 ? bad[i] : "a"),
                .session_token = slice_text(part == 2 ? bad[i] : "a")};
            runner_row_at(bad[i], part);
            expect_refused("init", aws_credentials_init(&parts, &credentials),
                           "credentials: a part has a character that is not visible ASCII");
        }
    }
}

static void expiry(void)
{
    struct aws_credentials credentials = {.expires_at_s = 100};
    const struct aws_credentials_parts parts = {
        .access_key_id = slice_text("a"), .secret = slice_text("b"), .expires_at_s = -1};
    expect_true("before", !aws_credentials_is_expired(&credentials, 99));
    expect_true("then", aws_credentials_is_expired(&credentials, 100));
    credentials.expires_at_s = 0;
    expect_true("never", !aws_credentials_is_expired(&credentials, INT64_MAX));
    expect_refused("before 1970", aws_credentials_init(&parts, &credentials),
                   "credentials: expiry is before 1970");
}

static void wiped(void)
{
    static const struct aws_credentials empty = {0};
    struct aws_credentials credentials = {0};
    expect_ok("read", aws_credentials_read(slice_text(rows[0].json), &credentials));
    aws_credentials_wipe(&credentials);
    expect_bytes("nothing is left", slice_of(&credentials, sizeof credentials),
                 slice_of(&empty, sizeof empty));
}

static void document_size(void)
{
    static uint8_t text[AWS_CREDENTIALS_JSON_SIZE_MAX + 1];
    struct aws_credentials credentials = {0};
    const slice json = slice_text(rows[0].json);
    memset(text, ' ', sizeof text);
    memcpy(text, json.bytes, json.size);
    expect_ok("largest", aws_credentials_read(slice_of(text, sizeof text - 1), &credentials));
    expect_refused("one more", aws_credentials_read(slice_of(text, sizeof text), &credentials),
                   "credentials: document is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"read rows", read_rows}, {"sizes", sizes}, {"characters", characters},
        {"expiry", expiry},       {"wiped", wiped}, {"document size", document_size},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
