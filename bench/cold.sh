#!/usr/bin/env bash
# Cold: what an account's creation and its first signature after the enclave's start cost, with how many
# calls of KMS; run by bench/run.
. "$(dirname "$0")/../tests/e2e/lib.sh"

COUNT=${BENCH_COLD_COUNT:-40}

# timed NAME METHOD PATH BODY CODE: a call, its milliseconds appended to NAME.ms.
timed() {
    local ms
    ms=$(curl -sS --max-time 20 -X "$2" -H "Authorization: Bearer $TOKEN" \
        --data-binary "$4" -o "$WORK/body" -w '%{http_code} %{time_total}' "$ENW_URL$3")
    [ "${ms% *}" = "$5" ] || fail "wanted HTTP $5, got ${ms% *}: $(cat "$WORK/body")"
    awk "BEGIN {printf \"%.2f\\n\", 1000 * ${ms#* }}" >>"$WORK/$1.ms"
}
percentile() { sort -n "$WORK/$1.ms" | awk -v part="$2" '{value[NR] = $1} END {print value[int((NR - 1) * part + 0.5) + 1]}'; }

# report WHAT NAME OPERATION: what the calls since the counters were set to zero cost; OPERATION was to be
# called once each.
report() {
    local counters calls each
    counters=$(control kms /counters)
    calls=$(jq -r .requests <<<"$counters")
    each=$(jq -r ".operations[\"$3\"] // 0" <<<"$counters")
    [ "$3" = none ] || [ "$each" = "$COUNT" ] || fail "$1: $COUNT calls, but KMS saw $counters"
    [ "$3" != none ] || [ "$calls" = 0 ] || fail "$1: KMS saw $counters"
    [ "$3" = none ] || [ "$calls" = "$COUNT" ] || fail "$1: KMS saw more than $3: $counters"
    printf '%-24s %6s %-26s %8s ms %8s ms %14s ms\n' "$1" "$COUNT" "$calls $3" "$(percentile "$2" 0.5)" "$(percentile "$2" 0.99)" \
        "$(jq -r --argjson n "$COUNT" '.busy_us / $n / 10 | round / 100' <<<"$counters")"
}
forget() { control kms /counters -X DELETE >/dev/null; }

stand_start cold
create first
printf '\nCold: one after the other, KMS stood in for on the same machine\n\n'
printf '%-24s %6s %-26s %11s %11s %17s\n' "" "count" "KMS calls" "p50" "p99" "KMS stand-in's own"

forget
for i in $(seq "$COUNT"); do timed create POST /v1/accounts "{\"name\":\"cold-$i\"}" 201; done
report "account created" create GenerateDataKey

# A new enclave knows no data key; its first call also brings the TLS connection to KMS up.
old=$(child enw-enclave-dev)
kill -KILL "$old"
wait_for 10 is_gone "$old" || fail "the enclave does not end"
signed() { sign first && [ "$CODE" = 200 ]; }
wait_for 20 signed || fail "the enclave does not come back: $BODY"
forget
for i in $(seq "$COUNT"); do timed first POST "/v1/accounts/cold-$i/sign-message" '{"message":"hello"}' 200; done
report "first signature" first Decrypt
forget
for i in $(seq "$COUNT"); do timed second POST "/v1/accounts/cold-$i/sign-message" '{"message":"hello"}' 200; done
report "second signature" second none
