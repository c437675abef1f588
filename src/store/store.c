#include "store/store.h"

#include <assert.h>
#include <string.h>

#include "base/base64.h"
#include "os/clock.h"

enum { CURSOR_VERSION = 1 };

static bool is_name_character(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return true;
    if (byte >= 'A' && byte <= 'Z') return true;
    if (byte >= 'a' && byte <= 'z') return true;
    return byte == '.' || byte == '_' || byte == ':' || byte == '@' || byte == '-';
}

bool stored_name_is_valid(slice name)
{
    if (name.size < 1 || name.size > STORE_NAME_SIZE_MAX) return false;
    for (size_t i = 0; i < name.size; i++) {
        if (!is_name_character(name.bytes[i])) return false;
    }
    return true;
}

static bool is_address(slice text)
{
    if (text.size != STORE_ADDRESS_SIZE || text.bytes[0] != '0' || text.bytes[1] != 'x') {
        return false;
    }
    for (size_t i = 2; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if (!(byte >= '0' && byte <= '9') && !(byte >= 'a' && byte <= 'f')) return false;
    }
    return true;
}

/* A field's text, of `capacity` bytes when its NUL is missing. */
static slice field_text(const char *field, size_t capacity)
{
    return slice_of(field, strnlen(field, capacity));
}

static status check_text(slice text, size_t size_max)
{
    REQUIRE(text.size > 0, BAD_INPUT, "store: a text is empty");
    REQUIRE(text.size <= size_max, OVER_LIMIT, "store: a text is too long");
    for (size_t i = 0; i < text.size; i++) {
        REQUIRE(text.bytes[i] >= 0x20 && text.bytes[i] < 0x7f, BAD_INPUT,
                "store: a text has a character that is not printable ASCII");
    }
    return status_ok();
}

status stored_text_read(slice text, char *field, size_t size_max)
{
    TRY(check_text(text, size_max));
    memcpy(field, text.bytes, text.size);
    field[text.size] = '\0';
    return status_ok();
}

/* The rules that an account and its entry in a listing share. */
static status check_texts(slice name, slice address, slice key_id, slice created_at)
{
    REQUIRE(stored_name_is_valid(name), BAD_INPUT,
            "store: a name is 1 to 128 characters of A-Z a-z 0-9 . _ : @ -");
    REQUIRE(is_address(address), BAD_INPUT, "store: an address is 0x and forty lower-case digits");
    TRY(check_text(key_id, STORE_KEY_ID_SIZE_MAX));
    TRY(check_text(created_at, STORE_CREATED_AT_SIZE_MAX));
    return status_ok();
}

status stored_account_check(const struct stored_account *account)
{
    TRY(check_texts(field_text(account->name, sizeof account->name),
                    field_text(account->address, sizeof account->address),
                    field_text(account->key_id, sizeof account->key_id),
                    field_text(account->created_at, sizeof account->created_at)));
    REQUIRE(account->version >= 1 && account->version <= INT64_MAX, BAD_INPUT,
            "store: a version is 1 to 2^63 - 1");
    REQUIRE(account->record_size > 0, BAD_INPUT, "store: a record is empty");
    REQUIRE(account->record_size <= STORE_RECORD_SIZE_MAX, OVER_LIMIT,
            "store: a record is too long");
    REQUIRE(account->proof_size <= STORE_PROOF_SIZE_MAX, OVER_LIMIT, "store: a proof is too long");
    return status_ok();
}

bool stored_account_is_equal(const struct stored_account *a, const struct stored_account *b)
{
    return a->version == b->version && slice_equal(slice_text(a->name), slice_text(b->name)) &&
           slice_equal(slice_text(a->address), slice_text(b->address)) &&
           slice_equal(slice_text(a->key_id), slice_text(b->key_id)) &&
           slice_equal(slice_text(a->created_at), slice_text(b->created_at)) &&
           slice_equal(slice_of(a->record, a->record_size), slice_of(b->record, b->record_size)) &&
           slice_equal(slice_of(a->proof, a->proof_size), slice_of(b->proof, b->proof_size));
}

/* Copies what is used of an account: most of its capacity is not. */
static void copy_account(const struct stored_account *from, struct stored_account *to)
{
    memcpy(to, from, offsetof(struct stored_account, record));
    memcpy(to->record, from->record, from->record_size);
    memcpy(to->proof, from->proof, from->proof_size);
}

static bool keeps_limits(const struct stored_account *account)
{
    return status_is_ok(stored_account_check(account));
}

static status check_deadline(int64_t deadline_ms)
{
    REQUIRE(clock_monotonic_ms() < deadline_ms, UNAVAILABLE, "store: the deadline has passed");
    return status_ok();
}

status store_get(const struct store *store, slice name, int64_t deadline_ms,
                 struct stored_account *account)
{
    struct stored_account found;
    REQUIRE(stored_name_is_valid(name), BAD_INPUT,
            "store: a name is 1 to 128 characters of A-Z a-z 0-9 . _ : @ -");
    TRY(check_deadline(deadline_ms));
    TRY(store->operations->get(store->context, name, deadline_ms, &found));
    REQUIRE(keeps_limits(&found), CORRUPT, "store: what is kept is not an account");
    REQUIRE(slice_equal(slice_text(found.name), name), CORRUPT,
            "store: another name's account was found");
    copy_account(&found, account);
    return status_ok();
}

status store_find_by_address(const struct store *store, slice address, int64_t deadline_ms,
                             struct stored_account *account)
{
    struct stored_account found;
    uint8_t lower[STORE_ADDRESS_SIZE];
    REQUIRE(address.size == sizeof lower, BAD_INPUT, "store: an address is 0x and forty digits");
    for (size_t i = 0; i < sizeof lower; i++) {
        const uint8_t byte = address.bytes[i];
        lower[i] = byte >= 'A' && byte <= 'F' ? (uint8_t)(byte - 'A' + 'a') : byte;
    }
    const slice wanted = slice_of(lower, sizeof lower);
    REQUIRE(is_address(wanted), BAD_INPUT, "store: an address is 0x and forty digits");
    TRY(check_deadline(deadline_ms));
    TRY(store->operations->find_by_address(store->context, wanted, deadline_ms, &found));
    REQUIRE(keeps_limits(&found), CORRUPT, "store: what is kept is not an account");
    REQUIRE(slice_equal(slice_text(found.address), wanted), CORRUPT,
            "store: another address's account was found");
    copy_account(&found, account);
    return status_ok();
}

status store_put_if_absent(const struct store *store, const struct stored_account *account,
                           int64_t deadline_ms)
{
    TRY(stored_account_check(account));
    REQUIRE(account->version == 1, BAD_INPUT, "store: a new account's version is 1");
    TRY(check_deadline(deadline_ms));
    return store->operations->put_if_absent(store->context, account, deadline_ms);
}

status store_replace_if_version(const struct store *store, const struct stored_account *account,
                                uint64_t version, int64_t deadline_ms)
{
    TRY(stored_account_check(account));
    REQUIRE(version >= 1 && account->version - 1 == version, BAD_INPUT,
            "store: a replacement's version is one more than the replaced one's");
    TRY(check_deadline(deadline_ms));
    return store->operations->replace_if_version(store->context, account, version, deadline_ms);
}

struct store_cursor store_cursor_after(slice name)
{
    struct store_cursor cursor = {0};
    uint8_t bytes[1 + STORE_NAME_SIZE_MAX];
    struct builder plain, text;
    assert(name.size >= 1 && name.size <= STORE_NAME_SIZE_MAX);
    builder_init(&plain, bytes, sizeof bytes);
    builder_put_u8(&plain, CURSOR_VERSION);
    builder_put(&plain, name);
    builder_init(&text, cursor.text, STORE_CURSOR_SIZE_MAX);
    base64_put_url(&text, builder_view(&plain));
    return cursor;
}

/* Reads which name a listing goes on after; empty at the start. */
static status read_cursor(slice cursor, uint8_t *bytes, slice *name)
{
    struct builder plain;
    *name = slice_of(NULL, 0);
    if (cursor.size == 0) return status_ok();
    builder_init(&plain, bytes, 1 + STORE_NAME_SIZE_MAX);
    const status decoded = base64_put_decoded_url(&plain, cursor);
    const slice read = builder_view(&plain);
    REQUIRE(status_is_ok(decoded) && read.size >= 2 && read.bytes[0] == CURSOR_VERSION, BAD_INPUT,
            "store: not a cursor that a listing ended with");
    *name = slice_part(read, 1, read.size - 1);
    return status_ok();
}

static status check_entry(const struct stored_entry *entry)
{
    /* An item of the older layout is shown so that it can be migrated; its texts are its own. */
    if (entry->version == 0) return status_ok();
    return check_texts(field_text(entry->name, sizeof entry->name),
                       field_text(entry->address, sizeof entry->address),
                       field_text(entry->key_id, sizeof entry->key_id),
                       field_text(entry->created_at, sizeof entry->created_at));
}

status store_list(const struct store *store, slice cursor, int64_t deadline_ms,
                  struct store_page *page)
{
    uint8_t bytes[1 + STORE_NAME_SIZE_MAX];
    slice after_name;
    struct store_page found = {.entries = page->entries, .count_max = page->count_max};
    REQUIRE(page->count_max >= 1 && page->count_max <= STORE_PAGE_COUNT_MAX, OVER_LIMIT,
            "store: a page has 1 to 1000 accounts");
    TRY(read_cursor(cursor, bytes, &after_name));
    TRY(check_deadline(deadline_ms));
    TRY(store->operations->list(store->context, after_name, deadline_ms, &found));
    assert(found.count <= found.count_max);
    for (size_t i = 0; i < found.count; i++) {
        REQUIRE(status_is_ok(check_entry(&found.entries[i])), CORRUPT,
                "store: what is kept is not an account");
    }
    *page = found;
    return status_ok();
}

status store_check_ready(const struct store *store, int64_t deadline_ms)
{
    TRY(check_deadline(deadline_ms));
    return store->operations->check_ready(store->context, deadline_ms);
}

static const struct failure ambiguous = {
    .kind = FAILURE_UNAVAILABLE,
    .line = __LINE__,
    .file = __FILE__,
    .message = "store: the write was not acknowledged and may have happened",
};

status store_ambiguous(int64_t detail)
{
    return (status){&ambiguous, detail};
}

bool store_is_ambiguous(status result)
{
    return result.failure == &ambiguous;
}
