/*
 * describe: what is about to be signed, in words for a person.
 *
 * Numbers are shown as people read them and exactly; nothing is left out that decides what a
 * signature allows. Text from elsewhere is escaped (cli/escape.h).
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "base/builder.h"
#include "base/slice.h"
#include "eth/tx.h"

enum {
    DESCRIBE_TX_SIZE_MAX = 512 * 1024, /* bytes that describe_tx appends at most: a line a call */
    DESCRIBE_SHOWN_SIZE_MAX = 4096,    /* bytes of a message that are shown */
    DESCRIBE_MESSAGE_SIZE_MAX = 64 * 1024, /* bytes that describe_message appends at most */
};

/* Appends lines about a transaction that tx_check accepts. */
void describe_tx(struct builder *lines, const struct tx *tx);

/* Appends lines about a message of any bytes: as text if it is, as hex if it is not. */
void describe_message(struct builder *lines, slice message);

#endif
