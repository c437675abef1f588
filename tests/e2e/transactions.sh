#!/usr/bin/env bash
# Transactions of every type, against two libraries and a node that nobody here wrote.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice

step "random transactions of types 0 to 4 are what ethers and viem make of the same fields"
client transactions "$ENW_URL" "$TOKEN" alice "${TRANSACTION_COUNT:-1000}"

step "one of each type is mined by anvil"
start anvil "$ROOT/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil" --port 0 --hardfork osaka
anvil_port() { sed -n 's/.*Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$WORK/anvil.log" | grep .; }
wait_for 20 anvil_port || fail "anvil does not start: $(tail -n 5 "$WORK/anvil.log")"
client transactions "$ENW_URL" "$TOKEN" alice 0 "http://127.0.0.1:$(anvil_port)"
