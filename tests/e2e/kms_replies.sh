#!/usr/bin/env bash
# KMS answering wrongly: another key's id, an envelope for another enclave, garbage, errors, silence.
# No account is told, each refusal says what happened, and the next call succeeds.
. "$(dirname "$0")/lib.sh"
stand_start s
create before
known=$ADDRESS

# try NAME FAULT CODES...: CREATE under the fault must be answered by one of the codes.
try() {
    local name=$1 json=$2
    shift 2
    fault kms "$json"
    local began=$SECONDS
    api POST /v1/accounts "{\"name\":\"$name\"}"
    [[ " $* " == *" $CODE "* ]] || fail "$name: wanted HTTP $*, got $CODE: $BODY"
    step "$name: $CODE $(field .error.message) ($((SECONDS - began)) s)"
    fault kms
    api GET "/v1/accounts/$name"
    expect 404
    create "$name"
}
fault_of() { printf '{"operation":"GenerateDataKey","kind":"%s","value":%s}' "$1" "${2:-0}"; }

try another-key "$(fault_of wrong_key)" 500
try another-envelope "$(fault_of wrong_recipient)" 500
try garbage "$(fault_of garbage)" 500
try cut "$(fault_of cut 40)" 503
try bad-request "$(fault_of status 400)" 400 403 500 503
try refused '{"operation":"GenerateDataKey","kind":"error","name":"AccessDeniedException","value":400}' 403
try disabled '{"operation":"GenerateDataKey","kind":"error","name":"DisabledException","value":409}' 403 409 500 503
try broken "$(fault_of status 500)" 503
try throttled "$(fault_of throttle)" 429 503
try silent "$(fault_of silence)" 503

step "while KMS is silent, many new accounts wait for it, and warm signatures do not"
sign before
expect 200
fault kms '{"operation":"*","kind":"silence"}'
waiting=()
for i in $(seq 40); do
    curl -sS --max-time 60 -H "Authorization: Bearer $TOKEN" -d "{\"name\":\"waits-$i\"}" -o "$WORK/waits-$i" -w '%{http_code}' \
        "$ENW_URL/v1/accounts" >"$WORK/waits-$i.code" &
    waiting+=($!)
done
enclave_waits() { [ "$(client status "$STATE/enclave.sock" | jq .queue.waiting)" -gt 0 ]; }
wait_for 10 enclave_waits || fail "nothing waits for KMS"
for i in $(seq 20); do
    sign before "meanwhile $i"
    expect 200
done
for i in $(seq 40); do [ ! -s "$WORK/waits-$i.code" ] || fail "waits-$i did not wait: $(cat "$WORK/waits-$i.code")"; done
fault kms
wait "${waiting[@]}"
for i in $(seq 40); do
    case $(cat "$WORK/waits-$i.code") in 201 | 503) ;; *) fail "waits-$i: $(cat "$WORK/waits-$i.code") $(cat "$WORK/waits-$i")" ;; esac
done
sign before
expect 200

step "a hiccup is not noticed"
for json in '{"operation":"GenerateDataKey","kind":"status","value":500,"count":1}' '{"operation":"GenerateDataKey","kind":"throttle","count":1}'; do
    fault kms "$json"
    api POST /v1/accounts "{\"name\":\"hiccup-$RANDOM$RANDOM\"}"
    expect 201
done
fault kms
sign before
expect 200
client verify_ethers message "$known" hello <<<"$BODY" || fail "another key signs"
