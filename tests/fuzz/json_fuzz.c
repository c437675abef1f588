/* json: any bytes are refused or read, and what was read can be written and read again. */
#include "base/builder.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t text[8 * JSON_SIZE_MAX];
    SCOPED(json_close) struct json document = {0};
    SCOPED(json_close) struct json again = {0};
    if (!status_is_ok(json_open(slice_of(bytes, size), &document))) return 0;

    struct builder builder;
    slice written;
    const json_value top = json_top(&document);
    builder_init(&builder, text, sizeof text);
    json_put_value(&builder, &top);
    if (!status_is_ok(builder_finish(&builder, &written))) __builtin_trap();
    if (written.size > JSON_SIZE_MAX) return 0;
    if (!status_is_ok(json_open(written, &again))) __builtin_trap();
    return 0;
}
