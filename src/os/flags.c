#include "os/flags.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *flags_environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

/* The index of the flag of this name, or `count` when the table has none. */
static size_t flag_find(const struct flags_program *program, slice name)
{
    for (size_t i = 0; i < program->count; i++) {
        if (slice_equal(name, slice_text(program->table[i].name))) return i;
    }
    return program->count;
}

/* Asking for a flag that is not in the table is our own mistake. */
static size_t flag_index(const struct flags *flags, const char *name)
{
    const size_t index = flag_find(flags->program, slice_text(name));
    assert(index < flags->program->count);
    return index;
}

static bool switch_parse(const char *text, bool *is_on)
{
    const slice value = slice_text(text);
    if (slice_equal(value, slice_text("true")) || slice_equal(value, slice_text("1"))) {
        *is_on = true;
        return true;
    }
    *is_on = false;
    return slice_equal(value, slice_text("false")) || slice_equal(value, slice_text("0"));
}

static status given_add(struct flags *flags, size_t index, const char *value, int position)
{
    const struct flag *flag = &flags->program->table[index];
    bool is_on;
    if (flag->shape != FLAG_REPEATED) {
        for (size_t i = 0; i < flags->given_count; i++) {
            if (flags->given[i].flag_index == index) {
                FAIL(BAD_INPUT, position, "flags: may be given only once");
            }
        }
    }
    if (flag->shape == FLAG_SWITCH && !switch_parse(value, &is_on)) {
        FAIL(BAD_INPUT, position, "flags: a switch is true or false");
    }
    if (flags->given_count == FLAGS_GIVEN_MAX) {
        FAIL(BAD_INPUT, position, "flags: too many values");
    }
    flags->given[flags->given_count++] = (struct flags_given){index, value};
    return status_ok();
}

static status operand_add(struct flags *flags, const char *value, int position)
{
    if (flags->operand_count >= flags->program->operand_count_max ||
        flags->operand_count == FLAGS_GIVEN_MAX) {
        FAIL(BAD_INPUT, position, "flags: takes no such argument");
    }
    flags->operands[flags->operand_count++] = value;
    return status_ok();
}

/* Reads the flag at `*position`, and its value from the next argument if it is there. */
static status flag_take(struct flags *flags, int argc, char **argv, int *position)
{
    const int start = *position;
    const slice text = slice_text(argv[start] + 2);
    const size_t name_size = slice_index_of(text, '=');
    const size_t index = flag_find(flags->program, slice_part(text, 0, name_size));
    if (index == flags->program->count) FAIL(BAD_INPUT, start, "flags: is not known");
    if (name_size < text.size) return given_add(flags, index, argv[start] + 3 + name_size, start);
    if (flags->program->table[index].shape == FLAG_SWITCH) {
        return given_add(flags, index, "true", start);
    }
    if (start + 1 >= argc) FAIL(BAD_INPUT, start, "flags: needs a value");
    *position = start + 1;
    return given_add(flags, index, argv[start + 1], start);
}

static void flag_print(const struct flag *flag)
{
    const int used = printf("  --%s %s", flag->name, flag->value_name ? flag->value_name : "");
    printf("%*s%s", used < 34 ? 34 - used : 1, "", flag->help);
    if (flag->is_required) printf(" (required)");
    if (flag->shape == FLAG_REPEATED) printf(" (repeatable)");
    if (flag->fallback) printf(" [default: %s]", flag->fallback);
    if (flag->environment) printf(" [env: %s]", flag->environment);
    printf("\n");
}

static void help_print(const struct flags_program *program)
{
    printf("usage: %s [flags]%s%s\n\n%s\n\nflags:\n", program->name,
           program->operand_names ? " " : "", program->operand_names ? program->operand_names : "",
           program->summary);
    for (size_t i = 0; i < program->count; i++) flag_print(&program->table[i]);
    printf("  --help                          print this\n"
           "  --version                       print the version\n");
}

/* True when the argument is one of the two every program has; then it has been printed. */
static bool is_answered(const struct flags_program *program, const char *argument)
{
    const slice text = slice_text(argument);
    if (slice_equal(text, slice_text("--help")) || slice_equal(text, slice_text("-h"))) {
        help_print(program);
        return true;
    }
    if (slice_equal(text, slice_text("--version"))) {
        printf("%s %s\n", program->name, program->version);
        return true;
    }
    return false;
}

static const char *value_find(const struct flags *flags, size_t index)
{
    for (size_t i = 0; i < flags->given_count; i++) {
        if (flags->given[i].flag_index == index) return flags->given[i].value;
    }
    const struct flag *flag = &flags->program->table[index];
    const char *value = flag->environment ? flags_environment(flag->environment) : NULL;
    return value ? value : flag->fallback;
}

/* What cannot be seen argument by argument: values from the environment, and absent ones. */
static status all_check(const struct flags *flags)
{
    for (size_t i = 0; i < flags->program->count; i++) {
        const struct flag *flag = &flags->program->table[i];
        const char *value = value_find(flags, i);
        bool is_on;
        REQUIRE(value || !flag->is_required, BAD_INPUT, "flags: a required flag is missing");
        if (flag->shape == FLAG_SWITCH && value) {
            REQUIRE(switch_parse(value, &is_on), BAD_INPUT,
                    "flags: a switch in the environment is true or false");
        }
    }
    return status_ok();
}

static status all_parse(struct flags *flags, int argc, char **argv)
{
    bool are_flags_over = false;
    for (int position = 1; position < argc; position++) {
        const slice text = slice_text(argv[position]);
        if (!are_flags_over && is_answered(flags->program, argv[position])) {
            flags->outcome = FLAGS_DONE;
            return status_ok();
        }
        if (!are_flags_over && slice_equal(text, slice_text("--"))) {
            are_flags_over = true;
        } else if (!are_flags_over && slice_has_start(text, slice_text("--"))) {
            TRY(flag_take(flags, argc, argv, &position));
        } else {
            if (!are_flags_over && text.size > 1 && text.bytes[0] == '-') {
                FAIL(BAD_INPUT, position, "flags: flags start with two dashes");
            }
            TRY(operand_add(flags, argv[position], position));
        }
    }
    return all_check(flags);
}

status flags_parse(const struct flags_program *program, int argc, char **argv, struct flags *flags)
{
    assert(program->count <= FLAGS_COUNT_MAX);
    struct flags parsed = {.program = program, .outcome = FLAGS_RUN};
    TRY(all_parse(&parsed, argc, argv));
    *flags = parsed;
    return status_ok();
}

void flags_explain(const struct flags_program *program, int argc, char **argv, status result)
{
    fprintf(stderr, "%s: %s", program->name, status_message(result));
    if (result.detail > 0 && result.detail < argc) {
        /* The name only: the value after '=' may be something that was not meant to be shown. */
        const slice text = slice_text(argv[result.detail]);
        const size_t size = slice_index_of(text, '=');
        fprintf(stderr, ": %.*s", size > 64 ? 64 : (int)size, argv[result.detail]);
    }
    fprintf(stderr, " (--help shows all)\n");
}

const char *flags_text(const struct flags *flags, const char *name)
{
    return value_find(flags, flag_index(flags, name));
}

bool flags_is_on(const struct flags *flags, const char *name)
{
    const char *value = flags_text(flags, name);
    bool is_on = false;
    if (value && !switch_parse(value, &is_on)) return false;
    return is_on;
}

status flags_read_u64(const struct flags *flags, const char *name, struct flags_range range,
                      uint64_t *value)
{
    const char *text = flags_text(flags, name);
    uint64_t read;
    REQUIRE(text, BAD_INPUT, "flags: has no value");
    TRY(slice_parse_u64(slice_text(text), range.max, &read));
    REQUIRE(read >= range.min, BAD_INPUT, "flags: number is too small");
    *value = read;
    return status_ok();
}

size_t flags_count(const struct flags *flags, const char *name)
{
    const size_t index = flag_index(flags, name);
    size_t count = 0;
    for (size_t i = 0; i < flags->given_count; i++) {
        if (flags->given[i].flag_index == index) count++;
    }
    return count == 0 && value_find(flags, index) ? 1 : count;
}

const char *flags_at(const struct flags *flags, const char *name, size_t index)
{
    const size_t wanted_index = flag_index(flags, name);
    size_t left_count = index;
    for (size_t i = 0; i < flags->given_count; i++) {
        if (flags->given[i].flag_index != wanted_index) continue;
        if (left_count == 0) return flags->given[i].value;
        left_count--;
    }
    assert(index == 0);
    return value_find(flags, wanted_index);
}
