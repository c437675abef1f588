# What every end-to-end script begins with: `. "$(dirname "$0")/lib.sh"`. It is run by run.sh, which
# says where the programs are (BUILD), gives it a folder of its own (WORK) and stops what it started.
# Nothing here names a port: everything listens on free ones, so any number of scripts run at once.
# shellcheck shell=bash

set -euo pipefail
: "${BUILD:?run it through tests/e2e/run.sh}" "${WORK:?}"
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$E2E/../.." && pwd)
CLIENTS=$E2E/clients
export BUILD WORK E2E ROOT CLIENTS

step() { printf '%s\n' "- $*"; }
fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# program ROOM NAME: the path of a built program.
program() { printf '%s/src/%s/%s' "$BUILD" "$1" "$2"; }

# start NAME COMMAND...: runs it in the background, its output in a log of that name; run.sh stops it.
start() {
    local name=$1
    shift
    "$@" >"$WORK/$name.log" 2>&1 </dev/null &
    LAST_PID=$!
    echo "$LAST_PID" >>"$WORK/pids"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local limit=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= limit)); then return 1; fi
        sleep 0.05
    done
}

# stand_start NAME [FLAGS...]: a stand of its own; its addresses become variables.
stand_start() {
    local name=$1
    shift
    STATE=$WORK/$name
    start "stand-$name" "$(program dev enw-stand)" --state "$STATE" --listen tcp:127.0.0.1:0 \
        --ready-file "$WORK/$name.ready" "$@"
    STAND_PID=$LAST_PID
    wait_for 30 stand_is_up "$name" || {
        cat "$WORK/stand-$name.log"
        fail "the stand $name does not start"
    }
    stand_use "$name"
}
stand_is_up() { [ -s "$WORK/$1.ready" ] || is_gone "$STAND_PID"; }

# stand_use NAME: the following calls go to that stand.
stand_use() {
    [ -s "$WORK/$1.ready" ] || fail "the stand $1 ended: $(tail -n 5 "$WORK/stand-$1.log")"
    set -a
    # shellcheck disable=SC1090 # written by enw-stand
    . "$WORK/$1.ready"
    set +a
    STATE=$ENW_STATE
    TOKEN=$(cat "$STATE/token")
    export STATE TOKEN
}

# stand_stop: the stand used last, by name of its process; waits until all is gone.
stand_stop() {
    kill -TERM "$STAND_PID" 2>/dev/null || true
    wait "$STAND_PID" 2>/dev/null || true
    rm -f "$WORK"/*.ready
}

# child NAME: the process id of one of the stand's programs.
child() { cat "$STATE/log/$1.pid"; }
# A process that nobody has collected is gone too: in a container number 1 may collect nobody.
is_gone() { [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) =~ ^([ZX].*)?$ ]]; }

# api METHOD PATH [BODY] [CURL FLAGS...]: a call with the token; sets CODE and BODY.
api() {
    local method=$1 path=$2 body=${3-} out
    shift 2
    [ $# -eq 0 ] || shift
    local data=()
    [ -z "$body" ] || data=(-H 'Content-Type: application/json' --data-binary "$body")
    out=$(curl -sS --max-time 40 -X "$method" -H "Authorization: Bearer $TOKEN" "${data[@]}" "$@" \
        -w '\n%{http_code}' "$ENW_URL$path" 2>&1) || true
    CODE=${out##*$'\n'}
    BODY=${out%$'\n'*}
}

# expect CODE [ERROR CODE]: what the last call was answered with.
expect() {
    [ "$CODE" = "$1" ] || fail "wanted HTTP $1, got $CODE: $BODY"
    [ $# -lt 2 ] || expect_json '.error.code' "$2"
}

# field FILTER: of the last answer; expect_json FILTER VALUE compares it.
field() { jq -r "$1" <<<"$BODY"; }
expect_json() {
    local got
    got=$(field "$1") || fail "not JSON: $BODY"
    [ "$got" = "$2" ] || fail "wanted $1 to be $2, got $got in $BODY"
}
expect_text() { [[ $BODY == *"$1"* ]] || fail "wanted \"$1\" in $BODY"; }

# create NAME: an account; sets ADDRESS.
create() {
    api POST /v1/accounts "{\"name\":\"$1\"}"
    expect 201
    ADDRESS=$(field .address)
    export ADDRESS
}
# sign NAME [TEXT]: signs a message.
sign() { api POST "/v1/accounts/$1/sign-message" "{\"message\":\"${2:-hello}\"}"; }

# fault SERVICE JSON: sets a fault of the stand's kms or imds (src/dev/stand_faults.h); fault SERVICE
# clears them.
fault() {
    local how=(-X DELETE)
    [ -z "${2-}" ] || how=(-X PUT --data-binary "$2")
    control "$1" /faults "${how[@]}" >/dev/null || fail "the fault was not accepted: ${2-}"
}
control() { curl -sS --fail --max-time 5 --unix-socket "$STATE/$1-control.sock" "${@:3}" "http://control$2"; }
# kms_count OPERATION: how many such calls KMS has seen; "total" is all of them.
kms_count() {
    if [ "$1" = total ]; then control kms /counters | jq .requests; else control kms /counters | jq ".operations[\"$1\"] // 0"; fi
}

# client NAME ARGUMENTS...: a program of ours in another language, with somebody else's libraries.
client() { node "$CLIENTS/$1.mjs" "${@:2}"; }

# shellcheck disable=SC2089,SC2090 # they are passed on quoted
TRANSACTION='{"transaction":{"type":"0x2","chainId":"0x1","nonce":"0x7","maxPriorityFeePerGas":"0x3b9aca00","maxFeePerGas":"0x6fc23ac00","gas":"0x5208","to":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","value":"0xde0b6b3a7640000","data":"0x"}}'
# shellcheck disable=SC2089,SC2090
LEGACY='{"transaction":{"chainId":"0x1","nonce":"0x8","gasPrice":"0x4a817c800","gas":"0x5208","to":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","value":"0x1","data":"0xdeadbeef"}}'
# shellcheck disable=SC2090
export TRANSACTION LEGACY
