#include "enclave/boot.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"

/*
 * The heartbeat, over a Unix socket instead of vsock. Mounting, feeding randomness and splitting
 * need process 1 of an image: tests/qemu runs them in one.
 */

enum { SILENT = 0x100, HANGS_UP = 0x101 };

struct parent {
    endpoint where;
    int listener;
    int answer; /* a byte, SILENT or HANGS_UP */
    uint8_t heard;
    pthread_t thread;
};

static void *answer(void *context)
{
    struct parent *parent = context;
    const int connection = accept(parent->listener, NULL, NULL);
    if (read(connection, &parent->heard, 1) == 1 && parent->answer <= 0xff) {
        const uint8_t byte = (uint8_t)parent->answer;
        (void)!write(connection, &byte, 1);
    }
    if (parent->answer == SILENT) usleep(300 * 1000);
    close(connection);
    return NULL;
}

static void start(struct parent *parent, int byte)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *parent = (struct parent){.where = {.kind = ENDPOINT_UNIX}, .answer = byte};
    snprintf(parent->where.path, sizeof parent->where.path, "/tmp/enw-boot-%d", (int)getpid());
    memcpy(address.sun_path, parent->where.path, sizeof address.sun_path);
    unlink(address.sun_path);
    parent->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_true("listen",
                bind(parent->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                    listen(parent->listener, 1) == 0 &&
                    pthread_create(&parent->thread, NULL, answer, parent) == 0);
}

static void stop(struct parent *parent)
{
    pthread_join(parent->thread, NULL);
    close(parent->listener);
    unlink(parent->where.path);
}

static void heartbeat(void)
{
    static const struct {
        const char *name;
        int answer;
        const char *refusal;
    } rows[] = {
        {"the same byte", BOOT_HEARTBEAT_BYTE, NULL},
        {"another byte", 0xb6, "boot: the parent answered the heartbeat wrongly"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct parent parent;
        runner_row(rows[i].name);
        start(&parent, rows[i].answer);
        expect_outcome("send", boot_send_heartbeat(&parent.where, clock_deadline_ms(5000)),
                       rows[i].refusal);
        stop(&parent);
        expect_u64("what the parent heard", parent.heard, 0xb7);
    }
}

static void nobody_answers(void)
{
    struct parent parent;
    start(&parent, SILENT);
    expect_kind("silence", boot_send_heartbeat(&parent.where, clock_deadline_ms(50)),
                FAILURE_UNAVAILABLE);
    stop(&parent);
    start(&parent, HANGS_UP);
    expect_kind("hangs up", boot_send_heartbeat(&parent.where, clock_deadline_ms(5000)),
                FAILURE_UNAVAILABLE);
    stop(&parent);
    expect_kind("nobody listens", boot_send_heartbeat(&parent.where, clock_deadline_ms(5000)),
                FAILURE_UNAVAILABLE);
}

/* The one line of a fatal error: a code, a sentence, a number, and nothing else. */
static void report(void)
{
    static const struct failure failure = {FAILURE_INTERNAL, 1, "file.c", "boot: a reason"};
    char line[256] = "";
    int pipes[2];
    const int standard_error = dup(STDERR_FILENO);
    if (!expect_true("pipe", pipe(pipes) == 0)) return;
    dup2(pipes[1], STDERR_FILENO);
    boot_report(BOOT_ENTROPY, (status){&failure, -5});
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(pipes[1]);
    expect_true("read", read(pipes[0], line, sizeof line - 1) > 0);
    close(pipes[0]);
    expect_text("line", slice_text(line), "enw-enclave: fatal 3: boot: a reason (-5)\n");
}

static void not_the_first(void)
{
    expect_true("a test is not process 1", !boot_is_first());
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"heartbeat", heartbeat},
        {"nobody answers", nobody_answers},
        {"report", report},
        {"not the first", not_the_first},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
