/*
 * openapi: the API's contract, docs/openapi.json as it was when the program was built.
 */
#ifndef PARENT_OPENAPI_H
#define PARENT_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_size;

#endif
