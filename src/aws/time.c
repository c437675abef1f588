#include "aws/time.h"

#include "base/array.h"

/* A moment in civil terms. */
struct moment {
    int64_t year, month, day, hour, minute, second;
};

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
/* 1970 began on a Thursday. */
static const char *const day_names[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};

enum {
    DAY_S = 86400,
    YEAR_MIN = 1970,
    YEAR_MAX = 9999,
    OFFSET_HOUR_MAX = 23, /* of a time zone, RFC 3339, section 5.6 */
};
static const int64_t time_max_s = 253402300799; /* 9999-12-31T23:59:59Z */

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t day_count(int64_t year, int64_t month)
{
    static const int64_t counts[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return counts[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Leap days from year 1 up to the end of `year`. */
static int64_t leap_days(int64_t year)
{
    return year / 4 - year / 100 + year / 400;
}

static int64_t days_before_year(int64_t year)
{
    return (year - YEAR_MIN) * 365 + leap_days(year - 1) - leap_days(YEAR_MIN - 1);
}

static status check_moment(const struct moment *moment)
{
    REQUIRE(moment->year >= YEAR_MIN && moment->month >= 1 && moment->month <= 12 &&
                moment->day >= 1 && moment->day <= day_count(moment->year, moment->month),
            BAD_INPUT, "time: there is no such day");
    REQUIRE(moment->hour < 24 && moment->minute < 60 && moment->second < 60, BAD_INPUT,
            "time: there is no such time of day");
    return status_ok();
}

static int64_t seconds_of(const struct moment *moment)
{
    int64_t days = days_before_year(moment->year) + moment->day - 1;
    for (int64_t month = 1; month < moment->month; month++) days += day_count(moment->year, month);
    return days * DAY_S + moment->hour * 3600 + moment->minute * 60 + moment->second;
}

static struct moment moment_of(int64_t time_s)
{
    if (time_s < 0) time_s = 0;
    if (time_s > time_max_s) time_s = time_max_s;
    const int64_t days = time_s / DAY_S, second = time_s % DAY_S;
    struct moment moment = {.year = YEAR_MIN + days / 366,
                            .month = 1,
                            .hour = second / 3600,
                            .minute = second / 60 % 60,
                            .second = second % 60};
    while (days_before_year(moment.year + 1) <= days) moment.year++;
    moment.day = days - days_before_year(moment.year) + 1;
    while (moment.day > day_count(moment.year, moment.month)) {
        moment.day -= day_count(moment.year, moment.month);
        moment.month++;
    }
    return moment;
}

/* Takes exactly `size` digits. */
static status take_number(slice *text, size_t size, int64_t *number)
{
    slice digits = {0};
    int64_t value = 0;
    TRY(slice_take(text, size, &digits));
    for (size_t i = 0; i < size; i++) {
        REQUIRE(digits.bytes[i] >= '0' && digits.bytes[i] <= '9', BAD_INPUT,
                "time: a digit is missing");
        value = value * 10 + (digits.bytes[i] - '0');
    }
    *number = value;
    return status_ok();
}

/* Takes exactly this text. */
static status take_text(slice *text, const char *wanted)
{
    const slice start = slice_text(wanted);
    REQUIRE(slice_has_start(*text, start), BAD_INPUT, "time: a separator is missing");
    *text = slice_part(*text, start.size, text->size);
    return status_ok();
}

static status take_clock(slice *text, const char *separator, struct moment *moment)
{
    TRY(take_number(text, 2, &moment->hour));
    TRY(take_text(text, separator));
    TRY(take_number(text, 2, &moment->minute));
    TRY(take_text(text, separator));
    return take_number(text, 2, &moment->second);
}

static status take_date(slice *text, const char *separator, struct moment *moment)
{
    TRY(take_number(text, 4, &moment->year));
    TRY(take_text(text, separator));
    TRY(take_number(text, 2, &moment->month));
    TRY(take_text(text, separator));
    return take_number(text, 2, &moment->day);
}

static status take_fraction(slice *text)
{
    size_t size = 1;
    if (text->size == 0 || text->bytes[0] != '.') return status_ok();
    while (size < text->size && text->bytes[size] >= '0' && text->bytes[size] <= '9') size++;
    REQUIRE(size >= 2 && size <= 10, BAD_INPUT, "time: a fraction must have one to nine digits");
    *text = slice_part(*text, size, text->size);
    return status_ok();
}

/* Takes "Z" or "+01:30"; delivers how far local time is ahead of UTC. */
static status take_zone(slice *text, int64_t *offset_s)
{
    uint8_t sign = 0;
    int64_t hour = 0, minute = 0;
    TRY(slice_take_u8(text, &sign));
    if (sign == 'Z') {
        *offset_s = 0;
        return status_ok();
    }
    REQUIRE(sign == '+' || sign == '-', BAD_INPUT, "time: a time zone is missing");
    TRY(take_number(text, 2, &hour));
    TRY(take_text(text, ":"));
    TRY(take_number(text, 2, &minute));
    REQUIRE(hour <= OFFSET_HOUR_MAX && minute < 60, BAD_INPUT, "time: there is no such time zone");
    *offset_s = (hour * 3600 + minute * 60) * (sign == '+' ? 1 : -1);
    return status_ok();
}

status aws_time_parse_rfc3339(slice text, int64_t *time_s)
{
    struct moment moment = {0};
    int64_t offset_s = 0;
    TRY(take_date(&text, "-", &moment));
    TRY(take_text(&text, "T"));
    TRY(take_clock(&text, ":", &moment));
    TRY(take_fraction(&text));
    TRY(take_zone(&text, &offset_s));
    TRY(slice_expect_end(text));
    TRY(check_moment(&moment));
    const int64_t result_s = seconds_of(&moment) - offset_s;
    REQUIRE(result_s >= 0 && result_s <= time_max_s, BAD_INPUT, "time: is out of range");
    *time_s = result_s;
    return status_ok();
}

status aws_time_parse_basic(slice text, int64_t *time_s)
{
    struct moment moment = {0};
    TRY(take_date(&text, "", &moment));
    TRY(take_text(&text, "T"));
    TRY(take_clock(&text, "", &moment));
    TRY(take_text(&text, "Z"));
    TRY(slice_expect_end(text));
    TRY(check_moment(&moment));
    *time_s = seconds_of(&moment);
    return status_ok();
}

static status take_month(slice *text, int64_t *month)
{
    slice name = {0};
    TRY(slice_take(text, 3, &name));
    for (size_t i = 0; i < ARRAY_COUNT(month_names); i++) {
        if (!slice_equal(name, slice_text(month_names[i]))) continue;
        *month = (int64_t)i + 1;
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "time: there is no such month");
}

static const char *day_name(int64_t time_s)
{
    return day_names[time_s / DAY_S % 7];
}

status aws_time_parse_http(slice text, int64_t *time_s)
{
    struct moment moment = {0};
    slice day = {0};
    TRY(slice_take(&text, 3, &day));
    TRY(take_text(&text, ", "));
    TRY(take_number(&text, 2, &moment.day));
    TRY(take_text(&text, " "));
    TRY(take_month(&text, &moment.month));
    TRY(take_text(&text, " "));
    TRY(take_number(&text, 4, &moment.year));
    TRY(take_text(&text, " "));
    TRY(take_clock(&text, ":", &moment));
    TRY(take_text(&text, " GMT"));
    TRY(slice_expect_end(text));
    TRY(check_moment(&moment));
    const int64_t result_s = seconds_of(&moment);
    REQUIRE(slice_equal(day, slice_text(day_name(result_s))), BAD_INPUT,
            "time: is another day of the week");
    *time_s = result_s;
    return status_ok();
}

static void put_number(struct builder *text, size_t size, int64_t number)
{
    uint8_t *digits = builder_space(text, size);
    if (!digits) return;
    for (size_t i = size; i > 0; i--) {
        digits[i - 1] = (uint8_t)('0' + number % 10);
        number /= 10;
    }
}

static void put_date(struct builder *text, const struct moment *moment, const char *separator)
{
    put_number(text, 4, moment->year);
    builder_put_text(text, separator);
    put_number(text, 2, moment->month);
    builder_put_text(text, separator);
    put_number(text, 2, moment->day);
}

static void put_clock(struct builder *text, const struct moment *moment, const char *separator)
{
    put_number(text, 2, moment->hour);
    builder_put_text(text, separator);
    put_number(text, 2, moment->minute);
    builder_put_text(text, separator);
    put_number(text, 2, moment->second);
}

void aws_time_print_rfc3339(int64_t time_s, struct builder *text)
{
    const struct moment moment = moment_of(time_s);
    put_date(text, &moment, "-");
    builder_put_text(text, "T");
    put_clock(text, &moment, ":");
    builder_put_text(text, "Z");
}

void aws_time_print_basic(int64_t time_s, struct builder *text)
{
    const struct moment moment = moment_of(time_s);
    put_date(text, &moment, "");
    builder_put_text(text, "T");
    put_clock(text, &moment, "");
    builder_put_text(text, "Z");
}

void aws_time_print_http(int64_t time_s, struct builder *text)
{
    const struct moment moment = moment_of(time_s);
    builder_put_text(text, day_name(seconds_of(&moment)));
    builder_put_text(text, ", ");
    put_number(text, 2, moment.day);
    builder_put_text(text, " ");
    builder_put_text(text, month_names[moment.month - 1]);
    builder_put_text(text, " ");
    put_number(text, 4, moment.year);
    builder_put_text(text, " ");
    put_clock(text, &moment, ":");
    builder_put_text(text, " GMT");
}
