/*
 * uri: addresses and targets are split within their text; canonical forms are canonical already.
 */
#include <assert.h>

#include "http/uri.h"

static void check_canonical(status (*put)(struct builder *builder, slice text), slice text)
{
    static uint8_t first[65536], second[65536];
    struct builder once, twice;
    builder_init(&once, first, sizeof first);
    builder_init(&twice, second, sizeof second);
    if (!status_is_ok(put(&once, text)) || once.is_over) return;
    const status again = put(&twice, builder_view(&once));
    /* The canonical form may be longer than what may be made canonical. */
    if (status_is(again, FAILURE_OVER_LIMIT)) return;
    assert(status_is_ok(again) && slice_equal(builder_view(&once), builder_view(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const slice text = slice_of(bytes, size);
    struct uri uri;
    slice path, query;
    if (status_is_ok(uri_parse(text, &uri))) {
        assert(uri.host.size > 0 && uri.host.size <= URI_HOST_SIZE_MAX);
        assert(uri.path.size > 0 && uri.path.bytes[0] == '/');
    }
    if (status_is_ok(uri_parse_target(text, &path, &query))) assert(path.bytes[0] == '/');
    check_canonical(uri_put_normal_path, text);
    check_canonical(uri_put_canonical_query, text);
    return 0;
}
