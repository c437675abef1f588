#!/usr/bin/env bash
# Both workflows against a booted image: real /dev/nsm, real AF_VSOCK, TLS from inside to KMS.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/lib.sh"
services_start

step "an image, measured offline"
image_build wallet
step "PCR0 $PCR0"
size=$(stat -c %s "$IMAGE")
[ "$size" -le $((8 << 20)) ] || fail "the image has $size bytes, more than 8 MiB"
node "$QEMU_TESTS/kms_key.mjs" admit "$ENW_KMS_KEY_ARN" "$PCR0" "$PCR1" "$PCR2"

step "boot in $MEMORY_MIB MiB"
heartbeat_start wallet
proxy_start wallet
machine_start wallet "$IMAGE"
parent_start wallet
wait_for 60 is_ready || fail "not ready: $(tail -n 20 "$CONSOLE")"
step "ready $(($(date +%s%3N) - MACHINE_START_MS)) ms after the machine was started; image of $size bytes"
grep -q ' b7$' "$WORK/wallet.beats" || fail "no heartbeat came"
console_has '"event":"started"' || fail "the console does not say that the service has started"

step "the security module's registers are the ones computed offline"
api GET "/v1/attestation?nonce=$(printf '07%.0s' {1..32})"
expect 200
for register in 0 1 2; do
    name=PCR$register
    [ "$(field ".unverified.pcrs[\"$register\"]")" = "${!name}" ] || fail "PCR$register is $(field ".unverified.pcrs[\"$register\"]"), not ${!name}"
done
hash=$(sha256sum <"$WORK/wallet.json" | cut -d ' ' -f 1)
wanted=$(printf "%096d%s" 0 "$hash" | xxd -r -p | sha384sum | cut -d ' ' -f 1)
[ "$(field '.unverified.pcrs["16"]')" = "$wanted" ] || fail "PCR16 is not the configuration's hash: $(field .unverified.pcrs)"

step "generateAccount, sign"
create alice
before=$(kms_count Decrypt)
api POST /v1/accounts/alice/sign-transaction "$TRANSACTION"
expect 200
client verify_ethers transaction "$ADDRESS" <<<"$BODY" || fail "ethers refuses $BODY"
sign alice 'hello from an enclave'
expect 200
client verify_ethers message "$ADDRESS" 'hello from an enclave' <<<"$BODY" || fail "ethers refuses $BODY"

step "the image boots again and opens what it sealed"
kill -KILL "$MACHINE_PID"
wait_for 10 is_gone "$MACHINE_PID"
sleep 0.5
machine_start wallet "$IMAGE"
wait_for 60 is_ready || fail "not ready again: $(tail -n 20 "$CONSOLE")"
before=$(kms_count Decrypt)
sign alice 'hello again'
expect 200
client verify_ethers message "$ADDRESS" 'hello again' <<<"$BODY" || fail "ethers refuses $BODY"
[ "$(kms_count Decrypt)" = $((before + 1)) ] || fail "KMS saw $(kms_count Decrypt) calls of Decrypt, not $((before + 1))"
