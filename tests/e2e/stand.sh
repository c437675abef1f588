#!/usr/bin/env bash
# The stand itself: two side by side, accounts that outlive it, and nothing left behind, however it ends.
. "$(dirname "$0")/lib.sh"
stand_start one
first_pid=$STAND_PID
create alice
address=$ADDRESS
stand_start two
[ "$(grep -c . "$WORK/one.ready")" -ge 5 ] || fail "the first stand's ready file is gone"
api GET /v1/accounts/alice
expect 404
create alice
[ "$ADDRESS" != "$address" ] || fail "two stands made the same key"
step "two stands side by side"

step "a third in the first one's folder is refused"
if "$(program dev enw-stand)" --state "$WORK/one" >"$WORK/third" 2>&1; then fail "it ran"; fi
grep -q 'another stand uses this folder' "$WORK/third" || fail "$(cat "$WORK/third")"

pids=()
for name in enw-stand-kms enw-stand-imds enw-proxy enw-enclave-dev enw-parent; do pids+=("$(child "$name")"); done
step "what dies is started again"
kill -KILL "$(child enw-proxy)" "$(child enw-stand-kms)"
signs() { create "again-$RANDOM"; }
is_back() { api GET /readyz && [ "$CODE" = 200 ]; }
wait_for 10 is_back || fail "not ready again"
again() { api POST /v1/accounts "{\"name\":\"again-$RANDOM$RANDOM\"}" && [ "$CODE" = 201 ]; }
wait_for 10 again || fail "no account can be made: $BODY"
grep -q 'enw-proxy was ended by signal 9' "$WORK/stand-two.log" || fail "it is not said"
grep -q 'enw-proxy is started again' "$WORK/stand-two.log" || fail "it is not said"

step "the second is killed: its programs end with it"
pids=()
for name in enw-stand-kms enw-stand-imds enw-proxy enw-enclave-dev enw-parent; do pids+=("$(child "$name")"); done
kill -KILL "$STAND_PID"
for pid in "${pids[@]}"; do wait_for 10 is_gone "$pid" || fail "process $pid is left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"; done

step "the first is stopped: its programs end in order, and it starts again with its accounts"
stand_use one
STAND_PID=$first_pid
pids=()
for name in enw-stand-kms enw-stand-imds enw-proxy enw-enclave-dev enw-parent; do pids+=("$(child "$name")"); done
kill -INT "$first_pid"
wait_for 20 is_gone "$first_pid" || fail "Ctrl-C does not stop it"
for pid in "${pids[@]}"; do is_gone "$pid" || fail "process $pid is left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"; done
rm "$WORK/one.ready"
stand_start one
api GET /v1/accounts/alice
expect_json .address "$address"
sign alice 'after a restart of everything'
expect 200
client verify_ethers message "$address" 'after a restart of everything' <<<"$BODY" || fail "another key signs"
