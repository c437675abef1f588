#include "link/call.h"

#include "base/array.h"
#include "runner.h"

/* A queue of three, each of them removed in turn, from either end and from the middle. */
static void removing(void)
{
    for (size_t removed = 0; removed < 3; removed++) {
        struct link_call calls[3] = {0};
        struct link_queue queue = {0};
        runner_row_at("removed", removed);
        for (size_t i = 0; i < 3; i++) link_queue_append(&queue, &calls[i]);
        for (size_t i = 0; i < 3; i++) expect_true("knows its queue", calls[i].queue == &queue);
        link_queue_remove(&calls[removed]);
        expect_true("in none", calls[removed].queue == NULL);
        for (size_t i = 0; i < 3; i++) {
            if (i != removed) expect_true("in order", link_queue_take(&queue) == &calls[i]);
        }
        expect_true("empty", link_queue_take(&queue) == NULL && !queue.first && !queue.last);
        link_queue_append(&queue, &calls[removed]);
        expect_true("again", link_queue_take(&queue) == &calls[removed]);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"removing", removing}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
