/*
 * dynamodb: the calls that keep sealed accounts in a DynamoDB table, as values.
 *
 * Requests are built and replies read here; the caller signs (sigv4) and moves the bytes. A reader
 * takes the body of a 200 reply only; any other reply is aws/error's. Readers copy what they deliver
 * into `memory`, so it outlives the reply.
 *
 * An item is one account:
 *
 *   name        S   partition key
 *   record      B   sealed bytes
 *   address     S   "0x" and lower-case digits; partition key of the index "address-index"
 *   key_id      S   full ARN of the KMS key
 *   version     N   1, and one more with each replacement
 *   created_at  S   RFC 3339
 *   proof       B   optional
 *
 * Attributes beyond these are ignored. An item with `encryptedPrivateKey` and no `record` has the
 * older layout {name, key_id, encryptedPrivateKey, address, encryptedDataKey}: it is recognised and
 * refused as such. Any other item that lacks a part is CORRUPT.
 *
 * Specification: Amazon DynamoDB API reference, version 2012-08-10.
 */
#ifndef AWS_DYNAMODB_H
#define AWS_DYNAMODB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/message.h"

enum {
    DYNAMODB_NAME_SIZE_MAX = 2048,            /* bytes of a partition key, by the service */
    DYNAMODB_TEXT_SIZE_MAX = 2048,            /* bytes of another text attribute that is read */
    DYNAMODB_BLOB_SIZE_MAX = 64 * 1024,       /* bytes of record or proof; an item has 400 KB */
    DYNAMODB_SCAN_COUNT_MAX = 1000,           /* items a page; as JSON below 1 MiB */
    DYNAMODB_QUERY_COUNT_MAX = 2,             /* names of one address; two are one too many */
    DYNAMODB_RESPONSE_SIZE_MAX = 1024 * 1024, /* of a reply's body, JSON's own limit */
};

/* Where a call goes. The slices must outlive the request. */
struct dynamodb_target {
    slice host; /* the Host header: dynamodb.REGION.amazonaws.com */
    slice table;
};

/* One account, as views. */
struct dynamodb_item {
    slice name;
    slice record;
    slice address;
    slice key_id;
    uint64_t version; /* 1 to 2^63 - 1 */
    slice created_at;
    slice proof; /* may be empty: then the item has no such attribute */
};

/* An item as a scan shows it. One of the older layout has version 0 and no `created_at`. */
struct dynamodb_entry {
    slice name;
    slice address;
    slice key_id;
    uint64_t version;
    slice created_at;
};

/* Names found through the index. */
struct dynamodb_names {
    slice list[DYNAMODB_QUERY_COUNT_MAX];
    size_t count;
};

/* A page of a scan: the caller's entries, and where the next one starts. */
struct dynamodb_page {
    struct dynamodb_entry *entries;
    size_t count_max; /* 1 to DYNAMODB_SCAN_COUNT_MAX */
    size_t count;
    slice last_name; /* empty when nothing follows */
};

/* What DescribeTable says about a table. */
struct dynamodb_table {
    bool is_active; /* the table and its index can be used */
    bool is_ours;   /* keyed by `name`, with address-index on `address` */
};

/*
 * Each builds a request whose body is appended to `memory`, which must outlive the request.
 * OVER_LIMIT when the memory is too small: a put takes 4/3 of its blobs and 2 KiB.
 */

/* GetItem, strongly consistent. */
MUST_CHECK status dynamodb_get_build(const struct dynamodb_target *target, slice name,
                                     struct builder *memory, struct http_request *request);

/* PutItem on the condition that the name is absent. */
MUST_CHECK status dynamodb_put_build(const struct dynamodb_target *target,
                                     const struct dynamodb_item *item, struct builder *memory,
                                     struct http_request *request);

/* PutItem on the condition that the stored version is `version` and the address is the item's. */
MUST_CHECK status dynamodb_replace_build(const struct dynamodb_target *target,
                                         const struct dynamodb_item *item, uint64_t version,
                                         struct builder *memory, struct http_request *request);

/* Query of address-index for names. */
MUST_CHECK status dynamodb_query_build(const struct dynamodb_target *target, slice address,
                                       struct builder *memory, struct http_request *request);

/* One page of a Scan, without blobs, of at most `count_max` after `last_name` (empty: the first). */
MUST_CHECK status dynamodb_scan_build(const struct dynamodb_target *target, size_t count_max,
                                      slice last_name, struct builder *memory,
                                      struct http_request *request);

/* CreateTable: on demand, with the index. */
MUST_CHECK status dynamodb_create_table_build(const struct dynamodb_target *target,
                                              struct builder *memory, struct http_request *request);

/* UpdateContinuousBackups: point-in-time recovery on. */
MUST_CHECK status dynamodb_recovery_build(const struct dynamodb_target *target,
                                          struct builder *memory, struct http_request *request);

MUST_CHECK status dynamodb_describe_table_build(const struct dynamodb_target *target,
                                                struct builder *memory,
                                                struct http_request *request);

/* UNAVAILABLE when the reply has a checksum header (x-amz-crc32) that is not its body's. */
MUST_CHECK status dynamodb_crc_check(const struct http_response *response);

/*
 * What is read views the body and the arena.
 *
 * GetItem's item. NOT_FOUND when there is none; CONFLICT for one of the older layout. */
MUST_CHECK status dynamodb_get_read(slice body, struct arena *arena, struct dynamodb_item *item);

/* Query's names: none, one, or DYNAMODB_QUERY_COUNT_MAX when there are more than one. */
MUST_CHECK status dynamodb_query_read(slice body, struct arena *arena,
                                      struct dynamodb_names *names);

/* Scan's entries. CORRUPT when there are more than were asked for. */
MUST_CHECK status dynamodb_scan_read(slice body, struct arena *arena, struct dynamodb_page *page);

MUST_CHECK status dynamodb_describe_table_read(slice body, struct arena *arena,
                                               struct dynamodb_table *table);

#endif
