/*
 * escape: text from elsewhere, made safe for a terminal and honest for a reader.
 *
 * Shown as escapes are: control characters (which can move the cursor or rewrite the screen), the
 * backslash, characters that change direction or hide (bidirectional overrides and marks, zero-width
 * characters, other formatting, tags, fillers), line and paragraph separators, blanks that are not
 * the space, private use, and bytes that are not UTF-8. What remains is printed as it is.
 *
 * A byte becomes \xNN, a character \u{N...}; \n, \r, \t and \\ are themselves.
 */
#ifndef CLI_ESCAPE_H
#define CLI_ESCAPE_H

#include <stdbool.h>

#include "base/builder.h"
#include "base/slice.h"

/* Appends text as one line: line breaks are escaped too. */
void escape_put(struct builder *builder, slice text);

/* Appends text line by line, each begun with `margin`; a line break stays one. */
void escape_put_lines(struct builder *builder, slice text, const char *margin);

/* True when the bytes are UTF-8 (RFC 3629) throughout. */
bool escape_is_text(slice bytes);

#endif
