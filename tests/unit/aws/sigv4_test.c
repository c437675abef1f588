#include "aws/sigv4.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "aws/time.h"
#include "base/hex.h"
#include "base/json.h"
#include "runner.h"

enum { SUITE_CASE_COUNT = 38, PATH_SIZE = 512 };

static void set_credentials(slice id, slice secret, slice token,
                            struct aws_credentials *credentials)
{
    const struct aws_credentials_parts parts = {
        .access_key_id = id, .secret = secret, .session_token = token};
    expect_ok("credentials", aws_credentials_init(&parts, credentials));
}

static void example_credentials(slice token, struct aws_credentials *credentials)
{
    set_credentials(slice_text("AKIDEXAMPLE"),
                    slice_text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), token, credentials);
}

static slice part_of_file(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return runner_file(path);
}

/* A folded value's lines are joined by one blank, as the suite's own readers do. */
static slice unfold(slice text)
{
    static uint8_t memory[4096];
    size_t size = 0;
    for (size_t i = 0; i < text.size && size < sizeof memory; i++) {
        const bool is_fold = text.bytes[i] == '\n' && i + 1 < text.size && text.bytes[i + 1] == ' ';
        memory[size++] = is_fold ? ' ' : text.bytes[i];
    }
    return slice_of(memory, size);
}

static slice take_line(slice *text)
{
    const size_t end = slice_index_of(*text, '\n');
    const slice line = slice_part(*text, 0, end);
    *text = slice_part(*text, end + 1, text->size);
    return line;
}

/* The suite's requests have targets that no strict reader takes, so they are split here. */
static void split_request(slice text, struct http_request *request)
{
    const slice line = take_line(&text);
    const size_t method_size = slice_index_of(line, ' ');
    request->method = slice_part(line, 0, method_size);
    request->target =
        slice_part(line, method_size + 1, line.size - method_size - 1 - strlen(" HTTP/1.1"));
    while (text.size > 0) {
        const slice header = take_line(&text);
        if (header.size == 0) break;
        const size_t colon = slice_index_of(header, ':');
        expect_ok("add", http_headers_add(&request->headers, slice_part(header, 0, colon),
                                          slice_part(header, colon + 1, header.size)));
    }
    request->body = text;
}

struct suite_case {
    slice region, service, id, secret, token;
    int64_t time_s;
    bool is_normal, signs_body;
};

static void read_context(struct json *document, struct suite_case *suite_case)
{
    json_value object = {0}, credentials = {0};
    slice time = {0};
    bool omits_token = false;
    expect_ok("object", json_top_object(document, &object));
    expect_ok("credentials", json_read_object(&object, "credentials", &credentials));
    expect_ok("id", json_read_string(&credentials, "access_key_id", 1, 64, &suite_case->id));
    expect_ok("secret",
              json_read_string(&credentials, "secret_access_key", 1, 64, &suite_case->secret));
    if (json_has(&object, "omit_session_token")) {
        expect_ok("omit", json_read_bool(&object, "omit_session_token", &omits_token));
    }
    if (json_has(&credentials, "token") && !omits_token) {
        expect_ok("token", json_read_string(&credentials, "token", 1, 1024, &suite_case->token));
    }
    expect_ok("region", json_read_string(&object, "region", 1, 32, &suite_case->region));
    expect_ok("service", json_read_string(&object, "service", 1, 32, &suite_case->service));
    expect_ok("timestamp", json_read_string(&object, "timestamp", 1, 32, &time));
    expect_ok("time", aws_time_parse_rfc3339(time, &suite_case->time_s));
    expect_ok("normalize", json_read_bool(&object, "normalize", &suite_case->is_normal));
    expect_ok("sign_body", json_read_bool(&object, "sign_body", &suite_case->signs_body));
}

/* Delivers the Authorization header of a signed request in the suite. */
static slice authorization_of(slice text)
{
    const slice start = slice_text("Authorization:");
    while (text.size > 0) {
        const slice line = take_line(&text);
        if (slice_has_start(line, start)) return slice_part(line, start.size, line.size);
    }
    return slice_text("");
}

static void check_claim(const struct http_request *request, const struct suite_case *suite_case)
{
    struct sigv4_claim claim = {0};
    struct secret_text secret = {0};
    expect_ok("secret", secret_text_read(suite_case->secret, &secret));
    if (!expect_ok("claim", sigv4_claim_read(request, &claim))) return;
    expect_bytes("region", claim.region, suite_case->region);
    expect_bytes("service", claim.service, suite_case->service);
    expect_bytes("id", claim.access_key_id, suite_case->id);
    expect_true("time", claim.signed_at_s == suite_case->time_s);
    expect_ok("check", sigv4_claim_check(&claim, request, &secret));
    secret.bytes[0] ^= 1;
    expect_refused("another secret", sigv4_claim_check(&claim, request, &secret),
                   "sigv4: signature does not match");
}

static void run_suite_case(const char *folder)
{
    SCOPED(json_close) struct json document = {0};
    SCOPED(sigv4_key_wipe) struct sigv4_key key = {0};
    struct aws_credentials credentials = {0};
    struct suite_case suite_case = {0};
    struct http_request request = {0};
    uint8_t memory[SIGV4_MEMORY_SIZE_MAX], hex[64];
    struct builder builder, body_hash;
    slice authorization = {0};
    expect_ok("context",
              json_open(part_of_file(folder, "context.json"), runner_arena(), &document));
    read_context(&document, &suite_case);
    /* Paths that are not normalised are S3's, which nothing here calls. */
    if (!suite_case.is_normal) return;
    set_credentials(suite_case.id, suite_case.secret, suite_case.token, &credentials);
    split_request(unfold(part_of_file(folder, "request.txt")), &request);
    if (suite_case.signs_body) {
        const hash32 hash = sha256(request.body);
        builder_init(&body_hash, hex, sizeof hex);
        hex_put(&body_hash, hash32_view(&hash));
        expect_ok("add", http_headers_add(&request.headers, slice_text("x-amz-content-sha256"),
                                          builder_view(&body_hash)));
    }
    const struct sigv4_signer signer = {
        .credentials = &credentials, .scope = {suite_case.region, suite_case.service}, .key = &key};
    builder_init(&builder, memory, sizeof memory);
    if (!expect_ok("sign", sigv4_sign(&signer, suite_case.time_s, &builder, &request))) return;
    expect_ok("authorization",
              http_headers_read(&request.headers, "authorization", &authorization));
    expect_bytes("authorization", authorization,
                 authorization_of(part_of_file(folder, "header-signed-request.txt")));
    expect_bytes("signature",
                 slice_part(authorization, authorization.size - SIGV4_SIGNATURE_SIZE, 64),
                 part_of_file(folder, "header-signature.txt"));
    check_claim(&request, &suite_case);
}

/* awslabs/aws-c-auth, tests/aws-signing-test-suite/v4. */
static void suite(void)
{
    const char *root = runner_vectors("sigv4/aws-suite-v4");
    if (!root) return;
    char folder[PATH_SIZE];
    size_t count = 0;
    DIR *directory = opendir(root);
    if (!expect_true("the suite opens", directory != NULL)) return;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] == '.') continue;
        runner_row(entry->d_name);
        snprintf(folder, sizeof folder, "%s/%s", root, entry->d_name);
        run_suite_case(folder);
        count++;
    }
    closedir(directory);
    runner_row(NULL);
    expect_u64("cases", count, SUITE_CASE_COUNT);
}

static void build_kms_example(struct http_request *request)
{
    *request = (struct http_request){
        .method = slice_text("POST"),
        .target = slice_text("/"),
        .body = slice_text("{\"KeyId\":\"alias/demo\",\"KeySpec\":\"AES_256\"}")};
    expect_ok("add", http_headers_add(&request->headers, slice_text("Host"),
                                      slice_text("kms.us-east-1.amazonaws.com")));
    expect_ok("add", http_headers_add(&request->headers, slice_text("Content-Type"),
                                      slice_text("application/x-amz-json-1.1")));
    expect_ok("add", http_headers_add(&request->headers, slice_text("X-Amz-Target"),
                                      slice_text("TrentService.GenerateDataKey")));
}

static const int64_t example_time_s = 1767323045; /* 20260102T030405Z */
static const struct sigv4_scope example_scope = {SLICE_LITERAL("us-east-1"), SLICE_LITERAL("kms")};

/* Computed with botocore; the signing key and signature are the reference's worked example. */
static void kms_example(void)
{
    struct aws_credentials credentials = {0};
    struct sigv4_key key = {0};
    struct http_request request;
    uint8_t memory[SIGV4_MEMORY_SIZE_MAX];
    struct builder builder;
    slice value = {0};
    example_credentials(slice_text("EXAMPLESESSIONTOKEN=="), &credentials);
    build_kms_example(&request);
    builder_init(&builder, memory, sizeof memory);
    const struct sigv4_signer signer = {&credentials, example_scope, &key};
    expect_ok("sign", sigv4_sign(&signer, example_time_s, &builder, &request));
    expect_hex("signing key", secret_expose(&key.key),
               "11430ad8a00c2d57affadef989330e493df112710a5c800ad0feba27ebe1c9fe");
    expect_true("date", http_headers_find(&request.headers, "x-amz-date", &value));
    expect_text("date", value, "20260102T030405Z");
    expect_true("token", http_headers_find(&request.headers, "x-amz-security-token", &value));
    expect_text("token", value, "EXAMPLESESSIONTOKEN==");
    expect_true("authorization", http_headers_find(&request.headers, "authorization", &value));
    expect_text("authorization", value,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kms/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                "Signature=413bd790c260a4c6a51aaff479055f2f8cce312900229d078ec01c36eb1eb38d");
}

/* A kept key must be used, and must never be used for anything else. */
static void kept_key(void)
{
    struct aws_credentials credentials = {0}, others = {0};
    struct sigv4_key key = {0};
    uint8_t memory[16 * 1024];
    struct builder builder;
    const struct {
        const char *name;
        const struct aws_credentials *credentials;
        struct sigv4_scope scope;
        int64_t time_s;
        bool is_same;
    } rows[] = {
        {"first", &credentials, example_scope, example_time_s, false},
        {"again", &credentials, example_scope, example_time_s + 60, true},
        {"next day", &credentials, example_scope, example_time_s + 86400, false},
        {"another region",
         &credentials,
         {slice_text("eu-west-1"), slice_text("kms")},
         example_time_s + 86400,
         false},
        {"another service",
         &credentials,
         {slice_text("eu-west-1"), slice_text("sts")},
         example_time_s + 86400,
         false},
        {"another secret",
         &others,
         {slice_text("eu-west-1"), slice_text("sts")},
         example_time_s + 86400,
         false},
    };
    example_credentials(slice_text(""), &credentials);
    set_credentials(slice_text("AKIDEXAMPLE"), slice_text("other"), slice_text(""), &others);
    builder_init(&builder, memory, sizeof memory);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sigv4_key before = key, fresh = {0};
        struct http_request request;
        struct sigv4_signer signer = {rows[i].credentials, rows[i].scope, &key};
        runner_row(rows[i].name);
        build_kms_example(&request);
        expect_ok("sign", sigv4_sign(&signer, rows[i].time_s, &builder, &request));
        expect_true("kept", secret_equal(secret_expose(&before.key), secret_expose(&key.key)) ==
                                rows[i].is_same);
        build_kms_example(&request);
        signer.key = &fresh;
        expect_ok("sign", sigv4_sign(&signer, rows[i].time_s, &builder, &request));
        expect_true("as if new", secret_equal(secret_expose(&fresh.key), secret_expose(&key.key)));
    }
    /* What a kept key holds is what signs: a damaged one must show in the signature. */
    struct http_request request;
    struct sigv4_claim claim = {0};
    const struct sigv4_signer signer = {&others, rows[5].scope, &key};
    key.key.bytes[0] ^= 1;
    build_kms_example(&request);
    expect_ok("sign", sigv4_sign(&signer, rows[5].time_s, &builder, &request));
    expect_ok("claim", sigv4_claim_read(&request, &claim));
    expect_refused("check", sigv4_claim_check(&claim, &request, &others.secret),
                   "sigv4: signature does not match");
}

static void sign_refusals(void)
{
    struct aws_credentials credentials = {0}, none = {0};
    const struct {
        const char *name;
        const struct aws_credentials *credentials;
        struct sigv4_scope scope;
        const char *header, *refusal;
        size_t memory_size;
    } rows[] = {
        {"fine", &credentials, example_scope, "X-Other", NULL, 1024},
        {"no credentials", &none, example_scope, "X-Other", "sigv4: there are no credentials",
         1024},
        {"no region",
         &credentials,
         {slice_text(""), slice_text("kms")},
         "X-Other",
         "sigv4: region is not a name",
         1024},
        {"region with a slash",
         &credentials,
         {slice_text("a/b"), slice_text("kms")},
         "X-Other",
         "sigv4: region is not a name",
         1024},
        {"longest region",
         &credentials,
         {slice_text("abcdefghijklmnopqrstuvwxyz-12345"), slice_text("kms")},
         "X-Other",
         NULL,
         1024},
        {"region too long",
         &credentials,
         {slice_text("abcdefghijklmnopqrstuvwxyz-123456"), slice_text("kms")},
         "X-Other",
         "sigv4: region is not a name",
         1024},
        {"service in capitals",
         &credentials,
         {slice_text("a"), slice_text("KMS")},
         "X-Other",
         "sigv4: service is not a name",
         1024},
        {"signed already", &credentials, example_scope, "authorization",
         "sigv4: request is signed already", 1024},
        {"dated already", &credentials, example_scope, "x-amz-date",
         "sigv4: request is signed already", 1024},
        {"token already", &credentials, example_scope, "X-Amz-Security-Token",
         "sigv4: request is signed already", 1024},
        {"two hosts", &credentials, example_scope, "host", "http: a header is there twice", 1024},
        {"no room", &credentials, example_scope, "X-Other", "builder: result does not fit", 128},
    };
    example_credentials(slice_text(""), &credentials);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[1024];
        struct sigv4_key key = {0};
        struct builder builder;
        struct http_request request;
        runner_row(rows[i].name);
        build_kms_example(&request);
        expect_ok("add",
                  http_headers_add(&request.headers, slice_text(rows[i].header), slice_text("x")));
        builder_init(&builder, memory, rows[i].memory_size);
        const struct sigv4_signer signer = {rows[i].credentials, rows[i].scope, &key};
        expect_outcome("sign", sigv4_sign(&signer, example_time_s, &builder, &request),
                       rows[i].refusal);
    }
}

/* Blanks of both kinds become one blank, as a proxy might make them: the signature is the same. */
static void blanks_collapse(void)
{
    static const char *const values[] = {"a b", "a\tb", "a \t b", "a\t\tb", " a b\t"};
    struct aws_credentials credentials = {0};
    hash32 wanted = {{0}};
    example_credentials(slice_text(""), &credentials);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        uint8_t memory[1024];
        struct sigv4_key key = {0};
        struct builder builder;
        struct http_request request;
        runner_row_at("value", i);
        build_kms_example(&request);
        expect_ok("add",
                  http_headers_add(&request.headers, slice_text("x"), slice_text(values[i])));
        builder_init(&builder, memory, sizeof memory);
        const struct sigv4_signer signer = {&credentials, example_scope, &key};
        if (!expect_ok("sign", sigv4_sign(&signer, example_time_s, &builder, &request))) continue;
        const hash32 hash = sha256(builder_view(&builder));
        if (i == 0) wanted = hash;
        expect_bytes("signed alike", hash32_view(&hash), hash32_view(&wanted));
    }
}

static void too_much_to_sign(void)
{
    static uint8_t value[SIGV4_CANONICAL_SIZE_MAX];
    struct aws_credentials credentials = {0};
    uint8_t memory[1024];
    struct sigv4_key key = {0};
    struct builder builder;
    struct http_request request;
    memset(value, 'x', sizeof value);
    example_credentials(slice_text(""), &credentials);
    build_kms_example(&request);
    expect_ok("add",
              http_headers_add(&request.headers, slice_text("x"), slice_of(value, sizeof value)));
    builder_init(&builder, memory, sizeof memory);
    const struct sigv4_signer signer = {&credentials, example_scope, &key};
    expect_refused("sign", sigv4_sign(&signer, example_time_s, &builder, &request),
                   "builder: result does not fit");
}

static const struct {
    const char *name, *authorization, *date, *refusal;
} claim_rows[] = {
    {"fine",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-date;x-amz-target, Signature=ab",
     "20260102T030405Z", NULL},
    {"no blanks",
     "AWS4-HMAC-SHA256 "
     "Credential=AKID/20260102/us-east-1/kms/"
     "aws4_request,SignedHeaders=host;x-amz-date;x-amz-target,Signature=ab",
     "20260102T030405Z", NULL},
    {"any case",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=HOST;X-Amz-Date;x-amz-target, Signature=ab",
     "20260102T030405Z", NULL},
    {"another kind", "Bearer abc", "20260102T030405Z", "sigv4: authorization is of another kind"},
    {"another algorithm", "AWS4-HMAC-SHA2567 x", "20260102T030405Z",
     "sigv4: authorization is of another kind"},
    {"algorithm alone", "AWS4-HMAC-SHA256", "20260102T030405Z",
     "sigv4: authorization is of another kind"},
    {"no signature",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-date",
     "20260102T030405Z", "sigv4: authorization lacks a component"},
    {"no signed headers",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, Signature=ab",
     "20260102T030405Z", "sigv4: authorization lacks a component"},
    {"no credential", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab", "20260102T030405Z",
     "sigv4: authorization lacks a component"},
    {"repeated",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, SignedHeaders=host, "
     "SignedHeaders=x, Signature=ab",
     "20260102T030405Z", "sigv4: authorization has an unknown or repeated component"},
    {"unknown",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, SignedHeaders=host, "
     "Other=x, Signature=ab",
     "20260102T030405Z", "sigv4: authorization has an unknown or repeated component"},
    {"credential cut",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1, SignedHeaders=host, Signature=ab",
     "20260102T030405Z", "sigv4: credential has too few parts"},
    {"credential is the id alone",
     "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=ab", "20260102T030405Z",
     "sigv4: credential has too few parts"},
    {"no region", "AWS4-HMAC-SHA256 Credential=AKID/20260102, SignedHeaders=host, Signature=ab",
     "20260102T030405Z", "sigv4: credential has too few parts"},
    {"no terminator at all",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms, SignedHeaders=host, Signature=ab",
     "20260102T030405Z", "sigv4: credential has too few parts"},
    {"no terminator",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws5, SignedHeaders=host, "
     "Signature=ab",
     "20260102T030405Z", "sigv4: credential must end in aws4_request"},
    {"no key id",
     "AWS4-HMAC-SHA256 Credential=/20260102/us-east-1/kms/aws4_request, SignedHeaders=host, "
     "Signature=ab",
     "20260102T030405Z", "sigv4: access key id is empty"},
    {"another day",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-date;x-amz-target, Signature=ab",
     "20260103T030405Z", "sigv4: credential is for another day than the request"},
    {"no time",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-date;x-amz-target, Signature=ab",
     "soon", "time: a digit is missing"},
    {"host not signed",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=x-amz-date;x-amz-target, Signature=ab",
     "20260102T030405Z", "sigv4: a header that must be signed is not"},
    {"date not signed",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-target, Signature=ab",
     "20260102T030405Z", "sigv4: a header that must be signed is not"},
    {"target not signed",
     "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
     "SignedHeaders=host;x-amz-date, Signature=ab",
     "20260102T030405Z", "sigv4: a header that must be signed is not"},
};

static void claims(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(claim_rows); i++) {
        struct http_request request;
        struct sigv4_claim claim = {0};
        runner_row(claim_rows[i].name);
        build_kms_example(&request);
        expect_ok("add", http_headers_add(&request.headers, slice_text("X-Amz-Date"),
                                          slice_text(claim_rows[i].date)));
        expect_ok("add", http_headers_add(&request.headers, slice_text("Authorization"),
                                          slice_text(claim_rows[i].authorization)));
        expect_outcome("claim", sigv4_claim_read(&request, &claim), claim_rows[i].refusal);
    }
}

static void sign_example(struct builder *memory, struct http_request *request)
{
    static struct aws_credentials credentials;
    struct sigv4_key key = {0};
    example_credentials(slice_text("EXAMPLESESSIONTOKEN=="), &credentials);
    build_kms_example(request);
    const struct sigv4_signer signer = {&credentials, example_scope, &key};
    expect_ok("sign", sigv4_sign(&signer, example_time_s, memory, request));
}

/* What the headers of a request can do wrong besides the Authorization's own form. */
static void claims_told_twice(void)
{
    static const char *const names[] = {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        uint8_t memory[SIGV4_MEMORY_SIZE_MAX];
        struct builder builder;
        struct http_request request;
        struct sigv4_claim claim = {0};
        slice value = {0};
        runner_row(names[i]);
        builder_init(&builder, memory, sizeof memory);
        sign_example(&builder, &request);
        expect_ok("once", sigv4_claim_read(&request, &claim));
        for (size_t j = 0; j < request.headers.count; j++) {
            if (http_name_equal(request.headers.list[j].name, slice_text(names[i]))) {
                value = request.headers.list[j].value;
            }
        }
        expect_ok("add", http_headers_add(&request.headers, slice_text(names[i]), value));
        expect_refused("twice", sigv4_claim_read(&request, &claim),
                       "http: a header is there twice");
    }
}

static void unsigned_request(void)
{
    struct http_request request;
    struct sigv4_claim claim = {0};
    build_kms_example(&request);
    expect_refused("claim", sigv4_claim_read(&request, &claim), "sigv4: request is not signed");
}

static status check_example(const struct http_request *request)
{
    struct sigv4_claim claim = {0};
    struct secret_text secret = {0};
    TRY(secret_text_read(slice_text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &secret));
    TRY(sigv4_claim_read(request, &claim));
    return sigv4_claim_check(&claim, request, &secret);
}

static void targets(void)
{
    static const struct {
        const char *name, *target, *refusal;
    } rows[] = {
        {"path and query", "/a/b?c=d", NULL},
        {"no slash", "a", "uri: a target must begin with a slash"},
        {"broken query", "/?a=%4", "uri: a percent sign needs two hex digits"},
        {"deep path",
         "/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/"
         "4"
         "/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4",
         "uri: path is too deep"},
    };
    struct aws_credentials credentials = {0};
    example_credentials(slice_text(""), &credentials);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[SIGV4_MEMORY_SIZE_MAX];
        struct sigv4_key key = {0};
        struct builder builder;
        struct http_request request;
        runner_row(rows[i].name);
        build_kms_example(&request);
        request.target = slice_text(rows[i].target);
        builder_init(&builder, memory, sizeof memory);
        const struct sigv4_signer signer = {&credentials, example_scope, &key};
        expect_outcome("sign", sigv4_sign(&signer, example_time_s, &builder, &request),
                       rows[i].refusal);
    }
}

static void most_headers(void)
{
    struct aws_credentials credentials = {0};
    example_credentials(slice_text("token"), &credentials);
    /* A date, a token and an Authorization are added. */
    for (size_t room = 0; room <= 3; room++) {
        uint8_t memory[SIGV4_MEMORY_SIZE_MAX];
        struct sigv4_key key = {0};
        struct builder builder;
        struct http_request request;
        runner_row_at("room for headers", room);
        build_kms_example(&request);
        while (request.headers.count < HTTP_HEADER_COUNT_MAX - room) {
            expect_ok("add", http_headers_add(&request.headers, slice_text("x"), slice_text("y")));
        }
        builder_init(&builder, memory, sizeof memory);
        const struct sigv4_signer signer = {&credentials, example_scope, &key};
        expect_outcome("sign", sigv4_sign(&signer, example_time_s, &builder, &request),
                       room == 3 ? NULL : "http: has too many headers");
    }
}

/* The longest session token is signed with, and leaves room in a head for everything else. */
static void longest_token(void)
{
    static uint8_t token[CREDENTIALS_TOKEN_SIZE_MAX];
    static uint8_t memory[SIGV4_MEMORY_SIZE_MAX], printed[HTTP_HEAD_SIZE_MAX];
    static struct aws_credentials credentials;
    struct sigv4_key key = {0};
    struct builder builder, text;
    struct http_request request;
    memset(token, 't', sizeof token);
    example_credentials(slice_of(token, sizeof token), &credentials);
    build_kms_example(&request);
    request.body = (slice){0};
    builder_init(&builder, memory, sizeof memory);
    builder_init(&text, printed, sizeof printed);
    const struct sigv4_signer signer = {&credentials, example_scope, &key};
    expect_ok("sign", sigv4_sign(&signer, example_time_s, &builder, &request));
    expect_ok("print", http_request_print(&request, &text));
    expect_true("with the token", builder_view(&text).size > sizeof token);
}

/* Regions and services longer than we sign for are no reason to write past a buffer. */
static void scope_of_a_claim(void)
{
    char authorization[1024], region[400];
    struct http_request request;
    memset(region, 'r', sizeof region);
    region[sizeof region - 1] = '\0';
    snprintf(authorization, sizeof authorization,
             "AWS4-HMAC-SHA256 Credential=AKID/20260102/%s/kms/aws4_request, "
             "SignedHeaders=host;x-amz-date;x-amz-target, Signature=a",
             region);
    build_kms_example(&request);
    expect_ok("add", http_headers_add(&request.headers, slice_text("X-Amz-Date"),
                                      slice_text("20260102T030405Z")));
    expect_ok("add", http_headers_add(&request.headers, slice_text("Authorization"),
                                      slice_text(authorization)));
    expect_kind("check", check_example(&request), FAILURE_OVER_LIMIT);
}

/* Every part of a request is under the signature. */
static void changed_after_signing(void)
{
    uint8_t memory[SIGV4_MEMORY_SIZE_MAX];
    struct builder builder;
    struct http_request request, changed;
    builder_init(&builder, memory, sizeof memory);
    sign_example(&builder, &request);
    expect_ok("unchanged", check_example(&request));
    changed = request;
    changed.method = slice_text("PUT");
    expect_refused("method", check_example(&changed), "sigv4: signature does not match");
    changed = request;
    changed.target = slice_text("/a");
    expect_refused("path", check_example(&changed), "sigv4: signature does not match");
    changed = request;
    changed.target = slice_text("/?a");
    expect_refused("query", check_example(&changed), "sigv4: signature does not match");
    changed = request;
    changed.body = slice_text("{}");
    expect_refused("body", check_example(&changed), "sigv4: signature does not match");
    for (size_t i = 0; i < request.headers.count - 1; i++) {
        runner_row_at("header", i);
        changed = request;
        changed.headers.list[i].value = slice_text("20260102T030406Z");
        expect_refused("value", check_example(&changed), "sigv4: signature does not match");
        changed = request;
        changed.headers.list[i].name = slice_text("x-other");
        expect_true("name", !status_is_ok(check_example(&changed)));
    }
    runner_row(NULL);
    changed = request;
    expect_ok("add", http_headers_add(&changed.headers, slice_text("user-agent"), slice_text("x")));
    expect_ok("a header that need not be signed", check_example(&changed));
    expect_ok("add", http_headers_add(&changed.headers, slice_text("Host"), slice_text("x")));
    expect_refused("a second value", check_example(&changed), "sigv4: signature does not match");
}

static void signed_headers_in_order(void)
{
    static const char *const lists[] = {
        "host;content-type;x-amz-date;x-amz-target",
        "content-type;host;x-amz-date;x-amz-target;x-other",
        "Content-Type;host;x-amz-date;x-amz-target",
        "content-type;host;host;x-amz-date;x-amz-target",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        char authorization[512];
        struct http_request request;
        runner_row(lists[i]);
        snprintf(authorization, sizeof authorization,
                 "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/kms/aws4_request, "
                 "SignedHeaders=%s, Signature=a",
                 lists[i]);
        build_kms_example(&request);
        expect_ok("add", http_headers_add(&request.headers, slice_text("X-Amz-Date"),
                                          slice_text("20260102T030405Z")));
        expect_ok("add", http_headers_add(&request.headers, slice_text("Authorization"),
                                          slice_text(authorization)));
        expect_refused("check", check_example(&request),
                       "sigv4: signed headers are not there or not in order");
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"suite", suite},
        {"kms example", kms_example},
        {"kept key", kept_key},
        {"sign refusals", sign_refusals},
        {"blanks collapse", blanks_collapse},
        {"too much to sign", too_much_to_sign},
        {"claims", claims},
        {"claims told twice", claims_told_twice},
        {"targets", targets},
        {"most headers", most_headers},
        {"longest token", longest_token},
        {"scope of a claim", scope_of_a_claim},
        {"unsigned request", unsigned_request},
        {"changed after signing", changed_after_signing},
        {"signed headers in order", signed_headers_in_order},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
