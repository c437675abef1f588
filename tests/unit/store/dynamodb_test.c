#include "store/dynamodb.h"

#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "fake_dynamodb.h"
#include "os/clock.h"
#include "runner.h"

static struct http_client http;
static struct dynamodb_store dynamodb;
static struct store store;
static struct stored_account account, kept;

/* A fresh account, and a client that has not spent anything on retries yet. */
static void use_account(void)
{
    dynamodb.client.retry_tokens = DYNAMODB_RETRY_TOKENS;
    contract_account("alice", &account);
    account.proof_size = 3;
}

/* True when what the table keeps is exactly our account. */
static bool keeps_ours(void)
{
    fake_dynamodb_add(&(struct fake_fault){0});
    const status got = store_get(&store, slice_text("alice"), contract_deadline_ms(), &kept);
    return status_is_ok(got) && stored_account_is_equal(&kept, &account);
}

/* How a write ends. */
enum outcome { DONE, CONFLICT, AMBIGUOUS, UNAVAILABLE, INTERNAL };

static void expect_write(status got, enum outcome wanted)
{
    switch (wanted) {
    case DONE: expect_ok("write", got); break;
    case CONFLICT: expect_kind("write", got, FAILURE_CONFLICT); break;
    case AMBIGUOUS: expect_kind("write", got, FAILURE_UNAVAILABLE); break;
    case UNAVAILABLE: expect_kind("write", got, FAILURE_UNAVAILABLE); break;
    case INTERNAL: expect_kind("write", got, FAILURE_INTERNAL); break;
    default: break;
    }
    expect_true("ambiguous only when it is", store_is_ambiguous(got) == (wanted == AMBIGUOUS));
}

/* What becomes of a put, fault by fault. `requests` counts all that were sent. */
static const struct put_row {
    const char *name;
    struct fake_fault faults[5];
    size_t fault_count;
    enum outcome outcome;
    bool is_kept;
    size_t requests;
} put_rows[] = {
    {"no fault", {{0}}, 0, DONE, true, 1},
    {"throttled once",
     {{.kind = FAKE_ERROR,
       .code = 400,
       .name = "ProvisionedThroughputExceededException",
       .is_not_carried_out = true}},
     1,
     DONE,
     true,
     2},
    {"failed before it wrote",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true}},
     1,
     DONE,
     true,
     2},
    {"failed after it wrote",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"}},
     1,
     DONE,
     true,
     3},
    {"unavailable after it wrote",
     {{.kind = FAKE_ERROR, .code = 503, .name = "ServiceUnavailable"}},
     1,
     DONE,
     true,
     3},
    {"failed after it wrote, and again",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"}},
     2,
     DONE,
     true,
     4},
    {"failed, and another writer was faster",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true},
      {.puts_rival = true}},
     2,
     CONFLICT,
     false,
     3},
    {"the name is another's at once", {{.puts_rival = true}}, 1, CONFLICT, false, 1},
    {"failed after it wrote, four times",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"}},
     4,
     AMBIGUOUS,
     true,
     4},
    {"failed before it wrote, four times",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true}},
     4,
     AMBIGUOUS,
     false,
     4},
    {"failed after it wrote, then forbidden",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {.kind = FAKE_ERROR, .code = 400, .name = "AccessDeniedException"}},
     2,
     AMBIGUOUS,
     true,
     2},
    {"failed after it wrote, and reading back is forbidden",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {0},
      {.kind = FAKE_ERROR, .code = 400, .name = "AccessDeniedException"}},
     3,
     AMBIGUOUS,
     true,
     3},
    {"failed after it wrote, and reading back finds nothing",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {0},
      {.kind = FAKE_BODY, .text = "{}"}},
     3,
     AMBIGUOUS,
     true,
     3},
    {"failed after it wrote, and reading back needs a second try",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {0},
      {.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"}},
     3,
     DONE,
     true,
     4},
    {"wrong checksum after it wrote", {{.checksum = "1"}}, 1, DONE, true, 3},
    {"no checksum at all", {{.checksum = "none"}}, 1, DONE, true, 1},
    {"garbage for a body after it wrote",
     {{.kind = FAKE_BODY, .text = "<html>busy</html>"}},
     1,
     DONE,
     true,
     3},
    {"an array for a body", {{.kind = FAKE_BODY, .text = "[]"}}, 1, DONE, true, 3},
    {"garbage for a reply",
     {{.kind = FAKE_RAW, .text = "\x16\x03\x01\x02 not HTTP\r\n\r\n"}},
     1,
     DONE,
     true,
     3},
    {"two lengths in the reply",
     {{.kind = FAKE_RAW,
       .text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "}},
     1,
     DONE,
     true,
     3},
    {"not allowed",
     {{.kind = FAKE_ERROR,
       .code = 400,
       .name = "AccessDeniedException",
       .is_not_carried_out = true}},
     1,
     UNAVAILABLE,
     false,
     1},
    {"no such table",
     {{.kind = FAKE_ERROR,
       .code = 400,
       .name = "ResourceNotFoundException",
       .is_not_carried_out = true}},
     1,
     UNAVAILABLE,
     false,
     1},
    {"malformed, it says",
     {{.kind = FAKE_ERROR, .code = 400, .name = "ValidationException", .is_not_carried_out = true}},
     1,
     INTERNAL,
     false,
     1},
    {"not found, as a code without a name",
     {{.kind = FAKE_ERROR, .code = 404, .name = "", .is_not_carried_out = true}},
     1,
     INTERNAL,
     false,
     1},
    {"forbidden, as a code without a name",
     {{.kind = FAKE_ERROR, .code = 403, .name = "", .is_not_carried_out = true}},
     1,
     INTERNAL,
     false,
     1},
};

static void puts_end_as_they_must(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(put_rows); i++) {
        const struct put_row *row = &put_rows[i];
        runner_row(row->name);
        use_account();
        fake_dynamodb_reset(row->faults, row->fault_count);
        expect_write(store_put_if_absent(&store, &account, contract_deadline_ms()), row->outcome);
        expect_u64("requests", fake_dynamodb_seen_count(), row->requests);
        expect_true("kept", keeps_ours() == row->is_kept);
    }
}

/* The reply to a write cut at every byte: it was carried out, so the answer is that it was. */
static void cut_replies_to_a_put(void)
{
    use_account();
    fake_dynamodb_reset(NULL, 0);
    expect_ok("whole", store_put_if_absent(&store, &account, contract_deadline_ms()));
    const size_t size = fake_dynamodb_reply_size();
    expect_true("has a size", size > 60);
    for (size_t cut = 0; cut < size; cut++) {
        const struct fake_fault fault = {.kind = FAKE_CUT, .cut_size = cut};
        runner_row_at("bytes", cut);
        use_account();
        fake_dynamodb_reset(&fault, 1);
        expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
        expect_true("kept", keeps_ours());
    }
}

static void cut_replies_to_a_get(void)
{
    use_account();
    fake_dynamodb_reset(NULL, 0);
    expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
    expect_true("whole", keeps_ours());
    const size_t size = fake_dynamodb_reply_size();
    expect_true("has a size", size > 700);
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 37) {
        runner_row_at("bytes", cut);
        dynamodb.client.retry_tokens = DYNAMODB_RETRY_TOKENS;
        fake_dynamodb_add(&(struct fake_fault){.kind = FAKE_CUT, .cut_size = cut});
        expect_ok("get", store_get(&store, slice_text("alice"), contract_deadline_ms(), &kept));
        expect_true("same", stored_account_is_equal(&kept, &account));
        const slice item = fake_dynamodb_item();
        char copy[8192];
        snprintf(copy, sizeof copy, "%.*s", (int)item.size, (const char *)item.bytes);
        fake_dynamodb_reset(NULL, 0);
        fake_dynamodb_keep(copy);
    }
}

/* No answer before the deadline: the caller hears that nobody knows, and in time. */
static void silence(void)
{
    static const struct {
        const char *name;
        bool is_not_carried_out;
    } rows[] = {{"after it wrote", false}, {"before it wrote", true}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct fake_fault fault = {.kind = FAKE_SILENCE,
                                         .delay_ms = 700,
                                         .is_not_carried_out = rows[i].is_not_carried_out};
        runner_row(rows[i].name);
        use_account();
        fake_dynamodb_reset(&fault, 1);
        const int64_t start_ms = clock_monotonic_ms();
        const status late = store_put_if_absent(&store, &account, start_ms + 300);
        expect_true("in time", clock_monotonic_ms() - start_ms < 600);
        expect_write(late, AMBIGUOUS);
        expect_true("kept", keeps_ours() == !rows[i].is_not_carried_out);
    }
    runner_row("a get");
    const struct fake_fault fault = {.kind = FAKE_SILENCE, .delay_ms = 700};
    fake_dynamodb_reset(&fault, 1);
    const status late = store_get(&store, slice_text("alice"), clock_deadline_ms(200), &kept);
    expect_kind("get", late, FAILURE_UNAVAILABLE);
    expect_true("a read is never ambiguous", !store_is_ambiguous(late));
}

static void slow_but_in_time(void)
{
    const struct fake_fault fault = {.delay_ms = 400};
    use_account();
    fake_dynamodb_reset(&fault, 1);
    expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
    expect_u64("requests", fake_dynamodb_seen_count(), 1);
}

/* The same questions about a replacement, from version 1 to 2. */
static const struct replace_row {
    const char *name;
    struct fake_fault faults[5];
    size_t fault_count;
    bool starts_empty;
    enum outcome outcome;
    bool is_kept;
} replace_rows[] = {
    {"no fault", {{0}}, 0, false, DONE, true},
    {"failed before it wrote",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true}},
     1,
     false,
     DONE,
     true},
    {"failed after it wrote",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"}},
     1,
     false,
     DONE,
     true},
    {"another account has taken the name", {{.puts_rival = true}}, 1, false, CONFLICT, false},
    {"failed, then another account has taken the name",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true},
      {.puts_rival = true}},
     2,
     false,
     CONFLICT,
     false},
    {"failed after it wrote, and reading back fails",
     {{.kind = FAKE_ERROR, .code = 500, .name = "InternalServerError"},
      {0},
      {.kind = FAKE_ERROR, .code = 400, .name = "AccessDeniedException"}},
     3,
     false,
     AMBIGUOUS,
     true},
};

static void replacements_end_as_they_must(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(replace_rows); i++) {
        const struct replace_row *row = &replace_rows[i];
        runner_row(row->name);
        use_account();
        fake_dynamodb_reset(NULL, 0);
        expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
        account.version = 2;
        account.record[0] ^= 1;
        for (size_t k = 0; k < row->fault_count; k++) fake_dynamodb_add(&row->faults[k]);
        expect_write(store_replace_if_version(&store, &account, 1, contract_deadline_ms()),
                     row->outcome);
        expect_true("kept", keeps_ours() == row->is_kept);
    }
}

/* The same replacement twice, both acknowledged as what they were: the second found it done. */
static void replacing_twice(void)
{
    use_account();
    fake_dynamodb_reset(NULL, 0);
    expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
    account.version = 2;
    expect_write(store_replace_if_version(&store, &account, 1, contract_deadline_ms()), DONE);
    expect_write(store_replace_if_version(&store, &account, 1, contract_deadline_ms()), CONFLICT);
    expect_true("kept", keeps_ours());
}

static void replacing_what_is_not_there(void)
{
    const struct fake_fault failed = {
        .kind = FAKE_ERROR, .code = 500, .name = "InternalServerError", .is_not_carried_out = true};
    use_account();
    account.version = 2;
    fake_dynamodb_reset(NULL, 0);
    expect_kind("plainly", store_replace_if_version(&store, &account, 1, contract_deadline_ms()),
                FAILURE_NOT_FOUND);
    fake_dynamodb_reset(&failed, 1);
    expect_write(store_replace_if_version(&store, &account, 1, contract_deadline_ms()), AMBIGUOUS);
}

/* A read's failures never look like an answer about the account. */
static void reads_end_as_they_must(void)
{
    static const struct {
        const char *name;
        struct fake_fault fault;
        enum failure_kind kind; /* 0: the account */
    } rows[] = {
        {"no such table",
         {.kind = FAKE_ERROR, .code = 400, .name = "ResourceNotFoundException"},
         FAILURE_UNAVAILABLE},
        {"not allowed",
         {.kind = FAKE_ERROR, .code = 400, .name = "AccessDeniedException"},
         FAILURE_UNAVAILABLE},
        {"404", {.kind = FAKE_ERROR, .code = 404, .name = ""}, FAILURE_INTERNAL},
        {"403", {.kind = FAKE_ERROR, .code = 403, .name = ""}, FAILURE_INTERNAL},
        {"an empty object", {.kind = FAKE_BODY, .text = "{}"}, FAILURE_NOT_FOUND},
        {"garbage", {.kind = FAKE_BODY, .text = "garbage"}, FAILURE_CORRUPT},
        {"half an item",
         {.kind = FAKE_BODY, .text = "{\"Item\":{\"name\":{\"S\":\"alice\"}}}"},
         FAILURE_CORRUPT},
        {"older layout",
         {.kind = FAKE_BODY,
          .text = "{\"Item\":{\"name\":{\"S\":\"alice\"},\"encryptedPrivateKey\":{\"S\":\"A\"}}}"},
         FAILURE_CONFLICT},
        {"another's item",
         {.kind = FAKE_BODY,
          .text = "{\"Item\":{\"name\":{\"S\":\"bob\"},\"record\":{\"B\":\"AAAA\"},"
                  "\"address\":{\"S\":\"0x0000000000000000000000000000000000000bad\"},"
                  "\"key_id\":{\"S\":\"k\"},\"version\":{\"N\":\"1\"},"
                  "\"created_at\":{\"S\":\"t\"}}}"},
         FAILURE_CORRUPT},
        {"wrong checksum", {.checksum = "1"}, 0},
        {"failure", {.kind = FAKE_ERROR, .code = 502, .name = ""}, 0},
        {"throttled", {.kind = FAKE_ERROR, .code = 400, .name = "ThrottlingException"}, 0},
        {"garbage for a reply", {.kind = FAKE_RAW, .text = "garbage\r\n\r\n"}, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        use_account();
        fake_dynamodb_reset(NULL, 0);
        expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
        fake_dynamodb_add(&rows[i].fault);
        const status got = store_get(&store, slice_text("alice"), contract_deadline_ms(), &kept);
        if (rows[i].kind != 0) {
            expect_kind("get", got, rows[i].kind);
        } else if (expect_ok("get", got)) {
            expect_true("same", stored_account_is_equal(&kept, &account));
        }
    }
}

/* A search asks the index, and believes only the table. */
static void searches(void)
{
    static const struct {
        const char *name, *names;
        enum failure_kind kind;
    } rows[] = {
        {"one", "{\"Items\":[{\"name\":{\"S\":\"alice\"}}]}", 0},
        {"none", "{\"Items\":[]}", FAILURE_NOT_FOUND},
        {"two", "{\"Items\":[{\"name\":{\"S\":\"alice\"}},{\"name\":{\"S\":\"bob\"}}]}",
         FAILURE_CORRUPT},
        {"garbage", "{\"Items\":7}", FAILURE_CORRUPT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        use_account();
        fake_dynamodb_reset(NULL, 0);
        expect_ok("put", store_put_if_absent(&store, &account, contract_deadline_ms()));
        fake_dynamodb_add(&(struct fake_fault){.kind = FAKE_BODY, .text = rows[i].names});
        const status got = store_find_by_address(&store, slice_text(account.address),
                                                 contract_deadline_ms(), &kept);
        if (rows[i].kind == 0) expect_ok("find", got);
        else expect_kind("find", got, rows[i].kind);
    }
    runner_row("an index that is behind");
    fake_dynamodb_add(&(struct fake_fault){.kind = FAKE_BODY, .text = rows[0].names});
    expect_kind("find",
                store_find_by_address(&store,
                                      slice_text("0x0000000000000000000000000000000000000001"),
                                      contract_deadline_ms(), &kept),
                FAILURE_NOT_FOUND);
    runner_row("a name that is gone");
    fake_dynamodb_reset(NULL, 0);
    fake_dynamodb_add(&(struct fake_fault){.kind = FAKE_BODY, .text = rows[0].names});
    expect_kind(
        "find",
        store_find_by_address(&store, slice_text(account.address), contract_deadline_ms(), &kept),
        FAILURE_NOT_FOUND);
}

static void listings(void)
{
    static const char page_text[] =
        "{\"Items\":[{\"name\":{\"S\":\"alice\"},\"key_id\":{\"S\":\"k\"},"
        "\"address\":{\"S\":\"0x00000000000000000000000000000000000000a1\"},"
        "\"version\":{\"N\":\"3\"},\"created_at\":{\"S\":\"t\"}},"
        "{\"name\":{\"S\":\"old one\"},\"key_id\":{\"S\":\"k\"},\"address\":{\"S\":\"0xA\"}}],"
        "\"LastEvaluatedKey\":{\"name\":{\"S\":\"old one\"}}}";
    static char long_name[400];
    struct stored_entry entries[2];
    struct store_page page = {.entries = entries, .count_max = 2};
    fake_dynamodb_reset(&(struct fake_fault){.kind = FAKE_BODY, .text = page_text}, 1);
    expect_ok("list", store_list(&store, slice_text(""), contract_deadline_ms(), &page));
    expect_u64("count", page.count, 2);
    expect_u64("version", entries[0].version, 3);
    expect_text("older item", slice_text(entries[1].name), "old one");
    expect_u64("its version", entries[1].version, 0);
    expect_text("next", slice_text(page.next.text), store_cursor_after(slice_text("old one")).text);
    fake_dynamodb_reset(&(struct fake_fault){.kind = FAKE_BODY, .text = "{\"Items\":[]}"}, 1);
    expect_ok("last",
              store_list(&store, slice_text(page.next.text), contract_deadline_ms(), &page));
    expect_u64("count", page.count, 0);
    expect_text("nothing follows", slice_text(page.next.text), "");
    snprintf(long_name, sizeof long_name,
             "{\"Items\":[],\"LastEvaluatedKey\":{\"name\":{\"S\":\"%0129d\"}}}", 0);
    fake_dynamodb_reset(&(struct fake_fault){.kind = FAKE_BODY, .text = long_name}, 1);
    expect_kind("a name too long for a cursor",
                store_list(&store, slice_text(""), contract_deadline_ms(), &page), FAILURE_CORRUPT);
    fake_dynamodb_reset(&(struct fake_fault){.kind = FAKE_BODY, .text = page_text}, 1);
    page.count_max = 1;
    expect_kind("more than asked for",
                store_list(&store, slice_text(""), contract_deadline_ms(), &page), FAILURE_CORRUPT);
}

static void readiness(void)
{
    static const struct fake_fault old = {
        .kind = FAKE_BODY, .text = "{\"Item\":{\"encryptedPrivateKey\":{\"S\":\"A\"}}}"};
    static const struct fake_fault missing = {
        .kind = FAKE_ERROR, .code = 400, .name = "ResourceNotFoundException"};
    fake_dynamodb_reset(NULL, 0);
    expect_ok("an empty table", store_check_ready(&store, contract_deadline_ms()));
    fake_dynamodb_reset(&old, 1);
    expect_ok("an older item", store_check_ready(&store, contract_deadline_ms()));
    fake_dynamodb_reset(&missing, 1);
    expect_kind("no table", store_check_ready(&store, contract_deadline_ms()), FAILURE_UNAVAILABLE);
    fake_dynamodb_credentials_fail(true);
    expect_refused("no credentials", store_check_ready(&store, contract_deadline_ms()),
                   "store: there are no AWS credentials");
    fake_dynamodb_credentials_fail(false);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"puts end as they must", puts_end_as_they_must},
        {"cut replies to a put", cut_replies_to_a_put},
        {"cut replies to a get", cut_replies_to_a_get},
        {"silence", silence},
        {"slow but in time", slow_but_in_time},
        {"replacements end as they must", replacements_end_as_they_must},
        {"replacing twice", replacing_twice},
        {"replacing what is not there", replacing_what_is_not_there},
        {"reads end as they must", reads_end_as_they_must},
        {"searches", searches},
        {"listings", listings},
        {"readiness", readiness},
    };
    fake_dynamodb_open(&http);
    const struct dynamodb_config config = fake_dynamodb_config(&http);
    if (!status_is_ok(dynamodb_store_open(&dynamodb, &config))) return 2;
    store = dynamodb_store_port(&dynamodb);
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    fake_dynamodb_close(&http);
    dynamodb_store_close(&dynamodb);
    return code;
}
