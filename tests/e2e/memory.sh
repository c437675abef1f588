#!/usr/bin/env bash
# After requests the enclave's memory holds no account key. The key is known to the test through the
# record reader; the whole process image is searched for it, as bytes and as text.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || {
    echo "skipped: reading another process's memory needs root"
    exit 77
}
stand_start s
create alice
api GET '/v1/accounts/alice?sealed=1'
expect 200
record=$(field .sealed)
for i in $(seq 20); do
    sign alice "message $i"
    expect 200
done
api POST /v1/accounts/alice/sign-transaction "$TRANSACTION"
expect 200

client put_policy "$ENW_KMS_KEY_ARN" open
key=$(client record_reader "$ENW_KMS_KEY_ARN" stand alice <<<"$record" | jq -r .privateKey)
for name in enw-enclave-dev enw-parent; do
    python3 "$CLIENTS/memory_search.py" "$(child "$name")" "$key" absent || fail "the key is in the memory of $name"
done

step "the search itself finds what is there"
python3 "$CLIENTS/memory_search.py" "$(child enw-enclave-dev)" "$(printf '%s' "$ENW_KMS_HOST" | od -An -tx1 | tr -d ' \n')" present ||
    fail "the search finds nothing at all"
