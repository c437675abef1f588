/*
 * xml: the little of XML that AWS's older services answer with.
 *
 * A document is read in one go: the caller names the elements whose text it wants by their paths,
 * "Response/Result/AccessKeyId". All of the document must be well formed, also what nobody asked
 * for. What a reply never has and an attacker might is refused: document types and with them
 * entities of one's own, comments, CDATA, processing instructions after the declaration, names with
 * prefixes, text beside elements. An element on a wanted path stands at most once, so that parts of
 * two answers cannot be mixed. Names of attributes and namespaces are not looked at.
 *
 * Specification: W3C, Extensible Markup Language (XML) 1.0, fifth edition.
 */
#ifndef AWS_XML_H
#define AWS_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    XML_SIZE_MAX = 16 * 1024,    /* bytes of a document; the largest part is a token of 12 KiB */
    XML_DEPTH_MAX = 8,           /* elements within each other; AWS's replies have four */
    XML_NAME_SIZE_MAX = 64,      /* bytes; the longest in use has 33 */
    XML_ATTRIBUTE_COUNT_MAX = 8, /* of one element */
    XML_FIELD_COUNT_MAX = 8,     /* wanted at once */
};

/* An element whose text is wanted. `{path}` to begin with. */
struct xml_field {
    const char *path; /* names from the root on, with slashes between */
    slice text;       /* of size 0 when it is not there or is empty */
    bool is_found;
};

/*
 * Reads the document into the fields. Their texts, with all references replaced, are appended to
 * `memory`, whose bytes they view; it must have room for as much as the document has. On failure the
 * fields are undefined. BAD_INPUT, OVER_LIMIT (detail: byte offset).
 */
MUST_CHECK status xml_read(slice document, struct xml_field *fields, size_t count,
                           struct builder *memory);

#endif
