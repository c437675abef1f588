/*
 * kms_fixture: a KMS stand-in with one key, an enclave's documents, and the product's own calls.
 *
 * The stand-in is asked by the product's builders and answers its readers, so both sides are held
 * to one description of KMS. Several test programs use it; each opens it once.
 */
#ifndef UNIT_DEV_KMS_FIXTURE_H
#define UNIT_DEV_KMS_FIXTURE_H

#include "aws/credentials.h"
#include "aws/kms.h"
#include "base/arena.h"
#include "crypto/recipient.h"
#include "dev/identity.h"
#include "dev/kms_stand_in.h"
#include "dev/nsm_stand_in.h"
#include "http/message.h"

enum { KMS_FIXTURE_START_S = 1767323045 }; /* 2026-01-02T03:04:05Z */

struct kms_fixture {
    struct kms_stand_in stand_in;
    struct identity identity, other_identity;      /* the stand's root, and a stranger's */
    struct nsm_stand_in nsm, debug_nsm, other_nsm; /* ours, ours in debug mode, a stranger's */
    struct recipient recipient;
    struct aws_credentials credentials;
    struct arena arena;
    struct stand_fault fault; /* for the next calls */
    int64_t now_ms;
    char key_arn[KMS_KEYS_ARN_SIZE_MAX];
};

extern struct kms_fixture kms_fixture;

/* Makes what all tests share: roots, modules, the recipient. */
void kms_fixture_open(void);

/* PCR0 of the enclave whose documents `nsm` signs. */
hash48 kms_fixture_image(void);
/* Credentials that end then. */
void kms_fixture_issue(int64_t expires_at_s);
/* Hands a request to the stand-in. */
struct http_response kms_fixture_ask(const struct http_request *request);
/* A call that is not signed yet. */
struct http_request kms_fixture_request_of(const char *operation, slice body);
void kms_fixture_sign(struct http_request *request);
/* A signed call. In the body, "%K" stands for the key's ARN. */
struct http_response kms_fixture_call(const char *operation, const char *body);
void kms_fixture_expect_error(const struct http_response *response, const char *name);
void kms_fixture_expect_message(const struct http_response *response, const char *member,
                                const char *message);
/* A string of an answer that must be 200, copied; empty when it is not there. */
slice kms_fixture_member_of(const struct http_response *response, const char *outer,
                            const char *name);
/* Makes a key; it is the one that the rest is about. */
void kms_fixture_create_key(void);
/* A stand-in with one key. */
void kms_fixture_start(void);
void kms_fixture_stop(void);
/* Lets the role use the key from this image alone, with the context app=enw1. */
void kms_fixture_put_image_policy(const hash48 *pcr0);
/* One of the last four documents is valid at a time. */
slice kms_fixture_document_of(struct nsm_stand_in *module, slice public_key);
/* The product's own call, with the context app=enw1, acct=1. */
struct kms_call kms_fixture_call_of(slice document);
struct http_response kms_fixture_generate(const struct kms_call *built);
struct http_response kms_fixture_decrypt(const struct kms_call *built, slice ciphertext);
/* What the product reads from the answer. */
struct kms_reply kms_fixture_generated(const struct http_response *response);
struct kms_reply kms_fixture_decrypted(const struct http_response *response);
/* The enclave's document for the recipient's key. */
slice kms_fixture_our_document(void);

#endif
