#include "net/unix.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/socket.h"
#include "os/clock.h"

/* How long a socket found at the path has to answer before it counts as somebody's. */
enum { PROBE_MS = 1000 };

static status address_init(const char *path, struct sockaddr_un *address)
{
    const size_t size = strlen(path);
    REQUIRE(size > 0 && size < sizeof address->sun_path, BAD_INPUT,
            "unix: path is too long or empty");
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, size);
    return status_ok();
}

static struct socket_address address_view(const struct sockaddr_un *address)
{
    return (struct socket_address){(const struct sockaddr *)address, sizeof *address};
}

status unix_dial(const char *path, int64_t deadline_ms, struct stream *stream)
{
    SCOPED(socket_close) int descriptor = -1;
    struct sockaddr_un address;
    TRY(address_init(path, &address));
    TRY(socket_open(AF_UNIX, &descriptor));
    TRY(socket_connect(descriptor, address_view(&address), deadline_ms));
    TRY(stream_open(descriptor, stream));
    descriptor = -1;
    return status_ok();
}

status unix_dial_start(const char *path, int *descriptor)
{
    SCOPED(socket_close) int opened = -1;
    struct sockaddr_un address;
    TRY(address_init(path, &address));
    TRY(socket_open(AF_UNIX, &opened));
    TRY(socket_connect_start(opened, address_view(&address)));
    *descriptor = opened;
    opened = -1;
    return status_ok();
}

/* Removes a socket that nobody answers on any more. Whatever else lies there is not ours. */
static status leftover_remove(const char *path)
{
    SCOPED(stream_close) struct stream probe = {0};
    struct stat about;
    if (lstat(path, &about) != 0) return status_ok();
    REQUIRE(S_ISSOCK(about.st_mode), CONFLICT, "unix: something else lies at the path");
    const status answer = unix_dial(path, clock_deadline_ms(PROBE_MS), &probe);
    REQUIRE(answer.failure && answer.detail == ECONNREFUSED, CONFLICT,
            "unix: somebody listens at the path already");
    if (unlink(path) != 0 && errno != ENOENT) {
        FAIL(DENIED, errno, "unix: old socket cannot be removed");
    }
    return status_ok();
}

status unix_listen(const char *path, unsigned mode, int *descriptor)
{
    SCOPED(socket_close) int opened = -1;
    struct sockaddr_un address;
    TRY(address_init(path, &address));
    TRY(leftover_remove(path));
    TRY(socket_open(AF_UNIX, &opened));
    /* Before bind, so that the path never exists with a wider mode; after, in case of a umask. */
    if (fchmod(opened, mode) != 0) FAIL(UNAVAILABLE, errno, "unix: mode cannot be set");
    TRY(socket_listen(opened, address_view(&address)));
    if (chmod(path, mode) != 0) FAIL(UNAVAILABLE, errno, "unix: mode cannot be set");
    *descriptor = opened;
    opened = -1;
    return status_ok();
}
