#include "store/store.h"

#include <string.h>

#include "contract.h"
#include "runner.h"

/* An implementation that answers with whatever the row holds, as a damaged one might. */
static struct {
    struct stored_account account;
    struct stored_entry entry;
    size_t count;
    slice after_name; /* what the last listing was asked for */
} answer;

static status get(void *context, slice key, int64_t deadline_ms, struct stored_account *account)
{
    (void)context;
    (void)key;
    (void)deadline_ms;
    *account = answer.account;
    return status_ok();
}

static status list(void *context, slice after_name, int64_t deadline_ms, struct store_page *page)
{
    (void)context;
    static uint8_t after_bytes[STORE_NAME_SIZE_MAX];
    (void)deadline_ms;
    memcpy(after_bytes, after_name.bytes ? after_name.bytes : after_bytes, after_name.size);
    answer.after_name = slice_of(after_bytes, after_name.size);
    page->entries[0] = answer.entry;
    page->count = answer.count;
    return status_ok();
}

static const struct store_operations operations = {
    .get = get, .find_by_address = get, .list = list};
static const struct store store = {&operations, NULL};

static void answers_are_checked(void)
{
    struct stored_account got = {.version = 99};
    contract_account("alice", &answer.account);
    expect_ok("good", store_get(&store, slice_text("alice"), contract_deadline_ms(), &got));
    expect_true("same", stored_account_is_equal(&got, &answer.account));
    got.version = 99;
    expect_refused("another name",
                   store_get(&store, slice_text("bob"), contract_deadline_ms(), &got),
                   "store: another name's account was found");
    expect_refused("another address",
                   store_find_by_address(&store,
                                         slice_text("0x0000000000000000000000000000000000000001"),
                                         contract_deadline_ms(), &got),
                   "store: another address's account was found");
    answer.account.record_size = 0;
    expect_refused("broken", store_get(&store, slice_text("alice"), contract_deadline_ms(), &got),
                   "store: what is kept is not an account");
    expect_u64("untouched", got.version, 99);
}

static void entries_are_checked(void)
{
    struct stored_entry entries[1];
    struct store_page page = {.entries = entries, .count_max = 1, .count = 77};
    answer.count = 1;
    answer.entry = (struct stored_entry){
        .name = "alice",
        .address = "0x00000000000000000000000000000000000000aa",
        .key_id = "arn",
        .created_at = "2026",
        .version = 1,
    };
    expect_ok("good", store_list(&store, slice_text(""), contract_deadline_ms(), &page));
    expect_u64("count", page.count, 1);
    page.count = 77;
    answer.entry.address[2] = 'A';
    expect_kind("broken", store_list(&store, slice_text(""), contract_deadline_ms(), &page),
                FAILURE_CORRUPT);
    expect_u64("untouched", page.count, 77);
    answer.entry.version = 0;
    expect_ok("of the older layout",
              store_list(&store, slice_text(""), contract_deadline_ms(), &page));
}

static void ambiguous_is_one_of_a_kind(void)
{
    const status ambiguous = store_ambiguous(500);
    const status late =
        store_get(&store, slice_text("alice"), 0, &(struct stored_account){.version = 1});
    expect_true("recognised", store_is_ambiguous(ambiguous));
    expect_kind("kind", ambiguous, FAILURE_UNAVAILABLE);
    expect_u64("detail", (uint64_t)ambiguous.detail, 500);
    expect_true("success is not", !store_is_ambiguous(status_ok()));
    expect_kind("of the same kind", late, FAILURE_UNAVAILABLE);
    expect_true("another failure is not", !store_is_ambiguous(late));
}

static void equality_looks_at_every_field(void)
{
    static struct stored_account one, two;
    static const char *const fields[] = {"name",          "address", "key id",
                                         "creation time", "version", "record",
                                         "record size",   "proof",   "proof size"};
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        runner_row(fields[i]);
        contract_account("alice", &one);
        one.proof_size = 3;
        two = one;
        two.record[two.record_size] = 1;
        two.proof[two.proof_size] = 1;
        expect_true("bytes past the sizes do not count", stored_account_is_equal(&one, &two));
        switch (i) {
        case 0: two.name[0] = 'b'; break;
        case 1: two.address[5] ^= 1; break;
        case 2: two.key_id[0] = 'b'; break;
        case 3: two.created_at[0] = '3'; break;
        case 4: two.version++; break;
        case 5: two.record[two.record_size - 1] ^= 1; break;
        case 6: two.record_size--; break;
        case 7: two.proof[0] ^= 1; break;
        default: two.proof_size--; break;
        }
        expect_true("differ", !stored_account_is_equal(&one, &two));
    }
}

static void texts(void)
{
    static const struct {
        const char *name, *text, *refusal;
    } rows[] = {
        {"one", "a", NULL},
        {"all that fit", "abcd", NULL},
        {"first and last character", " ~", NULL},
        {"empty", "", "store: a text is empty"},
        {"one too many", "abcde", "store: a text is too long"},
        {"below the first", "\x1f", "store: a text has a character that is not printable ASCII"},
        {"above the last", "\x7f", "store: a text has a character that is not printable ASCII"},
        {"not ASCII", "\xc3\xa4", "store: a text has a character that is not printable ASCII"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char field[5] = "????";
        runner_row(rows[i].name);
        const status got = stored_text_read(slice_text(rows[i].text), field, 4);
        expect_outcome("read", got, rows[i].refusal);
        expect_text("field", slice_text(field), rows[i].refusal ? "????" : rows[i].text);
    }
}

static void cursors_read_back(void)
{
    struct stored_entry entries[1];
    struct store_page page = {.entries = entries, .count_max = 1};
    char name[STORE_NAME_SIZE_MAX];
    memset(name, 'n', sizeof name);
    for (size_t size = 1; size <= sizeof name; size++) {
        const struct store_cursor cursor = store_cursor_after(slice_of(name, size));
        runner_row_at("name's size", size);
        expect_true("fits", strlen(cursor.text) <= STORE_CURSOR_SIZE_MAX);
        answer.count = 0;
        expect_ok("read",
                  store_list(&store, slice_text(cursor.text), contract_deadline_ms(), &page));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"answers are checked", answers_are_checked},
        {"entries are checked", entries_are_checked},
        {"ambiguous is one of a kind", ambiguous_is_one_of_a_kind},
        {"equality looks at every field", equality_looks_at_every_field},
        {"texts", texts},
        {"cursors read back", cursors_read_back},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
