#!/usr/bin/env bash
# What a booted image does when something is wrong: one coded line on the console and the end, or a refusal
# with a reason.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/lib.sh"
services_start

step "another image: KMS refuses it, and the error says which"
image_build other '.environment = "another"'
other=$IMAGE other_pcr0=$PCR0
image_build wallet
node "$QEMU_TESTS/kms_key.mjs" admit "$ENW_KMS_KEY_ARN" "$PCR0" "$PCR1" "$PCR2"
heartbeat_start other
proxy_start other
machine_start other "$other"
parent_start other
wait_for 60 is_ready || fail "not ready: $(tail -n 20 "$CONSOLE")"
api POST /v1/accounts '{"name":"bob"}'
expect 403
expect_text "$other_pcr0"
expect_text "does not allow this enclave image"
api GET /v1/accounts/bob
expect 404
kill -KILL "$MACHINE_PID"

step "a heartbeat that is answered wrongly ends the boot"
heartbeat_start wrong wrong
machine_start wrong "$IMAGE"
wait_for 60 console_has 'enw-enclave: fatal 5: boot: the parent answered the heartbeat wrongly' ||
    fail "the console says: $(tail -n 5 "$CONSOLE")"
wait_for 10 is_gone "$MACHINE_PID" || fail "the machine goes on"

step "nobody waits for the heartbeat"
machine_start alone "$IMAGE"
wait_for 60 console_has 'enw-enclave: fatal 5: ' || fail "the console says: $(tail -n 5 "$CONSOLE")"
wait_for 10 is_gone "$MACHINE_PID" || fail "the machine goes on"

step "a configuration with an error"
image_build broken '.workers = 0'
machine_start broken "$IMAGE"
wait_for 60 console_has 'enw-enclave: fatal 4: config: number is below its minimum' ||
    fail "the console says: $(tail -n 5 "$CONSOLE")"
wait_for 10 is_gone "$MACHINE_PID" || fail "the machine goes on"
