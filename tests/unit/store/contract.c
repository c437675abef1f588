#include "contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "os/clock.h"

enum { RACER_COUNT = 8, ROUND_COUNT = 8 };

static const struct contract_subject *subject;

/* Two big structs a test compares; tests of one program run one after the other. */
static struct stored_account wanted, got, other;

void contract_use(const struct contract_subject *used)
{
    subject = used;
}

int64_t contract_deadline_ms(void)
{
    return clock_deadline_ms(60 * 1000);
}

/* Names of one run differ from those of every other, since a store is not emptied. */
static void unique_name(const char *stem, uint64_t number, char *name)
{
    static uint64_t run_number;
    if (run_number == 0) run_number = (uint64_t)clock_wall_ms();
    snprintf(name, STORE_NAME_SIZE_MAX + 1, "%s.%" PRIu64 ".%05" PRIu64, stem, run_number, number);
}

/* Not the runner's generator: a second run against the same store must not repeat addresses. */
static uint64_t fresh_u64(void)
{
    static uint64_t state;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&lock);
    if (state == 0) state = (uint64_t)clock_wall_ms() << 20 ^ (uint64_t)clock_monotonic_us();
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    (void)pthread_mutex_unlock(&lock);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void contract_account(const char *name, struct stored_account *account)
{
    memset(account, 0, sizeof *account);
    snprintf(account->name, sizeof account->name, "%s", name);
    snprintf(account->address, sizeof account->address, "0x%016" PRIx64 "%016" PRIx64 "%08" PRIx64,
             fresh_u64(), fresh_u64(), fresh_u64() >> 32);
    snprintf(account->key_id, sizeof account->key_id,
             "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    snprintf(account->created_at, sizeof account->created_at, "2026-01-02T03:04:05Z");
    account->version = 1;
    account->record_size = 700 + fresh_u64() % 100;
    for (size_t i = 0; i < account->record_size; i++) account->record[i] = (uint8_t)fresh_u64();
}

static void fresh_account(const char *stem, struct stored_account *account)
{
    static uint64_t number;
    char name[STORE_NAME_SIZE_MAX + 1];
    unique_name(stem, number++, name);
    contract_account(name, account);
}

static status put(const struct stored_account *account)
{
    return store_put_if_absent(&subject->store, account, contract_deadline_ms());
}

static status get(const char *name, struct stored_account *account)
{
    return store_get(&subject->store, slice_text(name), contract_deadline_ms(), account);
}

static status replace(const struct stored_account *account, uint64_t version)
{
    return store_replace_if_version(&subject->store, account, version, contract_deadline_ms());
}

/* Searches by address until the index has caught up. */
static status find(const char *address, struct stored_account *account)
{
    const int64_t until_ms = clock_deadline_ms(subject->address_lag_ms);
    for (;;) {
        const status found = store_find_by_address(&subject->store, slice_text(address),
                                                   contract_deadline_ms(), account);
        if (!status_is(found, FAILURE_NOT_FOUND) || clock_monotonic_ms() >= until_ms) return found;
        (void)nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
}

static void expect_kept(const char *what, const struct stored_account *account)
{
    if (!expect_ok(what, get(account->name, &got))) return;
    expect_true(what, stored_account_is_equal(&got, account));
}

static void ready(void)
{
    expect_ok("ready", store_check_ready(&subject->store, contract_deadline_ms()));
}

static void unknown_is_not_found(void)
{
    fresh_account("unknown", &wanted);
    expect_kind("name", get(wanted.name, &got), FAILURE_NOT_FOUND);
    const status by_address = store_find_by_address(&subject->store, slice_text(wanted.address),
                                                    contract_deadline_ms(), &got);
    expect_kind("address", by_address, FAILURE_NOT_FOUND);
    wanted.version = 2;
    expect_kind("replace", replace(&wanted, 1), FAILURE_NOT_FOUND);
    expect_kind("still unknown", get(wanted.name, &got), FAILURE_NOT_FOUND);
}

static void result_is_untouched_on_failure(void)
{
    fresh_account("untouched", &wanted);
    got = wanted;
    got.version = 77;
    other = got;
    expect_kind("get", get(wanted.name, &got), FAILURE_NOT_FOUND);
    expect_true("same", stored_account_is_equal(&got, &other));
}

static void what_was_put_is_read(void)
{
    static const size_t record_sizes[] = {1, 2, 1000, STORE_RECORD_SIZE_MAX};
    static const size_t proof_sizes[] = {0, 1, 5000, STORE_PROOF_SIZE_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(record_sizes); i++) {
        runner_row_at("sizes", i);
        fresh_account("sizes", &wanted);
        wanted.record_size = record_sizes[i];
        wanted.proof_size = proof_sizes[i];
        for (size_t k = 0; k < wanted.record_size; k++) wanted.record[k] = (uint8_t)fresh_u64();
        for (size_t k = 0; k < wanted.proof_size; k++) wanted.proof[k] = (uint8_t)fresh_u64();
        expect_ok("put", put(&wanted));
        expect_kept("by name", &wanted);
        if (expect_ok("by address", find(wanted.address, &got))) {
            expect_true("by address", stored_account_is_equal(&got, &wanted));
        }
    }
}

static void all_name_characters(void)
{
    static const char *const names[] = {"A-Za-z.0_9", "user:7@example.org", "-", "..", "@", "_"};
    char name[STORE_NAME_SIZE_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        runner_row(names[i]);
        unique_name(names[i], i, name);
        contract_account(name, &wanted);
        expect_ok("put", put(&wanted));
        expect_kept("kept", &wanted);
    }
    runner_row("longest");
    unique_name("longest", 0, name);
    const size_t size = strlen(name);
    memset(name + size, 'n', STORE_NAME_SIZE_MAX - size);
    name[STORE_NAME_SIZE_MAX] = '\0';
    contract_account(name, &wanted);
    expect_ok("put", put(&wanted));
    expect_kept("kept", &wanted);
}

static void names_differ_by_case(void)
{
    char name[STORE_NAME_SIZE_MAX + 1];
    unique_name("case", 0, name);
    contract_account(name, &wanted);
    name[0] = 'C';
    contract_account(name, &other);
    expect_ok("lower", put(&wanted));
    expect_ok("upper", put(&other));
    expect_kept("lower", &wanted);
    expect_kept("upper", &other);
}

static void longest_texts(void)
{
    fresh_account("texts", &wanted);
    memset(wanted.key_id, 'k', STORE_KEY_ID_SIZE_MAX);
    memset(wanted.created_at, '1', STORE_CREATED_AT_SIZE_MAX);
    expect_ok("put", put(&wanted));
    expect_kept("kept", &wanted);
    fresh_account("texts", &wanted);
    memcpy(wanted.key_id, "~ !\"#\\/'", 9);
    expect_ok("put", put(&wanted));
    expect_kept("kept", &wanted);
}

static void address_in_any_case(void)
{
    char upper[STORE_ADDRESS_SIZE + 1];
    fresh_account("address", &wanted);
    expect_ok("put", put(&wanted));
    expect_ok("lower", find(wanted.address, &got));
    memcpy(upper, wanted.address, sizeof upper);
    for (size_t i = 2; i < STORE_ADDRESS_SIZE; i++) {
        if (upper[i] >= 'a' && upper[i] <= 'f') upper[i] = (char)(upper[i] - 'a' + 'A');
    }
    if (expect_ok("upper", find(upper, &got)))
        expect_text("name", slice_text(got.name), wanted.name);
}

static void taken_name_is_kept(void)
{
    fresh_account("taken", &wanted);
    expect_ok("first", put(&wanted));
    contract_account(wanted.name, &other);
    expect_kind("another account", put(&other), FAILURE_CONFLICT);
    expect_kept("kept", &wanted);
    expect_kind("the same account", put(&wanted), FAILURE_CONFLICT);
    expect_kept("kept still", &wanted);
    expect_kind("the refused address",
                store_find_by_address(&subject->store, slice_text(other.address),
                                      contract_deadline_ms(), &got),
                FAILURE_NOT_FOUND);
}

static void taken_address(void)
{
    if (!subject->has_unique_addresses) return;
    fresh_account("addressed", &wanted);
    expect_ok("first", put(&wanted));
    fresh_account("addressed", &other);
    memcpy(other.address, wanted.address, sizeof other.address);
    expect_kind("second", put(&other), FAILURE_CONFLICT);
    expect_kind("nothing kept", get(other.name, &got), FAILURE_NOT_FOUND);
    expect_kept("kept", &wanted);
}

static void replace_rules(void)
{
    fresh_account("replace", &wanted);
    expect_ok("put", put(&wanted));
    other = wanted;
    other.version = 2;
    other.record_size = 33;
    other.proof_size = 5;
    memset(other.proof, 7, other.proof_size);
    memcpy(other.key_id, "arn:2", 6);
    expect_ok("replace", replace(&other, 1));
    expect_kept("replaced", &other);
    if (expect_ok("by address", find(other.address, &got))) {
        expect_true("by address", stored_account_is_equal(&got, &other));
    }
    expect_kind("the very same again", replace(&other, 1), FAILURE_CONFLICT);
    wanted.version = 2;
    expect_kind("same version again", replace(&wanted, 1), FAILURE_CONFLICT);
    wanted.version = 4;
    expect_kind("a version ahead", replace(&wanted, 3), FAILURE_CONFLICT);
    expect_kept("kept", &other);
    other.version = 3;
    other.proof_size = 0;
    expect_ok("proof dropped", replace(&other, 2));
    expect_kept("without proof", &other);
}

static void replace_keeps_the_address(void)
{
    fresh_account("rekey", &wanted);
    expect_ok("put", put(&wanted));
    contract_account(wanted.name, &other);
    other.version = 2;
    expect_kind("another address", replace(&other, 1), FAILURE_CONFLICT);
    expect_kept("kept", &wanted);
}

/* Each row breaks one rule of an account; nothing of it may be kept. */
static void break_account(size_t index, struct stored_account *account)
{
    switch (index) {
    case 0: account->version = 0; break;
    case 1: account->version = 2; break;
    case 2: account->record_size = 0; break;
    case 3: account->record_size = STORE_RECORD_SIZE_MAX + 1; break;
    case 4: account->proof_size = STORE_PROOF_SIZE_MAX + 1; break;
    case 5: account->address[41] = '\0'; break;
    case 6: account->address[3] = 'A'; break;
    case 7: account->address[3] = 'g'; break;
    case 8: account->address[1] = 'X'; break;
    case 9: account->address[42] = '0'; break;
    case 10: account->key_id[0] = '\0'; break;
    case 11: account->key_id[2] = '\n'; break;
    case 12: account->key_id[2] = '\x7f'; break;
    case 13: memset(account->key_id, 'k', sizeof account->key_id); break;
    case 14: account->created_at[0] = '\0'; break;
    case 15: account->created_at[0] = '\xc3'; break;
    case 16: memset(account->created_at, '1', sizeof account->created_at); break;
    default: break;
    }
}

static void broken_accounts_are_refused(void)
{
    static const char *const rows[] = {
        "version 0",
        "version 2",
        "no record",
        "record too long",
        "proof too long",
        "short address",
        "upper-case address",
        "address not hex",
        "address without 0x",
        "address unended",
        "no key id",
        "key id with line break",
        "key id with delete",
        "key id unended",
        "no creation time",
        "creation time not ASCII",
        "creation time unended",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i]);
        fresh_account("broken", &wanted);
        break_account(i, &wanted);
        const status refused = put(&wanted);
        expect_true("refused", status_is(refused, FAILURE_BAD_INPUT) ||
                                   status_is(refused, FAILURE_OVER_LIMIT));
        expect_kind("not kept", get(wanted.name, &got), FAILURE_NOT_FOUND);
    }
}

static void broken_names_are_refused(void)
{
    static const char *const names[] = {"",    " ",    "a b", "a/b", "a%b", "a\nb",  "\xc3\xa4",
                                        "a,b", "a[b]", "a`b", "a{b", "a~",  "a\x7f", "a+b"};
    char longest[STORE_NAME_SIZE_MAX + 2] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        runner_row_at("name", i);
        contract_account(names[i], &wanted);
        expect_kind("put", put(&wanted), FAILURE_BAD_INPUT);
        expect_kind("get", get(names[i], &got), FAILURE_BAD_INPUT);
    }
    runner_row("one too long");
    memset(longest, 'n', STORE_NAME_SIZE_MAX + 1);
    expect_kind("get", get(longest, &got), FAILURE_BAD_INPUT);
    contract_account("x", &wanted);
    memset(wanted.name, 'n', sizeof wanted.name);
    expect_kind("put", put(&wanted), FAILURE_BAD_INPUT);
}

static void broken_addresses_are_refused(void)
{
    static const char *const addresses[] = {
        "",
        "0x",
        "0x000000000000000000000000000000000000000",   /* 39 digits */
        "0x00000000000000000000000000000000000000000", /* 41 */
        "0X0000000000000000000000000000000000000000",
        "0x000000000000000000000000000000000000000g",
    };
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        runner_row_at("address", i);
        expect_kind("find",
                    store_find_by_address(&subject->store, slice_text(addresses[i]),
                                          contract_deadline_ms(), &got),
                    FAILURE_BAD_INPUT);
    }
}

static void replacement_versions(void)
{
    fresh_account("versions", &wanted);
    expect_ok("put", put(&wanted));
    wanted.version = 3;
    expect_kind("two more", replace(&wanted, 1), FAILURE_BAD_INPUT);
    wanted.version = 1;
    expect_kind("the same", replace(&wanted, 1), FAILURE_BAD_INPUT);
    expect_kind("from zero", replace(&wanted, 0), FAILURE_BAD_INPUT);
    wanted.version = (uint64_t)INT64_MAX + 1;
    expect_kind("past the end", replace(&wanted, (uint64_t)INT64_MAX), FAILURE_BAD_INPUT);
    wanted.version = 1;
    expect_kept("kept", &wanted);
}

static void passed_deadline(void)
{
    fresh_account("late", &wanted);
    const int64_t past_ms = clock_monotonic_ms() - 1;
    const slice name = slice_text(wanted.name);
    const status put_late = store_put_if_absent(&subject->store, &wanted, past_ms);
    expect_kind("put", put_late, FAILURE_UNAVAILABLE);
    expect_true("not ambiguous", !store_is_ambiguous(put_late));
    expect_kind("get", store_get(&subject->store, name, past_ms, &got), FAILURE_UNAVAILABLE);
    expect_kind("nothing was sent", get(wanted.name, &got), FAILURE_NOT_FOUND);
}

/* ---- races ---- */

struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    struct stored_account account;
    uint64_t version; /* 0: put, else replace */
    status result;
};

static struct racer racers[RACER_COUNT];

static void *race(void *argument)
{
    struct racer *racer = argument;
    (void)pthread_barrier_wait(racer->start);
    racer->result =
        racer->version == 0 ? put(&racer->account) : replace(&racer->account, racer->version);
    return NULL;
}

/* Starts all racers at once; returns the one that won. */
static const struct racer *run_race(void)
{
    pthread_barrier_t start;
    const struct racer *winner = NULL;
    size_t won = 0;
    (void)pthread_barrier_init(&start, NULL, RACER_COUNT);
    for (size_t i = 0; i < RACER_COUNT; i++) {
        racers[i].start = &start;
        (void)pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (size_t i = 0; i < RACER_COUNT; i++) (void)pthread_join(racers[i].thread, NULL);
    (void)pthread_barrier_destroy(&start);
    for (size_t i = 0; i < RACER_COUNT; i++) {
        if (status_is_ok(racers[i].result)) {
            winner = &racers[i];
            won++;
        } else {
            expect_kind("loser", racers[i].result, FAILURE_CONFLICT);
        }
    }
    expect_u64("winners", won, 1);
    return winner;
}

static void racing_puts(void)
{
    for (size_t round = 0; round < ROUND_COUNT; round++) {
        runner_row_at("round", round);
        fresh_account("race", &wanted);
        for (size_t i = 0; i < RACER_COUNT; i++) {
            contract_account(wanted.name, &racers[i].account);
            racers[i].version = 0;
        }
        const struct racer *winner = run_race();
        if (winner) expect_kept("the winner's account", &winner->account);
    }
}

static void racing_replaces(void)
{
    fresh_account("rerace", &wanted);
    expect_ok("put", put(&wanted));
    for (size_t round = 0; round < ROUND_COUNT; round++) {
        runner_row_at("round", round);
        for (size_t i = 0; i < RACER_COUNT; i++) {
            racers[i].account = wanted;
            racers[i].account.version = wanted.version + 1;
            racers[i].account.record[0] = (uint8_t)i;
            racers[i].account.record[1] = (uint8_t)round;
            racers[i].version = wanted.version;
        }
        const struct racer *winner = run_race();
        if (!winner) return;
        expect_kept("the winner's account", &winner->account);
        wanted = winner->account;
    }
}

/* ---- listing ---- */

enum { LISTED_COUNT_MAX = 4096 };

static struct stored_entry entries[STORE_PAGE_COUNT_MAX];
static struct stored_account listed;
static uint8_t seen[LISTED_COUNT_MAX];

/* Counts the entries of a page that are the paging test's own. */
static void count_page(const struct store_page *page, const char *stem)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct stored_entry *entry = &page->entries[i];
        const slice name = slice_text(entry->name);
        uint64_t number;
        if (!slice_has_start(name, slice_text(stem))) continue;
        const slice digits = slice_part(name, strlen(stem), name.size);
        if (sscanf((const char *)digits.bytes, "%" SCNu64, &number) != 1) continue;
        if (number < LISTED_COUNT_MAX) seen[number]++;
        expect_u64("version", entry->version, 1);
        expect_u64("address", strlen(entry->address), STORE_ADDRESS_SIZE);
        expect_text("created", slice_text(entry->created_at), "2026-01-02T03:04:05Z");
        expect_true("key id",
                    slice_has_start(slice_text(entry->key_id), slice_text("arn:aws:kms:")));
    }
}

/* Walks all pages of `count_max` and expects each of the test's accounts once. */
static void walk(const char *stem, size_t count_max)
{
    struct store_page page = {.entries = entries, .count_max = count_max};
    struct store_cursor cursor = {0};
    size_t page_count = 0;
    memset(seen, 0, sizeof seen);
    do {
        const status list =
            store_list(&subject->store, slice_text(cursor.text), contract_deadline_ms(), &page);
        if (!expect_ok("list", list)) return;
        expect_true("not more than asked for", page.count <= count_max);
        count_page(&page, stem);
        cursor = page.next;
    } while (cursor.text[0] && expect_true("ends", ++page_count < 100000));
    for (size_t i = 0; i < subject->account_count; i++) {
        if (seen[i] != 1) {
            runner_row_at("account", i);
            expect_u64("times listed", seen[i], 1);
        }
    }
}

static void paging(void)
{
    char name[STORE_NAME_SIZE_MAX + 1];
    static const size_t sizes[] = {1000, 999, 333, 100};
    for (size_t i = 0; i < subject->account_count; i++) {
        unique_name("page", i, name);
        contract_account(name, &listed);
        listed.record_size = 40;
        if (!expect_ok("put", put(&listed))) return;
    }
    unique_name("page", 0, name);
    name[strlen(name) - 5] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row_at("page size", sizes[i]);
        walk(name, sizes[i]);
    }
}

static void one_by_one(void)
{
    struct store_page page = {.entries = entries, .count_max = 1};
    struct store_cursor cursor = {0};
    char before[STORE_NAME_SIZE_MAX + 1] = {0};
    fresh_account("single", &wanted);
    expect_ok("one at least", put(&wanted));
    for (size_t i = 0; i < 5; i++) {
        runner_row_at("page", i);
        if (!expect_ok("list", store_list(&subject->store, slice_text(cursor.text),
                                          contract_deadline_ms(), &page))) {
            return;
        }
        if (page.count == 0) break;
        expect_true("another name", strcmp(before, entries[0].name) != 0);
        memcpy(before, entries[0].name, sizeof before);
        cursor = page.next;
        if (!cursor.text[0]) break;
    }
}

static void listing_bounds(void)
{
    static const char *const cursors[] = {"x", "!", "AAA", "AQ", "AmFiYw", "AWFiYw=", "AWFiYx"};
    struct store_page page = {.entries = entries, .count_max = 1};
    for (size_t i = 0; i < ARRAY_COUNT(cursors); i++) {
        runner_row(cursors[i]);
        expect_kind(
            "cursor",
            store_list(&subject->store, slice_text(cursors[i]), contract_deadline_ms(), &page),
            FAILURE_BAD_INPUT);
    }
    char long_cursor[400];
    memset(long_cursor, 'A', sizeof long_cursor);
    expect_kind(
        "long cursor",
        store_list(&subject->store, slice_of(long_cursor, 400), contract_deadline_ms(), &page),
        FAILURE_BAD_INPUT);
    page.count_max = 0;
    expect_kind("none", store_list(&subject->store, slice_text(""), contract_deadline_ms(), &page),
                FAILURE_OVER_LIMIT);
    page.count_max = STORE_PAGE_COUNT_MAX + 1;
    expect_kind("too many",
                store_list(&subject->store, slice_text(""), contract_deadline_ms(), &page),
                FAILURE_OVER_LIMIT);
}

/* A listing is not disturbed by what is put while it goes on. */
static void puts_during_a_listing(void)
{
    char name[STORE_NAME_SIZE_MAX + 1];
    struct store_page page = {.entries = entries, .count_max = 7};
    struct store_cursor cursor = {0};
    size_t times = 0, page_count = 0;
    fresh_account("steady", &wanted);
    expect_ok("put", put(&wanted));
    do {
        if (page_count < 20) {
            unique_name(page_count % 2 ? "aaa" : "zzz", page_count, name);
            contract_account(name, &other);
            expect_ok("put", put(&other));
        }
        if (!expect_ok("list", store_list(&subject->store, slice_text(cursor.text),
                                          contract_deadline_ms(), &page))) {
            return;
        }
        for (size_t i = 0; i < page.count; i++) {
            if (strcmp(entries[i].name, wanted.name) == 0) times++;
        }
        cursor = page.next;
    } while (cursor.text[0] && expect_true("ends", ++page_count < 100000));
    expect_u64("times listed", times, 1);
}

size_t contract_tests(struct runner_test *tests, size_t count)
{
    static const struct runner_test rules[] = {
        {"ready", ready},
        {"unknown is not found", unknown_is_not_found},
        {"result is untouched on failure", result_is_untouched_on_failure},
        {"what was put is read", what_was_put_is_read},
        {"all name characters", all_name_characters},
        {"names differ by case", names_differ_by_case},
        {"longest texts", longest_texts},
        {"address in any case", address_in_any_case},
        {"taken name is kept", taken_name_is_kept},
        {"taken address", taken_address},
        {"replace rules", replace_rules},
        {"replace keeps the address", replace_keeps_the_address},
        {"broken accounts are refused", broken_accounts_are_refused},
        {"broken names are refused", broken_names_are_refused},
        {"broken addresses are refused", broken_addresses_are_refused},
        {"replacement versions", replacement_versions},
        {"passed deadline", passed_deadline},
        {"racing puts", racing_puts},
        {"racing replaces", racing_replaces},
        {"one by one", one_by_one},
        {"listing bounds", listing_bounds},
        {"puts during a listing", puts_during_a_listing},
        {"paging", paging},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) tests[count++] = rules[i];
    return count;
}
