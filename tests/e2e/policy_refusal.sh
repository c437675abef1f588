#!/usr/bin/env bash
# The key policy admits one measurement. An enclave of another is refused by KMS, and the answer says
# which register and that the image is not allowed; so is a debug enclave, whose PCR0 is zero.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice

try_image() { # try_image CASE PCR0
    local case=$1
    jq --arg listen "unix:$WORK/$case.enclave" '.listen = $listen' "$STATE/enclave.json" >"$WORK/$case.json"
    start "enclave-$case" "$(program dev enw-enclave-dev)" --config "$WORK/$case.json" --identity "$STATE/identity" --pcr "0=$2"
    wait_for 20 test -S "$WORK/$case.enclave" || fail "no enclave for $case: $(cat "$WORK/enclave-$case.log")"
    ANSWER=$(client create_frame "$WORK/$case.enclave" "$case" 2>&1) || fail "$case: $ANSWER"
    step "$case: $ANSWER"
}
try_image other "$(printf 'ab%.0s' $(seq 48))"
[[ $ANSWER == 2:* ]] || fail "wanted a denial"
[[ $ANSWER == *"does not allow this enclave image"*"PCR0 is abab"* ]] || fail "the answer names neither the register nor the reason"
try_image debug "$(printf '00%.0s' $(seq 48))"
[[ $ANSWER == 2:* ]] || fail "wanted a denial"
try_image same "$ENW_PCR0"
[[ $ANSWER == 0x* ]] || fail "the admitted measurement is refused"

step "through the API, once the policy no longer admits the running enclave"
client put_policy "$ENW_KMS_KEY_ARN" "$(printf 'cd%.0s' $(seq 48))"
api POST /v1/accounts '{"name":"late"}'
expect 403 denied
expect_text "does not allow this enclave image"
expect_text "PCR0 is $ENW_PCR0"
api GET /v1/accounts/late
expect 404
