#!/usr/bin/env bash
# What a caller can get wrong, or a hostile one try: JSON, sizes, headers, every transaction field.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice

step "the token"
saved=$TOKEN
for TOKEN in "" "${saved%?}" "${saved}x" "$(tr 'A-Za-z' 'B-ZAb-za' <<<"$saved")"; do
    api GET /v1/accounts
    expect 401 unauthorized
    api POST /v1/accounts '{"name":"mallory"}'
    expect 401 unauthorized
done
TOKEN=$saved
api GET /v1/accounts/mallory
expect 404

step "paths and methods"
api GET /v1/nothing
expect 404 not_found
api DELETE /v1/accounts/alice
expect 405 method_not_allowed
api PUT /v1/accounts '{}'
expect 405 method_not_allowed

step "sizes and headers"
client raw_http "$ENW_URL" "$TOKEN"

step "every field of a transaction out of range"
client transaction_fields "$ENW_URL" "$TOKEN" alice

step "messages"
for body in '{}' '{"message":7}' '{"message":null}' '{"message":"a","message":"b"}' '{"message":"a","hash":"0x00"}' '[]' '{' ''; do
    api POST /v1/accounts/alice/sign-message "$body"
    expect 400 bad_input
done
sign alice fine
expect 200
