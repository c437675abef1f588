#!/usr/bin/env bash
# Both workflows as a caller sees them, checked by libraries that nobody here wrote.
. "$(dirname "$0")/lib.sh"
stand_start s

step "generateAccount"
calls=$(kms_count total)
create alice
expect_json .name alice
expect_json .keyId "$ENW_KMS_KEY_ARN"
[[ $ADDRESS =~ ^0x[0-9a-fA-F]{40}$ ]] || fail "not an address: $ADDRESS"
[[ $(field .publicKey) =~ ^0x04[0-9a-f]{128}$|^0x[0-9a-f]{128}$ ]] || fail "not a public key: $BODY"
[ "$(client address "$(field .publicKey)")" = "$ADDRESS" ] || fail "the address is not the public key's"

# called COUNT WHAT: how many calls of any kind KMS has seen since the last look.
called() {
    local now
    now=$(kms_count total)
    [ $((now - calls)) = "$1" ] || fail "$2: $((now - calls)) KMS calls: $(control kms /counters)"
    calls=$now
}
step "one KMS call for an account, one for its first signature, none for those after it"
called 1 "an account"
[ "$(kms_count GenerateDataKey)" = 1 ] || fail "$(kms_count GenerateDataKey) calls of GenerateDataKey"
sign alice first
expect 200
called 1 "its first signature"
[ "$(kms_count Decrypt)" = 1 ] || fail "$(kms_count Decrypt) calls of Decrypt"
sign alice second
expect 200
called 0 "another signature"

step "show and list"
api GET /v1/accounts/alice
expect 200
expect_json .address "$ADDRESS"
[ "$(field 'has("sealed")')" = false ] || fail "ciphertext without being asked for"
api GET "/v1/accounts/$ADDRESS"
expect 200
expect_json .name alice
create bob
bob=$ADDRESS
api GET '/v1/accounts?limit=1'
expect 200
[ "$(field '.accounts|length')" = 1 ] || fail "a page of one has $(field '.accounts|length')"
cursor=$(field .next)
api GET "/v1/accounts?limit=1&cursor=$cursor"
expect 200
names=$(field '.accounts[].name')
[ "$names" = bob ] || [ "$names" = alice ] || fail "the second page is $BODY"

step "sign: EIP-1559 and legacy transactions, a message"
api GET /v1/accounts/alice
ADDRESS=$(field .address)
for transaction in "$TRANSACTION" "$LEGACY"; do
    api POST /v1/accounts/alice/sign-transaction "$transaction"
    expect 200
    client verify_ethers transaction "$ADDRESS" <<<"$BODY" || fail "ethers refuses $BODY"
    client verify_viem transaction "$ADDRESS" <<<"$BODY" || fail "viem refuses $BODY"
done
sign alice 'hello, world'
expect 200
client verify_ethers message "$ADDRESS" 'hello, world' <<<"$BODY" || fail "ethers refuses $BODY"
client verify_viem message "$ADDRESS" 'hello, world' <<<"$BODY" || fail "viem refuses $BODY"
first=$(field .signature)
sign alice 'hello, world'
expect_json .signature "$first"
api POST "/v1/accounts/$bob/sign-message" '{"message":"by address"}'
expect 200
client verify_ethers message "$bob" 'by address' <<<"$BODY" || fail "ethers refuses $BODY"

step "after a restart of the enclave the sealed accounts open again, with one KMS call each"
before=$(kms_count Decrypt)
kill -KILL "$(child enw-enclave-dev)"
signs_again() { sign alice 'hello, world' && [ "$CODE" = 200 ]; }
wait_for 10 signs_again || fail "alice does not sign again: $BODY"
expect_json .signature "$first"
sign alice again
expect 200
[ "$(($(kms_count Decrypt) - before))" = 1 ] || fail "$(($(kms_count Decrypt) - before)) calls of Decrypt"
