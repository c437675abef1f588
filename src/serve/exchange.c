#include "serve/exchange.h"

#include <assert.h>

#include "serve/limits.h"

const struct http_request *exchange_request(const struct exchange *exchange)
{
    return &exchange->request;
}

void *exchange_state(struct exchange *exchange)
{
    return exchange->state;
}

struct arena *exchange_memory(struct exchange *exchange)
{
    return exchange->memory;
}

struct loop *exchange_loop(const struct exchange *exchange)
{
    return exchange->home->loop;
}

size_t exchange_shard_index(const struct exchange *exchange)
{
    return exchange->home->shard_index;
}

const struct serve_peer *exchange_peer(const struct exchange *exchange)
{
    return exchange->peer;
}

int64_t exchange_started_us(const struct exchange *exchange)
{
    return exchange->started_us;
}

uint64_t exchange_received_size(const struct exchange *exchange)
{
    return exchange->received_size;
}

uint64_t exchange_sent_size(const struct exchange *exchange)
{
    return exchange->sent_size;
}

int64_t exchange_deadline_ms(const struct exchange *exchange)
{
    return exchange->deadline_ms;
}

unsigned exchange_code(const struct exchange *exchange)
{
    return exchange->code;
}

void exchange_expect(struct exchange *exchange, uint64_t body_size_max,
                     enum exchange_memory_kind memory_kind)
{
    assert(exchange->stage == EXCHANGE_JUDGED);
    assert(body_size_max <= SERVE_BODY_SIZE_MAX);
    exchange->body_size_max = body_size_max;
    exchange->memory_kind = memory_kind;
}

void exchange_close(struct exchange *exchange)
{
    exchange->is_closing = true;
}

void exchange_answer(struct exchange *exchange, unsigned code, struct exchange_headers headers,
                     slice body)
{
    const struct exchange_answer answer = {code, headers, body};
    /* Answering twice is the program's mistake: the second would be the next request's answer. */
    assert(exchange->stage > EXCHANGE_NONE && exchange->stage < EXCHANGE_DECIDED);
    exchange->stage = EXCHANGE_DECIDED;
    exchange->code = code;
    exchange->home->answer(exchange, &answer);
}

void exchange_park(struct exchange *exchange)
{
    assert(exchange->stage == EXCHANGE_HANDLED);
    exchange->stage = EXCHANGE_PARKED;
}
