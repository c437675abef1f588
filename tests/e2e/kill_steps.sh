#!/usr/bin/env bash
# kill -9 between one step of CREATE and the next, each held until the kill: what the store has then is
# known exactly, an address that was told is there, and the name can be created afterwards if it is free.
. "$(dirname "$0")/lib.sh"
start dynamodb node "$CLIENTS/dynamodb_server.mjs" "$WORK/dynamodb.port"
wait_for 15 test -s "$WORK/dynamodb.port" || fail "no DynamoDB: $(cat "$WORK/dynamodb.log")"
read -r port control_port <"$WORK/dynamodb.port"
knob() { curl -sS --fail --max-time 5 "http://127.0.0.1:$control_port/$1"; }
stand_start s --store "dynamodb:accounts" --parent-flag "--dynamodb-endpoint=http://127.0.0.1:$port"

is_held() { [ "$(knob held)" = yes ]; }
kms_is_asked() { [ "$(kms_count GenerateDataKey)" -gt "$asked" ]; }
is_up() { [ "$(child "$victim")" != "$killed" ] && api GET /readyz && [ "$CODE" = 200 ]; }
makes_again() { api POST /v1/accounts "{\"name\":\"$name\"}" && [ "$CODE" != 503 ]; }

# VICTIM STEP KNOB HTTP-CODE-OF-THE-NAME-AFTERWARDS; without a knob KMS is what keeps the call.
while read -r victim step_name hold kept; do
    name=${victim#enw-}-$step_name
    asked=$(kms_count GenerateDataKey)
    if [ "$hold" = kms ]; then
        fault kms '{"operation":"GenerateDataKey","kind":"delay","value":3000}'
    else
        knob "hold?operation=$hold" >/dev/null
    fi
    curl -sS --max-time 30 -H "Authorization: Bearer $TOKEN" -d "{\"name\":\"$name\"}" "$ENW_URL/v1/accounts" \
        >"$WORK/reply" 2>"$WORK/curl" &
    call=$!
    if [ "$hold" = kms ]; then
        wait_for 10 kms_is_asked || fail "$name: KMS is not asked"
    else
        wait_for 10 is_held || fail "$name: the step is not reached: $(cat "$WORK/reply" "$WORK/curl")"
    fi
    killed=$(child "$victim")
    kill -KILL "$killed"
    wait_for 10 is_gone "$killed" || fail "$victim lives on"
    knob release >/dev/null
    fault kms
    wait $call || true
    wait_for 15 is_up || fail "not ready again after $name: $BODY"
    told=$(jq -r '.address // empty' "$WORK/reply" 2>/dev/null || true)
    api GET "/v1/accounts/$name"
    expect "$kept"
    found=$([ "$kept" = 404 ] || field .address)
    [ -z "$told" ] || [ "$told" = "$found" ] || fail "$name was told as $told, and is ${found:-missing}"
    wait_for 15 makes_again || fail "$name: $CODE $BODY"
    if [ "$kept" = 404 ]; then expect 201; else expect 409 account_exists; fi
    api GET "/v1/accounts/$name"
    expect 200
    address=$(field .address)
    [ -z "$found" ] || [ "$found" = "$address" ] || fail "$name: the key was replaced"
    signs() { sign "$name" "as $name" && [ "$CODE" = 200 ]; }
    wait_for 15 signs || fail "$name does not sign: $BODY"
    client verify_ethers message "$address" "as $name" <<<"$BODY" >/dev/null || fail "$name signs with another key"
    step "$victim killed at $step_name: $([ "$kept" = 200 ] && echo kept || echo free)${told:+, told}"
done <<'STEPS'
enw-parent looked-up GetItem 404
enw-parent waiting-for-kms kms 404
enw-parent before-the-write PutItem 404
enw-parent written-not-heard PutItem&after 200
enw-parent before-reading-back GetItem&skip=1 200
enw-parent read-back-not-heard GetItem&skip=1&after 200
enw-enclave-dev looked-up GetItem 200
enw-enclave-dev waiting-for-kms kms 404
enw-enclave-dev before-the-write PutItem 200
STEPS
