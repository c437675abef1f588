#include "enclave/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "eth/eip191.h"
#include "fixture.h"
#include "net/unix.h"
#include "peer.h"

static struct fixture fixture;
static struct server server;

static void start(const struct fixture_options *options)
{
    fixture_open(options, &fixture);
    expect_ok("server", server_open(&fixture.service, &server));
}

static void stop(void)
{
    atomic_store(&fixture.keys.is_silent, false);
    server_close(&server);
    fixture_close(&fixture);
}

static void pipelined_requests(void)
{
    enum { COUNT = 200 };
    static struct peer peer;
    struct message_reply reply;
    bool is_answered[COUNT] = {false};
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    peer_open(&fixture, &peer);
    for (uint64_t i = 0; i < COUNT; i++) {
        const struct message_request request = peer_sign_request(&fixture, "a", record, i);
        peer_send(&peer, &request);
    }
    for (size_t i = 0; i < COUNT; i++) {
        runner_row_at("reply", i);
        if (!expect_true("came", peer_receive(&peer, &reply))) break;
        expect_u64("signed", reply.kind, 0);
        if (!expect_true("asked for", reply.req_id < COUNT)) break;
        expect_true("once", !is_answered[reply.req_id]);
        is_answered[reply.req_id] = true;
    }
    runner_row(NULL);
    expect_u64("one KMS call", atomic_load(&fixture.keys.decrypt_count), 1);
    stream_close(&peer.stream);
    stop();
}

static void create_over_the_wire(void)
{
    static struct peer peer;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    peer_open(&fixture, &peer);
    struct message_request request = fixture_request(&fixture, FRAME_CREATE, "a");
    peer_send(&peer, &request);
    expect_true("created", peer_receive(&peer, &reply));
    expect_u64("kind", reply.kind, 0);
    uint8_t record[2048];
    memcpy(record, reply.record.bytes, reply.record.size);
    request = peer_sign_request(&fixture, "a", slice_of(record, reply.record.size), 2);
    peer_send(&peer, &request);
    expect_true("signed", peer_receive(&peer, &reply));
    expect_u64("kind", reply.kind, 0);
    request = fixture_request(&fixture, FRAME_ATTEST, "a");
    peer_send(&peer, &request);
    expect_true("attested", peer_receive(&peer, &reply));
    expect_true("document", reply.document.size > 1000);
    stream_close(&peer.stream);
    stop();
}

static void warm_while_kms_is_silent(void)
{
    static struct peer peer;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const slice warm = fixture_create(&fixture, "warm", NULL);
    const slice cold = fixture_create(&fixture, "cold", NULL);
    peer_open(&fixture, &peer);
    struct message_request request = peer_sign_request(&fixture, "warm", warm, 1);
    peer_send(&peer, &request);
    expect_true("warmed", peer_receive(&peer, &reply));
    atomic_store(&fixture.keys.is_silent, true);
    request = peer_sign_request(&fixture, "cold", cold, 1000);
    peer_send(&peer, &request);
    for (uint64_t i = 0; i < 50; i++) {
        request = peer_sign_request(&fixture, "warm", warm, i);
        peer_send(&peer, &request);
        if (!expect_true("answered", peer_receive(&peer, &reply))) break;
        expect_u64("out of order", reply.req_id, i);
        expect_u64("signed", reply.kind, 0);
    }
    atomic_store(&fixture.keys.is_silent, false);
    expect_true("the cold one too", peer_receive(&peer, &reply));
    expect_u64("late, but right", reply.req_id, 1000);
    expect_u64("signed", reply.kind, 0);
    stream_close(&peer.stream);
    stop();
}

static void full_queue(void)
{
    enum {
        BUSY_COUNT = 20,
        ROOM_COUNT = SERVICE_QUEUE_COUNT_MAX + 4,
        COUNT = ROOM_COUNT + BUSY_COUNT
    };
    static struct peer peer;
    struct message_reply reply;
    size_t busy_count = 0, ok_count = 0;
    start(&(struct fixture_options){.has_no_cache = true});
    const slice record = fixture_create(&fixture, "a", NULL);
    atomic_store(&fixture.keys.is_silent, true);
    peer_open(&fixture, &peer);
    for (uint64_t i = 0; i < COUNT; i++) {
        const struct message_request request = peer_sign_request(&fixture, "a", record, i);
        peer_send(&peer, &request);
        /* Every thread has its request before the queue fills. */
        while (i == 3 && atomic_load(&fixture.keys.waiting_count) < 4) peer_pause_ms(1);
    }
    /* The refusals come at once, though nothing else moves. */
    while (busy_count < BUSY_COUNT) {
        if (!expect_true("refused", peer_receive(&peer, &reply))) break;
        expect_u64("kind", reply.kind, FAILURE_UNAVAILABLE);
        expect_text("sentence", reply.sentence, "enclave: is busy: too many requests wait for KMS");
        busy_count++;
    }
    atomic_store(&fixture.keys.is_silent, false);
    while (busy_count + ok_count < COUNT) {
        if (!expect_true("answered", peer_receive(&peer, &reply))) break;
        if (reply.kind == 0) ok_count++;
        if (reply.kind != 0) busy_count++;
    }
    expect_u64("those that had room", ok_count, ROOM_COUNT);
    expect_u64("nothing is queued", atomic_load(&fixture.statistics.queue_waiting), 0);
    expect_u64("nothing waits", atomic_load(&fixture.statistics.waiting), 0);
    stream_close(&peer.stream);
    stop();
}

static void bad_frame_ends_the_connection(void)
{
    static struct peer peer;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    peer_open(&fixture, &peer);
    const slice bad = runner_hex("454e5746 02 08 0000 00000014 0000000000000007");
    expect_ok("send", stream_write(&peer.stream, bad, clock_deadline_ms(PATIENCE_MS)));
    expect_true("told", peer_receive(&peer, &reply));
    expect_u64("kind", reply.kind, FAILURE_BAD_INPUT);
    expect_text("sentence", reply.sentence, "frame: version is not 1");
    expect_true("ended", !peer_receive(&peer, &reply));
    stream_close(&peer.stream);
    /* Sections that do not fit the type, too; the good one before is answered. */
    peer_open(&fixture, &peer);
    const slice two = runner_hex("454e5746 01 08 0000 00000014 0000000000000005"
                                 "454e5746 01 02 0000 00000014 0000000000000006"
                                 "454e5746 01 08 0000 00000014 0000000000000007");
    expect_ok("send", stream_write(&peer.stream, two, clock_deadline_ms(PATIENCE_MS)));
    expect_true("status", peer_receive(&peer, &reply));
    expect_u64("req_id", reply.req_id, 5);
    expect_true("refused", peer_receive(&peer, &reply));
    expect_u64("req_id", reply.req_id, 6);
    expect_true("ended", !peer_receive(&peer, &reply));
    stream_close(&peer.stream);
    stop();
}

/* Waits until that many connections are open. */
static bool connections_become(size_t count)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (atomic_load(&fixture.statistics.connections) != count) {
        if (clock_monotonic_ms() >= deadline_ms) return false;
        peer_pause_ms(5);
    }
    return true;
}

static void frames_cut_at_every_byte(void)
{
    static struct peer peer;
    struct message_reply reply;
    static uint8_t memory[4096];
    struct builder frame;
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    const struct message_request request = peer_sign_request(&fixture, "a", record, 9);
    builder_init(&frame, memory, sizeof memory);
    expect_ok("write", message_request_write(&request, &frame));
    const slice all = builder_view(&frame);
    peer_open(&fixture, &peer);
    for (size_t cut = 1; cut < all.size; cut++) {
        runner_row_at("cut at", cut);
        expect_ok("first", stream_write(&peer.stream, slice_part(all, 0, cut),
                                        clock_deadline_ms(PATIENCE_MS)));
        if (cut % 16 == 1) peer_pause_ms(1);
        expect_ok("second", stream_write(&peer.stream, slice_part(all, cut, all.size),
                                         clock_deadline_ms(PATIENCE_MS)));
        if (!expect_true("answered", peer_receive(&peer, &reply))) break;
        expect_u64("signed", reply.kind, 0);
    }
    runner_row(NULL);
    stream_close(&peer.stream);
    /* And connections that end inside a frame do no harm. */
    for (size_t cut = 1; cut < all.size; cut++) {
        peer_open(&fixture, &peer);
        expect_ok("part", stream_write(&peer.stream, slice_part(all, 0, cut),
                                       clock_deadline_ms(PATIENCE_MS)));
        stream_close(&peer.stream);
        if (cut % 32 != 0) continue;
        /* Who comes after them is served, so they were accepted; more at once would be refused. */
        peer_open(&fixture, &peer);
        peer_send(&peer, &request);
        expect_true("still serves", peer_receive(&peer, &reply));
        stream_close(&peer.stream);
        expect_true("all ended", connections_become(0));
    }
    stop();
}

/* One that began a frame and says no more, one that sends and does not read, and one that idles. */
static void peers_that_stall(void)
{
    static struct peer slow, deaf, good;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const struct message_request request = fixture_request(&fixture, FRAME_STATUS, "a");
    static uint8_t memory[64];
    struct builder frame;
    builder_init(&frame, memory, sizeof memory);
    expect_ok("write", message_request_write(&request, &frame));
    peer_open(&fixture, &good);
    peer_send(&good, &request);
    expect_true("served", peer_receive(&good, &reply));
    peer_open(&fixture, &slow);
    const int64_t started_ms = clock_monotonic_ms();
    expect_ok("part", stream_write(&slow.stream, slice_part(builder_view(&frame), 0, 12),
                                   clock_deadline_ms(PATIENCE_MS)));
    peer_open(&fixture, &deaf);
    /* Far more answers than the kernel and the connection keep. */
    status sent = status_ok();
    while (status_is_ok(sent)) {
        sent = stream_write(&deaf.stream, builder_view(&frame), clock_deadline_ms(1000));
    }
    peer_send(&good, &request);
    expect_true("others are served", peer_receive(&good, &reply));
    expect_true("the slow one is ended", !peer_receive(&slow, &reply));
    expect_true("after its time", clock_monotonic_ms() - started_ms >= CONNECTION_FRAME_MS);
    expect_true("the deaf one too", connections_become(1));
    peer_send(&good, &request);
    expect_true("an idle connection stays", peer_receive(&good, &reply));
    stream_close(&slow.stream);
    stream_close(&deaf.stream);
    stream_close(&good.stream);
    stop();
}

static void connection_limit(void)
{
    static struct peer peers[SERVICE_CONNECTION_COUNT_MAX], more;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const struct message_request request = fixture_request(&fixture, FRAME_STATUS, "a");
    for (size_t i = 0; i < SERVICE_CONNECTION_COUNT_MAX; i++) {
        runner_row_at("connection", i);
        peer_open(&fixture, &peers[i]);
        peer_send(&peers[i], &request);
        expect_true("served", peer_receive(&peers[i], &reply));
    }
    runner_row(NULL);
    peer_open(&fixture, &more);
    expect_true("one too many is closed", !peer_receive(&more, &reply));
    stream_close(&more.stream);
    stream_close(&peers[0].stream);
    expect_true("one less", connections_become(SERVICE_CONNECTION_COUNT_MAX - 1));
    peer_open(&fixture, &more);
    peer_send(&more, &request);
    expect_true("room again", peer_receive(&more, &reply));
    stream_close(&more.stream);
    for (size_t i = 1; i < SERVICE_CONNECTION_COUNT_MAX; i++) stream_close(&peers[i].stream);
    stop();
}

static void peer_gone_while_kms_is_silent(void)
{
    static struct peer peer;
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    const struct message_request request = peer_sign_request(&fixture, "a", record, 1);
    atomic_store(&fixture.keys.is_silent, true);
    peer_open(&fixture, &peer);
    peer_send(&peer, &request);
    while (atomic_load(&fixture.keys.waiting_count) == 0) peer_pause_ms(1);
    stream_close(&peer.stream);
    peer_pause_ms(20);
    atomic_store(&fixture.keys.is_silent, false);
    peer_open(&fixture, &peer);
    peer_send(&peer, &request);
    expect_true("served", peer_receive(&peer, &reply));
    expect_u64("signed", reply.kind, 0);
    stream_close(&peer.stream);
    stop();
}

/* The key that must be nowhere, each byte changed so that this copy is not found. */
enum { MASK = 0x5a };

static void key_masked(slice record, uint8_t masked[32])
{
    SCOPED(data_key_wipe) struct data_key data_key = {0};
    SCOPED(secret32_wipe) struct secret32 private_key = {0}, key = {0};
    struct record read;
    expect_ok("read", record_read(record, &read));
    key = fixture_key(slice_text(FIXTURE_ARN), read.edk);
    data_key_init(&data_key, &key);
    expect_ok("unseal", seal_open(&read, &fixture.worker.signer.tools, &data_key, &private_key));
    for (size_t i = 0; i < sizeof private_key.bytes; i++) {
        masked[i] = private_key.bytes[i] ^ MASK;
    }
}

/* What is read into this buffer is no finding; it comes back when the buffer itself is read. */
static uint8_t chunk[1 << 20];

static size_t find_masked(unsigned long address, size_t size, const uint8_t masked[32])
{
    const uint8_t *bytes = chunk;
    size_t count = 0;
    for (size_t at = 0; at + 32 <= size; at++) {
        const unsigned long from_chunk = address + at - (uintptr_t)chunk;
        if (from_chunk < sizeof chunk) continue;
        size_t same = 0;
        while (same < 32 && bytes[at + same] == (masked[same] ^ MASK)) same++;
        count += same == 32;
    }
    return count;
}

/* Takes the hex number at the front of a line of /proc/self/maps, and the character after it. */
static unsigned long address_take(const char **text)
{
    unsigned long address = 0;
    for (;;) {
        const char c = *(*text)++;
        if (c >= '0' && c <= '9') {
            address = address << 4 | (unsigned long)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            address = address << 4 | (unsigned long)(c - 'a' + 10);
        } else {
            return address;
        }
    }
}

/* How often the key occurs in this process's writable memory, read as a debugger would. */
static size_t process_search(const uint8_t masked[32], size_t *searched_size)
{
    char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    while (maps && memory >= 0 && fgets(line, sizeof line, maps)) {
        const char *rest = line;
        const unsigned long first = address_take(&rest);
        const unsigned long last = address_take(&rest);
        if (rest[0] != 'r' || rest[1] != 'w') continue;
        /* Only a sanitizer's own tables are that large. */
        if (last - first > 1UL << 30) continue;
        for (unsigned long at = first; at < last; at += sizeof chunk - 31) {
            const size_t wanted = last - at < sizeof chunk ? last - at : sizeof chunk;
            const ssize_t got = pread(memory, chunk, wanted, (off_t)at);
            if (got <= 0) break;
            *searched_size += (size_t)got;
            count += find_masked(at, (size_t)got, masked);
        }
    }
    if (maps) fclose(maps);
    if (memory >= 0) close(memory);
    memset(chunk, 0, sizeof chunk);
    return count;
}

static void no_account_key_stays_in_memory(void)
{
    static struct peer peer;
    struct message_reply reply;
    uint8_t masked[32], record[2048];
    size_t searched_size = 0;
    start(&(struct fixture_options){0});
    peer_open(&fixture, &peer);
    struct message_request request = fixture_request(&fixture, FRAME_CREATE, "a");
    peer_send(&peer, &request);
    expect_true("created", peer_receive(&peer, &reply));
    const size_t record_size = reply.record.size;
    memcpy(record, reply.record.bytes, record_size);
    for (uint64_t i = 0; i < 20; i++) {
        request = peer_sign_request(&fixture, "a", slice_of(record, record_size), i);
        peer_send(&peer, &request);
        expect_true("signed", peer_receive(&peer, &reply));
    }
    key_masked(slice_of(record, record_size), masked);
    expect_u64("found", process_search(masked, &searched_size), 0);
    expect_true("much was searched", searched_size > 1 << 20);
    /* The search finds what is there. */
    static volatile uint8_t planted[32];
    for (size_t i = 0; i < sizeof planted; i++) planted[i] = masked[i] ^ MASK;
    expect_true("a planted key is found", process_search(masked, &searched_size) > 0);
    stream_close(&peer.stream);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"pipelined requests", pipelined_requests},
        {"create over the wire", create_over_the_wire},
        {"warm while KMS is silent", warm_while_kms_is_silent},
        {"full queue", full_queue},
        {"bad frame ends the connection", bad_frame_ends_the_connection},
        {"frames cut at every byte", frames_cut_at_every_byte},
        {"peers that stall", peers_that_stall},
        {"connection limit", connection_limit},
        {"peer gone while KMS is silent", peer_gone_while_kms_is_silent},
        {"no account key stays in memory", no_account_key_stays_in_memory},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
