#include "eif/measure.h"

#include "runner.h"

/* Values of nitro-cli's rule, computed by another program (see the vectors' index). */
static void published_file(void)
{
    const char *path = runner_vectors("eif/tiny-synthetic.eif");
    if (!path) return;
    struct image image;
    if (!expect_ok("read", image_read(runner_file(path), &image))) return;
    const struct measurements got = measure_image(&image);
    expect_hex("PCR0", hash48_view(&got.pcr0),
               "a9d76e2f57ab5f56349c65c5c9401151b3efb889915381fe9deb512b7ed6c635"
               "8cf62dc740a0cf1a29c09b13e95460d1");
    expect_hex("PCR1", hash48_view(&got.pcr1),
               "40eb765e15c834f18b571f182104be223eb1c5e344322012f43e2b95fee30b2f"
               "b882bdb409fc9c31b5dfbe11ef3bdc46");
    expect_hex("PCR2", hash48_view(&got.pcr2),
               "5c0dced1f930e9f7ecedcec0f17bdad6870a8ab538639374ab2132270411ffcc"
               "5a2c805a9193e9949b55f46efc4d1f65");
}

/* With one ramdisk PCR1 is PCR0, and PCR2 measures nothing: real documents show this value. */
static void one_ramdisk(void)
{
    struct image image = {.version = 3, .section_count = 3};
    image.sections[0] = (struct image_section){IMAGE_KERNEL, 0, SLICE_LITERAL("k")};
    image.sections[1] = (struct image_section){IMAGE_COMMAND_LINE, 0, SLICE_LITERAL("c")};
    image.sections[2] = (struct image_section){IMAGE_RAMDISK, 0, SLICE_LITERAL("r")};
    const struct measurements got = measure_image(&image);
    expect_bytes("PCR1 is PCR0", hash48_view(&got.pcr1), hash48_view(&got.pcr0));
    expect_hex("PCR2 of nothing", hash48_view(&got.pcr2),
               "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c"
               "10edb30948c90ba67310f7b964fc500a");
}

/* What is not measured may change; what is may not. */
static void what_counts(void)
{
    struct image image = {.version = 4, .section_count = 4};
    image.sections[0] = (struct image_section){IMAGE_KERNEL, 0, SLICE_LITERAL("k")};
    image.sections[1] = (struct image_section){IMAGE_COMMAND_LINE, 0, SLICE_LITERAL("c")};
    image.sections[2] = (struct image_section){IMAGE_METADATA, 0, SLICE_LITERAL("m")};
    image.sections[3] = (struct image_section){IMAGE_RAMDISK, 0, SLICE_LITERAL("r")};
    const struct measurements before = measure_image(&image);
    image.sections[2].data = slice_text("other");
    struct measurements after = measure_image(&image);
    expect_true("metadata does not count", hash48_equal(&before.pcr0, &after.pcr0));
    image.sections[1].data = slice_text("d");
    after = measure_image(&image);
    expect_true("the command line does", !hash48_equal(&before.pcr0, &after.pcr0));
    expect_true("in PCR1 too", !hash48_equal(&before.pcr1, &after.pcr1));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"published file", published_file},
        {"one ramdisk", one_ramdisk},
        {"what counts", what_counts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
