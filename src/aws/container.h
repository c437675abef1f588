/*
 * container: credentials from the agent beside a container: ECS, EKS Pod Identity.
 *
 * The container's environment says where the agent is and what to show it. Its answer is the JSON
 * that aws_credentials_read reads. Over plain http the token would be readable on the way and the
 * answer forgeable, so that is allowed only to addresses that do not leave the machine.
 *
 * Specification: AWS SDKs and Tools Reference Guide, "Container credential provider".
 */
#ifndef AWS_CONTAINER_H
#define AWS_CONTAINER_H

#include "aws/credentials.h"
#include "base/builder.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"
#include "http/uri.h"

enum {
    CONTAINER_ADDRESS_SIZE_MAX = URI_SIZE_MAX,
    CONTAINER_MEMORY_SIZE_MAX = URI_SIZE_MAX + 1, /* what a build appends at most */
};

/*
 * Appends the agent's whole address: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI at ECS's address, else
 * AWS_CONTAINER_CREDENTIALS_FULL_URI as it is. An absent one is empty. BAD_INPUT for a relative one
 * that does not begin with a slash; NOT_FOUND when both are absent.
 */
MUST_CHECK status container_address_put(slice relative_uri, slice full_uri,
                                        struct builder *address);

/*
 * Splits the address. DENIED for plain http to anything but 127.0.0.0/8, ::1, localhost,
 * 169.254.170.2 (ECS), 169.254.170.23 and fd00:ec2::23 (EKS), written just so; BAD_INPUT.
 */
MUST_CHECK status container_address_parse(slice address, struct uri *uri);

/*
 * Takes the token in; it may have any visible character and blanks. BAD_INPUT for a line break or
 * another control character (it goes into a header line as it is) and for an empty one; OVER_LIMIT.
 */
MUST_CHECK status container_token_read(slice text, struct secret_text *token);

/*
 * Asks for the credentials; `host` is the Host header. A token of size 0 is not sent. The target is
 * appended to `memory`; the request views all arguments.
 */
MUST_CHECK status container_credentials_build(const struct uri *uri, slice host,
                                              const struct secret_text *token,
                                              struct builder *memory, struct http_request *request);

/* UNAVAILABLE for anything but 200 (detail: the code); CORRUPT for what are no credentials. */
MUST_CHECK status container_credentials_read(const struct http_response *response,
                                             struct aws_credentials *credentials);

#endif
