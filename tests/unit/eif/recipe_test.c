#include "eif/recipe.h"

#include <string.h>

#include "runner.h"

enum { ARENA_SIZE = 4 << 20 };

static struct arena arena;

static struct recipe sample(void)
{
    return (struct recipe){
        .architecture = IMAGE_X86_64,
        .kernel = slice_text("kernel"),
        .program = slice_text("program"),
        .configuration = slice_text("{}"),
        .roots = slice_text("roots"),
        .metadata = {.image_name = slice_text("enclave-wallet")},
    };
}

static bool has_text(slice whole, const char *text)
{
    return memmem(whole.bytes, whole.size, text, strlen(text)) != NULL;
}

static void own_kernel(void)
{
    const struct recipe recipe = sample();
    struct recipe_result result;
    struct image image;
    arena_empty(&arena);
    if (!expect_ok("build", recipe_build(&recipe, &arena, &result))) return;
    if (!expect_ok("read", image_read(result.file, &image))) return;
    expect_u64("sections", image.section_count, 5);
    expect_u64("version", image.version, 4);
    expect_true("not signed", !result.is_signed);
    expect_true("init", has_text(image.sections[3].data, "init"));
    expect_true("program in the first ramdisk", has_text(image.sections[3].data, "program"));
    expect_true("no configuration there", !has_text(image.sections[3].data, "enclave.json"));
    expect_true("configuration in the second",
                has_text(image.sections[4].data, "etc/enclave-wallet/enclave.json"));
    const struct measurements measured = measure_image(&image);
    expect_bytes("PCR0", hash48_view(&result.measurements.pcr0), hash48_view(&measured.pcr0));
    expect_true("arena promise", arena.used_size <= recipe_arena_size(&recipe));
}

static void same_inputs_same_bytes(void)
{
    static uint8_t first[65536];
    const struct recipe recipe = sample();
    struct recipe_result result;
    arena_empty(&arena);
    expect_ok("once", recipe_build(&recipe, &arena, &result));
    const size_t size = result.file.size;
    if (!expect_true("fits", size <= sizeof first)) return;
    memcpy(first, result.file.bytes, size);
    arena_empty(&arena);
    expect_ok("twice", recipe_build(&recipe, &arena, &result));
    expect_bytes("the same", result.file, slice_of(first, size));
}

/* Which register tells which change. */
static void what_pcrs_tell(void)
{
    struct recipe recipe = sample();
    struct recipe_result before, after;
    arena_empty(&arena);
    expect_ok("before", recipe_build(&recipe, &arena, &before));
    recipe.configuration = slice_text("{ }");
    expect_ok("another configuration", recipe_build(&recipe, &arena, &after));
    expect_true("PCR0 differs", !hash48_equal(&before.measurements.pcr0, &after.measurements.pcr0));
    expect_true("PCR1 is the same",
                hash48_equal(&before.measurements.pcr1, &after.measurements.pcr1));
    expect_true("PCR2 differs", !hash48_equal(&before.measurements.pcr2, &after.measurements.pcr2));
    recipe = sample();
    recipe.program = slice_text("programs");
    expect_ok("another program", recipe_build(&recipe, &arena, &after));
    expect_true("PCR1 differs", !hash48_equal(&before.measurements.pcr1, &after.measurements.pcr1));
    expect_true("PCR2 is the same",
                hash48_equal(&before.measurements.pcr2, &after.measurements.pcr2));
}

static void aws_kernel(void)
{
    struct recipe recipe = sample();
    struct recipe_result result;
    struct image image;
    recipe.aws_init = slice_text("aws init");
    recipe.aws_nsm_module = slice_text("module");
    arena_empty(&arena);
    if (!expect_ok("build", recipe_build(&recipe, &arena, &result))) return;
    if (!expect_ok("read", image_read(result.file, &image))) return;
    expect_true("module", has_text(image.sections[3].data, "nsm.ko"));
    expect_true("program", has_text(image.sections[4].data, "rootfs/enw-enclave"));
    expect_true("what to run", has_text(image.sections[4].data, "/enw-enclave\n"));
    expect_true("command line", has_text(image.sections[1].data, "nomodules"));
    recipe.architecture = IMAGE_AARCH64;
    expect_true("command line of aarch64",
                has_text(recipe_command_line(&recipe), "root=/dev/ram0"));
    recipe.command_line = slice_text("quiet");
    expect_text("the caller's own", recipe_command_line(&recipe), "quiet");
}

static void refusals(void)
{
    static uint8_t large[RECIPE_COMMAND_LINE_SIZE_MAX + 1];
    struct recipe_result result;
    struct recipe recipe = sample();
    arena_empty(&arena);
    recipe.kernel.size = 0;
    expect_refused("no kernel", recipe_build(&recipe, &arena, &result),
                   "recipe: kernel, program, configuration and roots must not be empty");
    recipe = sample();
    recipe.roots.size = 0;
    expect_refused("no roots", recipe_build(&recipe, &arena, &result),
                   "recipe: kernel, program, configuration and roots must not be empty");
    recipe = sample();
    recipe.program.size = RECIPE_INPUT_SIZE_MAX + 1u;
    expect_refused("huge program", recipe_build(&recipe, &arena, &result),
                   "recipe: an input is too large");
    recipe = sample();
    recipe.aws_init = slice_text("init");
    expect_refused("init without module", recipe_build(&recipe, &arena, &result),
                   "recipe: AWS's init and nsm.ko go together");
    recipe = sample();
    recipe.certificate = slice_text("certificate");
    expect_refused("certificate without key", recipe_build(&recipe, &arena, &result),
                   "recipe: signing takes a certificate and its key");
    recipe = sample();
    memset(large, 'a', sizeof large);
    recipe.command_line = slice_of(large, RECIPE_COMMAND_LINE_SIZE_MAX);
    expect_ok("longest command line", recipe_build(&recipe, &arena, &result));
    recipe.command_line.size++;
    expect_refused("longer", recipe_build(&recipe, &arena, &result),
                   "recipe: command line is too long");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"own kernel", own_kernel},
        {"same inputs, same bytes", same_inputs_same_bytes},
        {"what PCRs tell", what_pcrs_tell},
        {"AWS's kernel", aws_kernel},
        {"refusals", refusals},
    };
    if (!status_is_ok(arena_open(&arena, ARENA_SIZE))) return 2;
    const int exit_code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    arena_close(&arena);
    return exit_code;
}
