#include "crypto/library.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "runner.h"

/* A configuration with which no algorithm can be found any more. */
static const char configuration[] = "openssl_conf = all\n"
                                    "[all]\n"
                                    "alg_section = algorithms\n"
                                    "[algorithms]\n"
                                    "default_properties = provider=none\n";

/* True when SHA-256 is found in a process that starts with this configuration in place. */
static bool finds_digest(bool is_ours)
{
    char path[] = "/tmp/enw-library-test-XXXXXX";
    const int fd = mkstemp(path);
    const bool is_written = fd >= 0 && write(fd, configuration, sizeof configuration - 1) ==
                                           (ssize_t)(sizeof configuration - 1);
    const pid_t child = is_written ? fork() : -1;
    if (child == 0) {
        setenv("OPENSSL_CONF", path, 1);
        const bool is_started = is_ours
                                    ? status_is_ok(library_open()) && status_is_ok(library_open())
                                    : OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1;
        EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
        _exit(is_started && digest ? 0 : 1);
    }
    int result = -1;
    if (child > 0) waitpid(child, &result, 0);
    if (fd >= 0) close(fd);
    unlink(path);
    expect_true("the process ended by itself", child > 0 && WIFEXITED(result));
    return result == 0;
}

static void no_configuration(void)
{
    expect_true("the configuration has effect", !finds_digest(false));
    expect_true("ours does not read it", finds_digest(true));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"no configuration", no_configuration}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
