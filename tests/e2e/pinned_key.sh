#!/usr/bin/env bash
# A key that is not in the measured configuration is refused before any traffic reaches KMS, and
# neither credentials of another account nor its key help the parent.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
before=$(kms_count total)
client pinned_key "$STATE/enclave.sock" "$ENW_KMS_KEY_ARN"
[ "$(kms_count total)" = "$before" ] || fail "$(($(kms_count total) - before)) calls reached KMS"
