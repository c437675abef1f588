#include "enclave/nsm_device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nsm/message.h"

/* struct nsm_raw of the driver's header, which Debian 12's kernel headers do not have yet. */
struct raw_call {
    uint64_t request_address, request_size;
    uint64_t response_address, response_size;
};

status nsm_device_open(const char *path, struct nsm_device *device)
{
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) FAIL(UNAVAILABLE, errno, "nsm: the device cannot be opened");
    *device = (struct nsm_device){descriptor, true};
    return status_ok();
}

void nsm_device_close(struct nsm_device *device)
{
    if (device->is_open) close(device->descriptor);
    *device = (struct nsm_device){0};
}

static status call(void *context, slice request, struct builder *response)
{
    const struct nsm_device *device = context;
    const unsigned long ioctl_number = _IOWR(0x0a, 0, struct raw_call);
    uint8_t *space = builder_space(response, NSM_RESPONSE_SIZE_MAX);
    REQUIRE(space, INTERNAL, "nsm: there is no room for the response");
    /* What the module does not fill is given back below. */
    response->size -= NSM_RESPONSE_SIZE_MAX;
    struct raw_call raw = {
        .request_address = (uintptr_t)request.bytes,
        .request_size = request.size,
        .response_address = (uintptr_t)space,
        .response_size = NSM_RESPONSE_SIZE_MAX,
    };
    int result;
    do {
        result = ioctl(device->descriptor, ioctl_number, &raw);
    } while (result < 0 && errno == EINTR);
    if (result < 0) FAIL(UNAVAILABLE, errno, "nsm: the device does not answer");
    REQUIRE(raw.response_size > 0 && raw.response_size <= NSM_RESPONSE_SIZE_MAX, CORRUPT,
            "nsm: the device's answer has an impossible size");
    response->size += raw.response_size;
    return status_ok();
}

struct nsm_port nsm_device_port(struct nsm_device *device)
{
    return (struct nsm_port){.context = device, .call = call};
}
