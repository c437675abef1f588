#!/usr/bin/env bash
# A thousand idle connections, and clients that send a byte a second, do not keep others from signing.
. "$(dirname "$0")/lib.sh"
# The service starts with few descriptors allowed, as from a shell, and takes what it may have.
ulimit -Sn 512
stand_start s
ulimit -Sn "$(ulimit -Hn)"
create alice
client idle_connections "$ENW_URL" "$TOKEN" alice
