#include "nsm/message.h"

#include <string.h>

#include "base/array.h"
#include "base/cbor.h"

enum field {
    FIELD_INDEX,
    FIELD_RANGE,
    FIELD_DATA,
    FIELD_USER_DATA,
    FIELD_NONCE,
    FIELD_PUBLIC_KEY,
    FIELD_LOCK,
    FIELD_RANDOM,
    FIELD_DOCUMENT,
    FIELD_VERSION_MAJOR,
    FIELD_VERSION_MINOR,
    FIELD_VERSION_PATCH,
    FIELD_MODULE_ID,
    FIELD_MAX_PCRS,
    FIELD_LOCKED_PCRS,
    FIELD_DIGEST,
    FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_INDEX] = "index",
    [FIELD_RANGE] = "range",
    [FIELD_DATA] = "data",
    [FIELD_USER_DATA] = "user_data",
    [FIELD_NONCE] = "nonce",
    [FIELD_PUBLIC_KEY] = "public_key",
    [FIELD_LOCK] = "lock",
    [FIELD_RANDOM] = "random",
    [FIELD_DOCUMENT] = "document",
    [FIELD_VERSION_MAJOR] = "version_major",
    [FIELD_VERSION_MINOR] = "version_minor",
    [FIELD_VERSION_PATCH] = "version_patch",
    [FIELD_MODULE_ID] = "module_id",
    [FIELD_MAX_PCRS] = "max_pcrs",
    [FIELD_LOCKED_PCRS] = "locked_pcrs",
    [FIELD_DIGEST] = "digest",
};

enum { LIST_COUNT_MAX = 7, NAME_SIZE_MAX = 32, UNKNOWN_COUNT_MAX = 16 };

/* The fields of a request or response, in the order they are written in. */
struct field_list {
    size_t count;
    enum field fields[LIST_COUNT_MAX];
};

static const struct shape {
    const char *name;
    struct field_list request, response;
} shapes[] = {
    [NSM_DESCRIBE_PCR] = {"DescribePCR", {1, {FIELD_INDEX}}, {2, {FIELD_LOCK, FIELD_DATA}}},
    [NSM_EXTEND_PCR] = {"ExtendPCR", {2, {FIELD_INDEX, FIELD_DATA}}, {1, {FIELD_DATA}}},
    [NSM_LOCK_PCR] = {"LockPCR", {1, {FIELD_INDEX}}, {0}},
    [NSM_LOCK_PCRS] = {"LockPCRs", {1, {FIELD_RANGE}}, {0}},
    [NSM_DESCRIBE_NSM] = {"DescribeNSM",
                          {0},
                          {7,
                           {FIELD_VERSION_MAJOR, FIELD_VERSION_MINOR, FIELD_VERSION_PATCH,
                            FIELD_MODULE_ID, FIELD_MAX_PCRS, FIELD_LOCKED_PCRS, FIELD_DIGEST}}},
    [NSM_GET_RANDOM] = {"GetRandom", {0}, {1, {FIELD_RANDOM}}},
    [NSM_ATTESTATION] = {"Attestation",
                         {3, {FIELD_USER_DATA, FIELD_NONCE, FIELD_PUBLIC_KEY}},
                         {1, {FIELD_DOCUMENT}}},
};

static const char *const error_names[] = {
    [NSM_NO_ERROR] = "Success",
    [NSM_INVALID_ARGUMENT] = "InvalidArgument",
    [NSM_INVALID_INDEX] = "InvalidIndex",
    [NSM_INVALID_RESPONSE] = "InvalidResponse",
    [NSM_READ_ONLY_INDEX] = "ReadOnlyIndex",
    [NSM_INVALID_OPERATION] = "InvalidOperation",
    [NSM_BUFFER_TOO_SMALL] = "BufferTooSmall",
    [NSM_INPUT_TOO_LARGE] = "InputTooLarge",
    [NSM_INTERNAL_ERROR] = "InternalError",
};

static const char error_key[] = "Error";

/* A message being read: where a field's value goes. */
struct target {
    struct nsm_request *request; /* NULL while a response is read */
    struct nsm_response *response;
};

nsm_optional nsm_optional_of(slice bytes)
{
    return (nsm_optional){true, bytes};
}

static bool text_is(slice text, const char *wanted)
{
    return slice_equal(text, slice_text(wanted));
}

static status find_call(slice name, enum nsm_call *call)
{
    for (size_t i = NSM_DESCRIBE_PCR; i < ARRAY_COUNT(shapes); i++) {
        if (text_is(name, shapes[i].name)) {
            *call = (enum nsm_call)i;
            return status_ok();
        }
    }
    FAIL(BAD_INPUT, 0, "nsm: message has an unknown name");
}

static status take_u16(struct cbor_reader *reader, uint16_t *value)
{
    uint64_t read = 0;
    TRY(cbor_take_u64(reader, UINT16_MAX, &read));
    *value = (uint16_t)read;
    return status_ok();
}

static status take_optional(struct cbor_reader *reader, nsm_optional *optional)
{
    if (cbor_take_null(reader)) return status_ok();
    TRY(cbor_take_bytes(reader, 0, NSM_FIELD_SIZE_MAX, &optional->bytes));
    optional->is_present = true;
    return status_ok();
}

static status take_pcr(struct cbor_reader *reader, hash48 *pcr)
{
    slice bytes = {0};
    TRY(cbor_take_bytes(reader, sizeof pcr->bytes, sizeof pcr->bytes, &bytes));
    return slice_take_copy(&bytes, sizeof pcr->bytes, pcr->bytes);
}

static status take_locked(struct cbor_reader *reader, uint32_t *locked)
{
    struct cbor_items items = {0};
    bool has_next = false;
    TRY(cbor_take_array(reader, PCR_COUNT, &items));
    for (;;) {
        uint64_t index = 0;
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) return status_ok();
        TRY(cbor_take_u64(reader, PCR_COUNT - 1, &index));
        *locked |= UINT32_C(1) << index;
    }
}

static status take_request_field(struct cbor_reader *reader, enum field field,
                                 struct nsm_request *request)
{
    if (field == FIELD_INDEX) return take_u16(reader, &request->index);
    if (field == FIELD_RANGE) return take_u16(reader, &request->range);
    if (field == FIELD_USER_DATA) return take_optional(reader, &request->user_data);
    if (field == FIELD_NONCE) return take_optional(reader, &request->nonce);
    if (field == FIELD_PUBLIC_KEY) return take_optional(reader, &request->public_key);
    return cbor_take_bytes(reader, 0, NSM_REQUEST_SIZE_MAX, &request->data);
}

static status take_description_field(struct cbor_reader *reader, enum field field,
                                     struct nsm_description *description)
{
    if (field == FIELD_VERSION_MAJOR) return take_u16(reader, &description->version_major);
    if (field == FIELD_VERSION_MINOR) return take_u16(reader, &description->version_minor);
    if (field == FIELD_VERSION_PATCH) return take_u16(reader, &description->version_patch);
    if (field == FIELD_MAX_PCRS) return take_u16(reader, &description->pcr_count);
    if (field == FIELD_LOCKED_PCRS) return take_locked(reader, &description->locked_pcrs);
    if (field == FIELD_DIGEST)
        return cbor_take_text(reader, 1, NAME_SIZE_MAX, &description->digest);
    return cbor_take_text(reader, 1, NSM_MODULE_ID_SIZE_MAX, &description->module_id);
}

static status take_response_field(struct cbor_reader *reader, enum field field,
                                  struct nsm_response *response)
{
    if (field == FIELD_LOCK) return cbor_take_bool(reader, &response->is_locked);
    if (field == FIELD_DATA) return take_pcr(reader, &response->pcr);
    if (field == FIELD_RANDOM)
        return cbor_take_bytes(reader, 1, NSM_RANDOM_SIZE_MAX, &response->random);
    if (field == FIELD_DOCUMENT)
        return cbor_take_bytes(reader, 1, NSM_RESPONSE_SIZE_MAX, &response->document);
    return take_description_field(reader, field, &response->description);
}

static enum field find_field(const struct field_list *list, slice name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_is(name, field_names[list->fields[i]])) return list->fields[i];
    }
    return FIELD_COUNT;
}

static status take_field(struct cbor_reader *reader, const struct field_list *list,
                         const struct target *target, uint32_t *seen)
{
    slice name = {0};
    TRY(cbor_take_text(reader, 1, NAME_SIZE_MAX, &name));
    const enum field field = find_field(list, name);
    if (field == FIELD_COUNT) {
        REQUIRE(!target->request, BAD_INPUT, "nsm: request has an unknown field");
        return cbor_skip(reader);
    }
    REQUIRE((*seen >> field & 1) == 0, BAD_INPUT, "nsm: message has a field twice");
    *seen |= UINT32_C(1) << field;
    return target->request ? take_request_field(reader, field, target->request)
                           : take_response_field(reader, field, target->response);
}

/* Takes the map of fields that belongs to a name. */
static status take_fields(struct cbor_reader *reader, const struct field_list *list,
                          const struct target *target)
{
    struct cbor_items items = {0};
    bool has_next = false;
    uint32_t seen = 0;
    TRY(cbor_take_map(reader, LIST_COUNT_MAX + UNKNOWN_COUNT_MAX, &items));
    for (;;) {
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) break;
        TRY(take_field(reader, list, target, &seen));
    }
    for (size_t i = 0; i < list->count; i++) {
        REQUIRE(seen >> list->fields[i] & 1, BAD_INPUT, "nsm: message lacks a field");
    }
    return status_ok();
}

/* Takes the name, and says whether a map of fields (or an error's name) follows. */
static status take_name(struct cbor_reader *reader, slice *name, bool *has_value)
{
    struct cbor_items items = {0};
    *has_value = !cbor_is_text(reader);
    if (*has_value) {
        TRY(cbor_take_map(reader, 1, &items));
        REQUIRE(items.left_count == 1, BAD_INPUT, "nsm: message is an empty map");
    }
    return cbor_take_text(reader, 1, NAME_SIZE_MAX, name);
}

status nsm_request_read(slice bytes, struct nsm_request *request)
{
    struct cbor_reader reader;
    struct nsm_request read = {0};
    slice name = {0};
    bool has_fields = false;
    REQUIRE(bytes.size <= NSM_REQUEST_SIZE_MAX, OVER_LIMIT, "nsm: request is too long");
    cbor_reader_init(&reader, bytes, CBOR_LONG_HEADS);
    TRY(take_name(&reader, &name, &has_fields));
    TRY(find_call(name, &read.call));
    const struct field_list *list = &shapes[read.call].request;
    REQUIRE(has_fields == (list->count > 0), BAD_INPUT,
            "nsm: message must have fields if and only if its name asks for them");
    if (has_fields) TRY(take_fields(&reader, list, &(struct target){.request = &read}));
    TRY(cbor_expect_end(&reader));
    *request = read;
    return status_ok();
}

static status take_error(struct cbor_reader *reader, enum nsm_error *error)
{
    slice name = {0};
    TRY(cbor_take_text(reader, 1, NAME_SIZE_MAX, &name));
    for (size_t i = NSM_INVALID_ARGUMENT; i < ARRAY_COUNT(error_names); i++) {
        if (text_is(name, error_names[i])) {
            *error = (enum nsm_error)i;
            return status_ok();
        }
    }
    FAIL(BAD_INPUT, 0, "nsm: error has an unknown name");
}

status nsm_response_read(slice bytes, struct nsm_response *response)
{
    struct cbor_reader reader;
    struct nsm_response read = {0};
    slice name = {0};
    bool has_value = false;
    REQUIRE(bytes.size <= NSM_RESPONSE_SIZE_MAX, OVER_LIMIT, "nsm: response is too long");
    cbor_reader_init(&reader, bytes, CBOR_LONG_HEADS);
    TRY(take_name(&reader, &name, &has_value));
    if (has_value && text_is(name, error_key)) {
        TRY(take_error(&reader, &read.error));
    } else {
        TRY(find_call(name, &read.call));
        const struct field_list *list = &shapes[read.call].response;
        REQUIRE(has_value == (list->count > 0), BAD_INPUT,
                "nsm: message must have fields if and only if its name asks for them");
        if (has_value) TRY(take_fields(&reader, list, &(struct target){.response = &read}));
    }
    TRY(cbor_expect_end(&reader));
    *response = read;
    return status_ok();
}

static status explain(enum nsm_error error)
{
    switch (error) {
    case NSM_NO_ERROR: return status_ok();
    case NSM_INVALID_ARGUMENT: FAIL(UNAVAILABLE, error, "nsm: the module refuses an argument");
    case NSM_INVALID_INDEX: FAIL(UNAVAILABLE, error, "nsm: the module has no such PCR");
    case NSM_INVALID_RESPONSE:
        FAIL(UNAVAILABLE, error, "nsm: the module reports an invalid response");
    case NSM_READ_ONLY_INDEX: FAIL(UNAVAILABLE, error, "nsm: the PCR is locked");
    case NSM_INVALID_OPERATION: FAIL(UNAVAILABLE, error, "nsm: the module refuses the operation");
    case NSM_BUFFER_TOO_SMALL:
        FAIL(UNAVAILABLE, error, "nsm: the module finds the buffer too small");
    case NSM_INPUT_TOO_LARGE:
        FAIL(UNAVAILABLE, error, "nsm: the module finds the request too large");
    case NSM_INTERNAL_ERROR: break;
    }
    FAIL(UNAVAILABLE, error, "nsm: the module reports an internal error");
}

status nsm_response_check(slice bytes, enum nsm_call call, struct nsm_response *response)
{
    struct nsm_response read;
    const status reading = nsm_response_read(bytes, &read);
    if (!status_is_ok(reading)) {
        FAIL(CORRUPT, reading.detail, "nsm: the module's response is malformed");
    }
    TRY(explain(read.error));
    REQUIRE(read.call == call, CORRUPT, "nsm: the module answers another request");
    *response = read;
    return status_ok();
}

static void put_optional(struct builder *builder, const nsm_optional *optional)
{
    if (optional->is_present) cbor_put_bytes(builder, optional->bytes);
    else cbor_put_null(builder);
}

static void put_request_field(struct builder *builder, enum field field,
                              const struct nsm_request *request)
{
    if (field == FIELD_INDEX) cbor_put_u64(builder, request->index);
    else if (field == FIELD_RANGE) cbor_put_u64(builder, request->range);
    else if (field == FIELD_USER_DATA) put_optional(builder, &request->user_data);
    else if (field == FIELD_NONCE) put_optional(builder, &request->nonce);
    else if (field == FIELD_PUBLIC_KEY) put_optional(builder, &request->public_key);
    else cbor_put_bytes(builder, request->data);
}

static size_t count_bits(uint32_t bits)
{
    size_t count = 0;
    for (; bits != 0; bits &= bits - 1) count++;
    return count;
}

static void put_locked(struct builder *builder, uint32_t locked)
{
    cbor_put_array(builder, count_bits(locked));
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (locked >> i & 1) cbor_put_u64(builder, i);
    }
}

static void put_description_field(struct builder *builder, enum field field,
                                  const struct nsm_description *description)
{
    if (field == FIELD_VERSION_MAJOR) cbor_put_u64(builder, description->version_major);
    else if (field == FIELD_VERSION_MINOR) cbor_put_u64(builder, description->version_minor);
    else if (field == FIELD_VERSION_PATCH) cbor_put_u64(builder, description->version_patch);
    else if (field == FIELD_MAX_PCRS) cbor_put_u64(builder, description->pcr_count);
    else if (field == FIELD_LOCKED_PCRS) put_locked(builder, description->locked_pcrs);
    else if (field == FIELD_DIGEST) cbor_put_text(builder, description->digest);
    else cbor_put_text(builder, description->module_id);
}

static void put_response_field(struct builder *builder, enum field field,
                               const struct nsm_response *response)
{
    if (field == FIELD_LOCK) cbor_put_bool(builder, response->is_locked);
    else if (field == FIELD_DATA) cbor_put_bytes(builder, hash48_view(&response->pcr));
    else if (field == FIELD_RANDOM) cbor_put_bytes(builder, response->random);
    else if (field == FIELD_DOCUMENT) cbor_put_bytes(builder, response->document);
    else put_description_field(builder, field, &response->description);
}

/* Puts the name, and the head of the map of fields when there are any. */
static void put_name(struct builder *builder, const char *name, const struct field_list *list)
{
    if (list->count > 0) cbor_put_map(builder, 1);
    cbor_put_text(builder, slice_text(name));
    if (list->count > 0) cbor_put_map(builder, list->count);
}

void nsm_request_write(const struct nsm_request *request, struct builder *builder)
{
    const struct shape *shape = &shapes[request->call];
    put_name(builder, shape->name, &shape->request);
    for (size_t i = 0; i < shape->request.count; i++) {
        const enum field field = shape->request.fields[i];
        cbor_put_text(builder, slice_text(field_names[field]));
        put_request_field(builder, field, request);
    }
}

void nsm_response_write(const struct nsm_response *response, struct builder *builder)
{
    if (response->error != NSM_NO_ERROR) {
        cbor_put_map(builder, 1);
        cbor_put_text(builder, slice_text(error_key));
        cbor_put_text(builder, slice_text(error_names[response->error]));
        return;
    }
    const struct shape *shape = &shapes[response->call];
    put_name(builder, shape->name, &shape->response);
    for (size_t i = 0; i < shape->response.count; i++) {
        const enum field field = shape->response.fields[i];
        cbor_put_text(builder, slice_text(field_names[field]));
        put_response_field(builder, field, response);
    }
}
