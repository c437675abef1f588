#!/usr/bin/env bash
# Planted secrets (the token, the credentials, an account's key) are searched for where others could
# read them: logs, arguments, environments, the store, replies, and a core image of the parent, which
# must not come into being at all. A core that root takes by force is searched as well.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
for i in $(seq 5); do
    sign alice "message $i"
    expect 200
done

step "calls that fail in every way write logs too"
saved=$TOKEN
TOKEN=wrong-$(printf 'w%.0s' $(seq 60))
api GET /v1/accounts
TOKEN=$saved
api POST /v1/accounts "{\"name\":\"$TOKEN/\"}"
api GET "/v1/accounts/nobody?token=$TOKEN"
api POST /v1/accounts/alice/sign-message '{"message"'
fault kms '{"operation":"*","kind":"garbage","count":3}'
api POST /v1/accounts '{"name":"unlucky"}'
fault kms

client credentials >"$WORK/planted.json"
secrets=("$TOKEN" "$(jq -r .secretAccessKey "$WORK/planted.json")" "$(jq -r .sessionToken "$WORK/planted.json")"
    "$(od -An -tx1 -v "$STATE/credentials.key" | tr -d ' \n')")
rm "$WORK/planted.json"
search() { # search WHAT FILES...
    local what=$1 secret
    shift
    for secret in "${secrets[@]}"; do
        if grep -aFq -- "$secret" "$@" 2>/dev/null; then fail "$what: a planted secret (${secret:0:4}…) is in $(grep -aFl -- "$secret" "$@" | tr '\n' ' ')"; fi
    done
}

step "logs"
[ -s "$STATE/log/enw-parent.log" ] || fail "the parent's log is empty"
search logs "$STATE"/log/*.log "$WORK"/stand-s.log
grep -q '"request_id"' "$STATE/log/enw-parent.log" || fail "the log has no request ids"
step "arguments and environments"
for name in enw-parent enw-enclave-dev enw-proxy; do
    pid=$(child "$name")
    tr '\0' '\n' <"/proc/$pid/cmdline" >"$WORK/cmdline-$name"
    tr '\0' '\n' <"/proc/$pid/environ" >"$WORK/environ-$name" 2>/dev/null || true
done
search arguments "$WORK"/cmdline-* "$WORK"/environ-*
step "the store"
search store "$STATE"/accounts.sqlite*
step "replies and metrics"
for path in /metrics /readyz /healthz '/v1/accounts' '/v1/accounts/alice?sealed=1' "/v1/attestation?nonce=$(printf '00%.0s' $(seq 32))"; do
    api GET "$path"
    [ "$CODE" = 200 ] || [ "$path" = /readyz ] || fail "$path: $CODE $BODY"
    printf '%s\n' "$BODY" >>"$WORK/replies"
done
search replies "$WORK/replies"

step "a crash writes no core"
pid=$(child enw-parent)
grep -E '^Max core file size +0 +0' "/proc/$pid/limits" >/dev/null || fail "the parent may write a core: $(grep core "/proc/$pid/limits")"
kill -SEGV "$pid"
is_restarted() { [ "$(child enw-parent)" != "$pid" ] && api GET /healthz && [ "$CODE" = 200 ]; }
wait_for 15 is_restarted || fail "the parent is not started again"
find "$STATE" "$ROOT" -maxdepth 1 -newer "$STATE/token" -name 'core*' -print -quit | grep . && fail "a core file was written"

step "a core image that root takes by force"
if [ "$(id -u)" = 0 ]; then
    for i in $(seq 5); do
        sign alice "again $i"
        expect 200
    done
    pid=$(child enw-parent)
    python3 "$CLIENTS/core_image.py" "$pid" "$WORK/image" || fail "no image"
    search "core image" "$WORK/image"
    rm -f "$WORK/image"
else
    echo "  left out: needs root"
fi
