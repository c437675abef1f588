#include "parent/accounts.h"

#include <string.h>

#include "aws/time.h"
#include "base/hex.h"
#include "eth/address.h"
#include "parent/credentials_section.h"
#include "parent/proof.h"
#include "parent/service.h"

enum {
    ENTRY_JSON_SIZE_MAX = 1024, /* one account without its record */
    RECORD_ID_OFFSET = 16,      /* of an ENW1 record: docs/PROTOCOL.md */
    RECORD_ADDRESS_OFFSET = 48,
    RECORD_HEADER_SIZE = 264,
    CREATE_REPLY_SIZE_MAX = 52 * 1024, /* the longest record and its proof */
};

/* ---- records ---- */

account_id accounts_id_of(slice name)
{
    uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
    struct builder preimage;
    account_id id = {{0}};
    builder_init(&preimage, memory, sizeof memory);
    if (status_is_ok(account_preimage_put(name, &preimage))) {
        const hash32 hash = sha256(builder_view(&preimage));
        memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    }
    return id;
}

status accounts_read_record(const struct stored_account *account, struct cached_record *record)
{
    const account_id id = accounts_id_of(slice_text(account->name));
    const slice bytes = slice_of(account->record, account->record_size);
    eth_address address;
    REQUIRE(bytes.size > RECORD_HEADER_SIZE && slice_has_start(bytes, slice_text("ENW1")), CORRUPT,
            "account: what the store holds is no sealed record");
    REQUIRE(status_is_ok(address_parse(slice_text(account->address), &address)), CORRUPT,
            "account: the store holds an address that is none");
    REQUIRE(slice_equal(slice_part(bytes, RECORD_ID_OFFSET, sizeof id.bytes),
                        slice_of(id.bytes, sizeof id.bytes)),
            CORRUPT, "account: the sealed record is another account's");
    REQUIRE(slice_equal(slice_part(bytes, RECORD_ADDRESS_OFFSET, sizeof address.bytes),
                        slice_of(address.bytes, sizeof address.bytes)),
            CORRUPT, "account: the sealed record is for another address");
    record->id = id;
    record->address = address;
    record->record_size = 0;
    if (bytes.size <= sizeof record->record) {
        memcpy(record->record, bytes.bytes, bytes.size);
        record->record_size = bytes.size;
    }
    return status_ok();
}

static status take_account(struct arena *arena, struct stored_account **account)
{
    void *memory;
    TRY(arena_take(arena, sizeof **account, &memory));
    *account = memory;
    return status_ok();
}

status accounts_load(const struct request *request, struct arena *arena,
                     struct stored_account **account)
{
    const struct store *store = &request->service->store;
    struct stored_account *found;
    struct cached_record record;
    TRY(take_account(arena, &found));
    const slice asked = slice_text(request->account);
    if (request->account_is_address) {
        TRY(store_find_by_address(store, asked, request->deadline_ms, found));
    } else {
        TRY(store_get(store, asked, request->deadline_ms, found));
    }
    TRY(accounts_read_record(found, &record));
    if (record.record_size > 0) record_cache_put(&request->service->records, &record);
    *account = found;
    return status_ok();
}

/* ---- answers ---- */

struct shown_account {
    const char *name, *address, *key_id, *created_at;
    uint64_t version;
    slice public_key, record; /* may be empty */
};

static void put_address(struct builder *json, const char *text)
{
    eth_address address;
    uint8_t memory[ADDRESS_TEXT_SIZE];
    struct builder checksummed;
    if (!status_is_ok(address_parse(slice_text(text), &address))) {
        json_put_text(json, text);
        return;
    }
    builder_init(&checksummed, memory, sizeof memory);
    address_print(&checksummed, address);
    json_put_string(json, builder_view(&checksummed));
}

static void put_account(struct builder *json, const struct shown_account *account)
{
    json_put_object_open(json);
    json_put_name(json, "name");
    json_put_text(json, account->name);
    json_put_name(json, "address");
    put_address(json, account->address);
    if (account->public_key.size > 0) {
        /* SEC 1's uncompressed form, as ethers and others print it. */
        uint8_t bytes[65] = {4};
        memcpy(bytes + 1, account->public_key.bytes, sizeof bytes - 1);
        json_put_name(json, "publicKey");
        json_put_hex_0x(json, slice_of(bytes, sizeof bytes));
    }
    json_put_name(json, "keyId");
    json_put_text(json, account->key_id);
    json_put_name(json, "version");
    json_put_u64(json, account->version);
    json_put_name(json, "createdAt");
    json_put_text(json, account->created_at);
    if (account->record.size > 0) {
        json_put_name(json, "sealed");
        json_put_base64(json, account->record);
    }
    json_put_object_close(json);
}

static enum request_next answer_account(struct request *request, unsigned http_code,
                                        const struct stored_account *account,
                                        struct shown_account *shown)
{
    struct builder body;
    shown->name = account->name;
    shown->address = account->address;
    shown->key_id = account->key_id;
    shown->created_at = account->created_at;
    shown->version = account->version;
    builder_init_arena(&body, &request->memory,
                       ENTRY_JSON_SIZE_MAX + shown->record.size * 4 / 3 + 8);
    put_account(&body, shown);
    return request_answer(request, http_code, &body);
}

enum request_next accounts_fail_load(struct request *request, status failure)
{
    if (!status_is(failure, FAILURE_NOT_FOUND)) return request_fail(request, failure);
    return request_refuse(request, PROBLEM_ACCOUNT_NOT_FOUND, slice_of(NULL, 0),
                          slice_text("account: there is none of this name or address"));
}

/* ---- create ---- */

static enum request_next refuse_existing(struct request *request)
{
    return request_refuse(request, PROBLEM_ACCOUNT_EXISTS, slice_of(NULL, 0),
                          slice_text("account: the name is taken"));
}

/* Marks a name as being created; false when it already is, or too many are. */
static bool begin_creation(struct service *service, slice name, size_t *index)
{
    size_t free_index = SERVICE_CREATING_COUNT_MAX;
    bool is_under_way = false;
    pthread_mutex_lock(&service->creating_mutex);
    for (size_t i = 0; i < SERVICE_CREATING_COUNT_MAX; i++) {
        if (service->creating[i][0] == 0) free_index = i;
        else if (slice_equal(slice_text(service->creating[i]), name)) is_under_way = true;
    }
    const bool may_begin = !is_under_way && free_index < SERVICE_CREATING_COUNT_MAX;
    if (may_begin) {
        memcpy(service->creating[free_index], name.bytes, name.size);
        service->creating[free_index][name.size] = 0;
        *index = free_index;
    }
    pthread_mutex_unlock(&service->creating_mutex);
    return may_begin;
}

static void end_creation(struct service *service, size_t index)
{
    pthread_mutex_lock(&service->creating_mutex);
    service->creating[index][0] = 0;
    pthread_mutex_unlock(&service->creating_mutex);
}

/* Asks the enclave for a new sealed key. The reply's slices live in the arena. */
static status call_create(struct request *request, struct arena *arena, slice *reply_bytes)
{
    struct service *service = request->service;
    struct message_request message = {.type = FRAME_CREATE,
                                      .account_id = accounts_id_of(slice_text(request->account)),
                                      .key_arn = service->key_arn};
    struct builder frame;
    slice written;
    void *reply;
    TRY(credentials_section_put(&service->credentials, request->deadline_ms, arena,
                                &message.credentials));
    builder_init_arena(&frame, arena,
                       FRAME_HEADER_SIZE + 3 * FRAME_SECTION_HEADER_SIZE +
                           message.credentials.size + message.key_arn.size + ACCOUNT_ID_SIZE);
    TRY(message_request_write(&message, &frame));
    TRY(builder_finish(&frame, &written));
    TRY(arena_take(arena, CREATE_REPLY_SIZE_MAX, &reply));
    struct enclave_call call = {.frame = frame.bytes,
                                .frame_size = written.size,
                                .reply = reply,
                                .reply_size_max = CREATE_REPLY_SIZE_MAX,
                                .deadline_ms = request->deadline_ms};
    const status called = enclave_link_call(&service->link, &call);
    metrics_record_round_trip(&service->metrics, call.round_trip_us);
    *reply_bytes = slice_of(reply, call.reply_size);
    return called;
}

static status read_create_reply(slice arrived, struct message_reply *reply)
{
    struct frame frame;
    bool is_whole = false;
    TRY(frame_take(&arrived, &frame, &is_whole));
    REQUIRE(is_whole, CORRUPT, "enclave: its answer is not whole");
    TRY(message_reply_read(&frame, reply));
    REQUIRE(reply->kind != 0 || reply->type == FRAME_CREATE, CORRUPT,
            "enclave: its answer is to another question");
    return status_ok();
}

/* A refusal of our credentials means that no key was made: then once more, with newer ones. */
static status ask_for_key(struct request *request, struct arena *arena, struct message_reply *reply)
{
    slice reply_bytes;
    TRY(call_create(request, arena, &reply_bytes));
    TRY(read_create_reply(reply_bytes, reply));
    if (reply->kind == 0 || !request_is_credentials_fault(request, reply)) return status_ok();
    TRY(call_create(request, arena, &reply_bytes));
    return read_create_reply(reply_bytes, reply);
}

/* Puts together what is to be stored, and checks that its parts belong together. */
static status fill_account(const struct request *request, const struct message_reply *reply,
                           struct stored_account *account)
{
    struct builder text;
    eth_address address;
    k256_public_key public_key;
    struct cached_record record;
    TRY(address_read(reply->address, &address));
    memcpy(public_key.bytes, reply->public_key.bytes, sizeof public_key.bytes);
    REQUIRE(address_equal(address_of(&public_key), address), CORRUPT,
            "enclave: the new account's address is not its public key's");
    REQUIRE(reply->record.size <= sizeof account->record, CORRUPT,
            "enclave: the new record is too long");
    TRY(stored_text_read(slice_text(request->account), account->name, STORE_NAME_SIZE_MAX));
    TRY(stored_text_read(reply->key_arn, account->key_id, STORE_KEY_ID_SIZE_MAX));
    builder_init(&text, account->address, STORE_ADDRESS_SIZE);
    address_print_lower(&text, address);
    builder_init(&text, account->created_at, STORE_CREATED_AT_SIZE_MAX);
    aws_time_print_rfc3339(clock_read_wall_ms(&request->service->clock) / 1000, &text);
    account->version = 1;
    account->record_size = reply->record.size;
    memcpy(account->record, reply->record.bytes, reply->record.size);
    REQUIRE(reply->document.size <= sizeof account->proof, CORRUPT,
            "enclave: the proof of origin is too long");
    account->proof_size = reply->document.size;
    memcpy(account->proof, reply->document.bytes, reply->document.size);
    TRY(proof_check(account));
    return accounts_read_record(account, &record);
}

static status not_settled(void)
{
    FAIL(UNAVAILABLE, 0,
         "account: the store did not say whether it was kept; ask for it before trying again");
}

static status lost_race(void)
{
    FAIL(CONFLICT, 0, "account: the name is taken");
}

/*
 * Puts the account and reads it back until its fate is known: kept (and `kept` is what was read
 * back, equal to the last byte), CONFLICT, or not known in time.
 */
static status keep_account(const struct request *request, const struct stored_account *account,
                           struct stored_account *kept)
{
    const struct store *store = &request->service->store;
    for (int put_count = 0; put_count < ACCOUNTS_PUT_COUNT_MAX; put_count++) {
        const status put = store_put_if_absent(store, account, request->deadline_ms);
        const bool may_be_kept =
            status_is_ok(put) || status_is(put, FAILURE_CONFLICT) || store_is_ambiguous(put);
        if (!may_be_kept) return put_count == 0 ? put : not_settled();
        status read = store_get(store, slice_text(account->name), request->deadline_ms, kept);
        if (status_is(read, FAILURE_UNAVAILABLE)) {
            read = store_get(store, slice_text(account->name), request->deadline_ms, kept);
        }
        if (status_is_ok(read)) {
            return stored_account_is_equal(account, kept) ? status_ok() : lost_race();
        }
        /* A conflict over the address alone leaves no account of this name. */
        if (status_is(put, FAILURE_CONFLICT) && status_is(read, FAILURE_NOT_FOUND)) return put;
        if (!status_is(read, FAILURE_NOT_FOUND)) return not_settled();
    }
    return not_settled();
}

static enum request_next create_new(struct request *request, struct arena *arena)
{
    struct stored_account *account = NULL, *kept = NULL;
    struct message_reply reply;
    status step = take_account(arena, &account);
    if (status_is_ok(step)) step = take_account(arena, &kept);
    if (!status_is_ok(step)) return request_fail(request, step);
    step = store_get(&request->service->store, slice_text(request->account), request->deadline_ms,
                     kept);
    if (status_is_ok(step)) return refuse_existing(request);
    if (!status_is(step, FAILURE_NOT_FOUND)) return request_fail(request, step);
    step = ask_for_key(request, arena, &reply);
    if (!status_is_ok(step)) return request_fail(request, step);
    if (reply.kind != 0) return request_refuse_reply(request, &reply);
    step = fill_account(request, &reply, account);
    if (status_is_ok(step)) step = keep_account(request, account, kept);
    if (status_is(step, FAILURE_CONFLICT)) return refuse_existing(request);
    if (!status_is_ok(step)) return request_fail(request, step);
    struct cached_record record;
    step = accounts_read_record(kept, &record);
    if (!status_is_ok(step)) return request_fail(request, step);
    if (record.record_size > 0) record_cache_put(&request->service->records, &record);
    struct shown_account shown = {.public_key = reply.public_key};
    return answer_account(request, 201, kept, &shown);
}

static enum request_next create_on_worker(struct request *request, struct arena *arena)
{
    size_t index;
    if (!begin_creation(request->service, slice_text(request->account), &index)) {
        return request_refuse(request, PROBLEM_CONFLICT, slice_of(NULL, 0),
                              slice_text("account: is being created by another call"));
    }
    const enum request_next next = create_new(request, arena);
    end_creation(request->service, index);
    return next;
}

static status read_create(const json_value *object, struct request *request)
{
    static const char *const fields[] = {"name"};
    slice name;
    TRY(json_only(object, fields, ARRAY_COUNT(fields)));
    TRY(json_read_string(object, "name", 1, ACCOUNT_NAME_SIZE_MAX, &name));
    TRY(json_refuse(object, "name", account_name_check(name)));
    memcpy(request->account, name.bytes, name.size);
    request->account[name.size] = 0;
    return status_ok();
}

enum request_next accounts_handle_create(struct request *request)
{
    SCOPED(json_close) struct json document = {0};
    json_value object;
    const status unasked = request_check_parameters(request, NULL, 0);
    if (!status_is_ok(unasked)) return request_fail(request, unasked);
    status step = json_open(builder_view(&request->body), &request->memory, &document);
    if (status_is_ok(step)) step = json_top_object(&document, &object);
    if (status_is_ok(step)) step = read_create(&object, request);
    if (!status_is_ok(step)) return request_refuse_json(request, &document, step);
    return request_hand_over(request, create_on_worker);
}

/* ---- list ---- */

static enum request_next answer_page(struct request *request, const struct store_page *page)
{
    struct builder body;
    builder_init_arena(&body, &request->memory, page->count * ENTRY_JSON_SIZE_MAX + 512);
    json_put_object_open(&body);
    json_put_name(&body, "accounts");
    json_put_array_open(&body);
    for (size_t i = 0; i < page->count; i++) {
        const struct stored_entry *entry = &page->entries[i];
        const struct shown_account shown = {.name = entry->name,
                                            .address = entry->address,
                                            .key_id = entry->key_id,
                                            .created_at = entry->created_at,
                                            .version = entry->version};
        put_account(&body, &shown);
    }
    json_put_array_close(&body);
    json_put_name(&body, "next");
    if (page->next.text[0]) json_put_text(&body, page->next.text);
    else json_put_null(&body);
    json_put_object_close(&body);
    return request_answer(request, 200, &body);
}

static status read_limit(const struct request *request, size_t *count)
{
    slice text;
    uint64_t limit = ACCOUNTS_PAGE_COUNT_DEFAULT;
    if (request_find_parameter(request, "limit", &text)) {
        const status parsed = slice_parse_u64(text, ACCOUNTS_PAGE_COUNT_MAX, &limit);
        REQUIRE(status_is_ok(parsed) && limit > 0, BAD_INPUT,
                "limit: must be a number from 1 to 100");
    }
    *count = (size_t)limit;
    return status_ok();
}

static status list_page(const struct request *request, struct arena *arena, struct store_page *page)
{
    void *entries;
    slice cursor = {0};
    TRY(read_limit(request, &page->count_max));
    (void)request_find_parameter(request, "cursor", &cursor);
    TRY(arena_take(arena, page->count_max * sizeof *page->entries, &entries));
    page->entries = entries;
    return store_list(&request->service->store, cursor, request->deadline_ms, page);
}

static enum request_next list_on_worker(struct request *request, struct arena *arena)
{
    struct store_page page = {0};
    const status listed = list_page(request, arena, &page);
    if (!status_is_ok(listed)) return request_fail(request, listed);
    return answer_page(request, &page);
}

enum request_next accounts_handle_list(struct request *request)
{
    static const char *const names[] = {"limit", "cursor"};
    size_t count;
    status checked = request_check_parameters(request, names, ARRAY_COUNT(names));
    if (status_is_ok(checked)) checked = read_limit(request, &count);
    if (!status_is_ok(checked)) return request_fail(request, checked);
    return request_hand_over(request, list_on_worker);
}

/* ---- show ---- */

static enum request_next show_on_worker(struct request *request, struct arena *arena)
{
    struct stored_account *account;
    slice sealed;
    struct shown_account shown = {0};
    const status loaded = accounts_load(request, arena, &account);
    if (!status_is_ok(loaded)) return accounts_fail_load(request, loaded);
    if (request_find_parameter(request, "sealed", &sealed)) {
        shown.record = slice_of(account->record, account->record_size);
    }
    return answer_account(request, 200, account, &shown);
}

static status check_sealed(const struct request *request)
{
    static const char *const names[] = {"sealed"};
    slice sealed;
    TRY(request_check_parameters(request, names, ARRAY_COUNT(names)));
    if (!request_find_parameter(request, "sealed", &sealed)) return status_ok();
    REQUIRE(slice_equal(sealed, slice_text("1")), BAD_INPUT, "sealed: must be 1");
    return status_ok();
}

enum request_next accounts_handle_show(struct request *request)
{
    const status checked = check_sealed(request);
    if (!status_is_ok(checked)) return request_fail(request, checked);
    return request_hand_over(request, show_on_worker);
}
