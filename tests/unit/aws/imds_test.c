#include "aws/imds.h"

#include <stdio.h>
#include <string.h>

#include "runner.h"

static const char host[] = "169.254.169.254";

static void expect_request(const struct http_request *request, const char *wanted)
{
    uint8_t text[1024];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    expect_ok("print", http_request_print(request, &builder));
    expect_text("request", builder_view(&builder), wanted);
}

static void set_token(const char *text, struct secret_text *token)
{
    expect_ok("token", secret_text_read(slice_text(text), token));
}

/* As the EC2 User Guide shows them with curl. */
static void requests(void)
{
    struct http_request request;
    struct secret_text token = {0};
    uint8_t memory[IMDS_MEMORY_SIZE_MAX];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    set_token("AQAEA==", &token);
    expect_ok("token", imds_token_build(slice_text(host), &request));
    expect_request(&request, "PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n"
                             "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"
                             "Content-Length: 0\r\n\r\n");
    expect_ok("role", imds_role_build(slice_text(host), &token, &request));
    expect_request(&request, "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"
                             "Host: 169.254.169.254\r\nX-aws-ec2-metadata-token: AQAEA==\r\n\r\n");
    expect_ok("credentials", imds_credentials_build(slice_text(host), &token, slice_text("my+role"),
                                                    &builder, &request));
    expect_request(&request, "GET /latest/meta-data/iam/security-credentials/my+role HTTP/1.1\r\n"
                             "Host: 169.254.169.254\r\nX-aws-ec2-metadata-token: AQAEA==\r\n\r\n");
    expect_ok("region", imds_region_build(slice_text(host), &token, &request));
    expect_request(&request, "GET /latest/meta-data/placement/region HTTP/1.1\r\n"
                             "Host: 169.254.169.254\r\nX-aws-ec2-metadata-token: AQAEA==\r\n\r\n");
}

static void request_refusals(void)
{
    struct http_request request;
    struct secret_text token = {0}, none = {0};
    uint8_t memory[IMDS_MEMORY_SIZE_MAX];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    set_token("t", &token);
    expect_refused("host", imds_token_build(slice_text("a b"), &request),
                   "imds: host is not a name");
    expect_refused("host", imds_role_build(slice_text(""), &token, &request),
                   "imds: host is not a name");
    expect_refused("token", imds_region_build(slice_text(host), &none, &request),
                   "imds: token is empty");
    static const char *const roles[] = {
        "",     "a/b",   "a b",
        "../x", "a\r\n", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm"};
    for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
        runner_row(roles[i]);
        expect_refused("role",
                       imds_credentials_build(slice_text(host), &token, slice_text(roles[i]),
                                              &builder, &request),
                       "imds: role is not a name");
    }
    runner_row(NULL);
    expect_ok("longest role",
              imds_credentials_build(
                  slice_text(host), &token,
                  slice_text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234+=,.@_-"),
                  &builder, &request));
    builder_init(&builder, memory, 16);
    expect_refused(
        "no room",
        imds_credentials_build(slice_text(host), &token, slice_text("r"), &builder, &request),
        "builder: result does not fit");
}

enum reader { TOKEN, ROLE, REGION, CREDENTIALS };

static status read(enum reader reader, const struct http_response *response, slice *text)
{
    static struct secret_text token;
    static struct aws_credentials credentials;
    switch (reader) {
    case TOKEN:
        TRY(imds_token_read(response, &token));
        *text = secret_expose_text(&token);
        return status_ok();
    case ROLE: return imds_role_read(response, text);
    case REGION: return imds_region_read(response, text);
    case CREDENTIALS: break;
    }
    TRY(imds_credentials_read(response, &credentials));
    *text = aws_credentials_id(&credentials);
    return status_ok();
}

static const struct {
    const char *name;
    enum reader reader;
    uint16_t code;
    const char *body, *text, *refusal;
} rows[] = {
    {"token", TOKEN, 200, "AQAEAxyz_-==", "AQAEAxyz_-==", NULL},
    {"token with a line break", TOKEN, 200, "AQAEA==\r\n", "AQAEA==", NULL},
    {"empty token", TOKEN, 200, "", NULL, "imds: token is not one line of visible text"},
    {"token with a blank", TOKEN, 200, "a b", NULL, "imds: token is not one line of visible text"},
    {"token with a delete character", TOKEN, 200, "a\x7f", NULL,
     "imds: token is not one line of visible text"},
    {"no region", REGION, 404, "", NULL, "imds: there is no such item"},
    {"bad PUT", TOKEN, 400, "", NULL, "imds: does not answer as it should"},
    {"PUT refused", TOKEN, 403, "", NULL, "imds: does not answer as it should"},
    {"role", ROLE, 200, "wallet-parent", "wallet-parent", NULL},
    {"first of two roles", ROLE, 200, "one\ntwo", "one", NULL},
    {"no role", ROLE, 404, "<html>", NULL, "imds: there is no such item"},
    {"a page instead of a role", ROLE, 200, "<html>", NULL, "imds: role is not a name"},
    {"empty role", ROLE, 200, "", NULL, "imds: role is not a name"},
    {"token refused", ROLE, 401, "", NULL, "imds: does not answer as it should"},
    {"overloaded", ROLE, 503, "", NULL, "imds: does not answer as it should"},
    {"region", REGION, 200, "eu-west-1", "eu-west-1", NULL},
    {"region in capitals", REGION, 200, "EU-WEST-1", NULL, "imds: region is not a name"},
    {"longest region", REGION, 200, "abcdefghijklmnopqrstuvwxyz-12345",
     "abcdefghijklmnopqrstuvwxyz-12345", NULL},
    {"region too long", REGION, 200, "abcdefghijklmnopqrstuvwxyz-123456", NULL,
     "imds: region is not a name"},
    {"empty region", REGION, 200, "", NULL, "imds: region is not a name"},
    {"credentials", CREDENTIALS, 200,
     "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
     "\"Expiration\":\"2026-01-02T03:04:05Z\"}",
     "ASIA1", NULL},
    {"role not trusted", CREDENTIALS, 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", NULL,
     "credentials: the role cannot be assumed now"},
    {"credentials cut", CREDENTIALS, 200, "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\"", NULL,
     "imds: credentials are not as the service writes them"},
    {"role gone", CREDENTIALS, 404, "", NULL, "imds: there is no such item"},
};

static void replies(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct http_response response = {.code = rows[i].code,
                                               .body = slice_text(rows[i].body)};
        slice text = {0};
        runner_row(rows[i].name);
        const status got = read(rows[i].reader, &response, &text);
        if (!expect_outcome("read", got, rows[i].refusal) || rows[i].refusal) continue;
        expect_text("text", text, rows[i].text);
    }
}

static void token_limits(void)
{
    static uint8_t body[IMDS_TOKEN_SIZE_MAX + 1];
    struct secret_text token;
    memset(body, 'x', sizeof body);
    struct http_response response = {.code = 200, .body = slice_of(body, IMDS_TOKEN_SIZE_MAX)};
    expect_ok("longest", imds_token_read(&response, &token));
    response.body = slice_of(body, IMDS_TOKEN_SIZE_MAX + 1);
    expect_refused("one more", imds_token_read(&response, &token),
                   "imds: token is not one line of visible text");
}

static void document_limits(void)
{
    static uint8_t body[AWS_CREDENTIALS_JSON_SIZE_MAX + 1];
    struct aws_credentials credentials = {0};
    memset(body, ' ', sizeof body);
    const struct http_response response = {.code = 200, .body = slice_of(body, sizeof body)};
    expect_refused("too long", imds_credentials_read(&response, &credentials),
                   "imds: credentials are not as the service writes them");
}

static void token_refused(void)
{
    expect_true("401", imds_is_token_refused(&(struct http_response){.code = 401}));
    expect_true("403", !imds_is_token_refused(&(struct http_response){.code = 403}));
    char text[16];
    snprintf(text, sizeof text, "%d", IMDS_TOKEN_LIFETIME_S);
    expect_true("the lifetime asked for", strcmp(text, "21600") == 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"requests", requests},
        {"request refusals", request_refusals},
        {"replies", replies},
        {"token limits", token_limits},
        {"document limits", document_limits},
        {"token refused", token_refused},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
