#include "enclave/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/random.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsm/message.h"

/* ---- file systems ---- */

struct mount_point {
    const char *type, *target;
    unsigned long flags;
};

static const struct mount_point MOUNT_POINTS[] = {
    {"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC},
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY},
};

static status mount_one(const struct mount_point *point)
{
    /* The folders are in the image; one that is not is made while the root can be written. */
    (void)mkdir(point->target, 0755);
    /* The kernel may have mounted /dev by itself (CONFIG_DEVTMPFS_MOUNT): busy is fine. */
    if (mount(point->type, point->target, point->type, point->flags, NULL) != 0 && errno != EBUSY) {
        FAIL(INTERNAL, errno, "boot: a file system cannot be mounted");
    }
    return status_ok();
}

status boot_mount(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(MOUNT_POINTS); i++) TRY(mount_one(&MOUNT_POINTS[i]));
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) != 0) {
        FAIL(INTERNAL, errno, "boot: the root cannot be made read-only");
    }
    return status_ok();
}

/* ---- randomness ---- */

/* The kernel's struct rand_pool_info with room for one answer of the module. */
struct entropy {
    int bit_count;
    int size;
    uint8_t bytes[NSM_RANDOM_SIZE_MAX];
};

_Static_assert(offsetof(struct entropy, bytes) == sizeof(struct rand_pool_info),
               "the kernel finds the bytes where it expects them");

static void entropy_wipe(struct entropy *entropy)
{
    secret_wipe(entropy, sizeof *entropy);
}

static status read_entropy(const struct nsm_port *nsm, struct entropy *entropy)
{
    static const struct nsm_request request = {.call = NSM_GET_RANDOM};
    uint8_t request_bytes[64], response_bytes[NSM_RESPONSE_SIZE_MAX];
    struct builder request_builder, response_builder;
    struct nsm_response response;
    builder_init(&request_builder, request_bytes, sizeof request_bytes);
    builder_init(&response_builder, response_bytes, sizeof response_bytes);
    nsm_request_write(&request, &request_builder);
    TRY(nsm->call(nsm->context, builder_view(&request_builder), &response_builder));
    TRY(nsm_response_check(builder_view(&response_builder), NSM_GET_RANDOM, &response));
    memcpy(entropy->bytes, response.random.bytes, response.random.size);
    entropy->size = (int)response.random.size;
    entropy->bit_count = 8 * entropy->size;
    secret_wipe(response_bytes, sizeof response_bytes);
    return status_ok();
}

static status feed(const struct nsm_port *nsm, int device)
{
    for (int fed_size = 0; fed_size < BOOT_ENTROPY_SIZE;) {
        SCOPED(entropy_wipe) struct entropy entropy;
        TRY(read_entropy(nsm, &entropy));
        if (ioctl(device, RNDADDENTROPY, &entropy) != 0) {
            FAIL(UNAVAILABLE, errno, "boot: the kernel does not take randomness");
        }
        fed_size += entropy.size;
    }
    return status_ok();
}

status boot_feed_entropy(const struct nsm_port *nsm)
{
    const int device = open("/dev/random", O_WRONLY | O_CLOEXEC);
    if (device < 0) FAIL(UNAVAILABLE, errno, "boot: /dev/random cannot be opened");
    const status fed = feed(nsm, device);
    close(device);
    return fed;
}

/* ---- heartbeat ---- */

status boot_send_heartbeat(const endpoint *parent, int64_t deadline_ms)
{
    static const uint8_t beat = BOOT_HEARTBEAT_BYTE;
    uint8_t answer = 0;
    SCOPED(stream_close) struct stream stream = {0};
    TRY(endpoint_dial(parent, deadline_ms, &stream));
    TRY(stream_write(&stream, slice_of(&beat, 1), deadline_ms));
    TRY(stream_read_all(&stream, &answer, 1, deadline_ms));
    REQUIRE(answer == beat, CORRUPT, "boot: the parent answered the heartbeat wrongly");
    return status_ok();
}

/* ---- processes ---- */

bool boot_is_first(void)
{
    return getpid() == 1;
}

/* Becomes an ordinary user who can gain nothing back. */
static status drop_privileges(void)
{
    static const struct rlimit locked = {BOOT_LOCKED_SIZE, BOOT_LOCKED_SIZE};
    if (setrlimit(RLIMIT_MEMLOCK, &locked) != 0) {
        FAIL(INTERNAL, errno, "boot: the limit of locked memory cannot be set");
    }
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
        /* EINVAL: a capability that this kernel does not know. */
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
            FAIL(INTERNAL, errno, "boot: a capability cannot be dropped");
        }
    }
    /* Directly: the wrappers would pull in name services that a static program cannot have. */
    if (syscall(SYS_setgroups, 0, NULL) != 0 ||
        syscall(SYS_setresgid, BOOT_SERVICE_USER, BOOT_SERVICE_USER, BOOT_SERVICE_USER) != 0 ||
        syscall(SYS_setresuid, BOOT_SERVICE_USER, BOOT_SERVICE_USER, BOOT_SERVICE_USER) != 0) {
        FAIL(INTERNAL, errno, "boot: the service cannot become an ordinary user");
    }
    return status_ok();
}

/* Reaps until the service has ended, whatever its exit code, and ends the enclave. */
static _Noreturn void watch(pid_t service)
{
    for (;;) {
        int exit_status = 0;
        const pid_t ended = waitpid(-1, &exit_status, 0);
        if (ended == service || (ended < 0 && errno == ECHILD)) {
            static const struct failure failure = {FAILURE_INTERNAL, __LINE__, __FILE__,
                                                   "boot: the service has ended"};
            boot_report(BOOT_SERVICE, (status){&failure, exit_status});
            boot_reboot();
        }
    }
}

status boot_fork(void)
{
    const pid_t service = fork();
    if (service < 0) FAIL(INTERNAL, errno, "boot: the service cannot be started");
    if (service > 0) watch(service);
    (void)setsid();
    return drop_privileges();
}

/* ---- the end ---- */

void boot_report(enum boot_step step, status failure)
{
    uint8_t text[256];
    struct builder line;
    builder_init(&line, text, sizeof text);
    builder_put_text(&line, "enw-enclave: fatal ");
    builder_put_decimal(&line, (uint64_t)step);
    builder_put_text(&line, ": ");
    builder_put_text(&line, status_message(failure));
    builder_put_text(&line, " (");
    if (failure.detail < 0) builder_put_text(&line, "-");
    builder_put_decimal(&line, (uint64_t)(failure.detail < 0 ? -failure.detail : failure.detail));
    builder_put_text(&line, ")\n");
    const slice written = builder_view(&line);
    /* The console is all there is; if it fails, nobody is left to tell. */
    if (write(STDERR_FILENO, written.bytes, written.size) < 0) return;
}

_Noreturn void boot_reboot(void)
{
    sync();
    (void)reboot(RB_AUTOBOOT);
    /* Not process 1, or not allowed: leave in the way that process 1 notices. */
    _exit(70);
}
