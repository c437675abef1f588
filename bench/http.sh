#!/usr/bin/env bash
# HTTP: warm SIGN_MESSAGE over 16 keep-alive connections, beside anvil's eth_sign; run by bench/run.
# Everything, the client too, shares the machine's cores. The three take turns; of each its best round
# counts, since other programs may use the cores as well.
. "$(dirname "$0")/../tests/e2e/lib.sh"

ROUNDS=${BENCH_ROUNDS:-5}
ROUND_S=${BENCH_ROUND_S:-2}
CONNECTIONS=16
TICKS=$(getconf CLK_TCK)
ANVIL=$ROOT/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil
TEXT="a message of thirty-two letters."

# cpu PID: the ticks that process has used; memory PID: MiB it occupies now, and its most.
cpu() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }
memory() { awk '/^VmRSS/ {now = $2} /^VmHWM/ {most = $2} END {printf "%.1f (at most %.1f)", now / 1024, most / 1024}' "/proc/$1/status"; }

# anvil_call METHOD PARAMETERS: a JSON-RPC call.
anvil_body() { printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":[%s]}' "$1" "$2"; }
anvil_call() { curl -sS --fail --max-time 5 -H 'Content-Type: application/json' -d "$(anvil_body "$@")" "$ANVIL_URL"; }

start_anvil() {
    local port
    start anvil "$ANVIL" --port 0 --accounts 1
    ANVIL_PID=$LAST_PID
    wait_for 20 grep -q 'Listening on' "$WORK/anvil.log" || fail "anvil does not start: $(tail -n 3 "$WORK/anvil.log")"
    port=$(sed -n 's/.*Listening on .*:\([0-9]*\).*/\1/p' "$WORK/anvil.log")
    ANVIL_URL=http://127.0.0.1:$port
    ANVIL_ADDRESS=$(anvil_call eth_accounts '' | jq -r '.result[0]')
}

# sample: messages signed one by one, each verified by ethers.
sample() {
    local text
    for text in "$TEXT" "one" "two" "three"; do
        sign "$1" "$text"
        expect 200
        client verify_ethers message "$ADDRESS" "$text" <<<"$BODY" >/dev/null || fail "a signature does not verify"
    done
}

# round NAME URL PIDS...: one run of wrk, a line for it in NAME.rounds: requests/s, p50 and p99 in us, and
# microseconds of CPU a request for each process.
round() {
    local name=$1 url=$2 pid used i=0 figures
    local requests duration p50 p99 refused lost
    shift 2
    local before=()
    for pid in "$@"; do before+=("$(cpu "$pid")"); done
    wrk -t1 -c "$CONNECTIONS" -d "${ROUND_S}s" -s "$ROOT/bench/sign.lua" "$url" >"$WORK/wrk.out" 2>&1 || fail "wrk: $(cat "$WORK/wrk.out")"
    figures=$(sed -n 's/^FIGURES //p' "$WORK/wrk.out")
    read -r requests duration p50 p99 refused lost <<<"$figures"
    [ "$((refused + lost))" = 0 ] || fail "$name: $refused replies were not 200, $lost requests were lost"
    {
        awk "BEGIN {printf \"%.0f %d %d\", $requests * 1e6 / $duration, $p50, $p99}"
        for pid in "$@"; do
            used=$(($(cpu "$pid") - before[i]))
            i=$((i + 1))
            awk "BEGIN {printf \" %.1f\", $used * 1e6 / $TICKS / $requests}"
        done
        echo
    } >>"$WORK/$name.rounds"
}

# use NAME: calls go to that stand, whose processes are SERVER and ENCLAVE.
use() {
    stand_use "$1"
    SERVER=$(child enw-parent)
    ENCLAVE=$(child enw-enclave-dev)
}
round_wallet() {
    use "$1"
    BENCH_TOKEN=$TOKEN BENCH_BODY="{\"message\":\"$TEXT\"}" \
        round "$1" "$ENW_URL/v1/accounts/bench/sign-message" "$SERVER" "$ENCLAVE"
}
round_anvil() {
    BENCH_BODY=$(anvil_body eth_sign "\"$ANVIL_ADDRESS\",\"0x$(printf %s "$TEXT" | od -An -tx1 | tr -d ' \n')\"") \
        round anvil "$ANVIL_URL" "$ANVIL_PID"
}

best() { sort -rn "$WORK/$1.rounds" | head -n 1; }
row() { printf '%-24s %10s %9s %9s %11s %12s %9s %13s\n' "$@"; }

[ -x "$ANVIL" ] || fail "anvil is not there: tools/deps all installs it"
start_anvil
stand_start verified
create bench
sample bench
stand_start unverified --verification off
create bench
sample bench

printf '\nHTTP: warm SIGN_MESSAGE and anvil eth_sign, %s keep-alive connections, wrk on the same %s cores; best of %s rounds of %s s in turns\n\n' \
    "$CONNECTIONS" "$(nproc)" "$ROUNDS" "$ROUND_S"
for _ in $(seq "$ROUNDS"); do
    round_anvil
    round_wallet verified
    round_wallet unverified
done

row "" "requests/s" "p50 us" "p99 us" "parent CPU" "enclave CPU" "of anvil" "CPU of anvil"
read -r anvil_rate p50 p99 anvil_used <<<"$(best anvil)"
row "anvil eth_sign" "$anvil_rate" "$p50" "$p99" "$anvil_used us" "" "" ""
for name in verified unverified; do
    read -r rate p50 p99 parent_used enclave_used <<<"$(best $name)"
    row "signatures $name" "$rate" "$p50" "$p99" "$parent_used us" "$enclave_used us" "$(awk "BEGIN {printf \"%.2f x\", $rate / $anvil_rate}")" \
        "$(awk "BEGIN {printf \"%.2f x\", ($parent_used + $enclave_used) / $anvil_used}")"
done
echo
for name in verified unverified; do
    use "$name"
    printf 'Memory in MiB, signatures %s: parent %s, enclave %s\n' "$name" "$(memory "$SERVER")" "$(memory "$ENCLAVE")"
    ADDRESS=$(api GET /v1/accounts/bench && field .address)
    sample bench
done
printf 'Every reply was 200; samples before and after verify with ethers. Load at the end %s\n' "$(cut -d' ' -f1 /proc/loadavg)"
