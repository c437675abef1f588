#include "enclave/refusal.h"

#include <stdio.h>

#include "aws/error.h"
#include "proto/call.h"
#include "runner.h"

/* What KMS answered with this error's name, as a failure. */
static status kms_failure(const char *name)
{
    struct http_response response = {.code = 400};
    static char body[128];
    struct aws_error error;
    snprintf(body, sizeof body, "{\"__type\":\"%s\"}", name);
    response.body = slice_text(body);
    aws_error_read(&response, &error);
    return aws_error_status(&error);
}

static void reasons(void)
{
    const struct {
        const char *name;
        status failure;
        uint16_t reason;
    } rows[] = {
        {"busy", refusal_busy(), CALL_REASON_BUSY},
        {"too late", refusal_too_late(), CALL_REASON_TOO_LATE},
        {"no credentials", refusal_credentials_needed(), CALL_REASON_CREDENTIALS_NEEDED},
        {"expired", kms_failure("ExpiredTokenException"), CALL_REASON_CREDENTIALS_REFUSED},
        {"unknown", kms_failure("UnrecognizedClientException"), CALL_REASON_CREDENTIALS_REFUSED},
        {"throttled", kms_failure("ThrottlingException"), CALL_REASON_THROTTLED},
        {"a fault of KMS", kms_failure("KMSInternalException"), CALL_REASON_NONE},
        {"a disabled key", kms_failure("DisabledException"), CALL_REASON_NONE},
        {"nothing known", kms_failure("SomethingElse"), CALL_REASON_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_u64("reason", refusal_reason(rows[i].failure), rows[i].reason);
    }
    runner_row(NULL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"reasons", reasons}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
