#!/usr/bin/env bash
# The stand-ins for KMS and instance metadata, judged by AWS's own SDK.
. "$(dirname "$0")/lib.sh"
head -c 32 /dev/urandom >"$WORK/credentials.key"
chmod 600 "$WORK/credentials.key"
start imds "$(program dev enw-stand-imds)" --credentials-key "$WORK/credentials.key" --ready-file "$WORK/imds.at"
start kms "$(program dev enw-stand-kms)" --credentials-key "$WORK/credentials.key" --tls "$WORK/tls" \
    --identity "$WORK/identity" --state "$WORK/kms.json" --ready-file "$WORK/kms.at" --control "unix:$WORK/kms-control.sock"
wait_for 20 test -s "$WORK/imds.at" || fail "no metadata: $(cat "$WORK/imds.log")"
wait_for 20 test -s "$WORK/kms.at" || fail "no KMS: $(cat "$WORK/kms.log")"
ENW_IMDS_PORT=$(sed 's/.*://' "$WORK/imds.at")
ENW_KMS_PORT=$(sed 's/.*://' "$WORK/kms.at")
export ENW_IMDS_PORT ENW_KMS_PORT ENW_STATE=$WORK ENW_REGION=eu-west-1 ENW_KMS_HOST=kms.eu-west-1.amazonaws.com
client kms_stand_in || fail "AWS's SDK does not agree"

step "its counters"
counters=$(curl -sf --unix-socket "$WORK/kms-control.sock" http://stand/counters)
[ "$(jq .operations.CreateKey <<<"$counters")" = 2 ] || fail "$counters"
[ "$(jq '.operations.GenerateDataKey >= 4' <<<"$counters")" = true ] || fail "$counters"
[ "$(stat -c %a "$WORK/kms.json")" = 600 ] || fail "others may read the keys"
