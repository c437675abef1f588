#include "steps.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

static struct {
    _Atomic int kind;
    _Atomic uint64_t at, count;
    _Atomic int64_t clock_offset_s;
} steps;

const char *step_kind_print(enum step_kind kind)
{
    static const char *const names[STEP_KIND_COUNT] = {
        "nothing",          "a read fails",         "a read ends",         "a read is short",
        "a write fails",    "a write is short",     "a connection fails",  "memory is short",
        "randomness fails", "the clock goes ahead", "the clock goes back",
    };
    return names[kind];
}

void steps_begin(enum step_kind kind, uint64_t at)
{
    atomic_store(&steps.count, 0);
    atomic_store(&steps.at, at);
    atomic_store(&steps.kind, (int)kind);
}

uint64_t steps_end(void)
{
    atomic_store(&steps.kind, STEP_NONE);
    atomic_store(&steps.clock_offset_s, 0);
    return atomic_load(&steps.count);
}

/* True when this call is the one to go wrong. */
static bool is_the_one(enum step_kind kind)
{
    if (atomic_load(&steps.kind) != (int)kind) return false;
    return atomic_fetch_add(&steps.count, 1) + 1 == atomic_load(&steps.at);
}

static bool goes_wrong(enum step_kind kind, int number)
{
    if (!is_the_one(kind)) return false;
    errno = number;
    return true;
}

ssize_t __real_read(int descriptor, void *bytes, size_t size);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size);
ssize_t __real_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags);
ssize_t __real_write(int descriptor, const void *bytes, size_t size);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t size);
ssize_t __real_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __real_sendmsg(int descriptor, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int descriptor, const struct msghdr *message, int flags);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_connect(int descriptor, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t size);
int __real_accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags);
int __wrap_accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
int __real_clock_gettime(clockid_t id, struct timespec *time);
int __wrap_clock_gettime(clockid_t id, struct timespec *time);

ssize_t __wrap_read(int descriptor, void *bytes, size_t size)
{
    if (goes_wrong(STEP_READ_FAILS, ECONNRESET)) return -1;
    return __real_read(descriptor, bytes, size);
}

ssize_t __wrap_recv(int descriptor, void *bytes, size_t size, int flags)
{
    if (goes_wrong(STEP_READ_FAILS, ECONNRESET)) return -1;
    if (is_the_one(STEP_READ_ENDS)) return 0;
    if (size > 1 && is_the_one(STEP_READ_SHORT)) size = 1;
    return __real_recv(descriptor, bytes, size, flags);
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t size)
{
    if (goes_wrong(STEP_WRITE_FAILS, EPIPE)) return -1;
    return __real_write(descriptor, bytes, size);
}

ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags)
{
    if (goes_wrong(STEP_WRITE_FAILS, EPIPE)) return -1;
    if (size > 1 && is_the_one(STEP_WRITE_SHORT)) size = 1;
    return __real_send(descriptor, bytes, size, flags);
}

ssize_t __wrap_sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    if (goes_wrong(STEP_WRITE_FAILS, EPIPE)) return -1;
    if (message->msg_iovlen > 0 && message->msg_iov[0].iov_len > 1 &&
        is_the_one(STEP_WRITE_SHORT)) {
        return __real_send(descriptor, message->msg_iov[0].iov_base, 1, flags);
    }
    return __real_sendmsg(descriptor, message, flags);
}

int __wrap_socket(int domain, int type, int protocol)
{
    if (goes_wrong(STEP_CONNECT, EMFILE)) return -1;
    return __real_socket(domain, type, protocol);
}

int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t size)
{
    if (goes_wrong(STEP_CONNECT, ECONNREFUSED)) return -1;
    return __real_connect(descriptor, address, size);
}

int __wrap_accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags)
{
    if (goes_wrong(STEP_CONNECT, EMFILE)) return -1;
    return __real_accept4(descriptor, address, size, flags);
}

void *__wrap_malloc(size_t size)
{
    if (goes_wrong(STEP_MEMORY, ENOMEM)) return NULL;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (goes_wrong(STEP_MEMORY, ENOMEM)) return NULL;
    return __real_calloc(count, size);
}

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    if (goes_wrong(STEP_RANDOM, EIO)) return -1;
    return __real_getrandom(bytes, size, flags);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
    const int result = __real_clock_gettime(id, time);
    if (id != CLOCK_REALTIME || result != 0) return result;
    if (is_the_one(STEP_CLOCK_AHEAD)) atomic_store(&steps.clock_offset_s, 3600);
    if (is_the_one(STEP_CLOCK_BACK)) atomic_store(&steps.clock_offset_s, -3600);
    time->tv_sec += atomic_load(&steps.clock_offset_s);
    return result;
}
