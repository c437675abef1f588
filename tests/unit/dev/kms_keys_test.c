#include "dev/kms_keys.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "runner.h"

static const char policy[] = "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
                             "\"Action\":\"kms:*\",\"Resource\":\"*\"}}";
static const char other_policy[] = "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\","
                                   "\"Action\":\"kms:*\",\"Resource\":\"*\"}}";

static struct kms_keys keys, again;

static const char *state_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/enw-kms-keys-%d.json", (int)getpid());
    return path;
}

static void open_keys(struct kms_keys *opened, const char *path)
{
    const struct kms_keys_settings settings = {
        .path = path, .account = "111122223333", .region = "eu-west-1"};
    expect_ok("open", kms_keys_open(&settings, opened));
}

static struct kms_key *create(struct kms_keys *opened)
{
    struct kms_key *key = NULL;
    expect_ok("create", kms_keys_create(opened, slice_text("a \"key\""), slice_text(policy),
                                        1767323045, &key));
    return key;
}

static struct kms_keys_context context_of(const char *first, const char *second)
{
    struct kms_keys_context context = {.count = 2};
    context.pairs[0] = (struct kms_policy_pair){slice_text(first), slice_text("1")};
    context.pairs[1] = (struct kms_policy_pair){slice_text(second), slice_text("2")};
    return context;
}

static slice seal(struct kms_key *key, uint8_t *memory, size_t size_max)
{
    const struct kms_keys_context context = context_of("a", "b");
    struct builder blob;
    builder_init(&blob, memory, size_max);
    expect_ok("seal", kms_keys_seal(&keys, key, &context, slice_text("a data key"), &blob));
    return builder_view(&blob);
}

static void sealed_opens(void)
{
    uint8_t memory[128], opened[128];
    struct kms_key *key = NULL, *found = NULL;
    struct builder plaintext;
    open_keys(&keys, NULL);
    (void)create(&keys);
    key = create(&keys);
    const slice blob = seal(key, memory, sizeof memory);
    expect_ok("find", kms_keys_find_blob(&keys, blob, &found));
    expect_true("the same", found == key);
    struct kms_keys_context context = context_of("a", "b");
    builder_init(&plaintext, opened, sizeof opened);
    expect_ok("unseal", kms_keys_unseal(&keys, key, &context, blob, &plaintext));
    expect_text("plaintext", builder_view(&plaintext), "a data key");
    const struct kms_policy_pair first = context.pairs[0];
    context.pairs[0] = context.pairs[1];
    context.pairs[1] = first;
    expect_ok("the order of a context does not matter",
              kms_keys_unseal(&keys, key, &context, blob, &plaintext));
    kms_keys_close(&keys);
}

static void other_contexts(void)
{
    static const struct {
        const char *name, *first, *first_value, *second;
        size_t count;
    } rows[] = {
        {"another name", "a", "1", "c", 2},  {"another value", "a", "2", "b", 2},
        {"one pair less", "a", "1", "b", 1}, {"none", "a", "1", "b", 0},
        {"moved border", "a1", "", "b", 2},  {"another case", "A", "1", "b", 2},
    };
    uint8_t memory[128], opened[128];
    open_keys(&keys, NULL);
    struct kms_key *key = create(&keys);
    const slice blob = seal(key, memory, sizeof memory);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct builder plaintext;
        struct kms_keys_context context = context_of(rows[i].first, rows[i].second);
        runner_row(rows[i].name);
        context.pairs[0].value = slice_text(rows[i].first_value);
        context.count = rows[i].count;
        builder_init(&plaintext, opened, sizeof opened);
        expect_kind("unseal", kms_keys_unseal(&keys, key, &context, blob, &plaintext),
                    FAILURE_CORRUPT);
    }
    runner_row(NULL);
    kms_keys_close(&keys);
}

static void every_bit_of_a_blob_counts(void)
{
    uint8_t memory[128], opened[128];
    const struct kms_keys_context context = context_of("a", "b");
    open_keys(&keys, NULL);
    struct kms_key *key = create(&keys);
    const slice blob = seal(key, memory, sizeof memory);
    for (size_t bit = 0; bit < 8 * blob.size; bit++) {
        struct kms_key *found = NULL;
        struct builder plaintext;
        runner_row_at("bit", bit);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        builder_init(&plaintext, opened, sizeof opened);
        const bool is_found = status_is_ok(kms_keys_find_blob(&keys, blob, &found));
        expect_true("refused", !is_found || !status_is_ok(kms_keys_unseal(&keys, found, &context,
                                                                          blob, &plaintext)));
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < blob.size; size++) {
        struct kms_key *found = NULL;
        struct builder plaintext;
        runner_row_at("cut", size);
        const slice cut = slice_part(blob, 0, size);
        builder_init(&plaintext, opened, sizeof opened);
        expect_true("refused",
                    !status_is_ok(kms_keys_find_blob(&keys, cut, &found)) ||
                        !status_is_ok(kms_keys_unseal(&keys, found, &context, cut, &plaintext)));
    }
    runner_row(NULL);
    kms_keys_close(&keys);
}

static void finding(void)
{
    uint8_t memory[KMS_KEYS_ARN_SIZE_MAX];
    struct builder arn;
    struct kms_key *found = NULL;
    open_keys(&keys, NULL);
    struct kms_key *key = create(&keys);
    builder_init(&arn, memory, sizeof memory);
    kms_keys_print_arn(&keys, key, &arn);
    expect_true(
        "an ARN of this account",
        slice_has_start(builder_view(&arn), slice_text("arn:aws:kms:eu-west-1:111122223333:key/")));
    expect_ok("by ARN", kms_keys_find(&keys, builder_view(&arn), &found));
    expect_true("the same", found == key);
    expect_ok("by id", kms_keys_find(&keys, slice_of(key->id, sizeof key->id), &found));
    expect_kind("another", kms_keys_find(&keys, slice_text("x"), &found), FAILURE_NOT_FOUND);
    expect_kind("empty", kms_keys_find(&keys, slice_text(""), &found), FAILURE_NOT_FOUND);
    kms_keys_close(&keys);
}

static void kept_in_a_file(void)
{
    uint8_t memory[128], opened[128];
    struct stat about;
    struct builder plaintext;
    struct kms_key *found = NULL;
    const struct kms_keys_context context = context_of("a", "b");
    open_keys(&keys, state_path());
    (void)create(&keys);
    struct kms_key *key = create(&keys);
    const slice blob = seal(key, memory, sizeof memory);
    expect_ok("policy", kms_keys_put_policy(&keys, key, slice_text(other_policy)));
    expect_true("is there", stat(state_path(), &about) == 0);
    expect_u64("the owner's alone", about.st_mode & 0777, 0600);
    open_keys(&again, state_path());
    expect_u64("count", again.count, 2);
    expect_ok("find", kms_keys_find_blob(&again, blob, &found));
    expect_text("description", slice_of(found->description, found->description_size), "a \"key\"");
    expect_text("policy", slice_of(found->policy, found->policy_size), other_policy);
    expect_true("time", found->created_at_s == 1767323045);
    builder_init(&plaintext, opened, sizeof opened);
    expect_ok("unseal", kms_keys_unseal(&again, found, &context, blob, &plaintext));
    kms_keys_close(&again);
    kms_keys_close(&keys);
    unlink(state_path());
}

static void files_refused(void)
{
    static const struct {
        const char *name, *text;
        unsigned mode;
    } rows[] = {
        {"not JSON", "{", 0600},
        {"another version", "{\"version\":2,\"keys\":[]}", 0600},
        {"version 0", "{\"version\":0,\"keys\":[]}", 0600},
        {"no keys", "{\"version\":1}", 0600},
        {"broken key", "{\"version\":1,\"keys\":[{\"id\":\"x\"}]}", 0600},
        {"broken policy",
         "{\"version\":1,\"keys\":[{\"id\":\"1234abcd-12ab-34cd-56ef-1234567890ab\",\"material\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\",\"description\":"
         "\"\","
         "\"policy\":\"{}\",\"created_at\":\"2026-01-02T03:04:05Z\"}]}",
         0600},
        {"others may read it", "{\"version\":1,\"keys\":[]}", 0644},
    };
    const struct kms_keys_settings settings = {.path = state_path(), .account = "1", .region = "r"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_ok("write", file_write(state_path(), slice_text(rows[i].text), rows[i].mode));
        expect_true("refused", !status_is_ok(kms_keys_open(&settings, &keys)));
    }
    runner_row(NULL);
    expect_ok("write", file_write(state_path(), slice_text("{\"version\":1,\"keys\":[]}"), 0600));
    expect_ok("fine", kms_keys_open(&settings, &keys));
    kms_keys_close(&keys);
    unlink(state_path());
}

static void limits(void)
{
    static uint8_t text[KMS_POLICY_SIZE_MAX + 1];
    struct kms_key *key = NULL;
    open_keys(&keys, NULL);
    for (size_t i = 0; i < KMS_KEYS_COUNT_MAX; i++) key = create(&keys);
    expect_kind("one more", kms_keys_create(&keys, slice_text(""), slice_text(policy), 0, &key),
                FAILURE_OVER_LIMIT);
    expect_ok("largest policy",
              kms_keys_put_policy(&keys, key, slice_of(text, KMS_POLICY_SIZE_MAX)));
    expect_kind("one more", kms_keys_put_policy(&keys, key, slice_of(text, sizeof text)),
                FAILURE_OVER_LIMIT);
    kms_keys_close(&keys);
    open_keys(&keys, NULL);
    expect_kind("description",
                kms_keys_create(&keys, slice_of(text, KMS_KEYS_DESCRIPTION_SIZE_MAX + 1),
                                slice_text(policy), 0, &key),
                FAILURE_OVER_LIMIT);
    kms_keys_close(&keys);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sealed opens", sealed_opens},
        {"other contexts", other_contexts},
        {"every bit of a blob counts", every_bit_of_a_blob_counts},
        {"finding", finding},
        {"kept in a file", kept_in_a_file},
        {"files refused", files_refused},
        {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
