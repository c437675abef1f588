#include "serve/answer.h"

#include <stdio.h>
#include <time.h>

#include "base/array.h"

slice answer_date_at(struct answer_date *date, int64_t wall_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int64_t second = wall_ms / 1000;
    struct tm parts;
    const time_t time = (time_t)second;
    if (!date->is_there || date->second != second) {
        if (!gmtime_r(&time, &parts)) return slice_of(NULL, 0);
        snprintf(date->text, sizeof date->text, "%s, %02u %s %04u %02u:%02u:%02u GMT",
                 days[parts.tm_wday], (unsigned)parts.tm_mday % 100u, months[parts.tm_mon],
                 (unsigned)(parts.tm_year + 1900) % 10000u, (unsigned)parts.tm_hour % 100u,
                 (unsigned)parts.tm_min % 100u, (unsigned)parts.tm_sec % 100u);
        date->second = second;
        date->is_there = true;
    }
    return slice_text(date->text);
}

/* RFC 9110, section 15: those that programs use. A client goes by the code. */
static const struct {
    unsigned code;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static slice reason_of(unsigned code)
{
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        if (reasons[i].code == code) return slice_text(reasons[i].reason);
    }
    return slice_of(NULL, 0);
}

static const char *connection_text(enum answer_connection connection)
{
    if (connection == ANSWER_SAYS_NOTHING) return NULL;
    return connection == ANSWER_CLOSES ? "close" : "keep-alive";
}

status answer_print(const struct exchange_answer *answer, slice date,
                    enum answer_connection connection, struct builder *head)
{
    struct http_header list[EXCHANGE_HEADER_COUNT_MAX + 1];
    const size_t mark = builder_mark(head);
    struct http_response_head parts = {.code = (uint16_t)answer->code,
                                       .reason = reason_of(answer->code),
                                       .list = list,
                                       .body_size = answer->body.size,
                                       .connection = connection_text(connection)};
    REQUIRE(answer->headers.count <= EXCHANGE_HEADER_COUNT_MAX, OVER_LIMIT,
            "answer: has too many headers");
    /* RFC 9110, section 6.6.1: a server with a clock says when it answers. */
    if (date.size > 0) list[parts.count++] = (struct http_header){slice_text("Date"), date};
    for (size_t i = 0; i < answer->headers.count; i++)
        list[parts.count++] = answer->headers.list[i];
    const status printed = http_response_head_print(&parts, head);
    if (!status_is_ok(printed)) builder_rewind(head, mark);
    return printed;
}

void answer_print_failure(slice date, enum answer_connection connection, struct builder *head)
{
    const struct exchange_answer least = {.code = 500};
    const status printed = answer_print(&least, date, connection, head);
    (void)status_is_ok(printed); /* a head that is too small for this is too small for any */
}
