#include "enclave/enclave.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "fixture.h"
#include "os/file.h"

static struct fixture fixture;
static struct enclave enclave;
static struct enclave_settings settings;
static struct arena memory;
static char config_path[64], roots_path[64];

static slice config_text(const char *extra)
{
    static char text[2048];
    const int size = snprintf(
        text, sizeof text,
        "{\"version\":1,\"mode\":\"production\",\"region\":\"eu-west-1\",\"environment\":\"t\","
        "\"epoch\":1,\"epoch_min\":1,\"kms_host\":\"kms.test\",\"kms_dial\":\"unix:/tmp/none\","
        "\"kms_key_arns\":[\"" FIXTURE_ARN
        "\"],\"ca_file\":\"%s\",\"heartbeat\":\"\",\"listen\":\"unix:%s\","
        "\"cache_entries\":8,\"cache_lifetime_s\":300,\"verification\":\"twice\",\"workers\":1,"
        "\"kms_workers\":1%s}",
        roots_path, fixture_path(), extra);
    return slice_of(text, (size_t)size);
}

static void start(void)
{
    static struct certificate authority;
    fixture_open(&(struct fixture_options){0}, &fixture);
    const struct certificate_wish wish = {.common_name = "roots",
                                          .is_authority = true,
                                          .not_before_s = 0,
                                          .not_after_s = INT64_C(4000000000)};
    certificate_open(&authority, &wish);
    snprintf(config_path, sizeof config_path, "/tmp/enw-test-%d.json", (int)getpid());
    snprintf(roots_path, sizeof roots_path, "/tmp/enw-test-%d.pem", (int)getpid());
    expect_ok("roots", file_write(roots_path, certificate_pem(&authority), FILE_MODE_PUBLIC));
    expect_ok("config", file_write(config_path, config_text(""), FILE_MODE_PUBLIC));
    certificate_close(&authority);
    memset(&settings, 0, sizeof settings);
    settings.log = &fixture.log;
    settings.nsm = fixture.nsm;
    expect_ok("memory", arena_open(&memory, ENCLAVE_FILES_SIZE));
}

static void stop(void)
{
    unlink(config_path);
    unlink(roots_path);
    arena_close(&memory);
    fixture_close(&fixture);
}

static void opens_serves_and_closes(void)
{
    struct stream stream = {0};
    uint8_t bytes[FRAME_HEADER_SIZE];
    start();
    expect_ok("files", enclave_read_files(config_path, &memory, &settings));
    for (int i = 0; i < 2; i++) {
        expect_ok("open", enclave_open(&settings, &enclave));
        expect_ok("dial", endpoint_dial(server_endpoint(&enclave.server), clock_deadline_ms(2000),
                                        &stream));
        const slice ask = runner_hex("454e5746 01 08 0000 00000014 0000000000000001");
        expect_ok("ask", stream_write(&stream, ask, clock_deadline_ms(2000)));
        expect_ok("answer", stream_read_all(&stream, bytes, sizeof bytes, clock_deadline_ms(2000)));
        expect_u64("STATUS", bytes[5], FRAME_STATUS | FRAME_REPLY);
        stream_close(&stream);
        enclave_close(&enclave);
    }
    expect_true("its socket is gone", !file_is_there(fixture_path()));
    stop();
}

static void files_that_do_not_fit(void)
{
    start();
    expect_ok("unknown field",
              file_write(config_path, config_text(",\"more\":1"), FILE_MODE_PUBLIC));
    expect_kind("config", enclave_read_files(config_path, &memory, &settings), FAILURE_BAD_INPUT);
    unlink(roots_path);
    expect_ok("good", file_write(config_path, config_text(""), FILE_MODE_PUBLIC));
    expect_kind("no roots", enclave_read_files(config_path, &memory, &settings), FAILURE_NOT_FOUND);
    unlink(config_path);
    expect_kind("no config", enclave_read_files(config_path, &memory, &settings),
                FAILURE_NOT_FOUND);
    stop();
}

static status dead(void *context, slice request, struct builder *response)
{
    (void)context;
    (void)request;
    (void)response;
    FAIL(UNAVAILABLE, 0, "test: no module");
}

static void does_not_start_without(void)
{
    start();
    expect_ok("files", enclave_read_files(config_path, &memory, &settings));
    settings.nsm.call = dead;
    expect_refused("a module", enclave_open(&settings, &enclave), "test: no module");
    settings.nsm = fixture.nsm;
    settings.roots_pem = slice_text("no certificate");
    expect_kind("roots", enclave_open(&settings, &enclave), FAILURE_BAD_INPUT);
    enclave_close(&enclave);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"opens, serves and closes", opens_serves_and_closes},
        {"files that do not fit", files_that_do_not_fit},
        {"does not start without", does_not_start_without},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
