#include "eif/measure.h"

#include "nsm/pcr.h"

static hash48 finish(struct sha512 *hash)
{
    const hash48 digest = sha384_finish(hash);
    return pcr_of_digest(&digest);
}

struct measurements measure_image(const struct image *image)
{
    struct sha512 all, boot, application;
    sha384_init(&all);
    sha384_init(&boot);
    sha384_init(&application);
    const slice kernel = image_find(image, IMAGE_KERNEL)->data;
    const slice command_line = image_find(image, IMAGE_COMMAND_LINE)->data;
    sha384_put(&all, kernel);
    sha384_put(&all, command_line);
    sha384_put(&boot, kernel);
    sha384_put(&boot, command_line);
    size_t ramdisk_count = 0;
    for (size_t i = 0; i < image->section_count; i++) {
        if (image->sections[i].type != IMAGE_RAMDISK) continue;
        sha384_put(&all, image->sections[i].data);
        sha384_put(ramdisk_count == 0 ? &boot : &application, image->sections[i].data);
        ramdisk_count++;
    }
    return (struct measurements){finish(&all), finish(&boot), finish(&application)};
}
