#!/usr/bin/env bash
# Account names: 1 to 128 characters of A-Z a-z 0-9 . _ : @ -, and nothing else.
. "$(dirname "$0")/lib.sh"
stand_start s

long=$(printf 'n%.0s' $(seq 128))
step "names that are allowed"
for name in a Z 0 . .. ... _ : @ - "user:7@example.org" "A.b_c:d@e-f" "$long"; do
    api POST /v1/accounts "{\"name\":\"$name\"}"
    expect 201
    expect_json .name "$name"
done

step "each of them is found by its path, as it is and percent-encoded, and signs"
encoded() { local i; for ((i = 0; i < ${#1}; i++)); do printf '%%%02X' "'${1:i:1}"; done; }
for name in a Z 0 . .. ... _ : @ - "user:7@example.org" "A.b_c:d@e-f" "$long"; do
    for path in "$name" "$(encoded "$name")"; do
        api GET "/v1/accounts/$path" '' --path-as-is
        expect 200
        expect_json .name "$name"
        api POST "/v1/accounts/$path/sign-message" '{"message":"x"}' --path-as-is
        expect 200
    done
done

step "names that are not"
for name in "" "${long}n" "a b" "a/b" "a%62" "a+b" "a\\\\b" "a\\u0000b" "a\\nb" "ü" "a\\ud83d\\ude00" "a*b" "a,b" "a'b" "a;b" \
    0x0000000000000000000000000000000000000001; do
    api POST /v1/accounts "{\"name\":\"$name\"}"
    expect 400 bad_input
done
for body in '{}' '{"name":null}' '{"name":7}' '{"name":["a"]}' '{"name":{"a":1}}' '{"name":"x","name":"y"}' '{"name":"x","more":1}' \
    '["x"]' '"x"' 'x' '' '{"name":"x"} {}' '{"name":"x"'; do
    api POST /v1/accounts "$body"
    expect 400 bad_input
done

step "a name that exists"
api POST /v1/accounts '{"name":"a"}'
expect 409 account_exists

step "names and addresses that do not exist"
for id in nobody 0x0000000000000000000000000000000000000001; do
    api GET "/v1/accounts/$id"
    expect 404 account_not_found
    api POST "/v1/accounts/$id/sign-message" '{"message":"x"}'
    expect 404 account_not_found
    api POST "/v1/accounts/$id/sign-transaction" "$TRANSACTION"
    expect 404 account_not_found
done
for id in 'a%00b' 'a%2Fb' '%' '%4' '%zz' '..%2f' '..%5C' '%C3%BC' '%F0%9F%98%80' '%ff' 'a%20b' 'a+b' 'a%2561' "${long}n" "$(encoded "${long}n")"; do
    api GET "/v1/accounts/$id" '' --path-as-is
    expect 400 bad_input
    api POST "/v1/accounts/$id/sign-message" '{"message":"x"}' --path-as-is
    expect 400 bad_input
done
api GET /v1/accounts/../accounts/a '' --path-as-is
expect 404 not_found
