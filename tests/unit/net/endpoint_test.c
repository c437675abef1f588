#include "net/endpoint.h"

#include <errno.h>
#include <string.h>

#include "os/clock.h"
#include "runner.h"

/* `printed` is what it reads back as; NULL stands for the text itself. */
static const struct {
    const char *name, *text, *printed, *refusal;
} rows[] = {
    {"unix", "unix:/run/enw.sock", NULL, NULL},
    {"unix with colons", "unix:/run/a:b:9", NULL, NULL},
    {"vsock", "vsock:3:8000", NULL, NULL},
    {"vsock any", "vsock:any:7878", NULL, NULL},
    {"vsock most", "vsock:4294967294:4294967294", NULL, NULL},
    {"vsock least", "vsock:0:0", NULL, NULL},
    {"hybrid", "hybrid:/run/vm.sock:7878", NULL, NULL},
    {"hybrid with colons", "hybrid:/run/v:m.sock:1", NULL, NULL},
    {"tcp name", "tcp:kms.eu-west-1.amazonaws.com:443", NULL, NULL},
    {"tcp name in capitals", "tcp:KMS.Example.COM:443", "tcp:kms.example.com:443", NULL},
    {"tcp name with underscore", "tcp:my_host:1", NULL, NULL},
    {"tcp IPv4", "tcp:127.0.0.1:0", NULL, NULL},
    {"tcp IPv6", "tcp:[::1]:65535", NULL, NULL},
    {"tcp IPv6 the long way", "tcp:[0:0:0:0:0:0:0:1]:1", "tcp:[::1]:1", NULL},
    {"tcp IPv6 in capitals", "tcp:[FE80::A]:1", "tcp:[fe80::a]:1", NULL},

    {"empty", "", NULL, "endpoint: must start with unix:, vsock:, hybrid: or tcp:"},
    {"kind alone", "tcp", NULL, "endpoint: port is missing"},
    {"unknown kind", "udp:1.2.3.4:5", NULL,
     "endpoint: must start with unix:, vsock:, hybrid: or tcp:"},
    {"kind in capitals", "TCP:1.2.3.4:5", NULL,
     "endpoint: must start with unix:, vsock:, hybrid: or tcp:"},
    {"unix without a path", "unix:", NULL, "endpoint: path must be absolute"},
    {"unix root", "unix:/", NULL, "endpoint: path must be absolute"},
    {"unix relative", "unix:run/enw.sock", NULL, "endpoint: path must be absolute"},
    {"unix with a line feed", "unix:/run/a\nb", NULL, "endpoint: path has a control character"},
    {"unix with DEL", "unix:/run/a\x7f", NULL, "endpoint: path has a control character"},
    {"vsock without port", "vsock:3", NULL, "endpoint: port is missing"},
    {"vsock with empty port", "vsock:3:", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"vsock with leading zero", "vsock:3:08", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"vsock with sign", "vsock:+3:8", NULL, "endpoint: port or CID is not a number in its range"},
    {"vsock port any", "vsock:3:4294967295", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"vsock CID any as a number", "vsock:4294967295:1", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"vsock three numbers", "vsock:3:8:1", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"hybrid without port", "hybrid:/run/vm.sock", NULL, "endpoint: port is missing"},
    {"hybrid with a wrong port", "hybrid:/run/vm.sock:x", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"hybrid without a path", "hybrid::1", NULL, "endpoint: path must be absolute"},
    {"tcp without port", "tcp:host", NULL, "endpoint: port is missing"},
    {"tcp port too large", "tcp:host:65536", NULL,
     "endpoint: port or CID is not a number in its range"},
    {"tcp without a host", "tcp::1", NULL, "endpoint: host has an empty label"},
    {"tcp with two dots", "tcp:a..b:1", NULL, "endpoint: host has an empty label"},
    {"tcp with a dot at the end", "tcp:a.:1", NULL, "endpoint: host has an empty label"},
    {"tcp with a dot at the start", "tcp:.a:1", NULL, "endpoint: host has an empty label"},
    {"tcp with a blank", "tcp:a b:1", NULL,
     "endpoint: host has a character a host name cannot have"},
    {"tcp with a slash", "tcp:a/b:1", NULL,
     "endpoint: host has a character a host name cannot have"},
    {"tcp with a high byte", "tcp:\xc3\xa4:1", NULL,
     "endpoint: host has a character a host name cannot have"},
    {"tcp like a flag", "tcp:-a:1", NULL, "endpoint: host starts with a dash"},
    {"IPv6 without brackets", "tcp:::1:1", NULL,
     "endpoint: host has a character a host name cannot have"},
    {"IPv6 not closed", "tcp:[::1:1", NULL, "endpoint: brackets must hold an IPv6 address"},
    {"IPv6 empty", "tcp:[]:1", NULL, "endpoint: brackets must hold an IPv6 address"},
    {"IPv6 with a zone", "tcp:[fe80::1%lo]:1", NULL,
     "endpoint: brackets must hold an IPv6 address"},
    {"IPv4 in brackets", "tcp:[1.2.3.4]:1", NULL, "endpoint: brackets must hold an IPv6 address"},
};

static void parse_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        endpoint parsed = {0};
        uint8_t memory[ENDPOINT_TEXT_SIZE_MAX];
        struct builder text;
        runner_row(rows[i].name);
        const status got = endpoint_parse(slice_text(rows[i].text), &parsed);
        if (!expect_outcome("endpoint_parse", got, rows[i].refusal)) continue;
        if (rows[i].refusal) {
            expect_u64("untouched", parsed.kind, 0);
            continue;
        }
        builder_init(&text, memory, sizeof memory);
        endpoint_print(&parsed, &text);
        expect_text("printed", builder_view(&text),
                    rows[i].printed ? rows[i].printed : rows[i].text);
    }
}

/* Text made of a start, `count` times one character, and an end. */
static slice long_text(char *memory, const char *start, size_t count, const char *end)
{
    const size_t start_size = strlen(start);
    memcpy(memory, start, start_size);
    for (size_t i = 0; i < count; i++) memory[start_size + i] = (i + 1) % 60 == 0 ? '.' : 'a';
    memcpy(memory + start_size + count, end, strlen(end) + 1);
    return slice_text(memory);
}

static void lengths(void)
{
    char memory[512];
    endpoint parsed;
    expect_ok("longest path", endpoint_parse(long_text(memory, "unix:/", 106, ""), &parsed));
    expect_refused("one more", endpoint_parse(long_text(memory, "unix:/", 107, ""), &parsed),
                   "endpoint: path is too long");
    expect_ok("longest host", endpoint_parse(long_text(memory, "tcp:", 253, ":1"), &parsed));
    uint8_t text[ENDPOINT_TEXT_SIZE_MAX];
    struct builder printed;
    builder_init(&printed, text, sizeof text);
    endpoint_print(&parsed, &printed);
    expect_true("fits when printed", !printed.is_over);
    expect_refused("one more", endpoint_parse(long_text(memory, "tcp:", 254, ":1"), &parsed),
                   "endpoint: host is too long");
    memset(memory, 'a', 80);
    memcpy(memory, "tcp:", 4);
    memcpy(memory + 4 + 63, ":1", 3);
    expect_ok("longest label", endpoint_parse(slice_text(memory), &parsed));
    memset(memory + 4 + 63, 'a', 1);
    memcpy(memory + 4 + 64, ":1", 3);
    expect_refused("one more", endpoint_parse(slice_text(memory), &parsed),
                   "endpoint: host has a label that is too long");
    expect_refused("NUL", endpoint_parse(slice_of("unix:/a\0b", 9), &parsed),
                   "endpoint: path has a control character");
    expect_refused("NUL in brackets", endpoint_parse(slice_of("tcp:[::1\0]:1", 12), &parsed),
                   "endpoint: brackets must hold an IPv6 address");
}

static void dialing(void)
{
    static const struct {
        const char *name, *text, *refusal;
        int64_t detail;
    } cases[] = {
        {"tcp is for others", "tcp:127.0.0.1:1", "endpoint: this program does not use TCP", 0},
        {"nobody at the path", "unix:/nowhere/at/all", "socket: nobody listens there", ENOENT},
        {"no monitor", "hybrid:/nowhere/at/all:1", "socket: nobody listens there", ENOENT},
        {"any is for listening", "vsock:any:1", "vsock: any cannot be dialed", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct stream stream = {0};
        endpoint parsed;
        runner_row(cases[i].name);
        expect_ok("parse", endpoint_parse(slice_text(cases[i].text), &parsed));
        const status got = endpoint_dial(&parsed, clock_deadline_ms(1000), &stream);
        expect_refused("dial", got, cases[i].refusal);
        expect_u64("detail", (uint64_t)got.detail, (uint64_t)cases[i].detail);
        expect_true("no stream", !stream_is_open(&stream));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"parse rows", parse_rows},
        {"lengths", lengths},
        {"dialing", dialing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
