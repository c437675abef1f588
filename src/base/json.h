/*
 * json: writing JSON by the last byte in a builder; json_write has a state of its own instead.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/json_read.h"
#include "base/slice.h"
#include "base/status.h"

void json_put_object_open(struct builder *builder);
void json_put_object_close(struct builder *builder);
void json_put_array_open(struct builder *builder);
void json_put_array_close(struct builder *builder);
/* A field's name; its value must follow. */
void json_put_name(struct builder *builder, const char *name);
/* Text is escaped; bytes that are not UTF-8 become U+FFFD. */
void json_put_string(struct builder *builder, slice text);
void json_put_text(struct builder *builder, const char *text);
void json_put_u64(struct builder *builder, uint64_t value);
void json_put_bool(struct builder *builder, bool value);
void json_put_null(struct builder *builder);
/* "0x…" and plain hex and base64 strings. */
void json_put_hex_0x(struct builder *builder, slice bytes);
void json_put_hex(struct builder *builder, slice bytes);
void json_put_base64(struct builder *builder, slice bytes);
/* Text that is JSON already. */
void json_put_raw(struct builder *builder, slice json);

#endif
