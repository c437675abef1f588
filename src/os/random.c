#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/secret.h"

status random_read(uint8_t *bytes, size_t size)
{
    size_t done_size = 0;
    while (done_size < size) {
        const ssize_t got = getrandom(bytes + done_size, size - done_size, 0);
        if (got > 0) {
            done_size += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            const int64_t reason = got == 0 ? 0 : errno;
            secret_wipe(bytes, size);
            FAIL(INTERNAL, reason, "random: the kernel gives no random bytes");
        }
    }
    return status_ok();
}
