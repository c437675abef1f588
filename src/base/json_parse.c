#include "base/json_parse.h"

#include <assert.h>

#include "base/builder.h"
#include "base/text.h"
#include "base/utf8.h"

static_assert(sizeof(struct json_token) == JSON_TOKEN_SIZE, "the header says what a token costs");

enum {
    FEW_NAMES = 16, /* comparing each with each is quicker than sorting */
    SIZE_FIELD = 4, /* before each decoded string */
};

struct parser {
    slice text;
    size_t at;
    struct json_token *tokens;
    uint32_t count, count_max;
    struct builder decoded;
    uint32_t *sorted; /* room for as many names as there are; NULL when they are few */
    unsigned depth;
};

uint32_t json_parse_skip(const struct json_token *tokens, uint32_t token)
{
    const bool is_container = tokens[token].kind == JSON_OBJECT || tokens[token].kind == JSON_ARRAY;
    return is_container ? tokens[token].next : token + 1;
}

slice json_parse_text(slice text, slice decoded, const struct json_token *token)
{
    if (token->decoded == 0) return slice_part(text, token->offset, token->size);
    const uint8_t *at = decoded.bytes + token->decoded - 1;
    const size_t size = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    return slice_of(at + SIZE_FIELD, size);
}

/* ---- what it will take ---- */

struct measure {
    size_t token_count, name_count, decoded_size;
};

static bool is_json_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The end of the string whose first byte is at `at`: its closing quote, or the end of the text. */
static size_t string_end(slice text, size_t at, bool *has_escapes)
{
    *has_escapes = false;
    while (at < text.size && text.bytes[at] != '"') {
        const bool is_escape = text.bytes[at] == '\\';
        *has_escapes = *has_escapes || is_escape;
        at += is_escape ? 2 : 1;
    }
    return at < text.size ? at : text.size;
}

/*
 * Counts before anything is taken from the arena. Each token but the outermost value follows one of
 * "[{,:" outside strings, so the count is exact for text that is JSON and never too small for any
 * beginning of one, which is as far as the parser goes.
 */
static struct measure measure(slice text)
{
    struct measure found = {.token_count = 1};
    bool is_just_open = false;
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if (is_json_blank(byte)) continue;
        if (is_just_open && byte != ']' && byte != '}') found.token_count++;
        is_just_open = byte == '[' || byte == '{';
        if (byte == ',' || byte == ':') found.token_count++;
        if (byte == ':') found.name_count++;
        if (byte != '"') continue;
        bool has_escapes;
        const size_t end = string_end(text, i + 1, &has_escapes);
        if (has_escapes) found.decoded_size += end - i - 1 + SIZE_FIELD;
        i = end;
    }
    return found;
}

/* ---- tokens ---- */

static status refuse(const struct parser *parser)
{
    FAIL(BAD_INPUT, (int64_t)parser->at, "json: text is not valid JSON");
}

static struct json_token *add_token(struct parser *parser, uint8_t kind, uint32_t parent)
{
    assert(parser->count < parser->count_max);
    struct json_token *token = &parser->tokens[parser->count++];
    *token = (struct json_token){.offset = (uint32_t)parser->at, .parent = parent, .kind = kind};
    return token;
}

static bool is_next(const struct parser *parser, uint8_t byte)
{
    return parser->at < parser->text.size && parser->text.bytes[parser->at] == byte;
}

static bool skip_byte(struct parser *parser, uint8_t byte)
{
    const bool is_there = is_next(parser, byte);
    if (is_there) parser->at++;
    return is_there;
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->text.size && is_json_blank(parser->text.bytes[parser->at])) {
        parser->at++;
    }
}

/* ---- strings ---- */

/* Takes four hex digits. */
static bool take_unit(slice *text, uint32_t *unit)
{
    if (text->size < 4) return false;
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t digit = text_hex_value(text->bytes[i]);
        if (digit == TEXT_NOT_HEX) return false;
        value = value << 4 | digit;
    }
    *text = slice_part(*text, 4, text->size);
    *unit = value;
    return true;
}

/* Decodes what follows "\u": one unit, or two that are one character together (RFC 8259, 7). */
static bool decode_unicode(slice *text, struct builder *decoded)
{
    uint32_t first, second;
    if (!take_unit(text, &first) || first == 0) return false;
    if (first >= 0xd800 && first < 0xdc00) {
        if (!slice_has_start(*text, slice_text("\\u"))) return false;
        *text = slice_part(*text, 2, text->size);
        if (!take_unit(text, &second) || second < 0xdc00 || second > 0xdfff) return false;
        first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }
    if (!utf8_is_character(first)) return false;
    utf8_put(decoded, first);
    return true;
}

/* Decodes what follows a backslash. */
static bool decode_escape(slice *text, struct builder *decoded)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (text->size == 0) return false;
    const uint8_t letter = text->bytes[0];
    *text = slice_part(*text, 1, text->size);
    if (letter == 'u') return decode_unicode(text, decoded);
    const size_t index = slice_index_of(slice_text(letters), letter);
    if (index == LITERAL_SIZE("\"\\/bfnrt")) return false;
    builder_put_u8(decoded, (uint8_t)meanings[index]);
    return true;
}

/* Appends the string's size and what it stands for, and tells the token where. */
static bool decode_string(struct builder *decoded, slice raw, struct json_token *token)
{
    token->decoded = (uint32_t)builder_mark(decoded) + 1;
    const size_t opened = builder_open_u32(decoded);
    while (raw.size > 0) {
        const size_t plain = slice_index_of(raw, '\\');
        builder_put(decoded, slice_part(raw, 0, plain));
        if (plain == raw.size) break;
        raw = slice_part(raw, plain + 1, raw.size);
        if (!decode_escape(&raw, decoded)) return false;
    }
    builder_close_u32(decoded, opened);
    return true;
}

/* The size of the characters at the front that may stand in a string as they are. */
static size_t characters_size(slice text)
{
    size_t at = 0;
    while (at < text.size && text.bytes[at] >= 0x20) {
        const size_t size =
            text.bytes[at] < 0x80 ? 1 : utf8_character_size(slice_part(text, at, text.size));
        if (size == 0) break;
        at += size;
    }
    return at;
}

static status parse_string(struct parser *parser, uint8_t kind, uint32_t parent)
{
    bool has_escapes;
    if (!skip_byte(parser, '"')) return refuse(parser);
    struct json_token *token = add_token(parser, kind, parent);
    const size_t end = string_end(parser->text, parser->at, &has_escapes);
    const slice raw = slice_part(parser->text, parser->at, end - parser->at);
    const size_t valid_size = characters_size(raw);
    if (valid_size < raw.size || end == parser->text.size) {
        parser->at += valid_size;
        return refuse(parser);
    }
    token->size = (uint32_t)raw.size;
    if (has_escapes && !decode_string(&parser->decoded, raw, token)) return refuse(parser);
    parser->at = end + 1;
    return status_ok();
}

/* ---- names that come twice ---- */

static slice name_at(const struct parser *parser, uint32_t token)
{
    return json_parse_text(parser->text, builder_view(&parser->decoded), &parser->tokens[token]);
}

static int compare(const struct parser *parser, uint32_t a, uint32_t b)
{
    return slice_compare(name_at(parser, a), name_at(parser, b));
}

/* Lets the name at `root` sink until no name below it is larger. */
static void sink(const struct parser *parser, uint32_t *names, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) return;
        if (child + 1 < count && compare(parser, names[child], names[child + 1]) < 0) child++;
        if (compare(parser, names[root], names[child]) >= 0) return;
        const uint32_t larger = names[child];
        names[child] = names[root];
        names[root] = larger;
        root = child;
    }
}

/* Heap sort: never quadratic, whatever the names are, and in no memory of its own. */
static void sort_names(const struct parser *parser, uint32_t *names, size_t count)
{
    for (size_t root = count / 2; root > 0; root--) sink(parser, names, root - 1, count);
    for (size_t left = count; left > 1; left--) {
        const uint32_t largest = names[0];
        names[0] = names[left - 1];
        names[left - 1] = largest;
        sink(parser, names, 0, left - 1);
    }
}

static bool has_twins(const struct parser *parser, const uint32_t *names, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        const size_t end = count <= FEW_NAMES ? count : i + 2;
        for (size_t k = i + 1; k < end; k++) {
            if (compare(parser, names[i], names[k]) == 0) return true;
        }
    }
    return false;
}

static status check_names(const struct parser *parser, uint32_t object)
{
    uint32_t few[FEW_NAMES];
    uint32_t *names = parser->sorted ? parser->sorted : few;
    size_t count = 0;
    for (uint32_t at = object + 1; at < parser->count;
         at = json_parse_skip(parser->tokens, at + 1)) {
        names[count++] = at;
    }
    if (count > FEW_NAMES) sort_names(parser, names, count);
    if (has_twins(parser, names, count)) {
        FAIL(BAD_INPUT, (int64_t)parser->tokens[object].offset,
             "json: a name appears twice in one object");
    }
    return status_ok();
}

/* ---- values ---- */

static size_t skip_digits(struct parser *parser)
{
    const size_t start = parser->at;
    while (parser->at < parser->text.size && text_is_digit(parser->text.bytes[parser->at])) {
        parser->at++;
    }
    return parser->at - start;
}

static bool skip_exponent(struct parser *parser)
{
    if (!skip_byte(parser, 'e') && !skip_byte(parser, 'E')) return true;
    if (!skip_byte(parser, '+')) (void)skip_byte(parser, '-');
    return skip_digits(parser) > 0;
}

/* RFC 8259, section 6. What follows a leading zero is refused as no end of a value. */
static status parse_number(struct parser *parser, uint32_t parent)
{
    struct json_token *token = add_token(parser, JSON_NUMBER, parent);
    (void)skip_byte(parser, '-');
    if (!skip_byte(parser, '0') && skip_digits(parser) == 0) return refuse(parser);
    if (skip_byte(parser, '.') && skip_digits(parser) == 0) return refuse(parser);
    if (!skip_exponent(parser)) return refuse(parser);
    token->size = (uint32_t)parser->at - token->offset;
    return status_ok();
}

static status parse_word(struct parser *parser, uint32_t parent)
{
    static const struct {
        slice word;
        enum json_kind kind;
    } words[] = {
        {SLICE_LITERAL("true"), JSON_TRUE},
        {SLICE_LITERAL("false"), JSON_FALSE},
        {SLICE_LITERAL("null"), JSON_NULL},
    };
    const slice left = slice_part(parser->text, parser->at, parser->text.size);
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!slice_has_start(left, words[i].word)) continue;
        struct json_token *token = add_token(parser, (uint8_t)words[i].kind, parent);
        token->size = (uint32_t)words[i].word.size;
        parser->at += words[i].word.size;
        return status_ok();
    }
    return refuse(parser);
}

static status parse_value(struct parser *parser, uint32_t parent);

static status parse_name(struct parser *parser, uint32_t object)
{
    TRY(parse_string(parser, JSON_NAME, object));
    skip_blanks(parser);
    if (!skip_byte(parser, ':')) return refuse(parser);
    skip_blanks(parser);
    return status_ok();
}

static status parse_children(struct parser *parser, uint32_t container, bool is_object)
{
    const uint8_t end = is_object ? '}' : ']';
    skip_blanks(parser);
    if (skip_byte(parser, end)) return status_ok();
    for (;;) {
        skip_blanks(parser);
        if (is_object) TRY(parse_name(parser, container));
        TRY(parse_value(parser, container));
        skip_blanks(parser);
        if (skip_byte(parser, end)) return status_ok();
        if (!skip_byte(parser, ',')) return refuse(parser);
    }
}

static status parse_container(struct parser *parser, uint32_t parent, bool is_object)
{
    if (parser->depth == JSON_DEPTH_MAX) {
        FAIL(BAD_INPUT, (int64_t)parser->at, "json: values are nested too deeply");
    }
    const uint32_t container = parser->count;
    struct json_token *token = add_token(parser, is_object ? JSON_OBJECT : JSON_ARRAY, parent);
    parser->at++;
    parser->depth++;
    TRY(parse_children(parser, container, is_object));
    parser->depth--;
    token->size = (uint32_t)parser->at - token->offset;
    token->next = parser->count;
    return is_object ? check_names(parser, container) : status_ok();
}

/* Calls itself for what is inside, JSON_DEPTH_MAX times at most. */
static status parse_value(struct parser *parser, uint32_t parent)
{
    const uint8_t first =
        parser->at < parser->text.size ? parser->text.bytes[parser->at] : (uint8_t)'\0';
    if (first == '{' || first == '[') return parse_container(parser, parent, first == '{');
    if (first == '"') return parse_string(parser, JSON_STRING, parent);
    if (first == '-' || text_is_digit(first)) return parse_number(parser, parent);
    return parse_word(parser, parent);
}

static status parse_all(struct parser *parser)
{
    skip_blanks(parser);
    TRY(parse_value(parser, 0));
    skip_blanks(parser);
    return parser->at == parser->text.size ? status_ok() : refuse(parser);
}

status json_parse(slice text, struct arena *arena, struct json_token **tokens, slice *decoded)
{
    const struct measure needed = measure(text);
    struct parser parser = {.text = text, .count_max = (uint32_t)needed.token_count};
    void *memory;
    TRY(arena_take(arena, needed.token_count * sizeof *parser.tokens, &memory));
    parser.tokens = memory;
    builder_init_arena(&parser.decoded, arena, needed.decoded_size);
    REQUIRE(!builder_is_over(&parser.decoded), OVER_LIMIT, "json: text needs too much memory");
    const size_t mark = arena_mark(arena);
    if (needed.name_count > FEW_NAMES) {
        TRY(arena_take(arena, needed.name_count * sizeof *parser.sorted, &memory));
        parser.sorted = memory;
    }
    TRY(parse_all(&parser));
    arena_rewind(arena, mark);
    *tokens = parser.tokens;
    return builder_finish(&parser.decoded, decoded);
}
