#include "dev/kms_policy.h"

#include <string.h>

#include "base/builder.h"
#include "base/hex.h"
#include "runner.h"

static const char key_arn[] =
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/* PCR0 is 48 bytes of a1, PCR1 of a2, PCR2 is not in the document. */
static const char a1[] = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
                         "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

static struct pcr_set example_pcrs(void)
{
    struct pcr_set set = {0};
    hash48 value;
    memset(value.bytes, 0xa1, sizeof value.bytes);
    pcr_set_put(&set, 0, &value);
    memset(value.bytes, 0xa2, sizeof value.bytes);
    pcr_set_put(&set, 1, &value);
    return set;
}

/* In a row, "%A1" stands for PCR0's digits and "%a" for the same in upper case. */
static slice expand(const char *text)
{
    static uint8_t memory[16 * 1024];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    for (; *text; text++) {
        if (strncmp(text, "%A1", 3) == 0) {
            builder_put_text(&builder, a1);
            text += 2;
        } else if (strncmp(text, "%a", 2) == 0) {
            for (size_t i = 0; i < 48; i++) builder_put_text(&builder, "A1");
            text += 1;
        } else {
            builder_put_u8(&builder, (uint8_t)*text);
        }
    }
    return builder_view(&builder);
}

static struct kms_policy_call example_call(const struct pcr_set *pcrs)
{
    static struct kms_policy_pair pairs[2];
    pairs[0] = (struct kms_policy_pair){slice_text("env"), slice_text("prod")};
    pairs[1] = (struct kms_policy_pair){slice_text("app"), slice_text("enw1")};
    return (struct kms_policy_call){
        .account = slice_text("111122223333"),
        .role_arn = slice_text("arn:aws:iam::111122223333:role/parent"),
        .session_arn = slice_text("arn:aws:sts::111122223333:assumed-role/parent/i-1"),
        .action = slice_text("kms:Decrypt"),
        .key_arn = slice_text(key_arn),
        .pairs = pairs,
        .pair_count = 2,
        .pcrs = pcrs};
}

/* A statement that allows Decrypt to all, with these conditions. */
static const struct {
    const char *name, *conditions;
    bool is_allowed, is_allowed_without_document;
} condition_rows[] = {
    {"none", "{}", true, true},
    {"image", "{\"StringEquals\":{\"kms:RecipientAttestation:ImageSha384\":\"%A1\"}}", true, false},
    {"image, another case", "{\"StringEquals\":{\"kms:RecipientAttestation:ImageSha384\":\"%a\"}}",
     false, false},
    {"image, any case",
     "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":\"%a\"}}", true, false},
    {"another image",
     "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":\"00\"}}", false,
     false},
    {"one of several images",
     "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":[\"00\",\"%A1\"]}}",
     true, false},
    {"PCR0", "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":\"%A1\"}}", true,
     false},
    {"condition key in another case",
     "{\"StringEquals\":{\"KMS:recipientattestation:pcr0\":\"%A1\"}}", true, false},
    {"PCR1 with PCR0's value",
     "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR1\":\"%A1\"}}", false, false},
    {"PCR that is not there",
     "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR2\":\"%A1\"}}", false, false},
    {"both keys",
     "{\"StringEquals\":{\"kms:RecipientAttestation:PCR0\":\"%A1\","
     "\"kms:EncryptionContext:env\":\"prod\"}}",
     true, false},
    {"one key of two",
     "{\"StringEquals\":{\"kms:RecipientAttestation:PCR0\":\"%A1\","
     "\"kms:EncryptionContext:env\":\"test\"}}",
     false, false},
    {"one operator of two",
     "{\"StringEquals\":{\"kms:RecipientAttestation:PCR0\":\"%A1\"},"
     "\"StringLike\":{\"kms:EncryptionContext:env\":\"t*\"}}",
     false, false},
    {"context", "{\"StringEquals\":{\"kms:EncryptionContext:app\":\"enw1\"}}", true, true},
    {"context's name in another case",
     "{\"StringEquals\":{\"kms:EncryptionContext:APP\":\"enw1\"}}", false, false},
    {"context that is not there", "{\"StringEquals\":{\"kms:EncryptionContext:x\":\"y\"}}", false,
     false},
    {"like", "{\"StringLike\":{\"kms:EncryptionContext:app\":\"e?w*\"}}", true, true},
    {"not equal", "{\"StringNotEquals\":{\"kms:EncryptionContext:env\":\"test\"}}", true, true},
    {"not equal, but it is", "{\"StringNotEquals\":{\"kms:EncryptionContext:env\":\"prod\"}}",
     false, false},
    {"not equal to any of several",
     "{\"StringNotEquals\":{\"kms:EncryptionContext:env\":[\"test\",\"prod\"]}}", false, false},
    {"not equal, any case",
     "{\"StringNotEqualsIgnoreCase\":{\"kms:EncryptionContext:env\":\"PROD\"}}", false, false},
    {"not like", "{\"StringNotLike\":{\"kms:EncryptionContext:env\":\"p*\"}}", false, false},
    {"not equal to what is not there",
     "{\"StringNotEquals\":{\"kms:RecipientAttestation:PCR2\":\"00\"}}", true, true},
    {"null", "{\"Null\":{\"kms:RecipientAttestation:PCR0\":\"true\"}}", false, true},
    {"not null", "{\"Null\":{\"kms:RecipientAttestation:PCR0\":\"false\"}}", true, false},
    {"role", "{\"StringEquals\":{\"aws:PrincipalArn\":\"arn:aws:iam::111122223333:role/parent\"}}",
     true, true},
    {"account", "{\"StringEquals\":{\"kms:CallerAccount\":\"111122223333\"}}", true, true},
    {"another account", "{\"StringEquals\":{\"kms:CallerAccount\":\"999999999999\"}}", false,
     false},
};

static bool is_allowed(slice policy, const struct kms_policy_call *call)
{
    expect_ok("form", kms_policy_check(policy));
    const status result = kms_policy_evaluate(policy, call);
    expect_true("yes or no", status_is_ok(result) || status_is(result, FAILURE_DENIED));
    return status_is_ok(result);
}

static void conditions(void)
{
    const struct pcr_set pcrs = example_pcrs();
    for (size_t i = 0; i < ARRAY_COUNT(condition_rows); i++) {
        uint8_t memory[8192];
        struct builder policy;
        const struct kms_policy_call attested = example_call(&pcrs), bare = example_call(NULL);
        runner_row(condition_rows[i].name);
        builder_init(&policy, memory, sizeof memory);
        builder_put_text(&policy, "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
                                  "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\",\"Condition\":");
        builder_put(&policy, expand(condition_rows[i].conditions));
        builder_put_text(&policy, "}]}");
        expect_true("with a document",
                    is_allowed(builder_view(&policy), &attested) == condition_rows[i].is_allowed);
        expect_true("without", is_allowed(builder_view(&policy), &bare) ==
                                   condition_rows[i].is_allowed_without_document);
    }
}

static const struct {
    const char *name, *policy;
    bool is_allowed;
} policy_rows[] = {
    {"one statement without a list",
     "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":"
     "\"*\"}}",
     true},
    {"all that may be said",
     "{\"Version\":\"2012-10-17\",\"Id\":\"x\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
     "\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}",
     true},
    {"role",
     "{\"Statement\":[{\"Sid\":\"x\",\"Effect\":\"Allow\",\"Principal\":"
     "{\"AWS\":\"arn:aws:iam::111122223333:role/parent\"},\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"*\"}]}",
     true},
    {"session",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
     "{\"AWS\":\"arn:aws:sts::111122223333:assumed-role/parent/i-1\"},\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"*\"}]}",
     true},
    {"root",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
     "{\"AWS\":\"arn:aws:iam::111122223333:root\"},\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"*\"}]}",
     true},
    {"account's number",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"x\",\"111122223333\"]},"
     "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\"}]}",
     true},
    {"another role",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
     "{\"AWS\":\"arn:aws:iam::111122223333:role/parent2\"},\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"*\"}]}",
     false},
    {"another account's root",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
     "{\"AWS\":\"arn:aws:iam::999999999999:root\"},\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"*\"}]}",
     false},
    {"another action",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[\"kms:Encrypt\","
     "\"kms:GenerateDataKey*\"],\"Resource\":\"*\"}]}",
     false},
    {"one of several actions, in another case",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[\"kms:Encrypt\","
     "\"KMS:de*\"],\"Resource\":\"*\"}]}",
     true},
    {"this key",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"arn:aws:kms:eu-west-1:111122223333:key/"
     "1234abcd-12ab-34cd-56ef-1234567890ab\"}]}",
     true},
    {"another key",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:Decrypt\","
     "\"Resource\":\"arn:aws:kms:eu-west-1:111122223333:key/other\"}]}",
     false},
    {"denied after allowed",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":"
     "\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\","
     "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\"}]}",
     false},
    {"denied before allowed",
     "{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\","
     "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Principal\":\"*\","
     "\"Action\":\"kms:*\",\"Resource\":\"*\"}]}",
     false},
    {"denied to others than this image",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":"
     "\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\","
     "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\",\"Condition\":{"
     "\"StringNotEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":\"%a\"}}}]}",
     true},
    {"denied to this image",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":"
     "\"*\"},{\"Effect\":\"Deny\",\"Principal\":\"*\","
     "\"Action\":\"kms:Decrypt\",\"Resource\":\"*\",\"Condition\":{"
     "\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:ImageSha384\":\"%a\"}}}]}",
     false},
};

static void policies(void)
{
    const struct pcr_set pcrs = example_pcrs();
    const struct kms_policy_call call = example_call(&pcrs);
    for (size_t i = 0; i < ARRAY_COUNT(policy_rows); i++) {
        runner_row(policy_rows[i].name);
        expect_true("allowed",
                    is_allowed(expand(policy_rows[i].policy), &call) == policy_rows[i].is_allowed);
    }
}

static void sentences(void)
{
    const struct pcr_set pcrs = example_pcrs();
    const struct kms_policy_call call = example_call(&pcrs);
    expect_refused("denied",
                   kms_policy_evaluate(slice_text("{\"Statement\":{\"Effect\":\"Deny\","
                                                  "\"Principal\":\"*\",\"Action\":\"*\","
                                                  "\"Resource\":\"*\"}}"),
                                       &call),
                   "policy: a statement denies the call");
    expect_refused("not allowed",
                   kms_policy_evaluate(slice_text("{\"Statement\":{\"Effect\":\"Allow\","
                                                  "\"Principal\":\"*\",\"Action\":\"s3:*\","
                                                  "\"Resource\":\"*\"}}"),
                                       &call),
                   "policy: no statement allows the call");
}

static const struct {
    const char *name, *policy, *refusal;
} form_rows[] = {
    {"not JSON", "{", "json: text is not valid JSON"},
    {"unknown member", "{\"Statement\":[],\"Other\":1}", "has a field that is not known here"},
    {"no statements", "{\"Statement\":[]}", "policy: has no statements or too many"},
    {"statement that is no object", "{\"Statement\":[1]}", "policy: a statement must be an object"},
    {"unknown member in a statement",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"*\"}]}",
     "has a field that is not known here"},
    {"effect", "{\"Statement\":[{\"Effect\":\"allow\"}]}",
     "policy: an effect must be Allow or Deny"},
    {"service principal",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"x\",\"AWS\":\"y\"}}]}",
     "policy: only AWS principals are known"},
    {"principal that is a name", "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"x\"}]}",
     "policy: a principal must be {\"AWS\": …} or \"*\""},
    {"empty list of principals",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[]}}]}",
     "policy: a list is empty or too long"},
    {"principal that is a number",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":1}}]}",
     "policy: must be a string or a list of strings"},
    {"operator",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"NumericEquals\":{\"x\":\"1\"}}}]}",
     "policy: a condition's operator is not known"},
    {"condition key",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:SourceIp\":\"1\"}}}]}",
     "policy: a condition key is not known"},
    {"PCR beyond the last",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
     "{\"kms:RecipientAttestation:PCR32\":\"1\"}}}]}",
     "policy: a condition key is not known"},
    {"PCR with a leading zero",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":"
     "{\"kms:RecipientAttestation:PCR00\":\"1\"}}}]}",
     "policy: a condition key is not known"},
    {"condition that is no object",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":\"x\"}}]}",
     "policy: a condition must be an object"},
    {"value that is a number",
     "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
     "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"kms:CallerAccount\":1}}}]}",
     "policy: must be a string or a list of strings"},
};

static void forms(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(form_rows); i++) {
        runner_row(form_rows[i].name);
        expect_refused("check", kms_policy_check(slice_text(form_rows[i].policy)),
                       form_rows[i].refusal);
    }
}

static void limits(void)
{
    static uint8_t text[KMS_POLICY_SIZE_MAX + 1];
    const slice policy = slice_text("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
                                    "\"Action\":\"kms:*\",\"Resource\":\"*\"}}");
    memset(text, ' ', sizeof text);
    memcpy(text, policy.bytes, policy.size);
    expect_ok("largest", kms_policy_check(slice_of(text, KMS_POLICY_SIZE_MAX)));
    expect_refused("one more", kms_policy_check(slice_of(text, KMS_POLICY_SIZE_MAX + 1)),
                   "policy: is too long");
    for (size_t more = 0; more < 2; more++) {
        struct builder builder;
        builder_init(&builder, text, sizeof text);
        builder_put_text(&builder, "{\"Statement\":[");
        for (size_t i = 0; i < KMS_POLICY_STATEMENT_COUNT_MAX + more; i++) {
            builder_put_text(&builder, i > 0 ? ",{\"Effect\":\"Allow\",\"Principal\":\"*\","
                                               "\"Action\":\"kms:*\",\"Resource\":\"*\"}"
                                             : "{\"Effect\":\"Allow\",\"Principal\":\"*\","
                                               "\"Action\":\"kms:*\",\"Resource\":\"*\"}");
        }
        builder_put_text(&builder, "]}");
        expect_outcome("statements", kms_policy_check(builder_view(&builder)),
                       more == 0 ? NULL : "policy: has no statements or too many");
    }
}

static void patterns(void)
{
    static const struct {
        const char *pattern, *text;
        bool is_match;
    } rows[] = {
        {"", "", true},        {"", "a", false},       {"*", "", true},
        {"*", "abc", true},    {"a*", "abc", true},    {"*c", "abc", true},
        {"a*c", "abc", true},  {"a*c", "abcd", false}, {"a*b*c", "axbxbxc", true},
        {"?", "", false},      {"?", "a", true},       {"a?c", "abc", true},
        {"a?c", "ac", false},  {"**", "a", true},      {"*ab", "aab", true},
        {"*ab", "abab", true}, {"a*b", "ba", false},   {"kms:Get*", "kms:GetKeyPolicy", true},
        {"a", "A", false},     {"abc", "ab", false},   {"*?", "", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].pattern);
        expect_true(rows[i].text, kms_policy_matches(slice_text(rows[i].pattern),
                                                     slice_text(rows[i].text)) == rows[i].is_match);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"conditions", conditions}, {"policies", policies}, {"sentences", sentences},
        {"forms", forms},           {"limits", limits},     {"patterns", patterns},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
