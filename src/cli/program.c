#include "cli/program.h"

#include "cli/commands.h"

enum { WORD_COUNT_MAX = 2, OPERAND_COUNT_MAX = 2 };

static const char version[] = "0.1.0";

/* What a command reaches for, and hence which flags it takes. */
enum reach {
    REACH_SERVICE, /* the service, always */
    REACH_FILES,   /* files; only its own flags */
    REACH_EITHER,  /* files, or the service, which it connects to itself */
};

/* One command: its words, its flags beside the common ones, and what it takes. */
struct command {
    const char *words[WORD_COUNT_MAX]; /* the second may be NULL */
    const char *name;                  /* as help shows it */
    const char *operand_names;
    size_t operand_count_min, operand_count_max;
    const struct flag *flags;
    size_t flag_count;
    enum reach reach;
    const char *summary;
    status (*run)(struct session *session);
};

static const struct flag common_flags[] = {
    {.name = "url",
     .shape = FLAG_TEXT,
     .value_name = "URL",
     .environment = "ENW_URL",
     .fallback = "http://127.0.0.1:8080",
     .help = "the service: http://HOST:PORT, https://HOST:PORT or unix:/PATH"},
    {.name = "token-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .environment = "ENW_TOKEN_FILE",
     .help = "holds the bearer token; readable by its owner only"},
    {.name = "ca-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .environment = "ENW_CA_FILE",
     .help = "certificate authorities trusted with https (PEM)"},
    {.name = "timeout",
     .shape = FLAG_TEXT,
     .value_name = "SECONDS",
     .fallback = "30",
     .help = "how long one call may take, 1 to 600"},
};

static const struct flag json_flag = {
    .name = "json", .shape = FLAG_SWITCH, .help = "print JSON, for machines"};

static const struct flag list_flags[] = {
    {.name = "limit",
     .shape = FLAG_TEXT,
     .value_name = "N",
     .help = "at most so many (default: all)"},
    {.name = "cursor",
     .shape = FLAG_TEXT,
     .value_name = "TEXT",
     .help = "go on after an earlier page"},
};

static const struct flag account_verify_flags[] = {
    {.name = "pcr",
     .shape = FLAG_REPEATED,
     .value_name = "N=HEX",
     .help = "a register's expected value"},
    {.name = "root",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "trust this root certificate (PEM) instead of AWS's G1"},
    {.name = "allow-debug", .shape = FLAG_SWITCH, .help = "accept an enclave in debug mode"},
};

static const struct flag tx_flags[] = {
    {.name = "file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "the transaction as JSON-RPC has it; - is the standard input"},
    {.name = "to",
     .shape = FLAG_TEXT,
     .value_name = "ADDRESS",
     .help = "absent: creates a contract"},
    {.name = "value",
     .shape = FLAG_TEXT,
     .value_name = "AMOUNT",
     .help = "wei, or 1.5ether, 30gwei (default: 0)"},
    {.name = "nonce", .shape = FLAG_TEXT, .value_name = "N", .help = "the account's next number"},
    {.name = "gas", .shape = FLAG_TEXT, .value_name = "N", .help = "gas limit"},
    {.name = "max-fee-per-gas",
     .shape = FLAG_TEXT,
     .value_name = "AMOUNT",
     .help = "makes a dynamic-fee transaction"},
    {.name = "max-priority-fee-per-gas",
     .shape = FLAG_TEXT,
     .value_name = "AMOUNT",
     .help = "the tip, within the fee cap"},
    {.name = "gas-price",
     .shape = FLAG_TEXT,
     .value_name = "AMOUNT",
     .help = "makes a legacy transaction"},
    {.name = "chain-id", .shape = FLAG_TEXT, .value_name = "N", .help = "1 is Ethereum"},
    {.name = "data", .shape = FLAG_TEXT, .value_name = "HEX", .help = "0x and hex digits"},
    {.name = "ask", .shape = FLAG_SWITCH, .help = "show it and wait for a yes"},
};

static const struct flag message_flags[] = {
    {.name = "text", .shape = FLAG_TEXT, .value_name = "TEXT", .help = "the message"},
    {.name = "hex",
     .shape = FLAG_TEXT,
     .value_name = "HEX",
     .help = "its bytes: 0x and hex digits"},
    {.name = "file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "its bytes; - is the standard input"},
    {.name = "ask", .shape = FLAG_SWITCH, .help = "show it and wait for a yes"},
};

static const struct flag attest_flags[] = {
    {.name = "nonce",
     .shape = FLAG_TEXT,
     .value_name = "HEX",
     .help = "64 hex digits that the document must carry (default: random)"},
    {.name = "root",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "verify, trusting this root certificate (PEM) instead of AWS's"},
    {.name = "pcr",
     .shape = FLAG_REPEATED,
     .value_name = "N=HEX",
     .help = "a register's expected value"},
    {.name = "allow-debug", .shape = FLAG_SWITCH, .help = "accept an enclave in debug mode"},
};

/* A stranger's service: nothing comes from the environment, the token of one's own least of all. */
static const struct flag attest_verify_flags[] = {
    {.name = "pcr",
     .shape = FLAG_REPEATED,
     .value_name = "N=HEX",
     .help = "a register's expected value"},
    {.name = "nonce",
     .shape = FLAG_TEXT,
     .value_name = "HEX",
     .help = "what the document must carry (default with a URL: random)"},
    {.name = "max-age",
     .shape = FLAG_TEXT,
     .value_name = "SECONDS",
     .help = "how old it may be (default with a URL: 300); implies --at now"},
    {.name = "at",
     .shape = FLAG_TEXT,
     .value_name = "WHEN",
     .help = "valid at its own time (document; default with a FILE) or now"},
    {.name = "root",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "trust this root certificate (PEM) instead of AWS's G1"},
    {.name = "allow-debug", .shape = FLAG_SWITCH, .help = "accept an enclave in debug mode"},
    {.name = "token-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "a bearer token for the URL; readable by its owner only"},
    {.name = "ca-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "certificate authorities trusted with https (PEM)"},
    {.name = "timeout",
     .shape = FLAG_TEXT,
     .value_name = "SECONDS",
     .fallback = "30",
     .help = "how long one call may take, 1 to 600"},
};

static const struct flag build_flags[] = {
    {.name = "program",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "enw-enclave, the static program",
     .is_required = true},
    {.name = "config",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "enclave.json",
     .is_required = true},
    {.name = "kernel",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "bzImage (x86_64) or Image (aarch64)",
     .is_required = true},
    {.name = "output",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "the image to write",
     .is_required = true},
    {.name = "arch",
     .shape = FLAG_TEXT,
     .value_name = "ARCH",
     .fallback = "x86_64",
     .help = "x86_64 or aarch64"},
    {.name = "ca",
     .shape = FLAG_REPEATED,
     .value_name = "NAME",
     .help = "a root of Debian's ca-certificates (default: Amazon's five)"},
    {.name = "ca-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "roots (PEM) instead of --ca"},
    {.name = "init",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "AWS's init, with AWS's kernel"},
    {.name = "nsm-ko",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "AWS's nsm.ko, with AWS's kernel"},
    {.name = "cmdline",
     .shape = FLAG_TEXT,
     .value_name = "TEXT",
     .help = "kernel command line (default: the one that fits the kernel)"},
    {.name = "certificate",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "sign as this signer (PEM, P-384); PCR8"},
    {.name = "key",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "the signer's key (PEM); readable by its owner only"},
    {.name = "name",
     .shape = FLAG_TEXT,
     .value_name = "TEXT",
     .fallback = "enclave-wallet",
     .help = "name in the metadata, which nothing measures"},
    {.name = "kernel-version",
     .shape = FLAG_TEXT,
     .value_name = "TEXT",
     .fallback = "",
     .help = "in the metadata"},
    {.name = "build-time",
     .shape = FLAG_TEXT,
     .value_name = "TIME",
     .fallback = "1970-01-01T00:00:00Z",
     .help = "in the metadata"},
};

static const struct flag verify_flags[] = {
    {.name = "pcr",
     .shape = FLAG_REPEATED,
     .value_name = "N=HEX",
     .help = "expected PCR0, 1, 2 or 8"},
};

static const struct command commands[] = {
    {{"account", "create"},
     "enw account create",
     "NAME",
     1,
     1,
     NULL,
     0,
     REACH_SERVICE,
     "Makes an account; its key is born inside the enclave.",
     commands_account_create},
    {{"account", "list"},
     "enw account list",
     NULL,
     0,
     0,
     list_flags,
     ARRAY_COUNT(list_flags),
     REACH_SERVICE,
     "Lists accounts; with --json one page a line.",
     commands_account_list},
    {{"account", "show"},
     "enw account show",
     "NAME-OR-ADDRESS",
     1,
     1,
     NULL,
     0,
     REACH_SERVICE,
     "Shows one account.",
     commands_account_show},
    {{"account", "verify"},
     "enw account verify",
     "ID|FILE",
     1,
     1,
     account_verify_flags,
     ARRAY_COUNT(account_verify_flags),
     REACH_EITHER,
     "Verifies in which image an account's key was born; a FILE has a slash in its path.",
     commands_account_verify},
    {{"sign", "tx"},
     "enw sign tx",
     "NAME-OR-ADDRESS",
     1,
     1,
     tx_flags,
     ARRAY_COUNT(tx_flags),
     REACH_SERVICE,
     "Signs a transaction, from a file or from flags; says first what it is.",
     commands_sign_tx},
    {{"sign", "message"},
     "enw sign message",
     "NAME-OR-ADDRESS [TEXT]",
     1,
     2,
     message_flags,
     ARRAY_COUNT(message_flags),
     REACH_SERVICE,
     "Signs a message (EIP-191); shows it first.",
     commands_sign_message},
    {{"attest", "verify"},
     "enw attest verify",
     "FILE|URL",
     1,
     1,
     attest_verify_flags,
     ARRAY_COUNT(attest_verify_flags),
     REACH_FILES,
     "Verifies an attestation document, or a service's; needs nobody's word but AWS's.",
     commands_attest_verify},
    {{"attest", NULL},
     "enw attest",
     NULL,
     0,
     0,
     attest_flags,
     ARRAY_COUNT(attest_flags),
     REACH_SERVICE,
     "Asks the enclave who it is, and verifies the answer with --root and --pcr.",
     commands_attest},
    {{"health", NULL},
     "enw health",
     NULL,
     0,
     0,
     NULL,
     0,
     REACH_SERVICE,
     "Says whether the service and what it needs are well.",
     commands_health},
    {{"image", "build"},
     "enw image build",
     NULL,
     0,
     0,
     build_flags,
     ARRAY_COUNT(build_flags),
     REACH_FILES,
     "Makes an enclave image and prints its measurements.",
     commands_image_build},
    {{"image", "describe"},
     "enw image describe",
     "FILE",
     1,
     1,
     NULL,
     0,
     REACH_FILES,
     "Shows what an enclave image holds; refuses a malformed one with the offset.",
     commands_image_describe},
    {{"image", "measure"},
     "enw image measure",
     "FILE",
     1,
     1,
     NULL,
     0,
     REACH_FILES,
     "Prints an image's measurements as nitro-cli does.",
     commands_image_measure},
    {{"image", "verify"},
     "enw image verify",
     "FILE",
     1,
     1,
     verify_flags,
     ARRAY_COUNT(verify_flags),
     REACH_FILES,
     "Checks an image's form, checksum, signature and expected PCRs.",
     commands_image_verify},
};

const char *program_version(void)
{
    return version;
}

static void print_help(FILE *file)
{
    (void)fprintf(file, "usage: enw COMMAND [flags]\n\ncommands:\n");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        const char *operands = commands[i].operand_names ? commands[i].operand_names : "";
        const int used = fprintf(file, "  %s %s", commands[i].name + 4, operands);
        (void)fprintf(file, "%*s%s\n", used < 36 ? 36 - used : 1, "", commands[i].summary);
    }
    (void)fprintf(file, "\n  enw COMMAND --help lists a command's flags\n\n"
                        "exit codes: 0 done, 1 declined, 2 usage, 3 bad input, 4 denied, 5 not "
                        "found,\n  6 conflict, 7 unavailable, 8 internal, 9 over a limit, 10 "
                        "corrupt\n");
}

static bool is_word(int argc, char **argv, int index, const char *word)
{
    return index < argc && slice_equal(slice_text(argv[index]), slice_text(word));
}

static const struct command *find_command(int argc, char **argv, int *word_count)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (!is_word(argc, argv, 1, commands[i].words[0])) continue;
        *word_count = commands[i].words[1] ? 2 : 1;
        if (*word_count == 1 || is_word(argc, argv, 2, commands[i].words[1])) return &commands[i];
    }
    return NULL;
}

static int run_command(const struct command *command, const struct flags *flags,
                       const struct streams *streams)
{
    SCOPED(session_close) struct session session = {0};
    status done = command->reach == REACH_SERVICE ? session_open(&session, flags, streams)
                                                  : session_open_local(&session, flags, streams);
    if (status_is_ok(done)) done = command->run(&session);
    if (status_is_ok(done) && (fflush(streams->out) != 0 || ferror(streams->out))) {
        (void)fprintf(streams->err, "enw: the result cannot be written\n");
        return session_exit_code(FAILURE_INTERNAL);
    }
    return status_is_ok(done) ? SESSION_DONE : session_explain(&session, streams->err, done);
}

/* Reads the arguments after the command's words by the command's own table. */
static int parse_and_run(const struct command *command, int argc, char **argv,
                         const struct streams *streams)
{
    struct flag table[FLAGS_COUNT_MAX];
    size_t count = 0;
    struct flags flags;
    for (size_t i = 0; i < command->flag_count; i++) table[count++] = command->flags[i];
    for (size_t i = 0; command->reach != REACH_FILES && i < ARRAY_COUNT(common_flags); i++) {
        table[count++] = common_flags[i];
    }
    table[count++] = json_flag;
    const struct flags_program program = {
        .name = command->name,
        .version = version,
        .summary = command->summary,
        .table = table,
        .count = count,
        .operand_names = command->operand_names,
        .operand_count_max = command->operand_count_max,
    };
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return SESSION_USAGE;
    }
    if (flags.outcome == FLAGS_DONE) return SESSION_DONE;
    if (flags.operand_count < command->operand_count_min) {
        (void)fprintf(streams->err, "%s: needs %s (--help shows all)\n", command->name,
                      command->operand_names);
        return SESSION_USAGE;
    }
    return run_command(command, &flags, streams);
}

int program_run(int argc, char **argv, const struct streams *streams)
{
    int word_count = 0;
    const struct command *command = find_command(argc, argv, &word_count);
    if (command) return parse_and_run(command, argc - word_count, argv + word_count, streams);
    if (is_word(argc, argv, 1, "--help") || is_word(argc, argv, 1, "-h") ||
        is_word(argc, argv, 1, "help")) {
        print_help(streams->out);
        return SESSION_DONE;
    }
    if (is_word(argc, argv, 1, "--version")) {
        (void)fprintf(streams->out, "enw %s\n", version);
        return SESSION_DONE;
    }
    if (argc > 1) (void)fprintf(streams->err, "enw: there is no such command\n\n");
    print_help(streams->err);
    return SESSION_USAGE;
}
