/*
 * report: the STATUS document, one JSON object that tells who the enclave is and how it does.
 *
 *   {"version":"0.1.0","mode":"production","region":"eu-west-1","environment":"prod","epoch":7,
 *    "verification":"twice","boot_id":"<32 hex>","boot_ms":N,"uptime_ms":N,
 *    "config_hash":"<64 hex>","pcr0":"<96 hex>","kms_key_arns":["arn:…"],
 *    "cache":{"entries":N,"entries_max":N,"hits":N,"misses":N},
 *    "requests":{"create":{"ok":N,"bad_input":N,…},"sign_tx":{…},"sign_message":{…},
 *                "attest":{…},"status":{…},"other":{…}},
 *    "kms":{"generate_data_key":{"ok":N,"denied":N,…},"decrypt":{…}},
 *    "queue":{"waiting":N,"waiting_max":256},"connections":{"open":N,"open_max":64}}
 *
 * Counters are those of enclave/statistics.h. Nothing in it is secret.
 */
#ifndef ENCLAVE_REPORT_H
#define ENCLAVE_REPORT_H

#include "base/builder.h"
#include "enclave/service.h"

/* Appends the document, at most MESSAGE_STATUS_SIZE_MAX bytes. */
void report_put(struct service *service, struct builder *json);

#endif
