#include "dev/stand_credentials.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "runner.h"

static const uint8_t seed[STAND_CREDENTIALS_SEED_SIZE] = {0x00, 0x11, 0x22, 0x33, 0x44,
                                                          0x55, 0x66, 0x77, 0x88, 0x99};

static struct secret32 counting_key(void)
{
    struct secret32 key;
    for (size_t i = 0; i < sizeof key.bytes; i++) key.bytes[i] = (uint8_t)i;
    return key;
}

/* Computed with Python's hmac and base64 from the derivation in the header. */
static void known_answer(void)
{
    const struct secret32 key = counting_key();
    struct aws_credentials made = {0}, checked = {0};
    expect_ok("issue", stand_credentials_issue(&key, seed, 1767323045, &made));
    expect_text("id", aws_credentials_id(&made), "ASIAAAISEM2EKVTHPCEZ");
    expect_text("secret", secret_expose_text(&made.secret),
                "6filpJaQodqwmERkqueWP3fLI1Mgy97KmU9T2feIALo=");
    expect_text("token", secret_expose_text(&made.session_token),
                "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog");
    expect_ok("check", stand_credentials_check(&key, aws_credentials_id(&made),
                                               secret_expose_text(&made.session_token), &checked));
    expect_bytes("secret", secret_expose_text(&checked.secret), secret_expose_text(&made.secret));
    expect_true("expiry", checked.expires_at_s == 1767323045);
}

static void refusals(void)
{
    static const struct {
        const char *name, *id, *token;
        uint8_t key_change;
        const char *refusal;
    } rows[] = {
        {"right", "ASIAAAISEM2EKVTHPCEZ", "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog",
         0, NULL},
        {"another key", "ASIAAAISEM2EKVTHPCEZ",
         "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog", 1,
         "credentials: id or token was not issued here"},
        {"another id", "ASIAAAISEM2EKVTHPCEX",
         "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog", 0,
         "credentials: id or token was not issued here"},
        {"id of a user", "AKIAAAISEM2EKVTHPCEZ",
         "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog", 0,
         "credentials: id or token was not issued here"},
        {"id with another character", "ASIAAAISEM2EKVTHPCE1",
         "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog", 0,
         "credentials: id or token was not issued here"},
        {"id too short", "ASIAAAISEM2EKVTHPCE",
         "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog", 0,
         "credentials: id or token was not issued here"},
        {"no token", "ASIAAAISEM2EKVTHPCEZ", "", 0, "credentials: id or token was not issued here"},
        {"token cut", "ASIAAAISEM2EKVTHPCEZ", "AAAAAGlXNqU", 0,
         "credentials: id or token was not issued here"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct secret32 key = counting_key();
        struct aws_credentials checked = {0};
        runner_row(rows[i].name);
        key.bytes[0] ^= rows[i].key_change;
        expect_outcome("check",
                       stand_credentials_check(&key, slice_text(rows[i].id),
                                               slice_text(rows[i].token), &checked),
                       rows[i].refusal);
    }
}

/* Also the expiry: nobody can make a token last longer. */
static void every_character_of_a_token_counts(void)
{
    static const char token[] = "AAAAAGlXNaVjlXK6pvGaw0GtVnoWOOqwaJqH7unUgdqy_nauzsIoog";
    const struct secret32 key = counting_key();
    for (size_t i = 0; i < sizeof token - 1; i++) {
        char changed[sizeof token];
        struct aws_credentials checked = {0};
        runner_row_at("changed at", i);
        memcpy(changed, token, sizeof token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        expect_kind("check",
                    stand_credentials_check(&key, slice_text("ASIAAAISEM2EKVTHPCEZ"),
                                            slice_text(changed), &checked),
                    FAILURE_DENIED);
    }
}

static void key_file(void)
{
    char path[64];
    struct secret32 key = {0};
    const struct secret32 wanted = counting_key();
    snprintf(path, sizeof path, "/tmp/enw-credentials-%d", (int)getpid());
    expect_ok("write", file_write(path, secret_expose(&wanted), FILE_MODE_PRIVATE));
    expect_ok("read", stand_credentials_read_key(path, &key));
    expect_true("same", secret_equal(secret_expose(&key), secret_expose(&wanted)));
    expect_true("chmod", chmod(path, 0644) == 0);
    expect_kind("others may read it", stand_credentials_read_key(path, &key), FAILURE_DENIED);
    expect_ok("write", file_write(path, slice_of(wanted.bytes, 31), FILE_MODE_PRIVATE));
    expect_refused("too short", stand_credentials_read_key(path, &key), "secret: must be 32 bytes");
    unlink(path);
    expect_kind("none", stand_credentials_read_key(path, &key), FAILURE_NOT_FOUND);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answer", known_answer},
        {"refusals", refusals},
        {"every character of a token counts", every_character_of_a_token_counts},
        {"key file", key_file},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
