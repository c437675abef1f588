#include "parent/signing.h"

#include <string.h>

#include "base/hex.h"
#include "eth/eip191.h"
#include "eth/tx_codec.h"
#include "eth/tx_json.h"
#include "parent/accounts.h"
#include "parent/credentials_section.h"
#include "parent/service.h"

enum { ANSWER_SIZE = 1024 /* what an answer has beside the raw transaction */ };

static enum request_next finish(struct request *request);

/* ---- sending ---- */

static status not_the_sender(void)
{
    FAIL(BAD_INPUT, 0, "transaction.from: must be the account's own address");
}

/* A record, of whatever origin, goes to the enclave with what is to be signed. */
struct signing_record {
    account_id id;
    eth_address address;
    slice bytes;
};

static status build_message(struct request *request, const struct signing_record *record,
                            int64_t deadline_ms, struct message_request *message)
{
    struct request_signing *signing = &request->signing;
    if (signing->has_from && !address_equal(signing->from, record->address)) {
        return not_the_sender();
    }
    signing->id = record->id;
    signing->address = record->address;
    *message = (struct message_request){.type = signing->type,
                                        .record = record->bytes,
                                        .account_id = record->id,
                                        .body = signing->body};
    return credentials_section_put(&request->service->credentials, deadline_ms, &request->memory,
                                   &message->credentials);
}

static enum request_next fail_load(struct request *request, status failure)
{
    if (!status_is(failure, FAILURE_NOT_FOUND)) return request_fail(request, failure);
    return request_refuse(request, PROBLEM_ACCOUNT_NOT_FOUND, slice_of(NULL, 0),
                          slice_text("account: there is none of this name or address"));
}

/* The cold path, on a worker: the store, and credentials that have to be waited for. */
static enum request_next sign_from_store(struct request *request, struct arena *arena)
{
    struct stored_account *account;
    struct message_request message;
    struct cached_record known;
    const status loaded = accounts_load(request, arena, &account);
    if (!status_is_ok(loaded)) return fail_load(request, loaded);
    status step = accounts_read_record(account, &known);
    if (!status_is_ok(step)) return request_fail(request, step);
    const struct signing_record record = {known.id, known.address,
                                          slice_of(account->record, account->record_size)};
    request->signing.is_from_cache = false;
    step = build_message(request, &record, request->deadline_ms, &message);
    if (!status_is_ok(step)) return request_fail(request, step);
    return request_call_enclave_suspended(request, &message, finish);
}

static bool find_cached(struct request *request, struct cached_record *record)
{
    struct record_cache *cache = &request->service->records;
    if (request->signing.has_address) {
        return record_cache_find_address(cache, request->signing.address, record);
    }
    const account_id id = accounts_id_of(slice_text(request->account));
    return record_cache_find_id(cache, &id, record);
}

/* The hot path: everything is at hand. */
static enum request_next sign(struct request *request)
{
    struct cached_record cached;
    struct message_request message;
    if (!find_cached(request, &cached)) return request_hand_over(request, sign_from_store);
    const struct signing_record record = {cached.id, cached.address,
                                          slice_of(cached.record, cached.record_size)};
    request->signing.is_from_cache = true;
    const status built = build_message(request, &record, 0, &message);
    if (status_is(built, FAILURE_UNAVAILABLE)) return request_hand_over(request, sign_from_store);
    if (!status_is_ok(built)) return request_fail(request, built);
    return request_call_enclave(request, &message, finish);
}

/* ---- answering ---- */

static status read_signature(const struct request *request, const struct message_reply *reply,
                             k256_signature *signature)
{
    const eth_address wanted = request->signing.address;
    REQUIRE(slice_equal(reply->address, slice_of(wanted.bytes, sizeof wanted.bytes)), CORRUPT,
            "enclave: signed for another address");
    return k256_signature_read(reply->signature, signature);
}

static void put_quantity(struct builder *json, const char *name, uint64_t value)
{
    uint8_t memory[U256_QUANTITY_SIZE_MAX];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    u256_print_quantity(&text, u256_of(value));
    json_put_name(json, name);
    json_put_string(json, builder_view(&text));
}

static void put_hex(struct builder *json, const char *name, slice bytes)
{
    json_put_name(json, name);
    json_put_hex_0x(json, bytes);
}

static void put_address(struct builder *json, const char *name, eth_address address)
{
    uint8_t memory[ADDRESS_TEXT_SIZE];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    address_print(&text, address);
    json_put_name(json, name);
    json_put_string(json, builder_view(&text));
}

static void put_signature(struct builder *json, const k256_signature *signature, uint64_t v)
{
    put_hex(json, "r", slice_of(signature->r, sizeof signature->r));
    put_hex(json, "s", slice_of(signature->s, sizeof signature->s));
    put_quantity(json, "yParity", signature->parity);
    put_quantity(json, "v", v);
}

static enum request_next answer_transaction(struct request *request,
                                            const k256_signature *signature)
{
    const struct tx *tx = &request->signing.tx;
    const size_t raw_size_max = request->signing.body.size + TX_SIGNED_SIZE_MAX - TX_SIZE_MAX;
    struct builder raw, body;
    slice written;
    builder_init_arena(&raw, &request->memory, raw_size_max);
    status step = tx_write_signed(tx, signature, &raw);
    if (status_is_ok(step)) step = builder_finish(&raw, &written);
    if (!status_is_ok(step)) return request_fail(request, step);
    const hash32 hash = tx_hash(written);
    builder_init_arena(&body, &request->memory, ANSWER_SIZE + 2 * written.size);
    json_put_object_open(&body);
    put_hex(&body, "raw", written);
    put_hex(&body, "hash", hash32_view(&hash));
    put_signature(&body, signature, tx_signature_v(tx, signature));
    put_address(&body, "from", request->signing.address);
    put_quantity(&body, "type", (uint64_t)tx->type);
    json_put_object_close(&body);
    return request_answer(request, 200, &body);
}

static enum request_next answer_message(struct request *request, const k256_signature *signature)
{
    /* Wallets write 27 or 28 where curves have a parity of 0 or 1. */
    const uint8_t v = (uint8_t)(27 + signature->parity);
    const hash32 hash = eip191_hash(request->signing.body);
    uint8_t bytes[65];
    struct builder body;
    memcpy(bytes, signature->r, 32);
    memcpy(bytes + 32, signature->s, 32);
    bytes[64] = v;
    builder_init_arena(&body, &request->memory, ANSWER_SIZE);
    json_put_object_open(&body);
    put_hex(&body, "signature", slice_of(bytes, sizeof bytes));
    put_hex(&body, "hash", hash32_view(&hash));
    put_signature(&body, signature, v);
    put_address(&body, "address", request->signing.address);
    json_put_object_close(&body);
    return request_answer(request, 200, &body);
}

/* Is the refusal perhaps our own fault, so that a second try may go better? Once a request. */
static bool may_retry(struct request *request, const struct message_reply *reply)
{
    struct service *service = request->service;
    if (request->signing.has_retried) return false;
    if (request_is_credentials_fault(request, reply)) {
        /* Newer ones are on their way; the second try waits for them. */
    } else if (!request->signing.is_from_cache ||
               (reply->kind != FAILURE_DENIED && reply->kind != FAILURE_CORRUPT)) {
        return false;
    }
    request->signing.has_retried = true;
    record_cache_drop(&service->records, &request->signing.id);
    return true;
}

static enum request_next finish(struct request *request)
{
    struct message_reply reply;
    k256_signature signature;
    status step = request_read_reply(request, &reply);
    if (!status_is_ok(step)) return request_fail(request, step);
    if (reply.kind != 0) {
        if (may_retry(request, &reply)) return request_hand_over(request, sign_from_store);
        return request_refuse_reply(request, &reply);
    }
    step = read_signature(request, &reply, &signature);
    if (!status_is_ok(step)) return request_fail(request, step);
    return request->signing.type == FRAME_SIGN_TX ? answer_transaction(request, &signature)
                                                  : answer_message(request, &signature);
}

/* ---- reading what is to be signed ---- */

static status read_transaction(const json_value *object, struct request *request)
{
    static const char *const fields[] = {"transaction"};
    struct request_signing *signing = &request->signing;
    struct tx_json asked;
    struct builder bytes;
    json_value transaction;
    TRY(json_only(object, fields, ARRAY_COUNT(fields)));
    TRY(json_read_object(object, "transaction", &transaction));
    TRY(tx_json_read(&transaction, &request->memory, &asked));
    signing->type = FRAME_SIGN_TX;
    signing->tx = asked.tx;
    signing->has_from = asked.has_from;
    signing->from = asked.from;
    builder_init_arena(&bytes, &request->memory, tx_write_size_max(&asked.tx));
    TRY(json_refuse(object, "transaction", tx_write(&asked.tx, &bytes)));
    return builder_finish(&bytes, &signing->body);
}

/* The text lives in the document, which is closed before the enclave answers. */
static status read_text(const json_value *object, struct request *request)
{
    slice text;
    TRY(json_read_string(object, "message", 0, MESSAGE_BODY_SIZE_MAX, &text));
    return arena_copy(&request->memory, text, &request->signing.body);
}

static status read_hex(const json_value *object, struct request *request)
{
    slice text;
    struct builder bytes;
    TRY(json_read_string(object, "hex", 2, 2 + 2 * (size_t)MESSAGE_BODY_SIZE_MAX, &text));
    builder_init_arena(&bytes, &request->memory, text.size / 2);
    TRY(json_refuse(object, "hex", hex_put_decoded_0x(&bytes, text)));
    return builder_finish(&bytes, &request->signing.body);
}

static status check_one_form(const json_value *object)
{
    REQUIRE(json_has(object, "message") != json_has(object, "hex"), BAD_INPUT,
            "must have exactly one of message and hex");
    return status_ok();
}

static status read_message(const json_value *object, struct request *request)
{
    static const char *const fields[] = {"message", "hex"};
    TRY(json_only(object, fields, ARRAY_COUNT(fields)));
    TRY(json_refuse(object, NULL, check_one_form(object)));
    request->signing.type = FRAME_SIGN_MESSAGE;
    return json_has(object, "hex") ? read_hex(object, request) : read_text(object, request);
}

static enum request_next handle(struct request *request,
                                status (*read)(const json_value *object, struct request *request))
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    const status unasked = request_check_parameters(request, NULL, 0);
    if (!status_is_ok(unasked)) return request_fail(request, unasked);
    status step = json_open(builder_view(&request->body), &request->memory, &document);
    if (status_is_ok(step)) step = json_top_object(&document, &object);
    if (status_is_ok(step)) step = read(&object, request);
    if (!status_is_ok(step)) return request_refuse_json(request, &document, step);
    return sign(request);
}

enum request_next signing_handle_transaction(struct request *request)
{
    return handle(request, read_transaction);
}

enum request_next signing_handle_message(struct request *request)
{
    return handle(request, read_message);
}
