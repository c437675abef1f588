#!/usr/bin/env bash
# The demonstration: both workflows, each step named, with what can be seen of it from outside.
#   tests/e2e/demo.sh BUILD       for people (`make demo`); run.sh runs it as a test as well
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${WORK:-}" ]; then exec "$here/run.sh" "${1:-build}" "$here/demo.sh" --show; fi
. "$here/lib.sh"

if [ -n "${ENW_DEMO_TTY:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' dim='' plain=''
fi
title() { printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"; }
# row NUMBER WHO WHAT [EVIDENCE...]: one step, and what was seen of it.
row() {
    printf '  %1s  %-16s %s\n' "$1" "$2" "$3"
    shift 3
    for evidence in "$@"; do printf '%s%22s%s%s\n' "$dim" '' "$evidence" "$plain"; done
}
short() { printf '%s…%s' "${1:0:10}" "${1: -6}"; }
enclave_status() { client status "$STATE/enclave.sock"; }
# counted FILTER BEFORE: how a counter of the enclave's STATUS changed.
counted() { printf '%s -> %s' "$(jq -r "$1 // 0" <<<"$2")" "$(enclave_status | jq -r "$1 // 0")"; }

printf '%senclave-wallet%s: Ethereum accounts whose private keys exist only inside an enclave.\n' "$bold" "$plain"
printf 'Real programs, sockets, TLS, attestation documents and KMS envelopes; AWS itself is stood in for.\n'

stand_start demo
booted=$(enclave_status)

title "The system"
row "" "enw-parent" "HTTP at $ENW_URL; sees sealed records only" "guarded by a token of 32 random bytes"
row "" "enw-enclave" "the only place where keys exist, one Unix socket instead of vsock" \
    "measured as PCR0 $(short "$ENW_PCR0"): its program and its configuration"
row "" "enw-proxy" "the enclave's only way out: to KMS, and nowhere else"
row "" "AWS KMS" "$ENW_KMS_KEY_ARN" "its policy admits an enclave with this PCR0, and nothing else"
row "" "store" "SQLite here, DynamoDB in production: ciphertext and addresses"

title "generateAccount: POST /v1/accounts {\"name\":\"alice\"}"
create alice
row 1 "parent" "token right, name well formed, no such account yet"
row 2 "parent" "has AWS credentials of its role" "from instance metadata, renewed ahead of their end"
row 3 "parent > enclave" "CREATE with the credentials" "CREATE served by the enclave: $(counted '.requests.create.ok' "$booted")"
row 4 "enclave" "makes a private key" "address $ADDRESS"
row 5 "enclave > KMS" "GenerateDataKey with a fresh attestation document, TLS to the enclave's end" \
    "calls seen by KMS: $(kms_count GenerateDataKey)" \
    "KMS checks the document's signature, age and PCR0, and answers with a data key" \
    "encrypted to the RSA key in the document: only this enclave can read it"
row 6 "enclave" "seals the private key under the data key, opens its own record as a check, wipes"
row 7 "enclave > parent" "record and address"
row 8 "parent" "writes if absent, reads back, compares; only then answers 201"
api GET '/v1/accounts/alice?sealed=1'
expect 200
printf '\n     What the store holds, %s bytes:\n\n' "$(field .sealed | base64 -d | wc -c)"
client annotate_record <<<"$(field .sealed)"

title "sign a transaction: POST /v1/accounts/alice/sign-transaction"
before=$(enclave_status)
api POST /v1/accounts/alice/sign-transaction "$TRANSACTION"
expect 200
transaction=$BODY
row 1 "parent" "loads the sealed record; turns JSON into the unsigned transaction's bytes"
row 2 "parent" "has AWS credentials, as above"
row 3 "parent > enclave" "SIGN_TX: record, credentials, transaction" "SIGN_TX served: $(counted '.requests.sign_tx.ok' "$before")"
row 4 "enclave > KMS" "Decrypt, attested as above: the first use of a record needs its data key" "calls seen by KMS: $(kms_count Decrypt)"
row 5 "enclave" "opens the record: commitment, encryption, account, key, epoch must all be right"
row 6 "enclave" "decodes the transaction, hashes it itself, signs (RFC 6979), wipes," "then recovers the signer from the signature: it must be the account's address"
row 7 "parent" "answers" "hash $(field .hash)" "raw  $(short "$(field .raw)") ($((($(field .raw | wc -c) - 3) / 2)) bytes)"

title "sign a message: POST /v1/accounts/alice/sign-message"
before=$(enclave_status)
sign alice 'hello from the enclave'
expect 200
message=$BODY
row 4 "enclave" "takes the data key from its cache this time" \
    "cache hits: $(counted '.cache.hits' "$before"); calls of Decrypt seen by KMS: still $(kms_count Decrypt)"
row 6 "enclave" "prefixes and hashes the text itself (EIP-191), signs, recovers, wipes"
row 7 "parent" "answers" "signature $(short "$(field .signature)")"

title "The enclave is killed, and starts again with nothing but its image"
first=$(jq -r .boot_id <<<"$(enclave_status)")
kill -KILL "$(child enw-enclave-dev)"
signs_again() { sign alice 'hello from the enclave' && [ "$CODE" = 200 ]; }
wait_for 10 signs_again || fail "alice does not sign again: $BODY"
[ "$(jq -r .boot_id <<<"$(enclave_status)")" != "$first" ] || fail "the enclave was not restarted"
row 4 "enclave > KMS" "the data key is gone: KMS Decrypt, with a new attestation document" "calls seen by KMS: $(kms_count Decrypt)"
expect_json .signature "$(jq -r .signature <<<"$message")"
row 7 "parent" "the same signature as before"

title "Another image asks for the same keys"
jq --arg listen "unix:$WORK/other.sock" '.listen = $listen' "$STATE/enclave.json" >"$WORK/other.json"
other=$(printf 'ab%.0s' $(seq 48))
start other "$(program dev enw-enclave-dev)" --config "$WORK/other.json" --identity "$STATE/identity" --pcr "0=$other"
wait_for 20 test -S "$WORK/other.sock" || fail "the other enclave does not start: $(cat "$WORK/other.log")"
answer=$(client create_frame "$WORK/other.sock" mallory)
row 5 "other > KMS" "GenerateDataKey, attested by a genuine module as PCR0 $(short "$other")"
answer=${answer//$other/$(short "$other")}
row "" "other enclave" "says: ${answer#*: }"
[[ $answer == 2:* ]] || fail "it was not refused: $answer"

title "Checked by code that is not ours (ethers)"
client verify_ethers transaction "$ADDRESS" <<<"$transaction" | sed 's/^/     /'
client verify_ethers message "$ADDRESS" 'hello from the enclave' <<<"$message" | sed 's/^/     /'
printf '\n%sDone.%s "make stand" keeps all this running, for use with curl, ethers and the rest.\n' "$bold" "$plain"
