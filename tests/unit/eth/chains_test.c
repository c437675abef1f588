#include "eth/chains.h"

#include "runner.h"

static void names(void)
{
    uint64_t id = 7;
    expect_ok("ethereum", chains_parse(slice_text("ethereum"), &id));
    expect_u64("id", id, 1);
    expect_ok("base-sepolia", chains_parse(slice_text("base-sepolia"), &id));
    expect_u64("id", id, 84532);
    expect_refused("title", chains_parse(slice_text("Ethereum"), &id),
                   "chain: no chain of this name is known; give its number with --chain-id");
    expect_kind("title", chains_parse(slice_text(""), &id), FAILURE_NOT_FOUND);
    expect_u64("untouched", id, 84532);
}

/* Each is found by its number and by its name; numbers rise, so none stands twice. */
static void table(void)
{
    size_t count;
    uint64_t before = 0;
    const struct chain *chains = chains_list(&count);
    expect_true("there are some", count > 40);
    for (size_t i = 0; i < count; i++) {
        uint64_t id = 0;
        runner_row(chains[i].name);
        expect_true("rises", chains[i].id > before);
        expect_true("fits", chains[i].id <= CHAINS_ID_MAX);
        expect_true("by number", chains_find(chains[i].id) == &chains[i]);
        expect_ok("by name", chains_parse(slice_text(chains[i].name), &id));
        expect_u64("by name", id, chains[i].id);
        before = chains[i].id;
    }
    expect_true("unknown", !chains_find(2));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"names", names}, {"table", table}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
