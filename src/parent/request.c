#include "parent/request.h"

#include <microhttpd.h>
#include <string.h>

#include "parent/service.h"

enum { ERROR_SIZE_MAX = 2048 };

enum request_next request_answer(struct request *request, unsigned http_code,
                                 const struct builder *body)
{
    slice written;
    const status built = builder_finish(body, &written);
    if (!status_is_ok(built)) return request_fail(request, built);
    request->problem = http_code < 400 ? PROBLEM_NONE : PROBLEM_UNAVAILABLE;
    request->http_code = http_code;
    if (!request->content_type) request->content_type = "application/json";
    request->answer = written;
    return REQUEST_ANSWERED;
}

/* Of last resort, when the request's own memory is used up. */
static const char no_memory[] =
    "{\"error\":{\"code\":\"over_limit\",\"message\":\"request: needs more memory than it may "
    "use\"}}";

enum request_next request_refuse(struct request *request, enum problem problem, slice where,
                                 slice message)
{
    struct builder body;
    slice written = slice_of(no_memory, sizeof no_memory - 1);
    builder_init_arena(&body, &request->memory, ERROR_SIZE_MAX);
    problem_put(&body, problem, where, message);
    const status built = builder_finish(&body, &written);
    request->problem = status_is_ok(built) ? problem : PROBLEM_OVER_LIMIT;
    request->http_code = problem_http_code(request->problem);
    request->content_type = "application/json";
    request->answer = written;
    return REQUEST_ANSWERED;
}

enum request_next request_fail(struct request *request, status failure)
{
    request->failure = failure;
    return request_refuse(request, problem_of(failure.failure->kind), slice_of(NULL, 0),
                          slice_text(status_message(failure)));
}

enum request_next request_refuse_json(struct request *request, const struct json *document,
                                      status failure)
{
    uint8_t memory[256];
    struct builder path;
    builder_init(&path, memory, sizeof memory);
    json_where(document, &path);
    request->failure = failure;
    return request_refuse(request, problem_of(failure.failure->kind), builder_view(&path),
                          slice_text(status_message(failure)));
}

bool request_find_parameter(const struct request *request, const char *name, slice *value)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct request_parameter *parameter = &request->parameters[i];
        if (!slice_equal(slice_text(parameter->name), slice_text(name))) continue;
        *value = parameter->value ? slice_text(parameter->value) : slice_of(NULL, 0);
        return true;
    }
    return false;
}

status request_check_parameters(const struct request *request, const char *const *names,
                                size_t name_count)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < name_count; k++) {
            const slice known = slice_text(names[k]);
            is_known = is_known || slice_equal(slice_text(request->parameters[i].name), known);
        }
        REQUIRE(is_known, BAD_INPUT, "query: has a parameter that is not known here");
    }
    return status_ok();
}

/* ---- suspending ---- */

static void resume(struct request *request)
{
    MHD_resume_connection(request->connection);
}

static void run_work(void *context, struct arena *arena)
{
    struct request *request = context;
    enum request_next (*work)(struct request *, struct arena *) = request->work;
    request->work = NULL;
    /* After WAITING the request belongs to somebody else already. */
    if (work(request, arena) == REQUEST_ANSWERED) resume(request);
}

enum request_next request_hand_over(struct request *request,
                                    enum request_next (*work)(struct request *request,
                                                              struct arena *arena))
{
    request->work = work;
    request->finish = NULL;
    MHD_suspend_connection(request->connection);
    const status submitted =
        workers_submit(&request->service->workers, (struct worker_job){run_work, request});
    if (!status_is_ok(submitted)) {
        request_fail(request, submitted);
        resume(request);
    }
    return REQUEST_WAITING;
}

static void enclave_answered(struct enclave_call *call)
{
    struct request *request = call->context;
    metrics_record_round_trip(&request->service->metrics, call->round_trip_us);
    resume(request);
}

static status start_call(struct request *request, const struct message_request *message)
{
    struct builder frame;
    slice written;
    void *reply;
    const size_t reply_size =
        message->type == FRAME_ATTEST ? MESSAGE_DOCUMENT_SIZE_MAX + 64 : REQUEST_REPLY_SIZE;
    const size_t frame_size_max = FRAME_HEADER_SIZE + 6 * FRAME_SECTION_HEADER_SIZE +
                                  message->record.size + message->credentials.size +
                                  ACCOUNT_ID_SIZE + message->body.size + message->nonce.size;
    TRY(arena_take(&request->memory, reply_size, &reply));
    builder_init_arena(&frame, &request->memory, frame_size_max);
    TRY(message_request_write(message, &frame));
    TRY(builder_finish(&frame, &written));
    request->call = (struct enclave_call){
        .frame = frame.bytes,
        .frame_size = written.size,
        .reply = reply,
        .reply_size_max = reply_size,
        .is_repeatable = true,
        .deadline_ms = request->deadline_ms,
        .done = enclave_answered,
        .context = request,
    };
    return enclave_link_start(&request->service->link, &request->call);
}

enum request_next
request_call_enclave_suspended(struct request *request, const struct message_request *message,
                               enum request_next (*finish)(struct request *request))
{
    request->finish = finish;
    const status started = start_call(request, message);
    if (status_is_ok(started)) return REQUEST_WAITING;
    request->finish = NULL;
    return request_fail(request, started);
}

enum request_next request_call_enclave(struct request *request,
                                       const struct message_request *message,
                                       enum request_next (*finish)(struct request *request))
{
    MHD_suspend_connection(request->connection);
    if (request_call_enclave_suspended(request, message, finish) == REQUEST_ANSWERED) {
        resume(request);
    }
    return REQUEST_WAITING;
}

status request_read_reply(const struct request *request, struct message_reply *reply)
{
    slice arrived = slice_of(request->call.reply, request->call.reply_size);
    struct frame frame;
    bool is_whole = false;
    TRY(request->call.outcome);
    TRY(frame_take(&arrived, &frame, &is_whole));
    REQUIRE(is_whole, CORRUPT, "enclave: its answer is not whole");
    TRY(message_reply_read(&frame, reply));
    const uint8_t asked = request->call.frame[5];
    REQUIRE(reply->kind != 0 || reply->type == asked, CORRUPT,
            "enclave: its answer is to another question");
    return status_ok();
}

static bool has(slice text, const char *words)
{
    const slice wanted = slice_text(words);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (slice_equal(slice_part(text, i, wanted.size), wanted)) return true;
    }
    return false;
}

bool request_is_credentials_fault(const struct request *request, const struct message_reply *reply)
{
    /* The enclave passes on what aws/error.h says about a refused call. */
    static const char *const words[] = {"credentials have expired", "session token", "access key"};
    if (reply->kind != FAILURE_UNAVAILABLE) return false;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!has(reply->sentence, words[i])) continue;
        credentials_source_refuse(&request->service->credentials);
        return true;
    }
    return false;
}

enum request_next request_refuse_reply(struct request *request, const struct message_reply *reply)
{
    return request_refuse(request, problem_of(reply->kind), slice_of(NULL, 0), reply->sentence);
}
