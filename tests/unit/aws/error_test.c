#include "aws/error.h"

#include <string.h>

#include "runner.h"

/* After the KMS, DynamoDB and STS API references and replies seen in the SDKs' issue trackers. */
static const struct {
    const char *row;
    uint16_t code;
    const char *header, *body, *name;
    enum aws_error_class class;
    enum failure_kind kind;
} rows[] = {
    {"body", 400, NULL, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}",
     "AccessDeniedException", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"prefix", 400, NULL, "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\"}",
     "AccessDeniedException", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"suffix", 400, NULL, "{\"__type\":\"AccessDeniedException:http://internal/doc/\"}",
     "AccessDeniedException", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"header", 400, "ThrottlingException:http://internal/", "", "ThrottlingException",
     AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"header wins", 400, "NotFoundException", "{\"__type\":\"ThrottlingException\"}",
     "NotFoundException", AWS_ERROR_REFUSED, FAILURE_NOT_FOUND},
    {"code member", 400, NULL, "{\"code\":\"ValidationException\"}", "ValidationException",
     AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"unreadable header, readable body", 400, "a b", "{\"__type\":\"DisabledException\"}",
     "DisabledException", AWS_ERROR_REFUSED, FAILURE_UNAVAILABLE},

    {"key state", 400, "KMSInvalidStateException", "", "KMSInvalidStateException",
     AWS_ERROR_REFUSED, FAILURE_UNAVAILABLE},
    {"ciphertext", 400, "InvalidCiphertextException", "", "InvalidCiphertextException",
     AWS_ERROR_REFUSED, FAILURE_CORRUPT},
    {"key", 400, "IncorrectKeyException", "", "IncorrectKeyException", AWS_ERROR_REFUSED,
     FAILURE_CORRUPT},
    {"usage", 400, "InvalidKeyUsageException", "", "InvalidKeyUsageException", AWS_ERROR_REFUSED,
     FAILURE_UNAVAILABLE},
    {"arn", 400, "InvalidArnException", "", "InvalidArnException", AWS_ERROR_REFUSED,
     FAILURE_BAD_INPUT},
    {"serialization", 400, "SerializationException", "", "SerializationException",
     AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"signature cut", 400, "IncompleteSignatureException", "", "IncompleteSignatureException",
     AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"not signed", 400, "MissingAuthenticationTokenException", "",
     "MissingAuthenticationTokenException", AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"condition", 400, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "",
     "ConditionalCheckFailedException", AWS_ERROR_REFUSED, FAILURE_CONFLICT},
    {"sharp behind the colon", 400, "ThrottlingException:http://host.example/coral/x#frag", "",
     "ThrottlingException", AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"table", 400, "ResourceNotFoundException", "", "ResourceNotFoundException", AWS_ERROR_REFUSED,
     FAILURE_NOT_FOUND},
    {"table exists", 400, "ResourceInUseException", "", "ResourceInUseException", AWS_ERROR_REFUSED,
     FAILURE_CONFLICT},
    {"sts denied", 403, "AccessDenied", "", "AccessDenied", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"unknown key", 400, "UnrecognizedClientException", "", "UnrecognizedClientException",
     AWS_ERROR_CREDENTIALS, FAILURE_UNAVAILABLE},
    {"unknown key, sts", 403, "InvalidClientTokenId", "", "InvalidClientTokenId",
     AWS_ERROR_CREDENTIALS, FAILURE_UNAVAILABLE},
    {"expired", 400, "ExpiredTokenException", "", "ExpiredTokenException", AWS_ERROR_CREDENTIALS,
     FAILURE_UNAVAILABLE},
    {"expired, s3", 400, "ExpiredToken", "", "ExpiredToken", AWS_ERROR_CREDENTIALS,
     FAILURE_UNAVAILABLE},
    {"signature", 400, "InvalidSignatureException", "", "InvalidSignatureException",
     AWS_ERROR_CLOCK, FAILURE_UNAVAILABLE},
    {"signature, sts", 403, "SignatureDoesNotMatch", "", "SignatureDoesNotMatch", AWS_ERROR_CLOCK,
     FAILURE_UNAVAILABLE},
    {"skew", 403, "RequestTimeTooSkewed", "", "RequestTimeTooSkewed", AWS_ERROR_CLOCK,
     FAILURE_UNAVAILABLE},
    {"slow clock", 400, "RequestExpired", "", "RequestExpired", AWS_ERROR_CLOCK,
     FAILURE_UNAVAILABLE},
    {"fast clock", 400, "RequestInTheFuture", "", "RequestInTheFuture", AWS_ERROR_CLOCK,
     FAILURE_UNAVAILABLE},
    {"throughput", 400, "ProvisionedThroughputExceededException", "",
     "ProvisionedThroughputExceededException", AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"last in the list", 503, "EC2ThrottledException", "", "EC2ThrottledException",
     AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"kms fault", 500, "KMSInternalException", "", "KMSInternalException", AWS_ERROR_TRANSIENT,
     FAILURE_UNAVAILABLE},
    {"transient with 400", 400, "KeyUnavailableException", "", "KeyUnavailableException",
     AWS_ERROR_TRANSIENT, FAILURE_UNAVAILABLE},
    {"idp", 400, "IDPCommunicationError", "", "IDPCommunicationError", AWS_ERROR_TRANSIENT,
     FAILURE_UNAVAILABLE},

    {"new name, 400", 400, "BrandNewException", "", "BrandNewException", AWS_ERROR_REFUSED,
     FAILURE_INTERNAL},
    {"new name, 500", 500, "BrandNewException", "", "BrandNewException", AWS_ERROR_TRANSIENT,
     FAILURE_UNAVAILABLE},
    {"nothing, 500", 500, NULL, "", "", AWS_ERROR_TRANSIENT, FAILURE_UNAVAILABLE},
    {"page, 502", 502, NULL, "<html>", "", AWS_ERROR_TRANSIENT, FAILURE_UNAVAILABLE},
    {"nothing, 599", 599, NULL, "", "", AWS_ERROR_TRANSIENT, FAILURE_UNAVAILABLE},
    {"nothing, 408", 408, NULL, "", "", AWS_ERROR_TRANSIENT, FAILURE_UNAVAILABLE},
    {"nothing, 429", 429, NULL, "", "", AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"nothing, 509", 509, NULL, "", "", AWS_ERROR_THROTTLED, FAILURE_UNAVAILABLE},
    {"nothing, 401", 401, NULL, "", "", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"nothing, 403", 403, NULL, "{}", "", AWS_ERROR_REFUSED, FAILURE_DENIED},
    {"nothing, 404", 404, NULL, "[]", "", AWS_ERROR_REFUSED, FAILURE_NOT_FOUND},
    {"nothing, 400", 400, NULL, "null", "", AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"redirect", 302, NULL, "", "", AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"type is a number", 400, NULL, "{\"__type\":1}", "", AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"nothing before the colon", 400, ":x", "", "", AWS_ERROR_REFUSED, FAILURE_INTERNAL},
    {"type with a line break", 400, NULL, "{\"__type\":\"a\\nb\"}", "", AWS_ERROR_REFUSED,
     FAILURE_INTERNAL},
};

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_response response = {.code = rows[i].code, .body = slice_text(rows[i].body)};
        struct aws_error error;
        runner_row(rows[i].row);
        if (rows[i].header) {
            expect_ok("add", http_headers_add(&response.headers, slice_text("x-amzn-ErrorType"),
                                              slice_text(rows[i].header)));
        }
        aws_error_read(&response, &error);
        expect_text("name", aws_error_name(&error), rows[i].name);
        expect_u64("class", error.class, rows[i].class);
        expect_u64("kind", error.kind, rows[i].kind);
        expect_true("retryable",
                    aws_error_is_retryable(&error) == (rows[i].class == AWS_ERROR_THROTTLED ||
                                                       rows[i].class == AWS_ERROR_TRANSIENT));
        const status failure = aws_error_status(&error);
        expect_kind("status", failure, rows[i].kind);
        expect_true("detail", failure.detail == rows[i].code);
        expect_true("sentence",
                    slice_has_start(slice_text(status_message(failure)), slice_text("aws: ")));
    }
}

static void name_limits(void)
{
    for (size_t more = 0; more < 2; more++) {
        char name[AWS_ERROR_NAME_SIZE_MAX + 1];
        struct http_response response = {.code = 400};
        struct aws_error error;
        const size_t size = AWS_ERROR_NAME_SIZE_MAX + more;
        memset(name, 'x', sizeof name);
        expect_ok("add", http_headers_add(&response.headers, slice_text("x-amzn-errortype"),
                                          slice_of(name, size)));
        aws_error_read(&response, &error);
        expect_u64("size", aws_error_name(&error).size, more == 0 ? size : 0);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"read rows", read_rows},
        {"name limits", name_limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
