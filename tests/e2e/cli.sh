#!/usr/bin/env bash
# The operator's tool: what it prints, what it asks for, how it ends.
. "$(dirname "$0")/lib.sh"
stand_start s
enw() { "$(program cli enw)" "$@" --url "$ENW_URL" --token-file "$STATE/token"; }
run() { # run CODE ARGUMENTS...: sets OUT
    local wanted=$1 code=0
    shift
    OUT=$(enw "$@" 2>&1) || code=$?
    [ "$code" = "$wanted" ] || fail "enw $*: wanted exit code $wanted, got $code: $OUT"
}
says() { [[ $OUT == *"$1"* ]] || fail "wanted \"$1\" in: $OUT"; }

step "account create, show, list"
run 0 account create alice --json
ADDRESS=$(jq -r .address <<<"$OUT")
run 0 account create bob
says bob
run 0 account show alice
says "$ADDRESS"
run 0 account list
says alice
says bob
run 0 account list --json
[ "$(jq -s '[.[].accounts[]] | length' <<<"$OUT")" = 2 ] || fail "$OUT"

step "sign"
run 0 sign message alice --text 'from the shell' --json
client verify_ethers message "$ADDRESS" 'from the shell' <<<"$OUT" || fail "ethers refuses $OUT"
jq .transaction <<<"$TRANSACTION" >"$WORK/transaction.json"
run 0 sign tx alice --file "$WORK/transaction.json" --json
client verify_ethers transaction "$ADDRESS" <<<"$OUT" || fail "ethers refuses $OUT"
run 0 sign tx alice --file "$WORK/transaction.json"
says 0x70997970C51812dc3A010C7d01b50e0d17dc79C8

step "health and attestation"
run 0 health
run 0 attest --root "$STATE/identity/root.pem" --pcr "0=$ENW_PCR0"
says "$ENW_PCR0"

run 4 attest --root "$STATE/identity/root.pem" --pcr "0=$(printf 'ab%.0s' $(seq 48))"
says PCR0

step "refusals have exit codes of their own"
run 2 account
run 2 account create
run 3 account create 'no blanks'
run 3 sign tx alice --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --nonce x --gas 21000 --gas-price 1 --chain-id 1
run 5 account show nobody
run 6 account create alice
code=0
OUT=$("$(program cli enw)" health --url http://127.0.0.1:1 --token-file "$STATE/token" 2>&1) || code=$?
[ $code = 7 ] || fail "health of nothing ended with $code: $OUT"
says 'nobody listens there'
