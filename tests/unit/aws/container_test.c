#include "aws/container.h"

#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *relative, *full, *address, *refusal;
} address_rows[] = {
    {"relative", "/v2/credentials/x", "", "http://169.254.170.2/v2/credentials/x", NULL},
    {"full", "", "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials",
     NULL},
    {"relative wins", "/r", "http://127.0.0.1/f", "http://169.254.170.2/r", NULL},
    {"none", "", "", NULL, "container: no address is set"},
    {"relative that goes on the host's name", ".example.com/", "", NULL,
     "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash"},
    {"relative that makes the host a user", "@example.com/", "", NULL,
     "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash"},
};

static void put_addresses(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(address_rows); i++) {
        uint8_t memory[128];
        struct builder builder;
        builder_init(&builder, memory, sizeof memory);
        runner_row(address_rows[i].name);
        const status got = container_address_put(slice_text(address_rows[i].relative),
                                                 slice_text(address_rows[i].full), &builder);
        if (!expect_outcome("put", got, address_rows[i].refusal) || address_rows[i].refusal) {
            continue;
        }
        expect_text("address", builder_view(&builder), address_rows[i].address);
    }
}

#define NOT_HERE "container: plain http is for addresses on this machine only"

/* AWS SDKs and Tools Reference Guide; amazon-eks-pod-identity-webhook for the IPv6 address. */
static const struct {
    const char *address, *refusal;
} host_rows[] = {
    {"http://169.254.170.2/v2/credentials", NULL},
    {"http://169.254.170.23/v1/credentials", NULL},
    {"http://[fd00:ec2::23]/v1/credentials", NULL},
    {"http://127.0.0.1:8080/x", NULL},
    {"http://127.255.255.255/x", NULL},
    {"http://[::1]:8080/x", NULL},
    {"http://localhost/x", NULL},
    {"https://example.com/x", NULL},
    {"https://10.0.0.1/x", NULL},
    {"http://169.254.169.254/latest", NOT_HERE},
    {"http://169.254.170.3/x", NOT_HERE},
    {"http://169.254.170.230/x", NOT_HERE},
    {"http://169.254.170.2.example.com/x", NOT_HERE},
    {"http://[fd00:ec2::254]/x", NOT_HERE},
    {"http://[::2]/x", NOT_HERE},
    {"http://[::ffff:10.0.0.1]/x", NOT_HERE},
    {"http://10.0.0.1/x", NOT_HERE},
    {"http://0.0.0.0/x", NOT_HERE},
    {"http://126.0.0.1/x", NOT_HERE},
    {"http://128.0.0.1/x", NOT_HERE},
    {"http://example.com/x", NOT_HERE},
    {"http://localhost.example.com/x", NOT_HERE},
    {"http://127.0.0.1.example.com/x", NOT_HERE},
    {"http://127.0.0.example/x", NOT_HERE},
    {"http://127.0.0.1.1/x", NOT_HERE},
    {"http://127.0.0.1./x", NOT_HERE},
    {"http://127.0.1/x", NOT_HERE},
    {"http://127..0.1/x", NOT_HERE},
    {"http://127.0.0.256/x", NOT_HERE},
    {"http://127.0.0.01/x", NOT_HERE},
    {"http://2130706433/x", NOT_HERE},
    {"http://127.0.0.1@example.com/x", "uri: "},
    {"ftp://127.0.0.1/x", "uri: "},
    {"file:///etc/passwd", "uri: "},
    {"", "uri: "},
};

static void parse_hosts(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(host_rows); i++) {
        struct uri uri = {0};
        runner_row(host_rows[i].address);
        const status got = container_address_parse(slice_text(host_rows[i].address), &uri);
        const char *refusal = host_rows[i].refusal;
        if (refusal && strcmp(refusal, "uri: ") == 0) {
            expect_kind("no address", got, FAILURE_BAD_INPUT);
        } else if (expect_outcome("parse", got, refusal) && refusal) {
            expect_kind("denied", got, FAILURE_DENIED);
        }
        expect_true("host", (uri.host.size > 0) == !refusal);
    }
}

#define BAD_TOKEN "container: token has a line break or another character that no header can have"

static void read_tokens(void)
{
    static const struct {
        const char *name, *text, *refusal;
    } rows[] = {
        {"as EKS writes them", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", NULL},
        {"with a scheme", "Bearer abc", NULL},
        {"empty", "", "container: token is empty"},
        {"line feed at the end", "token\n", BAD_TOKEN},
        {"carriage return at the end", "token\r", BAD_TOKEN},
        {"a header behind it", "token\r\nHost: example.com", BAD_TOKEN},
        {"tab", "to\tken", BAD_TOKEN},
        {"delete", "token\x7f", BAD_TOKEN},
        {"not ASCII", "tok\xc3\xa9n", BAD_TOKEN},
    };
    static uint8_t largest[SECRET_TEXT_SIZE_MAX + 1];
    static struct secret_text token;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        secret_text_wipe(&token);
        runner_row(rows[i].name);
        const status got = container_token_read(slice_text(rows[i].text), &token);
        expect_outcome("read", got, rows[i].refusal);
        expect_text("token", secret_expose_text(&token), rows[i].refusal ? "" : rows[i].text);
    }
    memset(largest, 'x', sizeof largest);
    expect_ok("largest", container_token_read(slice_of(largest, SECRET_TEXT_SIZE_MAX), &token));
    expect_kind("one more", container_token_read(slice_of(largest, sizeof largest), &token),
                FAILURE_OVER_LIMIT);
    expect_kind("a NUL", container_token_read(slice_of("a\0b", 3), &token), FAILURE_BAD_INPUT);
}

static void build_rows(void)
{
    static const struct {
        const char *name, *address, *token, *printed;
    } rows[] = {
        {"with a token", "http://169.254.170.23/v1/credentials", "t.o.k",
         "GET /v1/credentials HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n"
         "Authorization: t.o.k\r\n\r\n"},
        {"without", "http://169.254.170.2/v2/x?a=b", "",
         "GET /v2/x?a=b HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n"},
        {"no path", "http://localhost", "",
         "GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n"},
    };
    static struct secret_text token;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[CONTAINER_MEMORY_SIZE_MAX], printed[512];
        struct builder builder, text;
        struct uri uri;
        struct http_request request;
        builder_init(&builder, memory, sizeof memory);
        builder_init(&text, printed, sizeof printed);
        runner_row(rows[i].name);
        builder_put_text(&builder, "before");
        secret_text_wipe(&token);
        expect_ok("token", secret_text_read(slice_text(rows[i].token), &token));
        expect_ok("address", container_address_parse(slice_text(rows[i].address), &uri));
        expect_ok("build",
                  container_credentials_build(&uri, slice_text("h"), &token, &builder, &request));
        expect_ok("print", http_request_print(&request, &text));
        expect_text("printed", builder_view(&text), rows[i].printed);
        builder_init(&builder, memory, 0);
        expect_kind("no room",
                    container_credentials_build(&uri, slice_text("h"), &token, &builder, &request),
                    FAILURE_OVER_LIMIT);
    }
}

#define BAD_JSON "container: credentials are not as the agent writes them"

static void read_rows(void)
{
    /* The Pod Identity agent writes nanoseconds; ECS does not, and says RoleArn. */
    static const struct {
        const char *name;
        uint16_t code;
        const char *body, *refusal;
        enum failure_kind kind;
    } rows[] = {
        {"EKS", 200,
         "{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
         "\"AccountId\":\"111122223333\",\"Expiration\":\"2026-01-02T03:04:05.123456789Z\"}",
         NULL, 0},
        {"ECS", 200,
         "{\"RoleArn\":\"arn:aws:iam::111122223333:role/r\",\"AccessKeyId\":\"ASIAEXAMPLE\","
         "\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
         NULL, 0},
        {"no secret", 200,
         "{\"AccessKeyId\":\"A\",\"Token\":\"t\",\"Expiration\":\"2026-01-02T03:04:05Z\"}",
         BAD_JSON, FAILURE_CORRUPT},
        {"no token", 200,
         "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2026-01-02T03:04:"
         "05Z\"}",
         BAD_JSON, FAILURE_CORRUPT},
        {"no expiry", 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}",
         BAD_JSON, FAILURE_CORRUPT},
        {"not JSON", 200, "<html>", BAD_JSON, FAILURE_CORRUPT},
        {"empty", 200, "", BAD_JSON, FAILURE_CORRUPT},
        {"token not known", 401, "", "container: the agent gives no credentials",
         FAILURE_UNAVAILABLE},
        {"not found is no reason to look elsewhere", 404, "",
         "container: the agent gives no credentials", FAILURE_UNAVAILABLE},
        {"too many calls", 429, "", "container: the agent gives no credentials",
         FAILURE_UNAVAILABLE},
        {"moved", 302, "", "container: the agent gives no credentials", FAILURE_UNAVAILABLE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct aws_credentials credentials;
        const struct http_response response = {.code = rows[i].code,
                                               .body = slice_text(rows[i].body)};
        runner_row(rows[i].name);
        const status got = container_credentials_read(&response, &credentials);
        if (!expect_outcome("read", got, rows[i].refusal)) continue;
        if (rows[i].refusal) {
            expect_kind("kind", got, rows[i].kind);
        } else {
            expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE");
            expect_u64("expiry", (uint64_t)credentials.expires_at_s, 1767323045);
        }
        aws_credentials_wipe(&credentials);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"addresses", put_addresses}, {"hosts", parse_hosts}, {"tokens", read_tokens},
        {"build", build_rows},        {"read", read_rows},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
