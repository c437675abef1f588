#include "base/heap.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* In front of every piece: its size, without which nobody could wipe it. */
struct head {
    alignas(max_align_t) size_t size;
};

void *heap_take(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct head)) return NULL;
    struct head *head = malloc(sizeof *head + size);
    if (!head) return NULL;
    head->size = size;
    return head + 1;
}

void *heap_resize(void *memory, size_t size)
{
    if (!memory) return heap_take(size);
    struct head *head = (struct head *)memory - 1;
    /* Not realloc, which may move the bytes and leave a copy behind. */
    void *moved = heap_take(size);
    if (!moved) return NULL;
    memcpy(moved, memory, size < head->size ? size : head->size);
    heap_release(memory);
    return moved;
}

void heap_release(void *memory)
{
    if (!memory) return;
    struct head *head = (struct head *)memory - 1;
    secret_wipe(head, sizeof *head + head->size);
    free(head);
}
