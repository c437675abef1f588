#include "enclave/absent.h"

#include <netdb.h>

#include "runner.h"

static void answers(void)
{
    expect_true("nothing", absent_nothing() == NULL);
    expect_true("failure", absent_failure() == EAI_FAIL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"answers", answers}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
