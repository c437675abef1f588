#include "enclave/nsm_device.h"

#include <errno.h>

#include "nsm/message.h"
#include "runner.h"

/* There is no module here; what can be shown is how its absence is told. */
static void no_device(void)
{
    struct nsm_device device = {0};
    const status got = nsm_device_open("/dev/there-is-no-such-device", &device);
    expect_refused("open", got, "nsm: the device cannot be opened");
    expect_u64("errno", (uint64_t)got.detail, ENOENT);
    expect_true("closed", !device.is_open);
    nsm_device_close(&device);
}

static void device_that_is_none(void)
{
    static uint8_t memory[NSM_RESPONSE_SIZE_MAX];
    struct nsm_device device = {0};
    struct builder response;
    expect_ok("open", nsm_device_open("/dev/null", &device));
    const struct nsm_port port = nsm_device_port(&device);
    builder_init(&response, memory, sizeof memory);
    const status got = port.call(port.context, slice_text("x"), &response);
    expect_refused("call", got, "nsm: the device does not answer");
    expect_u64("errno", (uint64_t)got.detail, ENOTTY);
    expect_u64("nothing appended", response.size, 0);
    expect_true("no overflow", !response.is_over);
    builder_init(&response, memory, sizeof memory - 1);
    expect_refused("no room", port.call(port.context, slice_text("x"), &response),
                   "nsm: there is no room for the response");
    nsm_device_close(&device);
    expect_true("closed", !device.is_open);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"no device", no_device},
        {"device that is none", device_that_is_none},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
