#!/usr/bin/env bash
# Creates of one name at once: exactly one wins, everybody learns the same address, one key exists.
. "$(dirname "$0")/lib.sh"
stand_start s

for round in 1 2 3; do
    name=race-$round
    step "round $round: 24 creates of one name at once"
    for i in $(seq 24); do
        curl -sS --max-time 40 -H "Authorization: Bearer $TOKEN" -d "{\"name\":\"$name\"}" -w '\n%{http_code}\n' \
            "$ENW_URL/v1/accounts" >"$WORK/reply-$round-$i" &
        pids[i]=$!
    done
    wait "${pids[@]}"
    won=$(grep -lx 201 "$WORK/reply-$round-"* | wc -l)
    lost=$(grep -lx 409 "$WORK/reply-$round-"* | wc -l)
    [ "$won" = 1 ] || fail "$won of 24 won: $(tail -qn 1 "$WORK/reply-$round-"* | sort | uniq -c)"
    [ "$lost" = 23 ] || fail "$lost of 24 were told that it exists: $(tail -qn 1 "$WORK/reply-$round-"* | sort | uniq -c)"
    told=$(head -qn 1 "$(grep -lx 201 "$WORK/reply-$round-"*)" | jq -r .address)
    api GET "/v1/accounts/$name"
    expect_json .address "$told"
    sign "$name" "round $round"
    expect 200
    client verify_ethers message "$told" "round $round" <<<"$BODY" || fail "another key signs"
done

step "in the store: three names, three records"
[ "$(sqlite3 "$STATE/accounts.sqlite" 'select count(*), count(distinct record), count(distinct address) from account')" = '3|3|3' ] ||
    fail "$(sqlite3 "$STATE/accounts.sqlite" 'select name, address from account')"
