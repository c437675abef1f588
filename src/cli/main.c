#include <signal.h>

#include "cli/program.h"

int main(int argc, char **argv)
{
    const struct streams streams = {stdin, stdout, stderr};
    /* A service that hangs up, or a reader that has seen enough, is a failed write and no more. */
    (void)signal(SIGPIPE, SIG_IGN);
    return program_run(argc, argv, &streams);
}
