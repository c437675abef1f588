/*
 * json_parse: the text of json_read as tokens.
 *
 * Only json_read uses it; the limits are for all. The tokens stand in the order of the text: a container before its
 * children, a name before its value. A container knows where its last child ends, so that walking
 * from child to child costs the same whatever they hold.
 */
#ifndef BASE_JSON_PARSE_H
#define BASE_JSON_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    JSON_DEPTH_MAX = 32,     /* containers inside containers; typed data needs the most */
    JSON_SIZE_MAX = 1 << 20, /* bytes of text; callers with smaller bodies check first */
    JSON_TOKEN_SIZE = 20,    /* bytes of memory for each value and each name */
};

enum json_kind {
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_NAME,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

struct json_token {
    uint32_t offset, size; /* in the text; of names and strings without the quotes */
    union {
        uint32_t next;    /* containers: the token after their last */
        uint32_t decoded; /* strings: 0, or 1 + where their decoded form begins with its size */
    };
    uint32_t parent; /* the container; 0 also for the outermost value itself */
    uint8_t kind;    /* enum json_kind */
    bool is_known;   /* names: the program asked for it */
};

/* Reads the whole text. `decoded` is memory of the arena too. */
MUST_CHECK status json_parse(slice text, struct arena *arena, struct json_token **tokens,
                             slice *decoded);

/* The token behind a value and all that is in it. */
uint32_t json_parse_skip(const struct json_token *tokens, uint32_t token);

/* What a name or string stands for. */
slice json_parse_text(slice text, slice decoded, const struct json_token *token);

#endif
