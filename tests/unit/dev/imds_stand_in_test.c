#include "dev/imds_stand_in.h"

#include "aws/imds.h"
#include "dev/stand_credentials.h"
#include "runner.h"

static struct imds_stand_in stand_in;
static struct arena arena;
static int64_t now_ms;

static int64_t read_now_ms(void *context)
{
    (void)context;
    return now_ms;
}

static const struct secret32 credentials_key = {{7}};

static void start(const char *role, int64_t lifetime_s)
{
    const struct imds_stand_in_settings settings = {.account = "111122223333",
                                                    .region = "eu-west-1",
                                                    .role = role,
                                                    .lifetime_s = lifetime_s,
                                                    .credentials_key = credentials_key,
                                                    .clock = {read_now_ms, read_now_ms, NULL}};
    now_ms = INT64_C(1767323045000);
    expect_ok("open", imds_stand_in_open(&settings, &stand_in));
    expect_ok("arena", arena_open(&arena, 1 << 20));
}

static void stop(void)
{
    imds_stand_in_close(&stand_in);
    arena_close(&arena);
    runner_row(NULL);
}

static struct http_response ask_with(const struct http_request *request,
                                     const struct stand_fault *fault)
{
    const struct stand_service service = imds_stand_in_service(&stand_in);
    const struct stand_exchange exchange = {request, service.operation(request), fault, &arena};
    struct http_response response = {0};
    service.answer(service.context, &exchange, &response);
    return response;
}

static struct http_response ask(const struct http_request *request)
{
    return ask_with(request, &(struct stand_fault){0});
}

static struct http_response get(const struct secret_text *token, const char *target)
{
    struct http_request request = {.method = slice_text("GET"), .target = slice_text(target)};
    expect_ok("add", http_headers_add(&request.headers, slice_text("X-aws-ec2-metadata-token"),
                                      secret_expose_text(token)));
    return ask(&request);
}

static struct secret_text take_token(void)
{
    struct secret_text token = {0};
    struct http_request request;
    expect_ok("build", imds_token_build(slice_text("h"), &request));
    const struct http_response response = ask(&request);
    expect_ok("token", imds_token_read(&response, &token));
    return token;
}

/* Through the product's own reader, as the parent does it. */
static struct aws_credentials take_credentials(const struct secret_text *token,
                                               const struct stand_fault *fault)
{
    uint8_t memory[IMDS_MEMORY_SIZE_MAX];
    struct aws_credentials credentials = {0};
    struct http_request request;
    struct builder builder;
    slice role = {0};
    expect_ok("build", imds_role_build(slice_text("h"), token, &request));
    struct http_response response = ask(&request);
    expect_ok("role", imds_role_read(&response, &role));
    expect_text("role", role, "parent");
    builder_init(&builder, memory, sizeof memory);
    expect_ok("build", imds_credentials_build(slice_text("h"), token, role, &builder, &request));
    response = ask_with(&request, fault);
    expect_ok("credentials", imds_credentials_read(&response, &credentials));
    return credentials;
}

static void whole_way(void)
{
    const struct stand_fault none = {0};
    start("parent", 100);
    const struct secret_text token = take_token();
    const struct aws_credentials first = take_credentials(&token, &none);
    struct aws_credentials checked = {0};
    expect_true("expiry", first.expires_at_s == now_ms / 1000 + 100);
    expect_ok("KMS would take them",
              stand_credentials_check(&credentials_key, aws_credentials_id(&first),
                                      secret_expose_text(&first.session_token), &checked));
    expect_bytes("secret", secret_expose_text(&checked.secret), secret_expose_text(&first.secret));
    now_ms += 49999;
    struct aws_credentials next = take_credentials(&token, &none);
    expect_bytes("the same at first", aws_credentials_id(&next), aws_credentials_id(&first));
    now_ms += 1;
    next = take_credentials(&token, &none);
    expect_true("others after half of the time",
                !slice_equal(aws_credentials_id(&next), aws_credentials_id(&first)));
    expect_true("with a later end", next.expires_at_s == first.expires_at_s + 50);
    const struct stand_fault stale = {.kind = STAND_FAULT_STALE, .value = 30};
    next = take_credentials(&token, &stale);
    expect_true("over since 30 s", next.expires_at_s == now_ms / 1000 - 30);
    stop();
}

static void tokens(void)
{
    static const struct {
        const char *name, *target, *lifetime;
        uint16_t code;
    } rows[] = {
        {"fine", "/latest/api/token", "21600", 200},
        {"shortest", "/latest/api/token", "1", 200},
        {"too long", "/latest/api/token", "21601", 400},
        {"zero", "/latest/api/token", "0", 400},
        {"no number", "/latest/api/token", "x", 400},
        {"no lifetime", "/latest/api/token", NULL, 400},
        {"another path", "/latest/meta-data/", "60", 403},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_request request = {.method = slice_text("PUT"),
                                       .target = slice_text(rows[i].target)};
        runner_row(rows[i].name);
        start("parent", 100);
        if (rows[i].lifetime) {
            expect_ok("add", http_headers_add(&request.headers,
                                              slice_text("X-aws-ec2-metadata-token-ttl-seconds"),
                                              slice_text(rows[i].lifetime)));
        }
        expect_u64("code", ask(&request).code, rows[i].code);
        stop();
    }
}

static void token_ends(void)
{
    struct http_request request;
    struct secret_text token = {0}, wrong = {0};
    start("parent", 100);
    token = take_token();
    expect_u64("good", get(&token, "/latest/meta-data/instance-id").code, 200);
    wrong = token;
    wrong.bytes[0] ^= 1;
    expect_u64("another", get(&wrong, "/latest/meta-data/instance-id").code, 401);
    now_ms += INT64_C(21600) * 1000 - 1;
    expect_u64("to its end", get(&token, "/latest/meta-data/instance-id").code, 200);
    now_ms += 1;
    expect_u64("and not longer", get(&token, "/latest/meta-data/instance-id").code, 401);
    request = (struct http_request){.method = slice_text("GET"),
                                    .target = slice_text("/latest/meta-data/instance-id")};
    expect_u64("none", ask(&request).code, 401);
    stop();
}

static void items(void)
{
    static const struct {
        const char *target;
        uint16_t code;
        const char *body;
    } rows[] = {
        {"/latest/meta-data/placement/region", 200, "eu-west-1"},
        {"/latest/meta-data/placement/availability-zone", 200, "eu-west-1a"},
        {"/latest/meta-data/instance-id", 200, "i-0123456789abcdef0"},
        {"/latest/meta-data/iam/security-credentials/", 200, "parent"},
        {"/latest/dynamic/instance-identity/document", 200,
         "{\"accountId\":\"111122223333\",\"architecture\":\"x86_64\","
         "\"instanceId\":\"i-0123456789abcdef0\",\"region\":\"eu-west-1\"}"},
        {"/latest/meta-data/iam/security-credentials/other", 404, "Not Found"},
        {"/latest/meta-data/iam/security-credentials/parent2", 404, "Not Found"},
        {"/latest/meta-data/other", 404, "Not Found"},
        {"/", 404, "Not Found"},
    };
    start("parent", 100);
    const struct secret_text token = take_token();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].target);
        const struct http_response response = get(&token, rows[i].target);
        expect_u64("code", response.code, rows[i].code);
        expect_text("body", response.body, rows[i].body);
    }
    stop();
}

static void refusals(void)
{
    struct secret_text token = {0};
    start(NULL, 100);
    token = take_token();
    expect_u64("no role", get(&token, "/latest/meta-data/iam/security-credentials/").code, 404);
    struct http_request request = {.method = slice_text("POST"), .target = slice_text("/")};
    expect_u64("method", ask(&request).code, 405);
    expect_ok("build", imds_token_build(slice_text("h"), &request));
    expect_u64("throttled",
               ask_with(&request, &(struct stand_fault){.kind = STAND_FAULT_THROTTLE}).code, 503);
    expect_ok("add", http_headers_add(&request.headers, slice_text("X-Forwarded-For"),
                                      slice_text("10.0.0.1")));
    expect_u64("forwarded", ask(&request).code, 403);
    stop();
}

static void lifetimes(void)
{
    struct imds_stand_in_settings settings = {.region = "r",
                                              .clock = {read_now_ms, read_now_ms, NULL}};
    static const struct {
        int64_t lifetime_s;
        bool is_good;
    } rows[] = {{0, false}, {1, true}, {86400, true}, {86401, false}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("lifetime", (size_t)rows[i].lifetime_s);
        settings.lifetime_s = rows[i].lifetime_s;
        expect_true("open",
                    status_is_ok(imds_stand_in_open(&settings, &stand_in)) == rows[i].is_good);
        if (rows[i].is_good) imds_stand_in_close(&stand_in);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"whole way", whole_way}, {"tokens", tokens},     {"token ends", token_ends},
        {"items", items},         {"refusals", refusals}, {"lifetimes", lifetimes},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
