#include "crypto/pem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/es384.h"
#include "crypto/x509.h"
#include "runner.h"

/* Text that says it is encrypted, which libcrypto would ask a passphrase for. */
static const char ENCRYPTED_CERTIFICATE[] =
    "-----BEGIN CERTIFICATE-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
    "\n"
    "AAAAAAAAAAAAAAAAAAAAAA==\n"
    "-----END CERTIFICATE-----\n";
static const char ENCRYPTED_KEY[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                    "Proc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
                                    "\n"
                                    "AAAAAAAAAAAAAAAAAAAAAA==\n"
                                    "-----END EC PRIVATE KEY-----\n";

static bool refuse_both(void)
{
    uint8_t memory[256];
    struct builder der;
    struct es384_key key = {0};
    builder_init(&der, memory, sizeof memory);
    return expect_refused("certificate", x509_read_pem(slice_text(ENCRYPTED_CERTIFICATE), &der),
                          "x509: this is no PEM certificate") &&
           expect_refused("key", es384_open_pem(slice_text(ENCRYPTED_KEY), &key),
                          "es384: this is no P-384 private key");
}

/* Refuses both with a terminal of its own, of which nothing may be written to or read. */
static int refuse_at_terminal(const char *name)
{
    if (setsid() < 0) return 2;
    const int terminal = open(name, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) return 3;
    alarm(10); /* a reader that asks would wait for ever */
    return refuse_both() ? 0 : 1;
}

static void no_terminal_is_asked(void)
{
    const int ours = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    char name[64], asked[64];
    if (!expect_true("terminal", ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0 &&
                                     ptsname_r(ours, name, sizeof name) == 0)) {
        return;
    }
    const pid_t child = fork();
    if (child == 0) _exit(refuse_at_terminal(name));
    int outcome = 0;
    expect_true("waited", waitpid(child, &outcome, 0) == child);
    expect_true("refused", WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    expect_true("nothing was asked", read(ours, asked, sizeof asked) <= 0);
    (void)!close(ours);
}

static void callback(void)
{
    char buffer[8];
    expect_true("no passphrase", pem_refuse_passphrase(buffer, sizeof buffer, 0, NULL) < 0);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"no terminal is asked", no_terminal_is_asked},
        {"callback", callback},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
