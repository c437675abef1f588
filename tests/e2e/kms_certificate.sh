#!/usr/bin/env bash
# KMS presenting a certificate from another authority, for another name, or out of its time: the
# enclave sends it nothing, and says why. The right one is accepted in the same way of running.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice

ca() { # ca FOLDER NAME-OF-THE-AUTHORITY
    mkdir -p "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
        -keyout "$1/ca.key.pem" -out "$1/ca.pem" 2>/dev/null
}
leaf() { # leaf FOLDER HOST [DAYS]: a certificate for that host by the folder's authority
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1/server.key.pem" \
        -out "$1/server.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$2" >"$1/ext"
    openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key.pem" -days "${3:-30}" -extfile "$1/ext" \
        -out "$1/server.pem" 2>/dev/null
}

# An enclave that trusts $WORK/trusted, in front of a KMS that shows FOLDER's certificate.
try_certificate() { # try_certificate CASE FOLDER
    local case=$1 folder=$2
    start "server-$case" node "$CLIENTS/tls_server.mjs" "$folder" "$WORK/$case.port"
    wait_for 10 test -s "$WORK/$case.port" || fail "no server for $case"
    local port
    port=$(cat "$WORK/$case.port")
    start "proxy-$case" "$(program proxy enw-proxy)" --listener "unix:$WORK/$case.kms=127.0.0.1:$port" --allow "127.0.0.1:$port"
    jq --arg ca "$WORK/trusted/ca.pem" --arg dial "unix:$WORK/$case.kms" --arg listen "unix:$WORK/$case.enclave" \
        '.ca_file = $ca | .kms_dial = $dial | .listen = $listen' "$STATE/enclave.json" >"$WORK/$case.json"
    start "enclave-$case" "$(program dev enw-enclave-dev)" --config "$WORK/$case.json" --identity "$STATE/identity"
    wait_for 20 test -S "$WORK/$case.enclave" || fail "no enclave for $case: $(cat "$WORK/enclave-$case.log")"
    ANSWER=$(client create_frame "$WORK/$case.enclave" "$case" 2>&1) || fail "$case: $ANSWER"
    step "$case: $ANSWER"
}

ca "$WORK/trusted" 'the authority that the image trusts'
cp -r "$WORK/trusted" "$WORK/name"
cp -r "$WORK/trusted" "$WORK/expired"
leaf "$WORK/trusted" "$ENW_KMS_HOST"
leaf "$WORK/name" kms.eu-central-1.amazonaws.com
leaf "$WORK/expired" "$ENW_KMS_HOST" -1 2>/dev/null || true
[ -s "$WORK/expired/server.pem" ] || {
    # Newer OpenSSL wants dates.
    openssl x509 -req -in "$WORK/expired/server.csr" -CA "$WORK/expired/ca.pem" -CAkey "$WORK/expired/ca.key.pem" \
        -not_before 20200101000000Z -not_after 20200201000000Z -extfile "$WORK/expired/ext" -out "$WORK/expired/server.pem"
}
ca "$WORK/other" 'the authority that the image trusts'
leaf "$WORK/other" "$ENW_KMS_HOST"

try_certificate other "$WORK/other"
[[ $ANSWER == *"not from a trusted authority"* ]] || fail "the reason is missing"
try_certificate name "$WORK/name"
[[ $ANSWER == *"for another name"* ]] || fail "the reason is missing"
try_certificate expired "$WORK/expired"
[[ $ANSWER == *"outside its time"* ]] || fail "the reason is missing"
for case in other name expired; do
    [ ! -s "$WORK/$case.port.received" ] || fail "$case: the enclave sent a request"
done
try_certificate trusted "$WORK/trusted"
[ -s "$WORK/trusted.port.received" ] || fail "the right certificate was not accepted either"
grep -q 'TrentService.GenerateDataKey' "$WORK/trusted.port.received" || fail "what was sent is no call"
