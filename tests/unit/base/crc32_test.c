#include "base/crc32.h"

#include "runner.h"

/* The first is the check value of every CRC-32/ISO-HDLC implementation; all are also what
 * `python3 -c 'import zlib; print(hex(zlib.crc32(b"…")))'` prints. */
static const struct {
    const char *text;
    uint32_t sum;
} rows[] = {
    {"123456789", 0xcbf43926},
    {"", 0},
    {"a", 0xe8b7be43},
    {"{}", 0xa3a6bf43},
    {"The quick brown fox jumps over the lazy dog", 0x414fa339},
};

static void known_answers(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text);
        expect_u64("sum", crc32_add(0, slice_text(rows[i].text)), rows[i].sum);
    }
}

static void parts_add_up(void)
{
    uint8_t bytes[64];
    runner_random(bytes, sizeof bytes);
    const slice whole = slice_of(bytes, sizeof bytes);
    const uint32_t wanted = crc32_add(0, whole);
    for (size_t cut = 0; cut <= whole.size; cut++) {
        const uint32_t front = crc32_add(0, slice_part(whole, 0, cut));
        expect_u64("sum", crc32_add(front, slice_part(whole, cut, whole.size)), wanted);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known answers", known_answers},
        {"parts add up", parts_add_up},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
