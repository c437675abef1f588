#!/usr/bin/env bash
# The store's contract against dynalite, a DynamoDB that nobody here wrote. AWS's own client makes a
# table and items of both layouts first, and reads ours back at the end.
#
#     store_dynamodb.sh PROGRAM      build/tests/unit/store/store_dynalite
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
if [ ! -d node_modules/dynalite ] || [ ! -d node_modules/@aws-sdk/client-dynamodb ]; then
    echo "skipped: dynalite is not installed; tools/deps all installs it"
    exit 77
fi
work=$(mktemp -d /tmp/enw-store-dynamodb.XXXXXX)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

node tests/e2e/clients/dynamodb.mjs serve >"$work/port" 2>"$work/server.log" &
server=$!
for _ in $(seq 200); do
    [ ! -s "$work/port" ] || break
    kill -0 "$server" 2>/dev/null || { cat "$work/server.log"; exit 1; }
    sleep 0.05
done
port=$(cat "$work/port")

node tests/e2e/clients/dynamodb.mjs prepare "$port"
"$program" "$port"
node tests/e2e/clients/dynamodb.mjs check "$port"
