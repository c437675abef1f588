#!/usr/bin/env bash
# A parent that floods, drips and lies cannot stop the image from serving, nor make it fall over.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/lib.sh"
services_start
image_build wallet
node "$QEMU_TESTS/kms_key.mjs" admit "$ENW_KMS_KEY_ARN" "$PCR0" "$PCR1" "$PCR2"
heartbeat_start wallet
proxy_start wallet
machine_start wallet "$IMAGE"
parent_start wallet
wait_for 60 is_ready || fail "not ready: $(tail -n 20 "$CONSOLE")"
create alice

step "lying frames"
node "$QEMU_TESTS/hostile.mjs" "$VSOCK" 7878 lies || fail "a lie was not answered by an error"
sign alice one
expect 200

step "a byte a second"
node "$QEMU_TESTS/hostile.mjs" "$VSOCK" 7878 drip 15 || fail "a dripping connection is kept"
sign alice two
expect 200

step "3,000 half-open connections; then the parent goes and comes back"
node "$QEMU_TESTS/hostile.mjs" "$VSOCK" 7878 flood 3000 || fail "the flood failed"
kill -KILL "$PARENT_PID"
wait_for 10 is_gone "$PARENT_PID"
parent_start wallet
wait_for 30 is_ready || fail "not ready after the parent's return"
sign alice four
expect 200
client verify_ethers message "$ADDRESS" four <<<"$BODY" || fail "ethers refuses $BODY"

step "10,000 half-open connections"
node "$QEMU_TESTS/hostile.mjs" "$VSOCK" 7878 flood 10000 &
flood=$!
for i in 1 2 3 4 5; do
    sign alice "meanwhile $i"
    expect 200
    sleep 0.3
done
wait $flood || fail "the flood failed"
sign alice three
expect 200

step "too little memory: the kernel says so and the machine ends, nothing half alive remains"
kill -KILL "$MACHINE_PID"
MEMORY_MIB=24
heartbeat_start small
machine_start small "$IMAGE"
wait_for 60 is_gone "$MACHINE_PID" || fail "the machine goes on: $(tail -n 5 "$CONSOLE")"
[ ! -s "$WORK/small.beats" ] || fail "it said that it had booted"
