#include "aws/error.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "base/json_read.h"
#include "base/text.h"

enum { BODY_MEMORY_SIZE = 8192 }; /* for reading a body; one that needs more has no name */

/* One name, or one way of having none. */
struct rule {
    const char *name;
    enum aws_error_class class;
    struct failure failure;
};

/* Names of KMS, STS and DynamoDB with what they mean to a caller; the rest goes by HTTP code. */
static const struct rule rules[] = {
    {"AccessDeniedException",
     AWS_ERROR_REFUSED,
     {FAILURE_DENIED, __LINE__, __FILE__, "aws: IAM or the key's policy denies this call"}},
    {"AccessDenied",
     AWS_ERROR_REFUSED,
     {FAILURE_DENIED, __LINE__, __FILE__, "aws: IAM or a policy denies this call"}},
    {"NotFoundException",
     AWS_ERROR_REFUSED,
     {FAILURE_NOT_FOUND, __LINE__, __FILE__, "aws: the KMS key does not exist"}},
    {"DisabledException",
     AWS_ERROR_REFUSED,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the KMS key is disabled"}},
    {"KMSInvalidStateException",
     AWS_ERROR_REFUSED,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the KMS key is not in a usable state"}},
    {"InvalidCiphertextException",
     AWS_ERROR_REFUSED,
     {FAILURE_CORRUPT, __LINE__, __FILE__,
      "aws: the sealed data key is damaged or its encryption context is another"}},
    {"IncorrectKeyException",
     AWS_ERROR_REFUSED,
     {FAILURE_CORRUPT, __LINE__, __FILE__, "aws: the data key was sealed under another KMS key"}},
    {"InvalidKeyUsageException",
     AWS_ERROR_REFUSED,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the KMS key is made for another use"}},
    {"InvalidArnException",
     AWS_ERROR_REFUSED,
     {FAILURE_BAD_INPUT, __LINE__, __FILE__, "aws: the KMS key's ARN is malformed"}},
    {"ValidationException",
     AWS_ERROR_REFUSED,
     {FAILURE_INTERNAL, __LINE__, __FILE__, "aws: the service finds the call malformed"}},
    {"SerializationException",
     AWS_ERROR_REFUSED,
     {FAILURE_INTERNAL, __LINE__, __FILE__, "aws: the service cannot read the call"}},
    {"IncompleteSignatureException",
     AWS_ERROR_REFUSED,
     {FAILURE_INTERNAL, __LINE__, __FILE__, "aws: the call's signature is incomplete"}},
    {"MissingAuthenticationTokenException",
     AWS_ERROR_REFUSED,
     {FAILURE_INTERNAL, __LINE__, __FILE__, "aws: the call is not signed"}},
    {"ConditionalCheckFailedException",
     AWS_ERROR_REFUSED,
     {FAILURE_CONFLICT, __LINE__, __FILE__, "aws: the item is not as the condition says"}},
    {"ResourceNotFoundException",
     AWS_ERROR_REFUSED,
     {FAILURE_NOT_FOUND, __LINE__, __FILE__, "aws: the table or index does not exist"}},
    {"ResourceInUseException",
     AWS_ERROR_REFUSED,
     {FAILURE_CONFLICT, __LINE__, __FILE__, "aws: the table exists already or is changing"}},

    {"UnrecognizedClientException",
     AWS_ERROR_CREDENTIALS,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the access key or token is not known"}},
    {"InvalidClientTokenId",
     AWS_ERROR_CREDENTIALS,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the access key is not known"}},
    {"ExpiredTokenException",
     AWS_ERROR_CREDENTIALS,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the credentials have expired"}},
    {"ExpiredToken",
     AWS_ERROR_CREDENTIALS,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the session token has expired"}},

    {"InvalidSignatureException",
     AWS_ERROR_CLOCK,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__,
      "aws: the signature is refused; the clock may be wrong"}},
    {"SignatureDoesNotMatch",
     AWS_ERROR_CLOCK,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__,
      "aws: the signature does not match; the clock may be wrong"}},
    {"RequestTimeTooSkewed",
     AWS_ERROR_CLOCK,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the clock is wrong"}},
    {"RequestExpired",
     AWS_ERROR_CLOCK,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the call is too old; the clock may be slow"}},
    {"RequestInTheFuture",
     AWS_ERROR_CLOCK,
     {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the call is too new; the clock may be fast"}},
};

static const struct rule throttled = {
    NULL,
    AWS_ERROR_THROTTLED,
    {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the service asks for fewer calls"}};
static const struct rule transient = {
    NULL,
    AWS_ERROR_TRANSIENT,
    {FAILURE_UNAVAILABLE, __LINE__, __FILE__, "aws: the service has a fault of its own"}};
static const struct rule denied = {
    NULL,
    AWS_ERROR_REFUSED,
    {FAILURE_DENIED, __LINE__, __FILE__, "aws: the service denies the call"}};
static const struct rule absent = {
    NULL,
    AWS_ERROR_REFUSED,
    {FAILURE_NOT_FOUND, __LINE__, __FILE__, "aws: what was named does not exist"}};
static const struct rule refused = {
    NULL,
    AWS_ERROR_REFUSED,
    {FAILURE_INTERNAL, __LINE__, __FILE__, "aws: the service refuses the call"}};

/* The lists that AWS's own clients retry by. */
static const char *const throttled_names[] = {
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};
static const char *const transient_names[] = {
    "KMSInternalException",
    "KeyUnavailableException",
    "DependencyTimeoutException",
    "InternalServerError",
    "InternalFailure",
    "InternalServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
    "IDPCommunicationError",
};

/*
 * "com.amazon.coral.service#Name:http://…" is Name; what could not be logged is no name. The part
 * behind the colon goes first: it may hold a '#' of its own.
 */
static void read_name(slice text, struct aws_error *error)
{
    text = slice_part(text, 0, slice_index_of(text, ':'));
    const size_t mark = slice_index_of(text, '#');
    if (mark < text.size) text = slice_part(text, mark + 1, text.size);
    text = slice_trim(text);
    if (text.size > AWS_ERROR_NAME_SIZE_MAX || !text_is_alphanumeric_or(text, "._")) return;
    if (text.size > 0) memcpy(error->name, text.bytes, text.size);
    error->name_size = text.size;
}

static status read_body_name(slice body, struct aws_error *error)
{
    SCOPED(json_close) struct json document = {0};
    alignas(max_align_t) uint8_t space[BODY_MEMORY_SIZE];
    struct arena arena;
    json_value object = {0};
    slice name = {0};
    arena_init(&arena, space, sizeof space);
    TRY(json_open(body, &arena, &document));
    TRY(json_top_object(&document, &object));
    TRY(json_read_string(&object, json_has(&object, "__type") ? "__type" : "code", 1, 256, &name));
    read_name(name, error);
    return status_ok();
}

static bool is_among(const struct aws_error *error, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (aws_error_is(error, names[i])) return true;
    }
    return false;
}

static const struct rule *rule_of_code(uint16_t code)
{
    if (code == 429 || code == 509) return &throttled;
    if (code >= 500 || code == 408) return &transient;
    if (code == 401 || code == 403) return &denied;
    return code == 404 ? &absent : &refused;
}

static const struct rule *rule_of(const struct aws_error *error)
{
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        if (aws_error_is(error, rules[i].name)) return &rules[i];
    }
    if (is_among(error, throttled_names, ARRAY_COUNT(throttled_names))) return &throttled;
    if (is_among(error, transient_names, ARRAY_COUNT(transient_names))) return &transient;
    return rule_of_code(error->code);
}

void aws_error_read(const struct http_response *response, struct aws_error *error)
{
    slice header = {0};
    *error = (struct aws_error){.code = response->code};
    if (http_headers_find(&response->headers, "x-amzn-errortype", &header)) {
        read_name(header, error);
    }
    /* A body without a name is no failure: the code decides then. */
    if (error->name_size == 0) (void)read_body_name(response->body, error);
    const struct rule *rule = rule_of(error);
    error->class = rule->class;
    error->kind = rule->failure.kind;
}

slice aws_error_name(const struct aws_error *error)
{
    return slice_of(error->name, error->name_size);
}

bool aws_error_is(const struct aws_error *error, const char *name)
{
    return slice_equal(aws_error_name(error), slice_text(name));
}

bool aws_error_is_retryable(const struct aws_error *error)
{
    return error->class == AWS_ERROR_THROTTLED || error->class == AWS_ERROR_TRANSIENT;
}

status aws_error_status(const struct aws_error *error)
{
    return (status){&rule_of(error)->failure, error->code};
}

enum aws_error_class aws_error_class_of(status failure)
{
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        if (failure.failure == &rules[i].failure) return rules[i].class;
    }
    if (failure.failure == &throttled.failure) return throttled.class;
    return failure.failure == &transient.failure ? transient.class : AWS_ERROR_REFUSED;
}
