#!/usr/bin/env bash
# A parent that means ill: frames cut, lying, repeated; the record of one account for another; any
# bit of a record flipped. The enclave refuses, and serves the next call.
. "$(dirname "$0")/lib.sh"
stand_start s
create alice
create bob
api GET '/v1/accounts/alice?sealed=1'
expect 200
client frames "$STATE/enclave.sock" "$(field .sealed)" alice bob
