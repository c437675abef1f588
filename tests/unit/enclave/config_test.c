#include "enclave/config.h"

#include <stdio.h>
#include <string.h>

#include "runner.h"

#define ARN "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
#define OTHER "arn:aws:kms:eu-west-1:111122223333:key/aaaaaaaa-2222-3333-4444-555555555555"

/* The fields of a good file, in order; a row replaces one. */
static const struct {
    const char *name, *value;
} fields[] = {
    {"version", "1"},
    {"mode", "\"production\""},
    {"region", "\"eu-west-1\""},
    {"environment", "\"prod\""},
    {"epoch", "7"},
    {"epoch_min", "5"},
    {"kms_host", "\"kms.eu-west-1.amazonaws.com\""},
    {"kms_dial", "\"vsock:3:8000\""},
    {"kms_key_arns", "[\"" ARN "\",\"" OTHER "\"]"},
    {"ca_file", "\"/etc/enclave-wallet/ca.pem\""},
    {"listen", "\"vsock:any:7878\""},
    {"heartbeat", "\"vsock:3:9000\""},
    {"cache_entries", "1024"},
    {"cache_lifetime_s", "300"},
    {"verification", "\"twice\""},
    {"workers", "2"},
    {"kms_workers", "8"},
};

/* Text of `size` letters in quotes, which lasts until the next call. */
static const char *letters(size_t size)
{
    static char text[512];
    memset(text, 'a', sizeof text);
    text[0] = '"';
    text[size + 1] = '"';
    text[size + 2] = '\0';
    return text;
}

/* The file with one field's value replaced; a NULL value leaves the field out. */
static slice file_with(const char *name, const char *value)
{
    static char text[8192];
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const bool is_it = name && strcmp(fields[i].name, name) == 0;
        if (is_it && !value) continue;
        size +=
            (size_t)snprintf(text + size, sizeof text - size, "%s\"%s\":%s", size == 0 ? "{" : ",",
                             fields[i].name, is_it ? value : fields[i].value);
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "}");
    return slice_of(text, size);
}

static status read_with(const char *name, const char *value, struct config *config, char *where)
{
    struct builder path;
    builder_init(&path, where, 63);
    const status result = config_read(file_with(name, value), &path, config);
    where[path.size] = '\0';
    return result;
}

static const struct {
    const char *name, *field, *value;
    bool is_good;
} rows[] = {
    {"version 0", "version", "0", false},
    {"version 2", "version", "2", false},
    {"version as text", "version", "\"1\"", false},
    {"development", "mode", "\"development\"", true},
    {"another mode", "mode", "\"debug\"", false},
    {"empty region", "region", "\"\"", false},
    {"blank in a region", "region", "\"eu west\"", false},
    {"accent in a region", "region", "\"\xc3\xa9u\"", false},
    {"empty environment", "environment", "\"\"", false},
    {"epoch 0", "epoch", "0", false},
    {"largest epoch", "epoch", "4294967295", true},
    {"epoch too large", "epoch", "4294967296", false},
    {"floor 0", "epoch_min", "0", false},
    {"floor is the epoch", "epoch_min", "7", true},
    {"floor above the epoch", "epoch_min", "8", false},
    {"empty host", "kms_host", "\"\"", false},
    {"Unix endpoint", "kms_dial", "\"unix:/run/kms.sock\"", true},
    {"hybrid endpoint", "kms_dial", "\"hybrid:/run/vm.sock:8000\"", true},
    {"TCP endpoint", "kms_dial", "\"tcp:127.0.0.1:443\"", false},
    {"no endpoint", "kms_dial", "\"kms\"", false},
    {"listening on TCP", "listen", "\"tcp:127.0.0.1:7878\"", false},
    {"no heartbeat", "heartbeat", "\"\"", true},
    {"heartbeat over TCP", "heartbeat", "\"tcp:127.0.0.1:9000\"", false},
    {"heartbeat nowhere", "heartbeat", "\"vsock\"", false},
    {"no key", "kms_key_arns", "[]", false},
    {"one key", "kms_key_arns", "[\"" ARN "\"]", true},
    {"key twice", "kms_key_arns", "[\"" ARN "\",\"" ARN "\"]", false},
    {"key id only", "kms_key_arns", "[\"11111111-2222-3333-4444-555555555555\"]", false},
    {"alias", "kms_key_arns", "[\"arn:aws:kms:eu-west-1:111122223333:alias/a\"]", false},
    {"key is no text", "kms_key_arns", "[7]", false},
    {"keys as text", "kms_key_arns", "\"" ARN "\"", false},
    {"relative path", "ca_file", "\"ca.pem\"", false},
    {"no cache", "cache_entries", "0", true},
    {"largest cache", "cache_entries", "65536", true},
    {"cache too large", "cache_entries", "65537", false},
    {"lifetime 0", "cache_lifetime_s", "0", false},
    {"lifetime 1", "cache_lifetime_s", "1", true},
    {"lifetime too long", "cache_lifetime_s", "301", false},
    {"verification by recovering", "verification", "\"recover\"", true},
    {"no verification", "verification", "\"off\"", true},
    {"verification of another name", "verification", "\"once\"", false},
    {"verification without a name", "verification", "\"\"", false},
    {"verification as a number", "verification", "1", false},
    {"no worker", "workers", "0", false},
    {"most workers", "workers", "16", true},
    {"too many workers", "workers", "17", false},
    {"no KMS worker", "kms_workers", "0", false},
    {"most KMS workers", "kms_workers", "64", true},
    {"too many KMS workers", "kms_workers", "65", false},
};

static void value_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        static struct config config;
        char where[64];
        memset(&config, 0x77, sizeof config);
        const struct config before = config;
        const status got = read_with(rows[i].field, rows[i].value, &config, where);
        if (rows[i].is_good) {
            expect_ok("read", got);
            continue;
        }
        expect_kind("read", got, FAILURE_BAD_INPUT);
        expect_true("says where", strncmp(where, rows[i].field, strlen(rows[i].field)) == 0);
        expect_bytes("untouched", slice_of(&config, sizeof config),
                     slice_of(&before, sizeof before));
    }
}

static void sizes(void)
{
    static const struct {
        const char *field;
        size_t size_max;
    } limits[] = {
        {"region", CONFIG_REGION_SIZE_MAX},
        {"environment", ENCRYPTION_CONTEXT_ENVIRONMENT_SIZE_MAX},
        {"kms_host", CONFIG_HOST_SIZE_MAX},
    };
    static struct config config;
    char where[64];
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        runner_row(limits[i].field);
        expect_ok("longest",
                  read_with(limits[i].field, letters(limits[i].size_max), &config, where));
        expect_kind("one more",
                    read_with(limits[i].field, letters(limits[i].size_max + 1), &config, where),
                    FAILURE_BAD_INPUT);
    }
    runner_row(NULL);
    static char large[CONFIG_SIZE_MAX + 1];
    memset(large, ' ', sizeof large);
    const slice good = file_with(NULL, NULL);
    memcpy(large, good.bytes, good.size);
    struct builder path;
    builder_init(&path, where, sizeof where);
    expect_ok("longest file", config_read(slice_of(large, CONFIG_SIZE_MAX), &path, &config));
    expect_refused("one byte more", config_read(slice_of(large, sizeof large), &path, &config),
                   "config: file is too long");
}

static void every_field_is_required(void)
{
    static struct config config;
    char where[64];
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        runner_row(fields[i].name);
        expect_kind("missing", read_with(fields[i].name, NULL, &config, where), FAILURE_BAD_INPUT);
        expect_text("where", slice_text(where), fields[i].name);
    }
    runner_row(NULL);
    expect_kind("unknown", read_with("version", "1,\"more\":2", &config, where), FAILURE_BAD_INPUT);
    expect_kind("twice", read_with("version", "1,\"version\":1", &config, where),
                FAILURE_BAD_INPUT);
    struct builder path;
    builder_init(&path, where, sizeof where);
    expect_kind("no object", config_read(slice_text("[]"), &path, &config), FAILURE_BAD_INPUT);
    expect_kind("no JSON", config_read(slice_text(""), &path, &config), FAILURE_BAD_INPUT);
}

static void values(void)
{
    static struct config config;
    char where[64];
    expect_ok("read", read_with(NULL, NULL, &config, where));
    expect_true("production", config.is_production);
    expect_text("region", slice_text(config.region), "eu-west-1");
    expect_text("environment", slice_text(config.environment), "prod");
    expect_u64("epoch", config.epoch, 7);
    expect_u64("epoch_min", config.epoch_min, 5);
    expect_u64("port", config.kms_dial.port, 8000);
    expect_u64("keys", config.kms_key_count, 2);
    expect_text("second", config_key_arn(&config, 1), OTHER);
    expect_u64("entries", config.cache_entries, 1024);
    expect_u64("lifetime", (uint64_t)config.cache_lifetime_s, 300);
    expect_u64("verification", config.verification, SIGNER_TWICE);
    expect_u64("workers", config.workers, 2);
    expect_u64("KMS workers", config.kms_workers, 8);
    const hash32 hash = sha256(file_with(NULL, NULL));
    expect_true("hash of the bytes", hash32_equal(&config.hash, &hash));
}

static void pinned_keys(void)
{
    static struct config config;
    char where[64];
    size_t index = 9;
    expect_ok("read", read_with(NULL, NULL, &config, where));
    expect_refused("shorter", config_find_key(&config, slice_of(ARN, sizeof ARN - 2), &index),
                   "enclave: the KMS key is not pinned in this image");
    expect_kind("longer", config_find_key(&config, slice_text(ARN "0"), &index), FAILURE_DENIED);
    expect_u64("untouched", index, 9);
    expect_ok("second", config_find_key(&config, slice_text(OTHER), &index));
    expect_u64("index", index, 1);
    expect_ok("none named", config_find_key(&config, (slice){0}, &index));
    expect_u64("the first", index, 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"value rows", value_rows},
        {"sizes", sizes},
        {"every field is required", every_field_is_required},
        {"values", values},
        {"pinned keys", pinned_keys},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
