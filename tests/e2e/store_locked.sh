#!/usr/bin/env bash
# The store held by another process, for a moment and for longer than a call may take: calls wait, or
# say that it is unavailable; nothing is told that is not kept; warm signatures need no store.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
sign alice
expect 200

# hold: locks the store until let_go, as a backup or an operator's shell may.
hold() {
    mkfifo "$WORK/statements"
    sqlite3 "$STATE/accounts.sqlite" <"$WORK/statements" >"$WORK/holder.out" 2>&1 &
    HOLDER=$!
    echo "$HOLDER" >>"$WORK/pids"
    exec 9>"$WORK/statements"
    echo "BEGIN EXCLUSIVE; SELECT 'held';" >&9
    wait_for 10 grep -q held "$WORK/holder.out" || fail "the store is not held: $(cat "$WORK/holder.out")"
}
let_go() {
    echo 'ROLLBACK;' >&9
    exec 9>&-
    wait "$HOLDER" || fail "$(cat "$WORK/holder.out")"
    rm "$WORK/statements"
}
call_create() {
    curl -sS --max-time 60 -H "Authorization: Bearer $TOKEN" -d "{\"name\":\"$1\"}" -o "$WORK/$1" -w '%{http_code}' \
        "$ENW_URL/v1/accounts" >"$WORK/$1.code" &
    CALL=$!
}

step "held for a moment: the call waits and succeeds"
hold
call_create waits
for i in $(seq 10); do
    sign alice "meanwhile $i"
    expect 200
done
[ ! -s "$WORK/waits.code" ] || fail "it did not wait: $(cat "$WORK/waits.code")"
let_go
wait "$CALL"
[ "$(cat "$WORK/waits.code")" = 201 ] || fail "$(cat "$WORK/waits.code" "$WORK/waits")"
sign waits
expect 200

step "held for longer than a call may take: unavailable, and no address"
hold
call_create refused
wait "$CALL"
[ "$(cat "$WORK/refused.code")" = 503 ] || fail "$(cat "$WORK/refused.code" "$WORK/refused")"
if grep -q 0x "$WORK/refused"; then fail "an address was told: $(cat "$WORK/refused")"; fi
sign alice 'still'
expect 200
let_go
api GET /v1/accounts/refused
expect 404
create refused
sign refused
expect 200
client verify_ethers message "$ADDRESS" hello <<<"$BODY" || fail "another key signs"
