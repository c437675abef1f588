#include "eif/metadata.h"

#include "base/json_write.h"

static void put_member(struct json_writer *writer, const char *name, slice text)
{
    json_write_name(writer, name);
    json_write_string(writer, text);
}

status metadata_write(const struct metadata *metadata, struct builder *builder)
{
    struct json_writer section;
    json_write_init(&section, builder);
    json_write_object_open(&section);
    put_member(&section, "ImageName", metadata->image_name);
    put_member(&section, "ImageVersion", metadata->image_version);
    json_write_name(&section, "BuildMetadata");
    json_write_object_open(&section);
    put_member(&section, "BuildTime", metadata->build_time);
    put_member(&section, "BuildTool", metadata->build_tool);
    put_member(&section, "BuildToolVersion", metadata->build_tool_version);
    put_member(&section, "OperatingSystem", metadata->operating_system);
    put_member(&section, "KernelVersion", metadata->kernel_version);
    json_write_object_close(&section);
    json_write_name(&section, "DockerInfo");
    json_write_object_open(&section);
    json_write_object_close(&section);
    json_write_name(&section, "CustomMetadata");
    json_write_null(&section);
    json_write_object_close(&section);
    slice written;
    return json_write_finish(&section, &written);
}

static status read_text(const json_value *object, const char *name, slice *text)
{
    return json_read_string(object, name, 0, METADATA_TEXT_SIZE_MAX, text);
}

static status read_members(struct json *document, struct metadata *metadata)
{
    json_value top, build;
    TRY(json_top_object(document, &top));
    TRY(read_text(&top, "ImageName", &metadata->image_name));
    TRY(read_text(&top, "ImageVersion", &metadata->image_version));
    TRY(json_read_object(&top, "BuildMetadata", &build));
    TRY(read_text(&build, "BuildTime", &metadata->build_time));
    TRY(read_text(&build, "BuildTool", &metadata->build_tool));
    TRY(read_text(&build, "BuildToolVersion", &metadata->build_tool_version));
    TRY(read_text(&build, "OperatingSystem", &metadata->operating_system));
    TRY(read_text(&build, "KernelVersion", &metadata->kernel_version));
    REQUIRE(json_has(&top, "DockerInfo"), BAD_INPUT, "metadata: DockerInfo is missing");
    REQUIRE(json_has(&top, "CustomMetadata"), BAD_INPUT, "metadata: CustomMetadata is missing");
    return status_ok();
}

status metadata_read(slice section, struct arena *arena, struct json *document,
                     struct metadata *metadata)
{
    struct metadata found = {0};
    REQUIRE(section.size <= METADATA_SIZE_MAX, OVER_LIMIT, "metadata: is too long");
    TRY(json_open(section, arena, document));
    const status read = read_members(document, &found);
    if (!status_is_ok(read)) {
        json_close(document);
        return read;
    }
    *metadata = found;
    return status_ok();
}
