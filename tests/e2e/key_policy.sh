#!/usr/bin/env bash
# The key policy that is deployed (deploy/aws/key-policy.json), put into KMS as it stands but for
# measurement, environment and epoch: the measured enclave makes and opens keys, and nothing else does.
. "$(dirname "$0")/lib.sh"
stand_start s
other=$(printf 'ab%.0s' $(seq 48))
zero=$(printf '00%.0s' $(seq 48))

try_image() { # try_image CASE PCR0
    local case=$1
    jq --arg listen "unix:$WORK/$case.enclave" '.listen = $listen' "$STATE/enclave.json" >"$WORK/$case.json"
    start "enclave-$case" "$(program dev enw-enclave-dev)" --config "$WORK/$case.json" --identity "$STATE/identity" --pcr "0=$2"
    wait_for 20 test -S "$WORK/$case.enclave" || fail "no enclave for $case: $(cat "$WORK/enclave-$case.log")"
    ANSWER=$(client create_frame "$WORK/$case.enclave" "$case" 2>&1) || fail "$case: $ANSWER"
    step "$case: $ANSWER"
}

# The policy can be put once: afterwards our role may no longer change it. So it lists two images, as
# while upgrading, and a debug enclave's zeros, which a statement of its own refuses.
client key_policy "$ENW_KMS_KEY_ARN" put "$ENW_PCR0,$zero"

step "the measured enclave makes an account, and signs"
create alice
sign alice
expect 200
step "another enclave of the same measurement is told the data key of a record"
old=$(child enw-enclave-dev)
kill -KILL "$old"
is_restarted() { [ "$(child enw-enclave-dev)" != "$old" ] && sign alice && [ "$CODE" = 200 ]; }
before=$(kms_count Decrypt)
wait_for 20 is_restarted || fail "no signature after the restart: $CODE $BODY"
[ "$(kms_count Decrypt)" -gt "$before" ] || fail "the signature needed no Decrypt"

try_image other "$other"
[[ $ANSWER == 2:*"does not allow this enclave image"* ]] || fail "another measurement is not denied"
try_image debug "$zero"
[[ $ANSWER == 2:* ]] || fail "a debug enclave is not denied although the policy lists its PCR0"
try_image same "$ENW_PCR0"
[[ $ANSWER == 0x* ]] || fail "the listed measurement is denied"

step "the parent's role without an enclave"
api GET '/v1/accounts/alice?sealed=1'
expect 200
EDK=$(field .sealed | python3 -c 'import base64, sys
record = base64.b64decode(sys.stdin.read())
edk, policy = (int.from_bytes(record[at:at + 2], "big") for at in (256, 258))
print(base64.b64encode(record[264 + policy:264 + policy + edk]).decode())')
export EDK
got=$(client key_policy "$ENW_KMS_KEY_ARN" refused)
for call in Encrypt Decrypt GenerateDataKey PutKeyPolicy; do
    [[ $got == *"$call: AccessDeniedException"* ]] || fail "$call without an enclave: $got"
    step "$call: denied"
done

step "records of another environment"
stand_stop
stand_start t
POLICY_ENV=elsewhere client key_policy "$ENW_KMS_KEY_ARN" put "$ENW_PCR0"
api POST /v1/accounts '{"name":"bob"}'
expect 403 denied
