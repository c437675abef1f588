#include "http/message.h"

#include "base/array.h"
#include "base/text.h"

bool http_name_equal(slice a, slice b)
{
    return text_equal_folded(a, b);
}

/* RFC 9110, section 5.6.2: one bit for each of the 128 ASCII characters that a token may have. */
bool http_is_token_byte(uint8_t byte)
{
    static const uint64_t allowed[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};
    return byte < 128 && (allowed[byte >> 6] >> (byte & 63) & 1) != 0;
}

static bool is_token(slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!http_is_token_byte(text.bytes[i])) return false;
    }
    return text.size > 0;
}

bool http_is_value(slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f) return false;
    }
    return true;
}

static bool is_target(slice text)
{
    return text_is_made_of(text, text_is_visible) && text.size > 0 && text.bytes[0] == '/';
}

/*
 * A name or address, with or without a port: what RFC 9110, section 7.2, lets a Host be, without the
 * punctuation that no name in use has. Empty is what a client without a name sends.
 */
static bool is_host(slice text)
{
    return text_is_alphanumeric_or(text, "-._~%:[]");
}

void http_headers_init(struct http_headers *headers)
{
    headers->count = 0;
}

status http_headers_add(struct http_headers *headers, slice name, slice value)
{
    if (headers->count == HTTP_HEADER_COUNT_MAX) {
        FAIL(OVER_LIMIT, 431, "http: has too many headers");
    }
    headers->list[headers->count++] = (struct http_header){name, value};
    return status_ok();
}

bool http_headers_find(const struct http_headers *headers, const char *name, slice *value)
{
    const slice wanted = slice_text(name);
    for (size_t i = 0; i < headers->count; i++) {
        if (!http_name_equal(headers->list[i].name, wanted)) continue;
        *value = headers->list[i].value;
        return true;
    }
    return false;
}

static size_t count_of(const struct http_headers *headers, const char *name)
{
    const slice wanted = slice_text(name);
    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++) {
        if (http_name_equal(headers->list[i].name, wanted)) count++;
    }
    return count;
}

status http_headers_read(const struct http_headers *headers, const char *name, slice *value)
{
    const size_t count = count_of(headers, name);
    REQUIRE(count > 0, BAD_INPUT, "http: a required header is missing");
    REQUIRE(count == 1, BAD_INPUT, "http: a header is there twice");
    (void)http_headers_find(headers, name, value);
    return status_ok();
}

/* Takes a line and its CR LF; the search for the head's end made sure that there is one. */
static status take_line(slice *input, slice *line)
{
    const size_t end = slice_index_of(*input, '\n');
    REQUIRE(end < input->size && end > 0 && input->bytes[end - 1] == '\r', BAD_INPUT,
            "http: a line must end in CR LF");
    *line = slice_part(*input, 0, end - 1);
    *input = slice_part(*input, end + 1, input->size);
    return status_ok();
}

status http_header_parse(slice line, struct http_header *header)
{
    REQUIRE(line.bytes[0] != ' ' && line.bytes[0] != '\t', BAD_INPUT,
            "http: a header line must not be folded");
    const size_t colon = slice_index_of(line, ':');
    REQUIRE(colon < line.size, BAD_INPUT, "http: a header line has no colon");
    const slice name = slice_part(line, 0, colon);
    const slice value = slice_trim(slice_part(line, colon + 1, line.size));
    REQUIRE(is_token(name), BAD_INPUT, "http: a header's name is not a token");
    REQUIRE(http_is_value(value), BAD_INPUT, "http: a header has a control character");
    *header = (struct http_header){name, value};
    return status_ok();
}

/* `lines` ends with the empty line. */
static status parse_headers(slice lines, struct http_headers *headers)
{
    http_headers_init(headers);
    for (;;) {
        slice line = {0};
        struct http_header header = {0};
        TRY(take_line(&lines, &line));
        if (line.size == 0) return status_ok();
        TRY(http_header_parse(line, &header));
        TRY(http_headers_add(headers, header.name, header.value));
    }
}

static bool has_list_item(slice list, const char *item)
{
    while (list.size > 0) {
        const size_t comma = slice_index_of(list, ',');
        if (http_name_equal(slice_trim(slice_part(list, 0, comma)), slice_text(item))) return true;
        list = slice_part(list, comma + 1, list.size);
    }
    return false;
}

/* RFC 9112, section 9.3: "close" goes before "keep-alive", which only HTTP/1.0 needs to say. */
static bool is_last(const struct http_headers *headers, bool is_version_1_0)
{
    bool is_closing = false, is_kept = false;
    for (size_t i = 0; i < headers->count; i++) {
        if (!http_name_equal(headers->list[i].name, slice_text("connection"))) continue;
        is_closing = is_closing || has_list_item(headers->list[i].value, "close");
        is_kept = is_kept || has_list_item(headers->list[i].value, "keep-alive");
    }
    return is_closing || (is_version_1_0 && !is_kept);
}

/* RFC 9112, section 6.3, with everything refused that a peer could read another way. */
static status parse_framing(const struct http_headers *headers, struct http_framing *framing)
{
    slice coding = {0}, length = {0};
    const size_t coding_count = count_of(headers, "transfer-encoding");
    const size_t length_count = count_of(headers, "content-length");
    REQUIRE(length_count <= 1, BAD_INPUT, "http: has more than one Content-Length");
    REQUIRE(coding_count <= 1, BAD_INPUT, "http: has more than one Transfer-Encoding");
    REQUIRE(coding_count + length_count <= 1, BAD_INPUT,
            "http: has both Content-Length and Transfer-Encoding");
    if (http_headers_find(headers, "transfer-encoding", &coding)) {
        REQUIRE(!framing->is_version_1_0, BAD_INPUT, "http: HTTP/1.0 has no Transfer-Encoding");
        REQUIRE(http_name_equal(coding, slice_text("chunked")), BAD_INPUT,
                "http: Transfer-Encoding must be chunked");
        framing->is_chunked = true;
    }
    if (http_headers_find(headers, "content-length", &length)) {
        if (!status_is_ok(slice_parse_u64(length, INT64_MAX, &framing->length))) {
            FAIL(BAD_INPUT, 0, "http: Content-Length is not a plain number");
        }
        framing->has_length = true;
    }
    framing->is_last = is_last(headers, framing->is_version_1_0);
    return status_ok();
}

/* The form of RFC 9112, section 2.3, whatever its numbers. */
static bool is_version(slice text)
{
    return text.size == 8 && slice_has_start(text, slice_text("HTTP/")) &&
           text_is_digit(text.bytes[5]) && text.bytes[6] == '.' && text_is_digit(text.bytes[7]);
}

static status parse_version(slice text, struct http_framing *framing)
{
    const bool is_version_1_1 = slice_equal(text, slice_text("HTTP/1.1"));
    framing->is_version_1_0 = slice_equal(text, slice_text("HTTP/1.0"));
    if (!is_version_1_1 && !framing->is_version_1_0) {
        FAIL(BAD_INPUT, is_version(text) ? 505 : 0, "http: version must be HTTP/1.1 or HTTP/1.0");
    }
    return status_ok();
}

/* The rules that a request must keep to be read, and so to be printed. */
static status check_request(const struct http_request *request)
{
    REQUIRE(is_token(request->method), BAD_INPUT, "http: method is not a token");
    if (request->method.size > HTTP_METHOD_SIZE_MAX) {
        FAIL(OVER_LIMIT, 501, "http: method is too long");
    }
    /* RFC 9112, section 3.2.4: the asterisk is for OPTIONS. */
    const bool is_asterisk = slice_equal(request->target, slice_text("*")) &&
                             slice_equal(request->method, slice_text("OPTIONS"));
    REQUIRE(is_asterisk || is_target(request->target), BAD_INPUT,
            "http: target must be a path of visible characters");
    if (request->target.size > HTTP_TARGET_SIZE_MAX) {
        FAIL(OVER_LIMIT, 414, "http: target is too long");
    }
    return status_ok();
}

/* RFC 9112, section 3.2: HTTP/1.0 may do without. */
static status check_host(const struct http_headers *headers, bool is_version_1_0)
{
    slice host = {0};
    const size_t count = count_of(headers, "host");
    REQUIRE(count == 1 || (count == 0 && is_version_1_0), BAD_INPUT,
            "http: a request must have exactly one Host");
    REQUIRE(!http_headers_find(headers, "host", &host) || is_host(host), BAD_INPUT,
            "http: Host must be a name and a port");
    return status_ok();
}

/*
 * RFC 9112, section 3.2.2: a server must take the absolute form, whose authority counts and not the
 * Host. Two that differ are refused, so that nobody in between can have gone by the other one.
 */
static void take_authority(struct http_request *request, slice *authority)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        const slice scheme = slice_text(schemes[i]);
        if (!text_equal_folded(slice_part(request->target, 0, scheme.size), scheme)) continue;
        const slice rest = slice_part(request->target, scheme.size, request->target.size);
        const size_t size = slice_index_of(rest, '/');
        *authority = slice_part(rest, 0, size);
        request->target = size < rest.size ? slice_part(rest, size, rest.size) : slice_text("/");
    }
}

static status check_authority(const struct http_headers *headers, slice authority)
{
    slice host = {0};
    if (!authority.bytes) return status_ok();
    REQUIRE(authority.size > 0 && is_host(authority), BAD_INPUT,
            "http: target's host is not a name and a port");
    REQUIRE(!http_headers_find(headers, "host", &host) || text_equal_folded(host, authority),
            BAD_INPUT, "http: Host and the target's host differ");
    return status_ok();
}

static status parse_request_line(slice line, struct http_request *request,
                                 struct http_framing *framing, slice *authority)
{
    const size_t method_size = slice_index_of(line, ' ');
    request->method = slice_part(line, 0, method_size);
    line = slice_part(line, method_size + 1, line.size);
    const size_t target_size = slice_index_of(line, ' ');
    request->target = slice_part(line, 0, target_size);
    TRY(parse_version(slice_part(line, target_size + 1, line.size), framing));
    take_authority(request, authority);
    return check_request(request);
}

status http_request_parse(slice head, struct http_request *request, struct http_framing *framing)
{
    struct http_request read = {0};
    struct http_framing found = {0};
    slice line = {0}, authority = {0};
    TRY(take_line(&head, &line));
    TRY(parse_request_line(line, &read, &found, &authority));
    TRY(parse_headers(head, &read.headers));
    TRY(parse_framing(&read.headers, &found));
    TRY(check_host(&read.headers, found.is_version_1_0));
    TRY(check_authority(&read.headers, authority));
    read.is_last = found.is_last;
    *request = read;
    *framing = found;
    return status_ok();
}

static status parse_status_line(slice line, struct http_response *response,
                                struct http_framing *framing)
{
    uint64_t code = 0;
    const size_t version_size = slice_index_of(line, ' ');
    TRY(parse_version(slice_part(line, 0, version_size), framing));
    line = slice_part(line, version_size + 1, line.size);
    const bool is_number = status_is_ok(slice_parse_u64(slice_part(line, 0, 3), 599, &code));
    REQUIRE(is_number && code >= 100 && (line.size == 3 || line.bytes[3] == ' '), BAD_INPUT,
            "http: status code must be 100 to 599");
    REQUIRE(code != 101, BAD_INPUT, "http: switching protocols is not supported");
    response->code = (uint16_t)code;
    response->reason = slice_part(line, 4, line.size);
    REQUIRE(http_is_value(response->reason), BAD_INPUT, "http: reason has a control character");
    return status_ok();
}

/* The codes, and the method, whose response has no body whatever its headers say. */
static bool has_no_body(uint16_t code, slice method)
{
    return code < 200 || code == 204 || code == 304 || slice_equal(method, slice_text("HEAD"));
}

status http_response_parse(slice head, slice method, struct http_response *response,
                           struct http_framing *framing)
{
    struct http_response read = {0};
    struct http_framing found = {0};
    slice line = {0};
    TRY(take_line(&head, &line));
    TRY(parse_status_line(line, &read, &found));
    TRY(parse_headers(head, &read.headers));
    TRY(parse_framing(&read.headers, &found));
    read.is_last = found.is_last;
    if (has_no_body(read.code, method)) {
        found.is_chunked = false;
        found.has_length = true;
        found.length = 0;
    }
    REQUIRE(found.is_chunked || found.has_length, BAD_INPUT,
            "http: a response must say how long its body is");
    *response = read;
    *framing = found;
    return status_ok();
}

/* The headers that print itself decides on. */
static bool is_own_header(slice name)
{
    static const char *const own[] = {"content-length", "transfer-encoding", "connection"};
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        if (http_name_equal(name, slice_text(own[i]))) return true;
    }
    return false;
}

static status print_headers(const struct http_header *list, size_t count, struct builder *text)
{
    for (size_t i = 0; i < count; i++) {
        const struct http_header *header = &list[i];
        REQUIRE(is_token(header->name), BAD_INPUT, "http: a header's name is not a token");
        REQUIRE(http_is_value(header->value), BAD_INPUT, "http: a header has a control character");
        /* A reader would take them off. */
        REQUIRE(slice_equal(header->value, slice_trim(header->value)), BAD_INPUT,
                "http: a header has blanks at its ends");
        REQUIRE(!is_own_header(header->name), BAD_INPUT,
                "http: length and connection headers are written by print");
        builder_put(text, header->name);
        builder_put_text(text, ": ");
        builder_put(text, header->value);
        builder_put_text(text, "\r\n");
    }
    return status_ok();
}

static void print_end(const char *connection, bool has_length, uint64_t body_size,
                      struct builder *text)
{
    if (connection) {
        builder_put_text(text, "Connection: ");
        builder_put_text(text, connection);
        builder_put_text(text, "\r\n");
    }
    if (has_length) {
        builder_put_text(text, "Content-Length: ");
        builder_put_decimal(text, body_size);
        builder_put_text(text, "\r\n");
    }
    builder_put_text(text, "\r\n");
}

static status print_body(slice body, struct builder *text)
{
    builder_put(text, body);
    REQUIRE(!builder_is_over(text), OVER_LIMIT, "http: does not fit");
    return status_ok();
}

/* A method that says nothing by an empty body (RFC 9110, section 8.6). */
static bool is_bodiless(slice method)
{
    return slice_equal(method, slice_text("GET")) || slice_equal(method, slice_text("HEAD")) ||
           slice_equal(method, slice_text("DELETE"));
}

status http_request_print(const struct http_request *request, struct builder *text)
{
    TRY(check_request(request));
    TRY(check_host(&request->headers, false));
    builder_put(text, request->method);
    builder_put_text(text, " ");
    builder_put(text, request->target);
    builder_put_text(text, " HTTP/1.1\r\n");
    TRY(print_headers(request->headers.list, request->headers.count, text));
    const bool has_length = request->body.size > 0 || !is_bodiless(request->method);
    print_end(request->is_last ? "close" : NULL, has_length, request->body.size, text);
    return print_body(request->body, text);
}

status http_response_head_print(const struct http_response_head *head, struct builder *text)
{
    const bool has_length = head->code != 204 && head->code != 304;
    REQUIRE(head->code >= 200 && head->code <= 599, BAD_INPUT,
            "http: status code must be 200 to 599");
    REQUIRE(http_is_value(head->reason), BAD_INPUT, "http: reason has a control character");
    REQUIRE(has_length || head->body_size == 0, BAD_INPUT,
            "http: a response of this code has no body");
    builder_put_text(text, "HTTP/1.1 ");
    builder_put_decimal(text, head->code);
    builder_put_text(text, " ");
    builder_put(text, head->reason);
    builder_put_text(text, "\r\n");
    TRY(print_headers(head->list, head->count, text));
    print_end(head->connection, has_length, head->body_size, text);
    return print_body(slice_of(NULL, 0), text);
}

status http_response_print(const struct http_response *response, struct builder *text)
{
    const struct http_response_head head = {.code = response->code,
                                            .reason = response->reason,
                                            .list = response->headers.list,
                                            .count = response->headers.count,
                                            .body_size = response->body.size,
                                            .connection = response->is_last ? "close" : NULL};
    TRY(http_response_head_print(&head, text));
    return print_body(response->body, text);
}
