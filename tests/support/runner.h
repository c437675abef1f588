/*
 * runner: what every test program is made of.
 *
 * A test is a named function; inside it a row is one input with a name. Expectations are not
 * fatal: each one that does not hold prints one line (file, test, row, what, wanted, got), and the
 * test fails at its end. `PROGRAM NAME` runs the tests whose names contain NAME. Test functions
 * run under cmocka, which catches crashes.
 */
#ifndef SUPPORT_RUNNER_H
#define SUPPORT_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

/* The exit code of a program in which a test was skipped and none failed, as meson knows it. */
enum { RUNNER_SKIPPED = 77 };

struct runner_test {
    const char *name;
    void (*run)(void);
};

/* Runs the tests; `file` is __FILE__. Returns main's exit code. */
int runner_main(int argc, char **argv, const char *file, const struct runner_test *tests,
                size_t test_count);

/* Names the row that the following expectations belong to; NULL ends it. */
void runner_row(const char *name);
/* The same with a number, for loops over positions. */
void runner_row_at(const char *name, size_t index);

/* Each returns whether the expectation held, so that a row can stop early. */
bool expect_true(const char *what, bool got);
bool expect_u64(const char *what, uint64_t got, uint64_t wanted);
bool expect_text(const char *what, slice got, const char *wanted);
bool expect_bytes(const char *what, slice got, slice wanted);
/* `wanted` is plain hex digits. */
bool expect_hex(const char *what, slice got, const char *wanted);
bool expect_ok(const char *what, status got);
/* The call failed with exactly this sentence. */
bool expect_refused(const char *what, status got, const char *sentence);
/* The call failed with this kind. */
bool expect_kind(const char *what, status got, enum failure_kind kind);
/* A row's usual outcome: success when `sentence` is NULL, else that refusal. */
bool expect_outcome(const char *what, status got, const char *sentence);

/* Decodes a hex literal into memory that lasts until the test ends. Blanks are skipped. */
slice runner_hex(const char *digits);

/* Memory for what a test reads, which lasts until the test ends. For the test's own thread only. */
struct arena *runner_arena(void);

/* Deterministic pseudo-random bytes; the seed is printed once, and ENW_TEST_SEED repeats a run. */
uint64_t runner_random_u64(void);
void runner_random(void *memory, size_t size);

/*
 * Says why the running test cannot do what it is for on this machine; the test returns then. It does
 * not count as passed, and tools/check prints it with the reason.
 */
void runner_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The folder or file of the test vectors on `subject`, or NULL after runner_skip. */
const char *runner_vectors(const char *subject);
/* Reads a whole file into memory that lasts until the test ends; fails the test if it cannot. */
slice runner_file(const char *path);

#endif
