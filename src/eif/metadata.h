/*
 * metadata: what an image says about itself. Nobody measures it, so nothing may rely on it.
 *
 * A JSON object with the five members that nitro-cli requires. Two builds of the same inputs must
 * give the same bytes, so the build time is an input too.
 */
#ifndef EIF_METADATA_H
#define EIF_METADATA_H

#include "base/builder.h"
#include "base/json_read.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    METADATA_TEXT_SIZE_MAX = 256, /* of each text */
    METADATA_SIZE_MAX = 65536,    /* of the whole section; DockerInfo of other tools is long */
};

struct metadata {
    slice image_name, image_version;
    slice build_time; /* RFC 3339 */
    slice build_tool, build_tool_version;
    slice operating_system, kernel_version;
};

/* Appends the JSON text; DockerInfo is an empty object, CustomMetadata null. */
MUST_CHECK status metadata_write(const struct metadata *metadata, struct builder *builder);

/*
 * Reads it; the views live as long as the section and the arena. BAD_INPUT when it is not
 * an object with the five members, or a text is too long.
 */
MUST_CHECK status metadata_read(slice section, struct arena *arena, struct json *document,
                                struct metadata *metadata);

#endif
