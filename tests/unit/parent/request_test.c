#include "parent/request.h"

#include <string.h>

#include "runner.h"

static uint8_t memory[4096];

static struct request make(size_t size_max)
{
    return (struct request){.memory = {.memory = memory, .size_max = size_max}};
}

static status over_limit(void)
{
    FAIL(OVER_LIMIT, 7, "test: too much");
}

static void answers(void)
{
    struct request request = make(sizeof memory);
    struct builder body;
    builder_init(&body, memory, 16);
    builder_put_text(&body, "{}");
    expect_u64("answered", request_answer(&request, 201, &body), REQUEST_ANSWERED);
    expect_u64("code", request.http_code, 201);
    expect_text("body", request.answer, "{}");
    expect_u64("no problem", request.problem, PROBLEM_NONE);
    request = make(sizeof memory);
    builder_init(&body, memory + 2048, 1);
    builder_put_text(&body, "{}");
    request_answer(&request, 200, &body);
    expect_u64("one that did not fit", request.http_code, 429);
}

static void failures(void)
{
    struct request request = make(sizeof memory);
    request_fail(&request, over_limit());
    expect_u64("code", request.http_code, 429);
    expect_text("body", request.answer,
                "{\"error\":{\"code\":\"over_limit\",\"message\":\"test: too much\"}}");
    expect_u64("kept for the log", (uint64_t)request.failure.detail, 7);
    request = make(10);
    request_fail(&request, over_limit());
    expect_u64("without memory too", request.http_code, 429);
    expect_text("body of last resort", request.answer,
                "{\"error\":{\"code\":\"over_limit\",\"message\":\"request: needs more memory than "
                "it may use\"}}");
}

static void json_failures(void)
{
    SCOPED(json_close) struct json document = {0};
    struct request request = make(sizeof memory);
    json_value top, inner;
    slice text;
    expect_ok("open", json_open(slice_text("{\"a\":{\"b\":7}}"), runner_arena(), &document));
    expect_ok("top", json_top_object(&document, &top));
    expect_ok("inner", json_read_object(&top, "a", &inner));
    request_refuse_json(&request, &document, json_read_string(&inner, "b", 0, 9, &text));
    expect_text("names the field", request.answer,
                "{\"error\":{\"code\":\"bad_input\",\"message\":\"a.b: must be a string\"}}");
}

static void parameters(void)
{
    static const char *const known[] = {"a", "b"};
    struct request request = make(0);
    slice value;
    expect_ok("none", request_check_parameters(&request, NULL, 0));
    request.parameters[0] = (struct request_parameter){"a", "1"};
    request.parameters[1] = (struct request_parameter){"b", NULL};
    request.parameter_count = 2;
    expect_ok("known", request_check_parameters(&request, known, 2));
    expect_refused("not all known", request_check_parameters(&request, known, 1),
                   "query: has a parameter that is not known here");
    expect_true("there", request_find_parameter(&request, "a", &value));
    expect_text("value", value, "1");
    expect_true("without a value", request_find_parameter(&request, "b", &value));
    expect_u64("empty", value.size, 0);
    expect_true("not there", !request_find_parameter(&request, "c", &value));
}

/* Frames that are not the answer to what was asked. */
static void replies(void)
{
    uint8_t asked[FRAME_HEADER_SIZE], frame_bytes[256];
    struct message_reply reply;
    struct builder builder;
    const struct message_request question = {.type = FRAME_STATUS, .req_id = 1};
    const struct message_reply good = {
        .type = FRAME_STATUS, .req_id = 1, .status = slice_text("{}")};
    builder_init(&builder, asked, sizeof asked);
    expect_ok("question", message_request_write(&question, &builder));
    builder_init(&builder, frame_bytes, sizeof frame_bytes);
    expect_ok("answer", message_reply_write(&good, &builder));
    struct request request = make(0);
    request.call =
        (struct enclave_call){.frame = asked, .reply = frame_bytes, .reply_size = builder.size};
    expect_ok("good", request_read_reply(&request, &reply));
    for (size_t size = 0; size < builder.size; size++) {
        runner_row_at("cut", size);
        request.call.reply_size = size;
        expect_true("refused", !status_is_ok(request_read_reply(&request, &reply)));
    }
    runner_row(NULL);
    request.call.reply_size = builder.size;
    asked[5] = FRAME_ATTEST;
    expect_refused("another question", request_read_reply(&request, &reply),
                   "enclave: its answer is to another question");
    request.call.outcome = over_limit();
    expect_refused("broken link", request_read_reply(&request, &reply), "test: too much");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"answers", answers},       {"failures", failures}, {"JSON failures", json_failures},
        {"parameters", parameters}, {"replies", replies},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
