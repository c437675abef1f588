/*
 * identity_documents: attestation documents signed under a root made for one test run.
 */
#ifndef UNIT_CLI_IDENTITY_DOCUMENTS_H
#define UNIT_CLI_IDENTITY_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"

/* What a document says; `{0}` is a fresh one in production mode, whose PCR0 is ab… */
struct identity_saying {
    bool is_debug, has_no_nonce;
    uint8_t nonce_first; /* is xored to the nonce 0011…ff 0011…ff */
    int64_t age_s;
    slice user_data; /* empty: that of documents for clients */
};

/* Makes the root and writes it as PEM. */
void identity_documents_open(const char *root_path);
void identity_documents_close(void);

/* The document's bytes, valid until the next call. */
slice identity_document(const struct identity_saying *saying);
/* {"document":…}, NUL-terminated, valid until the next call. */
const char *identity_answer(const struct identity_saying *saying);

/* Appends base64 in lines. */
void identity_put_base64(struct builder *builder, slice bytes, size_t line_size);

#endif
