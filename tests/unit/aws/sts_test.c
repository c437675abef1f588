#include "aws/sts.h"

#include <string.h>

#include "runner.h"

#define ARN "arn:aws:iam::111122223333:role/my-role"
#define NOT_ARN "sts: role is not an ARN"
#define NOT_NAME "sts: session name must be 2 to 64 letters, digits or _+=,.@-"
#define NOT_TOKEN "sts: token is not 4 to 20000 visible characters"
#define X16 "xxxxxxxxxxxxxxxx"

static void build_rows(void)
{
    static const struct {
        const char *name, *arn, *session, *token, *body, *refusal;
    } rows[] = {
        {"plain", ARN, "me", "e.y-J_",
         "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
         "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fmy-role"
         "&RoleSessionName=me&WebIdentityToken=e.y-J_",
         NULL},
        {"all is encoded", ARN, "_+=,.@-", "a&b=c+%",
         "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
         "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fmy-role"
         "&RoleSessionName=_%2B%3D%2C.%40-&WebIdentityToken=a%26b%3Dc%2B%25",
         NULL},
        {"shortest ARN", "arn:aws:iam::1:role/", "me", "1234", NULL, NULL},
        {"ARN too short", "arn:aws:iam:::role/", "me", "1234", NULL, NOT_ARN},
        {"no ARN", "my-role-that-is-long-enough", "me", "1234", NULL, NOT_ARN},
        {"ARN with a blank", ARN " ", "me", "1234", NULL, NOT_ARN},
        {"ARN with a line break", ARN "\n", "me", "1234", NULL, NOT_ARN},
        {"longest session name", ARN, X16 X16 X16 X16, "1234", NULL, NULL},
        {"session name too long", ARN, X16 X16 X16 X16 "x", "1234", NULL, NOT_NAME},
        {"session name too short", ARN, "m", "1234", NULL, NOT_NAME},
        {"session name with a slash", ARN, "a/b", "1234", NULL, NOT_NAME},
        {"session name with a blank", ARN, "a b", "1234", NULL, NOT_NAME},
        {"token too short", ARN, "me", "123", NULL, NOT_TOKEN},
        {"token with a line feed", ARN, "me", "1234\n", NULL, NOT_TOKEN},
        {"token with a carriage return", ARN, "me", "12\r34", NULL, NOT_TOKEN},
        {"token not ASCII", ARN, "me", "1234\xc3\xa9", NULL, NOT_TOKEN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static uint8_t memory[STS_MEMORY_SIZE_MAX];
        struct builder builder;
        struct http_request request = {0};
        const struct sts_web_identity identity = {
            slice_text(rows[i].arn), slice_text(rows[i].session), slice_text(rows[i].token)};
        builder_init(&builder, memory, sizeof memory);
        builder_put_text(&builder, "before");
        runner_row(rows[i].name);
        const status got = sts_web_identity_build(&identity, slice_text("h"), &builder, &request);
        if (!expect_outcome("build", got, rows[i].refusal) || !rows[i].body) continue;
        slice type = {0};
        expect_text("method", request.method, "POST");
        expect_text("target", request.target, "/");
        expect_text("body", request.body, rows[i].body);
        expect_true("type", http_headers_find(&request.headers, "content-type", &type));
        expect_text("type", type, "application/x-www-form-urlencoded");
        expect_true("not signed", !http_headers_find(&request.headers, "authorization", &type));
    }
}

/* Everything at its largest and in need of encoding fits; one more is refused. */
static void build_limits(void)
{
    static uint8_t memory[STS_MEMORY_SIZE_MAX], arn[STS_ROLE_ARN_SIZE_MAX + 1];
    static uint8_t token[STS_TOKEN_SIZE_MAX + 1], name[STS_SESSION_NAME_SIZE_MAX];
    struct builder builder;
    struct http_request request;
    memset(arn, '/', sizeof arn);
    memcpy(arn, "arn:", 4);
    memset(token, '%', sizeof token);
    memset(name, '@', sizeof name);
    struct sts_web_identity identity = {slice_of(arn, STS_ROLE_ARN_SIZE_MAX),
                                        slice_of(name, sizeof name),
                                        slice_of(token, STS_TOKEN_SIZE_MAX)};
    builder_init(&builder, memory, sizeof memory);
    expect_ok("largest", sts_web_identity_build(&identity, slice_text("h"), &builder, &request));
    builder_init(&builder, memory, 100);
    expect_kind("no room", sts_web_identity_build(&identity, slice_text("h"), &builder, &request),
                FAILURE_OVER_LIMIT);
    builder_init(&builder, memory, sizeof memory);
    identity.token.size++;
    expect_refused("token", sts_web_identity_build(&identity, slice_text("h"), &builder, &request),
                   NOT_TOKEN);
    identity.token.size--;
    identity.role_arn.size++;
    expect_refused("ARN", sts_web_identity_build(&identity, slice_text("h"), &builder, &request),
                   NOT_ARN);
}

static void addresses(void)
{
    static const struct {
        const char *region, *address;
    } rows[] = {
        {"eu-west-1", "https://sts.eu-west-1.amazonaws.com"},
        {X16 X16, "https://sts." X16 X16 ".amazonaws.com"},
        {X16 X16 "x", NULL},
        {"", NULL},
        {"EU-WEST-1", NULL},
        {"example.com/", NULL},
        {"a.b", NULL},
        {"a@b", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[STS_ADDRESS_SIZE_MAX];
        struct builder builder;
        builder_init(&builder, memory, sizeof memory);
        runner_row(rows[i].region);
        expect_outcome("put", sts_address_put(slice_text(rows[i].region), &builder),
                       rows[i].address ? NULL : "sts: region is not a name");
        expect_text("address", builder_view(&builder), rows[i].address ? rows[i].address : "");
    }
}

/* ---- reading ---- */

#define START                                                \
    "<AssumeRoleWithWebIdentityResponse "                    \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n" \
    "  <AssumeRoleWithWebIdentityResult>\n"
#define USER                                                                                   \
    "    <SubjectFromWebIdentityToken>amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A"              \
    "</SubjectFromWebIdentityToken>\n    <Audience>client.5498841531868486423.1548@apps."      \
    "example.com</Audience>\n    <AssumedRoleUser>\n      <Arn>arn:aws:sts::123456789012:"     \
    "assumed-role/FederatedWebIdentityRole/app1</Arn>\n      <AssumedRoleId>AROACLKWSDQRAOEXA" \
    "MPLE:app1</AssumedRoleId>\n    </AssumedRoleUser>\n"
#define ID "<AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
#define SECRET "<SecretAccessKey>wJalr/+=</SecretAccessKey>"
#define TOKEN "<SessionToken>to&amp;ken</SessionToken>"
#define EXPIRATION "<Expiration>2014-10-24T23:00:23Z</Expiration>"
#define END                                                                                     \
    "  </AssumeRoleWithWebIdentityResult>\n  <ResponseMetadata>\n    <RequestId>ad4156e9-bce1-" \
    "11e2-82e6-6b6efEXAMPLE</RequestId>\n  </ResponseMetadata>\n"                               \
    "</AssumeRoleWithWebIdentityResponse>\n"
#define CREDENTIALS(parts_) "<Credentials>" parts_ "</Credentials>"
#define BAD "sts: credentials are not as the service writes them"

/* The first is the example of the API reference, with other secrets. */
static const struct {
    const char *name, *body, *refusal;
} rows[] = {
    {"the reference's", START USER CREDENTIALS(TOKEN SECRET EXPIRATION ID) END, NULL},
    {"other order", START CREDENTIALS(ID SECRET TOKEN EXPIRATION) USER END, NULL},
    {"references",
     START CREDENTIALS(ID "<SecretAccessKey>&#119;Jalr&#x2f;+=</SecretAccessKey>" TOKEN EXPIRATION)
         END,
     NULL},
    {"fraction of a second",
     START CREDENTIALS(ID SECRET TOKEN "<Expiration>2014-10-24T23:00:23.987Z</Expiration>") END,
     NULL},
    {"no id", START CREDENTIALS(SECRET TOKEN EXPIRATION) END, BAD},
    {"no secret", START CREDENTIALS(ID TOKEN EXPIRATION) END, BAD},
    {"no token", START CREDENTIALS(ID SECRET EXPIRATION) END, BAD},
    {"no expiry", START CREDENTIALS(ID SECRET TOKEN) END, BAD},
    {"empty token", START CREDENTIALS(ID SECRET "<SessionToken/>" EXPIRATION) END, BAD},
    {"expiry that is no time",
     START CREDENTIALS(ID SECRET TOKEN "<Expiration>1414191623</Expiration>") END, BAD},
    {"id twice", START CREDENTIALS(ID ID SECRET TOKEN EXPIRATION) END, BAD},
    {"two answers",
     START CREDENTIALS(ID SECRET TOKEN EXPIRATION) CREDENTIALS(ID SECRET TOKEN EXPIRATION) END,
     BAD},
    {"an answer in two halves", START CREDENTIALS(ID SECRET) CREDENTIALS(TOKEN EXPIRATION) END,
     BAD},
    {"line break in the token",
     START CREDENTIALS(ID SECRET "<SessionToken>t&#13;&#10;X: y</SessionToken>" EXPIRATION) END,
     BAD},
    {"blank around the id",
     START CREDENTIALS("<AccessKeyId> ASIAEXAMPLE</AccessKeyId>" SECRET TOKEN EXPIRATION) END, BAD},
    {"of another call",
     "<AssumeRoleResponse><AssumeRoleResult>" CREDENTIALS(
         ID SECRET TOKEN EXPIRATION) "</AssumeRoleResult></AssumeRoleResponse>",
     BAD},
    {"one level too high",
     "<AssumeRoleWithWebIdentityResponse>" CREDENTIALS(
         ID SECRET TOKEN EXPIRATION) "</AssumeRoleWithWebIdentityResponse>",
     BAD},
    {"JSON", "{\"AssumeRoleWithWebIdentityResponse\":{}}", BAD},
    {"empty", "", BAD},
    {"an error", "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", BAD},
};

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static uint8_t memory[STS_RESPONSE_SIZE_MAX];
        static struct aws_credentials credentials;
        struct builder builder;
        const struct http_response response = {.code = 200, .body = slice_text(rows[i].body)};
        builder_init(&builder, memory, sizeof memory);
        runner_row(rows[i].name);
        const status got = sts_web_identity_read(&response, &builder, &credentials);
        if (!expect_outcome("read", got, rows[i].refusal)) continue;
        if (rows[i].refusal) {
            expect_kind("kind", got, FAILURE_CORRUPT);
            continue;
        }
        expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE");
        expect_text("secret", secret_expose_text(&credentials.secret), "wJalr/+=");
        expect_text("token", secret_expose_text(&credentials.session_token), "to&ken");
        expect_u64("expiry", (uint64_t)credentials.expires_at_s, 1414191623);
        aws_credentials_wipe(&credentials);
    }
}

#define ERROR_OF(code_)                                                          \
    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>" \
    "<Type>Sender</Type><Code>" code_ "</Code><Message>m</Message></Error>"      \
    "<RequestId>r</RequestId></ErrorResponse>"

static void read_errors(void)
{
    static const struct {
        const char *name;
        uint16_t code;
        const char *body;
        enum failure_kind kind;
        const char *sentence;
    } cases[] = {
        {"provider is slow", 400, ERROR_OF("IDPCommunicationError"), FAILURE_UNAVAILABLE,
         "sts: the identity provider does not answer AWS"},
        {"keys not known yet", 400, ERROR_OF("InvalidIdentityToken"), FAILURE_UNAVAILABLE,
         "sts: the token is not accepted (yet)"},
        {"expired", 400, ERROR_OF("ExpiredTokenException"), FAILURE_UNAVAILABLE,
         "sts: the token has expired"},
        {"rejected", 403, ERROR_OF("IDPRejectedClaim"), FAILURE_DENIED,
         "sts: the identity provider rejects the token"},
        {"not trusted", 403, ERROR_OF("AccessDenied"), FAILURE_DENIED,
         "sts: the role does not trust this service account"},
        {"bare", 403, "<Error><Code>AccessDenied</Code></Error>", FAILURE_DENIED,
         "sts: the role does not trust this service account"},
        {"region", 403, ERROR_OF("RegionDisabledException"), FAILURE_DENIED,
         "sts: the account has this region switched off"},
        {"policy", 400, ERROR_OF("MalformedPolicyDocument"), FAILURE_BAD_INPUT,
         "sts: the service finds the policy malformed"},
        {"large policy", 400, ERROR_OF("PackedPolicyTooLarge"), FAILURE_BAD_INPUT,
         "sts: the service finds the policy too large"},
        {"malformed", 400, ERROR_OF("ValidationError"), FAILURE_BAD_INPUT,
         "sts: the service finds the call malformed"},
        {"throttled", 400, ERROR_OF("Throttling"), FAILURE_UNAVAILABLE, "sts: too many calls"},
        {"unknown name", 400, ERROR_OF("New"), FAILURE_DENIED, "sts: the service refuses the call"},
        {"no name", 403, "<html>", FAILURE_DENIED, "sts: the service refuses the call"},
        {"last of its class", 499, "", FAILURE_DENIED, "sts: the service refuses the call"},
        {"too many", 429, "", FAILURE_UNAVAILABLE, "sts: the service does not answer as it should"},
        {"down", 503, "", FAILURE_UNAVAILABLE, "sts: the service does not answer as it should"},
        {"moved", 302, "", FAILURE_UNAVAILABLE, "sts: the service does not answer as it should"},
        {"credentials with another code", 204, START CREDENTIALS(ID SECRET TOKEN EXPIRATION) END,
         FAILURE_UNAVAILABLE, "sts: the service does not answer as it should"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint8_t memory[1024];
        struct aws_credentials credentials;
        struct builder builder;
        const struct http_response response = {.code = cases[i].code,
                                               .body = slice_text(cases[i].body)};
        builder_init(&builder, memory, sizeof memory);
        runner_row(cases[i].name);
        const status got = sts_web_identity_read(&response, &builder, &credentials);
        expect_refused("sentence", got, cases[i].sentence);
        expect_kind("kind", got, cases[i].kind);
        expect_u64("code", (uint64_t)got.detail, cases[i].code);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"build", build_rows}, {"build limits", build_limits}, {"addresses", addresses},
        {"read", read_rows},   {"errors", read_errors},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
