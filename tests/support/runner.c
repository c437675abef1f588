#include "runner.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hex.h"

enum { TEST_COUNT_MAX = 256, MEMORY_SIZE_MAX = 64 << 20 };

static struct {
    const char *file, *test, *row;
    size_t row_index;
    bool has_row_index;
    size_t failure_count;
    bool is_skipped;   /* this test */
    size_t skip_count; /* tests */
    struct arena memory;
    uint64_t seed, state;
} run;

void runner_row(const char *name)
{
    run.row = name;
    run.has_row_index = false;
}

void runner_row_at(const char *name, size_t index)
{
    run.row = name;
    run.row_index = index;
    run.has_row_index = true;
}

/* Starts the one line that a failed expectation prints. */
static void print_where(const char *what)
{
    run.failure_count++;
    fprintf(stderr, "%s: %s", run.file, run.test);
    if (run.row) fprintf(stderr, ": %s", run.row);
    if (run.has_row_index) fprintf(stderr, " %zu", run.row_index);
    fprintf(stderr, ": %s: ", what);
}

static void print_bytes(slice bytes)
{
    for (size_t i = 0; i < bytes.size && i < 256; i++) fprintf(stderr, "%02x", bytes.bytes[i]);
    fprintf(stderr, " (%zu bytes)", bytes.size);
}

bool expect_true(const char *what, bool got)
{
    if (got) return true;
    print_where(what);
    fprintf(stderr, "does not hold\n");
    return false;
}

bool expect_u64(const char *what, uint64_t got, uint64_t wanted)
{
    if (got == wanted) return true;
    print_where(what);
    fprintf(stderr, "wanted %" PRIu64 ", got %" PRIu64 "\n", wanted, got);
    return false;
}

bool expect_text(const char *what, slice got, const char *wanted)
{
    if (slice_equal(got, slice_text(wanted))) return true;
    print_where(what);
    fprintf(stderr, "wanted \"%s\", got \"%.*s\"\n", wanted, (int)got.size,
            (const char *)got.bytes);
    return false;
}

bool expect_bytes(const char *what, slice got, slice wanted)
{
    if (slice_equal(got, wanted)) return true;
    print_where(what);
    fprintf(stderr, "wanted ");
    print_bytes(wanted);
    fprintf(stderr, ", got ");
    print_bytes(got);
    fprintf(stderr, "\n");
    return false;
}

bool expect_hex(const char *what, slice got, const char *wanted)
{
    return expect_bytes(what, got, runner_hex(wanted));
}

bool expect_ok(const char *what, status got)
{
    if (status_is_ok(got)) return true;
    print_where(what);
    fprintf(stderr, "refused with \"%s\" (%s:%d, detail %" PRId64 ")\n", got.failure->message,
            got.failure->file, got.failure->line, got.detail);
    return false;
}

bool expect_refused(const char *what, status got, const char *sentence)
{
    if (got.failure && strcmp(got.failure->message, sentence) == 0) return true;
    print_where(what);
    fprintf(stderr, "wanted the refusal \"%s\", got \"%s\"\n", sentence, status_message(got));
    return false;
}

bool expect_kind(const char *what, status got, enum failure_kind kind)
{
    if (status_is(got, kind)) return true;
    print_where(what);
    fprintf(stderr, "wanted %s, got %s: %s\n", failure_kind_print(kind),
            got.failure ? failure_kind_print(got.failure->kind) : "success", status_message(got));
    return false;
}

bool expect_outcome(const char *what, status got, const char *sentence)
{
    return sentence ? expect_refused(what, got, sentence) : expect_ok(what, got);
}

static uint8_t *take_memory(size_t size)
{
    void *memory = NULL;
    if (!status_is_ok(arena_take(&run.memory, size, &memory))) {
        fprintf(stderr, "%s: the test's own memory is too small\n", run.file);
        abort();
    }
    return memory;
}

struct arena *runner_arena(void)
{
    return &run.memory;
}

slice runner_hex(const char *digits)
{
    const size_t length = strlen(digits);
    char *dense = (char *)take_memory(length + 1);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] != ' ' && digits[i] != '\n') dense[count++] = digits[i];
    }
    uint8_t *bytes = take_memory(count / 2 + 1);
    if (!status_is_ok(hex_read(slice_of(dense, count), bytes, count / 2))) {
        fprintf(stderr, "%s: %s: not hex: %s\n", run.file, run.test, digits);
        abort();
    }
    return slice_of(bytes, count / 2);
}

uint64_t runner_random_u64(void)
{
    /* splitmix64: enough to spread inputs, and the same on every machine. */
    uint64_t z = run.state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void runner_random(void *memory, size_t size)
{
    uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(runner_random_u64() >> 56);
}

const char *runner_vectors(const char *subject)
{
    static char path[512];
    const char *root = getenv("ENW_VECTORS");
    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared/vectors", subject);
    struct stat found;
    if (stat(path, &found) == 0) return path;
    runner_skip("no vectors at %s", path);
    return NULL;
}

void runner_skip(const char *format, ...)
{
    if (run.is_skipped) return; /* the first reason is enough */
    run.is_skipped = true;
    printf("skipped: %s: ", run.test);
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    printf("\n");
}

slice runner_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat found;
    if (!file || fstat(fileno(file), &found) != 0) {
        print_where(path);
        fprintf(stderr, "cannot be read\n");
        if (file) fclose(file);
        return slice_of("", 0);
    }
    const size_t size = (size_t)found.st_size;
    uint8_t *bytes = take_memory(size + 1);
    const size_t read_size = fread(bytes, 1, size, file);
    fclose(file);
    return slice_of(bytes, read_size);
}

static void run_one(void **state)
{
    const struct runner_test *test = *state;
    run.test = test->name;
    run.row = NULL;
    run.has_row_index = false;
    run.failure_count = 0;
    run.is_skipped = false;
    run.state = run.seed;
    test->run();
    arena_empty(&run.memory);
    if (run.failure_count > 0) fail_msg("seed %" PRIu64, run.seed);
    if (run.is_skipped) {
        run.skip_count++;
        skip();
    }
}

int runner_main(int argc, char **argv, const char *file, const struct runner_test *tests,
                size_t test_count)
{
    struct CMUnitTest units[TEST_COUNT_MAX] = {0};
    size_t count = 0;
    const char *seed = getenv("ENW_TEST_SEED");
    run.file = file;
    run.seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    if (!status_is_ok(arena_open(&run.memory, MEMORY_SIZE_MAX))) return 2;
    for (size_t i = 0; i < test_count && count < TEST_COUNT_MAX; i++) {
        if (argc > 1 && !strstr(tests[i].name, argv[1])) continue;
        union {
            const struct runner_test *view;
            void *state;
        } test = {&tests[i]};
        units[count++] = (struct CMUnitTest){tests[i].name, run_one, NULL, NULL, test.state};
    }
    const int failed = _cmocka_run_group_tests(file, units, count, NULL, NULL);
    arena_close(&run.memory);
    if (failed != 0 || count == 0) return 1;
    return run.skip_count > 0 ? RUNNER_SKIPPED : 0;
}
