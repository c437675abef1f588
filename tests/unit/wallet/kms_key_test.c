#include "wallet/kms_key.h"

#include "runner.h"

/* What is hashed, and which Region the ARN names. */
static const struct {
    const char *name, *arn, *hashed, *region;
} rows[] = {
    {"a key of one Region", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
     "arn:aws:kms:eu-west-1:111122223333:key/1234abcd", "eu-west-1"},
    {"a multi-Region key", "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd",
     "arn:aws:kms::111122223333:key/mrk-1234abcd", "eu-west-1"},
    {"its replica", "arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd",
     "arn:aws:kms::111122223333:key/mrk-1234abcd", "us-east-2"},
    {"another partition", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd",
     "arn:aws-us-gov:kms::111122223333:key/mrk-1234abcd", "us-gov-west-1"},
    {"mrk without its dash", "arn:aws:kms:eu-west-1:111122223333:key/mrk1234",
     "arn:aws:kms:eu-west-1:111122223333:key/mrk1234", "eu-west-1"},
    {"mrk- inside an id", "arn:aws:kms:eu-west-1:111122223333:key/1mrk-1234",
     "arn:aws:kms:eu-west-1:111122223333:key/1mrk-1234", "eu-west-1"},
    {"an alias is no key id", "arn:aws:kms:eu-west-1:111122223333:alias/mrk-1234",
     "arn:aws:kms:eu-west-1:111122223333:alias/mrk-1234", "eu-west-1"},
    {"no ARN", "key/mrk-1234", "key/mrk-1234", ""},
    {"nothing", "", "", ""},
};

static void hashes(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const hash32 hash = kms_key_hash(slice_text(rows[i].arn));
        const hash32 wanted = sha256(slice_text(rows[i].hashed));
        expect_bytes("hash", hash32_view(&hash), hash32_view(&wanted));
        expect_text("region", kms_key_region(slice_text(rows[i].arn)), rows[i].region);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"hashes", hashes}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
