#!/usr/bin/env bash
# AWS credentials: from instance metadata, renewed before they expire; a metadata service that fails
# for a while is not noticed; from the environment when they are there.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice

step "the metadata service fails: credentials at hand are used"
fault imds '{"operation":"*","kind":"status","value":500}'
create bob
sign bob
expect 200
fault imds

step "expired credentials are refused by KMS, and the parent gets others"
fault kms '{"operation":"*","kind":"error","name":"ExpiredTokenException","value":400,"count":1}'
renewed() { api POST /v1/accounts "{\"name\":\"renewed-$RANDOM$RANDOM\"}" && [ "$CODE" = 201 ]; }
wait_for 20 renewed || fail "no account after expiry: $BODY"

step "credentials from the environment"
client credentials >"$WORK/credentials.json"
AWS_ACCESS_KEY_ID=$(jq -r .accessKeyId "$WORK/credentials.json") \
    AWS_SECRET_ACCESS_KEY=$(jq -r .secretAccessKey "$WORK/credentials.json") \
    AWS_SESSION_TOKEN=$(jq -r .sessionToken "$WORK/credentials.json") \
    start parent "$(program parent enw-parent)" --listen "unix:$WORK/parent.sock" --token-file "$STATE/token" \
    --enclave "unix:$STATE/enclave.sock" --store "sqlite:$WORK/other.sqlite" --region "$ENW_REGION"
secrets=("$(jq -r .secretAccessKey "$WORK/credentials.json")" "$(jq -r .sessionToken "$WORK/credentials.json")")
rm "$WORK/credentials.json"
wait_for 15 test -S "$WORK/parent.sock" || fail "$(cat "$WORK/parent.log")"
# The process has taken them out of its environment, which others of its user may read.
tr '\0' '\n' <"/proc/$LAST_PID/environ" >"$WORK/environ" 2>/dev/null || true
[ "$(id -u)" != 0 ] || grep -q '^AWS_SECRET_ACCESS_KEY=' "$WORK/environ" || fail "its environment could not be read"
for secret in "${secrets[@]}"; do
    if grep -aFq -- "$secret" "$WORK/environ" "$WORK/parent.log"; then fail "a secret can still be read (${secret:0:4}…)"; fi
done
api POST /v1/accounts '{"name":"environment"}' --unix-socket "$WORK/parent.sock"
expect 201

step "wrong credentials in the environment are told as such"
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY \
    start wrong "$(program parent enw-parent)" --listen "unix:$WORK/wrong.sock" --token-file "$STATE/token" \
    --enclave "unix:$STATE/enclave.sock" --store "sqlite:$WORK/wrong.sqlite" --region "$ENW_REGION"
wait_for 15 test -S "$WORK/wrong.sock" || fail "$(cat "$WORK/wrong.log")"
api POST /v1/accounts '{"name":"wrong"}' --unix-socket "$WORK/wrong.sock"
case $CODE in 403 | 503) ;; *) fail "$CODE $BODY" ;; esac
