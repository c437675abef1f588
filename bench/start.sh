#!/usr/bin/env bash
# How long the enclave service takes from its start to its first answer, in CPU time: the part of a boot
# that comes after the kernel. `make qemu` prints the whole boot of an image under emulation.
. "$(dirname "$0")/../tests/e2e/lib.sh"
stand_start s
rounds=15
ticks=$(getconf CLK_TCK)
for round in $(seq $rounds); do
    socket=$WORK/start-$round.sock
    jq --arg listen "unix:$socket" '.listen = $listen' "$STATE/enclave.json" >"$WORK/start.json"
    start "start-$round" "$(program dev enw-enclave-dev)" --config "$WORK/start.json" --identity "$STATE/identity"
    wait_for 20 test -S "$socket" || fail "the service does not start: $(cat "$WORK/start-$round.log")"
    cut -d ' ' -f 14,15 "/proc/$LAST_PID/stat" | awk -v ticks="$ticks" '{print 1000 * ($1 + $2) / ticks}' >>"$WORK/cpu"
    kill -TERM "$LAST_PID"
done
sort -n "$WORK/cpu" | awk -v rounds=$rounds '{all[NR] = $1} END {
    printf "\nService start, %d rounds: %.0f ms of CPU at the median, %.0f to %.0f (making an RSA-2048 key is most of it, and varies)\n",
        rounds, all[int((NR + 1) / 2)], all[1], all[NR]}'
program=$WORK/program
strip -o "$program" "$(program enclave enw-enclave)"
printf 'Enclave program: %s bytes\n' "$(stat -c %s "$program")"
