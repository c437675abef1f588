/* The program itself, as a process with real sockets. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "os/harden.h"
#include "runner.h"

enum { PATIENCE_MS = 20000, FLAG_COUNT_MAX = 10, IDLE_COUNT = 1000 };

struct program {
    pid_t pid;
    char log_path[64];
    char socket_path[64];
    struct listener upstream; /* where it forwards to */
    endpoint at;              /* where it listens */
};

static endpoint parsed(const char *text)
{
    endpoint target = {0};
    expect_ok(text, endpoint_parse(slice_text(text), &target));
    return target;
}

/* Starts the program with these flags; its log goes to a file. */
static void spawn(struct program *program, char *const *flags)
{
    char *arguments[FLAG_COUNT_MAX + 2] = {"enw-proxy"};
    for (size_t i = 0; i < FLAG_COUNT_MAX && flags[i]; i++) arguments[i + 1] = flags[i];
    fflush(NULL);
    program->pid = fork();
    if (program->pid == 0) {
        const int log = open(program->log_path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
        dup2(log, STDERR_FILENO);
        execv(PROXY_PROGRAM, arguments);
        _exit(127);
    }
}

static slice log_of(const struct program *program)
{
    return runner_file(program->log_path);
}

static size_t log_count(const struct program *program, const char *text)
{
    const slice log = log_of(program);
    size_t count = 0;
    for (size_t i = 0; i < log.size; i++) {
        if (slice_has_start(slice_part(log, i, log.size), slice_text(text))) count++;
    }
    return count;
}

static bool log_wait(const struct program *program, const char *text)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (clock_left_ms(deadline_ms, 1) > 0) {
        if (access(program->log_path, R_OK) == 0 && log_count(program, text) > 0) return true;
        usleep(5000);
    }
    return expect_true(text, false);
}

/*
 * A proxy from a Unix socket to a listener of ours, which it knows as "up.test:443". `more` are
 * further flags.
 */
static void program_start(struct program *program, char *const *more)
{
    static char listener[128], pin[128];
    static unsigned run_count;
    *program = (struct program){0};
    run_count++;
    snprintf(program->log_path, sizeof program->log_path, "/tmp/enw-proxy-test-%d-%u.log", getpid(),
             run_count);
    snprintf(program->socket_path, sizeof program->socket_path, "/tmp/enw-proxy-test-%d-%u.sock",
             getpid(), run_count);
    const endpoint upstream = parsed("tcp:127.0.0.1:0");
    expect_ok("upstream", listener_open(&upstream, &program->upstream));
    snprintf(listener, sizeof listener, "--listener=unix:%s=up.test:443", program->socket_path);
    program->at = parsed("unix:/x");
    memcpy(program->at.path, program->socket_path, sizeof program->socket_path);
    snprintf(pin, sizeof pin, "--resolve=up.test:443=tcp:127.0.0.1:%u",
             program->upstream.bound.port);
    char *flags[FLAG_COUNT_MAX] = {listener, "--allow=up.test:443", pin};
    for (size_t i = 0; more && more[i]; i++) flags[i + 3] = more[i];
    spawn(program, flags);
    log_wait(program, "\"started\"");
}

static int program_wait(struct program *program)
{
    int outcome = 0;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (waitpid(program->pid, &outcome, WNOHANG) == 0) {
        if (clock_left_ms(deadline_ms, 1) == 0) {
            expect_true("ended in time", false);
            kill(program->pid, SIGKILL);
            waitpid(program->pid, &outcome, 0);
            break;
        }
        usleep(5000);
    }
    program->pid = 0;
    return WIFEXITED(outcome) ? WEXITSTATUS(outcome) : 1000 + WTERMSIG(outcome);
}

static void program_stop(struct program *program)
{
    if (program->pid > 0) {
        kill(program->pid, SIGTERM);
        expect_u64("exit code", (uint64_t)program_wait(program), 0);
    }
    listener_close(&program->upstream);
    unlink(program->log_path);
    unlink(program->socket_path);
}

/* One connection through the proxy: both its ends. */
struct link {
    struct stream client, server;
};

static bool link_open(struct program *program, struct link *link)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    *link = (struct link){0};
    return expect_ok("dial", endpoint_dial(&program->at, deadline_ms, &link->client)) &&
           expect_ok("accept", listener_accept(&program->upstream, deadline_ms, &link->server));
}

static void link_close(struct link *link)
{
    stream_close(&link->client);
    stream_close(&link->server);
}

static void expect_passes(struct stream *from, struct stream *to, const char *text)
{
    uint8_t got[64] = {0};
    const size_t size = strlen(text);
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    expect_ok("write", stream_write(from, slice_text(text), deadline_ms));
    expect_ok("read", stream_read_all(to, got, size, deadline_ms));
    expect_text("bytes", slice_of(got, size), text);
}

/* The stream ends, or breaks, without a byte. */
static void expect_ends(struct stream *stream)
{
    uint8_t byte;
    size_t size = 0;
    const status got = stream_read(stream, &byte, 1, clock_deadline_ms(PATIENCE_MS), &size);
    expect_true("ends", !stream_is_late(got) && size == 0);
}

static void forwards(void)
{
    struct program program;
    struct link link;
    program_start(&program, NULL);
    link_open(&program, &link);
    expect_passes(&link.client, &link.server, "question");
    expect_passes(&link.server, &link.client, "answer");
    expect_ok("half close", stream_shut_write(&link.client, 0));
    expect_ends(&link.server);
    expect_passes(&link.server, &link.client, "late answer");
    link_close(&link);
    log_wait(&program, "\"connection_ended\"");
    expect_u64("sent", log_count(&program, "\"sent_size\":8,\"received_size\":17"), 1);
    expect_u64("says loudly where it leads",
               log_count(&program, "\"level\":\"warn\",\"program\":\"enw-proxy\","
                                   "\"event\":\"destination_pinned\""),
               1);
    program_stop(&program);
}

static bool status_has(pid_t pid, const char *line)
{
    char path[64], text[4096] = {0};
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    const int file = open(path, O_RDONLY);
    const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    return size > 0 && strstr(text, line) != NULL;
}

static void is_hardened(void)
{
    struct program program;
    program_start(&program, NULL);
    expect_true("no new privileges", status_has(program.pid, "NoNewPrivs:\t1\n"));
    if (harden_has_filter()) expect_true("filter", status_has(program.pid, "Seccomp:\t2\n"));
    program_stop(&program);
}

static void cap(void)
{
    struct program program;
    struct link links[3];
    struct stream refused = {0};
    program_start(&program, (char *[]){"--connections-max=2", NULL});
    link_open(&program, &links[0]);
    link_open(&program, &links[1]);
    for (uint64_t i = 0; i < 3; i++) {
        expect_ok("dial", endpoint_dial(&program.at, clock_deadline_ms(PATIENCE_MS), &refused));
        expect_ends(&refused);
        stream_close(&refused);
    }
    expect_true("upstream saw none of it",
                stream_is_late(listener_accept(&program.upstream, 0, &refused)));
    log_wait(&program, "\"refused_count\":3");
    expect_u64("each logged", log_count(&program, "\"connection_refused_at_cap\""), 3);
    expect_passes(&links[0].client, &links[0].server, "the others live");
    link_close(&links[1]);
    log_wait(&program, "\"connection_ended\"");
    link_open(&program, &links[2]);
    expect_passes(&links[2].client, &links[2].server, "room again");
    link_close(&links[0]);
    link_close(&links[2]);
    program_stop(&program);
}

/* Neither a name that does not exist nor a dead destination ends the program or another's traffic. */
static void failures_are_survived(void)
{
    struct program program;
    struct link link;
    struct stream lost = {0};
    char nowhere[64], dead[64];
    snprintf(nowhere, sizeof nowhere, "/tmp/enw-proxy-test-%d-nowhere", getpid());
    snprintf(dead, sizeof dead, "/tmp/enw-proxy-test-%d-dead", getpid());
    char nowhere_flag[256], dead_flag[256];
    snprintf(nowhere_flag, sizeof nowhere_flag, "--listener=unix:%s=nowhere.invalid:443", nowhere);
    snprintf(dead_flag, sizeof dead_flag, "--listener=unix:%s=127.0.0.1:1", dead);
    program_start(&program, (char *[]){nowhere_flag, dead_flag, "--allow=nowhere.invalid:443",
                                       "--allow=127.0.0.1:1", "--connect-ms=1000", NULL});
    link_open(&program, &link);
    const char *const paths[] = {nowhere, dead};
    for (size_t i = 0; i < 6; i++) {
        endpoint at = program.at;
        snprintf(at.path, sizeof at.path, "%s", paths[i % 2]);
        runner_row(paths[i % 2]);
        expect_ok("dial", endpoint_dial(&at, clock_deadline_ms(PATIENCE_MS), &lost));
        expect_ends(&lost);
        stream_close(&lost);
    }
    runner_row(NULL);
    expect_u64("all logged", log_count(&program, "\"destination_unreachable\""), 6);
    expect_passes(&link.client, &link.server, "still here");
    link_close(&link);
    program_stop(&program);
}

static void upstream_restarts(void)
{
    struct program program;
    struct link link;
    struct stream lost = {0};
    program_start(&program, NULL);
    link_open(&program, &link);
    const endpoint upstream = program.upstream.bound;
    stream_close(&link.server);
    expect_ends(&link.client);
    link_close(&link);
    listener_close(&program.upstream);
    expect_ok("dial", endpoint_dial(&program.at, clock_deadline_ms(PATIENCE_MS), &lost));
    expect_ends(&lost);
    stream_close(&lost);
    expect_ok("upstream is back", listener_open(&upstream, &program.upstream));
    link_open(&program, &link);
    expect_passes(&link.client, &link.server, "as if nothing had been");
    link_close(&link);
    program_stop(&program);
}

static void idle_limit(void)
{
    struct program program;
    struct link link;
    program_start(&program, (char *[]){"--idle-s=1", NULL});
    link_open(&program, &link);
    const int64_t started_at_ms = clock_monotonic_ms();
    expect_ends(&link.client);
    expect_ends(&link.server);
    const int64_t took_ms = clock_monotonic_ms() - started_at_ms;
    expect_true("after a second", took_ms >= 900 && took_ms < 10000);
    link_close(&link);
    program_stop(&program);
}

static void not_allowed(void)
{
    struct program program = {0};
    snprintf(program.log_path, sizeof program.log_path, "/tmp/enw-proxy-test-%d-no.log", getpid());
    snprintf(program.socket_path, sizeof program.socket_path, "/tmp/enw-proxy-test-%d-no.sock",
             getpid());
    char listener[128];
    snprintf(listener, sizeof listener, "--listener=unix:%s=evil.test:443", program.socket_path);
    spawn(&program, (char *[FLAG_COUNT_MAX]){listener, "--allow=up.test:443"});
    expect_u64("exit code", (uint64_t)program_wait(&program), 2);
    expect_true("never listened", access(program.socket_path, F_OK) != 0);
    expect_u64("says why", log_count(&program, "is not on the allow list"), 1);
    spawn(&program, (char *[FLAG_COUNT_MAX]){"--listen=x"});
    expect_u64("unknown flag", (uint64_t)program_wait(&program), 2);
    expect_u64("names it", log_count(&program, "flags: is not known: --listen"), 1);
    spawn(&program, (char *[FLAG_COUNT_MAX]){"--listener=unix:/nowhere/at/all=up.test:443",
                                             "--allow=up.test:443"});
    expect_u64("cannot listen", (uint64_t)program_wait(&program), 1);
    program_stop(&program);
}

/* Open connections get their grace, and are ended after it. */
static void asked_to_stop(void)
{
    struct program program;
    struct link first, second;
    struct stream late = {0};
    program_start(&program, (char *[]){"--grace-ms=1500", NULL});
    link_open(&program, &first);
    link_open(&program, &second);
    expect_passes(&first.client, &first.server, "before");
    const int64_t asked_at_ms = clock_monotonic_ms();
    kill(program.pid, SIGTERM);
    while (access(program.socket_path, F_OK) == 0 && clock_monotonic_ms() - asked_at_ms < 5000) {
        usleep(1000);
    }
    const status refused = endpoint_dial(&program.at, clock_deadline_ms(1000), &late);
    expect_kind("no new ones", refused, FAILURE_UNAVAILABLE);
    expect_passes(&first.client, &first.server, "during");
    link_close(&first);
    expect_ends(&second.client);
    expect_true("had its grace", clock_monotonic_ms() - asked_at_ms >= 1400);
    expect_u64("exit code", (uint64_t)program_wait(&program), 0);
    expect_u64("says so", log_count(&program, "\"event\":\"stopped\""), 1);
    link_close(&second);
    program_stop(&program);
}

/* Without descriptors it neither ends nor burns the machine's time, and goes on when it has some. */
static void no_descriptors(void)
{
    struct program program;
    SCOPED(stream_close) struct stream client = {0};
    SCOPED(stream_close) struct stream server = {0};
    struct rlimit before;
    program_start(&program, NULL);
    if (!expect_true("limit", prlimit(program.pid, RLIMIT_NOFILE, NULL, &before) == 0)) return;
    /* Fewer than it has open already, but enough for poll(2). */
    const struct rlimit few = {4, before.rlim_max};
    expect_true("limited", prlimit(program.pid, RLIMIT_NOFILE, &few, NULL) == 0);
    expect_ok("dial", endpoint_dial(&program.at, clock_deadline_ms(PATIENCE_MS), &client));
    log_wait(&program, "\"accept_failed\"");
    usleep(500000);
    expect_true("a few tries a second", log_count(&program, "\"accept_failed\"") <= 10);
    expect_true("restored", prlimit(program.pid, RLIMIT_NOFILE, &before, NULL) == 0);
    expect_ok("accepted in the end",
              listener_accept(&program.upstream, clock_deadline_ms(PATIENCE_MS), &server));
    expect_passes(&client, &server, "it was worth waiting");
    stream_close(&client);
    stream_close(&server);
    program_stop(&program);
}

static size_t resident_kb(pid_t pid)
{
    char path[64], line[256];
    size_t size_kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmRSS:", 6) == 0) size_kb = strtoul(line + 6, NULL, 10);
    }
    if (file) fclose(file);
    return size_kb;
}

static void thousand_idle(void)
{
    static struct link links[IDLE_COUNT];
    struct program program;
    struct rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * IDLE_COUNT + 64) {
        runner_skip("too few descriptors for %d connections", IDLE_COUNT);
        return;
    }
    program_start(&program, (char *[]){"--connections-max=1000", NULL});
    size_t count = 0;
    while (count < IDLE_COUNT && link_open(&program, &links[count])) count++;
    expect_u64("open", count, IDLE_COUNT);
    struct stream refused = {0};
    expect_ok("dial", endpoint_dial(&program.at, clock_deadline_ms(PATIENCE_MS), &refused));
    expect_ends(&refused);
    stream_close(&refused);
    for (size_t i = 0; i < count; i += 111) {
        runner_row_at("link", i);
        expect_passes(&links[i].client, &links[i].server, "alive");
    }
    runner_row(NULL);
    const size_t used_kb = resident_kb(program.pid);
    /* A few pages for each. Sanitizers need far more for themselves. */
    if (harden_has_filter()) expect_true("memory", used_kb > 0 && used_kb < 48 << 10);
    for (size_t i = 0; i < count; i++) link_close(&links[i]);
    program_stop(&program);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"forwards", forwards},
        {"is hardened", is_hardened},
        {"cap", cap},
        {"failures are survived", failures_are_survived},
        {"upstream restarts", upstream_restarts},
        {"idle limit", idle_limit},
        {"not allowed", not_allowed},
        {"asked to stop", asked_to_stop},
        {"no descriptors", no_descriptors},
        {"thousand idle", thousand_idle},
    };
    signal(SIGPIPE, SIG_IGN);
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
