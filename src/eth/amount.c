#include "eth/amount.h"

enum { GWEI_DIGITS = 9, ETHER_DIGITS = 18 };

static const struct {
    const char *name;
    size_t digits;
} units[] = {
    /* "gwei" ends in "wei", so it comes first. */
    {"ether", ETHER_DIGITS},
    {"gwei", GWEI_DIGITS},
    {"wei", 0},
};

static bool has_end(slice text, slice end)
{
    return text.size >= end.size &&
           slice_equal(slice_part(text, text.size - end.size, end.size), end);
}

/* Takes a unit off the end; false when there is none. */
static bool take_unit(slice *text, size_t *digits)
{
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        const slice name = slice_text(units[i].name);
        if (!has_end(*text, name)) continue;
        *text = slice_part(*text, 0, text->size - name.size);
        *digits = units[i].digits;
        return true;
    }
    return false;
}

static status check_digits(slice text)
{
    REQUIRE(text.size > 0, BAD_INPUT, "amount: digits are missing");
    for (size_t i = 0; i < text.size; i++) {
        REQUIRE(text.bytes[i] >= '0' && text.bytes[i] <= '9', BAD_INPUT,
                "amount: has a character that is not a digit");
    }
    return status_ok();
}

/* Moves the point `digits` places to the right. */
static status parse_number(slice text, size_t digits, u256 *wei)
{
    char shifted[AMOUNT_TEXT_SIZE_MAX + ETHER_DIGITS];
    struct builder builder;
    const size_t point = slice_index_of(text, '.');
    const bool has_fraction = point < text.size;
    const slice whole = slice_part(text, 0, point);
    const slice fraction =
        has_fraction ? slice_part(text, point + 1, text.size) : slice_of(NULL, 0);
    TRY(check_digits(whole));
    if (has_fraction) TRY(check_digits(fraction));
    REQUIRE(whole.size == 1 || whole.bytes[0] != '0', BAD_INPUT, "amount: has a leading zero");
    REQUIRE(fraction.size <= digits, BAD_INPUT, "amount: is finer than one wei, the smallest sum");
    builder_init(&builder, shifted, sizeof shifted);
    builder_put(&builder, whole);
    builder_put(&builder, fraction);
    for (size_t i = fraction.size; i < digits; i++) builder_put_text(&builder, "0");
    slice number = builder_view(&builder);
    while (number.size > 1 && number.bytes[0] == '0') number = slice_part(number, 1, number.size);
    return u256_parse_decimal(number, wei);
}

status amount_parse(slice text, u256 *wei)
{
    size_t digits = 0;
    REQUIRE(text.size <= AMOUNT_TEXT_SIZE_MAX, BAD_INPUT, "amount: is too long");
    if (slice_has_start(text, slice_text("0x"))) return u256_parse_quantity(text, wei);
    const bool has_unit = take_unit(&text, &digits);
    REQUIRE(has_unit || slice_index_of(text, '.') == text.size, BAD_INPUT,
            "amount: a fraction needs a unit: ether or gwei");
    return parse_number(text, digits, wei);
}

static void print_shifted(struct builder *builder, u256 wei, size_t digits)
{
    char text[U256_DECIMAL_SIZE_MAX + ETHER_DIGITS + 1];
    struct builder padded, plain;
    char decimal[U256_DECIMAL_SIZE_MAX];
    builder_init(&plain, decimal, sizeof decimal);
    u256_print_decimal(&plain, wei);
    builder_init(&padded, text, sizeof text);
    for (size_t i = plain.size; i <= digits; i++) builder_put_text(&padded, "0");
    builder_put(&padded, builder_view(&plain));
    const slice number = builder_view(&padded);
    slice fraction = slice_part(number, number.size - digits, digits);
    while (fraction.size > 0 && fraction.bytes[fraction.size - 1] == '0') fraction.size--;
    builder_put(builder, slice_part(number, 0, number.size - digits));
    if (fraction.size == 0) return;
    builder_put_text(builder, ".");
    builder_put(builder, fraction);
}

void amount_print_ether(struct builder *builder, u256 wei)
{
    print_shifted(builder, wei, ETHER_DIGITS);
}

void amount_print_gwei(struct builder *builder, u256 wei)
{
    print_shifted(builder, wei, GWEI_DIGITS);
}
