/*
 * message: what is said to the Nitro Security Module, and what it answers.
 *
 * Requests and responses are CBOR. A request without arguments is its name, one with arguments a
 * map of one name to a map of fields; responses likewise, and an error is {"Error": name}. Both
 * directions are here: the enclave writes requests and reads responses, the stand-in the reverse.
 *
 * Written: definite lengths, shortest integers, fields in the module's own order. Read: fields in
 * any order, long integer heads too (not every module writes shortest ones); refused are missing
 * or repeated fields, unknown names, wrong types and sizes, and trailing bytes. A field that is not
 * known is refused in a request and skipped in a response, which a newer module may have written.
 * Slices in what was read are views of the input.
 *
 * Specification: aws-nitro-enclaves-nsm-api, src/api/mod.rs.
 */
#ifndef NSM_MESSAGE_H
#define NSM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "nsm/pcr.h"

enum {
    NSM_REQUEST_SIZE_MAX = 0x1000,  /* bytes; the driver refuses more */
    NSM_RESPONSE_SIZE_MAX = 0x3000, /* bytes; the driver cuts what does not fit the buffer */
    NSM_FIELD_SIZE_MAX = 1024,      /* bytes of user data, nonce or public key, each */
    NSM_RANDOM_SIZE_MAX = 256,      /* bytes of one GetRandom answer */
    NSM_MODULE_ID_SIZE_MAX = 128,   /* bytes; real ones have 39 */
};

enum nsm_call {
    NSM_DESCRIBE_PCR = 1,
    NSM_EXTEND_PCR,
    NSM_LOCK_PCR,
    NSM_LOCK_PCRS,
    NSM_DESCRIBE_NSM,
    NSM_GET_RANDOM,
    NSM_ATTESTATION,
};

/* The module's own words for what went wrong. */
enum nsm_error {
    NSM_NO_ERROR = 0,
    NSM_INVALID_ARGUMENT,
    NSM_INVALID_INDEX,
    NSM_INVALID_RESPONSE,
    NSM_READ_ONLY_INDEX,
    NSM_INVALID_OPERATION,
    NSM_BUFFER_TOO_SMALL,
    NSM_INPUT_TOO_LARGE,
    NSM_INTERNAL_ERROR,
};

/* Bytes that may be left out (null on the wire). `{0}` is left out. */
typedef struct nsm_optional {
    bool is_present;
    slice bytes;
} nsm_optional;

/* Present bytes. */
nsm_optional nsm_optional_of(slice bytes);

struct nsm_request {
    enum nsm_call call;
    uint16_t index;          /* DescribePCR, ExtendPCR, LockPCR */
    uint16_t range;          /* LockPCRs: locks registers 0 to range - 1 */
    slice data;              /* ExtendPCR */
    nsm_optional user_data;  /* Attestation: at most NSM_FIELD_SIZE_MAX bytes each */
    nsm_optional nonce;      /* Attestation */
    nsm_optional public_key; /* Attestation */
};

/* What DescribeNSM tells. */
struct nsm_description {
    uint16_t version_major, version_minor, version_patch;
    slice module_id;
    uint16_t pcr_count;
    uint32_t locked_pcrs; /* bit N for register N */
    slice digest;         /* "SHA256", "SHA384" or "SHA512" */
};

struct nsm_response {
    enum nsm_call call;                 /* 0 for an error */
    enum nsm_error error;               /* NSM_NO_ERROR unless it is one */
    bool is_locked;                     /* DescribePCR */
    hash48 pcr;                         /* DescribePCR, ExtendPCR: the register's value */
    slice random;                       /* GetRandom: 1 to NSM_RANDOM_SIZE_MAX bytes */
    slice document;                     /* Attestation */
    struct nsm_description description; /* DescribeNSM */
};

/* Appends a request. What does not fit shows in builder_finish. */
void nsm_request_write(const struct nsm_request *request, struct builder *builder);
MUST_CHECK status nsm_request_read(slice bytes, struct nsm_request *request);

void nsm_response_write(const struct nsm_response *response, struct builder *builder);
/* An error the module reports is read as a success of reading; nsm_response_check tells. */
MUST_CHECK status nsm_response_read(slice bytes, struct nsm_response *response);

/*
 * Reads the answer to `call`.
 *
 * UNAVAILABLE, with a sentence for each of the module's errors and its number as the detail, when
 * the module refused; CORRUPT when the bytes are no response or answer something else.
 */
MUST_CHECK status nsm_response_check(slice bytes, enum nsm_call call,
                                     struct nsm_response *response);

#endif
