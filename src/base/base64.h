/*
 * base64: RFC 4648 text, canonical only.
 *
 * The standard alphabet with padding, or the URL alphabet without. Reading refuses characters
 * outside the alphabet (also line breaks), missing or misplaced padding, and padding bits that are
 * not zero, so one byte string has one text. No branch or table index depends on the bytes.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

/* Appends the bytes in the standard alphabet, padded. */
void base64_put(struct builder *builder, slice bytes);

/* Appends the bytes in the URL alphabet, without padding. */
void base64_put_url(struct builder *builder, slice bytes);

/* Appends what standard, padded text stands for. BAD_INPUT, or OVER_LIMIT when it does not fit. */
MUST_CHECK status base64_put_decoded(struct builder *builder, slice text);

/* Appends what URL, unpadded text stands for. */
MUST_CHECK status base64_put_decoded_url(struct builder *builder, slice text);

#endif
