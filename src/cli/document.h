/*
 * document: attestation documents as `enw` takes, judges and shows them.
 *
 * A document comes from a service or from a file, and whoever asks says what it must be: the flags
 * --root, --pcr and --allow-debug mean the same wherever they stand. Without --root the trusted root
 * is AWS's own (nsm/root_g1.h). Nothing that a document says is to be believed before
 * document_verify has succeeded.
 *
 * Specification: docs/ATTESTATION.md.
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "base/builder.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "cli/session.h"
#include "nsm/attestation.h"

enum {
    DOCUMENT_FILE_SIZE_MAX = 64 << 10, /* bytes of a file that holds one, also as JSON */
    DOCUMENT_AGE_S_MAX = 300,          /* of a document just asked for, unless told otherwise */
};

/*
 * Reads what --root, --pcr and --allow-debug demand; time and nonce are left to the caller. What
 * the rules view is in the session's arena. BAD_INPUT for a value or file that is not what it must
 * be.
 */
MUST_CHECK status document_read_rules(struct session *session, struct attestation_rules *rules);

/*
 * Reads a document from a file's contents: its own bytes, base64 text with or without line breaks,
 * or a service's JSON with the field "document" or "proof". BAD_INPUT for anything else.
 */
MUST_CHECK status document_read(struct session *session, slice contents,
                                struct attestation *document);

/* Takes a document from a field of a service's answer. CORRUPT when there is none. */
MUST_CHECK status document_take(struct session *session, const json_value *object, const char *name,
                                struct attestation *document);

/* attestation_verify; a register that is not as expected is told with what it is. */
MUST_CHECK status document_verify(struct session *session, const struct attestation *document,
                                  const struct attestation_rules *rules);

/* Writes lines about the document to `out`, with the user data in words where it is ours. */
void document_put(struct session *session, const struct attestation *document);

/* Appends the same as fields of a JSON object that is open; named as the service names them. */
void document_put_json(struct builder *json, const struct attestation *document);

#endif
