#include "aws/sigv4.h"

#include <string.h>

#include "aws/time.h"
#include "base/array.h"
#include "base/hex.h"
#include "base/text.h"
#include "http/uri.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";
static const char terminator[] = "aws4_request";

/* A canonical request holds the session token. */
struct canonical {
    uint8_t bytes[SIGV4_CANONICAL_SIZE_MAX];
};

/* Headers to be signed, in order of their names. */
struct signed_headers {
    const struct http_header *list[HTTP_HEADER_COUNT_MAX];
    size_t count;
};

/* What is being signed, and when. */
struct signing {
    const struct http_request *request;
    struct signed_headers headers;
    struct sigv4_scope scope;
    uint8_t time[AWS_TIME_BASIC_SIZE]; /* its first SIGV4_DATE_SIZE bytes are the date */
};

static void wipe_canonical(struct canonical *canonical)
{
    secret_wipe(canonical, sizeof *canonical);
}

static void wipe_hash(hash32 *hash)
{
    secret_wipe(hash, sizeof *hash);
}

void sigv4_key_wipe(struct sigv4_key *key)
{
    secret_wipe(key, sizeof *key);
}

static int compare_names(slice a, slice b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        const int order = text_lower(a.bytes[i]) - text_lower(b.bytes[i]);
        if (order != 0) return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

/* Keeps the order in which headers of one name appear. */
static void insert_header(struct signed_headers *headers, const struct http_header *header)
{
    size_t at = headers->count++;
    for (; at > 0 && compare_names(headers->list[at - 1]->name, header->name) > 0; at--) {
        headers->list[at] = headers->list[at - 1];
    }
    headers->list[at] = header;
}

static void put_lower(struct builder *builder, slice text)
{
    for (size_t i = 0; i < text.size; i++) builder_put_u8(builder, text_lower(text.bytes[i]));
}

/* Blanks at the ends go, runs of them inside become one. */
static void put_collapsed(struct builder *builder, slice text)
{
    text = slice_trim(text);
    bool was_blank = false;
    for (size_t i = 0; i < text.size; i++) {
        const bool is_blank = text_is_blank(text.bytes[i]);
        if (!is_blank) builder_put_u8(builder, text.bytes[i]);
        if (is_blank && !was_blank) builder_put_u8(builder, ' ');
        was_blank = is_blank;
    }
}

static bool is_repeated(const struct signed_headers *headers, size_t at)
{
    return at > 0 && compare_names(headers->list[at - 1]->name, headers->list[at]->name) == 0;
}

static void put_headers(struct builder *builder, const struct signed_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (is_repeated(headers, i)) {
            builder_put_text(builder, ",");
        } else {
            if (i > 0) builder_put_text(builder, "\n");
            put_lower(builder, headers->list[i]->name);
            builder_put_text(builder, ":");
        }
        put_collapsed(builder, headers->list[i]->value);
    }
    builder_put_text(builder, "\n");
}

static void put_names(struct builder *builder, const struct signed_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (is_repeated(headers, i)) continue;
        if (i > 0) builder_put_text(builder, ";");
        put_lower(builder, headers->list[i]->name);
    }
}

static status put_path(struct builder *builder, slice path)
{
    uint8_t memory[HTTP_TARGET_SIZE_MAX + 1];
    struct builder normal;
    builder_init(&normal, memory, sizeof memory);
    TRY(uri_put_normal_path(&normal, path));
    TRY(builder_finish(&normal, &path));
    uri_put_encoded_path(builder, path);
    return status_ok();
}

static status put_canonical(struct builder *builder, const struct signing *signing)
{
    slice path = {0}, query = {0};
    TRY(uri_parse_target(signing->request->target, &path, &query));
    builder_put(builder, signing->request->method);
    builder_put_text(builder, "\n");
    TRY(put_path(builder, path));
    builder_put_text(builder, "\n");
    TRY(uri_put_canonical_query(builder, query));
    builder_put_text(builder, "\n");
    put_headers(builder, &signing->headers);
    builder_put_text(builder, "\n");
    put_names(builder, &signing->headers);
    builder_put_text(builder, "\n");
    const hash32 body_hash = sha256(signing->request->body);
    hex_put(builder, hash32_view(&body_hash));
    return status_ok();
}

static slice date_of(const struct signing *signing)
{
    return slice_of(signing->time, SIGV4_DATE_SIZE);
}

static void put_scope(struct builder *builder, const struct signing *signing)
{
    builder_put(builder, date_of(signing));
    builder_put_text(builder, "/");
    builder_put(builder, signing->scope.region);
    builder_put_text(builder, "/");
    builder_put(builder, signing->scope.service);
}

static status put_string_to_sign(struct builder *builder, const struct signing *signing)
{
    SCOPED(wipe_canonical) struct canonical memory;
    struct builder canonical;
    slice written = {0};
    builder_init(&canonical, memory.bytes, sizeof memory.bytes);
    TRY(put_canonical(&canonical, signing));
    TRY(builder_finish(&canonical, &written));
    const hash32 request_hash = sha256(written);
    builder_put_text(builder, algorithm);
    builder_put_text(builder, "\n");
    builder_put(builder, slice_of(signing->time, sizeof signing->time));
    builder_put_text(builder, "\n");
    put_scope(builder, signing);
    builder_put_text(builder, "/");
    builder_put_text(builder, terminator);
    builder_put_text(builder, "\n");
    hex_put(builder, hash32_view(&request_hash));
    return status_ok();
}

/* The first step's key is a text made of the secret. */
static status derive_first(slice secret, slice date, hash32 *key)
{
    SCOPED(secret_text_wipe) struct secret_text prefixed = {0};
    struct builder text;
    builder_init(&text, prefixed.bytes, sizeof prefixed.bytes);
    builder_put_text(&text, "AWS4");
    builder_put(&text, secret);
    slice written = {0};
    TRY(builder_finish(&text, &written));
    *key = hmac_sha256(written, date);
    return status_ok();
}

static status derive(const struct signing *signing, slice secret, struct secret32 *key)
{
    SCOPED(wipe_hash) hash32 step = {0};
    TRY(derive_first(secret, date_of(signing), &step));
    step = hmac_sha256(hash32_view(&step), signing->scope.region);
    step = hmac_sha256(hash32_view(&step), signing->scope.service);
    step = hmac_sha256(hash32_view(&step), slice_text(terminator));
    return secret32_read(hash32_view(&step), key);
}

/* Leaves the key alone when it was derived from the same secret for the same scope. */
static status refresh_key(const struct signing *signing, const struct secret_text *secret,
                          struct sigv4_key *key)
{
    uint8_t text[sizeof key->scope];
    struct builder builder;
    slice scope = {0};
    builder_init(&builder, text, sizeof text);
    put_scope(&builder, signing);
    TRY(builder_finish(&builder, &scope));
    const hash32 secret_hash = sha256(secret_expose_text(secret));
    if (slice_equal(slice_of(key->scope, key->scope_size), scope) &&
        hash32_equal(&key->secret_hash, &secret_hash)) {
        return status_ok();
    }
    key->scope_size = 0;
    TRY(derive(signing, secret_expose_text(secret), &key->key));
    memcpy(key->scope, scope.bytes, scope.size);
    key->secret_hash = secret_hash;
    key->scope_size = scope.size;
    return status_ok();
}

static status put_signature(struct builder *builder, const struct signing *signing,
                            const struct sigv4_key *key)
{
    uint8_t memory[512];
    struct builder text;
    slice string_to_sign = {0};
    builder_init(&text, memory, sizeof memory);
    TRY(put_string_to_sign(&text, signing));
    TRY(builder_finish(&text, &string_to_sign));
    const hash32 signature = hmac_sha256(secret_expose(&key->key), string_to_sign);
    hex_put(builder, hash32_view(&signature));
    return status_ok();
}

static bool is_scope_name(slice text, size_t size_max)
{
    return text.size > 0 && text.size <= size_max && text_is_made_of(text, text_is_name_byte);
}

static status check_scope(const struct sigv4_scope *scope)
{
    REQUIRE(is_scope_name(scope->region, SIGV4_REGION_SIZE_MAX), BAD_INPUT,
            "sigv4: region is not a name");
    REQUIRE(is_scope_name(scope->service, SIGV4_SERVICE_SIZE_MAX), BAD_INPUT,
            "sigv4: service is not a name");
    return status_ok();
}

static status check_unsigned(const struct http_headers *headers)
{
    static const char *const added[] = {"authorization", "x-amz-date", "x-amz-security-token"};
    slice value = {0};
    TRY(http_headers_read(headers, "host", &value));
    for (size_t i = 0; i < ARRAY_COUNT(added); i++) {
        REQUIRE(!http_headers_find(headers, added[i], &value), BAD_INPUT,
                "sigv4: request is signed already");
    }
    return status_ok();
}

static status add_time_and_token(const struct sigv4_signer *signer, const struct signing *signing,
                                 struct builder *memory, struct http_request *request)
{
    const struct secret_text *token = &signer->credentials->session_token;
    const size_t start = builder_mark(memory);
    slice time = {0};
    builder_put(memory, slice_of(signing->time, sizeof signing->time));
    TRY(builder_finish_since(memory, start, &time));
    TRY(http_headers_add(&request->headers, slice_text("X-Amz-Date"), time));
    if (token->size == 0) return status_ok();
    return http_headers_add(&request->headers, slice_text("X-Amz-Security-Token"),
                            secret_expose_text(token));
}

static status add_authorization(const struct sigv4_signer *signer, const struct signing *signing,
                                struct builder *memory, struct http_request *request)
{
    const size_t start = builder_mark(memory);
    slice authorization = {0};
    builder_put_text(memory, algorithm);
    builder_put_text(memory, " Credential=");
    builder_put(memory, aws_credentials_id(signer->credentials));
    builder_put_text(memory, "/");
    put_scope(memory, signing);
    builder_put_text(memory, "/");
    builder_put_text(memory, terminator);
    builder_put_text(memory, ", SignedHeaders=");
    put_names(memory, &signing->headers);
    builder_put_text(memory, ", Signature=");
    TRY(put_signature(memory, signing, signer->key));
    TRY(builder_finish_since(memory, start, &authorization));
    return http_headers_add(&request->headers, slice_text("Authorization"), authorization);
}

status sigv4_sign(const struct sigv4_signer *signer, int64_t now_s, struct builder *memory,
                  struct http_request *request)
{
    struct signing signing = {.request = request, .scope = signer->scope};
    struct builder time;
    REQUIRE(signer->credentials->access_key_id_size > 0, BAD_INPUT,
            "sigv4: there are no credentials");
    TRY(check_scope(&signer->scope));
    TRY(check_unsigned(&request->headers));
    builder_init(&time, signing.time, sizeof signing.time);
    aws_time_print_basic(now_s, &time);
    TRY(add_time_and_token(signer, &signing, memory, request));
    for (size_t i = 0; i < request->headers.count; i++) {
        insert_header(&signing.headers, &request->headers.list[i]);
    }
    TRY(refresh_key(&signing, &signer->credentials->secret, signer->key));
    return add_authorization(signer, &signing, memory, request);
}

/* Takes up to the separator, which must be there unless it is the last part. */
static status take_part(slice *text, uint8_t separator, slice *part)
{
    const size_t end = slice_index_of(*text, separator);
    REQUIRE(end < text->size, BAD_INPUT, "sigv4: credential has too few parts");
    *part = slice_part(*text, 0, end);
    *text = slice_part(*text, end + 1, text->size);
    return status_ok();
}

static status parse_credential(slice text, struct sigv4_claim *claim)
{
    TRY(take_part(&text, '/', &claim->access_key_id));
    TRY(take_part(&text, '/', &claim->date));
    TRY(take_part(&text, '/', &claim->region));
    TRY(take_part(&text, '/', &claim->service));
    REQUIRE(slice_equal(text, slice_text(terminator)), BAD_INPUT,
            "sigv4: credential must end in aws4_request");
    REQUIRE(claim->access_key_id.size > 0, BAD_INPUT, "sigv4: access key id is empty");
    return status_ok();
}

/* Reads one of "Credential=…", "SignedHeaders=…", "Signature=…" into its place. */
static status parse_component(slice text, slice *credential, struct sigv4_claim *claim)
{
    const size_t mark = slice_index_of(text, '=');
    const slice name = slice_part(text, 0, mark);
    slice *place = NULL;
    if (slice_equal(name, slice_text("Credential"))) place = credential;
    if (slice_equal(name, slice_text("SignedHeaders"))) place = &claim->signed_headers;
    if (slice_equal(name, slice_text("Signature"))) place = &claim->signature;
    REQUIRE(place != NULL && place->size == 0, BAD_INPUT,
            "sigv4: authorization has an unknown or repeated component");
    *place = slice_part(text, mark + 1, text.size);
    return status_ok();
}

static status parse_authorization(slice text, struct sigv4_claim *claim)
{
    const slice name = slice_text(algorithm);
    slice credential = {0};
    REQUIRE(slice_has_start(text, name) && text.size > name.size && text.bytes[name.size] == ' ',
            BAD_INPUT, "sigv4: authorization is of another kind");
    text = slice_part(text, name.size + 1, text.size);
    while (text.size > 0) {
        const size_t end = slice_index_of(text, ',');
        TRY(parse_component(slice_trim(slice_part(text, 0, end)), &credential, claim));
        text = slice_part(text, end + 1, text.size);
    }
    REQUIRE(credential.size > 0 && claim->signed_headers.size > 0 && claim->signature.size > 0,
            BAD_INPUT, "sigv4: authorization lacks a component");
    return parse_credential(credential, claim);
}

static bool is_signed(slice signed_headers, slice name)
{
    while (signed_headers.size > 0) {
        const size_t end = slice_index_of(signed_headers, ';');
        if (http_name_equal(slice_part(signed_headers, 0, end), name)) return true;
        signed_headers = slice_part(signed_headers, end + 1, signed_headers.size);
    }
    return false;
}

static bool must_be_signed(slice name)
{
    return http_name_equal(name, slice_text("host")) ||
           http_name_equal(slice_part(name, 0, 6), slice_text("x-amz-"));
}

static status check_coverage(const struct http_headers *headers, slice signed_headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const slice name = headers->list[i].name;
        REQUIRE(!must_be_signed(name) || is_signed(signed_headers, name), BAD_INPUT,
                "sigv4: a header that must be signed is not");
    }
    return status_ok();
}

status sigv4_claim_read(const struct http_request *request, struct sigv4_claim *claim)
{
    struct sigv4_claim read = {0};
    slice text = {0}, time = {0};
    REQUIRE(http_headers_find(&request->headers, "authorization", &text), NOT_FOUND,
            "sigv4: request is not signed");
    TRY(http_headers_read(&request->headers, "authorization", &text));
    TRY(parse_authorization(text, &read));
    TRY(http_headers_read(&request->headers, "x-amz-date", &time));
    TRY(aws_time_parse_basic(time, &read.signed_at_s));
    REQUIRE(slice_equal(read.date, slice_part(time, 0, SIGV4_DATE_SIZE)), BAD_INPUT,
            "sigv4: credential is for another day than the request");
    TRY(check_coverage(&request->headers, read.signed_headers));
    if (http_headers_find(&request->headers, "x-amz-security-token", &text)) {
        TRY(http_headers_read(&request->headers, "x-amz-security-token", &read.session_token));
    }
    *claim = read;
    return status_ok();
}

/* Collects what the claim says was signed, and checks that it says so in canonical form. */
static status collect_signed(const struct sigv4_claim *claim, struct signing *signing)
{
    uint8_t memory[HTTP_HEAD_SIZE_MAX];
    struct builder names;
    for (size_t i = 0; i < signing->request->headers.count; i++) {
        const struct http_header *header = &signing->request->headers.list[i];
        if (is_signed(claim->signed_headers, header->name)) {
            insert_header(&signing->headers, header);
        }
    }
    builder_init(&names, memory, sizeof memory);
    put_names(&names, &signing->headers);
    REQUIRE(slice_equal(builder_view(&names), claim->signed_headers), DENIED,
            "sigv4: signed headers are not there or not in order");
    return status_ok();
}

status sigv4_claim_check(const struct sigv4_claim *claim, const struct http_request *request,
                         const struct secret_text *secret)
{
    SCOPED(sigv4_key_wipe) struct sigv4_key key = {0};
    struct signing signing = {.request = request,
                              .scope = {.region = claim->region, .service = claim->service}};
    struct builder time, text;
    uint8_t signature[SIGV4_SIGNATURE_SIZE];
    builder_init(&time, signing.time, sizeof signing.time);
    aws_time_print_basic(claim->signed_at_s, &time);
    TRY(collect_signed(claim, &signing));
    TRY(refresh_key(&signing, secret, &key));
    builder_init(&text, signature, sizeof signature);
    TRY(put_signature(&text, &signing, &key));
    REQUIRE(secret_equal(builder_view(&text), claim->signature), DENIED,
            "sigv4: signature does not match");
    return status_ok();
}
