#!/usr/bin/env bash
# DynamoDB as the store, in front of a server that nobody here wrote (dynalite): both workflows, the
# layout of the items as AWS's own SDK sees it, and what happens when the store is down, slow, or
# takes a write and loses the answer.
. "$(dirname "$0")/lib.sh"
start dynamodb node "$CLIENTS/dynamodb_server.mjs" "$WORK/dynamodb.port"
wait_for 15 test -s "$WORK/dynamodb.port" || fail "no DynamoDB: $(cat "$WORK/dynamodb.log")"
read -r port control <"$WORK/dynamodb.port"
knob() { curl -sS --fail --max-time 5 "http://127.0.0.1:$control/$1" >/dev/null; }
stand_start s --store "dynamodb:accounts" --parent-flag "--dynamodb-endpoint=http://127.0.0.1:$port"

step "both workflows"
create alice
api POST /v1/accounts '{"name":"alice"}'
expect 409 account_exists
sign alice 'in DynamoDB'
expect 200
client verify_ethers message "$ADDRESS" 'in DynamoDB' <<<"$BODY" || fail "ethers refuses $BODY"
api GET "/v1/accounts/$ADDRESS"
expect_json .name alice
client dynamodb_item "$port" alice "$ADDRESS" "$ENW_KMS_KEY_ARN"

step "the store is slow: calls wait, and finish"
knob 'delay?ms=700'
create slow
knob 'delay?ms=0'

step "the store is down: nothing is told, nothing is lost"
knob down
api POST /v1/accounts '{"name":"down"}'
expect 503 unavailable
knob up
api GET /v1/accounts/down
expect 404
create down
sign alice 'after'
expect 200

step "the store takes the write and the answer is lost: it is settled by reading back"
knob 'lose?operation=PutItem&count=1'
api POST /v1/accounts '{"name":"ambiguous"}'
case $CODE in
201) address=$(field .address) ;;
503) address= ;;
*) fail "$CODE $BODY" ;;
esac
api GET /v1/accounts/ambiguous
expect 200
[ -z "$address" ] || expect_json .address "$address"
address=$(field .address)
sign ambiguous settled
expect 200
client verify_ethers message "$address" settled <<<"$BODY" || fail "another key signs"

step "the write is lost before it arrives: the name stays free"
knob 'drop?operation=PutItem&count=4'
api POST /v1/accounts '{"name":"dropped"}'
case $CODE in 201 | 503) ;; *) fail "$CODE $BODY" ;; esac
dropped=$CODE
knob 'drop?operation=PutItem&count=0'
api GET /v1/accounts/dropped
if [ "$dropped" = 201 ]; then expect 200; else expect 404; fi

step "throttling is waited for"
knob 'throttle?count=2'
create throttled
