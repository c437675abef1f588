/*
 * enclave_bench: what the enclave adds to the curve's own work.
 *
 * A child process serves on one core, over a Unix socket, with one worker; this process sends it
 * warm SIGN_MESSAGE requests, many at a time, from another core if there is one. On the same core,
 * in turns with it, a bare loop does the curve's part of it: signs twice, signs and recovers, or
 * only signs. What is compared is the time per operation, best round of each, since other programs
 * may use the cores too. KMS is a function here: it takes no part in warm requests.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "enclave/server.h"
#include "eth/eip191.h"
#include "fixture.h"

enum {
    ROUNDS = 7,
    ROUND_COUNT = 4000, /* operations in one round */
    WINDOW = 64,        /* requests on their way at a time */
    TOKEN_SIZE = 1000,  /* of a usual session token */
};

static struct fixture fixture;
static struct server server;

static int64_t clock_ns(clockid_t id)
{
    struct timespec time;
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pin(size_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Nanoseconds of an operation, by the wall and of the core. */
struct result {
    double wall_ns, cpu_ns;
};

static void keep_best(struct result *best, struct result result)
{
    if (result.wall_ns < best->wall_ns) best->wall_ns = result.wall_ns;
    if (result.cpu_ns < best->cpu_ns) best->cpu_ns = result.cpu_ns;
}

/* The curve's part of a request: digests that differ are signed, and the signature verified. */
static struct result bare_round(enum signer_verification verification)
{
    struct secret32 key = {{1, 2, 3}};
    hash32 digest = {{0}};
    k256_signature signature, again;
    k256_public_key public_key;
    const int64_t wall_ns = clock_ns(CLOCK_MONOTONIC);
    const int64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (uint32_t i = 0; i < ROUND_COUNT; i++) {
        memcpy(digest.bytes, &i, sizeof i);
        expect_ok("sign", k256_sign(&fixture.curve, &key, digest, &signature));
        if (verification == SIGNER_TWICE) {
            expect_ok("again", k256_sign_again(&fixture.curve, &key, digest, &again));
        } else if (verification == SIGNER_RECOVER) {
            expect_ok("recover", k256_recover(&fixture.curve, &signature, digest, &public_key));
        }
    }
    return (struct result){
        .wall_ns = (double)(clock_ns(CLOCK_MONOTONIC) - wall_ns) / (double)ROUND_COUNT,
        .cpu_ns = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns) / (double)ROUND_COUNT,
    };
}

static _Noreturn void serve(int ready)
{
    pin(0);
    expect_ok("server", server_open(&fixture.service, &server));
    (void)!write(ready, "r", 1);
    for (;;) pause();
}

/* Requests out, replies in, a window of them on their way. */
struct client {
    struct stream stream;
    uint8_t request[8192];
    size_t request_size;
    uint8_t batch[WINDOW * 4096];
    uint8_t input[FRAME_SIZE_MAX];
    size_t input_size;
};

static void send_some(struct client *client, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(client->batch + i * client->request_size, client->request, client->request_size);
    }
    expect_ok("send",
              stream_write(&client->stream, slice_of(client->batch, count * client->request_size),
                           clock_deadline_ms(10000)));
}

static size_t receive_some(struct client *client)
{
    size_t got = 0, count = 0;
    expect_ok("receive", stream_read(&client->stream, client->input + client->input_size,
                                     sizeof client->input - client->input_size,
                                     clock_deadline_ms(10000), &got));
    slice arrived = slice_of(client->input, client->input_size + got);
    for (bool is_whole = true; is_whole;) {
        struct frame frame;
        struct message_reply reply;
        expect_ok("frame", frame_take(&arrived, &frame, &is_whole));
        if (!is_whole) break;
        if (!expect_ok("reply", message_reply_read(&frame, &reply)) ||
            !expect_u64("signed", reply.kind, 0)) {
            exit(EXIT_FAILURE);
        }
        count++;
    }
    memmove(client->input, arrived.bytes, arrived.size);
    client->input_size = arrived.size;
    if (got == 0) exit(EXIT_FAILURE);
    return count;
}

static void pipelined(struct client *client, size_t total)
{
    size_t sent = WINDOW < total ? WINDOW : total, received = 0, owed = 0;
    send_some(client, sent);
    while (received < total) {
        const size_t count = receive_some(client);
        received += count;
        owed += count;
        if (owed > total - sent) owed = total - sent;
        if (owed < WINDOW / 4 && sent + owed < total) continue;
        if (owed > 0) send_some(client, owed);
        sent += owed;
        owed = 0;
    }
}

static struct result enclave_round(struct client *client, clockid_t child_clock)
{
    const int64_t wall_ns = clock_ns(CLOCK_MONOTONIC), cpu_ns = clock_ns(child_clock);
    pipelined(client, ROUND_COUNT);
    return (struct result){
        .wall_ns = (double)(clock_ns(CLOCK_MONOTONIC) - wall_ns) / (double)ROUND_COUNT,
        .cpu_ns = (double)(clock_ns(child_clock) - cpu_ns) / (double)ROUND_COUNT,
    };
}

static void request_prepare(struct client *client)
{
    static struct message_credentials credentials;
    static uint8_t section_memory[MESSAGE_CREDENTIALS_SIZE_MAX], token[TOKEN_SIZE];
    struct builder section, frame;
    memset(token, 't', sizeof token);
    expect_ok("id",
              secret_text_read(slice_text("ASIAIOSFODNN7EXAMPLE"), &credentials.access_key_id));
    expect_ok("secret", secret_text_read(slice_of(token, 40), &credentials.secret_access_key));
    expect_ok("token", secret_text_read(slice_of(token, sizeof token), &credentials.session_token));
    builder_init(&section, section_memory, sizeof section_memory);
    expect_ok("section", message_credentials_put(&credentials, &section));
    struct message_request request = fixture_request(&fixture, FRAME_SIGN_MESSAGE, "bench");
    request.record = fixture_create(&fixture, "bench", NULL);
    request.credentials = builder_view(&section);
    request.body = slice_text("a message of thirty-two letters.");
    builder_init(&frame, client->request, sizeof client->request);
    expect_ok("request", message_request_write(&request, &frame));
    client->request_size = frame.size;
}

static long status_kb(pid_t child, const char *name)
{
    char path[64], line[256];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) != 0) continue;
        for (const char *c = line; *c; c++) {
            if (*c >= '0' && *c <= '9') value = value * 10 + (*c - '0');
        }
    }
    if (file) fclose(file);
    return value;
}

static void compare(enum signer_verification verification)
{
    static const char *const names[] = {[SIGNER_TWICE] = "sign twice",
                                        [SIGNER_RECOVER] = "sign and recover",
                                        [SIGNER_OFF] = "sign"};
    static struct client client;
    int ready[2];
    char byte;
    clockid_t child_clock;
    struct result bare = {1e12, 1e12}, best = {1e12, 1e12};
    memset(&client, 0, sizeof client);
    fixture_open(&(struct fixture_options){.workers = 1, .verification = verification}, &fixture);
    request_prepare(&client);
    if (pipe(ready) != 0) exit(EXIT_FAILURE);
    const pid_t child = fork();
    if (child == 0) serve(ready[1]);
    if (read(ready[0], &byte, 1) != 1) exit(EXIT_FAILURE);
    clock_getcpuclockid(child, &child_clock);
    expect_ok("dial",
              endpoint_dial(&fixture.config.listen, clock_deadline_ms(2000), &client.stream));
    pipelined(&client, 100);
    for (int i = 0; i < ROUNDS; i++) {
        pin(0);
        keep_best(&bare, bare_round(verification));
        pin(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0);
        keep_best(&best, enclave_round(&client, child_clock));
    }
    printf("%-16s %9.0f ns %9.0f ns %9.0f ns %8.0f /s %9.1f %% %9.1f %% %7ld KiB\n",
           names[verification], bare.wall_ns, best.wall_ns, best.cpu_ns, 1e9 / best.wall_ns,
           100 * bare.wall_ns / best.wall_ns, 100 * bare.cpu_ns / best.cpu_ns,
           status_kb(child, "VmHWM:"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    unlink(fixture_path());
    stream_close(&client.stream);
    close(ready[0]);
    close(ready[1]);
    fixture_close(&fixture);
}

int main(void)
{
    printf("%-16s %12s %12s %12s %11s %11s %11s %11s\n", "enclave alone", "bare loop", "a request",
           "its CPU", "requests", "of bare", "CPU of bare", "memory");
    compare(SIGNER_TWICE);
    compare(SIGNER_RECOVER);
    compare(SIGNER_OFF);
    return EXIT_SUCCESS;
}
