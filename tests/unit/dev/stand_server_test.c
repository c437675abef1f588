#include "dev/stand_server.h"

#include <string.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "runner.h"

static struct stand_server server, control;
static struct stand_faults faults;
static struct http_client client;
static struct arena arena;

static slice operation_of(const struct http_request *request)
{
    return slice_part(request->target, 1, request->target.size);
}

/* Says which operation it was and what the fault told it. */
static void answer(void *context, const struct stand_exchange *exchange,
                   struct http_response *response)
{
    struct builder text;
    builder_init_arena(&text, exchange->arena, 256);
    builder_put_text(&text, context);
    builder_put(&text, exchange->operation);
    builder_put_text(&text, " ");
    builder_put_decimal(&text, exchange->fault->kind);
    *response = (struct http_response){
        .code = 200, .reason = slice_text("OK"), .body = builder_view(&text)};
}

static void open_client(const struct stand_server *to, struct http_client *opened)
{
    const struct http_client_settings settings = {.origin = to->listener.bound,
                                                  .dial = tcp_dial,
                                                  .clock = clock_system(),
                                                  .connection_count_max = 4,
                                                  .idle_ms_max = 60000};
    expect_ok("client", http_client_open(&settings, opened));
}

static void start(void)
{
    static char name[] = "op ";
    struct stand_server_settings settings = {.service = {name, operation_of, answer},
                                             .faults = &faults};
    stand_faults_init(&faults);
    expect_ok("arena", arena_open(&arena, 8 << 20));
    expect_ok("endpoint", endpoint_parse(slice_text("tcp:127.0.0.1:0"), &settings.endpoint));
    expect_ok("server", stand_server_open(&settings, &server));
    settings.service = stand_server_control(&faults);
    settings.faults = NULL;
    expect_ok("control", stand_server_open(&settings, &control));
    open_client(&server, &client);
}

static void stop(void)
{
    http_client_close(&client);
    stand_server_close(&server);
    stand_server_close(&control);
    arena_close(&arena);
    runner_row(NULL);
}

static status send_to(struct http_client *to, const char *method, const char *target,
                      const char *body, struct http_response *response)
{
    struct http_request request = {
        .method = slice_text(method), .target = slice_text(target), .body = slice_text(body)};
    TRY(http_headers_add(&request.headers, slice_text("Host"), slice_text("stand")));
    const struct http_client_call call = {.request = &request,
                                          .is_never_repeated = true,
                                          .response_size_max = 65536,
                                          .deadline_ms = clock_deadline_ms(60000)};
    return http_client_send(to, &call, &arena, response);
}

static void tell(const char *body)
{
    SCOPED(http_client_close) struct http_client teller = {0};
    struct http_response response = {0};
    open_client(&control, &teller);
    expect_ok("tell", send_to(&teller, "PUT", "/faults", body, &response));
    expect_u64("told", response.code, 200);
}

static void serves(void)
{
    struct http_response response = {0};
    start();
    for (size_t i = 0; i < 3; i++) {
        expect_ok("send", send_to(&client, "GET", "/abc", "", &response));
        expect_text("body", response.body, "op abc 0");
    }
    expect_u64("one connection", faults.connection_count, 1);
    expect_u64("three requests", faults.request_count, 3);
    expect_ok("send", send_to(&client, "PUT", "/x", "y", &response));
    expect_text("body", response.body, "op x 0");
    stop();
}

static void faults_of_content_are_passed_on(void)
{
    struct http_response response = {0};
    start();
    tell("{\"operation\":\"abc\",\"kind\":\"wrong_key\",\"count\":1}");
    expect_ok("send", send_to(&client, "GET", "/abc", "", &response));
    expect_text("body", response.body, "op abc 8");
    expect_ok("send", send_to(&client, "GET", "/abc", "", &response));
    expect_text("body", response.body, "op abc 0");
    stop();
}

static void faults_of_transport(void)
{
    static const struct {
        const char *fault;
        uint16_t code;
        const char *body;
        enum failure_kind failure;
    } rows[] = {
        {"{\"operation\":\"*\",\"kind\":\"status\",\"value\":503}", 503, "", 0},
        {"{\"operation\":\"*\",\"kind\":\"status\",\"value\":200}", 200, "", 0},
        {"{\"operation\":\"*\",\"kind\":\"garbage\"}", 200, "{\"KeyId\": \x01\xff<garbage", 0},
        {"{\"operation\":\"*\",\"kind\":\"cut\",\"value\":0}", 0, NULL, FAILURE_UNAVAILABLE},
        {"{\"operation\":\"*\",\"kind\":\"cut\",\"value\":20}", 0, NULL, FAILURE_UNAVAILABLE},
        {"{\"operation\":\"*\",\"kind\":\"silence\",\"value\":50}", 0, NULL, FAILURE_UNAVAILABLE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_response response = {0};
        runner_row(rows[i].fault);
        start();
        tell(rows[i].fault);
        const status got = send_to(&client, "GET", "/abc", "", &response);
        if (rows[i].failure) {
            expect_kind("send", got, rows[i].failure);
        } else if (expect_ok("send", got)) {
            expect_u64("code", response.code, rows[i].code);
            expect_text("body", response.body, rows[i].body);
        }
        stop();
    }
}

static void delay(void)
{
    struct http_response response = {0};
    start();
    tell("{\"operation\":\"abc\",\"kind\":\"delay\",\"value\":120}");
    const int64_t before_ms = clock_monotonic_ms();
    expect_ok("send", send_to(&client, "GET", "/abc", "", &response));
    expect_true("late", clock_monotonic_ms() - before_ms >= 120);
    expect_text("but right", response.body, "op abc 1");
    expect_true("its time is not the stand-in's work", faults.busy_us < 100000);
    stop();
}

static void bad_request(void)
{
    SCOPED(stream_close) struct stream stream = {0};
    uint8_t text[256];
    size_t size = 0;
    start();
    expect_ok("dial", tcp_dial(&server.listener.bound, clock_deadline_ms(60000), &stream));
    expect_ok("write",
              stream_write(&stream, slice_text("GET / HTTP/1.1\n"), clock_deadline_ms(60000)));
    expect_ok("read", stream_read(&stream, text, sizeof text, clock_deadline_ms(60000), &size));
    expect_true("refused", slice_has_start(slice_of(text, size), slice_text("HTTP/1.1 400 ")));
    stop();
}

/* More connections than there are places: those beyond are closed, and places come free. */
static void many_connections(void)
{
    static struct stream streams[STAND_CONNECTION_COUNT_MAX + 1];
    struct http_response response = {0};
    start();
    for (size_t i = 0; i < ARRAY_COUNT(streams); i++) {
        expect_ok("dial", tcp_dial(&server.listener.bound, clock_deadline_ms(60000), &streams[i]));
    }
    uint8_t byte;
    size_t size = 1;
    const status last = stream_read(&streams[STAND_CONNECTION_COUNT_MAX], &byte, 1,
                                    clock_deadline_ms(60000), &size);
    expect_true("ended", !status_is_ok(last) || size == 0);
    for (size_t i = 0; i < ARRAY_COUNT(streams); i++) stream_close(&streams[i]);
    memset(streams, 0, sizeof streams);
    bool is_served = false;
    for (size_t tries = 0; tries < 1500 && !is_served; tries++) {
        is_served = status_is_ok(send_to(&client, "GET", "/abc", "", &response));
        if (!is_served) usleep(20 * 1000);
    }
    expect_true("served again", is_served);
    stop();
}

/* Closing does not wait for idle or silent connections. */
static void closing(void)
{
    SCOPED(stream_close) struct stream idle = {0};
    SCOPED(stream_close) struct stream silent = {0};
    start();
    tell("{\"operation\":\"*\",\"kind\":\"silence\"}");
    expect_ok("dial", tcp_dial(&server.listener.bound, clock_deadline_ms(60000), &idle));
    expect_ok("dial", tcp_dial(&server.listener.bound, clock_deadline_ms(60000), &silent));
    expect_ok("write", stream_write(&silent, slice_text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                    clock_deadline_ms(60000)));
    const int64_t before_ms = clock_monotonic_ms();
    stop();
    expect_true("at once", clock_monotonic_ms() - before_ms < 30000);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"serves", serves},
        {"faults of content are passed on", faults_of_content_are_passed_on},
        {"faults of transport", faults_of_transport},
        {"delay", delay},
        {"bad request", bad_request},
        {"many connections", many_connections},
        {"closing", closing},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
