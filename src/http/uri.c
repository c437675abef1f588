#include "http/uri.h"

#include <stddef.h>

#include "base/array.h"
#include "base/text.h"

/* RFC 3986, section 2.3. */
static bool is_unreserved(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static bool is_host_byte(uint8_t byte)
{
    return is_unreserved(byte) && byte != '~';
}

static bool is_ipv6_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F') ||
           (byte >= '0' && byte <= '9') || byte == ':' || byte == '.';
}

static bool is_made_of(slice text, bool (*is_allowed)(uint8_t byte))
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_allowed(text.bytes[i])) return false;
    }
    return text.size > 0;
}

static bool is_visible(uint8_t byte)
{
    return byte > ' ' && byte < 0x7f && byte != '#';
}

/* Takes the host off the front; an IPv6 address loses its brackets. */
static status take_host(slice *authority, slice *host)
{
    if (authority->size > 0 && authority->bytes[0] == '[') {
        const size_t end = slice_index_of(*authority, ']');
        REQUIRE(end < authority->size, BAD_INPUT, "uri: a bracket is not closed");
        *host = slice_part(*authority, 1, end - 1);
        *authority = slice_part(*authority, end + 1, authority->size);
        REQUIRE(is_made_of(*host, is_ipv6_byte), BAD_INPUT, "uri: host is not an IPv6 address");
    } else {
        const size_t end = slice_index_of(*authority, ':');
        *host = slice_part(*authority, 0, end);
        *authority = slice_part(*authority, end, authority->size);
        REQUIRE(is_made_of(*host, is_host_byte), BAD_INPUT, "uri: host is not a name");
    }
    REQUIRE(host->size <= URI_HOST_SIZE_MAX, OVER_LIMIT, "uri: host is too long");
    return status_ok();
}

static status parse_port(slice text, uint16_t *port)
{
    uint64_t value = 0;
    if (text.size == 0) return status_ok();
    const bool is_number =
        text.bytes[0] == ':' &&
        status_is_ok(slice_parse_u64(slice_part(text, 1, text.size), UINT16_MAX, &value));
    REQUIRE(is_number && value > 0, BAD_INPUT, "uri: port must be 1 to 65535");
    *port = (uint16_t)value;
    return status_ok();
}

static size_t authority_size(slice text)
{
    const size_t slash = slice_index_of(text, '/');
    const size_t mark = slice_index_of(text, '?');
    return slash < mark ? slash : mark;
}

status uri_parse(slice text, struct uri *uri)
{
    static const slice plain = SLICE_LITERAL("http://"), tls = SLICE_LITERAL("https://");
    struct uri read = {.is_tls = slice_has_start(text, tls)};
    REQUIRE(text.size <= URI_SIZE_MAX, OVER_LIMIT, "uri: is too long");
    REQUIRE(read.is_tls || slice_has_start(text, plain), BAD_INPUT,
            "uri: must begin with http:// or https://");
    REQUIRE(is_made_of(text, is_visible), BAD_INPUT,
            "uri: has a blank, a fragment or a character that must be encoded");
    text = slice_part(text, read.is_tls ? tls.size : plain.size, text.size);
    const size_t end = authority_size(text);
    slice authority = slice_part(text, 0, end);
    text = slice_part(text, end, text.size);
    read.port = read.is_tls ? 443 : 80;
    TRY(take_host(&authority, &read.host));
    TRY(parse_port(authority, &read.port));
    const size_t mark = slice_index_of(text, '?');
    read.path = mark == 0 || text.size == 0 ? slice_text("/") : slice_part(text, 0, mark);
    read.query = slice_part(text, mark + 1, text.size);
    *uri = read;
    return status_ok();
}

status uri_parse_target(slice target, slice *path, slice *query)
{
    REQUIRE(target.size > 0 && target.bytes[0] == '/', BAD_INPUT,
            "uri: a target must begin with a slash");
    const size_t mark = slice_index_of(target, '?');
    *path = slice_part(target, 0, mark);
    *query = slice_part(target, mark + 1, target.size);
    return status_ok();
}

static void put_encoded_byte(struct builder *builder, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_unreserved(byte)) {
        builder_put_u8(builder, byte);
        return;
    }
    builder_put_u8(builder, '%');
    builder_put_u8(builder, (uint8_t)digits[byte >> 4]);
    builder_put_u8(builder, (uint8_t)digits[byte & 15]);
}

void uri_put_encoded(struct builder *builder, slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) put_encoded_byte(builder, bytes.bytes[i]);
}

void uri_put_encoded_path(struct builder *builder, slice path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (path.bytes[i] == '/') {
            builder_put_u8(builder, '/');
        } else {
            put_encoded_byte(builder, path.bytes[i]);
        }
    }
}

static status take_decoded_byte(slice *text, uint8_t *byte)
{
    if (text->bytes[0] != '%') return slice_take_u8(text, byte);
    REQUIRE(text->size >= 3 && text_hex_value(text->bytes[1]) != TEXT_NOT_HEX &&
                text_hex_value(text->bytes[2]) != TEXT_NOT_HEX,
            BAD_INPUT, "uri: a percent sign needs two hex digits");
    *byte = (uint8_t)(text_hex_value(text->bytes[1]) << 4 | text_hex_value(text->bytes[2]));
    *text = slice_part(*text, 3, text->size);
    return status_ok();
}

status uri_put_decoded(struct builder *builder, slice text)
{
    while (text.size > 0) {
        uint8_t byte = 0;
        TRY(take_decoded_byte(&text, &byte));
        builder_put_u8(builder, byte);
    }
    return status_ok();
}

status uri_put_normal_path(struct builder *builder, slice path)
{
    slice segments[URI_SEGMENT_COUNT_MAX];
    size_t count = 0;
    const bool ends_in_slash = path.size > 0 && path.bytes[path.size - 1] == '/';
    while (path.size > 0) {
        const size_t slash = slice_index_of(path, '/');
        const slice segment = slice_part(path, 0, slash);
        path = slice_part(path, slash + 1, path.size);
        if (segment.size == 0 || slice_equal(segment, slice_text("."))) continue;
        if (slice_equal(segment, slice_text(".."))) {
            if (count > 0) count--;
            continue;
        }
        REQUIRE(count < URI_SEGMENT_COUNT_MAX, OVER_LIMIT, "uri: path is too deep");
        segments[count++] = segment;
    }
    for (size_t i = 0; i < count; i++) {
        builder_put_u8(builder, '/');
        builder_put(builder, segments[i]);
    }
    if (count == 0 || ends_in_slash) builder_put_u8(builder, '/');
    return status_ok();
}

struct parameter {
    slice name;
    slice value;
};

/* Decodes and encodes anew, so that one parameter has one form; delivers it as a view. */
static status put_recoded(struct builder *builder, slice text, slice *recoded)
{
    const size_t start = builder->size;
    while (text.size > 0) {
        uint8_t byte = 0;
        TRY(take_decoded_byte(&text, &byte));
        put_encoded_byte(builder, byte);
    }
    *recoded = slice_part(builder_view(builder), start, builder->size - start);
    return status_ok();
}

static int compare_parameters(const struct parameter *a, const struct parameter *b)
{
    const int order = slice_compare(a->name, b->name);
    return order != 0 ? order : slice_compare(a->value, b->value);
}

/* Puts one more into its place; queries are short. */
static void insert_parameter(struct parameter *sorted, size_t count, struct parameter added)
{
    size_t at = count;
    for (; at > 0 && compare_parameters(&sorted[at - 1], &added) > 0; at--) {
        sorted[at] = sorted[at - 1];
    }
    sorted[at] = added;
}

status uri_put_canonical_query(struct builder *builder, slice query)
{
    uint8_t memory[3 * URI_QUERY_SIZE_MAX]; /* every byte may become three */
    struct builder recoded;
    struct parameter sorted[URI_QUERY_COUNT_MAX];
    size_t count = 0;
    REQUIRE(query.size <= URI_QUERY_SIZE_MAX, OVER_LIMIT, "uri: query is too long");
    builder_init(&recoded, memory, sizeof memory);
    while (query.size > 0) {
        const size_t end = slice_index_of(query, '&');
        const slice text = slice_part(query, 0, end);
        query = slice_part(query, end + 1, query.size);
        if (text.size == 0) continue;
        REQUIRE(count < URI_QUERY_COUNT_MAX, OVER_LIMIT, "uri: query has too many parameters");
        const size_t mark = slice_index_of(text, '=');
        struct parameter added = {0};
        TRY(put_recoded(&recoded, slice_part(text, 0, mark), &added.name));
        TRY(put_recoded(&recoded, slice_part(text, mark + 1, text.size), &added.value));
        insert_parameter(sorted, count++, added);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0) builder_put_u8(builder, '&');
        builder_put(builder, sorted[i].name);
        builder_put_u8(builder, '=');
        builder_put(builder, sorted[i].value);
    }
    return status_ok();
}
