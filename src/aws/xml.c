#include "aws/xml.h"

#include "base/array.h"

/* One open element. */
struct level {
    slice name;
    size_t text_start;        /* in `memory`, of a wanted element */
    struct xml_field *wanted; /* or NULL */
    bool has_children, has_text;
};

struct parser {
    slice document;
    size_t at;
    struct xml_field *fields;
    size_t field_count;
    size_t seen_depths[XML_FIELD_COUNT_MAX]; /* how much of each field's path has been seen */
    struct builder *memory;
    struct level levels[XML_DEPTH_MAX];
    size_t depth;
    bool has_root;
};

/* ---- characters ---- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_name_start(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_name_byte(uint8_t byte)
{
    return is_name_start(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
}

/* XML 1.0, section 2.2, without what UTF-8 text cannot have. */
static bool is_character(uint32_t code)
{
    if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
    return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

static void put_utf8(struct builder *builder, uint32_t code)
{
    if (code < 0x80) {
        builder_put_u8(builder, (uint8_t)code);
        return;
    }
    const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t starts[] = {0, 0xc0, 0xe0, 0xf0};
    builder_put_u8(builder, (uint8_t)(starts[more] | code >> (6 * more)));
    for (unsigned i = more; i-- > 0;) {
        builder_put_u8(builder, (uint8_t)(0x80 | (code >> (6 * i) & 0x3f)));
    }
}

/* ---- taking off the front ---- */

static slice rest_of(const struct parser *parser)
{
    return slice_part(parser->document, parser->at, parser->document.size);
}

static bool take_text(struct parser *parser, const char *text)
{
    if (!slice_has_start(rest_of(parser), slice_text(text))) return false;
    parser->at += slice_text(text).size;
    return true;
}

static bool take_blanks(struct parser *parser)
{
    const size_t start = parser->at;
    const slice document = parser->document;
    while (parser->at < document.size && is_blank(document.bytes[parser->at])) parser->at++;
    return parser->at > start;
}

static status refuse(const struct parser *parser)
{
    FAIL(BAD_INPUT, (int64_t)parser->at, "xml: document is not well formed");
}

static status take_name(struct parser *parser, bool has_prefixes, slice *name)
{
    const slice rest = rest_of(parser);
    size_t size = 0;
    if (rest.size == 0 || !is_name_start(rest.bytes[0])) return refuse(parser);
    while (size < rest.size &&
           (is_name_byte(rest.bytes[size]) || (has_prefixes && rest.bytes[size] == ':'))) {
        size++;
    }
    REQUIRE(size <= XML_NAME_SIZE_MAX, OVER_LIMIT, "xml: a name is too long");
    *name = slice_part(rest, 0, size);
    parser->at += size;
    return status_ok();
}

/* One attribute, which only has to be one: NAME="anything but <". */
static status take_attribute(struct parser *parser)
{
    slice name;
    TRY(take_name(parser, true, &name));
    if (!take_text(parser, "=")) return refuse(parser);
    const slice rest = rest_of(parser);
    if (rest.size == 0 || (rest.bytes[0] != '"' && rest.bytes[0] != '\'')) return refuse(parser);
    const slice value =
        slice_part(rest, 1, slice_index_of(slice_part(rest, 1, rest.size), rest.bytes[0]));
    if (value.size + 2 > rest.size || slice_index_of(value, '<') < value.size)
        return refuse(parser);
    parser->at += value.size + 2;
    return status_ok();
}

/* ---- references ---- */

static bool parse_code(slice digits, uint32_t *code)
{
    const bool is_hex = digits.size > 0 && digits.bytes[0] == 'x';
    uint32_t value = 0;
    if (is_hex) digits = slice_part(digits, 1, digits.size);
    if (digits.size == 0 || digits.size > 8) return false;
    for (size_t i = 0; i < digits.size; i++) {
        const uint8_t byte = digits.bytes[i];
        const uint8_t lower = byte | 0x20;
        uint32_t digit;
        if (byte >= '0' && byte <= '9') digit = byte - (uint32_t)'0';
        else if (is_hex && lower >= 'a' && lower <= 'f') digit = lower - (uint32_t)'a' + 10;
        else return false;
        value = value * (is_hex ? 16 : 10) + digit;
    }
    *code = value;
    return is_character(value);
}

/* XML 1.0, section 4.6: no others exist without a document type. */
static bool find_entity(slice name, uint32_t *code)
{
    static const struct {
        slice name;
        uint32_t code;
    } rows[] = {
        {SLICE_LITERAL("amp"), '&'},  {SLICE_LITERAL("lt"), '<'},    {SLICE_LITERAL("gt"), '>'},
        {SLICE_LITERAL("quot"), '"'}, {SLICE_LITERAL("apos"), '\''},
    };
    if (name.size > 0 && name.bytes[0] == '#') {
        return parse_code(slice_part(name, 1, name.size), code);
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!slice_equal(rows[i].name, name)) continue;
        *code = rows[i].code;
        return true;
    }
    return false;
}

static status take_reference(struct parser *parser, uint32_t *code)
{
    enum { REFERENCE_SIZE_MAX = 12 };
    const slice rest = slice_part(rest_of(parser), 1, REFERENCE_SIZE_MAX);
    const size_t size = slice_index_of(rest, ';');
    if (size == rest.size || !find_entity(slice_part(rest, 0, size), code)) {
        FAIL(BAD_INPUT, (int64_t)parser->at, "xml: there is no such character or entity");
    }
    parser->at += size + 2;
    return status_ok();
}

/* ---- elements ---- */

/* How many names at the front of `path` the open elements are: all of them, or none counts. */
static bool is_on_path(const struct parser *parser, const char *path, bool *is_all)
{
    slice rest = slice_text(path);
    for (size_t i = 0; i < parser->depth; i++) {
        const slice name = slice_part(rest, 0, slice_index_of(rest, '/'));
        if (!slice_equal(name, parser->levels[i].name)) return false;
        rest = slice_part(rest, name.size + 1, rest.size);
    }
    *is_all = rest.size == 0;
    return true;
}

static status note_fields(struct parser *parser)
{
    struct level *level = &parser->levels[parser->depth - 1];
    for (size_t i = 0; i < parser->field_count; i++) {
        bool is_all = false;
        if (!is_on_path(parser, parser->fields[i].path, &is_all)) continue;
        if (parser->seen_depths[i] >= parser->depth) {
            FAIL(BAD_INPUT, (int64_t)parser->at, "xml: an element stands twice");
        }
        parser->seen_depths[i] = parser->depth;
        if (is_all) level->wanted = &parser->fields[i];
    }
    return status_ok();
}

static status close_element(struct parser *parser)
{
    struct level *level = &parser->levels[--parser->depth];
    if (!level->wanted) return status_ok();
    if (level->has_children) {
        FAIL(BAD_INPUT, (int64_t)parser->at, "xml: an element should have text only");
    }
    slice written;
    TRY(builder_finish(parser->memory, &written));
    level->wanted->text = slice_part(written, level->text_start, written.size);
    level->wanted->is_found = true;
    return status_ok();
}

static status open_element(struct parser *parser, slice name)
{
    if (parser->depth > 0) parser->levels[parser->depth - 1].has_children = true;
    REQUIRE(parser->depth < XML_DEPTH_MAX, OVER_LIMIT, "xml: elements are too deep");
    parser->levels[parser->depth++] =
        (struct level){.name = name, .text_start = parser->memory->size};
    parser->has_root = true;
    return note_fields(parser);
}

static status take_start(struct parser *parser)
{
    slice name;
    TRY(take_name(parser, false, &name));
    TRY(open_element(parser, name));
    for (size_t count = 0;; count++) {
        const bool has_blanks = take_blanks(parser);
        if (take_text(parser, "/>")) return close_element(parser);
        if (take_text(parser, ">")) return status_ok();
        if (!has_blanks) return refuse(parser);
        REQUIRE(count < XML_ATTRIBUTE_COUNT_MAX, OVER_LIMIT,
                "xml: an element has too many attributes");
        TRY(take_attribute(parser));
    }
}

static status take_end(struct parser *parser)
{
    slice name;
    TRY(take_name(parser, false, &name));
    take_blanks(parser);
    if (!take_text(parser, ">") || parser->depth == 0 ||
        !slice_equal(name, parser->levels[parser->depth - 1].name)) {
        return refuse(parser);
    }
    return close_element(parser);
}

/* One character of text; the wanted ones are kept. */
static status take_character(struct parser *parser)
{
    const uint8_t byte = parser->document.bytes[parser->at];
    if (parser->depth == 0) return refuse(parser);
    struct level *level = &parser->levels[parser->depth - 1];
    if (byte == '&') {
        uint32_t code = 0;
        TRY(take_reference(parser, &code));
        if (level->wanted) put_utf8(parser->memory, code);
    } else {
        if (byte < 0x80 && !is_character(byte)) return refuse(parser);
        if (level->wanted) builder_put_u8(parser->memory, byte);
        parser->at++;
    }
    level->has_text = level->has_text || !is_blank(byte);
    return status_ok();
}

static status take_piece(struct parser *parser)
{
    if (take_text(parser, "</")) return take_end(parser);
    if (take_text(parser, "<")) return take_start(parser);
    return take_character(parser);
}

static status check_mixture(const struct parser *parser)
{
    if (parser->depth == 0) return status_ok();
    const struct level *level = &parser->levels[parser->depth - 1];
    if (!level->has_children || !level->has_text) return status_ok();
    FAIL(BAD_INPUT, (int64_t)parser->at, "xml: text stands beside elements");
}

/* The declaration says version and encoding; AWS's replies are UTF-8 without saying so. */
static status take_declaration(struct parser *parser)
{
    if (!take_text(parser, "<?xml")) return status_ok();
    for (size_t count = 0;; count++) {
        const bool has_blanks = take_blanks(parser);
        if (take_text(parser, "?>")) return status_ok();
        if (!has_blanks || count == XML_ATTRIBUTE_COUNT_MAX) return refuse(parser);
        TRY(take_attribute(parser));
    }
}

status xml_read(slice document, struct xml_field *fields, size_t count, struct builder *memory)
{
    struct parser parser = {
        .document = document, .fields = fields, .field_count = count, .memory = memory};
    REQUIRE(document.size <= XML_SIZE_MAX, OVER_LIMIT, "xml: document is too long");
    REQUIRE(count <= XML_FIELD_COUNT_MAX, OVER_LIMIT, "xml: too many fields are wanted");
    TRY(take_declaration(&parser));
    take_blanks(&parser);
    while (parser.depth > 0 || !parser.has_root) {
        if (parser.at == document.size) return refuse(&parser);
        TRY(take_piece(&parser));
        TRY(check_mixture(&parser));
    }
    take_blanks(&parser);
    if (parser.at != document.size) return refuse(&parser);
    return status_ok();
}
