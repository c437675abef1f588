/*
 * flags: what a program was asked to do, from its arguments and its environment.
 *
 * One table per program names every flag with its environment variable, default and help; --help
 * prints it and --version the version. `--name value` and `--name=value` mean the same. A switch
 * takes no value (or =true, =false). A flag given twice is refused unless it is repeatable.
 * Arguments win over the environment, the environment over the default. What is not in the table
 * is refused. "--" ends the flags.
 *
 * A secret never comes as a flag, since everybody can read a process's arguments: flags name files
 * that hold secrets.
 */
#ifndef OS_FLAGS_H
#define OS_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

enum {
    FLAGS_COUNT_MAX = 64,  /* flags of one program */
    FLAGS_GIVEN_MAX = 256, /* values given in one call; a proxy lists its destinations */
};

enum flag_shape {
    FLAG_TEXT,     /* one value */
    FLAG_SWITCH,   /* present or not */
    FLAG_REPEATED, /* any number of values */
};

struct flag {
    const char *name; /* without the dashes */
    enum flag_shape shape;
    const char *value_name;  /* as help shows it: "FILE"; NULL for a switch */
    const char *environment; /* variable's name, or NULL */
    const char *fallback;    /* default, or NULL for none */
    const char *help;        /* one line */
    bool is_required;        /* refused when neither given nor in the environment */
};

struct flags_program {
    const char *name;    /* "enw-proxy" */
    const char *version; /* "0.1.0" */
    const char *summary; /* one or more lines for --help */
    const struct flag *table;
    size_t count;
    const char *operand_names; /* "NAME [KEY]" for --help, or NULL */
    size_t operand_count_max;  /* arguments that are not flags */
};

struct flags_given {
    size_t flag_index;
    const char *value; /* views argv */
};

enum flags_outcome {
    FLAGS_RUN,  /* go on */
    FLAGS_DONE, /* --help or --version was asked for and printed: exit with 0 */
};

struct flags {
    const struct flags_program *program;
    enum flags_outcome outcome;
    struct flags_given given[FLAGS_GIVEN_MAX];
    size_t given_count;
    const char *operands[FLAGS_GIVEN_MAX];
    size_t operand_count;
};

/*
 * Reads the arguments after argv[0]. Values view argv and the environment.
 *
 * BAD_INPUT (detail: position in argv, or 0) for what the table does not allow. --help and
 * --version print to standard output and set the outcome FLAGS_DONE.
 */
MUST_CHECK status flags_parse(const struct flags_program *program, int argc, char **argv,
                              struct flags *flags);

/*
 * Prints on standard error why the arguments were refused, naming the argument at
 * `result.detail`: "enw-proxy: flags: is not known: --lisen (--help shows all)".
 */
void flags_explain(const struct flags_program *program, int argc, char **argv, status result);

/*
 * The value of a flag: given, else from the environment, else its default, else NULL. The flag
 * must be in the table: a name that is not is our own mistake and aborts. An empty environment
 * variable counts as absent.
 */
const char *flags_text(const struct flags *flags, const char *name);

/* Whether a switch is on (its environment variable: "1" or "true", "0" or "false"). */
bool flags_is_on(const struct flags *flags, const char *name);

struct flags_range {
    uint64_t min, max;
};

/* A flag's value as a decimal number within the range. BAD_INPUT, also when there is no value. */
MUST_CHECK status flags_read_u64(const struct flags *flags, const char *name,
                                 struct flags_range range, uint64_t *value);

/* How many values a repeatable flag has, and each in order; `index` must be below the count. */
size_t flags_count(const struct flags *flags, const char *name);
const char *flags_at(const struct flags *flags, const char *name, size_t index);

/* An environment variable, or NULL when it is absent or empty. The one way to it. */
const char *flags_environment(const char *name);

#endif
