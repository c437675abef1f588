#include "dev/kms_policy.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "base/builder.h"
#include "base/hex.h"
#include "base/json_read.h"
#include "http/message.h"

enum { NAME_SIZE_MAX = 512 };
enum { PARSED_SIZE_MAX = 3 * KMS_POLICY_SIZE_MAX }; /* a policy's values and names */

enum operator{
    STRING_EQUALS,
    STRING_EQUALS_IGNORE_CASE,
    STRING_LIKE,
    STRING_NOT_EQUALS,
    STRING_NOT_EQUALS_IGNORE_CASE,
    STRING_NOT_LIKE,
    NULL_TEST,
    OPERATOR_COUNT,
};

static const char *const operator_names[OPERATOR_COUNT] = {
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
    "Null",
};

static const slice context_prefix = SLICE_LITERAL("kms:EncryptionContext:");
static const slice pcr_prefix = SLICE_LITERAL("kms:RecipientAttestation:PCR");
static const slice image_key = SLICE_LITERAL("kms:RecipientAttestation:ImageSha384");
static const slice account_key = SLICE_LITERAL("kms:CallerAccount");
static const slice principal_key = SLICE_LITERAL("aws:PrincipalArn");

bool kms_policy_matches(slice pattern, slice text)
{
    size_t at = 0, in = 0, star = pattern.size, from = 0;
    while (in < text.size) {
        const bool is_star = at < pattern.size && pattern.bytes[at] == '*';
        const bool is_same =
            at < pattern.size && (pattern.bytes[at] == '?' || pattern.bytes[at] == text.bytes[in]);
        if (is_star) {
            star = at++;
            from = in;
        } else if (is_same) {
            at++;
            in++;
        } else if (star < pattern.size) {
            /* Let the last star take one character more. */
            at = star + 1;
            in = ++from;
        } else {
            return false;
        }
    }
    while (at < pattern.size && pattern.bytes[at] == '*') at++;
    return at == pattern.size;
}

static slice lower(slice text, uint8_t *memory, size_t size_max)
{
    const size_t size = text.size < size_max ? text.size : size_max;
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = text.bytes[i];
        memory[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
    }
    return slice_of(memory, size);
}

static bool matches_action(slice pattern, slice action)
{
    uint8_t a[NAME_SIZE_MAX], b[NAME_SIZE_MAX];
    return kms_policy_matches(lower(pattern, a, sizeof a), lower(action, b, sizeof b));
}

static bool has_prefix(slice name, slice prefix)
{
    return name.size > prefix.size && http_name_equal(slice_part(name, 0, prefix.size), prefix);
}

static status parse_pcr(slice name, uint64_t *index)
{
    const slice number = slice_part(name, pcr_prefix.size, name.size);
    if (!status_is_ok(slice_parse_u64(number, PCR_COUNT - 1, index))) {
        FAIL(BAD_INPUT, 0, "policy: there is no such PCR");
    }
    return status_ok();
}

static bool find_context(const struct kms_policy_call *call, slice name, slice *value)
{
    for (size_t i = 0; i < call->pair_count; i++) {
        if (!slice_equal(call->pairs[i].name, name)) continue;
        *value = call->pairs[i].value;
        return true;
    }
    return false;
}

static bool find_pcr(const struct kms_policy_call *call, uint64_t index, struct builder *memory,
                     slice *value)
{
    if (!call->pcrs || !pcr_set_has(call->pcrs, (unsigned)index)) return false;
    hex_put(memory, hash48_view(&call->pcrs->values[index]));
    *value = builder_view(memory);
    return true;
}

/* The condition key's value in this call; false when the call has none. */
static bool find_value(const struct kms_policy_call *call, slice name, struct builder *memory,
                       slice *value)
{
    uint64_t index = 0;
    if (http_name_equal(name, image_key)) return find_pcr(call, 0, memory, value);
    if (has_prefix(name, pcr_prefix)) {
        return status_is_ok(parse_pcr(name, &index)) && find_pcr(call, index, memory, value);
    }
    if (has_prefix(name, context_prefix)) {
        return find_context(call, slice_part(name, context_prefix.size, name.size), value);
    }
    *value = http_name_equal(name, account_key) ? call->account : call->role_arn;
    return true;
}

static bool is_known_key(slice name)
{
    uint64_t index = 0;
    if (has_prefix(name, pcr_prefix)) return status_is_ok(parse_pcr(name, &index));
    return http_name_equal(name, image_key) || has_prefix(name, context_prefix) ||
           http_name_equal(name, account_key) || http_name_equal(name, principal_key);
}

static bool is_equal(enum operator operator, slice wanted, slice value)
{
    if (operator== STRING_LIKE || operator== STRING_NOT_LIKE) {
        return kms_policy_matches(wanted, value);
    }
    if (operator== STRING_EQUALS_IGNORE_CASE || operator== STRING_NOT_EQUALS_IGNORE_CASE) {
        return http_name_equal(wanted, value);
    }
    return slice_equal(wanted, value);
}

/* A value, or an array of them: the first, and the one after. */
static json_value first_of(const json_value *value)
{
    return json_value_is_array(value) ? json_first(value) : *value;
}

static json_value next_of(const json_value *value, const json_value *item)
{
    return json_value_is_array(value) ? json_next(item) : (json_value){item->document, 0};
}

static slice text_of(const json_value *item)
{
    slice text = {0};
    if (!status_is_ok(json_value_text(item, 0, KMS_POLICY_SIZE_MAX, &text))) return slice_text("");
    return text;
}

static status check_texts(const json_value *value)
{
    REQUIRE(json_value_is_string(value) || json_value_is_array(value), BAD_INPUT,
            "policy: must be a string or a list of strings");
    const size_t count = json_value_is_array(value) ? json_count(value) : 1;
    REQUIRE(count > 0 && count <= KMS_POLICY_VALUE_COUNT_MAX, BAD_INPUT,
            "policy: a list is empty or too long");
    for (json_value item = first_of(value); json_is_there(&item); item = next_of(value, &item)) {
        slice text = {0};
        TRY(json_value_text(&item, 1, KMS_POLICY_SIZE_MAX, &text));
    }
    return status_ok();
}

static status parse_operator(slice name, enum operator* operator)
{
    for (int i = 0; i < OPERATOR_COUNT; i++) {
        if (!slice_equal(name, slice_text(operator_names[i]))) continue;
        *operator=(enum operator) i;
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "policy: a condition's operator is not known");
}

/* One operator with one key: does the call satisfy it? */
static bool is_satisfied(const struct kms_policy_call *call, enum operator operator, slice name,
                         const json_value *wanted)
{
    uint8_t memory[2 * sizeof(hash48)];
    struct builder hex;
    slice value = {0};
    builder_init(&hex, memory, sizeof memory);
    const bool is_there = find_value(call, name, &hex, &value);
    const json_value first = first_of(wanted);
    if (operator== NULL_TEST) return slice_equal(text_of(&first), slice_text("true")) != is_there;
    const bool is_negated =
    operator== STRING_NOT_EQUALS || operator== STRING_NOT_EQUALS_IGNORE_CASE || operator==
        STRING_NOT_LIKE;
    bool is_found = false;
    for (json_value item = first; is_there && json_is_there(&item); item = next_of(wanted, &item)) {
        is_found = is_found || is_equal(operator, text_of(&item), value);
    }
    return is_found != is_negated;
}

/* Walks all conditions; with a call it also says whether all are satisfied. */
static status walk_conditions(const json_value *statement, const struct kms_policy_call *call,
                              bool *is_match)
{
    json_value conditions = {0};
    if (!json_has(statement, "Condition")) return status_ok();
    TRY(json_read_object(statement, "Condition", &conditions));
    for (json_value keys = json_first(&conditions); json_is_there(&keys); keys = json_next(&keys)) {
        enum operator operator= STRING_EQUALS;
        TRY(parse_operator(json_name(&keys), &operator));
        REQUIRE(json_value_is_object(&keys), BAD_INPUT, "policy: a condition must be an object");
        for (json_value wanted = json_first(&keys); json_is_there(&wanted);
             wanted = json_next(&wanted)) {
            const slice name = json_name(&wanted);
            TRY(check_texts(&wanted));
            REQUIRE(is_known_key(name), BAD_INPUT, "policy: a condition key is not known");
            if (call && !is_satisfied(call, operator, name, &wanted)) *is_match = false;
        }
    }
    return status_ok();
}

/* The ARN of the account's root, or its number alone, stands for everybody in the account. */
static bool is_account(slice text, slice account)
{
    uint8_t memory[64];
    struct builder root;
    builder_init(&root, memory, sizeof memory);
    builder_put_text(&root, "arn:aws:iam::");
    builder_put(&root, account);
    builder_put_text(&root, ":root");
    return slice_equal(text, account) || slice_equal(text, builder_view(&root));
}

static bool is_principal(const json_value *principals, const struct kms_policy_call *call)
{
    for (json_value item = first_of(principals); json_is_there(&item);
         item = next_of(principals, &item)) {
        const slice text = text_of(&item);
        if (slice_equal(text, slice_text("*")) || slice_equal(text, call->role_arn) ||
            slice_equal(text, call->session_arn) || is_account(text, call->account)) {
            return true;
        }
    }
    return false;
}

static status read_principals(const json_value *statement, json_value *principals)
{
    json_value principal = {0};
    TRY(json_read_value(statement, "Principal", &principal));
    if (json_value_is_object(&principal)) {
        REQUIRE(json_count(&principal) == 1, BAD_INPUT, "policy: only AWS principals are known");
        TRY(json_read_value(&principal, "AWS", principals));
    } else {
        slice text = {0};
        TRY(json_value_text(&principal, 1, 1, &text));
        REQUIRE(slice_equal(text, slice_text("*")), BAD_INPUT,
                "policy: a principal must be {\"AWS\": …} or \"*\"");
        *principals = principal;
    }
    return check_texts(principals);
}

static bool is_any(const json_value *patterns, slice text,
                   bool (*matches)(slice pattern, slice text))
{
    for (json_value item = first_of(patterns); json_is_there(&item);
         item = next_of(patterns, &item)) {
        if (matches(text_of(&item), text)) return true;
    }
    return false;
}

static status read_effect(const json_value *statement, bool *is_denial)
{
    slice text = {0};
    TRY(json_read_string(statement, "Effect", 1, 8, &text));
    *is_denial = slice_equal(text, slice_text("Deny"));
    REQUIRE(*is_denial || slice_equal(text, slice_text("Allow")), BAD_INPUT,
            "policy: an effect must be Allow or Deny");
    return status_ok();
}

/* Reads all of a statement; with a call it also says whether the statement is about it. */
static status walk_statement(const json_value *statement, const struct kms_policy_call *call,
                             bool *is_match, bool *is_denial)
{
    static const char *const names[] = {"Sid",    "Effect",   "Principal",
                                        "Action", "Resource", "Condition"};
    json_value principals = {0}, actions = {0}, resources = {0};
    REQUIRE(json_value_is_object(statement), BAD_INPUT, "policy: a statement must be an object");
    TRY(json_only(statement, names, ARRAY_COUNT(names)));
    TRY(read_effect(statement, is_denial));
    TRY(read_principals(statement, &principals));
    TRY(json_read_value(statement, "Action", &actions));
    TRY(check_texts(&actions));
    TRY(json_read_value(statement, "Resource", &resources));
    TRY(check_texts(&resources));
    *is_match = call && is_principal(&principals, call) &&
                is_any(&actions, call->action, matches_action) &&
                is_any(&resources, call->key_arn, kms_policy_matches);
    return walk_conditions(statement, call, is_match);
}

/* Statements may be one object instead of a list of one. */
static status walk_policy(slice policy, const struct kms_policy_call *call, bool *is_allowed,
                          bool *is_denied)
{
    static const char *const names[] = {"Version", "Id", "Statement"};
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[PARSED_SIZE_MAX];
    struct arena arena;
    json_value object = {0}, statements = {0};
    arena_init(&arena, space, sizeof space);
    REQUIRE(policy.size <= KMS_POLICY_SIZE_MAX, OVER_LIMIT, "policy: is too long");
    TRY(json_open(policy, &arena, &document));
    TRY(json_top_object(&document, &object));
    TRY(json_only(&object, names, ARRAY_COUNT(names)));
    TRY(json_read_value(&object, "Statement", &statements));
    const bool is_list = json_value_is_array(&statements);
    const size_t count = is_list ? json_count(&statements) : 1;
    REQUIRE(count > 0 && count <= KMS_POLICY_STATEMENT_COUNT_MAX, BAD_INPUT,
            "policy: has no statements or too many");
    for (json_value statement = first_of(&statements); json_is_there(&statement);
         statement = next_of(&statements, &statement)) {
        bool is_match = false, is_denial = false;
        TRY(walk_statement(&statement, call, &is_match, &is_denial));
        if (is_match && is_denial) *is_denied = true;
        if (is_match && !is_denial) *is_allowed = true;
    }
    return status_ok();
}

status kms_policy_check(slice policy)
{
    bool is_allowed = false, is_denied = false;
    return walk_policy(policy, NULL, &is_allowed, &is_denied);
}

status kms_policy_evaluate(slice policy, const struct kms_policy_call *call)
{
    bool is_allowed = false, is_denied = false;
    TRY(walk_policy(policy, call, &is_allowed, &is_denied));
    REQUIRE(!is_denied, DENIED, "policy: a statement denies the call");
    REQUIRE(is_allowed, DENIED, "policy: no statement allows the call");
    return status_ok();
}
