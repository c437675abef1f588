#include "store/memory.h"

#include <stdio.h>

#include "contract.h"
#include "runner.h"

enum { ROOM = 1500 };

static struct stored_account account;

static void fills_up(void)
{
    SCOPED(memory_store_close) struct memory_store memory = {0};
    expect_ok("open", memory_store_open(&memory, 2));
    const struct store store = memory_store_port(&memory);
    for (size_t i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "account-%zu", i);
        contract_account(name, &account);
        expect_ok("fits", store_put_if_absent(&store, &account, contract_deadline_ms()));
    }
    contract_account("one-more", &account);
    expect_kind("full", store_put_if_absent(&store, &account, contract_deadline_ms()),
                FAILURE_OVER_LIMIT);
}

static void lists_in_order(void)
{
    static const char *const names[] = {"m", "a", "z", "A", "0", "aa"};
    static const char *const ordered[] = {"0", "A", "a", "aa", "m", "z"};
    SCOPED(memory_store_close) struct memory_store memory = {0};
    struct stored_entry entries[8];
    struct store_page page = {.entries = entries, .count_max = ARRAY_COUNT(entries)};
    expect_ok("open", memory_store_open(&memory, 8));
    const struct store store = memory_store_port(&memory);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        contract_account(names[i], &account);
        expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
    }
    expect_ok("list", store_list(&store, slice_text(""), contract_deadline_ms(), &page));
    expect_u64("count", page.count, ARRAY_COUNT(ordered));
    expect_text("nothing follows", slice_text(page.next.text), "");
    for (size_t i = 0; i < page.count && i < ARRAY_COUNT(ordered); i++) {
        expect_text("name", slice_text(entries[i].name), ordered[i]);
    }
}

int main(int argc, char **argv)
{
    static struct runner_test tests[CONTRACT_TEST_COUNT_MAX] = {
        {"fills up", fills_up},
        {"lists in order", lists_in_order},
    };
    static struct memory_store memory;
    static struct contract_subject subject;
    if (!status_is_ok(memory_store_open(&memory, ROOM))) return 2;
    subject = (struct contract_subject){
        .store = memory_store_port(&memory), .has_unique_addresses = true, .account_count = 1100};
    contract_use(&subject);
    const int code = runner_main(argc, argv, __FILE__, tests, contract_tests(tests, 2));
    memory_store_close(&memory);
    return code;
}
