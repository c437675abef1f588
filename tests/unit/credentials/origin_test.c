#include "credentials/origin.h"

#include <string.h>

#include "net/tcp.h"
#include "runner.h"

static const struct {
    const char *address, *host, *name;
} rows[] = {
    {"http://169.254.170.23/v1/credentials", "169.254.170.23", "169.254.170.23"},
    {"http://localhost:80/", "localhost", "localhost"},
    {"http://localhost:443/", "localhost:443", "localhost"},
    {"http://[fd00:ec2::23]/", "[fd00:ec2::23]", "fd00:ec2::23"},
    {"http://[::1]:65535/", "[::1]:65535", "::1"},
};

static struct credentials_origin_settings settings_for(const char *address)
{
    struct credentials_origin_settings settings = {
        .ca_file = "/nonexistent", .dial = tcp_dial, .clock = clock_system(), .arena_size = 64};
    expect_ok("parse", uri_parse(slice_text(address), &settings.uri));
    return settings;
}

static void names(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct credentials_origin origin;
        const struct credentials_origin_settings settings = settings_for(rows[i].address);
        runner_row(rows[i].address);
        if (!expect_ok("open", credentials_origin_open(&origin, &settings))) continue;
        expect_text("host", slice_text(origin.host), rows[i].host);
        expect_text("name", slice_text(origin.name), rows[i].name);
        expect_true("no TLS", !origin.client.settings.tls);
        credentials_origin_close(&origin);
    }
}

/* The longest name with the longest port is taken; one character more is no name. */
static void longest_name(void)
{
    static struct credentials_origin origin;
    static char address[URI_HOST_SIZE_MAX + 32] = "http://";
    for (size_t i = 0; i < URI_HOST_SIZE_MAX; i++) strcat(address, i % 4 == 3 ? "." : "a");
    strcat(address, ":65535");
    const struct credentials_origin_settings settings = settings_for(address);
    expect_ok("open", credentials_origin_open(&origin, &settings));
    expect_text("host", slice_text(origin.host), address + strlen("http://"));
    credentials_origin_close(&origin);
}

/* https never goes on without authorities to trust. */
static void no_authorities(void)
{
    static struct credentials_origin origin;
    const struct credentials_origin_settings settings = settings_for("https://localhost/");
    expect_kind("refused", credentials_origin_open(&origin, &settings), FAILURE_NOT_FOUND);
    credentials_origin_close(&origin);
}

static status fail(bool is_missing)
{
    REQUIRE(!is_missing, NOT_FOUND, "test: missing");
    FAIL(DENIED, 0, "test: denied");
}

/* Of all outcomes only "not found" would make the chain go on. */
static void outcomes(void)
{
    expect_ok("success", credentials_origin_settle(status_ok()));
    expect_refused("as it is", credentials_origin_settle(fail(false)), "test: denied");
    expect_kind("missing", credentials_origin_settle(fail(true)), FAILURE_UNAVAILABLE);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"names", names},
                                               {"outcomes", outcomes},
                                               {"longest name", longest_name},
                                               {"no authorities", no_authorities}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
