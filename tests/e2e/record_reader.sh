#!/usr/bin/env bash
# A sealed record is opened by a small program in another language, from docs/PROTOCOL.md alone, once
# the key policy lets it; before that, KMS refuses it.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
api GET '/v1/accounts/alice?sealed=1'
expect 200
record=$(field .sealed)

step "the stand's policy gives the data key to no one but the enclave"
if client record_reader "$ENW_KMS_KEY_ARN" stand alice <<<"$record" >"$WORK/refused" 2>&1; then fail "KMS gave the data key away"; fi
grep -q AccessDenied "$WORK/refused" || fail "refused for another reason: $(cat "$WORK/refused")"

step "under another policy the record opens"
client put_policy "$ENW_KMS_KEY_ARN" open
opened=$(client record_reader "$ENW_KMS_KEY_ARN" stand alice <<<"$record") || fail "the record does not open: $opened"
[ "$(jq -r .address <<<"$opened")" = "$ADDRESS" ] || fail "another address: $opened"

step "the key in it signs what the enclave signs"
sign alice 'same key'
expect 200
[ "$(client sign_message "$(jq -r .privateKey <<<"$opened")" 'same key')" = "$(field .signature)" ] || fail "another signature"

step "for another name it does not open"
if client record_reader "$ENW_KMS_KEY_ARN" stand bob <<<"$record" >/dev/null 2>&1; then fail "it opened as bob's"; fi
