#!/usr/bin/env bash
# kill -9 of the parent or of the enclave at each step of CREATE. Whatever the moment: an address that
# was told is there and signs, no key is replaced, and the name can be created afterwards.
. "$(dirname "$0")/lib.sh"
stand_start s

declare -A told
check_told() {
    local name
    for name in "${!told[@]}"; do
        api GET "/v1/accounts/$name"
        expect 200
        expect_json .address "${told[$name]}"
        sign "$name" "still $name"
        expect 200
        client verify_ethers message "${told[$name]}" "still $name" <<<"$BODY" >/dev/null || fail "$name signs with another key"
    done
}
is_up() { [ "$(child "$victim")" != "$killed" ] && api GET /readyz && [ "$CODE" = 200 ]; }
# A 503 says that the enclave is not there yet, and may be repeated.
makes_again() { api POST /v1/accounts "{\"name\":\"$1\"}" && [ "$CODE" != 503 ]; }

# A CREATE takes about 20 ms; KMS is slowed down, so that each moment of it can be met.
fault kms '{"operation":"GenerateDataKey","kind":"delay","value":150}'
for victim in enw-parent enw-enclave-dev; do
    for moment in 0.000 0.020 0.100 0.150 0.160 0.165 0.170 0.200; do
        name="${victim#enw-}-$moment"
        curl -sS --max-time 20 -H "Authorization: Bearer $TOKEN" -d "{\"name\":\"$name\"}" "$ENW_URL/v1/accounts" \
            >"$WORK/reply" 2>"$WORK/curl" &
        call=$!
        sleep "$moment"
        killed=$(child "$victim")
        kill -KILL "$killed"
        wait $call || true
        wait_for 15 is_up || fail "not ready again after $name: $BODY"
        address=$(jq -r '.address // empty' "$WORK/reply" 2>/dev/null || true)
        [ -z "$address" ] || told[$name]=$address
        # What the killed call may have stored is found; what it did not store can be made now.
        wait_for 15 makes_again "$name" || fail "$name: $CODE $BODY"
        again=$CODE
        case $again in
        201)
            [ -z "$address" ] || fail "$name was told as $address, and made again as $(field .address)"
            told[$name]=$(field .address)
            ;;
        409)
            api GET "/v1/accounts/$name"
            expect 200
            [ -z "$address" ] || expect_json .address "$address"
            told[$name]=$(field .address)
            ;;
        *) fail "$name: $CODE $BODY" ;;
        esac
        step "$victim killed ${moment} s into CREATE: ${address:+was told, }$again afterwards"
    done
done
fault kms
signs_again() { sign "${victim#enw-}-0.000" && [ "$CODE" = 200 ]; }
wait_for 15 signs_again || fail "the enclave is not back: $BODY"
check_told
[ "$(sqlite3 "$STATE/accounts.sqlite" 'select count(*), count(distinct name) from account')" = '16|16' ] || fail "not one record for each name"
