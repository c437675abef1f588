#include "parent/head.h"

#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *content_length, *transfer_encoding;
    uint64_t size;
    const char *refusal;
} framings[] = {
    {"neither", NULL, NULL, 0, NULL},
    {"no body", "0", NULL, 0, NULL},
    {"a body", "42", NULL, 42, NULL},
    {"far too large, but a number", "9223372036854775807", NULL, INT64_MAX, NULL},
    {"chunked", NULL, "chunked", REQUEST_BODY_SIZE_MAX, NULL},
    {"chunked in capitals", NULL, "Chunked", REQUEST_BODY_SIZE_MAX, NULL},
    {"both", "5", "chunked", 0, "request: has both Content-Length and Transfer-Encoding"},
    {"another coding", NULL, "gzip", 0, "request: Transfer-Encoding must be chunked"},
    {"two codings", NULL, "gzip, chunked", 0, "request: Transfer-Encoding must be chunked"},
    {"sign", "+5", NULL, 0, "request: Content-Length must be a plain number"},
    {"negative", "-5", NULL, 0, "request: Content-Length must be a plain number"},
    {"hex", "0x5", NULL, 0, "request: Content-Length must be a plain number"},
    {"list", "5, 5", NULL, 0, "request: Content-Length must be a plain number"},
    {"empty", "", NULL, 0, "request: Content-Length must be a plain number"},
    {"beyond 63 bits", "9223372036854775808", NULL, 0,
     "request: Content-Length must be a plain number"},
};

static slice text_or_none(const char *text)
{
    return text ? slice_text(text) : (slice){NULL, 0};
}

static void framing(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(framings); i++) {
        const struct head head = {.content_length = text_or_none(framings[i].content_length),
                                  .transfer_encoding = text_or_none(framings[i].transfer_encoding)};
        uint64_t size = 0;
        runner_row(framings[i].name);
        const status checked = head_check_framing(&head, &size);
        if (expect_outcome("check", checked, framings[i].refusal) && !framings[i].refusal) {
            expect_u64("size", size, framings[i].size);
        }
    }
    const struct head contradictory = {.is_contradictory = true};
    uint64_t size;
    expect_refused("contradictory", head_check_framing(&contradictory, &size),
                   "request: has headers that contradict each other");
}

static void request_ids(void)
{
    char text[REQUEST_ID_SIZE_MAX + 2];
    memset(text, 'a', sizeof text);
    expect_true("one", head_is_request_id(slice_text("x")));
    expect_true("all kinds", head_is_request_id(slice_text("AZaz09._-")));
    expect_true("longest", head_is_request_id(slice_of(text, REQUEST_ID_SIZE_MAX)));
    expect_true("one longer", !head_is_request_id(slice_of(text, REQUEST_ID_SIZE_MAX + 1)));
    expect_true("empty", !head_is_request_id(slice_text("")));
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool is_good = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                             (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '_' ||
                             byte == '-';
        text[3] = (char)byte;
        runner_row_at("byte", byte);
        expect_true("allowed or not", head_is_request_id(slice_of(text, 8)) == is_good);
    }
}

static const struct {
    const char *name, *encoded, *account;
    bool is_address;
} accounts[] = {
    {"name", "alice", "alice", false},
    {"all kinds of characters", "aZ09._:@-", "aZ09._:@-", false},
    {"encoded", "a%3Ab%40c", "a:b@c", false},
    {"address in lower case", "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
     "0xd8da6bf26964af9d7eed9e03e53415d37aa96045", true},
    {"address with checksum", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045",
     "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", true},
    {"address with a wrong checksum", "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045", NULL, false},
    {"39 digits are a name", "0xd8da6bf26964af9d7eed9e03e53415d37aa9604",
     "0xd8da6bf26964af9d7eed9e03e53415d37aa9604", false},
    {"another prefix is a name", "0Xd8da6bf26964af9d7eed9e03e53415d37aa96045",
     "0Xd8da6bf26964af9d7eed9e03e53415d37aa96045", false},
    {"encoded slash", "a%2Fb", NULL, false},
    {"encoded NUL", "a%00", NULL, false},
    {"broken encoding", "a%4", NULL, false},
    {"blank", "a%20b", NULL, false},
    {"plus", "a+b", NULL, false},
    {"umlaut", "%C3%A4", NULL, false},
};

static void read_accounts(void)
{
    char text[130];
    for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
        struct request request = {0};
        runner_row(accounts[i].name);
        const status read = head_read_account(slice_text(accounts[i].encoded), &request);
        expect_true("accepted or not", status_is_ok(read) == (accounts[i].account != NULL));
        expect_text("account", slice_text(request.account),
                    accounts[i].account ? accounts[i].account : "");
        expect_true("address or not", request.account_is_address == accounts[i].is_address);
    }
    runner_row("sizes");
    memset(text, 'n', sizeof text);
    struct request request = {0};
    expect_ok("longest", head_read_account(slice_of(text, 128), &request));
    expect_u64("whole", slice_text(request.account).size, 128);
    expect_kind("one longer", head_read_account(slice_of(text, 129), &request), FAILURE_BAD_INPUT);
    expect_ok("none", head_read_account(slice_of(NULL, 0), &request));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"framing", framing},
        {"request ids", request_ids},
        {"accounts", read_accounts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
