#!/usr/bin/env bash
# SIGTERM to the parent: what is under way is finished and told, what comes then is refused, and the
# process ends with 0. The account told last is in the store.
. "$(dirname "$0")/lib.sh"
stand_start s
client credentials >"$WORK/credentials.json"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
AWS_ACCESS_KEY_ID=$(jq -r .accessKeyId "$WORK/credentials.json")
AWS_SECRET_ACCESS_KEY=$(jq -r .secretAccessKey "$WORK/credentials.json")
AWS_SESSION_TOKEN=$(jq -r .sessionToken "$WORK/credentials.json")
rm "$WORK/credentials.json"
is_ready() { api GET /readyz '' --unix-socket "$WORK/parent.sock" && [ "$CODE" = 200 ]; }
# start_parent: one of our own, with a store of its own, as only one may serve from a file.
start_parent() {
    start parent "$(program parent enw-parent)" --listen "unix:$WORK/parent.sock" --token-file "$STATE/token" \
        --enclave "unix:$STATE/enclave.sock" --store "sqlite:$WORK/own.sqlite" --region "$ENW_REGION"
    parent=$LAST_PID
    wait_for 15 is_ready || fail "$(cat "$WORK/parent.log")"
}
start_parent

asked=$(kms_count GenerateDataKey)
fault kms '{"operation":"GenerateDataKey","kind":"delay","value":2000}'
curl -sS --max-time 30 --unix-socket "$WORK/parent.sock" -H "Authorization: Bearer $TOKEN" -d '{"name":"last"}' \
    -o "$WORK/last" -w '%{http_code}' "$ENW_URL/v1/accounts" >"$WORK/last.code" &
call=$!
kms_is_asked() { [ "$(kms_count GenerateDataKey)" -gt "$asked" ]; }
wait_for 10 kms_is_asked || fail "KMS is not asked"
kill -TERM "$parent"

step "what comes then is refused"
is_refused() {
    api GET /v1/accounts '' --unix-socket "$WORK/parent.sock"
    [ "$CODE" = 000 ] || [ "$CODE" = 503 ]
}
wait_for 2 is_refused || fail "it is still served: $CODE $BODY"
if is_gone "$parent"; then fail "it did not wait for what was under way"; fi

step "what was under way is finished"
wait "$call" || true
[ "$(cat "$WORK/last.code")" = 201 ] || fail "$(cat "$WORK/last.code" "$WORK/last")"
code=0
wait "$parent" || code=$?
[ $code = 0 ] || fail "the parent ended with $code: $(tail -n 3 "$WORK/parent.log")"
fault kms

step "and kept"
start_parent
api GET /v1/accounts/last '' --unix-socket "$WORK/parent.sock"
expect_json .address "$(jq -r .address "$WORK/last")"
api POST /v1/accounts/last/sign-message '{"message":"kept"}' --unix-socket "$WORK/parent.sock"
expect 200
kill -TERM "$parent"
wait "$parent" || fail "it did not end well: $(tail -n 3 "$WORK/parent.log")"
