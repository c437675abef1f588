#include "net/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/socket.h"
#include "os/clock.h"
#include "runner.h"

enum { PATIENCE_MS = 10000, PATH_SIZE_MAX = 120 };

static void own_path(char *path, const char *name)
{
    snprintf(path, PATH_SIZE_MAX, "/tmp/enw-unix-test-%d-%s", getpid(), name);
}

static unsigned mode_of(const char *path)
{
    struct stat about = {0};
    stat(path, &about);
    return about.st_mode & 0777;
}

static void dialed(void)
{
    SCOPED(socket_close) int listening = -1;
    SCOPED(stream_close) struct stream client = {0};
    char path[PATH_SIZE_MAX];
    own_path(path, "a");
    const status nobody = unix_dial(path, clock_deadline_ms(PATIENCE_MS), &client);
    expect_refused("nothing there", nobody, "socket: nobody listens there");
    expect_u64("detail", (uint64_t)nobody.detail, ENOENT);
    expect_ok("listen", unix_listen(path, 0600, &listening));
    expect_ok("dial", unix_dial(path, clock_deadline_ms(PATIENCE_MS), &client));
    expect_true("open", stream_is_open(&client));
    socket_close(&listening);
    struct stream late = {0};
    const status dead = unix_dial(path, clock_deadline_ms(PATIENCE_MS), &late);
    expect_refused("left behind", dead, "socket: nobody listens there");
    expect_u64("detail", (uint64_t)dead.detail, ECONNREFUSED);
    unlink(path);
}

static void modes(void)
{
    static const unsigned masks[] = {0, 022, 077};
    for (size_t i = 0; i < ARRAY_COUNT(masks); i++) {
        SCOPED(socket_close) int listening = -1;
        char path[PATH_SIZE_MAX];
        own_path(path, "b");
        runner_row_at("umask", masks[i]);
        const mode_t before = umask(masks[i]);
        expect_ok("listen", unix_listen(path, 0660, &listening));
        umask(before);
        expect_u64("mode", mode_of(path), 0660);
        unlink(path);
    }
}

static void taken_paths(void)
{
    SCOPED(socket_close) int first = -1;
    SCOPED(socket_close) int second = -1;
    char path[PATH_SIZE_MAX];
    own_path(path, "c");
    expect_ok("first", unix_listen(path, 0600, &first));
    expect_refused("second", unix_listen(path, 0600, &second),
                   "unix: somebody listens at the path already");
    expect_u64("none", (uint64_t)(second == -1), 1);
    socket_close(&first);
    expect_ok("after it has ended", unix_listen(path, 0600, &second));
    unlink(path);
    const int file = open(path, O_CREAT | O_WRONLY, 0600);
    expect_refused("a file", unix_listen(path, 0600, &first),
                   "unix: something else lies at the path");
    expect_true("still there", access(path, F_OK) == 0);
    close(file);
    unlink(path);
}

/* A queue that is full cannot be waited for; the dialer asks again until its deadline. */
static void full_queue(void)
{
    SCOPED(socket_close) int listening = -1;
    struct stream streams[8] = {0}, late = {0};
    char path[PATH_SIZE_MAX];
    size_t count = 0;
    own_path(path, "d");
    expect_ok("listen", unix_listen(path, 0600, &listening));
    /* The kernel takes a second listen(2) as a new length of the queue. */
    expect_true("short queue", listen(listening, 1) == 0);
    while (count < 8 && status_is_ok(unix_dial(path, clock_deadline_ms(30), &streams[count])))
        count++;
    expect_true("is full", count > 0 && count < 8);
    const int64_t started_at_ms = clock_monotonic_ms();
    expect_true("late", stream_is_late(unix_dial(path, started_at_ms + 50, &late)));
    expect_true("waited", clock_monotonic_ms() >= started_at_ms + 50);
    const int taken = accept(listening, NULL, NULL);
    expect_ok("room again", unix_dial(path, clock_deadline_ms(PATIENCE_MS), &late));
    stream_close(&late);
    close(taken);
    for (size_t i = 0; i < count; i++) stream_close(&streams[i]);
    unlink(path);
}

static void path_lengths(void)
{
    SCOPED(socket_close) int listening = -1;
    struct stream client = {0};
    char path[PATH_SIZE_MAX + 1] = {0};
    memset(path, 'a', 108);
    memcpy(path, "/tmp/", 5);
    expect_refused("too long", unix_listen(path, 0600, &listening),
                   "unix: path is too long or empty");
    expect_refused("too long", unix_dial(path, 0, &client), "unix: path is too long or empty");
    expect_refused("empty", unix_dial("", 0, &client), "unix: path is too long or empty");
    path[107] = 0;
    expect_ok("longest", unix_listen(path, 0600, &listening));
    unlink(path);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"dialed", dialed},
        {"modes", modes},
        {"taken paths", taken_paths},
        {"full queue", full_queue},
        {"path lengths", path_lengths},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
