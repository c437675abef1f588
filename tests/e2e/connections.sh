#!/usr/bin/env bash
# A thousand idle connections, and clients that send a byte a second, do not keep others from signing.
. "$(dirname "$0")/lib.sh"
ulimit -n 4096 2>/dev/null || true
stand_start s
create alice
client idle_connections "$ENW_URL" "$TOKEN" alice
