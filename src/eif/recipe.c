#include "eif/recipe.h"

#include "eif/ramdisk.h"
#include "eif/signature.h"
#include "nsm/pcr.h"

enum {
    DEFAULT_MEMORY_SIZE = 1 << 30, /* hints that nothing reads; what other builders write */
    DEFAULT_CPU_COUNT = 2,
    OVERHEAD_SIZE = 1 << 20, /* names, headers, metadata, signature */
};

/* One console for one line when something is fatal; the program ends by a reboot. */
static const slice OWN_COMMAND_LINE =
    SLICE_LITERAL("reboot=k panic=30 pci=off console=ttyS0 loglevel=4 random.trust_cpu=off");
/* What nitro-cli's kernels are started with. */
static const slice AWS_COMMAND_LINE_X86_64 =
    SLICE_LITERAL("reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux "
                  "i8042.nopnp i8042.dumbkbd random.trust_cpu=on");
static const slice AWS_COMMAND_LINE_AARCH64 =
    SLICE_LITERAL("reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on "
                  "root=/dev/ram0");

static struct ramdisk_entry folder(const char *path)
{
    return (struct ramdisk_entry){
        .path = slice_text(path), .type = RAMDISK_FOLDER, .permissions = 0755};
}

static struct ramdisk_entry file(const char *path, unsigned permissions, slice data)
{
    return (struct ramdisk_entry){
        .path = slice_text(path), .type = RAMDISK_FILE, .permissions = permissions, .data = data};
}

static bool has_aws_blobs(const struct recipe *recipe)
{
    return recipe->aws_init.size > 0;
}

slice recipe_command_line(const struct recipe *recipe)
{
    if (recipe->command_line.size > 0) return recipe->command_line;
    if (!has_aws_blobs(recipe)) return OWN_COMMAND_LINE;
    return recipe->architecture == IMAGE_AARCH64 ? AWS_COMMAND_LINE_AARCH64
                                                 : AWS_COMMAND_LINE_X86_64;
}

size_t recipe_arena_size(const struct recipe *recipe)
{
    const size_t inputs_size = recipe->kernel.size + recipe->program.size +
                               recipe->configuration.size + recipe->roots.size +
                               recipe->aws_init.size + recipe->aws_nsm_module.size;
    /* Once in the ramdisks and once in the file. */
    return 2 * inputs_size + OVERHEAD_SIZE + SIGNATURE_ARENA_SIZE;
}

static status check_input(slice input)
{
    REQUIRE(input.size > 0, BAD_INPUT,
            "recipe: kernel, program, configuration and roots must not be empty");
    REQUIRE(input.size <= RECIPE_INPUT_SIZE_MAX, OVER_LIMIT, "recipe: an input is too large");
    return status_ok();
}

static status check(const struct recipe *recipe)
{
    TRY(check_input(recipe->kernel));
    TRY(check_input(recipe->program));
    TRY(check_input(recipe->configuration));
    TRY(check_input(recipe->roots));
    REQUIRE((recipe->aws_init.size > 0) == (recipe->aws_nsm_module.size > 0), BAD_INPUT,
            "recipe: AWS's init and nsm.ko go together");
    REQUIRE(recipe->aws_init.size <= RECIPE_INPUT_SIZE_MAX &&
                recipe->aws_nsm_module.size <= RECIPE_INPUT_SIZE_MAX,
            OVER_LIMIT, "recipe: an input is too large");
    REQUIRE(recipe->command_line.size <= RECIPE_COMMAND_LINE_SIZE_MAX, OVER_LIMIT,
            "recipe: command line is too long");
    REQUIRE((recipe->certificate.size > 0) == (recipe->key != NULL), BAD_INPUT,
            "recipe: signing takes a certificate and its key");
    return status_ok();
}

static status write_ramdisk(const struct ramdisk_entry *entries, size_t entry_count,
                            struct arena *arena, slice *archive)
{
    struct builder builder;
    builder_init_arena(&builder, arena, ramdisk_size(entries, entry_count));
    TRY(ramdisk_write(entries, entry_count, &builder));
    return builder_finish(&builder, archive);
}

static status write_own_ramdisks(const struct recipe *recipe, struct arena *arena, slice *ramdisks)
{
    const struct ramdisk_entry boot[] = {
        folder("dev"),
        {.path = SLICE_LITERAL("dev/console"),
         .type = RAMDISK_CHARACTER_DEVICE,
         .permissions = 0600,
         .device_major = 5,
         .device_minor = 1},
        file("init", 0555, recipe->program),
        folder("proc"),
        folder("sys"),
    };
    const struct ramdisk_entry application[] = {
        folder("etc"),
        folder("etc/enclave-wallet"),
        file("etc/enclave-wallet/ca.pem", 0444, recipe->roots),
        file("etc/enclave-wallet/enclave.json", 0444, recipe->configuration),
    };
    TRY(write_ramdisk(boot, ARRAY_COUNT(boot), arena, &ramdisks[0]));
    return write_ramdisk(application, ARRAY_COUNT(application), arena, &ramdisks[1]);
}

static status write_aws_ramdisks(const struct recipe *recipe, struct arena *arena, slice *ramdisks)
{
    const struct ramdisk_entry boot[] = {
        folder("dev"),
        file("init", 0755, recipe->aws_init),
        file("nsm.ko", 0755, recipe->aws_nsm_module),
    };
    const struct ramdisk_entry application[] = {
        file("cmd", 0644, slice_text("/enw-enclave\n")),
        file("env", 0644, slice_text("PATH=/\n")),
        folder("rootfs"),
        folder("rootfs/dev"),
        file("rootfs/enw-enclave", 0555, recipe->program),
        folder("rootfs/etc"),
        folder("rootfs/etc/enclave-wallet"),
        file("rootfs/etc/enclave-wallet/ca.pem", 0444, recipe->roots),
        file("rootfs/etc/enclave-wallet/enclave.json", 0444, recipe->configuration),
        folder("rootfs/proc"),
        folder("rootfs/run"),
        folder("rootfs/sys"),
        folder("rootfs/tmp"),
        folder("rootfs/var"),
    };
    TRY(write_ramdisk(boot, ARRAY_COUNT(boot), arena, &ramdisks[0]));
    return write_ramdisk(application, ARRAY_COUNT(application), arena, &ramdisks[1]);
}

static void put_section(struct image *image, enum image_section_type type, slice data)
{
    image->sections[image->section_count++] = (struct image_section){.type = type, .data = data};
}

static status sign(const struct recipe *recipe, struct arena *arena, struct image *image,
                   struct recipe_result *result)
{
    struct signature signature;
    struct builder section;
    slice written;
    builder_init_arena(&section, arena, IMAGE_SIGNATURE_SIZE_MAX);
    TRY(signature_write(&result->measurements.pcr0, recipe->certificate, recipe->key, &section));
    TRY(builder_finish(&section, &written));
    TRY(signature_read(written, arena, &signature));
    put_section(image, IMAGE_SIGNATURE, written);
    result->is_signed = true;
    result->pcr8 = signature.pcr8;
    return status_ok();
}

status recipe_build(const struct recipe *recipe, struct arena *arena, struct recipe_result *result)
{
    struct image image = {.version = IMAGE_VERSION,
                          .architecture = recipe->architecture,
                          .default_memory_size = DEFAULT_MEMORY_SIZE,
                          .default_cpu_count = DEFAULT_CPU_COUNT};
    struct recipe_result made = {0};
    struct builder metadata, file_builder;
    slice ramdisks[2], metadata_text;
    TRY(check(recipe));
    if (has_aws_blobs(recipe)) TRY(write_aws_ramdisks(recipe, arena, ramdisks));
    else TRY(write_own_ramdisks(recipe, arena, ramdisks));
    builder_init_arena(&metadata, arena, METADATA_SIZE_MAX);
    TRY(metadata_write(&recipe->metadata, &metadata));
    TRY(builder_finish(&metadata, &metadata_text));
    put_section(&image, IMAGE_KERNEL, recipe->kernel);
    put_section(&image, IMAGE_COMMAND_LINE, recipe_command_line(recipe));
    put_section(&image, IMAGE_METADATA, metadata_text);
    put_section(&image, IMAGE_RAMDISK, ramdisks[0]);
    put_section(&image, IMAGE_RAMDISK, ramdisks[1]);
    made.measurements = measure_image(&image);
    if (recipe->key) TRY(sign(recipe, arena, &image, &made));
    builder_init_arena(&file_builder, arena, image_size(&image));
    TRY(image_write(&image, &file_builder));
    TRY(builder_finish(&file_builder, &made.file));
    *result = made;
    return status_ok();
}
