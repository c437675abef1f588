/*
 * report: the STATUS document, one JSON object that tells who the enclave is and how it does.
 *
 *   {"version":"0.1.0","mode":"production","region":"eu-west-1","environment":"prod","epoch":7,
 *    "verification":"twice","boot_id":"<32 hex>","boot_ms":N,"uptime_ms":N,
 *    "config_hash":"<64 hex>","pcr0":"<96 hex>","kms_key_arns":["arn:…"],
 *    "cache":{"entries":N,"entries_max":N,"hits":N,"misses":N,"renewals":N,
 *             "fetch_failures":N,"memory":N},
 *    "requests":{"create":{"ok":N,"bad_input":N,…},"sign_tx":{…},"sign_message":{…},
 *                "attest":{…},"status":{…},"other":{…}},
 *    "kms":{"generate_data_key":{"ok":N,"denied":N,…},"decrypt":{…}},
 *    "queue":{"waiting":N,"waiting_max":2048},"waiters":{"waiting":N,"waiting_max":4096},
 *    "connections":{"open":N,"open_max":64}}
 *
 * Counters are those of enclave/statistics.h. Nothing in it is secret.
 */
#ifndef ENCLAVE_REPORT_H
#define ENCLAVE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "enclave/config.h"
#include "enclave/self.h"
#include "enclave/statistics.h"

/* What it tells. */
struct report {
    const struct config *config;
    const struct self *self;
    const struct statistics *statistics;
    int64_t now_ms; /* trusted wall time */
    size_t cache_count, cache_memory_size;
    size_t queue_count_max, waiter_count_max, connection_count_max;
};

/* Appends the document, at most MESSAGE_STATUS_SIZE_MAX bytes. */
void report_put(const struct report *report, struct builder *json);

#endif
