#!/usr/bin/env bash
# The enclave is killed under load: the parent recovers by itself within two seconds, what was signed
# in between is right, and nothing that failed failed without saying so.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
client load "$ENW_URL" "$TOKEN" alice "$ADDRESS" "$STATE/log/enw-enclave-dev.pid"
