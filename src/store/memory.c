#include "store/memory.h"

#include <stdbool.h>
#include <string.h>

static void lock(struct memory_store *memory)
{
    (void)pthread_mutex_lock(&memory->lock);
}

static void unlock(struct memory_store **memory)
{
    (void)pthread_mutex_unlock(&(*memory)->lock);
}

/* The first place in `order` whose name is not below `name`. */
static size_t place_of(const struct memory_store *memory, slice name)
{
    size_t low = 0, high = memory->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *there = memory->accounts[memory->order[middle]].name;
        if (slice_compare(slice_text(there), name) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct stored_account *account_named(const struct memory_store *memory, slice name)
{
    const size_t place = place_of(memory, name);
    if (place == memory->count) return NULL;
    struct stored_account *account = &memory->accounts[memory->order[place]];
    return slice_equal(slice_text(account->name), name) ? account : NULL;
}

static struct stored_account *account_addressed(const struct memory_store *memory, slice address)
{
    for (size_t i = 0; i < memory->count; i++) {
        if (slice_equal(slice_text(memory->accounts[i].address), address)) {
            return &memory->accounts[i];
        }
    }
    return NULL;
}

static status get(void *context, slice name, int64_t deadline_ms, struct stored_account *account)
{
    SCOPED(unlock) struct memory_store *memory = context;
    (void)deadline_ms;
    lock(memory);
    const struct stored_account *found = account_named(memory, name);
    REQUIRE(found, NOT_FOUND, "store: no account has this name");
    *account = *found;
    return status_ok();
}

static status find_by_address(void *context, slice address, int64_t deadline_ms,
                              struct stored_account *account)
{
    SCOPED(unlock) struct memory_store *memory = context;
    (void)deadline_ms;
    lock(memory);
    const struct stored_account *found = account_addressed(memory, address);
    REQUIRE(found, NOT_FOUND, "store: no account has this address");
    *account = *found;
    return status_ok();
}

static status put_if_absent(void *context, const struct stored_account *account,
                            int64_t deadline_ms)
{
    SCOPED(unlock) struct memory_store *memory = context;
    (void)deadline_ms;
    lock(memory);
    const slice name = slice_text(account->name);
    REQUIRE(!account_named(memory, name), CONFLICT, "store: the name is taken");
    REQUIRE(!account_addressed(memory, slice_text(account->address)), CONFLICT,
            "store: the address is taken");
    REQUIRE(memory->count < memory->count_max, OVER_LIMIT, "store: the memory is full");
    const size_t place = place_of(memory, name);
    size_t *there = memory->order + place;
    memmove(there + 1, there, (memory->count - place) * sizeof *there);
    *there = memory->count;
    memory->accounts[memory->count++] = *account;
    return status_ok();
}

static status replace_if_version(void *context, const struct stored_account *account,
                                 uint64_t version, int64_t deadline_ms)
{
    SCOPED(unlock) struct memory_store *memory = context;
    (void)deadline_ms;
    lock(memory);
    struct stored_account *kept = account_named(memory, slice_text(account->name));
    REQUIRE(kept, NOT_FOUND, "store: no account has this name");
    REQUIRE(kept->version == version, CONFLICT, "store: the account is at another version");
    REQUIRE(slice_equal(slice_text(kept->address), slice_text(account->address)), CONFLICT,
            "store: the account has another address");
    *kept = *account;
    return status_ok();
}

static status list(void *context, slice after_name, int64_t deadline_ms, struct store_page *page)
{
    SCOPED(unlock) struct memory_store *memory = context;
    (void)deadline_ms;
    lock(memory);
    size_t place = after_name.size > 0 ? place_of(memory, after_name) : 0;
    if (after_name.size > 0 && account_named(memory, after_name)) place++;
    for (; place < memory->count && page->count < page->count_max; place++) {
        const struct stored_account *account = &memory->accounts[memory->order[place]];
        struct stored_entry *entry = &page->entries[page->count++];
        *entry = (struct stored_entry){.version = account->version};
        memcpy(entry->name, account->name, sizeof entry->name);
        memcpy(entry->address, account->address, sizeof entry->address);
        memcpy(entry->key_id, account->key_id, sizeof entry->key_id);
        memcpy(entry->created_at, account->created_at, sizeof entry->created_at);
    }
    if (place < memory->count) {
        page->next = store_cursor_after(slice_text(page->entries[page->count - 1].name));
    }
    return status_ok();
}

static status check_ready(void *context, int64_t deadline_ms)
{
    (void)context;
    (void)deadline_ms;
    return status_ok();
}

status memory_store_open(struct memory_store *memory, size_t count_max)
{
    SCOPED(arena_close) struct arena arena = {0};
    void *accounts, *order;
    /* Each taking may cost an alignment. */
    TRY(arena_open(&arena, count_max * (sizeof(struct stored_account) + sizeof(size_t)) + 64));
    TRY(arena_take(&arena, count_max * sizeof(struct stored_account), &accounts));
    TRY(arena_take(&arena, count_max * sizeof(size_t), &order));
    *memory = (struct memory_store){
        .arena = arena, .accounts = accounts, .order = order, .count_max = count_max};
    (void)pthread_mutex_init(&memory->lock, NULL);
    arena = (struct arena){0};
    return status_ok();
}

void memory_store_close(struct memory_store *memory)
{
    if (!memory->accounts) return;
    (void)pthread_mutex_destroy(&memory->lock);
    arena_close(&memory->arena);
    *memory = (struct memory_store){0};
}

struct store memory_store_port(struct memory_store *memory)
{
    static const struct store_operations operations = {
        .get = get,
        .find_by_address = find_by_address,
        .put_if_absent = put_if_absent,
        .replace_if_version = replace_if_version,
        .list = list,
        .check_ready = check_ready,
    };
    return (struct store){&operations, memory};
}
