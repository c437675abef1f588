#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"
#include "transcript.h"

static const char signed_tx[] =
    "{\"raw\":\"0x02aa\",\"hash\":\"0xbb\",\"r\":\"0x1\",\"s\":\"0x2\",\"yParity\":\"0x0\","
    "\"v\":\"0x0\",\"from\":\"0xF\",\"type\":\"0x2\"}";
static const char signed_message[] =
    "{\"signature\":\"0xcc\",\"hash\":\"0xbb\",\"r\":\"0x1\",\"s\":\"0x2\",\"yParity\":\"0x0\","
    "\"v\":\"0x1b\",\"address\":\"0xF\"}";
static const char payment[] =
    "{\"to\":\"0x70997970c51812dc3a010c7d01b50e0d17dc79c8\",\"value\":\"0x1\",\"nonce\":\"0x7\","
    "\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x6fc23ac00\",\"maxPriorityFeePerGas\":\"0x3b9aca00\","
    "\"chainId\":\"0x1\"}";
static const char payment_lines[] =
    "About to sign a transaction with account alice:\n"
    "  kind        dynamic fee (EIP-1559)\n"
    "  chain       1 (Ethereum)\n"
    "  nonce       7\n"
    "  to          0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
    "  value       0.000000000000000001 ether (1 wei)\n"
    "  data        none\n"
    "  gas limit   21000\n"
    "  fee cap     30 gwei a unit of gas\n"
    "  tip cap     1 gwei a unit of gas\n"
    "  fee at most 0.00063 ether (630000000000000 wei)\n"
    "  all at most 0.000630000000000001 ether (630000000000001 wei)\n";

static void expect_request(const char *path, const char *body)
{
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "POST /v1/accounts/alice/%s\n%s", path, body);
    expect_text("request", transcript_seen(0), wanted);
}

static void tx_from_input(void)
{
    char body[1024];
    transcript_reset();
    transcript_answer(200, signed_tx);
    const struct transcript run =
        transcript_run(payment, "sign", "tx", "alice", "--file", "-", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("shown first", run.err, payment_lines);
    expect_text("out", run.out, "from        0xF\nhash        0xbb\nraw         0x02aa\n");
    snprintf(body, sizeof body, "{\"transaction\":%s}", payment);
    expect_request("sign-transaction", body);
}

static void tx_from_a_file(void)
{
    char path[] = "/tmp/enw-sign-test-XXXXXX";
    const int descriptor = mkstemp(path);
    expect_true("file", write(descriptor, payment, strlen(payment)) > 0);
    close(descriptor);
    transcript_reset();
    transcript_answer(200, signed_tx);
    const struct transcript run =
        transcript_run("", "sign", "tx", "--file", path, "alice", "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("out", slice_has_start(run.out, slice_text(signed_tx)));
    expect_text("nothing is shown to a machine", run.err, "");
    (void)unlink(path);
    transcript_reset();
    const struct transcript gone = transcript_run("", "sign", "tx", "--file", path, "alice", NULL);
    expect_u64("code", (uint64_t)gone.code, 3);
    expect_text("err", gone.err, "enw: input: there is no such file\n");
}

static void tx_from_flags(void)
{
    transcript_reset();
    transcript_answer(200, signed_tx);
    const struct transcript run = transcript_run(
        "", "sign", "tx", "alice", "--to", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "--value",
        "1", "--nonce", "7", "--gas", "0x5208", "--max-fee-per-gas", "30gwei",
        "--max-priority-fee-per-gas=1gwei", "--chain-id", "1", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("shown first", run.err, payment_lines);
    expect_request("sign-transaction",
                   "{\"transaction\":{\"to\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\","
                   "\"value\":\"0x1\",\"nonce\":\"0x7\",\"gas\":\"0x5208\","
                   "\"maxFeePerGas\":\"0x6fc23ac00\",\"maxPriorityFeePerGas\":\"0x3b9aca00\","
                   "\"chainId\":\"0x1\"}}");
    transcript_reset();
    transcript_answer(200, signed_tx);
    const struct transcript legacy =
        transcript_run("", "sign", "tx", "alice", "--nonce", "0", "--gas", "60000", "--gas-price",
                       "7", "--chain-id", "5", "--data", "0x00", NULL);
    expect_u64("code", (uint64_t)legacy.code, 0);
    expect_request("sign-transaction",
                   "{\"transaction\":{\"nonce\":\"0x0\",\"gas\":\"0xea60\",\"gasPrice\":\"0x7\","
                   "\"chainId\":\"0x5\",\"data\":\"0x00\"}}");
}

/* What cannot be signed is refused here; nothing is sent. */
static void broken_transactions(void)
{
    static const struct {
        const char *name, *flag, *value, *start;
    } rows[] = {
        {"value", "--value", "1.5", "enw: --value:\nenw: amount: a fraction needs a unit"},
        {"nonce", "--nonce", "seven", "enw: --nonce:\nenw: u256:"},
        {"fraction of a nonce", "--nonce", "1ether", "enw: --nonce:\nenw: u256:"},
        {"checksum", "--to", "0x70997970c51812dc3A010C7d01b50e0d17dc79C8", "enw: to:\nenw: "},
        {"data", "--data", "0x0", "enw: data:\nenw: "},
        {"chain", "--chain-id", "0", "enw: chainId:\nenw: "},
        {"two kinds", "--gas-price", "1", "enw: "},
    };
    static const struct {
        const char *flag, *value;
    } good[] = {{"--to", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"},
                {"--nonce", "7"},
                {"--gas", "21000"},
                {"--max-fee-per-gas", "30gwei"},
                {"--chain-id", "1"},
                {"--max-priority-fee-per-gas", "1gwei"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *given[12] = {0};
        size_t count = 0;
        runner_row(rows[i].name);
        transcript_reset();
        for (size_t k = 0; k < ARRAY_COUNT(good); k++) {
            if (strcmp(good[k].flag, rows[i].flag) == 0) continue;
            given[count++] = good[k].flag;
            given[count++] = good[k].value;
        }
        const struct transcript run =
            transcript_run("", "sign", "tx", "alice", rows[i].flag, rows[i].value, given[0],
                           given[1], given[2], given[3], given[4], given[5], given[6], given[7],
                           given[8], given[9], given[10], given[11], NULL);
        expect_u64("code", (uint64_t)run.code, 3);
        if (!slice_has_start(run.err, slice_text(rows[i].start))) {
            expect_text("err", run.err, rows[i].start);
        }
        expect_u64("requests", transcript_seen_count(), 0);
    }
}

static void broken_input(void)
{
    static const struct {
        const char *name, *input, *err;
    } rows[] = {
        {"empty", "", "enw: json: text is not valid JSON\n"},
        {"array", "[]", "enw: must be a JSON object\n"},
        {"nothing in it", "{}", NULL},
        {"a field twice", "{\"nonce\":\"0x1\",\"nonce\":\"0x2\"}",
         "enw: json: a name appears twice in one object\n"},
        {"a hash to sign", "{\"hash\":\"0x00\"}", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        const struct transcript run =
            transcript_run(rows[i].input, "sign", "tx", "alice", "--file", "-", NULL);
        expect_u64("code", (uint64_t)run.code, 3);
        if (rows[i].err) expect_text("err", run.err, rows[i].err);
        expect_u64("requests", transcript_seen_count(), 0);
    }
    runner_row("file and flags");
    const struct transcript run =
        transcript_run(payment, "sign", "tx", "alice", "--file", "-", "--nonce", "1", NULL);
    expect_text("err", run.err, "enw: sign: the transaction is in a file or in flags, not both\n");
    expect_u64("requests", transcript_seen_count(), 0);
}

static void messages(void)
{
    static const struct {
        const char *name, *input, *flag, *value, *body, *err;
    } rows[] = {
        {"operand", "", NULL, "hello", "{\"hex\":\"0x68656c6c6f\"}",
         "About to sign a message with account alice:\n  message     5 bytes, text:\n  | hello\n"},
        {"flag", "", "--text", "", "{\"hex\":\"0x\"}",
         "About to sign a message with account alice:\n  message     0 bytes, text:\n  | \n"},
        {"hex", "", "--hex", "0xff00", "{\"hex\":\"0xff00\"}",
         "About to sign a message with account alice:\n"
         "  message     2 bytes, not text:\n  | 0xff00\n"},
        {"input", "a\nb\x1b", "--file", "-", "{\"hex\":\"0x610a621b\"}",
         "About to sign a message with account alice:\n"
         "  message     4 bytes, text:\n  | a\n  | b\\x1b\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        transcript_answer(200, signed_message);
        const struct transcript run =
            rows[i].flag ? transcript_run(rows[i].input, "sign", "message", "alice", rows[i].flag,
                                          rows[i].value, NULL)
                         : transcript_run("", "sign", "message", "alice", rows[i].value, NULL);
        expect_u64("code", (uint64_t)run.code, 0);
        expect_text("err", run.err, rows[i].err);
        expect_text("out", run.out, "address     0xF\nhash        0xbb\nsignature   0xcc\n");
        expect_request("sign-message", rows[i].body);
    }
}

static void broken_messages(void)
{
    static const struct {
        const char *name, *flag, *value;
        int code;
    } rows[] = {
        {"hex without 0x", "--hex", "ff", 3}, {"half a byte", "--hex", "0xf", 3},
        {"no message", NULL, NULL, 3},        {"no such file", "--file", "/nonexistent", 3},
        {"a folder", "--file", "/tmp", 3},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        const struct transcript run =
            transcript_run("", "sign", "message", "alice", rows[i].flag, rows[i].value, NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_u64("requests", transcript_seen_count(), 0);
    }
    runner_row("given twice");
    const struct transcript run =
        transcript_run("", "sign", "message", "alice", "one", "--text", "two", NULL);
    expect_u64("code", (uint64_t)run.code, 3);
    expect_u64("requests", transcript_seen_count(), 0);
}

static void too_long_a_message(void)
{
    static char input[61440 + 2];
    memset(input, 'x', 61441);
    transcript_reset();
    struct transcript run = transcript_run(input, "sign", "message", "alice", "--file", "-", NULL);
    expect_u64("one too many", (uint64_t)run.code, 9);
    expect_u64("requests", transcript_seen_count(), 0);
    input[61440] = '\0';
    transcript_answer(200, signed_message);
    run = transcript_run(input, "sign", "message", "alice", "--file", "-", "--json", NULL);
    expect_u64("longest", (uint64_t)run.code, 0);
}

static void asking(void)
{
    static const struct {
        const char *name, *answer;
        int code;
    } rows[] = {
        {"yes", "yes\n", 0}, {"y", "y\n", 0},       {"yes without line break", "yes", 0},
        {"no", "no\n", 1},   {"nothing", "", 1},    {"empty line", "\n", 1},
        {"YES", "YES\n", 1}, {"yess", "yess\n", 1}, {"yes later", "\nyes\n", 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        transcript_reset();
        transcript_answer(200, signed_message);
        const struct transcript run =
            transcript_run(rows[i].answer, "sign", "message", "alice", "hi", "--ask", NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_u64("requests", transcript_seen_count(), rows[i].code == 0 ? 1 : 0);
        static const char question[] =
            "About to sign a message with account alice:\n  message     2 bytes, text:\n"
            "  | hi\nSign this? Type yes or no: ";
        expect_true("question", slice_has_start(run.err, slice_text(question)));
    }
    runner_row("a machine can be asked too");
    transcript_reset();
    const struct transcript run =
        transcript_run("no\n", "sign", "message", "alice", "hi", "--ask", "--json", NULL);
    expect_u64("code", (uint64_t)run.code, 1);
    expect_text("out", run.out, "");
}

static void hostile_answers(void)
{
    transcript_reset();
    transcript_answer(200,
                      "{\"signature\":\"0x\\u001b[8m\",\"hash\":\"\\u202e\",\"address\":\"a\"}");
    const struct transcript run = transcript_run("", "sign", "message", "alice", "hi", NULL);
    expect_text("out", run.out, "address     a\nhash        \\u{202E}\nsignature   0x\\x1b[8m\n");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"tx from input", tx_from_input},
        {"tx from a file", tx_from_a_file},
        {"tx from flags", tx_from_flags},
        {"broken transactions", broken_transactions},
        {"broken input", broken_input},
        {"messages", messages},
        {"broken messages", broken_messages},
        {"too long a message", too_long_a_message},
        {"asking", asking},
        {"hostile answers", hostile_answers},
    };
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    return code;
}
