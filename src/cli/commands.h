/*
 * commands: what `enw` can do, one function a command.
 *
 * Each reads its flags and operands from the session, which were checked against the command's table
 * (cli/program.h), calls the service, and writes its result. A failure has been told to nobody yet.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/status.h"
#include "cli/session.h"

/* account create NAME; account list [--limit N] [--cursor TEXT]; account show NAME-or-address */
MUST_CHECK status commands_account_create(struct session *session);
MUST_CHECK status commands_account_list(struct session *session);
MUST_CHECK status commands_account_show(struct session *session);
/* account verify ID|FILE [--root FILE] [--pcr N=HEX]... */
MUST_CHECK status commands_account_verify(struct session *session);

/* sign tx ID --file FILE, or the transaction's fields as flags */
MUST_CHECK status commands_sign_tx(struct session *session);
/* sign message ID TEXT, or --text, --hex or --file */
MUST_CHECK status commands_sign_message(struct session *session);

/* attest [--nonce HEX] [--root FILE] [--pcr N=HEX]... */
MUST_CHECK status commands_attest(struct session *session);
/* attest verify FILE|URL [--nonce HEX] [--root FILE] [--pcr N=HEX]... [--max-age S] [--at WHEN] */
MUST_CHECK status commands_attest_verify(struct session *session);

/* image build …; image describe FILE; image measure FILE; image verify FILE [--pcr N=HEX]... */
MUST_CHECK status commands_image_build(struct session *session);
MUST_CHECK status commands_image_describe(struct session *session);
MUST_CHECK status commands_image_measure(struct session *session);
MUST_CHECK status commands_image_verify(struct session *session);

/* health */
MUST_CHECK status commands_health(struct session *session);

#endif
