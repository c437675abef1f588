#include "parent/routes.h"

#include "parent/accounts.h"
#include "parent/attestation.h"
#include "parent/probes.h"
#include "parent/proof.h"
#include "parent/signing.h"

static const struct route nowhere = {ROUTE_NONE,         "",    "",  "none", ROUTE_TOKEN,
                                     ROUTE_MEMORY_SMALL, false, NULL};

static const struct route table[] = {
    {ROUTE_ACCOUNT_CREATE, "POST", "/v1/accounts", "account_create", ROUTE_TOKEN,
     ROUTE_MEMORY_SMALL, true, accounts_handle_create},
    {ROUTE_ACCOUNT_LIST, "GET", "/v1/accounts", "account_list", ROUTE_TOKEN, ROUTE_MEMORY_LARGE,
     false, accounts_handle_list},
    {ROUTE_ACCOUNT_SHOW, "GET", "/v1/accounts/{id}", "account_show", ROUTE_TOKEN,
     ROUTE_MEMORY_LARGE, false, accounts_handle_show},
    {ROUTE_ACCOUNT_PROOF, "GET", "/v1/accounts/{id}/proof", "account_proof", ROUTE_TOKEN,
     ROUTE_MEMORY_LARGE, false, proof_handle},
    {ROUTE_SIGN_TRANSACTION, "POST", "/v1/accounts/{id}/sign-transaction", "sign_transaction",
     ROUTE_TOKEN, ROUTE_MEMORY_SMALL, true, signing_handle_transaction},
    {ROUTE_SIGN_MESSAGE, "POST", "/v1/accounts/{id}/sign-message", "sign_message", ROUTE_TOKEN,
     ROUTE_MEMORY_SMALL, true, signing_handle_message},
    {ROUTE_ATTESTATION, "GET", "/v1/attestation", "attestation", ROUTE_TOKEN, ROUTE_MEMORY_LARGE,
     false, attestation_handle},
    {ROUTE_HEALTH, "GET", "/healthz", "health", ROUTE_OPEN, ROUTE_MEMORY_SMALL, false,
     probes_handle_health},
    {ROUTE_READY, "GET", "/readyz", "ready", ROUTE_OPEN, ROUTE_MEMORY_SMALL, false,
     probes_handle_ready},
    {ROUTE_METRICS, "GET", "/metrics", "metrics", ROUTE_SCRAPED, ROUTE_MEMORY_LARGE, false,
     probes_handle_metrics},
    {ROUTE_OPENAPI, "GET", "/openapi.json", "openapi", ROUTE_TOKEN, ROUTE_MEMORY_SMALL, false,
     probes_handle_openapi},
};

/* Takes "/segment" off the front. */
static bool take_segment(slice *path, slice *segment)
{
    if (path->size == 0 || path->bytes[0] != '/') return false;
    const slice rest = slice_part(*path, 1, path->size);
    const size_t end = slice_index_of(rest, '/');
    *segment = slice_part(rest, 0, end);
    *path = slice_part(rest, end, rest.size);
    return true;
}

static bool is_path(const char *pattern_text, slice path, slice *id)
{
    slice pattern = slice_text(pattern_text), wanted, given;
    while (take_segment(&pattern, &wanted)) {
        if (!take_segment(&path, &given)) return false;
        if (slice_equal(wanted, slice_text("{id}"))) {
            if (given.size == 0) return false;
            *id = given;
        } else if (!slice_equal(wanted, given)) {
            return false;
        }
    }
    return path.size == 0;
}

/* The methods that the path of this row has. */
static const char *allowed(const struct route *found)
{
    const bool is_both = slice_equal(slice_text(found->path), slice_text("/v1/accounts"));
    if (is_both) return "GET, HEAD, POST";
    return found->has_body ? "POST" : "GET, HEAD";
}

void routes_find(slice method, slice path, struct routes_match *match)
{
    const bool is_head = slice_equal(method, slice_text("HEAD"));
    const slice wanted = is_head ? slice_text("GET") : method;
    *match = (struct routes_match){.route = &nowhere};
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        slice id = {0};
        if (!is_path(table[i].path, path, &id)) continue;
        match->allow = allowed(&table[i]);
        if (!slice_equal(wanted, slice_text(table[i].method))) continue;
        *match = (struct routes_match){.route = &table[i], .id = id};
        return;
    }
}

const char *routes_label(enum route_id id)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (table[i].id == id) return table[i].label;
    }
    return nowhere.label;
}
