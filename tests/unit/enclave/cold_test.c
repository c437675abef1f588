#include "enclave/cold.h"

#include <string.h>

#include "enclave/server.h"
#include "os/clock.h"
#include "peer.h"

static struct fixture fixture;
static struct server server;
static struct peer peers[4];

static void start(const struct fixture_options *options)
{
    fixture_open(options, &fixture);
    expect_ok("server", server_open(&fixture.service, &server));
    for (size_t i = 0; i < ARRAY_COUNT(peers); i++) peer_open(&fixture, &peers[i]);
}

static void stop(void)
{
    atomic_store(&fixture.keys.is_silent, false);
    for (size_t i = 0; i < ARRAY_COUNT(peers); i++) stream_close(&peers[i].stream);
    server_close(&server);
    expect_u64("nothing waits", atomic_load(&fixture.statistics.waiting), 0);
    expect_u64("nothing is queued", atomic_load(&fixture.statistics.queue_waiting), 0);
    fixture_close(&fixture);
}

static void wait_until(const _Atomic uint64_t *counter, uint64_t count)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (atomic_load(counter) < count && clock_monotonic_ms() < deadline_ms) peer_pause_ms(1);
    expect_true("it came so far", atomic_load(counter) >= count);
}

static slice edk_of(slice record)
{
    struct record read = {0};
    expect_ok("record", record_read(record, &read));
    return read.edk;
}

/* Asks from all peers in turn, `count` times. */
static void ask(const char *name, slice record, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct message_request request = peer_sign_request(&fixture, name, record, i);
        peer_send(&peers[i % ARRAY_COUNT(peers)], &request);
    }
}

/* Takes `count` answers, from all peers in turn, which must all be of this kind. */
static void take(size_t count, uint64_t kind, const char *sentence)
{
    for (size_t i = 0; i < count; i++) {
        struct message_reply reply;
        runner_row_at("answer", i);
        if (!expect_true("came", peer_receive(&peers[i % ARRAY_COUNT(peers)], &reply))) return;
        expect_u64("kind", reply.kind, kind);
        if (sentence) expect_text("sentence", reply.sentence, sentence);
    }
    runner_row(NULL);
}

/* A hot account's key expires: all who ask wait for one call, and none is refused. */
static void many_clients_on_one_key(void)
{
    enum { CLIENTS = 400 };
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "hot", NULL);
    ask("hot", record, 4);
    take(4, 0, NULL);
    service_forget(&fixture.service);
    atomic_store(&fixture.keys.is_silent, true);
    ask("hot", record, CLIENTS);
    wait_until(&fixture.statistics.waiting, CLIENTS);
    atomic_store(&fixture.keys.is_silent, false);
    take(CLIENTS, 0, NULL);
    expect_u64("one call for them", atomic_load(&fixture.keys.decrypt_count), 2);
    stop();
}

/* Five times as many wait for one slow key as there are threads; another cold account does not. */
static void one_slow_key(void)
{
    enum { WAITERS = 20 };
    start(&(struct fixture_options){.kms_workers = 4});
    const slice slow = fixture_create(&fixture, "slow", NULL);
    const slice other = fixture_create(&fixture, "other", NULL);
    struct message_reply reply;
    fixture.keys.silent_edk = edk_of(slow).bytes;
    atomic_store(&fixture.keys.is_silent, true);
    ask("slow", slow, WAITERS);
    wait_until(&fixture.statistics.waiting, WAITERS);
    struct message_request request = peer_sign_request(&fixture, "other", other, 1000);
    peer_send(&peers[0], &request);
    expect_true("served", peer_receive(&peers[0], &reply));
    expect_u64("the other one", reply.req_id, 1000);
    expect_u64("signed", reply.kind, 0);
    request = fixture_request(&fixture, FRAME_CREATE, "new");
    peer_send(&peers[0], &request);
    expect_true("served", peer_receive(&peers[0], &reply));
    expect_true("created", reply.kind == 0 && reply.record.size > 0);
    atomic_store(&fixture.keys.is_silent, false);
    take(WAITERS, 0, NULL);
    stop();
}

static status denied(void)
{
    FAIL(DENIED, 400, "kms: the account is not allowed");
}

static void one_failure_for_all(void)
{
    enum { WAITERS = 200 };
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    fixture.keys.late_failure = denied();
    atomic_store(&fixture.keys.is_silent, true);
    ask("a", record, WAITERS);
    wait_until(&fixture.statistics.waiting, WAITERS);
    atomic_store(&fixture.keys.is_silent, false);
    take(WAITERS, FAILURE_DENIED, "kms: the account is not allowed");
    expect_u64("one call", atomic_load(&fixture.keys.decrypt_count), 1);
    expect_u64("one failure", atomic_load(&fixture.statistics.fetch_failures), 1);
    stop();
}

/* Its key has expired, KMS is slow, and one of those who wait goes away. */
static void waiters_that_leave(void)
{
    enum { WAITERS = 40 };
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    ask("a", record, 4);
    take(4, 0, NULL);
    service_forget(&fixture.service);
    atomic_store(&fixture.keys.is_silent, true);
    ask("a", record, WAITERS);
    wait_until(&fixture.statistics.waiting, WAITERS);
    stream_close(&peers[1].stream);
    /* A newcomer in the place of who left must not get what was meant for that one. */
    while (atomic_load(&fixture.statistics.connections) != 3) peer_pause_ms(1);
    peer_open(&fixture, &peers[1]);
    while (atomic_load(&fixture.statistics.connections) != 4) peer_pause_ms(1);
    atomic_store(&fixture.keys.is_silent, false);
    for (size_t i = 0; i < WAITERS; i++) {
        struct message_reply reply;
        if (i % 4 == 1) continue;
        expect_true("came", peer_receive(&peers[i % 4], &reply));
        expect_u64("signed", reply.kind, 0);
    }
    const struct message_request request = peer_sign_request(&fixture, "a", record, 777);
    struct message_reply reply;
    peer_send(&peers[1], &request);
    expect_true("answered", peer_receive(&peers[1], &reply));
    expect_u64("its own answer first", reply.req_id, 777);
    stop();
}

/* Twenty accounts in a cache of one: each is served, however often another takes its place. */
static void more_accounts_than_fit(void)
{
    enum { ACCOUNTS = 20, EACH = 20 };
    static slice records[ACCOUNTS];
    start(&(struct fixture_options){.cache_entries = 1});
    char name[] = "account-a";
    for (size_t i = 0; i < ACCOUNTS; i++) {
        name[8] = (char)('a' + i);
        records[i] = fixture_create(&fixture, name, NULL);
    }
    for (size_t k = 0; k < EACH; k++) {
        for (size_t i = 0; i < ACCOUNTS; i++) {
            name[8] = (char)('a' + i);
            ask(name, records[i], 4);
        }
    }
    take(4 * ACCOUNTS * EACH, 0, NULL);
    stop();
}

static struct data_keys_entry *the_entry(void)
{
    for (size_t i = 0; i < fixture.service.cache.count_max; i++) {
        if (fixture.service.cache.entries[i].is_used) return &fixture.service.cache.entries[i];
    }
    return NULL;
}

/* With the lock, since renewals run meanwhile. */
static int64_t expiry(void)
{
    pthread_mutex_lock(&fixture.service.mutex);
    const struct data_keys_entry *entry = the_entry();
    const int64_t expires_at_ms = entry ? entry->expires_at_ms : 0;
    pthread_mutex_unlock(&fixture.service.mutex);
    return expires_at_ms;
}

static void grow_old(void)
{
    pthread_mutex_lock(&fixture.service.mutex);
    struct data_keys_entry *entry = the_entry();
    if (expect_true("cached", entry != NULL)) {
        entry->ages_at_ms = 0;
        entry->expires_at_ms = clock_deadline_ms(PATIENCE_MS);
    }
    pthread_mutex_unlock(&fixture.service.mutex);
}

/* An ageing key serves on while a new one is fetched, once, with credentials that came along. */
static void renewal(void)
{
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    ask("a", record, 4);
    take(4, 0, NULL);
    grow_old();
    const int64_t old_ms = expiry();
    atomic_store(&fixture.keys.is_silent, true);
    struct message_request request = peer_sign_request(&fixture, "a", record, 5);
    request.credentials = (slice){0};
    peer_send(&peers[0], &request);
    expect_true("warm needs no credentials", peer_receive(&peers[0], &reply));
    expect_u64("signed", reply.kind, 0);
    expect_u64("and renews nothing", atomic_load(&fixture.statistics.renewals), 0);
    grow_old();
    ask("a", record, 40);
    take(40, 0, NULL);
    expect_u64("one renewal", atomic_load(&fixture.statistics.renewals), 1);
    expect_true("not done yet", expiry() <= old_ms + PATIENCE_MS);
    atomic_store(&fixture.keys.is_silent, false);
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (expiry() < old_ms + PATIENCE_MS && clock_monotonic_ms() < deadline_ms) peer_pause_ms(1);
    expect_true("lives anew", expiry() > old_ms + PATIENCE_MS);
    expect_u64("two calls in all", atomic_load(&fixture.keys.decrypt_count), 2);
    stop();
}

static void without_credentials(void)
{
    struct message_reply reply;
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    struct message_request bare = peer_sign_request(&fixture, "a", record, 1);
    bare.credentials = (slice){0};
    peer_send(&peers[0], &bare);
    expect_true("answered", peer_receive(&peers[0], &reply));
    expect_u64("kind", reply.kind, FAILURE_UNAVAILABLE);
    expect_text("sentence", reply.sentence,
                "enclave: credentials are needed: the data key has to be fetched");
    expect_u64("reason", reply.reason, CALL_REASON_CREDENTIALS_NEEDED);
    expect_u64("nobody was asked", atomic_load(&fixture.keys.decrypt_count), 0);
    atomic_store(&fixture.keys.is_silent, true);
    ask("a", record, 1);
    wait_until(&fixture.statistics.waiting, 1);
    bare.req_id = 2;
    peer_send(&peers[1], &bare);
    wait_until(&fixture.statistics.waiting, 2);
    atomic_store(&fixture.keys.is_silent, false);
    expect_true("waits with another's", peer_receive(&peers[1], &reply));
    expect_u64("signed", reply.kind, 0);
    take(1, 0, NULL);
    stop();
}

/* The time that the requester has travels with the request: he hears of a silent KMS before. */
static void time_left(void)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    uint8_t left[CALL_LEFT_MS_SIZE];
    struct message_reply reply;
    struct builder written;
    start(&(struct fixture_options){0});
    const slice record = fixture_create(&fixture, "a", NULL);
    const struct message_request request = peer_sign_request(&fixture, "a", record, 9);
    struct frame frame;
    bool is_whole = false;
    builder_init(&written, memory, sizeof memory);
    expect_ok("write", message_request_write(&request, &written));
    slice bytes = builder_view(&written);
    expect_ok("frame", frame_take(&bytes, &frame, &is_whole));
    call_put_left_ms(&frame, 600, left);
    builder_init(&written, fixture.reply_memory, sizeof fixture.reply_memory);
    expect_ok("write", frame_write(&frame, &written));
    atomic_store(&fixture.keys.is_silent, true);
    expect_ok("send", stream_write(&peers[0].stream, builder_view(&written),
                                   clock_deadline_ms(PATIENCE_MS)));
    expect_true("told, though KMS is silent", peer_receive(&peers[0], &reply));
    expect_u64("kind", reply.kind, FAILURE_UNAVAILABLE);
    stop();
}

/* ---- deadlines: without a server, with answers into an array ---- */

static struct {
    _Atomic uint64_t count;
    uint64_t req_ids[8], kinds[8];
    char sentence[128];
} answers;
static struct blocks blocks;
static struct cold cold;

static void answered(void *context, struct cold_origin origin, struct block *block)
{
    struct frame frame;
    struct message_reply reply = {0};
    bool is_whole = false;
    slice bytes = block_view(block);
    (void)context;
    (void)origin;
    expect_ok("frame", frame_take(&bytes, &frame, &is_whole));
    expect_ok("reply", message_reply_read(&frame, &reply));
    const uint64_t index = atomic_load(&answers.count);
    answers.req_ids[index] = reply.req_id;
    answers.kinds[index] = reply.kind;
    if (reply.sentence.size > 0 && reply.sentence.size < sizeof answers.sentence) {
        memcpy(answers.sentence, reply.sentence.bytes, reply.sentence.size);
        answers.sentence[reply.sentence.size] = '\0';
    }
    blocks_give(&blocks, block);
    atomic_fetch_add(&answers.count, 1);
}

static void submit(slice record, uint64_t req_id, int64_t deadline_ms)
{
    static uint8_t memory[FRAME_SIZE_MAX];
    const struct message_request request = peer_sign_request(&fixture, "a", record, req_id);
    struct builder written, reply;
    uint8_t reply_memory[1024];
    struct frame frame;
    struct service_need need;
    bool is_whole = false, is_there = false;
    builder_init(&written, memory, sizeof memory);
    builder_init(&reply, reply_memory, sizeof reply_memory);
    expect_ok("write", message_request_write(&request, &written));
    slice bytes = builder_view(&written);
    expect_ok("frame", frame_take(&bytes, &frame, &is_whole));
    arena_empty(&fixture.arena);
    expect_u64("cold", service_serve(&fixture.worker, &frame, &fixture.arena, &reply, &need),
               SERVICE_WAITS);
    const struct cold_request asked = {
        .bytes = builder_view(&written),
        .frame = &frame,
        .need = &need,
        .deadline_ms = deadline_ms,
    };
    expect_ok("submit", cold_submit(&cold, &asked, &is_there));
}

/* Who has little time is told when it is over; who has more of it gets the same call's key. */
static void deadlines_of_their_own(void)
{
    memset(&answers, 0, sizeof answers);
    fixture_open(&(struct fixture_options){0}, &fixture);
    const struct cold_settings settings = {&fixture.service, &blocks, answered, NULL};
    expect_ok("blocks", blocks_open(&blocks));
    expect_ok("cold", cold_open(&settings, &cold));
    const slice record = fixture_create(&fixture, "a", NULL);
    const int64_t now_ms = clock_monotonic_ms();
    const int64_t short_ms = now_ms + COLD_MARGIN_MS + 50, long_ms = now_ms + PATIENCE_MS;
    atomic_store(&fixture.keys.is_silent, true);
    submit(record, 1, short_ms);
    submit(record, 2, long_ms);
    cold_expire(&cold, short_ms - 1);
    expect_u64("not yet", atomic_load(&answers.count), 0);
    cold_expire(&cold, short_ms);
    expect_u64("one", atomic_load(&answers.count), 1);
    expect_u64("the one in a hurry", answers.req_ids[0], 1);
    expect_u64("kind", answers.kinds[0], FAILURE_UNAVAILABLE);
    expect_text("sentence", slice_text(answers.sentence),
                "enclave: KMS or the security module has not answered in time");
    /* The first call's time runs out, and it is made again for who is left. */
    if (atomic_load(&fixture.keys.decrypt_count) == 1) peer_pause_ms(100);
    atomic_store(&fixture.keys.is_silent, false);
    wait_until(&answers.count, 2);
    expect_u64("the patient one", answers.req_ids[1], 2);
    expect_u64("signed", answers.kinds[1], 0);
    cold_close(&cold);
    blocks_close(&blocks);
    fixture_close(&fixture);
}

/* When nobody has more time than the call, its own sentence is what is told, before the deadline. */
static void the_calls_sentence_comes_first(void)
{
    memset(&answers, 0, sizeof answers);
    fixture_open(&(struct fixture_options){0}, &fixture);
    const struct cold_settings settings = {&fixture.service, &blocks, answered, NULL};
    expect_ok("blocks", blocks_open(&blocks));
    expect_ok("cold", cold_open(&settings, &cold));
    const slice record = fixture_create(&fixture, "a", NULL);
    atomic_store(&fixture.keys.is_silent, true);
    submit(record, 1, clock_deadline_ms(COLD_MARGIN_MS + 50));
    wait_until(&answers.count, 1);
    expect_text("sentence", slice_text(answers.sentence), "fake: silence until the deadline");
    cold_close(&cold);
    blocks_close(&blocks);
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"many clients on one key", many_clients_on_one_key},
        {"one slow key", one_slow_key},
        {"one failure for all", one_failure_for_all},
        {"waiters that leave", waiters_that_leave},
        {"more accounts than fit", more_accounts_than_fit},
        {"renewal", renewal},
        {"without credentials", without_credentials},
        {"time left", time_left},
        {"deadlines of their own", deadlines_of_their_own},
        {"the call's sentence comes first", the_calls_sentence_comes_first},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
