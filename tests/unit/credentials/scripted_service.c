#include "scripted_service.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/stream.h"
#include "os/clock.h"
#include "runner.h"

enum { REQUEST_SIZE_MAX = 128 * 1024, PATIENCE_MS = 500 };

/* Reads up to the end of the head, and of a body if the head says how long it is. */
static bool read_request(struct stream *stream, char *request)
{
    size_t size = 0;
    for (;;) {
        size_t step, body_size = 0;
        const status got =
            stream_read(stream, (uint8_t *)request + size, REQUEST_SIZE_MAX - 1 - size,
                        clock_deadline_ms(PATIENCE_MS), &step);
        if (!status_is_ok(got) || step == 0) return false;
        size += step;
        request[size] = 0;
        const char *end = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        if (!end) continue;
        if (length) sscanf(length, "Content-Length: %zu", &body_size);
        if (strlen(end + 4) >= body_size) return true;
    }
}

static bool is_as_scripted(const struct scripted_line *line, const char *request)
{
    return strncmp(request, line->start, strlen(line->start)) == 0 &&
           (!line->has || strstr(request, line->has)) &&
           (!line->has_not || !strstr(request, line->has_not));
}

static bool serve_one(struct scripted_service *service, struct stream *stream)
{
    static char request[REQUEST_SIZE_MAX], answer[32 * 1024];
    if (!read_request(stream, request)) return false;
    const unsigned index = atomic_fetch_add(&service->served_count, 1);
    if (index >= service->line_count || !is_as_scripted(&service->lines[index], request)) {
        fprintf(stderr, "not what was expected as number %u:\n%s\n", index, request);
        atomic_fetch_add(&service->wrong_count, 1);
        if (index >= service->line_count) return false;
    }
    const struct scripted_line *line = &service->lines[index];
    if (!line->code) return false;
    const int size = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                              line->code, strlen(line->body), line->body);
    return status_is_ok(
        stream_write(stream, slice_of(answer, (size_t)size), clock_deadline_ms(PATIENCE_MS)));
}

static void serve(struct scripted_service *service, int descriptor)
{
    struct stream stream = {0};
    if (!status_is_ok(stream_open(descriptor, &stream))) return;
    bool is_going =
        !service->tls ||
        status_is_ok(tls_server_start(service->tls, clock_deadline_ms(PATIENCE_MS), &stream));
    while (is_going) is_going = serve_one(service, &stream);
    stream_close(&stream);
}

static void *run(void *context)
{
    struct scripted_service *service = context;
    while (!atomic_load(&service->is_stopping)) {
        struct pollfd waiting = {service->listener.descriptor, POLLIN, 0};
        if (poll(&waiting, 1, 20) != 1) continue;
        const int descriptor = accept(service->listener.descriptor, NULL, NULL);
        if (descriptor >= 0) serve(service, descriptor);
    }
    return NULL;
}

void scripted_service_open(struct scripted_service *service, const struct tls_server *tls,
                           const struct scripted_line *lines, size_t line_count)
{
    endpoint where;
    memset(service, 0, sizeof *service);
    service->tls = tls;
    service->lines = lines;
    service->line_count = line_count;
    expect_ok("parse", endpoint_parse(slice_text("tcp:127.0.0.1:0"), &where));
    expect_ok("listen", listener_open(&where, &service->listener));
    pthread_create(&service->thread, NULL, run, service);
}

void scripted_service_close(struct scripted_service *service)
{
    atomic_store(&service->is_stopping, true);
    pthread_join(service->thread, NULL);
    listener_close(&service->listener);
    expect_u64("exchanges", atomic_load(&service->served_count), service->line_count);
    expect_u64("as scripted", atomic_load(&service->wrong_count), 0);
}
