#include "bench.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runner.h"

static int64_t read_now(void *context)
{
    return ((struct bench *)context)->now_ms;
}

static void told(void *context, enum link_event event)
{
    struct bench *bench = context;
    if (event == LINK_LOST) bench->lost_count++;
    else bench->back_count++;
}

void bench_listen(struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, bench->path, strlen(bench->path));
    bench->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(bench->listener >= 0);
    assert(bind(bench->listener, (const struct sockaddr *)&address, sizeof address) == 0);
    assert(listen(bench->listener, BENCH_PEER_COUNT_MAX) == 0);
}

void bench_stop_listening(struct bench *bench)
{
    if (bench->listener >= 0) close(bench->listener);
    bench->listener = -1;
    unlink(bench->path);
}

void bench_open(struct bench *bench, enum endpoint_kind kind, size_t connection_count)
{
    memset(bench, 0, sizeof *bench);
    bench->now_ms = 1000;
    snprintf(bench->folder, sizeof bench->folder, "/tmp/enw-link-XXXXXX");
    assert(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/e.sock", bench->folder);
    bench_listen(bench);
    bench->settings = (struct link_settings){
        .enclave = {.kind = kind, .port = 7878},
        .connection_count = connection_count,
        .told = told,
        .context = bench,
    };
    memcpy(bench->settings.enclave.path, bench->path, strlen(bench->path) + 1);
    const struct clock clock = {.monotonic_ms = read_now, .wall_ms = read_now, .context = bench};
    expect_ok("loop", loop_open(&bench->loop, clock, 64));
    expect_ok("link", link_open(&bench->link, &bench->loop, &bench->settings));
}

void bench_close(struct bench *bench)
{
    link_close(&bench->link);
    loop_close(&bench->loop);
    for (size_t i = 0; i < bench->peer_count; i++) bench_hang_up(&bench->peers[i]);
    bench_stop_listening(bench);
    rmdir(bench->folder);
}

void bench_run(struct bench *bench)
{
    /* Each turn serves what the one before has caused; none needs more than a few. */
    for (size_t i = 0; i < 8; i++) loop_turn(&bench->loop, 0);
}

void bench_wait(struct bench *bench, int64_t duration_ms)
{
    const int64_t end_ms = bench->now_ms + duration_ms;
    while (bench->now_ms < end_ms) {
        bench->now_ms += end_ms - bench->now_ms < 5 ? end_ms - bench->now_ms : 5;
        loop_turn(&bench->loop, 0);
        loop_turn(&bench->loop, 0);
    }
    bench_run(bench);
}

struct bench_peer *bench_accept(struct bench *bench)
{
    assert(bench->peer_count < BENCH_PEER_COUNT_MAX);
    struct bench_peer *peer = &bench->peers[bench->peer_count++];
    peer->descriptor = accept4(bench->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    expect_true("a connection was made", peer->descriptor >= 0);
    return peer;
}

struct bench_peer *bench_connect(struct bench *bench)
{
    bench_run(bench);
    struct bench_peer *peer = bench_accept(bench);
    bench_run(bench);
    expect_u64("only a ping", bench_answer_all(peer), 0);
    bench_run(bench);
    return peer;
}

void bench_hang_up(struct bench_peer *peer)
{
    if (peer->descriptor >= 0) close(peer->descriptor);
    peer->descriptor = -1;
}

static void receive(struct bench_peer *peer)
{
    const size_t kept = peer->inbox_end - peer->inbox_begin;
    memmove(peer->inbox, peer->inbox + peer->inbox_begin, kept);
    peer->inbox_begin = 0;
    peer->inbox_end = kept;
    while (peer->inbox_end < BENCH_INBOX_SIZE) {
        const ssize_t size = recv(peer->descriptor, peer->inbox + peer->inbox_end,
                                  BENCH_INBOX_SIZE - peer->inbox_end, 0);
        if (size <= 0) break;
        peer->inbox_end += (size_t)size;
    }
}

bool bench_take(struct bench_peer *peer, struct frame *frame)
{
    bool is_whole = false;
    receive(peer);
    slice arrived = slice_of(peer->inbox + peer->inbox_begin, peer->inbox_end - peer->inbox_begin);
    expect_ok("frame", frame_take(&arrived, frame, &is_whole));
    peer->inbox_begin = peer->inbox_end - arrived.size;
    if (is_whole) expect_ok("request", call_check_request(frame));
    return is_whole;
}

slice bench_answer_write(const struct frame *request, uint8_t mark, struct builder *output)
{
    uint8_t signature[CALL_SIGNATURE_SIZE];
    struct frame reply = {.type = request->type | FRAME_REPLY, .req_id = request->req_id};
    memset(signature, mark, sizeof signature);
    signature[CALL_SIGNATURE_SIZE - 1] = 0;
    if (request->type == FRAME_STATUS) {
        frame_put_section(
            &reply, FRAME_STATUS_JSON,
            slice_text("{\"version\":\"1\",\"boot_id\":\"000102030405060708090a0b0c0d0e0f\"}"));
    } else {
        frame_put_section(&reply, FRAME_ADDRESS, slice_of(signature, CALL_ADDRESS_SIZE));
        frame_put_section(&reply, FRAME_SIGNATURE, slice_of(signature, sizeof signature));
    }
    expect_ok("answer", call_write(&reply, output));
    return builder_view(output);
}

void bench_send(struct bench_peer *peer, slice bytes)
{
    expect_u64("sent", (uint64_t)send(peer->descriptor, bytes.bytes, bytes.size, MSG_NOSIGNAL),
               bytes.size);
}

void bench_answer(struct bench_peer *peer, const struct frame *request, uint8_t mark)
{
    uint8_t memory[512];
    struct builder output;
    builder_init(&output, memory, sizeof memory);
    bench_send(peer, bench_answer_write(request, mark, &output));
}

size_t bench_answer_all(struct bench_peer *peer)
{
    size_t call_count = 0;
    struct frame frame;
    /* No more than the socket holds answers of: the link reads them only when it runs. */
    for (size_t i = 0; i < BENCH_ANSWER_COUNT_MAX && bench_take(peer, &frame); i++) {
        call_count += frame.type != FRAME_STATUS;
        bench_answer(peer, &frame, 7);
    }
    return call_count;
}

static void done(struct link_call *call, status outcome, const struct frame *reply)
{
    struct bench_call *bench_call = call->context;
    bench_call->done_count++;
    bench_call->outcome = outcome;
    expect_true("a reply or a failure", status_is_ok(outcome) == (reply != NULL));
    if (!reply) return;
    bench_call->type = reply->type;
    for (size_t id = FRAME_SECTION_LAST; id >= 1; id--) {
        if (!frame_has_section(reply, (enum frame_section)id)) continue;
        const slice bytes = frame_section(reply, (enum frame_section)id);
        bench_call->last_byte = bytes.bytes[bytes.size - 1];
    }
}

void bench_start(struct bench *bench, struct bench_call *call, size_t body_size, int64_t left_ms)
{
    static uint8_t zeros[CALL_BODY_SIZE_MAX];
    memset(call, 0, sizeof *call);
    call->call.request.type = FRAME_SIGN_MESSAGE;
    frame_put_section(&call->call.request, FRAME_RECORD, slice_of(zeros, 400));
    frame_put_section(&call->call.request, FRAME_ACCOUNT_ID, slice_of(zeros, ACCOUNT_ID_SIZE));
    frame_put_section(&call->call.request, FRAME_BODY, slice_of(zeros, body_size));
    call->call.deadline_ms = bench->now_ms + left_ms;
    call->call.is_repeatable = true;
    call->call.done = done;
    call->call.context = call;
    expect_ok("start", link_start(&bench->link, &call->call));
}

void bench_expect_done(const char *what, const struct bench_call *call, const char *refusal)
{
    if (!expect_u64(what, call->done_count, 1)) return;
    expect_outcome(what, call->outcome, refusal);
}
