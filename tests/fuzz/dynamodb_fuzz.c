/*
 * dynamodb: replies of any shape are refused or read within their bounds.
 */
#include <assert.h>

#include "aws/dynamodb.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { PAGE_COUNT = 8 };
    static struct dynamodb_entry entries[PAGE_COUNT];
    struct dynamodb_page page = {.entries = entries, .count_max = PAGE_COUNT};
    const slice body = slice_of(bytes, size);
    struct dynamodb_item item;
    struct dynamodb_names names;
    struct dynamodb_table table;
    SCOPED(arena_close) struct arena arena = {0};
    if (!status_is_ok(arena_open(&arena, 4 * (size_t)DYNAMODB_RESPONSE_SIZE_MAX))) return 0;
    if (status_is_ok(dynamodb_get_read(body, &arena, &item))) {
        assert(item.version >= 1 && item.record.size <= DYNAMODB_BLOB_SIZE_MAX);
        assert(item.name.size >= 1 && item.name.size <= DYNAMODB_NAME_SIZE_MAX);
    }
    if (status_is_ok(dynamodb_query_read(body, &arena, &names))) {
        assert(names.count <= DYNAMODB_QUERY_COUNT_MAX);
    }
    if (status_is_ok(dynamodb_scan_read(body, &arena, &page))) assert(page.count <= PAGE_COUNT);
    (void)status_is_ok(dynamodb_describe_table_read(body, &arena, &table));
    return 0;
}
