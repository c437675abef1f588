#include "proxy/allow_list.h"

#include <string.h>

#include "base/builder.h"

status allow_list_parse_entry(slice text, endpoint *destination)
{
    uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
    struct builder full;
    slice written;
    endpoint parsed;
    builder_init(&full, memory, sizeof memory);
    builder_put_text(&full, "tcp:");
    builder_put(&full, text);
    TRY(builder_finish(&full, &written));
    TRY(endpoint_parse(written, &parsed));
    REQUIRE(parsed.port > 0, BAD_INPUT, "allow_list: port must not be 0");
    *destination = parsed;
    return status_ok();
}

status allow_list_add(struct allow_list *allowed, slice text)
{
    endpoint destination;
    TRY(allow_list_parse_entry(text, &destination));
    REQUIRE(allowed->count < ALLOW_LIST_COUNT_MAX, OVER_LIMIT, "allow_list: has too many entries");
    allowed->list[allowed->count++] = destination;
    return status_ok();
}

status allow_list_add_lines(struct allow_list *allowed, slice text)
{
    for (int64_t line = 1; text.size > 0; line++) {
        const size_t size = slice_index_of(text, '\n');
        const slice entry = slice_trim(slice_part(text, 0, size));
        text = slice_part(text, size + 1, text.size);
        if (entry.size == 0 || entry.bytes[0] == '#') continue;
        status result = allow_list_add(allowed, entry);
        result.detail = line;
        if (!status_is_ok(result)) return result;
    }
    return status_ok();
}

bool allow_list_has(const struct allow_list *allowed, const endpoint *destination)
{
    for (size_t i = 0; i < allowed->count; i++) {
        if (allowed->list[i].port == destination->port &&
            strcmp(allowed->list[i].host, destination->host) == 0) {
            return true;
        }
    }
    return false;
}
