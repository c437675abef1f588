#include "link/call.h"

void link_queue_append(struct link_queue *queue, struct link_call *call)
{
    call->queue = queue;
    call->next = NULL;
    call->previous = queue->last;
    if (queue->last) queue->last->next = call;
    else queue->first = call;
    queue->last = call;
}

void link_queue_remove(struct link_call *call)
{
    struct link_queue *queue = call->queue;
    if (call->previous) call->previous->next = call->next;
    else queue->first = call->next;
    if (call->next) call->next->previous = call->previous;
    else queue->last = call->previous;
    call->queue = NULL;
    call->next = call->previous = NULL;
}

struct link_call *link_queue_take(struct link_queue *queue)
{
    struct link_call *call = queue->first;
    if (call) link_queue_remove(call);
    return call;
}
