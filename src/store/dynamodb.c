#include "store/dynamodb.h"

#include <string.h>

/* ---- values ---- */

static struct dynamodb_item item_of(const struct stored_account *account)
{
    return (struct dynamodb_item){
        .name = slice_text(account->name),
        .record = slice_of(account->record, account->record_size),
        .address = slice_text(account->address),
        .key_id = slice_text(account->key_id),
        .version = account->version,
        .created_at = slice_text(account->created_at),
        .proof = slice_of(account->proof, account->proof_size),
    };
}

/* Copies a blob into a field of its capacity. */
static status read_blob(slice blob, size_t size_max, uint8_t *field, size_t *size)
{
    REQUIRE(blob.size <= size_max, CORRUPT, "store: an item's blob is too long");
    if (blob.size > 0) memcpy(field, blob.bytes, blob.size);
    *size = blob.size;
    return status_ok();
}

static status read_texts(const struct dynamodb_item *item, struct stored_account *account)
{
    TRY(stored_text_read(item->name, account->name, STORE_NAME_SIZE_MAX));
    TRY(stored_text_read(item->address, account->address, STORE_ADDRESS_SIZE));
    TRY(stored_text_read(item->key_id, account->key_id, STORE_KEY_ID_SIZE_MAX));
    return stored_text_read(item->created_at, account->created_at, STORE_CREATED_AT_SIZE_MAX);
}

static status read_item(const struct dynamodb_item *item, struct stored_account *account)
{
    REQUIRE(status_is_ok(read_texts(item, account)), CORRUPT, "store: an item's text is not valid");
    TRY(read_blob(item->record, STORE_RECORD_SIZE_MAX, account->record, &account->record_size));
    TRY(read_blob(item->proof, STORE_PROOF_SIZE_MAX, account->proof, &account->proof_size));
    account->version = item->version;
    return status_ok();
}

static status read_entry(const struct dynamodb_entry *item, struct stored_entry *entry)
{
    *entry = (struct stored_entry){.version = item->version};
    TRY(stored_text_read(item->name, entry->name, STORE_NAME_SIZE_MAX));
    TRY(stored_text_read(item->address, entry->address, STORE_ADDRESS_SIZE));
    TRY(stored_text_read(item->key_id, entry->key_id, STORE_KEY_ID_SIZE_MAX));
    if (item->version == 0) return status_ok(); /* the older layout has no creation time */
    return stored_text_read(item->created_at, entry->created_at, STORE_CREATED_AT_SIZE_MAX);
}

/* ---- reading ---- */

/* Reads an item strongly consistently, within a call under way. */
static status get_in_call(struct dynamodb_call *call, slice name, struct stored_account *account)
{
    const struct dynamodb_target target = dynamodb_client_target(call->client);
    struct dynamodb_exchange exchange = {0};
    struct dynamodb_item item;
    TRY(dynamodb_get_build(&target, name, &call->memory, &exchange.request));
    TRY(dynamodb_call_send(call, &exchange));
    TRY(dynamodb_get_read(exchange.body, &call->slot->wire, &item));
    return read_item(&item, account);
}

static status get(void *context, slice name, int64_t deadline_ms, struct stored_account *account)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    TRY(dynamodb_call_open(context, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    return get_in_call(&call, name, account);
}

/* The one name that the index has for an address. */
static status find_name(struct dynamodb_call *call, slice address, slice *name)
{
    const struct dynamodb_target target = dynamodb_client_target(call->client);
    struct dynamodb_exchange exchange = {0};
    struct dynamodb_names names;
    TRY(dynamodb_query_build(&target, address, &call->memory, &exchange.request));
    TRY(dynamodb_call_send(call, &exchange));
    TRY(dynamodb_query_read(exchange.body, &call->slot->wire, &names));
    REQUIRE(names.count > 0, NOT_FOUND, "store: there is no such account");
    REQUIRE(names.count == 1, CORRUPT, "store: two accounts have this address");
    /* The next exchange of this call reuses the memory that the answer lies in. */
    const size_t start = builder_mark(&call->memory);
    builder_put(&call->memory, names.list[0]);
    return builder_finish_since(&call->memory, start, name);
}

static status find_by_address(void *context, slice address, int64_t deadline_ms,
                              struct stored_account *account)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    slice name;
    TRY(dynamodb_call_open(context, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    TRY(find_name(&call, address, &name));
    TRY(get_in_call(&call, name, account));
    /* The index may be behind the table. */
    REQUIRE(slice_equal(slice_text(account->address), address), NOT_FOUND,
            "store: there is no such account");
    return status_ok();
}

static status list(void *context, slice after_name, int64_t deadline_ms, struct store_page *page)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    struct dynamodb_exchange exchange = {.is_page = true};
    struct dynamodb_entry entries[STORE_PAGE_COUNT_MAX];
    struct dynamodb_page read = {.entries = entries, .count_max = page->count_max};
    TRY(dynamodb_call_open(context, DYNAMODB_PAGE_MEMORY_SIZE, deadline_ms, &call));
    const struct dynamodb_target target = dynamodb_client_target(call.client);
    TRY(dynamodb_scan_build(&target, page->count_max, after_name, &call.memory, &exchange.request));
    TRY(dynamodb_call_send(&call, &exchange));
    TRY(dynamodb_scan_read(exchange.body, &call.slot->wire, &read));
    for (size_t i = 0; i < read.count; i++) {
        REQUIRE(status_is_ok(read_entry(&entries[i], &page->entries[i])), CORRUPT,
                "store: an item's text is not valid");
    }
    REQUIRE(read.last_name.size <= STORE_NAME_SIZE_MAX, CORRUPT,
            "store: an item's name is too long");
    page->count = read.count;
    if (read.last_name.size > 0) page->next = store_cursor_after(read.last_name);
    return status_ok();
}

/* Reads a name that hardly anyone has: what matters is that there is an answer. */
static status check_ready(void *context, int64_t deadline_ms)
{
    struct stored_account account;
    const status got = get(context, slice_text("-"), deadline_ms, &account);
    if (status_is(got, FAILURE_NOT_FOUND) || status_is(got, FAILURE_CONFLICT)) return status_ok();
    return got;
}

/* ---- writing ---- */

static status not_settled(const struct dynamodb_exchange *exchange, status failure)
{
    return exchange->may_have_happened ? store_ambiguous(failure.detail) : failure;
}

/*
 * Finds out why the condition of a write did not hold. If an attempt of ours may have been carried
 * out, that attempt can be the reason: then what is kept is what we wrote.
 */
static status settle(struct dynamodb_call *call, const struct dynamodb_exchange *exchange,
                     const struct stored_account *account)
{
    struct stored_account kept;
    const status got = get_in_call(call, slice_text(account->name), &kept);
    if (status_is_ok(got)) {
        REQUIRE(exchange->may_have_happened && stored_account_is_equal(&kept, account), CONFLICT,
                "store: the account exists, or has another version or address");
        return status_ok();
    }
    /* An older item, or one that cannot be read, is none that we wrote. */
    REQUIRE(!status_is(got, FAILURE_CONFLICT) && !status_is(got, FAILURE_CORRUPT), CONFLICT,
            "store: the name is taken by an item that is not an account");
    return not_settled(exchange, got);
}

static status put_if_absent(void *context, const struct stored_account *account,
                            int64_t deadline_ms)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    struct dynamodb_exchange exchange = {.is_write = true};
    const struct dynamodb_item item = item_of(account);
    TRY(dynamodb_call_open(context, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    const struct dynamodb_target target = dynamodb_client_target(call.client);
    TRY(dynamodb_put_build(&target, &item, &call.memory, &exchange.request));
    const status sent = dynamodb_call_send(&call, &exchange);
    if (status_is_ok(sent)) return sent;
    if (!status_is(sent, FAILURE_CONFLICT)) return not_settled(&exchange, sent);
    REQUIRE(exchange.may_have_happened, CONFLICT, "store: the name is taken");
    return settle(&call, &exchange, account);
}

static status replace_if_version(void *context, const struct stored_account *account,
                                 uint64_t version, int64_t deadline_ms)
{
    SCOPED(dynamodb_call_close) struct dynamodb_call call = {0};
    struct dynamodb_exchange exchange = {.is_write = true};
    const struct dynamodb_item item = item_of(account);
    TRY(dynamodb_call_open(context, DYNAMODB_ITEM_MEMORY_SIZE, deadline_ms, &call));
    const struct dynamodb_target target = dynamodb_client_target(call.client);
    TRY(dynamodb_replace_build(&target, &item, version, &call.memory, &exchange.request));
    const status sent = dynamodb_call_send(&call, &exchange);
    if (status_is_ok(sent)) return sent;
    if (!status_is(sent, FAILURE_CONFLICT)) return not_settled(&exchange, sent);
    return settle(&call, &exchange, account);
}

/* ---- opening ---- */

status dynamodb_store_open(struct dynamodb_store *dynamodb, const struct dynamodb_config *config)
{
    return dynamodb_client_open(&dynamodb->client, config);
}

void dynamodb_store_close(struct dynamodb_store *dynamodb)
{
    dynamodb_client_close(&dynamodb->client);
}

struct store dynamodb_store_port(struct dynamodb_store *dynamodb)
{
    static const struct store_operations operations = {
        .get = get,
        .find_by_address = find_by_address,
        .put_if_absent = put_if_absent,
        .replace_if_version = replace_if_version,
        .list = list,
        .check_ready = check_ready,
    };
    return (struct store){&operations, &dynamodb->client};
}
