#!/usr/bin/env bash
# Attestation for strangers: a live document and every account's proof of origin, verified by our own
# tool and by a program that shares no code with it.
. "$(dirname "$0")/lib.sh"
stand_start s
ENW=$(program cli enw)
ROOT_PEM=$STATE/identity/root.pem
OTHER_PCR0=$(printf 'ab%.0s' $(seq 48))
refused() { # refused TEXT COMMAND...: fails, and says so
    local text=$1 out code=0
    shift
    out=$("$@" 2>&1) || code=$?
    [ "$code" != 0 ] || fail "accepted: $*"
    [[ $out == *"$text"* ]] || fail "wanted \"$text\" in: $out"
}
verify() { "$ENW" attest verify "$@" --root "$ROOT_PEM"; }
account_verify() { "$ENW" account verify "$@" --root "$ROOT_PEM" --url "$ENW_URL" --token-file "$STATE/token"; }

step "a service's document, by URL and as a file"
verify "$ENW_URL/v1/attestation" --pcr "0=$ENW_PCR0" --token-file "$STATE/token" >/dev/null
refused unauthorized verify "$ENW_URL" --pcr "0=$ENW_PCR0"
refused "PCR0 is $ENW_PCR0" verify "$ENW_URL" --pcr "0=$OTHER_PCR0" --token-file "$STATE/token"
NONCE=$(openssl rand -hex 32)
api GET "/v1/attestation?nonce=$NONCE"
expect 200
printf '%s' "$BODY" >"$WORK/answer.json"
field .document >"$WORK/document.b64"
base64 -d <"$WORK/document.b64" >"$WORK/document.cbor"
for file in answer.json document.b64 document.cbor; do
    verify "$WORK/$file" --pcr "0=$ENW_PCR0" --nonce "$NONCE" --max-age 300 >/dev/null
    client verify_attestation "$WORK/$file" --root "$ROOT_PEM" --now --pcr "0=$ENW_PCR0" --nonce "$NONCE" >/dev/null
done
refused 'nonce is not the expected one' verify "$WORK/document.cbor" --nonce "$(openssl rand -hex 32)"
refused 'nonce' client verify_attestation "$WORK/document.cbor" --root "$ROOT_PEM" --nonce 00
refused 'PCR0' client verify_attestation "$WORK/document.cbor" --root "$ROOT_PEM" --pcr "0=$OTHER_PCR0"
refused 'does not reach the trusted root' "$ENW" attest verify "$WORK/document.cbor"
refused 'not AWS Nitro Enclaves G1' client verify_attestation "$WORK/document.cbor"

step "a flipped bit of the document"
for offset in 20 700 4000; do
    node -e 'const fs = require("fs"), [from, to, at] = process.argv.slice(1), b = fs.readFileSync(from)
        b[b.length - 1 - at % b.length] ^= 1; fs.writeFileSync(to, b)' "$WORK/document.cbor" "$WORK/flipped.cbor" $offset
    refused '' verify "$WORK/flipped.cbor"
    refused '' client verify_attestation "$WORK/flipped.cbor" --root "$ROOT_PEM"
done

step "two accounts' proofs of origin"
for name in alice bob; do
    create "$name"
    api GET "/v1/accounts/$name/proof"
    expect 200
    printf '%s' "$BODY" >"$WORK/$name.json"
    expect_json .address "$ADDRESS"
    expect_json .unverified.pcrs.\"0\" "$ENW_PCR0"
    account_verify "$name" --pcr "0=$ENW_PCR0" >/dev/null
    account_verify "$ADDRESS" --pcr "0=$ENW_PCR0" >/dev/null
    account_verify "$WORK/$name.json" --pcr "0=$ENW_PCR0" | grep -q "^address *$ADDRESS$" || fail "$name"
    client verify_attestation "$WORK/$name.json" --root "$ROOT_PEM" --pcr "0=$ENW_PCR0" --name "$name" --address "$ADDRESS" >/dev/null
done
api GET "/v1/accounts/alice?sealed=1"
[ "$(field .sealed | base64 -d | sha256sum | cut -d' ' -f1)" = "$(jq -r .unverified.recordHash "$WORK/alice.json")" ] ||
    fail "the proof is not of the record that is kept"

step "a proof of another account, or of another address"
ALICE=$(jq -r .address "$WORK/alice.json")
jq --slurpfile bob "$WORK/bob.json" '.proof = $bob[0].proof' "$WORK/alice.json" >"$WORK/mixed.json"
refused "another account's" account_verify "$WORK/mixed.json" --pcr "0=$ENW_PCR0"
refused 'another account' client verify_attestation "$WORK/mixed.json" --root "$ROOT_PEM" --name alice --address "$ALICE"
jq --slurpfile bob "$WORK/bob.json" '.address = $bob[0].address' "$WORK/alice.json" >"$WORK/mixed.json"
refused 'another address' account_verify "$WORK/mixed.json" --pcr "0=$ENW_PCR0"
refused 'another address' client verify_attestation "$WORK/mixed.json" --root "$ROOT_PEM" --name alice --address "$ADDRESS"
jq --rawfile document "$WORK/document.b64" '.proof = ($document | rtrimstr("\n"))' "$WORK/alice.json" >"$WORK/mixed.json"
refused 'not a proof of origin' account_verify "$WORK/mixed.json" --pcr "0=$ENW_PCR0"
refused 'PCR0 is' account_verify alice --pcr "0=$OTHER_PCR0"
refused account_not_found account_verify nobody

step "proofs outlive the enclave that wrote them"
stand_stop
stand_start s
account_verify alice --pcr "0=$ENW_PCR0" >/dev/null

VECTORS=$ROOT/../shared/vectors/attestation
if [ -d "$VECTORS" ]; then
    step "documents of AWS's hardware, under AWS's root"
    for file in anjuna-prod-a.bin anjuna-prod-pubkey.bin automata-2.cbor blocky-nitro_attestation.cbor sui-sentinel-2025-indef.cbor veracruz-2022.cbor; do
        "$ENW" attest verify "$VECTORS/$file" --json | jq -e .verified >/dev/null || fail "$file"
        client verify_attestation "$VECTORS/$file" >/dev/null || fail "$file"
    done
    for file in veracruz-2022-badsig.cbor blocky-selfsigned_attestation.cbor anjuna-full.bin; do
        refused '' "$ENW" attest verify "$VECTORS/$file"
        refused '' client verify_attestation "$VECTORS/$file"
    done
else
    echo "skipped: no documents of AWS's hardware in $VECTORS"
fi
