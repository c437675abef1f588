#include "parent/routes.h"

#include "runner.h"

static const struct {
    const char *name, *method, *path;
    enum route_id route;
    const char *id, *allow;
} rows[] = {
    {"create", "POST", "/v1/accounts", ROUTE_ACCOUNT_CREATE, "", NULL},
    {"list", "GET", "/v1/accounts", ROUTE_ACCOUNT_LIST, "", NULL},
    {"list, head only", "HEAD", "/v1/accounts", ROUTE_ACCOUNT_LIST, "", NULL},
    {"show", "GET", "/v1/accounts/alice", ROUTE_ACCOUNT_SHOW, "alice", NULL},
    {"encoded slash stays in its segment", "GET", "/v1/accounts/a%2fb", ROUTE_ACCOUNT_SHOW, "a%2fb",
     NULL},
    {"a name like a route", "GET", "/v1/accounts/sign-message", ROUTE_ACCOUNT_SHOW, "sign-message",
     NULL},
    {"transaction", "POST", "/v1/accounts/a/sign-transaction", ROUTE_SIGN_TRANSACTION, "a", NULL},
    {"message", "POST", "/v1/accounts/a/sign-message", ROUTE_SIGN_MESSAGE, "a", NULL},
    {"proof", "GET", "/v1/accounts/alice/proof", ROUTE_ACCOUNT_PROOF, "alice", NULL},
    {"attestation", "GET", "/v1/attestation", ROUTE_ATTESTATION, "", NULL},
    {"health", "GET", "/healthz", ROUTE_HEALTH, "", NULL},
    {"ready", "GET", "/readyz", ROUTE_READY, "", NULL},
    {"metrics", "GET", "/metrics", ROUTE_METRICS, "", NULL},
    {"contract", "GET", "/openapi.json", ROUTE_OPENAPI, "", NULL},

    {"wrong method", "DELETE", "/v1/accounts", ROUTE_NONE, "", "GET, HEAD, POST"},
    {"wrong method for one", "POST", "/v1/accounts/alice", ROUTE_NONE, "", "GET, HEAD"},
    {"wrong method for signing", "GET", "/v1/accounts/a/sign-message", ROUTE_NONE, "", "POST"},
    {"head of a POST", "HEAD", "/v1/accounts/a/sign-message", ROUTE_NONE, "", "POST"},
    {"lower-case method", "get", "/healthz", ROUTE_NONE, "", "GET, HEAD"},

    {"root", "GET", "/", ROUTE_NONE, "", NULL},
    {"empty", "GET", "", ROUTE_NONE, "", NULL},
    {"asterisk", "OPTIONS", "*", ROUTE_NONE, "", NULL},
    {"empty name", "GET", "/v1/accounts/", ROUTE_NONE, "", NULL},
    {"empty name before an action", "POST", "/v1/accounts//sign-message", ROUTE_NONE, "", NULL},
    {"slash at the end", "GET", "/healthz/", ROUTE_NONE, "", NULL},
    {"slash at the front", "GET", "//healthz", ROUTE_NONE, "", NULL},
    {"one segment more", "POST", "/v1/accounts/a/sign-message/x", ROUTE_NONE, "", NULL},
    {"another case", "GET", "/Healthz", ROUTE_NONE, "", NULL},
    {"beginning of a path", "GET", "/v1", ROUTE_NONE, "", NULL},
    {"unknown action", "POST", "/v1/accounts/a/sign-hash", ROUTE_NONE, "", NULL},
};

static void matching(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct routes_match match;
        runner_row(rows[i].name);
        routes_find(slice_text(rows[i].method), slice_text(rows[i].path), &match);
        expect_u64("route", match.route->id, rows[i].route);
        expect_text("id", match.id, rows[i].id);
        expect_text("allow", slice_text(match.allow ? match.allow : "-"),
                    rows[i].allow ? rows[i].allow : "-");
    }
}

/* What the token does not guard is exactly this. */
static void guards(void)
{
    static const char *const open_paths[] = {"/healthz", "/readyz"};
    static const char *const paths[] = {"/v1/accounts",  "/v1/accounts/a", "/v1/attestation",
                                        "/openapi.json", "/nowhere",       "/"};
    struct routes_match match;
    for (size_t i = 0; i < ARRAY_COUNT(open_paths); i++) {
        routes_find(slice_text("GET"), slice_text(open_paths[i]), &match);
        runner_row(open_paths[i]);
        expect_u64("open", match.route->guard, ROUTE_OPEN);
    }
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        routes_find(slice_text("GET"), slice_text(paths[i]), &match);
        runner_row(paths[i]);
        expect_u64("guarded", match.route->guard, ROUTE_TOKEN);
    }
    routes_find(slice_text("GET"), slice_text("/metrics"), &match);
    expect_u64("metrics", match.route->guard, ROUTE_SCRAPED);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"matching", matching},
        {"guards", guards},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
