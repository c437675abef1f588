#include "cli/program.h"

#include <stdlib.h>

#include "runner.h"
#include "transcript.h"

static const struct {
    const char *name, *arguments[4];
    int code;
} rows[] = {
    {"unknown command", {"acount", "list"}, 2},
    {"unknown second word", {"account", "lost"}, 2},
    {"second word missing", {"account"}, 2},
    {"first word only of sign", {"sign", "alice"}, 2},
    {"operand missing", {"account", "create"}, 2},
    {"operand missing among flags", {"account", "show", "--json"}, 2},
    {"one operand too many", {"account", "create", "a", "b"}, 2},
    {"operand where none is", {"health", "now"}, 2},
    {"unknown flag", {"account", "list", "--all"}, 2},
    {"another command's flag", {"account", "create", "a", "--limit=3"}, 2},
    {"flag twice", {"account", "list", "--limit=3", "--limit=4"}, 2},
    {"one dash", {"account", "list", "-json"}, 2},
    {"bad switch", {"account", "list", "--json=maybe"}, 2},
    {"flag before the command", {"--json", "account", "list"}, 2},
};

static void usage(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        const struct transcript run =
            transcript_run("", rows[i].arguments[0], rows[i].arguments[1], rows[i].arguments[2],
                           rows[i].arguments[3], NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_text("out", run.out, "");
        expect_u64("requests", transcript_seen_count(), 0);
    }
}

static struct streams quiet(char **memory, size_t *size)
{
    FILE *file = open_memstream(memory, size);
    return (struct streams){.in = stdin, .out = file, .err = file};
}

static void help(void)
{
    static char program[] = "enw", argument[] = "--help", nothing[] = "nonsense";
    char *arguments[] = {program, argument, NULL};
    char *memory = NULL;
    size_t size = 0;
    struct streams streams = quiet(&memory, &size);
    expect_u64("help", (uint64_t)program_run(2, arguments, &streams), 0);
    (void)fclose(streams.out);
    const slice text = slice_of(memory, size);
    expect_true("names the commands", slice_has_start(text, slice_text("usage: enw COMMAND")));
    free(memory);
    streams = quiet(&memory, &size);
    expect_u64("no command", (uint64_t)program_run(1, arguments, &streams), 2);
    arguments[1] = nothing;
    expect_u64("no such command", (uint64_t)program_run(2, arguments, &streams), 2);
    (void)fclose(streams.out);
    free(memory);
}

static void nobody_listens(void)
{
    static char program[] = "enw", word[] = "health", flag[] = "--url",
                url[] = "unix:/nonexistent/enw.sock";
    char *arguments[] = {program, word, flag, url, NULL};
    char *memory = NULL;
    size_t size = 0;
    struct streams streams = quiet(&memory, &size);
    expect_u64("code", (uint64_t)program_run(4, arguments, &streams), 7);
    (void)fclose(streams.out);
    free(memory);
}

/* What cannot be written was not done, as far as anybody can tell. */
static void full_disk(void)
{
    static char program[] = "enw", group[] = "account", word[] = "list", flag[] = "--url";
    char url[80];
    char *arguments[] = {program, group, word, flag, url, NULL};
    char *memory = NULL;
    size_t size = 0;
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    snprintf(url, sizeof url, "unix:%s", transcript_path());
    transcript_reset();
    transcript_answer(200, "{\"accounts\":[{\"name\":\"a\",\"address\":\"0x1\"}],\"next\":null}");
    struct streams streams = quiet(&memory, &size);
    FILE *err = streams.err;
    streams.out = full;
    expect_u64("code", (uint64_t)program_run(5, arguments, &streams), 8);
    (void)fclose(full);
    (void)fclose(err);
    free(memory);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"usage", usage},
        {"help", help},
        {"nobody listens", nobody_listens},
        {"full disk", full_disk},
    };
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    return code;
}
