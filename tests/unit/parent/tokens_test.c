#include "parent/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"

#define FORTY_THREE "0123456789abcdefghijklmnopqrstuvwxyz-._~+/="
enum { LENGTH = sizeof FORTY_THREE - 1 };

static char longest[TOKENS_TEXT_SIZE_MAX + 2];

static void texts(void)
{
    struct tokens tokens = {0};
    expect_u64("the shortest", LENGTH, TOKENS_TEXT_SIZE_MIN);
    expect_ok("shortest", tokens_read(slice_text(FORTY_THREE), &tokens));
    expect_true("required", tokens.is_required);
    expect_ok("with a line feed", tokens_read(slice_text(FORTY_THREE "\n"), &tokens));
    expect_refused("one shorter", tokens_read(slice_of(FORTY_THREE, LENGTH - 1), &tokens),
                   "token: must have at least 43 characters (32 random bytes)");
    expect_refused("empty", tokens_read(slice_text(""), &tokens),
                   "token: must have at least 43 characters (32 random bytes)");
    memset(longest, 'x', sizeof longest);
    expect_ok("longest", tokens_read(slice_of(longest, TOKENS_TEXT_SIZE_MAX), &tokens));
    expect_refused("one longer", tokens_read(slice_of(longest, TOKENS_TEXT_SIZE_MAX + 1), &tokens),
                   "token: must have at most 256 characters");
    static const char bad[] = " \"\\\n\r\t,;:@[]{}\x7f\x80";
    for (size_t i = 0; i < sizeof bad - 1; i++) {
        runner_row_at("character", (size_t)(uint8_t)bad[i]);
        longest[10] = bad[i];
        expect_refused("outside", tokens_read(slice_of(longest, 60), &tokens),
                       "token: has a character outside A-Z a-z 0-9 - . _ ~ + / =");
    }
    longest[10] = 'x';
}

static const struct {
    const char *name, *authorization;
    bool is_right;
} rows[] = {
    {"right", "Bearer " FORTY_THREE, true},
    {"scheme in any case", "bEARER " FORTY_THREE, true},
    {"nothing", "", false},
    {"scheme alone", "Bearer ", false},
    {"token alone", FORTY_THREE, false},
    {"another scheme", "Basic " FORTY_THREE, false},
    {"two blanks", "Bearer  " FORTY_THREE, false},
    {"one character more", "Bearer " FORTY_THREE "x", false},
    {"another last character", "Bearer 0123456789abcdefghijklmnopqrstuvwxyz-._~+/+", false},
    {"another first character", "Bearer 1123456789abcdefghijklmnopqrstuvwxyz-._~+/=", false},
    {"blank at the end", "Bearer " FORTY_THREE " ", false},
};

static void headers(void)
{
    struct tokens tokens;
    expect_ok("read", tokens_read(slice_text(FORTY_THREE), &tokens));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_outcome("check", tokens_check(&tokens, slice_text(rows[i].authorization)),
                       rows[i].is_right ? NULL
                                        : "authorization: a bearer token is needed and was not "
                                          "given or is not right");
    }
    const struct tokens open = {0};
    expect_ok("nothing required", tokens_check(&open, slice_text("")));
}

static void files(void)
{
    char path[] = "/tmp/enw-token-XXXXXX";
    struct tokens tokens = {0};
    const int file = mkstemp(path);
    expect_true("written", write(file, FORTY_THREE "\n", LENGTH + 1) == LENGTH + 1);
    fchmod(file, 0600);
    expect_ok("ours alone", tokens_read_file(path, &tokens));
    expect_ok("same token", tokens_check(&tokens, slice_text("Bearer " FORTY_THREE)));
    static const unsigned modes[] = {0640, 0604, 0620, 0602};
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        runner_row_at("mode", modes[i]);
        fchmod(file, modes[i]);
        expect_kind("others have access", tokens_read_file(path, &tokens), FAILURE_DENIED);
    }
    runner_row(NULL);
    close(file);
    unlink(path);
    expect_kind("gone", tokens_read_file(path, &tokens), FAILURE_NOT_FOUND);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"texts", texts},
        {"headers", headers},
        {"files", files},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
